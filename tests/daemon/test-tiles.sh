#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The record over HTTP as C2SP tiles, read by a client that shares no code with Freehold.
exec python3 -B "$(dirname "$0")/tiles.py" "$@"
