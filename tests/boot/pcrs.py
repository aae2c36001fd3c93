#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares reference values with a machine's PCRs:  pcrs.py REFERENCE.json OUT PCR,...

Prints a line for each PCR that differs in some bank of the machine, or that the reference does not have.
"""
import json
import sys
from pathlib import Path

reference = json.load(open(sys.argv[1], encoding="utf-8"))["pcrs"]
banks = sorted(Path(sys.argv[2]).glob("pcr-*"))
wrong = 0
for pcr in sys.argv[3].split(","):
	for bank in banks:
		name = bank.name.removeprefix("pcr-")
		has = (bank / pcr).read_text(encoding="ascii").strip().lower()
		said = reference.get(name, {}).get(pcr)
		if said != has:
			wrong += 1
			print(f"PCR {pcr}, {name}: the machine has {has}, the reference says {said}")
if not banks:
	print("the machine has no PCRs")
sys.exit(1 if wrong or not banks else 0)
