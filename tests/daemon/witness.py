# SPDX-License-Identifier: Apache-2.0
"""Two machines that witness each other, what a hostile witness can do (raise an alarm, and no more), what ends a record (its
own signature on another history), and what a crash leaves."""
import base64
import hashlib
import http.client
import json
import re
import shutil
import subprocess
import sys
import threading
import time

from machine import PATIENCE, VERIFY, Machine, demand, run_tests, wait_for
from tls import Authority, Server, server_context

LONG = 60  # seconds: a checkpoint is submitted every ten


class Way:
	"""A way to a witness that stays where it is when that one starts again, and can be made to lie."""

	def __init__(self, daemon=None, context=None):
		self.daemon, self.lie = daemon, None
		self.server = Server(self.carry, context)
		self.seen, self.url = self.server.seen, self.server.url() + "/witness"

	def carry(self, method, path, body):
		said = self.lie(method, path, body) if self.lie else None
		status, kind, body = said or ask(self.daemon, method, path, body)
		return status, {"Content-Type": kind}, body

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.server.__exit__()


def ask(daemon, method, path, body=b""):
	"""(status, Content-Type, body); 502 if nobody is there."""
	try:
		c = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
		c.request(method, path, body or None)
		r = c.getresponse()
		return r.status, r.getheader("Content-Type") or "text/plain", r.read()
	except (OSError, http.client.HTTPException, AttributeError):
		return 502, "text/plain", b""


def keys_of(m):
	"""(log lines, {ed25519, ml-dsa-44: verifier key as a witness})."""
	text = m.run("witness", "keys").stdout
	logs = [l for l in text.splitlines() if l.startswith("log ")]
	witness = {l.split()[1].split("-", 1)[1]: l.split()[2] for l in text.splitlines() if l.startswith("witness ")}
	demand(len(logs) == 2 and set(witness) == {"ed25519", "ml-dsa-44"}, text)
	return logs, witness


def sign(m, witnesses, quorum, logs=(), resolve=()):
	"""Has M's operator sign that WITNESSES = {name: (key, url)} witness it, and LOGS are witnessed."""
	policy, log = m.top / "witnesses", m.top / "logs"
	policy.write_text("\n".join(keys_of(m)[0] + [f"witness {n} {k} {u}" for n, (k, u) in witnesses.items()]) + f"\n{quorum}\n")
	log.write_text("".join(l + "\n" for l in logs))
	m.sign("witness", "sign", policy, "--log", log, *[w for r in resolve for w in ("--resolve", r)])


def metric(d, name):
	text = ask(d, "GET", "/metrics")[2].decode()
	return int(re.search(rf"^freehold_{re.escape(name)} (\d+)$", text, re.M)[1])


def state_is(d, state):
	return wait_for(f"a witness is {state}", lambda: metric(d, f'witnesses{{state="{state}"}}') == 1, LONG)


def size_of(note):
	return int(note.decode().split("\n")[1])


def witnessed(d, more_than=0):
	def newest():
		status, _, note = ask(d, "GET", "/record/witnessed")
		return note if status == 200 and size_of(note) > more_than else None
	return wait_for("a witnessed checkpoint", newest, LONG)


def alarms(m):
	return [e for e in m.entries().values() if e["kind"] == "witness"]


def pair(a, b):
	"""Both serve; (daemons, way to B)."""
	a.make().govern()
	b.make()
	da, db = a.serve(), b.serve()
	return da, db


