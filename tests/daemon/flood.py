# SPDX-License-Identifier: Apache-2.0
"""A flood of what is refused: it neither fills the disk nor stops the machine, and how much of it was left out is in the record."""
import hashlib
import http.client
import json
import re
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

from machine import (ME, PATIENCE, POLICY, SCHEMA, TOP, Machine, Stdio, demand, in_background, index_of, reason_of, run_tests,
	wait_for)

SECONDS = 3
A_SECOND = 16  # FH_CORE_REFUSALS_PER_SECOND, of one gate


class Flood:
	"""Clients that name nobody, or nobody whom anybody knows, and are refused as often as they are answered."""

	def __init__(self, d):
		self.end, self.refused, self.errors = time.monotonic() + SECONDS, 0, []
		self.lock = threading.Lock()
		kinds = (self.denied, self.unheard, self.unknown, self.malformed)
		self.threads = [threading.Thread(target=self.go, args=(kind, d)) for kind in kinds]
		for t in self.threads:
			t.start()

	def go(self, kind, d):
		try:
			kind(d)
		except Exception as e:  # the test shows it
			self.errors.append(e)

	def each(self, ask):
		while time.monotonic() < self.end:
			answer = ask()
			demand(answer.get("error") or answer["result"]["isError"], "not refused:", answer)
			with self.lock:
				self.refused += 1

	def denied(self, d):
		s = d.session()
		self.each(lambda: s.take("/public/" + "x" * 4000))

	def unheard(self, d):
		s = d.session()
		self.each(lambda: s.call("hidden", path="/public/x"))

	def unknown(self, d):
		s = d.http("fh_" + "0" * 64)
		self.each(s.initialize)

	def malformed(self, d):
		s = d.session()
		self.each(lambda: s.ask("resources/read", uri="file:///" + "y" * 4000))

	def wait(self):
		for t in self.threads:
			t.join()
		demand(not self.errors, *self.errors)


def refusals(entries):
	"""Those that are written, and how many were left out; an entry that says no more than that is none of them."""
	written = left_out = 0
	for e in entries:
		detail = e["fields"].get("detail", {}) if e["kind"] == "refusal" else {}
		left_out += detail.get("suppressed", 0)
		denied = e["kind"] == "intent" and e["fields"]["decision"][0] is False
		written += denied or (e["kind"] == "refusal" and detail["reason"] != "suppressed")
	return written, left_out


def a_flood_is_counted_and_not_written():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		s = d.session(m.token)
		began, before = time.monotonic(), len(m.entries())
		flood, taken = Flood(d), 0
		while any(t.is_alive() for t in flood.threads):
			demand(not s.take(f"/public/{taken}")["result"]["isError"], "a permitted call in the flood")
			taken += 1
		flood.wait()
		seconds = time.monotonic() - began
		demand(taken > 20, "only", taken, "permitted calls came through in", seconds, "seconds")
		time.sleep(2.5)  # the rest is told when the second has ended
		s.end()
		d.alive()
		d.stop()
		entries = [e for i, e in m.entries().items() if i >= before]
		written, left_out = refusals(entries)
		demand(written + left_out == flood.refused, written, "written and", left_out, "left out of", flood.refused)
		demand(flood.refused > 4 * A_SECOND * seconds, "no flood:", flood.refused, "in", seconds, "seconds")
		most = A_SECOND * (seconds + 2)
		demand(written <= most, written, "were written in", seconds, "seconds")
		told = sum(e["kind"] == "refusal" and e["fields"]["detail"]["reason"] == "suppressed" for e in entries)
		demand(told <= seconds + 4, told, "entries say how many were left out")
		m.verify()


# --- actors that are known ---------------------------------------------------

BURST, TOKEN_SECONDS, SHARE, TOLD_A_SECOND = 256, 4, 16, 16  # FH_FLOOD_*
AT_ONCE, REST_SECONDS = 16, 0.004  # the same: so many that are counted are answered in that time
SIPS = """
@id("sips") @quota("3/hour per principal") permit (principal, action == Action::"notes.take", resource in Folder::"/sips");
@id("nobody-opens") forbid (principal, action == Action::"record.open", resource);
"""
OPENING = 'action "record.open" appliesTo { principal: [Actor], resource: [Device] };\n'
PIPELINED = 32
BY_THE_GATE = "method-not-governed"  # which answers before core has recorded anything
UNTOLD = (BY_THE_GATE, "malformed-question", "answer.found-nothing")  # the answer does not say whether it was counted


