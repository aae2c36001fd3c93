# SPDX-License-Identifier: Apache-2.0
"""What was decided, explained and decided again from the record alone: `policy why`, `policy replay`."""
import json
import signal
import sys
import time

from machine import SCHEMA, Machine, demand, demand_message, index_of, reason_of, run_tests, wait_for

ENDED = ("no-lease", "unknown-session")
LOOKS = '@id("looks") permit (principal, action in [Action::"mcp.initialize", Action::"mcp.list"], resource);\n'
RULES = LOOKS.replace("@id", "@fallback @id") + """// what research may do
@id("takes") @quota("3/day per principal")
permit (
  principal in Team::"research",
  action == Action::"notes.take",
  resource in Folder::"/public"
);
@id("fixed") permit (principal, action == Action::"notes.take", resource == File::"/fixed")
  when { principal == Actor::"worker" && resource == File::"/other" };
@id("never") forbid (principal, action == Action::"notes.take", resource in Folder::"/public/secret");
"""
# What a platform engineer brings along.
SHOP_SCHEMA = """
namespace Shop {
  type Lines = Long;
  type Moved = { to: File, lines?: Lines };
  entity Unit enum ["eur", "usd"] ;
  entity Folder in [Folder];
  entity File in [Folder];
  entity Market tags Bool;
  action all;
  @mcp("%(server)s/take") @resource("/path", "posix-path")
  action take in [all] appliesTo { principal: [Actor], resource: [File], context: Moved };
  @mcp("%(server)s/wait") @resource("/unit", "text")
  action pay in [all] appliesTo { principal: [Actor], resource: [Unit] };
}
"""
SHOP_POLICY = LOOKS + """
@id("takes") permit (principal in Team::"research", action == Shop::Action::"take", resource in Shop::Folder::"/public")
  when { if context has lines then context.lines < 4 else true };
@id("never") forbid (principal, action in Shop::Action::"all", resource)
  when { context has to && context.to in Shop::Folder::"/secret" };
@id("pays") permit (principal, action == Shop::Action::"pay", resource == Shop::Unit::"eur")
  when { Shop::Market::"here".hasTag("open") && Shop::Market::"here".getTag("open") };
"""
SHOP_ENTITIES = [{"uid": {"type": "Shop::Market", "id": "here"}, "attrs": {}, "parents": [], "tags": {"open": True}}]


def why(m, n, *words, status=0):
	return json.loads(m.run("policy", "why", n, "--json", *m.opened(), *words, status=status).stdout)


def decided(answer):
	"""The entry that an answer, which may be a permitted one, was decided in."""
	index = index_of(answer)
	demand(index is not None, "an answer without an entry:", answer)
	return index


