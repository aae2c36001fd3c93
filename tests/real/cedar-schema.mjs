// SPDX-License-Identifier: Apache-2.0
// Asks Cedar itself about random schemas, what is valid under them and what conforms to them, and writes what it said as tests
// for build/tests/cedar-corpus:  node cedar-schema.mjs MODULES DIR SEED COUNT
// Some schemas are damaged, and some are written as JSON; most policies fit, and one thing in some does not.
import { mkdirSync, writeFileSync } from "node:fs";
import { cedarOf, quote } from "./cedar-itself.mjs";
import { seeded } from "./random.mjs";

const [modules, dir, seed, count] = process.argv.slice(2);
const cedar = cedarOf(modules);
const { random, pick } = seeded(seed);
const some = (list, odds = 2) => list.filter(() => random(odds) === 0);

// --- schemas: a type is {kind, of, fields, name}; `N` is the only namespace ---
const names = ["n", "s", "flag", "set", "rec", "up", "ip", "when", "a b"];
const entityNames = ["User", "Group", "Doc", "N::Thing", "N::Box", "Color"];
const word = (name) => (/^[a-z]+$/.test(name) ? name : quote(name));
function type(depth) {
	const kind = pick(["Long", "String", "Bool", "entity", "entity", "ipaddr", "decimal", "datetime", "duration",
		...(depth > 0 ? ["Set", "Set", "Record", "Record", "Record"] : [])]);
	if (kind === "entity")
		return { kind, name: pick(entityNames) };
	if (kind === "Set")
		return { kind, of: type(depth - 1) };
	return kind === "Record" ? record(depth - 1) : { kind };
}
function record(depth) {
	return { kind: "Record", fields: some(names, 3).map((name) => ({ name, type: type(depth), required: random(3) > 0 })) };
}
function typeText(t) {
	switch (t.kind) {
	case "entity": return t.name;
	case "Set": return `Set<${typeText(t.of)}>`;
	case "Record": return `{${t.fields.map((f) => `${pick(["", "@x "])}${word(f.name)}${f.required ? "" : "?"}: ${
		typeText(f.type)}`)
		.join(", ")}}`;
	default: return pick(["", "", "__cedar::"]) + t.kind;
	}
}
function makeSchema() {
	const s = { entities: {}, actions: {} };
	for (const name of entityNames)
		s.entities[name] = { in: name === "Color" ? [] : some(entityNames.slice(0, 5), 3), shape: record(2),
			tags: random(3) === 0 ? type(1) : undefined, choices: name === "Color" ? ["red", "blue"] : undefined };
	const types = () => [pick(entityNames), ...some(entityNames, 4)];
	for (const name of ["read", "write", "N::read2", "all"])
		s.actions[name] = { in: name === "all" ? [] : some(["all"]), context: record(2),
			applies: name === "all" && random(2) ? undefined : { principal: types(), resource: types() } };
	return s;
}
function schemaText(s) {
	const base = (name) => name.split("::").at(-1), outside = [], inside = [];
	for (const [name, e] of Object.entries(s.entities)) {
		const text = e.choices ? `entity ${base(name)} enum [${e.choices.map(quote)}];`
			: `entity ${base(name)}${e.in.length ? ` in [${e.in.join(", ")}]` : ""} ${pick(["= ", ""])}${
				typeText(e.shape)}${
				e.tags ? ` tags ${typeText(e.tags)}` : ""};`;
		(name === base(name) ? outside : inside).push(text);
	}
	for (const [name, a] of Object.entries(s.actions)) {
		let context = typeText(a.context);
		if (a.applies && random(3) === 0) {
			(name === base(name) ? outside : inside).push(`type ${base(name)}Context = ${context};`);
			context = `${base(name)}Context`;
		}
		const applies = a.applies ? ` appliesTo {principal: [${a.applies.principal}], resource: [${
			a.applies.resource}], context: ${
			context}}` : "";
		(name === base(name) ? outside : inside).push(
			`action ${pick([base(name), quote(base(name))])}${a.in.length ? ` in [${a.in.map(quote)}]` : ""}${
				applies};`);
	}
	return `${outside.join("\n")}\nnamespace N {\n${inside.join("\n")}\n}\n`;
}
// One token less, one twice, or two the other way round; never an attribute's name, which might then be declared twice.
function damage(text) {
	const tokens = text.match(/"(?:\\.|[^"\\])*"|\w+|::|\s+|./gs), i = random(tokens.length), k = random(tokens.length);
	if (random(3) === 0)
		tokens.splice(i, 1);
	else if (random(2) === 0)
		tokens.splice(i, 0, tokens[k]);
	else if (!/^[a-z"]/.test(tokens[i]) && !/^[a-z"]/.test(tokens[k]))
		[tokens[i], tokens[k]] = [tokens[k], tokens[i]];
	return tokens.join("");
}

