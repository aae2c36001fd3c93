# SPDX-License-Identifier: Apache-2.0
"""A machine of two actors, `worker` and `other`, their calls, and what can still be read of them: for what erases one of them."""
import contextlib
import time

from machine import POLICY, Machine, demand, in_background


def made(policy=POLICY):
	m = Machine()
	m.make().govern()
	if policy != POLICY:
		m.sign_policy(policy=policy)
	m.tokens = {"worker": m.token, "other": m.grant("other")}
	return m


def asked(m, d, path, who="worker", **more):
	"""What a call of WHO for PATH is answered, in a session of its own."""
	s = d.session(m.tokens[who])
	answer = s.call("take", path=path, **more)
	s.end()
	return answer


def take(m, d, path, who="worker", **more):
	answer = asked(m, d, path, who, **more)
	demand(not answer["result"]["isError"], "a permitted call:", answer)


@contextlib.contextmanager
def others_calls(m, d):
	"""Calls of `other`, one after the other all the while: none is refused, none waits for long.  Their paths, as they come."""
	stop, answered, called = [], [], []

	def load():
		s = d.session(m.tokens["other"])
		while not stop:
			path = f"/public/load-{len(answered)}"
			demand(not s.take(path)["result"]["isError"], "a call")
			answered.append(time.monotonic())
			called.append(path)
	waiting = in_background(lambda: load() or True)
	try:
		yield called
	finally:
		stop.append(True)
	waiting()
	pause = max(b - a for a, b in zip(answered, answered[1:]))
	demand(len(answered) > 20 and pause < 5, "calls stood still for", pause, len(answered))


def paths(m):
	"""Of which calls the machine can still read the arguments."""
	return {e["fields"]["arguments"]["path"] for e in m.entries().values()
		if e["kind"] == "intent" and "path" in e["fields"].get("arguments", {})}
