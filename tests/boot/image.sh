# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh: images for these machines, of the box's kernel, busybox and tests/boot/init.

kernel=$(ls /boot/vmlinuz-* | tail -n 1)

# image_root DIR: the files of an initramfs that says what was measured, and nothing else.
image_root() {
	mkdir -p "$1/bin" "$1/dev" "$1/etc/boot" "$1/proc" "$1/sys" "$1/tmp"
	cp /bin/busybox "$1/bin/busybox"
	install -m 755 "$here/init" "$1/init"
}

# image_pack DIR FILE: the same files give the same bytes; all are root's, for everybody to read.
image_pack() {
	chmod -R u=rwX,go=rX "$1"
	(cd "$1" && find . -exec touch -h -d @0 {} + && find . | LC_ALL=C sort |
		cpio --quiet --reproducible -R 0:0 -o -H newc) | gzip -n >"$2"
}

# image_build FILE INITRD COMMAND-LINE [UKIFY ARGUMENT...]: a later --linux wins.
image_build() {
	local file=$1 initrd=$2 line=$3
	shift 3
	ukify build --linux="$kernel" --initrd="$initrd" --cmdline="$line" "$@" --output="$file" >"$file.said" 2>&1 ||
		{ cat "$file.said"; return 1; }
}

# change_byte FILE TEXT: one bit of the first byte of TEXT's first place in FILE.
change_byte() {
	python3 - "$1" "$2" <<'P'
import sys
image = bytearray(open(sys.argv[1], "rb").read())
at = image.index(sys.argv[2].encode())
image[at] ^= 1
open(sys.argv[1], "wb").write(image)
P
}

# image_program DIR FILE AS: a program with the libraries it loads.
image_program() {
	local library
	install -D -m 755 "$2" "$1$3"
	ldd "$2" | sed -n 's|.* => \(/[^ ]*\) .*|\1|p; s|^\t\(/[^ ]*\) .*|\1|p' | while read -r library; do
		mkdir -p "$1$(dirname "$library")"
		cp -L "$library" "$1$library"
	done
}
