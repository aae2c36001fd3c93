#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SECURITY.md, "No override", and docs/INCIDENTS.md: every row of their tables names a test that there is, and that is run.
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
	path, name = top / m["file"], re.sub(r"[^a-zA-Z0-9]+", "_", m["test"].strip())
	text = path.read_text() if path.is_file() else ""
	if path.suffix == ".sh" and f'"{m["test"].strip()}"' in text:
		return ""
	uses = re.findall(rf"\b{name}\b", text)
	defined = re.search(rf"^(\s*def |static void ){name}\(", text, re.M)
	return "" if defined and len(uses) >= 2 else f"{m['file']} has no test `{m['test'].strip()}`"


def table(text):
	return [l for l in text.splitlines() if l.startswith("|")][2:]


overrides = table((top / "SECURITY.md").read_text().split("\n## No override\n")[1].split("\n## ")[0])
incidents = table((top / "docs/INCIDENTS.md").read_text())
wrong = [w for w in map(missing, overrides + incidents) if w]
planted = [missing(overrides[0].replace(" permits", " forbids")), missing(overrides[0].replace("override.py", "no.py")),
	missing(incidents[-2].replace(" an older state", " a newer state")), missing("| a | b | c |")]
good = len(overrides) >= 20 and len(incidents) >= 40 and not wrong
print(f"{'ok' if good else 'not ok'} - every way around and every incident has its test")
for w in wrong:
	print("#", w)
print(f"{'ok' if all(planted) else 'not ok'} - one that there is not would be found")
sys.exit(not good or not all(planted))
END
