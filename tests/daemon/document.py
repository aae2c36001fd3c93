# SPDX-License-Identifier: Apache-2.0
"""The document that a machine serves of itself: who may read it, what it says, and what a verifier makes of it."""
import base64
import http.client
import json
import shutil
import subprocess
import sys
import time

from chip import Tpm
from machine import FREEHOLD, PATIENCE, VERIFY, Machine, demand, in_background, run_tests, wait_for

PATH = "/.well-known/freehold-operator-key.json"
QUOTE = "/.well-known/freehold-quote"
OTHER_PATH = "/.well-known/mickai-operator-key.json"
GRADES = "none,co-located"


def fetch(d, path=PATH, method="GET", **headers):
	c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=PATIENCE)
	try:
		c.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
		r = c.getresponse()
		return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
	finally:
		c.close()


def document(d):
	"""The gate has it a moment after it serves."""
	return wait_for("there is a document", lambda: (lambda got: got[0] == 200 and got[2])(fetch(d)))


def decoded(text):
	return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
	return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def payload_of(text):
	return json.loads(decoded(json.loads(text)["payload"]))


def verified(m, text, *words, status=0, genesis=True, grades=GRADES):
	"""What `freehold-verify document` makes of TEXT."""
	file = m.top / "document.json"
	file.write_bytes(text)
	said = subprocess.run([VERIFY, "document", file, "--json", *(["--genesis", m.genesis] if genesis else []),
		"--allow-grade", grades, *words], capture_output=True, text=True, timeout=120)
	demand(said.returncode == status, "verify document: status", said.returncode, "not", status, said.stdout, said.stderr)
	return json.loads(said.stdout)


def ask(d, nonce="00112233445566778899", origin=None, body=None):
	"""What the machine answers to a nonce."""
	c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=PATIENCE)
	try:
		said = json.dumps({"nonce": nonce, "origin": origin or f"http://127.0.0.1:{d.port}"}) if body is None else body
		c.request("POST", QUOTE, said, {"Content-Type": "application/json"})
		r = c.getresponse()
		return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
	finally:
		c.close()


def verify_live(m, d, *words, status=0):
	"""What `freehold verify URL --nonce` makes of the machine."""
	said = subprocess.run([FREEHOLD, "verify", f"http://127.0.0.1:{d.port}", "--json", "--genesis", m.genesis,
		"--allow-grade", "simulated,co-located", "--nonce", *words], capture_output=True, text=True, timeout=120)
	demand(said.returncode == status, "verify URL: status", said.returncode, "not", status, said.stdout, said.stderr)
	return json.loads(said.stdout) if said.stdout else said.stderr


def certify(m):
	"""Gives the TPM that is about to start an EK certificate, as its maker would; roots go to m.top/roots.pem."""
	made = m.top / "made"
	made.mkdir()
	(m.top / "tpm").mkdir()
	(made / "authority").write_text(f"statedir = {made}\nsigningkey = {made}/key\nissuercert = {made}/issuer\n"
		f"certserial = {made}/serial\n")
	(made / "options").write_text("")
	(made / "setup").write_text(f"create_certs_tool = swtpm_localca\ncreate_certs_tool_config = {made}/authority\n"
		f"create_certs_tool_options = {made}/options\n")
	subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", m.top / "tpm", "--create-ek-cert", "--config", made / "setup"],
		check=True, capture_output=True, timeout=120)
	issuers = [made / "issuer", *made.glob("*rootca*cert*.pem")]
	(m.top / "roots.pem").write_text("".join(p.read_text() for p in issuers))


def with_tpm(test, certified=False):
	"""Runs TEST(machine, daemon) with a software TPM."""
	if Tpm.why_not() or not shutil.which("swtpm_setup"):
		return "swtpm is not installed"
	with Machine() as m:
		if certified:
			certify(m)
		with Tpm(m):
			m.make(tpm=True).govern()
			d = m.serve()
			test(m, d)
			d.stop()
			m.verify(grades="simulated,co-located")
	return None


