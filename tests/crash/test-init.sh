#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A power cut at a sample of moments while a machine is made.  CRASH_SEED and CRASH_SAMPLE are read.
export CRASH_SAMPLE="${CRASH_SAMPLE:-30}"
exec python3 -B "$(dirname "$0")/crash.py" init
