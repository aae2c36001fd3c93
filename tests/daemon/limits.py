# SPDX-License-Identifier: Apache-2.0
"""Quotas and the lease: what they permit, and that nothing gives any of it back."""
import json
import os
import random
import signal
import sys
import time
from http.client import HTTPException

from machine import SCHEMA, Failure, Machine, demand, demand_message, in_background, index_of, reason_of, run_tests, wait_for

LOOKS = '@id("looks") permit (principal, action in [Action::"mcp.initialize", Action::"mcp.list"], resource);\n'
TAKES = LOOKS + """@id("takes") @quota("%s")
permit (principal in Team::"research", action == Action::"notes.take", resource in Folder::"/public");
"""
WAITS = '@id("waits") @quota("%s") permit (principal, action == Action::"notes.wait", resource);\n'
FALLS_BACK = LOOKS.replace("@id", "@fallback @id") + """
@id("takes") permit (principal, action == Action::"notes.take", resource in Folder::"/public");
@id("safe") @fallback permit (principal, action == Action::"notes.take", resource in Folder::"/public/safe");
@id("waits") permit (principal, action == Action::"notes.wait", resource);
"""


def taken(s, path):
	answer = s.take(path)
	return "yes" if "result" in answer and not answer["result"]["isError"] else reason_of(answer)


def used(s, tokens):
	answer = s.call("wait", path="/x", usage=tokens)
	return "yes" if "result" in answer and not answer["result"]["isError"] else reason_of(answer)


def call_until_cut(d, token, path):
	"""Calls as fast as it is answered; the last reason it was refused for."""
	reason = None
	try:
		s = d.session(token)
		while reason != "no-quota":
			reason = taken(s, path)
	except (Failure, OSError, ValueError, KeyError, HTTPException):
		pass
	return reason


def effects(m, kind):
	return [e["fields"]["effect"] for e in m.entries().values() if e["kind"] == kind and "effect" in e["fields"]]


