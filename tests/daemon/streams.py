# SPDX-License-Identifier: Apache-2.0
"""Calls that tell how far they are before they are answered: over HTTP as a stream of events, to peers line by line."""
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import sys
import time

from machine import PATIENCE, ME, Machine, Stdio, demand, in_background, read_proc, reason_of, run_tests, wait_for

WAITS = '@id("waits") %s permit (principal, action == Action::"notes.wait", resource);\n'
LOOKS = '@id("looks") %s permit (principal, action in [Action::"mcp.initialize", Action::"mcp.list"], resource);\n'
STEPS = [{"progress": n, "total": 3, "message": f"step {n}"} for n in (1, 2, 3)]
MOST = 65536  # bytes that one call may tell
MUTE = 40  # more than the gate has room for answers that are large
LARGE = 4_000_000  # bytes, more than the kernel takes for somebody who does not read
FRAME = 4 * 2 ** 20 + 65536  # and the most that it and its answer have


class Stream:
	"""A call over HTTP whose events are read one by one."""

	def __init__(self, session, token, accept="application/json, text/event-stream", tool="wait", **arguments):
		self.session = session
		session.last += 1
		params = {"name": tool, "arguments": arguments}
		if token is not None:
			params["_meta"] = {"progressToken": token}
		body = json.dumps({"jsonrpc": "2.0", "id": session.last, "method": "tools/call", "params": params})
		session.connection.request("POST", f"/mcp/{session.server}", body, {"Content-Type": "application/json",
			"Accept": accept, "MCP-Protocol-Version": "2025-11-25", "Authorization": f"Bearer {session.token}",
			"Mcp-Session-Id": session.id})
		self.response = session.connection.getresponse()
		self.type = self.response.headers["Content-Type"]

	def next(self):
		"""The next message, or None behind the last one."""
		if self.type != "text/event-stream":
			body = self.response.read()
			return json.loads(body) if body else None
		line = self.response.readline()
		if line == b"":
			return None
		demand(line.startswith(b"data: ") and self.response.readline() == b"\n", "no event:", line)
		return json.loads(line[6:])

	def whole(self):
		"""What was told, and the answer."""
		said = list(iter(self.next, None))
		demand(said and all(m.get("method") == "notifications/progress" for m in said[:-1]), said)
		demand(said[-1].get("id") == self.session.last, "the answer is another's", said[-1])
		return [m["params"] for m in said[:-1]], said[-1]


