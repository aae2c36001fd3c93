#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Time stamps by the operator's own Bitcoin node: what is paid for, when it is believed, and the store of headers.
verify=$PWD/build/freehold-verify
. "$(dirname "$0")/lib.sh"
serve node
printf 'user:secret\n' > login
echo one > one
echo two > two
node() {
	verb=$1
	shift
	fh $verb "$@" --bitcoin "$url" --login login
}
call() {
	curl -s -S --noproxy '*' -u user:secret -d "{\"id\":0,\"method\":\"$1\",\"params\":[$2]}" "$url/" > called
}
call mine 5

for how in fee locked other-data garbage; do
	echo $how > do
	yes "pays nothing: $how" 2 node stamp one
	yes "and writes nothing" 1 test -e one.ots
	yes "nor sends anything" 1 grep -q "$(printf sendrawtransaction | od -An -v -tx1 | tr -d ' \n')" asked
done
echo fee > do
yes "says what it would cost" 2 node stamp one
says "and what is allowed" 'it would pay a fee of 1230000 satoshi, and at most 100000 are allowed; .*--fee-max$'
yes "pays as much as it may" 0 node stamp one --fee-max 1230000
says "and says so" '^paid a fee of 1230000 satoshi$'
rm one.ots
echo reject > do
yes "takes proofs back when nothing was sent" 2 node stamp one
says "and says why" 'it refuses: min relay fee not met'
yes "and leaves none" 1 test -e one.ots
rm do
yes "does nothing for strangers" 2 fh stamp one --bitcoin "$url"
says "and says what is missing" '; give its user and password, or its cookie, with --login$'

yes "stamps two files by one transaction" 0 node stamp one two
says "for a fee" '^paid a fee of 141 satoshi$'
yes "shows a proof" 0 fh stamp info one.ots
says "with the transaction" '^transaction regtest: [0-9a-f]\{64\}$'
yes "the same one" 0 test "$(fh stamp info one.ots | tail -n1)" = "$(fh stamp info two.ots | tail -n1)"
yes "which is no attestation" 2 "$verify" one --ots one.ots
says "but pending" ' pending      regtest: '
cp one.ots before
yes "waits for a block" 2 node 'stamp upgrade' one.ots
call mine 5
yes "waits for six" 2 node 'stamp upgrade' one.ots
says "and says how many there are" 'its transaction is under 5 of the 6 blocks it needs; '
yes "unless fewer are enough" 0 node 'stamp upgrade' two.ots --confirmations 5
call branch 6
echo stale > do
yes "does not take a block beside the chain" 2 node 'stamp upgrade' one.ots
yes "and leaves the proof" 0 cmp one.ots before
rm do
yes "nor what is in no block any more" 2 node 'stamp upgrade' one.ots
says "but says so" 'under 0 of the 6 blocks'

rm one.ots two.ots
yes "stamps again" 0 node stamp one two
call mine 6
cp one.ots before
for how in main other-header other-block garbage; do
	echo $how > do
	yes "believes no node that is wrong: $how" 2 node 'stamp upgrade' one.ots
	yes "and leaves the proof" 0 cmp one.ots before
done
rm do
yes "says that no node was named" 2 fh stamp upgrade one.ots
yes "completes proofs" 0 node 'stamp upgrade' one.ots two.ots
yes "shows a block" 0 fh stamp info one.ots --json
says "and the transaction no more" '"attestations":\[{"kind":"bitcoin","height":12,"message":"[0-9a-f]*"}\]}$'

yes "syncs no headers of another network" 2 node 'headers sync' --headers store
yes "syncs headers" 0 node 'headers sync' --headers store --network regtest
says "from the genesis block on" '^regtest: blocks 0 to 17, .*; trust: genesis; '
yes "holds against them" 0 "$verify" one --ots one.ots --headers store --network regtest
says "from the genesis block on" '^trust       genesis, 5 headers follow, '
: > asked
call mine 3
yes "syncs what is new" 0 node 'headers sync' --headers store --network regtest --json
says "and tells where it is" '^{"network":"regtest","first":0,"height":20,.*"trust":"genesis",'
call branch 5
yes "syncs a branch with more work" 0 node 'headers sync' --headers store --network regtest
yes "and keeps it alone" 0 test "$(wc -c < store)" = $((16 + 80 * 22))
yes "holds against that as well" 0 "$verify" one --ots one.ots --headers store --network regtest
cp store good
echo other-header > do
call mine 1
yes "takes no header that is wrong" 2 node 'headers sync' --headers store --network regtest
yes "and leaves the store" 0 cmp store good
rm do

yes "imports headers" 0 fh headers import store --network regtest --headers other
yes "all of them" 0 cmp other good
yes "shows them" 0 fh headers show --network regtest --headers other
says "and how far they reach" '^regtest: blocks 0 to 21, '
yes "imports none of another network" 2 fh headers import store --headers third
tail -c 160 store > last
yes "nor such as hang from nothing" 2 fh headers import last --network regtest --headers third
says "and says so" 'the headers hang from nothing that is known; '
yes "there is nothing to show" 2 fh headers show --headers third
: > nothing.conf
mkdir state
echo "bitcoin = $url" > empty.conf
echo "bitcoin-login = $scratch/login" >> empty.conf
yes "takes the node from the configuration" 0 fh headers sync --network regtest
yes "and keeps headers in the cache" 0 fh headers show --network regtest
yes "where the verifier finds them" 0 fh verify one --ots one.ots --network regtest
yes "usage: two ways at once" 64 node stamp two --calendar http://127.0.0.1:1
yes "usage: no node" 64 "$freehold_program" headers sync --config nothing.conf --headers x
yes "usage: no number" 64 fh stamp upgrade one.ots --confirmations none
exit "$failed"
