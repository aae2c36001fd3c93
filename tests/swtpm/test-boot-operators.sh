#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where approving a boot state takes two of three operators, the device key is released in what two of them approved and in
# nothing else.  A simulator's restart is a reboot.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/lib.sh"
. "$here/boot-lib.sh"

# office VERB...: where the operators' keys are.
office() {
	printf 'correct horse\n%.0s' 1 2 3 4 5 6 > pass
	"$freehold_program" "$@" --config "$scratch/empty.conf" --state "$scratch/office" > out 2> err 9< pass
}
# both FILE: the statement comes to office and machine.
both() {
	office chain import "$1" || not_ok "$1 comes to the office"
	fh chain import "$1" || not_ok "$1 comes to the machine"
}
hash_of() {
	office reference list
	sed -n "s/^\([0-9a-f]*\)  $1\$/\1/p" out
}

power_on
for key in op op2 op3 op4; do yes "the key $key" 0 office key new $key.key --passphrase-fd 9; done
yes "genesis of three" 0 office genesis new --name three --operator-key op.key --operator-key op2.key --operator-key op3.key \
	--threshold default=1 --threshold reference=2 --passphrase-fd 9 --out genesis.fhs
yes "an office" 0 office chain import genesis.fhs
office chain show
genesis=$(sed -n 's/^chain *//p' out)
yes "a machine joins" 0 fh init --genesis genesis.fhs --request box.request --device-name box
yes "is admitted" 0 office device admit box.request --operator-key op.key --passphrase-fd 9 --answer box.answer
yes "and takes its answer" 0 fh chain import box.answer
refuses "without an approval" wrong-boot-state "no state is approved for this device"

# A statement may be signed by two of them, and be approved by one: it is the operators' word, and releases nothing.
yes "the first approves" 0 office reference approve box.request --label alone --unmeasured --operator-key op.key \
	--passphrase-fd 9 --out alone.fhs
says "and another is wanted" "1 more signature is wanted"
yes "who signs without joining" 0 office sign alone.fhs --operator-key op2.key --passphrase-fd 9
both alone.fhs
refuses "what one operator approved" wrong-boot-state "by too few operators"
office reference list
grep -A9 '  alone$' out > err
if grep -q device err; then not_ok "it is listed for nobody"; else ok "it is listed for nobody"; fi

yes "the first approves again" 0 office reference approve box.request --label base --unmeasured --operator-key op.key \
	--passphrase-fd 9 --out draft.fhs
yes "the second joins" 0 office reference join draft.fhs --operator-key op2.key --passphrase-fd 9 --out base.fhs
says "and is shown what" "approves .base.:"
yes "but not twice" 2 office reference join base.fhs --operator-key op2.key --passphrase-fd 9 --out twice.fhs
says "which is said" "has approved there already"
yes "what grew wants the first's signature again" 2 office chain import base.fhs
yes "who gives it" 0 office sign base.fhs --operator-key op.key --passphrase-fd 9
both base.fhs
serves "what two operators approved"
serves "a restart in the same boot uses its session"
reboot
serves "another boot of that state"
verifies "the record is accepted" 0
reboot 4
refuses "a state of nobody" wrong-boot-state "is not approved: nearest is"

# Two others, with their keys at one desk.
state_json "$(python3 "$tap" "$sock" pcr 4)"
yes "two others approve it" 0 office reference approve state.json --label second --pcrs 4,7,11 --unmeasured \
	--operator-key op2.key --operator-key op3.key --passphrase-fd 9 --out second.fhs
both second.fhs
serves "it is released then"
reboot
serves "and the one before still: the index of the TPM says one or the other"
reboot 4
begin
yes "the first state is taken back by one, and one more renews" 0 office reference revoke "$(hash_of base)" --operator-key op.key \
	--operator-key op3.key --passphrase-fd 9 --out revoke.fhs
