#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Machines that witness each other's records, witnesses that misbehave, and crashes in between.
exec python3 -B "$(dirname "$0")/witness.py" "$@"
