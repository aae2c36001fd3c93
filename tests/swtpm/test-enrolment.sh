#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Enrolment with the operator's key elsewhere and TPMs in the machines: request, sealed answer, and what must not open it.
. "$(dirname "$0")/../cli/lib.sh"

command -v swtpm_setup > /dev/null || {
	echo "skip - enrolment with a TPM: swtpm_setup is not installed"
	exit 0
}
export TSS2_LOG=all+NONE
verify_program=${FREEHOLD_VERIFY:-$(dirname "$freehold_program")/freehold-verify}
started=
trap 'for p in $started; do kill "$p" 2> /dev/null; done; wait; rm -rf "$scratch"' EXIT

# tpm NAME [made]: a fresh simulator NAME, and NAME.conf that names it; made: with an EK certificate, as by a maker.
tpm() {
	dir=$scratch/tpm-$1
	mkdir -p "$dir/made"
	if [ -n "$2" ]; then
		printf 'statedir = %s\nsigningkey = %s/key\nissuercert = %s/issuer\ncertserial = %s/serial\n' \
			"$dir/made" "$dir/made" "$dir/made" "$dir/made" > "$dir/made/authority"
		: > "$dir/made/options"
		printf 'create_certs_tool = swtpm_localca\ncreate_certs_tool_config = %s\ncreate_certs_tool_options = %s\n' \
			"$dir/made/authority" "$dir/made/options" > "$dir/made/setup"
		swtpm_setup --tpm2 --tpmstate "$dir" --create-ek-cert --config "$dir/made/setup" > out 2> err ||
			not_ok "a TPM with a certificate can be made"
	fi
	swtpm socket --tpm2 --tpmstate "dir=$dir" --ctrl "type=unixio,path=$dir/ctrl" --server "type=unixio,path=$dir/sock" \
		--flags not-need-init,startup-clear > /dev/null 2>&1 &
	started="$started $!"
	for _ in $(seq 100); do
		listens "$dir/sock" && break
		sleep 0.05
	done
	echo "tcti = swtpm:path=$dir/sock" > "$1.conf"
}

# on TPM STATE VERB...: on a machine with that TPM ("empty": the operator's, which has none).
on() {
	conf=$1 state=$2
	shift 2
	printf 'correct horse\ncorrect horse\n' > pass
	"$freehold_program" "$@" --config "$scratch/$conf.conf" --state "$scratch/$state" 9< pass
}
office() {
	on empty office "$@"
}
statements() {
	ls "$scratch/$1/chain" | wc -l
}
# holds NAME STATE COUNT: the chain of STATE has COUNT statements.
holds() {
	if [ "$(statements "$2")" = "$3" ]; then ok "$1"; else not_ok "$1 ($(statements "$2"), not $3)"; fi
}
# flip FROM TO OFFSET: a copy with one bit of one byte changed.
flip() {
	python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[int(sys.argv[3])] ^= 1
open(sys.argv[2], "wb").write(b)' "$1" "$2" "$3"
}

tpm one made
tpm two made
tpm bare

# The operator begins, and says what is to hold before the machine is there.
yes "an operator key" 0 office key new op.key --passphrase-fd 9
yes "genesis" 0 office genesis new --name lab --operator-key op.key --passphrase-fd 9 --out genesis.fhs
yes "the office keeps a replica" 0 office chain import genesis.fhs
cat > schema.cedarschema <<'END'
@mcp("notes/read")
action "notes.read" appliesTo { principal: [Actor], resource: [Server] };
END
cat > policy.cedar <<'END'
@id("read")
permit (principal in Team::"dev", action == Action::"notes.read", resource);
END
yes "a policy" 0 office policy sign policy.cedar --schema schema.cedarschema --expires 30d --operator-key op.key \
	--passphrase-fd 9
yes "an actor" 0 office actor grant editor --uid 1000 --group dev --operator-key op.key --passphrase-fd 9

# The machine asks.
echo "tcti = swtpm:path=$scratch/nothing" > absent.conf
yes "no request without a TPM, unless said" 2 on absent none init --genesis genesis.fhs --request none.request
says "which is named" "the TPM cannot be opened"
rm -rf none
yes "an earlier state on the same TPM" 0 on one box2 init --genesis genesis.fhs --request box2.request --device-name box2
yes "which is the TPM's owner now" 2 on one box init --genesis genesis.fhs --request box.request --device-name box
says "and says so" "its owner authorisation is set; give it with --owner-auth FILE"
rm -rf box
yes "by what the operator can open" 0 office device authorisations box2.request --operator-key op.key --passphrase-fd 9
cp out one-auth
yes "which is what the state directory holds, too" 0 office device authorisations box2/keys/authorisations --operator-key op.key \
	--passphrase-fd 9
