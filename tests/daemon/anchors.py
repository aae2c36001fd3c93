# SPDX-License-Identifier: Apache-2.0
"""Anchors of a record that is in use: made beside the daemon, which neither waits for them nor minds them; and what they show of
a state directory that was put back, by a calendar of the tests."""
import hashlib
import http.client
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from machine import PATIENCE, Machine, demand, run_tests

SERVERS = Path(__file__).resolve().parent.parent / "anchor/servers.py"


def mine(root, time):
	"""A header of regtest, as a line of `--headers`, with the Merkle root ROOT."""
	for nonce in range(1 << 20):
		header = struct.pack("<I", 0x20000000) + bytes(32) + root + struct.pack("<III", time, 0x207fffff, nonce)
		if hashlib.sha256(hashlib.sha256(header).digest()).digest()[31] < 0x80:
			return f"3 {header.hex()}\n"
	raise AssertionError("nothing was mined")


class Calendar:
	"""tests/anchor/servers.py in a directory of its own."""

	def __init__(self, top):
		self.top = top
		self.top.mkdir()
		self.process = subprocess.Popen([sys.executable, SERVERS, "calendar"], cwd=top, stdin=subprocess.PIPE,
			stdout=subprocess.PIPE, text=True)
		self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

	def __enter__(self):
		return self

	def __exit__(self, *why):
		self.process.stdin.close()
		self.process.wait(30)
		self.process.stdout.close()

	def asked(self):
		return (self.top / "asked").read_text().splitlines() if (self.top / "asked").exists() else []

	def attest(self):
		(self.top / "root").touch()

	def headers(self, time):
		"""A file with the header of the block that attests."""
		file = self.top / "headers"
		file.write_text(mine((self.top / "root").read_bytes(), time))
		return file


def fetch(d, path):
	c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=PATIENCE)
	c.request("GET", f"/record/{path}")
	r = c.getresponse()
	return r.status, r.read()


QUIET = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


def a_record_is_anchored_while_it_is_written_and_dated_when_it_is_read():
	with Machine() as m, Calendar(m.top / "calendar") as c:
		m.make().govern()
		d = m.serve()
		demand("anchored       never" in m.run("status").stdout, "status of a record without anchors")
		s = d.session(m.token)
		s.take("/public/x")
		m.config.write_text(f"calendars = {c.url}\n")
		m.run("record", "anchor", env=QUIET)
		anchored = json.loads(m.run("status", "--json").stdout)["record"]
		demand(anchored["anchored"] == 0 and anchored["anchors-open"] == 1, anchored)
		# One nonced hash has left, and nothing that the record says.
		notes = [p for p in (m.state / "record/anchors").iterdir() if p.suffix == ".note"]
		demand(len(notes) == 1 and len(c.asked()) == 1, notes, c.asked())
		digest = hashlib.sha256(notes[0].read_bytes()).hexdigest()
		demand(digest not in c.asked()[0] and len(c.asked()[0].split()[2]) == 64, c.asked())
		s.take("/public/y")
		s.end()
		d.stop()
		d = m.serve()
		d.alive()
		m.run("record", "anchor", "--upgrade", status=2, env=QUIET)
		c.attest()
		m.run("record", "anchor", "--upgrade", env=QUIET)
		now = int(os.stat(notes[0]).st_mtime)
		headers = c.headers(now + 600)
		size = int(notes[0].stem)
		anchored = json.loads(m.run("status", "--json").stdout)["record"]
		demand(anchored["anchored"] == size and anchored["anchors-open"] == 0, anchored)
		# Whoever may fetch the record may fetch them.
		demand(fetch(d, "anchors/list") == (200, f"{size}\n".encode()), fetch(d, "anchors/list"))
		for file in (notes[0], notes[0].with_name(notes[0].name + ".ots")):
			demand(fetch(d, f"anchors/{file.name}") == (200, file.read_bytes()), file)
		for no in (f"{size + 1:020}.note", f"{size}.note", f"{size:020}.note.ots.new", "../receipt", "", "list/"):
			demand(fetch(d, f"anchors/{no}")[0] == 404, no, fetch(d, f"anchors/{no}"))
		said = m.verify("--headers", headers, "--network", "regtest", "--anchored", size)
		demand(said["anchor"] == "regtest" and said["complete-to"] == size, said)
		demand(said["anchored-to"]["time"] == now + 600 and said["size"] > size, said)
		demand(not any(r["code"] == "anchor-clock" for r in said["reasons"]), said["reasons"])
		said = m.verify("--headers", headers, "--network", "regtest", "--anchored", said["size"], status=2)
		demand(said["verdict"] == "unchecked", said)
		d.stop()


def a_state_that_was_put_back_is_found_by_anchors_kept_elsewhere():
	with Machine() as m, Calendar(m.top / "calendar") as c:
		m.make().govern()
		d = m.serve()
		d.alive()
		d.stop()
		before = m.copy()
		try:
			d = m.serve()
			d.alive()
			d.stop()
			elsewhere = m.top / "elsewhere"
			m.run("record", "anchor", "--anchors", elsewhere, "--calendar", c.url, env=QUIET)
			m.verify("--anchors", elsewhere)
			# Put back, it is shorter; written on, it is another.
			said = before.verify("--anchors", elsewhere, status=1)
			demand([r["code"] for r in said["reasons"]][0] == "anchor-cut", said)
			size = said["anchors"][0]["size"]
			d = before.serve()
			while before.verify()["size"] < size:
				d.alive()
			d.stop()
			said = before.verify("--anchors", elsewhere, status=1)
			demand([r["code"] for r in said["reasons"]][0] == "anchor-rewritten", said)
			before.verify()
			m.verify("--anchors", elsewhere)
		finally:
			before.drop()


def what_lies_among_the_anchors_stops_nothing():
	with Machine() as m:
		m.make().govern()
		m.serve().stop()
		anchors = m.state / "record/anchors"
		anchors.mkdir()
		(anchors / "00000000000000000007.note").write_bytes(os.urandom(999))
		(anchors / "00000000000000000007.note.ots").write_bytes(os.urandom(999))
		d = m.serve()
		d.alive()
		d.stop()
		said = m.verify(status=2)
		demand(said["authentic"] == "yes" and said["anchors"][0]["state"] == "unreadable", said)
		shutil.rmtree(anchors)
		m.verify()


if __name__ == "__main__":
	sys.exit(run_tests((
		a_record_is_anchored_while_it_is_written_and_dated_when_it_is_read,
		a_state_that_was_put_back_is_found_by_anchors_kept_elsewhere,
		what_lies_among_the_anchors_stops_nothing,
	)))
