# SPDX-License-Identifier: Apache-2.0
"""Recovery slots: a copy of the disk is opened with the operator's key and without the chip, as far as its keys had not ended, and
with nothing else; an entry says so of what was shredded."""
import json
import shutil
import subprocess
import sys

from machine import BUILD, OPEN_RECORD, PASSPHRASE, VERIFY, demand, demand_message, run_tests, wait_for
from slots import head, set_slot
import two_actors
from two_actors import made

SIGN_KIND = BUILD / "tests" / "daemon" / "sign-kind"
OPENED = ("prompt-51be", "answer-51be")


def take(m, d, path, who="worker"):
	two_actors.take(m, d, path, who, prompt=OPENED[0])


def disk(m):
	"""A copy of the disk as it is, without what only the machine's chip knows."""
	other = m.copy()
	(other.state / "keys/counter").unlink()
	return other


def other_key(m):
	"""A key that genesis does not name."""
	path = m.top / "other.key"
	m.run("key", "new", path, "--passphrase-fd", 0)
	return path


def check(m, key=None, status=0):
	return m.run("recovery", "check", "--key", key or m.key, "--passphrase-fd", 0, "--json", status=status)


def rescued(m, key=None, status=0):
	"""{path: kind} of the calls of which the arguments are opened without a chip; what it said."""
	r = m.run("recovery", "open", f"0..{1 << 40}", "--key", key or m.key, "--passphrase-fd", 0, "--json", status=status)
	entries = [json.loads(line) for line in r.stdout.splitlines()]
	return {e["fields"]["arguments"]["path"] for e in entries if "path" in e["fields"].get("arguments", {})}, r


def key_id(m):
	return json.loads(m.run("status", "--json").stdout)["retention"]["recovery"]


def shreds(m):
	return {i: e["fields"]["detail"] for i, e in m.entries().items() if e["kind"] == "shred"}


def a_copy_is_opened_with_the_key_and_with_no_other():
	with made() as m:
		d = m.serve()
		take(m, d, "/public/a")
		take(m, d, "/public/b", "other")
		demand(len(key_id(m)) == 64, "status does not name the key")
		demand(key_id(m) in m.run("status").stdout, "status does not tell people")
		d.stop()
		with disk(m) as copy:
			r = subprocess.run([OPEN_RECORD, copy.state, copy.top / "x"], capture_output=True)
			demand(r.returncode != 0, "it opens without chip and key")
			paths, r = rescued(copy)
			demand(paths == {"/public/a", "/public/b"}, paths, r.stderr)
			demand(OPENED[0] in r.stdout, r.stdout)
			said = json.loads(check(copy).stdout)
			demand(said["opens"] and said["slot"] == said["key"] == key_id(m) and said["keys"] >= 3, said)
			file = copy.top / "openings"
			copy.run("recovery", "open", f"0..{1 << 40}", "--key", m.key, "--passphrase-fd", 0, "-o", file)
			words = ("record", copy.state, "--genesis", m.genesis, "--allow-grade", "none,co-located")
			words += ("--json", "--openings", file, "--whole", str(len(m.entries())))
			r = subprocess.run([VERIFY, *words], capture_output=True, text=True)
			v = json.loads(r.stdout)
			demand(r.returncode == 0 and v["payloads"]["missing"] == 0 and v["payloads"]["present"] == v["size"], v)
			shown = copy.run("record", "show", "--fields", "--openings", file).stdout
			demand("/public/a" in shown and "(sealed)" not in shown, shown)
			key = ("--key", m.key, "--passphrase-fd", 0)
			one = copy.run("recovery", "open", "0..40", "--field", "action", *key).stdout
			demand("take" in one and OPENED[0] not in one, one)
			wrong = other_key(copy)
			r = check(copy, wrong, status=1)
			demand(json.loads(r.stdout)["opens"] is False, r.stdout)
			paths, r = rescued(copy, wrong, status=1)
			demand(not paths, paths)
			demand_message(r.stderr, "recovery slot is for the key", key_id(m))