// --- expressions of a type, in the environment E: {schema, paths}; `wrong` are made now and then ---
const literalOf = (name) => `${name}::${quote(name === "Color" ? pick(["red", "blue", "blue", random(9) ? "red" : "green"])
	: pick(["a", "b"]))}`;
// What can be read, with what must be known before: [text, type, guards].
function paths(schema, roots) {
	const found = [];
	const walk = (text, t, guards, depth) => {
		found.push([text, t, guards]);
		const shape = t.kind === "entity" ? schema.entities[t.name].shape : t;
		if (depth === 0 || shape.kind !== "Record" || schema.entities[t.name]?.choices)
			return;
		for (const f of shape.fields) {
			const simple = /^[a-z]+$/.test(f.name);
			walk(`${text}${simple ? `.${f.name}` : `[${quote(f.name)}]`}`, f.type,
				f.required ? guards : [...guards, `${text} has ${word(f.name)}`], depth - 1);
		}
	};
	for (const [text, t] of roots)
		walk(text, t, [], 3);
	return found;
}
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const plain = { Long: () => pick(["1", "-2", "0"]), String: () => quote(pick(["", "a", "x*"])), Bool: () => pick(["true",
	"false"]),
	ipaddr: () => `ip(${quote(pick(["10.0.0.1", "::1/8", "10.0.0.0/8", random(9) ? "1.1.1.1" : "1.1.1"]))})`,
	decimal: () => `decimal(${quote(pick(["1.0", "-0.5"]))})`, datetime: () => 'datetime("2024-01-01")',
	duration: () => 'duration("1h")' };
