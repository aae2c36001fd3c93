# SPDX-License-Identifier: Apache-2.0
"""Kills serve behind each step of the table in docs/spec/KEYS, "The boot window", and compares what is left, and what the next
start in the same boot does of it, with what stands there.  The rows here are the rows there, word by word.  Each crash is one of
a machine's first start, at which every step has something to do.
"""
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from boot_window import FREEHOLD, Start, Tpm, freehold, report, verify

HERE = Path(__file__).resolve().parent
KEYS = HERE.parents[1] / "docs" / "spec" / "KEYS.md"
TRACE = Path(FREEHOLD).resolve().parent / "tests" / "crash" / "file-trace"
NV_INCREMENT, NV_WRITE, CREATE, QUOTE, UNSEAL, PCR_EXTEND = 0x134, 0x137, 0x153, 0x158, 0x15E, 0x182
LOCK, UNLOCKED = 13, "00" * 32
FILES = ("keys/device", "keys/session", "keys/signed", "record/journal")


# --- where it is cut ---------------------------------------------------------------

def at(code, how, behind=None):
	"""A cut at the first command CODE, or the first one behind command BEHIND, carried out or not."""
	def begin():
		seen = set()

		def cut(_, command):
			this = struct.unpack(">I", command[6:10])[0]
			hit = this == code and (behind is None or behind in seen)
			seen.add(this)
			return how if hit else None
		return cut
	return {"cut": begin}


def at_file(n, call, end):
	"""A cut before the N-th CALL, from 0, on the file whose path ends so."""
	return {"file": f"{n}:{call}@{end}"}


# --- what is left ------------------------------------------------------------------

class Left:
	"""What there is while nothing runs: files, and what the TPM holds."""

	def __init__(self, m):
		self.files = {name: content(m.top / "state" / name) for name in FILES}
		self.lock = m.ask("pcr", LOCK)
		self.starts = int(m.ask("starts"), 16)
		note = bytes.fromhex(m.ask("note"))
		self.noted_start, self.noted = struct.unpack(">QQ", note[:16])
		words = [FREEHOLD, "status", "--json", "--state", str(m.top / "state")]
		shown = subprocess.run(words, capture_output=True, text=True)
		record = json.loads(shown.stdout)["record"]
		self.entries, self.signed = record["size"], record["covered"]

	def changed(self, before):
		return {name for name in FILES if self.files[name] != before.files[name]}


def content(path):
	"""Of a file, or of the files in a directory; what is not there, or empty, is nothing."""
	files = sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []
	return {f.name: f.read_bytes() for f in files}


def files_as_before(before, left):
	return not left.changed(before) and left.lock == UNLOCKED and left.noted == 0


def nothing_at_all(before, left):
	return files_as_before(before, left) and left.starts == before.starts


def a_number(before, left):
	return files_as_before(before, left) and left.starts == before.starts + 1


def a_new_device(before, left):
	return left.changed(before) == {"keys/device"} and left.lock == UNLOCKED


def an_unseen_session(before, left):
	return "keys/session" in left.changed(before) and left.lock == UNLOCKED and left.entries == 0


def the_session(before, left):
	return "keys/session" in left.changed(before) and left.lock != UNLOCKED and left.entries == 0


def unsigned_entries(before, left):
	return left.lock != UNLOCKED and left.entries > 0 and left.signed == 0 and left.noted == 0


def an_older_note(before, left):
	return left.lock != UNLOCKED and left.noted == 0 and left.signed == left.entries > 0


def a_note_of_it(before, left):
	return left.noted == left.signed == left.entries > 0 and left.noted_start == left.starts


# --- what the next start does ------------------------------------------------------

def anew(left, then):
	"""With another session, and the only one that the record knows."""
	return then.files["keys/session"] != left.files["keys/session"] and then.starts == left.starts + 1 and then.lock != UNLOCKED


def from_it(left, then):
	"""What is sealed already is not sealed once more."""
	return anew(left, then) and then.files["keys/device"] == left.files["keys/device"]


def session_used(left, then):
	return then.files["keys/session"] == left.files["keys/session"] and then.lock == left.lock


def session_used_and_cut_off(left, then):
	(name, was), = left.files["record/journal"].items()
	return session_used(left, then) and not then.files["record/journal"][name].startswith(was) and then.signed == then.entries


