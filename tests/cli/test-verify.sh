#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# verify, record and their exit statuses, on records made for the test.  The static verifier must say what `freehold verify` says.
top=$PWD
. "$top/tests/cli/lib.sh"
make_record=$top/build/tests/fixture/make-record
verify=$top/build/freehold-verify

# tells NAME TEXT: what the last program printed holds the text.
tells() {
	if grep -qF -- "$2" out err; then ok "$1"; else not_ok "$1"; fi
}

genesis=$("$make_record" good 4 12 tpm-sealed good.note)
other=$(printf '%064d' 0)
"$make_record" weak 1 2 none weak.note > weak.genesis
"$make_record" short 1 12 tpm-sealed short.note > /dev/null

yes "yes to a good record" 0 "$verify" record --genesis "$genesis" good
tells "says how far it is consistent" "to 52 entries of 52"
yes "the same from the whole program" 0 fh verify record --genesis "$genesis" good
yes "unchecked without a genesis hash" 2 "$verify" record good
yes "yes where only authentic is required" 0 "$verify" record --require authentic good
yes "unchecked where fresh is required" 2 "$verify" record --require fresh,enrolled --genesis "$genesis" good
yes "no for another genesis hash" 1 "$verify" record --genesis "$other" good
yes "no for a weak grade" 1 "$verify" record --require authentic weak
tells "names the grade" "--allow-grade none"
yes "yes if it is allowed" 0 "$verify" record --require authentic --allow-grade none,simulated weak
yes "yes to a record that reaches a checkpoint" 0 "$verify" record --require authentic --at-least good.note good
yes "no to another record than the checkpoint's" 1 "$verify" record --require authentic --at-least good.note short
yes "could not, with what is no checkpoint" 2 "$verify" record --at-least weak.genesis good
yes "could not, without a record" 2 "$verify" record nowhere
yes "usage, with an unknown answer" 64 "$verify" record --require certain good
yes "usage, with half a hash" 64 "$verify" record --genesis 00 good

yes "JSON" 2 "$verify" record --json good
members='{"kind":"record","verdict":"unchecked","authentic":"yes","fresh":"unchecked","enrolled":"unchecked",'
members=$members'"accepted":"unchecked","grade":"tpm-sealed","anchor":"none","reasons":[{"code":"genesis","where":"'
tells "begins with its members" "$members"

cp -r good torn
truncate -s -1 torn/00000000000000000000.fhj
yes "no to a torn tail" 1 "$verify" record --require authentic torn
tells "names it" "torn-tail"

yes "shows entries" 0 fh record show --from 4 --to 5 good
tells "with what they say" 'Action::\"notes.read\"'
yes "shows them as JSON" 0 fh record show --json --fields --from 5 --to 5 good
tells "with fields" '"intent":4,"status":"result"'
yes "shows a torn record up to its end" 0 fh record show torn
yes "proves an entry" 0 fh record prove 17 good
yes "replaces no file" 2 fh record prove 17 good
yes "proves nothing that is not there" 2 fh record prove 52 good
yes "yes to the proof" 0 "$verify" proof --genesis "$genesis" entry-17.tlog-proof
tells "shows the entry" "entry       17 of 52, outcome"
yes "no to the proof with another genesis hash" 1 "$verify" proof --genesis "$other" entry-17.tlog-proof
sed 's/^index 17/index 18/' entry-17.tlog-proof > moved
yes "no to a proof of another place" 1 "$verify" proof --genesis "$genesis" moved
tells "names it" "inclusion"
exit $failed