function expr(e, t, depth, guards) {
	const fit = e.paths.filter(([, x]) => same(x, t));
	if (fit.length > 0 && random(3) > 0) {
		const [text, , needs] = pick(fit);
		if (random(30) > 0)
			guards.push(...needs);
		return text;
	}
	if (random(40) === 0)
		return expr(e, type(1), depth, guards);
	if (depth > 0 && random(8) === 0)
		return `(if ${bool(e, depth - 1)} then ${expr(e, t, depth - 1, guards)} else ${expr(e, t, depth - 1, guards)})`;
	if (t.kind === "entity")
		return literalOf(t.name);
	if (t.kind === "Set")
		return `[${Array.from({ length: random(12) ? 1 + random(2) : 0 }, () => expr(e, t.of, depth - 1, guards))
			.join(", ")}]`;
	if (t.kind === "Record")
		return `{${t.fields.filter((f) => f.required || random(2)).map((f) => `${word(f.name)}: ${expr(e, f.type,
			depth - 1, guards)}`)
			.join(", ")}}`;
	if (t.kind === "Long" && depth > 0)
		return `(${expr(e, t, depth - 1, guards)} ${pick(["+", "-", "*"])} ${expr(e, t, depth - 1, guards)})`;
	return plain[t.kind]();
}
function atom(e, depth, guards) {
	const x = (t) => expr(e, t, depth - 1, guards), any = () => (random(2) ? pick(e.paths)[1] : type(1));
	const entity = () => (random(2) ? pick(e.paths.filter(([, t]) => t.kind === "entity"))[1] : { kind: "entity",
		name: pick(entityNames) });
	const group = (text) => `(${text})`;
	const which = random(14), t = any();
	switch (which) {
	case 0: return `${x(t)} ${pick(["==", "!="])} ${x(t)}`;
	case 1: { const o = { kind: pick(["Long", "Long", "datetime", "duration", "decimal"]) }; return `${x(o)} ${pick(["<",
		">="])} ${x(o)}`; }
	case 2: return `${x(entity())} in ${pick([x(entity()), `[${x(entity())}]`, 'Action::"all"'])}`;
	case 3: return `${x(entity())} is ${pick(entityNames)}${pick(["", ` in ${x(entity())}`])}`;
	case 4: return `${x({ kind: "String" })} like "a*"`;
	case 5: return `${x({ kind: "Set", of: t })}.contains(${x(t)})`;
	case 6: return `${x({ kind: "Set", of: t })}.${pick(["containsAll", "containsAny"])}(${x({ kind: "Set", of: t })})`;
	case 7: return `${x({ kind: "Set", of: t })}.isEmpty()`;
	case 8: return `${x({ kind: "ipaddr" })}.${pick(["isIpv4()", "isLoopback()", `isInRange(${x({ kind: "ipaddr" })})`])}`;
	case 9: return `${x({ kind: "decimal" })}.lessThan(${x({ kind: "decimal" })})`;
	case 10: { const [text, , needs] = pick(e.paths.filter(([, y]) => y.kind === "entity" || y.kind === "Record"));
		guards.push(...needs); return `${text} has ${word(pick(names))}`; }
	case 11: { const y = entity(), text = x(y), tags = e.schema.entities[y.name].tags;
		return tags ? `${text}.hasTag("t") && ${text}.getTag("t") == ${x(tags)}` : `${text}.hasTag("t")`; }
	case 12: return `action ${pick(["==", "in"])} ${pick(['Action::"read"', 'N::Action::"read2"', 'Action::"all"'])}`;
	default: return group(x({ kind: "Bool" }));
	}
}
function bool(e, depth) {
	if (depth > 0 && random(3) === 0)
		return `(${bool(e, depth - 1)} ${pick(["&&", "||"])} ${bool(e, depth - 1)})`;
	if (depth > 0 && random(8) === 0)
		return `!${bool(e, depth - 1)}`;
	const guards = [], text = atom(e, depth, guards);
	return `(${[...new Set(guards), text].join(" && ")})`;
}
function policy(schema) {
	const [name, a] = pick(Object.entries(schema.actions).filter(([, x]) => x.applies));
	const who = pick(a.applies.principal), what = pick(a.applies.resource);
	const uid = name.startsWith("N::") ? `N::Action::"${name.slice(3)}"` : `Action::"${name}"`;
	const e = { schema, paths: paths(schema, [["principal", { kind: "entity", name: who }], ["resource", { kind: "entity",
		name: what }],
		["context", a.context]]) };
	const loose = random(10) === 0;
	const side = (x, t) => (loose ? x : pick([`${x} is ${t}`, `${x} is ${t}`, `${x} == ${literalOf(t)}`, `${x} in ${
		literalOf(t)}`,
		`${x} is ${t} in ?${x}`]));
	return `permit (${side("principal", who)}, action ${pick(["==", "==", "in"])} ${uid}, ${side("resource", what)})\n${
		Array.from({ length: 1 + random(2) }, () => `${pick(["when", "unless"])} { ${bool(e, 2)} }`).join("\n")};`;
}

