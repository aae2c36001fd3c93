# SPDX-License-Identifier: Apache-2.0
"""events.py ocsf|cef FILE: each line is an event as that format has it.  For OCSF what schema 1.8.0 requires of API Activity
(6003) and of the objects in it; for CEF the header of eight parts and pairs with nothing unescaped."""
import json
import re
import sys


def ocsf(line):
	e = json.loads(line)
	assert (e["category_uid"], e["class_uid"], e["activity_id"], e["type_uid"]) == (6, 6003, 99, 600399)
	assert e["activity_name"], "Other wants the source's word"
	assert isinstance(e["time"], int) and e["severity_id"] in range(7) and e["status_id"] in (0, 1, 2, 99)
	m = e["metadata"]
	assert m["version"] == "1.8.0" and m["product"]["vendor_name"] and m["profiles"] == ["ai_operation"]
	assert m["uid"].endswith(f":{m['sequence']}")
	assert any(k in e["actor"] for k in ("user", "app_name")), "actor: at least one of"
	assert "user" not in e["actor"] or e["actor"]["user"]["name"]
	assert e["api"]["operation"] and e["api"]["request"]["uid"]
	source = e["src_endpoint"]
	assert any(k in source for k in ("ip", "uid", "name", "svc_name")), "src_endpoint: at least one of"
	if "message_context" in e:
		assert any(k in e["message_context"] for k in ("application", "service")), "message_context: at least one of"
	assert all(r.get("name") or r.get("uid") for r in e.get("resources", []))
	assert e.get("end_time", 0) - e.get("start_time", 0) == e.get("duration", 0) >= 0 and e.get("count", 1) > 0
	known = {"category_uid", "count", "class_uid", "activity_id", "activity_name", "type_uid", "time", "start_time", "end_time",
		"duration", "severity_id", "status_id", "status_code", "metadata", "actor", "api", "resources", "src_endpoint",
		"dst_endpoint", "message_context", "unmapped"}
	assert set(e) <= known, set(e) - known


def cef(line):
	parts = re.split(r"(?<!\\)\|", line.rstrip("\n"), maxsplit=7)
	assert len(parts) == 8 and parts[0] == "CEF:0" and parts[6].isdigit() and int(parts[6]) <= 10, parts
	keys = re.findall(r"(?:^| )(\w+)=", parts[7])
	assert len(keys) == len(set(keys)) and keys[0] == "rt" and "externalId" in keys, keys
	for value in re.split(r"(?:^| )\w+=", parts[7])[1:]:
		assert not re.search(r"(?<!\\)=", value), value


lines = open(sys.argv[2]).readlines()
assert lines
for n, text in enumerate(lines):
	try:
		{"ocsf": ocsf, "cef": cef}[sys.argv[1]](text)
	except Exception as error:
		sys.exit(f"line {n}: {error!r}: {text}")
