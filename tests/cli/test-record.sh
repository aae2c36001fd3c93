#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Reading a record: show --follow, search and export, on records made for the test.
top=$PWD
. "$top/tests/cli/lib.sh"
"$top/build/tests/fixture/make-record" good 4 12 tpm-sealed good.note > genesis

lines() {
	wc -l < out | tr -d ' '
}
# count NAME N: the last program printed N lines.
count() {
	if [ "$(lines)" = "$2" ]; then ok "$1"; else not_ok "$1 ($(lines) lines, not $2)"; fi
}

yes "finds intents by their action" 0 fh record search --action NOTES.READ --kind intent good
count "all of them" 24
says "in the order in which they happened" '^5 '
yes "finds outcomes by what their intent says" 0 fh record search --resource /srv/notes --kind outcome good
count "all of them" 24
yes "finds an intent with its outcome" 0 fh record search --intent 17 good
count "two entries" 2
yes "finds words in what was answered" 0 fh record search --word 'content of a note' --limit 3 good
count "the newest, as many as wanted" 3
says "up to the last" '^52 '
yes "finds by time" 0 fh record search --since 2027-01-15T08:00:10Z --until 2027-01-15T08:00:12Z good
count "that second and the next" 2
yes "finds by decision" 0 fh record search --decision permitted --limit 1000 good
count "the permitted ones" 24
(ulimit -f 0; fh record search --word 'content of a note' good) 2> err | cat > out
count "and needs no file that it may write for that" 24
yes "says by its status that nothing was found" 1 fh record search --decision denied good
yes "a kind that there is not is no search without finds" 64 fh record search --kind outcomes good
says "which there are" "--kind takes one of session, start"
count "and shows nothing" 0
yes "takes names as they are" 1 fh record search --actor "x' OR '1'='1" good
yes "takes patterns as they are" 1 fh record search --action '%' good
yes "shows fields as JSON" 0 fh record search --intent 17 --json --fields good
says "as show does" '"fields":{"intent":17,"status":"result"\|"intent":17'
for wrong in '--decision maybe' '--since yesterday' '--limit 0' '--intent x'; do
	# shellcheck disable=SC2086 # two words
	yes "usage, with $wrong" 64 fh record search $wrong good
done
yes "searches no record that is not there" 2 fh record search nowhere

yes "exports JSON lines" 0 fh record export good
count "one for each entry" 53
if grep -q 'content of a note' out; then not_ok "without results"; else ok "without results"; fi
yes "exports them with results" 0 fh record export --payload good
says "if asked" 'content of a note'
for form in ocsf cef; do
	yes "exports $form" 0 fh record export --format $form good
	cp out "$form"
	count "one for each entry" 53
	if grep -q 'content of a note' out; then not_ok "without results"; else ok "without results"; fi
	yes "as $form has it" 0 python3 -B "$top/tests/cli/events.py" $form $form
done
yes "exports OCSF with results" 0 fh record export --format ocsf --payload good
says "in the response" '"response":{"message":"result","data":"the content of a note"}'
yes "exports a part" 0 fh record export --format ocsf --from 18 --to 18 good
count "of one entry" 1
says "whose actor stands in an earlier one" '"actor":{"user":{"name":"claude"'
yes "usage, with another form" 64 fh record export --format xml good

# full VERB...: what it prints finds no room.
full() {
	fh record "$@" > /dev/full
}
for verb in "show good" "show --follow good" "search --kind intent good" "export good" "export --format cef good"; do
	# shellcheck disable=SC2086 # words
	yes "says that nothing can be written, with $verb" 2 full $verb
	says "which is no fault of the record" '^freehold: stdout: the answer could not be written; '
	if grep -q fhj err; then not_ok "nor is it called damaged"; else ok "nor is it called damaged"; fi
done

"$top/build/tests/fixture/make-record" long 90 12 tpm-sealed long.note > long.genesis
# slow WHERE VERB...: what takes more than two seconds, with what it prints on the terminal or not.
slow() {
	where=$1
	shift
	python3 -B "$top/tests/cli/bar.py" "$where" "$top/build/freehold" record "$@" long
}
for verb in "export --format ocsf" "show --fields" "show --follow --to 1000"; do
	# shellcheck disable=SC2086 # words
	yes "shows how far it is, when it takes long to $verb" 0 slow other $verb
done
yes "but not amid what it prints" 0 slow same export --format ocsf
yes "nor amid what it shows" 0 slow same show --fields

# A record that grows, first with a torn end; then with a batch that nobody signs, which a start takes back.
mkdir growing
segment=00000000000000000000.fhj
head -c 40000 good/$segment > growing/$segment
: > followed
"$freehold_program" record show --json --follow growing --config empty.conf > followed 2> err &
pid=$!
python3 -B - $pid << 'END'
import os, re, sys, time
whole = open("good/00000000000000000000.fhj", "rb").read()
growing, end = "growing/00000000000000000000.fhj", time.monotonic() + 20
frames, at = [], 0
while at < len(whole):
	frames.append((whole[at], at))
	at += 5 + int.from_bytes(whole[at + 1:at + 5], "big")
last = max(n for n, (kind, _) in enumerate(frames) if kind == 2)
signed, unsigned = frames[last][1], frames[last + 1][1]

def looks():
	"""How often it has slept so far: it does between one look and the next."""
	return int(re.search(r"^voluntary_ctxt_switches:\t(\d+)", open(f"/proc/{sys.argv[1]}/status").read(), re.M)[1])

def lines():
	return open("followed").read().count("\n")

while time.monotonic() < end and lines() == 0:
	time.sleep(0.05)
with open(growing, "ab") as f:
	for at in range(40000, unsigned, 9999):
		f.write(whole[at:min(at + 9999, unsigned)])
		f.flush()
seen = looks()
while time.monotonic() < end and looks() < seen + 5:
	time.sleep(0.05)
open("unsigned", "w").write(open("followed").read())
os.truncate(growing, signed)
open(growing, "ab").write(whole[signed:])
while time.monotonic() < end and lines() < 53:
	time.sleep(0.05)
END
kill $pid
wait $pid 2> wait.err
cp unsigned out
count "shows what is signed, of a record that grows" 41
cp followed out
count "and the rest when it is" 53
fh record show --json good > whole
yes "to the same entries" 0 cmp whole followed
yes "follows up to an entry" 0 fh record show --follow --to 20 good
count "and then ends" 21
exit $failed
