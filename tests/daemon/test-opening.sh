#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is sealed in the record, opened by the running daemon for those whom the policy lets: record open, record disclose.
exec python3 -B "$(dirname "$0")/opening.py" "$@"