both revoke.fhs
waits_for 'boot epoch 2 begins'
end
says "the chip's epoch is counted up at once" "boot epoch 2 begins"
reboot
refuses "the revoked state" wrong-boot-state "nearest is .second., from which PCR 4 differs"
reboot 4
serves "the other was approved anew by two"
verifies "the record is accepted still" 0

# Other operators: their index takes the owner's authorisation, which the machine does not have.
yes "one operator makes way for another" 0 office signers change --operator-key op.key --operator-key op2.key --new-key op2.key \
	--new-key op3.key --new-key op4.key --threshold default=1 --threshold reference=2 --passphrase-fd 9 --out signers.fhs
yes "who signs too" 0 office sign signers.fhs --operator-key op4.key --passphrase-fd 9
both signers.fhs
reboot 4
begin
end
says "the key cannot be sealed for them yet" "freehold device index --owner-auth FILE"
says "and that locks the boot" "then reboot the machine"
for key in op op2 op3; do # genesis names one of them as recipient
	office device authorisations box.request --operator-key $key.key --passphrase-fd 9 && cp out box.auth
done
yes "the index is made with it" 0 fh device index --owner-auth box.auth
says "for two of three" "the index for 2 of 3 operators is there"
yes "which takes nothing away when it is made again" 0 fh device index --owner-auth box.auth
says "the old one is told, while the key is sealed under it" "of the operators of statement 0 stays"
yes "nor is it removed then" 0 fh device index --owner-auth box.auth --remove-old
says "which is said" "stays: the device key is sealed under it"
reboot 4
serves "then it is sealed"
yes "the old index is of no use any more" 0 fh device index --owner-auth box.auth
says "which is told" "of no use any more"
yes "nobody removes it without the owner's authorisation" 2 fh device index --remove-old
yes "who has it does" 0 fh device index --owner-auth box.auth --remove-old
says "that one" "of the operators of statement 0 is removed"
yes "once" 0 fh device index --owner-auth box.auth --remove-old
if grep -q removed out; then not_ok "which leaves nothing to remove"; else ok "which leaves nothing to remove"; fi
fh status
cat out > err
if grep -q 'for operators of before' err; then not_ok "for those of now"; else ok "for those of now"; fi
reboot 4
refuses "what the operators of before approved" wrong-boot-state "by too few operators, or by one whom"
yes "those of now approve it" 0 office reference approve state.json --label second-again --pcrs 4,7,11 --unmeasured --epoch 2 \
	--operator-key op3.key --operator-key op4.key --passphrase-fd 9 --out again.fhs
both again.fhs
serves "and it is released"
verifies "the record is accepted" 0

# One alone takes a state back: what stays is renewed by too few, so the chip is not counted up to where nothing could boot.
extended=$(python3 "$tap" "$sock" pcr 4)
state_json "$(printf '%064d' 7)"
yes "two approve another" 0 office reference approve state.json --label extra --pcrs 4,7,11 --unmeasured --epoch 2 \
	--operator-key op3.key --operator-key op4.key --passphrase-fd 9 --out extra.fhs
both extra.fhs
begin
yes "one alone takes it back" 0 office reference revoke "$(hash_of extra)" --operator-key op3.key --passphrase-fd 9 \
	--out lonely.fhs
says "and is told that it is not enough" "by 1 of the 2 operators that it takes"
both lonely.fhs
waits_for 'boot epoch 3 is what the operator signed'
end
says "the machine goes on to no epoch in which nothing could boot" "approve no state for it, so nothing could boot then"
reboot 4
serves "the state that two approved is released still"
state_json "$extended"
yes "enough approve it for that epoch" 0 office reference approve state.json --label third --pcrs 4,7,11 --unmeasured --epoch 3 \
	--operator-key op3.key --operator-key op4.key --passphrase-fd 9 --out third.fhs
begin
both third.fhs
waits_for 'boot epoch 3 begins'
end
says "and the chip is counted up" "boot epoch 3 begins"
reboot 4
serves "in which it is released"
verifies "the record is accepted at the end" 0
exit "$failed"
