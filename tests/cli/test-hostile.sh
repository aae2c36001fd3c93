#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Records that are made to hang a reader or to fill its memory.
top=$PWD
. "$top/tests/cli/lib.sh"
exec python3 -B "$top/tests/cli/hostile.py" "$top/build"
