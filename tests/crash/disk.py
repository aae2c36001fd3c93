# SPDX-License-Identifier: Apache-2.0
"""What a disk can hold after the power fails, by a log of file-trace.

The model promises what POSIX promises and no more.  What a file holds is certain up to its last fsync or fdatasync; each
512-byte sector written since is old or new, and one that holds nothing certain may also be zeros or garbage.  A name that
was made, renamed or removed is certain once its directory was synced, and until then is there or not, each for itself.
"""
import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath

SECTOR = 512
O_CREAT, O_TRUNC = 0o100, 0o1000


class File:
	"""What is certain of a file, and what was done to it since: (end, offset, bytes), or (end, size) of a truncation."""

	def __init__(self, certain=b""):
		self.certain, self.pending = certain, []

	def sync(self, before):
		now = [op for op in self.pending if op[0] < before]
		self.certain = written(self.certain, now)
		self.pending = [op for op in self.pending if op[0] >= before]


def written(content, ops):
	out = bytearray(content)
	for op in ops:
		if len(op) == 2:
			del out[op[1]:]
			out.extend(bytes(op[1] - len(out)))
			continue
		_, at, data = op
		out.extend(bytes(max(0, at + len(data) - len(out))))
		out[at:at + len(data)] = data
	return bytes(out)


class Disk:
	"""The files below a directory, as they were when the log began, and then call by call."""

	def __init__(self, top):
		self.top = str(top)
		self.names, self.now, self.by_inode, self.pending = {}, {}, {}, []
		for path in sorted(Path(top).rglob("*")):
			name = str(path.relative_to(top))
			if path.is_dir():
				self.names[name] = "directory"
			elif path.is_file():
				self.names[name] = File(path.read_bytes())
				self.by_inode[path.stat().st_ino] = self.names[name]
		self.now = dict(self.names)

	def name(self, path):
		return str(PurePosixPath(path).relative_to(self.top))

	def name_op(self, end, name, what, gone=None):
		"""NAME becomes WHAT (nothing: None), and GONE with it ceases to be."""
		if gone:
			self.now.pop(gone, None)
		if what is None:
			self.now.pop(name, None)
		else:
			self.now[name] = what
		self.pending.append((end, name, what, gone))

	def sync_names(self, directory, before):
		parents = lambda op: {str(PurePosixPath(n).parent) for n in (op[1], op[3]) if n}
		sure = [op for op in self.pending if directory in parents(op) and op[0] < before]
		self.names = renamed(self.names, sure)
		self.pending = [op for op in self.pending if op not in sure]

	def take(self, e):
		"""One call of the log.  Failed ones changed nothing that the model knows of (their part is in no promise)."""
		call, end = e["call"], e["end"]
		if e["result"] < 0:
			return
		if call in ("writev", "pwritev", "fallocate", "mmap", "link"):
			raise ValueError(f"{call} of {e['path']}: the model does not have it")
		name = self.name(e["path"]) if e["path"].startswith(self.top) else None
		if call == "open" and e["flags"] & O_CREAT and name not in self.now:
			self.by_inode[e["inode"]] = File()
			self.name_op(end, name, self.by_inode[e["inode"]])
		elif call == "open" and e["flags"] & O_TRUNC:
			self.by_inode[e["inode"]].pending.append((end, 0))
		elif call in ("write", "pwrite"):
			self.by_inode[e["inode"]].pending.append((end, e["offset"], bytes.fromhex(e.get("data", ""))))
		elif call == "ftruncate":
			self.by_inode[e["inode"]].pending.append((end, e["offset"]))
		elif call in ("fsync", "fdatasync") and self.now.get(name, "directory") == "directory":
			self.sync_names(name, e["begin"])
		elif call in ("fsync", "fdatasync"):
			self.by_inode[e["inode"]].sync(e["begin"])
		elif call == "mkdir":
			self.name_op(end, name, "directory")
		elif call in ("unlink", "rmdir"):
			self.name_op(end, name, None)
		elif call == "rename":
			self.name_op(end, self.name(e["to"]), self.now[name], gone=name)


def renamed(names, ops):
	out = dict(names)
	for _, name, what, gone in ops:
		if gone and out.get(gone) is what:
			del out[gone]
		if what is None:
			out.pop(name, None)
		else:
			out[name] = what
	return out


