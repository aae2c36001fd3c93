# SPDX-License-Identifier: Apache-2.0
"""A daemon whose TPM goes away, is reset, fails, is locked out or full: each is a state with a name and a way out, which `status`
tells, and which is gone when the way was taken; none ends in a loop of starts.  docs/spec/CHIP.md, "States"."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "daemon"))
import machine  # noqa: E402
from chip import Tpm  # noqa: E402
from machine import Machine, demand, demand_message, run_tests, wait_for  # noqa: E402

from tap import read_message  # noqa: E402

FAILURE = struct.pack(">HII", 0x8001, 10, 0x101)  # TPM_RC_FAILURE
LOOK_SECONDS = 40  # FH_CHIP_LOOK_MS is 10 s
LOST_SECONDS = 120  # FH_CHIP_LOST_MS is 60 s
COMMANDS_MAX = 400
NO_SESSIONS, READ_CLOCK = 0x8001, 0x181
FLUSH, UNSEAL = 0x165, 0x15E  # TPM2_FlushContext, TPM2_Unseal
EXTEND = 0x182  # TPM2_PCR_Extend
CAPABILITY = 0x17A  # its long answer is read over the one that held the key
machine.PASSPHRASE *= 2  # of the operators that came later, too
GRADES = "simulated,co-located"


class Line:
	"""Stands between Freehold and the simulator.  Of one connection the command AT meets FAULT: it is lost, its answer is
	unheard, or it is refused."""

	def __init__(self, path, behind):
		self.behind, self.fault, self.at, self.commands, self.unsealed = behind, None, 0, 0, 0
		self.resets, self.seen, self.lies, self.between, self.said = b"", b"", 0, b"", b""
		self.socket = socket.socket(socket.AF_UNIX)
		self.socket.bind(str(path))
		self.socket.listen()
		threading.Thread(target=self.run, daemon=True).start()

	def lie(self, command, answer):
		"""That the TPM was not reset, to whoever asks without a session."""
		if struct.unpack(">H", command[:2])[0] != NO_SESSIONS or struct.unpack(">I", command[6:10])[0] != READ_CLOCK:
			return answer
		self.seen = answer[26:30]  # TPMS_TIME_INFO: time, clock, resetCount
		if not self.resets:
			self.clock, self.clock_at = struct.unpack(">Q", answer[18:26])[0], time.monotonic()
			return answer
		self.lies += 1
		clock = self.clock + int(1000 * (time.monotonic() - self.clock_at))
		return answer[:18] + struct.pack(">Q", clock) + self.resets + answer[30:]

	def run(self):
		while True:
			client, _ = self.socket.accept()
			self.commands = self.unsealed = 0
			with client:
				self.carry(client)

	def carry(self, client):
		inner = None
		while command := self.next_command(client):
			met = self.fault if self.commands == self.at else None
			self.commands += 1
			if met:
				self.met = struct.unpack(">I", command[6:10])[0]
			if met == "refused":
				if not self.answer(client, FAILURE):
					break
				continue
			if met == "lost":
				break
			if inner and self.between:  # the simulator has one line, and it is this
				self.said, self.between = self.exchange(inner, self.between), b""
			# The simulator is another one after a reset; nobody listens while it is off.
			answer = inner and self.exchange(inner, command)
			if not answer:
				inner = socket.socket(socket.AF_UNIX)
				try:
					inner.connect(str(self.behind))
				except OSError:
					break
				answer = self.exchange(inner, command)
			if not answer or met == "unheard":
				break
			if struct.unpack(">I", command[6:10])[0] == UNSEAL and answer[6:10] == bytes(4) and not self.unsealed:
				self.unsealed = self.commands
			if not self.answer(client, self.lie(command, answer)):
				break
		if inner:
			inner.close()

	@staticmethod
	def answer(client, said):
		try:
			client.sendall(said)
			return True
		except OSError:
			return False  # it was killed meanwhile

	@staticmethod
	def next_command(client):
		try:
			return read_message(client)
		except OSError:
			return b""  # it was killed

	def exchange(self, inner, command):
		try:
			inner.sendall(command)
			return read_message(inner)
		except OSError:
			return b""


class LinedTpm(Tpm):
	def __init__(self, m):
		super().__init__(m)
		self.line = Line(m.top / "line", self.path)

	def tool(self, *words, status=0):
		"""One of tpm2-tools, in a TPM that has room for what it loads."""
		env = {**os.environ, "TPM2TOOLS_TCTI": f"swtpm:path={self.path}", "TSS2_LOG": "all+NONE"}
		for kind in ("-t", "-l", "-s"):
			subprocess.run(["tpm2_flushcontext", kind], env=env, capture_output=True)
		r = subprocess.run([str(w) for w in words], env=env, capture_output=True, text=True, cwd=self.top)
		demand(status in (None, r.returncode), *words, "ended with", r.returncode, r.stdout, r.stderr)
		return r


class Bench(Machine):
	"""A machine with a TPM, reached over a line of ours."""

	def __enter__(self):
		super().__enter__()
		self.tpm = LinedTpm(self)
		self.tpm.on()
		self.config.write_text(f"tcti = swtpm:path={self.top}/line\n")
		return self

	def drop(self):
		super().drop()
		self.tpm.off()

	def status(self):
		return json.loads(self.run("status", "--json").stdout)

	def demand_state(self, state, *cure):
		said = self.status().get("refused", {})
		demand(said.get("state") == state, "status says", said, "and not", state)
		demand(all(w in said["cure"] for w in cure), "the way out is", said["cure"])
		demand(f"refused        {state}, " in self.run("status").stdout, "status does not show it to people")

	def refused_start(self, state, *cure):
		demand_message(self.serve_fails(status=1), *cure)
		self.demand_state(state, *cure)

	def serves(self):
		d = self.serve()
		d.alive()
		d.stop()
		demand("refused" not in self.status(), "what was cured is still told")

	def accepted(self):
		self.verify("--require", "authentic,enrolled,accepted", grades=GRADES)


def health(d):
	h = d.http()
	status, _, body = h.send(None, method="GET", path="/healthz")
	h.close()
	return status, json.loads(body)["status"]


def loses(d, state):
	"""The daemon notices by itself, goes on, and permits nothing."""
	session = d.session(d.machine.token)
	demand(not session.take("/public/a")["result"]["isError"], "a call does not work before")
	yield
	wait_for("the daemon notices", lambda: health(d) == (503, state), LOOK_SECONDS)
	refused = session.take("/public/b")["result"]
	demand(refused["isError"] and state in json.dumps(refused), "a call is not refused as", state, refused)
	opened = d.http(d.machine.token).initialize()
	demand("result" not in opened and state in json.dumps(opened), "a session is opened", opened)
	h = d.http()
	_, _, metrics = h.send(None, method="GET", path="/metrics")
	demand(b"\nfreehold_chip_lost 1\n" in metrics, metrics.decode())
	said = d.machine.status()
	demand(said["running"], "it does not run any more")
	demand([c["arguments"]["path"] for c in d.machine.received() if "path" in c.get("arguments", {})][-1:] != ["/public/b"],
		"the refused call reached the tool server")


def ends_refused(d):
	d.process.send_signal(signal.SIGTERM)
	demand(d.wait() == 1, "serve ended with", d.wait(), d.log())
	demand(d.log().count("chip-") == 1, "it is told once", d.log())


def gone_in_mid_run():
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		going = loses(d, "chip-gone")
		next(going)
		m.tpm.off()
		next(going, None)
		m.demand_state("chip-gone", "restart freehold")
		m.sign("lease", "renew", status=None)  # statements are still taken, and noted at the next start
		m.sign_policy(expires="29d")
		wait_for("the statement is recorded", lambda: any(e["kind"] == "chain" for e in m.entries().values()))
		demand(d.process.poll() is None, "a statement ended it", d.log())
		ends_refused(d)
		m.demand_state("chip-gone", "restart freehold")
		m.refused_start("chip-gone", "check that it is there")
		m.config.write_text(f"tcti = swtpm:path={m.tpm.path}\n")  # nobody takes the connection
		m.refused_start("chip-gone", "that the TPM is there")
		m.tpm.on()
		m.serves()
		told = [e for e in m.entries().values() if e["kind"] == "boot" and "chip-gone" in json.dumps(e)]
		demand(len(told) == 1, "the record tells of it", len(told), "times")
		demand(sum(e["kind"] == "refusal" for e in m.entries().values()) >= 2, "the record has no refusals")
		m.accepted()


def gone_is_noticed_by_who_asks_for_a_quote():
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		m.tpm.off()
		h = d.http()
		question = {"nonce": "00" * 16, "origin": f"http://127.0.0.1:{d.port}"}
		status, _, body = h.send(question, path="/.well-known/freehold-quote")
		demand(status == 503 and b"chip-gone" in body, status, body)
		demand(health(d) == (503, "chip-gone"), health(d))
		ends_refused(d)


def gone_for_a_moment():
	"""What a restart cures needs nobody: it ends once, for whoever starts it again."""
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		d.alive()
		m.tpm.line.fault, m.tpm.line.at = "lost", m.tpm.line.commands
		wait_for("the daemon notices", lambda: health(d) == (503, "chip-gone"), LOOK_SECONDS)
		m.tpm.line.fault = None
		demand(d.wait(LOST_SECONDS) == 2, "serve ended with", d.wait(), d.log())
		m.demand_state("chip-gone", "restart freehold")
		m.serves()
		m.accepted()


def hangs_and_comes_back():
	"""A command is waited for; meanwhile nobody is told that all is well, and nothing is lost."""
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		d.alive()
		m.tpm.process.send_signal(signal.SIGSTOP)
		wait_for("the daemon waits", lambda: health(d) == (503, "unreachable"), LOOK_SECONDS)
		m.tpm.process.send_signal(signal.SIGCONT)
		wait_for("it goes on", lambda: health(d) == (200, "ok"))
		d.alive()
		d.stop()
		m.accepted()


def reset_in_mid_run():
	"""As by who holds the reset line of a TPM that is a chip of its own."""
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		going = loses(d, "chip-reset")
		next(going)
		m.tpm.reboot()
		next(going, None)
		m.demand_state("chip-reset", "reboot the machine")
		ends_refused(d)
		m.tpm.reboot()
		m.serves()
		m.accepted()


def lied_about(m, d, change, *states):
	"""What CHANGE returns, who is called while somebody between the keeper and the TPM says that all is as before: it takes a
	minute, and is noticed."""
	d.alive()
	wait_for("the daemon looks", lambda: m.tpm.line.seen, LOOK_SECONDS)
	m.tpm.line.resets = m.tpm.line.seen
	done = change()
	wait_for("the daemon is lied to", lambda: m.tpm.line.lies > 0, LOOK_SECONDS)
	demand(health(d) == (200, "ok"), "the lie is noticed at once, so this proves nothing")
	wait_for("the daemon notices", lambda: health(d)[0] == 503, LOST_SECONDS)
	demand(m.status()["refused"]["state"] in states, m.status())
	demand(m.tpm.line.lies <= 7, "it took", m.tpm.line.lies, "lies")
	m.tpm.line.resets = b""
	return done


def reset_and_lied_about():
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		lied_about(m, d, m.tpm.reboot, "chip-reset", "chip-failed")
		d.process.kill()
		d.wait()
		m.tpm.reboot()
		m.serves()
		m.accepted()


def cleared_in_mid_run():
	"""By the operator's own lockout authorisation.  The count of resets begins anew: that is what a running daemon sees,
	and the next start what it was."""
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		d.alive()
		told = m.sign("device", "authorisations", m.state / "keys/authorisations").stdout
		lockout = next(line.split(":")[1] for line in told.splitlines() if line.startswith("lockout"))
		password = struct.pack(">IHBH", 0x40000009, 0, 0, len(lockout) // 2) + bytes.fromhex(lockout)
		command = struct.pack(">II", 0x4000000A, len(password)) + password  # TPM_RH_LOCKOUT
		m.tpm.line.between = struct.pack(">HII", 0x8002, 10 + len(command), 0x126) + command  # TPM2_Clear
		wait_for("the TPM is cleared", lambda: m.tpm.line.said, LOOK_SECONDS)
		demand(m.tpm.line.said[6:10] == bytes(4), "it is not cleared", m.tpm.line.said.hex())
		wait_for("the daemon notices", lambda: health(d)[0] == 503, LOST_SECONDS)
		m.demand_state("chip-reset", "reboot the machine")
		d.process.send_signal(signal.SIGTERM)
		demand(d.wait() == 1, "serve ended with", d.wait(), d.log())
		m.refused_start("chip-cleared", "enrol")
		m.tpm.reboot()
		m.refused_start("chip-cleared", "enrol")


def exchange_tpm(m):
	"""In mid-run; the other one was reset as often.  Returns what puts the first one back."""
	m.tpm.off()
	(m.top / "tpm").rename(m.top / "first")
	m.tpm.on()

	def back():
		m.tpm.off()
		shutil.rmtree(m.top / "tpm")
		(m.top / "first").rename(m.top / "tpm")
		m.tpm.on()
	return back


def is_another(m, d, back):
	"""What was noticed stays so: no start serves until the TPM is back, and each says the same."""
	ends_refused(d)
	for _ in range(2):
		m.refused_start("clone", "freehold init", "revoke the old device")
		m.tpm.reboot()
	back()
	m.serves()
	m.accepted()


def replaced_in_mid_run():
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		going = loses(d, "chip-replaced")
		next(going)
		wait_for("the daemon looks", lambda: m.tpm.line.seen, LOOK_SECONDS)
		resets = m.tpm.line.seen
		back = exchange_tpm(m)
		next(going, None)
		demand(m.tpm.line.seen == resets, "it was reset more often, so this proves nothing")
		m.demand_state("chip-replaced", "start freehold again")
		is_another(m, d, back)


def replaced_and_lied_about():
	"""By somebody who goes on counting for the first one: its storage key is missed within a minute."""
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		is_another(m, d, lied_about(m, d, lambda: exchange_tpm(m), "chip-replaced"))


def gone_at_the_last_moment():
	with Bench() as m:
		m.make(tpm=True).govern()
		d = m.serve()
		d.alive()
		m.tpm.off()
		ends_refused(d)
		m.tpm.on()
		m.serves()
		m.accepted()


def every_command_of_a_start():
	"""The k-th command is lost, unheard or refused, for every k: a state with a name, and the next boot serves."""
	with Bench() as m:
		m.make(tpm=True).govern()
		m.serves()
		states, survived = set(), set()
		for k in range(COMMANDS_MAX):
			m.tpm.reboot()
			m.tpm.line.fault, m.tpm.line.at = ("lost", "unheard", "refused")[k % 3], k
			d = m.serve(ready=False)
			wait_for("an end or a beginning", lambda: d.process.poll() is not None or "serve: ready" in d.log())
			m.tpm.line.fault = None
			if d.process.poll() is None:
				met = m.tpm.line.commands > k
				d.stop()
				if not met:
					break
				survived.add(m.tpm.line.met)
				continue
			demand(d.wait() == 1, "command", k, ": status", d.wait(), d.log())
			states.add(m.status()["refused"]["state"])
			(m.state / "record" / "pending").unlink()
		demand(k > 60 and states == {"chip-gone", "chip-failed"}, k, states)
		demand(survived <= {FLUSH}, "a refusal of other commands than TPM2_FlushContext is passed over:", survived)
		m.tpm.reboot()
		m.serves()
		m.accepted()


def a_failure_behind_the_release_locks_the_boot():
	"""Whatever command is refused once the device key is out: nobody has it again before the next boot."""
	with Bench() as m:
		m.make(tpm=True).govern()
		m.serves()
		m.tpm.reboot()
		m.serves()
		k, seen = m.tpm.line.unsealed, set()
		demand(k > 0, "no key was released")
		while k < COMMANDS_MAX:
			m.tpm.reboot()
			m.tpm.line.fault, m.tpm.line.at = "refused", k
			d = m.serve(ready=False)
			wait_for("an end or a beginning", lambda: d.process.poll() is not None or "serve: ready" in d.log())
			m.tpm.line.fault = None
			met, released = m.tpm.line.met, m.tpm.line.unsealed
			if d.process.poll() is None:
				d.stop()
				if m.tpm.line.commands <= k:
					break
				demand(met in (FLUSH, CAPABILITY) or EXTEND in seen, "command", k, hex(met), "is passed over")
				k += 1
				continue
			demand(d.wait() == 1 and released, k, hex(met), d.wait(), d.log())
			zero = "0x" + 64 * "0"
			demand(zero not in m.tpm.tool("tpm2_pcrread", "sha256:13").stdout, "command", k, hex(met),
				"leaves the boot open")
			seen.add(met)
			again = m.serve(ready=False)
			wait_for("an end or a beginning", lambda: again.process.poll() is not None or "serve: ready" in again.log())
			if again.process.poll() is None:  # what was left is the session that the lock names
				again.stop()
			else:
				demand(m.status()["refused"]["state"] == "key-spent", "command", k, m.status(), again.log())
			(m.state / "record" / "pending").unlink(missing_ok=True)
			k += 1
		demand({0x153, EXTEND} <= seen, "sealing and locking were not among them:", [hex(c) for c in seen])
		m.tpm.reboot()
		m.serves()
		m.accepted()


def locked_out_by_others():
	"""Nothing of ours can be locked out, unless somebody's storage key can."""
	with Bench() as m:
		lock_out(m, own=False)
		m.serves()
	with Bench() as m:
		m.tpm.tool("tpm2_createprimary", "-C", "o", "-G", "ecc256:aes128cfb", "-c", "srk", "-a",
			"fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt")
		m.tpm.tool("tpm2_evictcontrol", "-C", "o", "-c", "srk", "0x81000001")
		lock_out(m, own=True)
		m.refused_start("chip-lockout", "freehold device authorisations")
		told = m.sign("device", "authorisations", m.state / "keys/authorisations").stdout
		lockout = next(line.split(":")[1] for line in told.splitlines() if line.startswith("lockout"))
		m.tpm.tool("tpm2_dictionarylockout", "--clear-lockout", "-p", f"hex:{lockout}")
		m.serves()
		m.accepted()


