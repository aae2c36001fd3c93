# SPDX-License-Identifier: Apache-2.0
"""`freehold connect` as an MCP server over stdio, for actors that the kernel names."""
import json
import shutil
import sys

from machine import FREEHOLD, INITIALIZE, ME, Machine, Stdio, demand, demand_message, index_of, reason_of, run_tests, user

UID = user(54321)  # of nobody else here, where that can be

with Machine() as base:
	base.make().govern()
	program = base.top / "connect-copy"
	shutil.copy(FREEHOLD, program)

	def answers_an_actor_by_uid():
		with base.copy() as m:
			m.grant("by-uid", "--uid", UID)
			d = m.serve()
			c = Stdio(m, uid=UID).open()
			tools = [t["name"] for t in c.ask("tools/list")["result"]["tools"]]
			demand(tools == ["take", "wait"], "tools that the schema does not name are left out:", tools)
			answer = c.take("/public/stdio")
			demand(answer["result"]["content"][0]["text"] == "taken /public/stdio", answer)
			refused = c.take("/private/x")
			demand(refused["result"]["isError"] and reason_of(refused) == "no-permit", refused)
			demand(c.ask("ping")["result"] == {}, "ping")
			demand(c.close() == 0, "connect's exit status")
			d.stop()
			entry = m.entries()[index_of(refused)]["fields"]
			demand(entry["actor"] == 'Actor::"by-uid"' and entry["identity"]["uid"] == UID, entry)
			demand(entry["resource"] == 'File::"/private/x"' and entry["decision"][0] is False, entry)
			demand("/private/x" not in str(m.received()), "a refused call reached the tool server")
			m.verify()

	def answers_an_actor_by_program():
		with base.copy() as m:
			m.grant("by-program", "--uid", UID, "--executable", FREEHOLD)
			d = m.serve()
			c = Stdio(m, uid=UID).open()
			demand(not c.take("/public/program")["result"]["isError"], "the granted program is refused")
			demand(c.close() == 0, "connect's exit status")
			d.stop()
			fields = [e["fields"] for e in m.entries().values()]
			calls = [f for f in fields if f.get("resource") == 'File::"/public/program"']
			demand(calls and calls[0]["actor"] == 'Actor::"by-program"' and "executable" in calls[0]["identity"], calls)

	def another_program_of_that_user_is_nobody():
		with base.copy() as m:
			m.grant("our-program", "--uid", ME, "--executable", FREEHOLD)
			d = m.serve()
			c = Stdio(m, direct=True).open()  # this Python is not the program that was granted
			refused = c.take("/public/other")
			demand(refused["result"]["isError"], "another program was taken for the granted one:", refused)
			c.close()
			d.alive()
			d.stop()
			entry = m.entries()[index_of(refused)]["fields"]
			demand(entry["actor"] == 'Actor::"anonymous"', entry)

	def a_user_without_a_grant_may_look_and_not_call():
		with base.copy() as m:
			d = m.serve()
			c = Stdio(m, uid=UID).open()
			demand("result" in c.ask("tools/list"), "anonymous may list")
			refused = c.take("/public/nobody")
			demand(refused["result"]["isError"] and reason_of(refused) == "no-permit", refused)
			c.close()
			d.stop()

	def an_unknown_server_is_refused_by_name():
		with base.copy() as m:
			d = m.serve()
			c = Stdio(m, uid=UID, server="nothing")
			demand(reason_of(c.initialize()) == "unknown-server", "the reason")
			ended(c, 1, "nothing", "no statement of the operator names such a server", "unknown-server")
			d.stop()

	def ended(c, status, *words):
		"""CONNECT ends by itself or with its input, with STATUS, and says why."""
		demand(c.close() == status, "connect's exit status")
		said = c.process.stderr.read().decode()
		demand_message(said, *words) if words else demand(said == "", said)

	def whom_no_policy_permits_learns_it_from_the_exit_status_too():
		with base.copy() as m:
			m.sign_policy(policy='permit (principal in Team::"research", action, resource);')
			d = m.serve()
			c = Stdio(m, uid=UID)
			demand(reason_of(c.initialize()) == "no-permit", "the reason")
			ended(c, 1, "notes", "no policy permits it", "no-permit")
			d.stop()

	def whose_session_is_revoked_learns_why():
		with base.copy() as m:
			m.grant("by-uid", "--uid", UID)
			d = m.serve()
			c = Stdio(m, uid=UID).open()
			m.sign("actor", "revoke", "by-uid")
			last = c.hear()
			demand(last["id"] is None and reason_of(last) == "partial", last)
			demand("revoked by the operator" in last["error"]["message"] and c.hear() is None, last)
			ended(c, 1, "notes", "the session is over", "revoked by the operator")
			d.stop()

	def a_daemon_that_stops_is_no_refusal():
		with base.copy() as m:
			m.grant("by-uid", "--uid", UID)
			d = m.serve()
			c = Stdio(m, uid=UID).open()
			d.stop()
			ended(c, 2, "notes", "freehold is stopping")
			d = m.serve()
			c = Stdio(m, uid=UID).open()
			d.kill()
			demand(c.hear() is None, "something comes from nowhere")
			ended(c, 2, "notes", "the daemon closed the connection")

	def what_a_client_says_at_once_is_answered_in_turn():
		with base.copy() as m:
			m.grant("by-uid", "--uid", UID)
			d = m.serve()
			c = Stdio(m, uid=UID)
			asked = [("initialize", 1, INITIALIZE), ("notifications/initialized", None, {}), ("tools/list", 2, {}),
				("tools/call", 3, {"name": "take", "arguments": {"path": "/public/at-once"}})]
			c.say(b"\n".join(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}
				| ({"id": id} if id else {})).encode() for method, id, params in asked))
			c.writer.close()
			heard = [c.hear() for _ in range(3)]
			demand(heard[0]["id"] == 1 and {h["id"] for h in heard} == {1, 2, 3}, heard)
			demand(all("result" in h and not h["result"].get("isError") for h in heard), heard)
			demand(c.hear() is None, "more than was asked")
			ended(c, 0)
			d.stop()

	def connect_without_a_daemon_says_so():
		r = base.run("connect", "notes", "--socket", base.top / "none", status=2)
		demand_message(r.stderr, "the daemon is not running", "freehold serve")

	status = run_tests((answers_an_actor_by_uid, answers_an_actor_by_program,
		another_program_of_that_user_is_nobody, a_user_without_a_grant_may_look_and_not_call,
		an_unknown_server_is_refused_by_name, whom_no_policy_permits_learns_it_from_the_exit_status_too,
		whose_session_is_revoked_learns_why, a_daemon_that_stops_is_no_refusal,
		what_a_client_says_at_once_is_answered_in_turn, connect_without_a_daemon_says_so))
sys.exit(status)
