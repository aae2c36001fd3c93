#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Expired, revoked, forked, unknown and malformed statements.
exec python3 -B "$(dirname "$0")/authority.py" "$@"
