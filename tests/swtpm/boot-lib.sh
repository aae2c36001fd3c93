# SPDX-License-Identifier: Apache-2.0
# For tests in which a simulator's restart is a machine's reboot: sourced behind tests/cli/lib.sh.  $genesis is the chain.
command -v swtpm > /dev/null || {
	echo "skip - boot states: swtpm is not installed"
	exit 0
}
verify_program=${FREEHOLD_VERIFY:-$(dirname "$freehold_program")/freehold-verify}
tap=$here/tpm.py
tpm_pid=
daemon=
trap 'for p in $tpm_pid $daemon; do kill "$p" 2> /dev/null; done; wait; rm -rf "$scratch"' EXIT
sock=$scratch/tpm.sock
echo "tcti = swtpm:path=$sock" > tpm.conf

power_on() {
	mkdir -p "$scratch/tpm"
	swtpm socket --tpm2 --tpmstate "dir=$scratch/tpm" --server "type=unixio,path=$sock" \
		--flags not-need-init,startup-clear > /dev/null 2>&1 &
	tpm_pid=$!
	for _ in $(seq 100); do
		listens "$sock" && break
		sleep 0.05
	done
}
power_off() {
	kill "$tpm_pid"
	wait "$tpm_pid" 2> /dev/null
	rm -f "$sock"
}
# reboot [PCR]: into the state in which PCR was extended by an event, or nothing was.
reboot() {
	power_off
	power_on
	[ -z "$1" ] || python3 "$tap" "$sock" extend "$1" || not_ok "PCR $1 can be extended"
}
fh() {
	printf 'correct horse\ncorrect horse\n' > pass
	"$freehold_program" "$@" --config "$scratch/tpm.conf" --state "$scratch/state" > out 2> err 9< pass
}
# begin: serve in the background until it is ready or has ended.
begin() {
	: > log
	"$freehold_program" serve --config tpm.conf --state state --socket "$scratch/fh.sock" > log 2>&1 &
	daemon=$!
	for _ in $(seq 200); do
		grep -q 'serve: ready' log && return
		kill -0 "$daemon" 2> /dev/null || return
		sleep 0.05
	done
}
end() {
	kill "$daemon" 2> /dev/null
	wait "$daemon"
	status=$?
	daemon=
	cp log err
}
# serves NAME: starts, is ready, and ends in order.
serves() {
	begin
	end
	if [ "$status" = 0 ] && grep -q 'serve: ready' log; then ok "$1"; else
		not_ok "$1 (status $status)"
		sed 's/^/     # /' log
	fi
}
# waits_for TEXT: the daemon's log says it, or five seconds have passed.
waits_for() {
	for _ in $(seq 100); do
		grep -q "$1" log && break
		sleep 0.05
	done
}
# refuses NAME STATE WORDS: ends with 1, names STATE in record/pending and says WORDS.
refuses() {
	begin
	! grep -q 'serve: ready' log || kill "$daemon"
	wait "$daemon"
	status=$?
	daemon=
	cp log err
	if [ "$status" = 1 ]; then ok "$1: serve ends with 1"; else not_ok "$1: serve ends with 1 (status $status)"; fi
	says "$1: says why" "$3"
	if grep -aq "$2" state/record/pending 2> /dev/null; then ok "$1: record/pending has $2"; else
		not_ok "$1: record/pending has $2"
	fi
	fh status
	cat out err > both && cp both err
	says "$1: status shows it" "$2"
}
# state_json VALUE: what from-log would say of a machine whose PCR 4 has VALUE.
state_json() {
	python3 - "$1" <<- 'P' > state.json
		import json, sys
		pcrs = {str(i): "00" * 32 for i in range(16)}
		pcrs["4"] = sys.argv[1]
		print(json.dumps({"pcrs": {"sha256": pcrs}}))
	P
}
verifies() {
	yes "$1" "$2" "$verify_program" record state --genesis "$genesis" --allow-grade simulated,co-located \
		--require authentic,enrolled,accepted
}
