# SPDX-License-Identifier: Apache-2.0
"""Calls of functions that a model asks for: what is asked before one is carried out, and what is recorded."""
import collections
import http.server
import json
import random
import subprocess
import sys
import threading

from machine import ME, PATIENCE, TOP, Http, Machine, demand, demand_message, run_tests, wait_for

SCHEMA = """
entity Folder in [Folder];
entity File in [Folder] { secret?: Bool };
entity City enum ["Bern", "Oslo"];
entity user { role?: String };
@openai("read_file; cat") @mcp("files/read") @resource("/path", "posix-path")
action "file.read" appliesTo { principal: [Actor], resource: [File], context: { lines?: Long, path?: File } };
@openai("write_file") @resource("/file/path", "posix-path")
action "file.write" appliesTo { principal: [Actor], resource: [File], context: { text: String, mode?: Set<String> } };
@openai("get_weather") @resource("/city", "text")
action "weather" appliesTo { principal: [Actor, user], resource: [City] };
action function_call appliesTo { principal: [user], resource: [City] };
"""
POLICY = """
@id("reads") permit (principal in Team::"research", action == Action::"file.read", resource in Folder::"/open")
	unless { context has lines && context.lines > 100 };
@id("never-keys") forbid (principal, action == Action::"file.read", resource in Folder::"/open/keys");
@id("writes") @quota("2 calls/day") permit (principal in Team::"research", action == Action::"file.write",
	resource in Folder::"/open") unless { context has mode && context.mode.contains("append") };
@id("weather") @fallback permit (principal, action == Action::"weather", resource == City::"Bern");
@id("plain") permit (principal, action == Action::"function_call", resource);
"""
OPENING = 'action "record.open" appliesTo { principal: [Actor], resource: [Device] };'
READS = '@id("opens") permit (principal == Actor::"reader", action == Action::"record.open", resource);'
# What a model calls, and what is decided of it: for the actor `agent`, which is in the team research.
BIG = "x" * 70000
CALLS = [
	("read_file", {"path": "/open/a"}, "permitted", ["reads"]),
	("cat", {"path": "/open/b/c", "lines": 100}, "permitted", ["reads"]),
	("read_file", {"path": "/open/a", "lines": 101}, "no-permit", []),
	("read_file", {"path": "/open/a", "lines": "101"}, "malformed-context", []),
	("read_file", {"path": "/open/a", "lines": None}, "malformed-context", []),
	("read_file", {"path": "/open/a", "lines": 1.0}, "malformed-context", []),
	("read_file", {"path": "/open/a", "other": [1.5, None]}, "permitted", ["reads"]),
	("read_file", {"path": "/shut/a"}, "no-permit", []),
	("read_file", {"path": "/open/keys/k"}, "forbidden", ["never-keys"]),
	("read_file", {"path": "/open/../shut/a"}, "malformed-resource", []),
	("read_file", {"path": "/open//a"}, "malformed-resource", []),
	("read_file", {"path": "/open/a/"}, "malformed-resource", []),
	("read_file", {"path": "open/a"}, "malformed-resource", []),
	("read_file", {"path": ["/open/a"]}, "malformed-resource", []),
	("read_file", {"path": ""}, "malformed-resource", []),
	("read_file", {}, "malformed-resource", []),
	("write_file", {"file": {"path": "/open/a"}, "text": "t"}, "permitted", ["writes"]),
	("write_file", {"file": {"path": "/open/a"}, "text": "t", "mode": ["append"]}, "no-permit", []),
	("write_file", {"file": {"path": "/open/a"}}, "malformed-context", []),
	("write_file", {"path": "/open/a", "text": "t"}, "malformed-resource", []),
	("write_file", {"file": {"path": "/open/a"}, "text": BIG}, "malformed-context", []),
	("get_weather", {"city": "Bern"}, "permitted", ["weather"]),
	("get_weather", {"city": "Oslo"}, "no-permit", []),
	("get_weather", {"city": "Rome"}, "malformed-resource", []),
	("delete_file", {"path": "/open/a"}, "tool-not-in-schema", []),
	("file.read", {"path": "/open/a"}, "tool-not-in-schema", []),
	("files/read", {"path": "/open/a"}, "tool-not-in-schema", []),
	("Read_file", {"path": "/open/a"}, "tool-not-in-schema", []),
]
UNTYPED = ("malformed-", "tool-not-in-schema")
# What a model may write that is no JSON object, and what is said of it.
UNREADABLE = [
	("", "at byte 0"), ("{", "at byte 1"), ('{"path": "/open/a"', "at byte"), ("[]", "no object"),
	('"/open/a"', "no object"), ('{"path": "/open/a"} {}', "at byte"), ("{'path': '/open/a'}", "at byte"),
	('{"path": "/shut/a", "path": "/open/a"}', 'duplicate name "path"'),
	('{"path": "/open/a", "x": {"y": 1, "y": 2}}', 'duplicate name "y"'),
	('{"path": "/open/a", "n": 18446744073709551616}', "at byte"), ('{"path": "/open/a", "n": NaN}', "at byte"),
	('{"path": "/open/a",}', "at byte"), ('{"path": "\\ud800"}', "at byte"),
	('{"path": "/open/a", "x": ' + "[" * 28 + "]" * 28 + "}", "nested deeper than 28"),
	('{"path": "/open/a", "x": ' + "[" * 1000 + "]" * 1000 + "}", "nested deeper"),
	('{"path": "/open/a", "x": "' + "x" * 131072 + '"}', "at most 131072"),
	('{"' + 63 * "x" + 'é": 1, "' + 63 * "x" + 'é": 1}', "duplicate name"), # a message cuts the name in a character
]


