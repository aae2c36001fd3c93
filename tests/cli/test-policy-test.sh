#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# policy test: files of expected decisions, held to the policy of examples/ and to one with quotas.
top=$PWD
. "$top/tests/cli/lib.sh"
example="--policy $top/examples/policy.cedar --schema $top/examples/schema.cedarschema"

# given NAME: the standard input is the file NAME.
given() {
	cat > "$1"
}
# held FILE [OPTION...]: to the policy of examples/.
held() {
	# shellcheck disable=SC2086 # several words
	fh policy test "$@" $example
}

given good.json << 'END'
{
  "teams": { "alice": ["research"], "bob": [] },
  "tests": [
    { "name": "alice reads", "actor": "alice", "call": "notes/read_note", "arguments": { "path": "/public/a" },
      "expect": "permitted", "policies": ["read-public"] },
    { "name": "nobody deletes", "actor": "alice", "call": "notes/delete_note", "arguments": { "path": "/drafts/a" },
      "expect": "forbidden", "policies": ["never-delete"] },
    { "name": "bob does not", "actor": "bob", "call": "notes/read_note", "arguments": { "path": "/public/a" },
      "expect": "no-permit" },
    { "name": "unless he is in the team", "actor": "bob", "teams": ["research"], "action": "notes.read",
      "resource": { "type": "File", "id": "/public/a" }, "expect": "permitted" },
    { "name": "a path that is not canonical", "actor": "alice", "call": "notes/read_note",
      "arguments": { "path": "/public/../a" }, "expect": "malformed-resource" },
    { "name": "a tool nobody mapped", "actor": "alice", "call": "notes/none", "expect": "tool-not-in-schema" },
    { "name": "without a lease", "actor": "alice", "call": "notes/list_notes", "leased": false, "expect": "no-lease" },
    { "name": "refused for whatever reason", "actor": "eve", "call": "notes/list_notes", "expect": "refused" }
  ]
}
END
yes "passes what is as expected" 0 held good.json
says "and names each" '^ok    alice reads$'
says "and counts" '^8 passed, 0 failed$'
yes "passes it as JSON" 0 held good.json --json
held good.json --json > out.json
yes "with a line and a count" 0 python3 -c 'import json, sys
d = json.load(open("out.json"))
sys.exit(d["passed"] != 8 or d["failed"] != 0 or d["tests"][0]["line"] != 4 or d["tests"][0]["policies"] != ["read-public"])'

# Each expectation turned round fails, and is found where it stands.
n=0
for change in 's/"expect": "permitted", "policies"/"expect": "refused", "policies"/' \
	's/"expect": "forbidden"/"expect": "permitted"/' \
	's/"read-public"/"look-around"/' 's/"expect": "no-lease"/"expect": "no-quota"/' 's/"bob": \[\]/"bob": ["research"]/' \
	's/\["never-delete"\]/[]/' 's/"expect": "tool-not-in-schema"/"expect": "malformed-resource"/'; do
	n=$((n + 1))
	sed "$change" good.json > "bad$n.json"
	if cmp -s good.json "bad$n.json"; then not_ok "change $n changes nothing"; fi
	yes "fails a wrong expectation ($n)" 1 held "bad$n.json"
	says "at its place" "bad$n.json:[0-9]*:5: expected"
	says "and counts it" '^7 passed, 1 failed$'
done

given quota.cedar << 'END'
@id("three") @quota("3/hour per principal") permit (principal, action == Action::"notes.list", resource);
@id("safe") @fallback permit (principal, action == Action::"notes.read", resource);
END
given quota.json << 'END'
{ "tests": [
  { "name": "the third", "actor": "a", "call": "notes/list_notes", "before": 2, "expect": "permitted", "policies": ["three"] },
  { "name": "the fourth", "actor": "a", "call": "notes/list_notes", "before": 3, "expect": "no-quota" },
  { "name": "many more", "actor": "a", "call": "notes/list_notes", "before": 1000000, "expect": "no-quota" },
  { "name": "half an hour later", "actor": "a", "call": "notes/list_notes", "before": 3, "later": "30m", "expect": "no-quota" },
  { "name": "two hours later", "actor": "a", "call": "notes/list_notes", "before": 3, "later": "2h", "expect": "permitted" },
  { "name": "without a lease", "actor": "a", "action": "notes.read", "resource": {"type": "File", "id": "/a"},
    "leased": false, "expect": "permitted", "policies": ["safe"] }
] }
END
yes "counts quotas" 0 fh policy test quota.json --policy quota.cedar --schema "$top/examples/schema.cedarschema"
says "all of them" '^6 passed, 0 failed$'

