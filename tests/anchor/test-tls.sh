#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calendars and the operator's node over https: whom they are trusted by, and that nothing is told to others.
verify=$PWD/build/freehold-verify
stamps=$PWD/tests/cli/stamps.py
daemon=$PWD/tests/daemon
. "$(dirname "$0")/lib.sh"
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY ALL_PROXY all_proxy

# certify FILE AUTHORITY [NAMES]: a certificate for NAMES, and AUTHORITY.pem, once made.
certify() {
	python3 -B - "$@" << 'END' || not_ok "a certificate is made"
import os, sys
from pathlib import Path
sys.path.insert(0, os.environ["TLS_AT"])
from tls import Authority
to, name, *names = sys.argv[1:]
os.replace(Authority(Path("."), name).certify(*names), to)
END
}
TLS_AT=$daemon
export TLS_AT
certify server.pem ours
certify other.pem others
serve calendar
echo one > one

yes "makes no proof by a server that nobody vouches for" 2 fh stamp one --calendar "$url"
says "and says so" "freehold: $url/digest: its certificate is by no authority that is trusted here; .*\`ca-file\`"
yes "and writes none" 1 test -e one.ots
yes "and has told it nothing" 1 test -e asked
echo "ca-file = $scratch/others.pem" > empty.conf
yes "nor by another authority" 2 fh stamp one --calendar "$url"
says "and says so" 'its certificate is by no authority that is trusted here'
echo "ca-file = $scratch/absent.pem" > empty.conf
yes "nor without the file" 2 fh stamp one --calendar "$url"
says "and says which" 'the authorities for its certificate cannot be read; .*`ca-file`'
echo "ca-file = absent.pem" > empty.conf
yes "takes no relative path" 2 fh stamp one --calendar "$url"
says "and says so" '`ca-file` must be an absolute path'
echo "ca-file = $scratch/ours.pem" > empty.conf
yes "makes a proof by the operator's authority" 0 fh stamp one --calendar "$url"
says_in asked "of one nonced hash" '^POST /digest [0-9a-f]\{64\} application/vnd.opentimestamps.v1$'
: > root
yes "completes it" 0 fh stamp upgrade one.ots --calendar "$url"
mined
yes "which holds" 0 "$verify" one --ots one.ots --headers header --network regtest
exec 8>&-
wait "$server"

rm -f port hold asked
serve node
printf 'user:secret\n' > login
echo "ca-file = $scratch/others.pem" > empty.conf
yes "tells a stranger no password" 2 fh headers sync --network regtest --headers store --bitcoin "$url" --login login
says "but who he is" 'its certificate is by no authority that is trusted here'
yes "not one byte" 1 test -e asked
echo "ca-file = $scratch/ours.pem" > empty.conf
yes "takes headers of the operator's node" 0 fh headers sync --network regtest --headers store --bitcoin "$url" --login login
exit "$failed"
