#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The operator's verbs, as one would use them on one machine.
. "$(dirname "$0")/lib.sh"

cat > schema.cedarschema <<'END'
@mcp("notes/read")
action "notes.read" appliesTo { principal: [Actor], resource: [Server] };
END
cat > policy.cedar <<'END'
@id("read")
permit (principal in Team::"dev", action == Action::"notes.read", resource);
END
cat > bad.cedar <<'END'
permit (principal, action == Action::"no.such", resource);
END

yes "nothing works before init" 2 fh chain show
says "and says what to do" "freehold init"

# An init that cannot be carried out leaves nothing behind.
echo "tcti = device:$scratch/no-tpm" > no-tpm.conf
init_without() {
	printf 'correct horse\ncorrect horse\n' > pass
	"$freehold_program" init --config no-tpm.conf --state "$scratch/state" --passphrase-fd 9 "$@" 9< pass
}
absent() {
	for file; do
		[ ! -e "$file" ] || return 1
	done
}
yes "init refuses a machine without a TPM" 2 init_without --operator-key op.key
says "and names the way without one" "; go without a TPM by --no-tpm"
yes "and nothing was made" 0 absent op.key state
yes "so does init with a genesis" 2 init_without --genesis genesis.fhs --request box.request
yes "and nothing was made there" 0 absent state box.request
yes "init refuses a key in the state directory it would make" 2 fh init --no-tpm --operator-key "$scratch/state/op.key"
says "and says so" "may not lie in the state directory .*; keep it elsewhere"
yes "by whatever name" 2 fh init --no-tpm --operator-key ./state//keys/op.key
yes "and nothing was made by that" 0 absent state
mkdir -p other/keys state
echo 'freehold 1' > other/format
yes "init refuses an unfinished state" 2 "$freehold_program" init --no-tpm --config empty.conf --state other --operator-key op.key
says "and says how it is finished" "unfinished: it has no device key; move it away and run freehold init again"
yes "and makes no key" 0 absent op.key

yes "init makes key, chain and device" 0 with_pass init --no-tpm --operator-key op.key --device-name box
says "and says that the key is co-located" "co-located"
yes "a second init is refused" 2 with_pass init --no-tpm --operator-key op.key
yes "the state directory is closed" 0 test "$(stat -c %a state)" = 700
yes "the key file is closed" 0 test "$(stat -c %a op.key)" = 600

yes "chain show" 0 fh chain show
says "names the device" "device .* box  none"
yes "chain show in JSON" 0 fh chain show --json
says "tells the placement" '"placement":"co-located"'

yes "an actor by uid" 0 with_pass actor grant editor --uid 1000 --executable /bin/sh --group dev --operator-key op.key
yes "an actor by token" 0 with_pass actor grant laptop --bearer --expires 90d --operator-key op.key
says "shows the token" "^fh_[0-9a-f]\{64\}$"
# The options have to stand before the command.
server_add() {
	name=$1
	shift
	printf 'correct horse\n' > pass
	"$freehold_program" server add "$name" --config "$scratch/empty.conf" --state "$scratch/state" \
		--passphrase-fd 9 --operator-key op.key "$@" 9< pass
}
yes "a server" 0 server_add notes --uid 65534 --env B=2 --env A=1 -- /usr/bin/env true
yes "a server as root is refused" 2 server_add web --uid 0 -- /bin/true
says "and says so" "must be that of a user of its own, not root.s (0); make a user"
yes "a server over HTTP is refused by name" 2 server_add web --uid 1 --url http://x -- /bin/true
says "and says so" "not supported yet"
yes "a server needs an absolute path" 64 server_add web --uid 1 -- true

