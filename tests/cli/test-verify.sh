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

genesis=$("$make_record" good 4 12 tpm-sealed good.note receipt)
other=$(printf '%064d' 0)
"$make_record" weak 1 2 none weak.note > weak.genesis
"$make_record" short 1 12 tpm-sealed short.note > /dev/null

yes "yes to a good record" 0 "$verify" record --genesis "$genesis" good
tells "says how far it is consistent" "to 53 entries of 53"
yes "the same from the whole program" 0 fh verify record --genesis "$genesis" good
yes "unchecked without a genesis hash" 2 "$verify" record good
yes "yes where only authentic is required" 0 "$verify" record --require authentic good
yes "unchecked where fresh is required" 2 "$verify" record --require fresh,enrolled --genesis "$genesis" good
yes "no for another genesis hash" 1 "$verify" record --genesis "$other" good
yes "no for a weak grade" 1 "$verify" record --require authentic weak
tells "names the grade" "--allow-grade none"
yes "yes if it is allowed" 0 "$verify" record --require authentic --allow-grade none,simulated weak
yes "yes to a record that reaches a checkpoint" 0 "$verify" record --require authentic --at-least good.note good
tells "and is complete to there" "complete    to 53 entries, by the checkpoint given"
yes "says that of itself it is not known to be complete" 0 "$verify" record --require authentic good
tells "as unknown" "complete    unknown"
tells "and that quotas were kept" "quotas      kept by all of "
yes "and in JSON" 0 "$verify" record --json --require authentic --at-least good.note good
tells "as a number" '"complete-to":53,'
yes "goes on from a checkpoint that was verified before" 0 "$verify" record --require authentic --since good.note good
yes "not from one of another record" 1 "$verify" record --require authentic --since good.note short
sed '2s/.*/99999999/' good.note > beyond.note
sed '3s/^..../AAAA/' good.note > another.note
for forged in beyond another; do
	yes "nor from one that was made up: $forged" 1 "$verify" record --require authentic --since $forged.note good
done
# From what a verification left, the next goes on, and reads nothing that came before.
yes "saves what was verified" 0 "$verify" record --genesis "$genesis" --save saved good
yes "the record goes on" 0 "$verify" record --json --genesis "$genesis" --since saved good
tells "from where that was" '"size":53,"read-from":53,"entries":{"session":1,'
yes "and says so" 0 "$verify" record --genesis "$genesis" --since saved --save again good
tells "in words" "not read    entries before 53: verified before, as the file given says"
yes "the whole program, too" 0 fh verify record --genesis "$genesis" --since again good
cp -r good behind
python3 -c "f = open('behind/' + '0' * 20 + '.fhj', 'r+b'); f.seek(20000); f.write(b'x' * 1000)"
yes "damage before it is not seen" 0 "$verify" record --genesis "$genesis" --since saved behind
yes "but by a whole reading" 1 "$verify" record --genesis "$genesis" behind
yes "no to a record that ends before" 1 "$verify" record --genesis "$genesis" --since saved short
tells "which says so" "since-cut"
yes "no to another genesis" 1 "$verify" record --genesis "$other" --since saved good
"$make_record" longer 4 14 tpm-sealed longer.note > /dev/null
yes "no to another branch of it" 1 "$verify" record --genesis "$genesis" --since saved longer
tells "which says so as well" "since-rewritten"
yes "nothing is saved where the verdict is not yes" 2 "$verify" record --save unsaved good
tells "and that is said" "unsaved: not saved: the verdict is not yes"
yes "nor is there a file" 1 test -e unsaved
yes "could not, where none can be written" 2 "$verify" record --genesis "$genesis" --save nowhere/saved good
tells "which is named" "nowhere/saved: not saved"
head -c 5000 saved > half
sed 's/saved verification 1/saved verification 2/' saved > newer
{ head -c 900 saved; printf x; tail -c +902 saved; } > altered
for damaged in half altered; do
	yes "could not, with a file that is damaged: $damaged" 2 "$verify" record --genesis "$genesis" --since $damaged good
	tells "which is said of it: $damaged" "$damaged: is damaged"
done
yes "could not, with one of another version" 2 "$verify" record --genesis "$genesis" --since newer good
tells "which is said" "newer: was saved by another version"
yes "could not, as --at-least" 2 "$verify" record --genesis "$genesis" --at-least saved good
for jobs in 1 2 7; do
	yes "the same from there with $jobs threads" 0 "$verify" record --jobs $jobs --genesis "$genesis" --since saved good
	cp out since.$jobs
