# SPDX-License-Identifier: Apache-2.0
"""A courier by itself, as confined as it ever is: what it reaches over https, whom it trusts, and what it says of servers that
are not as they should be, each by name and in bounded time."""
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from machine import BUILD, FREEHOLD, Failure, demand, read_proc, run_tests
from tls import Authority, Server, Stalled, allow_old, server_context

HANDSHAKE = 10  # seconds: FH_FETCH_CONNECT_MS
WHOLE = 60  # seconds: FH_FETCH_MS
FAST, TIMES = BUILD / "tests/fixture/fast-clock.so", 20  # what lets a courier's clock run so many times as fast
CORE = 4  # the descriptor of its pair with core
SILENT = "silent.example"
INNER = "--inside"  # the rest runs in name spaces of its own


# --- a courier -------------------------------------------------------------

def head(major, n):
	if n < 24:
		return bytes([major << 5 | n])
	return bytes([major << 5 | 24, n]) if n < 256 else bytes([major << 5 | 25]) + n.to_bytes(2, "big")


def read_head(b):
	"""(argument, rest) of one CBOR head of up to 16 bits."""
	small = b[0] & 31
	if small < 24:
		return small, b[1:]
	return (b[1], b[2:]) if small == 24 else (int.from_bytes(b[1:3], "big"), b[3:])


class Courier:
	"""One, with an errand; docs/spec/DOOR has the frames."""

	def __init__(self, url, body=b"", ca_file=None, **env):
		ours, theirs = socket.socketpair()

		def place():
			os.dup2(theirs.fileno(), CORE)
			os.set_inheritable(CORE, True)
		self.pair, self.began = ours, time.monotonic()
		self.process = subprocess.Popen([FREEHOLD, "role", "courier", *([ca_file] if ca_file else [])],
			env={"LC_ALL": "C", **env}, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, close_fds=False,
			preexec_fn=place)
		theirs.close()
		frame = b"\x82" + head(3, len(url)) + url.encode() + head(2, len(body)) + body
		ours.sendall(struct.pack(">I", len(frame)) + frame)

	def answer(self):
		"""(status, body, why, seconds)."""
		got = b""
		self.pair.settimeout(90)
		while chunk := self.pair.recv(65536):
			got += chunk
		self.pair.close()
		said = self.process.communicate(timeout=30)[1].decode()
		demand(self.process.returncode == 0 and not said, "the courier ended with", self.process.returncode, said)
		demand(len(got) > 5 and got[4] == 0x84, "no answer:", got)
		status, rest = read_head(got[5:])
		n, rest = read_head(rest)
		body, rest = rest[:n], rest[n:]
		n, rest = read_head(rest)
		return status, body, rest[:n].decode(), time.monotonic() - self.began


def carry(url, body=b"", ca_file=None):
	return Courier(url, body, ca_file).answer()


def greet(method, path, body):
	return 200, {}, b"hello " + method.encode() + b" " + path.encode() + b" " + body


def arrives(url, ca_file=None):
	status, said, why, _ = carry(url + "/way", b"body", ca_file)
	demand(status == 200 and said == b"hello POST /way body", url, status, said, why)


def fails(url, words, ca_file=None, within=HANDSHAKE / 2):
	status, said, why, seconds = carry(url + "/way", b"body", ca_file)
	demand(status == 0 and not said and words in why, url, ": not", repr(words), "but", status, said, repr(why))
	demand(seconds < within, "it took", seconds, "s")


class Scratch:
	"""A directory that is no role's to read, with an authority of its own."""

	def __enter__(self):
		self.hold = tempfile.TemporaryDirectory(prefix="freehold-courier-")
		self.top = Path(self.hold.name)
		self.authority = Authority(self.top)
		return self

	def __exit__(self, *_):
		self.hold.cleanup()


# --- tests -----------------------------------------------------------------

def reaches_a_server_by_the_operators_authority():
	with Scratch() as s, Server(greet, server_context(s.authority.certify())) as server:
		arrives(server.url(), s.authority.file)
		arrives(server.url("127.0.0.1"), s.authority.file)
		fails(server.url(), "by no authority that is trusted here")
		demand(len(server.seen) == 2, "what it does not trust was asked:", server.seen)


