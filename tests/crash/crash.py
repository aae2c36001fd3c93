# SPDX-License-Identifier: Apache-2.0
"""What a crash leaves, and what Freehold makes of it:  crash.py KIND|all [--sample N] [--seed WORD] [--write]

A machine lives under file-trace: it starts, answers calls, permitted and refused, receives a statement, stops, starts again.
`power`: the life is cut after each of its calls on files, and for each cut every state is made in which the disk may then be
(disk.py).  `calls`: each of these calls in turn fails (EIO, ENOSPC, half of the bytes) or is never made, because everything is
killed before it.  `init`: the same cuts in the making of a machine and its operator's key.  Each time Freehold must start on
what is left, with everything that was answered, extend every checkpoint that it had released, and pass the verifier.
--sample N tries only so many, chosen by the seed, and demands that docs/CRASH.md has what happened; --write writes that file.
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / d) for d in ("daemon", "kill")]
from kill import Checkpoints  # noqa: E402
from machine import BUILD, Failure, Machine, demand, demand_message, index_of, reason_of, wait_for  # noqa: E402
import disk  # noqa: E402

TRACE = BUILD / "tests" / "crash" / "file-trace"
SECONDS = 60  # for a life, which takes one


# --- a life ------------------------------------------------------------------------

def passed(log):
	"""How far LOG is: the `end` of the last call in it."""
	lines = log.read_bytes().rsplit(b"\n", 2)
	return json.loads(lines[-2]).get("end", 0) if len(lines) > 1 else 0


def live(what, top, log):
	"""A life, run under file-trace.  Answers are written down as they come; an error ends it."""
	m = Machine.at(top)
	log, told = Path(log), open(m.top / "told", "a", buffering=1)
	note = lambda **what: told.write(json.dumps({"after": passed(log), **what}) + "\n")
	try:
		{"make": make, "use": use, "erase": erase, "prune": prune}[what](m, note)
		note(whole=True)
	except (Failure, OSError, ValueError, KeyError) as e:
		note(error=str(e)[-2000:])
	finally:
		for d in m.daemons:
			d.kill()


def make(m, note):
	m.make()
	note(genesis=m.genesis)


def use(m, note):
	def call(s, path):
		answer = s.take(path)
		if reason_of(answer) != "decision-unreachable":  # that nothing is known is no promise
			note(index=index_of(answer), path=path, reason=reason_of(answer))
	d = m.serve()
	s = d.session(m.token)
	call(s, "/public/1")
	call(s, "/private/2")
	r = m.sign("actor", "grant", "late", "--bearer", status=None)
	demand(r.returncode == 0 or "freehold: " in r.stderr, "a failing command says nothing:", r.stderr)
	call(s, "/private/3")
	d.stop()
	d = m.serve()
	call(d.session(m.token), "/public/4")
	d.stop()


def erase(m, note):
	"""What one actor did is erased, and not what another did."""
	def call(s, path):
		demand(not s.take(path)["result"]["isError"], "a permitted call")
		note(path=path)

	def erased():
		demand(d.process.poll() is None, "serve ended")
		demand("so nothing is shredded" not in d.log(), "it was put off")
		return "data epoch" in d.log()
	d = m.serve()
	call(d.session(m.token), "/public/of-worker")
	call(d.session((m.top / "other").read_text()), "/public/of-other")
	r = m.sign("shred", "--subject", "worker", status=None)
	note(asked=r.returncode == 0)
	demand(r.returncode == 0, "shred:", r.stderr)
	wait_for("it is erased", erased)
	note(erased=True)
	call(d.session((m.top / "other").read_text()), "/public/later")
	d.stop()


def prune(m, note):
	"""What was shredded is taken off the disk, as its user is let by the policy."""
	d = m.serve()
	call = d.session(m.token).take("/public/later")
	demand(not call["result"]["isError"], "a permitted call")
	note(path="/public/later")
	r = m.run("record", "prune", "--socket", m.socket, "--json", status=None)
	demand(r.returncode == 0, "prune:", r.stderr)
	note(pruned=json.loads(r.stdout)["pruned"])
	call = d.session(m.token).take("/public/last")
	demand(not call["result"]["isError"], "a permitted call")
	note(path="/public/last")
	d.stop()


def run_traced(m, *harm, life="use", below=None):
	"""Lives M's LIFE; returns the calls on files below BELOW that were logged, and what was told to clients."""
	log = m.top / "calls.log"
	m.save()
	command = [sys.executable, "-B", __file__, "--live", life, m.top, log]
	r = subprocess.run([TRACE, below or m.state, log, *map(str, harm), "--", *command],
		capture_output=True, text=True, timeout=SECONDS)
	demand(r.returncode in (0, 137), "file-trace ended with", r.returncode, r.stderr)
	told = [json.loads(l) for l in (m.top / "told").read_text().splitlines()] if (m.top / "told").exists() else []
	return [json.loads(l) for l in log.read_text().splitlines() if l.endswith("}")], told


