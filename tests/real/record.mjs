// SPDX-License-Identifier: Apache-2.0
// Whether the record tells what the client saw:  node record.mjs RECORD REFUSALS
// RECORD is what `freehold record show --fields --json` printed, REFUSALS what client.mjs did.
import { readFileSync } from 'node:fs';

const entries = readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const refusals = JSON.parse(readFileSync(process.argv[3], 'utf8'));
let failed = false;
const check = (name, good, why = '') => {
	failed ||= !good;
	console.log(`${good ? 'ok' : 'not ok'} - ${name}${good ? '' : ` (${why})`}`);
};

for (const { index, why, actor } of refusals) {
	const text = JSON.stringify(entries[index] ?? null);
	check(`the record's entry ${index} is the refusal for ${why} of ${actor}`,
		text.includes(why) && text.includes(`Actor::\\"${actor}\\"`), text);
}
for (const actor of ['remote', 'local']) {
	const reads = entries.filter((e) => e.kind === 'intent' && JSON.stringify(e).includes(`Actor::\\"${actor}\\"`)
		&& JSON.stringify(e).includes('Action::\\"files.read\\"') && JSON.stringify(e).includes('/public/hello.txt'));
	const index = reads[0]?.index;
	const text = JSON.stringify(reads[0] ?? null);
	check(`the record has the permitted read of ${actor}, and the policy that permits it`, text.includes('"read"'), text);
	const outcome = JSON.stringify(entries.find((e) => e.kind === 'outcome' && e.fields.intent === index) ?? null);
	check(`the record has the outcome of the permitted read of ${actor}`, outcome.includes('hello'), outcome);
}
const tellers = entries.filter((e) => e.kind === 'outcome' && JSON.stringify(e.fields.result ?? null).includes('counted to 9'));
check('the record has what each of six calls told before its answer',
	tellers.length === 6 && tellers.every((e) => e.fields.detail?.told?.[0] === 9), JSON.stringify(tellers));
const intents = entries.filter((e) => e.kind === 'intent' && JSON.stringify(e.fields.decision).startsWith('[true'));
const closed = new Set(entries.filter((e) => e.kind === 'outcome').map((e) => e.fields.intent));
check('every permitted intent has an outcome', intents.every((e) => closed.has(e.index)),
	intents.filter((e) => !closed.has(e.index)).map((e) => e.index).join());
process.exitCode = failed ? 1 : 0;
