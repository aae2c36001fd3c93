# SPDX-License-Identifier: Apache-2.0
"""Calls that tell how far they are before they are answered: over HTTP as a stream of events, to peers line by line."""
import hashlib
import http.client
import json
import signal
import sys
import time

from machine import PATIENCE, ME, Machine, Stdio, demand, in_background, reason_of, run_tests, wait_for

WAITS = '@id("waits") %s permit (principal, action == Action::"notes.wait", resource);\n'
LOOKS = '@id("looks") %s permit (principal, action in [Action::"mcp.initialize", Action::"mcp.list"], resource);\n'
STEPS = [{"progress": n, "total": 3, "message": f"step {n}"} for n in (1, 2, 3)]
MOST = 65536  # bytes that one call may tell
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


def outcomes(m):
	return {e["fields"]["intent"]: e["fields"] for e in m.entries().values() if e["kind"] == "outcome"}


def the_outcome(m, path):
	"""What is recorded of the call of PATH."""
	intent = next(i for i, e in m.entries().items() if e["kind"] == "intent"
		and e["fields"].get("arguments", {}).get("path") == path)
	return wait_for("its outcome is recorded", lambda: outcomes(m).get(intent))


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
		a_stream_that_is_given_up_ends_at_once, who_leaves_a_stream_leaves_the_call, a_stream_ends_when_the_daemon_stops,
		a_stream_whose_daemon_dies_has_no_answer, a_token_that_is_none_is_refused])


with Machine() as base:
	base.make().govern()
	sys.exit(run(base))
