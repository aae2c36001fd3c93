// SPDX-License-Identifier: Apache-2.0
// The official client before the gate, and beside it before the bare server:  node client.mjs SITE
// SITE is the directory that `run` prepared; its site.json says where everything is.  Prints `ok - NAME`, `not ok - NAME`.
import { deepStrictEqual, ok as sure, strictEqual } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const site = JSON.parse(readFileSync(join(process.argv[2], 'site.json'), 'utf8'));
const sdk = (name) => import(pathToFileURL(join(site.modules, '@modelcontextprotocol/sdk/dist/esm', name)));
const { Client } = await sdk('client/index.js');
const { StdioClientTransport } = await sdk('client/stdio.js');
const { StreamableHTTPClientTransport } = await sdk('client/streamableHttp.js');

let failed = false;
const check = async (name, body) => {
	try {
		await body();
		console.log(`ok - ${name}`);
	} catch (e) {
		failed = true;
		console.log(`not ok - ${name}`);
		console.log(String(e.stack ?? e).replace(/^/gm, '# '));
	}
};

const open = async (transport) => {
	const client = new Client({ name: 'freehold-real-test', version: '1' });
	await client.connect(transport);
	return client;
};
const bearer = (token, name = 'files') => new StreamableHTTPClientTransport(new URL(site.url + name), {
	requestInit: { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } },
});
const ways = {
	'Streamable HTTP': (name) => bearer(site.token, name),
	'freehold connect': (name) => new StdioClientTransport({
		command: site.freehold, args: ['connect', name, '--socket', site.socket, '--config', site.config],
	}),
};
const call = (client, name, args) => client.callTool({ name, arguments: args });
const serverRuns = () => spawnSync('pgrep', ['-f', `^[^ ]*node[^ ]* ${site.tee} `]).status === 0;
const heard = () => (existsSync(site.heard) ? readFileSync(site.heard, 'utf8') : '');

// What the same server answers when nobody stands between.
const bare = await open(new StdioClientTransport({ command: site.node, args: [site.server, site.root] }));

const allowed = [
	['list_allowed_directories', {}],
	['read_text_file', { path: join(site.root, 'public/hello.txt') }],
	['read_text_file', { path: join(site.root, 'public/hello.txt'), head: 1 }],
	['read_file', { path: join(site.root, 'public/large.txt') }],
	['read_text_file', { path: join(site.root, 'public/text in Ελληνικά and 日本語.txt') }],
	['read_media_file', { path: join(site.root, 'public/pixel.png') }],
	['list_directory', { path: join(site.root, 'public') }],
	['directory_tree', { path: site.root }],
	['search_files', { path: site.root, pattern: '**/*.txt' }],
	['read_text_file', { path: join(site.root, 'public/missing.txt') }], // an error of the server is its answer, too
];

// As [what is tried, tool, arguments, the policy or the reason that must be named].
const forbidden = (mark) => [
	['a write that a forbid names', 'write_file',
		{ path: join(site.root, `public/${mark}.txt`), content: `forbidden ${mark}` }, 'never-write-public'],
	['a write that no permit names', 'write_file',
		{ path: join(site.root, `${mark}.txt`), content: `forbidden ${mark}` }, 'no-permit'],
	['an edit of what may only be read', 'edit_file', { path: join(site.root, 'public/hello.txt'),
		edits: [{ oldText: 'hello', newText: `forbidden ${mark}` }] }, 'never-write-public'],
	['a path that climbs out', 'read_text_file',
		{ path: join(site.root, 'public') + `/../forbidden-${mark}` }, 'malformed-resource'],
	['a tool of the server that the schema does not name', 'move_file', { source: join(site.root, 'public/hello.txt'),
		destination: join(site.root, `forbidden-${mark}`) }, 'tool-not-in-schema'],
	['a tool that nobody has', `forbidden_${mark}`, {}, 'tool-not-in-schema'],
];

const refusals = []; // [record index, reason, actor] that must be in the record

const refused = async (client, actor, name, args, why) => {
	const answer = await call(client, name, args);
	const text = answer.content[0].text, index = answer._meta['freehold/record'];
	strictEqual(answer.isError, true);
	sure(text.includes(why), `"${text}" does not name ${why}`);
	sure(Number.isInteger(index), 'no record index');
	sure(text.includes(`record ${index}`), `"${text}" does not name record ${index}`);
	refusals.push({ index, why, actor });
};