yes "a good policy can be signed" 0 fh policy check policy.cedar --schema schema.cedarschema
yes "a bad policy cannot" 1 fh policy check bad.cedar --schema schema.cedarschema
says "and names the place" "bad.cedar:1:"
says "and shows it" "^  1 | "
says "with a mark under it" "^    | *^"
printf '// why\npermit(principal,action,\nresource)when{1==1};' > loose.cedar
yes "policy fmt" 0 fh policy fmt loose.cedar
says "lays out, comments and all" "^// why$"
says "in one way" "^when { 1 == 1 };$"
yes "what is not laid out is found" 1 fh policy fmt --check loose.cedar
yes "and laid out" 0 fh policy fmt --write loose.cedar
yes "once" 0 fh policy fmt --check loose.cedar
printf 'permit(principal,action,resource) when { 1 = 1 };' > wrong.cedar
yes "what is no policy is refused" 1 fh policy fmt wrong.cedar
says "by its place" "wrong.cedar:1:44: .=. compares nothing; write .==."
says "and its cause" "^    |  *^$"
yes "policy sign refuses it, too" 1 with_pass policy sign bad.cedar --schema schema.cedarschema --expires 1d --operator-key op.key
yes "a policy needs an end" 64 with_pass policy sign policy.cedar --schema schema.cedarschema --operator-key op.key
yes "policy sign" 0 with_pass policy sign policy.cedar --schema schema.cedarschema --expires 90d --operator-key op.key
yes "policy show" 0 fh policy show
says "shows the text" 'Team::"dev"'

to_full() {
	fh chain show > /dev/full
}
if [ -c /dev/full ]; then
	yes "an answer that cannot be written is none" 2 to_full
	says "and says so" "stdout: the answer could not be written; check"
else
	echo "skip - an answer that cannot be written: no /dev/full here"
fi

yes "revoke an actor" 0 with_pass actor revoke laptop --operator-key op.key
yes "revoking nobody is refused" 2 with_pass actor revoke nobody --operator-key op.key
says "and says so" "no such actor"

printf 'wrong horse\n' > wrong
yes "a wrong passphrase is refused" 2 fh actor revoke editor --operator-key op.key --passphrase-fd 9 9< wrong
says "and says so" "wrong passphrase"
chmod 644 op.key
yes "a readable key is refused" 2 with_pass actor revoke editor --operator-key op.key
says "and says so" "chmod 600"
chmod 600 op.key
cp op.key state/cache/op.key
yes "a key inside the state directory is refused" 2 with_pass actor revoke editor --operator-key state/cache/op.key
yes "no key is made there either" 2 with_pass key new state/cache/new.key
rm state/cache/op.key
printf 'short\n' > short
yes "a short passphrase is refused for a new key" 2 fh key new new.key --passphrase-fd 9 9< short
yes "a key is never overwritten" 2 with_pass key new op.key

yes "a hold of an actor that nobody is" 0 with_pass hold add case-17 --subject editr --operator-key op.key
says "warns, and names who may be meant" "no actor .editr. is in force; did you mean .editor.?"
yes "what is held by no such name" 2 with_pass hold release case-7 --operator-key op.key
says "is said, and what may be meant" "hold release: no hold .case-7. is in force.*; did you mean .case-17.?"
yes "a hold of an actor there is" 0 with_pass hold add case-18 --subject editor --operator-key op.key
yes "warns of nothing" 1 grep -q warning err
yes "a hold is released" 0 with_pass hold release case-17 --operator-key op.key
yes "what would be shredded of nobody" 0 fh shred --subject someone-else --dry-run
says "warns" "no actor .someone-else. is in force, and if there never was one, nothing was recorded of it; .freehold chain show"

cp state/chain/00000002-* actor.fhs
dd if=/dev/zero of=actor.fhs bs=1 seek=100 count=1 conv=notrunc 2> /dev/null
yes "a damaged statement is refused" 2 fh chain import actor.fhs
cp state/chain/00000002-* actor.fhs
yes "a statement that is held is nothing new" 0 fh chain import actor.fhs

yes "upgrade finds nothing to do" 0 fh upgrade
echo 'freehold 4' > state/format
yes "a newer format is refused" 2 fh upgrade
says "and says what to do" "update Freehold"
echo 'freehold 1' > state/format
chmod 755 state
yes "an open state directory is refused" 2 fh chain show
says "and says what to do" "chmod 700"
chmod 700 state
yes "an unknown option" 64 fh chain show --nonsense
yes "an unknown verb" 64 "$freehold_program" nonsense
echo 'allow = everything' > bad.conf
yes "an unknown key of the configuration" 2 "$freehold_program" chain show --config bad.conf
says "names line and key" "bad.conf:1: unknown key .allow."
exit "$failed"
