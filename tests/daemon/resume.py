# SPDX-License-Identifier: Apache-2.0
"""Starts that do not read the whole record: they know what they must, and are told nothing by a file that anybody wrote."""
import hashlib
import random
import re
import shutil
import sys
from pathlib import Path

from machine import POLICY, Machine, demand, demand_message, reason_of, run_tests

QUOTA = POLICY.replace('@id("research-takes")', '@id("research-takes") @quota("5/30d")')
FRESH = bytes.fromhex("828080")  # a fold in which nothing is used


def resume_of(m):
	return m.state / "record" / "resume"


def calls(m, *paths):
	"""A start, in which PATHS are called; returns the reasons and what it logged."""
	d = m.serve()
	s = d.session(m.token)
	said = [reason_of(s.take(p)) for p in paths]
	d.stop()
	return said, d.log()


def read_from_beginning(log):
	return "record/resume does not fit" in log


def spoil(m):
	"""Damages an early call of the record, which a start that begins later never sees."""
	journal = m.state / "record" / "journal" / f"{0:020}.fhj"
	data = bytearray(journal.read_bytes())
	intent = data.index(bytes([0x82, 1, 0x82, 0x83, 0x50]))  # the first payload that is sealed in two parts
	data[intent + 100] ^= 1
	journal.write_bytes(data)


def head(major, n):
	"""A head of deterministic CBOR."""
	if n < 24:
		return bytes([major << 5 | n])
	for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
		if n < 1 << 8 * size:
			return bytes([major << 5 | code]) + n.to_bytes(size, "big")


def parse(data):
	"""The items of a resume file, as bytes."""
	at, items = 1, []

	def item():
		nonlocal at
		first, begin = data[at], at
		at += 1
		n = first & 31
		if n >= 24:
			size = 1 << (n - 24)
			n, at = int.from_bytes(data[at:at + size], "big"), at + size
		if first >> 5 == 2:
			at += n
		elif first >> 5 == 4:
			for _ in range(n):
				item()
		return data[begin:at]
	while at < len(data) - 32:
		items.append(item())
	demand(len(items) == 10 and hashlib.sha256(data[:-32]).digest() == data[-32:], "not a resume file:", data.hex())
	return items


def forge(m, at, item):
	"""Puts ITEM in the place of one, with a checksum that fits."""
	items = parse(resume_of(m).read_bytes())
	demand(items[at] != item, "nothing is forged")
	items[at] = item
	body = head(4, 10) + b"".join(items)
	resume_of(m).write_bytes(body + hashlib.sha256(body).digest())


def run(base, before):
	def only_what_came_since_is_read():
		with base.copy() as m:
			spoil(m)
			said, log = calls(m, "/public/more")
			demand(said == [None] and not read_from_beginning(log), said, log)
			demand(m.verify(status=1), "the verifier reads all of it")
			resume_of(m).unlink()
			demand_message(m.serve_fails(), "record/journal")

	def what_is_used_is_known_all_the_same():
		with base.copy() as m:
			said, log = calls(m, *(f"/public/{n}" for n in range(4)))
			demand(said == [None, None, None, "no-quota"] and not read_from_beginning(log), said, log)
			m.verify()

	def a_file_of_any_age_will_do():
		with base.copy() as m:
			old = resume_of(m).read_bytes()
			calls(m, "/public/1")
			calls(m, "/public/2")
			resume_of(m).write_bytes(old)
			said, log = calls(m, "/public/3", "/public/4")
			demand(said == [None, "no-quota"] and not read_from_beginning(log), said, log)
			m.verify()

	def damage_anywhere_in_it_costs_nothing_but_time():
		chance = random.Random(1)
		with base.copy() as m:
			for _ in range(12):
				data = bytearray(resume_of(m).read_bytes())
				data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
				resume_of(m).write_bytes(data[:chance.choice([len(data), len(data), len(data) // 2, 0])])
				said, log = calls(m, "/private/1")
				demand(said == ["no-permit"] and read_from_beginning(log), said, log)
			m.verify()

	def nothing_in_it_is_believed():
		whole = parse(resume_of(base).read_bytes())
		listed = re.findall(rb"[\x00-\x17]|\x18.|\x19..", whole[9][1 if whole[9][0] < 0x98 else 2:], re.S)
		demand(len(listed) > 4, "sessions and statements are listed:", listed)
		fewer = lambda n: head(4, len(listed) - 1) + b"".join(listed[:n] + listed[n + 1:])
		forgeries = {
			"budgets as new": (8, head(2, 3) + FRESH),
			"budgets of before": (8, before[8]),
			"budgets sealed by another key": (8, whole[8][:-1] + bytes([whole[8][-1] ^ 1])),
			"one session less": (9, fewer(0)),
			"the last statement not there": (9, fewer(len(listed) - 1)),
			"another tree": (7, whole[7][:-1] + bytes([whole[7][-1] ^ 1])),
			"another place": (6, head(0, 128)),
			"another state entry": (3, head(0, 1)),
			"another device": (2, head(2, 32) + bytes(32)),
		}
		for name, (at, item) in forgeries.items():
			with base.copy() as m:
				forge(m, at, item)
				said, log = calls(m, *(f"/public/{n}" for n in range(4)))
				demand(said == [None, None, None, "no-quota"] and read_from_beginning(log), name + ":", said, log)
				m.verify()

	def a_record_that_was_rolled_back_is_known_with_it():
		with base.copy() as m:
			shutil.copytree(m.state / "record", m.top / "old")
			calls(m, "/public/1")
			shutil.rmtree(m.state / "record")
			(m.top / "old").rename(m.state / "record")
			demand_message(m.serve_fails(), "record/")
			demand(Path(resume_of(m)).exists(), "the file is gone")

	return run_tests([only_what_came_since_is_read, what_is_used_is_known_all_the_same, a_file_of_any_age_will_do,
		damage_anywhere_in_it_costs_nothing_but_time, nothing_in_it_is_believed,
		a_record_that_was_rolled_back_is_known_with_it])


def main():
	with Machine() as base:
		base.make().govern()
		base.sign_policy(policy=QUOTA)
		calls(base)
		before = parse(resume_of(base).read_bytes())
		said, _ = calls(base, "/public/a", "/public/b")
		demand(said == [None, None], said)
		return run(base, before)


if __name__ == "__main__":
	sys.exit(main())
