#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The product on a machine that measures its boot: it serves in the states that the operator approved, which were predicted from
# the images, and refuses every other by name; the older state after its revocation, too.  The record is verified outside.
. "$(dirname "$0")/lib.sh"
. "$here/image.sh"

# desk VERB SUBVERB ...: at the operator's, whose key is nowhere else.
: >"$scratch/empty.conf"
desk() {
	printf 'correct horse\ncorrect horse\n' >"$scratch/pass"
	"$program" "$1" "$2" --config "$scratch/empty.conf" --state "$scratch/desk" "${@:3}" 9<"$scratch/pass"
}
# sign VERB SUBVERB ...: the same, signed.
sign() { desk "$1" "$2" --operator-key "$scratch/operator.key" --passphrase-fd 9 "${@:3}"; }

# product IMAGE FILE...: one boot of the machine with that image, given these files.
product() {
	local image=$1 tar=$scratch/in.tar
	shift
	(cd "$scratch/sent" && tar -cf "$tar" "$@") && truncate --size=%1M "$tar" || return 1
	machine_boot machine "$image" \
		-drive "if=none,id=state,format=raw,file=$scratch/state.img" -device nvme,drive=state,serial=state \
		-drive "if=none,id=in,format=raw,readonly=on,file=$tar" -device nvme,drive=in,serial=in
}
# ended NAME STATUS: what the machine ran as NAME ended so.
ended() {
	[ "$(cat "$scratch/machine/out/$1.status" 2>/dev/null)" = "$2" ] && return
	echo "$1: status $(cat "$scratch/machine/out/$1.status" 2>&1)"
	cat "$scratch/machine/out/$1"
	return 1
}
in_out() { grep -q -- "$2" "$scratch/machine/out/$1" || { cat "$scratch/machine/out/$1"; return 1; }; }

yes 'there is a machine' machine_new machine || exit 1
truncate --size=64M "$scratch/state.img"
busybox mke2fs -F "$scratch/state.img" >"$scratch/said" 2>&1
image_root "$scratch/root"
image_program "$scratch/root" "$program" /usr/bin/freehold
image_program "$scratch/root" "$(dirname "$program")/examples/notes-server" /usr/bin/notes-server
install -m 755 "$(dirname "$program")/freehold-measure" "$scratch/root/usr/bin/freehold-measure"
echo 'freehold-measure / /usr/bin/freehold' >"$scratch/root/etc/boot/05-measure"
install -m 644 "$here/product.step" "$scratch/root/etc/boot/10-product"
image_pack "$scratch/root" "$scratch/initrd"
image_build "$scratch/good.efi" "$scratch/initrd" 'console=ttyS0 quiet' || exit 1

mkdir "$scratch/sent"
touch "$scratch/sent/serve"
yes 'an operator key is made' desk key new "$scratch/operator.key" --passphrase-fd 9
yes 'a chain begins' sign genesis new --out "$scratch/sent/genesis.fhs"
yes 'the desk has a replica' desk chain import "$scratch/sent/genesis.fhs"
genesis=$(desk chain show --json | sed 's/.*"chain":"\([0-9a-f]*\)".*/\1/')
yes 'a tool server is added' sign server add notes --uid 65534 --directory /srv/notes -- /usr/bin/notes-server .
yes 'a policy is signed' sign policy sign "$top/examples/policy.cedar" --schema "$top/examples/schema.cedarschema" --expires 90d
yes 'an actor is granted' sign actor grant agent --uid 0 --group research

yes 'the machine boots and asks to join' product "$scratch/good.efi" genesis.fhs || exit 1
yes 'its key is made in its TPM' ended init 0
cp "$scratch/machine/out/request" "$scratch/request"
yes 'the operator admits it' sign device admit "$scratch/request" || exit 1

# state NAME: what the image NAME.efi leads to on this machine, by its log of the first boot.
cp "$scratch/machine/out/log" "$scratch/log"
state() {
	"$program" reference uki --json "$scratch/$1.efi" --base-log "$scratch/log" --program "$program" >"$scratch/$1.json"
}
# newest NAME: the last statement of the desk's chain, to be sent under that name.
newest() { cp "$scratch/desk/chain/$(ls "$scratch/desk/chain" | tail -n 1)" "$scratch/sent/$1.fhs"; }
# hash_of LABEL: of the approval with that label.
hash_of() {
	desk reference list --json | python3 -c 'import json, sys
print(next(e["hash"] for e in json.load(sys.stdin)["references"] if e["label"] == sys.argv[1]))' "$1"
}
# serves NAME IMAGE FILE...: with that image the key is released and a call is answered.
serves() {
	local name=$1 image=$2
	shift 2
	yes "$name: the machine boots" product "$scratch/$image.efi" "$@" serve || return
	yes "$name: it serves until told to stop" ended serve 0
	yes "$name: a permitted call is answered" in_out answers 'Whoever can read this was permitted to'
}
# refuses NAME IMAGE STATE PCRS: the key is not released, and status names the state, the PCRs and the event.
refuses() {
	yes "$1: the machine boots" product "$scratch/$2.efi" serve || return
	no "$1: it does not serve" 1 test "$(cat "$scratch/machine/out/serve.status")" = 0
	yes "$1: status names $3" in_out status "\"refused\":{\"state\":\"$3\""
	yes "$1: and PCR $4" in_out status "PCRs\\? $4 differ"
	yes "$1: and what was measured there" in_out status \
		'event [0-9]* is other than at the last accepted boot, in PCR 4: EV_EFI_BOOT_SERVICES_APPLICATION'
}

state good
yes 'its boot state is approved' sign reference approve "$scratch/good.json" --label good
yes 'the answer is written' desk device admit "$scratch/request" --answer "$scratch/sent/machine.answer" || exit 1
serves 'the good image' good machine.answer
yes 'it took the chain over' ended import-machine.answer 0
yes 'PCRs 0, 2, 4, 7, 9, 11, 12 and 14 are as approved' \
	"$here/pcrs.py" "$scratch/good.json" "$scratch/machine/out" 0,2,4,7,9,11,12,14
yes 'the record is verified outside' "$verifier" record "$scratch/machine/out/state" --genesis "$genesis" --allow-grade simulated

# One thing changed at a time.
cp "$kernel" "$scratch/other-kernel"
change_byte "$scratch/other-kernel" 'SMP PREEMPT'
image_build "$scratch/kernel.efi" "$scratch/initrd" 'console=ttyS0 quiet' --linux="$scratch/other-kernel" || exit 1
image_build "$scratch/line.efi" "$scratch/initrd" 'console=ttyS0' || exit 1
echo changed >"$scratch/root/etc/changed"
image_pack "$scratch/root" "$scratch/other-initrd"
image_build "$scratch/initrd.efi" "$scratch/other-initrd" 'console=ttyS0 quiet' || exit 1
refuses 'one byte of the kernel' kernel wrong-boot-state '4, 11'
refuses 'another command line' line wrong-boot-state '4, 9, 11'
refuses 'another initramfs' initrd wrong-boot-state '4, 9, 11'

# An update: its state is approved before it is installed, and then the older one is taken back.
state line
yes 'the update is approved' sign reference approve "$scratch/line.json" --label update
newest update
serves 'the good image, told of the update' good update.fhs
serves 'the update' line
yes 'the older state is taken back' sign reference revoke "$(hash_of good)"
newest revoked
serves 'the update, told of that' line revoked.fhs
refuses 'the older image' good wrong-boot-state '4, 9, 11'
yes 'the record of all boots is verified outside' "$verifier" record "$scratch/machine/out/state" --genesis "$genesis" \
	--allow-grade simulated
exit "$failed"
