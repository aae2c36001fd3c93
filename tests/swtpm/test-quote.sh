#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Quotes that tpm2-tools take from a simulator, checked by both programs; and what must not pass.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/lib.sh"

for tool in swtpm swtpm_setup tpm2_quote python3; do
	command -v "$tool" > /dev/null || {
		echo "skip - quotes of a simulator: $tool is not installed"
		exit 0
	}
done
export TSS2_LOG=all+NONE
verify_program=${FREEHOLD_VERIFY:-$(dirname "$freehold_program")/freehold-verify}
simulator=
trap '[ -z "$simulator" ] || kill "$simulator" 2> /dev/null; wait; rm -rf "$scratch"' EXIT
nonce=0102030405060708

# A fresh simulator whose maker is on this machine.
mkdir -p state made
printf 'statedir = %s\nsigningkey = %s/key\nissuercert = %s/issuer\ncertserial = %s/serial\n' \
	"$PWD/made" "$PWD/made" "$PWD/made" "$PWD/made" > made/authority
: > made/options
printf 'create_certs_tool = swtpm_localca\ncreate_certs_tool_config = %s\ncreate_certs_tool_options = %s\n' \
	"$PWD/made/authority" "$PWD/made/options" > made/setup
swtpm_setup --tpm2 --tpmstate "$PWD/state" --create-ek-cert --pcr-banks sha1,sha256,sha384 --config "$PWD/made/setup" \
	> out 2> err || not_ok "a TPM with a certificate can be made"
swtpm socket --tpm2 --tpmstate "dir=$PWD/state" --ctrl "type=unixio,path=$PWD/sock.ctrl" --server "type=unixio,path=$PWD/sock" \
	--flags not-need-init,startup-clear > /dev/null 2>&1 &
simulator=$!
for _ in $(seq 100); do
	[ -S sock ] && break
	sleep 0.05
done
export TPM2TOOLS_TCTI="swtpm:path=$PWD/sock"

# tpm2 TOOL ...: with room in the TPM for what it loads.
tpm2() {
	tpm2_flushcontext -t > /dev/null 2>&1
	tpm2_flushcontext -s > /dev/null 2>&1
	"tpm2_$@" > out 2> err || not_ok "tpm2_$1 works"
}
# quote KEY FORM PCRS LIST: a quote in q.msg, q.sig and q.pcrs.
quote() {
	tpm2 quote -c "ak.$1.ctx" --scheme "$1" -l "$4" -q "$nonce" -m q.msg -s q.sig -f "$2" -o q.pcrs -F "$3"
}
# both NAME STATUS OPTION...: both programs, over the files of the last quote unless an option names others.
both() {
	checked=$1 expected=$2
	shift 2
	yes "$checked" "$expected" "$freehold_program" verify quote --config empty.conf "$@"
	yes "$checked (verifier alone)" "$expected" "$verify_program" quote "$@"
}
quoted() {
	title=$1 status_wanted=$2 public_file=$3
	shift 3
	both "$title" "$status_wanted" --ak "$public_file" --message q.msg --signature q.sig --pcrs q.pcrs "$@"
}
# flip FILE OFFSET: a copy, FILE.bad, with one bit of one byte changed.
flip() {
	python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[int(sys.argv[2])] ^= 1
open(sys.argv[1] + ".bad", "wb").write(b)' "$1" "$2"
}
size() {
	wc -c < "$1"
}

