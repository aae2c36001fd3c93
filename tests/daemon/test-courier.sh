#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A courier over https: names, certificates and trust from inside its confinement, and servers that are not as they should be.
exec python3 -B "$(dirname "$0")/courier.py" "$@"