if cmp -s out one-auth; then ok "the same"; else not_ok "the same"; fi
yes "as JSON" 0 office device authorisations box2.request --operator-key op.key --passphrase-fd 9 --json
says "with both" '^{"owner":"[0-9a-f]\{64\}","lockout":"[0-9a-f]\{64\}"}$'
cp out box2-auth
tpm spare
yes "a state on another TPM" 0 on spare spare init --genesis genesis.fhs --request spare.request --device-name spare
yes "has its own" 0 office device authorisations spare.request --operator-key op.key --passphrase-fd 9 --json
cp out spare-auth
yes "four that differ, and none of zeros" 0 python3 -c '
import json
all = [v for name in ("spare-auth", "box2-auth") for v in json.load(open(name)).values()]
assert len(set(all)) == 4 and all[0].strip("0"), all'
printf 'owner hex:%064d\n' 1 > wrong-auth
yes "not by another" 2 on one box init --genesis genesis.fhs --request box.request --device-name box --owner-auth wrong-auth
rm -rf box
printf 'nonsense\n' > wrong-auth
yes "nor by what is none" 2 on one box init --genesis genesis.fhs --request box.request --device-name box --owner-auth wrong-auth
says "which is named" "wrong-auth: .*give what .freehold device authorisations. printed"
yes "the box joins" 0 on one box init --genesis genesis.fhs --request box.request --device-name box --owner-auth one-auth
box_id=$(sed -n 's/^device //p' out)
says "and leaves them as they are" "both stay as they are"
yes "so its request has none" 2 office device authorisations box.request --operator-key op.key --passphrase-fd 9
says "which is said" "its machine has none that Freehold set"
holds "with nothing but genesis" box 1
yes "another box joins" 0 on two other init --genesis genesis.fhs --request other.request --device-name other
yes "a box whose TPM nobody certified" 0 on bare plain init --genesis genesis.fhs --request plain.request --device-name plain

# What is refused of a request.
size=$(stat -c %s box.request)
for at in 40 70 1000 5000 $((size - 3700)) $((size - 3400)) $((size - 1)); do
	flip box.request bad.request "$at"
	yes "a request changed at $at is refused" 2 office device admit bad.request --operator-key op.key --passphrase-fd 9 \
		--answer bad.answer
done
head -c 3000 box.request > bad.request
yes "a request that ends early is refused" 2 office device admit bad.request --operator-key op.key --passphrase-fd 9 \
	--answer bad.answer
says "and says what it is not" "no device request"
sed 's/device request 5/device request 6/' box.request > bad.request
yes "a newer request is refused" 2 office device admit bad.request --operator-key op.key --passphrase-fd 9 --answer bad.answer
says "and says what to do" "have the same Freehold here"
holds "nothing was signed" office 3

# The operator answers.
yes "the office admits the box" 0 office device admit box.request --operator-key op.key --passphrase-fd 9 --answer box.answer
says "shows the device id that init showed" "^device $box_id$"
says "and the attestation key" "^AK     000b[0-9a-f]\{64\}$"
says "says that the endorsement chain is not checked" "^maker  not checked: there are no roots"
says "nor whether its firmware is known to be weak" "^firmware  not checked: nobody vouches for its maker"
holds "and signed one statement" office 4
yes "an answer is never overwritten" 2 office device admit box.request --answer box.answer
yes "the answer can be made again, without a key" 0 office device admit box.request --answer again.answer
holds "which signs nothing" office 4
if cmp -s box.answer again.answer; then not_ok "under another secret"; else ok "under another secret"; fi
if grep -q 'notes.read' box.answer; then not_ok "the answer is sealed"; else ok "the answer is sealed"; fi
yes "a TPM without certificate is admitted" 0 office device admit plain.request --operator-key op.key --passphrase-fd 9 \
	--answer plain.answer
says "and that is said" "no maker vouches"

