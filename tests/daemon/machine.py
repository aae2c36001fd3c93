# SPDX-License-Identifier: Apache-2.0
"""A machine of its own for a test: a state directory, an operator key, a tool server, and Freehold running on it.

Everything lies in one temporary directory.  What a test starts it ends, by process id.
"""
import http.client
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("FREEHOLD_BUILD") or TOP / "build")
FREEHOLD, VERIFY = BUILD / "freehold", BUILD / "freehold-verify"
OPEN_RECORD = BUILD / "tests/fixture/open-record"
NOBODY = 65534
PASSPHRASE = "correct horse\n" * 2  # of as many keys as one verb may read
PATIENCE = 30  # seconds for anything that takes milliseconds on an idle machine

# `freehold: WHERE: WHAT; WHAT TO DO`, with the journal's prefix where a role says it.
MESSAGE = re.compile(r"^(<[0-7]>)?freehold: (?P<where>.+?): (?P<what>.+?); (?P<cure>\S.*)$")

SCHEMA = """
entity Folder in [Folder];
entity File in [Folder];
@mcp("%(server)s/wait") action "notes.wait" appliesTo { principal: [Actor], resource: [Server] };
@mcp("%(server)s/take") @resource("/path", "posix-path")
action "notes.take" appliesTo { principal: [Actor], resource: [File] };
"""
POLICY = """
@id("anybody-looks") permit (principal == Actor::"anonymous",
	action in [Action::"mcp.initialize", Action::"mcp.list"], resource);
@id("research-looks") permit (principal in Team::"research",
	action in [Action::"mcp.initialize", Action::"mcp.list", Action::"notes.wait"], resource);
@id("research-takes") permit (principal in Team::"research", action == Action::"notes.take", resource in Folder::"/public");
"""


def can_become(uid):
	"""Whether processes of ours can be those of UID: root can, but not one that is root in the box alone."""
	pid = os.fork()
	if pid == 0:
		try:
			os.setresgid(uid, uid, uid)
			os.setresuid(uid, uid, uid)
			os._exit(0)
		except OSError:
			os._exit(1)
	return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def become_ordinary():
	"""An ordinary user is root in the box and nobody else, and no tool server runs as root: so he goes on as himself."""
	outside = int(Path("/proc/self/uid_map").read_text().split()[1]) or 1000
	himself = ["unshare", "--user", f"--map-user={outside}", f"--map-group={outside}", "--"]
	if subprocess.run([*himself, "true"], capture_output=True).returncode != 0:
		print(f"skip - {Path(sys.argv[0]).stem}: neither another user nor a user namespace can be had here")
		sys.exit(0)
	os.execvp(himself[0], [*himself, sys.executable, "-B", *sys.argv])


ALONE = not can_become(NOBODY)  # then the tool server, the clients and the daemon are one user
if ALONE and os.geteuid() == 0:
	become_ordinary()
ME = os.geteuid()
SERVER_UID = ME if ALONE else NOBODY


def user(uid):
	"""Whom a test's client is to the kernel: UID where we can become it, and else ourselves."""
	return ME if ALONE else uid


class Failure(Exception):
	pass


def demand(condition, *what):
	if not condition:
		raise Failure(" ".join(str(w) for w in what))


def demand_message(text, *words):
	"""One line of TEXT has the form of an error and holds all WORDS; every other error of it has that form, too."""
	errors = [l for l in text.splitlines() if re.match(r"^(<[0-3]>)?freehold: ", l)]
	for line in errors:
		demand(MESSAGE.match(line), "not `freehold: WHERE: WHAT; WHAT TO DO`:", line)
	demand(any(all(w in line for w in words) for line in errors), "no message with", words, "in:\n" + text)


def listens(path):
	"""Whether a Unix socket at PATH takes connections: it is there a moment before it does."""
	rows = Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:]
	return any(len(w) == 8 and w[3] == "00010000" and w[7] == str(path) for w in map(str.split, rows))


def wait_for(what, condition, seconds=PATIENCE):
	end = time.monotonic() + seconds
	while time.monotonic() < end:
		if found := condition():
			return found
		time.sleep(0.005)
	raise Failure(f"{what}: not within {seconds} s")


# --- processes -------------------------------------------------------------

def read_proc(pid, name):
	try:
		return Path(f"/proc/{pid}/{name}").read_bytes()
	except OSError:
		return b""


def is_alive(pid):
	stat = read_proc(pid, "stat")
	return bool(stat) and stat.rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")


