#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What can be read on the wires of a TPM.
exec python3 -B "$(dirname "$0")/tap.py" "$@"