class Raw:
	"""One connection, byte by byte; its first request is a call that may be told of."""

	def __init__(self, session, id, **arguments):
		self.session = session
		self.socket = socket.socket()
		self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
		self.socket.settimeout(PATIENCE)
		self.socket.connect(("127.0.0.1", session.daemon.port))
		self.ask(id, "wait", **arguments)

	def ask(self, id, tool, **arguments):
		body = json.dumps({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool,
			"_meta": {"progressToken": id}, "arguments": arguments}})
		self.socket.sendall((f"POST /mcp/{self.session.server} HTTP/1.1\r\nHost: 127.0.0.1:{self.session.daemon.port}\r\n"
			f"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
			f"MCP-Protocol-Version: 2025-11-25\r\nAuthorization: Bearer {self.session.token}\r\n"
			f"Mcp-Session-Id: {self.session.id}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())

	def read(self, n):
		got = self.socket.recv(n)
		self.heard += got
		return got

	def until(self, end):
		while end not in self.heard:
			demand(self.read(4096), "the connection was closed behind", self.heard[-200:])
		part, _, self.heard = self.heard.partition(end)
		return part + end

	def exactly(self, n):
		while len(self.heard) < n:
			demand(self.read(4096), "the connection was closed within", self.heard[-200:])
		part, self.heard = self.heard[:n], self.heard[n:]
		return part

	def messages(self):
		"""Those of the next answer."""
		head = self.until(b"\r\n\r\n").decode().lower()
		if "transfer-encoding: chunked" not in head:
			return [json.loads(self.exactly(int(re.search(r"content-length: (\d+)", head)[1])))]
		body = b""
		while size := int(self.until(b"\r\n"), 16):
			body += self.exactly(size)
			demand(self.exactly(2) == b"\r\n", "the end of a chunk")
		demand(self.exactly(2) == b"\r\n", "the end of the chunks")
		return [json.loads(e[6:]) for e in body.decode().split("\n\n")[:-1]]

	def close(self):
		self.socket.close()

	heard = b""


def peak(pid):
	"""The most memory that a process ever had, in kB."""
	return int(re.search(rb"VmHWM:\s+(\d+) kB", read_proc(pid, "status"))[1])


def cbor(value):
	"""What of deterministic CBOR such a message has."""
	def head(major, n):
		for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
			if n < 24:
				return bytes([major << 5 | n])
			if n < 1 << 8 * size:
				return bytes([major << 5 | info]) + n.to_bytes(size, "big")
	if isinstance(value, dict):
		items = sorted((cbor(k), cbor(v)) for k, v in value.items())
		return head(5, len(items)) + b"".join(k + v for k, v in items)
	if isinstance(value, list):
		return head(4, len(value)) + b"".join(map(cbor, value))
	if isinstance(value, str):
		return head(3, len(value.encode())) + value.encode()
	if isinstance(value, bool):
		return b"\xf5" if value else b"\xf4"
	return head(0, value) if value >= 0 else head(1, -1 - value)


def told_of(params):
	"""What the outcome of a call that told PARAMS must say."""
	link, size = bytes(32), 0
	for p in params:
		body = cbor({k: v for k, v in p.items() if k != "progressToken"})
		link, size = hashlib.sha256(link + body).digest(), size + len(body)
	return [len(params), size, {"hex": link.hex()}]


def outcomes_of(entries):
	return {e["fields"]["intent"]: e["fields"] for e in entries if e["kind"] == "outcome"}


def outcomes(m):
	return outcomes_of(m.entries().values())


def the_outcome(m, path):
	"""What is recorded of the call of PATH."""
	return the_outcomes(m, [path])[0]


def the_outcomes(m, paths):
	def found():
		entries = m.entries().values()
		intents = {e["fields"].get("arguments", {}).get("path"): e["index"] for e in entries if e["kind"] == "intent"}
		ended = outcomes_of(entries)
		all = [ended.get(intents.get(p)) for p in paths]
		return None not in all and all
	return wait_for("the outcomes are recorded", found)


def run(base):
	def what_a_call_tells_comes_before_its_answer_and_is_in_the_record():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			begun = time.monotonic()
			c = Stream(s, "token-7", path="/tells", progress=STEPS, every=0.5)
			first = c.next()
			early = time.monotonic() - begun
			head = c.response.headers
			demand(c.type == "text/event-stream" and head["Cache-Control"] == "no-store", head)
			demand(first["params"] == {"progressToken": "token-7", **STEPS[0]}, first)
			demand(not [e for e in outcomes(m).values() if "detail" in e], "there is an outcome already")
			rest, answer = c.whole()
			demand(time.monotonic() - begun > early + 0.9, "it came with the answer")
			told = [first["params"], *rest]
			demand(told == [{"progressToken": "token-7", **p} for p in STEPS], told)
			demand(answer["result"]["content"][0]["text"] == "taken /tells", answer)
			demand(not s.take("/public/next")["result"]["isError"], "the connection does not go on")
			o = the_outcome(m, "/tells")
			demand(o["status"] == "result" and o["detail"] == {"told": told_of(told)}, o, told_of(told))
			sent = next(r for r in m.received() if r["arguments"].get("path") == "/tells")
			demand(isinstance(sent["_meta"]["progressToken"], int) and sent["_meta"].keys() == {"progressToken"},
				"a byte of the client's token reached the tool server:", sent)
			d.stop()
			demand(m.verify()["verdict"] == "yes", "verify")

	def who_does_not_ask_is_answered_as_ever():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			for token, accept in ((None, "application/json, text/event-stream"), ("t", "application/json"),
					("t", "*/*;q=0, application/json")):
				c = Stream(s, token, accept, path="/uninvited", progress=STEPS)
				demand(c.type == "application/json", c.type)
				demand(c.whole()[0] == [], "it was told")
			d.stop()
			last = [e["detail"] for e in outcomes(m).values() if "detail" in e]
			demand(last == [{"dropped": 3}] * 3, "what nobody had asked for is not counted:", last)
			sent = [r for r in m.received() if r["arguments"].get("path") == "/uninvited"]
			demand(len(sent) == 3 and all("_meta" not in r for r in sent), "it was invited", sent)

	def who_asks_and_is_told_nothing_is_answered_as_ever():
		with base.copy() as m:
			d = m.serve()
			c = Stream(d.session(m.token), "t", path="/tells-nothing")
			demand(c.type == "application/json" and c.whole()[0] == [], "a call that tells nothing")
			d.stop()
			demand("detail" not in the_outcome(m, "/tells-nothing"), the_outcome(m, "/tells-nothing"))

	def peers_are_told_line_by_line():
		with base.copy() as m:
			m.grant("local", "--uid", ME)
			d = m.serve()
			for direct in (True, False):
				c = Stdio(m, direct=direct).open()
				c.say({"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"name": "wait",
					"_meta": {"progressToken": -7}, "arguments": {"path": "/peer", "progress": STEPS}}})
				for step in STEPS:
					said = c.hear()
					demand(said == {"jsonrpc": "2.0", "method": "notifications/progress",
						"params": {"progressToken": -7, **step}}, said)
				demand(c.hear()["id"] == "a", "the answer")
				c.close()
			d.stop()

	def two_calls_of_one_peer_are_told_apart():
		with base.copy() as m:
			m.grant("local", "--uid", ME)
			d = m.serve()
			c = Stdio(m, direct=True).open()
			for name in ("a", "b"):
				c.say({"jsonrpc": "2.0", "id": name, "method": "tools/call", "params": {"name": "wait",
					"_meta": {"progressToken": "of " + name}, "arguments": {"path": "/" + name, "every": 0.05,
					"progress": [{"progress": n, "message": name} for n in range(9)]}}})
			heard = [c.hear() for _ in range(20)]
			for name in ("a", "b"):
				mine = [h["params"] for h in heard if h.get("params", {}).get("progressToken") == "of " + name]
				demand([p["progress"] for p in mine] == list(range(9)), heard)
				demand({p["message"] for p in mine} == {name}, heard)
			c.close()
			d.stop()

	def only_what_is_said_of_progress_is_passed_on():
		said = [{"progress": 1, "secret": "x"}, {"progress": "2"}, {"message": "no number"}, {"progress": 3, "message": 3},
			{"progress": 4, "total": None}, {"progress": 5, "message": "x" * 5000}, {"progress": 6.5, "total": 1e3},
			{"progress": 7, "progressToken": 99}, {"progress": 8, "progressToken": "8"},
			{"progress": -9, "message": "\n\r\u2028"}]
		with base.copy() as m:
			d = m.serve()
			told, answer = Stream(d.session(m.token), "t", path="/odd", progress=said).whole()
			demand([{k: v for k, v in p.items() if k != "progressToken"} for p in told] == [{"progress": 1},
				{"progress": 6.5, "total": 1000}, {"progress": -9, "message": "\n\r\u2028"}], told)
			demand({p["progressToken"] for p in told} == {"t"} and not answer["result"]["isError"], told, answer)
			demand(the_outcome(m, "/odd")["detail"]["dropped"] == 7, the_outcome(m, "/odd"))
			d.stop()

	def a_flood_is_bounded_and_the_answer_still_comes():
		with base.copy() as m:
			d = m.serve()
			s, other = d.session(m.token), d.session(m.token)
			said = [{"progress": 1, "message": "x" * 1000}]
			waiting = in_background(lambda: Stream(s, "t", path="/flood", progress=said, times=500).whole())
			demand(not other.take("/public/meanwhile")["result"]["isError"], "another session")
			told, answer = waiting()
			demand(not answer["result"]["isError"], answer)
			o = the_outcome(m, "/flood")
			demand(o["detail"]["told"] == told_of(told) and MOST - 1100 < o["detail"]["told"][1] <= MOST, o)
			demand(o["detail"]["dropped"] == 500 - len(told) > 400, o)
			d.stop()

	def what_is_told_counts_as_the_answer_does():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS % "" + WAITS % f'@quota("{2 * FRAME} bytes/day")')
			d = m.serve()
			steps = [{"progress": n, "message": "y" * 500} for n in range(20)]
			told, _ = Stream(d.session(m.token), 1, path="/counted", progress=steps).whole()
			quiet = d.session(m.token).call("wait", path="/counted2")
			d.stop()
			entries = m.entries()
			for path in ("/counted", "/counted2"):
				i = next(i for i, e in entries.items() if e["kind"] == "intent"
					and e["fields"].get("arguments", {}).get("path") == path)
				o = outcomes(m)[i]
				took = entries[i]["fields"]["effect"][1][0][-1]
				back = o["effect"][1][0][-1] if o["effect"][1] else 0
				said = o["detail"]["told"][1] if "detail" in o else 0
				result = len(cbor(o["result"]))
				demand(took == FRAME + len(cbor(entries[i]["fields"]["arguments"])), "taken:", took)
				demand(back == FRAME - result - said, "given back:", back, result, said)
			demand(not quiet["result"]["isError"] and len(told) == 20, told)
			demand(m.verify()["verdict"] == "yes", "verify")

	def cut(m, d, token, path, sign, by=""):
		"""The stream of a call of PATH, which SIGN cuts."""
		c = Stream(d.session(token), "t", path=path, progress=STEPS * 200, every=0.1)
		heard = [c.next() for _ in range(2)]
		sign()
		asked = time.monotonic()
		rest, answer = c.whole()
		demand(time.monotonic() - asked < PATIENCE / 2, "it went on for", time.monotonic() - asked)
		demand(answer["result"]["isError"] and reason_of(answer) == "partial", answer)
		demand(by in answer["result"]["content"][0]["text"], answer)
		told = [h["params"] for h in heard] + rest
		o = the_outcome(m, path)
		demand(o["status"] == "partial" and o["detail"]["told"] == told_of(told), o, len(told))

	def what_is_revoked_cuts_a_stream():
		with base.copy() as m:
			d = m.serve()
			device = json.loads(m.run("lease", "show", "--json").stdout)["device"]
			other = m.grant("other")
			wait_for("the other is known", lambda: "result" in d.http(other).initialize())
			cut(m, d, other, "/actor", lambda: m.sign("actor", "revoke", "other"), "revoked by the operator")
			cut(m, d, m.token, "/pins", lambda: m.sign("pin", m.server), "revoked by the operator")
			cut(m, d, m.token, "/policy", lambda: m.sign("policy", "revoke"), "no policy is in force")
			m.sign_policy()
			wait_for("there is a policy again", lambda: "result" in d.http(m.token).initialize())
			cut(m, d, m.token, "/server", lambda: m.sign("server", "revoke", m.server), "revoked by the operator")
			wait_for("its tool servers end", lambda: "tool server" not in d.roles())
			m.govern()
			wait_for("there is a server again", lambda: "result" in d.http(m.token).initialize())
			cut(m, d, m.token, "/device", lambda: m.sign("device", "revoke", device))
			d.stop()
			v = m.verify(status=1)
			demand((v["authentic"], v["quotas"], v["reasons"][0]["code"]) == ("yes", "checked", "revoked"), v)

	def a_lease_that_lapses_cuts_a_stream():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS % "@fallback" + WAITS % "", lease="8s")
			d = m.serve()
			cut(m, d, m.token, "/lease", lambda: None, "lease has ended")
			d.stop()
			demand(m.verify()["verdict"] == "yes", "verify")

	def a_stream_of_a_fallback_permit_outlives_the_lease():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS % "@fallback" + WAITS % "@fallback", lease="3s")
			d = m.serve()
			told, answer = Stream(d.session(m.token), "t", path="/safe", progress=STEPS * 2, every=1).whole()
			demand(len(told) == 6 and not answer["result"]["isError"], told, answer)
			demand(m.run("lease", "show", status=1), "the lease")
			d.stop()

	def a_policy_that_expires_cuts_a_stream():
		with base.copy() as m:
			m.sign_policy("8s", policy=LOOKS % "@fallback" + WAITS % "@fallback")
			d = m.serve()
			cut(m, d, m.token, "/expires", lambda: None, "no policy is in force")
			d.stop()

	def a_stream_that_is_given_up_ends_at_once():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			c = Stream(s, "t", path="/given-up", progress=STEPS * 200, every=0.1)
			c.next()
			again = d.http(m.token)
			again.id = s.id
			again.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": s.last}})
			demand(reason_of(c.whole()[1]) == "cancelled", "the answer")
			demand(the_outcome(m, "/given-up")["status"] == "cancelled", "the outcome")
			d.stop()

	def who_leaves_a_stream_leaves_the_call():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			c = Stream(s, "t", path="/left", progress=STEPS * 4, every=0.1)
			c.next()
			c.response.close()
			s.connection.close()
			o = wait_for("the call ends", lambda: the_outcome(m, "/left"))
			demand(o["status"] == "result" and o["detail"]["told"][0] == 12, o)
			demand(not d.session(m.token).take("/public/after")["result"]["isError"], "the gate")
			d.stop()

	def what_waits_when_a_lease_lapses_is_not_passed_on():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS % "@fallback" + WAITS % "", lease="8s")
			d = m.serve()
			core, heard = d.roles()["core"][0], []
			c = Stream(d.session(m.token), "t", path="/waits", progress=STEPS * 200, every=0.05)
			reading = in_background(lambda: heard.extend(iter(c.next, None)))
			wait_for("it is told", lambda: len(heard) > 2)
			os.kill(core, signal.SIGSTOP)  # what the server tells now waits for core
			wait_for("the lease ends", lambda: m.run("lease", "show", status=None).returncode == 1)
			before = len(heard)
			os.kill(core, signal.SIGCONT)
			reading()
			demand(reason_of(heard[-1]) == "partial", heard[-1])
			demand(len(heard) - 1 <= before + 1, "told after the end of the lease:", len(heard) - 1 - before)
			o = the_outcome(m, "/waits")
			demand(o["status"] == "partial" and o["detail"]["told"] == told_of([h["params"] for h in heard[:-1]]), o)
			d.stop()

	def many_who_read_nothing_hold_up_nobody():
		with base.copy() as m:
			d = m.serve()
			s, reader = d.session(m.token), d.session(m.token)
			gate, core = d.roles()["network gate"][0], d.roles()["core"][0]
			mute = [Raw(s, i, path=f"/mute/{i}", progress=[{"progress": 1, "message": "x" * 1000}], times=62)
				for i in range(MUTE)]
			told = [o["detail"]["told"][0] for o in the_outcomes(m, [f"/mute/{i}" for i in range(MUTE)])]
			demand(told == [62] * MUTE, "what nobody reads is not told:", told)
			demand(peak(gate) < 64 * 1024 and peak(core) < 128 * 1024, "kB of memory:", peak(gate), peak(core))
			told, answer = Stream(reader, "t", path="/reads", progress=STEPS).whole()
			demand(len(told) == 3 and not answer["result"]["isError"], told, answer)
			long = reader.call("wait", path="y" * 100000)
			demand(long["result"]["content"][0]["text"] == "taken " + "y" * 100000, "a long answer")
			for r in mute:
				r.close()
			d.alive()
			d.stop()

	def many_who_read_no_large_answer_hold_up_nobody():
		with base.copy() as m:
			d = m.serve()
			s, reader = d.session(m.token), d.session(m.token)
			gate, mute = d.roles()["network gate"][0], []
			for i in range(MUTE):
				mute.append(Raw(s, i, path=f"/large/{i}", progress=STEPS, more=LARGE))
				demand(mute[-1].read(1), "the connection was closed")
			the_outcomes(m, [f"/large/{i}" for i in range(MUTE)])
			for _ in range(3):
				long = reader.call("wait", path="/long", more=100000)
				demand(len(long["result"]["content"][0]["text"]) > 100000, "a long answer")
			demand(peak(gate) < 256 * 1024, "kB of memory:", peak(gate))
			for r in mute:
				r.close()
			d.alive()
			d.stop()

	def who_reads_slowly_is_told_all():
		with base.copy() as m:
			d = m.serve()
			s, other = d.session(m.token), d.session(m.token)
			r = Raw(s, 1, path="/slow", progress=[{"progress": n, "message": "x" * 1000} for n in range(62)])
			for _ in range(3):
				demand(not other.take("/public/meanwhile")["result"]["isError"], "another session")
				demand(r.read(1), "the connection was closed")
			said = r.messages()
			demand([x["params"]["progress"] for x in said[:-1]] == list(range(62)), said)
			demand(not said[-1]["result"]["isError"], said[-1])
			told = the_outcome(m, "/slow")["detail"]["told"]
			demand(told == told_of([x["params"] for x in said[:-1]]), "the outcome", told)
			d.stop()

	def a_session_ended_in_mid_stream_ends_it():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			c = Stream(s, "t", path="/deleted", progress=STEPS * 200, every=0.1)
			heard = [c.next()["params"]]
			again = d.http(m.token)
			again.id = s.id
			demand(again.send(None, method="DELETE")[0] == 204, "DELETE")
			rest, answer = c.whole()
			demand(reason_of(answer) == "cancelled" and "ended the session" in str(answer), answer)
			o = the_outcome(m, "/deleted")
			demand(o["status"] == "cancelled" and o["detail"]["told"] == told_of(heard + rest), o)
			for body in ({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": s.last}},
					{"jsonrpc": "2.0", "method": "notifications/initialized"}):
				status, _, said = again.send(body)
				demand(status == 404 and reason_of(json.loads(said)) == "unknown-session", status, said)
			gone = s.take("/public/gone")
			demand(gone["http"] == 404 and "error" in gone and "policy" not in gone["error"]["message"], gone)
			demand(again.send(None, method="DELETE")[0] == 404, "DELETE again")
			d.stop()

	def one_session_streams_over_two_connections():
		with base.copy() as m:
			d = m.serve()
			s, again = d.session(m.token), d.http(m.token)
			again.id = s.id
			streams = [Stream(who, name, path="/" + name, progress=[{"progress": n, "message": name} for n in range(9)],
				every=0.05) for who, name in ((s, "one"), (again, "two"))]
			others = [in_background(c.whole) for c in streams]
			for c, whole, name in zip(streams, others, ("one", "two")):
				told, answer = whole()
				demand([(p["progress"], p["message"], p["progressToken"]) for p in told]
					== [(n, name, name) for n in range(9)], told)
				demand(answer["result"]["content"][0]["text"] == "taken /" + name, answer)
				demand(the_outcome(m, "/" + name)["detail"]["told"] == told_of(told), name)
			d.stop()

	def who_says_no_more_is_told_all():
		with base.copy() as m:
			d = m.serve()
			r = Raw(d.session(m.token), 1, path="/half", progress=STEPS, every=0.2)
			demand(r.read(1), "it begins")
			r.socket.shutdown(socket.SHUT_WR)
			said = r.messages()
			demand(len(said) == 4 and not said[-1]["result"]["isError"], said)
			demand(r.read(1) == b"", "the connection stays")
			d.stop()

	def what_is_asked_behind_a_stream_is_answered_behind_it():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			r = Raw(s, 1, path="/first", progress=STEPS, every=0.1)
			r.ask(2, "wait", path="/second" + "z" * 30000)  # more than the gate reads ahead
			r.ask(3, "wait", path="/third", progress=STEPS)
			r.ask(4, "take", path="/public/fourth")
			ids = []
			for expected in (3, 0, 3, 0):
				said = r.messages()
				demand(len(said) == expected + 1, said)
				ids.append(said[-1]["id"])
			demand(ids == [1, 2, 3, 4], ids)
			order = [x["arguments"]["path"][:7] for x in m.received()[-4:]]
			demand(order == ["/first", "/second", "/third", "/public"], order)
			d.stop()

	def nobody_gives_up_the_call_of_another_session():
		with base.copy() as m:
			m.grant("other")
			d = m.serve()
			s = d.session(m.token)
			c = Stream(s, "t", path="/mine", progress=STEPS * 3, every=0.1)
			c.next()
			other = d.session(m.token)
			for id in (s.last, str(s.last)):
				status, _, _ = other.send({"jsonrpc": "2.0", "method": "notifications/cancelled",
					"params": {"requestId": id}})
				demand(status == 202, "of nothing", status)
			told, answer = c.whole()
			demand(len(told) == 8 and not answer["result"]["isError"], told, answer)
			demand(the_outcome(m, "/mine")["status"] == "result", "the outcome")
			d.stop()

	def a_stream_ends_when_the_daemon_stops():
		with base.copy() as m:
			d = m.serve()
			c = Stream(d.session(m.token), "t", path="/stops", progress=STEPS * 200, every=0.1)
			heard = [c.next()["params"]]
			d.process.send_signal(signal.SIGTERM)
			rest, answer = c.whole()
			demand(reason_of(answer) == "cancelled", answer)
			demand(d.wait() == 0, d.log())
			o = the_outcome(m, "/stops")
			demand(o["status"] == "cancelled" and o["detail"]["told"] == told_of(heard + rest), o)
			demand(m.verify()["verdict"] == "yes", "verify")

	def a_stream_whose_daemon_dies_has_no_answer():
		with base.copy() as m:
			d = m.serve()
			c = Stream(d.session(m.token), "t", path="/dies", progress=STEPS * 200, every=0.1)
			c.next()
			d.kill()
			try:
				said = list(iter(c.next, None))
				demand(all("result" not in x or x["result"]["isError"] for x in said), "it looks whole:", said)
			except (http.client.HTTPException, OSError):
				pass
			d = m.serve()
			demand(the_outcome(m, "/dies")["status"] == "unknown", the_outcome(m, "/dies"))
			d.stop()

	def a_token_that_is_none_is_refused():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			for token in (1.5, True, [], {}, "x" * 200):
				answer = Stream(s, token, path="/token").whole()[1]
				demand(answer["error"]["code"] == -32602 and "progressToken" in answer["error"]["message"], answer)
			told, answer = Stream(s, "x" * 126, path="/long", progress=STEPS).whole()
			demand(told == [] and not answer["result"]["isError"], "too long for both is answered, and not told", told)
			d.stop()

	return run_tests([what_a_call_tells_comes_before_its_answer_and_is_in_the_record, who_does_not_ask_is_answered_as_ever,
		who_asks_and_is_told_nothing_is_answered_as_ever,
		peers_are_told_line_by_line, two_calls_of_one_peer_are_told_apart, only_what_is_said_of_progress_is_passed_on,
		a_flood_is_bounded_and_the_answer_still_comes, what_is_told_counts_as_the_answer_does,
		what_is_revoked_cuts_a_stream, a_lease_that_lapses_cuts_a_stream,
		a_stream_of_a_fallback_permit_outlives_the_lease, a_policy_that_expires_cuts_a_stream,
		what_waits_when_a_lease_lapses_is_not_passed_on, many_who_read_nothing_hold_up_nobody,
		many_who_read_no_large_answer_hold_up_nobody, who_reads_slowly_is_told_all,
		a_session_ended_in_mid_stream_ends_it, one_session_streams_over_two_connections, who_says_no_more_is_told_all,
		what_is_asked_behind_a_stream_is_answered_behind_it, nobody_gives_up_the_call_of_another_session,
		a_stream_that_is_given_up_ends_at_once, who_leaves_a_stream_leaves_the_call, a_stream_ends_when_the_daemon_stops,
		a_stream_whose_daemon_dies_has_no_answer, a_token_that_is_none_is_refused])


with Machine() as base:
	base.make().govern()
	sys.exit(run(base))
