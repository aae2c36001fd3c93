#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Policies, schemas, entities and tests that are made to take all time and memory there is: each is refused, or taken, within
# seconds and a bound of memory, and each refusal names the place and the limit.
. "$(dirname "$0")/lib.sh"

cat > make.py <<'END'
import json, random, sys

def save(name, text):
	open(name, "wb").write(text if isinstance(text, bytes) else text.encode())

rule = "permit (principal, action, resource)"
save("small.cedar", f"{rule};")
save("small.cedarschema", "entity E in [E]; action a appliesTo { principal: [Actor], resource: [E] };")
save("ten-megabytes.cedar", f"{rule};\n" * 280000)
save("ten-megabytes.json", "[" + ",".join('{"uid":{"type":"E","id":"%d"},"attrs":{},"parents":[]}' % i
	for i in range(200000)) + "]")
save("many.cedar", "".join(f"{rule};\n" for i in range(10001)))
save("brackets.cedar", rule + " when { " + "(" * 200000 + "true" + ")" * 200000 + " };")
save("ifs.cedar", rule + " when { " + "if true then " * 20000 + "true" + " else true" * 20000 + " };")
save("sets.cedar", rule + " when { " + "[" * 200000 + "]" * 200000 + ".isEmpty() };")
save("minus.cedar", rule + " when { 1 == " + "-" * 400000 + "1 };")
save("sum.cedar", rule + " when { 1 == 1" + " + 1" * 100000 + " };")
save("dots.cedar", rule + " when { principal" + ".a" * 200000 + " };")
save("and.cedar", rule + " when { true" + " && true" * 50000 + " };")
save("string.cedar", rule + ' when { "' + "a" * 500000 + '" == "" };')
save("open-string.cedar", rule + ' when { "' + "a" * 500000)
save("like.cedar", rule + ' when { "%s" like "%sb" };' % ("a" * 200000, "*a" * 100000))
save("elements.cedar", rule + " when { [" + ",".join(map(str, range(70000))) + "].contains(70001) };")
save("fields.cedar", rule + " when { {" + ",".join("a%d: 1" % i for i in range(513)) + "} == {} };")
save("number.cedar", rule + " when { 9223372036854775808 == 1 };")
save("digits.cedar", rule + " when { " + "9" * 500000 + " == 1 };")
save("overflow.cedar", rule + " when { 9223372036854775807 + 1 == 1 };")
save("annotations.cedar", "".join(f'@a{i}("")' for i in range(257)) + rule + ";")
save("name.cedar", f'permit (principal, action, resource is {"::".join(["A"] * 1000)});')
save("ids.cedar", '@id("%s") %s;' % ("a" * 129, rule))
save("zeros.cedar", bytes(500000))
save("bytes.cedar", random.Random(1).randbytes(500000))
save("deep.cedarschema", "entity E { a: " + "Set<" * 100000 + "Long" + ">" * 100000 + " };")
save("doubling.cedarschema", "type t0 = Long;" + "".join(f"type t{i + 1} = {{ a: t{i}, b: t{i} }};" for i in range(60)) +
	"entity E { a: t60 };")
save("circle.cedarschema", "type a = b; type b = a; entity E { a: a };")
save("actions.cedarschema", "".join(f"action a{i};" for i in range(4097)))
save("types.cedarschema", "".join(f"entity E{i};" for i in range(1025)))
save("groups.cedarschema", "entity E0;" + "".join(f"entity E{i} in [E{i - 1}];" for i in range(1, 1000)))
entity = lambda name, parents=(), attrs={}: {"uid": {"type": "E", "id": name}, "attrs": attrs, "parents": [
	{"type": "E", "id": p} for p in parents]}
save("cycle.json", json.dumps([entity(str(i), [str((i + 1) % 1000)]) for i in range(1000)]))
save("self.json", json.dumps([entity("a", ["a"])]))
save("deep.json", '[{"uid":{"type":"E","id":"a"},"attrs":{"a":' + "[" * 200000 + "]" * 200000 + '},"parents":[]}]')
save("open.json", "[" * 400000)
save("chain.json", json.dumps([entity(str(i), [str(i + 1)]) for i in range(5000)], separators=(",", ":")))
save("twice.json", json.dumps([entity("a"), entity("a", ["b"])]))
save("large.tests", '{"tests":[' + " " * 5000000 + "]}")
save("deep.tests", '{"tests":' + "[" * 100000 + "]" * 100000 + "}")
END
python3 make.py || exit 2