def machines_witness_each_other():
	with Machine() as a, Machine() as b, Way() as to_a, Way() as to_b:
		da, db = pair(a, b)
		to_a.daemon, to_b.daemon = da, db
		(la, wa), (lb, wb) = keys_of(a), keys_of(b)
		sign(a, {}, "quorum none", lb)
		wait_for("A knows B", lambda: metric(da, "chain_sequence") == a.chain()["sequence"])
		sign(b, {"a": (wa["ed25519"], to_a.url)}, "quorum a", la)
		sign(a, {"b": (wb["ml-dsa-44"], to_b.url)}, "quorum b", lb)
		for m, d, other in ((a, da, b), (b, db, a)):
			note = witnessed(d)
			names = [l.split(" ")[1] for l in note.decode().split("\n\n")[1].splitlines()]
			own = note.decode().split("\n")[0]
			demand(names[:3] == [own] * 3 and len(names) == 4 and names[3].endswith("/witness"), names)
			shown = json.loads(m.run("witness", "show", "--json").stdout)
			demand(shown["quorum"] == "yes" and shown["witnessed"] == size_of(note), shown)
			demand(metric(d, "witness_alarms_total") == 0, d.log())
			# Monitors see what the other has cosigned.
			path = "/witness/" + hashlib.sha256(own.encode()).hexdigest() + "/checkpoint"
			status, _, held = ask(db if m is a else da, "GET", path)
			demand(status == 200 and held.decode().split("\n")[0] == own, status, held[:100])
		# Being witnessed is nothing to record: both come to rest.
		before = {m: len(m.entries()) for m in (a, b)}
		time.sleep(2)
		demand({m: len(m.entries()) for m in (a, b)} == before, "the records grow by themselves")
		# Something happens: it is witnessed in its turn, from where the witness stands.
		shutil.copytree(a.state / "record", a.top / "earlier")
		old = size_of(witnessed(da))
		s = da.session(a.token)
		demand(not s.take("/public/x")["result"]["isError"], "a call failed")
		s.end()
		note = witnessed(da, more_than=old)
		asked = [body for _, path, body in to_b.seen if path.endswith("/add-checkpoint")]
		demand(not asked[-1].startswith(b"old 0\n"), asked[-1][:200])
		da.stop()
		db.stop()
		a.verify()
		b.verify()
		proofs_carry_the_cosignatures(a, b)
		records_are_complete_to_what_was_cosigned(a, b, size_of(note))


def proofs_carry_the_cosignatures(a, b):
	def check(proof, policy):
		r = subprocess.run([VERIFY, "proof", proof, "--genesis", a.genesis, "--allow-grade", "none,co-located",
			"--witnesses", policy, "--json"], capture_output=True, text=True, timeout=60)
		return r.returncode, r.stdout
	with_lines, without = a.top / "with", a.top / "without"
	a.run("record", "prove", 1, "--witnessed", "--out", with_lines)
	a.run("record", "prove", 1, "--out", without)
	policy, other = a.top / "witnesses", b.top / "witnesses"
	demand(check(with_lines, policy)[0] == 0, "the quorum:", check(with_lines, policy))
	status, said = check(without, policy)
	demand(status == 1 and "no-quorum" in said, "without cosignatures:", status, said)
	status, said = check(with_lines, other)
	demand(status == 2 and "other-log" in said, "another's policy:", status, said)
	text = with_lines.read_text().split("\n")
	at = max(i for i, l in enumerate(text) if "/witness " in l)
	text[at] = text[at][:-12] + "AAAAAAAAAA" + text[at][-2:]
	forged = a.top / "forged"
	forged.write_text("\n".join(text))
	status, said = check(forged, policy)
	demand(status == 1 and "cosignature" in said, "a wrong cosignature:", status, said)
	key = json.loads(a.run("witness", "show", "--json", status=None).stdout)["witnesses"][0]
	raw = bytes([7]) + b"a key of another kind"
	name = key["key"]
	key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
	unknown = f"{name}+{key_id.hex()}+{base64.b64encode(raw).decode()}"
	text[at] = text[at].rsplit(" ", 1)[0] + " " + base64.b64encode(key_id + b"x").decode()
	forged.write_text("\n".join(text))
	(a.top / "newer").write_text("\n".join(keys_of(a)[0] + [f"witness b {unknown}", "quorum b", ""]))
	status, said = check(forged, a.top / "newer")
	demand(status == 2 and "unknown-witness" in said, "a key of another kind:", status, said)


