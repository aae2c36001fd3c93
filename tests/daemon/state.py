# SPDX-License-Identifier: Apache-2.0
"""What serve does with a state directory that is in use, full, of another machine, damaged, rolled back or too new."""
import os
import random
import shutil
import signal
import subprocess
import sys

from chip import Tpm
from machine import ALONE, Machine, demand, demand_message, reason_of, run_tests, wait_for

KEYS = ("device", "session", "signed", "counter")


def journal_of(m):
	return max((m.state / "record" / "journal").glob("*.fhj"))


def used(m, calls=3):
	"""M after a start in which things happened."""
	d = m.serve()
	s = d.session(m.token)
	for n in range(calls):
		demand(not s.take(f"/public/{n}")["result"]["isError"], "a permitted call")
	d.stop()
	return m


def tree_of(folder):
	return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "lock"}


def refused(m, *words, but=("keys/counter",), status=2):
	"""serve is refused with a message of WORDS, and changes nothing but the start counter, which only rises."""
	before = tree_of(m.state)
	said = m.serve_fails(status)
	demand_message(said, *words)
	demand("ready; " not in said, said)
	after = tree_of(m.state)
	changed = [n for n in before.keys() | after.keys() if before.get(n) != after.get(n)]
	demand(set(changed) <= set(but), "changed although refused:", changed)


