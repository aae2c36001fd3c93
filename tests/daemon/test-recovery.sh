#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recovery slots: what a copy of the disk gives to whoever has the operator's key and no chip.
exec python3 -B "$(dirname "$0")/recovery.py" "$@"