def takes_no_server_whose_certificate_is_not_right():
	with Scratch() as s:
		other, ca = Authority(s.top, "other"), s.authority.file
		with Server(greet, server_context(other.certify())) as server:
			fails(server.url(), "by no authority that is trusted here", ca)
			demand(not server.seen, "it was asked")
		for words, more in {
			"has expired": {"start": "20250101000000Z", "end": "20251231000000Z"},
			"not valid yet": {"start": "20980101000000Z"},
			"for another name": {"names": "DNS:elsewhere.example"},
		}.items():
			with Server(greet, server_context(s.authority.certify(**more))) as server:
				fails(server.url(), words, ca)
				demand(not server.seen, words, ": it was asked")
		with Server(greet, server_context(s.authority.certify(names="DNS:localhost"))) as server:
			arrives(server.url(), ca)
			fails(server.url("127.0.0.1"), "for another name", ca)


def what_a_certificate_says_of_itself_is_nowhere_repeated():
	with Scratch() as s, Server(greet, server_context(s.authority.certify(names="DNS:forged-words.example"))) as server:
		_, _, why, _ = carry(server.url(), ca_file=s.authority.file)
		demand("forged" not in why, why)


def takes_no_old_tls_and_no_server_that_speaks_something_else():
	with Scratch() as s:
		certificate, ca = s.authority.certify(), s.authority.file
		old = server_context(certificate, ssl.TLSVersion.TLSv1_1)
		with Server(greet, old) as server:
			takes_old_tls(server, ca)
			fails(server.url(), "no TLS connection can be made", ca)
		with Server(greet, server_context(certificate, ssl.TLSVersion.TLSv1_2)) as server:
			arrives(server.url(), ca)
		with Server(greet) as server:
			fails(server.url().replace("http:", "https:"), "no TLS connection can be made", ca)


def takes_old_tls(server, ca):
	"""The server is what it is meant to be: a client that wants TLS 1.1 gets it."""
	c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	c.load_verify_locations(ca)
	allow_old(c, ssl.TLSVersion.TLSv1_1)
	with socket.create_connection(("127.0.0.1", server.port)) as raw, c.wrap_socket(raw, server_hostname="localhost") as t:
		demand(t.version() == "TLSv1.1", t.version())


def follows_nothing_to_anywhere():
	with Scratch() as s, Server(greet) as plain:
		context = server_context(s.authority.certify())
		with Server(greet, context) as other:
			for to in (plain, other):
				location = {"Location": to.url() + "/stolen"}
				with Server(lambda *_: (302, location, b"elsewhere"), context) as server:
					status, said, _, _ = carry(server.url(), b"body", s.authority.file)
					demand((status, said) == (302, b"elsewhere"), status, said)
				demand(not to.seen, "it went on to", to.url(), to.seen)


def waits_for_no_handshake_without_end():
	# A server's hello that is never whole.
	half = bytes([22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3])
	with Scratch() as s, Stalled() as silent, Stalled(half) as begins:
		ca = s.authority.file
		both = [Courier(x.url(), b"body", ca) for x in (silent, begins)]
		time.sleep(1)
		for c in both:
			is_confined(c.process.pid)
		for c in both:
			status, _, why, seconds = c.answer()
			demand(status == 0 and why == f"no TLS handshake in {HANDSHAKE} s", status, why)
			demand(HANDSHAKE - 1 < seconds < 2 * HANDSHAKE, "it took", seconds, "s")