def cbor_text(s):
	b = s.encode()
	return (bytes([0x60 + len(b)]) if len(b) < 24 else bytes([0x78, len(b)])) + b


def digest_behind(digest, server, tool, params):
	"""LEAF, "Counted refusals"."""
	texts = b"".join(len(t).to_bytes(8, "big") + t for t in (server, tool, params))
	return hashlib.sha256(b"freehold/refused/v1\n" + digest + texts).digest()


def call_digest_behind(digest, tool, path):
	"""The same, of a call with one argument `path`."""
	return digest_behind(digest, b"notes", tool.encode(), b"\xa1" + cbor_text("path") + cbor_text(path))


class Looper:
	"""An actor that is refused over and over, by each of KINDS: what he was told, by reason, and in order what has no entry."""

	def __init__(self, d, name, kinds, seconds, token=None):
		self.name, self.kinds, self.told, self.order, self.errors = name, kinds, {}, [], []
		self.end, self.token, self.d = time.monotonic() + seconds, token, d
		self.thread = threading.Thread(target=self.go)
		self.thread.start()

	def go(self):
		try:
			(self.over_http if self.token else self.pipelined)()
		except Exception as e:  # the test shows it
			self.errors.append(e)

	def note(self, answer, tool, path):
		reason = reason_of(answer)
		demand(reason, "not refused:", answer)
		self.told[reason] = self.told.get(reason, 0) + 1
		if index_of(answer) is None and reason != BY_THE_GATE:
			self.order.append((reason, tool, path))
			said = answer["error"]["message"] if "error" in answer else answer["result"]["content"][0]["text"]
			demand("counted in the record with others" in said, "not told that it was counted:", said)

	def pipelined(self):
		"""Many at a time over the daemon's socket, as whom the kernel names."""
		s, n = Stdio(self.d.machine, direct=True).open(), 0
		while time.monotonic() < self.end:
			asked = [(*self.kinds[(n + i) % len(self.kinds)], n + i) for i in range(PIPELINED)]
			n += PIPELINED
			for tool, path, i in asked:
				s.writer.write(json.dumps({"jsonrpc": "2.0", "id": f"n{i}", "method": "tools/call",
					"params": {"name": tool, "arguments": {"path": path % i}}}).encode() + b"\n")
			s.writer.flush()
			answers = {a["id"]: a for a in (s.hear() for _ in asked)}
			for tool, path, i in asked:
				self.note(answers[f"n{i}"], tool, path % i)
		s.close()

	def over_http(self):
		s, n = self.d.session(self.token), 0
		while time.monotonic() < self.end:
			what = self.kinds[n % len(self.kinds)]
			n += 1
			answer = s.ask(what, uri="file:///x") if isinstance(what, str) else s.call(what[0], path=what[1] % n)
			self.note(answer, *(what if isinstance(what, tuple) else (what, "")))
		s.close()

	def wait(self):
		self.thread.join()
		demand(not self.errors, self.name, *self.errors)
		return self


def singles_and_counts(entries, name):
	"""Of the actor NAME: how many refusals are entries of their own, by reason; and the details of those that tell a number."""
	singles, counted = {}, []
	for e in entries:
		f = e["fields"]
		if f.get("actor") != f'Actor::"{name}"':
			continue
		if e["kind"] == "refusal" and "count" in f["detail"]:
			demand(set(f) == {"actor", "detail"}, f)
			counted.append(f["detail"])
			continue
		reason = reason_of_entry(e["kind"], f)
		if reason:
			singles[reason] = singles.get(reason, 0) + 1
			demand("identity" in f and (e["kind"] == "refusal" or "arguments" in f), "an entry of its own without", f)
	return singles, counted


def reason_of_entry(kind, f):
	"""Under what such an entry would have been counted; None if it would not."""
	if kind == "refusal":
		return f["detail"]["reason"]
	if kind == "answer" and "decision" not in f:
		return None if f["result"] else "answer.found-nothing"
	if kind not in ("answer", "intent") or f["decision"][0]:
		return None
	return ("answer." if kind == "answer" else "") + f["decision"][1]


