# SPDX-License-Identifier: Apache-2.0
"""A machine that serves quotes its state over the checkpoint once an hour (FH_QUOTE_INTERVAL_MS), records it, and has the TPM note
the record then: docs/spec/CHIP.md, "The note".  Its boot clock is put ahead (late.c), so an hour takes no time."""
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "daemon"))
from chip import Tpm  # noqa: E402
import machine  # noqa: E402
from machine import Machine, demand, demand_message, run_tests, wait_for  # noqa: E402

MINUTE = 60 * 1000
LOOK_SECONDS = 12  # within which core wakes: FH_CHIP_LOOK_MS is 10 s
GRADES = "simulated,co-located"


LATE = Path(f"/tmp/freehold-late.{os.getsid(0)}")


def put_ahead(ms):
	with open(LATE, "r+b") as f:
		f.write(struct.pack("=Q", ms))


def serve(m):
	LATE.write_bytes(bytes(8))
	own, machine.FREEHOLD = machine.FREEHOLD, machine.BUILD / "tests" / "swtpm" / "freehold-late"
	d = m.serve()
	machine.FREEHOLD = own
	return d


def quotes(m):
	return [e["index"] for e in m.entries().values() if e["kind"] == "quote"]


def none_more(m, n):
	time.sleep(LOOK_SECONDS)
	demand(len(quotes(m)) == n, "quotes:", quotes(m), "and not", n)


def once_an_hour_and_the_record_is_noted():
	with Machine() as m, Tpm(m) as tpm:
		m.make(tpm=True).govern()
		d = serve(m)
		d.alive()
		put_ahead(59 * MINUTE)
		none_more(m, 0)
		put_ahead(61 * MINUTE)
		wait_for("the first hour's quote", lambda: len(quotes(m)) == 1, 2 * LOOK_SECONDS)
		none_more(m, 1)
		shutil.copytree(m.state, m.top / "older", symlinks=True)
		d.alive()  # the quote is over more than the one before was
		put_ahead(122 * MINUTE)
		wait_for("the second hour's quote", lambda: len(quotes(m)) == 2, 2 * LOOK_SECONDS)
		time.sleep(1)  # and the note behind it
		d.kill()
		command = [sys.executable, HERE / "tpm.py", tpm.path, "note"]
		noted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
		size = int(noted[16:32], 16)
		demand(size > quotes(m)[1], "the chip noted", size, "entries; the quotes are", quotes(m))
		m.verify("--require", "authentic,enrolled,accepted", grades=GRADES)
		# So what is older than the last quote is seen to be.
		m.state.rename(m.top / "newest")
		(m.top / "older").rename(m.state)
		demand_message(m.serve_fails(status=1), "is older than the chip remembers")
		shutil.rmtree(m.state)
		(m.top / "newest").rename(m.state)
		d = m.serve()
		d.alive()
		d.stop()
		m.verify("--require", "authentic,enrolled,accepted", grades=GRADES)


def main():
	if reason := Tpm.why_not():
		print("skip - quotes by the hour:", reason)
		return 0
	try:
		return run_tests([once_an_hour_and_the_record_is_noted])
	finally:
		LATE.unlink(missing_ok=True)


if __name__ == "__main__":
	sys.exit(main())
