#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What serve tells the service manager (Type=notify).
exec python3 -B "$(dirname "$0")/notify.py" "$@"
