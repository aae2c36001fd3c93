# SPDX-License-Identifier: Apache-2.0
"""AuthZEN's Authorization API: the certification scenario, who may ask, what is recorded."""
import json
import os
import re
import select
import signal
import socket
import sys
from pathlib import Path

from machine import PATIENCE, TOP, Http, Machine, demand, run_tests, wait_for

SCENARIO = Path(os.environ.get("FREEHOLD_VECTORS") or TOP.parent / "shared" / "vectors") \
	/ "authzen" / "authorization-api-1_0-scenario.md"

# The fixture that the scenario demands, section "Required Fixture".
SCHEMA = """
entity staff;
entity user in [staff] { role?: String };
entity record { status?: String };
action read, write appliesTo { principal: [user, Actor], resource: [record] };
action delete appliesTo { principal: [user], resource: [record], context: { action?: { soft?: Bool } } };
"""
POLICY = """
@id("readers") permit (principal in staff::"all", action == Action::"read", resource);
@id("alice-writes") permit (principal == user::"alice", action == Action::"write", resource)
	unless { resource has status && resource.status == "archived" };
@id("admins-write-archived") permit (principal is user, action == Action::"write", resource)
	when { principal has role && principal.role == "admin" && resource has status && resource.status == "archived" };
@id("alice-deletes-softly") permit (principal == user::"alice", action == Action::"delete", resource)
	when { context has action && context.action has soft && context.action.soft };
@id("research-reads") @quota("1/day") permit (principal in Team::"research", action == Action::"read", resource);
"""


def entity(kind, name, attrs=None, parents=()):
	return {"uid": {"type": kind, "id": name}, "attrs": attrs or {}, "parents": list(parents)}


ALL = [{"type": "staff", "id": "all"}]
ENTITIES = [entity("user", "alice", parents=ALL), entity("user", "bob", {"role": "admin"}, ALL),
	entity("record", "record-1", {"status": "active"}), entity("record", "record-2", {"status": "archived"})]
PATHS = {"evaluation": "/access/v1/evaluation", "evaluations": "/access/v1/evaluations",
	"subject": "/access/v1/search/subject", "resource": "/access/v1/search/resource",
	"action": "/access/v1/search/action"}
ALICE_READS = {"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"},
	"resource": {"type": "record", "id": "record-1"}}


class Asker(Http):
	def question(self, api, body, **headers):
		"""(status, headers, the answer's JSON)"""
		status, got, answer = self.send(body, path=PATHS[api], headers=headers)
		demand(got["content-type"] == "application/json", api, body, "is answered as", got)
		return status, got, json.loads(answer)

	def ask_ok(self, api, body):
		status, _, answer = self.question(api, body)
		demand(status == 200, api, json.dumps(body), "->", status, answer)
		return answer

	def decide(self, subject="alice", action="read", resource="record-1", kind="user"):
		return self.ask_ok("evaluation", {"subject": {"type": kind, "id": subject}, "action": {"name": action},
			"resource": {"type": "record", "id": resource}})


def govern(m):
	(m.top / "e.json").write_text(json.dumps(ENTITIES))
	(m.top / "q.cedar").write_text(POLICY)
	(m.top / "q.cedarschema").write_text(SCHEMA)
	m.sign("policy", "sign", m.top / "q.cedar", "--schema", m.top / "q.cedarschema", "--entities", m.top / "e.json",
		"--expires", "30d")
	m.token = m.grant("portal", "--bearer", "--asks", "user", "--asks", 'Actor::"agent"')
	m.grant("agent")


# --- the scenario ------------------------------------------------------------

def blocks(text):
	"""The JSON texts in TEXT; those with a placeholder are none."""
	found = re.findall(r"^~~~ ?(?:json)?\n(.*?)^~~~$", text, flags=re.M | re.S)
	return [json.loads(b.replace("<context>", "{}")) for b in found if not re.search(r"<(boolean|next_token)", b)]


