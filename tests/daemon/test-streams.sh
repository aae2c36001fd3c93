#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calls that tell how far they are: to whom, when, and that what was told is in the record; and what cuts them.
exec python3 -B "$(dirname "$0")/streams.py" "$@"