def account(entries, looper, seconds):
	"""Every refusal that LOOPER was told is in the record once, by itself or in a number, and few are by themselves."""
	singles, counted = singles_and_counts(entries, looper.name)
	for reason, n in looper.told.items():
		told = sum(c["count"] for c in counted if c["reason"] == reason)
		demand(singles.get(reason, 0) + told == n, looper.name, reason, singles, "and", told, "counted, of", n)
	by_core = sum(c["count"] for c in counted if c["reason"] not in UNTOLD)
	demand(by_core == len(looper.order), by_core, "were counted, and", len(looper.order), "told so")
	most = BURST + seconds / TOKEN_SECONDS + 1
	demand(sum(singles.values()) <= most, looper.name, "has", singles, "of its own, more than", most)
	demand(sum(singles.values()) >= BURST, looper.name, "has", singles, "of its own, less than", BURST)
	return counted


def journal_size(m):
	return sum(f.stat().st_size for f in (m.state / "record/journal").iterdir())


def served(d, token, seconds):
	"""How long permitted calls of another actor take, one after the other."""
	s, took, end = d.session(token), [], time.monotonic() + seconds
	while time.monotonic() < end:
		before = time.monotonic()
		answer = s.take(f"/public/{len(took)}")
		took.append(time.monotonic() - before)
		demand(not answer["result"]["isError"] and index_of(answer) is None, "a permitted call in the flood:", answer)
	s.end()
	return took


def governed(m):
	m.make().govern()
	m.sign_policy(policy=POLICY + SIPS, schema=SCHEMA + OPENING)
	m.grant("looper", "--uid", ME)
	m.twister = m.grant("twister")
	return m


LOOPS = [("take", "/private/%d")]
TWISTS = [("take", "/sips/%d"), ("take", "relative/%d"), ("hidden", "/public/%d"), "resources/read"]


def what_known_actors_are_refused_is_counted_beyond_a_burst():
	seconds = 6
	with governed(Machine()) as m:
		d = m.serve()
		quiet = served(d, m.token, 2)
		s = d.session(m.twister)
		for i in range(3):
			demand(not s.take(f"/sips/{i}")["result"]["isError"], "within the quota")
		before, began = max(m.entries()) + 1, time.monotonic()
		loops = [Looper(d, "looper", LOOPS, seconds), Looper(d, "twister", TWISTS, seconds, m.twister)]
		took = served(d, m.token, seconds - 1)
		for looper in loops:
			looper.wait()
		more = [Looper(d, "looper", LOOPS, seconds), Looper(d, "twister", TWISTS, seconds, m.twister)]
		time.sleep(1)  # sessions are opened
		size, at = journal_size(m), time.monotonic()
		time.sleep(seconds - 2)
		grew, in_seconds = journal_size(m) - size, time.monotonic() - at
		for looper in more:
			looper.wait()
		for a, b in zip(loops, more):
			a.order += b.order
			for reason, n in b.told.items():
				a.told[reason] = a.told.get(reason, 0) + n
		wait_for("all is told", lambda: "freehold_refusals_suppressed 0\n" in metrics(d))
		measured = metrics(d)
		d.alive()
		d.stop()
		entries = [e for i, e in m.entries().items() if i >= before]
		total = time.monotonic() - began
		counted = {looper.name: account(entries, looper, total) for looper in loops}
		demand(len(loops[1].told) == 4, "not all kinds of refusals:", loops[1].told)
		told = sum(len(c) for c in counted.values())
		left_out = sum(n["count"] for c in counted.values() for n in c)
		demand(f"freehold_refusals_counted_total {left_out}\n" in measured, "the metrics do not tell", left_out, measured)
		demand(told <= TOLD_A_SECOND * (total + 1), told, "entries tell numbers in", total, "seconds")
		refused = sum(sum(looper.told.values()) for looper in loops)
		demand(refused > 10 * (2 * BURST + told), "no flood:", refused, "in", 2 * seconds, "seconds")
		demand(grew < in_seconds * 20000, "the journal grew by", grew, "bytes in", in_seconds, "seconds of flood")
		check_digests(loops[0], counted["looper"])
		typical, before_it, longest = statistics.median(took), statistics.median(quiet), max(took)
		demand(typical < 5 * before_it + 0.02 and longest < 5, "another's calls:", typical, longest, "before", before_it)
		print(f"# {refused} refusals in {2 * seconds} s: {grew / in_seconds:.0f} bytes/s behind the bursts; another's "
			f"calls {1e3 * typical:.1f} ms, {1e3 * before_it:.1f} before, at most {1e3 * longest:.0f}")
		demand(m.verify()["refusals-counted"] == left_out, "the verifier does not count", left_out)
		readers_know(m, next(i for i, e in sorted(m.entries(before).items()) if "count" in e["fields"].get("detail", {})))


