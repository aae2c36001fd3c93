# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/cli/test-*.sh: a scratch directory, the program, and what to say.

freehold_program=${FREEHOLD:-$PWD/build/freehold}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
umask 077

# freehold VERB...: without the machine's configuration.
: > empty.conf
fh() {
	"$freehold_program" "$@" --config "$scratch/empty.conf" --state "$scratch/state"
}

# with_pass VERB...: the same, with the passphrase that all keys of the tests have, four times.
with_pass() {
	printf 'correct horse\ncorrect horse\ncorrect horse\ncorrect horse\n' > pass
	fh "$@" --passphrase-fd 9 9< pass
}

failed=0
# listens PATH: a Unix socket there takes connections; it is there a moment before it does.
listens() {
	grep -q " 00010000 .* $1\$" /proc/net/unix
}
ok() {
	echo "ok - $1"
}
not_ok() {
	echo "not ok - $1"
	sed 's/^/# /' out err 2> /dev/null
	failed=1
}

# yes NAME STATUS COMMAND...: COMMAND exits with STATUS.  If that is "could not", each of its messages says where, what,
# and what to do.
yes() {
	name=$1 wanted=$2
	shift 2
	"$@" > out 2> err
	status=$?
	if [ "$status" = 2 ] && grep '^freehold: ' err | grep -qv '^freehold: .*[^ ]: [^ ;].*; [^ ]'; then
		not_ok "$name (a message is not WHERE: WHAT; WHAT TO DO)"
	elif [ "$status" = "$wanted" ]; then
		ok "$name"
	else
		not_ok "$name (status $status, not $wanted)"
	fi
}

# says NAME PATTERN: the last command's messages hold PATTERN.
says() {
	if grep -q -e "$2" out err; then ok "$1"; else not_ok "$1 (no \"$2\")"; fi
}
