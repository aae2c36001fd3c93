#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tools whose definitions are pinned, and a tool server that changes them.
exec python3 -B "$(dirname "$0")/pins.py" "$@"