def lock_out(m, own):
	m.make(tpm=True).govern()
	m.tpm.reboot()
	if own:
		m.tpm.tool("tpm2_create", "-C", "0x81000001", "-p", "secret", "-u", "k.pub", "-r", "k.priv")
		m.tpm.tool("tpm2_load", "-C", "0x81000001", "-u", "k.pub", "-r", "k.priv", "-c", "k")
	else:
		m.tpm.tool("tpm2_createprimary", "-C", "n", "-c", "n")
		m.tpm.tool("tpm2_create", "-C", "n", "-p", "secret", "-u", "k.pub", "-r", "k.priv")
		m.tpm.tool("tpm2_load", "-C", "n", "-u", "k.pub", "-r", "k.priv", "-c", "k")
	for _ in range(40):
		r = m.tpm.tool("tpm2_sign", "-c", "k", "-p", "wrong", "-g", "sha256", "-o", "s", "/dev/null", status=None)
		if "lockout" in r.stderr.lower():
			break
	said = m.tpm.tool("tpm2_getcap", "properties-variable").stdout
	demand("inLockout:                 1" in said, "the TPM is not locked out", said)


def full():
	"""Where its owner's authorisation is ours to use, a start makes the index for new operators."""
	with Bench() as m:
		made = fill(m.tpm)
		r = m.sign("init", "--device-name", "box", status=2)
		demand_message(r.stderr, "NV memory is full", "tpm2_nvundefine")
		for handle in made[:8]:
			m.tpm.tool("tpm2_nvundefine", "-C", "o", handle)
		demand_message(m.sign("init", "--device-name", "box", status=2).stderr, "move it away")
		m.state.rename(m.top / "unfinished")
		m.key.unlink()
		m.sign("init", "--device-name", "box", "--keep-authorisations")
		m.genesis = m.chain()["chain"]
		m.govern()
		m.serves()
		m.run("key", "new", m.top / "op2.key", "--passphrase-fd", 0)
		m.sign("signers", "change", "--new-key", m.key, "--new-key", m.top / "op2.key", "--threshold", "default=1",
			"--threshold", "reference=2")
		made = fill(m.tpm, first=0x01800400)
		m.tpm.reboot()
		m.refused_start("chip-full", "tpm2_nvundefine", "reboot the machine")
		m.tpm.tool("tpm2_nvundefine", "-C", "o", made[0])
		m.tpm.reboot()
		m.serves()
		m.accepted()


def fill(tpm, first=0x01800100):
	"""Handles of the indices that leave no room for another."""
	made, handle = [], first
	for size, kind in ((2048, ""), (512, ""), (128, ""), (32, ""), (8, ""), (8, "|nt=counter")):
		while True:
			how = ["-C", "o", "-s", size, "-a", f"authread|authwrite{kind}"]
			r = tpm.tool("tpm2_nvdefine", hex(handle), *how, status=None)
			if r.returncode != 0:
				break
			made.append(hex(handle))
			handle += 1
	return made


def main():
	if not shutil.which("swtpm") or not shutil.which("tpm2_nvdefine"):
		print("skip - states of a chip: swtpm or tpm2-tools are not installed")
		return 0
	return run_tests([gone_for_a_moment, gone_in_mid_run, gone_is_noticed_by_who_asks_for_a_quote, hangs_and_comes_back,
		reset_in_mid_run, reset_and_lied_about, cleared_in_mid_run, replaced_in_mid_run, replaced_and_lied_about,
		gone_at_the_last_moment, locked_out_by_others, full, every_command_of_a_start,
		a_failure_behind_the_release_locks_the_boot])


if __name__ == "__main__":
	sys.exit(main())
