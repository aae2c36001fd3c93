#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Anchors of the record itself: what is sent, what they show, and what a record that was rewritten or cut looks like.
make_record=$PWD/build/tests/fixture/make-record
verify=$PWD/build/freehold-verify
stamps=$PWD/tests/cli/stamps.py
. "$(dirname "$0")/lib.sh"
serve calendar
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY ALL_PROXY all_proxy
segment=00000000000000000000.fhj

# new_record NAME BATCHES [ENTRIES]: a record, always of the same device, in NAME/record; genesis hash in NAME.genesis.
new_record() {
	mkdir -p "$1/record"
	"$make_record" "$1/record/journal" "$2" "${3:-12}" tpm-sealed "$1.last" > "$1.genesis"
}
# checks DIR [OPTION...]: verifies it.
checks() {
	dir=$1
	shift
	"$verify" record "$dir" --genesis "$(cat "${dir%%-*}.genesis")" "$@"
}
on_regtest() {
	checks "$@" --network regtest --headers header
}
# cut_to FROM TO N: TO's record is FROM's up to its Nth checkpoint.
cut_to() {
	python3 - "$1/record/journal/$segment" "$2/record/journal/$segment" "$3" << 'END'
import sys
data = open(sys.argv[1], "rb").read()
at, left = 0, int(sys.argv[3])
while left > 0:
    left -= data[at] == 3
    at += 5 + int.from_bytes(data[at + 1:at + 5], "big")
open(sys.argv[2], "wb").write(data[:at])
END
}

new_record one 4
new_record two 2
yes "verifies a record without anchors" 0 checks one
says "and says that there are none" '^anchors     none$'
says "so that it is not known to be complete" '^complete    unknown: '
yes "and demands one" 2 checks one --anchored 1
says "by name" ' not-anchored '
yes "shows nothing to complete" 0 fh record anchor one --upgrade --calendar "$url"
yes "usage: nobody to ask" 64 fh record anchor one
yes "which leaves nothing behind" 0 test -z "$(ls one/record/anchors)"
yes "usage: two things at once" 64 fh record anchor one --upgrade --request x
yes "usage: one directory for two records" 64 fh record anchor one two --anchors x --calendar "$url"
yes "no record" 2 fh record anchor nowhere --calendar "$url"
yes "no calendar" 2 fh record anchor one --calendar http://127.0.0.1:1
yes "which leaves nothing behind either" 0 test -z "$(ls one/record/anchors)"

