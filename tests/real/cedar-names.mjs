// SPDX-License-Identifier: Apache-2.0
// Random schemas in which names hide each other, and Cedar's own ones, with what Cedar itself makes of them (refused, or of which
// type each attribute is), as tests for build/tests/cedar-corpus:  node cedar-names.mjs MODULES DIR SEED COUNT
import { mkdirSync, writeFileSync } from "node:fs";
import { cedarOf } from "./cedar-itself.mjs";
import { seeded } from "./random.mjs";

const [modules, dir, seed, count] = process.argv.slice(2);
const cedar = cedarOf(modules);
const { random, pick } = seeded(seed);

const own = ["Long", "String", "Bool", "decimal", "ipaddr", "datetime", "duration"];
const odd = ["Boolean", "Set", "Record", "Entity", "Extension", "Action", "type", "in", "if", "__cedar", "principal"];
const words = [...own, "E", "E", "F", "F", "G"];
const spaces = ["A", "A::B", "B"];
const name = () => (random(30) ? pick(words) : pick(odd));
// What is declared where: chosen first, so that most of what is named is there.
const reserved = ["Long", "String", "Bool", "Boolean", "Set", "Record", "Entity", "Extension"];
let declared = [];
function declare() {
	declared = [];
	for (let n = random(5) + 1; n > 0; n--) {
		const d = { space: pick(["", ...spaces, "A"]), kind: pick(["entity", "type"]), name: name() };
		const twice = declared.some((o) => o.name === d.name &&
			(o.space === "" || d.space === "" || o.space === d.space));
		if ((!twice || random(30) === 0) && !(d.kind === "type" && reserved.includes(d.name) && random(20)))
			declared.push(d);
	}
}
const inside = (space, kind) => declared.filter((d) => d.space === space && d.kind === kind);
// Mostly something that is there, from where it stands or from elsewhere; a common type mostly is made of earlier ones.
function path(user = { kind: "entity" }) {
	const before = user.kind === "type" && random(20) ? declared.filter((d,
		i) => d.kind === "entity" || i < declared.indexOf(user)) : declared;
	const d = before.length > 0 && random(3) ? pick(before) : { name: pick(own), space: pick(["", "", "__cedar"]) };
	return random(40) === 0 ? pick(["", "__cedar::", "A::", "B::"]) + name() : (d.space && random(2) ?
		`${d.space}::` : "") + d.name;
}
const literals = ["1", '"a"', "true", 'decimal("1.0")', 'ip("::1")', 'datetime("2024-01-01")', 'duration("1d")',
	'E::"a"', 'A::E::"a"',
	'A::Long::"a"', 'F::"a"', 'A::String::"a"', 'B::ipaddr::"a"', 'A::B::E::"a"', 'A::Action::"a"',
		'Action::"a"', 'Bool::"a"'];

// --- as people write it ---
function reference(depth, user) {
	return depth > 0 && random(6) === 0 ? pick([`Set<${reference(depth - 1, user)}>`,
		`{ y: ${reference(depth - 1, user)} }`]) : path(user);
}
const declarations = (space) => [
	...inside(space, "entity").map((d) => `entity ${d.name}${random(4) ? "" : ` in [${path()}]`};`),
	...inside(space, "type").map((d) => `type ${d.name} = ${reference(1, d)};`),
	...["a", "b"].filter(() => random(9) === 0).map((id) => `action ${id}${random(3) ? ""
		: ` in [${pick(["a", 'Action::"a"', 'A::Action::"a"', "b"])}]`};`)].join(" ");
function asText() {
	const holder = (who) => `entity ${who} { x: ${reference(1)}, };`;
	return `${declarations("")} ${holder("P")} entity R; action q appliesTo { principal: [P, A::Q], resource: R };
${spaces.map((s) => `namespace ${s} { ${declarations(s)} ${s === "A" ? holder("Q") : ""} }`).join("\n")}\n`;
}

