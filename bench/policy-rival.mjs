// SPDX-License-Identifier: Apache-2.0
// What Cedar's own WebAssembly build takes for the decisions of policy-decision.c:
//	node policy-rival.mjs MODULES POLICY-DECISION SECONDS POLICIES...
// POLICY-DECISION prints the policies, so they are the same. They are parsed before; entities cannot be: the package takes
// them with each call.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

const [modules, program, secondsText, ...sizes] = process.argv.slice(2);
const cedar = createRequire(import.meta.url)(`${modules}/@cedar-policy/cedar-wasm/nodejs/cedar_wasm.js`);

const entity = (type, id, ...parents) => ({ uid: { type, id }, attrs: {}, parents: parents.map(([type, id]) => ({ type, id })) });
const entities = [
	entity("Actor", "claude", ["Team", "research"]),
	entity("Team", "research", ["Team", "staff"]),
	entity("Team", "staff", ["Team", "everyone"]),
	entity("Team", "everyone"),
	entity("Action", "files.read", ["Action", "read"]),
	entity("Action", "read"),
	entity("File", "/a/b/c/d.txt", ["Folder", "/a/b/c"]),
	entity("Folder", "/a/b/c", ["Folder", "/a/b"]),
	entity("Folder", "/a/b", ["Folder", "/a"]),
	entity("Folder", "/a", ["Folder", "/"]),
	entity("Folder", "/"),
];
const call = {
	principal: { type: "Actor", id: "claude" },
	action: { type: "Action", id: "files.read" },
	resource: { type: "File", id: "/a/b/c/d.txt" },
	context: {},
	preparsedPolicySetId: "bench",
	validateRequest: false,
	entities,
};

function fail(answer) {
	throw new Error(JSON.stringify(answer.errors));
}

for (const n of sizes) {
	const staticPolicies = execFileSync(program, ["text", n], { maxBuffer: 1 << 24 }).toString();
	const parsed = cedar.preparsePolicySet("bench", { staticPolicies });
	if (parsed.type !== "success")
		fail(parsed);
	const ns = [];
	for (const until = performance.now() + Number(secondsText) * 1000; performance.now() < until || ns.length < 3;) {
		const start = process.hrtime.bigint();
		const answer = cedar.statefulIsAuthorized(call);
		ns.push(Number(process.hrtime.bigint() - start));
		if (answer.type !== "success")
			fail(answer);
		if (answer.response.decision !== "allow")
			throw new Error("Cedar decides otherwise");
	}
	ns.sort((a, b) => a - b);
	const at = (part) => String(Math.round(ns[Math.floor(ns.length * part)])).padStart(9);
	console.log(`${n.padStart(6)} policies, Cedar ${cedar.getCedarVersion()} p50 ${at(0.5)} ns   p99 ${at(0.99)} ns`);
}
