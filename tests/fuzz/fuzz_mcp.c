/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the side: a client's message, or a server's line.
 * What is read is written again, and what is written must be read.  */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/cbor.h"
#include "wire/mcp.h"
#include "wire/progress.h"
#include "wire/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t input_max = 16 << 10;
constexpr size_t memory_max = 2 << 20;
constexpr size_t text_max = 256 << 10;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void fuzz_client(struct fh_span json, struct fh_arena *a, struct fh_builder *b)
{
	struct fh_trace t = { 0 };
	struct fh_mcp m;
	fh_err e = fh_mcp_read(json, a, &m, &t);

	demand((e == FH_ERR_OK) == (m.reason == FH_MCP_REASON_FINE));
	demand(e == FH_ERR_OK || t.what[0] != '\0' || e == FH_ERR_NOMEM);
	demand(m.id.n == 0 || fh_cbor_check(m.id) == FH_ERR_OK);
	if (e != FH_ERR_OK)
		return;
	demand(m.params.n == 0 || fh_cbor_check(m.params) == FH_ERR_OK);
	demand(m.method != FH_MCP_CALL || (m.tool.n > 0 && fh_rpc_is(m.params, FH_CBOR_MAP)));
	struct fh_mcp_refusal no = { .code = FH_MCP_CODE_REFUSED, .reason = m.name,
				     .text = m.tool, .policy = &m.tool, .policies = 1 };

	fh_mcp_put_refused_call(b, m.id, &no);
	fh_mcp_put_error(b, m.id, &no);
	if (m.params.n > 0)
		demand(fh_mcp_put_result(b, m.id, m.params) == FH_ERR_OK);
	demand(m.progress.n <= FH_MCP_ID_MAX && (m.progress.n == 0 || m.method == FH_MCP_CALL));
	if (m.progress.n > 0)
		demand(fh_mcp_put_progress(b, m.progress, FH_SPAN_LIT("\xa1\x68progress\x01"))
		       == FH_ERR_OK);
}

static void fuzz_progress(struct fh_span params, struct fh_arena *a, struct fh_builder *b)
{
	struct fh_span told;
	uint64_t token;

	if (fh_mcp_read_progress(params, a, &token, &told) != FH_ERR_OK)
		return;
	demand(told.n <= FH_PROGRESS_MAX && fh_cbor_check(told) == FH_ERR_OK);
	demand(fh_mcp_put_progress(b, FH_SPAN_LIT("\x01"), told) == FH_ERR_OK);
}

static void fuzz_server(struct fh_span line, struct fh_arena *a, struct fh_builder *b)
{
	struct fh_server_message m, again;

	if (fh_mcp_read_server(line, a, &m, nullptr) != FH_ERR_OK)
		return;
	if (m.said == FH_SERVER_RESULT) {
		static const uint8_t id[] = { 0x01 };
		struct fh_arena rest = fh_arena_of(a->p + memory_max / 2, memory_max / 2);

		demand(fh_mcp_put_result(b, FH_SPAN_ARRAY(id), m.body) == FH_ERR_OK);
		if (a->n <= memory_max / 2)
			demand(fh_mcp_read_server(fh_builder_span(b), &rest, &again, nullptr)
			       == FH_ERR_OK);
	}
	if (m.said == FH_SERVER_REQUEST)
		fh_mcp_put_no_method(b, m.request_id);
	if (m.said == FH_SERVER_NOTICE)
		fuzz_progress(m.params, a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t text[text_max];
	alignas(max_align_t) static uint8_t memory[memory_max];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder b = fh_builder_of(text, sizeof(text));
	struct fh_span input = fh_span_of(bytes, n);

	if (n == 0 || n > input_max)
		return 0;
	if (bytes[0] == 's')
		fuzz_server(fh_span_skip(input, 1), &a, &b);
	else
		fuzz_client(fh_span_skip(input, 1), &a, &b);
	return 0;
}
