#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/run-all believes nothing that ends early: a small tree of programs that lie in one way each.
set -u
top=${FREEHOLD_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
unset FREEHOLD_VECTORS

verdict() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/  /' "$work/out"
		failed=1
	fi
}

# tree FILE TEXT: a tree with one program, which is TEXT.
tree() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree/tests" "$work/tree/tools" "$work/tree/$(dirname "$1")"
	cp "$top/tests/run-all" "$work/tree/tests/"
	printf '#!/bin/sh\necho "ok - fine"\n' >"$work/tree/tools/check-style"
	cp "$work/tree/tools/check-style" "$work/tree/tools/check-layers"
	printf '#!/bin/sh\n%s\n' "$2" >"$work/tree/$1"
	chmod +x "$work/tree/tools"/check-* "$work/tree/$1"
}

# expect NAME STATUS LAST LINE: the whole run says LAST at its end, and LINE somewhere.
expect() {
	"$work/tree/tests/run-all" >"$work/out" 2>/dev/null
	local status=$?
	[ $status = "$2" ] && [ "$(tail -n 1 "$work/out")" = "$3" ] && grep -qF -- "$4" "$work/out"
	verdict $? "$1"
}

unit=build-san/tests/unit/test_a
tree $unit 'echo 1..2; echo "ok 1 - b"; echo "ok 2 - c"'
expect 'counts what passed' 0 '6 passed, 0 failed, 0 skipped' ''
tree $unit 'echo 1..2; echo "ok 1 - b"; echo "not ok 2 - c"; echo "# why it failed"; exit 1'
expect 'shows a failure with what was printed' 1 '5 passed, 1 failed, 0 skipped' '     | # why it failed'
tree $unit 'echo 1..2; echo "ok 1 - b"; exit 0'
expect 'a program that ends early has failed' 1 '5 passed, 1 failed, 0 skipped' 'ended after 1 of 2 tests'
tree $unit 'echo 1..2; echo "ok 1 - b"; kill -SEGV $$'
expect 'a program that dies has failed' 1 '5 passed, 1 failed, 0 skipped' 'status -11'
tree $unit 'echo 1..1; echo "ok 1 - b"; exit 23'
expect 'a bad status after good tests has failed' 1 '5 passed, 1 failed, 0 skipped' 'status 23 although'
tree $unit ':'
expect 'a program that says nothing has failed' 1 '4 passed, 1 failed, 0 skipped' 'announced no tests'
tree $unit 'echo 1..1; echo "no TPM here"; echo "not ok 1 # SKIP b"'
expect 'a skip is shown with its reason' 0 '4 passed, 0 failed, 1 skipped' 'SKIP unit/test_a: b: no TPM here'

shell=tests/area/test-a.sh
tree $shell 'echo "ok - b"; echo "skip - c: no network"'
expect 'reads shell tests' 0 '5 passed, 0 failed, 1 skipped' 'SKIP area/test-a: c: no network'
tree $shell 'echo "not ok - b"; exit 1'
expect 'reads their failures' 1 '4 passed, 1 failed, 0 skipped' 'FAIL area/test-a: b'
tree $shell 'echo "ok - b"; exit 3'
expect 'a shell test with a bad status has failed' 1 '5 passed, 1 failed, 0 skipped' 'status 3 without'
tree $shell ':'
expect 'a shell test that says nothing has failed' 1 '4 passed, 1 failed, 0 skipped' 'reported nothing'
tree $shell 'echo "skip - b"'
expect 'a skip without a reason has failed' 1 '4 passed, 1 failed, 0 skipped' 'without a reason'

vectors() {
	tree build/tests/runner "$1"
	echo 'runner some/path' >"$work/tree/tests/vectors.list"
	export FREEHOLD_VECTORS=$work
	mkdir -p "$work/some/path"
}
vectors 'test -d "$1" && echo "7 passed, 0 failed, 0 skipped"'
expect 'counts vectors, given their path' 0 '11 passed, 0 failed, 0 skipped' ''
vectors 'echo "FAIL v1: wrong root"; echo "7 passed, 1 failed, 0 skipped"; exit 1'
expect 'names vectors that fail' 1 '11 passed, 1 failed, 0 skipped' 'FAIL vectors/runner: v1: wrong root'
vectors 'echo "7 passed, 1 failed, 0 skipped"; exit 1'
expect 'counts failed vectors that were not named' 1 '11 passed, 1 failed, 0 skipped' 'did not name'
vectors 'echo "7 passed"'
expect 'a runner without its closing line has failed' 1 '4 passed, 1 failed, 0 skipped' 'closing line'
vectors 'echo "0 passed, 0 failed, 0 skipped"'
expect 'a runner that ran nothing has failed' 1 '4 passed, 1 failed, 0 skipped' 'does not fit'
rm -rf "$work/some"
expect 'absent vectors are a skip' 0 '4 passed, 0 failed, 1 skipped' 'is not there'

tree build-san/tests/fuzz/fuzz_a 'test $# -gt 0'
expect 'a harness without a corpus has failed' 1 '4 passed, 1 failed, 0 skipped' 'FAIL fuzz/fuzz_a'
tree build-san/tests/fuzz/fuzz_a 'test $# = 1'
mkdir -p "$work/tree/tests/fuzz/corpus/a"
touch "$work/tree/tests/fuzz/corpus/a/seed"
expect 'a harness replays its corpus' 0 '5 passed, 0 failed, 0 skipped' ''

"$work/tree/tests/run-all" nothing-is-called-this >"$work/out" 2>&1
[ $? = 1 ] && grep -qx '0 passed, 0 failed, 0 skipped' "$work/out"
verdict $? 'a run of nothing is not a success'
exit $failed
