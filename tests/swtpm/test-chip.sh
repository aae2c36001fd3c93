#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The chip over a real TPM simulator: each cmocka program of tests/swtpm, its TAP as lines of ours.
set -uo pipefail

if ! command -v swtpm >/dev/null; then
	echo 'skip - chip over a simulated TPM: swtpm is not installed'
	exit 0
fi

status=0
for name in chip_tpm2; do
	program=${FREEHOLD_BUILD_SAN:?names the sanitizer build}/tests/swtpm/$name
	said=$(CMOCKA_MESSAGE_OUTPUT=TAP "$program" 2>&1)
	ended=$?
	sed -E 's/^(not ok|ok) [0-9]+ - /\1 - /; s/^ok [0-9]+ # SKIP (.*)/skip - \1: the program says so/' <<<"$said"
	plan=$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' <<<"$said")
	if [ "$(grep -cE '^(not )?ok [0-9]+' <<<"$said")" != "${plan:-none}" ] || [ $ended -ne 0 ]; then
		echo "not ok - $name ends well and says all it announced (status $ended)"
		status=1
	fi
done
exit $status
