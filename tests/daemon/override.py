# SPDX-License-Identifier: Apache-2.0
"""No override: what is denied stays denied, whatever option, configuration, variable, signal, restart, clock, file or user.

The options are those that --help of the programs tells, the keys those that the program tells of a wrong one, and the
variables those that it is seen to ask for.  After each variation the same calls are made: those that are denied must be
denied, and so that this can be seen at all, one that is permitted must be permitted.  OVERRIDE=all makes the product.
"""
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from machine import BUILD, FREEHOLD, PASSPHRASE, SCHEMA, Failure, Machine, Stdio, demand, reason_of, run_tests, user, wait_for

ALL = os.environ.get("OVERRIDE") == "all"
POLICY = """
@id("looks") permit (principal in Team::"research", action in [Action::"mcp.initialize", Action::"mcp.list"], resource);
@id("public") permit (principal in Team::"research", action == Action::"notes.take", resource in Folder::"/public");
@id("never") forbid (principal, action, resource in Folder::"/public/secret");
@id("once") @quota("1/day") permit (principal in Team::"research", action == Action::"notes.take", resource in Folder::"/once");
"""
PERMIT_ALL = "permit (principal, action, resource);\n"
DENIED = {"/private/x": "no-permit", "/public/secret/x": "forbidden", "/once/x": "no-quota"}
WORDS = ("1", "0", "true", "permit", "off", "none", "advisory", "allow")


class Denied:
	"""A machine whose daemon denies some calls; what is tried on it must not change that."""

	def __init__(self, m, denied=DENIED):
		self.m, self.denied, self.served, self.tried = m, denied, 0, 0
		self.d = None

	def start(self, before=(), environment=None):
		"""Starts the daemon as it is now; whether it serves at all."""
		m = self.m
		self.stop()
		kept = dict(os.environ)
		os.environ.update(environment or {})
		try:
			self.d = m.serve(ready=False, before=before)
		finally:
			os.environ.clear()
			os.environ.update(kept)
		try:
			self.d.wait_ready()
		except Failure:
			self.stop()
		return self.d is not None

	def stop(self):
		if self.d is not None:
			self.d.kill()
			wait_for("all of it has ended", lambda d=self.d: not d.roles())
			self.m.daemons.remove(self.d)
		self.d = None

	def try_now(self, what):
		"""Makes the calls; a daemon that does not serve permits nothing."""
		self.tried += 1
		if self.d is None or self.d.process.poll() is not None:
			return
		self.served += 1
		s = self.d.session(self.m.token)
		for path, reason in self.denied.items():
			said = reason_of(s.take(path))
			demand(said == reason, what, "changed what is denied:", path, said)
		demand(reason_of(self.d.http(self.m.revoked).initialize()) == "unknown-credential", what, "brought back an actor")
		demand(reason_of(s.call("nothing")) == "tool-not-in-schema", what, "brought in a tool")
		demand("result" in s.take("/public/control"), what, "stopped what is permitted")
		s.end()

	def end(self, served=1):
		self.stop()
		demand(self.served >= served, "of", self.tried, "variations only", self.served, "let it serve")
		reached = str(self.m.received())
		demand("/public/control" in reached, "nothing reached the tool server")
		for path in self.denied:
			demand(path not in reached, path, "reached the tool server")


# --- what there is to vary ------------------------------------------------------

def helped(*words):
	r = subprocess.run([*words, "--help"], capture_output=True, text=True, timeout=30)
	return r.stdout if r.returncode == 0 else ""


def verbs():
	"""Every verb with its help, as its --help tells, of every program."""
	found, ahead = {}, [(str(BUILD / name),) for name in ("freehold", "freehold-verify", "freehold-measure")]
	while ahead:
		words = ahead.pop(0)
		text = helped(*words)
		listed = re.findall(r"^  ([a-z][a-z-]*) +\S", text.split("\nOptions:")[0], re.M)
		if re.search(r"^usage: .*(VERB|SUBCOMMAND)", text) and listed:
			ahead += [(*words, one) for one in listed]
		elif text:
			found[words] = text
	return found


def options_of(text):
	return re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]*)(?: ([A-Z]\S*))?", text, re.M)


def examples_of(words, text):
	lines = re.sub(r"\\\n\s*", "", text.split("\nExamples:\n")[-1] if "\nExamples:\n" in text else "").splitlines()
	program = Path(words[0]).name
	for line in lines:
		line = line.split("#")[0].strip()
		if line.startswith(program + " ") and not re.search(r"[|<>;&]", line):
			yield shlex.split(line)[1:]


