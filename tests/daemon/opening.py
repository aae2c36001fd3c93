# SPDX-License-Identifier: Apache-2.0
"""What is sealed in the record, opened by the running daemon for those whom the policy lets."""
import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

from machine import (FREEHOLD, ME, PATIENCE, POLICY, SCHEMA, VERIFY, Machine, demand, demand_message, in_background,
	index_of, run_tests, user, wait_for)

READER, OTHER = user(1234), user(4321)
OPENING = 'action "record.open", "record.disclose" appliesTo { principal: [Actor], resource: [Device]%s };\n'
CONTEXT = ", context: { fields: Set<String>, entries: Long }"
READS = """@id("reads") permit (principal == Actor::"reader",
	action in [Action::"record.open", Action::"record.disclose"], resource);
"""
SECRET = "the-plant-in-an-argument"


def reader(m, *words, status=0, uid=READER):
	"""`freehold record WORDS` as the user UID: who asks is what the kernel says of the process."""
	who = {} if uid == ME else {"user": uid, "group": uid}
	r = subprocess.run([FREEHOLD, "record", *map(str, words), "--config", m.config, "--state", m.state, "--socket", m.socket],
		capture_output=True, text=True, timeout=120, cwd=m.readers, **who)
	demand(status in (None, r.returncode), f"record {words}: status {r.returncode}, not {status}:", r.stdout, r.stderr)
	return r


def opened(m, *words):
	return [json.loads(l) for l in reader(m, "open", *words, "--json").stdout.splitlines()]


def with_reader(m, policy=READS, context="", **more):
	"""A directory that the reader may write in, an actor for him, and a policy under which he may read."""
	m.readers = m.top / "readers"
	m.readers.mkdir()
	m.readers.chmod(0o777)
	m.grant("reader", "--uid", READER)
	m.sign_policy(policy=POLICY + policy, schema=SCHEMA + OPENING % context, **more)
	return m


def asked(m, action="record.open", first=0):
	"""The intents to open something."""
	return [e for e in m.entries(first).values() if e["kind"] == "intent" and action in e["fields"].get("action", "")]


def verify(m, kind, *words):
	return subprocess.run([VERIFY, kind, *words, "--genesis", m.genesis, "--allow-grade", "none,co-located", "--json"],
		capture_output=True, text=True, timeout=120)


def call(m, d, path=f"/public/{SECRET}"):
	"""The entry of a permitted call."""
	s = d.session(m.token)
	answer = s.take(path)
	demand(not answer["result"]["isError"], answer)
	s.end()
	return max(i for i, e in m.entries().items() if e["kind"] == "intent" and path in e["fields"].get("resource", ""))


