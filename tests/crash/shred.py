# SPDX-License-Identifier: Apache-2.0
"""A shred that is cut off at each of its steps:  shred.py [--sample N] [--seed WORD]

One actor's keys are ended while every call on files is traced (crash.py).  From the statement that asks for it until it is over,
each call in turn is not made because everything is killed before it, or fails, or the power is cut behind it and the disk holds
any of what it may (disk.py).  The same in a state without a recovery slot, which the start makes before that.  Then Freehold
starts on what is left: what was not acknowledged is as if it had not been begun and what was is finished; what the operator
signed is carried out in either case, and what others did can be read.
"""
import argparse
import json
import os
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / d) for d in ("daemon", "kill")]
import crash  # noqa: E402
import trials  # noqa: E402
from machine import Machine, demand, wait_for  # noqa: E402
from slots import set_slot  # noqa: E402

crash.SECONDS = 180  # a life that meets an error waits for what does not come


def newborn(base):
	m = base.copy()
	(m.top / "other").write_text(base.other)
	return m


def paths(m):
	"""Calls of which the arguments can be read."""
	return {e["fields"]["arguments"]["path"] for e in m.entries().values()
		if e["kind"] == "intent" and "path" in e["fields"].get("arguments", {})}


def of_fold(e):
	return all(k[1] == "fold" for k in e["fields"]["detail"]["keys"])


def shreds(m):
	return [e for e in m.entries().values() if e["kind"] == "shred" and not of_fold(e)]


def fold_settled(m):
	"""Where a state entry carries the fold, the keys that it needed before have ended."""
	carried = ended = 0
	for e in m.entries().values():
		if e["kind"] == "state":
			carried = e["fields"]["fold"][0]
		if e["kind"] == "shred" and of_fold(e):
			ended = e["index"]
	return carried <= 1 or ended > carried


def comes_back(m, told):
	"""Starts, carries out what was signed, and has lost nothing else."""
	said = {k for t in told for k in t if t[k]}
	had = {t["path"] for t in told if "path" in t}
	d = m.serve()
	signed = any(s["kind"] == "shred" for s in statements(m))
	demand(signed or "asked" not in said, "a statement that was signed is not there")
	if signed:
		wait_for("it is carried out", lambda: shreds(m) and "/public/of-worker" not in paths(m))
	wait_for("the fold's keys end", lambda: fold_settled(m))
	d.alive()
	d.stop()
	opened = paths(m)
	kept = had - ({"/public/of-worker"} if signed else set())
	demand(kept <= opened, "lost:", kept - opened)
	done = shreds(m)
	demand(len(done) == (1 if signed else 0), "shred entries:", len(done), "though signed:", signed)
	v = m.verify("--whole", 1 << 40) if m.opened() else m.verify()
	demand(v["payloads"]["missing"] == (0 if m.opened() else "unchecked"), "missing:", v["payloads"])
	size = (m.state / "keys/data.0").stat().st_size, (m.state / "keys/data.1").stat().st_size
	demand(0 in size, "both files of data keys hold something", size)
	# The slot of the epoch in force opens every key of it, whatever was cut off; the entry names it.
	slot = json.loads(m.run("recovery", "check", "--key", m.key, "--passphrase-fd", 0, "--json").stdout)
	named = {x for s in done for x in s["fields"]["detail"]["slots"]}
	demand(slot["opens"] and named <= {f"recovery:{slot['key']}"} and len(named) == len(done), "slots:", slot, named)
	return "finished" if "erased" in said else "carried out" if signed else "as before"


def statements(m):
	"""What chain/ holds, by the kinds that its files name."""
	for f in (m.state / "chain").glob("*.fhs"):
		yield {"kind": "shred" if b"\x05\x65shred\x06" in f.read_bytes() else "other"}


class Calls(trials.Calls):
	life = "erase"

	def newborn(self):
		return newborn(self.base)

	def comes_back(self, m, told):
		return comes_back(m, told)

	def window(self, events):
		"""The calls, by number, from the statement until the shred is over; EVENTS are all of them in their order."""
		touched = [n for n, e in enumerate(events)
			if e["path"].endswith("keys/data.0") and e["call"] in ("pwrite", "ftruncate")]
		demand(touched, "no shred was seen")
		return touched[0] - 3, touched[-1] + 12


class Power(trials.Power):
	life = "erase"

	def newborn(self, base):
		m = newborn(base)
		m.other = (m.top / "other").read_text()
		return m

	def comes_back(self, m, told, notes):
		return comes_back(m, told)

	def trials(self):
		"""Only cuts of the shred itself."""
		of = [n for n, (e, _, _) in self.left.items() if "keys/data.0" in e["path"]]
		return [n for n in self.left if of and of[0] - 40 <= n <= of[-1] + 80]


def slotless(base):
	"""The state of a version without recovery slots, with something in its record: the next start begins a new data epoch."""
	m = newborn(base)
	m.other = base.other
	d = m.serve()
	d.alive()
	d.stop()
	set_slot(m, b"")
	return m


def main():
	parser = argparse.ArgumentParser(description="Shreds, cut off.")
	parser.add_argument("--sample", type=int, default=int(os.environ.get("CRASH_SAMPLE", "0")), help="0: all")
	parser.add_argument("--seed", default=os.environ.get("CRASH_SEED", "1"))
	args = parser.parse_args()
	if not crash.TRACE.exists():
		print("skip - shred: file-trace names the registers of another architecture")
		return 0
	chance = random.Random(args.seed)
	with Machine() as base:
		base.make().govern()
		base.other = base.grant("other")
		calls = Calls(base)
		well = trials.try_all("a shred cut off, calls", calls.run, calls.all, chance, args.sample)
		power = Power(base, chance, 2)
		well = trials.try_all("a shred cut off, power", power.run, power.trials(), chance, args.sample) and well
		with slotless(base) as grown:
			calls = Calls(grown)
			name = "a shred cut off, calls, and a slot made at the start"
			well = trials.try_all(name, calls.run, calls.all, chance, args.sample) and well
			power = Power(grown, chance, 2)
			name = "a shred cut off, power, and a slot made at the start"
			well = trials.try_all(name, power.run, power.trials(), chance, args.sample) and well
	return not well


if __name__ == "__main__":
	sys.exit(main())
