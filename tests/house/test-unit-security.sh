#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The service unit is well-formed, and as closed as it was measured to be.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# In tenths, as systemd-analyze counts: 23 was measured.  What is left is the product itself: a network, a TPM, three capabilities.
threshold=23

check() {
	local name=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		sed 's/^/  /' "$work/out"
		failed=1
	fi
}

within() {
	systemd-analyze security --offline=true --no-pager --threshold="${2:-$threshold}" "$1"
}

beyond() {
	! within "$1"
}

if ! command -v systemd-analyze >/dev/null; then
	echo 'skip - unit security: systemd-analyze is not installed'
	exit 0
fi

unit=$work/freehold.service
sed "s|@bindir@/freehold|/bin/true|; /^Documentation=/d" "$top/packaging/freehold.service.in" >"$unit"
check 'the unit has no word that systemd does not know' systemd-analyze verify "$unit"
check "exposure is at most $threshold of 100" within "$unit"

mkdir "$work/open"
for word in NoNewPrivileges ProtectSystem CapabilityBoundingSet SystemCallFilter RestrictNamespaces DevicePolicy; do
	sed "/^$word=/d" "$unit" >"$work/open/freehold.service"
	check "without $word it would be more" beyond "$work/open/freehold.service"
done

# What anchors needs nothing but a network: 11 was measured.
anchor=$work/freehold-anchor.service
sed "s|@bindir@/freehold|/bin/true|; /^Documentation=/d" "$top/packaging/freehold-anchor.service.in" >"$anchor"
cp "$top/packaging/freehold-anchor.timer" "$work"
check 'nor has the one that anchors' systemd-analyze verify "$anchor" "$work/freehold-anchor.timer"
check 'whose exposure is at most 11 of 100' within "$anchor" 11
check 'the timer comes four times a day' grep -qx 'OnCalendar=0/6:00' "$work/freehold-anchor.timer"

check 'the user is made' systemd-sysusers --dry-run "$top/packaging/freehold.sysusers"
exit $failed
