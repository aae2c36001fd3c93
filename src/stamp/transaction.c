/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/transaction.h"

#include <string.h>

#include "base/cursor.h"

constexpr uint8_t op_return = 0x6a;

/* A CompactSize of at most MAX, in the fewest bytes.  */
static size_t read_count(struct fh_cursor *c, size_t max)
{
	uint8_t first = fh_cursor_u8(c);
	uint64_t v = first, least = 0;

	if (first == 0xfd) {
		v = fh_cursor_le16(c);
		least = 0xfd;
	} else if (first == 0xfe) {
		v = fh_cursor_le32(c);
		least = 0x10000;
	} else if (first == 0xff) {
		fh_cursor_fail(c, FH_ERR_LIMIT);
	}
	if (v < least || v > max)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return fh_cursor_bad(c) ? 0 : (size_t)v;
}

static struct fh_span read_bytes(struct fh_cursor *c)
{
	return fh_cursor_take(c, read_count(c, FH_TRANSACTION_MAX));
}

/* What is in the middle of a transaction: inputs and outputs.  */
struct body {
	size_t inputs;
	size_t returns;           /* outputs with the commitment */
	struct fh_span committed; /* the commitment in the last one */
};

static void read_body(struct fh_cursor *c, struct fh_span commitment, struct body *b)
{
	b->inputs = read_count(c, FH_TRANSACTION_COUNTS_MAX);
	for (size_t i = 0; i < b->inputs && !fh_cursor_bad(c); i++) {
		(void)fh_cursor_take(c, 36);
		(void)read_bytes(c);
		(void)fh_cursor_le32(c);
	}

	size_t outputs = read_count(c, FH_TRANSACTION_COUNTS_MAX);

	for (size_t i = 0; i < outputs && !fh_cursor_bad(c); i++) {
		(void)fh_cursor_le64(c);

		struct fh_span script = read_bytes(c), pushed = fh_span_skip(script, 2);

		if (script.n == 2 + FH_HASH_SIZE && script.p[0] == op_return &&
		    script.p[1] == FH_HASH_SIZE && fh_span_equal(pushed, commitment)) {
			b->returns++;
			b->committed = pushed;
		}
	}
}

static void skip_witness(struct fh_cursor *c, size_t inputs)
{
	for (size_t i = 0; i < inputs && !fh_cursor_bad(c); i++) {
		size_t items = read_count(c, FH_TRANSACTION_COUNTS_MAX);

		for (size_t k = 0; k < items && !fh_cursor_bad(c); k++)
			(void)read_bytes(c);
	}
}

static fh_err refuse(struct fh_trace *t, fh_err e, const char *what)
{
	fh_trace_where(t, "transaction");
	fh_trace_what(t, "%s", what);
	return e;
}

fh_err fh_transaction_read(struct fh_span raw, const struct fh_hash *commitment,
			   struct fh_arena *a, struct fh_transaction *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(raw);
	struct fh_span version = fh_cursor_take(&c, 4), middle;
	bool witness = fh_span_starts(c.rest, FH_SPAN_LIT("\0\1")); /* BIP 144 */
	struct body b = { 0 };

	if (raw.n > FH_TRANSACTION_MAX)
		return refuse(t, FH_ERR_LIMIT, "it is too large");
	if (witness)
		(void)fh_cursor_take(&c, 2);
	middle = c.rest;
	read_body(&c, fh_hash_span(commitment), &b);
	middle = fh_span_first(middle, middle.n - c.rest.n);
	if (witness)
		skip_witness(&c, b.inputs);

	struct fh_span lock = fh_cursor_take(&c, 4);

	if (fh_cursor_end(&c) != FH_ERR_OK || b.inputs == 0)
		return refuse(t, FH_ERR_FORMAT, "it is malformed");
	if (b.returns != 1)
		return refuse(t, FH_ERR_MISSING, "it has not one output with the commitment");

	size_t n = version.n + middle.n + lock.n;
	struct fh_builder all = fh_builder_of(fh_arena_space(a, n), n);
	struct fh_transaction x = { .committed = version.n +
						 (size_t)(b.committed.p - middle.p) };

	if (n > FH_STAMP_MESSAGE_MAX)
		return refuse(t, FH_ERR_LIMIT, "it is too large to stand in a proof");
	if (all.p == nullptr)
		return FH_ERR_NOMEM;
	fh_builder_bytes(&all, version);
	fh_builder_bytes(&all, middle);
	fh_builder_bytes(&all, lock);
	x.bytes = fh_builder_span(&all);
	x.id = fh_hash_twice(x.bytes);
	*out = x;
	return FH_ERR_OK;
}

