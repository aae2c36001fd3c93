// SPDX-License-Identifier: Apache-2.0
// Asks Cedar itself, as npm has it, about random policies, entities and requests, and writes what it said as tests for
// build/tests/cedar-corpus:  node cedar.mjs MODULES DIR SEED COUNT
// Some policies are damaged: where Cedar refuses them, the test says so.
import { mkdirSync, writeFileSync } from "node:fs";
import { cedarOf, quote } from "./cedar-itself.mjs";
import { seeded } from "./random.mjs";

const [modules, dir, seed, count] = process.argv.slice(2);
const cedar = cedarOf(modules);
const { random, pick } = seeded(seed);

const users = ["a", "b", "c"], groups = ["g", "h", "i", "j"];
const uids = [...users.map((id) => ["User", id]), ...groups.map((id) => ["N::Group", id]), ["User", "nobody"]];
const literal = ([type, id]) => `${type}::${quote(id)}`;
const names = ["n", "s", "set", "rec", "up", "ip", "when", "none"];
const texts = ["", "a", "ab", "a*b", "x\ny", "ä€😀", "10.0.0.1", "1.5", "if"];

// --- expressions, mostly of the type that is asked for ---
const addresses = ["10.0.0.1", "10.0.0.0/8", "127.0.0.1/7", "::1", "ff02::1/8", "224.0.0.1",
	"1.2.3", "::1/129", "01.2.3.4", "1:2::3::4"];
const decimals = ["1.0", "1.0000", "-0.5", "0.1234", "12345", "1.12345", "922337203685477.5807", "922337203685477.5808", "-0.0"];
const dates = ["2024-02-29", "2023-02-29", "1969-12-31T23:59:59.999Z", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+0130",
	"2024-01-01T00:00:00", "0000-01-01", "9999-12-31T23:59:59Z", "2024-13-01"];
const durations = ["1d", "-1d2h3m4s5ms", "0ms", "5m", "5ms", "1h1d", "9223372036854775807ms", "9223372036854775808ms", "-"];
const makers = {
	bool: [
		() => pick(["true", "false"]),
		(d) => `${expr("bool", d)} ${pick(["&&", "||"])} ${expr("bool", d)}`,
		(d) => `!${group(expr("bool", d))}`,
		(d) => `${group(expr(pick(kinds), d))} ${pick(["==", "!="])} ${group(expr(pick(kinds), d))}`,
		(d) => `${expr("long", d)} ${pick(["<", "<=", ">", ">="])} ${expr("long", d)}`,
		(d) => `${expr("date", d)} ${pick(["<", ">="])} ${expr("date", d)}`,
		(d) => `${expr("span", d)} ${pick(["<=", ">"])} ${expr("span", d)}`,
		(d) => `${expr("entity", d)} in ${pick([expr("entity", d), `[${expr("entity", d)}, ${expr("entity", d)}]`])}`,
		(d) => `${expr("entity", d)} is ${pick(["User", "N::Group"])}${pick(["", ` in ${expr("entity", d)}`])}`,
		(d) => `${expr(pick(["entity", "record"]), d)} has ${pick(names)}${pick(["", "", ".n"])}`,
		(d) => `${group(expr("string", d))} like ${pick(['"*"', '"a*b"', '"*b"', '"a\\*b"', '"**a*"', '""'])}`,
		(d) => `${expr("set", d)}.contains(${expr(pick(kinds), d)})`,
		(d) => `${expr("set", d)}.${pick(["containsAll", "containsAny"])}(${expr("set", d)})`,
		(d) => `${expr("set", d)}.isEmpty()`,
		(d) => `${expr("entity", d)}.hasTag(${expr("string", d)})`,
		(d) => `${expr("ip", d)}.${pick(["isIpv4", "isIpv6", "isLoopback", "isMulticast"])}()`,
		(d) => `${expr("ip", d)}.isInRange(${expr("ip", d)})`,
		(d) => `${expr("decimal", d)}.${pick(["lessThan", "lessThanOrEqual"])}(${expr("decimal", d)})`,
		(d) => `${expr("decimal", d)}.${pick(["greaterThan", "greaterThanOrEqual"])}(${expr("decimal", d)})`,
	],
	long: [
		() => String(pick([0, 1, 2, 3, 7, 9007199254740991])),
		() => `-${pick(["1", "9223372036854775808"])}`,
		() => "9223372036854775807",
		(d) => `(${expr("long", d)} ${pick(["+", "-", "*"])} ${expr("long", d)})`,
		(d) => `-${group(expr("long", d))}`,
		(d) => `${pick(["principal", "resource", "context"])}.n`,
		(d) => `${expr("span", d)}.${pick(["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"])}()`,
	],
	string: [() => quote(pick(texts)), () => `${pick(["principal", "context"])}.s`,
		(d) => `${expr("entity", d)}.getTag(${expr("string", d)})`],
	entity: [() => literal(pick(uids)), () => pick(["principal", "action", "resource"]), () => "principal.up"],
	set: [(d) => `[${Array.from({ length: random(4) }, () => expr(pick(kinds), d)).join(", ")}]`,
		() => "principal.set", () => "context[\"set\"]"],
	record: [(d) => `{${pick(names)}: ${expr(pick(kinds), d)}, "a b": ${expr(pick(kinds), d)}}`,
		() => "context", () => "principal.rec"],
	ip: [() => `ip(${quote(pick(addresses))})`, () => "context.ip"],
	decimal: [() => `decimal(${quote(pick(decimals))})`],
	date: [() => `datetime(${quote(pick(dates))})`, (d) => `${expr("date", d)}.offset(${expr("span", d)})`,
		(d) => `${expr("date", d)}.toDate()`],
	span: [() => `duration(${quote(pick(durations))})`, (d) => `${expr("date", d)}.durationSince(${expr("date", d)})`,
		(d) => `${expr("date", d)}.toTime()`],
};
const kinds = Object.keys(makers);
const group = (text) => `(${text})`;
function expr(kind, depth) {
	if (random(25) === 0)
		kind = pick(kinds);
	if (depth > 0 && random(12) === 0)
		return group(`if ${expr("bool", depth - 1)} then ${expr(kind, depth - 1)} else ${expr(kind, depth - 1)}`);
	const list = makers[kind];
	const text = (depth <= 0 ? list[0] : pick(list))(Math.max(depth - 1, 0));
	return kind === "bool" || (text.startsWith("-") && random(2)) ? group(text) : text;
}

