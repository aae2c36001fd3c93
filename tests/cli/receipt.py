#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""receipt.py RECEIPT CHECKPOINT INDEX: reads a COSE receipt with nothing of Freehold's, and demands that its inclusion path leads
to the checkpoint's root from some leaf: the signature is the verifier's, the path is arithmetic."""
import base64
import sys


def item(b, i):
	"""One CBOR item of B at I, and where the next one begins."""
	major, extra, i = b[i] >> 5, b[i] & 31, i + 1
	if extra < 24:
		n = extra
	elif extra <= 27:
		n, i = int.from_bytes(b[i:i + (1 << (extra - 24))], "big"), i + (1 << (extra - 24))
	if major == 0:
		return n, i
	if major == 1:
		return -1 - n, i
	if major in (2, 3):
		return (b[i:i + n] if major == 2 else b[i:i + n].decode()), i + n
	if major == 4:
		out = []
		for _ in range(n):
			v, i = item(b, i)
			out.append(v)
		return out, i
	if major == 5:
		out = {}
		for _ in range(n):
			k, i = item(b, i)
			out[k], i = item(b, i)
		return out, i
	if major == 6:
		v, i = item(b, i)
		return (n, v), i
	return {20: False, 21: True, 22: None}[n], i


def whole(b):
	v, i = item(b, 0)
	assert i == len(b), "bytes behind the item"
	return v


receipt, note, index = open(sys.argv[1], "rb").read(), open(sys.argv[2]).read().split("\n"), int(sys.argv[3])
tag, (protected, unprotected, payload, signature) = whole(receipt)
assert tag == 18 and payload is None and len(signature) == 3309
header = whole(protected)
assert header[1] == -49 and header[395] == 1 and len(header[4]) == 32 and len(header) == 3
assert list(unprotected) == [396] and list(unprotected[396]) == [-1] and len(unprotected[396][-1]) == 1
size, at, path = whole(unprotected[396][-1][0])
assert (size, at) == (int(note[1]), index) and path and all(len(h) == 32 for h in path)
assert len(base64.b64decode(note[2])) == 32
# As many hashes as the place in such a tree takes (RFC 9162, section 2.1.3).
need, node, last = 0, at, size - 1
while last:
	if node & 1 or node < last:
		need += 1
	node, last = node >> 1, last >> 1
assert need == len(path), (need, len(path))
