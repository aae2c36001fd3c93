# SPDX-License-Identifier: Apache-2.0
"""A pruning that is cut off at each of its steps:  prune.py [--sample N] [--seed WORD]

What was shredded is taken off the disk while every call on files is traced (crash.py).  From the first byte of the new segment
until everybody is served from it, each call in turn is not made because everything is killed before it, or fails, or the power
is cut behind it and the disk holds any of what it may (disk.py).  What is left verifies, whether or not the pruning was done; a
start finds everything where it lies, and what was not done can be done.
"""
import argparse
import os
import random
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / d) for d in ("daemon", "kill")]
import crash  # noqa: E402
import prune  # noqa: E402
import trials  # noqa: E402
from machine import VERIFY, demand  # noqa: E402

crash.SECONDS = 180  # a life that meets an error waits for what does not come


def left(m):
	"""What a verifier says of what is left, before any start: it may lack the last checkpoint, and nothing else."""
	words = [VERIFY, "record", m.state, *prune.AS_HERE, "--genesis", m.genesis]
	r = subprocess.run(words, capture_output=True, text=True, timeout=120)
	demand('"authentic":"no"' not in r.stdout or '"torn-tail"' in r.stdout or '"root"' in r.stdout or '"frame"' in r.stdout,
		"what is left is wrong:", r.stdout, r.stderr)


def served(m, d):
	"""Every public entry is where the tiles say."""
	entries = m.entries()
	for index, e in entries.items():
		if e["class"] == "public":
			status, _, body = d.http().send(None, method="GET", path=f"/record/payload/{index}")
			demand(status == 200 and body, f"payload {index}:", status, body)


def comes_back(m, told):
	before = m.stubs
	left(m)
	d = m.serve()
	demand(not (m.state / "record/journal/pruned.new").exists(), "what was begun is there still")
	served(m, d)
	done = len(prune.stubs(m))
	demand(done in (0, before), "it was pruned in part:", done, before)
	demand(done == before or not any("pruned" in t for t in told), "what was said to be pruned is not")
	again = prune.pruned(m)["pruned"]
	demand(done + again == before, "pruned in the end:", done, again, before)
	served(m, d)
	d.alive()
	d.stop()
	had = {t["path"] for t in told if "path" in t}
	demand(had | prune.STAYS <= prune.paths(m), "lost:", had - prune.paths(m))
	v = m.verify()
	demand(v["verdict"] == "yes" and v["payloads"]["pruned"] == before, v)
	return "done" if done else "as before"


def newborn(base):
	m = base.copy()
	m.stubs = base.stubs
	return m


class Calls(trials.Calls):
	life = "prune"

	def newborn(self):
		return newborn(self.base)

	def comes_back(self, m, told):
		return comes_back(m, told)

	def window(self, events):
		touched = [n for n, e in enumerate(events) if e["path"].endswith("pruned.new") and e["call"] != "unlink"]
		demand(touched, "no pruning was seen")
		return touched[0] - 6, touched[-1] + 40


class Power(trials.Power):
	life = "prune"

	def newborn(self, base):
		return newborn(base)

	def comes_back(self, m, told, notes):
		return comes_back(m, told)

	def trials(self):
		of = [n for n, (e, _, _) in self.left.items() if e["call"] == "rename" and "pruned.new" in str(e)]
		demand(of, "nothing was renamed")
		return [n for n in self.left if of[0] - 120 <= n <= of[-1] + 120]


def main():
	parser = argparse.ArgumentParser(description="Prunings, cut off.")
	parser.add_argument("--sample", type=int, default=int(os.environ.get("CRASH_SAMPLE", "0")), help="0: all")
	parser.add_argument("--seed", default=os.environ.get("CRASH_SEED", "1"))
	args = parser.parse_args()
	if not crash.TRACE.exists():
		print("skip - prune: file-trace names the registers of another architecture")
		return 0
	chance = random.Random(args.seed)
	with prune.made() as base:
		base.token, gone = base.tokens["other"], base.tokens["worker"]
		d = base.serve()
		s = d.session(gone)
		demand(not s.take("/public/gone")["result"]["isError"], "a permitted call")
		s.end()
		for path in prune.STAYS:
			prune.take(base, d, path, "other")
		prune.shred(base)
		d.stop()
		d = base.serve()  # which carries the fold
		prune.wait_for("the fold's keys end", lambda: would(base) > 0)
		d.stop()
		base.stubs = would(base)
		calls = Calls(base)
		well = trials.try_all("a pruning cut off, calls", calls.run, calls.all, chance, args.sample)
		power = Power(base, chance, 2)
		well = trials.try_all("a pruning cut off, power", power.run, power.trials(), chance, args.sample) and well
	return not well


def would(m):
	return prune.json.loads(m.run("record", "prune", "--dry-run", "--json").stdout)["pruned"]


if __name__ == "__main__":
	sys.exit(main())
