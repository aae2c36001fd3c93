# SPDX-License-Identifier: Apache-2.0
"""changed.py VERIFY RECORD NOTE: changes one byte of RECORD at many places, each time verifies with one thread, with four, and as
having been verified up to its last checkpoint before; all of it must be no, and the first two say the same, word for word."""
import random
import shutil
import subprocess
import sys

verify, record, note = sys.argv[1:]
name = "/00000000000000000000.fhj"
whole = open(record + name, "rb").read()
shutil.copytree(record, "changed", dirs_exist_ok=True)
random.seed(7)
for _ in range(60):
	at = random.randrange(len(whole))
	with open("changed" + name, "r+b") as f:
		f.seek(at)
		f.write(bytes([whole[at] ^ 1 << random.randrange(8)]))
	command = [verify, "record", "--require", "authentic", "changed"]
	said = [subprocess.run([*command, *more], capture_output=True, text=True, timeout=60)
		for more in (["--jobs", "1"], ["--jobs", "4"], ["--jobs", "4", "--since", note])]
	assert [r.returncode for r in said[:2]] == [1, 1], (at, [r.stdout for r in said])
	assert said[0].stdout == said[1].stdout, (at, said[0].stdout, said[1].stdout)
	# A signature before the trusted checkpoint is not looked at; everything that has a place in the tree is.
	assert said[2].returncode == 1 or "signature" in said[0].stdout, (at, said[0].stdout, said[2].stdout)
	with open("changed" + name, "r+b") as f:
		f.seek(at)
		f.write(whole[at:at + 1])