def check_digests(looper, counted):
	"""Who kept what he asked can show that it is what was counted: each entry has so many of them, in their order."""
	at = 0
	for c in counted:
		digest = bytes(32)
		for _, tool, path in looper.order[at:at + c["count"]]:
			digest = call_digest_behind(digest, tool, path)
		at += c["count"]
		demand(c["digest"] == {"hex": digest.hex()}, "the digest", c, "is not of what was asked:", digest.hex())
		demand(c["first"] <= c["last"] < c["first"] + 5000, "counted for too long:", c)


def metrics(d):
	return urllib.request.urlopen(f"http://127.0.0.1:{d.port}/metrics", timeout=30).read().decode()


def readers_know(m, index):
	"""The entry INDEX tells a number of refusals: what people and other programs are shown."""
	whose = m.entries(index)[index]["fields"]
	detail = whose["detail"]
	def shown(*words, status=0):
		return m.run(*words, *m.opened(), status=status).stdout
	event = json.loads(shown("record", "export", "--format", "ocsf", "--from", index, "--to", index))
	said = [event[name] for name in ("count", "start_time", "end_time", "status_code", "status_id")]
	demand(said == [detail["count"], detail["first"], detail["last"], detail["reason"], 2], event)
	demand(f'Actor::"{event["actor"]["user"]["name"]}"' == whose["actor"], event)
	line = shown("record", "export", "--format", "cef", "--from", index, "--to", index)
	demand(f" cnt={detail['count']} start={detail['first']} end={detail['last']}\n" in line, line)
	for form, text in (("ocsf", json.dumps(event)), ("cef", line)):
		(m.top / form).write_text(text)
		r = subprocess.run([sys.executable, "-B", TOP / "tests/cli/events.py", form, m.top / form],
			capture_output=True, text=True)
		demand(r.returncode == 0, form, r.stderr)
	found = shown("record", "search", "--reason", detail["reason"], "--kind", "refusal", "--decision", "denied", "--json",
		"--limit", 1000)
	demand(index in [json.loads(l)["index"] for l in found.splitlines()], "not found by its reason:", found)
	why = json.loads(shown("policy", "why", index, "--json"))
	demand(why["count"] == detail["count"] and why["refusal"] == detail["reason"], why)
	demand(f"refusals  {detail['count']}\n" in shown("policy", "why", index), shown("policy", "why", index))
	counted = sum(e["fields"]["detail"]["count"] for e in m.entries().values() if "count" in e["fields"].get("detail", {}))
	demand(json.loads(shown("policy", "replay", "--json"))["counted"] == counted, "a replay does not count", counted)
	again = ("policy", "replay", "--policy", m.top / "p.cedar", "--schema", m.top / "p.cedarschema")
	what = "answers" if detail["reason"].startswith("answer.") else "refusals"
	demand(f"these {what} were so many that they were counted" in shown(*again, status=None), "a replay believes to know them")


def a_stop_tells_what_is_counted_and_a_crash_loses_no_more_than_seconds():
	with governed(Machine()) as m:
		for how in ("stop", "kill"):
			d = m.serve()
			before = max(m.entries()) + 1
			looper = Looper(d, "looper", LOOPS, 4).wait()
			getattr(d, how)()
			if how == "kill":
				m.serve().stop()
			singles, counted = singles_and_counts(m.entries(before).values(), "looper")
			recorded, n = sum(singles.values()) + sum(c["count"] for c in counted), sum(looper.told.values())
			whole = recorded == n or (how == "kill" and n / 3 < recorded < n)
			demand(counted and whole, how, recorded, "of", n, "are recorded")
		m.verify()


def read_line(s):
	line = b""
	while not line.endswith(b"\n"):
		line += (more := s.recv(4096))
		demand(more, "cut off")
	return line


def opening_the_record_is_refused_as_often_as_anything_else():
	with governed(Machine()) as m:
		d = m.serve()
		before = max(m.entries()) + 1
		asked, counted = 3 * BURST, 0
		with socket.socket(socket.AF_UNIX) as s:
			s.connect(str(m.socket))
			s.sendall(b"freehold-record/1\n")
			for _ in range(asked):
				s.sendall(b"open 0 1\n")
				no = json.loads(read_line(s))["error"]
				demand(no["refused"] and no["reason"] == "forbidden" and no["policies"] == ["nobody-opens"], no)
				counted += "record" not in no
		d.stop()
		singles, numbers = singles_and_counts(m.entries(before).values(), "looper")
		demand(sum(c["count"] for c in numbers) == counted > BURST, numbers, counted)
		demand(sum(singles.values()) + counted == asked, singles, numbers, asked)
		m.verify()


