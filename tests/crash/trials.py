# SPDX-License-Identifier: Apache-2.0
"""One thing that a machine does, cut off at each of its calls on files (crash.py), and what comes of it."""
import concurrent.futures
import os
import time

import crash
from machine import Failure, demand

HARMS = ("kill", "eio", "enospc", "short")


class Calls:
	"""Each call in the window of a life is not made because everything is killed before it, or fails."""
	life = None

	def __init__(self, base):
		self.base = base
		with self.newborn() as m:
			events, told = crash.run_traced(m, life=self.life)
			demand(told and told[-1].get("whole"), "the life did not end well:", told[-1:])
			calls = [e for e in events if "end" in e]
			self.comes_back(m, told)
		first, last = self.window(calls)
		self.all = []
		for harm in HARMS:
			met = [n for n, e in enumerate(calls) if crash.Calls.meets(harm, e)]
			self.all += [(harm, k) for k, n in enumerate(met) if first <= n <= last]

	def run(self, trial):
		harm, k = trial
		m = self.newborn()
		try:
			_, told = crash.run_traced(m, k, harm, life=self.life)
			return harm, self.comes_back(m, told)
		except Exception as x:
			raise Failure(f"{harm} of call {k}: {x}") from x
		finally:
			m.drop()


class Power(crash.Power):
	"""The power is cut behind each of its calls, for try_all()."""

	def run(self, n):
		return "power", super().run(n)[2]


def attempt(run, trial):
	try:
		return run(trial)
	except Exception as x:
		return x


def try_all(name, run, trials, chance, sample):
	everything, failed, ends, last = len(trials), [], {}, time.monotonic()
	if sample and sample < everything:
		trials = chance.sample(trials, sample)
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		for n, f in enumerate(pool.map(lambda t: attempt(run, t), trials)):
			if isinstance(f, Exception):
				failed.append(f)
				print("\n".join("  " + line for line in str(f).splitlines()), flush=True)
			else:
				ends[f] = ends.get(f, 0) + 1
			if time.monotonic() - last > 10:
				last = time.monotonic()
				print(f"# {name}: {n + 1} of {len(trials)}, {len(failed)} failed", flush=True)
	well = bool(trials) and not failed
	told = ", ".join(f"{harm} {what} {n}" for (harm, what), n in sorted(ends.items()))
	print(f"{'ok' if well else 'not ok'} - {name}: {len(trials)} of {everything} trials ({told})", flush=True)
	return well
