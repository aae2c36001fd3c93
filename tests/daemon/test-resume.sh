#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a start reads of the record, and what it takes nobody's word for.
exec python3 -B "$(dirname "$0")/resume.py" "$@"