# Functions that a model calls stand for the same actions, and for nothing but by their own names.
sed 's/@mcp("notes\/read_note")/& @openai("readNote; read-note")/' "$top/examples/schema.cedarschema" > functions.cedarschema
given functions.json << 'END'
{ "teams": { "alice": ["research"] }, "tests": [
  { "name": "one", "actor": "alice", "function": "readNote", "arguments": { "path": "/public/a" },
    "expect": "permitted", "policies": ["read-public"] },
  { "name": "its other name", "actor": "alice", "function": "read-note", "arguments": { "path": "/public/a" },
    "expect": "permitted" },
  { "name": "elsewhere", "actor": "alice", "function": "readNote", "arguments": { "path": "/private/a" },
    "expect": "no-permit" },
  { "name": "without its argument", "actor": "alice", "function": "readNote", "expect": "malformed-resource" },
  { "name": "a tool's name", "actor": "alice", "function": "read_note", "arguments": { "path": "/public/a" },
    "expect": "tool-not-in-schema" },
  { "name": "as a tool", "actor": "alice", "call": "notes/readNote", "arguments": { "path": "/public/a" },
    "expect": "tool-not-in-schema" }
] }
END
yes "maps functions that a model calls" 0 fh policy test functions.json --policy "$top/examples/policy.cedar" \
	--schema functions.cedarschema
says "all of them" '^6 passed, 0 failed$'
sed 's/readNote/read_it/' functions.cedarschema > renamed.cedarschema
cp "$top/examples/policy.cedar" same.cedar
yes "lists those that changed" 1 fh policy diff --old-schema functions.cedarschema --schema renamed.cedarschema \
	same.cedar same.cedar
says "the old one" 'function "readNote": was .*notes.read.*, is '
says "the new one" 'function "read_it": was .*, is .*notes.read'

# What takes long says how far it is, on a terminal alone.
cat > terminal.py << 'END'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
	os.execv(sys.argv[1], sys.argv[1:])
try:
	while data := os.read(fd, 4096):
		sys.stdout.buffer.write(data.replace(b"\r", b"\n"))
except OSError:
	pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
echo 'permit (principal, action, resource);' > all.cedar
python3 -c 'import json; print(json.dumps({"tests": [{"name": "n", "actor": "a", "call": "notes/list_notes", "before": 1000000,
	"expect": "permitted"}] * 8}))' > long.json
yes "goes on for seconds" 0 python3 terminal.py "$freehold_program" policy test long.json --policy all.cedar \
	--schema "$top/examples/schema.cedarschema"
says "how far it is" '^\[#.* [0-9]* % [0-7] tests $'

# What is no file of tests is refused where it is wrong.
wrong() {
	printf '%s' "$2" > wrong.json
	yes "refuses $1" 2 held wrong.json
	says "at its place" "$3"
}
case_of() {
	printf '{"tests":[{"name":"x","actor":"a","call":"notes/list_notes",%s}]}' "$1"
}
wrong "no JSON" '{' 'wrong.json:1:'
wrong "no tests" '{"tests": []}' 'wrong.json:1:11: tests are an array'
wrong "an unknown member" "$(case_of '"expect":"refused","expects":1')" 'wrong.json:1:.*"expects" does not belong here'
wrong "no expectation" "$(case_of '"leased":true')" '"expect" is missing'
wrong "an unknown expectation" "$(case_of '"expect":"maybe"')" 'nothing is decided as `maybe`'
wrong "a call beside an action" "$(case_of '"expect":"refused","action":"notes.list"')" 'a call, a function, or an action'
wrong "too many requests before" "$(case_of '"expect":"refused","before":1000001')" 'a number from 0 to 1000000'
wrong "a time that is none" "$(case_of '"expect":"refused","later":"soon"')" 'this is no time'
yes "refuses no file" 2 held nowhere.json
yes "usage, with half a policy" 64 fh policy test good.json --policy quota.cedar
yes "usage, without a file" 64 fh policy test
exit $failed
