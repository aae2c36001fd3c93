#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every file of a state directory, harmed in every way.
exec python3 -B "$(dirname "$0")/harmed.py" "$@"
