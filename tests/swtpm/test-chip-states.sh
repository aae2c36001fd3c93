#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A TPM that goes away, is reset, fails, is locked out or full.
exec python3 -B "$(dirname "$0")/chip_states.py" "$@"
