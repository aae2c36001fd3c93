#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
command -v swtpm > /dev/null || {
	echo "skip - a crash behind each step of a boot window: swtpm is not installed"
	exit 0
}
exec python3 "$(dirname "$0")/boot_rows.py"
