/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/pruned.h"

#include "codec/cbor.h"
#include "entry/field.h"

#define STUBS_LABEL "freehold/pruned/v1\n"

constexpr size_t members = 5;

/* --- what the entry says ------------------------------------------------- */

static void put_number(struct fh_builder *b, const char *name, uint64_t v)
{
	fh_cbor_put_text(b, fh_span_str(name));
	fh_cbor_put_uint(b, v);
}

void fh_prune_put(struct fh_builder *b, const struct fh_prune *p)
{
	fh_cbor_put_map(b, members);
	put_number(b, "end", p->end);
	put_number(b, "first", p->first);
	fh_cbor_put_text(b, FH_SPAN_LIT("names"));
	fh_cbor_put_hash(b, &p->names);
	put_number(b, "state", p->state);
	put_number(b, "stubs", p->stubs);
}

static uint64_t take_number(struct fh_cursor *c, const char *name)
{
	fh_cbor_name(c, name);
	return fh_cbor_uint(c);
}

fh_err fh_prune_read(struct fh_span detail, struct fh_prune *out)
{
	struct fh_cursor c = fh_cursor_of(detail);
	struct fh_prune p;

	fh_cbor_map_exact(&c, members);
	p.end = take_number(&c, "end");
	p.first = take_number(&c, "first");
	fh_cbor_name(&c, "names");
	p.names = fh_cbor_hash(&c);
	p.state = take_number(&c, "state");
	p.stubs = take_number(&c, "stubs");
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && (p.first >= p.end || p.state <= p.first || p.stubs == 0
			       || p.stubs > p.end - p.first))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

fh_err fh_prune_of_payload(struct fh_span payload, struct fh_prune *out)
{
	struct fh_span detail;
	fh_err e = fh_payload_value(payload, FH_FIELD_DETAIL, &detail);

	return e == FH_ERR_OK ? fh_prune_read(detail, out) : e;
}

/* --- what it is about ---------------------------------------------------- */

void fh_stubs_begin(struct fh_stubs *s)
{
	*s = (struct fh_stubs){ 0 };
	fh_sha256_begin(&s->sha);
	fh_sha256_add(&s->sha, FH_SPAN_LIT(STUBS_LABEL));
}

void fh_stubs_add(struct fh_stubs *s, uint64_t index, const struct fh_sealed *names)
{
	uint8_t bytes[8 + 1];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_be64(&b, index);
	fh_builder_u8(&b, (uint8_t)names->parts);
	fh_sha256_add(&s->sha, fh_builder_span(&b));
	for (size_t i = 0; i < names->parts; i++)
		fh_sha256_add(&s->sha, names->part[i].name);
	if (s->n++ == 0)
		s->first = index;
	s->last = index;
}

struct fh_stubs_sum fh_stubs_sum(const struct fh_stubs *s)
{
	struct fh_sha256 fork = s->sha;

	return (struct fh_stubs_sum){ s->n, s->first, s->last, fh_sha256_end(&fork) };
}

bool fh_prune_covers(const struct fh_prune *p, uint64_t first, uint64_t end,
		     const struct fh_stubs_sum *s)
{
	return p->first == first && p->end == end && p->stubs == s->n && s->last < p->state
	       && fh_hash_equal(&s->names, &p->names);
}

bool fh_prune_allows(uint64_t state, struct fh_shredded *all, uint64_t index,
		     const struct fh_sealed *sealed)
{
	uint64_t by;

	if (index >= state)
		return false;
	for (size_t i = 0; i < sealed->parts; i++) {
		if (fh_shredded_key_find(all, index, sealed->part[i].name, &by) != FH_ERR_OK)
			return false;
	}
	return true;
}
