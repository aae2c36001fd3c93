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
	[ ! -e server.pem ] || url=https://127.0.0.1:$(cat port)
}

# says_in FILE NAME PATTERN
says_in() {
	if grep -q -e "$3" "$1"; then ok "$2"; else not_ok "$2 (no \"$3\" in $1)"; fi
}

# says_not NAME PATTERN: the last command's messages do not hold PATTERN.
says_not() {
	if grep -q -e "$2" out err; then not_ok "$1 (there is \"$2\")"; else ok "$1"; fi
}

# mined: makes the file `header`, block 3 with the Merkle root that the calendar attests; $stamps is tests/cli/stamps.py.
mined() {
	python3 - "$stamps" << 'END' || not_ok "a header with that root is mined"
import sys
source = open(sys.argv[1], encoding="utf-8").read().replace("\nmain()\n", "\n")
names = {}
exec(compile(source, sys.argv[1], "exec"), names)
open("header", "w").write("3 " + names["mine"](bytes(80), open("root", "rb").read(), 1296690402).hex())
END
}
