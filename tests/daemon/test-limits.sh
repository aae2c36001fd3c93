#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Quotas and the lease: what they permit, and that nothing gives any of it back.
exec python3 -B "$(dirname "$0")/limits.py" "$@"
