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

check() {
	fh policy check --schema schema.cedarschema "$@"
}
cat > idle.cedar <<'END'
@id("a") @quota("1/day per resource") permit (principal, action == Action::"close", resource);
@id("b") permit (principal, action, resource) when { action == Action::"close" };
@id("c") permit (principal in Team::"t", action == Action::"mcp.list", resource);
@id("d") @fallback permit (principal, action == Action::"mcp.list", resource);
END
yes "policy check warns, and still says yes" 0 check idle.cedar
says "of a quota that takes nothing away" "idle.cedar:1:11: warning: the quota of .a. takes nothing away: .b. permits without one"
says "with a mark under it" "^    |           ^^^^^$"
says "and what covers it" '^  2 | @id("b") permit'
says "of a lease that takes nothing away" "idle.cedar:3:10: warning: the end of the lease takes nothing of .c. away"
says "of a quota that one caller can use up for all" "idle.cedar:1:11: warning: .* can use up all budgets that it may have"
says "and says yes" "^idle.cedar: can be signed$"
yes "and has none of what is as it should be" 0 check old.cedar
yes "so nothing is said of it" 1 grep -q warning err
yes "and the same as JSON" 0 check idle.cedar --json
cp out check.json
yes "which is JSON" 0 python3 -c 'import json
d = json.load(open("check.json"))
assert d["verdict"] == "yes"
assert [(w["limit"], w["policy"], w["covered_by"]) for w in d["warnings"]] == [
	("quota", "a", "b"), ("budgets", "a", None), ("lease", "c", "d")]'
cat > functions.cedarschema <<'END'
entity File;
@mcp("files/read") @resource("/path", "text") action "read" appliesTo { principal: [Actor], resource: [File] };
@mcp("files/list") @openai("list") @resource("/path", "text") action "list" appliesTo { principal: [Actor], resource: [File] };
END
cat > functions.cedar <<'END'
@id("reads") @quota("9/day") permit (principal, action == Action::"read", resource);
@id("lists") @quota("9/day") permit (principal, action == Action::"list", resource == File::"a");
@id("denied") @quota("9/day") permit (principal, action == Action::"list", resource == File::"b");
forbid (principal, action == Action::"list", resource == File::"b");
@id("free") permit (principal, action == Action::"list", resource == File::"c");
END
yes "policy check warns where functions are not counted" 0 fh policy check --schema functions.cedarschema functions.cedar
says "of the quota" "functions.cedar:2:15: warning: the quota of .lists. does not count functions"
yes "and of no other" 0 fh policy check --schema functions.cedarschema functions.cedar --json
cp out check.json
yes "that a function cannot pass" 0 python3 -c 'import json
d = json.load(open("check.json"))
assert [(w["limit"], w["policy"], w["covered_by"]) for w in d["warnings"]] == [("functions", "lists", None)], d'
cat > bad.cedar <<'END'
@id("a") @quota("1/dy") permit (principal, action == Action::"clse", resource is Fil);
permit (principal = Actor::"x", action, resource);
@id("a") permit (principal, action, resource) when { principal.x == 1 && 2 < "b" } unless { 3 };
END
yes "policy check tells all that is wrong" 1 check bad.cedar
says 'with a mark under all of a name' '^    | *\^\{14\}$'
sed -n 's/^freehold: bad.cedar:\([0-9:]*\): .*/\1/p' err > places
printf '1:11\n1:54\n1:82\n2:19\n3:10\n3:64\n3:64\n3:78\n3:93\n' > wanted
yes "each in its place" 0 cmp places wanted
yes "also as JSON" 1 check bad.cedar --json
says "by file, line and column" '"problems":\[{"where":"bad.cedar:1:11","what":"@quota has no period'
echo 'entity X in [Y];' > bad.cedarschema
yes "of both texts" 1 fh policy check bad.cedar --schema bad.cedarschema
says "the schema" "^freehold: bad.cedarschema:1:"
says "and the policies" "^freehold: bad.cedar:2:19: "

exit "$failed"
