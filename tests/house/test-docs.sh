#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Documents agree with the code, manual pages are well-formed, and the checks see what they are meant to see.
# (Options and verbs against manual pages: tests/cli/test-man.sh.  The tour of README.md: tests/house/test-readme.sh.)
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
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

"$top/tools/check-docs" || failed=1

if command -v mandoc >/dev/null; then
	for page in "$top"/man/*.[1-8]; do
		mandoc -Tlint -W warning "$page" >"$work/out" 2>&1
		verdict $? "${page##*/} is well-formed"
	done
else
	echo 'skip - manual pages: mandoc is not installed'
fi
for page in "$top"/man/*.[1-8]; do
	grep -qF "'${page##*/}'" "$top/man/meson.build" || echo "${page##*/} is not in man/meson.build"
done >"$work/out"
[ ! -s "$work/out" ]
verdict $? 'every manual page is installed'

# planted NAME FILE SCRIPT: after that change of FILE, check-docs says `not ok - NAME`.
planted() {
	rm -rf "$work/tree"
	mkdir "$work/tree"
	cp -r "$top"/*.md "$top/Makefile" "$top/docs" "$top/src" "$top/include" "$top/man" "$top/examples" "$top/tests" \
		"$top/tools" "$top/packaging" "$top/bench" "$work/tree/" 2>"$work/out"
	sed -i "$3" "$work/tree/$2"
	"$top/tools/check-docs" "$work/tree" >"$work/out"
	grep -qx "not ok - $1" "$work/out"
	verdict $? "sees a planted fault: $1"
}
planted links README.md 's/(SECURITY.md)/(SECURTY.md)/'
planted paths ARCHITECTURE.md 's|`tests/run-all`|`tests/run-most`|'
planted specifications-named-in-code src/role/door.h 's|docs/spec/DOOR|docs/spec/DOORS|'
planted constants docs/spec/DOOR.md 's/`FH_DOOR_REQUEST_MAX` = 2097168/`FH_DOOR_REQUEST_MAX` = 2097169/'
planted tables docs/spec/DOOR.md '/`FH_ASK_CANCEL`/d'
planted tables src/role/ask.h 's/FH_ASK_END = 5/FH_ASK_END = 9/'
planted door docs/spec/DOOR.md 's/| 4 | `FH_DOOR_CLOSE` | `FH_STAGE_LIVE`/| 4 | `FH_DOOR_CLOSE` | `FH_STAGE_NEW`/'
planted index-of-specifications docs/spec/README.md '/DOOR.md/d'
planted versions docs/spec/NOTE.md '/^Version: 1$/d'
planted domains docs/spec/KEYS.md '/`freehold\/session\/v1`/d'
planted domains src/chain/request.h 's|freehold/device-request/v1|freehold/device-request/v2|'
planted tree ARCHITECTURE.md '/^    vault\//d'
planted configuration man/freehold.conf.5 's/^.It Ic tcti/.It Ic tpm/'
planted targets README.md 's/`make run`/`make walk`/'
exit $failed
