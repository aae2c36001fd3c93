#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# AuthZEN's Authorization API: the certification scenario, who may ask, what is recorded.
exec python3 -B "$(dirname "$0")/authzen.py" "$@"