def descendants(pid):
	"""All processes below PID as {pid: command line}."""
	children = {}
	for entry in os.listdir("/proc"):
		if entry.isdigit() and (stat := read_proc(entry, "stat")):
			children.setdefault(int(stat.rsplit(b")", 1)[1].split()[1]), []).append(int(entry))
	found, ahead = {}, [pid]
	while ahead:
		for child in children.get(ahead.pop(), []):
			found[child] = read_proc(child, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace").strip()
			ahead.append(child)
	return found


# --- a machine -------------------------------------------------------------

class Machine:
	def __init__(self, server="notes"):
		self.top = Path(tempfile.mkdtemp(prefix="freehold-daemon-"))
		self.top.chmod(0o755)
		self.state, self.key, self.server = self.top / "state", self.top / "op.key", server
		self.config, self.daemons = self.top / "freehold.conf", []
		self.config.write_text("")
		self.socket = self.top / "socket"
		self.files = self.top / "files"
		self.files.mkdir()
		if not ALONE:
			os.chown(self.files, NOBODY, NOBODY)

	def save(self):
		"""For another process, which says at()."""
		kept = {name: str(getattr(self, name)) for name in ("state", "files", "key")}
		kept |= {name: getattr(self, name) for name in ("server", "token", "genesis")}
		(self.top / "machine").write_text(json.dumps(kept))

	@classmethod
	def at(cls, top):
		"""The machine that was saved in TOP."""
		m, kept = object.__new__(cls), json.loads((Path(top) / "machine").read_text())
		m.top, m.daemons = Path(top), []
		m.config, m.socket = m.top / "freehold.conf", m.top / "socket"
		m.state, m.files, m.key = (Path(kept[k]) for k in ("state", "files", "key"))
		m.server, m.token, m.genesis = (kept[k] for k in ("server", "token", "genesis"))
		return m

	def copy(self):
		"""Another machine in the very same state, tool server included."""
		other = object.__new__(Machine)
		other.__dict__.update(self.__dict__)
		other.top = Path(tempfile.mkdtemp(prefix="freehold-daemon-"))
		other.top.chmod(0o755)
		other.state, other.daemons = other.top / "state", []
		other.config, other.socket = other.top / "freehold.conf", other.top / "socket"
		shutil.copy(self.config, other.config)
		subprocess.run(["cp", "-a", self.state, other.state], check=True)
		return other

	def drop(self):
		for d in self.daemons:
			d.kill()
		shutil.rmtree(self.top, ignore_errors=True)

	def __enter__(self):
		return self

	def __exit__(self, *why):
		self.drop()

	def run(self, *words, status=0, state=None, **more):
		"""`freehold WORDS...`, with the passphrase on descriptor 0 for whoever reads it."""
		verb = [str(w) for w in words]
		at = verb.index("--") if "--" in verb else len(verb)
		verb[at:at] = ["--config", str(self.config), "--state", str(state or self.state)]
		r = subprocess.run([FREEHOLD, *verb], input=PASSPHRASE, text=True, capture_output=True, timeout=120, **more)
		demand(status is None or r.returncode == status, f"freehold {' '.join(verb)}: status {r.returncode}, not {status}:",
			r.stdout, r.stderr)
		return r

	def sign(self, *words, **more):
		at = list(words).index("--") if "--" in words else len(words)
		return self.run(*words[:at], "--operator-key", self.key, "--passphrase-fd", 0, *words[at:], **more)

	def make(self, tpm=False):
		self.sign("init", "--device-name", "box", *([] if tpm else ["--no-tpm"]))
		self.genesis = json.loads(self.run("chain", "show", "--json", status=None).stdout)["chain"]
		return self

	def govern(self, expires="30d"):
		"""A tool server of ours that can also be slow, a policy over it, and an actor with a token."""
		tool = self.files / "tool_server.py"  # Landlock, where it encloses it, leaves it this directory
		shutil.copy(Path(__file__).with_name("tool_server.py"), tool)
		self.sign("server", "add", self.server, "--uid", SERVER_UID, "--gid", SERVER_UID, "--directory", self.files,
			"--", "/usr/bin/python3", "-I", "-S", tool)
		self.sign_policy(expires)
		self.token = self.grant("worker")
		return self

	def sign_policy(self, expires="30d", policy=POLICY, lease=None, schema=SCHEMA, retain=None, **more):
		(self.top / "p.cedar").write_text(policy)
		(self.top / "p.cedarschema").write_text(schema % {"server": self.server})
		return self.sign("policy", "sign", self.top / "p.cedar", "--schema", self.top / "p.cedarschema",
			"--expires", expires, *(["--lease", lease] if lease else []),
			*(["--retain", retain] if retain else []), **more)

	def grant(self, name, *how):
		said = self.sign("actor", "grant", name, *(how or ["--bearer"]), "--group", "research").stdout
		return m[0] if (m := re.search(r"fh_[0-9a-f]{64}", said)) else None

	def serve(self, ready=True, before=()):
		"""Starts the daemon; BEFORE are words in front of the command (strace, say)."""
		d = Daemon(self, before)
		self.daemons.append(d)
		if ready:
			d.wait_ready()
		return d

	def serve_fails(self, status=2):
		"""What serve says when it cannot start."""
		d = self.serve(ready=False)
		demand(d.wait() == status, "serve ended with", d.wait(), "not", status, "\n" + d.log())
		return d.log()

	def opened(self):
		"""Options that give all that is sealed in the record, where the chip is a file: no daemon need run."""
		self.open_to = math.inf
		if not (self.state / "keys/counter").exists():
			return []
		file = self.top / "openings"
		r = subprocess.run([OPEN_RECORD, self.state, file], capture_output=True, text=True, timeout=120)
		if r.returncode != 0:
			return []
		self.open_to = int(r.stdout)
		return ["--openings", str(file)]

	def verify(self, *words, status=0, grades="none,co-located"):
		r = subprocess.run([VERIFY, "record", self.state, "--genesis", self.genesis, "--allow-grade", grades, "--json",
			*self.opened(), *[str(w) for w in words]], capture_output=True, text=True, timeout=120)
		demand(r.returncode == status, f"verify: status {r.returncode}, not {status}:", r.stdout, r.stderr)
		return json.loads(r.stdout) if r.stdout else r.stderr

	def entries(self, first=0):
		"""Everything recorded, from entry FIRST on, as {index: entry}; what comes while it is read is left out."""
		said = self.run("record", "show", "--json", "--fields", "--from", first, *self.opened()).stdout
		all = map(json.loads, filter(None, said.split("\n")))
		return {e["index"]: e for e in all if e["index"] < self.open_to}

	def chain(self, status=0):
		return json.loads(self.run("chain", "show", "--json", status=status).stdout)

	def received(self):
		"""Every call that reached the tool server."""
		log = self.files / "calls"
		return [json.loads(l) for l in log.read_text().splitlines()] if log.exists() else []


class Daemon:
	def __init__(self, machine, before=()):
		self.machine = machine
		self.log_path = machine.top / f"serve.{len(machine.daemons)}.log"
		with open(self.log_path, "wb") as log:
			self.process = subprocess.Popen([*before, FREEHOLD, "serve", "--config", machine.config,
				"--state", machine.state, "--socket", machine.socket, "--listen", "127.0.0.1:0"],
				stdin=subprocess.DEVNULL, stdout=log, stderr=log)
		self.pid = self.process.pid
		self.port = None

	def log(self):
		return self.log_path.read_text(errors="replace")

	def wait_ready(self):
		def ready():
			demand(self.process.poll() is None, "serve ended with", self.process.returncode, "\n" + self.log())
			return re.search(r"ready; http://127\.0\.0\.1:(\d+)", self.log())
		self.port = int(wait_for("serve is ready", ready)[1])

	def wait(self, seconds=PATIENCE):
		"""Its exit status."""
		try:
			return self.process.wait(seconds)
		except subprocess.TimeoutExpired:
			raise Failure(f"serve goes on after {seconds} s:\n{self.log()}") from None

	def roles(self):
		"""{role: [pid...]}; gates are `network gate` and `peer gate`."""
		found = {}
		for pid, line in descendants(self.pid).items():
			if m := re.match(r"freehold role (\w+) ?(\w*)", line):
				name = m[1] if m[1] != "gate" else "network gate" if m[2] == "network" else "peer gate"
				found.setdefault(name, []).append(pid)
			else:
				found.setdefault("tool server", []).append(pid)
		return found

	def stop(self):
		self.process.send_signal(signal.SIGTERM)
		status = self.wait()
		demand(status == 0, "serve ended with", status, "after SIGTERM:\n" + self.log())

	def kill(self):
		if self.process.poll() is None:
			self.process.kill()
			self.process.wait()

	def http(self, token=None):
		return Http(self, token)

	def session(self, token=None, server=None):
		return Http(self, token).open(server)

	def alive(self):
		"""It still decides: a fresh session can be opened and used."""
		demand(self.process.poll() is None, "serve ended with", self.process.returncode, "\n" + self.log())
		s = self.session(self.machine.token)
		answer = s.take("/public/alive")
		demand(not answer["result"]["isError"], "no permitted call works any more:", answer)
		s.end()


# --- clients ---------------------------------------------------------------

INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


class Http:
	"""One client over HTTP with a connection and at most one session."""

	def __init__(self, daemon, token=None):
		self.daemon, self.token, self.id, self.last = daemon, token, None, 0
		self.server = daemon.machine.server
		self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)

	def send(self, body, method="POST", path=None, headers=None):
		"""Returns (status, headers, body)."""
		h = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
			"MCP-Protocol-Version": "2025-11-25"}
		if self.token:
			h["Authorization"] = f"Bearer {self.token}"
		if self.id:
			h["Mcp-Session-Id"] = self.id
		h.update(headers or {})
		if isinstance(body, (dict, list)):
			body = json.dumps(body)
		try:
			self.connection.request(method, path or f"/mcp/{self.server}", body, h)
			r = self.connection.getresponse()
			return r.status, dict((k.lower(), v) for k, v in r.getheaders()), r.read()
		except (http.client.HTTPException, OSError):
			self.connection.close()
			raise

	def ask(self, method, **params):
		self.last += 1
		status, headers, body = self.send({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params})
		return json.loads(body) | {"http": status, "headers": headers}

	def initialize(self, server=None):
		self.server = server or self.server
		return self.ask("initialize", **INITIALIZE)

	def open(self, server=None):
		answer = self.initialize(server)
		demand("result" in answer, "initialize failed:", answer)
		self.id = answer["headers"]["mcp-session-id"]
		status, _, _ = self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
		demand(status == 202, "notifications/initialized:", status)
		return self

	def call(self, tool, **arguments):
		return self.ask("tools/call", name=tool, arguments=arguments)

	def take(self, path):
		return self.call("take", path=path)

	def end(self):
		self.send(None, method="DELETE")
		self.close()

	def close(self):
		self.connection.close()


