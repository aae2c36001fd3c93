#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Quotes that a machine takes by itself, while its hours pass.
exec python3 -B "$(dirname "$0")/quote_schedule.py"