def what_was_shredded_is_opened_of_a_copy_from_before_alone():
	with made() as m:
		d = m.serve()
		take(m, d, "/public/gone")
		take(m, d, "/public/stays", "other")
		with disk(m) as before:
			key = key_id(m)
			m.sign("shred", "--subject", "worker")
			index, said = next(iter(wait_for("a shred entry", lambda: shreds(m)).items()))
			wait_for("it is over", lambda: two_actors.paths(m) == {"/public/stays"})
			demand(said["slots"] == [f"recovery:{key}"], "the entry does not say what opens a copy from before:", said)
			take(m, d, "/public/new")
			d.stop()
			# The chip has gone on: it opens nothing of the copy.
			shutil.copy(m.state / "keys/counter", before.state / "keys/counter")
			r = subprocess.run([OPEN_RECORD, before.state, before.top / "x"], capture_output=True, text=True)
			demand(r.returncode != 0, "the chip opens a copy from before")
			(before.state / "keys/counter").unlink()
			paths, _ = rescued(before)
			demand(paths == {"/public/gone", "/public/stays"}, "with the key:", paths)
			# The key is destroyed: nobody has another that would do.
			paths, r = rescued(before, other_key(before), status=1)
			demand(not paths and not r.stdout, paths)
			r = before.run("recovery", "open", "0", "--key", m.top / "destroyed", "--passphrase-fd", 0, status=2)
			demand_message(r.stderr, "destroyed")
		with disk(m) as after:
			paths, r = rescued(after)
			demand(paths == {"/public/stays", "/public/new"}, "of a copy from after:", paths)
			demand("cannot be opened: their keys had ended" in r.stderr, r.stderr)
			check(after)
		v = m.verify()
		demand(v["verdict"] == "yes" and v["opened-from-copies-by"] == [f"recovery:{key}"], v)
		r = subprocess.run([VERIFY, "record", m.state, "--genesis", m.genesis, "--allow-grade", "none,co-located"],
			capture_output=True, text=True)
		demand(f"until recovery:{key} is destroyed" in r.stdout, r.stdout)
		demand(f"recovery:{key}" in m.run("record", "search", "--kind", "shred").stdout, "the entry does not show it")


def a_slot_that_is_missing_is_made_at_the_next_start():
	"""As in a state directory of a version that made none."""
	with made() as m:
		d = m.serve()
		take(m, d, "/public/a")
		d.stop()
		_, epoch, _, slot = head(m)
		demand(slot, "there was no slot")
		set_slot(m, b"")
		demand(key_id(m) is None, "status tells of a slot that is not there")
		demand("recovery key   none" in m.run("status").stdout, m.run("status").stdout)
		r = check(m, status=1)
		demand(json.loads(r.stdout)["slot"] is None, r.stdout)
		paths, r = rescued(m, status=1)
		demand_message(r.stderr, "has no recovery slot")
		d = m.serve()
		demand("recovery slot was missing" in d.log(), d.log())
		take(m, d, "/public/b")
		demand(two_actors.paths(m) == {"/public/a", "/public/b"}, two_actors.paths(m))
		_, now, _, _ = head(m)
		demand(now == epoch + 1, "no new data epoch:", epoch, now)
		d.stop()
		with disk(m) as copy:
			demand(rescued(copy)[0] == {"/public/a", "/public/b"}, rescued(copy)[0])
		d = m.serve()  # and once
		demand("recovery slot" not in d.log() and head(m)[1] == now, d.log())
		m.sign("shred", "--subject", "worker")
		said = next(iter(wait_for("a shred entry", lambda: shreds(m)).values()))
		demand(said["slots"] == [f"recovery:{key_id(m)}"], said)
		d.stop()
		demand(m.verify()["verdict"] == "yes", "it does not verify")


def a_slot_that_was_exchanged_is_seen():
	with made() as m, made() as stranger:
		for x in (m, stranger):
			d = x.serve()
			x.run("status")
			take(x, d, "/public/a")
			d.stop()
		*_, slot = head(m)
		*_, theirs = head(stranger)
		_, epoch, _, _ = head(m)
		box = slot.index(b"\x59\x04\x90") + 3 + 200
		for what, put, words in (
			("another machine's", theirs, "of another chain, device or data epoch"),
			("altered", slot[:box] + bytes([slot[box] ^ 1]) + slot[box + 1:], "altered"),
			("cut", slot[:-1], "cannot be read"),
		):
			with m.copy() as victim:
				set_slot(victim, put)
				victim_paths, r = rescued(victim, status=1)
				demand(not victim_paths, what, victim_paths)
				demand_message(r.stderr, words)
				d = victim.serve()
				demand("recovery slot was missing" in d.log(), what, d.log())
				demand(head(victim)[1] == epoch + 1, what, "was left as it was")
				demand(rescued(victim)[0] == {"/public/a"}, what)
				victim.sign("shred", "--subject", "worker")
				said = next(iter(wait_for("a shred entry", lambda: shreds(victim)).values()))
				demand(said["slots"] == [f"recovery:{key_id(victim)}", "recovery:unknown"], what, said["slots"])
				d.stop()
				demand(victim.verify()["verdict"] == "yes", what)
		with m.copy() as victim:  # torn: the sum over the head is not right
			set_slot(victim, slot[:40], whole=False)
			demand_message(victim.serve_fails(2), "keys/data.", "head is damaged")
			demand_message(rescued(victim, status=1)[1].stderr, "cannot be read")
		with m.copy() as victim:  # or only what the chip sealed is
			path, *_ = head(victim)
			data = bytearray(path.read_bytes())
			data[60] ^= 1
			path.write_bytes(data)
			demand_message(victim.serve_fails(2), "keys/data.", "head is damaged")
			demand(rescued(victim)[0] == {"/public/a"}, "the slot is there, and does not open it")
			check(victim)


