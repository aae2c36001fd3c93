# SPDX-License-Identifier: Apache-2.0
"""Writes a log of IMA as text, and what a TPM has to extend into PCR 10 to be where it leads:

	ima_log.py LOG [old] > EXTENDS

With `old` the log is of PCR 14, and extended as Linux did before 5.8: SHA-1 digests, with zeros behind them for SHA-256.
"""
import hashlib
import struct
import sys


def entry(path):
	digest = hashlib.sha256(path.encode()).digest()
	fields = [b"sha256:\0" + digest, path.encode() + b"\0"]
	data = b"".join(struct.pack("<I", len(field)) + field for field in fields)
	shown = hashlib.sha1(data).hexdigest()
	if OLD:
		return f"14 {shown} ima-ng sha256:{digest.hex()} {path}\n", f"14:sha1={shown},sha256={shown}{'0' * 24}"
	line = f"10 {hashlib.sha1(data).hexdigest()} ima-ng sha256:{digest.hex()} {path}\n"
	return line, f"10:sha1={hashlib.sha1(data).hexdigest()},sha256={hashlib.sha256(data).hexdigest()}"


OLD = sys.argv[2:] == ["old"]
violation = (f"10 {'0' * 40} ima-ng sha1:{'0' * 40} /open\n", f"10:sha1={'f' * 40},sha256={'f' * 64}")
entries = [entry("boot_aggregate"), entry("/usr/bin/freehold")]
if not OLD:
	entries.insert(1, violation)
with open(sys.argv[1], "w") as log:
	for line, extend in entries:
		log.write(line)
		print(extend)