tpm2 pcrextend 16:sha256=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
for kind in rsa:rsassa rsa:rsapss ecc:ecdsa; do
	key=${kind#*:}
	tpm2 createek -c "ek.$key.ctx" -G "${kind%:*}" -u "ek.$key.pub"
	tpm2 createak -C "ek.$key.ctx" -c "ak.$key.ctx" -G "${kind%:*}" -g sha256 -s "$key" -u "ak.$key.pub" -n "ak.$key.name"
	for form in pem der tpmt; do
		tpm2 readpublic -c "ak.$key.ctx" -f "$form" -o "ak.$key.$form"
	done
	for form in tss plain; do
		for pcrs in serialized values; do
			quote "$key" "$form" "$pcrs" sha256:0,1,2,3,4,5,6,7,8,16,17
			for public in pub pem der tpmt; do
				quoted "$key, $form, $pcrs, $public" 0 "ak.$key.$public" --nonce "$nonce"
			done
		done
	done
done

# Keys, hashes and banks of other sizes, as makers ship them; the digest of the PCRs is by the hash of the signature.
for kind in rsa3072:rsassa:sha384 rsa3072:rsapss:sha256 ecc384:ecdsa:sha384 ecc521:ecdsa:sha512; do
	size=${kind%%:*} hash=${kind##*:} scheme=${kind#*:}
	scheme=${scheme%:*}
	tpm2_flushcontext -t > /dev/null 2>&1
	tpm2 createek -c ek.large.ctx -G rsa -u ek.large.pub
	tpm2_flushcontext -t > /dev/null 2>&1
	tpm2_createak -C ek.large.ctx -c ak.large.ctx -G "$size" -g "$hash" -s "$scheme" -u ak.large.pub -n ak.large.name \
		> out 2> err || {
		echo "skip - $kind: this simulator makes none"
		continue
	}
	large() { # PCRS FORM
		tpm2 quote -c ak.large.ctx -g "$hash" --scheme "$scheme" -l "$1" -q "$nonce" -m q.msg -s q.sig -f "$2" -o q.pcrs \
			-F serialized
	}
	for pcrs in sha256:0,7,16 sha384:0,16,23; do
		for form in tss plain; do
			large "$pcrs" "$form"
			quoted "$kind, $pcrs, $form" 0 ak.large.pub --nonce "$nonce"
		done
	done
	tpm2 pcrextend "16:sha384=$(printf '%096d' 1)"
	cp q.msg q.before.msg && cp q.sig q.before.sig
	large sha384:0,16,23 plain
	both "$kind, values of a later time" 1 --ak ak.large.pub --message q.before.msg --signature q.before.sig --pcrs q.pcrs
	says "the digest is named" pcr-digest
done

# A machine that measured its boot, with the log of it.
python3 "$here/event_log.py" boot.log > extends
tpm2 pcrreset 16
while read -r extend; do
	tpm2 pcrextend "$extend"
done < extends
quote ecdsa tss serialized sha256:0,1,2,3,4,5,6,7,8,9,10,17,23
quoted "with its log" 0 ak.ecdsa.pub --nonce "$nonce" --eventlog boot.log
both "with its log in place of values" 0 --ak ak.ecdsa.pub --message q.msg --signature q.sig --eventlog boot.log
yes "the values are shown" 0 "$verify_program" quote --ak ak.ecdsa.pub --message q.msg --signature q.sig --eventlog boot.log --json
says "as programs read them" '"pcrs":{"sha256":{"0":"'
flip boot.log 200
quoted "a changed log" 1 ak.ecdsa.pub --eventlog boot.log.bad
says "the replay is named" log-replay
both "a changed log in place of values" 1 --ak ak.ecdsa.pub --message q.msg --signature q.sig --eventlog boot.log.bad
head -c "$(($(size boot.log) - 1))" boot.log > cut.log
quoted "a log that was cut" 1 ak.ecdsa.pub --eventlog cut.log
says "the replay is named again" log-replay
head -c 69 boot.log > short.log # its first record alone
quoted "a log without events" 1 ak.ecdsa.pub --eventlog short.log
says "the PCR without events is named" pcr-unexplained

# And Linux's log of files, which goes on after the quote.
python3 "$here/ima_log.py" ima.log > extends
while read -r extend; do
	tpm2 pcrextend "$extend"
done < extends
quote ecdsa tss serialized sha256:0,7,10
echo "10 $(printf %040d 0) ima-ng sha1:$(printf %040d 0) /later" >> ima.log
quoted "with IMA's log" 0 ak.ecdsa.pub --nonce "$nonce" --eventlog boot.log --ima ima.log
says "as far as it had come" 'the first 3 entries'
quoted "with IMA's log alone" 0 ak.ecdsa.pub --ima ima.log
sed '3s/freehold$/freehole/' ima.log > other.log
quoted "another file in IMA's log" 1 ak.ecdsa.pub --eventlog boot.log --ima other.log
says "IMA's log is named" ima-replay
quote ecdsa tss serialized sha256:0,7
quoted "IMA's log, and its PCR not quoted" 1 ak.ecdsa.pub --eventlog boot.log --ima ima.log
says "IMA's log is named again" ima-replay
python3 "$here/ima_log.py" old.log old > extends
while read -r extend; do
	tpm2 pcrextend "$extend"
done < extends
quote ecdsa tss serialized sha256:0,7,14
quoted "IMA's log of an old kernel" 1 ak.ecdsa.pub --eventlog boot.log --ima old.log
says "why it proves nothing is told" 'SHA-1 digests with zeros behind them'
both "IMA's log without values" 64 --ak ak.ecdsa.pub --message q.msg --signature q.sig --ima ima.log

# What systemd measured, by its own tool.
measures() {
	SYSTEMD_FORCE_MEASURE=1 SYSTEMD_MEASURE_LOG_USERSPACE=$PWD/measure.log /usr/lib/systemd/systemd-pcrextend \
		--tpm2-device="swtpm:path=$PWD/sock" "$1" > out 2>&1 || not_ok "systemd measures"
}
if [ -x /usr/lib/systemd/systemd-pcrextend ]; then
	measures enter-initrd
	measures 'with "quotes"'
	quote ecdsa tss serialized sha256:0,7,11
	measures ready
	quoted "with systemd's log" 0 ak.ecdsa.pub --eventlog boot.log --userspace measure.log
	says "as far as it had come" 'the first 2 events'
	yes "as programs read it" 0 "$verify_program" quote --ak ak.ecdsa.pub --message q.msg --signature q.sig --pcrs q.pcrs \
		--eventlog boot.log --userspace measure.log --json
	says "and how far" '"userspace-events":2'
	quoted "with systemd's log alone" 0 ak.ecdsa.pub --userspace measure.log
	sed 's/enter-initrd/enter-system/' measure.log > other.log
	quoted "another phase in systemd's log" 1 ak.ecdsa.pub --eventlog boot.log --userspace other.log
	says "systemd's log is named" "userspace-replay systemd's log: an event's text is not what was digested"
	grep -v enter-initrd measure.log > other.log
	quoted "an event taken out of systemd's log" 1 ak.ecdsa.pub --eventlog boot.log --userspace other.log
	says "its replay is named" "userspace-replay systemd's log: no beginning of it leads"
	head -c "$(($(size measure.log) - 1))" measure.log > other.log
	quoted "a cut log of systemd" 1 ak.ecdsa.pub --eventlog boot.log --userspace other.log
	says "the record is named" "record 2 is malformed or was cut off"
	both "systemd's log without values" 64 --ak ak.ecdsa.pub --message q.msg --signature q.sig --userspace measure.log
	quoted "a phase without its log" 1 ak.ecdsa.pub --eventlog boot.log
	says "its PCR is named" 'PCR 11'
else
	echo "skip - systemd's log: systemd-pcrextend is not installed"
fi
quote ecdsa tss serialized sha256:0,7,10
quoted "a PCR that the log does not explain" 1 ak.ecdsa.pub --eventlog boot.log
says "that PCR is named" 'PCR 10'
quote ecdsa tss serialized sha256:0,7
quoted "without that PCR" 0 ak.ecdsa.pub --eventlog boot.log
quote ecdsa tss serialized sha384:0
quoted "a bank that the log has not" 1 ak.ecdsa.pub --eventlog boot.log

# One thing wrong in each.
quote ecdsa tss serialized sha256:0,7,16
quoted "without a nonce" 0 ak.ecdsa.pub
says "an old quote may look new" static
quoted "without a nonce it is not fresh" 2 ak.ecdsa.pub --require authentic,fresh
quoted "another nonce" 1 ak.ecdsa.pub --nonce 0102030405060709
says "the nonce is named" quote-nonce
quoted "a shorter nonce" 1 ak.ecdsa.pub --nonce 01020304050607
quoted "a padded nonce" 1 ak.ecdsa.pub --nonce "${nonce}00"
quoted "another attestation key" 1 ak.rsassa.pub --nonce "$nonce"
says "the signature is named" quote-signature
for at in 0 5 20 60 $(($(size q.msg) - 1)); do
	flip q.msg "$at"
	both "message, byte $at" 1 --ak ak.ecdsa.pub --message q.msg.bad --signature q.sig --pcrs q.pcrs
	says "message, byte $at: the signature is named" quote-signature
done
for at in 1 3 10 $(($(size q.sig) - 1)); do
	flip q.sig "$at"
	both "signature, byte $at" 1 --ak ak.ecdsa.pub --message q.msg --signature q.sig.bad --pcrs q.pcrs
	says "signature, byte $at: the signature is named" quote-signature
done
for at in 0 4 7 132 136 140 142 $((142 + 66)) $((142 + 40)) $(($(size q.pcrs) - 1)); do
	flip q.pcrs "$at"
	both "PCR file, byte $at" 1 --ak ak.ecdsa.pub --message q.msg --signature q.sig --pcrs q.pcrs.bad
	says "PCR file, byte $at: the PCRs are named" 'pcr-\(selection\|digest\)'
done
for at in 3 20 $(($(size ak.ecdsa.tpmt) - 1)); do
	flip ak.ecdsa.tpmt "$at"
	"$verify_program" quote --ak ak.ecdsa.tpmt.bad --message q.msg --signature q.sig > out 2> err
	[ $? = 0 ] && not_ok "a key with byte $at changed is not accepted"
done
cp q.msg q.before.msg
cp q.sig q.before.sig
tpm2 pcrextend 16:sha256=0000000000000000000000000000000000000000000000000000000000000000
quote ecdsa tss serialized sha256:0,7,16
both "values of a later time" 1 --ak ak.ecdsa.pub --message q.before.msg --signature q.before.sig --pcrs q.pcrs
says "the digest is named" pcr-digest
quote ecdsa tss values sha256:0,7,16
cp q.pcrs q.other.pcrs
quote ecdsa tss values sha256:0,16
both "values of more PCRs than were quoted" 1 --ak ak.ecdsa.pub --message q.msg --signature q.sig --pcrs q.other.pcrs
says "the selection is named" pcr-selection
quote ecdsa tss serialized sha1:0,7
quoted "the SHA-1 bank" 1 ak.ecdsa.pub
says "the bank is named" pcr-bank
quote ecdsa tss serialized sha1:0+sha256:0
quoted "two banks" 1 ak.ecdsa.pub
says "the bank is named again" pcr-bank

# A key that signs anything: its owner can sign what looks like a quote, but not pass it for a restricted key's.
tpm2 createprimary -C e -G ecc256:ecdsa-sha256 -c free.ctx -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
tpm2 readpublic -c free.ctx -f tpmt -o free.tpmt
quote ecdsa tss serialized sha256:0,16
tpm2 sign -c free.ctx -g sha256 -o free.sig q.msg
both "a key that is not restricted" 1 --ak free.tpmt --message q.msg --signature free.sig --pcrs q.pcrs
says "the key is named" ak-attributes
tail -c +2 q.msg > no.msg
tpm2 sign -c free.ctx -g sha256 -o free.sig no.msg
tpm2 readpublic -c free.ctx -f pem -o free.pem
both "a message that no TPM made" 1 --ak free.pem --message no.msg --signature free.sig
says "the magic is named" quote-magic

# The endorsement.
tpm2 getekcertificate -o ek.rsa.crt -o ek.ecc.crt
cat made/issuer made/swtpm-localca-rootca-cert.pem > roots.pem
quoted "the maker's chain, and a simulator's" 1 ak.ecdsa.pub --ek ek.rsa.crt --roots roots.pem
says "it is said to be a simulator" simulator
quoted "a simulator that is allowed" 0 ak.ecdsa.pub --ek ek.rsa.crt --roots roots.pem --allow-grade simulated
says "nothing binds the key to it" binding-none
tpm2 nvread -C o 0x01c00016 -o ek.p384.crt # where tpm2_getekcertificate does not look
quoted "the certificate of a key on P-384" 0 ak.ecdsa.pub --ek ek.p384.crt --roots roots.pem --allow-grade simulated
quoted "a chain that ends before the root" 1 ak.ecdsa.pub --ek ek.rsa.crt --roots made/swtpm-localca-rootca-cert.pem
says "the issuer is named" ek-issuer
openssl x509 -inform der -in ek.rsa.crt -out ek.pem 2> /dev/null
cat made/issuer >> ek.pem
quoted "the link beside the certificate" 0 ak.ecdsa.pub --ek ek.pem --roots made/swtpm-localca-rootca-cert.pem \
	--allow-grade simulated
quoted "before the certificate was made" 1 ak.ecdsa.pub --ek ek.rsa.crt --roots roots.pem --at 2020-01-01
says "its time is named" ek-expired
quoted "a certificate, and no root" 2 ak.ecdsa.pub --ek ek.rsa.crt --roots empty.d
mkdir empty.d
quoted "a certificate, and an empty store" 2 ak.ecdsa.pub --ek ek.rsa.crt --roots empty.d
says "the roots are missing" no-roots
quote rsassa tss serialized sha256:0,16
quoted "a child of the certified key" 0 ak.rsassa.pub --ek ek.rsa.crt --roots roots.pem --allow-grade simulated
says "it says so itself" binding-self
quote ecdsa tss serialized sha256:0,16
flip ek.rsa.crt 300
quoted "a changed certificate" 1 ak.ecdsa.pub --ek ek.rsa.crt.bad --roots roots.pem
yes "roots can be kept" 0 fh roots add --roots kept roots.pem
yes "twice the same" 0 fh roots add --roots kept roots.pem
yes "and are listed" 0 fh roots list --roots kept --json
says "a simulator's by its name" '"maker":"simulator"'
yes "the certificate of a key is no root" 2 fh roots add --roots kept ek.rsa.crt
quoted "kept roots" 0 ak.ecdsa.pub --ek ek.rsa.crt --roots kept --allow-grade simulated
says "and that revocation was not checked" revocation-unchecked

# Roots that the operator signed.
signed() {
	"$freehold_program" "$@" --config empty.conf --state signed --passphrase-fd 9 9< pass
}
yes "an operator's key" 0 with_pass key new op.key
yes "a chain" 0 with_pass genesis new --name lab --operator-key op.key --out genesis.fhs
yes "is kept" 0 "$freehold_program" chain import genesis.fhs --config empty.conf --state signed
yes "and names roots" 0 signed roots sign --roots kept --operator-key op.key
genesis_hash=$("$freehold_program" chain show --json --config empty.conf --state signed |
	sed -n 's/.*"chain":"\([0-9a-f]*\)".*/\1/p')
in_chain="--chain signed/chain --genesis $genesis_hash"
quoted "roots of a chain" 0 ak.ecdsa.pub --ek ek.rsa.crt $in_chain --allow-grade simulated
says "are said" roots-signed
quoted "and others of one's own" 0 ak.ecdsa.pub --ek ek.rsa.crt $in_chain --roots kept --allow-grade simulated
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 30 -subj "/CN=Other Root" 2> /dev/null
quoted "which do not say yes" 1 ak.ecdsa.pub --ek ek.rsa.crt $in_chain --roots other.pem --allow-grade simulated
says "so that neither widens the other" ek-issuer
both "a chain without its hash" 64 --ak ak.ecdsa.pub --message q.msg --signature q.sig --chain signed/chain
quoted "another chain than that hash" 2 ak.ecdsa.pub --ek ek.rsa.crt --chain signed/chain \
	--genesis "$(printf '%064d' 1)"
yes "other roots take their place" 0 signed roots sign --roots other.pem --operator-key op.key
quoted "a maker that the operator no longer names" 1 ak.ecdsa.pub --ek ek.rsa.crt $in_chain --allow-grade simulated
says "is refused" ek-issuer
for f in signed/chain/*; do case $f in *00000001-*) rm "$f" ;; esac; done
quoted "a chain with a statement left out" 2 ak.ecdsa.pub --ek ek.rsa.crt $in_chain --allow-grade simulated

# Lists of revoked certificates, which the operator puts beside the roots.
printf '[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=5\n' > ca.cnf
: > index.txt
list() { # FILE: of what index.txt says
	openssl ca -config ca.cnf -gencrl -keyfile made/key -cert made/issuer -out "$1" 2> openssl.err || not_ok "a list is made"
}
list kept/maker.crl
quoted "a list of its issuer without it" 0 ak.ecdsa.pub --ek ek.rsa.crt --roots kept --allow-grade simulated
says "the link is on no list" revocation-unchecked
openssl ca -config ca.cnf -revoke ek.pem -keyfile made/key -cert made/issuer 2> openssl.err || not_ok "the key's is revoked"
list kept/maker.crl
quoted "a list with it" 1 ak.ecdsa.pub --ek ek.rsa.crt --roots kept --allow-grade simulated
says "it is named" ek-revoked
rm kept/maker.crl

# The same, kept in order by the product.
list first.crl
openssl crl -in first.crl -outform DER -out first.der 2> openssl.err || not_ok "a list in DER"
yes "a list is added" 0 fh roots add --roots kept first.der
says "how many are on it is said" "1 revoked"
yes "twice the same" 0 fh roots add --roots kept first.crl
says "is nothing new" "already there"
quoted "it is asked" 1 ak.ecdsa.pub --ek ek.rsa.crt --roots kept --allow-grade simulated
says "by the verifier" ek-revoked
yes "it is listed" 0 fh roots list --roots kept --json
says "with issuer and number" \
	'"lists":\[{"issuer":"[^"]*","this-update":"[^"]*","next-update":"[^"]*","revoked":1,"state":"not-entitled"'
yes "for people, too" 0 fh roots list --roots kept
says "with its state: swtpm's maker says of itself that it makes none" "list .* 1 revoked by .*, not-entitled"
sleep 1.1 # a list says when it is of to the second
list second.crl
yes "a newer one takes its place" 0 fh roots add --roots kept second.crl
if [ "$(find kept -name '*.crl' | wc -l)" = 1 ]; then ok "alone"; else not_ok "alone"; fi
yes "the older one does not" 2 fh roots add --roots kept first.crl
says "which is said" "is not newer than the one that is there"
mkdir strangers
openssl req -x509 -newkey rsa:2048 -nodes -keyout stranger.key -subj "/CN=stranger" -out stranger.pem 2> openssl.err ||
	not_ok "a stranger"
openssl ca -config ca.cnf -gencrl -keyfile stranger.key -cert stranger.pem -out stranger.crl 2> openssl.err || not_ok "his list"
yes "a list of nobody who is trusted" 2 fh roots add --roots kept stranger.crl
says "is not taken" "none of the roots has signed it"
yes "it is with its root, in whichever order" 0 fh roots add --roots strangers stranger.crl stranger.pem
yes "and is listed" 0 fh roots list --roots strangers
says "as his" "1 revoked by stranger, of .*, current"
cat first.crl stranger.crl > two.crl
yes "of a file of two, one of which is nobody's, none is taken" 2 fh roots add --roots strangers two.crl
cp two.crl strangers/two.crl
yes "both of such a file are read" 0 fh roots list --roots strangers --json
says "and told of nobody" '"state":"of-nobody"'
head -c 200 first.der > cut.der
yes "half a list" 2 fh roots add --roots kept cut.der
echo nonsense > kept/other.crl
quoted "a list that is none" 2 ak.ecdsa.pub --ek ek.rsa.crt --roots kept --allow-grade simulated
exit "$failed"