# --- questions over AuthZEN ----------------------------------------------------

def question(path, actor="portal", **more):
	return {"subject": {"type": "Actor", "id": actor}, "action": {"name": "notes.take"},
		"resource": {"type": "File", "id": path}} | more


def question_bytes(q):
	"""As it crosses to core (AUTHZEN, "From the gate to core")."""
	def texts(*said):
		return bytes([0x81 + len(said)]) + b"".join(map(cbor_text, said)) + b"\xa0"
	subject, action, resource = q["subject"], q["action"], q["resource"]
	return (b"\x84" + texts(subject["type"], subject["id"]) + texts(action["name"]) + texts(resource["type"], resource["id"])
		+ b"\xa0")


def several(n):
	"""Some denied, in between one that is permitted, and one that is no question."""
	paths = [f"/private/{n}-{i}" for i in range(6)] + [f"/public/{n}", f"relative/{n}"]
	return "evaluations", {"evaluations": [question(p) for p in paths] + [{"subject": 1}]}


def some_denied(n):
	return "evaluations", {"evaluations": [question(f"/private/{n}-{i}") for i in range(64)]}


def denied(n):
	return "evaluation", question(f"/private/{n}")


ASKED = [denied, several, lambda n: ("evaluation", question("/public/x", f"nobody-{n}")),
	lambda n: ("search/resource", question("", resource={"type": "File"})),
	lambda n: ("evaluation", question("/public/x", subject={"type": "File", "id": "/x"})),
	lambda n: ("evaluation", question(f"/public/{n}", action=7))]
BY_CORE = ASKED[:-1]  # the last is refused by the gate, which answers before core has recorded it


class Asker(Looper):
	"""An actor that asks over and over what is answered no; `yes` are the entries of what was answered yes in between."""

	def go(self):
		self.yes, self.named = [], []
		s, n = self.d.http(self.token), 0
		try:
			while time.monotonic() < self.end:
				api, body = self.kinds[n % len(self.kinds)](n)
				n += 1
				try:
					status, _, said = s.send(body, path=f"/access/v1/{api}")
				except (http.client.HTTPException, OSError):
					if self.d.going_on:
						raise
					break  # it was stopped, and nothing was answered
				if status == 500 and not self.d.going_on:
					break  # core was gone before the gate
				self.hear(status, body, json.loads(said))
			s.close()
		except Exception as e:  # the test shows it
			self.errors.append(e)

	def hear(self, status, body, said):
		if "error" in said:
			reason, text = said["error"]["reason"], said["error"]["text"]
			demand((status, reason) in ((403, "not-granted"), (400, "malformed-question")), status, said)
			self.note_no(reason, text, body)
		elif "results" in said:
			demand(said == {"page": {"count": 0, "next_token": ""}, "results": []}, said)
			self.told["answer.found-nothing"] = self.told.get("answer.found-nothing", 0) + 1
		else:
			asked, answers = body.get("evaluations", [body]), said.get("evaluations", [said])
			demand(status == 200 and len(asked) == len(answers), status, said)
			for a, q in zip(answers, asked):
				self.hear_one(a["decision"], a["context"], q)

	def hear_one(self, decision, context, q):
		if decision:
			self.yes.append(context["record"])
		elif "record" in context:
			self.named.append(context["record"])
			reason = "answer." + context["reason"]
			self.told[reason] = self.told.get(reason, 0) + 1
		else:
			demand("counted in the record with others" in context["text"], "not told that it was counted:", context)
			self.note_no("answer." + context["reason"], context["text"], q)

	def note_no(self, reason, text, q):
		self.told[reason] = self.told.get(reason, 0) + 1
		if "counted in the record with others" in text:
			self.order.append((reason, q))


def check_answer_digests(asker, counted, reason):
	asked = [question_bytes(q) for r, q in asker.order if r == reason]
	for c in counted:
		if c["reason"] != reason:
			continue
		digest = bytes(32)
		for q in asked[:c["count"]]:
			digest = digest_behind(digest, b"", b"", q)
		asked = asked[c["count"]:]
		demand(c["digest"] == {"hex": digest.hex()}, "the digest", c, "is not of what was asked:", digest.hex())
	demand(not asked, "counted, and in no entry:", len(asked))


# What an entry takes in the journal, sealed and small; and a batch, which is signed: ML-DSA-65 has 3309 bytes.
ENTRY_SIZE, BATCH_SIZE = 1500, 3309 + 700


