# SPDX-License-Identifier: Apache-2.0
"""What no client should say, over HTTP and over stdio: each is refused with a named reason, and the daemon lives."""
import json
import socket
import sys
import time

from machine import Http, INITIALIZE, ME, Machine, Stdio, demand, index_of, reason_of, run_tests


def call(params='{"name":"take","arguments":{"path":"/public/x"}}', id="7", more="", method='"tools/call"', version='"2.0"'):
	return f'{{"jsonrpc":{version},"id":{id},"method":{method},"params":{params}{more}}}'.encode()


DEEP = b'{"a":' * 100 + b"1" + b"}" * 100
VERY_DEEP = b"[" * 200000

# (what it is, the bytes, reasons that may be named)
MESSAGES = (
	("a batch", b"[" + call() + b"," + call(id="8") + b"]", {"batch-refused"}),
	("an empty batch", b"[]", {"batch-refused"}),
	("no JSON", b"hello", {"malformed-json"}),
	("half a message", call()[:-5], {"malformed-json"}),
	("two messages in one", call() + call(), {"malformed-json"}),
	("a string", b'"tools/call"', {"not-an-object"}),
	("a number", b"17", {"not-an-object"}),
	("duplicate members", call(more=',"method":"ping"'), {"malformed-json"}),
	("duplicate members, escaped", call(more=',"meth\\u006fd":"ping"'), {"malformed-json"}),
	("duplicate arguments", call('{"name":"take","arguments":{"path":"/public/x","path":"/private/x"}}'),
		{"malformed-json"}),
	("a duplicate tool name", call('{"name":"take","name":"hidden","arguments":{}}'),
		{"malformed-json"}),
	("deep nesting", call('{"name":"take","arguments":' + DEEP.decode() + "}"), {"malformed-json"}),
	("very deep nesting", VERY_DEEP, {"malformed-json"}),
	("bad UTF-8", call('{"name":"take","arguments":{"path":"/public/').replace(b"/public/", b"/public/\xff\xfe\"}}"),
		{"malformed-json"}),
	("overlong UTF-8", b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":"\xc0\xaf"}}}',
		{"malformed-json"}),
	("half a surrogate pair", call('{"name":"take","arguments":{"path":"/public/\\ud800"}}'), {"malformed-json"}),
	("a NUL in the text", b'{"jsonrpc":"2.0",\0"id":1,"method":"ping"}', {"malformed-json"}),
	("a huge number", call('{"name":"take","arguments":{"path":"/public/x","n":1e999}}'),
		{"malformed-json", "malformed-resource"}),
	("a huge integer as id", call(id="123456789012345678901234567890"), {"bad-id", "malformed-json"}),
	("a fraction as id", call(id="1.5"), {"bad-id"}),
	("null as id", call(id="null"), {"bad-id"}),
	("an object as id", call(id="{}"), {"bad-id"}),
	("a long id", call(id='"' + "x" * 500 + '"'), {"bad-id"}),
	("another version", call(version='"1.0"'), {"not-json-rpc-2.0"}),
	("no method", b'{"jsonrpc":"2.0","id":1}', {"bad-method"}),
	("a number as method", call(method="1"), {"bad-method"}),
	("an unknown method", call(method='"resources/read"', params="{}"), {"method-not-governed"}),
	("a method with a NUL", call(method='"tools/call\\u0000"'), {"method-not-governed"}),
	("a long method", call(method='"' + "m" * 100000 + '"', params="{}"), {"bad-method"}),
	("a strange member", call(more=',"also":1'), {"unknown-member"}),
	("a response", b'{"jsonrpc":"2.0","id":1,"result":{}}', {"response-from-client"}),
	("params as a list", call(params="[]"), {"bad-params"}),
	("no tool", call(params="{}"), {"bad-params"}),
	("a number as tool", call('{"name":1}'), {"bad-params"}),
	("arguments as a list", call('{"name":"take","arguments":[]}'), {"bad-params"}),
	("strange params", call('{"name":"take","arguments":{},"uid":0}'), {"bad-params"}),
	("a second initialize", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}).encode(),
		{"already-initialized"}),
)

PATHS = ("/public/../private/x", "//public/x", "/public//x", "/public/./x", "public/x", "", ".", "/public/x/", "/public/..", "/..",
	"/public/x\0y", "/public/\n", "~/x", "/" + "p" * 5000)


