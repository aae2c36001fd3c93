#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `freehold reference uki` says before a boot is what the PCRs are after it, and what changes in an image shows in both.
. "$(dirname "$0")/lib.sh"
. "$here/image.sh"

# as_predicted NAME IMAGE: a machine that starts IMAGE has the PCRs that were predicted, in every bank.
as_predicted() {
	"$program" reference uki --json "$2" >"$scratch/$1.json" || { not_ok "$1: an image is read"; return; }
	yes "$1: the machine boots" machine_boot machine "$2" || return
	cp -r "$scratch/machine/out" "$scratch/$1.out"
	yes "$1: PCRs 4, 7, 9, 11 and 12 are as predicted" "$here/pcrs.py" "$scratch/$1.json" "$scratch/$1.out" 4,7,9,11,12
}

yes 'there is a machine' machine_new machine || exit 1
image_root "$scratch/root"
image_pack "$scratch/root" "$scratch/initrd"
image_build "$scratch/plain.efi" "$scratch/initrd" 'console=ttyS0 quiet' || exit 1
as_predicted plain "$scratch/plain.efi"

# Every section that ukify makes on this architecture, and a command line that the stub tidies up.
openssl genrsa -out "$scratch/key" 2048 2>/dev/null
openssl rsa -in "$scratch/key" -pubout -out "$scratch/key.pub" 2>/dev/null
mkdir -p "$scratch/microcode/kernel/x86/microcode"
echo none >"$scratch/microcode/kernel/x86/microcode/GenuineIntel.bin"
(cd "$scratch/microcode" && find . | cpio --quiet -o -H newc) >"$scratch/microcode.cpio"
truncate --size=-3 "$scratch/microcode.cpio"
{
	printf 'BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0\0\0\0\0\4\0\0\0'
	printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\0'
} >"$scratch/splash.bmp" # one pixel
image_build "$scratch/full.efi" "$scratch/initrd" $' \tconsole=ttyS0\nquiet\x01 x=\x7f \n' \
	--microcode="$scratch/microcode.cpio" --splash="$scratch/splash.bmp" --pcr-private-key="$scratch/key" \
	--pcr-public-key="$scratch/key.pub" || exit 1
as_predicted full "$scratch/full.efi"

# Two profiles: the first is the one that is started.
ukify build --profile='ID=second' --cmdline='console=ttyS0 second' --output="$scratch/second.efi" >"$scratch/said" 2>&1 || exit 1
image_build "$scratch/profiles.efi" "$scratch/initrd" 'console=ttyS0 quiet' --profile='ID=first' \
	--join-profile="$scratch/second.efi" || exit 1
as_predicted profiles "$scratch/profiles.efi"

# One thing changed at a time.
cp "$kernel" "$scratch/other-kernel"
change_byte "$scratch/other-kernel" 'SMP PREEMPT'
image_build "$scratch/kernel.efi" "$scratch/initrd" 'console=ttyS0 quiet' --linux="$scratch/other-kernel" || exit 1
as_predicted kernel "$scratch/kernel.efi"
image_build "$scratch/line.efi" "$scratch/initrd" 'console=ttyS0' || exit 1
as_predicted line "$scratch/line.efi"
echo changed >"$scratch/root/etc/changed"
image_pack "$scratch/root" "$scratch/other-initrd"
image_build "$scratch/initrd.efi" "$scratch/other-initrd" 'console=ttyS0 quiet' || exit 1
as_predicted initrd "$scratch/initrd.efi"
for changed in kernel line initrd; do
	for pcr in 4 9 11; do
		[ "$changed $pcr" = 'kernel 9' ] && continue # the kernel measures what it gets, not itself
		no "$changed: PCR $pcr is not the plain image's" 1 \
			"$here/pcrs.py" "$scratch/plain.json" "$scratch/$changed.out" "$pcr"
	done
done

# With the log of the machine's first boot, its firmware is predicted, too.
"$program" reference uki --json "$scratch/kernel.efi" --base-log "$scratch/plain.out/log" >"$scratch/based.json" ||
	not_ok 'the log of a machine is read'
yes 'with its log, PCRs 0, 2 and 3 are as predicted' \
	"$here/pcrs.py" "$scratch/based.json" "$scratch/kernel.out" 0,2,3,4,7,9,11,12

# What an update changes, by component and PCR, from images and from what was said about them.
changes() {
	local wanted=$1
	shift
	"$program" reference diff --json "$@" >"$scratch/diff"
	[ $? = 1 ] && python3 -c 'import json, sys
d = json.load(sys.stdin)
print(*(f"{c["component"]}:{",".join(map(str, c["pcrs"]))}" for c in d["changes"]), sep="; ")' <"$scratch/diff" >"$scratch/names" &&
		[ "$(cat "$scratch/names")" = "$wanted" ] || { cat "$scratch/diff" "$scratch/names"; return 1; }
}
yes 'a changed kernel is named' changes 'unified kernel image:4; kernel:4,11' "$scratch/plain.efi" "$scratch/kernel.efi"
yes 'another command line is named' changes 'unified kernel image:4; command line:9,11' "$scratch/plain.efi" "$scratch/line.efi"
yes 'another initramfs is named' changes 'unified kernel image:4; initrd:9,11' "$scratch/plain.json" "$scratch/initrd.efi"
yes 'logs of machines tell the same' changes 'unified kernel image:4; kernel:4,11' \
	"$scratch/plain.out/log" "$scratch/kernel.out/log"
"$program" reference from-log --json "$scratch/line.out/log" >"$scratch/log.json"
yes 'so does what was told of a log' changes 'unified kernel image:4; command line:9,11' "$scratch/plain.efi" "$scratch/log.json"
for machine in plain full profiles kernel line initrd; do
	"$program" reference from-log --json "$scratch/$machine.out/log" >"$scratch/log.json"
	yes "$machine: its log leads to its PCRs in every bank" \
		"$here/pcrs.py" "$scratch/log.json" "$scratch/$machine.out" 0,1,2,3,4,5,6,7,9,11
done
no 'an image does not differ from what was said about it' 0 "$program" reference diff "$scratch/plain.efi" "$scratch/plain.json"

# What lies beside the image is not in it, and shows.
mkdir "$scratch/machine/esp/EFI/BOOT/BOOTX64.EFI.extra.d"
echo secret >"$scratch/machine/esp/EFI/BOOT/BOOTX64.EFI.extra.d/x.cred"
yes 'beside: the machine boots' machine_boot machine "$scratch/plain.efi" \
	-smbios type=11,value=io.systemd.stub.kernel-cmdline-extra=debug
no 'beside: PCR 12 is not zero' 1 "$here/pcrs.py" "$scratch/plain.json" "$scratch/machine/out" 12
no 'beside: PCR 9 is another' 1 "$here/pcrs.py" "$scratch/plain.json" "$scratch/machine/out" 9
yes 'beside: PCRs 4 and 11 are those of the image' "$here/pcrs.py" "$scratch/plain.json" "$scratch/machine/out" 4,7,11
exit "$failed"
