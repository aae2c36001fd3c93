# SPDX-License-Identifier: Apache-2.0
"""C sources as text and as objects, and how a list of rules is run over them (tools/check-layers, tools/check-style).

A rule finds violations in a Tree.  It carries samples: tiny trees that break it and trees that look similar and do not.  With
--self-test the rules run over their samples, because a check that cannot fail proves nothing.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.path.abspath(__file__)).parent.parent
CC = ["gcc", "-std=gnu23", "-D_GNU_SOURCE"]

_NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
_FUNCTION_NAME = re.compile(r"\b(\w+)\s*\((?!\()")


def _blank(match):
	text = match[0]
	inner = re.sub(r"[^\n]", " ", text)
	return inner if text[0] == "/" else text[0] + inner[1:-1] + text[-1]


class Function:
	def __init__(self, name, first, last, body):
		self.name, self.first, self.last, self.body = name, first, last, body


class Source:
	"""One file: `text`, and `code`, in which comments and the insides of strings are blanks, line for line."""

	def __init__(self, path, text):
		self.path, self.text = path, text
		self.code = _NOT_CODE.sub(_blank, text)

	def grep(self, pattern, text=None):
		"""Yields (line number, match) for every match."""
		text = self.code if text is None else text
		for m in re.finditer(pattern, text, re.MULTILINE):
			yield text.count("\n", 0, m.start()) + 1, m

	def includes(self):
		for line, m in self.grep(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]*)[>"]', self.text):
			yield line, m[1], m[2]

	def functions(self):
		"""Definitions, told by a `{` and a `}` in the first column."""
		lines = self.code.splitlines()
		start = None
		for number, line in enumerate(lines):
			if line.startswith("{"):
				start = number
			elif line.startswith("}") and start is not None:
				first = start
				# A comment above the definition is blank in `code`, so it ends the walk.
				while first > 0 and re.match(r"[^\s}#](.*[^;])?$|[ \t]+\S.*[^;]$", lines[first - 1]):
					first -= 1
				head = " ".join(lines[first:start])
				name = _FUNCTION_NAME.search(re.sub(r"__attribute__\s*\(\(.*?\)\)|\[\[.*?\]\]", "", head))
				if name:
					yield Function(name[1], first + 1, number + 1, "\n".join(lines[start:number + 1]))
				start = None


class Tree:
	def __init__(self, root, build=None):
		self.root, self.build = Path(root), build
		self._sources = {}

	def paths(self, *folders, suffixes=(".c", ".h")):
		for folder in folders:
			for path in sorted((self.root / folder).rglob("*")):
				if path.suffix in suffixes and path.is_file():
					yield path.relative_to(self.root).as_posix()

	def source(self, path):
		if path not in self._sources:
			self._sources[path] = Source(path, (self.root / path).read_text(encoding="utf-8", errors="replace"))
		return self._sources[path]

	def sources(self, *folders, suffixes=(".c", ".h")):
		return [self.source(p) for p in self.paths(*folders, suffixes=suffixes)]

	def objects(self):
		"""Yields (source path, object file) of the release build, for sources below src/."""
		for entry in json.loads((self.build / "compile_commands.json").read_text()):
			path = Path(os.path.normpath(Path(entry["directory"]) / entry["file"]))
			made = Path(entry["directory"]) / entry["output"]
			if path.is_relative_to(self.root / "src") and made.exists():
				yield path.relative_to(self.root).as_posix(), made

	def unbuilt(self):
		"""Why there are no objects to look at, or None."""
		if not (self.build / "compile_commands.json").exists():
			return f"{self.build}: not built; run make first"
		return None


class Rule:
	"""FIND(tree) yields `path:line: what`.  BAD and GOOD are trees as {path: text}; a bad one's fault is in its last file."""

	def __init__(self, name, find, bad, good=()):
		self.name, self.find, self.bad, self.good = name, find, bad, good


def _sample_tree(folder, files):
	"""A small tree on disk, compiled as far as it has C files that compile."""
	root = Path(folder).resolve()
	commands = []
	for path, text in files.items():
		(root / path).parent.mkdir(parents=True, exist_ok=True)
		(root / path).write_text(text)
	(root / "build").mkdir()
	for path in files:
		if not path.endswith(".c"):
			continue
		made = "build/" + path.replace("/", "_") + ".o"
		subprocess.run([*CC, "-w", "-fPIE", "-O1", "-fno-builtin", "-Isrc", "-Iinclude", "-c", path, "-o", made], cwd=root,
			stderr=subprocess.DEVNULL, check=False)
		commands.append({"directory": str(root), "file": path, "output": made})
		if path.endswith("/verify_main.c"):
			shutil.copy(root / made, root / "build" / "freehold-verify")
	(root / "build" / "compile_commands.json").write_text(json.dumps(commands))
	return Tree(root, root / "build")


def _self_test(rules):
	failed = 0
	for rule in rules:
		for kind, samples in (("finds", rule.bad), ("accepts", rule.good)):
			for number, files in enumerate(samples, 1):
				with tempfile.TemporaryDirectory() as folder:
					found = list(rule.find(_sample_tree(folder, files)))
				culprit = list(files)[-1]
				right = any(culprit in f for f in found) if kind == "finds" else not found
				failed += not right
				print(f"{'ok' if right else 'not ok'} - {rule.name} {kind} sample {number}")
				if not right:
					print("\n".join(["  found: " + f for f in found]
						or ["  found nothing in:", files[culprit]]))
		if not rule.bad:
			failed += 1
			print(f"not ok - {rule.name} has a sample that breaks it")
	return failed


def main(rules):
	if sys.argv[1:] == ["--self-test"]:
		return 1 if _self_test(rules) else 0
	if sys.argv[1:] == ["--list"]:
		print("\n".join(r.name for r in rules))
		return 0
	wanted = sys.argv[1:] or [r.name for r in rules]
	unknown = set(wanted) - {r.name for r in rules}
	if unknown:
		print(f"freehold: {sys.argv[0]}: no rule is called {', '.join(sorted(unknown))}; --list names them",
			file=sys.stderr)
		return 64
	build = Path(os.environ.get("FREEHOLD_BUILD", TOP / "build")).resolve()
	tree, failed = Tree(TOP, build), 0
	for rule in rules:
		if rule.name not in wanted:
			continue
		found = list(rule.find(tree))
		failed += bool(found)
		print(f"{'not ok' if found else 'ok'} - {rule.name}")
		for line in found:
			print(f"  {line}")
	return 1 if failed else 0
