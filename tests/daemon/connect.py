# SPDX-License-Identifier: Apache-2.0
"""`freehold connect` as an MCP server over stdio, for actors that the kernel names."""
import shutil
import sys

from machine import FREEHOLD, ME, Machine, Stdio, demand, demand_message, index_of, reason_of, run_tests, user

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
			c.close()
			d.stop()

	def connect_without_a_daemon_says_so():
		r = base.run("connect", "notes", "--socket", base.top / "none", status=2)
		demand_message(r.stderr, "the daemon is not running", "freehold serve")

	status = run_tests((answers_an_actor_by_uid, answers_an_actor_by_program,
		another_program_of_that_user_is_nobody, a_user_without_a_grant_may_look_and_not_call,
		an_unknown_server_is_refused_by_name, connect_without_a_daemon_says_so))
sys.exit(status)
