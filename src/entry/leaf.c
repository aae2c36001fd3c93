/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/leaf.h"

#include "codec/cbor.h"

static const char *const kinds[FH_ENTRY_KINDS] = {
	[FH_ENTRY_SESSION] = "session", [FH_ENTRY_START] = "start",
	[FH_ENTRY_CHAIN] = "chain",     [FH_ENTRY_INTENT] = "intent",
	[FH_ENTRY_OUTCOME] = "outcome", [FH_ENTRY_REFUSAL] = "refusal",
	[FH_ENTRY_STOP] = "stop", [FH_ENTRY_QUOTE] = "quote", [FH_ENTRY_BOOT] = "boot",
	[FH_ENTRY_LEASE] = "lease", [FH_ENTRY_STATE] = "state",
	[FH_ENTRY_ANSWER] = "answer",
	[FH_ENTRY_WITNESS] = "witness",
	[FH_ENTRY_SHRED] = "shred",
	[FH_ENTRY_PRUNE] = "prune",
};

constexpr size_t members = 9;
constexpr size_t moments = 4;

const char *fh_entry_kind_text(enum fh_entry_kind k)
{
	if ((unsigned)k >= FH_ENTRY_KINDS || kinds[k] == nullptr)
		return "unknown";
	return kinds[k];
}

static void put_hash(struct fh_builder *b, uint64_t key, const struct fh_hash *h)
{
	fh_cbor_put_uint(b, key);
	fh_cbor_put_hash(b, h);
}

void fh_leaf_put(struct fh_builder *b, const struct fh_leaf *l)
{
	fh_cbor_put_map(b, members);
	fh_cbor_put_uint(b, 1);
	fh_cbor_put_uint(b, FH_LEAF_VERSION);
	fh_cbor_put_uint(b, 2);
	fh_cbor_put_uint(b, l->index);
	fh_cbor_put_uint(b, 3);
	fh_cbor_put_array(b, moments);
	fh_cbor_put_uint(b, l->time.lo_ms);
	fh_cbor_put_uint(b, l->time.hi_ms);
	fh_cbor_put_uint(b, l->boot);
	fh_cbor_put_uint(b, l->start);
	put_hash(b, 4, &l->session);
	fh_cbor_put_uint(b, 5);
	fh_cbor_put_uint(b, l->kind);
	fh_cbor_put_uint(b, 6);
	fh_cbor_put_text(b, l->class);
	put_hash(b, 7, &l->chain_head);
	put_hash(b, 8, &l->payload);
	put_hash(b, 9, &l->fields);
}

static struct fh_hash read_hash(struct fh_cursor *c, uint64_t key)
{
	fh_cbor_key(c, key);
	return fh_cbor_hash(c);
}

fh_err fh_leaf_read(struct fh_span bytes, struct fh_leaf *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_leaf l = { 0 };

	fh_cbor_map_exact(&c, members);
	fh_cbor_key(&c, 1);
	if (fh_cbor_uint(&c) != FH_LEAF_VERSION && !fh_cursor_bad(&c))
		return FH_ERR_VERSION;
	fh_cbor_key(&c, 2);
	l.index = fh_cbor_uint(&c);
	fh_cbor_key(&c, 3);
	fh_cbor_array_exact(&c, moments);
	l.time.lo_ms = fh_cbor_uint(&c);
	l.time.hi_ms = fh_cbor_uint(&c);
	l.boot = fh_cbor_uint(&c);
	l.start = fh_cbor_uint(&c);
	l.session = read_hash(&c, 4);
	fh_cbor_key(&c, 5);
	uint64_t kind = fh_cbor_uint(&c);

	fh_cbor_key(&c, 6);
	l.class = fh_cbor_text(&c, FH_CLASS_MAX);
	if (l.class.n == 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	l.chain_head = read_hash(&c, 7);
	l.payload = read_hash(&c, 8);
	l.fields = read_hash(&c, 9);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	if (kind == 0 || kind >= FH_ENTRY_KINDS)
		return FH_ERR_UNKNOWN;
	if (l.time.lo_ms > l.time.hi_ms)
		return FH_ERR_FORMAT;
	l.kind = (enum fh_entry_kind)kind;
	*out = l;
	return FH_ERR_OK;
}
