# SPDX-License-Identifier: Apache-2.0
"""Kills serve at each TPM command of a boot's first start, in turn, and starts it again in the same boot.  Whatever the crash left
(docs/spec/KEYS, "The boot window"), the next start serves, and the record is accepted.  Half of the commands are lost, half are
carried out without their answer being heard."""
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FREEHOLD = os.environ.get("FREEHOLD", "build/freehold")
VERIFY = os.environ.get("FREEHOLD_VERIFY", str(Path(FREEHOLD).with_name("freehold-verify")))
PASSPHRASE = b"correct horse\ncorrect horse\n"
COMMANDS_MAX = 400  # of one start; there are about a hundred
READY_SECONDS = 30


class Tpm:
	"""A simulator, and the line to it that can be cut at the k-th command."""

	def __init__(self, top):
		self.top, self.process = top, None
		self.inside, self.outside = top / "tpm.sock", top / "line.sock"
		(top / "tpm").mkdir()

	def on(self):
		self.process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.top}/tpm", "--server",
			f"type=unixio,path={self.inside}", "--flags", "not-need-init,startup-clear"], stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL)
		for _ in range(200):
			try:  # its socket is there a moment before it listens
				return self.connect().close()
			except OSError:
				time.sleep(0.02)
		sys.exit("not ok - swtpm starts")

	def off(self):
		self.process.terminate()
		self.process.wait()
		self.inside.unlink(missing_ok=True)

	def connect(self):
		line = socket.socket(socket.AF_UNIX)
		line.connect(str(self.inside))
		return line

	def flush(self):
		"""What the kernel's resource manager does when a program has died."""
		with self.connect() as line:
			for first in (0x80000000, 0x02000000, 0x03000000):
				answer = exchange(line, struct.pack(">HIIIII", 0x8001, 22, 0x17A, 1, first, 32))
				count = struct.unpack(">I", answer[15:19])[0]
				for handle in struct.unpack(f">{count}I", answer[19:19 + 4 * count]):
					exchange(line, struct.pack(">HIII", 0x8001, 14, 0x165, handle))


def whole(line):
	"""One command or answer, by the size in its head; empty at the end."""
	data = b""
	while len(data) < 6 or len(data) < struct.unpack(">I", data[2:6])[0]:
		more = line.recv(4096)
		if not more:
			return b""
		data += more
	return data


def exchange(line, command):
	line.sendall(command)
	return whole(line)


class Start:
	"""One `serve`, whose TPM we are."""

	def __init__(self, tpm, state, under=()):
		"""UNDER: words of a command that runs it."""
		tpm.outside.unlink(missing_ok=True)
		self.listening = socket.socket(socket.AF_UNIX)
		self.listening.bind(str(tpm.outside))
		self.listening.listen(1)
		self.log = open(tpm.top / "log", "w+")
		self.tpm, self.commands, self.tpm_seconds = tpm, 0, 0.0
		(tpm.top / "notify").unlink(missing_ok=True)
		self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		self.notify.bind(str(tpm.top / "notify"))
		self.began = time.monotonic()
		words = [*under, FREEHOLD, "serve", "--config", tpm.top / "conf", "--state", state, "--socket", tpm.top / "fh.sock"]
		self.process = subprocess.Popen([str(w) for w in words], stdout=self.log, stderr=self.log, start_new_session=True,
			env={**os.environ, "NOTIFY_SOCKET": str(tpm.top / "notify")})

	def run(self, cut=lambda n, command: None):
		"""Carries commands until serve is ready and quiet (True), is killed, or ends (False).  CUT says of the N-th command
		that all is killed "before" it is carried out, or "behind" it, its answer unheard."""
		self.listening.settimeout(READY_SECONDS)
		outer, _ = self.listening.accept()
		end = time.monotonic() + READY_SECONDS
		with self.tpm.connect() as inner, outer:
			while time.monotonic() < end:
				waiting = select.select([outer, self.notify], [], [], 0.05)[0]
				if self.notify in waiting and b"READY=1" in self.notify.recv(4096):
					self.ready_seconds = time.monotonic() - self.began
					return self.stop(outer, inner)
				if outer not in waiting:
					continue
				command = whole(outer)
				if not command:
					self.process.wait()
					return False
				where = cut(self.commands, command)
				if where == "before":
					return self.kill()
				asked = time.monotonic()
				answer = exchange(inner, command)
				self.tpm_seconds += time.monotonic() - asked
				if where == "behind":
					return self.kill()
				self.commands += 1
				outer.sendall(answer)
		return self.kill()

	def kill(self):
		os.killpg(self.process.pid, signal.SIGKILL)
		self.process.wait()
		time.sleep(0.05)  # its roles die with it
		return False

	def stop(self, outer, inner):
		self.process.terminate()
		end = time.monotonic() + READY_SECONDS
		while self.process.poll() is None and time.monotonic() < end:
			if select.select([outer], [], [], 0.05)[0]:
				command = whole(outer)
				if command:
					outer.sendall(exchange(inner, command))
		return self.process.poll() == 0


def freehold(top, *words):
	with tempfile.TemporaryFile() as passphrase:
		passphrase.write(PASSPHRASE)
		passphrase.seek(0)
		where = ["--config", str(top / "conf"), "--state", str(top / "state"), "--passphrase-fd", str(passphrase.fileno())]
		return subprocess.run([FREEHOLD, *words, *where], pass_fds=[passphrase.fileno()], capture_output=True, text=True)


def verify(top):
	shown = subprocess.run([FREEHOLD, "chain", "show", "--state", str(top / "state")], capture_output=True, text=True).stdout
	genesis = next(line.split()[1] for line in shown.splitlines() if line.startswith("chain"))
	return subprocess.run([VERIFY, "record", str(top / "state"), "--genesis", genesis, "--allow-grade", "simulated,co-located",
		"--require", "authentic,enrolled,accepted"], capture_output=True, text=True)


def report(good, name, detail=""):
	print(("ok - " if good else "not ok - ") + name)
	if not good:
		print("".join(f"# {line}\n" for line in detail.splitlines()), end="")
	return good


def main(top):
	tpm = Tpm(top)
	tpm.on()
	(top / "conf").write_text(f"tcti = swtpm:path={tpm.inside}\n")
	made = freehold(top, "init", "--operator-key", str(top / "op.key"))
	good = report(made.returncode == 0, "init", made.stderr)
	(top / "conf").write_text(f"tcti = swtpm:path={tpm.outside}\n")
	first = Start(tpm, top / "state")
	good &= report(first.run(), "a start without a crash", Path(first.log.name).read_text())
	crashed = 0
	for k in range(COMMANDS_MAX):
		tpm.off()
		tpm.on()
		start = Start(tpm, top / "state")
		how = "behind" if k % 2 == 1 else "before"
		if start.run(lambda n, command: how if n == k else None):
			break  # it has fewer commands
		crashed += 1
		tpm.flush()
		again = Start(tpm, top / "state")
		if not again.run():
			good = report(False, f"a start after a crash at command {k}", Path(again.log.name).read_text())
			break
		tpm.flush()
	good &= report(crashed > 30, f"{crashed} crashes, and a start after each")
	verdict = verify(top)
	good &= report(verdict.returncode == 0, "the record of all of them is accepted", verdict.stdout)
	tpm.off()
	return 0 if good else 1


if __name__ == "__main__":
	with tempfile.TemporaryDirectory() as directory:
		sys.exit(main(Path(directory)))
