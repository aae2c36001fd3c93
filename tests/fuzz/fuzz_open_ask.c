/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "wire/open_ask.h"
#include "wire/prune_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool same(const struct fh_open_ask *a, const struct fh_open_ask *b)
{
	return a->disclose == b->disclose && a->from == b->from && a->to == b->to
	       && a->fields == b->fields;
}

/* The same of one that asks for a pruning.  */
static void prune(struct fh_span in)
{
	uint8_t line[FH_PRUNE_ASK_LINE_MAX], params[FH_PRUNE_ASK_PARAMS_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(line), map = FH_BUILDER_ARRAY(params);
	uint64_t from;

	if (fh_prune_ask_parse(in, &from) == FH_ERR_OK) {
		fh_prune_ask_put_line(&b, from);
		if (b.bad || !fh_span_equal(fh_builder_span(&b), in))
			abort();
	}
	if (fh_prune_ask_read(in, &from) == FH_ERR_OK) {
		fh_prune_ask_put(&map, from);
		if (map.bad || !fh_span_equal(fh_builder_span(&map), in))
			abort();
	}
}

/* A line of a reader, and the same as it crosses to core: what a line becomes is within the
 * limits and read back both ways, and what is read as a map has one encoding.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t line[FH_OPEN_ASK_LINE_MAX], params[FH_OPEN_ASK_PARAMS_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(line), map = FH_BUILDER_ARRAY(params);
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_open_ask o, again;
	struct fh_trace t = { 0 };

	if (fh_open_ask_parse(in, &o, &t) == FH_ERR_OK) {
		fh_open_ask_put_line(&b, &o);
		if (b.bad || fh_open_ask_parse(fh_builder_span(&b), &again, &t) != FH_ERR_OK
		    || !same(&o, &again))
			abort();
		fh_open_ask_put(&map, &o);
		if (map.bad || fh_open_ask_read(fh_builder_span(&map), &again) != FH_ERR_OK
		    || !same(&o, &again) || o.to - o.from >= FH_OPEN_ASK_ENTRIES_MAX)
			abort();
	}
	prune(in);
	map.n = 0;
	if (fh_open_ask_read(in, &o) == FH_ERR_OK) {
		fh_open_ask_put(&map, &o);
		if (!fh_span_equal(fh_builder_span(&map), in))
			abort();
	}
	return 0;
}
