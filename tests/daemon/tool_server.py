# SPDX-License-Identifier: Apache-2.0
"""A tool server for the tests: it notes every call in ./calls, and can take its time.

What it defines it reads anew for each list from ./tools, if that is there: a line for each page, written as it stands.
"""
import json
import os
import signal
import sys
import threading
import time

TOOLS = [{"name": "take", "inputSchema": {"type": "object"}}, {"name": "wait", "inputSchema": {"type": "object"}},
	{"name": "hidden", "inputSchema": {"type": "object"}}]
lock = threading.Lock()


def write(message):
	with lock:
		sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
		sys.stdout.flush()


def say(id, result):
	write({"id": id, "result": result})


def list_tools(m):
	pages = open("tools").read().splitlines() if os.path.exists("tools") else [json.dumps(TOOLS)]
	if pages == ["exit"]:
		os._exit(1)
	page = int(m["params"].get("cursor", 0))
	more = f', "nextCursor": "{page + 1}"' if page + 1 < len(pages) else ""
	with lock:
		sys.stdout.write(f'{{"jsonrpc": "2.0", "id": {m["id"]}, "result": {{"tools": {pages[page]}{more}}}}}\n')
		sys.stdout.flush()


def leave():
	"""Two processes that do not end with this one, one of them in a session of its own."""
	for own in (False, True):
		if os.fork() == 0:
			if own:
				os.setsid()
			while True:
				signal.pause()


def tell(m, progress, every=0, times=1, **more):
	"""How far it is, whether anybody wants to hear it or not, a notification after the other."""
	token = m["params"].get("_meta", {}).get("progressToken", more.get("token", 0))
	for said in progress * times:
		time.sleep(every)
		write({"method": "notifications/progress", "params": {"progressToken": token, **said}})


def call(m):
	arguments = m["params"].get("arguments", {})
	with lock:
		fd = os.open("calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
		os.write(fd, json.dumps(m["params"]).encode() + b"\n")
		os.close(fd)
	if arguments.get("leave"):
		leave()
	if "progress" in arguments:
		tell(m, **arguments)
	time.sleep(arguments.get("seconds", 0))
	said = "taken " + str(arguments.get("path", "")) + "." * arguments.get("more", 0)
	result = {"content": [{"type": "text", "text": said}], "isError": False}
	if "usage" in arguments:
		result["structuredContent"] = {"usage": {"total_tokens": arguments["usage"]}}
	say(m["id"], result)


for line in sys.stdin:
	m = json.loads(line)
	if m.get("method") == "initialize":
		say(m["id"], {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
			"serverInfo": {"name": "test", "version": "1"}})
	elif m.get("method") == "tools/list":
		list_tools(m)
	elif m.get("method") == "tools/call":
		threading.Thread(target=call, args=(m,), daemon=True).start()
