#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# freehold connect as an MCP server over stdio.
exec python3 -B "$(dirname "$0")/connect.py" "$@"