def chat(name, arguments, call="call_1"):
	"""As the chat completions API has it."""
	return {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}


def response(name, arguments, call="call_1"):
	"""As the responses API has it."""
	return {"type": "function_call", "id": "fc_1", "call_id": call, "name": name, "arguments": arguments,
		"status": "completed"}


def about(call, who="agent", kind="Actor"):
	return {"subject": {"type": kind, "id": who}, "action": {"name": "function_call", "properties": call}}


class Harness(Http):
	def question(self, body, api="evaluation"):
		status, _, answer = self.send(body, path=f"/access/v1/{api}")
		return status, json.loads(answer)

	def said(self, body, api="evaluation"):
		status, answer = self.question(body, api)
		demand(status == 200, json.dumps(body)[:500], "->", status, answer)
		return answer

	def decide(self, name, arguments, form=chat, **who):
		if not isinstance(arguments, str):
			arguments = json.dumps(arguments)
		answer = self.said(about(form(name, arguments), **who))
		context = answer["context"]
		demand(answer["decision"] is (context["reason"] == "permitted"), answer)
		demand(context["call"] == "call_1" and isinstance(context["record"], int), answer)
		return answer

	def refused(self, body, *words, api="evaluation"):
		status, answer = self.question(body, api)
		demand(status == 400 and answer["error"]["reason"] == "malformed-question", json.dumps(body), status, answer)
		demand(all(w in answer["error"]["text"] for w in words), json.dumps(body), answer, "lacks", words)


class Answerer(http.server.HTTPServer):
	"""Somebody who says the same to every question, at the address that `with` gives."""

	def __init__(self, status, body):
		class Handler(http.server.BaseHTTPRequestHandler):
			def do_POST(self):
				self.rfile.read(int(self.headers["Content-Length"]))
				self.send_response(status)
				self.send_header("Location", "/elsewhere")
				self.end_headers()
				self.wfile.write(body.encode())
			def log_message(self, *words):
				pass
		super().__init__(("127.0.0.1", 0), Handler)
		self.thread = threading.Thread(target=self.serve_forever, daemon=True)

	def __enter__(self):
		self.thread.start()
		return f"http://127.0.0.1:{self.server_port}"

	def __exit__(self, *why):
		self.shutdown()
		self.thread.join()
		self.server_close()


def govern(m):
	(m.top / "e.json").write_text("[]")
	m.sign_policy(policy=POLICY, schema=SCHEMA)
	m.token = m.grant("harness", "--bearer", "--asks", 'Actor::"agent"', "--asks", "user")
	m.grant("agent")


def explain(m, n):
	return json.loads(m.run("policy", "why", n, "--json", *m.opened()).stdout)


def replayed(m, *words, status=None):
	return json.loads(m.run("policy", "replay", "--json", *words, *m.opened(), status=status).stdout)


def exported(m, form, *words):
	return m.run("record", "export", "--format", form, *words).stdout.splitlines()