# An older state of the first record, whose newest checkpoint is anchored; then the record goes on.
mkdir -p older/record/journal
cut_to one older 3
cp one.genesis older.genesis
yes "anchors records" 0 fh record anchor older two --calendar "$url"
says_in asked "sends one nonced hash" '^POST /digest [0-9a-f]\{64\} application/vnd.opentimestamps.v1$'
yes "for both" 0 test "$(wc -l < asked)" = 1
note=$(ls older/record/anchors/*.note)
old=$(basename "$note" .note | sed 's/^0*//')
yes "which is not the checkpoint's" 1 grep -q "$(sha256sum < "$note" | cut -d' ' -f1)" asked
yes "keeps the checkpoint" 0 test "$(sed -n 2p "$note")" = "$old"
yes "and its proof" 0 test -s "$note.ots"
: > asked
yes "anchors a checkpoint once" 0 fh record anchor older two --calendar "$url"
says "and says so" ': the newest checkpoint has an anchor$'
yes "and asks nobody then" 1 test -s asked
cp older/record/anchors/* one/record/anchors
yes "a promise is no anchor" 0 checks one
says "but pending" '^anchors     1 pending$'
says "by name" ' anchor-pending '
says "and shows nothing" '^complete    unknown: '
yes "nor is it with headers" 2 checks one --anchored 1

: > root
yes "completes anchors" 0 fh record anchor one two --upgrade --calendar "$url"
says "of both" "^two/record/anchors/0*[0-9]*.note.ots: complete\$"
mined
: > asked
yes "lists what has a proof" 0 test "$(cat one/record/anchors/list)" = "$old"
yes "completes them once" 0 fh record anchor one two --upgrade --calendar "$url"
yes "and asks nobody then" 1 test -s asked
yes "verifies without headers" 0 checks one
says "but leaves anchors unchecked" '^anchors     1 unchecked$'
says "by name" ' anchor-unchecked .*--headers'
yes "verifies with headers" 0 on_regtest one --anchored "$old"
says "what the anchor shows" "^anchored    to $old entries\$"
says "and since when" '^existed by  2011-02-02T23:46:42Z of block 3, .* of a network for tests$'
says "and what that hangs on" '^trust       alone'
says "so that so much is complete" "^complete    to $old entries, by an anchor\$"
says "and that the machine's clock was ahead" ' anchor-clock '
yes "as the whole program does" 0 fh verify record one --genesis "$(cat one.genesis)" --network regtest --headers header
yes "not more than it shows" 2 on_regtest one --anchored $((old + 1))
says "by name" ' not-anchored '
yes "not with headers that are trusted too little" 2 on_regtest one --anchored 1 --trust pinned
yes "answers in JSON" 0 on_regtest one --json
says "where the time comes from" '^{"kind":"record","verdict":"yes",.*"anchor":"regtest",'
says "how far it is complete" "\"complete-to\":$old,\"anchored-to\":{\"size\":$old,\"state\":\"holds\","
says "and of each anchor" '"anchors":\[{"size":[0-9]*,"state":"holds","prefix":"yes","network":"regtest","height":3,"time":'
yes "with one thread as with two" 0 on_regtest one --jobs 1
says "the same" "^anchored    to $old entries\$"
yes "the other record as well" 0 on_regtest two --anchored 20

# proves N [OPTION...]: the proof of entry N of the first record, in the file `proof`.
proves() {
	rm -f proof.of
	yes "proves entry $*" 0 fh record prove "$1" one --out proof.of ${2+"$2"}
}
proof_is() {
	"$verify" proof --genesis "$(cat one.genesis)" proof.of "$@"
}
proves $((old - 1))
yes "under the anchor" 0 proof_is --headers header --network regtest
says "with the size that it has" "^entry       $((old - 1)) of $old, "
says "and since when" '^existed by  2011-02-02T23:46:42Z of block 3, '
yes "in JSON" 0 proof_is --headers header --network regtest --json
says "where the time comes from" '"anchor":"regtest"'
yes "leaves it unchecked without headers" 0 proof_is
says "by name" ' anchor  *anchor: not checked: '
yes "as it does with headers that are trusted too little" 0 proof_is --headers header --network regtest --trust pinned
says "by name" ' anchor  *anchor: not checked: '
yes "never takes those of regtest for main" 2 proof_is --headers header
proves "$old"
yes "an entry behind it under the newest" 0 proof_is --headers header --network regtest
says "as it is" "^entry       $old of 53, "
says_not "and not dated" '^existed by'
proves 3 --newest
yes "or any, if it is asked for" 0 proof_is
says "under the newest" '^entry       3 of 53, '
yes "usage: two checkpoints at once" 64 fh record prove 3 one --newest --witnessed
yes "finds no checkpoint of another record" 2 fh record prove 3 two --anchors one/record/anchors --out other.of
says "and says so" ': its anchor is over a checkpoint that is not in this record; '
yes "the proof is one of any OpenTimestamps" 0 "$verify" stamp one/record/anchors/*.note --headers header --network regtest
yes "a regtest proof never passes for main" 2 checks one --anchored 1 --headers header
yes "nor for testnet" 2 checks one --anchored 1 --headers header --network testnet

yes "writes them as static files" 0 fh record tiles one --out tiles
yes "as they are" 0 cmp "one/record/anchors/$(basename "$note").ots" "tiles/anchors/$(basename "$note").ots"
yes "with a list" 0 test "$(cat tiles/anchors/list)" = "$old"
yes "which anybody can check" 0 "$verify" stamp tiles/anchors/*.note --headers header --network regtest

# A history that the same device sealed anew: the anchor shows the one that was there before.
new_record new 4 11
yes "verifies a record that was rewritten" 0 on_regtest new
cp -r one/record/anchors new/record/anchors
yes "but not beside the anchor of what was there before" 1 on_regtest new
says "by name" ' anchor-rewritten .*: the record leads to another root there: it was rewritten; '
says "as not authentic" '^authentic   no$'
says "and neither complete nor dated" '^complete    unknown'
yes "in JSON" 1 on_regtest new --json
says "as no prefix of it" '"anchor":"none",.*"anchored-to":"unknown","anchors":.*"state":"holds","prefix":"no"'
rm -r new/record/anchors
yes "nor by anchors that were kept elsewhere" 1 on_regtest new --anchors one/record/anchors
says "by name as well" ' anchor-rewritten '
yes "nor without headers" 1 checks new --anchors one/record/anchors
python3 - one/record/anchors altered << 'END'
import os, shutil, sys
shutil.copytree(sys.argv[1], sys.argv[2])
name = next(n for n in os.listdir(sys.argv[2]) if n.endswith(".note"))
path = os.path.join(sys.argv[2], name)
lines = open(path, "rb").read().split(b"\n")
lines[0] = b"freehold/another"
open(path, "wb").write(b"\n".join(lines))
END
yes "finds an anchor of another record" 1 on_regtest one --anchors altered
says "by name" ' anchor-other '
says "and its proof as one of something else" '^anchors     1 holds, 1 unreadable$'
rm altered/*.ots
fh stamp make altered/*.note --calendar "$url" > made 2>&1
yes "before any block shows it" 1 checks one --anchors altered
says "by name" ' anchor-other '

# A record that was cut before the anchor; one that goes on behind it is fine.
cp -r one one-cut
cut_to one one-cut 2
yes "finds a record that was cut" 1 on_regtest one-cut
says "by name" ' anchor-cut .*: the record does not reach so far: its end was cut off; '
rm -rf one-cut/record/anchors
yes "by anchors kept elsewhere" 1 on_regtest one-cut --anchors one/record/anchors
yes "a cut with nothing kept cannot be found" 0 on_regtest one-cut

# What is no anchor.
proof=one/record/anchors/$(basename "$note").ots
cp "$proof" proof
head -c 100 proof > "$proof"
yes "a proof that was cut off leaves open what it shows" 2 on_regtest one
says "by name" ' anchor-unreadable '
says "though the record is authentic" '^authentic   yes$'
head -c 3000 /dev/urandom > "$proof"
yes "so does garbage" 2 on_regtest one
rm "$proof"
yes "a note without a proof shows nothing" 2 on_regtest one --anchored 1
says "yet" ' anchor-pending '
yes "but is stamped when somebody does" 0 on_regtest one
cp proof "$proof"
python3 - "$proof" << 'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[70] ^= 1   # the nonce: the path leads elsewhere
open(sys.argv[1], "wb").write(data)
END
yes "a proof that its block contradicts is a lie" 1 on_regtest one
says "by name" ' anchor-block '
cp proof "$proof"
mv "one/record/anchors/$(basename "$note")" gone
yes "a proof without its note leaves open what it shows" 2 on_regtest one
head -c 70000 /dev/zero > "one/record/anchors/$(basename "$note")"
yes "so does a note that is none" 2 on_regtest one
cp gone "one/record/anchors/00000000000000000007.note"
cp gone "one/record/anchors/$(basename "$note")"
yes "and one under another size" 2 on_regtest one
rm one/record/anchors/00000000000000000007.note
echo stray > one/record/anchors/README
yes "passes other names over" 0 on_regtest one --anchored "$old"
mkdir many
(cd many && seq 1 65537 | sed 's/.*/00000000000000000000&.note/;s/0*\(....................\)\.note/\1.note/' | xargs touch)
yes "reads so many anchors and no more" 2 checks one --anchors many
says "and says how many" 'freehold-verify: many: more than 65536 anchors; \|freehold: many: more than 65536 anchors; '
rm many/00000000000000000007.note
yes "and makes no more" 2 fh record anchor one --anchors many --request never
says "but says so" ': it holds 65536 anchors, and may hold no more; '
yes "nor a request for one" 1 test -e never
yes "no directory with anchors" 2 checks one --anchors nowhere
yes "usage: no number" 64 checks one --anchored all
yes "usage: no network" 64 checks one --network moon

# A crash before the proof was there; and while it was put into its place.
rm -f "one/record/anchors/00000000000000000053.note.ots"
cp gone one/record/anchors/00000000000000000053.note
touch one/record/anchors/00000000000000000053.note.ots.1.new one/record/anchors/00000000000000000053.note.1.new
yes "stamps what was left without a proof" 0 fh record anchor one --calendar "$url"
yes "as it is in the record" 0 grep -qx 53 one/record/anchors/00000000000000000053.note
yes "and passes over what was left" 0 on_regtest one --anchored "$old"
says "beside what is there" '^anchors     1 holds, 1 pending$'
rm one/record/anchors/*53.note*

# By hand: nobody is asked.
rm -f root
: > asked
yes "writes a request" 0 fh record anchor one --request carry
yes "of one hash" 0 test "$(wc -c < carry)" = 32
yes "and asks nobody" 1 test -s asked
yes "which is pending" 0 on_regtest one --anchored "$old"
says "until it is answered" '^anchors     1 holds, 1 pending$'
yes "stamps it elsewhere" 0 fh stamp carry --calendar "$url"
yes "takes a promise" 2 fh record anchor one --import carry.ots
: > root
yes "completes the request's proof" 0 fh stamp upgrade carry.ots --calendar "$url"
yes "takes it" 0 fh record anchor one --import carry.ots
mined
sed 's/^3 //' header > bare
yes "which dates the whole record" 0 checks one --network regtest --headers bare --anchored 53
says "by a header that says nothing of the other anchor" '^anchors     1 holds, 1 unchecked$'
rm "$proof" "one/record/anchors/$(basename "$note")"
yes "as it does alone" 0 on_regtest one --anchored 53
yes "not again" 2 fh record anchor one --import carry.ots
mkdir mine
yes "keeps anchors elsewhere" 0 fh record anchor one --anchors mine --request other
yes "in the directory given" 0 test -s mine/00000000000000000053.note.ots
exit "$failed"
