#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A daemon in use: answers larger than what may wait for one gate, a server statement that is replaced, and a device that is
# revoked, each while sessions are open.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd -P)
freehold=$top/build/freehold
work=$(mktemp -d /tmp/freehold-live.XXXXXX)
serve=

verdict() { if [ "$1" = 0 ]; then echo "ok - $2"; else echo "not ok - $2"; [ ! -s "$work/out" ] || sed 's/^/  /' "$work/out"; fi; }
finish() {
	[ -z "$serve" ] || kill -TERM "$serve" 2>/dev/null
	[ -z "$serve" ] || wait "$serve" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT

if [ "$(id -u)" != 0 ] || ! setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
	echo 'skip - live: needs root that can become uid 65534'
	exit 0
fi

sign() { "$freehold" "$@" 3<"$work/pass"; }
signed="--state $work/state --operator-key $work/operator.key --passphrase-fd 3"
chmod 711 "$work"
mkdir -p "$work/notes/public" "$work/other/public"
cp "$top/build/examples/notes-server" "$work/notes-server"
head -c 750000 /dev/zero | tr '\0' x >"$work/notes/public/large.txt"
echo first >"$work/notes/public/a.txt"
echo second >"$work/other/public/a.txt"
chmod -R a+rX "$work/notes" "$work/other" "$work/notes-server"
echo 'a passphrase of the test' >"$work/pass"
# shellcheck disable=SC2086
{
	sign init --no-tpm $signed --device-name live &&
	sign server add notes --uid 65534 --gid 65534 --directory "$work/notes" $signed -- "$work/notes-server" "$work/notes" &&
	sign policy sign "$top/examples/policy.cedar" --schema "$top/examples/schema.cedarschema" --expires 1d $signed &&
	sign actor grant demo --bearer --group research $signed
} >"$work/out" 2>&1
verdict $? 'a state is made'
token=$(grep -o 'fh_[0-9a-f]*' "$work/out" | head -n 1)

"$freehold" serve --state "$work/state" --socket "$work/socket" --listen 127.0.0.1:0 2>"$work/log" &
serve=$!
for _ in $(seq 100); do grep -q 'ready; http' "$work/log" && break; sleep 0.1; done
url=$(sed -n 's/.*ready; \(http:.*\)/\1/p' "$work/log")

post() { # SESSION BODY
	curl -s -m 60 -X POST "$url/mcp/notes" -H "Authorization: Bearer $token" -H 'Accept: application/json' \
		-H 'Content-Type: application/json' ${1:+-H "Mcp-Session-Id: $1"} -D "$work/headers" -d "$2"
}
begin='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
begin+='"clientInfo":{"name":"t","version":"1"}}}'
session() { post '' "$begin" >"$work/out"; sed -n 's/^[Mm]cp-[Ss]ession-[Ii]d: \([0-9a-f]*\).*/\1/p' "$work/headers"; }
reading() { # ID FILE
	printf '{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"read_note",' "$1"
	printf '"arguments":{"path":"/public/%s"}}}' "$2"
}

# Reads in SESSION until that is refused, at most five seconds.
until_refused() { # SESSION ID
	for _ in $(seq 50); do
		post "$1" "$(reading "$2" a.txt)" >"$work/out"
		! grep -q 'unknown-session\|device-revoked' "$work/out" || return 0
		sleep 0.1
	done
}

first=$(session)
[ ${#first} = 32 ]
verdict $? 'a session opens'

# 64 calls at once whose answers are 48 MB together.
running=()
for i in $(seq 64); do
	curl -s -m 60 -X POST "$url/mcp/notes" -H "Authorization: Bearer $token" -H 'Accept: application/json' \
		-H 'Content-Type: application/json' -H "Mcp-Session-Id: $first" -d "$(reading "$i" large.txt)" -o "$work/answer$i" &
	running+=($!)
done
wait "${running[@]}"
large=0
for i in $(seq 64); do
	[ "$(stat -c %s "$work/answer$i" 2>/dev/null || echo 0)" -gt 750000 ] && large=$((large + 1))
done
echo "$large of 64 large answers came" >"$work/out"
[ "$large" -ge 60 ]
verdict $? 'answers that do not fit at once come one after the other'
kill -0 "$serve" && [ "$(curl -s -m 10 "$url/healthz")" = '{"status":"ok"}' ]
verdict $? 'and nobody was cut off for it'

# shellcheck disable=SC2086
sign server add notes --uid 65534 --gid 65534 --directory "$work/other" $signed -- "$work/notes-server" "$work/other" \
	>"$work/out" 2>&1
until_refused "$first" 2
grep -q unknown-session "$work/out"
verdict $? 'a replaced server statement ends the sessions of the old one'
second=$(session)
post "$second" "$(reading 3 a.txt)" >"$work/out"
grep -q second "$work/out"
verdict $? 'and new ones are served by the new one'

device=$("$freehold" chain show --state "$work/state" | awk '$1 == "device" { print $2; exit }')
# shellcheck disable=SC2086
sign device revoke "$device" $signed >"$work/out" 2>&1
verdict $? 'the operator revokes the device'
until_refused "$second" 4
! grep -q '"text":"second' "$work/out" && grep -q 'unknown-session\|device-revoked' "$work/out"
verdict $? 'then its sessions end'
post '' "$begin" >"$work/out"
grep -q device-revoked "$work/out"
verdict $? 'and nothing is permitted, which names why'

kill -TERM "$serve"
wait "$serve"
verdict $? 'it ends in order'
serve=
genesis=$("$freehold" chain show --state "$work/state" | awk '$1 == "chain" { print $2; exit }')
"$top/build/freehold-verify" record "$work/state" --genesis "$genesis" --allow-grade none,co-located >"$work/out" 2>&1
grep -q '^authentic   yes' "$work/out" && grep -q '^enrolled    no' "$work/out"
verdict $? 'the record stays authentic, and the device is enrolled no more'
