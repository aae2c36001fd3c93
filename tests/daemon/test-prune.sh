#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was shredded goes from the disk, and all that was ever proved of the record stays so.
exec python3 -B "$(dirname "$0")/prune.py" "$@"
