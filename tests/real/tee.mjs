// SPDX-License-Identifier: Apache-2.0
// Stands between the gate and a tool server:  node tee.mjs HEARD PROGRAM [ARGUMENT ...]
// Whatever comes in goes to PROGRAM unchanged, and into the file HEARD first: what is not there, no server was told.
import { spawn } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';

const [heard, program, ...rest] = process.argv.slice(2);
const file = openSync(heard, 'a');
const server = spawn(program, rest, { stdio: ['pipe', 'inherit', 'inherit'] });

process.stdin.on('data', (bytes) => {
	writeSync(file, bytes);
	server.stdin.write(bytes);
});
process.stdin.on('end', () => server.stdin.end());
server.on('exit', (status) => process.exit(status ?? 1));
