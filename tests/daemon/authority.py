# SPDX-License-Identifier: Apache-2.0
"""What the operator says while Freehold runs, and what becomes of a chain that does not hold together."""
import json
import shutil
import subprocess
import sys

from machine import (BUILD, ME, PASSPHRASE, Machine, Stdio, demand, demand_message, in_background, index_of, reason_of,
	run_tests, user, wait_for)

SIGN_KIND = BUILD / "tests" / "daemon" / "sign-kind"


def outcome_of(m, path):
	"""Status of the recorded call of PATH."""
	entries = m.entries()
	intents = [i for i, e in entries.items() if e["kind"] == "intent" and e["fields"].get("arguments", {}).get("path") == path]
	demand(len(intents) == 1, "intents of", path, intents)
	return [e["fields"]["status"] for e in entries.values() if e["kind"] == "outcome" and e["fields"]["intent"] == intents[0]]


def start_waiting(m, session, path):
	"""A call that the tool server holds for a minute, once it has reached it; returns the function that waits for it."""
	answer = in_background(lambda: session.call("wait", path=path, seconds=60))
	wait_for("the call is in flight", lambda: path in str(m.received()))
	return answer


def leaves_behind(d, session):
	"""Has the session's tool server make two processes of its own, which would outlive it."""
	before = len(d.roles()["tool server"])
	demand(not session.call("wait", path="/left", leave=True)["result"]["isError"], "leave")
	demand(len(d.roles()["tool server"]) == before + 2, "nothing was left behind:", d.roles())


def bring(m, files):
	"""Puts statement files into chain/ as `chain import` would: complete, by rename."""
	for f in files:
		temporary = m.state / "chain" / (".new-" + f.name)
		shutil.copy2(f, temporary)
		temporary.rename(m.state / "chain" / f.name)


def new_files(m, base):
	return [f for f in sorted((m.state / "chain").glob("*.fhs")) if not (base.state / "chain" / f.name).exists()]


