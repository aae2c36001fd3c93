# SPDX-License-Identifier: Apache-2.0
"""Retention and erasure, through the daemon: keys end by age and by statement, not while they are held, and for good."""
import json
import re
import shutil
import subprocess
import sys
import time

from machine import OPEN_RECORD, PATIENCE, POLICY, TOP, VERIFY, demand, demand_message, reason_of, run_tests, wait_for
from two_actors import made, others_calls, paths, take

EVENTS = TOP / "tests/cli/events.py"
SHORT = "4s"  # kept for so long, in periods of a second
RETAINED = POLICY.replace('@id("research-takes") permit', f'@id("research-takes") @retain("{SHORT}") permit')


def shreds(m):
	"""{index: what ended}, but for the fold's own keys, which follow at the next start."""
	return {i: e["fields"]["detail"] for i, e in m.entries().items()
		if e["kind"] == "shred" and any(k[1] != "fold" for k in e["fields"]["detail"]["keys"])}


def wait_shred(m, n=1):
	return wait_for(f"{n} shred entries", lambda: (s := shreds(m)) and len(s) >= n and s)


def wait_aged(what, condition):
	"""What of one test is of two periods may end by age in two shreds, and of these there is one a minute."""
	return wait_for(what, condition, 60 + PATIENCE)