def records_are_complete_to_what_was_cosigned(a, b, size):
	def check(record, policy, *options):
		r = subprocess.run([VERIFY, "record", record, "--genesis", a.genesis, "--allow-grade", "none,co-located",
			"--witnesses", policy, "--json", *options], capture_output=True, text=True, timeout=60)
		return r.returncode, json.loads(r.stdout)
	policy = a.top / "witnesses"
	status, said = check(a.state, policy)
	demand(status == 0 and said["complete-to"] == size, status, said)
	demand(said["witnessed"]["size"] == size and [w["name"] for w in said["witnessed"]["by"]] == ["b"], said)
	demand(said["witnessed"]["by"][0]["time"] > 1_700_000_000, said)
	# The end was cut off; the cosigned checkpoint is had from the witness, or from who fetched it.
	status, said = check(a.top / "earlier", policy, "--witnessed", a.state / "record" / "witnessed")
	demand(status == 1 and "witnessed-cut" in json.dumps(said["reasons"]), status, said)
	demand(said["complete-to"] == said["witnessed"] == "unknown", said)
	# Copies of the record as files have it as well.
	a.run("record", "tiles", "--out", a.top / "tiles")
	demand((a.top / "tiles" / "witnessed").read_bytes() == (a.state / "record" / "witnessed").read_bytes(), "tiles")
	(a.top / "earlier" / "witnessed").unlink()
	status, said = check(a.top / "earlier", policy)
	demand(status == 2 and "no-witnesses" in json.dumps(said["reasons"]), "without a checkpoint:", status, said)
	status, said = check(a.state, b.top / "witnesses")
	demand(status == 2 and "other-log" in json.dumps(said["reasons"]), "another's policy:", status, said)


def the_answers_are_those_of_the_specification():
	with Machine() as a, Machine() as b, Way() as to_b:
		da, db = pair(a, b)
		to_b.daemon = db
		(la, _), (_, wb) = keys_of(a), keys_of(b)
		sign(a, {"b": (wb["ed25519"], to_b.url)}, "quorum b")
		state_is(da, "refuses")  # 404: B does not know A yet
		sign(b, {}, "quorum none", la)
		witnessed(da)
		request = [body for _, path, body in to_b.seen if path.endswith("/add-checkpoint")][-1]
		note = request.split(b"\n\n", 1)[1]
		text, lines = note.decode().split("\n\n")
		size, old = size_of(note), b"old %d\n\n" % size_of(note)

		def add(body):
			return ask(db, "POST", "/witness/add-checkpoint", body)
		status, _, said = add(old + note)
		demand(status == 200 and said.count("\u2014".encode()) == 2, status, said)
		status, kind, said = add(b"old 0\n\n" + note)
		demand((status, kind, said) == (409, "text/x.tlog.size", b"%d\n" % size), status, kind, said)
		demand(add(b"old %d\n\n" % (size + 1) + note)[0] == 400, "an old size beyond the checkpoint's")
		demand(add(old + b"A" * 43 + b"=\n" + note)[0] == 400, "no empty line")
		demand(add(b"old %d\n" % size + b"A" * 43 + b"=\n\n" + note)[0] == 422, "a proof of nothing")
		demand(add(b"")[0] in (400, 404), "nothing at all")
		demand(add(b"x" * 100000)[0] in (400, 404, 413), "too much")
		other = note.replace(text.split("\n")[0].encode(), b"example.com/other")
		demand(add(old + other)[0] == 404, "an unknown log")
		root = text.split("\n")[2]
		forged = base64.b64encode(bytes(32)).decode()
		swapped = note.replace(root.encode(), forged.encode(), 1)
		demand(add(old + swapped)[0] == 403, "another root under the old signatures")
		unsigned = text + "\n\n" + lines.splitlines()[0] + "\n"  # ours, which is not for witnesses
		demand(add(old + unsigned.encode())[0] == 403, "without a line that a witness knows")
		demand(ask(db, "GET", "/witness/add-checkpoint")[0] == 405, "GET")
		demand(ask(db, "GET", "/witness/" + "0" * 64 + "/checkpoint")[0] == 404, "a log that is not there")
		demand(ask(db, "GET", "/witness/elsewhere")[0] == 404, "a path that is not there")
		demand(metric(db, "cosigned_total") >= 2, "B does not count")
		da.stop()
		db.stop()


