#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the gate of the network, under load.  KILL_SEED and KILL_MOMENTS are read.
exec python3 -B "$(dirname "$0")/kill.py" "network gate"
