#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A power cut at a sample of moments, and what the disk may then hold.  CRASH_SEED and CRASH_SAMPLE are read.
export CRASH_SAMPLE="${CRASH_SAMPLE:-80}"
exec python3 -B "$(dirname "$0")/crash.py" power
