#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The product on a machine that measured its boot: enrolment, a governed call, and its record verified outside.
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
yes 'the operator admits it' sign device admit "$scratch/request" --answer "$scratch/sent/machine.answer" || exit 1

yes 'it boots again with the answer' product "$scratch/good.efi" machine.answer serve
yes 'it takes the chain over' ended import-machine.answer 0
yes 'it serves until told to stop' ended serve 0
"$program" reference uki --json "$scratch/good.efi" --program "$program" >"$scratch/good.json"
yes 'PCRs 4, 7, 9, 11, 12 and 14 are as predicted' "$here/pcrs.py" "$scratch/good.json" "$scratch/machine/out" 4,7,9,11,12,14
yes 'a permitted call is answered' in_out answers 'Whoever can read this was permitted to'
yes 'the record is verified outside' "$verifier" record "$scratch/machine/out/state" --genesis "$genesis" --allow-grade simulated

yes 'it boots once more' product "$scratch/good.efi" serve
yes 'it serves again' ended serve 0
yes 'the record of both boots is verified' "$verifier" record "$scratch/machine/out/state" --genesis "$genesis" \
	--allow-grade simulated
exit "$failed"
