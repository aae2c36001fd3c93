# SPDX-License-Identifier: Apache-2.0
"""What can be read on the wires of a TPM while a device key is sealed and opened again: nothing of what is sealed.

The chain id and the device id are sealed with the seed of the device key (docs/spec/KEYS.md).  Both are known here, and would be
seen if the seed could be.  Commands and answers: TPM 2.0 Library part 3; sessions: part 1, clauses 16 to 19.
"""
import socket
import struct
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "daemon"))
from chip import Tpm  # noqa: E402
from machine import Failure, Machine, demand, run_tests  # noqa: E402

CREATE, UNSEAL, START_SESSION = 0x153, 0x15E, 0x176
SESSIONS = 0x8002           # TPM_ST_SESSIONS
DECRYPT, ENCRYPT = 1 << 5, 1 << 6
HEAD = 10


def read_message(stream):
	"""One command or answer, or nothing at the end."""
	head = b""
	while len(head) < HEAD:
		if not (more := stream.recv(HEAD - len(head))):
			return b""
		head += more
	rest = struct.unpack(">I", head[2:6])[0] - HEAD
	body = b""
	while len(body) < rest:
		if not (more := stream.recv(rest - len(body))):
			return b""
		body += more
	return head + body


class Tap:
	"""Stands between Freehold and the simulator, and keeps (command, answer) of everything."""

	def __init__(self, path, behind):
		self.behind, self.heard = behind, []
		self.socket = socket.socket(socket.AF_UNIX)
		self.socket.bind(str(path))
		self.socket.listen()
		threading.Thread(target=self.run, daemon=True).start()

	def run(self):
		while True:
			client, _ = self.socket.accept()
			with client, socket.socket(socket.AF_UNIX) as tpm:
				tpm.connect(str(self.behind))
				while command := read_message(client):
					tpm.sendall(command)
					answer = read_message(tpm)
					self.heard.append((command, answer))
					client.sendall(answer)


def code(message):
	return struct.unpack(">I", message[6:10])[0]


def take(message, at):
	"""A TPM2B at AT, and where it ends."""
	n = struct.unpack_from(">H", message, at)[0]
	demand(at + 2 + n <= len(message), "a message ends in the middle:", message.hex())
	return message[at + 2:at + 2 + n], at + 2 + n


def sessions(command):
	"""{session handle: attributes} of a command with one handle."""
	demand(struct.unpack(">H", command[:2])[0] == SESSIONS, "no session at all")
	at = HEAD + 4
	end = at + 4 + struct.unpack_from(">I", command, at)[0]
	at, found = at + 4, {}
	while at < end:
		handle = struct.unpack_from(">I", command, at)[0]
		_, at = take(command, at + 4)
		found[handle] = command[at]
		_, at = take(command, at + 1)
	return found


def judge(heard, secrets):
	"""How many secrets were sealed and opened; what must not be is a Failure."""
	salted, sealed, opened = set(), 0, 0
	for command, answer in heard:
		for secret in secrets:
			demand(secret not in command, "in clear, to the TPM:", command.hex())
			demand(secret not in answer, "in clear, from the TPM:", answer.hex())
		if code(answer) != 0:
			continue
		if code(command) == START_SESSION:
			_, at = take(command, HEAD + 8)
			salt, _ = take(command, at)
			handle = struct.unpack_from(">I", answer, HEAD)[0]
			(salted.add if salt else salted.discard)(handle)
		wanted = {CREATE: DECRYPT, UNSEAL: ENCRYPT}.get(code(command))
		if wanted is None:
			continue
		hidden = [s for s, attributes in sessions(command).items() if attributes & wanted]
		demand(hidden, "no session hides the parameter:", command.hex())
		demand(set(hidden) <= salted, "whoever listens knows the session's key:", command.hex())
		sealed += code(command) == CREATE
		opened += code(command) == UNSEAL
	return sealed, opened


def refuses(heard, secrets):
	try:
		judge(heard, secrets)
		return False
	except Failure:
		return True


def replaced(heard, wanted, change):
	"""The same, but for the first exchange of the command WANTED."""
	at = next(i for i, (c, a) in enumerate(heard) if code(c) == wanted and code(a) == 0)
	return [*heard[:at], change(*heard[at]), *heard[at + 1:]]


def without_attributes(command, answer):
	_, at = take(command, HEAD + 8 + 4)
	return command[:at] + bytes([command[at] & ~(DECRYPT | ENCRYPT)]) + command[at + 1:], answer


def without_salt(command, answer):
	_, at = take(command, HEAD + 8)
	_, end = take(command, at)
	return command[:at] + b"\0\0" + command[end:], answer


def main():
	if reason := Tpm.why_not():
		print("skip - the wires of a TPM:", reason)
		return 0
	with Machine() as m, Tpm(m) as tpm:
		return listen(m, Tap(m.top / "tap", tpm.path))


def listen(m, tap):
	m.config.write_text(f"tcti = swtpm:path={m.top}/tap\n")
	m.make(tpm=True).govern()
	at_init = len(tap.heard)
	d = m.serve()
	d.alive()
	d.stop()
	heard = list(tap.heard)
	secrets = [bytes.fromhex(m.genesis), *(bytes.fromhex(x["id"]) for x in m.chain()["devices"])]

	def what_is_sealed_cannot_be_read_on_the_way():
		sealed, _ = judge(heard[:at_init], secrets)
		demand(sealed >= 1 and len(secrets) == 2, "init sealed nothing")

	def what_is_opened_cannot_be_read_on_the_way():
		_, opened = judge(heard, secrets)
		demand(opened >= 1, "serve opened nothing")

	def a_plain_exchange_is_seen():
		demand(refuses(replaced(heard, CREATE, lambda c, a: (c + secrets[0], a)), secrets), "a secret in a command")
		demand(refuses(replaced(heard, UNSEAL, lambda c, a: (c, a + secrets[1])), secrets), "a secret in an answer")

	def a_session_that_hides_nothing_is_seen():
		for command in (CREATE, UNSEAL):
			demand(refuses(replaced(heard, command, without_attributes), secrets), "attributes of", hex(command))

	def a_session_without_a_salt_is_seen():
		plain = [without_salt(c, a) if code(c) == START_SESSION else (c, a) for c, a in heard]
		demand(refuses(plain, secrets), "sessions without a salt")

	return run_tests([what_is_sealed_cannot_be_read_on_the_way, what_is_opened_cannot_be_read_on_the_way,
		a_plain_exchange_is_seen, a_session_that_hides_nothing_is_seen, a_session_without_a_salt_is_seen])


if __name__ == "__main__":
	sys.exit(main())
