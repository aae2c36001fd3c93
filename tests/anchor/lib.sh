# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/anchor/test-*.sh: what tests/cli/lib.sh has, and a server on loopback.

servers=$(cd "$(dirname "$0")" && pwd)/servers.py
. "$(dirname "$0")/../cli/lib.sh"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT

# serve KIND: starts it; sets url.
serve() {
	: > port
	mkfifo hold
	timeout 300 python3 "$servers" "$1" < hold > port &
	server=$!
	exec 8> hold
	tries=0
	while [ ! -s port ] && [ $tries -lt 300 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	[ -s port ] || not_ok "the server comes up"
	url=http://127.0.0.1:$(cat port)
}

# says_in FILE NAME PATTERN
says_in() {
	if grep -q -e "$3" "$1"; then ok "$2"; else not_ok "$2 (no \"$3\" in $1)"; fi
}