def a_tpm_answers_who_asks():
	def test(m, d):
		text = document(d)
		p = payload_of(text)
		demand(p["grade"] == "simulated" and p["quote"]["purpose"] == "session" and p["ak"], p["quote"])
		said = verified(m, text, grades="simulated,co-located")
		demand(said["fresh"] == "unchecked" and said["binding"] == "self", said)
		demand(said["sealed"] == "yes" and said["channel"] == "unchecked", said)
		verified(m, text, status=1)  # a simulator is never hardware
		said = verify_live(m, d, "--require", "authentic,enrolled,fresh")
		demand(said["fresh"] == "yes" and said["channel"] == "unbound", said)
		said = verify_live(m, d, "aa" * 20)
		demand(said["fresh"] == "yes", said)
		status, _, body = ask(d, origin="http://elsewhere.example")
		demand(status == 403 and b"foreign-origin" in body, status, body)
		for bad in ("", "{}", "[]", "x", '{"nonce":"00","origin":"http://h"}', '{"nonce":1,"origin":2}', "[" * 5000,
			json.dumps({"nonce": "00" * 65, "origin": f"http://127.0.0.1:{d.port}"}),
			json.dumps({"nonce": "zz" * 10, "origin": f"http://127.0.0.1:{d.port}"})):
			status, _, body = ask(d, body=bad)
			demand(status == 400 and b"bad-question" in body, bad[:40], status, body)
		quotes = [e for e in m.entries().values() if e["kind"] == "quote"]
		demand(len(quotes) == 2, "quotes recorded:", quotes)
	return with_tpm(test)


def an_endorsed_tpm_opens_the_askers_credential():
	def test(m, d):
		text = document(d)
		p = payload_of(text)
		demand(len(p["endorsement"]) == 1, p["endorsement"])
		roots = ("--roots", m.top / "roots.pem")
		said = verified(m, text, *roots, grades="simulated,co-located")
		demand(said["grade"] == "simulated" and "simulator" in [r["code"] for r in said["reasons"]], said)
		verified(m, text, *roots, status=1)  # known as a simulator by its root, whatever it says
		said = verified(m, text, *roots, "--at", "2000-01-01", status=1, grades="simulated,co-located")
		demand(said["authentic"] == "no", said)
		said = verify_live(m, d, "--require", "authentic,enrolled,fresh")
		demand(said["binding"] == "live" and said["fresh"] == "yes", said)
		body = {"nonce": "00" * 8, "origin": f"http://127.0.0.1:{d.port}", "object": "AAAA", "secret": "AAAA"}
		status, _, answer = ask(d, body=json.dumps(body))
		demand(status == 403 and b"credential-refused" in answer, status, answer)
		details = [e["fields"]["detail"] for e in m.entries().values() if e["kind"] == "quote"]
		demand(len(details) == 1 and "credential" in details[0], details)
	return with_tpm(test, certified=True)


def starts_and_boots_are_told_apart():
	if reason := Tpm.why_not():
		return reason
	with Machine() as m:
		seen = []
		with Tpm(m) as tpm:
			m.make(tpm=True).govern()
			for purpose in ("session", "start", "session"):
				d = m.serve()
				text = document(d)
				p = payload_of(text)
				demand(p["quote"]["purpose"] == purpose, p["quote"])
				said = verified(m, text, grades="simulated,co-located")
				demand(said["accepted"] == "yes", said)
				demand(verify_live(m, d)["fresh"] == "yes", "live")
				d.stop()
				seen.append((text, said, p))
				if purpose == "start":
					tpm.reboot()
		first, again, booted = (p for _, _, p in seen)
		demand(first["boot"] == again["boot"] < booted["boot"], [p["boot"] for _, _, p in seen])
		demand([len(p["cold_starts"]) for _, _, p in seen] == [1, 1, 2], booted["cold_starts"])
		demand(seen[0][1]["session"] == seen[1][1]["session"] != seen[2][1]["session"], "sessions")
		# A quote of an earlier boot under the new session's certificate: the signature is gone, whatever else fits.
		outer = json.loads(seen[2][0])
		stale = dict(booted, quote=first["quote"])
		signed = json.dumps(dict(outer, payload=encoded(json.dumps(stale).encode()))).encode()
		demand(verified(m, signed, status=1, grades="simulated,co-located")["authentic"] == "no", "an older quote")
		m.verify(grades="simulated,co-located")
	return None


