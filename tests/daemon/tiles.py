# SPDX-License-Identifier: Apache-2.0
"""The record as it is served: a reader of C2SP tlog-tiles, written from that specification alone, recomputes the root of a
checkpoint from tiles, proves inclusion and consistency with them, and finds nothing that it should not."""
import base64
import hashlib
import http.client
import re
import subprocess
import sys

from machine import PATIENCE, VERIFY, Machine, demand, run_tests, wait_for

IMMUTABLE = "public, max-age=31536000, immutable"


def leaf_hash(entry):
	return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
	return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
	"""RFC 6962, section 2.1, by its recursive definition."""
	if not hashes:
		return hashlib.sha256(b"").digest()
	if len(hashes) == 1:
		return hashes[0]
	k = 1
	while 2 * k < len(hashes):
		k *= 2
	return node(root_of(hashes[:k]), root_of(hashes[k:]))


def path_of(hashes, m):
	"""PATH(m, D[n])."""
	if len(hashes) == 1:
		return []
	k = 1
	while 2 * k < len(hashes):
		k *= 2
	if m < k:
		return path_of(hashes[:k], m) + [root_of(hashes[k:])]
	return path_of(hashes[k:], m - k) + [root_of(hashes[:k])]


def included(leaf, m, n, path, root):
	"""RFC 9162, section 2.1.3.2."""
	fn, sn, r = m, n - 1, leaf
	for p in path:
		if sn == 0:
			return False
		if fn & 1 or fn == sn:
			r = node(p, r)
			while fn and not fn & 1:
				fn, sn = fn >> 1, sn >> 1
		else:
			r = node(r, p)
		fn, sn = fn >> 1, sn >> 1
	return sn == 0 and r == root


def tile_path(level, n, width=256):
	groups = [f"{n % 1000:03d}"]
	while n >= 1000:
		n //= 1000
		groups.insert(0, f"x{n % 1000:03d}")
	return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


