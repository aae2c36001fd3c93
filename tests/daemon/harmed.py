# SPDX-License-Identifier: Apache-2.0
"""Every file of a state directory that was used, harmed in every way: gone, emptied, cut, with a byte changed, another machine's,
or an older one of its own.  A verifier says no to a record that is not the one that was signed.  A start ends and names the file,
or goes on with nothing lost, and says what it found unless that is made again in any case."""
import json
import os
import re
import shutil
import subprocess
import sys

from machine import VERIFY, Machine, demand, reason_of, run_tests

# Made again by every start, or kept twice within the file: nothing is said of them.
SILENT = re.compile(r"lock|keys/(counter|device|signed|session|witnessed)|record/(cosigners|receipt|resume|tiles\..*)")


def lived():
	"""A machine that was used twice; what it was in between is in `older`."""
	m = Machine()
	m.make().govern()
	m.sign("lease", "renew", "--for", "7d")
	use(m, "early")
	shutil.copytree(m.state, m.top / "older")
	m.grant("another")
	m.sign("lease", "renew", "--for", "7d")
	use(m, "late")
	return m


def use(m, word):
	d = m.serve()
	s = d.session(m.token)
	for n in range(3):
		demand(not s.take(f"/public/{word}-{n}")["result"]["isError"], "a permitted call")
	s.end()
	d.stop()


# --- harms: each returns false if it would change nothing --------------------

def gone(path, *_):
	path.unlink()
	return True


def to_length(part):
	def harm(path, *_):
		size = path.stat().st_size
		os.truncate(path, int(size * part))
		return size > int(size * part)
	return harm


def changed(part):
	def harm(path, *_):
		data = bytearray(path.read_bytes())
		if data:
			data[int((len(data) - 1) * part)] ^= 0x10
			path.write_bytes(data)
		return bool(data)
	return harm


def replaced(path, by):
	if not by.exists() or by.read_bytes() == path.read_bytes():
		return False
	shutil.copyfile(by, path)
	return True


def older(path, name, base, other):
	return replaced(path, base.top / "older" / name)


def anothers(path, name, base, other):
	"""The file of the same name; of statements, whose names hold hashes, that of the same number."""
	here = other.state / name
	alike = here if here.exists() else next(iter(sorted(here.parent.glob(here.name[:9] + "*"))), here)
	return replaced(path, alike)


HARMS = {"gone": gone, "emptied": to_length(0), "cut": to_length(0.5), "changed near its begin": changed(0.1),
	"changed amid": changed(0.5), "changed near its end": changed(0.97), "an older one": older, "another's": anothers}


# --- what has to come of it ----------------------------------------------------

def judge(m, name, how, whole):
	"""What a verifier says of it, and what a start does."""
	r = subprocess.run([VERIFY, "record", m.state, "--genesis", m.genesis, "--allow-grade", "none,co-located", "--json",
		"--at-least", m.top / "newest"], capture_output=True, text=True, timeout=60)
	journal = name.startswith("record/journal/")
	if journal:
		demand(r.returncode == (2 if how == "gone" else 1), "verify says", r.returncode, r.stdout, r.stderr)
	elif name != "format":
		demand(r.returncode == 0, "verify says", r.returncode, r.stdout, r.stderr)
	d = m.serve(ready=False)
	try:
		d.wait_ready()
	except Exception:
		demand(d.process.poll() in (1, 2), "it neither starts nor ends:", d.log())
	if d.process.poll() is not None:
		says = d.log()
		demand(name in says or os.path.dirname(name) + "/" in says or "`" + name + "`" in says
			or "the state directory" in says, "it is not named:", says)
		demand(re.search(r"; (restore|run|find|move|make|name|look|check|somebody)", says), "without a way out:", says)
		return "ended"
	d.alive()
	s = d.session(m.token)
	demand(reason_of(s.take("/secret/x")) is not None, "what is not permitted is")
	s.end()
	d.stop()
	demand(SILENT.fullmatch(name) or journal or name in d.log(), "nothing was said of it:", d.log())
	if journal:  # a start reads what came since `record/resume`, and proves the rest by its hashes
		demand(how.startswith("changed"), "it starts")
		return "not read"
	if "keys/data" in name and how != "emptied":
		demand("taken away" in d.log(), "a key is gone, and it is not said:", d.log())
	else:
		demand({i: m.entries()[i] for i in whole} == whole, "entries were lost or are others")
	m.verify()
	return "went on"


def each_of(base, other, whole, names):
	came = {}
	for name in names:
		for how, harm in HARMS.items():
			with base.copy() as m:
				shutil.copy(base.top / "newest", m.top / "newest")
				if not harm(m.state / name, name, base, other):
					continue
				try:
					came[(name, how)] = judge(m, name, how, whole)
				except Exception as e:
					raise type(e)(f"{name}, {how}: {e}") from e
	return came


def main():
	base, other = lived(), lived()
	base.run("record", "tiles", "--out", base.top / "tiles")
	shutil.copy(base.top / "tiles" / "checkpoint", base.top / "newest")
	whole = base.entries()
	names = sorted(str(p.relative_to(base.state)) for p in base.state.rglob("*") if p.is_file())
	statements = [n for n in names if n.startswith("chain/")]
	names = [n for n in names if n not in statements[2:-3]]  # a few for all
	under = {d: [n for n in names if n.split("/")[0] == d] for d in sorted({n.split("/")[0] for n in names})}

	def test(directory):
		def harmed():
			came = each_of(base, other, whole, under[directory])
			demand(len(came) >= 4 * len(under[directory]), "too few were harmed:", came)
		harmed.__name__ = f"every_file_of_{directory}_is_harmed"
		return harmed

	def statements_come_back():
		with base.copy() as m:
			chain = m.state / "chain"
			before = {p.name: p.read_bytes() for p in chain.iterdir()}
			for n, name in enumerate(sorted(before)):
				(gone, to_length(0), changed(0.5))[n % 3](chain / name)
			r = json.loads(m.run("chain", "restore", "--json").stdout)
			demand(r == {"recorded": len(before), "written": len(before)}, r)
			demand({p.name: p.read_bytes() for p in chain.iterdir()} == before, "not as they were")
			r = json.loads(m.run("chain", "restore", "--json").stdout)
			demand(r["written"] == 0, "written again, though whole:", r)
			d = m.serve()
			m.grant("yet-another")
			d.alive()
			d.stop()
			demand("restore" not in d.log() and m.chain()["state"] == "live", d.log())
		with base.copy() as m:
			shutil.rmtree(m.state / "chain")
			shutil.copytree(other.state / "chain", m.state / "chain")
			said = m.run("chain", "restore", status=2).stderr
			demand("another chain" in said and "chain/00000000-" in said, said)
			demand(len(list((m.state / "chain").iterdir())) == len(before), "something was written all the same")

	try:
		return run_tests([*map(test, under), statements_come_back])
	finally:
		base.drop()
		other.drop()


if __name__ == "__main__":
	sys.exit(main())