def run(base):
	def an_expired_policy_permits_nothing():
		with base.copy() as m:
			m.sign_policy("8s")
			d = m.serve()
			s = d.session(m.token)
			demand(not s.take("/public/before")["result"]["isError"], "before the policy expired")
			# Not by calling: a call that is under way then ends with its session.
			wait_for("the policy expires", lambda: "EXPIRED" in m.run("policy", "show").stdout, 30)
			answer = s.take("/public/expired")
			demand(reason_of(answer) == "policy-expired" and index_of(answer) is not None, answer)
			demand(reason_of(s.ask("tools/list")) == "policy-expired", "tools/list")
			for token in (m.token, None):
				demand(reason_of(d.http(token).initialize()) == "policy-expired", "initialize")
			demand("/public/expired" not in str(m.received()), "it reached the tool server")
			d.stop()
			d = m.serve()
			demand(reason_of(d.http(m.token).initialize()) == "policy-expired", "after a start")
			m.sign_policy("30d")
			wait_for("the new policy is in force", lambda: "result" in d.http(m.token).initialize())
			d.stop()
			m.verify()

	def a_revoked_actor_is_cut_off_with_its_calls():
		with base.copy() as m:
			other = m.grant("other")
			d = m.serve()
			s, kept = d.session(m.token), d.session(other)
			leaves_behind(d, s)
			waiting = start_waiting(m, d.session(m.token), "/in-flight")
			m.sign("actor", "revoke", "worker")
			answer = waiting()
			demand(answer["result"]["isError"] and reason_of(answer), "a call in flight goes on:", answer)
			answer = wait_for("the session is cut", lambda: reason_of(s.take("/public/after")))
			demand(answer in ("unknown-session", "unknown-credential"), answer)
			demand(reason_of(d.http(m.token).initialize()) == "unknown-credential", "initialize")
			demand(not kept.take("/public/other")["result"]["isError"], "another actor's session was cut")
			wait_for("its tool servers end, and what they left behind", lambda: len(d.roles()["tool server"]) == 1)
			d.stop()
			demand(outcome_of(m, "/in-flight") == ["partial"], outcome_of(m, "/in-flight"))
			m.verify()

	def a_revoked_actor_of_the_kernel_is_cut_off_with_its_calls():
		with base.copy() as m:
			m.grant("local", "--uid", ME)
			d = m.serve()
			c = Stdio(m, direct=True).open()
			waiting = start_waiting(m, c, "/in-flight")
			m.sign("actor", "revoke", "local")
			answer = waiting()
			demand(answer is None or reason_of(answer), "a call in flight goes on:", answer)
			demand("revoked by the operator" in str(c.hear()) and c.hear() is None, "the connection goes on")
			c.close()
			again = Stdio(m, direct=True).open()
			demand(reason_of(again.take("/public/x")) == "no-permit", "it is nobody now")
			again.close()
			d.stop()

	def a_revoked_server_is_ended_with_its_calls():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			leaves_behind(d, s)
			waiting = start_waiting(m, s, "/in-flight")
			m.sign("server", "revoke", m.server)
			answer = waiting()
			demand(answer["result"]["isError"] and reason_of(answer), "a call in flight goes on:", answer)
			wait_for("the tool server ends, and what it left behind", lambda: "tool server" not in d.roles())
			demand(reason_of(s.take("/public/after")) == "unknown-session", "its session goes on")
			demand(reason_of(d.http(m.token).initialize()) == "unknown-server", "initialize")
			d.stop()
			demand(outcome_of(m, "/in-flight") == ["partial"], outcome_of(m, "/in-flight"))
			m.verify()

	def a_revoked_grant_is_in_force_on_the_very_next_call():
		with base.copy() as m:
			d = m.serve()
			for n in range(5):
				token = m.grant(f"short-{n}")
				wait_for("the grant is taken", lambda: "result" in d.http(token).initialize())
				s = d.session(token)
				m.sign("actor", "revoke", f"short-{n}")
				wait_for("the revocation is taken", lambda: f"accepted statement {6 + 2 * n} " in d.log())
				reason = reason_of(s.take(f"/public/late-{n}"))
				demand(reason in ("unknown-session", "unknown-credential"), "a call after it:", reason)
			d.stop()
			demand("late" not in str(m.received()), "it reached the tool server")

	def a_narrower_policy_is_in_force_on_the_next_call():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			demand(not s.take("/public/a")["result"]["isError"], "before")
			m.sign_policy(policy='@id("nothing") forbid (principal, action, resource);')
			wait_for("the policy is taken", lambda: "accepted statement 5" in d.log())
			demand(reason_of(s.take("/public/b")) == "forbidden", "after")
			d.stop()

	def fork(m):
		"""Two machines that each sign another statement 5: one grants, one revokes."""
		one, two = base.copy(), base.copy()
		try:
			one.grant("newcomer", "--uid", user(4321))
			two.sign("actor", "revoke", "worker")
			files = new_files(one, base) + new_files(two, base)
			demand(len(files) == 2 and files[0].name[:8] == files[1].name[:8], files)
			for f in files:
				shutil.copy2(f, m.top / f.name)
			return [m.top / f.name for f in files]
		finally:
			one.drop()
			two.drop()

	def check_forked(m, d):
		demand(m.chain(status=1)["state"] == "forked", "chain show")
		said = json.loads(m.run("status", "--json", status=None).stdout)
		demand(said["chain"]["state"] == "forked", "status:", said)
		chain = m.chain(status=1)
		demand(chain["sequence"] == 4, "it stands at the common prefix:", chain["sequence"])
		demand(chain["actors"] == [], "one was granted anew, or not revoked:", chain["actors"])
		demand(reason_of(d.http(m.token).initialize()) == "unknown-credential", "the revoked actor")
		c = Stdio(m, uid=user(4321)).open()
		demand(reason_of(c.take("/public/x")) == "no-permit", "the newcomer")
		c.close()
		recorded = [e for e in m.entries().values() if e["kind"] == "chain"]
		demand(len(recorded) == 7, "both are recorded:", len(recorded))

	def two_statements_at_one_sequence_while_running():
		for order in (1, -1):
			with base.copy() as m:
				files = fork(m)[::order]
				d = m.serve()
				s = d.session(m.token)
				bring(m, files[:1])
				wait_for("the first is taken", lambda: d.log().count("accepted statement 5") == 1)
				bring(m, files[1:])
				wait_for("the second is taken", lambda: d.log().count("accepted statement 5") == 2)
				reason = reason_of(s.take("/public/x"))
				demand(reason in ("unknown-session", "unknown-credential"), "the session goes on:", reason)
				check_forked(m, d)
				r = m.sign("actor", "grant", "later", "--uid", 1, status=2)
				demand_message(r.stderr, "recover")
				d.stop()
				found = m.verify(status=2)
				demand(found["authentic"] == "yes" and "chain" in [r["code"] for r in found["reasons"]], found)
				d = m.serve()
				check_forked(m, d)
				d.stop()

	def two_statements_at_one_sequence_before_the_start():
		with base.copy() as m:
			bring(m, fork(m))
			d = m.serve()
			check_forked(m, d)
			d.stop()

	def a_fork_brings_nothing_back_that_was_replaced():
		with base.copy() as m:
			kept = m.grant("kept")
			with m.copy() as other:  # where another statement 6 is signed
				other.grant("newcomer", "--uid", user(4321))
				stray = [m.top / f.name for f in new_files(other, m)]
				shutil.copy2(other.state / "chain" / stray[0].name, stray[0])
			demand(len(stray) == 1, stray)
			d = m.serve()
			rotated = m.grant("worker")
			wait_for("the new token is taken", lambda: "result" in d.http(rotated).initialize())
			demand(reason_of(d.http(m.token).initialize()) == "unknown-credential", "the old token")
			s = d.session(kept)
			bring(m, stray)
			wait_for("the fork is taken", lambda: d.log().count("accepted statement 6") == 2)

			def check(policy):
				for token in (m.token, rotated):
					said = reason_of(d.http(token).initialize())
					demand(said == "unknown-credential", "a token that was replaced:", said)
				chain = m.chain(status=1)
				demand([a["name"] for a in chain["actors"]] == ["kept"], chain["actors"])
				if policy:
					taken = d.session(kept).take("/public/kept")
					demand(not taken["result"]["isError"], "what no side touched:", taken)
				else:
					demand(reason_of(d.http(kept).initialize()) == "no-policy", "a policy that was replaced")
			demand(not s.take("/public/s")["result"]["isError"], "a session that no side touched")
			check(policy=True)
			d.stop()
			d = m.serve()
			check(policy=True)
			d.stop()
			with m.copy() as other:  # the other side goes on, with a stricter policy
				for f in other.state.glob("chain/*.fhs"):
					if f.name.startswith("00000006") and f.name != stray[0].name:
						f.unlink()
				other.sign_policy(policy='@id("nothing") forbid (principal, action, resource);')
				stricter = new_files(other, m)
				demand(len(stricter) == 1, stricter)
				d = m.serve()
				s = d.session(kept)
				bring(m, stricter)
				wait_for("it is taken", lambda: "accepted statement 7" in d.log())
			demand(reason_of(s.take("/public/late")) == "no-policy", "the policy before it is in force again")
			check(policy=False)
			d.stop()
			demand("/public/late" not in str(m.received()), "it reached the tool server")
			found = m.verify(status=2)
			demand(found["authentic"] == "yes", found)

	def a_statement_of_an_unknown_kind_stops_everything():
		if not SIGN_KIND.exists():
			return f"{SIGN_KIND} is not built"
		for kind in ("reader", "no-such-kind"):
			with base.copy() as m:
				out = m.top / "unknown.fhs"
				at = m.chain()
				words = [at["chain"], str(at["sequence"] + 1), at["head"], kind, out]
				subprocess.run([SIGN_KIND, m.key, m.state, *words], input=PASSPHRASE, text=True, check=True)
				d = m.serve()
				s = d.session(m.token)
				r = m.run("chain", "import", out, status=1)
				demand_message(r.stderr, kind, "update Freehold")
				wait_for("the statement is taken", lambda: "accepted statement 5" in d.log())
				demand("chain is stopped" in d.log(), d.log())
				answer = s.take("/public/x")
				demand(reason_of(answer), "permitted although the chain is stopped:", answer)
				demand(reason_of(d.http().initialize()), "anonymous may still look")
				demand(m.chain(status=1)["state"] == "stopped", "chain show")
				d.stop()
				d = m.serve()
				demand(reason_of(d.http(m.token).initialize()), "permitted after a start")
				d.stop()
				demand("/public/x" not in str(m.received()), "it reached the tool server")

	def malformed_statements_change_nothing():
		with base.copy() as m:
			d = m.serve()
			s = d.session(m.token)
			good = max((m.state / "chain").glob("*.fhs")).read_bytes()
			flipped = bytearray(good)
			flipped[100] ^= 1  # within the payload
			bad = (b"", b"garbage", good[:-1], good + b"\0", bytes(flipped), b"\x9f" * 3000, b"x" * (3 << 20))
			for n, content in enumerate(bad):
				name = f"00000005-{n:016x}.fhs"
				(m.top / name).write_bytes(content)
				bring(m, [m.top / name])
				wait_for(f"{name} is told", lambda: name in d.log())
				demand(not s.take(f"/public/{n}")["result"]["isError"], "a permitted call after", content[:10])
			for name in ("README", "5.fhs", "00000005-zz.fhs", "00000005-0000000000000009.fhs.tmp"):
				(m.state / "chain" / name).write_text("not a statement")
			(m.state / "chain" / "00000005-000000000000000a.fhs").mkdir()
			(m.state / "chain" / "00000005-000000000000000b.fhs").symlink_to("/etc/passwd")
			demand(not s.take("/public/last")["result"]["isError"], "a permitted call")
			demand_message(d.log(), "chain/00000005-0000000000000001.fhs")
			d.stop()
			statements = sum(e["kind"] == "chain" for e in m.entries().values())
			demand(statements == 5, "something was recorded as a statement:", statements)
			m.verify()
			d = m.serve()
			d.alive()
			d.stop()

	def a_statement_by_a_stranger_changes_nothing():
		with base.copy() as m, Machine() as other:
			other.make()
			d = m.serve()
			files = sorted((other.state / "chain").glob("*.fhs"))
			bring(m, files)
			for f in files:
				wait_for(f"{f.name} is told", lambda: f.name in d.log())
			demand_message(d.log(), "chain/" + files[0].name)
			d.alive()
			demand(m.run("chain", "import", files[0], status=2).stderr, "import")
			d.stop()
			m.verify()

	return run_tests((an_expired_policy_permits_nothing, a_revoked_actor_is_cut_off_with_its_calls,
		a_revoked_actor_of_the_kernel_is_cut_off_with_its_calls, a_revoked_server_is_ended_with_its_calls,
		a_revoked_grant_is_in_force_on_the_very_next_call, a_narrower_policy_is_in_force_on_the_next_call,
		two_statements_at_one_sequence_while_running, two_statements_at_one_sequence_before_the_start,
		a_fork_brings_nothing_back_that_was_replaced,
		a_statement_of_an_unknown_kind_stops_everything, malformed_statements_change_nothing,
		a_statement_by_a_stranger_changes_nothing))


with Machine() as made:
	made.make().govern()
	status = run(made)
sys.exit(status)