def run(base):
	def every_answer_is_explained():
		with base.copy() as m:
			m.sign_policy(policy=RULES)
			d = m.serve()
			s = d.session(m.token)
			entries = {
				"no-permit": decided(s.take("/private/x")),
				"forbidden": decided(s.take("/public/secret/x")),
				"false": decided(s.take("/fixed")),
				"other": decided(s.call("wait", path="/x")),
			}
			for n in range(3):
				demand("result" in s.take(f"/public/{n}"), "a permitted call")
			entries["no-quota"] = decided(s.take("/public/more"))
			entries["unknown"] = decided(s.call("nothing"))
			d.stop()

			demand_message(m.run("policy", "why", entries["no-permit"], status=2).stderr, "is sealed", "--openings")
			said = json.loads(m.run("policy", "replay", "--json", status=2).stdout)
			demand(said["not-replayed"] == said["decisions"] > 0 and "--openings" in said["entries"][0]["why"], said)
			said = why(m, entries["no-permit"])
			demand(said["recorded"] == {"allowed": False, "reason": "no-permit", "policies": []}, said)
			demand(said["same"] is True and said["teams"] == ["research"], said)
			nearest = said["policies"]
			demand(len(nearest) == 1 and nearest[0]["nearest"], "the nearest permit:", nearest)
			demand(nearest[0]["id"] == "takes" and nearest[0]["line"] == 3, nearest)
			demand(nearest[0]["lacks"] == ['line 7: resource in Folder::"/public": does not match File::"/private/x"'],
				nearest)
			demand(nearest[0]["text"].startswith("@id(\"takes\")") and nearest[0]["text"].endswith(");"), nearest)

			said = why(m, entries["forbidden"])
			demand([p["id"] for p in said["policies"]] == ["never"] and said["same"], said)
			text = m.run("policy", "why", entries["forbidden"], *m.opened()).stdout
			demand("Permits that would count without it: 1" in text and " 11 | @id(\"never\") forbid" in text, text)

			said = why(m, entries["false"])
			demand(said["policies"][0]["id"] == "fixed", said)
			said = said["policies"][0]
			demand(said["lacks"] == ["line 10, column 51: `when` is false because of what stands here"], said)

			text = m.run("policy", "why", entries["false"], *m.opened()).stdout
			demand("\n     10 |   when { principal" in text and "\n        | " + " " * 50 + "^\n" in text, text)
			text = m.run("policy", "why", entries["other"], *m.opened()).stdout
			demand("No permit of this policy is about this action." in text, text)

			said = why(m, entries["no-quota"])
			demand(said["recorded"]["reason"] == "no-quota" and said["same"], said)
			lack = said["policies"][0]["lacks"][0]
			demand("3 were used, and 1 more were asked for; without other use there is room again at" in lack, lack)

			said = why(m, entries["unknown"])
			demand(said["refusal"] == "tool-not-in-schema" and said["tool"] == "nothing", said)

			of = m.entries()
			permitted = [i for i, e in of.items() if e["kind"] == "intent" and e["fields"]["decision"][0]]
			for i in permitted:
				said = why(m, i)
				demand(said.get("same", "because" in said) and said["recorded"]["allowed"], said)
			outcome = [i for i, e in of.items() if e["kind"] == "outcome"][-1]
			said = why(m, outcome)
			demand(said["outcome"] == outcome and said["entry"] == of[outcome]["fields"]["intent"], said)
			start = [i for i, e in of.items() if e["kind"] == "intent" and "server.start" in e["fields"]["action"]][0]
			demand("operator's statement" in why(m, start)["because"], why(m, start))
			m.verify()

	def what_was_in_force_then_counts():
		with base.copy() as m:
			m.sign_policy(policy=RULES, lease="4s")
			d = m.serve()
			s = d.session(m.token)
			demand("result" in s.take("/public/a"), "a permitted call")
			def ended():
				time.sleep(0.1) # of too many refusals some would only be counted
				return reason_of(s.take("/public/b")) in ENDED
			wait_for("the lease has ended", ended)
			s = d.session(m.token)
			unleased = decided(s.take("/public/c"))
			m.sign_policy(policy=LOOKS)
			wait_for("the new policy", lambda: reason_of(d.session(m.token).take("/public/d")) == "no-permit")
			device = json.loads(m.run("lease", "show", "--json").stdout)["device"]
			m.sign("policy", "revoke")
			wait_for("no policy", lambda: reason_of(d.http(m.token).initialize()) == "no-policy")
			without = decided(d.http(m.token).initialize())
			m.sign("device", "revoke", device)
			wait_for("the device is revoked", lambda: reason_of(d.http(m.token).initialize()) == "device-revoked")
			revoked = decided(d.http(m.token).initialize())
			d.stop()
			before = [i for i, e in m.entries().items() if "/public/a" in str(e.get("fields", {}).get("resource"))][0]
			demand(why(m, before)["recorded"]["allowed"] and why(m, before)["leased"], why(m, before))
			said = why(m, unleased)
			demand(said["recorded"]["reason"] == "no-lease" and said["same"] and not said["leased"], said)
			demand("this permit is not @fallback" in said["policies"][0]["lacks"][0], said)
			demand("no statement brought a policy, or it was revoked" in why(m, without)["because"], why(m, without))
			demand("revoked this device" in why(m, revoked)["because"], why(m, revoked))

	def replay(m, *words, status=0):
		return json.loads(m.run("policy", "replay", "--json", *m.opened(), *words, status=status).stdout)

	def replay_under(m, policy, *words, schema=None, status=0):
		(m.top / "new.cedar").write_text(policy)
		(m.top / "new.cedarschema").write_text(schema or SCHEMA % {"server": m.server})
		return replay(m, "--policy", m.top / "new.cedar", "--schema", m.top / "new.cedarschema", *words, status=status)

	def every_decision_comes_out_again():
		with base.copy() as m:
			other = m.grant("other")
			for quota in ("5/day per principal; 90000000 bytes/day", "7/day per principal; 3/2s", "9/day"):
				m.sign_policy(policy=RULES.replace("3/day per principal", quota), lease="1h")
				d = m.serve()
				one, two = d.session(m.token), d.session(other)
				for n in range(4):
					for s in (one, two):
						s.take(f"/public/{n}")
						s.take(f"/{n}")
				one.call("nothing")
				if quota == "9/day":
					m.sign("lease", "renew", "--for", "1s")
					wait_for("the lease", lambda: reason_of(one.take("/public/z")) in ENDED)
				d.process.send_signal(signal.SIGKILL)
				d.wait()
				wait_for("all of it has ended", lambda: not d.roles())
			said = replay(m)
			reasons = {e["fields"]["decision"][1] for e in m.entries().values() if e["kind"] == "intent"}
			demand({"permitted", "no-permit", "no-quota"} <= reasons, reasons)
			demand(said["same"] == said["decisions"] > 50 and said["entries"] == [], said)
			demand(said["refused-before"] >= 3, said)
			text = m.run("policy", "replay", *m.opened()).stdout
			demand(f"{said['decisions']} decisions: {said['decisions']} same" in text, text)

	def another_policy_changes_what_it_says():
		with base.copy() as m:
			m.sign_policy(policy=RULES)
			d = m.serve()
			s = d.session(m.token)
			private = decided(s.take("/private/x"))
			for n in range(5):
				s.take(f"/public/{n}")
			unmapped = decided(s.call("nothing"))
			d.stop()
			said = replay_under(m, RULES)
			demand(said["same"] == said["decisions"], said)
			said = replay_under(m, RULES.replace("3/day", "1/day"), status=1)
			demand((said["now-refused"], said["now-permitted"], said["not-replayed"]) == (2, 0, 0), said)
			demand({e["is"] for e in said["entries"]} == {"no-quota"}, said)
			demand(said["entries"][0]["is-by"] == ["takes"], said)
			said = replay_under(m, RULES.replace("3/day", "4/day"), status=1)
			demand((said["now-refused"], said["now-permitted"]) == (0, 1), said)
			elsewhere = RULES.replace('resource in Folder::"/public"', 'resource in Folder::"/private"')
			said = replay_under(m, elsewhere, status=1)
			demand((said["now-refused"], said["now-permitted"], said["otherwise"]) == (3, 1, 2), said)
			changed = {e["entry"]: e["change"] for e in said["entries"]}
			demand(changed[private] == "now-permitted", said)
			# What the new schema has never heard of, and what only it has.
			schema = SCHEMA % {"server": m.server}
			fewer = schema.replace("notes/take", "notes/took")
			said = replay_under(m, LOOKS + 'permit (principal, action, resource);', schema=fewer, status=1)
			refused = {e["is"] for e in said["entries"] if e["change"] == "now-refused"}
			demand(refused == {"tool-not-in-schema"}, said)
			more = schema + """@mcp("notes/nothing")
				action "notes.nothing" appliesTo { principal: [Actor], resource: [Server] };"""
			said = replay_under(m, RULES.replace('@quota("3/day per principal")', ""), schema=more, status=1)
			demand([e["entry"] for e in said["entries"] if e["change"] == "not-replayed"] == [unmapped], said)
			# What it might have been charged is not known from there on.
			said = replay_under(m, RULES, "--summary", schema=more, status=2)
			demand(said["not-replayed"] == 1 and "entries" not in said, said)
			(m.top / "bad.cedar").write_text("permit (principal;")
			said = m.run("policy", "replay", "--policy", m.top / "bad.cedar", "--schema", m.top / "new.cedarschema",
				status=2)
			demand_message(said.stderr, "bad.cedar:1:18")
			m.run("policy", "replay", "--policy", m.top / "new.cedar", status=64)

	def what_decides_nothing_is_not_explained():
		demand_message(base.run("policy", "why", 0, status=2).stderr, "entry 0", "decides nothing")
		demand_message(base.run("policy", "why", 99999, status=2).stderr, "entry 99999", "does not reach so far")
		base.run("policy", "why", "x", status=64)
		base.run("policy", "why", status=64)
		demand_message(base.run("policy", "why", 1, base.top / "nowhere", status=2).stderr, "nowhere")

	def entities_of_the_policy_count():
		with base.copy() as m:
			m.sign_policy(policy=RULES)
			schema = """entity Note { label?: String };
				@mcp("%s/take") @resource("/path", "text")
				action "notes.take" appliesTo { principal: [Actor], resource: [Note] };""" % m.server
			policy = LOOKS + """permit (principal, action == Action::"notes.take", resource)
				when { resource has label && resource.label == "open" };"""
			listed = [{"uid": {"type": "Note", "id": "/open"}, "attrs": {"label": "open"}, "parents": []}]
			for name, text in (("e.json", json.dumps(listed)), ("e.cedar", policy), ("e.cedarschema", schema)):
				(m.top / name).write_text(text)
			files = ("--schema", m.top / "e.cedarschema", "--entities", m.top / "e.json")
			m.sign("policy", "sign", m.top / "e.cedar", *files, "--expires", "30d")
			d = m.serve()
			s = d.session(m.token)
			demand("result" in s.take("/open"), "what the entities permit")
			closed = decided(s.take("/closed"))
			d.stop()
			said = replay(m)
			demand(said["same"] == said["decisions"], said)
			said = replay(m, "--policy", m.top / "e.cedar", *files)
			demand(said["same"] == said["decisions"], said)
			lacks = why(m, closed)["policies"][0]["lacks"]
			demand(len(lacks) == 1 and "`when` is false because of what stands here" in lacks[0], lacks)

	def all_of_cedar_is_enforced():
		"""Namespaces, common types, tags, enumerations and a context, from the call to the replay."""
		with base.copy() as m:
			m.sign_policy(policy=RULES)
			for name, text in (("s.cedar", SHOP_POLICY), ("s.cedarschema", SHOP_SCHEMA % {"server": m.server}),
				("s.json", json.dumps(SHOP_ENTITIES))):
				(m.top / name).write_text(text)
			files = ("--schema", m.top / "s.cedarschema", "--entities", m.top / "s.json")
			m.sign("policy", "sign", m.top / "s.cedar", *files, "--expires", "30d")
			d = m.serve()
			s = d.session(m.token)
			demand("result" in s.call("take", path="/public/a", to="/public/b", lines=3), "a permitted call")
			secret = s.call("take", path="/public/a", to="/secret/b")
			demand(reason_of(secret) == "forbidden", secret)
			long = s.call("take", path="/public/a", to="/public/b", lines=4)
			demand(reason_of(long) == "no-permit", long)
			named = {"to": {"type": "Shop::File", "id": "/a"}}
			for wrong in ({"lines": "3"}, {"to": "/public/../b"}, named, {"lines": None}):
				answer = s.call("take", **({"path": "/public/a", "to": "/b"} | wrong))
				demand(reason_of(answer) == "malformed-context", wrong, answer)
			demand(reason_of(s.call("take", path="/public/a")) == "malformed-context", "without what is required")
			demand("result" in s.call("wait", unit="eur"), "what the tag permits")
			usd = s.call("wait", unit="usd")
			demand(reason_of(usd) == "no-permit", usd)
			demand(reason_of(s.call("wait", unit="gbp")) == "malformed-resource", "an id that is not listed")
			demand(sorted(c["arguments"].get("to", "") for c in m.received()) == ["", "/public/b"], m.received())
			d.stop()
			m.verify()

			of = m.entries()
			taken = [e["fields"] for e in of.values() if e["kind"] == "intent" and "take" in e["fields"]["action"]]
			demand(taken[0]["action"] == 'Shop::Action::"take"', taken[0])
			demand(taken[0]["resource"] == 'Shop::File::"/public/a"', taken[0])
			said = why(m, decided(secret))
			demand(said["same"] and [p["id"] for p in said["policies"]] == ["never"], said)
			lacks = why(m, decided(long))["policies"][0]["lacks"]
			demand(len(lacks) == 1 and "`when` is false" in lacks[0], lacks)
			said = replay(m)
			demand(said["same"] == said["decisions"] > 5, said)
			(m.top / "t.cedar").write_text(SHOP_POLICY.replace("lines < 4", "lines < 5"))
			said = replay(m, "--policy", m.top / "t.cedar", *files, status=1)
			demand((said["now-permitted"], said["now-refused"], said["otherwise"]) == (1, 0, 0), said)
			demand(said["not-replayed"] == 5, "calls whose arguments are not recorded", said)

			(m.top / "tests.json").write_text(json.dumps({"teams": {"worker": ["research"]}, "tests": [
				{"name": "a", "actor": "worker", "call": f"{m.server}/take", "expect": "permitted",
					"arguments": {"path": "/public/a", "to": "/x", "lines": 1}},
				{"name": "b", "actor": "worker", "call": f"{m.server}/take", "expect": "malformed-context",
					"arguments": {"path": "/public/a"}},
				{"name": "c", "actor": "worker", "action": 'Shop::Action::"take"', "expect": "forbidden",
					"resource": {"type": "Shop::File", "id": "/public/a"},
					"context": {"to": {"type": "Shop::File", "id": "/secret/x"}}},
				{"name": "d", "actor": "worker", "action": "take", "expect": "unknown-action",
					"resource": {"type": "Shop::File", "id": "/public/a"}}]}))
			said = m.run("policy", "test", m.top / "tests.json", "--policy", m.top / "s.cedar", *files).stdout
			demand("4 passed, 0 failed" in said, said)

	return run_tests((all_of_cedar_is_enforced, entities_of_the_policy_count,
		every_answer_is_explained, what_was_in_force_then_counts, every_decision_comes_out_again,
		another_policy_changes_what_it_says, what_decides_nothing_is_not_explained))


with Machine() as made:
	made.make().govern()
	first = made.serve()
	first.stop()
	status = run(made)
sys.exit(status)
