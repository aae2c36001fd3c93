#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The device key is released only in a boot state that the operator approved, once a boot, to the machine it was made on; and
# what is refused is named, left in record/pending, and recorded later.  A simulator's restart is a reboot.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/lib.sh"

. "$here/boot-lib.sh"

# wrong_approval VALUE: a `reference` that approves the state in which PCR 4 has VALUE for this device, by the right companion, but
# for its signature, as the product does not sign one.
wrong_approval() {
	fh reference list --json
	device=$(sed -n 's/.*"devices":\["\([0-9a-f]*\)".*/\1/p' out)
	python3 - "$1" "$device" <<- 'P' > body
		import pathlib, sys
		value, device = (bytes.fromhex(word) for word in sys.argv[1:])
		genesis = next(pathlib.Path("state/chain").glob("00000000-*")).read_bytes()
		at = genesis.index(b"\x69companion\x58\x41") + 12
		text = lambda s: bytes([0x60 + len(s)]) + s.encode()
		long = lambda b: bytes([0x58, len(b)]) + b
		approval = b"\x84" + long(device) + b"\x01" + long(genesis[at : at + 65]) + long(b"\x05" * 64)
		body = b"\xa3" + text("pcrs") + b"\xa1\x04" + long(value) + text("label") + text("wrong")
		sys.stdout.buffer.write(body + text("approvals") + b"\x81" + approval)
	P
	fh chain show --json
	head=$(sed -n 's/.*"head":"\([0-9a-f]*\)".*/\1/p' out)
	sequence=$(find state/chain -name '*.fhs' | wc -l)
	echo 'correct horse' | "$(dirname "$freehold_program")/tests/daemon/sign-kind" op.key state "$genesis" "$sequence" "$head" \
		reference wrong.fhs body
}

power_on
yes "init with a TPM" 0 fh init --operator-key op.key --passphrase-fd 9
fh chain show
genesis=$(sed -n 's/^chain *//p' out)
fh reference list
first=$(sed -n 's/^\([0-9a-f]*\)  as enrolled$/\1/p' out)
cp state/keys/device first-device
serves "the state it was enrolled in is approved"
yes "the chip's note can be read by anybody" 0 python3 "$tap" "$sock" note
cp out note-before
serves "a restart in the same boot uses its session"
fh record show
if [ "$(grep -c '  session$' out)" = 1 ] && [ "$(grep -c '  start ' out)" = 2 ]; then ok "one session, two starts"; else
	not_ok "one session, two starts"
fi
verifies "the record is accepted" 0

# Whoever is root later in this boot: the files are there, the TPM is there, and the key is spent.
cp state/keys/session session-used
: > state/keys/session
refuses "the device key is not released a second time in a boot" key-spent "PCR 13 was extended in this boot"
cp session-used state/keys/session

# After hibernation, or where somebody only said so, the TPM restarts and its NULL hierarchy stays; the lock is known to all.
session_id() {
	python3 -c 'import hashlib; b = open("state/keys/session", "rb").read(); at = b.index(b"\x04\x59\x07\xa0") + 4
print(hashlib.sha256(b[at : at + 1952]).hexdigest())'
}
python3 "$tap" "$sock" suspend
reboot 4
python3 "$tap" "$sock" extend 13 "$(session_id)"
refuses "another system after a restart of the TPM cannot use the session" key-spent "PCR 13 was extended in this boot"
python3 "$tap" "$sock" suspend
reboot
python3 "$tap" "$sock" extend 13 "$(session_id)"
serves "the approved one can"

reboot
cp state/keys/session session-old
serves "another boot of the same state"
fh record show
if [ "$(grep -c '  session$' out)" = 2 ]; then ok "has a session of its own"; else not_ok "has a session of its own"; fi
verifies "and is accepted" 0

reboot 4
refuses "another boot state" wrong-boot-state "is not approved: nearest is .as enrolled., from which PCR 4 differs"
extended=$(python3 "$tap" "$sock" pcr 4)
wrong_approval "$extended"
yes "a wrongly signed approval of it" 0 fh chain import wrong.fhs
refuses "it with a wrongly signed approval" wrong-boot-state "is not approved: nearest is .as enrolled., from which PCR 4 differs"
fh reference list
grep -A1 '  wrong$' out > err
if grep -q device err; then not_ok "it is listed for nobody"; else ok "it is listed for nobody"; fi
state_json "$extended"
yes "it can be approved after the fact" 0 fh reference approve state.json --label second --pcrs 4,7,11 --unmeasured \
	--operator-key op.key --passphrase-fd 9
yes "an unmeasured firmware is not approved by accident" 2 fh reference approve state.json --label third --pcrs 0,7 \
	--operator-key op.key --passphrase-fd 9
says "which is said" "the firmware has measured nothing"
serves "and is released then"
fh record show
grep '  boot  ' out > err
says "the refusal is an entry now" "wrong-boot-state"
if [ -e state/record/pending ]; then not_ok "record/pending is gone"; else ok "record/pending is gone"; fi
verifies "and the record is accepted" 0

reboot
begin
yes "a state is revoked while serving" 0 fh reference revoke "$first" --operator-key op.key --passphrase-fd 9
waits_for 'boot epoch 2 begins'
end
says "the chip's epoch is counted up at once" "boot epoch 2 begins"
reboot
refuses "the revoked state" wrong-boot-state "nearest is .second., from which PCR 4 differs"
cp state/keys/device device-now
cp first-device state/keys/device
refuses "the revoked state with the sealed key of before" rollback "is sealed for boot epoch 1, and the chip has come to 2"
cp device-now state/keys/device
reboot 4
serves "the other state was approved anew with the revocation"
verifies "the record is accepted still" 0

