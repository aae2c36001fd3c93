// SPDX-License-Identifier: Apache-2.0
// Random regular expressions and texts, with what V8 says about them, as tests for build/tests/json-schema:
// node regex.mjs DIR SEED COUNT
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "./random.mjs";

const [dir, seed, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const { random, pick } = seeded(seed);

const LETTERS = ["a", "b", "c", "A", "_", "1", "-", " ", "\n", "é", "ſ", "世", "🐲", "\u2028", "٣", "α", "ー", "।", "\u0301"];
const ATOMS = ["a", "b", "c", "1", "é", "世", "🐲", ".", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\p{L}", "\\P{L}", "\\p{Nd}",
	"\\p{Lu}", "\\u{1F432}", "\\ud83d\\udc32", "\\x61", "\\-", "[abc]", "[^abc]", "[a-c1]", "[^\\d\\s]", "[\\p{L}_-]", "[]",
	"[^]", "-", "\\n", "\\p{Script=Greek}", "\\P{sc=Latn}", "\\p{scx=Kana}", "[\\p{Script_Extensions=Deva}\\p{sc=Han}]",
	"\\P{scx=Common}", "\\p{sc=Inherited}"];
const ASSERTIONS = ["^", "$", "\\b", "\\B"];
const QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{0}", "{1,3}?"];
const GROUPS = ["(", "(?:", "(?=", "(?!", "(?<=", "(?<!"];

function pattern(depth) {
	let text = "";
	for (let i = random(4) + 1; i > 0; i--) {
		const what = random(10);
		if (what < 2 && depth > 0)
			text += pick(GROUPS) + pattern(depth - 1) + ")";
		else if (what === 2)
			text += pick(ASSERTIONS);
		else
			text += pick(ATOMS);
		if (random(3) === 0)
			text += pick(QUANTIFIERS);
		if (random(6) === 0)
			text += "|";
	}
	return text;
}

// V8 asks \B and \b between the halves of a surrogate pair, too, where by ECMA-262 with `u` there is no place at all.
const fits = (p, c) => c.length === 1 || !/\\b/i.test(p);
const text = (p) => Array.from({ length: random(7) }, () => pick(LETTERS)).filter((c) => fits(p, c)).join("");

const groups = [];
let wrong = 0;
while (groups.length < count) {
	const p = pattern(3);
	let valid = true, r;
	try {
		r = new RegExp(p, "u");
	} catch {
		valid = false;
	}
	// Whether it is a pattern at all is one test; what it matches are the others.
	groups.push({ description: p, schema: { format: "regex" }, tests: [{ description: "is one", data: p, valid }] });
	if (!valid) {
		wrong++;
		continue;
	}
	groups.push({ description: p, schema: { pattern: p }, tests: Array.from({ length: 20 }, () => {
		const data = text(p);
		return { description: JSON.stringify(data), data, valid: r.test(data) };
	}) });
}
mkdirSync(join(dir, "format"), { recursive: true });
writeFileSync(join(dir, "format", "random.json"), JSON.stringify(groups));
console.log(`${groups.length} patterns, ${wrong} of them wrong`);