# --- what must hold afterwards ----------------------------------------------------------

def notes_in(data):
	"""Checkpoints in bytes that core wrote to the journal at once."""
	at = 0
	while at + 5 <= len(data):
		kind, n = data[at], int.from_bytes(data[at + 1:at + 5], "big")
		if kind == 3 and at + 5 + n <= len(data):
			yield data[at + 5:at + 5 + n]
		at += 5 + n


def comes_back(m, told, notes):
	"""M starts on what is left of its state; TOLD is what clients had heard, NOTES are the released checkpoints."""
	seen = Checkpoints(m)
	for n in notes:
		seen.see(n)
	d = m.serve()
	answer = d.session(m.token).take("/private/after")
	demand(reason_of(answer) == "no-permit", "a call after the crash:", answer)
	d.stop()
	seen.look()
	m.verify("--at-least", seen.file)
	entries = m.entries().values()
	fields = {e["fields"].get("arguments", {}).get("path"): (e["index"], e["fields"]) for e in entries if e["kind"] == "intent"}
	outcomes = {e["fields"]["intent"] for e in entries if e["kind"] == "outcome"}
	for t in told:
		if "path" not in t:
			continue
		index, intent = fields.get(t["path"], (None, None))
		demand(intent, "answered, but not in the record:", t)
		demand(t["index"] in (None, index) and intent["decision"][1] == (t["reason"] or intent["decision"][1]),
			"answered otherwise than recorded:", t, intent)
		demand(t["reason"] or index in outcomes, "answered, but its outcome is not in the record:", t)


def role_of(e):
	return {"other": "command"}.get(e["role"], e["role"])


def file_of(top, path):
	"""The path with what differs from run to run left out."""
	name = os.path.relpath(path, top)
	name = re.sub(r"\d{20}\.fhj", "SEGMENT.fhj", name)
	name = re.sub(r"/(\.[\w.]+)\.\d+$", r"/\1.PID", name)
	return re.sub(r"chain/\.?\d{8}-[0-9a-f]{16}\.fhs.*", "chain/STATEMENT.fhs", "." if name == "." else name)


# --- power ------------------------------------------------------------------------------

CHANGES = {"write", "pwrite", "fsync", "fdatasync", "ftruncate", "open", "mkdir", "unlink", "rmdir", "rename"}


class Power:
	life = "use"

	def __init__(self, base, chance, randoms):
		self.start = self.newborn(base)
		with self.newborn(base) as m:
			self.top = self.below(m)
			model, self.left, done = disk.Disk(self.top), {}, set()
			events, self.told = run_traced(m, life=self.life, below=self.top)
			demand(self.told and self.told[-1].get("whole"), "the life did not end well:", self.told[-1:])
			notes = []
			for e in sorted((e for e in events if "end" in e), key=lambda e: e["end"]):
				model.take(e)
				if e["call"] == "pwrite" and e["path"].endswith(".fhj"):
					notes = notes + list(notes_in(bytes.fromhex(e["data"])))
				if e["call"] not in CHANGES or e["result"] < 0:
					continue
				for s in disk.states(model, chance, randoms):
					key = (s.digest(), len(self.heard(e)))
					if key not in done:
						done.add(key)
						self.left[len(self.left)] = (e, s, notes)

	def newborn(self, base):
		return base.copy()

	def below(self, m):
		"""The directory of which the disk is made."""
		return m.state

	def comes_back(self, m, told, notes):
		comes_back(m, told, notes)
		return "starts"

	def heard(self, e):
		return [t for t in self.told if t["after"] <= e["end"]]

	def trials(self):
		return list(self.left)

	def run(self, n):
		e, left, notes = self.left[n]
		m = self.newborn(self.start)
		try:
			kept = m.top / "kept"
			self.below(m).rename(kept)
			left.put(self.below(m), kept)
			what = self.comes_back(m, self.heard(e), notes)
			return (role_of(e), e["call"], file_of(self.top, e["path"])), left.way, what
		except Exception as x:
			cut = f"{role_of(e)}'s {e['call']} of {file_of(self.top, e['path'])} (call {e['end']})"
			raise Failure(f"cut {n}, after {cut}, {left.way}: {x}") from x
		finally:
			m.drop()


