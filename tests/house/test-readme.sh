#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tour of README.md: its commands are run against a fresh demo and must print what it says, hashes, tokens, times and the port
# apart.  And every verb that it names exists.
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
command -v swtpm >/dev/null || { echo 'skip - README tour: swtpm is not installed'; exit 0; }
exec python3 - "$top" "${FREEHOLD_BUILD:-$top/build}" <<'END'
import os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

top, build = Path(sys.argv[1]), Path(sys.argv[2])
readme = (top / "README.md").read_text()
failed = False


def verdict(good, name, detail=""):
	global failed
	print(f"{'ok' if good else 'not ok'} - {name}")
	if not good:
		failed = True
		print("\n".join("  " + line for line in detail.splitlines()))


def normal(text):
	"""What differs from one run to the next."""
	text = re.sub(r"\b[0-9a-f]{64}\b|\bfh_[0-9a-f]{64}\b", "HASH", text)
	text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
	return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text).strip()


def blocks():
	"""(command, what it prints) of each console block; one command each."""
	for m in re.finditer(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", readme, flags=re.M):
		yield m[1], m[2]


def make_tree(tree):
	(tree / "tools").mkdir(parents=True)
	(tree / "build/examples").mkdir(parents=True)
	for name in ("run", "box", "box.enter", "box.packages"):
		shutil.copy2(top / "tools" / name, tree / "tools")
	shutil.copytree(top / "examples", tree / "examples")
	for name in ("freehold", "freehold-verify", "examples/notes-server"):
		shutil.copy2(build / name, tree / "build" / name)


def start(tree):
	out = open(tree / "out", "w+")
	child = subprocess.Popen(["tools/run", "--simulator"], cwd=tree, stdin=subprocess.DEVNULL, stdout=out,
		stderr=subprocess.STDOUT)
	for _ in range(300):
		said = (tree / "out").read_text()
		if "Ctrl-C ends it" in said or child.poll() is not None:
			break
		time.sleep(0.1)
	return child, said


def functions(tree, url):
	"""What is said to be done in the demo before functions that a model calls."""
	text = re.search(r"^## Before functions.*?(?=^## )", readme, flags=re.M | re.S)[0]
	block = next(b for b in re.findall(r"(?:^    .*\n)+", text, flags=re.M) if "build/demo" in b)
	script = "set -eu\n" + re.sub(r"^    ", "", block, flags=re.M).replace("http://127.0.0.1:7420", url)
	done = subprocess.run(["bash", "-c", script], cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT, text=True, timeout=120)
	last = done.stdout.strip().splitlines()[-1]
	verdict(done.returncode == 0 and "Whoever can read this was permitted to." in done.stdout and "call_8Jk2" in last
		and '"permitted"' in last, "a function's call is asked about in the demo as README.md says", done.stdout)


def tour(tree):
	found = list(blocks())
	verdict([c for c, _ in found][:1] == ["make run"] and len(found) == 5, "the tour is make run and four things", str(found))
	child, said = start(tree)
	try:
		printed = said.split("\n\nA demo below")[0]
		verdict(normal(printed) == normal(found[0][1]), "make run prints what README.md says", said)
		for number, (command, expected) in enumerate(found[1:], 1):
			verdict(command in said, f"make run offers thing {number}", said)
			done = subprocess.run(["bash", "-c", command], cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				stderr=subprocess.STDOUT, text=True, timeout=60)
			verdict(normal(done.stdout) == normal(expected) and done.returncode == 0,
				f"thing {number} prints what README.md says", f"status {done.returncode}, not:\n{done.stdout}")
		functions(tree, re.search(r"http://127\.0\.0\.1:\d+", said)[0])
	finally:
		child.terminate()
		child.wait(timeout=30)


def verbs():
	commands = "\n".join(re.findall(r"^    .*", readme, flags=re.M))
	named = sorted(set(re.findall(r"\bfreehold ([a-z]+(?: [a-z]+)?)(?=[\s,|])", commands)))
	wrong = []
	for words in named:
		one = subprocess.run([build / "freehold", *words.split(), "--help"], stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT)
		if one.returncode != 0:
			wrong.append(words)
	verdict(named and not wrong, f"every verb of README.md exists ({len(named)})", f"not: {wrong}")


with tempfile.TemporaryDirectory() as work:
	make_tree(Path(work) / "tree")
	tour(Path(work) / "tree")
verbs()
sys.exit(failed)
END
