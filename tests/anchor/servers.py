#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A calendar and a Bitcoin node on loopback, as far as the tests need them:  servers.py calendar|node

Prints its port and ends with its standard input.  With a file `server.pem` in the current directory they speak TLS with the
certificate and key in it.  Both look at the file `do` in the current directory for each request, a
word that says how to misbehave, and write what they were asked to `asked`, and the last request's header to `headers`.

calendar  promises by an appended nonce; once the file `root` exists, attests it by block 3 as well
node      a chain of regtest: `mine N` and `branch N` (which replaces the last N - 1 blocks) are methods of its own
"""
import hashlib
import http.server
import json
import os
import ssl
import struct
import sys
import threading

BITCOIN, PENDING = bytes.fromhex("0588960d73d71901"), bytes.fromhex("83dfe30d2ef90c8e")
LOGIN = "Basic dXNlcjpzZWNyZXQ="  # user:secret
ROOT = bytes.fromhex("3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a")


def sha(b):
	return hashlib.sha256(b).digest()


def twice(b):
	return sha(sha(b))


def word():
	try:
		with open("do", encoding="ascii") as f:
			return f.read().strip()
	except FileNotFoundError:
		return ""


class Server(http.server.BaseHTTPRequestHandler):
	def log_message(self, *_):
		pass

	def send(self, status, body, **headers):
		self.send_response(status)
		for name, value in headers.items():
			self.send_header(name, value)
		self.send_header("Content-Length", str(len(body)))
		self.end_headers()
		self.wfile.write(body)

	def body(self):
		got = self.rfile.read(int(self.headers.get("Content-Length", "0")))
		with open("asked", "ab") as f:
			f.write(f"{self.command} {self.path} {got.hex()} {self.headers.get('Accept', '')}\n".encode())
		with open("headers", "w", encoding="utf-8") as f:
			f.writelines(f"{name}: {value}\n" for name, value in sorted(self.headers.items()))
		return got

	def do_POST(self):
		self.answer(self.body())

	def do_GET(self):
		self.answer(self.body())


class Calendar(Server):
	nonce = b"calendar"
	roots = {}

	def attested(self, message):
		return b"\x00" + BITCOIN + b"\x01\x03" if message in self.roots else b""

	def answer(self, got):
		uri = f"{self.server.scheme}://127.0.0.1:{self.server.server_port}".encode()
		pending = b"\x00" + PENDING + bytes([len(uri) + 1, len(uri)]) + uri
		do = word()
		if do == "error":
			self.send(500, b"not today")
		elif do == "elsewhere":
			self.send(302, b"", Location="http://127.0.0.1:1/digest")
		elif do == "garbage":
			self.send(200, b"\xf4 what is this")
		elif do == "large":
			self.send(200, b"\x00" * 20000)
		elif self.path == "/digest" and len(got) == 32:
			self.send(200, b"\xf0\x08" + self.nonce + b"\x08" + pending)
		elif self.path.startswith("/timestamp/") and os.path.exists("root"):
			# The message and something of others lead to the root.
			message = bytes.fromhex(self.path.split("/")[2])
			with open("root", "wb") as f:
				f.write(sha(message + b"others"))
			self.send(200, b"\xf0\x06others\x08\x00" + BITCOIN + b"\x01\x03")
		else:
			self.send(404, b"pending")


class Chain:
	def __init__(self):
		genesis = struct.pack("<I", 1) + bytes(32) + ROOT + struct.pack("<III", 1296688602, 0x207fffff, 2)
		self.blocks, self.pool, self.stale = [(genesis, [ROOT])], [], []

	def mine(self, salt=0):
		height, previous = len(self.blocks), self.blocks[-1][0]
		ids = [twice(struct.pack("<II", height, salt))] + [twice(x) for x in self.pool]
		self.pool, level = [], ids
		while len(level) > 1:
			level = [twice(level[i] + level[min(i + 1, len(level) - 1)]) for i in range(0, len(level), 2)]
		for nonce in range(1 << 20):
			header = struct.pack("<I", 0x20000000) + twice(previous) + level[0] \
				+ struct.pack("<III", 1296688602 + 600 * height, 0x207fffff, nonce)
			if twice(header)[31] < 0x80:
				break
		self.blocks.append((header, ids))

	def find(self, shown):
		for height, (header, ids) in enumerate(self.blocks):
			if twice(header)[::-1].hex() == shown:
				return header, ids, height, len(self.blocks) - height
		for header, ids, height in self.stale:
			if twice(header)[::-1].hex() == shown:
				return header, ids, height, -1
		raise ValueError("Block not found")


class Node(Server):
	chain = Chain()

	def getblockchaininfo(self):
		return {"chain": "main" if word() == "main" else "regtest", "blocks": len(self.chain.blocks) - 1}

	def createrawtransaction(self, inputs, outputs):
		assert inputs == []
		return "020000000001" + "00" * 8 + "226a20" + outputs[0 if isinstance(outputs, list) else "data"] + "00000000"

	def fundrawtransaction(self, raw):
		# An input, and change; the data comes second.
		middle = "01" + "11" * 32 + "00000000" + "00" + "feffffff" + "02" + "00e1f50500000000" + "16" + "0014" + "22" * 20
		if word() == "other-data":
			raw = raw[:-10] + "ab" + raw[-8:]
		return {"hex": "02000000" + middle + raw[12:], "fee": 0.0123 if word() == "fee" else 0.00000141, "changepos": 0}

	def signrawtransactionwithwallet(self, raw):
		return {"hex": raw[:8] + "0001" + raw[8:-8] + "02" + "02abcd" + "00" + raw[-8:], "complete": word() != "locked"}

	def sendrawtransaction(self, raw):
		if word() == "reject":
			raise ValueError("min relay fee not met")
		stripped = bytes.fromhex(raw[:8] + raw[12:-18] + raw[-8:])
		self.chain.pool.append(stripped)
		return twice(stripped)[::-1].hex()

	def gettransaction(self, shown):
		for height, (header, ids) in enumerate(self.chain.blocks):
			if bytes.fromhex(shown)[::-1] in ids:
				return {"confirmations": len(self.chain.blocks) - height, "blockhash": twice(header)[::-1].hex()}
		for header, ids, _ in self.chain.stale:
			# A wallet that has not noticed.
			if word() == "stale" and bytes.fromhex(shown)[::-1] in ids:
				return {"confirmations": 100, "blockhash": twice(header)[::-1].hex()}
		return {"confirmations": 0}

	def getblockhash(self, height):
		return twice(self.chain.blocks[height][0])[::-1].hex()

	def getblockheader(self, shown, verbose):
		header, _, height, confirmations = self.chain.find(shown)
		if word() == "other-header":
			header = header[:40] + b"x" + header[41:]
		return {"height": height, "confirmations": confirmations} if verbose else header.hex()

	def getblock(self, shown, verbosity):
		_, ids, _, _ = self.chain.find(shown)
		assert verbosity == 1
		if word() == "other-block":
			ids = [bytes(32)] + ids
		return {"tx": [x[::-1].hex() for x in ids]}

	def mine(self, n):
		for _ in range(n):
			self.chain.mine()

	def branch(self, n):
		for height in range(len(self.chain.blocks) - n + 1, len(self.chain.blocks)):
			self.chain.stale.append((*self.chain.blocks[height], height))
		del self.chain.blocks[len(self.chain.blocks) - n + 1:]
		for _ in range(n):
			self.chain.mine(salt=7)

	def call(self, request):
		known = {name for name in vars(Node) if name not in ("call", "answer")}
		if request["method"] not in known:
			return {"result": None, "error": {"code": -32601, "message": "Method not found"}, "id": request["id"]}
		try:
			return {"result": getattr(self, request["method"])(*request["params"]), "error": None, "id": request["id"]}
		except ValueError as e:
			return {"result": None, "error": {"code": -26, "message": str(e)}, "id": request["id"]}

	def answer(self, got):
		if self.headers.get("Authorization") != LOGIN:
			self.send(401, b"")
		elif word() == "garbage":
			self.send(200, b"<html>")
		else:
			request = json.loads(got)
			many = isinstance(request, list)
			answers = [self.call(x) for x in (request if many else [request])]
			status = 200 if many or answers[0]["error"] is None else 500
			self.send(status, json.dumps(answers if many else answers[0]).encode())


def main():
	server = http.server.HTTPServer(("127.0.0.1", 0), {"calendar": Calendar, "node": Node}[sys.argv[1]])
	server.scheme = "https" if os.path.exists("server.pem") else "http"
	server.handle_error = lambda *_: None  # whoever goes away in the middle
	if server.scheme == "https":
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain("server.pem")
		server.socket = context.wrap_socket(server.socket, server_side=True)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	print(server.server_port, flush=True)
	sys.stdin.read()


main()
