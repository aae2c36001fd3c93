#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SECURITY.md, "No override": every row of its table names a test that there is, and that is run.
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
exec python3 - "$top" << 'END'
import re, sys
from pathlib import Path

top = Path(sys.argv[1])
ROW = re.compile(r"^\| (?P<way>[^|]+) \| `(?P<file>tests/[^`]+)` \| (?P<test>[^|]+) \|$")


def missing(row):
	"""What is wrong with ROW; nothing if its test is defined in its file and handed to whoever runs it."""
	m = ROW.match(row)
	if not m:
		return "is no row with a way, a file and a test"
	path, name = top / m["file"], re.sub(r"[^a-z0-9]+", "_", m["test"].strip().lower())
	text = path.read_text() if path.is_file() else ""
	uses = re.findall(rf"\b{name}\b", text)
	defined = re.search(rf"^(\s*def |static void ){name}\(", text, re.M)
	return "" if defined and len(uses) >= 2 else f"{m['file']} has no test `{m['test'].strip()}`"


text = (top / "SECURITY.md").read_text().split("\n## No override\n")[1].split("\n## ")[0]
rows = [l for l in text.splitlines() if l.startswith("|")][2:]
wrong = [w for w in map(missing, rows) if w]
planted = [missing(rows[0].replace(" permits", " forbids")), missing(rows[0].replace("override.py", "no.py")),
	missing("| a | b | c |")]
print(f"{'ok' if len(rows) >= 20 and not wrong else 'not ok'} - every way around has its test")
for w in wrong:
	print("#", w)
print(f"{'ok' if all(planted) else 'not ok'} - one that there is not would be found")
sys.exit(bool(wrong) or len(rows) < 20 or not all(planted))
END
