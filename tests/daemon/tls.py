# SPDX-License-Identifier: Apache-2.0
"""Certificates and TLS servers for tests: an authority made on the spot, servers with what it signed, and servers that are
broken or hostile below HTTP."""
import http.server
import socket
import ssl
import subprocess
import threading
import time
import warnings


class Authority:
	"""Makes certificates below the directory TOP."""

	def __init__(self, top, name="authority"):
		self.top, self.name = top, name
		self.file = top / f"{name}.pem"
		self.key = top / f"{name}.key"
		self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
			"-out", self.file, "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
			"-addext", "keyUsage=critical,keyCertSign,cRLSign")

	@staticmethod
	def run(*words):
		subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)

	def certify(self, names="DNS:localhost,IP:127.0.0.1", start="20260101000000Z", end="20991231235959Z"):
		"""A file with a certificate for NAMES and its key."""
		to = self.top / f"{self.name}-{abs(hash((names, start, end))):x}.pem"
		key, request, more = to.with_suffix(".key"), to.with_suffix(".csr"), to.with_suffix(".ext")
		self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request,
			"-subj", "/CN=server")
		more.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
		self.run("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-out", to,
			"-not_before", start, "-not_after", end, "-extfile", more)
		to.write_text(to.read_text() + key.read_text())
		return to


def server_context(certificate, newest=None):
	"""With the certificate of Authority.certify, of versions up to NEWEST."""
	c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	if newest is not None:
		allow_old(c, newest)
	c.load_cert_chain(certificate)
	return c


def allow_old(c, newest):
	"""What nobody of today wants: the test's own library must be talked into it."""
	with warnings.catch_warnings():
		warnings.simplefilter("ignore")
		c.set_ciphers("ALL:@SECLEVEL=0")
		c.minimum_version, c.maximum_version = ssl.TLSVersion.TLSv1, newest


class Quiet(http.server.ThreadingHTTPServer):
	daemon_threads = True

	def handle_error(self, request, client_address):
		pass  # what the other side makes of it is what is tested


class Server:
	"""Answers every request as ANSWER(method, path, body) -> (status, {header: value}, body) says, over TLS by CONTEXT."""

	def __init__(self, answer, context=None):
		self.seen = seen = []

		class Handler(http.server.BaseHTTPRequestHandler):
			def take(self):
				body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
				seen.append((self.command, self.path, body))
				status, headers, said = answer(self.command, self.path, body)
				self.send_response(status)
				for name, value in {"Content-Length": str(len(said)), **headers}.items():
					self.send_header(name, value)
				self.end_headers()
				try:
					self.wfile.write(said)
				except OSError:
					pass  # it may have heard enough

			do_GET = do_POST = take

			def log_message(self, *_):
				pass

		class Tls(Quiet):
			def finish_request(self, request, client_address):
				# Here, in the connection's own thread, so that one that is never shaken keeps nobody.
				if context is not None:
					request = context.wrap_socket(request, server_side=True)
				super().finish_request(request, client_address)

		self.server = Tls(("127.0.0.1", 0), Handler)
		self.port = self.server.server_port
		self.scheme = "https" if context is not None else "http"
		threading.Thread(target=self.server.serve_forever, daemon=True).start()

	def url(self, host="localhost"):
		return f"{self.scheme}://{host}:{self.port}"

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.server.shutdown()
		self.server.server_close()


class Stalled:
	"""Takes connections, sends FIRST, and then nothing, for ever, or THEN over and over."""

	def __init__(self, first=b"", then=b""):
		self.socket, self.first, self.held = socket.create_server(("127.0.0.1", 0)), first, []
		self.then, self.sent = then, 0
		self.port = self.socket.getsockname()[1]
		threading.Thread(target=self.serve, daemon=True).start()

	def serve(self):
		while True:
			try:
				c, _ = self.socket.accept()
				c.sendall(self.first)
			except OSError:
				return
			self.held.append(c)
			if self.then:
				self.drip(c)

	def drip(self, c):
		try:
			while True:
				c.sendall(self.then)
				self.sent += 1
				time.sleep(0.1)
		except OSError:
			pass

	def url(self, host="localhost"):
		return f"https://{host}:{self.port}"

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.socket.close()
		for c in self.held:
			c.close()