def cases():
	"""Each case of the scenario: section, title of the request, request, what is expected as text, and as JSON."""
	text = SCENARIO.read_text()
	for m in re.finditer(r"^#+ [^\n]*\{#c-([2-4](?:-\d+)*)\}\n(.*?)(?=^#)", text, flags=re.M | re.S):
		parts = re.split(r"^\*\*((?:Request|Subject Search|Resource Search|Action Search)[^*]*)\*\*",
			m[2], flags=re.M)
		for title, body in zip(parts[1::2], parts[2::2]):
			asked, _, expected = body.partition("**Expected:**")
			if request := blocks(asked):
				yield m[1], title, request[0], expected, (blocks(expected) or [None])[0]


def api_of(section, title):
	if section.startswith("2"):
		return "evaluation"
	if section.startswith("3"):
		return "evaluations"
	for word in ("Subject Search", "Resource Search", "Action Search"):
		if word in title:
			return word.split()[0].lower()
	return {"2": "subject", "3": "resource", "4": "action", "5": "subject"}[section.split("-")[1]]


def same(expected, answer, where):
	"""ANSWER says what EXPECTED does: results at least those, decisions in their places."""
	if "results" in expected:
		if expected["results"] == []:
			demand(answer["results"] == [], where, answer)
		for x in expected["results"]:
			demand(x in answer["results"], where, x, "is not in", answer)
	if "decision" in expected:
		demand(answer["decision"] is expected["decision"], where, answer)
	if "evaluations" in expected:
		said = [e["decision"] for e in answer["evaluations"]]
		demand(said == [e["decision"] for e in expected["evaluations"]], where, said)


def run_case(asker, section, title, request, expected, wanted):
	api, where = api_of(section, title), f"c-{section} {title}: {json.dumps(request)}"
	status, _, answer = asker.question(api, request)
	number = re.search(r"HTTP (\d+)", expected)
	demand(status == int(number[1] if number else 200), where, "->", status, answer)
	if status != 200:
		return
	if wanted is not None:
		same(wanted, answer, where)
	elif m := re.search(r'`"decision": (true|false)`', expected):
		demand(answer["decision"] is (m[1] == "true"), where, answer)
	if "evaluations" in request and request["evaluations"]:
		demand(len(answer["evaluations"]) == len(request["evaluations"]), where, "cardinality", answer)
		demand(all(isinstance(e["decision"], bool) for e in answer["evaluations"]), where, answer)
	elif api in ("subject", "resource"):
		kind = request[api]["type"]
		demand(all(r["type"] == kind and r["id"] for r in answer["results"]), where, answer)
	elif api == "action":
		demand(all(r["name"] for r in answer["results"]), where, answer)
	else:
		demand(isinstance(answer["decision"], bool), where, answer)


def scenario_paging(asker):
	request = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"},
		"page": {"limit": 1}}
	first = asker.ask_ok("subject", request)
	demand(len(first["results"]) == 1 and first["page"]["next_token"], first)
	request["page"] = {"token": first["page"]["next_token"]}
	rest = asker.ask_ok("subject", request)
	demand(rest["page"]["next_token"] == "", rest)
	demand({r["id"] for r in first["results"] + rest["results"]} == {"alice", "bob"}, first, rest)


def scenario_unnumbered(asker):
	"""What the scenario says in words alone: sections 2.4.3 to 2.6, 4.2 to 4.3 with ids, 5 and 6."""
	for body, content in (("{", "application/json"), ("", "application/json"), (json.dumps(ALICE_READS), "text/plain")):
		status, _, _ = asker.question("evaluation", body, **{"Content-Type": content})
		demand(status == 400, repr(body), content, "->", status)
	status, headers, _ = asker.question("evaluation", ALICE_READS, **{"X-Request-ID": "ab-1 c"})
	demand(status == 200 and headers["x-request-id"] == "ab-1 c", headers)
	status, headers, _ = asker.question("evaluation", {}, **{"X-Request-ID": "bad"})
	demand(status == 400 and headers["x-request-id"] == "bad", headers)
	demand([asker.decide()["decision"] for _ in range(5)] == [True] * 5, "not the same each time")
	for api, sought in (("subject", "subject"), ("resource", "resource")):
		plain = {**ALICE_READS, sought: {"type": ALICE_READS[sought]["type"]}}
		demand(asker.ask_ok(api, plain)["results"] == asker.ask_ok(api, ALICE_READS)["results"], api, "with an id")
	host = f"127.0.0.1:{asker.daemon.port}"
	status, headers, body = asker.send(None, method="GET", path="/.well-known/authzen-configuration")
	said = json.loads(body)
	demand(status == 200 and headers["content-type"] == "application/json", status, headers)
	demand(said.pop("policy_decision_point") == f"https://{host}", said)
	demand(sorted(said.values()) == sorted(f"https://{host}{p}" for p in PATHS.values()), said)