class Init(Power):
	"""Nothing is promised before `init` has ended; then the machine and the operator's key are there for good."""
	life = "make"

	def newborn(self, base):
		m = Machine()
		m.genesis = m.token = None
		self.below(m).mkdir()
		m.state, m.key = self.below(m) / "state", self.below(m) / "op.key"
		m.save()
		return m

	def below(self, m):
		return m.top / "var"

	def comes_back(self, m, told, notes):
		if told:
			m.genesis = told[0]["genesis"]
			m.govern().serve().alive()
			return "whole"
		r = m.sign("init", "--device-name", "box", "--no-tpm", status=None)
		if r.returncode == 0:
			m.govern().serve().alive()
			return "`init` again"
		demand_message(r.stderr, str(self.below(m)))
		return "`init` says what is in its way"


# --- calls ------------------------------------------------------------------------------

class Calls:
	HARM = {"eio": "EIO", "enospc": "ENOSPC", "short": "half of the bytes", "kill": "everything killed before it"}

	def __init__(self, base, chance, randoms):
		self.base = base
		with base.copy() as m:
			calls = [e for e in run_traced(m)[0] if "end" in e]
		self.count = {harm: sum(self.meets(harm, e) for e in calls) for harm in self.HARM}

	@staticmethod
	def meets(harm, e):
		"""Whether HARM can come to the call E, as file-trace sees it."""
		if harm == "short":
			return e["call"] in {"read", "pread", "write", "pwrite"}
		if harm == "enospc":
			only_opens = e["call"] == "open" and not e.get("flags", 0) & disk.O_CREAT
			return e["call"] in CHANGES - {"unlink", "rmdir"} and not only_opens
		return True

	def says_why(self, m, error):
		"""Somebody said what was wrong, in the form of an error: serve, or the command that failed."""
		demand_message(error + "\n" + "\n".join(l.read_text(errors="replace") for l in sorted(m.top.glob("serve.*.log"))))

	def trials(self):
		return [(harm, k) for harm in self.HARM for k in range(self.count[harm])]

	def run(self, trial):
		harm, k = trial
		m = self.base.copy()
		try:
			events, told = run_traced(m, k, harm)
			hit = next((e for e in events if "hit" in e), None)
			if hit is None:
				return None  # fewer calls this time
			notes = [n for e in events if e.get("call") == "pwrite" and e["path"].endswith(".fhj")
				for n in notes_in(bytes.fromhex(e.get("data", "")))]
			error = next((t["error"] for t in told if "error" in t), None)
			if error and harm != "kill":
				self.says_why(m, error)
			comes_back(m, told, notes)
			went = "killed" if harm == "kill" else "stopped with an error" if error else "went on"
			return (role_of(hit), hit["hit"], file_of(m.state, hit["path"])), self.HARM[harm], went
		except Exception as x:
			raise Failure(f"{harm} of call {k}: {x}") from x
		finally:
			m.drop()


# --- all of it ----------------------------------------------------------------------------

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "CRASH.md"
HEAD = """# What a crash leaves

Generated by `make test-crash`; `make test` runs a sample of it and compares.

A machine starts, answers permitted and refused calls, receives a statement, stops, and starts again, while every call that one of
its processes makes on a file of the state directory is written down. Two things are done to that life.

**Calls.** In another life each such call in turn fails with EIO or ENOSPC, moves only half of its bytes, or is not made, because
every process is killed before it.

**Power.** The life is cut after each call that changes something, and every state is made in which the disk may then be, if it
promises what POSIX promises and no more: each 512-byte sector written since the last sync of its file is old or new, and one
that held nothing before may also be zeros or garbage; each name made or removed since the last sync of its directory is there or
not. States tried for each cut: nothing arrived; all arrived; data without names; names without data; zeros; garbage; torn in
four ways; each operation alone; all but each; and random mixtures, which reorder and drop.

After each of them Freehold is started on what is left. In every row below it starts, everything that a client was answered is
in the record where the answer said, the record extends every checkpoint that had been released, and `freehold-verify` accepts
it.
"""
WENT = {
	"init": ("Power cuts while a machine is made",
		"What is left of `freehold init`, the operator's key with it. Once it has ended, everything is there."),
	"calls": ("Calls that fail", "What that life did when the call failed."),
	"power": ("Power cuts", "After which call of the life the power was cut."),
}


