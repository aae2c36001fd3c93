#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the gate of a peer, under load.  KILL_SEED and KILL_MOMENTS are read.
exec python3 -B "$(dirname "$0")/kill.py" "peer gate"