def a_witness_that_lies_is_named_and_asked_no_more():
	dash = "\u2014".encode()

	def wrong_signature(method, path, body):
		status, kind, said = ask(db, method, path, body)
		lines = said.split(b"\n")
		return status, kind, b"\n".join(l[:-8] + b"AAAAAAA=" if l.startswith(dash) else l for l in lines)

	sizes = iter(range(1, 1000))
	lies = {
		"signature": wrong_signature,
		"conflict-loop": lambda *_: (409, "text/x.tlog.size", b"%d\n" % (next(sizes) % 3 + 1)),
		"answer": lambda *_: (200, "text/plain", b"x" * 5000000),
		"size": lambda method, *_: (409, "text/x.tlog.size", b"999999999\n") if method == "POST"
			else (200, "text/plain", b"no checkpoint"),
		"proof": lambda method, *_: (422, "text/plain", b"no") if method == "POST" else None,
	}
	with Machine() as a, Machine() as b:
		da, db = pair(a, b)
		(la, _), (_, wb) = keys_of(a), keys_of(b)
		sign(b, {}, "quorum none", la)
		for n, (reason, lie) in enumerate(lies.items(), 1):
			with Way(db) as way:
				way.lie = lie
				sign(a, {"b": (wb["ed25519"], way.url)}, "quorum b")
				wait_for(reason, lambda: metric(da, "witness_alarms_total") == n, LONG)
				state_is(da, "dropped")
				asked = len(way.seen)
				time.sleep(0.5)
				demand(len(way.seen) == asked, reason, ": it is asked on")
				demand(asked < 10, reason, ": it was asked", asked, "times")
			told = alarms(a)[-1]
			demand(reason in json.dumps(told), reason, "is not in", told)
			demand("witness b" in da.log() and reason in da.log(), da.log())
		da.alive()
		demand(a.run("witness", "show", status=1).returncode == 1, "a quorum out of nothing")
		da.stop()
		db.stop()
		a.verify()


def with_the_cable_pulled_only_the_witness_is_late():
	with Machine() as a, Machine() as b, Way() as to_b:
		da, db = pair(a, b)
		(la, _), (_, wb) = keys_of(a), keys_of(b)
		sign(b, {}, "quorum none", la)
		sign(a, {"b": (wb["ed25519"], to_b.url)}, "quorum b")
		state_is(da, "away")
		da.alive()
		demand(metric(da, "witness_alarms_total") == 0, "an alarm for a cable")
		to_b.daemon = db
		witnessed(da)
		da.stop()
		db.stop()


def witnesses_are_reached_over_https_by_the_operators_authority():
	with Machine() as a, Machine() as b:
		authority = Authority(a.top)
		a.config.write_text(f"ca-file = {authority.file}\n")
		da, db = pair(a, b)
		(la, _), (_, wb) = keys_of(a), keys_of(b)
		sign(b, {}, "quorum none", la)
		expired = authority.certify(start="20250101000000Z", end="20251231000000Z")
		size = 0
		for context, words in (
			(server_context(authority.certify()), None),
			(server_context(expired), "has expired"),
			(server_context(Authority(a.top, "other").certify()), "is by no authority that is trusted here"),
			(server_context(authority.certify()), None),
		):
			with Way(db, context) as way:
				sign(a, {"b": (wb["ed25519"], way.url)}, "quorum b")
				da.alive()
				if words is None:
					size = size_of(witnessed(da, more_than=size))
					continue
				wait_for(words, lambda: f"witness b: away: its certificate {words}" in da.log(), LONG)
				state_is(da, "away")
				demand(not way.server.seen, "it was told to a server that is not trusted:", way.server.seen)
				da.alive()
		demand(metric(da, "witness_alarms_total") == 0, da.log())
		da.stop()
		db.stop()
		a.verify()


