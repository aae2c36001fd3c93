#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A flood of what is refused neither fills the disk nor stops the machine.
exec python3 -B "$(dirname "$0")/flood.py" "$@"
