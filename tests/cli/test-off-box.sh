#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The operator's keys are elsewhere: genesis, request, answer; M-of-N; signers; a fork.
. "$(dirname "$0")/lib.sh"

# at DIRECTORY VERB...: on a machine whose state is DIRECTORY.
at() {
	state=$1
	shift
	printf 'correct horse\ncorrect horse\ncorrect horse\ncorrect horse\n' > pass
	"$freehold_program" "$@" --config "$scratch/empty.conf" --state "$scratch/$state" 9< pass
}

for k in a b c; do
	yes "key $k" 0 at office key new $k.key --passphrase-fd 9
done
yes "key show" 0 at office key show a.key
says "names the placement" "offline"
yes "genesis of two signers" 0 at office genesis new --name lab --operator-key a.key --operator-key b.key \
	--threshold default=2 --threshold revoke=1 --passphrase-fd 9 --out genesis.fhs
yes "the office keeps a replica" 0 at office chain import genesis.fhs
yes "the box joins" 0 at box init --no-tpm --genesis genesis.fhs --request box.request --device-name box
yes "one of two signs" 0 at office device admit box.request --operator-key a.key --passphrase-fd 9 --out answer.fhs
says "and one more is wanted" "1 more signature"
yes "too early" 2 at box chain import answer.fhs
says "says who is missing" "1 more signature is needed"
yes "a stranger may not add his" 2 at office sign answer.fhs --operator-key c.key --passphrase-fd 9
yes "the second signs" 0 at office sign answer.fhs --operator-key b.key --passphrase-fd 9
yes "the box takes it" 0 at box chain import answer.fhs
yes "the box is live" 0 at box chain show --json
says "with its device" '"name":"box"'
yes "the office takes it, too" 0 at office chain import answer.fhs

# A lease is signed as statements are, and brought the same way.
yes "one of two signs a lease" 0 at office lease renew --for 30d --operator-key a.key --passphrase-fd 9 --out box.fhl
says "and one more is wanted" "1 more signature"
yes "too early" 2 at box chain import box.fhl
says "and what to do" "freehold sign"
yes "a stranger may not add his" 2 at office sign box.fhl --operator-key c.key --passphrase-fd 9
yes "the second signs it" 0 at office sign box.fhl --operator-key b.key --passphrase-fd 9
says "and it is complete" "complete"
yes "the box takes it" 0 at box chain import box.fhl
yes "a lease that is held is nothing new" 0 at box chain import box.fhl
says "and says so" "here already"
yes "a lease needs a time" 64 at office lease renew --operator-key a.key --passphrase-fd 9
yes "and a machine that there is" 2 at office lease renew --for 1d --device nobody --operator-key a.key --passphrase-fd 9
yes "the box gives its chain away" 0 at box chain export given
ls given/lease-*.fhl > out 2>&1
says "with the lease" "lease-0"

yes "another chain" 0 at other genesis new --operator-key c.key --passphrase-fd 9 --out other.fhs
yes "its genesis is refused" 2 at box chain import other.fhs
says "and says so" "another chain"

yes "signers change to c alone" 0 at office signers change --operator-key a.key \
	 --operator-key b.key --new-key c.key --passphrase-fd 9
yes "a may sign no more" 2 at office actor grant x --uid 1 --operator-key a.key --passphrase-fd 9
yes "nor a lease" 2 at office lease renew --for 1d --operator-key a.key --passphrase-fd 9
yes "c may" 0 at office lease renew --for 1d --operator-key c.key --passphrase-fd 9 --out late.fhl
yes "c may" 0 at office actor grant x --uid 1 --operator-key c.key --passphrase-fd 9
yes "export" 0 at office chain export stick
yes "the box follows" 0 at box chain import stick/*.fhs
yes "and knows the actor" 0 at box chain show
says "by name" "actor    x"

# Two statements at one number.
yes "one side" 0 at office actor grant y --uid 2 --operator-key c.key --passphrase-fd 9 --out one.fhs
yes "the other side" 0 at office actor revoke x --operator-key c.key --passphrase-fd 9 --out two.fhs
yes "the first is taken" 0 at box chain import one.fhs
yes "the second makes a fork" 1 at box chain import two.fhs
says "which is said" "forked"
yes "chain show says no" 1 at box chain show --json
says "forked" '"state":"forked"'
if grep -q '"name":"[xy]"' out; then not_ok "nothing new, and nothing revoked"; else ok "nothing new, and nothing revoked"; fi
yes "no lease is taken there" 2 at box chain import late.fhl
says "and says so" "not live"
yes "nothing can be signed there" 2 at box actor grant z --uid 3 --operator-key c.key --passphrase-fd 9
says "but recover" "recover"
exit "$failed"
