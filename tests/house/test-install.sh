#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts below DESTDIR: programs that run, the unit, the system user, every manual page; and nothing else.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FREEHOLD_BUILD:-$top/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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

for program in meson strip readelf; do
	command -v $program >/dev/null || {
		echo "skip - installing: $program is not installed"
		exit 0
	}
done

# As the Makefile does, but for building: other tests run beside this one.
DESTDIR=$work/stage meson install --no-rebuild --quiet -C "$build" >"$work/out" 2>&1
verdict $? 'it installs'
prefix=$(meson introspect --buildoptions "$build" |
	python3 -c 'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
at=$work/stage$prefix

for program in freehold freehold-measure freehold-verify; do
	"$at/bin/$program" --version >"$work/out" 2>&1 && grep -qx "$program [0-9.]*" "$work/out"
	verdict $? "$program tells its version"
	"$at/bin/$program" --help >"$work/out" 2>&1 && grep -q '^usage: ' "$work/out"
	verdict $? "$program tells how it is used"
	# Debug information names the sources for debuggers; nothing that runs does.
	strip --strip-debug -o "$work/stripped" "$at/bin/$program" && ! grep -aoF "$top" "$work/stripped" >"$work/out"
	verdict $? "$program does not know where it was built"
	! readelf -dW "$at/bin/$program" | grep -E 'RPATH|RUNPATH' >"$work/out"
	verdict $? "$program looks for no library of its own"
done
for program in freehold-measure freehold-verify; do
	! readelf -lW "$at/bin/$program" | grep INTERP >"$work/out"
	verdict $? "$program is static"
done

unit=$at/lib/systemd/system/freehold.service
grep -x "ExecStart=$prefix/bin/freehold serve" "$unit" >"$work/out" 2>&1 && ! grep '@[a-z]*@' "$unit" >"$work/out"
verdict $? 'the unit starts the program that was installed'
anchor=$at/lib/systemd/system/freehold-anchor.service
[ "$(grep -c "^ExecStart=-\?$prefix/bin/freehold record anchor" "$anchor")" = 2 ] && ! grep '@[a-z]*@' "$anchor" >"$work/out"
verdict $? 'and so does the one that anchors'
grep -rlF -e "$top" -e "$work" "$at/lib" "$at/share" >"$work/out"
[ ! -s "$work/out" ]
verdict $? 'no text names a place of the build'
(cd "$top/man" && ls -- *.[1-8]) | sort >"$work/pages"
(cd "$at/share/man" && find . -type f | sed 's|.*/||') | sort | diff "$work/pages" - >"$work/out"
verdict $? 'every manual page is there'
find "$work/stage" -type f | sed "s|^$at/||" |
	grep -vE '^(bin/freehold(-measure|-verify)?|share/man/man[135]/.*)$' | sort >"$work/others"
printf '%s\n' include/freehold/{cedar,error}.h lib/dracut/modules.d/90freehold/{freehold-measure.sh,module-setup.sh} \
	lib/libfreehold-cedar.a lib/systemd/system/freehold{-anchor.service,-anchor.timer,.service} lib/sysusers.d/freehold.conf \
	share/initramfs-tools/{hooks,scripts/init-bottom}/freehold |
	diff - "$work/others" >"$work/out"
verdict $? 'and nothing else but units, system user, what the initramfs needs, and Cedar'
cat "$at"/lib/dracut/modules.d/90freehold/freehold-measure.sh \
	"$at"/share/initramfs-tools/scripts/init-bottom/freehold >"$work/out"
[ "$(grep -c "^freehold-measure .* $prefix/bin/freehold " "$work/out")" = 2 ]
verdict $? 'the initramfs measures the program that was installed'
find "$work/stage" -type f -perm /022 >"$work/out"
[ ! -s "$work/out" ]
verdict $? 'nobody else may change what was installed'

# Cedar for others: the example of its page, as C99 and C++ programs outside the tree that know the header and the library
# alone, and no other library than C's.
page=$at/share/man/man3/freehold-cedar.3
sed -n '/^#include <freehold/,/^\.Ed/p' "$page" | sed -e '/^\.Ed/d' -e 's/\\e/\\/g' >"$work/example.c"
cp "$work/example.c" "$work/example.cc"
only() { # COMPILER...: makes the example at $work/example
	(cd "$work" && "$@" -I"$at/include" -L"$at/lib" -lfreehold-cedar -o example)
}
only cc -std=c99 -pedantic-errors -Wall -Wextra -Werror example.c >"$work/out" 2>&1
verdict $? "the example of freehold-cedar(3) is a program with its header and library"
(cd / && exec env -i "$work/example") >"$work/out" 2>&1 && [ "$(cat "$work/out")" = allow ]
verdict $? 'and says what the policy says'
sed -i 's/: 9}/: 19}/' "$work/example.c" && only cc -std=c99 example.c >"$work/out" 2>&1 &&
	! "$work/example" >"$work/out" 2>&1 && [ "$(cat "$work/out")" = deny ]
verdict $? 'of another request, too'
readelf -d "$work/example" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >"$work/out" && [ "$(cat "$work/out")" = libc.so.6 ]
verdict $? "and it needs no other library than C's"
if command -v c++ >/dev/null; then
	only c++ -Wall -Werror example.cc >"$work/out" 2>&1
	verdict $? 'as C++, too'
fi

# What was installed works without the tree: it says what it lacks, in the form of every message.
(cd / && exec env -i "$at/bin/freehold" chain show --state "$work/none") >"$work/out" 2>&1
[ $? = 2 ] && grep -q '^freehold: .*: .*; .*freehold init' "$work/out"
verdict $? 'it works without the tree'
exit $failed
