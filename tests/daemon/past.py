# SPDX-License-Identifier: Apache-2.0
"""What was decided, explained and decided again from the record alone: `policy why`, `policy replay`."""
import json
import sys
import time

from machine import Machine, demand, demand_message, index_of, reason_of, run_tests, wait_for

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


def why(m, n, *words, status=0):
	return json.loads(m.run("policy", "why", n, "--json", *words, status=status).stdout)


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
			text = m.run("policy", "why", entries["forbidden"]).stdout
			demand("Permits that would count without it: 1" in text and " 11 | @id(\"never\") forbid" in text, text)

			said = why(m, entries["false"])
			demand(said["policies"][0]["id"] == "fixed", said)
			said = said["policies"][0]
			demand(said["lacks"] == ["line 10, column 51: `when` is false because of what stands here"], said)

			text = m.run("policy", "why", entries["false"]).stdout
			demand("\n     10 |   when { principal" in text and "\n        | " + " " * 50 + "^\n" in text, text)
			text = m.run("policy", "why", entries["other"]).stdout
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
			wait_for("the lease has ended", lambda: reason_of(s.take("/public/b")) in ("no-lease", "unknown-session"))
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

	def what_decides_nothing_is_not_explained():
		demand_message(base.run("policy", "why", 0, status=2).stderr, "entry 0", "decides nothing")
		demand_message(base.run("policy", "why", 99999, status=2).stderr, "entry 99999", "does not reach so far")
		base.run("policy", "why", "x", status=64)
		base.run("policy", "why", status=64)
		demand_message(base.run("policy", "why", 1, base.top / "nowhere", status=2).stderr, "nowhere")

	return run_tests((every_answer_is_explained, what_was_in_force_then_counts, what_decides_nothing_is_not_explained))


with Machine() as made:
	made.make().govern()
	first = made.serve()
	first.stop()
	status = run(made)
sys.exit(status)
