#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A stolen disk: what was planted in what an agent did is nowhere on it in clear, and another machine does not open it.
exec python3 -B "$(dirname "$0")/theft.py" "$@"