# bounded NAME STATUS TEXT COMMAND...: it ends with STATUS within 20 seconds and 2 GiB of addresses, and says TEXT.
bounded() {
	name=$1 status=$2 text=$3
	shift 3
	yes "$name" "$status" sh -c 'ulimit -v 2097152 && exec timeout 20 "$@"' sh "$freehold_program" "$@" \
		--config "$scratch/empty.conf"
	says "... and says so" "$text"
}
check() {
	bounded "$1" "$2" "$3" policy check "$4" --schema "${5:-small.cedarschema}" ${6:+--entities "$6"}
}

check 'policies of ten megabytes' 2 'ten-megabytes.cedar: it has more than 524288 bytes;' ten-megabytes.cedar
bounded 'laid out' 2 'ten-megabytes.cedar: it has more than 524288 bytes;' policy fmt ten-megabytes.cedar
check 'a schema of ten megabytes' 2 'ten-megabytes.cedar: it has more than 524288 bytes;' small.cedar ten-megabytes.cedar
check '200,000 entities' 2 'ten-megabytes.json: it has more than 524288 bytes;' small.cedar '' ten-megabytes.json
check '10,001 policies' 1 '10001:1: .*more than 10000 policies' many.cedar
check '200,000 brackets in each other' 1 ':1:[0-9]*: more than 256 brackets' brackets.cedar
check '20,000 ifs in each other' 1 ':1:[0-9]*: more than 256 brackets and ifs' ifs.cedar
check '200,000 sets in each other' 1 ':1:[0-9]*: more than 256 brackets' sets.cedar
check '400,000 minus signs' 1 ':1:[0-9]*: more than four' minus.cedar
check 'a sum of 100,000' 1 ':1:[0-9]*: the expression is deeper than 1000' sum.cedar
check 'an attribute of an attribute, 200,000 times' 1 ':1:[0-9]*: the expression is deeper than 1000' dots.cedar
check 'a conjunction of 50,000' 1 ':1:[0-9]*: the expression is deeper than 1000' and.cedar
check 'a text of 500,000' 0 'can be signed' string.cedar
check 'a text without its end' 1 ':1:45: .*string' open-string.cedar
check '100,000 asterisks' 0 'can be signed' like.cedar
check 'a set of 70,000' 0 'can be signed' elements.cedar
check 'a record of 513 fields' 1 ':1:[0-9]*: .*512' fields.cedar
check 'a number too large' 1 ':1:45: .*9223372036854775807' number.cedar
check 'a number of 500,000 digits' 1 ':1:45: .*9223372036854775807' digits.cedar
check 'a sum that overflows' 0 'can be signed' overflow.cedar
check '257 annotations' 1 ':1:[0-9]*: .*256' annotations.cedar
check 'a name of 1,000 words' 1 ':1:[0-9]*: .*256' name.cedar
check 'an id of 129 bytes' 1 ':1:2: .*128' ids.cedar
check '500,000 zeros' 1 'zeros.cedar:1:1: ' zeros.cedar
check '500,000 random bytes' 1 'bytes.cedar:1:1: the text is not UTF-8' bytes.cedar
check 'types in each other' 1 'deep.cedarschema:1:[0-9]*: .*64' small.cedar deep.cedarschema
check 'a type of 2^60 attributes' 0 'can be signed' small.cedar doubling.cedarschema
check 'types made of each other' 1 'circle.cedarschema:1:[0-9]*: ' small.cedar circle.cedarschema
check '4,097 actions' 1 'actions.cedarschema:1:[0-9]*: .*4096' small.cedar actions.cedarschema
check '1,025 types' 1 'types.cedarschema:1:[0-9]*: .*1024' small.cedar types.cedarschema
check 'a thousand types in each other' 0 'can be signed' small.cedar groups.cedarschema
check 'a circle of parents' 1 'cycle.json:1:[0-9]*: ' small.cedar '' cycle.json
check 'a parent of itself' 1 'self.json:1:[0-9]*: ' small.cedar '' self.json
check 'values 200,000 deep' 1 'deep.json:1:[0-9]*: ' small.cedar '' deep.json
check '400,000 open brackets' 1 'open.json:1:[0-9]*: ' small.cedar '' open.json
check 'a chain of 5,000 parents' 1 'chain.json:1:1: .*more than 4194304 ancestors' small.cedar '' chain.json
check 'an entity that is two' 1 'twice.json:1:[0-9]*: ' small.cedar '' twice.json
bounded 'tests of five megabytes' 2 'large.tests: it has more than 4194304 bytes;' policy test large.tests --policy small.cedar \
	--schema small.cedarschema
bounded 'tests that are 100,000 deep' 2 'deep.tests:1:[0-9]*: ' policy test deep.tests --policy small.cedar \
	--schema small.cedarschema
bounded 'what large policies allow' 0 'cannot tell' policy allows elements.cedar --schema small.cedarschema
exit "$failed"
