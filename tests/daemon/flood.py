# SPDX-License-Identifier: Apache-2.0
"""A flood of what is refused: it neither fills the disk nor stops the machine, and how much of it was left out is in the record."""
import hashlib
import json
import socket
import statistics
import sys
import threading
import time
import urllib.request

from machine import ME, POLICY, SCHEMA, Machine, Stdio, demand, index_of, reason_of, run_tests, wait_for

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
SIPS = """
@id("sips") @quota("3/hour per principal") permit (principal, action == Action::"notes.take", resource in Folder::"/sips");
@id("nobody-opens") forbid (principal, action == Action::"record.open", resource);
"""
OPENING = 'action "record.open" appliesTo { principal: [Actor], resource: [Device] };\n'
PIPELINED = 32
BY_THE_GATE = "method-not-governed"  # which answers before core has recorded anything


def cbor_text(s):
	b = s.encode()
	return (bytes([0x60 + len(b)]) if len(b) < 24 else bytes([0x78, len(b)])) + b


def digest_behind(digest, tool, path):
	"""LEAF, "Counted refusals", of a call with one argument `path`."""
	params = b"\xa1" + cbor_text("path") + cbor_text(path)
	texts = b"".join(len(t).to_bytes(8, "big") + t for t in (b"notes", tool.encode(), params))
	return hashlib.sha256(b"freehold/refused/v1\n" + digest + texts).digest()


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
		denied = e["kind"] == "intent" and f["decision"][0] is False
		if denied or e["kind"] == "refusal":
			reason = f["decision"][1] if denied else f["detail"]["reason"]
			singles[reason] = singles.get(reason, 0) + 1
			demand("identity" in f and (not denied or "arguments" in f), "an entry of its own without", f)
	return singles, counted


def account(entries, looper, seconds):
	"""Every refusal that LOOPER was told is in the record once, by itself or in a number, and few are by themselves."""
	singles, counted = singles_and_counts(entries, looper.name)
	for reason, n in looper.told.items():
		told = sum(c["count"] for c in counted if c["reason"] == reason)
		demand(singles.get(reason, 0) + told == n, looper.name, reason, singles, "and", told, "counted, of", n)
	by_core = sum(c["count"] for c in counted if c["reason"] != BY_THE_GATE)
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
			digest = digest_behind(digest, tool, path)
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
	found = shown("record", "search", "--reason", detail["reason"], "--kind", "refusal", "--decision", "denied", "--json",
		"--limit", 1000)
	demand(index in [json.loads(l)["index"] for l in found.splitlines()], "not found by its reason:", found)
	why = json.loads(shown("policy", "why", index, "--json"))
	demand(why["count"] == detail["count"] and why["refusal"] == detail["reason"], why)
	demand(f"refusals  {detail['count']}\n" in shown("policy", "why", index), shown("policy", "why", index))
	counted = sum(e["fields"]["detail"]["count"] for e in m.entries().values() if "count" in e["fields"].get("detail", {}))
	demand(json.loads(shown("policy", "replay", "--json"))["counted"] == counted, "a replay does not count", counted)
	again = ("policy", "replay", "--policy", m.top / "p.cedar", "--schema", m.top / "p.cedarschema")
	demand("these refusals were so many that they were counted" in shown(*again, status=None), "a replay believes to know them")


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


if __name__ == "__main__":
	sys.exit(run_tests([a_flood_is_counted_and_not_written, what_known_actors_are_refused_is_counted_beyond_a_burst,
		a_stop_tells_what_is_counted_and_a_crash_loses_no_more_than_seconds,
		opening_the_record_is_refused_as_often_as_anything_else]))
