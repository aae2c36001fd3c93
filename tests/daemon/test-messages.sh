#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Malformed, oversized and unknown messages over HTTP and stdio.
exec python3 -B "$(dirname "$0")/messages.py" "$@"
