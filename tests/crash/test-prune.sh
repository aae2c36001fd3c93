#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sample of the moments at which a pruning is cut off.  CRASH_SEED and CRASH_SAMPLE are read.
export CRASH_SAMPLE="${CRASH_SAMPLE:-24}"
exec python3 -B "$(dirname "$0")/prune.py"