# --- what is ours ------------------------------------------------------------

def run(base):
	def the_certification_scenario_passes():
		with base.copy() as m:
			d = m.serve()
			asker = Asker(d, m.token)
			if SCENARIO.exists():
				found = list(cases())
				demand(len(found) >= 45, "cases found in the scenario:", len(found))
				for case in found:
					run_case(asker, *case)
			scenario_paging(asker)
			scenario_unnumbered(asker)
			d.stop()
			m.verify()

	def who_shows_no_grant_is_told_nothing():
		with base.copy() as m:
			plain = m.grant("plain")
			one = m.grant("one", "--bearer", "--asks", 'user::"alice"')
			d = m.serve()
			for token, want, reason in ((None, 401, "no-credential"), ("fh_" + 64 * "0", 401, "unknown-credential"),
					(plain, 403, "not-granted"), (one, 200, None)):
				status, headers, answer = Asker(d, token).question("evaluation", ALICE_READS)
				demand(status == want, token, status, answer)
				demand(reason is None or answer["error"]["reason"] == reason, answer)
				demand((status == 401) == ("www-authenticate" in headers), headers)
			narrow = Asker(d, one)
			bob = {**ALICE_READS, "subject": {"type": "user", "id": "bob"}}
			demand(narrow.question("evaluation", bob)[0] == 403, "about somebody else")
			both = {**ALICE_READS, "evaluations": [{}, {"subject": bob["subject"]}]}
			demand(narrow.question("evaluations", both)[0] == 403, "about somebody else among others")
			demand(narrow.ask_ok("subject", {**ALICE_READS, "subject": {"type": "user"}})["results"]
				== [{"id": "alice", "type": "user"}], "a search finds whom one may not ask about")
			m.sign("actor", "revoke", "one")
			wait_for("it is revoked", lambda: Asker(d, one).question("evaluation", ALICE_READS)[0] == 401)
			d.stop()
			kinds = [e["kind"] for e in m.entries().values()]
			demand(kinds.count("answer") == 2 and kinds.count("refusal") >= 5, kinds)
			m.verify()

	def nobody_ends_the_gate_by_what_he_nests():
		with base.copy() as m:
			d = m.serve()
			for token in (m.token, None):
				for depth in range(24, 34):
					x = json.loads("[" * depth + "]" * depth)
					alice = ALICE_READS["subject"] | {"properties": {"x": x}}
					for said in ({"context": {"x": x}}, {"subject": alice}):
						status, _, answer = Asker(d, token).question("evaluation", ALICE_READS | said)
						demand(status in ((200, 400) if token else (401, 400)), depth, status, answer)
						demand(status != 400 or "nested" in answer["error"]["text"], answer)
			deepest = {"context": {"x": json.loads("[" * 28 + "]" * 28)}}
			demand(Asker(d, m.token).ask_ok("evaluation", ALICE_READS | deepest)["decision"] is True, "the deepest")
			d.stop()
			m.verify()

	def a_batch_ends_where_its_semantic_says():
		with base.copy() as m:
			d = m.serve()
			asker = Asker(d, m.token)
			items = [{"action": {"name": a}} for a in ("read", "delete", "write", "read")]
			for semantic, want in ((None, [True, False, True, True]), ("execute_all", [True, False, True, True]),
					("deny_on_first_deny", [True, False]), ("permit_on_first_permit", [True])):
				body = {**ALICE_READS, "evaluations": items}
				if semantic:
					body["options"] = {"evaluations_semantic": semantic}
				said = [e["decision"] for e in asker.ask_ok("evaluations", body)["evaluations"]]
				demand(said == want, semantic, said)
			for wrong in ({"options": {"evaluations_semantic": "some"}}, {"options": []}, {"evaluations": {}},
					{"evaluations": [{}] * 65}, {"subject": {"type": "user"}}):
				status, _, answer = asker.question("evaluations", {**ALICE_READS, "evaluations": items} | wrong)
				demand(status == 400 and answer["error"]["reason"] == "malformed-question", wrong, status, answer)
			d.stop()
			m.verify()

	def what_was_said_is_recorded_and_charges_nothing():
		with base.copy() as m:
			d = m.serve()
			asker = Asker(d, m.token)
			said = [asker.decide("agent", kind="Actor") for _ in range(3)]
			demand([s["decision"] for s in said] == [True] * 3, "a quota of one was charged by asking:", said)
			demand(said[0]["context"]["policies"] == ["research-reads"], said[0])
			odd = asker.ask_ok("evaluation", {**ALICE_READS, "resource": {"type": "record", "id": "record-1",
				"properties": {"status": "archived"}}})
			demand(odd["decision"] is False and odd["context"]["reason"] == "malformed", odd)
			demand("operator listed" in odd["context"]["text"], odd)
			asker.ask_ok("action", {k: ALICE_READS[k] for k in ("subject", "resource")})
			d.stop()
			entries = m.entries()
			first = entries[said[0]["context"]["record"]]
			demand(first["kind"] == "answer", first)
			demand(first["fields"]["actor"] == 'Actor::"portal"', first)
			demand(first["fields"]["subject"] == 'Actor::"agent"', first)
			demand(first["fields"]["action"] == 'Action::"read"' and first["fields"]["decision"][0] is True, first)
			demand(not any("effect" in e["fields"] for e in entries.values() if e["kind"] == "answer"), "an effect")
			found = [e["fields"]["result"]
				for e in entries.values() if e["kind"] == "answer" and "result" in e["fields"]]
			demand(found == [[{"name": "read"}, {"name": "write"}]], found)
			explained = json.loads(m.run("policy", "why", said[0]["context"]["record"], "--json", *m.opened()).stdout)
			demand(explained["same"] and explained["subject"] == 'Actor::"agent"', explained)
			demand(explained["asker"] == 'Actor::"portal"' and explained["teams"] == ["research"], explained)
			demand([p["id"] for p in explained["policies"]] == ["research-reads"], explained)
			text = m.run("policy", "why", odd["context"]["record"], *m.opened()).stdout
			demand("answered no, malformed" in text and "operator listed" in text, text)
			again = json.loads(m.run("policy", "replay", "--json", *m.opened()).stdout)
			demand(again["same"] == again["decisions"] >= 4 and again["searches"] == 1, again)
			(m.top / "other.cedar").write_text(POLICY.replace('@id("research-reads") @quota("1/day") permit', "forbid"))
			again = json.loads(m.run("policy", "replay", "--json", "--policy", m.top / "other.cedar", "--schema",
				base.top / "q.cedarschema", "--entities", base.top / "e.json", *m.opened(), status=1).stdout)
			demand(again["now-refused"] == 3 and {e["is"] for e in again["entries"]} == {"forbidden"}, again)
			d = m.serve()
			demand(Asker(d, m.token).decide()["decision"] is True, "after a restart")
			d.stop()
			m.verify()

	def what_was_said_of_an_actor_is_erased_with_it():
		with base.copy() as m:
			d = m.serve()
			asker = Asker(d, m.token)
			about, other = asker.decide("agent", kind="Actor"), asker.decide()
			m.sign("shred", "--subject", "agent")
			wait_for("it is shredded", lambda: "data epoch" in d.log())
			later = asker.decide("agent", kind="Actor")
			d.stop()
			entries = m.entries()
			about, other, later = (entries[a["context"]["record"]] for a in (about, other, later))
			demand(about["sealed"] and entries[about["shredded"]]["kind"] == "shred", about)
			demand(all("action" in e["fields"] and "shredded" not in e for e in (other, later)), other, later)
			m.verify()

	def actors_are_those_of_the_chain():
		with base.copy() as m:
			m.grant("portal-2", "--bearer", "--asks", "Actor")
			asks_all = m.grant("portal-3", "--bearer", "--asks", "Actor")
			d = m.serve()
			asker = Asker(d, asks_all)
			demand(asker.decide("agent", kind="Actor")["decision"] is True, "an actor in research")
			said = asker.decide("nobody", kind="Actor")
			demand(said["decision"] is False and said["context"]["reason"] == "unknown-actor", said)
			found = asker.ask_ok("subject", {**ALICE_READS, "subject": {"type": "Actor"}})["results"]
			demand({"id": "agent", "type": "Actor"} in found and len(found) >= 3, found)
			pages, page = [], {"limit": 1}
			while True:
				said = asker.ask_ok("subject", {**ALICE_READS, "subject": {"type": "Actor"}, "page": page})
				pages += said["results"]
				if said["page"]["next_token"] == "":
					break
				page = {"limit": 1, "token": said["page"]["next_token"]}
			demand(pages == found, "page by page", pages, "at once", found)
			m.sign("actor", "revoke", "agent")
			wait_for("it is revoked", lambda: asker.decide("agent", kind="Actor")["decision"] is False)
			status, _, answer = asker.question("subject", {**ALICE_READS, "subject": {"type": "Actor"}, "page": page})
			demand(status == 400 and answer["error"]["reason"] == "unknown-page", "a page of before:", status, answer)
			d.stop()
			m.verify()

	def what_is_in_a_namespace_has_a_name():
		schema = """namespace Shop { entity user; entity Color enum ["red", "blue"];
			action paint, mix appliesTo { principal: [user], resource: [Color] }; }
			action look appliesTo { principal: [Shop::user], resource: [Shop::Color] };"""
		policy = """permit (principal, action == Shop::Action::"paint", resource == Shop::Color::"blue");
			permit (principal, action == Action::"look", resource);"""
		asked = {"subject": {"type": "Shop::user", "id": "u"}, "action": {"name": 'Shop::Action::"paint"'},
			"resource": {"type": "Shop::Color", "id": "blue"}}
		with base.copy() as m:
			(m.top / "n.cedar").write_text(policy)
			(m.top / "n.cedarschema").write_text(schema)
			m.sign("policy", "sign", m.top / "n.cedar", "--schema", m.top / "n.cedarschema", "--expires", "30d")
			token = m.grant("shop", "--bearer", "--asks", "Shop::user")
			d = m.serve()
			asker = Asker(d, token)
			demand(asker.ask_ok("evaluation", asked)["decision"] is True, "an action in a namespace")
			for changed, reason in (({"action": {"name": "paint"}}, "unknown-action"),
				({"resource": {"type": "Shop::Color", "id": "red"}}, "no-permit"),
				({"resource": {"type": "Shop::Color", "id": "green"}}, "wrong-resource")):
				said = asker.ask_ok("evaluation", asked | changed)
				demand(said["decision"] is False and said["context"]["reason"] == reason, changed, said)
			found = asker.ask_ok("action", asked)["results"]
			demand(found == [{"name": 'Shop::Action::"paint"'}, {"name": "look"}], found)
			found = asker.ask_ok("resource", asked | {"resource": {"type": "Shop::Color"}})["results"]
			demand(found == [{"type": "Shop::Color", "id": "blue"}], found)
			found = asker.ask_ok("resource", asked | {"resource": {"type": "Shop::Color"}, "action": {"name": "look"}})
			demand([f["id"] for f in found["results"]] == ["red", "blue"], found)
			d.stop()
			m.verify()

	def one_request_takes_no_more_than_its_work():
		rules = "".join(f'permit (principal, action == Action::"read", resource) when {{ resource == record::"r{n}" }};\n'
			for n in range(3000))
		listed = [entity("record", f"r{n}") for n in range(100)]
		with base.copy() as m:
			(m.top / "w.cedar").write_text(rules)
			(m.top / "w.json").write_text(json.dumps(ENTITIES + listed))
			m.sign("policy", "sign", m.top / "w.cedar", "--schema", base.top / "q.cedarschema", "--entities",
				m.top / "w.json", "--expires", "30d")
			d = m.serve()
			asker = Asker(d, m.token)
			many = {**ALICE_READS, "evaluations": [{"resource": {"type": "record", "id": f"r{n}"}} for n in range(64)]}
			said = asker.ask_ok("evaluations", many)["evaluations"]
			reasons = [e["context"]["reason"] for e in said]
			demand(len(said) == 64 and reasons == ["permitted"] * 22 + ["too-much-work"] * 42, reasons)
			demand([e["decision"] for e in said] == [True] * 22 + [False] * 42, said)
			found, page, pages = [], {}, 0
			while page is not None:
				said = asker.ask_ok("resource", {**ALICE_READS, "resource": {"type": "record"}, "page": page})
				found += [f["id"] for f in said["results"]]
				token = said["page"]["next_token"]
				page, pages = ({"token": token} if token else None), pages + 1
			demand(sorted(found) == sorted(e["uid"]["id"] for e in listed), "every one once:", found)
			demand(pages == 5, "pages", pages)
			d.stop()
			m.verify()
			again = json.loads(m.run("policy", "replay", "--json", "--summary", *m.opened()).stdout)
			demand(again["same"] == again["decisions"] == 64, again)

	def who_comes_when_too_many_wait_is_told_when():
		crowd(12000, 60, "HTTP/1.1 429 ") # each is written to every evaluation
		crowd(200000, 1, "HTTP/1.1 503 ")

	def crowd(size, evaluations, status):
		"""While core stands still, such requests come until one is refused, with STATUS."""
		with base.copy() as m:
			d = m.serve()
			body = json.dumps({**ALICE_READS, "context": {"filling": "x" * size},
				"evaluations": [{}] * evaluations}).encode()
			head = (f"POST {PATHS['evaluations']} HTTP/1.1\r\nHost: 127.0.0.1:{d.port}\r\n"
				"Content-Type: application/json\r\n"
				f"Authorization: Bearer {m.token}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
			core = d.roles()["core"][0]
			os.kill(core, signal.SIGSTOP)
			waiting = []
			try:
				for _ in range(200):
					waiting.append(socket.create_connection(("127.0.0.1", d.port), timeout=PATIENCE))
					waiting[-1].sendall(head + body)
					ready, _, _ = select.select(waiting, [], [], 0.01)
					if ready:
						break
				demand(ready, "nobody is told anything by", len(waiting))
				said = ready[0].recv(4096).decode()
				demand(said.startswith(status) and "\r\nRetry-After: 1\r\n" in said and '"busy"' in said, said)
			finally:
				os.kill(core, signal.SIGCONT)
				for s in waiting:
					s.close()
			wait_for("it answers again", lambda: Asker(d, m.token).decide()["decision"] is True)
			d.stop()
			m.verify()

	def without_a_policy_nothing_is_permitted():
		with base.copy() as m:
			m.sign("policy", "revoke")
			d = m.serve()
			asker = Asker(d, m.token)
			said = asker.decide()
			demand(said["decision"] is False and said["context"]["reason"] == "no-policy", said)
			demand(asker.ask_ok("resource", {**ALICE_READS, "resource": {"type": "record"}})["results"] == [], "found")
			d.stop()
			m.verify()

	if not SCENARIO.exists():
		print(f"skip - authzen-scenario: {SCENARIO} is not there (FREEHOLD_VECTORS names another folder)")
	return run_tests((the_certification_scenario_passes, who_shows_no_grant_is_told_nothing,
		nobody_ends_the_gate_by_what_he_nests,
		a_batch_ends_where_its_semantic_says, what_was_said_is_recorded_and_charges_nothing,
		what_was_said_of_an_actor_is_erased_with_it,
		actors_are_those_of_the_chain, what_is_in_a_namespace_has_a_name, one_request_takes_no_more_than_its_work,
		who_comes_when_too_many_wait_is_told_when,
		without_a_policy_nothing_is_permitted))


with Machine() as made:
	made.make()
	govern(made)
	status = run(made)
sys.exit(status)
