#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calls of functions that a model asks for: what is asked before one is carried out, and what is recorded.
exec python3 -B "$(dirname "$0")/functions.py" "$@"