function scope() {
	const entity = () => literal(pick(uids));
	const side = (word) => word + pick(["", "", "", ` == ${entity()}`, ` in ${entity()}`, " is User",
		` is N::Group in ${entity()}`]);
	const act = pick(["", "", ' == Action::"x"', ' in Action::"all"', ' in [Action::"x", Action::"y"]', " in []"]);
	return `${side("principal")}, action${act}, ${side("resource")}`;
}
const condition = () => `${pick(["when", "unless"])} { ${expr("bool", 3)} }`;
const conditions = () => Array.from({ length: 1 + random(2) }, condition).join("\n");
const policy = () => `${pick(["permit", "permit", "forbid"])} (${scope()})\n${conditions()};`;

// --- entities and requests ---
function value(depth) {
	switch (random(depth > 0 ? 8 : 5)) {
	case 0: return random(5) - 1;
	case 1: return random(2) === 0;
	case 2: return pick(texts);
	case 3: { const [type, id] = pick(uids); return { __entity: { type, id } }; }
	case 4: return { __extn: { fn: "ip", arg: pick(addresses.slice(0, 6)) } };
	case 5: return { __extn: { fn: "decimal", arg: pick(["1.0", "-0.5", "0.1234"]) } };
	case 6: return Array.from({ length: random(4) }, () => value(depth - 1));
	default: return { n: value(depth - 1), [pick(["s", "a b", ""])]: value(depth - 1) };
	}
}
function attributes() {
	const some = {};
	for (const name of names.filter(() => random(3) > 0)) {
		const usual = { n: random(4), s: pick(texts), set: [1, "a", value(1)], rec: { n: 1 },
			up: { __entity: { type: "N::Group", id: pick(groups) } }, ip: { __extn: { fn: "ip", arg: "10.0.0.1" } } };
		some[name] = random(3) === 0 ? value(2) : usual[name] ?? value(1);
	}
	return some;
}
function entities() {
	const some = () => texts.filter(() => random(3) === 0).map((t) => [t, value(1)]);
	const tags = () => ({ tags: Object.fromEntries(some()) });
	const parents = (from) => groups.slice(from).filter(() => random(3) === 0).map((id) => ({ type: "N::Group", id }));
	return [
		...users.map((id) => ({ uid: { type: "User", id }, attrs: attributes(), parents: parents(0), ...tags() })),
		...groups.slice(0, 3).map((id, i) => ({ uid: { type: "N::Group", id }, attrs: attributes(), parents: parents(i + 1),
			...tags() })),
		{ uid: { type: "Action", id: "x" }, attrs: {}, parents: [{ type: "Action", id: "all" }] },
	];
}
function request() {
	const uid = () => { const [type, id] = pick(uids); return { type, id }; };
	return { principal: uid(), action: { type: "Action", id: pick(["x", "y"]) }, resource: uid(), context: attributes() };
}

// One token less, one twice, or two the other way round.
function damage(text) {
	const tokens = text.match(/"(?:\\.|[^"\\])*"|\w+|::|==|!=|<=|>=|&&|\|\||\s+|./gs);
	const i = random(tokens.length), k = random(tokens.length);
	if (random(3) === 0)
		tokens.splice(i, 1);
	else if (random(2) === 0)
		tokens.splice(i, 0, tokens[k]);
	else
		[tokens[i], tokens[k]] = [tokens[k], tokens[i]];
	return tokens.join("");
}

mkdirSync(dir, { recursive: true });
let asked = 0, refused = 0;
for (let n = 0; n < Number(count); n++) {
	const all = entities();
	let text = Array.from({ length: 4 }, policy).join("\n\n");
	if (random(3) === 0)
		text = damage(text);
	const parses = cedar.checkParsePolicySet({ staticPolicies: text }).type === "success";
	const test = { policies: `${n}.cedar`, entities: `${n}.entities.json`, policiesParse: parses, requests: [] };
	for (let i = 0; parses && i < 5; i++) {
		const r = request();
		const answer = cedar.isAuthorized({ ...r, policies: { staticPolicies: text }, entities: all });
		if (answer.type !== "success")
			throw new Error(JSON.stringify(answer.errors));
		const { decision, diagnostics } = answer.response;
		test.requests.push({ description: `request ${i}`, ...r, decision, reason: diagnostics.reason,
			errors: diagnostics.errors.map((e) => e.policyId) });
		asked++;
	}
	refused += !parses;
	writeFileSync(`${dir}/${n}.cedar`, text);
	writeFileSync(`${dir}/${n}.entities.json`, JSON.stringify(all));
	writeFileSync(`${dir}/${n}.json`, JSON.stringify(test));
}
console.log(`Cedar ${cedar.getCedarVersion()}: ${asked} requests answered, ${refused} documents refused`);