def waits_for_no_answer_without_end():
	"""Nor for one of which a byte comes now and then: a silent server is not the only one that keeps a courier."""
	drips = Stalled(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", then=b"x")
	with Stalled() as silent, drips:
		for server in (silent, drips):
			c = Courier(server.url().replace("https:", "http:"), b"body", LD_PRELOAD=str(FAST))
			status, said, why, seconds = c.answer()
			demand(status == 0 and not said and why == f"no whole answer in {WHOLE} s", status, said, why)
			demand(seconds > (WHOLE - 1) / TIMES, "it took", seconds, "s")
		demand(drips.sent > 1, "it did not drip")


def is_confined(pid):
	said = dict(l.split(":\t", 1) for l in read_proc(pid, "status").decode().splitlines() if ":\t" in l)
	demand(said["Seccomp"] == "2" and said["NoNewPrivs"] == "1" and int(said["CapEff"], 16) == 0, said)


def says_that_the_file_of_authorities_is_not_there_or_none():
	with Scratch() as s, Server(greet, server_context(s.authority.certify())) as server:
		fails(server.url(), "authorities for its certificate cannot be read", s.top / "absent.pem")
		garbage = s.top / "garbage.pem"
		garbage.write_text("no certificate\n")
		fails(server.url(), "authorities for its certificate cannot be read", garbage)


def reads_names_and_certificates_of_the_system():
	"""In name spaces of our own, where the system's files and its name server are ours."""
	own = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "--net", "--"]
	if subprocess.run([*own, "true"], capture_output=True).returncode != 0:
		return "no mount and network name spaces can be had here"
	r = subprocess.run([*own, sys.executable, "-B", __file__, INNER], capture_output=True, text=True, timeout=120)
	demand(r.returncode == 0, r.stdout, r.stderr)


# --- the same, inside name spaces --------------------------------------------

def name_server(addresses):
	"""Answers A of the names in ADDRESSES, nothing of SILENT, and that there is nothing else; it returns what it was asked."""
	s, asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), []
	s.bind(("127.0.0.1", 53))

	def serve():
		while True:
			q, who = s.recvfrom(512)
			labels, at = [], 12
			while q[at]:
				labels.append(q[at + 1:at + 1 + q[at]].decode())
				at += 1 + q[at]
			name, question = ".".join(labels), q[12:at + 5]
			asked.append(name)
			if name == SILENT:
				continue
			address = addresses.get(name) if question[-4:-2] == b"\0\1" else None
			flags = b"\x81\x80" if name in addresses else b"\x81\x83"
			a = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address) if address else b""
			s.sendto(q[:2] + flags + b"\0\1" + struct.pack(">H", bool(a)) + b"\0\0\0\0" + question + a, who)
	threading.Thread(target=serve, daemon=True).start()
	return asked


def cover(path, text, top):
	"""Puts TEXT in the place of the system's file PATH, in this name space alone."""
	own = top / Path(path).name
	own.write_text(text)
	own.chmod(0o644)
	subprocess.run(["mount", "--bind", own, os.path.realpath(path)], check=True)


def inside():
	bring_loopback_up()
	with Scratch() as s:
		s.top.chmod(0o755)
		other = Authority(s.top, "other")
		cover("/etc/ssl/certs/ca-certificates.crt", s.authority.file.read_text(), s.top)
		cover("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:3\n", s.top)
		asked = name_server({"witness.example": "127.0.0.1"})
		certificate = s.authority.certify(names="DNS:witness.example")
		with Server(greet, server_context(certificate)) as server:
			arrives(server.url("witness.example"))
			demand("witness.example" in asked, "no name was asked for:", asked)
			fails(server.url("absent.example"), "resolve")
			fails(server.url(SILENT), f"no connection in {HANDSHAKE} s", within=2 * HANDSHAKE)
			demand(SILENT in asked, "the silent name server was not asked:", asked)
			# The operator's file stands in the place of the system's, and is not added to it.
			fails(server.url("witness.example"), "by no authority that is trusted here", other.file)


def bring_loopback_up():
	import fcntl
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
		fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))  # SIOCSIFFLAGS: up, loopback, running


if __name__ == "__main__":
	if sys.argv[1:] == [INNER]:
		try:
			inside()
		except Failure as e:
			sys.exit(str(e))
		sys.exit(0)
	sys.exit(run_tests([
		reaches_a_server_by_the_operators_authority,
		takes_no_server_whose_certificate_is_not_right,
		what_a_certificate_says_of_itself_is_nowhere_repeated,
		takes_no_old_tls_and_no_server_that_speaks_something_else,
		follows_nothing_to_anywhere,
		waits_for_no_handshake_without_end,
		waits_for_no_answer_without_end,
		says_that_the_file_of_authorities_is_not_there_or_none,
		reads_names_and_certificates_of_the_system,
	]))