def run(base):
	def a_second_serve_is_refused_and_names_the_first():
		with base.copy() as m:
			d = m.serve()
			said = m.serve_fails(2)
			demand_message(said, str(m.state), f"in use by process {d.pid}", "--state")
			d.alive()
			d.stop()
			m.serve().stop()  # the lock went with the process

	def keys_of_another_machine_are_refused():
		with base.copy() as m, Machine() as other:
			other.make()
			shutil.copytree(m.state / "keys", m.top / "own")
			for key in KEYS:
				shutil.copy2(other.state / "keys" / key, m.state / "keys" / key)
			refused(m, "chain/", "not the chain that this device's key was made for", but=[f"keys/{k}" for k in KEYS])
			for key in KEYS:
				shutil.copy2(m.top / "own" / key, m.state / "keys" / key)
			m.serve().stop()  # nothing of the foreign keys is left behind
			m.verify()
			used_one = used(base.copy())
			try:
				for key in KEYS:
					shutil.copy2(other.state / "keys" / key, used_one.state / "keys" / key)
				refused(used_one, "record/journal", "restore")
			finally:
				used_one.drop()

	def a_device_that_is_not_enrolled_is_refused():
		with base.copy() as m:
			for f in sorted((m.state / "chain").iterdir())[1:]:
				f.unlink()
			demand_message(m.serve_fails(), "chain/", "does not enrol this device", "freehold device admit")

	def key_files_that_others_may_read_are_refused():
		for key in KEYS:
			with base.copy() as m:
				(m.state / "keys" / key).chmod(0o644)
				refused(m, f"keys/{key}", "mode 0644", "chmod 600")

	def a_state_directory_that_others_may_enter_is_refused():
		with base.copy() as m:
			m.state.chmod(0o750)
			refused(m, str(m.state), "mode 0750", "chmod 700")

	def a_newer_format_is_refused():
		for text, words in (("freehold 4\n", ("format 4", "update Freehold")), ("freehold\n", ("format",)),
				("", ("format",)),
				("freehold 99999999999999999999999\n", ("format",))):
			with base.copy() as m:
				(m.state / "format").write_text(text)
				refused(m, str(m.state), *words)
				demand_message(m.run("chain", "show", status=2).stderr, *words)

	def missing_directories_are_named():
		with base.copy() as m:
			shutil.rmtree(m.state / "keys")
			refused(m, "keys/", "No such file", "freehold init")
		with base.copy() as m:
			shutil.rmtree(m.state / "chain")
			demand_message(m.serve_fails(), "chain")
		with base.copy() as m:
			shutil.rmtree(m.state)
			demand_message(m.serve_fails(), str(m.state), "freehold init")

	def each_deleted_key_is_named():
		for key in ("device", "session", "signed"):
			with base.copy() as m:
				used(m, 1)
				(m.state / "keys" / key).unlink()
				refused(m, f"keys/{key}", "No such file", "restore keys/")

	def each_damaged_key_is_refused_or_made_anew():
		for key in ("device", "signed"):
			for damage in (b"", b"\0" * 64, os.urandom(40000)):
				with base.copy() as m:
					used(m, 1)
					(m.state / "keys" / key).write_bytes(damage)
					refused(m, "keys/" + key, "restore")
		with base.copy() as m:  # of the session only this boot's key is lost: a new one is certified
			used(m, 1)
			(m.state / "keys" / "session").write_bytes(b"\0" * 64)
			used(m, 1)
			demand(m.verify()["sessions"] == 2, "sessions")

	def a_record_rolled_back_is_refused():
		with base.copy() as m:
			used(m)
			shutil.copytree(m.state / "record", m.top / "older")
			used(m)
			shutil.rmtree(m.state / "record")
			shutil.copytree(m.top / "older", m.state / "record")
			refused(m, "record/journal/", "does not continue what was signed", "restore record/")
			shutil.rmtree(m.state / "record" / "journal")
			demand_message(m.serve_fails(), "record/journal", "does not continue what was signed")

	def a_torn_tail_is_cut_and_recorded():
		chance = random.Random(1)
		for tail in (b"\2", b"\2\0\0\1\0half a batch", b"\3\0\0\0\7a note!", b"\xff" * 100, chance.randbytes(5000),
				b"\0" * 4096):
			with base.copy() as m:
				used(m, 1)
				before, journal = m.entries(), journal_of(m)
				with open(journal, "ab") as f:
					f.write(tail)
				used(m, 1)
				after = m.entries()
				demand(all(after[i] == e for i, e in before.items()), "entries were lost")
				starts = [e for i, e in after.items() if i not in before and e["kind"] == "start"]
				demand(starts[0]["fields"]["detail"]["torn"] == len(tail), starts, len(tail))
				m.verify()

	def a_cut_into_what_was_signed_is_refused():
		with base.copy() as m:
			used(m)
			whole = journal_of(m).read_bytes()
			chance = random.Random(2)
			for n in [0, 1, 4, 5] + [chance.randrange(len(whole) * 3 // 4) for _ in range(6)]:
				with open(journal_of(m), "r+b") as f:
					f.truncate(n)
				said = m.serve_fails()
				demand_message(said, "record/journal", "restore record/")
				(m.state / "record/journal/00000000000000000000.fhj").write_bytes(whole)
			m.serve().stop()
			m.verify()

	def a_flipped_byte_in_what_was_signed_is_refused():
		with base.copy() as m:
			used(m)
			journal = journal_of(m)
			whole = journal.read_bytes()
			leaf = whole.index(b"default") + 2  # within a leaf
			(m.state / "record" / "resume").unlink()  # resume.py has what a start does that does not read this
			for at in (0, 3, 10, leaf):
				damaged = bytearray(whole)
				damaged[at] ^= 1
				journal.write_bytes(damaged)
				refused(m, "record/journal", "restore record/")
			journal.write_bytes(whole)
			m.serve().stop()

	def serve_never_opens_the_operator_key():
		if ALONE:
			return "roles keep their memory, and so the names in their calls, from a strace of their own user"
		with base.copy() as m:
			trace = m.top / "trace"
			shutil.copy2(base.key, m.state / "op.key")  # even where everything else of serve's lies
			d = m.serve(before=("strace", "-D", "-f", "-qq", "-e", "trace=%file,openat2", "-o", trace))
			d.alive()
			m.sign("actor", "grant", "another", "--uid", 77)
			wait_for("the statement is taken", lambda: "accepted statement 5" in d.log())
			d.alive()
			d.stop()
			seen = trace.read_text()
			demand("keys/device" in seen and "chain/" in seen, "strace saw nothing")
			demand("op.key" not in seen, [l for l in seen.splitlines() if "op.key" in l])

	def a_full_disk_refuses_and_loses_nothing():
		m = base.copy()
		disk = m.top / "disk"
		disk.mkdir()
		mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", disk]
		if subprocess.run(mount, capture_output=True).returncode != 0:
			m.drop()
			return "mounting a small file system is not allowed here"
		try:
			return full_disk(m, disk)
		finally:
			for d in m.daemons:
				d.kill()
			subprocess.run(["umount", "-l", disk], check=False)
			m.drop()

	def full_disk(m, disk):
		subprocess.run(["cp", "-a", m.state, disk / "state"], check=True)
		m.state, ballast = disk / "state", disk / "ballast"

		def leave(free):
			"""Fills the disk until FREE bytes are left."""
			ballast.unlink(missing_ok=True)
			s = os.statvfs(disk)
			with open(ballast, "wb") as f:
				os.posix_fallocate(f.fileno(), 0, max(1, s.f_bavail * s.f_bsize - free))

		d = m.serve()
		s = d.session(m.token)
		demand(not s.take("/public/before")["result"]["isError"], "before")
		leave(6 << 20)
		s.take("/public/notices")  # with this one the reserve is found to be touched
		answer = s.take("/public/full")
		demand(reason_of(answer) == "record-full" and answer["result"]["isError"], answer)
		demand(reason_of(d.http(m.token).initialize()) == "record-full", "initialize")
		status, _, body = d.http().send(None, method="GET", path="/healthz")
		demand(status == 503 and b"record-full" in body, "healthz", status, body)
		demand(all(c["arguments"]["path"] != "/public/full" for c in m.received()), "it reached the tool server")
		# What was refused meanwhile was counted, and is told when there is room again.
		ballast.unlink()
		metrics = lambda: d.http().send(None, method="GET", path="/metrics")[2]
		wait_for("it is told", lambda: b"freehold_refusals_suppressed 0\n" in metrics())
		details = [e["fields"]["detail"] for e in m.entries().values() if e["kind"] == "refusal"]
		demand([(x["reason"], x["count"]) for x in details] == [("record-full", 2)], details)
		leave(6 << 20)
		s.take("/public/notices-again")
		demand(reason_of(s.take("/public/full")) == "record-full", "not full again")
		m.sign("actor", "revoke", "worker")  # for this the reserve is there
		wait_for("the revocation is recorded", lambda: "accepted statement 5" in d.log())
		d.stop()
		demand("1 refusals were counted, and the record has no room to say so" in d.log(), d.log())
		m.verify()
		ballast.unlink()
		m.token = m.grant("worker")

		d = m.serve()
		s = d.session(m.token)
		leave(0)
		said = []
		for n in range(2000):
			try:
				said.append((n, s.take(f"/public/{n}-{'x' * 2000}")))
			except (OSError, ValueError):
				break
			if reason_of(said[-1][1]):
				break
		if d.process.poll() is None and reason_of(said[-1][1]) == "record-full":
			d.process.send_signal(signal.SIGTERM)
		demand(d.wait() == 2 or "record-full" in str(said[-1:]), "neither refused nor ended:", d.log())
		if d.wait() == 2:
			demand_message(d.log(), "record", "cannot be written", "make room")
		leave(0)
		demand_message(m.serve_fails(), "make room")
		ballast.unlink()
		d = m.serve()
		d.alive()
		d.stop()
		m.verify()
		recorded = {e["fields"].get("resource") for e in m.entries().values()}
		for n, answer in said:
			if not reason_of(answer) and not answer["result"]["isError"]:
				demand(f'File::"/public/{n}-{"x" * 2000}"' in recorded, "answered, but not recorded:", n)

	return run_tests((a_second_serve_is_refused_and_names_the_first, keys_of_another_machine_are_refused,
		a_device_that_is_not_enrolled_is_refused, key_files_that_others_may_read_are_refused,
		a_state_directory_that_others_may_enter_is_refused, a_newer_format_is_refused, missing_directories_are_named,
		each_deleted_key_is_named, each_damaged_key_is_refused_or_made_anew, a_record_rolled_back_is_refused,
		a_torn_tail_is_cut_and_recorded, a_cut_into_what_was_signed_is_refused,
		a_flipped_byte_in_what_was_signed_is_refused,
		serve_never_opens_the_operator_key, a_full_disk_refuses_and_loses_nothing, a_missing_tpm_is_said))


def a_missing_tpm_is_said():
	if reason := Tpm.why_not():
		return reason
	with Machine() as m:
		with Tpm(m) as tpm:
			m.make(tpm=True).govern()
			used(m, 1)
			m.verify(grades="simulated,co-located")
		refused(m, "TPM", but=("keys/counter", "record/pending"), status=1)
		m.config.write_text("tcti = device:/dev/no-such-tpm\n")
		refused(m, "TPM", but=("keys/counter", "record/pending"), status=1)
		tpm.becomes_another()
		with Tpm(m):
			refused(m, "TPM", "is another TPM than the one", but=("record/pending",), status=1)
	return None


if __name__ == "__main__":
	with Machine() as made:
		made.make().govern()
		status = run(made)
	sys.exit(status)
