# SPDX-License-Identifier: Apache-2.0
"""Behind a shred a state entry carries the fold; the keys that it needed before end, and nothing that was used is forgotten."""
import sys

from machine import POLICY, demand, reason_of, run_tests, wait_for
from two_actors import asked, made, paths

QUOTA = POLICY.replace('@id("research-takes") permit', '@id("research-takes") @quota("4/day") permit')


def take(m, d, path, who="worker"):
	"""Why WHO may not, or nothing."""
	return reason_of(asked(m, d, path, who))


def shreds(m):
	return {i: e["fields"]["detail"]["keys"] for i, e in m.entries().items() if e["kind"] == "shred"}


def shredded(m, d, who="worker"):
	"""What was recorded of WHO ends, and at the next start what the fold needed of it."""
	before = len(shreds(m))
	m.sign("shred", "--subject", who)
	wait_for("the keys end", lambda: len(shreds(m)) == before + 1)
	d.stop()
	d = m.serve()
	wait_for("the fold's keys end", lambda: len(shreds(m)) == before + 2)
	return d


def what_the_fold_needed_ends_once_it_is_carried():
	with made(QUOTA) as m:
		d = m.serve()
		demand(take(m, d, "/public/a") is None and take(m, d, "/public/b", "other") is None, "calls")
		d = shredded(m, d)
		last = max(shreds(m))
		demand([k[1:] for k in shreds(m)[last]] == [["fold", 1, 0]], shreds(m))
		states = [e for e in m.entries().values() if e["kind"] == "state"]
		carried = [e for e in states if e["index"] == e["fields"]["fold"][0]]
		demand(len(carried) == 1 and carried[0]["index"] < last, carried)
		# What is not erased can still be read, and proved, without them.
		demand(paths(m) == {"/public/b"}, paths(m))
		v = m.verify("--whole", len(m.entries()))
		demand(v["verdict"] == "yes" and v["payloads"]["missing"] == 0, v)
		# A start that has nothing but the record knows what was used.
		d.stop()
		(m.state / "record/resume").unlink()
		d = m.serve()
		demand("cannot" not in d.log(), d.log())
		demand(take(m, d, "/public/c") is None and take(m, d, "/public/d", "other") is None, "calls")
		demand(take(m, d, "/public/e") == "no-quota", "what was used before was forgotten")
		d.stop()
		d = m.serve()
		demand(take(m, d, "/public/f") == "no-quota", "what was used was forgotten")
		d.stop()
		demand(m.verify()["verdict"] == "yes", "verify")


if __name__ == "__main__":
	sys.exit(run_tests([what_the_fold_needed_ends_once_it_is_carried]))
