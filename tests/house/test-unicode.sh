#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tables of Unicode that are committed are what Python and perl know of it, and the check sees where they are not.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

version=$(python3 -c 'import unicodedata; print(unicodedata.unidata_version)')
if ! grep -q "of Unicode $version\." "$top/src/schema/regex_table.c"; then
	echo "skip - tables of Unicode: this Python knows Unicode $version, and they are of another"
	exit 0
fi
if "$top/tools/unicode-table" check "$top" >"$work/out" 2>&1; then
	echo 'ok - the tables of Unicode are what Python and perl know'
else
	echo 'not ok - the tables of Unicode are what Python and perl know'
	sed 's/^/# /' "$work/out"
	failed=1
fi

# One run of Greek goes to the script behind it in the table.
mkdir -p "$work/src/schema"
cp "$top"/src/schema/*_table.c "$work/src/schema"
sed -i '/fh_script_run\[\]/,/^}/s/0x370\([0-9a-f][0-9a-f]\),/0x37001,/' "$work/src/schema/regex_script_table.c"
if "$top/tools/unicode-table" check "$work" >"$work/out" 2>&1 ||
	! grep -q 'Script of U+0370 is Adlam, to perl Greek' "$work/out"; then
	echo 'not ok - a wrong script is seen'
	sed 's/^/# /' "$work/out"
	failed=1
else
	echo 'ok - a wrong script is seen'
fi
exit $failed