def config_keys(m):
	m.config.write_text("no-such-key = 1\n")
	said = m.run("status", status=2).stderr
	m.config.write_text("")
	return re.findall(r"[a-z][a-z-]+", said.split("the keys are ")[1])


def run(base):
	def the_test_sees_an_override():
		for policy in (POLICY + PERMIT_ALL.replace("resource", 'resource in Folder::"/private"'),
				POLICY.replace("forbid", "permit"), POLICY.replace("1/day", "9/day")):
			with base.copy() as m:
				m.sign_policy(policy=policy)
				subject = Denied(m, {path.replace("x", "seen"): why for path, why in DENIED.items()})
				demand(subject.start(), "it serves")
				try:
					subject.try_now("this policy")
				except Failure as why:
					demand("changed what is denied" in str(why), why)
				else:
					raise Failure("an override was not seen: " + policy)
				subject.stop()

	def no_option_of_any_program_permits_more():
		with base.copy() as m:
			desk = m.top / "desk"
			desk.mkdir()
			for name in ("policy", "new"):
				(desk / name).with_suffix(".cedar").write_text(PERMIT_ALL)
			for name in ("schema", "new"):
				(desk / name).with_suffix(".cedarschema").write_text(SCHEMA % {"server": m.server})
			stranger = desk / "op.key"
			m.run("key", "new", stranger, "--passphrase-fd", 0)
			subject = Denied(m)
			demand(subject.start(), "it serves")
			known, runs = verbs(), 0
			alone = {**os.environ, "https_proxy": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}
			demand(len(known) > 40, "too few verbs:", list(known))
			values = [str(desk / "policy.cedar"), str(stranger), *WORDS] if ALL else [str(desk / "policy.cedar")]
			for words, text in known.items():
				if words[1:] == ("serve",):
					continue  # below
				lines = [list(e) for e in examples_of(words, text)] or [list(words[1:])]
				tried = list(lines)
				for name, value in options_of(text):
					if name in ("help", "state", "config", "follow"):
						continue
					for v in values if value else [None]:
						tried.append(lines[0] + ["--" + name] + ([v] if value else []))
				for line in tried:
					line = [str(stranger) if w.endswith(".key") else w for w in line]
					here = ["--state", str(m.state), "--config", str(m.config)]
					here = here if words[0] == str(FREEHOLD) else []
					at = line.index("--") if "--" in line else len(line)
					line[at:at] = here + (["--passphrase-fd", "0"] if "--passphrase-fd" in text else [])
					runs += 1
					try:
						subprocess.run([words[0], *line], cwd=desk, input=PASSPHRASE * 4, text=True,
							capture_output=True, timeout=3, env=alone)
					except subprocess.TimeoutExpired:
						pass
					if ALL:
						subject.try_now(" ".join(line))
				subject.try_now(" ".join(words[1:]) or words[0])
			print(f"# {runs} commands of {len(known)} verbs")
			subject.end(served=len(known) // 2)

	def no_option_of_serve_permits_more():
		with base.copy() as m:
			subject = Denied(m)
			plain = m.serve
			for name, value in options_of(helped(str(FREEHOLD), "serve")):
				if name in ("help", "state", "config"):
					continue
				for v in ((WORDS if ALL else WORDS[:1]) if value else (None,)):
					more = ["--" + name] + ([v] if value else [])
					m.serve = lambda ready=False, before=(), more=more: plain(ready, [*before, "sh", "-c",
						'"$@" ' + shlex.join(more), "sh"])
					subject.start()
					subject.try_now("serve " + " ".join(more))
			m.serve = plain
			subject.start()
			subject.try_now("serve")
			subject.end()

	def no_key_of_the_configuration_permits_more():
		with base.copy() as m:
			subject, hostile = Denied(m), m.top / "permit.cedar"
			hostile.write_text(PERMIT_ALL)
			keys = config_keys(m)
			demand({"state", "socket", "listen", "log"} <= set(keys), keys)
			for key in keys:
				for value in (*WORDS, str(hostile)) if ALL else (WORDS[2], str(hostile)):
					m.config.write_text(f"{key} = {value}\n")
					subject.start()
					subject.try_now(f"{key} = {value}")
			for key in ("policy", "mode", "enforce", "advisory", "fail-open", "break-glass", "identity"):
				m.config.write_text(f"{key} = off\n")
				demand(not subject.start(), "the configuration knows", key)
			m.config.write_text("")
			subject.start()
			subject.try_now("an empty configuration")
			subject.end()

	def no_variable_permits_more():
		with base.copy() as m:
			shim, asked = m.top / "asked.so", m.top / "asked"
			source = Path(__file__).with_name("override.c")
			subprocess.run(["cc", "-std=gnu23", "-shared", "-fPIC", "-o", shim, source], check=True)
			asked.write_text("")
			watched = {"LD_PRELOAD": str(shim), "FREEHOLD_TEST_ASKED": str(asked)}
			subject = Denied(m)
			demand(subject.start(environment=watched), "it serves, watched")
			subject.try_now("being watched")
			for verb in (("status",), ("policy", "show"), ("record", "show"), ("verify", "record")):
				m.run(*verb, status=None, env={**os.environ, **watched})
			names = sorted(set(asked.read_text().split()) - set(watched))
			demand({"NOTIFY_SOCKET", "FREEHOLD_LOG"} <= set(names), "what is asked for:", names)
			print("#", len(names), "variables:", *names)
			names += ["FREEHOLD_POLICY", "FREEHOLD_MODE", "FREEHOLD_STATE", "FREEHOLD_CONFIG"]
			(m.top / "permit.cedar").write_text(PERMIT_ALL)
			values = (*WORDS, str(m.top / "permit.cedar"), "debug")
			for value in values if ALL else (values[0], values[-2], values[-1]):
				for some in [names, *([n] for n in names)] if ALL else [names]:
					subject.start(environment=dict.fromkeys(some, value))
					subject.try_now(f"{some} = {value}")
			subject.end(served=2)

	def no_signal_and_no_restart_permits_more():
		with base.copy() as m:
			subject = Denied(m)
			never = {signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
			some = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGCONT, signal.SIGKILL]
			roles = ("supervisor", "core", "keeper", "network gate", "reach") if ALL else ("supervisor", "core")
			for sent in sorted(set(signal.valid_signals()) - never) if ALL else some:
				for role in roles:
					if subject.d is None or subject.d.process.poll() is not None:
						demand(subject.start(), "it serves again")
					if role == "supervisor":
						pids = [subject.d.pid]
					else:
						pids = wait_for("the roles", lambda role=role: subject.d.roles().get(role))
					os.kill(pids[0], sent)
					try:
						subject.try_now(f"{sent} to {role}")
					except (OSError, ValueError, KeyError, Failure) as why:
						demand("changed what is denied" not in str(why) and "brought" not in str(why), why)
						subject.stop()
			demand(subject.start(), "it serves again")
			subject.try_now("all of that")
			subject.end()

	def no_clock_permits_more():
		with base.copy() as m:
			subject = Denied(m)
			shifts = ("1000", "86400", "31536000") if ALL else ("86400",)
			probe = subprocess.run(["unshare", "--time", "--boottime", "1000", "true"], capture_output=True)
			if probe.returncode == 0:
				for seconds in shifts:
					subject.start(before=["unshare", "--time", "--fork", "--kill-child", "--boottime", seconds,
						"--monotonic", seconds])
					s = subject.d.session(m.token) if subject.d is not None else None
					for path in ("/private/x", "/public/secret/x") if s else ():
						demand(reason_of(s.take(path)) == DENIED[path], "clock", seconds, "permits", path)
			subject.start()
			subject.try_now("the clock as it is")
			subject.end()

	def no_user_permits_more():
		with base.copy() as m:
			subject = Denied(m)
			demand(subject.start(), "it serves")
			for uid in (0, 1, user(65534)):
				for direct in (False, True):
					client = Stdio(m, uid=uid, direct=direct)
					answer = client.initialize()
					demand(answer and "result" not in answer, "user", uid, "is let in:", answer)
					client.close()
			claims = {"X-Freehold-Actor": "worker", "X-Forwarded-User": "root", "X-User": "root", "Mcp-Name": "root",
				"X-Override": "true", "X-Break-Glass": "true", "X-Policy-Mode": "advisory"}
			s = subject.d.session(m.token)
			for name, value in claims.items():
				said = {"name": "take", "arguments": {"path": "/private/x"}, "_meta": {name: value, "override": 1}}
				status, _, body = s.send({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": said},
					headers={name: value})
				demand(status == 200 and reason_of(json.loads(body)) == "no-permit", name, "changes it:", body)
			subject.try_now("all claims")
			subject.end()

	def no_path_of_the_gate_permits_more():
		with base.copy() as m:
			subject = Denied(m)
			demand(subject.start(), "it serves")
			h = subject.d.http(m.token)
			for path in ("/catalog/exception", "/exception", "/break-glass", "/admin", "/admin/reset", "/kill-switch",
					"/policy", "/policies", "/reload", "/config", "/mode", "/lease", "/approve", "/debug",
					"/sessions", "/v1/data", "/mcp", "/mcp/notes/admin"):
				for method in ("POST", "PUT", "DELETE", "PATCH", "GET") if ALL else ("POST", "DELETE"):
					try:
						status, _, _ = h.send({"override": True, "mode": "advisory", "policy": PERMIT_ALL},
							method=method, path=path)
					except OSError:
						h, status = subject.d.http(m.token), 0
					demand(not 200 <= status < 300, method, path, "is answered with", status)
			subject.try_now("all paths")
			subject.end()

	def nothing_planted_permits_more():
		with base.copy() as m, Machine() as other:
			other.make()
			other.sign_policy(policy=PERMIT_ALL)
			subject = Denied(m)
			demand(subject.start(), "it serves")
			chain = m.state / "chain"
			theirs = sorted((other.state / "chain").glob("*.fhs"))[-1].read_bytes()
			last = sorted(f.name for f in chain.iterdir() if re.match(r"\d{8}-", f.name))[-1]
			following = "%08d" % (int(last[:8]) + 1) + last[8:]
			for name, data in (("policy.cedar", PERMIT_ALL.encode()), ("override", b"1"), (following, theirs),
					(following, b""), (following, PERMIT_ALL.encode()), ("policy.yaml", b"default: allow\n")):
				for where in (chain, m.state, m.state / "record"):
					planted = where / name
					if planted.exists():
						continue
					(where / "x.new").write_bytes(data)
					(where / "x.new").rename(planted)
					subject.try_now(f"{planted.name} in {where.name}")
					subject.start()
					subject.try_now(f"{planted.name} in {where.name}, and a restart")
					planted.unlink()
			subject.start()
			subject.try_now("nothing planted any more")
			subject.end(served=4)

	def an_older_policy_does_not_come_back():
		with base.copy() as m:
			m.sign_policy(policy=PERMIT_ALL)
			before = {f: f.read_bytes() for f in (m.state / "chain").iterdir()}
			m.sign_policy(policy=POLICY)
			subject = Denied(m)
			demand(subject.start(), "it serves")
			subject.try_now("the newer policy")
			subject.stop()
			for f in set((m.state / "chain").iterdir()) - set(before):
				f.unlink()
			subject.start()
			subject.try_now("the newer policy's file removed")
			subject.end()

	def a_revocation_outlives_restarts_and_requests():
		with base.copy() as m:
			subject = Denied(m)
			for _ in range(2):
				demand(subject.start(), "it serves")
				h = subject.d.http(m.revoked)
				h.send(None, method="DELETE")
				demand(reason_of(h.initialize()) == "unknown-credential", "the revoked actor is back")
			m.sign("policy", "revoke")
			wait_for("no policy", lambda: reason_of(subject.d.http(m.token).initialize()) == "no-policy")
			demand(subject.start(), "it serves")
			demand(reason_of(subject.d.http(m.token).initialize()) == "no-policy", "permitted without a policy")
			subject.stop()

	return run_tests((the_test_sees_an_override, no_option_of_any_program_permits_more, no_option_of_serve_permits_more,
		no_key_of_the_configuration_permits_more, no_variable_permits_more, no_signal_and_no_restart_permits_more,
		no_clock_permits_more, no_user_permits_more, no_path_of_the_gate_permits_more, nothing_planted_permits_more,
		an_older_policy_does_not_come_back,
		a_revocation_outlives_restarts_and_requests))


with Machine() as made:
	made.make().govern()
	made.sign_policy(policy=POLICY)
	made.revoked = made.grant("gone")
	made.sign("actor", "revoke", "gone")
	first = made.serve()
	demand("result" in first.session(made.token).take("/once/first"), "the one call of the quota")
	first.stop()
	made.daemons.remove(first)
	status = run(made)
sys.exit(status)
