# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load:  kill.py [--moments N] [--seed WORD] ROLE...

Several clients call the tool server, permitted and refused, and keep what was answered to each.  At N random moments the role
is killed.  Then: serve has ended by itself with a failure (for a worker or a peer's gate: goes on, without the sessions of
the killed one), nothing that it started is left, it starts again, the record verifies, everything that was answered is in it
where the answer said, it extends every checkpoint that was ever seen in it, and what keys/signed says was signed is of that
same tree, and nothing newer is in the record.
"""
import argparse
import base64
import hashlib
import os
import random
import re
import signal
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "daemon"))
from machine import (ME, Failure, Http, Machine, Stdio, demand, demand_message, descendants, index_of, is_alive,  # noqa: E402
	reason_of, wait_for)

CLIENTS = 3
FATAL = {"supervisor": None, "core": "core", "keeper": "keeper", "reach": "reach", "network gate": "network gate"}


class Load:
	"""Clients that call as fast as they are answered, until told to stop or cut off."""

	def __init__(self, machine, daemon, moment, stdio):
		self.stopping, self.moment = threading.Event(), moment
		self.answered, self.permitted = [], []  # (index, path, reason), and paths
		self.threads = []
		for n in range(CLIENTS):
			on_socket = stdio and n == 0
			t = threading.Thread(target=self.run, args=(n, machine, daemon, on_socket), daemon=True)
			t.start()
			self.threads.append(t)

	def run(self, n, machine, daemon, on_socket):
		call = 0
		while not self.stopping.is_set():
			c = None
			try:
				c = Stdio(machine, direct=True) if on_socket else Http(daemon, machine.token)
				c.open()
				while not self.stopping.is_set():
					call += 1
					self.one(c, f"{self.moment}-{n}-{call}")
			except (Failure, OSError, ValueError, KeyError, TypeError, HTTPException):
				time.sleep(0.01)  # cut off, or not answered: nothing was acknowledged
			if c is not None:
				c.close()

	def one(self, client, name):
		refuse = name.endswith(("0", "3", "7"))
		path = f"/private/{name}" if refuse else f"/public/{name}"
		answer = client.take(path)
		result = answer["result"]
		if refuse and reason_of(answer) == "no-permit":
			self.answered.append((index_of(answer), path, "no-permit"))
		elif not refuse and not result["isError"]:
			self.permitted.append(path)

	def stop(self):
		self.stopping.set()
		for t in self.threads:
			t.join(20)
			demand(not t.is_alive(), "a client was neither answered nor cut off")


SLOT = (16 << 10) + 64  # docs/spec/KEYS: magic, number, length, value, SHA-256


def read_signed(path):
	"""(size, root) of each whole slot of keys/signed: what the keeper says it signed last, and before that."""
	data, found = path.read_bytes(), []
	for at in (0, SLOT):
		n = int.from_bytes(data[at + 12:at + 16], "big")
		whole, checksum = data[at:at + 16 + n], data[at + 16 + n:at + 48 + n]
		if whole[:4] != b"FHS1" or hashlib.sha256(whole).digest() != checksum:
			continue
		value = whole[16:]  # CBOR: [session, size, root]
		demand(value[:3] == b"\x83\x58\x20" and value[-34:-32] == b"\x58\x20", "keys/signed:", value.hex())
		size = value[35:-34]
		found.append((int.from_bytes(size[1:], "big") if len(size) > 1 else size[0], value[-32:]))
	return found


class Checkpoints:
	"""Every tree that was ever signed, in the journal and in keys/signed: one root per size, and the newest as a file."""

	def __init__(self, machine):
		self.journal, self.file = machine.state / "record" / "journal", machine.top / "seen"
		self.signed = machine.state / "keys" / "signed"
		self.root, self.largest = {}, 0

	def look(self):
		for segment in sorted(self.journal.glob("*.fhj")):
			data, at = segment.read_bytes(), 0
			while at + 5 <= len(data):
				kind, n = data[at], int.from_bytes(data[at + 1:at + 5], "big")
				body = data[at + 5:at + 5 + n]
				if len(body) < n or kind == 0:
					break
				if kind == 3:
					self.see(body)
				at += 5 + n
		signed = read_signed(self.signed)  # after the journal: signed first, written there then
		for size, root in signed:
			self.same(size, root)
		largest = max((size for size, _ in signed), default=0)
		demand(largest >= self.largest, "signed up to", largest, "and recorded up to", self.largest)

	def same(self, size, root):
		demand(self.root.setdefault(size, root) == root, "two different trees of size", size)

	def see(self, note):
		_, size, root = note.split(b"\n")[:3]
		size, root = int(size), base64.b64decode(root)
		self.same(size, root)
		if size > self.largest:
			self.largest = size
			self.file.write_bytes(note)


class Round:
	"""A machine whose role is killed again and again."""

	def __init__(self, machine, role):
		self.machine, self.role, self.checked = machine, role, 0
		self.checkpoints, self.answered, self.permitted = Checkpoints(machine), 0, 0

	def kill(self, moment, delay):
		m = self.machine
		d = m.serve()
		load = Load(m, d, moment, stdio=self.role == "peer gate" or moment % 3 == 0)
		time.sleep(delay)
		victim = self.victim(d)
		family = list(descendants(d.pid)) + [d.pid]
		self.checkpoints.look()
		os.kill(victim, signal.SIGKILL)
		if self.role in FATAL:
			status = d.wait()
			demand(status not in (0, None), "serve ended with", status, "when", self.role, "was killed")
			if self.role != "supervisor":
				demand(status == 2, "serve ended with", status)
				demand_message(d.log(), "was killed by signal 9", "start freehold again")
			family += list(descendants(d.pid))
		else:
			self.goes_on(d, victim)
		load.stop()
		if self.role in FATAL:
			self.left_behind(family)
		else:
			family += list(descendants(d.pid))
			d.stop()
			self.left_behind(family)
		self.check(load)

	def victim(self, d):
		if self.role == "supervisor":
			return d.pid
		return wait_for(f"a {self.role}", lambda: d.roles().get(self.role))[0]

	def goes_on(self, d, victim):
		"""Others are served, and so is a client that comes now."""
		wait_for("the victim is gone", lambda: not is_alive(victim))
		d.alive()

	def left_behind(self, family):
		left = lambda: [p for p in family if is_alive(p)]
		try:
			wait_for("all ended", lambda: not left(), 5)
		except Failure:
			lines = [Path(f"/proc/{p}/cmdline").read_bytes().replace(b"\0", b" ") for p in left()]
			raise Failure(f"left behind: {lines}") from None

	def check(self, load):
		m = self.machine
		d = m.serve()  # it starts again
		d.stop()
		self.checkpoints.look()
		if self.checkpoints.largest:
			m.verify("--at-least", self.checkpoints.file)
		entries = m.entries(self.checked)
		for index, path, reason in load.answered:
			fields = entries.get(index, {}).get("fields", {})
			same = fields.get("resource") == f'File::"{path}"' and fields.get("decision", [None])[:2] == [False, reason]
			demand(same, "answered, but not in the record at", index, path, fields)
		self.check_permitted(entries, set(load.permitted))
		self.checked += len(entries)
		self.answered += len(load.answered)
		self.permitted += len(load.permitted)

	def check_permitted(self, entries, paths):
		"""An answered call has its intent and, with the very result, its outcome."""
		results = {e["fields"]["intent"]: e["fields"] for e in entries.values() if e["kind"] == "outcome"}
		for index, e in entries.items():
			path = e["fields"].get("arguments", {}).get("path") if e["kind"] == "intent" else None
			if path not in paths:
				continue
			outcome = results.get(index, {})
			demand(outcome.get("status") == "result" and outcome["result"]["content"][0]["text"] == f"taken {path}",
				"answered, but its outcome is", outcome)
			paths.discard(path)
		demand(not paths, "answered, but not in the record:", sorted(paths)[:5])
		intents = {i: e["fields"]["decision"][0] for i, e in entries.items() if e["kind"] == "intent"}
		left = [i for i, permitted in intents.items() if permitted and i not in results]
		demand(not left, "permitted, and neither an outcome nor `unknown` in the record:", left)


def run(role, moments, seed):
	chance = random.Random(f"{seed} {role}")
	with Machine() as m:
		m.make().govern()
		m.grant("local", "--uid", ME)
		r = Round(m, role)
		for moment in range(moments):
			delay = chance.uniform(0.02, 0.3)
			try:
				r.kill(moment, delay)
			except Exception as e:
				raise Failure(f"moment {moment} of seed {seed} (after {delay:.3f} s): {e}") from e
		for path in {p["arguments"]["path"] for p in m.received() if "path" in p.get("arguments", {})}:
			demand(not path.startswith("/private/"), "a refused call reached the tool server:", path)
		demand(r.answered > 0 and r.permitted > 0, "no load:", r.answered, r.permitted)
		print(f"ok - kill -9 of {role} at {moments} moments (seed {seed}; {r.permitted} permitted"
			f" and {r.answered} refused calls answered, {r.checked} entries)", flush=True)


def main():
	parser = argparse.ArgumentParser(description="Kill roles under load.")
	parser.add_argument("--moments", type=int, default=int(os.environ.get("KILL_MOMENTS", "30")))
	parser.add_argument("--seed", default=os.environ.get("KILL_SEED", "1"))
	parser.add_argument("roles", nargs="+", metavar="ROLE")
	args = parser.parse_args()
	failed = 0
	print(f"seed {args.seed}; KILL_SEED=WORD chooses other moments", flush=True)
	for role in args.roles:
		try:
			run(role, args.moments, args.seed)
		except Exception as e:
			failed = 1
			print(f"not ok - kill -9 of {role} at {args.moments} moments (seed {args.seed})")
			print("\n".join("  " + line for line in re.split("\n", str(e))), flush=True)
	return failed


if __name__ == "__main__":
	sys.exit(main())