done
yes "word for word from there" 0 cmp since.1 since.7
yes "usage, with both" 64 "$verify" record --since good.note --at-least good.note good
yes "usage, with no threads" 64 "$verify" record --jobs 0 good
for jobs in 1 2 7; do
	yes "the same with $jobs threads" 0 "$verify" record --jobs $jobs --genesis "$genesis" good
	cp out jobs.$jobs
done
yes "word for word" 0 cmp jobs.1 jobs.7
# Whatever byte is changed, the answer does not depend on the threads; nor with what was verified before, where a change shows.
yes "every thread says the same of a changed record" 0 python3 -B "$top/tests/cli/changed.py" "$verify" good good.note
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

# What a verdict says nothing about is named.
mkdir -p state/record state/chain state/keys state/cache
cp -r good state/record/journal
cp good.note state/chain/00000000000000000000.fhs
echo 'freehold 1' > state/format
: > state/lock
yes "yes to the record of a state directory" 0 "$verify" record --genesis "$genesis" state
for name in cache/ chain/ format keys/ lock; do
	tells "lists $name as not covered" "  not-read     $name: "
done
printf 'X' | dd of=state/chain/00000000000000000000.fhs bs=1 seek=40 conv=notrunc 2> dd.out
yes "yes where only the statement files were changed" 0 "$verify" record --genesis "$genesis" state
tells "because they are listed" "chain/: not read"
: > state/stray
: > state/record/stray
: > state/record/journal/00000000000000000000.fhj.old
mkdir state/record/journal/lost
yes "yes beside stray names" 0 "$verify" record --genesis "$genesis" state
for name in stray record/stray record/journal/00000000000000000000.fhj.old record/journal/lost/; do
	tells "lists $name as not covered" "  not-read     $name: "
done
yes "the same in JSON" 0 "$verify" record --json --genesis "$genesis" state
tells "with a code" '"not-covered":[{"code":"not-read","where":"cache/","text":"'
tells "and every name" '{"code":"not-read","where":"record/stray","text":"'
yes "the record alone has its own strays" 0 "$verify" record --genesis "$genesis" state/record
tells "by their names in it" "  not-read     journal/lost/: "
for i in 1 2 3 4 5 6 7; do
	for j in 0 1 2 3 4 5 6 7 8 9; do : > "state/s$i$j"; done
done
yes "yes beside many stray names" 0 "$verify" record --genesis "$genesis" state
tells "counts what it does not name" "  and 15 more names that were not read"

yes "without a network a URL is a matter of usage" 64 "$verify" http://127.0.0.1:1
tells "that says what to do" "freehold-verify document FILE"
yes "with one, a machine that is not there is no verdict" 2 fh verify http://127.0.0.1:1
tells "and says so" "look whether the machine serves there"
yes "usage, with a kind that nobody knows" 64 "$verify" moon
yes "says what it can" 0 "$verify" --help
tells "by its own name" "usage: freehold-verify SUBCOMMAND"
yes "says how a record is verified" 0 "$verify" record --help
tells "by its own name" "usage: freehold-verify record [OPTION]... [DIR]"
says "with indented examples" '^  freehold verify record --genesis'
says "and a line between paragraphs" '^$'
yes "the whole program has another" 0 fh verify --help
tells "its name" "usage: freehold verify SUBCOMMAND"
for verb in status 'record show' 'record prove' 'verify record' 'verify proof' 'verify stamp' 'serve'; do
	fh $verb --help | sed 's/^$/EMPTY/' > help.txt
	yes "$verb --help is laid out" 0 awk '
		/^(Options|Examples):$/ { if (last != "EMPTY") exit 1; heads++ }
		heads == 2 && !/^Examples:$/ && !/^  [^ ]/ { exit 1 }
		{ last = $0 }
		END { if (heads != 2) exit 1 }' help.txt
done

yes "shows entries" 0 fh record show --from 5 --to 6 good
tells "with what they say" 'Action::\"notes.read\"'
yes "shows them as JSON" 0 fh record show --json --fields --from 6 --to 6 good
tells "with fields" '"intent":5,"status":"result"'
yes "shows a torn record up to its end" 0 fh record show torn
yes "proves an entry" 0 fh record prove 18 good
yes "replaces no file" 2 fh record prove 18 good
yes "proves nothing that is not there" 2 fh record prove 53 good
yes "yes to the proof" 0 "$verify" proof --genesis "$genesis" entry-18.tlog-proof
tells "shows the entry" "entry       18 of 53, outcome"
yes "no to the proof with another genesis hash" 1 "$verify" proof --genesis "$other" entry-18.tlog-proof
tells "says why it is not fresh" "fresh: not checked: a proof says nothing about now"
yes "says it in JSON" 0 "$verify" proof --json --genesis "$genesis" entry-18.tlog-proof
tells "with the codes of a record" '"reasons":[{"code":"no-quote","where":"accepted",'
tells "both of them" '{"code":"static","where":"fresh",'
sed 's/^index 18/index 19/' entry-18.tlog-proof > moved
yes "no to a proof of another place" 1 "$verify" proof --genesis "$genesis" moved
tells "names it" "inclusion"