def run(base):
	d = base.serve()
	base.grant("local", "--uid", ME)

	def http_session():
		return d.session(base.token)

	def bad_messages_over_http_are_refused_by_name():
		s, wrong = http_session(), []
		for what, message, reasons in MESSAGES:
			status, _, body = s.send(message)
			answer = json.loads(body) if body else {}
			if reason_of(answer) not in reasons or "result" in answer or status not in (200, 400, 413):
				wrong.append((what, status, body[:200], "not one of", reasons))
		demand(not wrong, *("\n%s" % (w,) for w in wrong))
		demand(not s.take("/public/after")["result"]["isError"], "the session is of no use any more")
		d.alive()

	def bad_messages_over_stdio_are_refused_by_name():
		c, wrong = Stdio(base, direct=True).open(), []
		for what, message, reasons in MESSAGES:
			c.say(message)
			answer = c.hear()
			if answer is None:
				wrong.append((what, "cut off without an answer"))
				c = Stdio(base, direct=True).open()
			elif reason_of(answer) not in reasons or "result" in answer:
				wrong.append((what, answer, "not one of", reasons))
		demand(not wrong, *("\n%s" % (w,) for w in wrong))
		demand(not c.take("/public/after")["result"]["isError"], "the connection is of no use any more")
		c.close()
		d.alive()

	def a_line_that_never_ends_is_refused_by_name():
		c = Stdio(base, direct=True).open()
		try:
			for _ in range(5 << 4):
				c.writer.write(b"x" * (1 << 16))
			c.writer.flush()
		except OSError:
			pass  # it was cut off while it spoke
		answer = c.hear()
		demand(reason_of(answer) == "too-large" and c.hear() is None, answer)
		c.close()
		d.alive()

	def a_wrong_greeting_is_refused_by_name():
		for hello in (b"GET / HTTP/1.1\r\n\r\n", b"freehold-connect/2 notes\n", b"freehold-connect/1 \n", b"\0\n",
				b"freehold-connect/1 " + b"n" * 200 + b"\n", b"freehold-connect/1 a/../b\n"):
			s = socket.socket(socket.AF_UNIX)
			s.settimeout(20)
			s.connect(str(base.socket))
			s.sendall(hello)
			heard = s.makefile("rb").read()
			demand(b"bad-hello" in heard, hello, heard)
			s.close()
		d.alive()

	def tools_that_the_schema_does_not_name_are_refused():
		for s in (http_session(), Stdio(base, direct=True).open()):
			time.sleep(1.1)  # what is refused in a flood is counted and not written
			for tool in ("hidden", "nothing", "take ", "TAKE", "../take", "notes/take", "\u0000", "t" * 128):
				answer = s.call(tool, path="/public/x")
				demand(reason_of(answer) == "tool-not-in-schema" and answer["result"]["isError"], tool, answer)
				entry = base.entries(index_of(answer))[index_of(answer)]
				demand(entry["kind"] == "refusal" and entry["fields"]["detail"]["tool"] == tool, tool, entry)
		demand(all(c["name"] == "take" for c in base.received()), "it reached the tool server")

	def paths_that_are_not_canonical_are_refused():
		for s in (http_session(), Stdio(base, direct=True).open()):
			time.sleep(1.1)
			for path in PATHS + (None, 1, [], {"path": "/public/x"}, True):
				answer = s.take(path)
				demand(reason_of(answer) == "malformed-resource", repr(path), answer)
				demand(answer["result"]["isError"], repr(path), answer)
			answer = s.call("take")
			demand(reason_of(answer) == "malformed-resource", "without a path", answer)
		taken = {c["arguments"]["path"] for c in base.received()}
		demand(taken <= {"/public/after", "/public/alive"}, "they reached the tool server:", taken)

	def anonymous_may_look_and_not_call():
		s = d.session()
		demand([t["name"] for t in s.ask("tools/list")["result"]["tools"]] == ["take", "wait"], "tools/list")
		answer = s.take("/public/anonymous")
		demand(reason_of(answer) == "no-permit" and answer["result"]["isError"], answer)
		entry = base.entries(index_of(answer))[index_of(answer)]["fields"]
		demand(entry["actor"] == 'Actor::"anonymous"' and entry["decision"][0] is False, entry)

	def a_wrong_token_is_refused_and_is_not_anonymous():
		for token in ("fh_" + "0" * 64, "x", base.token[:-1], base.token + "0", base.token.upper()):
			answer = d.http(token).initialize()
			demand(answer["http"] == 401 and reason_of(answer) == "unknown-credential", token, answer)
			demand(answer["headers"].get("www-authenticate") == "Bearer", answer)

	def a_session_is_its_actors_alone():
		s, thief = http_session(), d.http()
		thief.id = s.id
		answer = thief.take("/public/stolen")
		demand(reason_of(answer) == "unknown-session", answer)
		other = Http(d, base.token)
		other.id = "0" * 32
		demand(reason_of(other.take("/public/stolen")) == "unknown-session", "a session that is none")
		demand(reason_of(Http(d, base.token).take("/public/x")) == "missing-session", "no session")
		s.end()
		demand(reason_of(s.take("/public/over")) == "unknown-session", "a session that is over")

	def bad_requests_are_refused_by_name():
		body = call()
		cases = (
			("a body that is too large", dict(body=b"x" * (5 << 20)), {413}, "too-large"),
			("headers that are too large", dict(body=body, headers={"X-A": "a" * 20000}), {431}, None),
			("too many headers", dict(body=body, headers={f"X-{n}": "a" for n in range(100)}), {431}, None),
			("a long target", dict(body=body, path="/mcp/" + "n" * 5000), {414}, None),
			("an unknown path", dict(body=body, path="/admin"), {404}, None),
			("an unknown method", dict(body=body, method="PATCH"), {405, 501}, None),
			("a GET of a stream", dict(body=None, method="GET"), {405}, None),
			("another type", dict(body=body, headers={"Content-Type": "text/plain"}), {415}, "content-type"),
			("another answer", dict(body=body, headers={"Accept": "text/html"}), {406}, "accept"),
			("a foreign Host", dict(body=body, headers={"Host": "evil.example"}), {403}, "foreign-host"),
			("a foreign Origin", dict(body=body, headers={"Origin": "http://evil.example"}), {403}, "foreign-origin"),
			("an old revision", dict(body=body, headers={"MCP-Protocol-Version": "2024-11-05"}), {400},
				"protocol-version"),
			("a session that is no hex", dict(body=body, headers={"Mcp-Session-Id": "../../x"}), {404},
				"unknown-session"),
			("another scheme", dict(body=body, headers={"Authorization": "Basic eA=="}), {401}, "bad-credential"),
		)
		wrong = []
		for what, request, statuses, reason in cases:
			c = d.http(base.token)
			try:
				status, _, said = c.send(**request)
			except OSError as e:  # cut off while it was still sending: read what was answered before that
				try:
					r = c.connection.response_class(c.connection.sock, method="POST")
					r.begin()
					status, said = r.status, r.read()
				except Exception:
					status, said = 0, str(e).encode()
			named = json.loads(said)["error"] if said[:1] == b"{" else {}
			if status not in statuses or not named.get("reason") or (reason and named["reason"] != reason):
				wrong.append((what, status, said[:200], "not", statuses, reason))
		demand(not wrong, *("\n%s" % (w,) for w in wrong))
		d.alive()

	def bytes_that_are_no_http_are_refused():
		host = f"Host: 127.0.0.1:{d.port}\r\n".encode()
		post = b"POST /mcp/notes HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
		for sent in (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"hello\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n",
				b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\n" + host + host + b"\r\n",
				post + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", post + b"Content-Length: -1\r\n\r\n",
				post + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
				post + b"Content-Length: 99999999999999999999\r\n\r\n",
				post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
				b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", b"GET /healthz HTTP/1.1\r\n folded: x\r\n\r\n"):
			s = socket.create_connection(("127.0.0.1", d.port), timeout=20)
			s.sendall(sent)
			s.shutdown(socket.SHUT_WR)
			heard = s.makefile("rb").read()
			demand(heard.startswith(b"HTTP/1.1 4") or heard.startswith(b"HTTP/1.1 5"), sent, heard[:200])
			demand(b'"reason"' in heard, sent, heard)
			s.close()
		d.alive()

	def what_the_gate_refused_is_recorded():
		kinds = [e["fields"]["detail"]["reason"] for e in base.entries().values() if e["kind"] == "refusal"]
		demand({"batch-refused", "tool-not-in-schema", "malformed-resource"} <= set(kinds), sorted(set(kinds)))

	def in_the_end_all_of_it_verifies():
		d.stop()
		base.verify()

	return run_tests((bad_messages_over_http_are_refused_by_name, bad_messages_over_stdio_are_refused_by_name,
		a_line_that_never_ends_is_refused_by_name, a_wrong_greeting_is_refused_by_name,
		tools_that_the_schema_does_not_name_are_refused, paths_that_are_not_canonical_are_refused,
		anonymous_may_look_and_not_call, a_wrong_token_is_refused_and_is_not_anonymous, a_session_is_its_actors_alone,
		bad_requests_are_refused_by_name, bytes_that_are_no_http_are_refused, what_the_gate_refused_is_recorded,
		in_the_end_all_of_it_verifies))


with Machine() as made:
	made.make().govern()
	status = run(made)
sys.exit(status)
