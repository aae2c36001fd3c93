#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make run` runs: as root and as an ordinary user, again on what it made, twice at once, and to its end in order.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FREEHOLD_BUILD:-$top/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

verdict() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/  /' "$work/out"
		failed=1
	fi
}
says() { grep -qF -- "$1" "$work/out"; }

if ! command -v swtpm >/dev/null; then
	echo 'skip - tools/run: swtpm is not installed'
	exit 0
fi

# A tree of its own, which an ordinary user may enter as well, and whose build/demo is nobody else's.
tree() {
	mkdir -p "$1/tools" "$1/build/examples"
	cp "$top/tools/run" "$top/tools/box" "$top/tools/box.enter" "$top/tools/box.packages" "$1/tools/"
	cp -r "$top/examples" "$1/"
	cp "$build/freehold" "$build/freehold-verify" "$1/build/"
	cp "$build/examples/notes-server" "$1/build/examples/"
}
chmod 755 "$work"
tree "$work/tree"
run=$work/tree/tools/run
demo=$work/tree/build/demo

# left: something of ours still runs.
left() { pgrep -f "$work/" >/dev/null; }

"$run" --once --simulator >"$work/out" 2>&1
verdict $? 'a first run ends well'
says 'Whoever can read this was permitted to.' && says 'Refused by policy' && says 'verdict     yes' && says '1 denied'
verdict $? 'a read is permitted, a write is refused, the record holds both'
says 'simulated, operator key co-located' && says 'grade simulated'
verdict $? 'it says what the demo is worth'
[ ! -e "$demo/notes/public/mine.txt" ]
verdict $? 'the refused write did not happen'
! left
verdict $? 'nothing is left running'
genesis=$(cat "$demo/genesis")
mode=$(stat -c %a "$demo")
[ "$mode" = 700 ]
verdict $? "nobody else may look into the demo (mode $mode)"

"$run" --once --simulator >"$work/out" 2>&1 && says '2 session' && says '1 stop' && says "$genesis"
verdict $? 'a second run goes on with the same chain and record'

# start N: one in the background, until it is ready; its pid in $pid.
start() {
	(exec setsid env --default-signal=INT "$run" --simulator "${@:2}" >"$work/out.$1" 2>&1) &
	pid=$!
	for _ in $(seq 200); do
		! grep -q 'Ctrl-C ends it' "$work/out.$1" || return 0
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	cp "$work/out.$1" "$work/out"
	return 1
}
url() { sed -n 's|^  MCP *||p' "$work/out.$1"; }

start 1
one=$pid
start 2
two=$pid
cat "$work/out.1" "$work/out.2" >"$work/out"
[ -n "$(url 1)" ] && [ -n "$(url 2)" ] && [ "$(url 1)" != "$(url 2)" ] && [ -d "$demo-2/state" ]
verdict $? 'two at once have their own directory and port'
curl --noproxy '*' -s "$(url 2 | sed 's|/mcp/.*|/healthz|')" -o "$work/out" -w '%{http_code}\n' >"$work/code"
[ "$(cat "$work/code")" = 200 ]
verdict $? 'the second is healthy'
"$run" --simulator --directory "$demo" >"$work/out" 2>&1
[ $? = 2 ] && says 'another tools/run uses it'
verdict $? 'a directory in use is not used'

kill -INT -$one
wait $one
status=$?
"$work/tree/build/freehold-verify" record "$demo/state" --genesis "$genesis" --allow-grade simulated,co-located >"$work/out" 2>&1
verdict $? 'after Ctrl-C the record is whole'
[ $status = 0 ] && says '3 stop'
verdict $? "Ctrl-C ends in order (status $status)"

kill -KILL $two
wait $two 2>/dev/null
for _ in $(seq 50); do
	left || break
	sleep 0.1
done
pgrep -af "$work/" >"$work/out"
! left
verdict $? 'killed, it leaves nothing running'

# ordinary NAME DIR WORD...: tools/run in a tree of that user, started by WORDs.
ordinary() {
	local name=$1 dir=$2
	shift 2
	tree "$dir"
	chown -R 12345:12345 "$dir"
	setpriv --reuid 12345 --regid 12345 --clear-groups \
		env HOME="$dir" "$@" "$dir/tools/run" --once --simulator >"$work/out" 2>&1 &&
		says 'Whoever can read this was permitted to.' && says 'verdict     yes'
	verdict $? "$name"
}
if [ "$(id -u)" != 0 ] || ! setpriv --reuid 12345 --regid 12345 --clear-groups true 2>/dev/null; then
	echo 'skip - an ordinary user: this is one already'
elif ! setpriv --reuid 12345 --regid 12345 --clear-groups "$work/tree/build/freehold" --version >/dev/null 2>&1; then
	echo "skip - an ordinary user: cannot reach $work"
else
	ordinary 'an ordinary user' "$work/user"
	if setpriv --reuid 12345 --regid 12345 --clear-groups unshare --map-root-user true 2>/dev/null; then
		ordinary 'an ordinary user, as the box shows him' "$work/boxed" unshare --map-root-user
	else
		echo 'skip - an ordinary user, as the box shows him: user namespaces are not allowed here'
	fi
fi
exit $failed