def run(base):
	def what_is_answered_is_what_policy_test_says():
		tests = [{"name": str(n), "actor": "agent", "teams": ["research"], "function": f, "arguments": a,
			"expect": e, "policies": p} for n, (f, a, e, p) in enumerate(CALLS)]
		with base.copy() as m:
			(m.top / "t.json").write_text(json.dumps({"tests": tests}))
			said = json.loads(m.run("policy", "test", m.top / "t.json", "--policy", base.top / "p.cedar",
				"--schema", base.top / "p.cedarschema", "--json").stdout)
			demand(said["passed"] == len(CALLS) and said["failed"] == 0, said)
			d = m.serve()
			asker, records = Harness(d, m.token), {}
			for form in (chat, response):
				for name, arguments, reason, policies in CALLS:
					context = asker.decide(name, arguments, form)["context"]
					got = (context["reason"], context["policies"])
					demand(got == (reason, policies), name, str(arguments)[:200], context)
					demand(("text" in context) == reason.startswith(UNTYPED), context)
					records[context["record"]] = (name, arguments, reason)
			d.stop()
			entries = m.entries()
			for index, (name, arguments, reason) in records.items():
				held_to(entries[index], name, arguments, reason)
			m.verify()
			again = replayed(m)
			lost = sum(BIG in str(r[1]) for r in records.values())
			demand(again["same"] == len(records) - lost and again["not-replayed"] == lost == 2, again)
			demand({e["why"] for e in again["entries"]} == {"its arguments were too large to be recorded"}, again)

	def random_calls_are_answered_as_policy_test_decides_them():
		dice = random.Random(7)
		def one():
			name = dice.choice([c[0] for c in CALLS])
			parts = dice.choices(("/open", "/keys", "/a", "/..", "/", "x", "/\u00e9"), (9, 5, 5, 1, 1, 1, 1), k=3)
			path = "/open" * dice.randint(0, 1) + "".join(parts)
			arguments = {"path": dice.choice([path] * 9 + [5, None, [path]]), "file": {"path": path},
				"text": dice.choice(("t", "", "u", 7)), "city": dice.choice(("Bern", "Oslo", path)),
				"lines": dice.choice((0, 100, 101, -1, 2 ** 63 - 1, 2 ** 63, 1.5, "1")),
				"mode": dice.choice(([], ["x"], ["append"], ["x", 1], "append"))}
			return name, {k: v for k, v in arguments.items() if dice.random() < 0.8}
		calls = [one() for _ in range(512)]
		tests = [{"name": str(n), "actor": "agent", "teams": ["research"], "function": f, "arguments": a,
			"expect": "undecided"} for n, (f, a) in enumerate(calls)]
		with base.copy() as m:
			(m.top / "t.json").write_text(json.dumps({"tests": tests}))
			want = json.loads(m.run("policy", "test", m.top / "t.json", "--policy", base.top / "p.cedar",
				"--schema", base.top / "p.cedarschema", "--json", status=1).stdout)["tests"]
			d = m.serve()
			asker, said = Harness(d, m.token), []
			for at in range(0, len(calls), 64):
				items = [about(dice.choice((chat, response))(f, json.dumps(a))) for f, a in calls[at:at + 64]]
				said += asker.said({"evaluations": items}, "evaluations")["evaluations"]
			for call, test, answer in zip(calls, want, said, strict=True):
				demand(answer["context"]["reason"] == test["got"], call, test, answer)
				demand(answer["context"]["policies"] == test["policies"], call, test, answer)
			reasons = collections.Counter(t["got"] for t in want)
			demand(len(reasons) == 6 and min(reasons.values()) >= 10, "hardly anything of some kind:", reasons)
			d.stop()
			m.verify()

	def held_to(entry, name, arguments, reason):
		"""ENTRY is the answer about that call."""
		fields = entry["fields"]
		demand(entry["kind"] == "answer" and fields["actor"] == 'Actor::"harness"', entry)
		demand(fields["subject"] == 'Actor::"agent"', entry)
		demand(fields["decision"][:2] == [reason == "permitted", reason], entry)
		demand(fields["detail"] == {"call": "call_1", "function": name}, entry)
		if BIG in str(arguments):
			demand(len(fields["arguments"]) == 2 and fields["arguments"][0] > len(BIG), entry)
		else:
			demand(fields["arguments"] == arguments, entry)
		typed = reason in ("permitted", "no-permit", "forbidden")
		demand(("action" in fields) == ("resource" in fields) == typed, entry)
		demand(not {"effect", "intent", "status", "client", "server", "result"} & fields.keys(), entry)
		if name in ("read_file", "cat") and typed:
			demand(fields["action"] == 'Action::"file.read"', entry)
			demand(fields["resource"] == f'File::"{arguments["path"]}"', entry)

	def arguments_that_are_none_are_answered_no():
		with base.copy() as m:
			d = m.serve()
			asker, records = Harness(d, m.token), []
			for arguments, why in UNREADABLE:
				context = asker.decide("read_file", arguments)["context"]
				demand(context["reason"] == "malformed-arguments", arguments[:200], context)
				demand(why in context["text"], arguments[:200], context)
				records.append(context["record"])
			unknown = asker.decide("rm", "{")["context"]
			demand(unknown["reason"] == "tool-not-in-schema", unknown)
			d.stop()
			entries = m.entries()
			for index, (_, why) in zip(records, UNREADABLE):
				fields = entries[index]["fields"]
				demand(fields["detail"]["function"] == "read_file" and why in fields["detail"]["text"], fields)
				demand("arguments" not in fields and "action" not in fields, fields)
			m.verify()
			again = replayed(m)
			demand(again["same"] == again["decisions"] == len(UNREADABLE) + 1, again)
			explained = explain(m, records[7])
			demand(explained["same"] and "action" not in explained, explained)
			demand((explained["function"], explained["call"]) == ("read_file", "call_1"), explained)
			demand('duplicate name "path"' in explained["because"], explained)

	def what_is_no_call_is_refused_by_name():
		call = chat("read_file", '{"path": "/open/a"}')
		function = call["function"]
		wrong = [
			(call | {"type": "custom", "custom": {"name": "x", "input": "y"}}, "`type`"),
			({k: v for k, v in call.items() if k != "type"}, "`type`"),
			({k: v for k, v in call.items() if k != "id"}, "`id`"),
			(call | {"id": ""}, "`id`"), (call | {"id": 7}, "`id`"), (call | {"id": "x" * 129}, "`id` is too long"),
			(call | {"function": None}, "`function`"), (call | {"function": [function]}, "`function`"),
			(call | {"function": function | {"name": ""}}, "`name`"),
			(call | {"function": function | {"name": "x" * 129}}, "`name`"),
			(call | {"function": {"name": "read_file"}}, "`arguments`"),
			(call | {"function": function | {"arguments": {"path": "/open/a"}}}, "`arguments` must be a text"),
			(call | {"function": function | {"namespace": "other"}}, "`namespace`"),
			(call | {"namespace": "other"}, "`namespace`"), (call | {"call_id": "call_2"}, "`call_id`"),
			(response("read_file", "{}") | {"namespace": "other"}, "`namespace`"),
			(response("read_file", "{}") | {"status": "in_progress"}, "`status`"),
			(response("read_file", "{}") | {"function": function}, "`function`"),
			(response("read_file", "{}") | {"call_id": None}, "`call_id`"), ({}, "`type`"),
		]
		with base.copy() as m:
			d = m.serve()
			asker = Harness(d, m.token)
			for properties, word in wrong:
				asker.refused(about(properties), word)
			asker.refused({**about(call), "action": {"name": "function_call"}}, "`type`")
			asker.refused({**about(call), "action": {"name": "function_call", "properties": []}}, "properties")
			for given, word in (({"resource": {"type": "File", "id": "/open/a"}}, "`resource`"),
					({"context": {}}, "`context`"), ({"context": {"lines": 1}}, "`context`"),
					({"subject": {"type": "Actor", "id": "agent", "properties": {}}}, "`subject.properties`")):
				asker.refused(about(call) | given, word, "must not be sent")
			for api in ("search/subject", "search/resource"):
				asker.refused({**about(call), "resource": {"type": "City", "id": "Bern"}}, "`action.name`", api=api)
			for extra in ({"index": 0}, {"namespace": None}):
				demand(asker.said(about(call | extra))["decision"] is True, extra)
			body = about(chat("read_file", json.dumps({"path": "/open/a", "x": "y" * (256 << 10)})))
			asker.refused(body, "too long")
			d.stop()
			kinds = [e["kind"] for e in m.entries().values()]
			demand(kinds.count("answer") == 2 and kinds.count("refusal") == len(wrong) + 9, kinds)
			m.verify()

	def an_action_of_that_name_is_asked_about_in_full():
		plain = {"subject": {"type": "user", "id": "u"}, "action": {"name": 'Action::"function_call"'},
			"resource": {"type": "City", "id": "Oslo"}}
		with base.copy() as m:
			d = m.serve()
			asker = Harness(d, m.token)
			answer = asker.said(plain)
			demand(answer["decision"] is True and answer["context"]["policies"] == ["plain"], answer)
			asker.refused(plain | {"action": {"name": "function_call"}}, "`resource`")
			found = asker.said(plain, "search/action")["results"]
			demand(found == [{"name": 'Action::"function_call"'}], found)
			d.stop()
			m.verify()

	def whom_the_grant_does_not_name_nobody_is_told_about():
		call = chat("get_weather", '{"city": "Bern"}')
		with base.copy() as m:
			m.grant("other")
			plain = m.grant("plain")
			d = m.serve()
			asker = Harness(d, m.token)
			demand(asker.said(about(call, "u", kind="user"))["decision"] is True, "a user")
			for token, body, api, want in ((m.token, about(call, "other"), "evaluation", 403),
					(plain, about(call), "evaluation", 403), (None, about(call), "evaluation", 401),
					("fh_" + 64 * "0", about(call), "evaluation", 401),
					(m.token, {"evaluations": [about(call), about(call, "other")]}, "evaluations", 403)):
				status, answer = Harness(d, token).question(body, api)
				demand(status == want and list(answer) == ["error"], body, status, answer)
			d.stop()
			kinds = [e["kind"] for e in m.entries().values()]
			demand(kinds.count("answer") == 1 and kinds.count("refusal") == 5, kinds)
			m.verify()

	def some_may_be_asked_about_together():
		read, keys = (chat("read_file", json.dumps({"path": p}), c) for p, c in (("/open/a", "c1"), ("/open/keys/k", "c2")))
		items = [about(read), about(keys), about(chat("rm", "{}", "c3")), about(chat("read_file", '{"path":', "c4")),
			about(read | {"type": "x"}), about(response("get_weather", '{"city": "Bern"}', "c6")),
			{"subject": {"type": "user", "id": "u"}, "action": {"name": "weather"},
				"resource": {"type": "City", "id": "Bern"}},
			about(read) | {"resource": {"type": "File", "id": "/open/a"}}]
		want = [("c1", "permitted"), ("c2", "forbidden"), ("c3", "tool-not-in-schema"), ("c4", "malformed-arguments"),
			(None, "malformed"), ("c6", "permitted"), (None, "permitted"), ("c1", "malformed")]
		with base.copy() as m:
			d = m.serve()
			asker = Harness(d, m.token)
			for semantic, n in (("execute_all", len(want)), ("deny_on_first_deny", 2), ("permit_on_first_permit", 1)):
				body = {"evaluations": items, "options": {"evaluations_semantic": semantic}}
				said = asker.said(body, "evaluations")["evaluations"]
				said = [(e["context"].get("call"), e["context"]["reason"]) for e in said]
				demand(said == want[:n], semantic, said)
			shared = {"subject": about(read)["subject"]}
			shared["evaluations"] = [{"action": about(c)["action"]} for c in (read, keys)]
			said = asker.said(shared, "evaluations")["evaluations"]
			demand([e["decision"] for e in said] == [True, False], said)
			shared["resource"] = {"type": "File", "id": "/open/a"}
			said = asker.said(shared, "evaluations")["evaluations"]
			said = [e["context"]["reason"] for e in said]
			demand(said == ["malformed"] * 2, "what is said for all counts, too", said)
			d.stop()
			m.verify()
			again = replayed(m)
			demand(again["same"] == again["decisions"] == 15, again)

	def what_is_malformed_among_several_is_recorded_by_its_name():
		read, answer = chat("read_file", "{}", "c1"), response("cat", "{}", "c2")
		bad = [(read | {"namespace": "x"}, "read_file", "c1"), (answer | {"status": "in_progress"}, "cat", "c2"),
			(chat("n" * 129, "{}", "c3"), None, "c3"), (answer | {"call_id": ""}, "cat", None),
			(answer | {"arguments": {"name": "other", "question": []}}, "cat", "c2"),
			(read | {"type": "custom"}, None, None), ([], None, None), (chat(7, "{}", 8), None, None)]
		items = [about(call) for call, _, _ in bad] + [about(read) | {"context": {}}, about(read) | {"subject": 1}, 7]
		want = [w[1:] for w in bad] + [("read_file", "c1")] * 2 + [(None, None)]
		with base.copy() as m:
			d = m.serve()
			asker = Harness(d, m.token)
			said = asker.said({"evaluations": items, "action": about(answer)["action"]}, "evaluations")["evaluations"]
			d.stop()
			demand([e["context"]["reason"] for e in said] == ["malformed"] * len(want), said)
			demand([e["context"].get("call") for e in said] == [call for _, call in want], said)
			entries, events = m.entries(), exported(m, "ocsf", *m.opened())
			for e, (function, call) in zip(said, want):
				n, text = e["context"]["record"], e["context"]["text"]
				f, named = entries[n]["fields"], {k: v for k, v in (("call", call), ("function", function)) if v}
				if named:
					demand(f["detail"] == named | {"text": text} and "arguments" not in f, f)
				else:
					demand(f["arguments"] == {"question": text} and "detail" not in f, f)
				demand("subject" not in f and "action" not in f, f)
				x = explain(m, n)
				demand(x["same"] and x["because"] == text and "subject" not in x, x)
				demand((x.get("function"), x.get("call")) == (function, call), x)
				said_of = json.loads(events[n])["unmapped"]["freehold"]
				demand((said_of.get("function"), said_of.get("call")) == (function, call), said_of)
			n = said[0]["context"]["record"]
			demand("read_file, call c1" in m.run("policy", "why", n, *m.opened()).stdout, "policy why")
			m.verify()
			again = replayed(m)
			demand(again["same"] == again["decisions"] == len(want), again)

	def nothing_is_guessed_from_what_arguments_look_like():
		looks = {"path": "/open/a", "question": [["user", "u", {}], ["weather", {}], ["City", "Bern", {}], {}]}
		with base.copy() as m:
			m.grant("reader", "--uid", ME)
			m.sign_policy(policy=POLICY + READS, schema=SCHEMA + OPENING)
			d = m.serve()
			n = Harness(d, m.token).decide("cat", looks)["context"]["record"]
			fields = ["actor", "identity", "action", "resource", "decision", "arguments", "subject"]

			def opened(name, *fields):
				words = [w for f in fields for w in ("--field", f)]
				m.run("record", "open", n, "--socket", m.socket, "-o", m.top / name, *words)
				return "--openings", m.top / name
			whole, part, detail = opened("whole"), opened("part", *fields), opened("detail", "detail", "subject")
			d.stop()
			x = json.loads(m.run("policy", "why", n, "--json", *whole).stdout)
			demand((x["function"], x["call"], x["action"]) == ("cat", "call_1", 'Action::"file.read"'), x)
			demand_message(m.run("policy", "why", n, *part, status=2).stderr, f"entry {n}", "opens 7 of its 8 fields")
			said = json.loads(exported(m, "ocsf", *detail)[n])["unmapped"]["freehold"]
			demand((said["function"], said["call"]) == ("cat", "call_1"), said)
			said = json.loads(exported(m, "ocsf", *part)[n])["unmapped"]["freehold"]
			demand(not {"function", "call"} & said.keys(), said)

	def it_takes_nothing_of_a_quota_and_obeys_one():
		write = {"file": {"path": "/open/a"}, "text": "t"}
		with base.copy() as m:
			# The most that an answer may have, and 4096 bytes.
			(m.top / "b.cedar").write_text(POLICY.replace("2 calls/day", "4263936 bytes/day"))
			m.sign("policy", "sign", m.top / "b.cedar", "--schema", base.top / "p.cedarschema", "--expires", "30d")
			d = m.serve()
			asker = Harness(d, m.token)
			said = [asker.decide("write_file", write)["decision"] for _ in range(4)]
			demand(said == [True] * 4, "a quota was charged by asking:", said)
			large = asker.decide("write_file", write | {"text": "t" * 5000})["context"]
			demand(large["reason"] == "no-quota", "more bytes than the quota has for a call", large)
			d.stop()
			answers = [e for e in m.entries().values() if e["kind"] == "answer"]
			demand(len(answers) == 5 and not any("effect" in e["fields"] for e in answers), answers)
			m.verify()
			again = replayed(m)
			demand(again["same"] == again["decisions"] == 5, again)

	def what_ends_authority_ends_permission():
		with base.copy() as m:
			d = m.serve()
			asker = Harness(d, m.token)
			def reason():
				return asker.decide("read_file", {"path": "/open/a"})["context"]["reason"]
			demand(reason() == "permitted", "before")
			m.sign("actor", "revoke", "agent")
			wait_for("the actor is revoked", lambda: reason() == "unknown-actor")
			m.sign("policy", "revoke")
			wait_for("the policy is revoked", lambda: reason() == "no-policy")
			d.stop()
			m.verify()
			again = replayed(m)
			demand(again["same"] == again["decisions"] >= 3, again)

	def without_a_lease_only_fallback_counts():
		with base.copy() as m:
			m.sign_policy(policy=POLICY, schema=SCHEMA, lease="3s")
			d = m.serve()
			asker = Harness(d, m.token)
			read = {"path": "/open/a"}
			wait_for("it lapses", lambda: asker.decide("read_file", read)["context"]["reason"] == "no-lease")
			demand(asker.decide("get_weather", {"city": "Bern"})["decision"] is True, "what is @fallback")
			d.stop()
			m.verify()

	def a_call_is_found_and_explained_afterwards():
		with base.copy() as m:
			d = m.serve()
			asker = Harness(d, m.token)
			yes = asker.said(about(chat("cat", '{"path": "/open/a", "lines": 5}', "call_yes")))["context"]["record"]
			no = asker.said(about(response("cat", '{"path": "/open/keys/k"}', "call_no")))["context"]["record"]
			bad = asker.said(about(response("cat", '{"path": "../k"}', "call_bad")))["context"]["record"]
			d.stop()
			m.verify()
			explained = {n: explain(m, n) for n in (yes, no, bad)}
			for n, call in ((yes, "call_yes"), (no, "call_no"), (bad, "call_bad")):
				x = explained[n]
				demand(x["same"] and (x["function"], x["call"], x["asker"]) == ("cat", call, 'Actor::"harness"'), x)
				found = m.run("record", "search", "--word", call, "--json", *m.opened()).stdout.splitlines()
				demand([json.loads(l)["index"] for l in found] == [n], call, "is found in", found)
			demand(explained[yes]["resource"] == 'File::"/open/a"', explained[yes])
			demand([p["id"] for p in explained[no]["policies"]] == ["never-keys"], explained[no])
			demand("@resource" in explained[bad]["because"] and "resource" not in explained[bad], explained[bad])
			text = m.run("policy", "why", no, *m.opened()).stdout
			demand("answered no, forbidden" in text and "cat, call call_no" in text, text)
			events = exported(m, "ocsf", *m.opened())
			for n, call in ((yes, "call_yes"), (bad, "call_bad")):
				said = json.loads(events[n])
				got = [said["unmapped"]["freehold"].get(k) for k in ("kind", "subject", "function", "call")]
				demand(got == ["answer", 'Actor::"agent"', "cat", call], said)
				demand(said["actor"]["user"]["name"] == "harness", said)
			sealed = json.loads(exported(m, "ocsf")[yes])["unmapped"]["freehold"]
			demand(sealed["sealed"] is True and not {"subject", "function", "call"} & sealed.keys(), sealed)
			cef = exported(m, "cef", *m.opened())[no]
			want = ' cs4=Actor::"agent" cs4Label=subject cs5=cat cs5Label=function cs6=call_no cs6Label=call'
			demand(want in cef, cef)
			shown = m.run("record", "show", "--from", bad, *m.opened()).stdout
			demand('"call_bad"' in shown and "malformed-resource" in shown, shown)
			(m.top / "other.cedarschema").write_text(SCHEMA.replace("read_file; cat", "read_file"))
			again = replayed(m, "--policy", base.top / "p.cedar", "--schema", m.top / "other.cedarschema", status=1)
			demand([(e["entry"], e["change"]) for e in again["entries"]] == [(yes, "now-refused"), (no, "otherwise"),
				(bad, "otherwise")] and {e["is"] for e in again["entries"]} == {"tool-not-in-schema"}, again)

	def example(m, url, calls, of_chat=True):
		"""What the harness of examples/ says of each call."""
		answer = {"choices": [{"message": {"role": "assistant", "tool_calls": calls}}]} if of_chat else {"output": calls}
		command = [sys.executable, TOP / "examples/function_calls.py", url, "agent", m.top / "root"]
		r = subprocess.run(command, input=json.dumps(answer), text=True, capture_output=True, timeout=PATIENCE,
			env={"FREEHOLD_TOKEN": m.token, "http_proxy": "x"})
		demand(r.returncode == 0, r.stderr)
		return [json.loads(l) for l in r.stdout.splitlines()]

	def with_files(m):
		for name in ("open/keys", "shut"):
			(m.top / "root" / name).mkdir(parents=True)
		for name in ("open/a", "open/keys/k", "shut/a"):
			(m.top / "root" / name).write_text(f"what is in {name}")
		return m.top / "root"

	def the_example_acts_on_a_permit_alone():
		calls = [(f, json.dumps(a), f"c{n}") for n, (f, a) in enumerate((("read_file", {"path": "/open/a"}),
			("write_file", {"path": "/open/b", "text": "new"}), ("read_file", {"path": "/open/keys/k"}),
			("write_file", {"path": "/shut/a", "text": "new"}), ("read_file", {"path": "/open/../shut/a"}),
			("remove", {"path": "/open/a"})))] + [("read_file", '{"path": "/shut/a", "path": "/open/a"}', "c6")]
		want = ["what is in open/a", "written", "forbidden", "no-permit", "malformed-resource", "tool-not-in-schema",
			"malformed-arguments"]
		with base.copy() as m:
			schema = SCHEMA.replace('"/file/path"', '"/path"')
			m.sign_policy(policy=POLICY, schema=schema)
			root = with_files(m)
			d = m.serve()
			url = f"http://127.0.0.1:{d.port}"
			told = example(m, url, [chat(*c) for c in calls])
			demand([t["tool_call_id"] for t in told] == [c[2] for c in calls], told)
			demand(all(w in t["content"] for w, t in zip(want, told)), told)
			(root / "open/b").unlink()
			told = example(m, url, [response(*c) for c in calls], of_chat=False)
			demand([t["call_id"] for t in told] == [c[2] for c in calls], told)
			demand(all(w in t["output"] for w, t in zip(want, told)), told)
			demand((root / "open/b").read_text() == "new", "what was permitted was not done")
			demand((root / "shut/a").read_text() == "what is in shut/a", "what was not permitted was done")
			custom = example(m, url, [{"id": "c9", "type": "custom", "custom": {"name": "read_file", "input": "x"}}])
			demand("malformed-question" in custom[0]["content"], custom)
			d.stop()
			said = [t["content"] for t in example(m, url, [chat(*c) for c in calls])]
			demand(all("nobody could be asked" in s for s in said), "when nothing answers", said)
			m.verify()

	def the_example_takes_nothing_else_for_a_permit():
		yes = {"decision": True, "context": {"call": "c", "reason": "permitted", "record": 1}}
		bodies = [(200, yes, True), (500, yes, False), (403, yes, False), (200, yes | {"decision": "true"}, False),
			(200, yes | {"decision": 1}, False), (200, yes | {"context": {**yes["context"], "call": "d"}}, False),
			(200, {"decision": True}, False), (200, [yes], False), (200, None, False), (302, yes, False)]
		with base.copy() as m:
			with_files(m)
			for status, body, permits in bodies:
				with Answerer(status, json.dumps(body)) as url:
					said = example(m, url, [chat("read_file", '{"path": "/open/a"}', "c")])[0]["content"]
				demand((said == "what is in open/a") is permits, status, body, said)

	return run_tests((what_is_answered_is_what_policy_test_says,
		random_calls_are_answered_as_policy_test_decides_them, arguments_that_are_none_are_answered_no,
		what_is_no_call_is_refused_by_name, an_action_of_that_name_is_asked_about_in_full,
		whom_the_grant_does_not_name_nobody_is_told_about, some_may_be_asked_about_together,
		what_is_malformed_among_several_is_recorded_by_its_name, nothing_is_guessed_from_what_arguments_look_like,
		it_takes_nothing_of_a_quota_and_obeys_one, what_ends_authority_ends_permission,
		the_example_acts_on_a_permit_alone, the_example_takes_nothing_else_for_a_permit,
		without_a_lease_only_fallback_counts, a_call_is_found_and_explained_afterwards))


with Machine() as made:
	made.make()
	govern(made)
	status = run(made)
sys.exit(status)
