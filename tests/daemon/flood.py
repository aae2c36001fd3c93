# SPDX-License-Identifier: Apache-2.0
"""A flood of what is refused: it neither fills the disk nor stops the machine, and how much of it was left out is in the record."""
import sys
import threading
import time

from machine import Machine, demand, run_tests

SECONDS = 3
A_SECOND = 16  # FH_CORE_REFUSALS_PER_SECOND, of one gate


class Flood:
	"""Clients that name nobody, or nobody whom anybody knows, and are refused as often as they are answered."""

	def __init__(self, d):
		self.end, self.refused, self.errors = time.monotonic() + SECONDS, 0, []
		self.lock = threading.Lock()
		kinds = (self.denied, self.unheard, self.unknown, self.malformed)
		self.threads = [threading.Thread(target=self.go, args=(kind, d)) for kind in kinds]
		for t in self.threads:
			t.start()

	def go(self, kind, d):
		try:
			kind(d)
		except Exception as e:  # the test shows it
			self.errors.append(e)

	def each(self, ask):
		while time.monotonic() < self.end:
			answer = ask()
			demand(answer.get("error") or answer["result"]["isError"], "not refused:", answer)
			with self.lock:
				self.refused += 1

	def denied(self, d):
		s = d.session()
		self.each(lambda: s.take("/public/" + "x" * 4000))

	def unheard(self, d):
		s = d.session()
		self.each(lambda: s.call("hidden", path="/public/x"))

	def unknown(self, d):
		s = d.http("fh_" + "0" * 64)
		self.each(s.initialize)

	def malformed(self, d):
		s = d.session()
		self.each(lambda: s.ask("resources/read", uri="file:///" + "y" * 4000))

	def wait(self):
		for t in self.threads:
			t.join()
		demand(not self.errors, *self.errors)


def refusals(entries):
	"""Those that are written, and how many were left out; an entry that says no more than that is none of them."""
	written = left_out = 0
	for e in entries:
		detail = e["fields"].get("detail", {}) if e["kind"] == "refusal" else {}
		left_out += detail.get("suppressed", 0)
		denied = e["kind"] == "intent" and e["fields"]["decision"][0] is False
		written += denied or (e["kind"] == "refusal" and detail["reason"] != "suppressed")
	return written, left_out


def a_flood_is_counted_and_not_written():
	with Machine() as m:
		m.make().govern()
		d = m.serve()
		s = d.session(m.token)
		began, before = time.monotonic(), len(m.entries())
		flood, taken = Flood(d), 0
		while any(t.is_alive() for t in flood.threads):
			demand(not s.take(f"/public/{taken}")["result"]["isError"], "a permitted call in the flood")
			taken += 1
		flood.wait()
		seconds = time.monotonic() - began
		demand(taken > 20, "only", taken, "permitted calls came through in", seconds, "seconds")
		time.sleep(2.5)  # the rest is told when the second has ended
		s.end()
		d.alive()
		d.stop()
		entries = [e for i, e in m.entries().items() if i >= before]
		written, left_out = refusals(entries)
		demand(written + left_out == flood.refused, written, "written and", left_out, "left out of", flood.refused)
		demand(flood.refused > 4 * A_SECOND * seconds, "no flood:", flood.refused, "in", seconds, "seconds")
		most = A_SECOND * (seconds + 2)
		demand(written <= most, written, "were written in", seconds, "seconds")
		told = sum(e["kind"] == "refusal" and e["fields"]["detail"]["reason"] == "suppressed" for e in entries)
		demand(told <= seconds + 4, told, "entries say how many were left out")
		m.verify()


if __name__ == "__main__":
	sys.exit(run_tests([a_flood_is_counted_and_not_written]))