yes "proves an entry by a receipt" 0 fh record prove 18 --format cose good
yes "says where, in JSON" 0 fh record prove 17 --format cose --json good
tells "with its size" '{"file":"entry-17.cose","bytes":'
bundle="--bundle entry-18.tlog-proof"
yes "yes to the receipt, with a bundle" 0 "$verify" proof --genesis "$genesis" $bundle entry-18.cose
yes "unchecked without" 2 "$verify" proof --genesis "$genesis" entry-18.cose
tells "says what to do" "give --bundle FILE"
yes "no to the receipt of another entry" 1 "$verify" proof --genesis "$genesis" $bundle entry-17.cose
yes "no receipt without a signed root" 2 fh record prove 18 --format cose --receipt nothing --out x good
tells "says who makes one" "copy record/receipt as well"
"$make_record" other 1 12 tpm-sealed other.note other.receipt > other.genesis
yes "no receipt from another record's root" 2 fh record prove 3 --format cose --receipt other.receipt --out x good
tells "says that" "does not lead to the root"
# What a tree of one entry would have: [1, 1, ...] in place of [1, 53, ...].
python3 - << 'END'
b = open("receipt", "rb").read()
assert b[:4] == b"\x85\x01\x18\x35"
open("lonely", "wb").write(b"\x85\x01\x01" + b[4:])
END
yes "no receipt for a tree of one entry" 2 fh record prove 0 --format cose --receipt lonely --out x good
tells "says why" "RFC 9942 wants a proof of at least one hash"
yes "proves an entry to those who know the key" 0 fh record prove 18 --format tlog-proof --out plain good
yes "unchecked who signed it" 2 "$verify" proof --genesis "$genesis" plain
yes "yes with a bundle" 0 "$verify" proof --genesis "$genesis" $bundle plain
yes "shows single fields" 0 fh record prove 17 --field decision --field action --out fields good
yes "which are proven" 0 "$verify" proof --genesis "$genesis" fields
tells "by themselves" "and 4 fields that are not shown"
tells "as they are" 'Action::\"notes.read\"'
yes "no field that is not there" 2 fh record prove 17 --field result --out x good
yes "usage, with no field's name" 64 fh record prove 17 --field wish --out x good
yes "usage, with fields in a receipt" 64 fh record prove 17 --format cose --field decision --out x good
yes "usage, with another form" 64 fh record prove 17 --format pdf good
yes "proves under an older checkpoint" 0 fh record prove 3 --checkpoint other.note --out x other
yes "not under one of another record" 2 fh record prove 3 --checkpoint good.note --out y other

# Time stamps of the checkpoint that go along, by a chain of regtest made here.
mkdir anchors
(cd anchors && python3 -B "$top/tests/cli/stamps.py" ../good.note)
regtest="--headers anchors/raw --network regtest"
yes "puts a time stamp into a bundle" 0 fh record prove 17 --checkpoint good.note --anchor anchors/file.ots --out dated good
# shellcheck disable=SC2086 # words
yes "which dates the entry" 0 "$verify" proof --genesis "$genesis" $regtest dated
tells "by its block" "existed by  2011-02-02T23:46:42Z of block 3, give or take two hours, of a network for tests"
# shellcheck disable=SC2086
yes "in JSON as well" 0 "$verify" proof --json --genesis "$genesis" $regtest dated
tells "by the network" '"anchor":"regtest"'
yes "is no worse without headers" 0 "$verify" proof --genesis "$genesis" dated
tells "but says so" "no header at hand bears out a time stamp"
fh record prove 17 --checkpoint good.note --anchor anchors/wrong.ots --out misdated good > out
# shellcheck disable=SC2086
yes "no to a block that contradicts it" 1 "$verify" proof --genesis "$genesis" $regtest misdated
fh record prove 3 --checkpoint other.note --anchor anchors/file.ots --out astray other > out
# shellcheck disable=SC2086
yes "no to a time stamp of another checkpoint" 1 "$verify" proof --require authentic $regtest astray
tells "by name" "  anchor "

# An independent reader of RFC 9942: the receipt's structure, and the root by its path.
yes "the receipt is as RFC 9942 has it" 0 python3 "$top/tests/cli/receipt.py" entry-18.cose good.note 18
exit $failed
