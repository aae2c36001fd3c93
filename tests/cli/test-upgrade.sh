#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# State directories of every format that was ever made (tests/fixtures), and of one that is not known yet.
top=$PWD
. "$top/tests/cli/lib.sh"
verify=${FREEHOLD_VERIFY:-$top/build/freehold-verify}
genesis=4674e69e760b184be3991de348bbad63da4c179abc78f00a332257c375862a57

# old N: state is a fresh copy of the directory of format N.
old() {
	rm -rf state
	cp -r "$top/tests/fixtures/format-$1" state
	mkdir -p state/cache
	find state -type d -exec chmod 700 {} + # git keeps neither modes nor empty directories
	find state -type f -exec chmod 600 {} +
}
# serves FROM: it starts, and stops.
serves() {
	"$freehold_program" serve --config empty.conf --state state --socket "$scratch/socket" --listen 127.0.0.1:0 2> log &
	daemon=$!
	for _ in $(seq 200); do
		grep -q 'serve: ready' log && break
		kill -0 "$daemon" 2> /dev/null || break
		sleep 0.1
	done
	cp log err
	says "serve goes on $1" "serve: ready"
	kill "$daemon" 2> /dev/null
	wait "$daemon"
	status=$?
	cp log err
	if [ "$status" = 0 ]; then ok "and ends in order, $1"; else not_ok "and ends in order, $1 (status $status)"; fi
}
verifies() {
	yes "$1" 0 "$verify" record --genesis "$genesis" --allow-grade none,co-located state
}

old 1
yes "chain show reads a chain of format 1" 0 fh chain show
says "its genesis" "^chain    $genesis$"
says "its device" "^device   463dfac11ab85a1e.*  example  none$"
says "its tool server" "^server   notes  uid 65534, gid 65534: /opt/freehold/notes-server /srv/notes$"
says "its policy" "^policy   04cd62a568225cf6"
yes "record show reads a record of format 1" 0 fh record show
says "its first entry" "^0  2026-11-21T10:40:29Z  chain$"
says "what was permitted" '^13 .*  intent  .*notes.read.*keys.txt.*\[true,"permitted",\["read-public"\]\]$'
says "what was refused" '^15 .*  intent  .*notes.delete.*\[false,"forbidden",\["never-delete"\]\]$'
says "its last entry" "^16  2026-11-21T10:40:29Z  stop$"
verifies "the verifier accepts a record of format 1"
says "all of it" "^consistent  to 17 entries of 17,"

# A machine goes on from what an earlier version left: another boot, the same device and record.
yes "serve does not guess what format 1 means" 2 fh serve --socket "$scratch/socket" --listen 127.0.0.1:0
says "it says what to do" "has format 1, and this version serves format 3; run freehold upgrade"
cp -r state before-upgrade
# forgotten WHAT: where the key was sealed for any state, nothing is left of it.
forgotten() {
	if [ "$(head -c 16448 state/keys/device | tr -d '\0' | wc -c)" = 0 ]; then ok "$1"; else not_ok "$1"; fi
}
yes "upgrade takes format 1" 0 fh upgrade
says "and says what it did" "from format 1 to 3"
forgotten "the key as format 1 had it is overwritten"
yes "upgrade again has nothing to do" 0 fh upgrade
says "and says that it is up to date" "format 3, up to date"
# Interrupted before its last step: the key is carried over, the format not said yet.
cp before-upgrade/format state/format
dd if=before-upgrade/keys/device of=state/keys/device conv=notrunc 2> /dev/null
yes "an interrupted upgrade is done again" 0 fh upgrade
says "as if it were the first" "from format 1 to 3"
forgotten "and what was left of the old key is overwritten"
serves "from format 1"
verifies "the verifier accepts what was added"
says "the new start and stop" "^entries .* 2 start, 5 chain, .* 2 stop,"

# From format 2 on there is what the record is sealed with.
old 2
yes "record show reads a record of format 2" 0 fh record show
says "its state entry" "  state"
verifies "the verifier accepts a record of format 2"
says "the fold of it" "^fold        computed again, as stated in 1 entry"
yes "serve does not guess what format 2 means" 2 fh serve --socket "$scratch/socket" --listen 127.0.0.1:0
says "it says what to do" "has format 2, and this version serves format 3; run freehold upgrade"
sha256sum state/keys/device > device.sum
yes "upgrade takes format 2" 0 fh upgrade
says "and says what it did" "from format 2 to 3"
yes "it leaves the device key alone" 0 sha256sum -c device.sum
echo "freehold 2" > state/format
yes "an interrupted one is done again" 0 fh upgrade
serves "from format 2"
verifies "the verifier accepts what was added to it"
says "its new start and stop" "^entries .* 3 start, 5 chain, .* 3 stop,"
for file in data.0 data.1; do
	if [ -e "state/keys/$file" ]; then ok "there is keys/$file"; else not_ok "there is keys/$file"; fi
done

# A newer format: no verb may guess what it means.
old 1
echo "freehold 4" > state/format
yes "a key for the operator's verbs" 0 with_pass key new op.key
printf 'permit (principal, action, resource);\n' > policy.cedar
printf 'action "a" appliesTo { principal: [Actor], resource: [Server] };\n' > schema.cedarschema
(cd state && find . -type f -exec sha256sum {} + | sort) > before

# refuses COMMAND...: it says why, and what to do.
refuses() {
	what=$1
	shift
	yes "$what refuses format 4" 2 "$@"
	says "$what tells the format" "state: the state directory has format 4; this version knows up to 3; update Freehold"
}
statement=state/chain/$(ls state/chain | head -1)
refuses "upgrade" fh upgrade
refuses "status" fh status
refuses "serve" fh serve --socket "$scratch/socket" --listen 127.0.0.1:0
refuses "chain show" fh chain show
refuses "chain import" fh chain import "$statement"
refuses "chain export" fh chain export exported
refuses "policy show" fh policy show
refuses "policy sign" with_pass policy sign policy.cedar --schema schema.cedarschema --expires 1d --operator-key op.key
refuses "policy revoke" with_pass policy revoke --operator-key op.key
refuses "actor grant" with_pass actor grant a --uid 1000 --operator-key op.key
refuses "actor revoke" with_pass actor revoke reader --operator-key op.key
refuses "server revoke" with_pass server revoke notes --operator-key op.key
refuses "device revoke" with_pass device revoke "$(printf '%064d' 0)" --operator-key op.key
refuses "record show" fh record show
refuses "record prove" fh record prove 3
refuses "verify record" fh verify record
refuses "verify record of another directory" fh verify record "$scratch/state"
refuses "freehold-verify record" "$verify" record "$scratch/state"
yes "init refuses what is there" 2 with_pass init --no-tpm --operator-key op.key
(cd state && find . -type f -exec sha256sum {} + | sort) > after
yes "and nobody changed anything" 0 cmp before after
exit "$failed"
