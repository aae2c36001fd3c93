#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a policy allows, and how two differ, before anybody signs.
. "$(dirname "$0")/lib.sh"

cat > schema.cedarschema <<'END'
entity Folder in [Folder];
entity File in [Folder];
@mcp("files/read_file") @resource("/path", "posix-path")
action "files.read" appliesTo { principal: [Actor], resource: [File] };
@mcp("desk/close") @resource("/ticket/id", "text")
action close appliesTo { principal: [Actor], resource: [Ticket] };
entity Ticket;
END
cat > old.cedar <<'END'
@id("notes") @quota("200/hour per principal")
permit (principal in Team::"research", action == Action::"files.read", resource in Folder::"/notes");
@id("close") permit (principal, action == Action::"close", resource);
END
cat > new.cedar <<'END'
@id("close") permit (principal, action == Action::"close", resource) when { resource != Ticket::"1" };
@id("notes") @quota("400/hour per principal")
permit (principal in Team::"research", action == Action::"files.read", resource in Folder::"/notes");
@id("ops") permit (principal in Team::"ops", action == Action::"files.read", resource) unless { resource in Folder::"/etc" };
END
cat > again.cedar <<'END'
@id("close") permit (principal, action, resource) when { action == Action::"close" };
@id("notes") @quota("200/1h per principal")
permit (principal, action == Action::"files.read", resource in Folder::"/notes") when { principal in Team::"research" };
END
diff_of() {
	fh policy diff --schema schema.cedarschema "$@"
}

yes "policy diff: what is written otherwise is the same" 0 diff_of old.cedar again.cedar
says "in each environment" "^same  *files.read: Actor on File$"
yes "and --changed has nothing to show" 0 diff_of old.cedar again.cedar --changed
says "and says so" "^nothing changes$"
yes "policy diff: what differs" 1 diff_of old.cedar new.cedar --changed
says "wider, with a request" '^    + Actor::"[a-z]*" in Team::"ops" may Action::"files.read" on File::"/'
says "narrower, with a request" '^    - Actor::"[a-z]*" may Action::"close" on Ticket::"1"$'
says "limits apart" '^  @quota of "notes": was "200/hour per principal", is "400/hour per principal"$'
yes "and the same as JSON" 1 diff_of old.cedar new.cedar --json
cp out diff.json
yes "which is JSON" 0 python3 -c 'import json
d = json.load(open("diff.json"))
at = {(e["action"], e["principal"]): e for e in d["environments"]}
read, close, start = at["files.read", "Actor"], at["close", "Actor"], at["server.start", "Device"]
assert read["usual"]["relation"] == "wider" and close["usual"]["relation"] == "narrower"
assert start["usual"] == {"relation": "same"}
assert read["usual"]["wider"]["entities"][0]["parents"] == [{"type": "Team", "id": "ops"}]
assert close["usual"]["narrower"]["resource"] == {"type": "Ticket", "id": "1"}
assert d["limits"] == [{"policy": "notes", "limit": "quota", "old": "200/hour per principal", "new": "400/hour per principal"}]
assert d["calls"] == [] and d["verdict"] == "no"'
sed 's/desk.close/desk\/finish/' schema.cedarschema > calls.cedarschema
yes "policy diff: a call that moved" 1 fh policy diff old.cedar old.cedar --old-schema schema.cedarschema \
	--schema calls.cedarschema --changed
says "is listed" '^  "desk" "close": was "close" on "/ticket/id", is none$'
sed 's/"text"/"posix-path"/; s/entity Ticket/& in [Folder]/' schema.cedarschema > paths.cedarschema
yes "policy diff: a type that changed" 1 fh policy diff old.cedar old.cedar --old-schema schema.cedarschema \
	--schema paths.cedarschema --changed
says "cannot be compared" "^cannot tell  *close: Actor on Ticket$"
says "and why" "the schema declares Ticket otherwise"
yes "policy diff needs a schema" 64 fh policy diff old.cedar new.cedar
yes "and policies that can be signed" 2 diff_of old.cedar schema.cedarschema
says "and shows where not" "schema.cedarschema:1:1: "

allows() {
	fh policy allows --schema schema.cedarschema "$@"
}
yes "policy allows" 0 allows new.cedar
says "something, with a request" '^    Actor::"[a-z]*" may Action::"close" on Ticket::"'
says "nothing, where that is proved" "^nothing  *server.start: Device on Server$"
says "permits with their limits" '^    permit "notes" @quota("400/hour per principal")$'
says "and what is left without the lease" "^  when the lease has ended: nothing$"
yes "policy allows everything" 0 allows old.cedar
says "where that is proved" "^everything  *close: Actor on Ticket$"
echo 'forbid(principal, action, resource);' > none.cedar
yes "policy allows nothing" 1 allows none.cedar
yes "and says so in JSON" 1 allows none.cedar --json
says "and says so" '"verdict":"no"}$'
yes "without a file it is that in force" 2 fh policy allows
says "and there is none" "freehold init"
yes "with its own init" 0 with_pass init --no-tpm --operator-key op.key
yes "and none yet" 2 fh policy allows
says "and says so" "no policy is in force: nothing is permitted; name the policy's file"
yes "policy sign" 0 with_pass policy sign old.cedar --schema schema.cedarschema --expires 1d --operator-key op.key
yes "policy allows, of that in force" 0 fh policy allows
yes "policy diff, from that in force" 1 diff_of new.cedar --changed
says "wider" "^wider  *files.read: Actor on File$"
yes "and to itself" 0 diff_of old.cedar

exit "$failed"