static fh_err extend(struct fh_stamp **at, enum fh_stamp_op op, struct fh_span argument,
		     struct fh_arena *a)
{
	return fh_stamp_extend(*at, op, argument, a, at);
}

static fh_err hash_twice(struct fh_stamp **at, struct fh_arena *a)
{
	fh_err e = extend(at, FH_STAMP_SHA256, (struct fh_span){ 0 }, a);

	return e != FH_ERR_OK ? e : extend(at, FH_STAMP_SHA256, (struct fh_span){ 0 }, a);
}

fh_err fh_transaction_path(struct fh_stamp *at, const struct fh_transaction *x, struct fh_arena *a,
			   struct fh_stamp **out)
{
	fh_err e = extend(&at, FH_STAMP_PREPEND, fh_span_first(x->bytes, x->committed), a);

	if (e == FH_ERR_OK)
		e = extend(&at, FH_STAMP_APPEND,
			   fh_span_skip(x->bytes, x->committed + FH_HASH_SIZE), a);
	if (e == FH_ERR_OK)
		e = hash_twice(&at, a);
	if (e == FH_ERR_OK)
		*out = at;
	return e;
}

/* The level above the N nodes of LEVEL, where the last one is taken twice if it is
 * alone.  */
static size_t shrink(struct fh_hash *level, size_t n)
{
	for (size_t i = 0; i < n; i += 2) {
		uint8_t both[2 * FH_HASH_SIZE];

		memcpy(both, level[i].bytes, FH_HASH_SIZE);
		memcpy(both + FH_HASH_SIZE, level[i + 1 < n ? i + 1 : i].bytes, FH_HASH_SIZE);
		level[i / 2] = fh_hash_twice(FH_SPAN_ARRAY(both));
	}
	return (n + 1) / 2;
}

fh_err fh_block_path(struct fh_stamp *at, const struct fh_hash *id, size_t n, struct fh_arena *a,
		     struct fh_stamp **out)
{
	fh_err e = FH_ERR_OK;
	size_t i = 0;

	if (n > FH_BLOCK_TRANSACTIONS_MAX)
		return FH_ERR_LIMIT;

	struct fh_hash *level = fh_arena_array(a, n, sizeof(*level));

	if (level == nullptr)
		return FH_ERR_NOMEM;
	while (i < n && !fh_span_equal(at->message, fh_hash_span(&id[i])))
		i++;
	if (i == n)
		return FH_ERR_MISSING;
	memcpy(level, id, n * sizeof(*level));
	for (; e == FH_ERR_OK && n > 1; i /= 2, n = shrink(level, n)) {
		size_t beside = (i ^ 1) < n ? i ^ 1 : i;
		enum fh_stamp_op op = beside < i ? FH_STAMP_PREPEND : FH_STAMP_APPEND;
		struct fh_span sibling;

		e = fh_arena_copy(a, fh_hash_span(&level[beside]), &sibling);
		if (e == FH_ERR_OK)
			e = extend(&at, op, sibling, a);
		if (e == FH_ERR_OK)
			e = hash_twice(&at, a);
	}
	if (e == FH_ERR_OK)
		*out = at;
	return e;
}