def most_bytes(seconds, actors, tallies):
	"""What floods of so many ACTORS, for so many actors' reasons, may add: a token's entry may be a batch of its own."""
	singles = actors * (seconds / TOKEN_SECONDS + 1)
	told = seconds + 1
	return (singles + told) * BATCH_SIZE + (singles + told * min(tallies, TOLD_A_SECOND)) * ENTRY_SIZE


def with_askers(m):
	governed(m)
	m.asker = {name: m.grant(name, "--bearer", "--asks", "Actor") for name in ("portal", "batches", "single")}
	return m


def questions_answered_no_are_counted_beyond_a_burst():
	seconds = 6
	with with_askers(Machine()) as m:
		d = m.serve()
		d.going_on = True
		before, began = max(m.entries()) + 1, time.monotonic()
		def flood(*kinds):
			floods = [Asker(d, name, k, seconds, m.asker[name]) for name, k in
				zip(("portal", "batches", "single"), kinds)]
			return [*floods, Looper(d, "twister", LOOPS, seconds, m.twister)]
		loops = flood(ASKED, [some_denied], [denied])
		took = served(d, m.token, seconds - 1)
		for looper in loops:
			looper.wait()
		more = flood([denied], [some_denied], [denied])
		time.sleep(1)  # what is left of the bursts, and sessions
		size, at = journal_size(m), time.monotonic()
		time.sleep(seconds - 2)
		grew, in_seconds = journal_size(m) - size, time.monotonic() - at
		for a, b in zip(loops, more):
			b.wait()
			a.order += b.order
			for reason, n in b.told.items():
				a.told[reason] = a.told.get(reason, 0) + n
		wait_for("all is told", lambda: "freehold_refusals_suppressed 0\n" in metrics(d))
		measured = metrics(d)
		s = d.session(m.twister)
		within = s.take("/sips/1")
		demand(not within["result"]["isError"], "within the quota", within)
		d.alive()
		d.stop()
		entries = {i: e for i, e in m.entries().items() if i >= before}
		total = time.monotonic() - began
		counted = {looper.name: account(entries.values(), looper, total) for looper in loops}
		left_out = sum(n["count"] for c in counted.values() for n in c)
		demand(f"freehold_refusals_counted_total {left_out}\n" in measured, "the metrics do not tell", left_out, measured)
		portal, batches = loops[0], loops[1]
		wanted = {"answer." + r for r in ("no-permit", "malformed", "unknown-actor", "found-nothing")} \
			| {"not-granted", "malformed-question"}
		demand(set(portal.told) == wanted, "not all kinds of answers:", portal.told)
		check_answer_digests(portal, counted["portal"], "answer.no-permit")
		check_answer_digests(portal, counted["portal"], "answer.unknown-actor")
		check_answer_digests(batches, counted["batches"], "answer.no-permit")
		yes = [i for i, e in entries.items() if e["kind"] == "answer" and e["fields"].get("decision", [False])[0]]
		demand(yes == portal.yes and yes, "answered yes are", portal.yes, "and recorded", yes)
		refused = sum(sum(looper.told.values()) for looper in loops)
		demand(refused > 20 * BURST, "no flood:", refused, "in", 2 * seconds, "seconds")
		most = most_bytes(in_seconds, len(loops), len(loops))
		demand(grew < most, "the journal grew by", grew, "bytes in", in_seconds, "seconds of flood, more than", most)
		typical, longest = 1e3 * statistics.median(took), 1e3 * max(took)
		print(f"# {refused} refusals and answers in {2 * seconds} s: {grew / in_seconds:.0f} bytes/s behind the bursts, of "
			f"{most / in_seconds:.0f} at most; another's calls {typical:.1f} ms, at most {longest:.0f}")
		demand(len(took) > 3, "permitted calls of another:", took)
		demand(m.verify()["refusals-counted"] == left_out, "the verifier does not count", left_out)
		told = next(i for i, e in entries.items() if e["fields"].get("detail", {}).get("reason") == "answer.no-permit")
		readers_know(m, told)
		replay_knows(m, entries)


