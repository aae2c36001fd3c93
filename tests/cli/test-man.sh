#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Manual and program name the same verbs, subcommands and options.  A page writes an option as `Fl Fl x` or `Fl -x`.
man=$(cd "$(dirname "$0")/../../man" && pwd)
. "$(dirname "$0")/lib.sh"

# What every verb takes is told in freehold.1; a page may repeat it.
own() {
	grep -vx -e state -e config -e json -e quiet -e help
}
options() {
	"$freehold_program" $1 --help | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' | own
}
told() {
	sed -n 's/^\.It .*Fl \(Fl \|-\)\([a-z-]*\).*/\2/p' "$1"
}

"$freehold_program" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' > verbs
[ -s verbs ] || not_ok "there are verbs"
while read -r verb; do
	grep -qx "\.It Cm $verb" "$man/freehold.1" || not_ok "freehold.1 names the verb $verb"
	page=$man/freehold-$verb.1
	[ -e "$page" ] || not_ok "$verb has a page"
	"$freehold_program" "$verb" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p' > subcommands
	"$freehold_program" "$verb" --help | grep -q '^Options:' && echo > subcommands
	while read -r sub; do
		options "$verb $sub"
	done < subcommands | sort -u > has
	told "$page" | own | sort -u > told
	yes "freehold-$verb.1 tells the options of $verb" 0 cmp has told
	while read -r sub; do
		[ -z "$sub" ] || yes "freehold-$verb.1 tells $verb $sub" 0 \
			grep -q "^\.\(\(Ss\|Nm freehold\) $verb\|Cm\) $sub\$" "$page"
	done < subcommands
done < verbs
"$freehold_program" upgrade --help | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' | sort > has
told "$man/freehold.1" | sort > told
yes "freehold.1 tells what every verb takes" 0 cmp has told
for key in state socket listen tcti calendars bitcoin bitcoin-login ca-file log; do
	yes "freehold.conf.5 tells $key" 0 grep -qx "\.It Ic $key" "$man/freehold.conf.5"
done
exit "$failed"