# Step, its cut; what a crash behind it leaves, and what shows it; what the next start does, and what shows it.  KEYS' words.
ROWS = [
	("read the chip's note; the journal must extend it", at(NV_INCREMENT, "before"),
		"nothing", nothing_at_all, "begins anew", anew),
	("increment the start counter", at(NV_INCREMENT, "behind"),
		"a number without a start", a_number, "begins anew; gaps are no rollback", anew),
	("make the session key; quote, over the *previous* checkpoint", at(QUOTE, "behind"),
		"nothing", a_number, "begins anew", anew),
	("the chip releases the device key; write the note that was read once more, with the key that follows from it;"
		" certify the session key", at(CREATE, "before", behind=UNSEAL),
		"nothing", a_number, "begins anew", anew),
	("seal the device key for this epoch and the next (below), if it is not so already; sync",
		at_file(0, "pwrite", "keys/signed"),
		"a new `keys/device`", a_new_device, "begins anew, from it", from_it),
	("seal the session key, the key of the note and the root of the data keys under NULL, for the approved state with the lock"
		" behind it (CHIP); sync both with the certificate", at(PCR_EXTEND, "before"),
		"a session that nobody has seen", an_unseen_session, "begins anew: the lock does not name that session", anew),
	("extend the lock (PCR 13) with SHA-256(session key)", at(PCR_EXTEND, "behind"),
		"the session", the_session, "uses it: the certificate is in `keys/session`", session_used),
	("append the certificate's entry, `start`, and what else is new", at_file(1, "pwrite", "keys/signed"),
		"unsigned entries, which are cut off", unsigned_entries,
		"uses the session, appends them again", session_used_and_cut_off),
	("sign the first checkpoint", at(NV_WRITE, "before", behind=PCR_EXTEND),
		"a note that is older than the record", an_older_note, "uses the session", session_used),
	("have the chip note it", at(NV_WRITE, "behind", behind=PCR_EXTEND),
		"", a_note_of_it, "uses the session", session_used),
]


def table():
	"""The rows of KEYS: (step, what is left, what the next start does)."""
	text = KEYS.read_text().split("## The boot window", 1)[1].split("\n## ", 1)[0]
	lines = [line for line in text.splitlines() if line.startswith("|")]
	return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


# --- the machines ------------------------------------------------------------------

class Machine:
	"""One that was never started, with its TPM; of MADE, a copy."""

	def __init__(self, top, made=None):
		self.top, self.tpm = top, Tpm(top)
		if made is not None:
			shutil.copytree(made.top / "state", top / "state")
			shutil.copytree(made.top / "tpm", top / "tpm", dirs_exist_ok=True)
		self.tpm.on()
		(top / "conf").write_text(f"tcti = swtpm:path={self.tpm.inside if made is None else self.tpm.outside}\n")

	def ask(self, *words):
		command = [sys.executable, str(HERE / "tpm.py"), str(self.tpm.inside), *map(str, words)]
		done = subprocess.run(command, capture_output=True, text=True)
		self.tpm.flush()
		return done.stdout.strip()

	def start(self, file=None, cut=None):
		"""Whether it was ready and ended in order, and what it said."""
		under = [str(TRACE), str(self.top / "state"), str(self.top / "trace"), *([file, "kill"] if file else []), "--"]
		start = Start(self.tpm, self.top / "state", under)
		done = start.run(*([cut()] if cut else []))
		self.tpm.flush()
		return done, Path(start.log.name).read_text()


def crash(made, top, row):
	step, cut, leaves, left_shows, does, next_shows = row
	m = Machine(top, made)
	before = Left(m)
	done, log = m.start(**cut)
	left = Left(m)
	seen = (f"changed {sorted(left.changed(before))}, lock {left.lock[:8]}, starts +{left.starts - before.starts},"
		f" noted {left.noted}, entries {left.entries}, signed {left.signed}\n{log}")
	good = report(not done and left_shows(before, left), f"{step}: a crash behind it leaves {leaves or 'nothing to do'}", seen)
	done, log = m.start()
	then = Left(m)
	good &= report(done and next_shows(left, then), f"{step}: the next start {does}", log)
	verdict = verify(top)
	m.tpm.off()
	return report(verdict.returncode == 0, f"{step}: the record is accepted", verdict.stdout) and good


def main(top):
	if not TRACE.exists():
		print("skip - a crash behind each step: file-trace names the registers of another architecture")
		return 0
	rows = [(row[0], row[2], row[4]) for row in ROWS]
	good = report(table() == rows, "each row of the table in KEYS has its crash, and each crash its row",
		"\n".join(map(str, sorted({*table()} ^ {*rows}))))
	(top / "made").mkdir()
	made = Machine(top / "made")
	init = freehold(made.top, "init", "--operator-key", str(made.top / "op.key"))
	good &= report(init.returncode == 0, "init", init.stderr)
	made.tpm.off()
	for n, row in enumerate(ROWS):
		(top / str(n)).mkdir()
		good &= crash(made, top / str(n), row)
	return 0 if good else 1


if __name__ == "__main__":
	with tempfile.TemporaryDirectory() as directory:
		sys.exit(main(Path(directory)))
