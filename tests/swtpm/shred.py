# SPDX-License-Identifier: Apache-2.0
"""Erasure on a machine with a TPM: what ended cannot be opened by the very chip; a shred of which any TPM command is lost, unheard
or refused, and everything killed there, is undone or finished at the next start."""
import os
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import chip_states  # noqa: E402
import machine  # noqa: E402
from machine import demand, demand_message, run_tests, wait_for  # noqa: E402

SAMPLE = int(os.environ.get("CRASH_SAMPLE", "6"))
COMMANDS_MAX = 200  # of one shred; there are about thirty


def made(m):
	m.make(tpm=True).govern()
	m.other = m.grant("other")
	return m


def take(d, path, token):
	answer = d.session(token).take(path)
	demand(not answer["result"]["isError"], "a permitted call:", answer)


def shreds(m):
	return [e for e in m.entries().values() if e["kind"] == "shred"]


def sealed(m):
	"""{index: index of the shred entry that ended it, or None} of intents."""
	return {i: e.get("shredded") for i, e in m.entries().items() if e["kind"] == "intent"}


def the_whole_path():
	with chip_states.Bench() as m:
		made(m)
		d = m.serve()
		take(d, "/public/a", m.token)
		take(d, "/public/b", m.other)
		d.stop()
		before = {n: (m.state / "keys" / n).read_bytes() for n in ("data.0", "data.1")}
		d = m.serve()
		m.sign("shred", "--subject", "worker")
		wait_for("it is shredded", lambda: "data epoch" in d.log())
		demand(len(shreds(m)) == 1, shreds(m))
		ended = [i for i, by in sealed(m).items() if by is not None]
		demand(0 < len(ended) < len(sealed(m)), "shredded:", sealed(m))
		take(d, "/public/c", m.token)
		d.stop()
		m.accepted()
		m.tpm.reboot()
		m.serves()
		# Their keys from before open nothing, to this chip, in this boot state.
		after = {n: (m.state / "keys" / n).read_bytes() for n in before}
		for n, b in before.items():
			(m.state / "keys" / n).write_bytes(b)
		m.tpm.reboot()
		demand_message(m.serve_fails(1), "data epoch", "restore the newest")
		for n, b in after.items():
			(m.state / "keys" / n).write_bytes(b)
		m.tpm.reboot()
		(m.state / "record" / "pending").unlink(missing_ok=True)
		m.serves()


def commands_of_a_shred(m):
	"""How many TPM commands there are from the statement to the end."""
	d = m.serve()
	take(d, "/public/counted", m.token)
	first, done = m.tpm.line.commands, len(shreds(m))
	m.sign("shred", "--subject", "worker")
	wait_for("it is shredded", lambda: len(shreds(m)) > done and "data epoch" in d.log())
	n = m.tpm.line.commands - first
	d.stop()
	demand(10 < n < COMMANDS_MAX, "commands:", n)
	return n


def every_command_of_a_shred():
	with chip_states.Bench() as m:
		made(m)
		n, chance = commands_of_a_shred(m), random.Random(os.environ.get("CRASH_SEED", "1"))
		asked = 1
		for k in sorted(chance.sample(range(n), min(SAMPLE, n))) if SAMPLE else range(n):
			m.tpm.reboot()
			d = m.serve()
			take(d, f"/public/{k}", m.token)
			had = len(shreds(m))
			m.tpm.line.met = None
			m.tpm.line.at, m.tpm.line.fault = m.tpm.line.commands + k, ("lost", "unheard", "refused")[k % 3]
			m.sign("shred", "--subject", "worker")
			asked += 1
			wait_for(f"command {k} is met", lambda: m.tpm.line.met is not None or "data epoch" in d.log()
				or d.process.poll() is not None)
			m.tpm.line.fault = None
			d.kill()
			wait_for("its roles are gone", lambda: not machine.descendants(d.pid))
			m.tpm.reboot()
			(m.state / "record" / "pending").unlink(missing_ok=True)
			d = m.serve()
			wait_for(f"it is carried out after command {k}", lambda: len(shreds(m)) > had)
			demand(len(shreds(m)) == had + 1, f"command {k}: shred entries", len(shreds(m)), "not", had + 1)
			d.alive()
			d.stop()
		m.accepted()


def main():
	if not shutil.which("swtpm") or not shutil.which("tpm2_nvdefine"):
		print("skip - erasure with a TPM: swtpm or tpm2-tools are not installed")
		return 0
	return run_tests([the_whole_path, every_command_of_a_shred])


if __name__ == "__main__":
	sys.exit(main())