// --- as programs write it ---
function jsonType(depth, user) {
	switch (random(depth > 0 ? 9 : 7)) {
	case 0: return { type: "Entity", name: path(user) };
	case 1: case 2: return { type: "EntityOrCommon", name: path(user) };
	case 3: return random(3) ? { type: pick(["Long", "String", "Boolean"]) } : { type: "Extension", name: pick(own) };
	case 7: return { type: "Set", element: jsonType(depth - 1, user) };
	case 8: return { type: "Record", attributes: { y: jsonType(depth - 1, user) } };
	default: return { type: path(user) };
	}
}
function asJson() {
	const holder = () => ({ shape: { type: "Record", attributes: { x: jsonType(1) } } });
	const some = (space, kind, make) => Object.fromEntries(inside(space, kind).map((d) => [d.name, make(d)]));
	const space = (s) => ({ commonTypes: some(s, "type", (d) => jsonType(1, d)),
		entityTypes: some(s, "entity", () => (random(4) ? {} : { memberOfTypes: [path()] })),
		actions: Object.fromEntries(["a", "b"].filter(() => random(9) === 0).map((id) => [id, random(3) ? {}
			: { memberOf: [{ id: pick(["a", "b"]), ...pick([{}, { type: "Action" },
				{ type: "A::Action" }]) }] }])) });
	const all = { "": space(""), ...Object.fromEntries(spaces.map((s) => [s, space(s)])) };
	all[""].entityTypes.P = holder();
	all[""].entityTypes.R = {};
	all.A.entityTypes.Q = holder();
	all[""].actions.q = { appliesTo: { principalTypes: ["P", "A::Q"], resourceTypes: ["R"] } };
	return JSON.stringify(all);
}

mkdirSync(dir, { recursive: true });
const told = { refused: 0, read: 0, valid: 0, invalid: 0 };
for (let n = 0; n < Number(count); n++) {
	const json = random(2) === 0;
	declare();
	const schema = json ? asJson() : asText(), file = `${n}${json ? ".schema.json" : ".cedarschema"}`;
	let answer;
	try {
		answer = cedar.checkParseSchema(json ? JSON.parse(schema) : schema);
	} catch (e) {
		answer = { type: "failure", errors: [{ message: String(e.message ?? e) }] };
	}
	const schemaParses = answer.type === "success";
	told[schemaParses ? "read" : "refused"]++;
	writeFileSync(`${dir}/${file}`, schema);
	for (const [i, literal] of (schemaParses ? literals : ["1"]).entries()) {
		const who = pick(["P", "A::Q"]), side = pick(["principal.x", "principal.x", "[principal.x]",
			"principal.x.y"]);
		const policy = `permit (principal is ${who}, action, resource) when { ${side} == ${
			side.startsWith("[") ? `[${literal}]` : literal} };`;
		const test = { schema: file, policies: `${n}.${i}.cedar`, entities: "none.entities.json",
			schemaParses, requests: [],
			why: answer.errors?.[0]?.message };
		if (schemaParses) {
			const said = cedar.validate({ schema: json ? JSON.parse(schema) : schema,
				policies: { staticPolicies: policy } });
			if (said.type !== "success")
				throw new Error(`${policy}\n${JSON.stringify(said.errors)}`);
			test.shouldValidate = said.validationErrors.length === 0;
			test.why = said.validationErrors.map((e) => e.error.message);
			told[test.shouldValidate ? "valid" : "invalid"]++;
		}
		writeFileSync(`${dir}/${n}.${i}.cedar`, policy);
		writeFileSync(`${dir}/${n}.${i}.json`, JSON.stringify(test));
	}
}
writeFileSync(`${dir}/none.entities.json`, "[]");
console.log(`Cedar ${cedar.getCedarVersion()}: ${told.read} schemas read, ${told.refused} refused; ${
	told.valid} comparisons valid, ${
	told.invalid} not`);