def what_is_old_ends_by_itself():
	with made(RETAINED) as m:
		d = m.serve()
		take(m, d, "/public/old")
		demand("/public/old" in paths(m), "it cannot be read at once")
		index, said = next(iter(wait_shred(m).items()))
		lo_ms = m.entries()[index]["not-before-ms"]
		demand(all(lo_ms >= (k[2] + 4) * 1000 for k in said["keys"]), "earlier than it may be kept:", lo_ms, said)
		wait_aged("its key is gone", lambda: "/public/old" not in paths(m))
		demand(all(k[1] == "4s" and k[3] == 0 for k in said["keys"]), said)
		slot = "recovery:" + json.loads(m.run("status", "--json").stdout)["retention"]["recovery"]
		demand(said["slots"] == [slot], "what opens a copy from before:", said, slot)
		demand(said["keys"] == sorted(said["keys"]), "not in order", said)
		take(m, d, "/public/new")
		demand("/public/new" in paths(m), "what came later cannot be read")
		d.stop()
		v = m.verify()
		demand(v["verdict"] == "yes", v)
		entries = m.entries()
		old = [e for e in entries.values() if e.get("shredded")]
		demand(old and all(e["shredded"] == index and e["index"] < index and e["sealed"] for e in old), old)
		periods = {k[2] for k in said["keys"]}  # of a second each: an outcome may be of a later one than its intent
		due = [e for e in entries.values() if e["class"] == SHORT and e["not-before-ms"] // 1000 in periods]
		demand(old == due and "intent" in {e["kind"] for e in old}, "not all of it:", old, due)
		d = m.serve()  # and starts again on it
		demand("/public/old" not in paths(m), "it is back")
		d.stop()


def what_no_permit_covers_is_kept_as_the_policy_says():
	covered = ('@id("kept") @retain("52w") permit (principal in Team::"research", '
		'action == Action::"notes.take", resource in Folder::"/kept");')
	with made() as m:
		m.sign_policy(policy=POLICY + covered, retain=SHORT)
		demand("kept for 4 s" in m.run("policy", "show").stdout, "policy show")
		demand(json.loads(m.run("policy", "show", "--json").stdout)["retain-ms"] == 4000, "policy show --json")
		d = m.serve()
		s = d.session(m.token)
		demand(not s.take("/kept/c")["result"]["isError"], "one with @retain")
		demand(not s.take("/public/a")["result"]["isError"], "a permitted call")
		demand(reason_of(s.take("/private/b")) == "no-permit", "a denied one")
		demand({"/private/b", "/kept/c"} <= paths(m), "they cannot be read at once", paths(m))
		wait_aged("what no @retain covers has ended", lambda: paths(m) == {"/kept/c"})
		m.sign_policy(policy=POLICY + covered)  # which says nothing of it
		demand("until `freehold shred`" in m.run("policy", "show").stdout, "policy show")
		wait_for("it is in force", lambda: "accepted statement 6" in d.log())
		s.connection.close()  # it said nothing for so long that the gate may have ended it; the session goes on
		demand(reason_of(s.take("/private/d")) == "no-permit", "denied under it")
		s.end()
		d.stop()
		classes = {e["class"] for e in m.entries().values() if e["kind"] in ("intent", "outcome")}
		demand(classes == {"4s", "31449600s", "default"}, classes)
		demand(m.verify()["verdict"] == "yes", "verify")
		m.sign("policy", "sign", m.top / "p.cedar", "--schema", m.top / "p.cedarschema", "--expires", "1d",
			"--retain", "soon", status=64)


def the_operator_erases_one_actor():
	with made() as m:
		d = m.serve()
		take(m, d, "/public/a")
		take(m, d, "/public/b", "other")
		m.sign("shred", "--subject", "worker", "--reason", "request 42")
		index, said = next(iter(wait_shred(m).items()))
		wait_for("its key is gone", lambda: "/public/a" not in paths(m))
		demand(paths(m) == {"/public/b"}, "of others:", paths(m))
		sequence = m.chain()["sequence"]
		demand(all(k[3] == sequence for k in said["keys"]), said, sequence)
		take(m, d, "/public/c")
		demand(paths(m) == {"/public/b", "/public/c"}, "what came later:", paths(m))
		d.stop()
		m.serve().stop()
		demand(paths(m) == {"/public/b", "/public/c"} and len(shreds(m)) == 1, "it was erased once more", shreds(m))
		v = m.verify("--whole", len(m.entries()))
		total = len(m.entries())
		gone = sum("shredded" in e for e in m.entries().values())
		told = {"present": total - gone, "shredded": gone, "pruned": 0, "missing": 0, "behind": 0}
		demand(v["verdict"] == "yes" and v["payloads"] == told, v)
		lines = [json.loads(line) for line in m.run("record", "export").stdout.splitlines()]
		demand(sum(e.get("shredded") == index for e in lines) == gone, "export")
		r = m.run("record", "search", "--actor", "nobody", status=2)
		demand("sealed entries were not looked into" in r.stderr, r.stderr)
		found = m.run("record", "search", "--kind", "shred").stdout
		demand(str(index) in found, "search", found)
		demand(f"(shredded: entry {index})" in m.run("record", "show").stdout, "show")


def events(m, form, *words):
	"""The lines of an export, which are as FORM has them."""
	text = m.run("record", "export", "--format", form, *words).stdout
	(m.top / "events").write_text(text)
	r = subprocess.run([sys.executable, "-B", EVENTS, form, m.top / "events"], capture_output=True, text=True)
	demand(r.returncode == 0, form, r.stderr)
	return text.splitlines()


def others_are_told_what_is_sealed_and_what_has_ended():
	with made() as m:
		d = m.serve()
		path = '/public/a=b|c\\d "e" externalId=9 rt=1'
		take(m, d, "/public/gone")
		m.sign("shred", "--subject", "worker")
		index = next(iter(wait_shred(m)))
		take(m, d, path, "other")
		d.stop()
		opened = m.opened()
		for words in ((), opened):
			whole = [json.loads(line) for line in m.run("record", "export", *words).stdout.splitlines()]
			told = [json.loads(line) for line in events(m, "ocsf", *words)]
			cef = events(m, "cef", *words)
			demand(len(whole) == len(told) == len(cef) and any(e["sealed"] for e in whole if "sealed" in e), "lines")
			for e, o, c in zip(whole, told, cef):
				here = o["unmapped"]["freehold"]
				demand(here.get("shredded") == e.get("shredded"), e, o)
				demand(here.get("sealed", False) == e.get("sealed", False), e, o)
				if e.get("sealed"):  # neither done nor refused: nobody knows, and nobody is named
					demand(o["status_id"] == 0 and o["actor"] == {"app_name": "unknown"}, o)
					demand(f"cs3={'shredded' if 'shredded' in e else 'sealed'} cs3Label=contents" in c, c)
					demand("outcome=" not in c, c)
		demand(sum(e.get("shredded") == index for e in whole) >= 4, "nothing has ended:", whole)
		# What a client wrote ends no value and begins none.
		wanted = f'File::{json.dumps(path)}'
		at = next(i for i, e in enumerate(whole) if e["fields"].get("resource") == wanted)
		value = re.search(r" cs1=((?:[^=\\]|\\.)*) cs1Label=resource", cef[at])
		demand(value and re.sub(r"\\(.)", r"\1", value[1]) == wanted, cef[at])
		demand(told[at]["resources"][0]["uid"] == wanted, told[at])


def what_is_lost_without_a_record_of_it_is_missing():
	with made() as m:
		d = m.serve()
		take(m, d, "/public/a")
		m.sign("shred", "--subject", "worker")
		shred = next(iter(wait_shred(m)))
		take(m, d, "/public/b")
		d.stop()
		keys = next(p for p in (m.state / "keys").glob("data.?") if p.stat().st_size > 0)
		with open(keys, "r+b") as f:  # the key that was made last, but for the fold's new one
			f.truncate(keys.stat().st_size - 2 * 192)
		v = m.verify("--whole", len(m.entries()), status=1)
		told = v["payloads"]
		demand(sum(told.values()) == v["size"] and told["missing"] > 0 < told["shredded"], told)
		demand(v["authentic"] == "no" and v["reasons"][0]["code"] == "missing", v["reasons"])
		demand(m.verify()["payloads"]["missing"] == "unchecked", "nobody said that all of it was opened")
		so_far = m.verify("--whole", shred)["payloads"]
		demand(so_far["missing"] == 0 < so_far["behind"], "what came later was not said to be opened:", so_far)
		words = ["record", m.state, "--genesis", m.genesis, "--allow-grade", "none,co-located", "--json"]
		r = subprocess.run([VERIFY, *words], capture_output=True, text=True)
		demand(r.returncode == 0 and json.loads(r.stdout)["payloads"]["missing"] == "unchecked", r.stdout)
		r = subprocess.run([VERIFY, "record", m.state, "--whole", "9"], capture_output=True, text=True)
		demand(r.returncode == 64 and "--openings" in r.stderr, r)


def a_hold_stops_both_and_its_release_lets_them_go():
	with made(RETAINED) as m:
		m.sign("hold", "add", "case-17", "--subject", "worker", "--reason", "a lawsuit")
		d = m.serve()
		take(m, d, "/public/a")
		take(m, d, "/public/b", "other")
		r = m.run("shred", "--subject", "worker", "--dry-run", status=1)
		demand("case-17" in r.stdout, r.stdout, r.stderr)
		demand("case-17" in m.sign("shred", "--subject", "worker").stdout, "it does not say that it is held")
		status = json.loads(m.run("status", "--json").stdout)["retention"]
		demand(status["held"] == [{"hold": "case-17", "subject": "worker"}], status)
		shown = m.chain()
		demand(shown["holds"] == [{"name": "case-17", "subject": "worker", "reason": "a lawsuit"}], shown)
		demand([(s["subject"], s["statement"]) for s in shown["shreds"]] == [("worker", shown["sequence"])], shown)
		text = m.run("chain", "show").stdout
		demand("hold     case-17  worker: a lawsuit\n" in text and "shred    worker  what was" in text, text)
		demand(status["keys"] >= 3 and 0 < status["next-ms"] < 2 ** 53, status)
		demand("held           worker, by hold `case-17`" in m.run("status").stdout, "status does not tell people")
		wait_shred(m)
		wait_aged("what is not held is gone", lambda: "/public/b" not in paths(m))
		time.sleep(2)
		demand(paths(m) == {"/public/a"}, "held, and gone:", paths(m))
		d.stop()
		d = m.serve()
		time.sleep(1)
		demand(paths(m) == {"/public/a"}, "held, and gone after a start:", paths(m))
		m.sign("hold", "release", "case-17")
		wait_aged("it is gone", lambda: not paths(m))
		d.stop()
		demand(m.verify()["verdict"] == "yes", "verify")


def a_hold_on_everything_stops_everything():
	with made(RETAINED) as m:
		m.sign("hold", "add", "all")
		d = m.serve()
		take(m, d, "/public/a")
		m.sign("shred", "--subject", "worker")
		time.sleep(5)
		demand(paths(m) == {"/public/a"} and not shreds(m), "held, and gone:", paths(m))
		d.stop()


def many_wishes_are_all_heard():
	"""More than core sends before it reads what the keeper says to them."""
	with made() as m:
		d = m.serve()
		take(m, d, "/public/a")
		take(m, d, "/public/b", "other")
		d.stop()
		for n in range(20):
			m.sign("hold", "add", f"case-{n}", "--subject", f"nobody-{n}")
		m.sign("hold", "add", "last", "--subject", "other")
		m.sign("shred", "--subject", "worker")
		m.sign("shred", "--subject", "other")
		d = m.serve()
		wait_shred(m)
		wait_for("it is gone", lambda: "/public/a" not in paths(m))
		demand(paths(m) == {"/public/b"}, "held, and gone:", paths(m))
		take(m, d, "/public/c")
		m.sign("hold", "release", "last")
		wait_for("the other is gone", lambda: "/public/b" not in paths(m))
		demand(paths(m) == {"/public/c"}, paths(m))
		d.stop()
		demand(m.verify()["verdict"] == "yes", "verify")


def calls_go_on_meanwhile():
	with made() as m:
		d = m.serve()
		for n in range(3):
			take(m, d, f"/public/{n}")
		with others_calls(m, d) as called:
			for n in range(6):
				m.sign("shred", "--subject", "worker")
				wait_shred(m, n + 1)
				take(m, d, f"/public/again-{n}")
		d.stop()
		demand(m.verify()["verdict"] == "yes", "verify")
		lost = set(called) - paths(m)
		demand(not lost, "of others was erased:", len(called), sorted(lost)[:9])


def a_copy_of_the_disk_from_before_opens_nothing():
	with made() as m:
		d = m.serve()
		take(m, d, "/public/a")
		take(m, d, "/public/b", "other")
		d.stop()
		copy = m.top / "copy"
		subprocess.run(["cp", "-a", m.state, copy], check=True)
		d = m.serve()
		m.sign("shred", "--subject", "worker")
		wait_shred(m)
		wait_for("it is gone", lambda: "/public/a" not in paths(m))
		d.stop()
		now = m.top / "now"
		m.state.rename(now)
		copy.rename(m.state)
		shutil.copy2(now / "keys/counter", m.state / "keys/counter")  # the chip is where it was
		r = subprocess.run([OPEN_RECORD, m.state, m.top / "stolen"], capture_output=True, text=True)
		demand(r.returncode == 2 and "data epoch" in r.stderr, "the copy can be opened:", r)
		demand(not (m.top / "stolen").exists(), "something was written")
		demand_message(m.serve_fails(1), "older than the chip remembers", "find the newest")
		# Nor do its keys beside the record of now.
		for name in ("data.0", "data.1"):
			shutil.copy2(m.state / "keys" / name, now / "keys" / name)
		shutil.rmtree(m.state)
		now.rename(m.state)
		r = subprocess.run([OPEN_RECORD, m.state, m.top / "stolen"], capture_output=True, text=True)
		demand(r.returncode == 2 and "data epoch" in r.stderr, "the copy can be opened:", r)
		demand_message(m.serve_fails(1), "data epoch", "restore the newest")


def with_no_room_for_keys_nothing_is_permitted():
	with made() as m:
		d = m.serve()
		take(m, d, "/public/before")
		d.stop()
		demand("NEARLY FULL" not in m.run("status").stdout, "status warns of nothing")
		subprocess.run([OPEN_RECORD, m.state, "--fill", str(16384 * 3 // 4)], check=True)
		demand("NEARLY FULL" in m.run("status").stdout, m.run("status").stdout)
		before = json.loads(m.run("status", "--json").stdout)["retention"]
		demand(before["keys-max"] == 16384 > before["keys"] > 12288, before)
		d = m.serve()
		take(m, d, "/public/nearly")
		d.stop()
		subprocess.run([OPEN_RECORD, m.state, "--fill", "3200"], check=True)
		demand("FULL, nothing is permitted" in m.run("status").stdout, m.run("status").stdout)
		d = m.serve()
		demand(reason_of(d.http(m.token).initialize()) == "keys-full", "initialize")
		status, _, body = d.http().send(None, method="GET", path="/healthz")
		demand(status == 503 and b"keys-full" in body, "healthz", status, body)
		size = len(m.entries())
		demand(reason_of(d.http(m.token).initialize()) == "keys-full" and len(m.entries()) == size, "it is written down")
		m.sign("shred", "--subject", "filler")
		wait_for("something is permitted again", lambda: "result" in d.http(m.token).initialize())
		take(m, d, "/public/after")
		d.stop()
		demand(m.verify()["verdict"] == "yes", "verify")


def what_makes_no_sense_is_refused():
	with made() as m:
		for words in (["shred"], ["shred", "--subject", ""], ["shred", "--subject", "x" * 129],
				["shred", "--subject", "a\nb"], ["shred", "--subject", "a", "--reason", ""],
				["hold", "add", "a", "--subject", ""], ["hold", "add", "x" * 129]):
			m.sign(*words, status=64)
		m.sign("hold", "add", "one", "--subject", "worker")
		demand_message(m.sign("hold", "add", "one", status=2).stderr, "a hold `one` already", "release")
		demand_message(m.sign("hold", "release", "two", status=2).stderr, "no hold `two`", "nothing to release")
		held = json.loads(m.run("hold", "show", "--json").stdout)["holds"]
		demand([(h["name"], h["subject"]) for h in held] == [("one", "worker")], held)
		can = json.loads(m.run("shred", "--subject", "worker", "--dry-run", "--json", status=1).stdout)
		demand(can == {"subject": "worker", "signable": True, "held-by": "one", "in-force": True}, can)
		m.sign("hold", "release", "one")
		demand(m.run("hold", "show", status=1).stdout == "nothing is held\n", "hold show")
		before = m.chain()["sequence"]
		m.run("shred", "--subject", "worker", "--dry-run")
		demand(m.chain()["sequence"] == before, "a dry run signed something")


if __name__ == "__main__":
	sys.exit(run_tests([
		what_is_old_ends_by_itself, what_no_permit_covers_is_kept_as_the_policy_says, the_operator_erases_one_actor,
		others_are_told_what_is_sealed_and_what_has_ended, what_is_lost_without_a_record_of_it_is_missing,
		a_hold_stops_both_and_its_release_lets_them_go, a_hold_on_everything_stops_everything, many_wishes_are_all_heard,
		calls_go_on_meanwhile,
		a_copy_of_the_disk_from_before_opens_nothing, with_no_room_for_keys_nothing_is_permitted,
		what_makes_no_sense_is_refused,
	]))