class Stdio:
	"""One client over `freehold connect`, or over the daemon's socket itself."""

	def __init__(self, machine, uid=None, direct=False, server=None):
		name = server or machine.server
		self.last, self.process = 0, None
		uid = None if ALONE else uid
		if direct:
			self.socket = socket.socket(socket.AF_UNIX)
			self.socket.settimeout(PATIENCE)
			self.socket.connect(str(machine.socket))
			self.socket.sendall(f"freehold-connect/1 {name}\n".encode())
			self.reader, self.writer = self.socket.makefile("rb"), self.socket.makefile("wb")
			return
		self.process = subprocess.Popen([FREEHOLD, "connect", name, "--config", machine.config, "--socket", machine.socket],
			stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=uid, group=uid)
		self.reader, self.writer = self.process.stdout, self.process.stdin

	def say(self, line):
		self.writer.write(line if isinstance(line, bytes) else json.dumps(line).encode())
		self.writer.write(b"\n")
		self.writer.flush()

	def hear(self):
		"""The next answer, or None at the end."""
		line = self.reader.readline()
		return json.loads(line) if line else None

	def ask(self, method, **params):
		self.last += 1
		self.say({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params})
		return self.hear()

	def initialize(self):
		return self.ask("initialize", **INITIALIZE)

	def open(self):
		answer = self.initialize()
		demand(answer and "result" in answer, "initialize failed:", answer)
		self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
		return self

	def call(self, tool, **arguments):
		return self.ask("tools/call", name=tool, arguments=arguments)

	def take(self, path):
		return self.call("take", path=path)

	def close(self):
		"""Exit status of `freehold connect` after the end of its input."""
		try:
			self.writer.close()
		except OSError:
			pass
		if self.process is None:
			self.reader.close()
			self.socket.close()
			return 0
		try:
			return self.process.wait(PATIENCE)
		except subprocess.TimeoutExpired:
			self.process.kill()
			self.process.wait()
			raise Failure("connect goes on after its input ended") from None
		finally:
			self.reader.close()


