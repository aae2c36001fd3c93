#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Decisions explained and made again from the record alone: policy why, policy replay.
exec python3 -B "$(dirname "$0")/past.py" "$@"