// --- values of a type, mostly ---
function value(schema, t, depth) {
	if (random(200) === 0)
		t = type(1);
	const uid = (name) => ({ type: name, id: name === "Color" ? pick(["red", "blue"]) : pick(["a", "b"]) });
	const texts = { ipaddr: ["ip", "10.0.0.1"], decimal: ["decimal", "1.5"], datetime: ["datetime", "2024-01-01"],
		duration: ["duration", "1h"] };
	switch (t.kind) {
	case "Long": return random(9);
	case "String": return pick(["", "a"]);
	case "Bool": return random(2) === 0;
	case "entity": return pick([uid(t.name), { __entity: uid(t.name) }]);
	case "Set": return Array.from({ length: random(3) }, () => value(schema, t.of, depth - 1));
	case "Record": return Object.fromEntries(t.fields.filter((f) => (f.required ? random(150) > 0 : random(2)))
		.map((f) => [f.name, value(schema, f.type, depth - 1)]));
	default: { const [fn, arg] = texts[t.kind]; return pick([arg, { fn, arg }, { __extn: { fn, arg } }]); }
	}
}
function entities(schema) {
	return Object.entries(schema.entities).flatMap(([name, e]) => (e.choices ? [] : ["a", "b"].map((id) => ({
		uid: { type: name, id }, attrs: value(schema, e.shape, 3), parents: id === "a" ? some(e.in)
			.map((type) => ({ type, id: "b" })) : [],
		...(e.tags && random(2) ? { tags: { t: value(schema, e.tags, 2) } } : {}) }))));
}
function request(schema) {
	const [name, a] = pick(Object.entries(schema.actions));
	const uid = (list) => { const type = random(20) && list?.length ? pick(list) : pick(entityNames);
		return { type, id: type === "Color" ? pick(["red", "blue", "red", "gray"]) : "a" }; };
	return { principal: uid(a.applies?.principal), resource: uid(a.applies?.resource), context: value(schema, a.context, 3),
		action: name.startsWith("N::") ? { type: "N::Action", id: name.slice(3) } : { type: "Action", id: name } };
}

mkdirSync(dir, { recursive: true });
const told = { schemas: 0, refused: 0, valid: 0, invalid: 0, conform: 0, not: 0 };
for (let n = 0; n < Number(count); n++) {
	const schema = makeSchema();
	let text = schemaText(schema), file = `${n}.cedarschema`;
	if (random(3) === 0)
		text = damage(text);
	const parses = cedar.checkParseSchema(text).type === "success";
	const all = entities(schema), conform = parses && cedar.checkParseEntities({ entities: all,
		schema: text }).type === "success";
	const template = policy(schema), policies = template.includes("?") ? { templates: { policy0: template } }
		: { staticPolicies: template };
	const test = { schema: file, policies: `${n}.cedar`, entities: `${n}.entities.json`, schemaParses: parses,
		entitiesConform: conform,
		requests: [] };
	if (parses) {
		const answer = cedar.validate({ schema: text, policies });
		if (answer.type !== "success")
			throw new Error(`${template}\n${JSON.stringify(answer.errors)}`);
		test.shouldValidate = answer.validationErrors.length === 0;
		told[test.shouldValidate ? "valid" : "invalid"]++;
		for (let i = 0; conform && i < 4; i++) {
			const r = request(schema);
			const said = cedar.isAuthorized({ ...r, policies, entities: all, schema: text, validateRequest: true });
			test.requests.push({ description: `request ${i}`, ...r, conforms: said.type === "success",
				...(said.type === "success" ? { decision: said.response.decision,
					reason: said.response.diagnostics.reason,
					errors: said.response.diagnostics.errors.map((e) => e.policyId) } : {}) });
			told[said.type === "success" ? "conform" : "not"]++;
		}
		if (random(3) === 0) {
			test.schema = file = `${n}.schema.json`;
			text = JSON.stringify(cedar.schemaToJson(text).json);
		}
	}
	told[parses ? "schemas" : "refused"]++;
	writeFileSync(`${dir}/${file}`, text);
	writeFileSync(`${dir}/${n}.cedar`, template);
	writeFileSync(`${dir}/${n}.entities.json`, JSON.stringify(all));
	writeFileSync(`${dir}/${n}.json`, JSON.stringify(test));
}
console.log(`Cedar ${cedar.getCedarVersion()}: ${told.schemas} schemas read, ${told.refused} refused; ${
	told.valid} policies valid, ${
	told.invalid} not; ${told.conform} requests conform, ${told.not} do not`);
