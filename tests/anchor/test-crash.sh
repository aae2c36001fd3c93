#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each call on files fails, or is where the program is killed, while an anchor is made and while it is completed: what is left
# verifies, and the next run ends what was begun.  Each call is tried in one of the three ways, and in all with ANCHOR_STEP=1.
top=$PWD
verify=$top/build/freehold-verify
stamps=$top/tests/cli/stamps.py
. "$(dirname "$0")/lib.sh"
serve calendar
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY ALL_PROXY all_proxy

mkdir -p base/record
"$top/build/tests/fixture/make-record" base/record/journal 1 4 tpm-sealed last > genesis
size=$(sed -n 2p last)
step=${ANCHOR_STEP:-3} first=0

# traced [K HOW]: runs `record anchor $words` on now/record, of whose calls the Kth fails so; the calls stay in the file trace.
traced() {
	rm -f trace
	# shellcheck disable=SC2086 # words
	"$top/build/tests/crash/file-trace" "$PWD/now/record" trace ${1+"$1" "$2"} -- \
		"$freehold_program" record anchor $words --config empty.conf --state now > ran 2>&1
}
again() {
	rm -rf now
	cp -r "$1" now
	rm -f asked.for
}
# verifies STATUS PATTERN [OPTION...]: the record now does, and its anchors are so.
verifies() {
	status=$1 pattern=$2
	shift 2
	"$verify" record now --genesis "$(cat genesis)" --network regtest "$@" > out 2> err
	[ $? = "$status" ] && grep -qx "$pattern" out
}
# each NAME BASE HOW COMMAND: COMMAND is true after each call of a run on BASE, which fails so.
each() {
	again "$2"
	traced || not_ok "$1: a run as it should be"
	calls=$(wc -l < trace) k=$((first % step)) bad=
	first=$((first + 1))
	while [ "$k" -lt "$calls" ]; do
		again "$2"
		traced "$k" "$3"
		$4 || bad="$bad $k"
		k=$((k + step))
	done
	if [ -z "$bad" ] && [ "$calls" -gt 20 ]; then
		ok "$1 ($calls calls)"
	else
		not_ok "$1 ($calls calls; wrong after$bad)"
	fi
}

# Made: there is none, or a checkpoint that waits for its proof, or all of it, and what it asks for; the next run makes what is
# missing.
made() {
	verifies 0 'anchors     none' || verifies 0 'anchors     1 unstamped' ||
		{ verifies 0 'anchors     1 pending' && [ -s asked.for ]; } || return 1
	rm -f asked.for
	fh record anchor now --request asked.for > ran 2>&1 && verifies 0 'anchors     1 pending' &&
		[ "$(cat now/record/anchors/list)" = "$size" ]
}
words='--request asked.for'
for how in kill eio enospc; do
	each "an anchor that is made: $how" base $how made
done

# Completed: it is as it was, or complete; then the next run completes it.
again base
fh record anchor now --request asked.for > ran 2>&1
fh stamp asked.for --calendar "$url" >> ran 2>&1
: > root
fh stamp upgrade asked.for.ots --calendar "$url" >> ran 2>&1 || not_ok "the request is stamped"
mined
mv now begun
completed() {
	verifies 0 'anchors     1 pending' --headers header || verifies 0 'anchors     1 holds' --headers header || return 1
	verifies 0 'anchors     1 holds' --headers header ||
		{ fh record anchor now --import asked.for.ots > ran 2>&1 && verifies 0 'anchors     1 holds' --headers header; }
}
words='--import asked.for.ots'
for how in kill eio enospc; do
	each "an anchor that is completed: $how" begun $how completed
done
exit "$failed"
