#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a machine publishes of itself, and whether anybody can check it.
exec python3 -B "$(dirname "$0")/document.py" "$@"
