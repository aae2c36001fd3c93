#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/run measures: it ends well, and every figure that it owes is there and positive.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
failed=0

verdict() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/  /' "$work/out" "$work/said"
		failed=1
	fi
}
# figure NAME PATTERN: a line that matches has, in place of (N), a number above zero.
figure() {
	local pattern=${2/(N)/([0-9]+(\.[0-9]+)?)} found=
	[[ $(cat "$work/out") =~ $pattern ]] && found=${BASH_REMATCH[1]}
	awk -v n="${found:-0}" 'BEGIN { exit !(n > 0) }'
	verdict $? "bench/run: $1"
}

what=(append start latency policy schema verify recovery prune verdict cold-start)
if [ ! -x "${FREEHOLD_BUILD:-$top/build}/bench/append" ]; then
	echo 'skip - bench/run append: built without SQLite'
	what=(latency policy schema verify verdict cold-start)
fi
timeout 300 "$top/bench/run" --quick --dir "$work" "${what[@]}" >"$work/out" 2>"$work/said"
verdict $? 'bench/run ends well'
if [ "${what[0]}" = append ]; then
	figure 'a start by the size of the record' ' [0-9]+ +[0-9]+ +(N) +[0-9.]+ +[0-9.]+'
	figure 'payloads pruned a second' ' s \((N) a second'
	figure 'entries recorded a second' 'questions, 16 in flight: (N) entries/s'
	figure 'SQLite beside it' 'SQLite FULL +(N)/s'
	figure 'SQLite with a hash chain and signatures beside it' 'with hash chain and signature +(N)/s'
	figure 'how long a batch takes' 'a batch takes (N) us'
	figure "core's processor" 'core (N) us'
	figure 'entries opened without the chip' 'opened into a file +(N) entries a second'
	figure 'the key file and the slots' 'key file and slots +(N) ms'
fi
figure 'one decision among 1,000 policies' '1000 policies, one decision +p50 +(N) ns'
figure 'its instructions' '10 policies, one decision (N) instructions'
figure 'the same questions in C' 'eight questions in C +p50 +(N) ns'
figure 'loading 10,000 policies' '10000 policies +loaded in (N) ms'
figure 'reading an inputSchema' 'reading the schema +p50 +(N) us'
figure 'arguments checked' '10 items, +[0-9]+ bytes: checked +p50 +(N) us'
figure 'the same read as JSON' '10 items, +[0-9]+ bytes: read as JSON +p50 +(N) us'
figure 'instructions of a check' '10 items, one check (N) instructions'
figure 'a permitted call' 'a permitted call, one at a time +p50 +(N) us'
figure 'the bare server' 'nobody between +(N)'
figure 'what the gate adds' 'added +(N)'
figure 'a sync of the journal' '2 x sync of the journal +(N)'
figure 'a sync of keys/signed' '2 x sync of keys/signed +(N)'
figure 'a signature' '2 x signature +(N)'
figure 'entries verified a second' 'verify +(N) entries/s'
figure 'SHA-256 beside it' 'SHA-256 alone +(N) entries/s'
figure 'the share of signatures' 'ML-DSA-65 signature a checkpoint, (N) us'
figure 'verdicts on quotes a second' 'verdict, P-256, chain known +(N) a second'
figure 'signature checks beside them' 'its signatures alone +(N): '
figure 'memory of the verifier' 'memory of the verifier +(N) kB'
figure 'the first start of a boot' 'first start of a boot: ready after (N) ms'
figure "the TPM's commands in it" 'first start .* (N) TPM commands'
figure 'a later start' 'later start of a boot: ready after (N) ms'
! grep -qE '(^|[ (])-[0-9]' "$work/out"
verdict $? 'bench/run: no figure is negative'
[ "$(grep -c 'limit: ' "$work/out")" -ge 3 ]
verdict $? 'bench/run: what limits each is said'
exit $failed
