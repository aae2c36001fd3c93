# SPDX-License-Identifier: Apache-2.0
"""A stolen disk: unmistakable words are planted in all that an agent is, does and gets, and searched for in every file of the state
directory as they are and in every encoding that is in use anywhere.  The same search finds what is public, and what was opened."""
import base64
import hashlib
import json
import sys

from chip import Tpm
from machine import ME, POLICY, SCHEMA, Machine, demand, demand_message, index_of, run_tests, wait_for

ACTOR, PATH, PROMPT, ANSWER, DENIED, TOOL, AGENT = (f"planted-{w}-7c41e9" for w in
	("actor", "path", "prompt", "answer", "denied", "tool", "agent"))
SEALED = (PATH, PROMPT, ANSWER, DENIED, TOOL, AGENT)
PUBLIC = "planted-public-7c41e9"  # in a comment of the policy: a statement, which everybody may read
RULES = POLICY + f"""// {PUBLIC}
@id("reads") permit (principal == Actor::"auditor", action == Action::"record.open", resource);
@id("counts") @quota("1000/day per principal")
permit (principal in Team::"research", action == Action::"notes.take", resource in Folder::"/counted");
"""
DECLARES = SCHEMA + 'action "record.open" appliesTo { principal: [Actor], resource: [Device] };\n'


def budget():
	"""What the actor's use of that quota is called (docs/spec/LEAF, "Effect"): who guesses his name can make it."""
	text = lambda t: len(t).to_bytes(8, "big") + t.encode()
	day = (86400 * 1000).to_bytes(8, "big")
	whose = bytes([0, 0, 1]) + day + text("counts") + text("Actor") + text(ACTOR)
	return hashlib.sha256(b"freehold/budget/v2\n" + whose).digest()[:22]


def spellings(word):
	"""WORD as it is, and as base64, hex, UTF-16, JSON's escapes and percent signs have it, wherever it begins."""
	raw = word.encode()
	yield "text", raw
	yield "hex", raw.hex().encode()
	yield "HEX", raw.hex().upper().encode()
	yield "UTF-16", word.encode("utf-16-le")
	yield "JSON escapes", "".join(f"\\u{b:04x}" for b in raw).encode()
	yield "percent", "".join(f"%{b:02X}" for b in raw).encode()
	yield "backwards", raw[::-1]
	for shift in range(3):
		inside = base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift]:len(raw) * 4 // 3 - 2]
		yield f"base64+{shift}", inside
		yield f"base64url+{shift}", inside.replace(b"+", b"-").replace(b"/", b"_")


def found(word, files):
	"""Where WORD is, as (encoding, file)."""
	return [(how, name) for name, data in files.items() for how, spelt in spellings(word)
		if spelt in data or spelt in name.encode()]


def disk(m):
	"""Every file of the state directory."""
	return {str(p.relative_to(m.state)): p.read_bytes() for p in sorted(m.state.rglob("*")) if p.is_file()}


def without_statements(m, files):
	"""The same less the statements, which are public wherever they stand."""
	statements = [p.read_bytes() for p in (m.state / "chain").iterdir() if p.is_file()]
	left = {}
	for name, data in files.items():
		for s in statements:
			data = data.replace(s, b"")
		left[name] = data
	return left


def plant(m):
	"""A machine on which an agent did things, was refused things, and whose record was opened.  Returns what serve said."""
	m.config.write_text(m.config.read_text() + "log = debug\n")
	m.token = m.grant(ACTOR)
	m.grant("auditor", "--uid", ME)
	m.sign_policy(policy=RULES, schema=DECLARES)
	d = m.serve()
	s = d.session(m.token)
	a = s.call("take", path=f"/public/{PATH}", prompt=PROMPT, nested={"deeper": [PROMPT, {"x": ANSWER}]})
	demand(PATH in json.dumps(a["result"]), a)
	demand(not s.take(f"/counted/{PATH}")["result"]["isError"], "a call that is counted")
	denied = index_of(s.take(f"/private/{DENIED}"))
	s.call(TOOL, path="/x")
	s.end()
	s = d.http(m.token)
	s.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": AGENT, "version": "1"})
	s.close()
	m.run("record", "open", f"{denied - 6}..{denied}", "--socket", m.socket, "-o", m.top / "some")
	nothing_is_found(disk(m), "while it serves")
	d.stop()
	return d.log()


def nothing_is_found(files, when):
	demand(any(n.startswith("record/journal/") for n in files) and "keys/data.0" in files, sorted(files))
	for word in SEALED:
		demand(not found(word, files), word, when, found(word, files))


def nothing_is_in_clear(m, log):
	files = disk(m)
	nothing_is_found(files, "behind it")
	for word in SEALED:
		demand(not found(word, {"log": log.encode()}), "serve's log has", word, log)
	# The chain names the actor, in public; nothing else may.
	demand(found(ACTOR, files), "the statement that names the actor is not found: the search finds nothing")
	left = without_statements(m, files)
	demand(not found(ACTOR, left), found(ACTOR, left))
	demand(not found(f'Actor::"{ACTOR}"', files) and ACTOR not in log, "the actor's entity is there")
	demand("record/resume" in files and not any(budget() in data for data in files.values()), "who used how much is there")
	where = {name.split("/")[0] for _, name in found(PUBLIC, files)}
	demand(where == {"chain", "record"}, "what is public is not found where it stands:", where)


