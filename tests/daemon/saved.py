# SPDX-License-Identifier: Apache-2.0
"""An auditor comes again and again, and each time reads what is new: the verdict is that of a reading of the whole."""
import shutil
import subprocess
import sys
from json import loads

from machine import POLICY, VERIFY, demand, reason_of, run_tests
from prune import filled, made as made_to_prune, pruned, shred
from two_actors import made, take

TAKES = '@id("research-takes")'
ELSEWHERE = {"read-from", "complete-to"}  # in which the two differ


def limited(quota):
	return POLICY.replace(TAKES, TAKES + f' @quota("{quota}")')


def taken(m, d, n, who="worker"):
	"""What N calls come to, in one session that is left open."""
	s = d.session(m.tokens[who])
	return [reason_of(s.take(f"/public/{i}")) for i in range(n)]


def verdict(said, *but):
	return {k: v for k, v in said.items() if k not in ELSEWHERE | set(but)}


def plain(m, *words, status=0, json=True):
	"""The verdict of whoever can open nothing."""
	r = subprocess.run([VERIFY, "record", m.state, "--genesis", m.genesis, "--allow-grade", "none,co-located",
		*(["--json"] if json else []), *words], capture_output=True, text=True)
	demand(r.returncode == status, f"verify: status {r.returncode}:", r.stdout, r.stderr)
	return loads(r.stdout) if json else r.stdout


def comes_again(verify, saved, *but):
	"""The auditor, with what SAVED remembers; the members BUT tell of what was pruned meanwhile."""
	whole = verify()
	since = verify("--since", saved, "--save", saved)
	demand(since["read-from"] > 0 == whole["read-from"], since["read-from"])
	demand(verdict(since, *but) == verdict(whole, *but), whole, since)
	return whole


def the_verdict_over_several_stops_is_that_of_a_whole_reading():
	with made(policy=limited("5/day")) as m:
		saved, saved_plain = m.top / "saved", m.top / "saved-plain"
		d = m.serve()
		demand(taken(m, d, 3) == [None] * 3, "three of five")
		d.stop()
		demand(m.verify("--save", saved)["quotas"] == "checked", "the first time")
		demand(plain(m, "--save", saved_plain)["quotas"] == "unchecked", "by who opens nothing")
		d = m.serve()
		demand(taken(m, d, 4) == [None] * 2 + ["no-quota"] * 2, "the other two")
		d.stop()
		for _ in range(2):  # then there is nothing new
			whole = comes_again(m.verify, saved)
			comes_again(lambda *words: plain(m, *words), saved_plain)
			demand(whole["quotas"] == "checked" and whole["fold"]["checked"] and whole["fold"]["states"] >= 2, whole)
		# Another policy while nobody runs, and a crash.
		m.sign_policy(policy=limited("9/day"))
		d = m.serve()
		taken(m, d, 1)
		d.kill()
		m.serve().stop()
		comes_again(m.verify, saved)
		comes_again(lambda *words: plain(m, *words), saved_plain)
		# What was opened and is erased now was judged then: he knows more than who comes now.
		d = m.serve()
		shred(m)
		demand(taken(m, d, 1, "other") == [None], "another actor")
		d.stop()
		whole = comes_again(lambda *words: plain(m, *words), saved_plain)
		demand(whole["entries"]["start"] == 5 and whole["payloads"]["shredded"] > 0, whole)
		said = m.verify("--since", saved)
		demand(said["quotas"] == "checked" and m.verify()["quotas"] == "unchecked", said)


def what_was_pruned_is_not_missed():
	with made_to_prune() as m:
		saved = m.top / "saved"
		d = m.serve()
		filled(m, d)
		d.stop()
		plain(m, "--save", saved)
		d = m.serve()
		filled(m, d)  # in the same segment, so stubs will be on both sides
		shred(m)
		demand(pruned(m)["pruned"] > 0, "nothing was pruned")
		take(m, d, "/public/after", "other")
		d.stop()
		demand(len(list((m.state / "record/journal").iterdir())) == 2, "segments")
		whole = comes_again(lambda *words: plain(m, *words), saved, "payloads", "bytes")
		demand(whole["payloads"]["pruned"] > 0, whole["payloads"])
		# From here on the first segment is needed by nobody.
		(m.state / "record/journal" / ("%020d.fhj" % 0)).unlink()
		demand("not read    entries before" in plain(m, "--since", saved, json=False), "where it begins")


def a_record_that_was_put_back_is_refused():
	with made() as m:
		saved, older = m.top / "saved", m.top / "older"
		d = m.serve()
		take(m, d, "/public/a")
		d.stop()
		subprocess.run(["cp", "-a", m.state, older], check=True)
		m.serve().stop()
		plain(m, "--save", saved)
		shutil.rmtree(m.state)
		older.rename(m.state)
		said = plain(m, "--since", saved, status=1, json=False)
		demand("since-cut" in said and "consistent  to 0 entries of 0" in said, said)


if __name__ == "__main__":
	sys.exit(run_tests([the_verdict_over_several_stops_is_that_of_a_whole_reading, what_was_pruned_is_not_missed,
		a_record_that_was_put_back_is_refused]))