def statement(m, *words):
	"""Signs, and waits until the slot is as it says."""
	before = head(m)[1]
	m.sign("recovery", *words)
	wait_for("a new data epoch", lambda: head(m)[1] > before)


def the_operator_says_for_which_key_slots_are_or_that_there_are_none():
	with made() as m:
		first, second = m.key, other_key(m)
		d = m.serve()
		take(m, d, "/public/a")
		old = key_id(m)
		with disk(m) as before:
			statement(m, "use", second)
			new = key_id(m)
			demand(new and new != old, "status names the old key", new)
			demand("made anew" in d.log(), d.log())
			shown = m.run("chain", "show").stdout
			demand(m.chain()["recovery"]["key"] == new and f"recovery {new}" in shown, shown)
			take(m, d, "/public/b", "other")
			demand(two_actors.paths(m) == {"/public/a", "/public/b"}, two_actors.paths(m))
			check(m, second)
			demand(json.loads(check(m, first, status=1).stdout)["slot"] == new, "the old key")
			demand(rescued(before, first)[0] == {"/public/a"} and not rescued(before, second, status=1)[0], "before")
			with disk(m) as after:
				demand(rescued(after, second)[0] == {"/public/a", "/public/b"}, "after")
		d.stop()
		d = m.serve()  # and stays so
		demand(key_id(m) == new and "recovery slot" not in d.log(), d.log())
		# What was made before can be opened by both in some copy, what came later by the new one alone.
		m.sign("shred", "--subject", "worker")
		said = next(iter(wait_for("a shred entry", lambda: shreds(m)).values()))
		demand(said["slots"] == sorted(f"recovery:{k}" for k in (old, new)), said["slots"], old, new)
		m.sign("hold", "add", "nothing", "--subject", "nobody")  # so the chain goes on
		take(m, d, "/public/c")
		m.sign("shred", "--subject", "worker")
		said = wait_for("another", lambda: len(s := shreds(m)) > 1 and s)
		demand(said[max(said)]["slots"] == [f"recovery:{new}"], said, old)
		statement(m, "none", "--reason", "erased means erased")
		shown = m.run("chain", "show").stdout
		demand(m.chain()["recovery"]["key"] is None and "recovery no slots: erased" in shown, shown)
		demand(key_id(m) is None and "is gone, as the chain wants it" in d.log(), d.log())
		take(m, d, "/public/d")
		d.stop()
		demand_message(rescued(m, second, status=1)[1].stderr, "has no recovery slot")
		d = m.serve()
		demand(key_id(m) is None, key_id(m))
		wait_for("what is left", lambda: two_actors.paths(m) == {"/public/b", "/public/d"})
		d.stop()
		v = m.verify()
		demand(v["verdict"] == "yes" and v["opened-from-copies-by"] == sorted(f"recovery:{k}" for k in (old, new)), v)


def what_is_no_key_gets_no_slot_and_stops_nothing():
	with made() as m:
		d = m.serve()
		take(m, d, "/public/a")
		d.stop()
		body = m.top / "slot.body"
		body.write_bytes(b"\xa1\x63key\x59\x04\xc0" + bytes(1216))
		at, out = m.chain(), m.top / "slot.fhs"
		words = [at["chain"], str(at["sequence"] + 1), at["head"], "slot", out, body]
		subprocess.run([SIGN_KIND, m.key, m.state, *words], input=PASSPHRASE, text=True, check=True)
		m.run("chain", "import", out)
		for start in range(2):
			epoch = head(m)[1]
			d = m.serve()
			demand("recipient is no key" in d.log(), d.log())
			demand(key_id(m) is None and head(m)[1] == epoch + (1 - start), "at start", start, head(m)[1], epoch)
			take(m, d, f"/public/{start}")
			d.stop()
		demand(m.verify()["verdict"] == "yes", "it does not verify")


sys.exit(run_tests((a_copy_is_opened_with_the_key_and_with_no_other, what_was_shredded_is_opened_of_a_copy_from_before_alone,
	a_slot_that_is_missing_is_made_at_the_next_start, a_slot_that_was_exchanged_is_seen,
	the_operator_says_for_which_key_slots_are_or_that_there_are_none,
	what_is_no_key_gets_no_slot_and_stops_nothing)))
