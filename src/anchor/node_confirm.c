/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor/node_private.h"

#include <string.h>

#include "codec/cbor.h"
#include "codec/lookup.h"
#include "stamp/transaction.h"

/* A block as the node has it.  */
struct block {
	struct fh_hash hash;
	struct fh_header header;
	uint64_t height;
};

/* [HASH] or [HASH,MORE] */
static fh_err call_hash(struct fh_node *n, const char *method, struct fh_span hash,
			const char *more, struct fh_span *out, struct fh_trace *t)
{
	uint8_t room[128];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_builder_u8(&b, '[');
	fh_node_put_hash(&b, hash);
	fh_builder_text(&b, more);
	fh_builder_u8(&b, ']');
	return fh_node_call(n, method, fh_builder_span(&b), out, t);
}

/* Where the transaction ID is, by the wallet, or else by the node's index.  */
static fh_err find_transaction(struct fh_node *n, struct fh_span id, struct fh_span *out,
			       struct fh_trace *t)
{
	fh_err e = call_hash(n, "gettransaction", id, "", out, t);

	if (e == FH_ERR_STATE || e == FH_ERR_UNKNOWN)
		e = call_hash(n, "getrawtransaction", id, ",1", out, t);
	return e;
}

static fh_err too_early(struct fh_trace *t, int64_t confirmations, uint64_t wanted)
{
	fh_trace_what(t, "its transaction is under %lld of the %llu blocks it needs",
		      confirmations < 0 ? 0LL : (long long)confirmations,
		      (unsigned long long)wanted);
	fh_trace_cure(t, "run this again when more blocks have been found");
	return FH_ERR_MISSING;
}

/* The block that holds the transaction ID, if it is deep enough.  */
static fh_err find_block(struct fh_node *n, struct fh_span id, uint64_t confirmations,
			 struct block *out, struct fh_trace *t)
{
	struct fh_span result, hash;
	int64_t deep = 0, height;
	fh_err e = find_transaction(n, id, &result, t);

	if (e != FH_ERR_OK)
		return e;
	(void)fh_node_number_of(result, "confirmations", &deep);
	if (deep < 1 || (uint64_t)deep < confirmations ||
	    !fh_node_text_of(result, "blockhash", &hash))
		return too_early(t, deep, confirmations);
	if (fh_node_read_hash(hash, &out->hash) != FH_ERR_OK)
		return fh_node_nonsense(t, "gettransaction");
	e = call_hash(n, "getblockheader", fh_hash_span(&out->hash), ",true", &result, t);
	if (e != FH_ERR_OK)
		return e;
	/* A block beside the best chain has -1.  */
	deep = 0;
	(void)fh_node_number_of(result, "confirmations", &deep);
	if (deep < 1 || (uint64_t)deep < confirmations)
		return too_early(t, deep, confirmations);
	if (!fh_node_number_of(result, "height", &height) || height < 0)
		return fh_node_nonsense(t, "getblockheader");
	out->height = (uint64_t)height;
	return FH_ERR_OK;
}

/* The block's header, which must have the block's hash, and the work.  */
static fh_err read_header(struct fh_node *n, enum fh_network network, struct fh_arena *a,
			  struct block *b, struct fh_trace *t)
{
	struct fh_span result, hex, bytes;
	fh_err e = call_hash(n, "getblockheader", fh_hash_span(&b->hash), ",false", &result, t);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_node_text(result, &hex) || hex.n != 2 * FH_HEADER_SIZE ||
	    fh_node_read_bytes(hex, a, &bytes) != FH_ERR_OK)
		return fh_node_nonsense(t, "getblockheader");
	b->header = fh_header_of(bytes.p);
	if (!fh_hash_equal(&b->header.hash, &b->hash) || !fh_header_works(&b->header, network) ||
	    !fh_header_hard_enough(&b->header, network, b->height)) {
		fh_trace_what(t, "the header it gives has not the block's hash or work");
		return FH_ERR_FORMAT;
	}
	return FH_ERR_OK;
}

/* The ids of the block's transactions, in A.  */
static fh_err read_ids(struct fh_node *n, const struct block *b, struct fh_arena *a,
		       struct fh_hash **out, size_t *count, struct fh_trace *t)
{
	struct fh_span result;
	fh_err e = call_hash(n, "getblock", fh_hash_span(&b->hash), ",1", &result, t);

	if (e != FH_ERR_OK)
		return e;

	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(result, "tx"));
	size_t all = fh_cbor_array(&c, FH_BLOCK_TRANSACTIONS_MAX);
	struct fh_hash *id = fh_arena_array(a, all, sizeof(*id));

	if (id == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < all; i++) {
		struct fh_span text = fh_cbor_text(&c, 2 * FH_HASH_SIZE);

		if (fh_node_read_hash(text, &id[i]) != FH_ERR_OK)
			return fh_node_nonsense(t, "getblock");
	}
	*out = id;
	*count = all;
	return fh_cursor_bad(&c) ? fh_node_nonsense(t, "getblock") : FH_ERR_OK;
}

fh_err fh_node_confirm(struct fh_node *n, enum fh_network network, uint64_t confirmations,
		       struct fh_stamp *at, struct fh_arena *a, struct fh_trace *t)
{
	struct block b;
	struct fh_hash *id = nullptr;
	struct fh_stamp *root;
	size_t count = 0;
	fh_err e = find_block(n, at->message, confirmations, &b, t);

	if (e == FH_ERR_OK)
		e = read_header(n, network, a, &b, t);
	if (e == FH_ERR_OK)
		e = read_ids(n, &b, a, &id, &count, t);
	if (e != FH_ERR_OK)
		return e;

	/* The path is looked at before it is put into the tree.  */
	struct fh_stamp *path;

	e = fh_stamp_begin(at->message, a, &path);
	if (e == FH_ERR_OK)
		e = fh_block_path(path, id, count, a, &root);
	if (e == FH_ERR_MISSING ||
	    (e == FH_ERR_OK && !fh_span_equal(root->message, fh_hash_span(&b.header.root)))) {
		fh_trace_what(t, "the block it gives does not hold the transaction");
		return FH_ERR_FORMAT;
	}
	if (e == FH_ERR_OK)
		e = fh_stamp_attest_bitcoin(root, b.height, a);
	return e != FH_ERR_OK ? e : fh_stamp_merge(at, path, a);
}