# Several revocations in one boot: what the chip cannot do now it does at the next boot's first start.
approve() { # LABEL PCR4
	state_json "$2"
	yes "$1 is approved" 0 fh reference approve state.json --label "$1" --pcrs 4,7,11 --unmeasured --operator-key op.key \
		--passphrase-fd 9
}
hash_of() {
	fh reference list
	sed -n "s/^\([0-9a-f]*\)  $1\$/\1/p" out
}
revoke() { yes "$1 is revoked" 0 fh reference revoke "$(hash_of "$1")" --operator-key op.key --passphrase-fd 9; }
for n in 1 2 3; do approve "old-$n" "$(printf '%064d' "$n")"; done
reboot 4
begin
revoke old-1
revoke old-2
revoke old-3
waits_for 'boot epoch 5 is what the operator signed'
fh status
cat out log > err
says "the second of one boot waits for the next" "boot epoch 5 is what the operator signed, and this boot cannot come past 3"
says "status says so" "boot epoch  *5 is what the operator signed: it begins at the next boot"
end
if [ "$status" = 0 ]; then ok "which is no error"; else not_ok "which is no error (status $status)"; fi
serves "nor is it at a restart"
reboot 4
begin
end
cat log > err
says "all are counted at the next boot's first start" "boot epoch 5 begins"
verifies "the record is accepted still" 0
reboot 4
serves "and the state that stayed is released after them"
begin
revoke second
waits_for 'boot epoch 6 begins'
end
says "taking back the last state counts too" "boot epoch 6 begins"
reboot 4
refuses "the last state" wrong-boot-state "every approval of this device is of another boot epoch, wrongly signed"
approve again "$extended"
serves "a state that is approved later is released"
verifies "the record is accepted still" 0

# Another operator takes over: until the next boot the key is sealed for the one before, so what the new one approves for
# the next epoch could not release it, and no epoch is counted up to that.
reboot 4
begin
yes "another operator's key" 0 fh key new op2.key --passphrase-fd 9
yes "takes the place of the first" 0 fh signers change --operator-key op.key --new-key op2.key --passphrase-fd 9
state_json "$(printf '%064d' 7)"
yes "approves a state" 0 fh reference approve state.json --label fourth --pcrs 4,7,11 --unmeasured --operator-key op2.key \
	--passphrase-fd 9
yes "and takes it back" 0 fh reference revoke "$(hash_of fourth)" --operator-key op2.key --passphrase-fd 9
says "which approves anew what the first had approved" '`again. is approved anew for 1 device'
says "and is said" "only operators of before had approved it"
waits_for 'boot epoch 7 is what the operator signed'
fh status
cat out log > err
says "which waits for the next boot" "boot epoch 7 is what the operator signed, and this boot cannot come past 6"
says "for whom the key is sealed is said" "for operators of before: the next boot's first start seals it for those of now"
end
reboot 4
begin
end
cp log err
says "where it is sealed for the new one, and counted up" "boot epoch 7 begins"
reboot 4
serves "and released by the new one's approval"
fh status
cat out > err
says "sealed in that epoch" "sealed for boot epoch 7$"
verifies "the record is accepted still" 0

cp -a state older
serves "more is recorded"
mv state newer
cp -a older state
refuses "an older state directory in the same boot" rollback "is older than the chip remembers"
rm -rf state
mv newer state
reboot 4
serves "the newest one goes on"
rm -rf state/record/pending

# Nobody but the operator can take the chip's note away, and put another in its place.
yes "the note is read" 0 python3 "$tap" "$sock" note
note=$(cat out)
yes "the operator can open the TPM's authorisations" 0 fh device authorisations state/keys/authorisations --operator-key op.key \
	--passphrase-fd 9
owner=$(sed -n 's/^owner *hex://p' out)
lockout=$(sed -n 's/^lockout *hex://p' out)
for how in "forget $owner" "replace $owner $note"; do
	power_off
	cp -a tpm tpm-kept
	power_on
	python3 "$tap" "$sock" extend 4
	yes "root cannot take the note away" 1 python3 "$tap" "$sock" forget ''
	says "for want of the owner's authorisation" "command 0x122: 0x9a2" # TPM_RC_BAD_AUTH, of the first session
	yes "nor clear the TPM" 1 python3 "$tap" "$sock" clear ''
	says "for want of the lockout authorisation" "command 0x126: 0x9"
	# shellcheck disable=SC2086 # words
	python3 "$tap" "$sock" $how || not_ok "the note can be taken: ${how%% *}"
	cp -a state state-kept
	case $how in forget*) why='its note of the record is gone' ;; *) why="another enrolment's" ;; esac
	refuses "a note that was taken away (${how%% *})" rollback "$why"
	yes "and nothing was signed" 0 cmp state/keys/signed state-kept/keys/signed
	power_off
	rm -rf tpm state
	mv tpm-kept tpm
	mv state-kept state
	power_on
done

power_off
mv tpm tpm-own
power_on
refuses "the state directory on another machine" clone "is another TPM than the one"
power_off
rm -rf tpm
mv tpm-own tpm
power_on
python3 "$tap" "$sock" clear "$lockout" || not_ok "the TPM can be cleared"
refuses "a cleared TPM" chip-cleared "was cleared: what it had sealed is gone for good"
exit "$failed"
