// SPDX-License-Identifier: Apache-2.0
// Changes tests of a corpus of Cedar's at random (policies, schema, entities, requests), asks Cedar itself what becomes of them,
// and writes that as tests for build/tests/cedar-corpus (some policies as a set in JSON, with templates and links):
// node cedar-corpus.mjs MODULES CORPUS DIR SEED COUNT
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cedarOf, quote } from "./cedar-itself.mjs";
import { seeded } from "./random.mjs";

const [modules, corpus, dir, seed, count] = process.argv.slice(2);
const cedar = cedarOf(modules);
const { random, pick } = seeded(seed);

// --- texts: a token becomes another of its class, or one of any class somewhere else ---
const classes = [
	["<", "<=", ">", ">="], ["==", "!=", "in"], ["&&", "||"], ["+", "-", "*"], ["permit", "forbid"], ["when", "unless"],
	["principal", "action", "resource", "context"], ["true", "false"], ["has", "like", "is", "in"],
	["contains", "containsAll", "containsAny", "hasTag", "getTag"],
	["isIpv4", "isIpv6", "isLoopback", "isMulticast", "isEmpty", "toDate", "toTime"],
	["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual", "isInRange", "offset", "durationSince"],
	["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"], ["ip", "decimal", "datetime", "duration"],
	["Long", "String", "Bool", "ipaddr", "decimal", "datetime", "duration", "Set", "Record", "Entity",
		"Extension", "Boolean"],
	["?principal", "?resource"], ["entity", "type", "action", "namespace"], ["appliesTo", "tags", "enum", "in"],
];
const texts = ["", "a", "*", "\\", "\0", "é", "0", "1.0", "-0.0001", "922337203685477.5807", "-922337203685477.5808",
	"0.00001",
	"922337203685477.5808", "+1.0", "1.", ".1", "127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "10.0.0.1/33", "::1",
		"::/0", "ff00::/8",
	"::ffff:1.2.3.4", "1:2:3:4:5:6:7:8/127", "fe80::1%eth0", "1.2.3.4/08", "256.0.0.1", "::g", "2024-01-01",
		"2024-02-30",
	"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000+2359", "1970-01-01T00:00:00-2400",
		"9999-12-31T23:59:59.999Z", "2024-01-01T24:00:00Z",
	"2016-12-31T23:59:60Z", "0001-01-01", "10000-01-01", "1d2h3m4s5ms", "-1d", "1h1d", "1d1d", "-0ms", "", "ms",
		"1s1ms",
	"9223372036854775807ms", "-9223372036854775808ms", "9223372036854775808ms", "106751991167d", "106751991168d",
		"-106751991167d7h12m55s808ms"];
const numbers = ["0", "1", "-1", "2", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
	"4611686018427387904", "00", "1000000000000"];
const tokensOf = (text) => text.match(/"(?:\\.|[^"\\])*"|\?\w+|\w+|::|==|!=|<=|>=|&&|\|\||\/\/[^\n]*|\s+|./gsu) ?? [];
const isPlain = (token) => /^\s|^\/\//u.test(token);
function other(token, tokens) {
	const found = classes.find((list) => list.includes(token));
	if (found && random(5) > 0)
		return pick(found);
	if (token.startsWith('"')) {
		const near = tokens.filter((t) => t.startsWith('"'));
		return random(2) ? quote(pick(texts)) : pick(near);
	}
	if (/^\d+$/u.test(token))
		return pick(numbers);
	if (/^\w+$/u.test(token))
		return pick(tokens.filter((t) => /^[A-Za-z_]\w*$/u.test(t)));
	return pick(tokens);
}
function changed(text, more) {
	const tokens = tokensOf(text);
	for (let n = random(3) + 1; n > 0 && tokens.length > 3; n--) {
		let i = random(tokens.length);
		while (isPlain(tokens[i]) && random(10))
			i = random(tokens.length);
		const k = random(tokens.length);
		switch (random(14)) {
		case 0: tokens.splice(i, 1); break;
		case 1: tokens.splice(i, 0, tokens[k]); break;
		case 2: [tokens[i], tokens[k]] = [tokens[k], tokens[i]]; break;
		case 3: { const n = random(6) + 1; tokens.splice(i, 0, ...tokens.slice(k, k + n)); break; }
		case 4: { const n = random(6) + 1; tokens.splice(i, n); break; }
		case 5: tokens[i] = pick(more); break;
		default: tokens[i] = other(tokens[i], tokens);
		}
	}
	return tokens.join("");
}

