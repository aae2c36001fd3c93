// SPDX-License-Identifier: Apache-2.0
// A chain of regtest in memory, with a wallet, and its JSON-RPC on loopback:  node chain.cjs MODULES LOGIN
// Prints the port.  Node and wallet answer at one place.  Ends when its standard input does.
//
// bcoin cannot write a transaction without inputs, which `createrawtransaction` of Bitcoin Core does, and does not sign what
// spends its wallet's coins unless it is given them: what stands under `core` does as Bitcoin Core does, by bcoin's own wallet.
// Its `gettransaction` fails, so that its index of transactions is asked instead.
'use strict';
const http = require('node:http');
const path = require('node:path');

const [modules, login] = process.argv.slice(2);
const { Amount, FullNode, MTX, Network, Script, wallet } = require(path.join(modules, 'bcoin'));
Network.set('regtest');

const node = new FullNode({
	network: 'regtest', memory: true, workers: false, listen: false, selfish: true, logLevel: 'none', indexTx: true,
	httpPort: 0, noAuth: true, walletHttpPort: 0, walletNoAuth: true,
});
node.use(wallet.plugin);

const refuse = (code, message) => Object.assign(new Error(message), { code });
const wdb = () => node.require('walletdb').rpc;
const core = {
	createrawtransaction([inputs, outputs]) {
		if (inputs.length !== 0 || !/^[0-9a-f]{64}$/.test(outputs.data))
			throw refuse(-8, 'only one output of 32 bytes is known here');
		return `020000000001${'00'.repeat(8)}226a20${outputs.data}00000000`;
	},
	async fundrawtransaction([hex]) {
		const found = /^020000000001(?:00){8}226a20([0-9a-f]{64})00000000$/.exec(hex);
		if (!found)
			throw refuse(-22, 'TX decode failed');
		const tx = new MTX();
		tx.addOutput(Script.fromNulldata(Buffer.from(found[1], 'hex')), 0);
		await wdb().wallet.fund(tx, { rate: 20000 });
		return { hex: tx.toRaw().toString('hex'), changepos: 1, fee: Amount.btc(tx.getFee(), true) };
	},
	async signrawtransactionwithwallet([hex]) {
		const tx = MTX.fromRaw(Buffer.from(hex, 'hex'));
		tx.view = await wdb().wallet.getCoinView(tx);
		await wdb().wallet.sign(tx);
		return { hex: tx.toRaw().toString('hex'), complete: tx.isSigned() };
	},
};
const ofWallet = new Set(['gettransaction', 'getnewaddress', 'getbalance']);

async function answer(call) {
	try {
		const rpc = ofWallet.has(call.method) ? wdb() : node.rpc;
		const result = await (core[call.method] ? core[call.method](call.params)
			: rpc.execute({ method: call.method, params: call.params }));
		return { result, error: null, id: call.id };
	} catch (e) {
		return { result: null, error: { code: e.code || -1, message: e.message }, id: call.id };
	}
}

const server = http.createServer((request, response) => {
	const parts = [];
	request.on('data', (part) => parts.push(part));
	request.on('end', async () => {
		if (request.headers.authorization !== 'Basic ' + Buffer.from(login).toString('base64')) {
			response.writeHead(401).end();
			return;
		}
		const body = JSON.parse(Buffer.concat(parts).toString());
		const answers = await Promise.all([].concat(body).map(answer));
		response.writeHead(!Array.isArray(body) && answers[0].error ? 500 : 200, { 'Content-Type': 'application/json' });
		response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]) + '\n');
	});
});

(async () => {
	await node.ensure();
	await node.open();
	await node.connect();
	node.startSync();
	server.listen(0, '127.0.0.1', () => console.log(server.address().port));
	process.stdin.resume().on('end', () => process.exit(0));
})().catch((e) => {
	console.error(e.stack);
	process.exit(1);
});
