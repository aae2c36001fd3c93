#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Erasure on a machine with a TPM, and cut off at a sample of its commands.  CRASH_SEED and CRASH_SAMPLE are read.
exec python3 -B "$(dirname "$0")/shred.py" "$@"