def a_witness_that_redirects_is_not_followed():
	with Machine() as a, Machine() as b, Server(lambda *_: (200, {}, b"")) as elsewhere:
		da, db = pair(a, b)
		(la, _), (_, wb) = keys_of(a), keys_of(b)
		sign(b, {}, "quorum none", la)
		with Server(lambda *_: (307, {"Location": elsewhere.url() + "/add-checkpoint"}, b"")) as server:
			sign(a, {"b": (wb["ed25519"], server.url())}, "quorum b")
			state_is(da, "dropped")
		demand("its status is none that a witness has" in json.dumps(alarms(a)[-1]), alarms(a))
		demand(not elsewhere.seen, "it went on:", elsewhere.seen)
		da.alive()
		da.stop()
		db.stop()


def crashes_leave_a_witness_that_remembers_and_a_record_that_goes_on():
	with Machine() as a, Machine() as b, Way() as to_b:
		da, db = pair(a, b)
		to_b.daemon = db
		(la, _), (_, wb) = keys_of(a), keys_of(b)
		sign(b, {}, "quorum none", la)
		sign(a, {"b": (wb["ml-dsa-44"], to_b.url)}, "quorum b")
		size = size_of(witnessed(da))
		# B is killed right after it has cosigned, before its answer is there.
		hit = threading.Event()

		def cut(method, path, body):
			if not path.endswith("/add-checkpoint") or hit.is_set():
				return None
			ask(db, method, path, body)
			db.kill()
			hit.set()
			return 502, "text/plain", b""
		to_b.lie = cut
		s = da.session(a.token)
		s.take("/public/x")
		s.end()
		wait_for("B is killed", hit.is_set, LONG)
		to_b.daemon = db = b.serve()
		size = size_of(witnessed(da, more_than=size))
		# A is killed, and begins by asking where B stands.
		da.kill()
		da = a.serve()
		witnessed(da, more_than=size)
		demand(metric(da, "witness_alarms_total") == 0, da.log())
		da.stop()
		db.stop()
		a.verify()


def only_our_own_signature_on_another_history_ends_the_record():
	with Machine() as a, Machine() as b, Way() as to_b:
		da, db = pair(a, b)
		to_b.daemon = db
		(la, _), (_, wb) = keys_of(a), keys_of(b)
		sign(b, {}, "quorum none", la)
		da.stop()
		older = a.copy()
		da = a.serve()
		sign(a, {"b": (wb["ed25519"], to_b.url)}, "quorum b")
		witnessed(da)
		da.stop()
		with older:
			# The same machine from before, gone on otherwise: what the chip would have prevented, had it one.
			do = older.serve()
			sign(older, {"b": (wb["ed25519"], to_b.url)}, "quorum b")
			demand(do.wait(LONG) == 1, "serve ended with", do.wait(), do.log())
			demand("record/conflict" in do.log(), do.log())
			conflict = older.state / "record/conflict"
			demand(conflict.read_bytes().startswith(b"freehold/"), "no evidence")
			said = older.serve_fails(status=1)
			demand("record/conflict" in said, said)
			refused = older.run("status", status=None).stdout
			demand("record-conflict" in refused, refused)
			kept = older.top / "evidence"
			kept.write_bytes(conflict.read_bytes())
			sign(older, {"b": (wb["ed25519"], to_b.url)}, "quorum none", resolve=[kept])
			do = older.serve()
			do.alive()
			demand(any("conflict" in json.dumps(e) for e in alarms(older)), "no alarm in the record")
			do.stop()
			older.verify()
		db.stop()


if __name__ == "__main__":
	sys.exit(run_tests([
		machines_witness_each_other,
		the_answers_are_those_of_the_specification,
		a_witness_that_lies_is_named_and_asked_no_more,
		with_the_cable_pulled_only_the_witness_is_late,
		witnesses_are_reached_over_https_by_the_operators_authority,
		a_witness_that_redirects_is_not_followed,
		crashes_leave_a_witness_that_remembers_and_a_record_that_goes_on,
		only_our_own_signature_on_another_history_ends_the_record,
	]))