# What does not open it.
yes "another machine cannot take it" 2 on two other chain import box.answer
says "and says so" "for another device"
cp -a box stolen
yes "nor can a copy of the state in another machine" 2 on two stolen chain import box.answer
says "whose TPM is another" "is another TPM than the one"
yes "nor the operator's replica" 2 on one office chain import box.answer
says "which has no device key" "no device key"
yes "init without TPM" 0 on empty soft init --no-tpm --genesis genesis.fhs --request soft.request --device-name soft
yes "nor a machine without TPM" 2 on empty soft chain import box.answer
says "and says so" "made without a TPM"
yes "is another device" 2 on one box2 chain import box.answer
says "and says so" "for another device"
size=$(stat -c %s box.answer)
# changed WHERE FROM TO PATTERN
changed() {
	for at in "$2" "$3"; do
		flip box.answer bad.answer "$at"
		yes "an answer changed in $1, at $at, is refused" 2 on one box chain import bad.answer
		says "and says why" "bad.answer: .*$4"
	done
}
# The head: array, text (2 and 24 bytes), two hashes (2 and 32 each), object (2 and 68), seed (3 and 256: RSA).
changed 'its version' 26 26 'newer version'
changed 'its form' 27 95 'no answer'
changed 'the chain id' 29 60 'for another chain'
changed 'the device id' 63 94 'for another device'
changed 'the credential' 97 164 'does not open'
changed 'the seed' 168 423 'does not open'
changed 'the statements' 424 $((size / 2)) 'was altered'
changed 'the tag' $((size - 16)) $((size - 1)) 'was altered'
# What the other machine could open, addressed to this one.
yes "the other machine is admitted" 0 office device admit other.request --operator-key op.key --passphrase-fd 9 \
	--answer other.answer
python3 -c 'a, b = (bytearray(open(f, "rb").read()) for f in ("box.answer", "other.answer"))
b[63:95] = a[63:95]
open("bad.answer", "wb").write(b)'
yes "an answer for another TPM is refused, though it names this device" 2 on one box chain import bad.answer
says "by the TPM" "does not open"
head -c $((size - 10)) box.answer > bad.answer
yes "an answer that ends early is refused" 2 on one box chain import bad.answer
head -c 200 box.answer > bad.answer
yes "also in its head" 2 on one box chain import bad.answer
sed 's/device answer 1/device answer 9/' box.answer > bad.answer
yes "a newer answer is refused" 2 on one box chain import bad.answer
says "and says what to do" "update Freehold"
yes "another chain" 0 on empty elsewhere genesis new --name lab --operator-key op.key --passphrase-fd 9 --out genesis2.fhs
yes "with its own office" 0 on empty elsewhere chain import genesis2.fhs
yes "refuses the request" 2 on empty elsewhere device admit box.request --operator-key op.key --passphrase-fd 9 --answer x.answer
says "and says so" "for another chain"
for state in box other stolen soft box2; do
	holds "nothing was imported into $state" "$state" 1
done

# Without TPM the answer is the statement.
yes "no answer can be sealed without a TPM" 2 office device admit soft.request --operator-key op.key --passphrase-fd 9 \
	--answer soft.answer
says "and says what to give" "give --out"
yes "either way, not both" 64 office device admit box.request --operator-key op.key --out a --answer b

# What opens it.
yes "the box takes its answer" 0 on one box chain import box.answer
says "in its TPM" "the TPM opened it; 3 statements accepted, 3 of them new"
yes "once more is nothing new" 0 on one box chain import box.answer
says "and says so" "0 of them new"
holds "the chain is whole" box 4
yes "the chain names the box" 0 on one box chain show --json
says "as what it is" '"name":"box"'
yes "a TPM without certificate opens its answer" 0 on bare plain chain import plain.answer
yes "the state of a simulator is not approved by accident" 2 office reference approve box.request --label box \
	--device "$box_id" --operator-key op.key --passphrase-fd 9
says "and that is said" "the firmware has measured nothing"
printf '{"pcrs":{"sha256":{"4":"%064d"}}}' 4 > state.json
yes "with several machines, a state is approved for none by accident" 64 office reference approve state.json --label all \
	--pcrs 4 --operator-key op.key --passphrase-fd 9
says "and says how many there are" "machines are enrolled: name some with --device, or say --all"
yes "the state in the request is approved" 0 office reference approve box.request --label box --unmeasured \
	--operator-key op.key --passphrase-fd 9
