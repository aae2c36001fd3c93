// SPDX-License-Identifier: Apache-2.0
// A tool server by the official library that says how far it is:  node teller.mjs MODULES
// Its one tool counts, a step after the other, and says so to whoever asked to hear it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const sdk = (name) => import(pathToFileURL(join(process.argv[2], '@modelcontextprotocol/sdk/dist/esm', name)));
const { Server } = await sdk('server/index.js');
const { StdioServerTransport } = await sdk('server/stdio.js');
const { CallToolRequestSchema, ListToolsRequestSchema } = await sdk('types.js');

const server = new Server({ name: 'teller', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
	tools: [{ name: 'count', inputSchema: { type: 'object', properties: { to: { type: 'integer' } } } }],
}));
server.setRequestHandler(CallToolRequestSchema, async ({ params }, { sendNotification }) => {
	const progressToken = params._meta?.progressToken, total = params.arguments.to;
	for (let progress = 1; progress <= total; progress++) {
		await new Promise((later) => setTimeout(later, 20));
		if (progressToken !== undefined) {
			await sendNotification({ method: 'notifications/progress',
				params: { progressToken, progress, total, message: `step ${progress}` } });
		}
	}
	return { content: [{ type: 'text', text: `counted to ${total}` }] };
});
await server.connect(new StdioServerTransport());