def reason_of(answer):
	"""The named reason of a refusal, wherever MCP has it, or None."""
	if "error" in answer:
		return (answer["error"].get("data") or {}).get("reason") or answer["error"].get("reason")
	return answer.get("result", {}).get("_meta", {}).get("freehold/reason")


def index_of(answer):
	if "error" in answer:
		return (answer["error"].get("data") or {}).get("record")
	return answer.get("result", {}).get("_meta", {}).get("freehold/record")


def in_background(f, *arguments):
	"""Starts F; returns a function that waits for what it returns."""
	box = []

	def run():
		try:
			box.append(f(*arguments))
		except Exception as e:  # handed to whoever waits
			box.append(e)
	t = threading.Thread(target=run, daemon=True)
	t.start()

	def wait():
		t.join(PATIENCE)
		demand(box, "no answer in time")
		if isinstance(box[0], Exception):
			raise box[0]
		return box[0]
	return wait


# --- running tests ---------------------------------------------------------

def run_tests(tests):
	"""Runs functions, each named as the statement it checks; returns the exit status.  Words choose among them."""
	failed, words = 0, sys.argv[1:]
	for test in tests:
		statement = test.__name__.replace("_", " ")
		if words and not any(w in statement for w in words):
			continue
		try:
			why_not = test()
			print(f"skip - {statement}: {why_not}" if isinstance(why_not, str) else f"ok - {statement}", flush=True)
		except Exception:
			failed = 1
			print(f"not ok - {statement}")
			print("\n".join("  " + l for l in traceback.format_exc().splitlines()), flush=True)
	return failed