def replay_knows(m, entries):
	"""Answers that are counted are not made again, and take nothing of a quota: what comes behind them is made again."""
	def replayed(*words):
		return json.loads(m.run("policy", "replay", "--json", *words, *m.opened(), status=None).stdout)
	decided = sum("decision" in e["fields"] and e["fields"].get("action") != 'Action::"server.start"'
		for e in m.entries().values())
	again = replayed()
	demand(again["decisions"] == again["same"] == decided, "made again", again, "of", decided)
	details = [e["fields"]["detail"] for e in entries.values() if "count" in e["fields"].get("detail", {})]
	answers = [c for c in details if c["reason"].startswith("answer.")]
	demand(again["counted"] == sum(c["count"] for c in details), again)
	only = [e for e in replayed("--policy", m.top / "p.cedar", "--schema", m.top / "p.cedarschema")["entries"]
		if "these answers were so many" in e.get("why", "")]
	made = [c for c in answers if c["reason"] != "answer.found-nothing"]
	demand(len(only) == len(made), "not made again are", len(only), "of", len(made), "entries that tell numbers of decisions")


def what_is_asked_about_costs_no_replay_its_quotas():
	with with_askers(Machine()) as m:
		d = m.serve()
		d.going_on = True
		Asker(d, "batches", [some_denied], 2, m.asker["batches"]).wait()
		wait_for("all is told", lambda: "freehold_refusals_suppressed 0\n" in metrics(d))
		s = d.session(m.twister)
		demand(not s.take("/sips/1")["result"]["isError"], "within the quota")
		d.stop()
		words = ("policy", "replay", "--json", "--policy", m.top / "p.cedar", "--schema", m.top / "p.cedarschema")
		again = json.loads(m.run(*words, *m.opened(), status=2).stdout)["entries"]
		demand(again and all("these answers were so many" in e["why"] for e in again), again)


def what_was_answered_in_a_flood_of_questions_outlives_a_stop_and_mostly_a_crash():
	with with_askers(Machine()) as m:
		for how in ("stop", "kill"):
			d = m.serve()
			d.going_on = True
			before = max(m.entries()) + 1
			loops = [Asker(d, name, kinds, 60, m.asker[name]) for name, kinds in
				(("portal", BY_CORE), ("batches", [some_denied]))]
			wait_for("some is told", lambda: told_by(metrics(d)) > 1000)
			time.sleep(1)
			told = told_by(metrics(d))
			d.going_on = False
			getattr(d, how)()
			for looper in loops:
				looper.wait()
			if how == "kill":
				m.serve().stop()
			entries = m.entries(before)
			counted = 0
			for looper in loops:
				singles, numbers = singles_and_counts(entries.values(), looper.name)
				counted += sum(c["count"] for c in numbers)
				recorded, n = sum(singles.values()) + sum(c["count"] for c in numbers), sum(looper.told.values())
				for i in looper.named + looper.yes:
					demand(entries[i]["kind"] == "answer", "answered, and not recorded:", i)
				# The last request may have been recorded, and its answer not have come.
				whole = n <= recorded <= n + 64 if how == "stop" else recorded > n / 3
				demand(whole, how, looper.name, recorded, "of", n, "are recorded")
			demand(counted >= told, "told were", told, "and recorded are", counted)
		m.verify()


def told_by(said):
	return int(next(l for l in said.splitlines() if l.startswith("freehold_refusals_counted_total ")).split()[1])


# --- many connections at once ---------------------------------------------------

class Crowd:
	"""Connections of one actor, each with one request at a time, which is always the same."""

	def __init__(self, d, token, n, path, body, session=None):
		text = json.dumps(body)
		head = ["POST " + path + " HTTP/1.1", f"Host: 127.0.0.1:{d.port}", "Content-Type: application/json",
			"Accept: application/json, text/event-stream", "MCP-Protocol-Version: 2025-11-25",
			f"Authorization: Bearer {token}", f"Content-Length: {len(text)}"]
		head += [f"Mcp-Session-Id: {session}"] if session else []
		self.request = ("\r\n".join(head) + "\r\n\r\n" + text).encode()
		self.answers, self.waiting, self.heard = [], 0, selectors.DefaultSelector()
		self.sockets = [socket.create_connection(("127.0.0.1", d.port)) for _ in range(n)]
		for s in self.sockets:
			s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
			self.heard.register(s, selectors.EVENT_READ, bytearray())

	def __enter__(self):
		return self

	def __exit__(self, *why):
		for s in self.sockets:
			s.close()

	def ask(self):
		for s in self.sockets:
			s.sendall(self.request)
		self.waiting += len(self.sockets)

	def hear(self, seconds, again=False):
		"""What comes in that time, and is asked AGAIN then; whether anything came."""
		ready = self.heard.select(seconds)
		for key, _ in ready:
			more = key.fileobj.recv(1 << 16)
			demand(more, "a connection was cut off")
			key.data.extend(more)
			head, end, body = bytes(key.data).partition(b"\r\n\r\n")
			if not end or len(body) < int(re.search(rb"(?i)content-length: *(\d+)", head)[1]):
				continue
			key.data.clear()
			self.answers.append(json.loads(body))
			self.waiting -= 1
			if again:
				key.fileobj.sendall(self.request)
				self.waiting += 1
		return bool(ready)

	def hear_all(self):
		until = time.monotonic() + PATIENCE
		while self.waiting > 0:
			demand(time.monotonic() < until, self.waiting, "were not answered")
			self.hear(1)
		return self


