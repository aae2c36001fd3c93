#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `reference from-log`: what its JSON says, what it refuses, and that it leads where tpm2_eventlog leads.
source=$(cd "$(dirname "$0")/../.." && pwd)
vectors=${FREEHOLD_VECTORS:-$source/../shared/vectors}/tpm/eventlogs
made=$source/tests/fuzz/corpus/event_log
. "$(dirname "$0")/lib.sh"

replay() {
	"$freehold_program" reference from-log --json "$1"
}

# The PCRs of our JSON, and of tpm2_eventlog's YAML, as BANK PCR VALUE.
ours() {
	replay "$1" > ours.json && python3 -c '
import json
for bank, pcrs in json.load(open("ours.json"))["pcrs"].items():
	for pcr, value in pcrs.items():
		print(bank, pcr, value)' | sort > ours
}
theirs() {
	tpm2_eventlog "$1" 2> /dev/null | sed -n '/^pcrs:/,$p' |
		awk '/^  s[hm]/ { bank = $1; sub(":", "", bank) } / : 0x/ { print bank, $1, substr($3, 3) }' | sort > theirs
	[ -s theirs ]
}

for log in "$made"/*; do
	name=made/$(basename "$log")
	yes "$name is read" 0 ours "$log"
done

replay "$made/sha1-sha256" > log.json
yes "records tell number, PCR, type, name and digests" 0 python3 -c '
import json
log = json.load(open("log.json"))
event = [e for e in log["events"] if e["type"] == "EV_EFI_BOOT_SERVICES_APPLICATION"][0]
assert event["number"] == 4 and event["pcr"] == 4 and event["type_number"] == 0x80000003
assert event["name"] == "\\EFI\\B.EFI" and sorted(event["digests"]) == ["sha1", "sha256"]
assert sorted(log["pcrs"]) == ["sha1", "sha256"] and "0" in log["pcrs"]["sha256"]
assert "9" not in log["pcrs"]["sha256"]'

: > empty
yes "an empty log is refused" 2 replay empty
head -c 60 "$made/sha1-sha256" > short
yes "a torn log is refused" 2 replay short
yes "a log that is not there is refused" 2 replay missing
yes "a text is refused" 2 replay "$source/README.md"

# What hardware measured leaves 4 in PCR 0 first, whatever is told of the locality.
printf '%063d4' 0 > first
replay "$made/hcrtm" > log.json
yes "an H-CRTM's log leads where its first value does" 0 python3 -c '
import hashlib, json
log = json.load(open("log.json"))
pcr = bytes.fromhex(open("first").read())
for e in log["events"]:
	if e["pcr"] == 0 and e["type"] != "EV_NO_ACTION":
		pcr = hashlib.sha256(pcr + bytes.fromhex(e["digests"]["sha256"])).digest()
assert pcr.hex() == log["pcrs"]["sha256"]["0"]
assert not any("findings" in e for e in log["events"])'

# Every bank that a TPM may have, alone and together, by another implementation.
every='sha1 sha256 sha384 sha512 sm3_256 sha3_256 sha3_384 sha3_512'
for banks in $every "sm3_256 sha256" "$every"; do
	# shellcheck disable=SC2086 # each a word
	python3 "$source/tests/cli/banks.py" banks.log $banks | sort > theirs
	yes "a log of $banks is read" 0 ours banks.log
	yes "a log of $banks leads where hashlib leads" 0 cmp ours theirs
	yes "its events have digests of $banks, none of which is found wrong" 0 python3 -c '
import json, sys
log = json.load(open("ours.json"))
assert all(sorted(e["digests"]) == sorted(sys.argv[1].split()) for e in log["events"][1:])
assert not any("findings" in e for e in log["events"]) and "unchecked" not in log' "$banks"
done
# tpm2_eventlog knows these, and SHA-3 not.
python3 "$source/tests/cli/banks.py" banks.log sha1 sha256 sha384 sha512 sm3_256 > /dev/null

if ! command -v tpm2_eventlog > /dev/null; then
	echo "skip - logs lead where tpm2_eventlog leads: it is not installed"
	exit "$failed"
fi
for log in hcrtm hcrtm-locality-3 four-banks sep-error spdm vendor sha1-sha256; do
	theirs "$made/$log" || not_ok "tpm2_eventlog reads $log"
	yes "made/$log is read" 0 ours "$made/$log"
	yes "made/$log leads where tpm2_eventlog leads" 0 cmp ours theirs
done
theirs banks.log || not_ok "tpm2_eventlog reads a log with SM3"
yes "a log with SM3 is read" 0 ours banks.log
yes "a log with SM3 leads where tpm2_eventlog leads" 0 cmp ours theirs
if [ ! -d "$vectors" ]; then
	echo "skip - logs of real machines lead where tpm2_eventlog leads: no $vectors"
	exit "$failed"
fi
for log in "$vectors"/*; do
	theirs "$log" || continue
	yes "$(basename "$log") is read" 0 ours "$log"
	yes "$(basename "$log") leads where tpm2_eventlog leads" 0 cmp ours theirs
done
exit "$failed"
