// SPDX-License-Identifier: Apache-2.0
// OpenTimestamps of npm, as a program:  node ots.cjs MODULES COMMAND ...
//
//   stamp FILE URL               makes FILE.ots by the calendar URL
//   upgrade FILE URL             completes FILE.ots by it
//   read FILE                    reads FILE.ots, which must be of FILE and be written back as it is; prints its attestations
//   holds FILE HEIGHT ROOT       FILE.ots holds against a block with that Merkle root (as it is hashed, in hex)
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const [modules, command, file, ...rest] = process.argv.slice(2);
const at = path.join(modules, 'opentimestamps');
const ots = require(at);
const { UrlWhitelist } = require(path.join(at, 'src/calendar.js'));
const { DetachedTimestampFile, Notary, Ops } = ots;

function read() {
	const bytes = fs.readFileSync(`${file}.ots`);
	const proof = DetachedTimestampFile.deserialize([...bytes]);
	const fresh = DetachedTimestampFile.fromBytes(new Ops.OpSHA256(), fs.readFileSync(file));
	if (!Buffer.from(proof.fileDigest()).equals(Buffer.from(fresh.fileDigest())))
		throw new Error('it is of another file');
	if (!Buffer.from(proof.serializeToBytes()).equals(bytes))
		throw new Error('it is written in another way');
	return proof;
}

async function main() {
	if (command === 'stamp') {
		const proof = DetachedTimestampFile.fromBytes(new Ops.OpSHA256(), fs.readFileSync(file));
		await ots.stamp(proof, { calendars: [rest[0]], m: 1 });
		fs.writeFileSync(`${file}.ots`, Buffer.from(proof.serializeToBytes()));
		return;
	}
	const proof = read();
	if (command === 'upgrade') {
		await ots.upgrade(proof, { whitelist: new UrlWhitelist([rest[0]]) });
		fs.writeFileSync(`${file}.ots`, Buffer.from(proof.serializeToBytes()));
		return;
	}
	let held = false;
	for (const [message, attestation] of proof.timestamp.allAttestations()) {
		if (command === 'read')
			console.log(attestation.toString());
		else if (attestation instanceof Notary.BitcoinBlockHeaderAttestation && attestation.height === Number(rest[0]))
			held = attestation.verifyAgainstBlockheader(message, { merkleroot: rest[1], time: 1 }) === 1;
	}
	if (command === 'holds' && !held)
		throw new Error('no attestation holds');
}

main().catch((e) => {
	console.error(e && e.stack ? e.stack : e);
	process.exit(1);
});