def run(base):
	def what_a_reader_may_see_is_opened_between_two_entries():
		with with_reader(base.copy()) as m:
			d = m.serve()
			n = call(m, d)
			said, = opened(m, n)
			f = said["fields"]
			demand(said["index"] == n and said["hidden"] == 0, said)
			demand(f["actor"] == 'Actor::"worker"' and f["action"] == 'Action::"notes.take"', f)
			demand(f["arguments"] == {"path": f"/public/{SECRET}"} and f["decision"][:2] == [True, "permitted"], f)
			text = reader(m, "open", n).stdout
			demand(text.startswith(f"{n}\n") and 'action: "Action::' in text, text)
			d.stop()
			made = asked(m)
			demand(len(made) == 2, made)
			f = made[0]["fields"]
			demand(f["actor"] == 'Actor::"reader"' and f["identity"]["uid"] == READER, f)
			wanted = f["arguments"].pop("fields")
			demand(f["arguments"] == {"to": n, "from": n, "entries": 1, "disclose": False} and "result" in wanted, f)
			demand(f["decision"] == [True, "permitted", ["reads"]] and f["resource"].startswith('Device::"'), f)
			came = [e["fields"] for e in m.entries().values()
				if e["kind"] == "outcome" and e["fields"]["intent"] == made[0]["index"]]
			demand(len(came) == 1 and came[0]["status"] == "result", came)
			demand(came[0]["result"]["opened"] == 1 and came[0]["result"]["erased"] == 0, came)
			demand(SECRET not in json.dumps(came), "what was opened is in the record once more:", came)
			said = m.verify()
			demand(said["intents"]["open"] == 0 and not any(r["code"] == "sealed" for r in said["reasons"]), said)

	def of_other_fields_nothing_leaves():
		with with_reader(base.copy()) as m:
			d = m.serve()
			n = call(m, d)
			said, = opened(m, n, "--field", "action", "--field", "decision")
			demand(sorted(said["fields"]) == ["action", "decision"] and said["hidden"] > 2, said)
			reader(m, "open", n, "--field", "decision", "-o", "one")
			file = (m.readers / "one").read_bytes()
			demand(SECRET.encode() not in file and b"worker" not in file and b"permitted" in file, file)
			demand_message(reader(m, "open", n, "--field", "quote", status=2).stderr, "no such field")
			reader(m, "open", n, "--field", "nothing", status=64)
			# A reader of the record takes the file, and says what is not in it.
			shown = json.loads(m.run("record", "show", "--json", "--fields", "--from", n, "--to", n, "--openings",
				m.readers / "one").stdout)
			demand(shown["sealed"] and list(shown["fields"]) == ["decision"], shown)
			d.stop()

	def many_are_opened_in_pieces_for_other_verbs():
		with with_reader(base.copy()) as m:
			d = m.serve()
			s = d.session(m.token)
			for i in range(300):
				s.take(f"/public/{i}")
			s.end()
			before = len(m.run("record", "show", "--json").stdout.splitlines())
			said = json.loads(reader(m, "open", f"0..{before - 1}", "--json", "-o", "all").stdout)
			demand(said["entries"] > 600 and said["erased"] == 0, said)
			r = reader(m, "open", "600..999999", "-o", "tail")
			demand("the record ended before entry 999999; what there is was opened" in r.stderr, r.stderr)
			demand_message(reader(m, "open", f"0..{before - 1}", "-o", "all", status=2).stderr, "all")
			d.stop()
			words = ("--json", "--fields", "--to", before - 1, "--openings", m.readers / "all")
			shown = [json.loads(l) for l in m.run("record", "show", *words).stdout.splitlines()]
			demand(not any(e.get("sealed") for e in shown), "some stayed sealed")
			pieces = [e["fields"]["arguments"] for e in asked(m, first=before)]
			demand(all(a["to"] - a["from"] < 256 for a in pieces) and len(pieces) >= 4, pieces)
			r = verify(m, "record", m.state, "--openings", m.readers / "all")
			demand(r.returncode == 0, r.stdout, r.stderr)
			why = [x["text"] for x in json.loads(r.stdout)["reasons"] if x["code"] == "sealed"]
			left = [e for e in m.entries(before).values() if e["class"] != "public"]
			demand(len(why) == 1 and why[0].startswith(f"{len(left)} entries are sealed"), why, len(left))

	def who_may_not_is_told_why_and_recorded():
		with with_reader(base.copy()) as m:
			d = m.serve()
			n = call(m, d)
			stranger = reader(m, "open", n, status=1, uid=OTHER) if OTHER != READER else None
			if stranger:
				demand_message(stranger.stderr, "refuses", "no-credential")
			m.sign_policy(policy=POLICY, schema=SCHEMA + OPENING % "")
			wait_for("the policy without a reader", lambda: "no-permit" in reader(m, "open", n, status=None).stderr)
			r = reader(m, "open", n, status=1)
			demand_message(r.stderr, "refuses", "no-permit", "of the record")
			demand(r.stdout == "", r.stdout)
			at = int(re.search(r"entry (\d+) of the record", r.stderr)[1])
			m.sign_policy(policy=POLICY + READS, schema=SCHEMA + OPENING % ", context: { who: String }")
			wait_for("a context that nothing fills",
				lambda: "malformed-context" in reader(m, "open", n, status=None).stderr)
			m.sign_policy(policy=POLICY, schema=SCHEMA)
			wait_for("the schema without it", lambda: "unknown-action" in reader(m, "open", n, status=None).stderr)
			m.sign("policy", "revoke")
			wait_for("no policy", lambda: "no-policy" in reader(m, "open", n, status=None).stderr)
			d.stop()
			e = m.entries()
			f = e[at]["fields"]
			demand(f["decision"][:2] == [False, "no-permit"] and f["actor"] == 'Actor::"reader"', f)
			reasons = {x["fields"]["detail"]["reason"] for x in e.values() if x["kind"] == "refusal"}
			demand({"unknown-action", "no-policy"} <= reasons, reasons)
			demand(not stranger or "no-credential" in reasons, reasons)

	def a_policy_can_tell_fields_apart_and_has_quotas():
		only = '''@id("facts") @quota("3/day per principal")
			permit (principal == Actor::"reader", action == Action::"record.open", resource)
			when { ["action", "decision", "status"].containsAll(context.fields) && context.entries <= 10 };\n'''
		with with_reader(base.copy(), policy=only, context=CONTEXT) as m:
			d = m.serve()
			n = call(m, d)
			opened(m, n, "--field", "action")
			demand_message(reader(m, "open", n, status=1).stderr, "no-permit")
			demand_message(reader(m, "open", n, "--field", "arguments", status=1).stderr, "no-permit")
			demand_message(reader(m, "open", "0..10", "--field", "action", status=1).stderr, "no-permit")
			opened(m, f"{n - 9}..{n}", "--field", "action", "--field", "decision")
			opened(m, n, "--field", "status", "--field", "action")
			demand_message(reader(m, "open", n, "--field", "action", status=1).stderr, "no-quota")
			d.stop()
			m.verify()
			said = json.loads(m.run("policy", "replay", "--json", *m.opened()).stdout)
			demand(said["same"] == said["decisions"] > 8 and said["not-replayed"] == 0, said)
			denied, = [e["index"] for e in asked(m) if e["fields"]["decision"][1] == "no-quota"]
			said = json.loads(m.run("policy", "why", denied, "--json", *m.opened()).stdout)
			demand(said["same"] and "3 were used" in said["policies"][0]["lacks"][0], said)

	def one_field_is_proved_to_outsiders():
		with with_reader(base.copy()) as m:
			d = m.serve()
			n = call(m, d)
			r = m.run("record", "prove", n, "--field", "decision", status=2)
			demand_message(r.stderr, "sealed", "record open")
			m.run("record", "prove", n, "--out", m.top / "sealed")
			said = json.loads(verify(m, "proof", m.top / "sealed").stdout)
			demand(said["verdict"] == "yes" and said["sealed"] and "fields" not in said, said)
			reader_of_files = {} if READER == ME else {"uid": ME}
			m.grant("auditor", "--uid", ME) if reader_of_files else None
			policy = READS + READS.replace('"reads"', '"audits"').replace('Actor::"reader"', 'Actor::"auditor"')
			m.sign_policy(policy=POLICY + policy, schema=SCHEMA + OPENING % "")
			wait_for("the auditor may", lambda: reader(m, "open", n, status=None, uid=ME).returncode == 0)
			reader(m, "disclose", n, "--field", "decision", "-o", "proof", uid=ME)
			proof = m.readers / "proof"
			r = verify(m, "proof", proof)
			demand(r.returncode == 0, r.stdout, r.stderr)
			said = json.loads(r.stdout)
			demand(said["index"] == n and "permitted" in r.stdout and "sealed" not in said, said)
			demand("worker" not in r.stdout and SECRET not in r.stdout, r.stdout)
			coded = re.search(r"^extra (\S+)$", proof.read_text(), re.M)[1]
			bundle = base64.b64decode(coded)
			leaf_and_field = bundle.split(b"permitted")[0]
			demand(b"permitted" in bundle and SECRET.encode() not in bundle, bundle)
			demand(b"worker" not in leaf_and_field and b"notes.take" not in leaf_and_field, bundle)
			altered = base64.b64encode(bundle.replace(b"permitted", b"forbidden")).decode()
			(m.top / "altered").write_text(proof.read_text().replace(coded, altered))
			r = verify(m, "proof", m.top / "altered")
			demand(r.returncode == 1, r.returncode, r.stdout, r.stderr)
			reader(m, "disclose", n, status=64, uid=ME)
			demand_message(reader(m, "disclose", n, "--field", "quote", status=2, uid=ME).stderr, "no such field")
			d.stop()
			made = asked(m, "record.disclose")
			said = made[0]["fields"]["arguments"]
			demand(said == {"to": n, "from": n, "fields": ["decision"], "entries": 1, "disclose": True}, said)

	def a_decision_is_explained_with_what_the_daemon_opens():
		with with_reader(base.copy()) as m:
			m.grant("auditor", "--uid", ME)
			policy = READS.replace('Actor::"reader"', 'Actor::"auditor"')
			m.sign_policy(policy=POLICY + policy, schema=SCHEMA + OPENING % "")
			d = m.serve()
			s = d.session(m.token)
			denied = index_of(s.take("/private/x"))
			s.end()
			n = call(m, d)
			r = m.run("policy", "why", denied, status=2)
			demand_message(r.stderr, "it is sealed", "--open")
			said = json.loads(m.run("policy", "why", denied, "--json", "--open", "--socket", m.socket).stdout)
			demand(said["recorded"]["reason"] == "no-permit" and said["same"], said)
			demand('"/private/x"' in json.dumps(said["policies"]).replace("\\", ""), said)
			outcome, = [i for i, e in m.entries().items() if e["kind"] == "outcome" and e["fields"]["intent"] == n]
			said = json.loads(m.run("policy", "why", outcome, "--json", "--open", "--socket", m.socket).stdout)
			demand(said["outcome"] == outcome and said["entry"] == n and said["recorded"]["allowed"], said)
			m.run("policy", "why", n, "--open", "--openings", "x", status=64)

			# Of what was opened only in part it says what is lacking, and by which command that is had.
			part = m.readers / "part"
			reader(m, "open", denied, "--field", "decision", "--field", "action", "-o", "part", uid=ME)
			r = m.run("policy", "why", denied, "--openings", part, status=2)
			demand_message(r.stderr, f"entry {denied}", "(action, decision)", "others are needed",
				f"freehold record open {denied} -o FILE")
			r = m.run("policy", "why", outcome, "--openings", part, status=2)
			demand_message(r.stderr, f"entry {outcome}", "holds nothing of it",
				f"freehold record open {outcome} -o FILE")
			reader(m, "open", denied, "-o", "whole", uid=ME)
			said = json.loads(m.run("policy", "why", denied, "--json", "--openings", m.readers / "whole").stdout)
			demand(said["recorded"]["reason"] == "no-permit" and said["same"], said)
			m.sign_policy(policy=POLICY, schema=SCHEMA + OPENING % "")
			asks = ("policy", "why", n, "--open", "--socket", m.socket)
			wait_for("nobody may", lambda: m.run(*asks, status=None).returncode == 1)
			d.stop()
			demand_message(m.run(*asks, status=2).stderr, "not running")

	def what_was_opened_before_a_refusal_is_kept():
		policy = READS.replace('@id("reads")', '@id("reads") @quota("2/day")')
		with with_reader(base.copy(), policy=policy) as m:
			d = m.serve()
			s = d.session(m.token)
			for i in range(350):
				s.take(f"/public/{i}")
			s.end()
			r = reader(m, "open", "0..700", "-o", "some", status=1)
			demand_message(r.stderr, "entries 512..700", "no-quota", "of the record")
			demand("some: " in r.stdout, r.stdout)
			words = ("--json", "--fields", "--from", 300, "--to", 520, "--openings", m.readers / "some")
			shown = [json.loads(l) for l in m.run("record", "show", *words).stdout.splitlines()]
			sealed = [e["index"] for e in shown if e.get("sealed")]
			demand(sealed == [e["index"] for e in shown if e["index"] > 511], sealed)
			d.stop()
			m.verify()

	def what_cannot_be_opened_is_said():
		with with_reader(base.copy()) as m:
			demand_message(reader(m, "open", 5, status=2).stderr, "not running")
			d = m.serve()
			n = call(m, d)
			demand_message(reader(m, "open", 100000, status=1).stderr, "not-found", "does not reach")
			demand_message(reader(m, "open", 0, status=2).stderr, "it is not sealed", "record show")
			demand_message(reader(m, "open", "0..2", status=2).stderr, "entries 0..2", "nothing was opened",
				"3 are not sealed")
			demand_message(reader(m, "open", f"{n}..9999", "--field", "quote", "-o", "none", status=2).stderr,
				f"entries {n}..9999", "nothing was opened", "have no such field")
			demand(not (m.readers / "none").exists(), "a file of nothing")
			demand_message(reader(m, "open", "9000..9999", status=1).stderr, "not-found", "does not reach")
			for bad in ("x", "3..2", "3.4", "..4", "3..", "-1", "18446744073709551616"):
				reader(m, "open", bad, status=64)
			d.stop()

	def what_was_erased_is_said_and_nothing_else_is_missing():
		with with_reader(base.copy()) as m:
			d = m.serve()
			n = call(m, d)
			demand(opened(m, n), "it opens")
			m.sign("shred", "--subject", "worker", "--reason", "a test")
			wait_for("the erasure", lambda: '"kind":"shred"' in m.run("record", "show", "--json").stdout)
			demand_message(reader(m, "open", n, status=2).stderr, f"entry {n}", "its key is gone", "erased")
			demand_message(reader(m, "open", f"{n}..{n + 1}", status=2).stderr, f"entries {n}..{n + 1}",
				"of 2 the keys are gone")
			later = call(m, d, "/public/later")
			r = reader(m, "open", f"{n}..{later}", "--json")
			demand([json.loads(l)["index"] for l in r.stdout.splitlines()][-1] == later, r.stdout)
			demand(re.search(r"\d+ of these entries were not opened: their keys are gone", r.stderr), r.stderr)
			d.stop()
			came = [e.get("fields", {}).get("result") for e in m.entries().values() if e["kind"] == "outcome"]
			demand(any(isinstance(c, dict) and (c.get("erased"), c.get("opened")) == (1, 0) for c in came), came)
			m.verify()

	def without_a_keeper_nothing_leaves():
		"""It is stopped before the intent can be signed, and then killed: nobody has seen anything."""
		with with_reader(base.copy()) as m:
			d = m.serve()
			n = call(m, d)
			keeper, = d.roles()["keeper"]
			os.kill(keeper, signal.SIGSTOP)
			ask = in_background(lambda: reader(m, "open", n, status=None))
			time.sleep(0.5)
			os.kill(keeper, signal.SIGKILL)
			r = ask()
			demand(r.returncode == 2 and r.stdout == "" and SECRET not in r.stderr, r)
			demand_message(r.stderr, "closed the connection" if "closed" in r.stderr else "could not")
			demand(d.wait() == 2, "serve goes on without its keeper")
			demand_message(reader(m, "open", n, status=2).stderr, "not running")
			d = m.serve()
			demand(opened(m, n)[0]["index"] == n, "the next start opens nothing")
			d.stop()
			m.verify()

	def the_door_takes_nothing_else():
		with with_reader(base.copy()) as m:
			d = m.serve()
			n = call(m, d)

			def line(text, hello=b"freehold-record/1\n"):
				with socket.socket(socket.AF_UNIX) as s:
					s.settimeout(PATIENCE)
					s.connect(str(m.socket))
					s.sendall(hello + text)
					s.shutdown(socket.SHUT_WR)
					said = b""
					while part := s.recv(65536):
						said += part
					return said
			for bad in (b"", b"open", b"open 1", b"open 1 2 ", b"open 1 2 actor,", b"open 1 2 actor,nobody",
					b"open 2 1", b"open  1 2", b"open 1 300", b"shut 1 1", b"disclose 1 1", b"disclose 1 2 log",
					b"open 01 2",
					b"open 1 2 actor extra", b"open 1 99999999999999999999", b"\xff 1 2", b"{}"):
				said = json.loads(line(bad + b"\n"))
				demand(said["error"]["reason"] == "malformed-opening" and said["error"]["refused"], bad, said)
			demand(b"bad-hello" in line(b"open 1 1\n", b"freehold-record/2\n"), "another version")
			demand(b'"record":' in line(b"open %d %d\r\n" % (n, n)) or READER != ME, "a line ends with CR LF, too")
			d.alive()
			d.stop()

	return run_tests((what_a_reader_may_see_is_opened_between_two_entries, of_other_fields_nothing_leaves,
		many_are_opened_in_pieces_for_other_verbs, who_may_not_is_told_why_and_recorded,
		a_policy_can_tell_fields_apart_and_has_quotas, one_field_is_proved_to_outsiders,
		a_decision_is_explained_with_what_the_daemon_opens, what_cannot_be_opened_is_said,
		what_was_opened_before_a_refusal_is_kept, what_was_erased_is_said_and_nothing_else_is_missing,
		without_a_keeper_nothing_leaves, the_door_takes_nothing_else))


with Machine() as made:
	made.make().govern()
	first = made.serve()
	first.stop()
	code = run(made)
sys.exit(code)
