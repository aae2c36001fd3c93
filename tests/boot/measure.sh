#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The packaged hook of initramfs-tools measures the program on the root file system, once, before anything of it runs.
. "$(dirname "$0")/lib.sh"
. "$here/image.sh"
programs=$(dirname "$program")

# on_disk IMAGE [QEMU ARGUMENT...]: boots with the disk that the root is on.
on_disk() {
	local image=$1
	shift
	machine_boot machine "$image" -drive "if=none,id=root,format=raw,file=$scratch/disk" \
		-device nvme,drive=root,serial=root "$@"
}
# replays OUT: the log of measurements, and nothing else, leads to PCR 14.
replays() {
	python3 - "$1" <<'P'
import hashlib, json, sys
from pathlib import Path
out = Path(sys.argv[1])
records = [json.loads(r) for r in (out / "measured").read_text().split("\x1e")[1:]]
assert [(r["pcr"], r["content_type"], r["content"]["string"]) for r in records] == [(14, "systemd", "freehold:/usr/bin/freehold")]
for bank in out.glob("pcr-*"):
	name = bank.name.removeprefix("pcr-")
	digest = next(bytes.fromhex(d["digest"]) for d in records[0]["digests"] if d["hashAlg"] == name)
	value = hashlib.new(name, bytes(len(digest)) + digest).hexdigest()
	assert value == (bank / "14").read_text().strip().lower(), name
P
}

yes 'there is a machine' machine_new machine || exit 1
truncate --size=64M "$scratch/disk"

# A root file system: it holds the program, says what was measured, and then changes the program.
mkdir -p "$scratch/system"/{bin,dev,etc/boot,proc,run,sys,tmp,usr/bin}
cp /bin/busybox "$scratch/system/bin/busybox"
install -m 755 "$here/init" "$scratch/system/init"
install -m 755 "$program" "$scratch/system/usr/bin/freehold"
cat >"$scratch/system/etc/boot/10-changed" <<'S'
cp /run/log/systemd/tpm2-measure.log /out/measured
stat -c %a /run/log/systemd/tpm2-measure.log >/out/mode
echo changed >>/usr/bin/freehold
S
tar -C "$scratch/system" -cf "$scratch/system.tar" . && truncate --size=%1M "$scratch/system.tar"
image_root "$scratch/root"
cat >"$scratch/root/etc/boot/10-install" <<'S'
mkdir /disk
mke2fs /dev/nvme0n1 && mount -t ext4 /dev/nvme0n1 /disk && tar -x -C /disk -f /dev/nvme1n1 && umount /disk
S
image_pack "$scratch/root" "$scratch/install"
image_build "$scratch/install.efi" "$scratch/install" 'console=ttyS0 quiet' || exit 1
yes 'the system is installed' on_disk "$scratch/install.efi" \
	-drive "if=none,id=in,format=raw,readonly=on,file=$scratch/system.tar" -device nvme,drive=in,serial=in || exit 1

# An initramfs as initramfs-tools makes it with our hook.
cp -r /etc/initramfs-tools "$scratch/conf"
mkdir -p "$scratch/conf"/{hooks,scripts/init-bottom}
echo 'MODULES=list' >>"$scratch/conf/initramfs.conf" # the box's kernel has what this machine needs
sed "s|@bindir@|$programs|" "$top/packaging/initramfs-tools/hook.in" >"$scratch/conf/hooks/freehold"
sed "s|@bindir@|/usr/bin|" "$top/packaging/initramfs-tools/init-bottom.in" >"$scratch/conf/scripts/init-bottom/freehold"
chmod 755 "$scratch/conf/hooks/freehold" "$scratch/conf/scripts/init-bottom/freehold"
yes 'initramfs-tools makes an initramfs' mkinitramfs -d "$scratch/conf" -o "$scratch/initrd" "${kernel#/boot/vmlinuz-}" || exit 1
image_build "$scratch/image.efi" "$scratch/initrd" 'console=ttyS0 quiet root=/dev/nvme0n1 rootfstype=ext4 rw init=/init' || exit 1
"$program" reference uki --json "$scratch/image.efi" --program "$program" >"$scratch/image.json" || not_ok 'the image is read'

yes 'the machine boots from its disk' on_disk "$scratch/image.efi" || exit 1
cp -r "$scratch/machine/out" "$scratch/first"
yes 'PCRs 4, 7, 9, 11, 12 and 14 are as predicted' "$here/pcrs.py" "$scratch/image.json" "$scratch/first" 4,7,9,11,12,14
yes 'the log of measurements replays to PCR 14' replays "$scratch/first"
yes 'the log is complete, and for root alone' grep -qx 600 "$scratch/first/mode"

yes 'it boots again, with a program that was changed' on_disk "$scratch/image.efi" || exit 1
yes 'PCRs 4, 7, 9, 11 and 12 are as before' "$here/pcrs.py" "$scratch/image.json" "$scratch/machine/out" 4,7,9,11,12
no 'PCR 14 is another' 1 "$here/pcrs.py" "$scratch/image.json" "$scratch/machine/out" 14
yes 'the log of measurements replays to that, too' replays "$scratch/machine/out"
exit "$failed"
