#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Time stamps, by the program and by the verifier alone: what holds, what does not, and what cannot be told.
verify=$PWD/build/freehold-verify
stamps=$PWD/tests/cli/stamps.py
. "$(dirname "$0")/lib.sh"

python3 "$stamps" || not_ok "stamps are made"
on() {
	"$verify" "$@" --network regtest
}

yes "holds, from the genesis block" 0 on file --ots file.ots --headers raw
says "and says since when" '^existed by  2011-02-02T23:46:42Z of block 3, .* of a network for tests$'
says "and what that hangs on" '^trust       genesis, 2 headers follow, 2^[0-9]* hashes to make it again$'
yes "holds, with a few headers" 0 on file --ots file.ots --headers lines
says "which hang from nothing" '^trust       alone, 0 headers follow'
yes "holds, with the one header" 0 on file --ots file.ots --headers bare
says "which has no height" '^trust       unplaced, '
mkfifo pipe
cat bare > pipe &
yes "holds, with headers from a pipe" 0 on file --ots file.ots --headers pipe
yes "takes no header that is trusted less than demanded" 2 on file --ots file.ots --headers lines --trust pinned
says "by name" ' weak-header '
yes "takes one that is trusted as much" 0 on file --ots file.ots --headers lines --trust alone
yes "and one that is trusted fully" 0 on file --ots file.ots --headers raw --trust genesis
yes "usage: a trust that nobody knows" 64 on file --ots file.ots --trust blind
yes "finds the proof by the file's name" 0 on stamp file --headers raw
yes "takes the options first" 0 on --ots=file.ots --headers raw file
yes "is a verb of the whole program" 0 fh verify file --ots file.ots --headers raw --network regtest
yes "with a kind as well" 0 fh verify stamp file --ots file.ots --headers raw --network regtest
yes "answers in JSON" 0 on file --ots file.ots --headers raw --json
says "with all there is" '^{"kind":"stamp","verdict":"yes","authentic":"yes",.*"anchor":"regtest",.*"height":3,"time":1296690402,'

yes "no: another file" 1 on other --ots file.ots --headers raw
says "by name" ' other-file '
yes "no: another block" 1 on file --ots wrong.ots --headers raw
says "by name" ' other-root '
yes "no: the block lost against a branch with more work" 1 on file --ots file.ots --headers fork
yes "no: no proof at all" 1 on file --ots file --headers raw
head -c 80 file.ots > cut.ots
yes "no: a proof that was cut" 1 on file --ots cut.ots --headers raw
says "with the place" ' malformed    byte [0-9]*: '

yes "could not: pending" 2 on file --ots pending.ots --headers raw
says "by name" ' pending      https://calendar.example: '
yes "could not: no such header" 2 on file --ots high.ots --headers raw
yes "could not: no headers" 2 on file --ots file.ots
says "by name" ' no-header '
for network in main testnet; do
	for headers in raw lines bare; do
		yes "a regtest proof never passes for $network with $headers" 2 \
			"$verify" file --ots file.ots --headers $headers --network $network
	done
done
yes "main is what is meant" 2 "$verify" file --ots file.ots --headers raw
says "and that is told" '--network'
yes "could not: no such file" 2 on missing --ots file.ots --headers raw
yes "could not: no such proof" 2 on file --ots missing --headers raw
yes "could not: no such file of headers" 2 on file --ots file.ots --headers missing
yes "could not: a directory" 2 on . --ots file.ots --headers raw
head -c 100 raw > torn
yes "could not: headers that were cut" 2 on file --ots file.ots --headers torn
yes "usage: a network that nobody knows" 64 "$verify" file --ots file.ots --network moon
yes "usage: two files" 64 on file other --ots file.ots
exit "$failed"