yes "and listed" 0 office reference list --json
says "for its own machine alone" "\"label\":\"box\".*\"devices\":.\"$box_id\".}"
yes "what is signed later comes as statements" 0 office chain export stick
yes "to all" 0 on one box chain import stick/*.fhs

# Two signers: the answer is made when the statement is complete.
yes "a second key" 0 office key new op2.key --passphrase-fd 9
yes "genesis of two" 0 office genesis new --name two --operator-key op.key --operator-key op2.key --threshold default=2 \
	--threshold reference=1 \
	--passphrase-fd 9 --out two.fhs
yes "another office" 0 on empty office2 chain import two.fhs
office device authorisations other.request --operator-key op.key --passphrase-fd 9 > two-auth
yes "a box joins" 0 on two pair init --genesis two.fhs --request pair.request --device-name pair --owner-auth two-auth
yes "no answer while a signature is wanting" 2 on empty office2 device admit pair.request --operator-key op.key \
	--passphrase-fd 9 --answer pair.answer
yes "the first signs" 0 on empty office2 device admit pair.request --operator-key op.key --passphrase-fd 9 --out pair.fhs
says "is told what comes next" "not sealed to its TPM yet"
yes "the second signs" 0 on empty office2 sign pair.fhs --operator-key op2.key --passphrase-fd 9
yes "the office takes it" 0 on empty office2 chain import pair.fhs
yes "and seals it" 0 on empty office2 device admit pair.request --answer pair.answer
yes "the box opens it" 0 on two pair chain import pair.answer

# The state of the request, approved with the machine.
yes "a box that is to serve at once" 0 on two quick init --genesis genesis.fhs --request quick.request --device-name quick \
	--owner-auth two-auth
cp -a office before
yes "a state of a simulator is not approved by accident, and nothing is signed" 2 office device admit quick.request \
	--approve "quick, new" --operator-key op.key --passphrase-fd 9 --answer quick.answer
says "which is said" "PCRs 0 to 7 are zero"
if diff -r office before > /dev/null; then ok "the office is as it was"; else not_ok "the office is as it was"; fi
yes "one is admitted without its state" 0 office device admit quick.request --operator-key op.key --passphrase-fd 9 \
	--answer quick0.answer
yes "its state is approved by asking again" 0 office device admit quick.request --approve "quick, new" --unmeasured \
	--operator-key op.key --passphrase-fd 9 --answer quick.answer
yes "which is listed" 0 office reference list
says "under its name" "quick, new$"
yes "takes its answer" 0 on two quick chain import quick.answer
yes "and knows its state" 0 on two quick reference list
says "as approved" "quick, new$"
count=$(statements office)
yes "asked once more" 0 office device admit quick.request --approve "quick, new" --unmeasured --operator-key op.key \
	--passphrase-fd 9 --answer quick2.answer
says "that is said" "is approved already"
holds "and nothing signed" office "$count"

# With the key on the machine, the statement names its TPM all the same.
yes "init on one machine" 0 on two alone init --operator-key alone.key --passphrase-fd 9 --device-name alone \
	--owner-auth two-auth
yes "tells the endorsement certificate" 0 grep -q ek-certificate alone/chain/00000001-*
yes "and the attestation key" 0 grep -q bak alone/chain/00000001-*

# And it serves.
"$freehold_program" serve --listen 127.0.0.1:0 --config "$scratch/one.conf" --state "$scratch/box" > served 2>&1 &
daemon=$!
started="$daemon $started"
for _ in $(seq 200); do
	grep -q 'serving\|127.0.0.1' served && break
	kill -0 "$daemon" 2> /dev/null || break
	sleep 0.05
done
cp served out
if kill -0 "$daemon" 2> /dev/null; then ok "the box serves"; else not_ok "the box serves"; fi
yes "beside it no answer is opened" 2 on one box chain import again.answer
says "and it says what to do" "stop it"
yes "statements are taken" 0 on one box chain import stick/*.fhs

# Whose TPMs are believed, the operator signs.
cat tpm-one/made/issuer tpm-one/made/swtpm-localca-rootca-cert.pem > one.pem
cat tpm-two/made/issuer tpm-two/made/swtpm-localca-rootca-cert.pem > two.pem
for maker in one two; do
	yes "the roots of the maker of $maker" 0 office roots add --roots "$maker-roots" "$maker.pem"
done
yes "without any there is nothing to show" 2 office roots list --signed
says "and it says what to do" "freehold roots sign"
yes "they are no statement without roots" 2 office roots sign --roots stick --operator-key op.key --passphrase-fd 9
yes "by files alone a machine is judged" 2 office device admit box.request --roots two-roots --answer x1.answer
says "and it says what would do" "unendorsed"
yes "also for the good" 0 office device admit box.request --roots one-roots --answer x2.answer
says "by the maker that its certificate names" "^maker  id:.* by the root"
yes "the operator signs them" 0 office roots sign --roots one-roots --operator-key op.key --passphrase-fd 9
yes "and sees them" 0 office roots list --signed --json
says "both" '"role":"root".*"role":"link"\|"role":"link".*"role":"root"'
yes "a machine whose maker they name is admitted" 0 office device admit box.request --answer x3.answer
says "by that root" "^maker  id:.* by the root"
yes "another is refused" 2 office device admit quick.request --answer x4.answer
says "and says which certificate" "endorsement"
yes "files do not widen them" 2 office device admit quick.request --roots two-roots --answer x5.answer
yes "nor do they widen files" 2 office device admit box.request --roots two-roots --answer x6.answer
yes "nobody vouches for a TPM without certificate" 2 office device admit plain.request --answer x7.answer
says "and says so" "no certificate"
yes "unless the operator takes it" 0 office device admit plain.request --unendorsed --answer x8.answer
yes "they go to the machine" 0 office chain export stick2
yes "which takes them" 0 on one box chain import stick2/*.fhs
sleep 0.5
kill -0 "$daemon" 2> /dev/null || not_ok "and goes on"
chain=$("$freehold_program" chain show --json --config "$scratch/one.conf" --state "$scratch/box" |
	sed -n 's/.*"chain":"\([0-9a-f]*\)".*/\1/p')
