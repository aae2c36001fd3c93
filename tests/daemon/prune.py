# SPDX-License-Identifier: Apache-2.0
"""What was shredded goes from the disk, for those whom the policy lets; what was proved before stays so."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys

import two_actors
from machine import BUILD, FREEHOLD, ME, POLICY, SCHEMA, VERIFY, demand, demand_message, run_tests, wait_for
from two_actors import paths, take

DECLARED = 'action "record.prune", "record.open" appliesTo { principal: [Actor], resource: [Device] };\n'
PRUNES = """@id("prunes") permit (principal == Actor::"keeper-of-the-disk",
	action in [Action::"record.prune", Action::"record.open"], resource);
"""


def made(policy=POLICY + PRUNES):
	m = two_actors.made()
	m.sign_policy(policy=policy, schema=SCHEMA + DECLARED)
	m.grant("keeper-of-the-disk", "--uid", ME)
	return m


def shred(m, who="worker"):
	"""Everything of WHO has ended, as far as the fold lets it."""
	before = sum(e["kind"] == "shred" for e in m.entries().values())
	m.sign("shred", "--subject", who)
	wait_for("the keys end", lambda: sum(e["kind"] == "shred" for e in m.entries().values()) > before)


def prune(m, *words, status=0):
	return m.run("record", "prune", "--socket", m.socket, *words, status=status)


def pruned(m, *words):
	return json.loads(prune(m, "--json", *words).stdout)


def journal(m):
	return {p.name: p.read_bytes() for p in sorted((m.state / "record/journal").iterdir())}


def size(m):
	return sum(len(b) for b in journal(m).values())


def stubs(m):
	return {i for i, e in m.entries().items() if e.get("pruned")}


def sealed_with(name, data):
	"""What follows NAME, 16 bytes, in each sealed payload: a commitment and the head of a ciphertext, 64 bytes of it."""
	return [data[x.end():x.end() + 34 + 64] for x in re.finditer(b"\x83\x50" + re.escape(name), data)]


def ended(m):
	"""Names of the keys that shred entries name."""
	return [bytes.fromhex(k[0]["hex"]) for e in m.entries().values() if e["kind"] == "shred"
		for k in e["fields"]["detail"]["keys"]]


def kept(m, index):
	"""Proofs of all kinds that the entry INDEX is in the record."""
	files = {}
	for form in ("bundle", "tlog-proof", "cose"):
		files[form] = m.top / f"proof-{index}.{form}"
		m.run("record", "prove", index, "--format", form, "--out", files[form])
	return files


def proved(m, files):
	for form, file in files.items():
		words = [] if form == "bundle" else ["--bundle", files["bundle"]]
		words = [VERIFY, "proof", file, *words, *AS_HERE, "--genesis", m.genesis]
		r = subprocess.run(words, capture_output=True, text=True)
		said = json.loads(r.stdout)
		demand(r.returncode == 0 and said["authentic"] == "yes", form, r.stdout, r.stderr)


def filled(m, d):
	s = d.session(m.tokens["worker"])
	for n in range(24):
		demand(not s.take(f"/public/gone-{n}/" + "x" * 1500)["result"]["isError"], "a permitted call")
	s.end()
	for n in range(3):
		take(m, d, f"/public/stays-{n}", "other")


def explained_no_more(m, gone, openings):
	"""What was pruned is said to be that by whoever decides it again, and not to be opened; who opened it before can go on."""
	r = m.run("policy", "why", gone, *m.opened(), status=2)
	demand_message(r.stderr, f"entry {gone}", "it was pruned", "has ended", "--openings")
	why = json.loads(m.run("policy", "why", gone, "--json", "--openings", openings, status=None).stdout)
	demand(why["entry"] == gone and why["resource"].startswith('File::"/public/gone-0/'), why)
	said = json.loads(m.run("policy", "replay", "--json", *m.opened(), status=2).stdout)
	lost = {x["entry"]: x["why"] for x in said["entries"] if x["change"] == "not-replayed"}
	demand("it was pruned" in lost[gone], lost)


AS_HERE = ["--allow-grade", "none,co-located", "--json"]
STAYS = {f"/public/stays-{n}" for n in range(3)}


def what_was_shredded_goes_and_what_was_proved_stays():
	with made() as m:
		d = m.serve()
		filled(m, d)
		gone = next(i for i, e in m.entries().items() if "/public/gone-0/" in str(e["fields"].get("arguments")))
		openings = m.top / "opened-before"
		shutil.copy(m.opened()[1], openings)
		d.stop()
		proofs = kept(m, gone)
		m.run("record", "prove", gone, "--openings", openings, "--field", "arguments", "--out", m.top / "disclosed")
		d = m.serve()
		demand(pruned(m)["segments"] == [], "something was pruned, and nothing was shredded")
		shred(m)
		before = journal(m)
		names = ended(m)
		was = [x for n in names for x in sealed_with(n, b"".join(before.values()))]
		demand(len(was) >= 6, "the ciphertexts were not found:", len(was), names)
		unpruned = m.top / "unpruned"
		subprocess.run(["cp", "-a", m.state, unpruned], check=True)
		said = pruned(m)
		demand(said["pruned"] >= 6 and len(said["segments"]) == 1 and not said["dry-run"], said)
		demand(said["freed"] > said["pruned"] * 200, said)
		# The daemon goes on, and others are served.
		take(m, d, "/public/after")
		entries = m.entries()
		told = entries[said["segments"][0]["entry"]]
		detail = told["fields"]["detail"]
		demand(told["kind"] == "prune" and detail["stubs"] == said["pruned"] and detail["first"] == 0, told)
		demand(len(stubs(m)) == said["pruned"] and gone in stubs(m) and max(stubs(m)) < detail["state"], stubs(m))
		demand(all(entries[i]["shredded"] > i and entries[i]["sealed"] for i in stubs(m)), "not as shredded")
		first = journal(m)["%020d.fhj" % 0]
		held = len(before["%020d.fhj" % 0])
		demand(len(first) < held and "pruned.new" not in journal(m), "it is not smaller", len(first), held)
		now = b"".join(p.read_bytes() for p in (m.state / "record").rglob("*") if p.is_file())
		demand(not any(x in now for x in was), "what was sealed is there still")
		demand(paths(m) >= STAYS, "of others:", paths(m))
		r = m.run("record", "open", gone, "--socket", m.socket, status=2)
		demand_message(r.stderr, "its key is gone")
		r = m.run("recovery", "open", f"0..{1 << 40}", "--key", m.key, "--passphrase-fd", 0)
		demand("/public/gone-" not in r.stdout and "/public/stays-0" in r.stdout, "by the recovery key:", r.stdout[:999])
		demand(json.loads(m.run("status", "--json").stdout)["record"]["pruned"] == said["pruned"], "status")
		# Once more there is nothing.
		demand("nothing to prune" in prune(m).stdout, "again")
		metrics = d.http().send(None, method="GET", path="/metrics")[2].decode()
		demand(f"freehold_pruned_entries_total {said['pruned']}\n" in metrics, metrics)
		demand(f"freehold_pruned_bytes_total {said['freed']}\n" in metrics, metrics)
		# The tiles, and public payloads of the segment, are served from where they lie now.
		for path in ("checkpoint", "tile/0/000.p/8", "tile/entries/000.p/8", "payload/0", "payload/4"):
			status, _, body = d.http().send(None, method="GET", path=f"/record/{path}")
			demand(status == 200 and body, path, status, body)
		d.stop()
		v = m.verify("--whole", len(m.entries()))
		told = v["payloads"]
		demand(v["verdict"] == "yes" and told["pruned"] == len(stubs(m)) and told["missing"] == 0, v)
		text = subprocess.run([VERIFY, "record", m.state, "--genesis", m.genesis, "--allow-grade", "none,co-located"],
			capture_output=True, text=True).stdout
		demand(f"{told['pruned']} pruned with a record of it" in text, text)
		proved(m, proofs)
		proved(m, {"bundle": m.top / "disclosed"})
		# And can be proved anew, though not what it says.
		r = m.run("record", "prove", gone, "--out", m.top / "anew")
		demand("pruned" in r.stdout + r.stderr, "it does not say so:", r.stdout, r.stderr)
		proved(m, {"bundle": m.top / "anew"})
		# Whoever opened it before can still show it.
		shown = [json.loads(x) for x in m.run("record", "show", "--json", "--fields", "--from", gone, "--to", gone,
			"--openings", openings).stdout.splitlines()]
		demand(shown[0]["fields"]["arguments"]["path"].startswith("/public/gone-0/") and shown[0]["pruned"], shown)
		show = m.run("record", "show", "--from", gone, "--to", gone).stdout
		demand(re.search(r"\(pruned; shredded: entry \d+\)", show), show)
		explained_no_more(m, gone, openings)
		line = [json.loads(x) for x in m.run("record", "export").stdout.splitlines()][gone]
		demand(line["pruned"] and line["shredded"], "export", line)
		for form in ("ocsf", "cef"):
			m.run("record", "export", "--format", form)
		demand(str(detail["stubs"]) in m.run("record", "search", "--kind", "prune").stdout, "search")
		# An older copy, in which everything still is, and this one have one root.
		old = subprocess.run([VERIFY, "record", unpruned, *AS_HERE, "--genesis", m.genesis], capture_output=True, text=True)
		told = json.loads(old.stdout)
		demand(old.returncode == 0 and told["payloads"]["pruned"] == 0 and v["size"] > told["size"], old.stdout)
		note = m.top / "older"
		note.write_bytes(last_note(unpruned))
		demand(m.verify("--at-least", note)["verdict"] == "yes", "another root")
		demand(m.verify("--since", note)["verdict"] == "yes", "another root")
		# A start from the beginning, and one from record/resume.
		d = m.serve()
		d.alive()
		d.stop()
		(m.state / "record/resume").unlink()
		d = m.serve()
		demand("cannot" not in d.log(), d.log())
		d.alive()
		d.stop()
		demand(m.verify()["verdict"] == "yes", "after other starts")


def last_note(state):
	"""The newest checkpoint that the journal below STATE holds."""
	data = b"".join(p.read_bytes() for p in sorted((state / "record/journal").glob("*.fhj")))
	start = data.rfind(b"\x03" + bytes(2))
	while start > 0:
		n = int.from_bytes(data[start + 1:start + 5], "big")
		note = data[start + 5:start + 5 + n]
		if note.startswith(b"freehold/") and len(note) == n and n > 100:
			return note
		start = data.rfind(b"\x03" + bytes(2), 0, start)
	raise AssertionError("no checkpoint")


def what_a_stub_owes_is_demanded():
	with made() as m:
		d = m.serve()
		filled(m, d)
		d.stop()
		unshredded = journal(m)
		d = m.serve()
		shred(m)
		said = pruned(m)
		d.stop()
		good = journal(m)
		name = "%020d.fhj" % 0
		path = m.state / "record/journal" / name
		v = m.verify()
		demand(v["verdict"] == "yes" and v["payloads"]["pruned"] == said["pruned"], v)
		# Without the prune entry: the record ends before it.
		entry = said["segments"][0]["entry"]
		later = sorted(n for n in good if n != name)
		demand(later and int(later[0][:20]) <= entry, later, entry)
		aside = [(m.state / "record/journal" / n) for n in later]
		for p in aside:
			p.unlink()
		v = m.verify(status=1)
		demand(v["reasons"][0]["code"] == "missing" and "prune entry" in json.dumps(v["reasons"][0]), v["reasons"])
		for p in aside:
			p.write_bytes(good[p.name])
		# Without the shred entry: pruned entries beside a record in which their keys live.
		path.write_bytes(forged(unshredded[name]))
		for p in aside:
			p.unlink()
		v = m.verify(status=1)
		demand(v["reasons"][0]["code"] == "missing" and "shred entry" in json.dumps(v["reasons"][0]), v["reasons"])
		path.write_bytes(good[name])
		for p in aside:
			p.write_bytes(good[p.name])
		# One stub more than was signed.
		path.write_bytes(forged(good[name]))
		v = m.verify(status=1)
		demand(v["reasons"][0]["code"] == "missing", v["reasons"])
		path.write_bytes(good[name])
		demand(m.verify()["verdict"] == "yes", "it was right before")


def forged(segment):
	"""SEGMENT with the first payload that is sealed made a stub."""
	at, out = 0, bytearray()
	done = False
	while at < len(segment):
		kind, n = segment[at], int.from_bytes(segment[at + 1:at + 5], "big")
		body = segment[at + 5:at + 5 + n]
		if kind == 2 and not done:
			entries, made_one = rewritten(body[12:-40])
			if made_one:
				body, done = body[:12] + entries + body[-40:], True
		out += bytes([kind]) + len(body).to_bytes(4, "big") + body
		at += 5 + n
	demand(done, "nothing was sealed")
	return bytes(out)


def rewritten(entries):
	at, out, done = 0, bytearray(), False
	while at < len(entries):
		n = int.from_bytes(entries[at:at + 2], "big")
		leaf = entries[at + 2:at + 2 + n]
		at += 2 + n
		n = int.from_bytes(entries[at:at + 4], "big")
		payload = entries[at + 4:at + 4 + n]
		at += 4 + n
		if not done and payload[:2] == b"\x82\x01":
			parts = payload[2] & 0x1f
			names = [x[1] for x in re.finditer(rb"\x83\x50(.{16})\x58\x20", payload, re.S)][:parts]
			payload = b"\x82\x02" + bytes([0x80 | len(names)]) + b"".join(b"\x50" + x for x in names)
			done = True
		out += len(leaf).to_bytes(2, "big") + leaf + len(payload).to_bytes(4, "big") + payload
	return bytes(out), done


def nobody_prunes_but_whom_the_policy_lets():
	with made(policy=POLICY) as m:
		d = m.serve()
		filled(m, d)
		shred(m)
		before = journal(m)
		r = prune(m, status=1)
		demand_message(r.stderr, "refuses to prune", "no-permit")
		m.sign_policy(policy=POLICY, schema=SCHEMA)
		wait_for("the action is gone", lambda: "unknown-action" in prune(m, status=1).stderr)
		demand(journal(m)["%020d.fhj" % 0].startswith(before["%020d.fhj" % 0]), "it changed")
		demand(not stubs(m), "it was pruned")
		dry = json.loads(m.run("record", "prune", "--dry-run", "--json").stdout)
		demand(dry["dry-run"] and dry["pruned"] == 0, "the fold needs it still", dry)
		d.stop()
		d = m.serve()  # with the start the fold is carried, and its keys end
		def would():
			return json.loads(m.run("record", "prune", "--dry-run", "--json").stdout)
		wait_for("the fold's keys end", lambda: would()["pruned"] >= 6)
		dry = would()
		demand("would prune" in m.run("record", "prune", "--dry-run").stdout and not stubs(m), "a dry run did something")
		m.sign_policy(policy=POLICY + PRUNES, schema=SCHEMA + DECLARED)
		said = wait_for("it may", lambda: (r := prune(m, "--json", status=None)).returncode == 0 and json.loads(r.stdout))
		demand((said["pruned"], said["freed"]) == (dry["pruned"], dry["freed"]), said, dry)
		asked = [e for e in m.entries().values() if "record.prune" in e["fields"].get("action", "")]
		demand({e["fields"]["decision"][0] for e in asked} == {True, False}, asked)
		demand(m.run("record", "prune", "--dry-run").stdout == "nothing to prune\n", "dry run behind it")
		m.sign("hold", "add", "case-9")
		wait_for("it is held", lambda: "held: the operator holds everything" in prune(m, status=None).stderr)
		m.sign("hold", "release", "case-9")
		wait_for("it is released", lambda: prune(m, status=None).returncode == 0)
		for words in (["record", "prune", m.state], ["record", "prune", "--dry-run", "a", "b"]):
			m.run(*words, status=64)
		d.stop()
		demand(m.verify()["verdict"] == "yes", "verify")


def damage_is_named_and_not_pruned():
	with made() as m:
		d = m.serve()
		filled(m, d)
		shred(m)
		names = ended(m)
		path = m.state / "record/journal" / ("%020d.fhj" % 0)
		at = path.read_bytes().index(b"\x83\x50" + names[0]) + 80
		with open(path, "r+b") as f:
			f.seek(at)
			byte = f.read(1)
			f.seek(at)
			f.write(bytes([byte[0] ^ 1]))
		r = prune(m, status=2)
		demand_message(r.stderr, "could not prune", "damaged")
		demand(not stubs(m) and "pruned.new" not in journal(m), "something was pruned")
		demand_message(m.run("record", "prune", "--dry-run", status=2).stderr, "not what was recorded", "verify record")
		take(m, d, "/public/after")
		outcome = [e for e in m.entries().values() if e["kind"] == "outcome"]
		demand(any(e["fields"].get("status") == "failed" for e in outcome), "what came of it is not recorded")
		d.stop()
		m.verify(status=1)


def a_record_is_verified_while_it_is_pruned():
	"""The segment was the only one when a verifier counted them, and is written anew, with one behind it, when it is read."""
	with made() as m:
		d = m.serve()
		filled(m, d)
		before = journal(m)
		shred(m)
		pruned(m)
		d.stop()
		first, second = sorted(journal(m))
		demand(list(before) == [first], before.keys())
		at = m.state / "record/journal"
		for name in (first, second):
			(at / name).rename(m.top / name)
		(at / first).write_bytes(before[first])
		r = subprocess.run([FREEHOLD, "verify", "record", m.state, *AS_HERE, "--genesis", m.genesis], capture_output=True,
			text=True, env={"LD_PRELOAD": str(BUILD / "tests/fixture/before-open.so"), "BEFORE_OPEN": first,
			"BEFORE_OPEN_DO": f"mv {m.top / first} {m.top / second} {at}"})
		said = json.loads(r.stdout)
		demand(r.returncode == 0 and said["verdict"] == "yes" and said["payloads"]["pruned"] > 0, said, r.stderr)


def a_segment_that_is_missing_is_no_end_of_the_record():
	"""Whoever reads on finds that something is missing, and does not say that nothing more was there."""
	with made() as m:
		d = m.serve()
		for n in range(2):
			take(m, d, f"/public/gone-{n}")
			shred(m)
			pruned(m)
		take(m, d, "/public/last", "other")
		d.stop()
		first, middle, last = sorted(journal(m))
		opened = m.opened()
		m.run("record", "search", "--word", "/public/last", *opened)
		cut = m.state / "record/journal" / first
		for harm in ("gone", "cut"):
			whole = {name: (m.state / "record/journal" / name).read_bytes() for name in (first, middle)}
			if harm == "gone":
				(m.state / "record/journal" / middle).unlink()
			else:
				os.truncate(cut, cut.stat().st_size // 2)
			behind = last if harm == "gone" else middle
			for words in (["search", "--word", "/public/last", *opened], ["show"], ["export", "--format", "ocsf"],
				["prove", 0, "--out", m.top / "proof"], ["tiles", "--out", m.top / "tiles"]):
				r = m.run("record", *words, status=2)
				demand_message(r.stderr, "entries from", "are missing, up to", behind)
			for name, data in whole.items():
				(m.state / "record/journal" / name).write_bytes(data)


@contextlib.contextmanager
def followed(m):
	"""Somebody who follows the record sees every entry once, also of a segment that is written anew under him."""
	file, errors = m.top / "followed", m.top / "followed.err"
	with open(file, "wb") as out, open(errors, "wb") as err:
		p = subprocess.Popen([FREEHOLD, "record", "show", "--follow", "--json", "--config", m.config, "--state", m.state],
			stdout=out, stderr=err)
	try:
		yield
		last = max(m.entries())

		def reached():
			demand(p.poll() is None, "it ended with", p.returncode, errors.read_text())
			return (lines := file.read_bytes().split(b"\n")[:-1]) and json.loads(lines[-1])["index"] >= last and lines
		lines = wait_for(f"it shows entry {last}", reached)
		indexes = [json.loads(line)["index"] for line in lines]
		demand(indexes == list(range(len(indexes))), "not each once, in order", indexes)
	finally:
		p.kill()
		p.wait()


def calls_go_on_meanwhile_and_it_can_be_done_again_and_again():
	with made() as m:
		d = m.serve()
		total = 0
		with two_actors.others_calls(m, d) as called, followed(m):
			for n in range(4):
				take(m, d, f"/public/gone-{n}")
				shred(m)
				total += pruned(m)["pruned"]
		d.stop()
		v = m.verify()
		told = v["payloads"]
		demand(v["verdict"] == "yes" and told["pruned"] == total == len(stubs(m)) and total >= 8, told, total)
		lost = set(called) - paths(m)
		demand(not lost, "of others was pruned:", sorted(lost)[:9])
		m.serve().stop()


if __name__ == "__main__":
	sys.exit(run_tests([
		what_was_shredded_goes_and_what_was_proved_stays, what_a_stub_owes_is_demanded,
		nobody_prunes_but_whom_the_policy_lets, damage_is_named_and_not_pruned,
		a_segment_that_is_missing_is_no_end_of_the_record, a_record_is_verified_while_it_is_pruned,
		calls_go_on_meanwhile_and_it_can_be_done_again_and_again,
	]))