for (const [way, transport] of Object.entries(ways)) {
	const mark = `m${way.length}x${process.pid}`, actor = way === 'Streamable HTTP' ? 'remote' : 'local';
	let client;
	await check(`${way}: the client connects`, async () => {
		client = await open(transport('files'));
		strictEqual(client.getServerVersion().name, 'files');
	});
	if (client === undefined)
		continue;
	await check(`${way}: ping`, async () => deepStrictEqual(await client.ping(), {}));
	await check(`${way}: lists the tools that the schema names, each as the server describes it`, async () => {
		const all = (await bare.listTools()).tools, seen = (await client.listTools()).tools;
		const names = seen.map((t) => t.name);
		for (const name of ['read_text_file', 'write_file', 'search_files'])
			sure(names.includes(name), `no ${name}`);
		sure(!names.includes('move_file'), 'a tool is listed that cannot be called');
		deepStrictEqual(seen, all.filter((t) => names.includes(t.name)));
	});
	for (const [name, args] of allowed) {
		const shown = Object.values(args).join(' ').replaceAll(site.root, '');
		await check(`${way}: ${name} ${shown} answers as without the gate`, async () => {
			deepStrictEqual(await call(client, name, args), await call(bare, name, args));
		});
	}
	await check(`${way}: forty calls at one time are answered each with its own`, async () => {
		const paths = Array.from({ length: 40 }, (_, i) => join(site.root, `public/n${i}.txt`));
		const answers = await Promise.all(paths.map((path) => call(client, 'read_text_file', { path })));
		answers.forEach((a, i) => strictEqual(a.content[0].text, `note ${i}\n`));
	});
	await check(`${way}: a permitted write is written`, async () => {
		const path = join(site.root, `drafts/${mark}.txt`), content = `permitted ${mark} "\\\u0001 𝄞\n`;
		const answer = await call(client, 'write_file', { path, content });
		strictEqual(answer.isError, undefined);
		strictEqual(readFileSync(path, 'utf8'), content);
		sure(heard().includes(`permitted ${mark}`), 'the recording of the server lacks it, so it proves nothing');
	});
	for (const [what, name, args, why] of forbidden(mark)) {
		await check(`${way}: ${what} is refused, with policy or reason and record index`,
			() => refused(client, actor, name, args, why));
	}
	await check(`${way}: nothing refused reached the server`, async () => {
		await call(client, 'list_allowed_directories', {}); // whatever came before has been read by now
		const told = heard();
		for (const word of [`forbidden ${mark}`, `forbidden-${mark}`, `forbidden_${mark}`, 'move_file', 'edit_file'])
			sure(!told.includes(word), `the server was told ${word}`);
		for (const name of [`public/${mark}.txt`, `${mark}.txt`, `forbidden-${mark}`])
			sure(!existsSync(join(site.root, name)), `${name} is there`);
		strictEqual(readFileSync(join(site.root, 'public/hello.txt'), 'utf8'), 'hello\nworld\n');
	});
	await check(`${way}: what is no tool is refused by name`, async () => {
		const requests = [() => client.listResources(), () => client.listPrompts(), () => client.setLoggingLevel('debug')];
		for (const request of requests) {
			const e = await request().then(() => undefined, (x) => x);
			strictEqual(e?.code, -32601);
			sure(e.message.includes('not offered') || e.message.includes('ethod'), e.message);
		}
		strictEqual((await call(client, 'list_allowed_directories', {})).isError, undefined);
	});
	await check(`${way}: the session is closed, and its server with it`, async () => {
		sure(serverRuns(), 'no server runs although a session is open');
		if (way === 'Streamable HTTP')
			await client.transport.terminateSession();
		await client.close();
		for (let i = 0; i < 100 && serverRuns(); i++)
			await new Promise((later) => setTimeout(later, 50));
		sure(!serverRuns(), 'the server runs on');
	});
}

const steps = Array.from({ length: 9 }, (_, i) => ({ progress: i + 1, total: 9, message: `step ${i + 1}` }));

for (const [way, transport] of Object.entries(ways)) {
	await check(`${way}: the client hears how far each of its calls is, before it is answered`, async () => {
		const client = await open(transport('teller'));
		const count = async () => {
			const told = [];
			const answer = await client.callTool({ name: 'count', arguments: { to: 9 } }, undefined,
				{ onprogress: (p) => told.push(p) });
			strictEqual(answer.content[0].text, 'counted to 9');
			return told;
		};
		for (const told of await Promise.all([count(), count(), count()])) {
			// The library loses a step that it reads together with the answer; the record tells that all were sent.
			sure(told.length >= steps.length - 1, JSON.stringify(told));
			deepStrictEqual(told, steps.slice(0, told.length));
		}
		await client.close();
	});
}

await check('a client without a credential is told that it is not permitted', async () => {
	const e = await open(bearer(undefined)).then(() => undefined, (x) => x);
	sure(e !== undefined && String(e).includes('no policy permits it'), String(e));
});
await check('a client with a false credential is told so', async () => {
	const e = await open(bearer('fh_' + '0'.repeat(64))).then(() => undefined, (x) => x);
	sure(e !== undefined && /401|[Uu]nauthor|credential/.test(String(e)), String(e));
});
await bare.close();

process.stdout.write(`# refusals ${JSON.stringify(refusals)}\n`);
process.exitCode = failed ? 1 : 0;
