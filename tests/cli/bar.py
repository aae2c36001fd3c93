# SPDX-License-Identifier: Apache-2.0
"""bar.py same|other COMMAND...: COMMAND, whose output is taken only after two seconds, shows a bar of progress on its terminal,
and wipes it; with `same` its output goes to that terminal, too, and it shows none."""
import os
import pty
import re
import subprocess
import sys
import threading
import time

where, command = sys.argv[1], sys.argv[2:]
terminal, its = pty.openpty()
process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=its if where == "same" else subprocess.PIPE, stderr=its)
os.close(its)
time.sleep(2.5)
shown = []


def read_terminal():
	try:
		while some := os.read(terminal, 65536):
			shown.append(some)
	except OSError:  # nobody writes to it any more
		pass


reader = threading.Thread(target=read_terminal)
reader.start()
if where == "other":
	process.stdout.read()
status = process.wait(30)
reader.join()
text = b"".join(shown)
bar = re.search(rb"\r\[#* *\] +\d+ % \d+ entries \r", text)
assert status == 0, (status, text[-500:])
if where == "same":
	assert len(text) > 65536 and b"% " not in text, text[-500:]
else:
	assert bar and text.endswith(b" \r") and not re.search(rb"[^\x20-\x7e\r]", text), text[-500:]
