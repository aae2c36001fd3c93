#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a chain of regtest with time stamps in it, in the current directory:  stamps.py [FILE]

The stamps are of FILE, or of a text of their own.

file, other          files
file.ots             file is in block 3, by way of an appended nonce
pending.ots          file, pending at a calendar
wrong.ots            file, said to be in block 2
high.ots             file, said to be in block 9, which is not there
raw, lines, bare     the headers: plain from the genesis block, `HEIGHT HEADER` of blocks 2 and 3, and block 3 alone
fork                 the headers with a longer branch from block 2 on
"""
import hashlib
import struct
import sys

MAGIC = bytes.fromhex("004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e8929401")
BITCOIN, PENDING = bytes.fromhex("0588960d73d71901"), bytes.fromhex("83dfe30d2ef90c8e")


def sha(b):
	return hashlib.sha256(b).digest()


def mine(previous, root, time):
	for nonce in range(1 << 20):
		header = struct.pack("<I", 0x20000000) + sha(sha(previous)) + root + struct.pack("<III", time, 0x207fffff, nonce)
		if sha(sha(header))[31] < 0x80:
			return header
	raise SystemExit("no nonce")


def write(name, content):
	with open(name, "wb") as f:
		f.write(content)


def main():
	file = open(sys.argv[1], "rb").read() if len(sys.argv) > 1 else b"what existed\n"
	nonce = bytes(range(16))
	root = sha(sha(file) + nonce)
	first_root = bytes.fromhex("3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a")
	genesis = struct.pack("<I", 1) + bytes(32) + first_root + struct.pack("<III", 1296688602, 0x207fffff, 2)
	chain = [genesis]
	for i in range(1, 6):
		chain.append(mine(chain[-1], root if i == 3 else bytes([i]) * 32, 1296688602 + 600 * i))
	branch = chain[:2]
	for i in range(2, 8):
		branch.append(mine(branch[-1], bytes([0x80 + i]) * 32, 1296688602 + 600 * i))

	def attested(height):
		return MAGIC + b"\x08" + sha(file) + b"\xf0\x10" + nonce + b"\x08\x00" + BITCOIN + b"\x01" + bytes([height])

	uri = b"https://calendar.example"
	write("file", file)
	write("other", b"something else\n")
	write("file.ots", attested(3))
	write("wrong.ots", attested(2))
	write("high.ots", attested(9))
	write("pending.ots", MAGIC + b"\x08" + sha(file) + b"\x00" + PENDING + bytes([len(uri) + 1, len(uri)]) + uri)
	write("raw", b"".join(chain))
	write("lines", b"".join(b"%d %s\n" % (i, chain[i].hex().encode()) for i in (2, 3)))
	write("bare", chain[3].hex().encode() + b"\n")
	lines = list(enumerate(chain)) + list(enumerate(branch))[2:]
	write("fork", b"".join(b"%d %s\n" % (i, h.hex().encode()) for i, h in lines))


main()
