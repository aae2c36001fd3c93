# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/boot/*.sh: machines that boot under qemu, with OVMF for firmware and swtpm for a TPM, without KVM.
# A boot takes 12 to 20 s.  Whatever is started here is stopped by its own process id, and a boot ends after boot_seconds.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
program=${FREEHOLD:-$top/build/freehold}
verifier=${FREEHOLD_VERIFY:-$(dirname "$program")/freehold-verify}
boot_seconds=300
scratch=$(mktemp -d)
tpm=
umask 077
tidy() {
	[ -z "$tpm" ] || kill "$tpm" 2>/dev/null
	wait
	[ -n "${KEEP-}" ] && echo "# kept: $scratch" || rm -rf "$scratch"
}
trap tidy EXIT

failed=0
ok() { echo "ok - $1"; }
not_ok() {
	echo "not ok - $1"
	failed=1
}
# yes NAME COMMAND...: COMMAND succeeds; what it prints is shown if it does not.
yes() {
	local name=$1
	shift
	if "$@" >"$scratch/said" 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/# /' "$scratch/said" | tail -n 40
		return 1
	fi
}
# no NAME STATUS COMMAND...: COMMAND exits with that status.
no() {
	local name=$1 wanted=$2 status
	shift 2
	"$@" >"$scratch/said" 2>&1
	status=$?
	if [ "$status" = "$wanted" ]; then
		ok "$name"
	else
		not_ok "$name (status $status, not $wanted)"
		sed 's/^/# /' "$scratch/said" | tail -n 40
		return 1
	fi
}

# machine_new NAME: a machine that was never on, in $scratch/NAME: its TPM has an EK certificate, its firmware no keys.
machine_new() {
	local m=$scratch/$1
	mkdir -p "$m/tpm/made" "$m/esp/EFI/BOOT"
	printf 'statedir = %s\nsigningkey = %s/key\nissuercert = %s/issuer\ncertserial = %s/serial\n' \
		"$m/tpm/made" "$m/tpm/made" "$m/tpm/made" "$m/tpm/made" >"$m/tpm/made/authority"
	: >"$m/tpm/made/options"
	printf 'create_certs_tool = swtpm_localca\ncreate_certs_tool_config = %s\ncreate_certs_tool_options = %s\n' \
		"$m/tpm/made/authority" "$m/tpm/made/options" >"$m/tpm/made/setup"
	swtpm_setup --tpm2 --tpmstate "$m/tpm" --create-ek-cert --pcr-banks sha1,sha256,sha384,sha512 \
		--config "$m/tpm/made/setup" >"$m/tpm/made/said" 2>&1 || { cat "$m/tpm/made/said"; return 1; }
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$m/vars.fd"
}

machine_tpm_on() {
	swtpm socket --tpm2 --tpmstate "dir=$1/tpm" --ctrl "type=unixio,path=$1/tpm/ctrl" --terminate >"$1/tpm/said" 2>&1 &
	tpm=$!
	for _ in $(seq 100); do
		[ -S "$1/tpm/ctrl" ] && return
		sleep 0.05
	done
	return 1
}

# machine_boot NAME IMAGE [QEMU ARGUMENT...]: switches it on with that image and waits until it has switched itself off.
# What it gave out is then in $scratch/NAME/out, what it printed in $scratch/NAME/console.
machine_boot() {
	local m=$scratch/$1 image=$2
	shift 2
	cp "$image" "$m/esp/EFI/BOOT/BOOTX64.EFI"
	rm -rf "$m/out" "$m/out.tar"
	mkdir "$m/out"
	machine_tpm_on "$m" || return 1
	timeout --kill-after=10 "$boot_seconds" qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 1024 -display none \
		-monitor none -serial "file:$m/console" -no-reboot -nic none \
		-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
		-drive "if=pflash,format=raw,file=$m/vars.fd" \
		-drive "if=none,id=esp,format=raw,readonly=on,file=fat:$m/esp" -device virtio-blk-pci,drive=esp \
		-device virtio-serial -chardev "file,id=out,path=$m/out.tar" -device virtserialport,chardev=out,name=out \
		-chardev "socket,id=tpm,path=$m/tpm/ctrl" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-tis,tpmdev=tpm0 \
		"$@" </dev/null >"$m/qemu" 2>&1
	kill "$tpm" 2>/dev/null # it went with qemu, unless qemu was killed
	wait "$tpm"
	tpm=
	tar -x -C "$m/out" -f "$m/out.tar" 2>/dev/null && [ -e "$m/out/end" ] && return
	tail -n 40 "$m/qemu" "$m/console"
	return 1
}