def hammering_a_tpm_is_refused():
	def test(m, d):
		answers = [ask(d)[0] for _ in range(40)]
		demand(set(answers) == {200, 429} and answers.count(200) <= 6, answers)
		status, headers, body = ask(d)
		demand(status == 429 and int(headers["retry-after"]) > 0 and b"too-many-quotes" in body, status, headers, body)
		demand(len([e for e in m.entries().values() if e["kind"] == "quote"]) <= 6, "quotes recorded")
		said = verify_live(m, d, status=2)
		demand("ask again later" in said, said)
		d.alive()
	return with_tpm(test)


def run(base):
	def anybody_may_read_it():
		with base.copy() as m:
			d = m.serve()
			status, headers, text = fetch(d, Origin="https://elsewhere.example")
			demand(status == 200 and headers["content-type"] == "application/json", status, headers)
			demand(headers["access-control-allow-origin"] == "*", headers)
			demand("access-control-allow-credentials" not in headers, headers)
			demand(fetch(d, OTHER_PATH)[2] == text, "the other name has other bytes")
			status, same, body = fetch(d, method="HEAD")
			demand(status == 200 and body == b"" and same["content-length"] == str(len(text)), status, same)
			status, _, body = fetch(d, If_None_Match=f'"x", {headers["etag"]}')
			demand(status == 304 and body == b"", status, body)
			demand(fetch(d, If_None_Match='"x"')[0] == 200, "another tag")
			demand(fetch(d, method="POST")[0] == 405, "POST")
			demand(fetch(d, Host="rebound.example")[0] == 403, "another host")
			d.stop()

	def a_verifier_elsewhere_believes_it():
		with base.copy() as m:
			d = m.serve()
			text = document(d)
			said = verified(m, text)
			answers = [said[k] for k in ("verdict", "authentic", "fresh", "enrolled", "accepted")]
			demand(answers == ["yes", "yes", "unchecked", "yes", "unchecked"], answers)
			demand(said["grade"] == "none" and said["binding"] == "none", said)
			verified(m, text, grades="none", status=1)
			verified(m, text, genesis=False, status=2)
			verified(m, text, "--genesis", "00" * 32, genesis=False, status=1)
			verified(m, text, "--require", "authentic,enrolled,fresh", status=2)
			there = subprocess.run([FREEHOLD, "verify", f"http://127.0.0.1:{d.port}", "--genesis", m.genesis,
				"--allow-grade", GRADES, "--json"], capture_output=True, text=True, timeout=120)
			demand(there.returncode == 0 and json.loads(there.stdout)["serial"] == said["serial"], there)
			d.stop()

	def a_record_has_to_reach_what_it_says():
		with base.copy() as m:
			m.serve().stop()
			shutil.copytree(m.state / "record", m.top / "earlier")
			d = m.serve()
			text = document(d)
			d.stop()
			file = m.top / "document.json"
			file.write_bytes(text)
			said = m.verify("--at-least", file)
			demand(said["complete-to"] == payload_of(text)["serial"], said)

			def earlier():
				r = subprocess.run([VERIFY, "record", m.top / "earlier", "--genesis", m.genesis,
					"--allow-grade", GRADES, "--json", "--at-least", file], capture_output=True, text=True,
					timeout=60)
				return r.returncode, r.stdout + r.stderr
			status, said = earlier()
			demand(status == 1 and "at-least" in said, "a record cut off before:", status, said)
			file.write_bytes(text[:-20])
			status, said = earlier()
			demand(status == 2 and str(file) in said, "half a document:", status, said)

	def it_says_what_the_machine_is():
		with base.copy() as m:
			d = m.serve()
			p = payload_of(document(d))
			demand(p["genesis"] == m.genesis and p["placement"] == "co-located" and p["grade"] == "none", p)
			demand(p["device"]["kty"] == "AKP" and p["device"]["alg"] == "ML-DSA-65", p["device"])
			demand(len(decoded(p["device"]["pub"])) == 1952 and len(p["operator"]) == 1, p["operator"])
			files = sorted((m.state / "chain").glob("*.fhs"))
			demand([decoded(s) for s in p["chain"]] == [f.read_bytes() for f in files], "chain")
			demand(p["ak"] is None and p["quote"] is None and p["endorsement"] == [], p)
			demand(decoded(p["checkpoint"]).split(b"\n")[1] == str(p["serial"]).encode(), p["checkpoint"])
			d.stop()

	def it_follows_the_chain_and_every_start():
		with base.copy() as m:
			d = m.serve()
			first, tag = payload_of(document(d)), fetch(d)[1]["etag"]
			m.grant("another")
			wait_for("a new document", lambda: fetch(d)[1]["etag"] != tag)
			second = payload_of(fetch(d)[2])
			demand(second["serial"] > first["serial"] and len(second["chain"]) == len(first["chain"]) + 1, second)
			verified(m, fetch(d)[2])
			d.stop()
			d = m.serve()
			third = payload_of(document(d))
			demand(third["serial"] > second["serial"] and third["start"] > second["start"], third)
			demand(len(third["cold_starts"]) >= 1, third["cold_starts"])
			verified(m, fetch(d)[2])
			d.stop()

	def no_member_of_it_can_be_changed():
		with base.copy() as m:
			d = m.serve()
			text = document(d)
			d.stop()
			outer, p = json.loads(text), payload_of(text)
			for name in p:
				changed = dict(p)
				changed[name] = p[name] + 1 if isinstance(p[name], int) else None
				if p[name] is None:
					changed[name] = "AAAA"
				signed = dict(outer, payload=encoded(json.dumps(changed).encode()))
				said = verified(m, json.dumps(signed).encode(), status=1)
				demand(said["authentic"] == "no", name, said)
			flipped = lambda s: ("B" if s[40] == "A" else "A").join((s[:40], s[41:]))
			for signed in (dict(outer, signature=flipped(outer["signature"])),
				dict(outer, header={"certificate": flipped(outer["header"]["certificate"])}),
				dict(outer, protected=encoded(b'{"alg":"none"}')),
				dict(outer, more=1), {k: v for k, v in outer.items() if k != "header"}):
				demand(verified(m, json.dumps(signed).encode(), status=1)["authentic"] == "no", signed.keys())
			twice = text[:-1] + b',"payload":"' + outer["payload"].encode() + b'"}'
			demand(verified(m, twice, status=1)["authentic"] == "no", "a member twice")
			for cut in (b"", b"{}", text[:-1], text + b"x", b"[" * 100000):
				demand(verified(m, cut, status=1)["authentic"] == "no", cut[:20])

	def hammering_it_costs_nobody_else():
		with base.copy() as m:
			d = m.serve()
			read, stop = [0, 0, 0, 0], []

			def hammer(n):
				c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=PATIENCE)
				while not stop:
					c.request("GET", PATH)
					demand(len(c.getresponse().read()) > 1000, "it stopped answering")
					read[n] += 1
				c.close()
				return True
			before = len(m.entries())
			waiting = [in_background(lambda n=n: hammer(n)) for n in range(len(read))]
			wait_for("all of them read it", lambda: min(read) > 20)
			demand(len(m.entries()) == before, "reading it is recorded")
			s, took, end = d.session(m.token), [], time.monotonic() + 3
			while time.monotonic() < end:
				begun, so_far = time.monotonic(), sum(read)
				demand(not s.take("/public/meanwhile")["result"]["isError"], "a call meanwhile")
				took.append(time.monotonic() - begun)
			demand(sum(read) > so_far, "nobody hammered at the end")
			stop.append(True)
			for w in waiting:
				w()
			demand(len(took) > 5 and max(took) < 5, "calls waited:", len(took), max(took))
			d.stop()

	def without_a_tpm_nothing_is_quoted():
		with base.copy() as m:
			d = m.serve()
			status, _, body = ask(d)
			demand(status == 404 and b"no-tpm" in body, status, body)
			d.stop()

	return run_tests((anybody_may_read_it, a_verifier_elsewhere_believes_it,
		a_record_has_to_reach_what_it_says, it_says_what_the_machine_is,
		it_follows_the_chain_and_every_start, no_member_of_it_can_be_changed, hammering_it_costs_nobody_else,
		without_a_tpm_nothing_is_quoted, a_tpm_answers_who_asks,
		an_endorsed_tpm_opens_the_askers_credential, starts_and_boots_are_told_apart, hammering_a_tpm_is_refused))


if __name__ == "__main__":
	with Machine() as made:
		made.make().govern()
		status = run(made)
	sys.exit(status)
