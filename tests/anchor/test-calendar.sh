#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Time stamps by calendars: what is sent, what is believed, and who is asked.
verify=$PWD/build/freehold-verify
stamps=$PWD/tests/cli/stamps.py
. "$(dirname "$0")/lib.sh"
serve calendar
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY ALL_PROXY all_proxy
proof() {
	od -An -v -tx1 "$1" | tr -d ' \n'
}

echo one > one; echo two > two; echo three > three
yes "usage: nobody to ask" 64 fh stamp one
yes "makes proofs of several files" 0 fh stamp one two three --calendar "$url"
says_in asked "sends one nonced hash" '^POST /digest [0-9a-f]\{64\} application/vnd.opentimestamps.v1$'
yes "only once" 0 test "$(wc -l < asked)" = 1
cat > leaves << END
Accept: application/vnd.opentimestamps.v1
Content-Length: 32
Content-Type: application/octet-stream
Host: ${url#http://}
User-Agent: freehold
END
yes "and nothing else" 0 cmp leaves headers
sent=$(cut -d' ' -f3 asked)
mkdir again
cp one again
yes "of the same file once more" 0 fh stamp again/one --calendar "$url"
yes "sends another hash" 1 test "$(tail -n1 asked | cut -d' ' -f3)" = "$sent"
head -n1 asked > first
mv first asked
digest=$(sha256sum < one | cut -d' ' -f1)
yes "which is not a file's digest" 1 grep -q "$digest" asked
yes "shows a proof" 0 fh stamp info one.ots
says "of the file" "^sha256      $digest\$"
says "with the promise" "^pending     $url: [0-9a-f]\{64\}\$"
yes "shows it as JSON" 0 fh stamp info one.ots --json
says "with the promise" "{\"hash\":\"sha256\",\"digest\":\"$digest\",\"attestations\":\[{\"kind\":\"pending\",\"uri\":\"$url\""
commitment=$(fh stamp info one.ots | sed -n 's/^pending.*: //p')
yes "all of them lead to one hash" 0 test "$commitment" = "$(fh stamp info three.ots | sed -n 's/^pending.*: //p')"
yes "which nobody has attested yet" 2 "$verify" one --ots one.ots
yes "keeps a proof that is there" 2 fh stamp one --calendar "$url"
rm -f one.ots two.ots
yes "makes another" 0 fh stamp make one two --calendar "$url/" --enough 1 --json
says "and says so in JSON" '^{"proof":"two.ots","state":"promised"}$'

yes "is not complete at once" 2 fh stamp upgrade one.ots --calendar "$url"
says "and says why" "freehold: $url/timestamp/[0-9a-f]*: it answers with status 404; "
yes "nor in JSON" 2 fh stamp upgrade one.ots --calendar "$url" --json
says "which says that it is pending" '^{"proof":"one.ots","state":"pending"}$'
cp one.ots before
: > root
yes "does not ask whom it may not ask" 2 fh stamp upgrade one.ots --calendar http://127.0.0.1:1
says "and says so" "freehold: $url: this calendar is none that may be asked; name it with --calendar"
yes "nor with no list at all" 2 fh stamp upgrade one.ots
yes "completes proofs" 0 fh stamp upgrade one.ots two.ots --calendar "$url"
says "and says so" '^one.ots: complete$'
yes "with a block" 0 fh stamp info one.ots
says "by its height" '^bitcoin     3: [0-9a-f]\{64\}$'
cp one.ots complete
: > asked
yes "asks nobody about what is complete" 0 fh stamp upgrade one.ots --calendar "$url"
yes "really nobody" 1 test -s asked
yes "and changes nothing" 0 cmp one.ots complete
mined
yes "holds against the block" 0 "$verify" one --ots one.ots --headers header --network regtest
says "from nothing" '^trust       alone'
yes "not for another file" 1 "$verify" two --ots one.ots --headers header --network regtest

for how in error elsewhere garbage large; do
	echo $how > do
	rm -f three.ots
	yes "makes no proof of what is no promise: $how" 2 fh stamp three --calendar "$url"
	yes "and writes none" 1 test -e three.ots
	cp before pending.ots
	yes "takes nothing over: $how" 2 fh stamp upgrade pending.ots --calendar "$url"
	yes "and leaves the proof" 0 cmp before pending.ots
done
rm do
yes "one of two calendars is enough" 0 fh stamp three --calendar http://127.0.0.1:1 --calendar "$url"
says "but the other one is named" 'freehold: http://127.0.0.1:1/digest: '
rm three.ots
yes "unless both are wanted" 2 fh stamp three --calendar http://127.0.0.1:1 --calendar "$url" --enough 2
yes "then there is no proof" 1 test -e three.ots

# Nobody is asked: the hash is carried out, and its proof back.
rm -f one.ots two.ots root header
: > asked
yes "writes a request" 0 fh stamp one two --request request
says "and says what to do with it" 'freehold stamp import'
yes "of one hash" 0 test "$(wc -c < request)" = 32
yes "and asks nobody" 1 test -s asked
yes "which is no file's digest" 1 test "$(proof request)" = "$digest"
yes "shows a proof that waits" 0 fh stamp info one.ots
says "for what it asked" "^request     $(proof request)\$"
yes "shows it as JSON" 0 fh stamp info one.ots --json
says "as well" '"attestations":\[{"kind":"request","message":"[0-9a-f]*"}\]}$'
yes "nobody attests it" 2 "$verify" one --ots one.ots
says "and that is said" ' pending .*freehold stamp import'
yes "nor can it be upgraded" 2 fh stamp upgrade one.ots --calendar "$url"
yes "keeps a request that is there" 2 fh stamp three --request request
yes "and makes no proof then" 1 test -e three.ots
yes "usage: two ways at once" 64 fh stamp three --request other --calendar "$url"
yes "stamps the request elsewhere" 0 fh stamp request --calendar "$url"
yes "takes a promise" 2 fh stamp import request.ots one.ots two.ots
says "as what it is" '^one.ots: taken; no block attests it yet$'
: > root
yes "completes the proof of the request" 0 fh stamp upgrade request.ots --calendar "$url"
yes "takes it" 0 fh stamp import request.ots one.ots two.ots
says "into all who asked" '^two.ots: complete$'
mined
yes "holds against the block" 0 "$verify" one --ots one.ots --headers header --network regtest
yes "for all of them" 0 "$verify" two --ots two.ots --headers header --network regtest
yes "takes nothing twice" 2 fh stamp import request.ots one.ots two.ots
says "but says that nobody asks for it" 'freehold: request.ots: none of the proofs asked for what it is of; '
yes "takes no file that is no proof" 2 fh stamp import request one.ots
yes "into nothing that is none" 2 fh stamp import request.ots one

echo "calendars = $url https://calendar.example" > empty.conf
yes "takes calendars from the configuration" 0 fh stamp three --enough 1
yes "and upgrades by them" 0 fh stamp upgrade three.ots
yes "and no others" 2 fh stamp one --calendar http://127.0.0.1:1
yes "usage: no URL" 64 fh stamp one --calendar file:///etc/passwd
yes "usage: no proof" 64 fh stamp upgrade
yes "no proof at all" 2 fh stamp upgrade one
yes "no proof to show" 2 fh stamp info one
exit "$failed"