class Log:
	def __init__(self, daemon):
		self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)

	def get(self, path, method="GET", status=200, **headers):
		self.connection.request(method, "/record/" + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
		r = self.connection.getresponse()
		body = r.read()
		demand(r.status == status, path, "is", r.status, "and not", status, body[:200])
		self.headers = {k.lower(): v for k, v in r.getheaders()}
		return body

	def checkpoint(self):
		text = self.get("checkpoint").decode().split("\n")
		return int(text[1]), base64.b64decode(text[2])

	def level(self, level, size):
		"""All hashes of LEVEL in a tree of SIZE, tile by tile, the last one partial."""
		count = size >> (8 * level)
		out = b"".join(self.get(tile_path(level, n)) for n in range(count // 256))
		if count % 256:
			out += self.get(tile_path(level, count // 256, count % 256))
		demand(len(out) == 32 * count, "level", level, "has", len(out), "bytes")
		return [out[i:i + 32] for i in range(0, len(out), 32)]

	def entries(self, size):
		out = []
		for n in range((size + 255) // 256):
			bundle = self.get(tile_path("entries", n, min(256, size - 256 * n)))
			while bundle:
				length = int.from_bytes(bundle[:2], "big")
				out.append(bundle[2:2 + length])
				bundle = bundle[2 + length:]
		return out


def grow(m, d, calls):
	s = d.session(m.token)
	for _ in range(calls):
		demand(not s.take("/public/x")["result"]["isError"], "a call failed")
	s.end()


def a_stranger_recomputes_the_root_and_proves_what_he_likes():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		log = Log(d)
		grow(m, d, 40)
		old_size, old_root = log.checkpoint()
		grow(m, d, 270)
		size, root = log.checkpoint()
		demand(size > 600 > 256 > old_size, old_size, size)
		leaves = log.level(0, size)
		demand(root_of(leaves) == root, "level 0 does not lead to the root")
		entries = log.entries(size)
		demand([leaf_hash(e) for e in entries] == leaves, "the bundles are not the tree's entries")
		# Each hash of level 1 is the root of a full tile below it.
		for i, h in enumerate(log.level(1, size)):
			demand(root_of(leaves[256 * i:256 * i + 256]) == h, "level 1, hash", i)
		for i in (0, 1, 255, 256, 300, size - 1):
			demand(included(leaves[i], i, size, path_of(leaves, i), root), "entry", i, "is not included")
		# The tree then is a prefix of the tree now.
		demand(root_of(leaves[:old_size]) == old_root, "the older checkpoint is of another history")
		d.stop()
		m.verify()


def tiles_are_the_same_after_a_restart_and_repaired_where_they_are_not():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		grow(m, d, 140)
		size, root = Log(d).checkpoint()
		before = Log(d).level(0, size)
		d.stop()
		tiles = m.state / "record/tiles.0"
		demand(tiles.stat().st_size == 8192, tiles.stat().st_size)
		b = bytearray(tiles.read_bytes())
		b[100] ^= 1
		tiles.write_bytes(b)
		(m.state / "record/tiles.places").write_bytes(b"nothing")
		d = m.serve()
		log = Log(d)
		demand(log.level(0, size) == before, "the tree is another one after a restart")
		demand([leaf_hash(e) for e in log.entries(size)] == before, "the bundles are others after a restart")
		(m.state / "record/tiles.0").unlink()
		d.stop()
		d = m.serve()
		demand(Log(d).level(0, size) == before, "the tree was not made again")
		d.stop()


def what_does_not_change_may_be_kept_and_what_does_is_asked_for_again():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		log = Log(d)
		log.get("tile/0/000.p/1")
		demand(log.headers["cache-control"] == IMMUTABLE, log.headers)
		demand(log.headers["content-type"] == "application/octet-stream", log.headers)
		text = log.get("checkpoint")
		demand(log.headers["cache-control"] == "no-cache", log.headers)
		demand(log.headers["content-type"].startswith("text/plain"), log.headers)
		tag = log.headers["etag"]
		demand(log.get("checkpoint", status=304, If_None_Match=tag) == b"", "a body with 304")
		demand(log.get("checkpoint", method="HEAD") == b"" and int(log.headers["content-length"]) == len(text), log.headers)
		d.stop()


def nothing_is_served_that_is_not_there_or_not_for_everybody():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		log = Log(d)
		grow(m, d, 3)
		size, _ = log.checkpoint()
		for path in ("tile/0/000", f"tile/0/000.p/{size + 1}", "tile/1/000.p/1", "tile/0/001.p/1", "tile/entries/000",
				f"tile/entries/000.p/{size + 1}", "tile/63/000.p/1", "tile/64/000.p/1", "tile/0/000.p/0",
				"tile/0/0", "tile/0/x000/000", "tile/0/000.p/01", "tile/00/000.p/1", "", "tile", "../keys/signed",
				"tile/0/000.p/256", f"payload/{size}", "payload/-1", "payload/00", "payload/18446744073709551615",
				"tile/entries/x999/x999/x999/x999/x999/x999/999"):
			log.get(path, status=404)
		log.get("checkpoint", method="POST", status=405)
		log.get("checkpoint", Origin="http://elsewhere.example", status=403)
		log.get("checkpoint", Host="elsewhere.example", status=403)
		public = {i for i, e in m.entries().items() if e["class"] == "public" and i < size}
		for i in range(size):
			body = log.get(f"payload/{i}", status=200 if i in public else 403)
			demand(i not in public or body[:2] == b"\x82\x00", "no payload:", body[:40])
			demand(i in public or b"not-public" in body, body)
		demand(public and len(public) < size, public)
		d.alive()
		d.stop()


def a_receipt_is_made_from_what_the_record_holds():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		grow(m, d, 2)
		root = wait_for("a signed root", lambda: m.state.joinpath("record/receipt").exists())
		d.stop()
		m.run("record", "prove", 5, "--format", "cose", "--out", m.top / "cose")
		m.run("record", "prove", 5, "--out", m.top / "bundle")
		said = subprocess.run([VERIFY, "proof", m.top / "cose", "--bundle", m.top / "bundle", "--genesis", m.genesis,
			"--allow-grade", "none,co-located"], capture_output=True, text=True, timeout=60)
		demand(root and said.returncode == 0, said.stdout, said.stderr)


class Files(Log):
	"""The same reader over static files."""

	def __init__(self, directory):
		self.directory = directory

	def get(self, path, **_):
		return (self.directory / path).read_bytes()


def static_files_are_what_is_served():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		log, out = Log(d), m.top / "out"
		grow(m, d, 20)
		m.run("record", "tiles", "--out", out)
		old_size, old_root = Files(out).checkpoint()
		grow(m, d, 140)
		m.run("record", "tiles", "--out", out)
		size, root = Files(out).checkpoint()
		demand((size, root) == log.checkpoint() and size > 256 > old_size, size, old_size)
		leaves = Files(out).level(0, size)
		demand(root_of(leaves) == root and root_of(leaves[:old_size]) == old_root, "another history")
		demand(leaves == log.level(0, size) and Files(out).level(1, size) == log.level(1, size), "another tree")
		demand(Files(out).entries(size) == log.entries(size), "other entries")
		public = sorted(i for i, e in m.entries().items() if e["class"] == "public")
		demand(public == sorted(int(p.name) for p in (out / "payload").iterdir()), public)
		demand(all(log.get(f"payload/{i}") == Files(out).get(f"payload/{i}") for i in public), "other payloads")
		what_is_there_and_right_stays(m, out)
		demand(not list(out.rglob("*.new")), "something was left over")
		d.stop()


def what_is_there_and_right_stays(m, out):
	files = [p for p in out.rglob("*") if p.is_file()]
	before = {p: (p.read_bytes(), p.stat().st_ino) for p in files}
	m.run("record", "tiles", "--out", out)
	demand({p: (p.read_bytes(), p.stat().st_ino) for p in files} == before, "what is right is written again")
	for harm in (lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: bytes(len(b)), lambda b: b"", lambda b: b + b"x"):
		for p, (right, _) in before.items():
			if p.parent.suffix != ".p":  # which may be older checkpoints' alone
				p.write_bytes(harm(right))
		m.run("record", "tiles", "--out", out)
		wrong = [str(p) for p, (right, _) in before.items() if p.read_bytes() != right]
		demand(not wrong, "left damaged:", wrong)


def metrics(d):
	c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=PATIENCE)
	c.request("GET", "/metrics")
	r = c.getresponse()
	text = r.read().decode()
	demand(r.status == 200 and r.getheader("Content-Type").startswith("text/plain; version=0.0.4"), r.status, r.getheaders())
	samples, typed = {}, set()
	for line in text.splitlines():
		if line.startswith("# TYPE "):
			demand(line.split()[3] in ("counter", "gauge", "histogram"), line)
			typed.add(line.split()[2])
		elif not line.startswith("# HELP "):
			name, value = line.rsplit(" ", 1)
			demand(re.fullmatch(r'[a-z_]+(\{[a-z]+="[^"\\]*"\})?', name) and name not in samples, line)
			family = re.sub(r"_(bucket|sum|count)$", "", name.split("{")[0])
			demand(family in typed or name.split("{")[0] in typed, "no type for", line)
			samples[name] = float(value)
	return samples


def what_is_counted_is_what_is_recorded():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		before = metrics(d)
		s = d.session(m.token)
		for i in range(5):
			s.take("/public/x")
		s.take("/private/x")
		after = metrics(d)
		demand(after["freehold_sessions"] == 1 and before["freehold_sessions"] == 0, after)
		s.end()
		entries = m.entries().values()
		size, _ = Log(d).checkpoint()
		now = metrics(d)
		demand(now["freehold_record_entries"] == size == len(entries), now, size)
		for kind in ("intent", "outcome", "chain", "refusal"):
			counted = now[f'freehold_entries_total{{kind="{kind}"}}']
			demand(counted == sum(e["kind"] == kind for e in entries), kind, counted)
		denied = sum(e["kind"] == "intent" and not e["fields"]["decision"][0] for e in entries)
		demand(now['freehold_decisions_total{decision="denied"}'] == denied == 1, denied)
		buckets = [v for k, v in now.items() if k.startswith("freehold_commit_seconds_bucket")]
		demand(buckets == sorted(buckets) and buckets[-1] == now["freehold_commit_seconds_count"] > 0, buckets)
		parts = now["freehold_commit_sync_seconds_total"] + now["freehold_commit_sign_seconds_total"]
		demand(abs(parts - now["freehold_commit_seconds_sum"]) < 1e-6 and parts > 0, parts)
		d.stop()


def neither_metrics_nor_log_tell_what_anybody_said():
	"""Names, paths, arguments, results and credentials of calls, good and bad, stay in the record."""
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		word = "zanzibar"
		s = d.session(m.token)
		s.take(f"/public/{word}")
		s.take(f"/private/{word}")
		s.call("take", path=f"/public/{word}", besides=word)
		s.call(word, path=word)
		s.ask(word, why=word)
		s.send(f'{{"jsonrpc":"2.0","id":1,"method":"{word}","{word}"'.encode())
		s.send(f"{word}\n{word}".encode(), headers={"Content-Type": word})
		s.send(b"{}", path=f"/mcp/{word}")
		s.send(b"{}", path=f"/record/{word}")
		s.send(b"{}", headers={"Authorization": f"Bearer {word}"})
		s.send(b"{}", headers={"Mcp-Session-Id": word})
		c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=PATIENCE)
		c.request("GET", "/metrics")
		text = c.getresponse().read().decode()
		s.end()
		d.stop()
		demand(word in str(m.entries()), "nothing of it was recorded")
		demand(word not in text, text)
		demand(word not in d.log() and m.token not in d.log() and "worker" not in d.log(), d.log())


if __name__ == "__main__":
	sys.exit(run_tests((
		a_stranger_recomputes_the_root_and_proves_what_he_likes,
		tiles_are_the_same_after_a_restart_and_repaired_where_they_are_not,
		what_does_not_change_may_be_kept_and_what_does_is_asked_for_again,
		nothing_is_served_that_is_not_there_or_not_for_everybody,
		a_receipt_is_made_from_what_the_record_holds,
		static_files_are_what_is_served,
		what_is_counted_is_what_is_recorded,
		neither_metrics_nor_log_tell_what_anybody_said,
	)))
