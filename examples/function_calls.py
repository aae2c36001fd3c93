#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A harness that asks Freehold before it carries out what a model calls.

	FREEHOLD_TOKEN=fh_... function_calls.py http://127.0.0.1:7420 ACTOR DIRECTORY < answer.json

Reads a model's answer, of OpenAI's chat completions or responses API, and writes what the model is to be told, a line of
JSON for each call.  The token is of an actor that may ask about ACTOR (freehold actor grant harness --bearer --asks ...),
and the schema maps the functions below (docs/spec/POLICY, "Calls"; AUTHZEN, "Calls of functions").
"""
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def read_file(directory, path):
	return Path(f"{directory}{path}").read_text()


def write_file(directory, path, text):
	Path(f"{directory}{path}").write_text(text)
	return "written"


FUNCTIONS = {"read_file": read_file, "write_file": write_file}


def calls_of(answer):
	if "choices" in answer:
		return [c for choice in answer["choices"] for c in choice["message"].get("tool_calls") or []]
	return [item for item in answer["output"] if item["type"] == "function_call"]


def ask(url, token, actor, call):
	"""None if CALL is permitted; otherwise why it is not.  Whatever is not plainly a yes is a no."""
	body = {"subject": {"type": "Actor", "id": actor}, "action": {"name": "function_call", "properties": call}}
	request = urllib.request.Request(f"{url}/access/v1/evaluation", json.dumps(body).encode(),
		{"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
	try:
		with NO_PROXY.open(request, timeout=30) as response:
			answer = json.load(response)
		context = answer["context"]
		if answer["decision"] is True and context["call"] == call.get("call_id", call.get("id")):
			return None
		entry = f"entry {context['record']} of the record" if "record" in context else context["text"]
		return f"refused: {context['reason']} ({entry})"
	except urllib.error.HTTPError as e:
		return f"refused: {e.read(4096).decode(errors='replace').strip()}"
	except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
		return f"refused: nobody could be asked: {e!r}"


def carry_out(call, directory):
	"""Of the very call that was asked about.  The policy has seen its path, which is canonical."""
	function = call.get("function", call)
	try:
		return FUNCTIONS[function["name"]](directory, **json.loads(function["arguments"]))
	except Exception as e: # the model is told, and the next call has its turn
		return f"failed: {e!r}"


def main():
	if len(sys.argv) != 4 or "FREEHOLD_TOKEN" not in os.environ:
		sys.exit(__doc__)
	url, actor, directory = sys.argv[1:]
	for call in calls_of(json.load(sys.stdin)):
		said = ask(url, os.environ["FREEHOLD_TOKEN"], actor, call)
		if said is None:
			said = carry_out(call, directory)
		if "call_id" in call:
			told = {"type": "function_call_output", "call_id": call["call_id"], "output": said}
		else:
			told = {"role": "tool", "tool_call_id": call["id"], "content": said}
		print(json.dumps(told), flush=True)


if __name__ == "__main__":
	main()
