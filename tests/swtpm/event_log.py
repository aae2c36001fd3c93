# SPDX-License-Identifier: Apache-2.0
"""Writes a small crypto-agile event log, and what a TPM has to extend to be where it leads:

	event_log.py LOG > EXTENDS

LOG has the records that every firmware makes (a version, variables, separators in PCR 0 to 7) and a boot application. Each line of
EXTENDS is an argument of tpm2_pcrextend.
"""
import hashlib
import struct
import sys

SHA1, SHA256 = 0x0004, 0x000B
NO_ACTION, SEPARATOR, CRTM_VERSION, IPL = 0x03, 0x04, 0x08, 0x0D
EFI_ACTION = 0x80000007


def first():
	data = b"Spec ID Event03\0" + struct.pack("<IBBBB", 0, 0, 2, 0, 2)
	data += struct.pack("<I", 2) + struct.pack("<HHHH", SHA1, 20, SHA256, 32) + b"\0"
	return struct.pack("<II", 0, NO_ACTION) + bytes(20) + struct.pack("<I", len(data)) + data


def record(pcr, kind, data):
	digests = struct.pack("<H", SHA1) + hashlib.sha1(data).digest()
	digests += struct.pack("<H", SHA256) + hashlib.sha256(data).digest()
	return struct.pack("<III", pcr, kind, 2) + digests + struct.pack("<I", len(data)) + data


events = [(0, CRTM_VERSION, "1.0\0".encode("utf-16-le"))]
events += [(4, EFI_ACTION, b"Calling EFI Application from Boot Option")]
events += [(pcr, SEPARATOR, bytes(4)) for pcr in range(8)]
events += [(8, IPL, b"grub_cmd: linux /vmlinuz\0"), (9, IPL, b"/vmlinuz\0")]

with open(sys.argv[1], "wb") as log:
	log.write(first())
	for event in events:
		log.write(record(*event))
for pcr, _, data in events:
	print(f"{pcr}:sha1={hashlib.sha1(data).hexdigest()},sha256={hashlib.sha256(data).hexdigest()}")