def decisions(answer):
	if "result" in answer:
		return [not answer["result"]["isError"]]
	return [a["decision"] for a in answer.get("evaluations", [answer])]


def crowds(m, d, connections):
	"""A name, a crowd that is refused, and how many refusals each of its answers is."""
	call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "take", "arguments": {"path": "/private/x"}}}
	yield "twister", Crowd(d, m.twister, connections, "/mcp/notes", call, d.session(m.twister).id), 1
	for name, of in (("single", denied), ("batches", some_denied)):
		api, body = of(0)
		yield name, Crowd(d, m.asker[name], connections, f"/access/v1/{api}", body), len(body.get("evaluations", [1]))


def what_is_counted_over_the_network_is_answered_at_a_pace():
	seconds, connections = 3, 48
	with with_askers(Machine()) as m:
		d = m.serve()
		before = max(m.entries()) + 1
		for name, crowd, each in crowds(m, d, connections):
			with crowd:
				began = time.monotonic()
				crowd.ask()
				beside = in_background(served, d, m.token, seconds)
				while time.monotonic() < began + seconds:
					crowd.hear(0.1, again=True)
				crowd.hear_all()
				took = time.monotonic() - began
				demand(beside(), "no permitted call of another")
				said = [yes for a in crowd.answers for yes in decisions(a)]
				demand(len(said) == each * len(crowd.answers), "too few:", len(said))
				demand(not any(said), "permitted in the flood:", sum(said))
				singles = BURST + took / TOKEN_SECONDS + 1
				most = singles + AT_ONCE * (took / REST_SECONDS + 1) + each
				demand(BURST < len(said) <= most, name, len(said), "answers in", took, "s, and not up to", most)
				print(f"# {name}: {len(said)} in {took:.1f} s")
			wait_for("all is told", lambda: "freehold_refusals_suppressed 0\n" in metrics(d))
			alone, numbers = singles_and_counts(m.entries(before).values(), name)
			recorded = sum(alone.values()) + sum(c["count"] for c in numbers)
			demand(recorded == len(said), name, "was told", len(said), "and recorded are", recorded)
		d.alive()
		d.stop()
		m.verify()


def who_asks_beside_a_flood_does_not_wait_for_it():
	connections = 400  # what is counted of them takes its actor 6.4 seconds
	with with_askers(Machine()) as m:
		d = m.serve()
		s = d.session(m.token)
		api, body = some_denied(0)
		with Crowd(d, m.asker["batches"], connections, f"/access/v1/{api}", body) as crowd:
			crowd.ask()
			demand(not s.take("/public/x")["result"]["isError"], "a permitted call in the flood")
			other = d.http(m.asker["portal"]).send(denied(0)[1], path="/access/v1/evaluation")
			demand(other[0] == 200 and b'"decision":false' in other[2], "another's question in the flood:", other)
			while crowd.hear(0):
				pass
			demand(crowd.waiting > 0, "what another asked came behind all that the flood was answered")
			crowd.hear_all()
			demand(len(crowd.answers) == connections, len(crowd.answers))
		d.alive()
		d.stop()
		m.verify()


if __name__ == "__main__":
	sys.exit(run_tests([a_flood_is_counted_and_not_written, what_known_actors_are_refused_is_counted_beyond_a_burst,
		a_stop_tells_what_is_counted_and_a_crash_loses_no_more_than_seconds,
		opening_the_record_is_refused_as_often_as_anything_else, questions_answered_no_are_counted_beyond_a_burst,
		what_is_asked_about_costs_no_replay_its_quotas, what_is_counted_over_the_network_is_answered_at_a_pace,
		who_asks_beside_a_flood_does_not_wait_for_it,
		what_was_answered_in_a_flood_of_questions_outlives_a_stop_and_mostly_a_crash]))