def rows_of(kind, rows):
	if kind == "init":
		yield "| role | call | file | what is left |", "|---|---|---|---|"
		for (role, call, file), by in sorted(rows.items()):
			yield f"| {role} | {call} | `{file}` | {' or '.join(sorted(set.union(*by.values())))} |"
		return
	if kind == "power":
		yield "| role | call | file |", "|---|---|---|"
		yield from (f"| {role} | {call} | `{file}` |" for role, call, file in sorted(rows))
		return
	ways = list(Calls.HARM.values())
	yield f"| role | call | file | {' | '.join(ways)} |", "|---|---|---|" + "---|" * len(ways)
	for (role, call, file), by in sorted(rows.items()):
		yield f"| {role} | {call} | `{file}` | {' | '.join(' or '.join(sorted(by.get(w, ['']))) for w in ways)} |"


def write(found):
	text = [HEAD]
	for kind, rows in found.items():
		title, says = WENT[kind]
		text.append(f"## {title}\n\n{says}\n")
		text += ["\n".join(r) if isinstance(r, tuple) else r for r in rows_of(kind, rows)]
		text.append("")
	DOCUMENT.write_text("\n".join(text))


def not_written(kind, rows):
	"""Rows that the document does not have, by role, call and file."""
	part = DOCUMENT.read_text().split(f"## {WENT[kind][0]}\n", 1)[-1].split("\n## ", 1)[0]
	has = {tuple(c.strip(" `") for c in l.split("|")[1:4]) for l in part.splitlines() if l.startswith("|")}
	return sorted(set(rows) - has)


def try_all(kind, base, args):
	"""Returns the rows, and whether all went well."""
	chance, failed, rows, last = random.Random(args.seed), [], {}, time.monotonic()
	of = {"power": Power, "calls": Calls, "init": Init}[kind](base, chance, args.randoms)
	trials = of.trials()
	everything = len(trials)
	if args.sample and args.sample < everything:
		trials = chance.sample(trials, args.sample)
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		for n, f in enumerate(pool.map(lambda t: attempt(of, t), trials)):
			if isinstance(f, Exception):
				failed.append(f)
				print("\n".join("  " + l for l in str(f).splitlines()), flush=True)
			elif f is not None:
				row, way, what = f
				rows.setdefault(row, {}).setdefault(way, set()).add(what)
			if time.monotonic() - last > 10:
				last = time.monotonic()
				print(f"# {kind}: {n + 1} of {len(trials)}, {len(failed)} failed", flush=True)
	well = bool(rows) and not failed
	print(f"{'ok' if well else 'not ok'} - {kind}: {len(trials)} of {everything} trials"
		f" (seed {args.seed}; CRASH_SEED and CRASH_SAMPLE choose)", flush=True)
	return rows, well


def attempt(of, trial):
	try:
		return of.run(trial)
	except Exception as x:
		return x


def main():
	parser = argparse.ArgumentParser(description="Crashes, all of them.")
	parser.add_argument("--live", nargs=3, help=argparse.SUPPRESS)
	parser.add_argument("kind", nargs="?", choices=[*WENT, "all"])
	parser.add_argument("--sample", type=int, default=int(os.environ.get("CRASH_SAMPLE", "0")), help="0: all")
	parser.add_argument("--seed", default=os.environ.get("CRASH_SEED", "1"))
	parser.add_argument("--randoms", type=int, default=3, help="random states for each cut")
	parser.add_argument("--write", action="store_true")
	args = parser.parse_args()
	if args.live:
		live(*args.live)
		return 0
	if not TRACE.exists():
		print(f"skip - {args.kind}: file-trace names the registers of another architecture")
		return 0
	found, well = {}, True
	with Machine() as base:
		base.make().govern()
		for kind in WENT if args.kind == "all" else [args.kind]:
			found[kind], good = try_all(kind, base, args)
			well = well and good
	if args.write and well:
		write(found)
	elif well:
		lacks = {k: n for k, rows in found.items() if (n := not_written(k, rows))}
		well = not lacks
		print(f"not ok - docs/CRASH.md lacks {lacks}: make test-crash" if lacks
			else "ok - docs/CRASH.md has all that happened")
	return not well


if __name__ == "__main__":
	sys.exit(main())