listening=$(sed -n 's/.*\(127\.0\.0\.1:[0-9]*\).*/\1/p' served | head -n 1)
fetch() {
	python3 -c 'import sys, time, urllib.request
for _ in range(60):
	text = urllib.request.urlopen(f"http://{sys.argv[1]}/.well-known/freehold-operator-key.json").read()
	open(sys.argv[2], "wb").write(text)
	if len(text) > int(sys.argv[3]): break
	time.sleep(0.5)' "$listening" "$@"
}
fetch box.json 0
yes "without leave for a simulator" 1 "$verify_program" document box.json --genesis "$chain"
yes "a verifier without files, with the chain's genesis" 0 "$verify_program" document box.json --genesis "$chain" \
	--allow-grade simulated
says "goes by the roots that were signed" "roots that the operator signed"
yes "a verifier with roots of his own" 1 "$verify_program" document box.json --genesis "$chain" --allow-grade simulated \
	--roots two-roots
says "does not have them widened" "issuer"
yes "where both say yes" 0 "$verify_program" document box.json --genesis "$chain" --allow-grade simulated --roots one-roots
says "both are said" "and by those given here"
yes "without the genesis hash" 2 "$verify_program" document box.json --allow-grade simulated
says "nobody's roots count" "without its genesis hash"
kill -TERM "$daemon" 2> /dev/null
wait "$daemon"
yes "and ends in order" 0 test $? = 0
chain=$("$freehold_program" chain show --json --config "$scratch/one.conf" --state "$scratch/box" |
	sed -n 's/.*"chain":"\([0-9a-f]*\)".*/\1/p')
yes "its record verifies" 0 "$verify_program" record box --genesis "$chain" --allow-grade simulated
says "with the grade of its TPM" "simulated"
says "by the roots that were signed" "roots that the operator signed"
says "and how its key is kept is told by the TPM" "key-sealed .*certifies an object made for it"
yes "and not without leave for a simulator" 1 "$verify_program" record box --genesis "$chain"
yes "nor by roots of one's own that are another maker's" 1 "$verify_program" record box --genesis "$chain" \
	--allow-grade simulated --roots two-roots
says "by that name" "ek-issuer"
yes "nor for a time before the certificate" 1 "$verify_program" record box --genesis "$chain" --allow-grade simulated \
	--at 2020-01-01
says "by its name" "ek-expired"
exit "$failed"