# --- what can be left ------------------------------------------------------------

def sectors(file, keep, fill):
	"""FILE's bytes when of the sectors written since it was certain only those that KEEP(op, sector) says have reached the
	disk; a sector that holds nothing certain is FILL(n) instead of the zeros of a hole."""
	certain = file.certain
	for op in file.pending:
		if len(op) == 2 and keep(op, 0):
			certain = written(certain, [op])
	out, kept_end = bytearray(certain), len(certain)
	sure = len(out)
	for op in file.pending:
		if len(op) == 2:
			continue
		_, at, data = op
		for s in range(at // SECTOR, (at + len(data) + SECTOR - 1) // SECTOR):
			low, high = max(at, s * SECTOR), min(at + len(data), (s + 1) * SECTOR)
			arrived = keep(op, s)
			if not arrived and (fill is None or s * SECTOR < sure):
				continue
			new = data[low - at:high - at] if arrived else fill(high - low)
			out.extend(bytes(max(0, high - len(out))))
			out[low:high] = new
			kept_end = max(kept_end, high)
	return bytes(out[:kept_end])


def ways(chance, randoms):
	"""(name, keep a sector of an operation?, fill, keep a change of a name?): the ways in which unsynced writes can fare."""
	yes, no = (lambda *_: True), (lambda *_: False)
	zeros, noise = bytes, chance.randbytes
	yield "none arrived", no, None, no
	yield "all arrived", yes, None, yes
	yield "data without names", yes, None, no
	yield "names without data", no, None, yes
	yield "zeros for data", no, zeros, yes
	yield "garbage for data", no, noise, yes
	for part, torn in (("even", 0), ("odd", 1)):
		yield f"torn: {part} sectors arrived", (lambda op, s, t=torn: s % 2 == t), None, yes
	first = lambda op, s: len(op) == 3 and s == op[1] // SECTOR
	yield "torn: first sectors arrived", first, None, yes
	yield "torn: all but the first sectors arrived", (lambda op, s: not first(op, s)), noise, yes
	for n in range(randoms):
		coin = lambda *_: chance.random() < 0.5
		yield f"reordered and dropped at random", coin, (None, zeros, noise)[n % 3], coin


def each_alone(disk):
	"""Every unsynced operation arrives alone, and every one is the only one that does not."""
	ops = [op for f in set(disk.now.values()) - {"directory"} for op in f.pending] + disk.pending
	if len(ops) < 2:
		return
	for one in ops:
		yield "one arrived alone", (lambda op, s, o=one: op is o), None, (lambda op, o=one: op is o)
		yield "all but one arrived", (lambda op, s, o=one: op is not o), None, (lambda op, o=one: op is not o)


class Left:
	"""One state of the disk: names and contents."""

	def __init__(self, disk, way, keep, fill, keep_name):
		self.way, self.files = way, {}
		names = renamed(disk.names, [op for op in disk.pending if keep_name(op)])
		for name in sorted(names):
			parent = str(PurePosixPath(name).parent)
			if parent != "." and self.files.get(parent, "") is not None:
				continue  # its directory is not there
			what = names[name]
			self.files[name] = None if what == "directory" else sectors(what, keep, fill)

	def digest(self):
		h = hashlib.sha256()
		for name, content in self.files.items():
			h.update(repr((name, content)).encode())
		return h.digest()

	def put(self, top, like):
		"""Makes TOP this state; owners are those of LIKE, where the same names were."""
		top, like = Path(top), Path(like)
		shutil.copytree(like, top, symlinks=True, ignore=lambda d, names: [n for n in names if not (Path(d) / n).is_dir()
			or str((Path(d) / n).relative_to(like)) not in self.files])
		for name, content in self.files.items():
			path, owner = top / name, os.stat(like)
			if content is None:
				path.mkdir(mode=0o700, exist_ok=True)
			else:
				path.write_bytes(content)
				path.chmod(0o600)
			if (like / name).exists():
				owner = os.stat(like / name)
				path.chmod(owner.st_mode & 0o777)
			os.chown(path, owner.st_uid, owner.st_gid)


def states(disk, chance, randoms):
	for way in [*ways(chance, randoms), *each_alone(disk)]:
		yield Left(disk, *way)
