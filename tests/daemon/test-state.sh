#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# State directories that are in use, full, damaged, rolled back or of another machine.
exec python3 -B "$(dirname "$0")/state.py" "$@"