// --- JSON: a value becomes another one of the document, or one of no type that fits ---
function places(value, found = []) {
	if (value !== null && typeof value === "object")
		for (const key of Object.keys(value)) {
			found.push([value, key]);
			places(value[key], found);
		}
	return found;
}
const copy = (value) => JSON.parse(JSON.stringify(value));
// Numbers that JavaScript would change on the way.
function exact(value) {
	for (const [holder, key] of places(value))
		if (typeof holder[key] === "number" && !Number.isSafeInteger(holder[key]))
			holder[key] = random(9);
	return value;
}
function changedJson(value, adds = true) {
	const all = places(value);
	if (all.length === 0)
		return;
	const [holder, key] = pick(all);
	const [from, name] = pick(all);
	switch (random(9)) {
	case 0: Array.isArray(holder) ? holder.splice(key, 1) : delete holder[key]; break;
	case 1: case 2: holder[key] = copy(from[name]); break;
	// Cedar passes over members of entities and policies that mean nothing, which are refused here.
	case 3:
		if (adds && !Array.isArray(holder) && !["uid", "attrs", "type", "id", "fn", "arg", "__entity",
			"__extn"].some((word) => word in holder))
			holder[random(3) ? name : pick(texts)] = copy(holder[key]);
		break;
	case 4: holder[key] = pick([0, -1, true, "a", [], {}, [1, 1], null, { __entity: { type: "A", id: "a" } },
		{ __extn: { fn: "ip", arg: "1.1.1.1" } }, { __extn: { fn: "decimal", arg: "1.0" } },
			{ fn: "duration", arg: "1d" },
		{ __extn: { fn: "datetime", arg: "2024-01-01" } }, { __extn: { fn: "offset", args: [] } },
			{ type: "A", id: "a" }]); break;
	case 5: holder[key] = [copy(holder[key]), copy(from[name])]; break;
	default:
		if (typeof holder[key] === "string")
			holder[key] = pick(texts);
		else if (typeof holder[key] === "number")
			holder[key] = random(20) - 10;
		else
			holder[key] = copy(from[name]);
	}
}

function changedRequest(q, entities) {
	const who = pick(["principal", "resource", "action", "context", "context", "context"]);
	if (who === "context")
		changedJson(q.context ?? {});
	else if (random(2))
		q[who] = { type: q[who].type, id: pick([...texts, q.resource.id, q.principal.id]) };
	else
		q[who] = pick([q.principal, q.resource, q.action,
			...entities.map((e) => e?.uid).filter((u) => u?.type && u?.id)]);
}
// What is so wrong that the binding throws is refused, too.
function tried(ask) {
	try {
		return ask();
	} catch (e) {
		return { type: "failure", errors: [{ message: String(e.message ?? e) }] };
	}
}

// --- the corpus ---
const tests = readdirSync(corpus).filter((f) => f.endsWith(".json") && !f.endsWith(".entities.json")).sort();
const read = (file) => readFileSync(`${corpus}/${file.split("/").at(-1)}`, "utf8");
// Templates have no answer without a link: they are only validated.
function policySet(text) {
	if (cedar.checkParsePolicySet({ staticPolicies: text }).type === "success")
		return { staticPolicies: text };
	const parts = cedar.policySetTextToParts(text);
	return parts.type === "success" ? { staticPolicies: parts.policies.join("\n"),
		templates: Object.fromEntries(parts.policy_templates.map((t, i) => [`t${i}`, t])) } : null;
}

// The policies of TEXT as a set in JSON.  Of some that name a principal or resource a template is made, and linked, mostly with
// what was named; null if there are none, or numbers that JavaScript would change.
function jsonSet(text, entities) {
	const parts = cedar.policySetTextToParts(text);
	if (parts.type !== "success" || /\d{16}/u.test(text))
		return null;
	const set = { staticPolicies: {}, templates: {}, templateLinks: [] };
	for (const [i, policy] of parts.policies.entries()) {
		const json = cedar.policyToJson(policy).json, values = {};
		for (const side of ["principal", "resource"].filter((s) => random(2) && json[s].entity)) {
			values[`?${side}`] = random(4) ? json[side].entity
				: pick([json.principal.entity ?? json[side].entity, ...entities.map((e) => e.uid)]);
			delete json[side].entity;
			json[side].slot = `?${side}`;
		}
		if (Object.keys(values).length === 0) {
			set.staticPolicies[`p${i}`] = json;
		} else {
			set.templates[`t${i}`] = json;
			set.templateLinks.push({ templateId: `t${i}`, newId: `l${i}`, values });
		}
	}
	for (const [i, template] of parts.policy_templates.entries())
		set.templates[`u${i}`] = cedar.templateToJson(template).json;
	return set;
}

// What is nearly an entity or a call is refused here, and to Cedar is a record.
function nearlyEscapes(value) {
	return places({ value }).some(([holder, key]) => {
		const v = holder[key];
		if (v === null || typeof v !== "object" || Array.isArray(v))
			return false;
		return ("__entity" in v && !(typeof v.__entity?.type === "string" && typeof v.__entity?.id === "string"))
			|| ("__extn" in v && !(typeof v.__extn?.fn === "string" && ("arg" in v.__extn || "args" in v.__extn)))
			|| "__expr" in v || (("__entity" in v || "__extn" in v) && Object.keys(v).length > 1);
	});
}

