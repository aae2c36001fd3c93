# SPDX-License-Identifier: Apache-2.0
"""hostile.py BUILD: records that are made to hang a reader or to fill its memory.  None is verified, each is read in little memory
and time, and what is wrong is said."""
import os
import re
import subprocess
import sys
import time

BUILD = sys.argv[1]
SEGMENT = "0" * 20 + ".fhj"
SECONDS = 60  # of seconds that each may take, on a machine that does much else
MIB = 96      # that each may touch,
MAPPED = 264  # and the largest segment, which is mapped

GENESIS = subprocess.run([f"{BUILD}/tests/fixture/make-record", "good", "4", "12", "tpm-sealed", "note"], check=True,
	capture_output=True, text=True).stdout.strip()
GOOD = open(f"good/{SEGMENT}", "rb").read()
HEAD = 5 + int.from_bytes(GOOD[1:5], "big")


def segment(name, data, size=0):
	os.mkdir(name)
	with open(f"{name}/{SEGMENT}", "wb") as f:
		f.write(data)
		f.truncate(max(size, len(data)))


def frame(kind, body):
	return bytes([kind]) + len(body).to_bytes(4, "big") + body


def run(*command):
	"""(status, what it said, seconds, MiB)."""
	began = time.monotonic()
	with open("said", "w+b") as said:
		p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
		while (done := os.wait4(p.pid, os.WNOHANG))[0] == 0:
			if time.monotonic() - began > SECONDS:
				p.kill()
			time.sleep(0.01)
		said.seek(0)
		text = said.read().decode("utf-8", "replace")
	p.returncode = os.waitstatus_to_exitcode(done[1])
	return p.returncode, text, time.monotonic() - began, done[2].ru_maxrss >> 10


def make_all():
	segment("of a terabyte", GOOD, 1 << 40)
	segment("of zeros, as many as may be", GOOD, 264 << 20)
	segment("of empty checkpoints", GOOD[:HEAD] + frame(3, b"") * 10_000_000)
	segment("of a frame as long as can be said", GOOD[:HEAD] + b"\x02\xff\xff\xff\xff" + GOOD[HEAD:])
	segment("of batches that announce entries", GOOD[:HEAD] + frame(2, bytes(8) + b"\xff\xff\xff\xff" + bytes(8 << 20)) * 16)
	segment("of one head after another", GOOD[:HEAD] * 200_000)
	for name in ("of a pipe", "of a device", "of a directory"):
		os.mkdir(name)
	os.mkfifo(f"of a pipe/{SEGMENT}")
	os.symlink("/dev/zero", f"of a device/{SEGMENT}")
	os.mkdir(f"of a directory/{SEGMENT}")
	segment("of a hundred thousand segments", GOOD)
	for n in range(100_000):
		open(f"of a hundred thousand segments/{1_000_000 + n:020d}.fhj", "wb").close()
	segment("with anchors that are pipes", GOOD)
	os.mkdir("with anchors that are pipes/anchors")
	os.mkfifo("with anchors that are pipes/anchors/00000000000000000053.note")


# In a process of its own: the peak of whoever forks is a program's own peak from its begin on.
if (pid := os.fork()) == 0:
	make_all()
	os._exit(0)
assert os.waitpid(pid, 0)[1] == 0

# What is no more than unreadable, or has nothing wrong before zeros that were never written.
STATUS = {"of zeros, as many as may be": 0, "of a terabyte": 2, "of a pipe": 2, "of a device": 2, "of a directory": 2,
	"with anchors that are pipes": 2}


def is_little(name, seconds, mib):
	most = MIB + (MAPPED if "zeros" in name else 0)
	assert seconds < SECONDS and mib < most, f"{seconds:.1f} s, {mib} MiB"


def verifies(name):
	more = ["--anchors", f"{name}/anchors"] if "anchors" in name else []
	status, said, seconds, mib = run(f"{BUILD}/freehold-verify", "record", name, "--genesis", GENESIS, *more)
	assert status == STATUS.get(name, 1), (status, said)
	is_little(name, seconds, mib)
	assert status != 2 or re.search(r"^freehold(-verify)?: .*: .*; \S|^unchecked .*", said, re.M), said
	print(f"# {name}: {seconds:.1f} s, {mib} MiB")


def exports(name):
	status, said, seconds, mib = run(f"{BUILD}/freehold", "record", "export", "--to", "3", name)
	assert status in (0, 2), (status, said[-500:])
	is_little(name, seconds, mib)


failed = False
for name in sorted(os.listdir(".")):
	if not name.startswith(("of ", "with ")):
		continue
	for what, judge in (("verified", verifies), ("exported", exports)):
		try:
			judge(name)
			print(f"ok - a record {name} is {what} in little time and memory")
		except AssertionError as e:
			print(f"not ok - a record {name} is {what} in little time and memory\n# {e}")
			failed = True
sys.exit(failed)
