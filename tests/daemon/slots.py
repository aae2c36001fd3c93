# SPDX-License-Identifier: Apache-2.0
"""The head of the file of data keys in force, to look at and to spoil (docs/spec/KEYS, "The data keys")."""
import hashlib
import struct

HEAD = 4096


def head(m):
	"""(file, epoch, blob, slot)."""
	found = []
	for name in ("data.0", "data.1"):
		data = (m.state / "keys" / name).read_bytes()
		if len(data) >= HEAD:
			epoch, n = struct.unpack(">QH", data[16:26])
			at = 26 + n
			length, = struct.unpack(">H", data[at:at + 2])
			found.append((epoch, m.state / "keys" / name, data[26:at], data[at + 2:at + 2 + length]))
	epoch, path, blob, slot = min(found)
	return path, epoch, blob, slot


def set_slot(m, slot, whole=True):
	"""Puts SLOT there; the sum over the head is made right again if WHOLE."""
	path, epoch, blob, _ = head(m)
	body = b"freehold data 1\n" + struct.pack(">QH", epoch, len(blob)) + blob
	body += struct.pack(">H", len(slot)) + slot
	body = body.ljust(HEAD - 32, b"\0")
	data = path.read_bytes()
	path.write_bytes(body + (hashlib.sha256(body).digest() if whole else data[HEAD - 32:HEAD]) + data[HEAD:])
