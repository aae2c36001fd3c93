#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sample of the calls on files fails.  CRASH_SEED and CRASH_SAMPLE are read.
export CRASH_SAMPLE="${CRASH_SAMPLE:-60}"
exec python3 -B "$(dirname "$0")/crash.py" calls
