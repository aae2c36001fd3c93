#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What has come to its age or is to be erased ends, with a record of it; what is held does not.
exec python3 -B "$(dirname "$0")/shred.py" "$@"