// An attribute that is declared twice is refused here, and to Cedar the last one counts.
function declaresTwice(text) {
	const open = [new Set()];
	let before = [];
	for (const token of tokensOf(text).filter((t) => !isPlain(t))) {
		if (token === "{")
			open.push(new Set());
		else if (token === "}" && open.length > 1)
			open.pop();
		else if (token === ":") {
			const name = before.filter((t) => t !== "?").at(-1)?.replace(/^"(.*)"$/u, "$1");
			if (open.at(-1).has(name))
				return true;
			open.at(-1).add(name);
		}
		before = [before.at(-1), token];
	}
	return false;
}

const told = { refused: 0, schemas: 0, entities: 0, valid: 0, invalid: 0, conform: 0, not: 0, allow: 0 };
function answers(test, policies, schema, entities, requests) {
	for (const q of requests) {
		const call = { principal: q.principal, action: q.action, resource: q.resource, context: q.context,
			policies, entities, schema,
			validateRequest: true };
		const said = tried(() => cedar.isAuthorized(call));
		test.requests.push({ description: `request ${test.requests.length}`, principal: q.principal,
			action: q.action,
			resource: q.resource, context: q.context, conforms: said.type === "success",
			...(said.type === "success" ? { decision: said.response.decision,
				reason: said.response.diagnostics.reason,
				errors: said.response.diagnostics.errors.map((e) => e.policyId) }
				: { why: said.errors?.[0]?.message }) });
		told[said.type === "success" ? "conform" : "not"]++;
		told.allow += said.response?.decision === "allow";
	}
}

mkdirSync(dir, { recursive: true });
for (let n = 0; n < Number(count); n++) {
	const from = JSON.parse(read(pick(tests)));
	const near = () => tokensOf(read(JSON.parse(read(pick(tests))).policies));
	let text = read(from.policies), schema = read(from.schema);
	const entities = exact(JSON.parse(read(from.entities))), requests = exact(from.requests ?? []).slice(0, 4);
	const what = random(16);
	if (what & 1)
		text = changed(text, near());
	if ((what & 6) === 6)
		schema = changed(schema, tokensOf(schema));
	if ((what & 10) === 10)
		changedJson(entities);
	for (const q of requests.filter(() => random(2)))
		changedRequest(q, entities);
	const set = random(3) === 0 ? jsonSet(text, entities) : null;
	if (set && random(4) === 0)
		changedJson(set, false);
	if (nearlyEscapes([entities, set, requests])) {
		n--;
		continue;
	}
	const test = { policies: set ? `${n}.policies.json` : `${n}.cedar`,
		entities: `${n}.entities.json`, schema: `${n}.cedarschema`, requests: [] };
	const read1 = cedar.checkParseSchema(schema);
	test.schemaParses = read1.type === "success";
	if (test.schemaParses && schema !== read(from.schema) && declaresTwice(schema)) {
		n--;
		continue;
	}
	if (!test.schemaParses) {
		told.schemas++;
		test.why = read1.errors[0].message;
	} else {
		const taken = set && tried(() => cedar.checkParsePolicySet(set)).type === "success";
		const policies = set ? (taken ? set : null) : policySet(text);
		test.policiesParse = policies !== null;
		if (policies === null) {
			told.refused++;
		} else {
			const conform = tried(() => cedar.checkParseEntities({ entities, schema }));
			test.entitiesConform = conform.type === "success";
			const answer = cedar.validate({ schema, policies });
			// What can never apply was an error when the corpus was made, and still is here;
			// to Cedar it now is a warning.
			test.shouldValidate = answer.type === "success" && answer.validationErrors.length === 0 &&
				!answer.validationWarnings.some((w) =>
					w.error.message.includes("unable to find an applicable action"));
			test.why = answer.validationErrors?.map((e) => e.error.message) ?? answer.errors[0].message;
			told[test.shouldValidate ? "valid" : "invalid"]++;
			if (!test.entitiesConform) {
				told.entities++;
				test.whyEntities = conform.errors[0].message;
			} else if (set || !policies.templates) {
				answers(test, policies, schema, entities, requests);
			}
		}
	}
	writeFileSync(`${dir}/${n}.cedarschema`, schema);
	writeFileSync(`${dir}/${test.policies}`, set ? JSON.stringify(set) : text);
	writeFileSync(`${dir}/${n}.entities.json`, JSON.stringify(entities));
	writeFileSync(`${dir}/${n}.json`, JSON.stringify(test));
}
console.log(`Cedar ${cedar.getCedarVersion()}: ${told.schemas} schemas, ${
	told.refused} policies and ${told.entities} entities refused; ${
	told.valid} policies valid, ${told.invalid} not; ${told.conform} requests answered, ${
	told.allow} of them allowed, ${told.not} refused`);
