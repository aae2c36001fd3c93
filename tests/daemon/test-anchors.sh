#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Anchors of a record that a daemon goes on writing.
exec python3 -B "$(dirname "$0")/anchors.py" "$@"