def opens_no_more_without_its_chip(m, tpm):
	"""The chip is taken away while Freehold serves."""
	d = m.serve()
	said = m.run("record", "open", 20, "--socket", m.socket).stdout
	demand(said.startswith("20\n"), said)
	tpm.off()
	asks = ("record", "open", 20, "--socket", m.socket)
	wait_for("the chip is missed", lambda: "chip-" in m.run(*asks, status=None).stderr, seconds=90)
	r = m.run(*asks, status=1)
	demand_message(r.stderr, "refuses", "has lost its chip")
	demand(r.stdout == "", r.stdout)
	d.kill()


def serves_nobody_else(m, tpm):
	"""A copy of the disk beside another chip."""
	tpm.becomes_another()
	with tpm:
		demand_message(m.serve_fails(1), "another TPM")
		demand_message(m.run("record", "open", 20, "--socket", m.socket, status=2).stderr, "not running")
		shown = m.run("record", "show", "--json", "--fields").stdout
		demand('"sealed":true' in shown and not any(w in shown for w in SEALED), "it shows what is sealed")


def opens_with_the_recovery_key(m):
	"""The TPM is gone for good: what the operator keeps elsewhere opens all of it, and no other key anything."""
	end, stranger = str(1 << 40), m.top / "stranger.key"
	m.run("key", "new", stranger, "--passphrase-fd", 0)
	asks = ("recovery", "open", f"0..{end}", "--passphrase-fd", 0, "--key")
	r = m.run(*asks, stranger, status=1)
	demand_message(r.stderr, "recovery slot is for the key")
	demand(r.stdout == "", r.stdout)
	m.run("recovery", "check", "--passphrase-fd", 0, "--key", m.key)
	m.run(*asks, m.key, "-o", m.top / "rescued")
	opened = {"openings": (m.top / "rescued").read_bytes()}
	for word in (*SEALED, ACTOR):
		demand(("text", "openings") in found(word, opened), word, "was not opened by the recovery key")
	shown = m.run("record", "show", "--fields", "--openings", m.top / "rescued").stdout
	demand(PROMPT in shown and "(sealed)" not in shown, "something is left sealed")


def run(base):
	def a_stolen_disk_has_nothing_in_clear():
		with base.copy() as m:
			nothing_is_in_clear(m, plant(m))

	def what_was_planted_is_there_for_who_may_open_it():
		"""So the search looks for what was recorded, in a form in which it would find it."""
		with base.copy() as m:
			plant(m)
			opened = {"openings": (m.top / "some").read_bytes()}
			for word in (PATH, PROMPT, ANSWER, DENIED, ACTOR):
				demand(("text", "openings") in found(word, opened), word, "was not recorded")
			m.opened()
			opened = {"openings": (m.top / "openings").read_bytes()}
			for word in (*SEALED, ACTOR):
				demand(("text", "openings") in found(word, opened), word, "was not recorded")
			demand(budget() in opened["openings"], "the budget is called otherwise, so nothing was looked for")

	def every_spelling_is_found():
		word = PROMPT
		raw = word.encode()
		hidden = {
			"hex": raw.hex(), "HEX": raw.hex().upper(), "percent": "".join(f"%{b:02X}" for b in raw),
			"base64+0": base64.b64encode(raw + b"...").decode(),
			"base64+1": base64.b64encode(b"?" + raw + b"..").decode(),
			"base64+2": base64.b64encode(b"??" + raw + b".").decode(),
		}
		for how, text in hidden.items():
			demand((how, "f") in found(word, {"f": b"before " + text.encode() + b" behind"}), how)
		demand(found(word, {f"x/{word}": b""}), "a file that is called so")
		demand(not found(word, {"f": raw[:-1] + b"x"}), "something else")

	def another_chip_opens_nothing():
		if reason := Tpm.why_not():
			return reason
		with Machine() as m:
			with Tpm(m) as tpm:
				m.make(tpm=True).govern()
				nothing_is_in_clear(m, plant(m))
				opened = {"openings": (m.top / "some").read_bytes()}
				for word in (PATH, PROMPT, ANSWER, DENIED, ACTOR):
					demand(found(word, opened), word, "was not opened by its own chip")
				opens_no_more_without_its_chip(m, tpm)
			serves_nobody_else(m, tpm)
			opens_with_the_recovery_key(m)
		return None

	return run_tests((a_stolen_disk_has_nothing_in_clear, what_was_planted_is_there_for_who_may_open_it,
		every_spelling_is_found, another_chip_opens_nothing))


with Machine() as made:
	made.make().govern()
	first = made.serve()
	first.stop()
	status = run(made)
sys.exit(status)
