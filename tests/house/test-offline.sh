#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Building and running need no network: both are done where there is none but loopback.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FREEHOLD_BUILD:-$top/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
failed=0

verdict() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/  /' "$work/out"
		failed=1
	fi
}

cat >"$work/loopback.py" <<'PYTHON'
"""Switches loopback on, demands that nothing else is there, and becomes the command."""
import fcntl, os, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP
others = [name for _, name in socket.if_nameindex() if name != "lo" and os.path.exists(f"/proc/sys/net/ipv4/conf/{name}")]
up = []
for name in others:
	flags = struct.unpack("16sh14x", fcntl.ioctl(s, 0x8913, struct.pack("16sh14x", name.encode(), 0)))[1]
	if flags & 1:
		up.append(name)
if up:
	sys.exit(f"not offline: {up}")
os.execvp(sys.argv[1], sys.argv[1:])
PYTHON
offline() { unshare --net -- python3 -B "$work/loopback.py" "$@"; }

if ! offline true >"$work/out" 2>&1; then
	echo "skip - without a network: a network namespace cannot be made here"
	exit 0
fi
! offline python3 -c 'import socket; socket.create_connection(("192.0.2.1", 9), 5)' >"$work/out" 2>&1 &&
	grep -q 'unreachable' "$work/out"
verdict $? 'there is no network'

# A tree of its own, whose build/demo is nobody else's.
mkdir -p "$work/tree/tools" "$work/tree/build/examples"
cp "$top/tools/run" "$top/tools/box" "$top/tools/box.enter" "$top/tools/box.packages" "$work/tree/tools/"
cp -r "$top/examples" "$work/tree/"
cp "$build/freehold" "$build/freehold-verify" "$work/tree/build/"
cp "$build/examples/notes-server" "$work/tree/build/examples/"
if command -v swtpm >/dev/null; then
	offline "$work/tree/tools/run" --once --simulator >"$work/out" 2>&1 && grep -q 'verdict     yes' "$work/out"
	verdict $? 'tools/run --once runs'
else
	echo 'skip - tools/run without a network: swtpm is not installed'
fi

# Setting up is where a build system would fetch; one program shows that what was found compiles.
offline meson setup "$work/build" "$top" >"$work/out" 2>&1
verdict $? 'a build is set up'
offline ninja -C "$work/build" examples/notes-server >"$work/out" 2>&1
verdict $? 'and compiles'
exit $failed
