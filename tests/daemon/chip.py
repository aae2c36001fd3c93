# SPDX-License-Identifier: Apache-2.0
"""A TPM of its own for a test: a simulator, which is another chip where its state is another."""
import shutil
import subprocess
from pathlib import Path

from machine import listens, wait_for


class Tpm:
	"""The simulator of the machine M, at M.top/swtpm, where its configuration looks for it.  As a context it is on."""

	def __init__(self, m):
		self.top, self.process, self.path = m.top, None, m.top / "swtpm"
		m.config.write_text(f"tcti = swtpm:path={self.path}\n")

	@staticmethod
	def why_not():
		return "swtpm is not installed" if not shutil.which("swtpm") else None

	def on(self):
		(self.top / "tpm").mkdir(exist_ok=True)
		self.process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.top}/tpm", "--ctrl",
			f"type=unixio,path={self.path}.ctrl", "--server", f"type=unixio,path={self.path}", "--flags",
			"not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		wait_for("swtpm listens", lambda: listens(self.path))

	def off(self):
		if self.process:
			self.process.kill()
			self.process.wait()
			self.process = None
		for path in (self.path, Path(f"{self.path}.ctrl")):
			path.unlink(missing_ok=True)

	def reboot(self):
		self.off()
		self.on()

	def becomes_another(self):
		"""The next time that it is on."""
		self.off()
		shutil.rmtree(self.top / "tpm")

	def __enter__(self):
		self.on()
		return self

	def __exit__(self, *_):
		self.off()