def run(base):
	def a_quota_permits_as_many_as_it_says():
		with base.copy() as m:
			m.sign_policy(policy=TAKES % "3/day")
			d = m.serve()
			s = d.session(m.token)
			demand([taken(s, f"/public/q{n}") for n in range(5)] == ["yes"] * 3 + ["no-quota"] * 2, "not three of five")
			answer = s.take("/public/more")
			demand(index_of(answer) is not None, "a refusal without an entry:", answer)
			demand(taken(s, "/private/x") == "no-permit", "what no permit covers is no matter of quotas")
			d.stop()
			demand(str(m.received()).count("/public/q") == 3, "what reached the tool server:", m.received())
			m.verify()

	def what_is_used_outlives_a_restart_and_a_crash():
		with base.copy() as m:
			m.sign_policy(policy=TAKES % "3/day")
			d = m.serve()
			demand(taken(d.session(m.token), "/public/a") == "yes", "the first")
			d.stop()
			d = m.serve()
			demand(taken(d.session(m.token), "/public/b") == "yes", "the second")
			d.process.send_signal(signal.SIGKILL)
			d.wait()
			wait_for("all of it has ended", lambda: not d.roles())
			d = m.serve()
			s = d.session(m.token)
			demand([taken(s, "/public/c"), taken(s, "/public/d")] == ["yes", "no-quota"], "the third and the fourth")
			d.stop()
			m.verify()

	def an_unknown_outcome_stays_charged():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS + WAITS % "1/day; 9000000 bytes/day")
			d = m.serve()
			s = d.session(m.token)
			in_background(lambda: s.call("wait", path="/unknown", seconds=60))
			wait_for("the call is in flight", lambda: "/unknown" in str(m.received()))
			d.process.send_signal(signal.SIGKILL)
			d.wait()
			d = m.serve()
			answer = d.session(m.token).call("wait", path="/y", seconds=0)
			demand(reason_of(answer) == "no-quota", "after an unknown outcome:", answer)
			d.stop()
			outcomes = [e["fields"] for e in m.entries().values() if e["kind"] == "outcome"]
			unknown = [f for f in outcomes if f["status"] == "unknown"]
			demand(unknown and all(f["effect"] == [False, []] for f in unknown), "unknown outcomes give back:", unknown)
			m.verify()

	def bytes_that_were_not_used_are_given_back():
		with base.copy() as m:
			m.sign_policy(policy=TAKES % "9000000 bytes/day per principal")
			d = m.serve()
			s = d.session(m.token)
			demand([taken(s, f"/public/{n}") for n in range(20)] == ["yes"] * 20, "small calls use little")
			d.stop()
			took = [part for opens, parts in effects(m, "intent") for part in parts if opens]
			gave = [part for opens, parts in effects(m, "outcome") for part in parts if not opens]
			demand(len(took) == len(gave) == 20, took, gave)
			demand(all(t[0] == g[0] and 0 < t[2] - g[2] < 500 for t, g in zip(took, gave)), "used:", took[0], gave[0])
			m.verify()

	def bytes_are_reserved_while_calls_are_open():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS + WAITS % "9000000 bytes/day")
			d = m.serve()
			waiting = [in_background(lambda n=n: d.session(m.token).call("wait", path=f"/open-{n}", seconds=3))
				for n in range(2)]
			wait_for("both are in flight", lambda: str(m.received()).count("/open-") == 2)
			s = d.session(m.token)
			demand(reason_of(s.call("wait", path="/third")) == "no-quota", "a third call while two are open")
			for w in waiting:
				demand(not w()["result"]["isError"], "an open call")
			demand("result" in s.call("wait", path="/fourth") , "after they gave back")
			d.stop()
			m.verify()

	def tokens_are_reserved_and_what_was_not_used_is_given_back():
		"""One call may use 1,000 of 2,500: the use that a result says is taken, and without one all of it."""
		with base.copy() as m:
			m.sign_policy(policy=LOOKS + WAITS % "2500 tokens/day",
				schema=SCHEMA.replace("@mcp", '@tokens("/structuredContent/usage/total_tokens; 1000") @mcp', 1))
			d = m.serve()
			s = d.session(m.token)
			demand([used(s, 100) for _ in range(10)] == ["yes"] * 10, "ten times 100 of 2,500")
			waiting = in_background(lambda: d.session(m.token).call("wait", path="/tokens-open", seconds=60))
			wait_for("the call is in flight", lambda: "/tokens-open" in str(m.received()))
			demand(used(s, 1) == "no-quota", "1,000 are used, 1,000 reserved, and 1,000 more are too many")
			d.process.send_signal(signal.SIGKILL)
			d.wait()
			wait_for("all of it has ended", lambda: not d.roles())
			d = m.serve()
			demand(used(d.session(m.token), 1) == "no-quota", "after an unknown outcome")
			d.stop()
			took = [part[2] for opens, parts in effects(m, "intent") for part in parts if opens]
			gave = [[part[2] for part in parts] for opens, parts in effects(m, "outcome") if parts]
			demand(took == [1000] * 11 and gave == [[900]] * 10, took, gave)
			m.verify()

	def unsaid_tokens_are_all_used():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS + WAITS % "2500 tokens/day",
				schema=SCHEMA.replace("@mcp", '@tokens("/structuredContent/usage/total_tokens; 1000") @mcp', 1))
			d = m.serve()
			s = d.session(m.token)
			said = [s.call("wait", path="/x", **more) for more in ({}, {"usage": 1001}, {"usage": 1})]
			demand(["result" in a and not a["result"]["isError"] for a in said] == [True, True, False]
				and reason_of(said[2]) == "no-quota", said)
			d.stop()
			m.verify()

	def a_new_session_gives_nothing_back():
		with base.copy() as m:
			m.sign_policy(policy=TAKES % "3/day per principal")
			d = m.serve()
			one = d.session(m.token)
			demand(taken(one, "/public/a") == "yes", "the first")
			beside = d.session(m.token)
			demand(taken(beside, "/public/b") == "yes", "the second, of a session beside it")
			one.end()
			demand(taken(d.session(m.token), "/public/c") == "yes", "the third, of a session after it")
			demand([taken(s, "/public/d") for s in (beside, d.session(m.token))] == ["no-quota"] * 2, "the fourth")
			d.stop()

	def each_principal_has_a_quota_of_its_own():
		with base.copy() as m:
			other = m.grant("other")
			m.sign_policy(policy=TAKES % "1/day per principal; 3/day")
			d = m.serve()
			one, two = d.session(m.token), d.session(other)
			demand([taken(one, "/public/a"), taken(one, "/public/b")] == ["yes", "no-quota"], "one")
			demand([taken(two, "/public/a"), taken(two, "/public/b")] == ["yes", "no-quota"], "two")
			d.stop()

	def a_new_policy_goes_on_counting():
		with base.copy() as m:
			m.sign_policy(policy=TAKES % "1/day")
			d = m.serve()
			s = d.session(m.token)
			demand([taken(s, "/public/a"), taken(s, "/public/b")] == ["yes", "no-quota"], "one a day")
			m.sign_policy(policy=TAKES % "2/day")
			wait_for("the new policy is taken", lambda: taken(s, "/public/c") == "yes")
			demand(taken(s, "/public/d") == "no-quota", "two a day, one of which the old policy saw")
			d.stop()

	def without_a_lease_only_fallback_is_permitted():
		with base.copy() as m:
			m.sign_policy(policy=FALLS_BACK, lease="8s")
			d = m.serve()
			s = d.session(m.token)
			demand(taken(s, "/public/before") == "yes", "while the lease lives")
			waiting = in_background(lambda: d.session(m.token).call("wait", path="/cut", seconds=60))
			wait_for("the call is in flight", lambda: "/cut" in str(m.received()))
			answer = waiting()
			demand(answer["result"]["isError"] and reason_of(answer) == "partial", "it goes on:", answer)
			demand(taken(s, "/public/after") in ("no-lease", "unknown-session"), "after the lease")
			s = d.session(m.token)
			demand([taken(s, "/public/x"), taken(s, "/public/safe/x")] == ["no-lease", "yes"], "only @fallback")
			d.stop()
			d = m.serve()
			s = d.session(m.token)
			demand([taken(s, "/public/x"), taken(s, "/public/safe/y")] == ["no-lease", "yes"], "after a restart")
			demand("ENDED" in m.run("status").stdout and m.run("lease", "show", status=1), "status")
			m.sign("lease", "renew", "--for", "1h")
			wait_for("the lease is taken", lambda: taken(s, "/public/renewed") == "yes")
			demand("lease          until" in m.run("status").stdout and m.run("lease", "show"), "status")
			d.stop()
			demand("/public/after" not in str(m.received()), "it reached the tool server")
			outcomes = [e["fields"]["status"] for e in m.entries().values() if e["kind"] == "outcome"]
			demand(outcomes.count("partial") == 1, outcomes)
			demand([e["kind"] for e in m.entries().values()].count("lease") == 1, "entries")
			m.verify()

	def a_call_of_a_fallback_permit_outlives_the_lease():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS.replace("@id", "@fallback @id") + "@fallback " + WAITS % "9/day", lease="3s")
			d = m.serve()
			s = d.session(m.token)
			answer = s.call("wait", path="/long", seconds=5)
			demand(not answer["result"]["isError"], answer)
			demand(m.run("lease", "show", status=1), "the lease")
			# The device lists the tools of a pinned server by itself, which is no call without a lease.
			m.sign("pin", "notes")
			wait_for("the pins are in force", lambda: reason_of(s.ask("tools/list")) == "unknown-session")
			demand("result" in d.session(m.token).ask("tools/list"), "a session of the pinned server")
			d.stop()
			m.verify()

	def a_policy_that_expires_ends_its_calls():
		with base.copy() as m:
			m.sign_policy("8s", policy=LOOKS + "@fallback " + WAITS % "9/day")
			d = m.serve()
			answer = d.session(m.token).call("wait", path="/expires", seconds=60)
			demand(reason_of(answer) == "partial", answer)
			demand(reason_of(d.http(m.token).initialize()) == "policy-expired", "@fallback of an expired policy")
			d.stop()
			m.verify()

	def a_revoked_policy_ends_its_calls():
		with base.copy() as m:
			m.sign_policy(policy=LOOKS + WAITS % "9/day")
			d = m.serve()
			waiting = in_background(lambda: d.session(m.token).call("wait", path="/revoked", seconds=60))
			wait_for("the call is in flight", lambda: "/revoked" in str(m.received()))
			m.sign("policy", "revoke")
			answer = waiting()
			demand(reason_of(answer) == "partial", answer)
			demand(reason_of(d.http(m.token).initialize()) == "no-policy", "afterwards")
			d.stop()
			m.verify()

	def a_revoked_device_ends_all_calls():
		with base.copy() as m:
			d = m.serve()
			waiting = in_background(lambda: d.session(m.token).call("wait", path="/device", seconds=60))
			wait_for("the call is in flight", lambda: "/device" in str(m.received()))
			device = json.loads(m.run("lease", "show", "--json").stdout)["device"]
			m.sign("device", "revoke", device)
			answer = waiting()
			demand(reason_of(answer), answer)
			demand(reason_of(d.http(m.token).initialize()) == "device-revoked", "afterwards")
			d.stop()

	def leases_are_signed_elsewhere_and_taken_once():
		with base.copy() as m:
			desk = m.top / "desk"
			m.run("chain", "export", m.top / "out")
			m.run("chain", "import", *sorted((m.top / "out").iterdir()), state=desk)
			d = m.serve()
			for n, name in enumerate(("one", "two")):
				m.sign("lease", "renew", "--for", f"{n + 1}h", "--out", m.top / name, state=desk)
			m.run("chain", "import", m.top / "two")
			wait_for("the second is taken", lambda: "took lease" in d.log())
			m.run("chain", "import", m.top / "one")
			m.run("chain", "import", m.top / "two")
			d.alive()
			d.stop()
			demand(d.log().count("took lease") == 1, "an older one was taken:", d.log())
			d = m.serve()
			d.alive()
			d.stop()
			demand([e["kind"] for e in m.entries().values()].count("lease") == 1, "entries")
			demand_message(m.run("chain", "import", m.key, status=2).stderr, str(m.key))
			damaged = bytearray((m.top / "one").read_bytes())
			damaged[-1] ^= 1
			(m.top / "damaged").write_bytes(damaged)
			demand_message(m.run("chain", "import", m.top / "damaged", status=2).stderr, "damaged", "signature")
			m.verify()

	def a_lease_goes_on_when_its_signers_have_changed():
		with base.copy() as m:
			m.sign_policy(policy=FALLS_BACK, lease="1h")
			desk, heir = m.top / "desk", m.top / "heir.key"
			d = m.serve()
			m.sign("lease", "renew", "--for", "20s", "--counter", 7)
			wait_for("the lease is taken", lambda: "took lease 7" in d.log())
			m.run("key", "new", heir, "--passphrase-fd", 0)
			m.sign("signers", "change", "--new-key", heir)
			wait_for("the signers are taken", lambda: "chain" in [e["kind"] for e in m.entries().values()][-3:])
			shown = json.loads(m.run("lease", "show", "--json").stdout)
			demand(shown.get("counter") == 7, "the machine goes on with lease 7:", shown)
			m.key = heir
			m.run("chain", "export", m.top / "out")
			m.run("chain", "import", *sorted((m.top / "out").glob("*.fhs")), state=desk)
			m.sign("lease", "renew", "--for", "2h", "--counter", 6, "--out", m.top / "six", state=desk)
			m.sign("lease", "renew", "--for", "2h", "--counter", 7, "--out", m.top / "seven", state=desk)
			said = m.run("chain", "import", m.top / "six").stdout
			demand("changes nothing" in said and "accepted" not in said, said)
			demand_message(m.run("chain", "import", m.top / "seven", status=2).stderr, "another lease 7", "renew")
			demand_message(m.sign("lease", "renew", "--for", "2h", "--counter", 7, status=2).stderr,
				"not greater", "--counter")
			demand(len(list((m.state / "chain").glob("lease-*"))) == 1, "what is never taken is not kept")
			s = d.session(m.token)
			wait_for("lease 7 ends it", lambda: taken(s, "/public/x") in ("no-lease", "unknown-session"))
			demand("ENDED" in m.run("status").stdout and m.run("lease", "show", status=1), "status")
			m.sign("lease", "renew", "--for", "1h")
			s = d.session(m.token)
			wait_for("it is renewed", lambda: taken(s, "/public/y") == "yes")
			d.stop()
			m.verify()

	def a_planted_lease_changes_nothing():
		with base.copy() as m, Machine() as other:
			other.make()
			other.sign("lease", "renew", "--for", "1h", "--out", other.top / "lease", status=None)
			planted = m.state / "chain" / ("lease-%020d-%016x.fhl" % (1 << 60, 1))
			d = m.serve()
			planted.with_suffix(".new").write_bytes((other.top / "lease").read_bytes())
			planted.with_suffix(".new").rename(planted)
			wait_for("it is refused", lambda: "belongs to another chain" in d.log())
			d.alive()
			d.stop()
			demand("took lease" not in d.log(), d.log())
			m.verify()

	def no_kill_gives_any_of_it_back():
		with base.copy() as m:
			m.sign_policy(policy=TAKES % "20/day")
			chance, rounds = random.Random("limits"), 0
			while rounds < 12:
				rounds += 1
				d = m.serve()
				clients = [in_background(call_until_cut, d, m.token, f"/public/killed-{rounds}-{n}")
					for n in range(3)]
				time.sleep(chance.uniform(0.05, 0.3))
				os.kill(d.pid if rounds % 2 else d.roles()["core"][0], signal.SIGKILL)
				d.wait()
				refused = [c() for c in clients]
				wait_for("all of it has ended", lambda: not d.roles())
				if "no-quota" in refused:
					break
			d = m.serve()
			s = d.session(m.token)
			wait_for("all is used up", lambda: taken(s, "/public/killed-last") == "no-quota")
			d.stop()
			intents = [e["fields"] for e in m.entries().values() if e["kind"] == "intent"]
			permitted = [f for f in intents if f["decision"][0] and f["action"] == 'Action::"notes.take"']
			demand(len(permitted) == 20, "permitted", len(permitted), "of 20 in", rounds, "rounds")
			demand(0 < str(m.received()).count("/public/killed-") <= 20, "what reached the tool server")
			demand(m.verify()["fold"]["checked"], "the fold")

	def a_verifier_adds_up_what_the_machine_did():
		with base.copy() as m:
			m.sign_policy(policy=TAKES % "9/day per principal; 90000000 bytes/90s; 5/2s" + WAITS % "3/week")
			for n in range(3):
				d = m.serve()
				s = d.session(m.token)
				for k in range(4):
					taken(s, f"/public/{n}-{k}")
				if n == 1:
					in_background(lambda: s.call("wait", path="/tokens-open", seconds=60))
					wait_for("a call is open", lambda: "/tokens-open" in str(m.received()))
					d.process.send_signal(signal.SIGKILL)
					d.wait()
				else:
					d.stop()
			said = m.verify()
			demand(said["fold"] == {"checked": True, "states": 2} and said["quotas"] == "checked", said)
			demand(said["entries"]["state"] == 2, said["entries"])

	def what_cannot_be_kept_cannot_be_signed():
		with base.copy() as m:
			for words, why in (('@quota("1/day") forbid', "on a forbid"), ('@quota("1/day") permit', "without @id"),
					('@id("a") @quota("1 tokens/day") permit', "tokens"),
					('@id("a") @quota("1/moon") permit', "period")):
				said = m.sign_policy(policy=words + " (principal, action, resource);", status=1).stderr
				demand_message(said, "p.cedar:1:", why)

	return run_tests((a_quota_permits_as_many_as_it_says, what_is_used_outlives_a_restart_and_a_crash,
		an_unknown_outcome_stays_charged, bytes_that_were_not_used_are_given_back,
		bytes_are_reserved_while_calls_are_open,
		tokens_are_reserved_and_what_was_not_used_is_given_back, unsaid_tokens_are_all_used,
		a_new_session_gives_nothing_back,
		each_principal_has_a_quota_of_its_own,
		a_new_policy_goes_on_counting, without_a_lease_only_fallback_is_permitted,
		a_call_of_a_fallback_permit_outlives_the_lease, a_policy_that_expires_ends_its_calls,
		a_revoked_policy_ends_its_calls, a_revoked_device_ends_all_calls,
		leases_are_signed_elsewhere_and_taken_once, a_lease_goes_on_when_its_signers_have_changed,
		a_planted_lease_changes_nothing,
		no_kill_gives_any_of_it_back, a_verifier_adds_up_what_the_machine_did, what_cannot_be_kept_cannot_be_signed))


with Machine() as made:
	made.make().govern()
	status = run(made)
sys.exit(status)
