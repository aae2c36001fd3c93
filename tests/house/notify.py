# SPDX-License-Identifier: Apache-2.0
"""What serve tells the service manager: sd_notify(3), as packaging/freehold.service.in has it (Type=notify, NotifyAccess=main)."""
import os
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "daemon"))
from machine import PATIENCE, Machine, demand, run_tests  # noqa: E402

SO_PASSCRED = 16


class Manager:
	"""The service manager's end: datagrams, and who sent them."""

	def __init__(self, address):
		self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		self.socket.setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 1)
		self.socket.settimeout(PATIENCE)
		self.socket.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
		os.environ["NOTIFY_SOCKET"] = address

	def hear(self):
		"""The next message, as (lines, process id of the sender)."""
		text, more, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
		demand(more, "a message without credentials:", text)
		return text.decode().splitlines(), struct.unpack("3i", more[0][2])[0]

	def silent(self):
		self.socket.setblocking(False)
		try:
			return not self.socket.recv(4096)
		except BlockingIOError:
			return True
		finally:
			self.socket.settimeout(PATIENCE)

	def close(self):
		self.socket.close()
		del os.environ["NOTIFY_SOCKET"]


def tells(m, address):
	manager = Manager(address)
	try:
		d = m.serve(ready=False)
		lines, sender = manager.hear()
		demand("READY=1" in lines, "the first message is", lines)
		demand(sender == d.pid, "sent by", sender, "and not by the main process", d.pid)
		d.wait_ready()
		demand(manager.silent(), "it says more than that it is ready")
		d.stop()
		lines, sender = manager.hear()
		demand("STOPPING=1" in lines and sender == d.pid, "then", lines, "from", sender)
		demand(manager.silent(), "it says more than that it stops")
	finally:
		manager.close()


with Machine() as base:
	base.make().govern()

	def tells_a_socket_with_a_path():
		with base.copy() as m:
			tells(m, str(m.top / "notify"))

	def tells_an_abstract_socket():
		with base.copy() as m:
			tells(m, f"@freehold-test-{os.getpid()}")

	def is_not_ready_when_it_cannot_start():
		with base.copy() as m:
			manager = Manager(str(m.top / "notify"))
			try:
				(m.state / "keys" / "device").unlink()
				m.serve_fails()
				demand(manager.silent(), "it said something")
			finally:
				manager.close()

	def serves_without_a_manager_that_listens():
		with base.copy() as m:
			os.environ["NOTIFY_SOCKET"] = str(m.top / "nobody")
			try:
				d = m.serve()
				d.alive()
				d.stop()
			finally:
				del os.environ["NOTIFY_SOCKET"]

	status = run_tests([tells_a_socket_with_a_path, tells_an_abstract_socket, is_not_ready_when_it_cannot_start,
		serves_without_a_manager_that_listens])
sys.exit(status)
