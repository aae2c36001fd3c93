# SPDX-License-Identifier: Apache-2.0
"""banks.py LOG BANK...: writes a crypto-agile event log with these banks, and prints where it leads, as BANK PCR VALUE: by Python's
hashlib alone, so independently of what is tested."""
import hashlib
import struct
import sys

ALGORITHMS = {"sha1": (0x0004, "sha1"), "sha256": (0x000B, "sha256"),
	"sha384": (0x000C, "sha384"), "sha512": (0x000D, "sha512"),
	"sm3_256": (0x0012, "sm3"), "sha3_256": (0x0027, "sha3_256"),
	"sha3_384": (0x0028, "sha3_384"), "sha3_512": (0x0029, "sha3_512")}
NO_ACTION, SEPARATOR, CRTM_VERSION, IPL, EFI_ACTION = 0x03, 0x04, 0x08, 0x0D, 0x80000007
LOCALITY = 3


def digest(bank, data):
	return hashlib.new(ALGORITHMS[bank][1], data).digest()


def size(bank):
	return hashlib.new(ALGORITHMS[bank][1]).digest_size


def first(banks):
	data = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, len(banks))
	data += b"".join(struct.pack("<HH", ALGORITHMS[b][0], size(b)) for b in banks) + b"\0"
	return struct.pack("<II", 0, NO_ACTION) + bytes(20) + struct.pack("<I", len(data)) + data


def record(pcr, kind, data, banks):
	digests = {b: bytes(size(b)) if kind == NO_ACTION else digest(b, data) for b in banks}
	body = b"".join(struct.pack("<H", ALGORITHMS[b][0]) + digests[b] for b in banks)
	return struct.pack("<III", pcr, kind, len(banks)) + body + struct.pack("<I", len(data)) + data


banks = sys.argv[2:]
events = [(0, NO_ACTION, b"StartupLocality\0" + bytes([LOCALITY])), (0, CRTM_VERSION, "1.0\0".encode("utf-16-le"))]
events += [(4, EFI_ACTION, b"Calling EFI Application from Boot Option")]
events += [(pcr, SEPARATOR, bytes(4)) for pcr in range(8)]
events += [(8, IPL, b"grub_cmd: linux /vmlinuz\0"), (9, IPL, b"/vmlinuz\0"), (9, IPL, b"x" * 5000)]

with open(sys.argv[1], "wb") as log:
	log.write(first(banks))
	for event in events:
		log.write(record(*event, banks))
for b in banks:
	pcrs = {}
	for pcr, kind, data in events:
		before = pcrs.get(pcr, bytes(size(b) - 1) + bytes([LOCALITY if pcr == 0 else 0]))
		pcrs[pcr] = before if kind == NO_ACTION else digest(b, before + digest(b, data))
	for pcr, value in pcrs.items():
		print(b, pcr, value.hex())
