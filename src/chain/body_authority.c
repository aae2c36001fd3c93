/* SPDX-License-Identifier: Apache-2.0 */
/* Who may sign: the bodies `genesis` and `signers`.  */
#include "chain/body_private.h"
#include "chain/lease.h"

constexpr size_t kind_max = 32;
constexpr size_t nonce_size = 32;

static const char *const placements[] = {
	[FH_PLACEMENT_CO_LOCATED] = "co-located",
	[FH_PLACEMENT_OFFLINE] = "offline",
	[FH_PLACEMENT_HSM] = "hsm",
	[FH_PLACEMENT_ENCLAVE] = "enclave",
};
constexpr size_t placements_n = sizeof(placements) / sizeof(placements[0]);

const char *fh_placement_text(enum fh_placement p)
{
	return placements[(size_t)p < placements_n ? p : FH_PLACEMENT_CO_LOCATED];
}

fh_err fh_placement_parse(struct fh_span text, enum fh_placement *out)
{
	for (size_t i = 0; i < placements_n; i++) {
		if (fh_span_equal(text, fh_span_str(placements[i]))) {
			*out = (enum fh_placement)i;
			return FH_ERR_OK;
		}
	}
	return FH_ERR_UNKNOWN;
}

const struct fh_signer_key *fh_authority_signer(const struct fh_authority *a,
						const struct fh_hash *id)
{
	for (size_t i = 0; i < a->signers; i++) {
		if (fh_hash_equal(&a->signer[i].id, id))
			return &a->signer[i];
	}
	return nullptr;
}

static const struct fh_threshold *threshold_of(const struct fh_authority *a, struct fh_span kind)
{
	for (size_t i = 0; i < a->thresholds; i++) {
		if (fh_span_equal(a->threshold[i].kind, kind))
			return &a->threshold[i];
	}
	return nullptr;
}

uint32_t fh_authority_threshold(const struct fh_authority *a, struct fh_span kind)
{
	const struct fh_threshold *own = threshold_of(a, kind);

	if (own == nullptr)
		own = threshold_of(a, FH_SPAN_LIT("default"));
	/* Without a threshold more than there can be is needed.  */
	return own == nullptr ? UINT32_MAX : own->count;
}

static void read_signers(struct fh_members *m, struct fh_authority *a)
{
	fh_members_need(m, "signers");
	a->signers = fh_cbor_array(&m->c, FH_SIGNERS_MAX);
	if (a->signers == 0)
		fh_members_refuse(m, "signers", "must be 1 to 16 keys");
	for (size_t i = 0; i < a->signers; i++) {
		struct fh_signer_key *s = &a->signer[i];

		fh_cbor_map_exact(&m->c, 2);
		if (!fh_span_equal(fh_cbor_text(&m->c, kind_max), FH_SPAN_LIT("key")))
			fh_members_refuse(m, "signers", "must each have a `key`");
		s->key = fh_cbor_bytes_exact(&m->c, FH_MLDSA65_PUBLIC_SIZE);
		if (!fh_span_equal(fh_cbor_text(&m->c, kind_max), FH_SPAN_LIT("companion")))
			fh_members_refuse(m, "signers", "must each have a `companion`");
		s->companion = fh_cbor_bytes_exact(&m->c, FH_P256_PUBLIC_SIZE);
		s->id = fh_key_id(s->key);
		if (i > 0 && fh_span_compare(fh_hash_span(&a->signer[i - 1].id),
					     fh_hash_span(&s->id)) >= 0)
			fh_members_refuse(m, "signers", "must be distinct, in rising key id");
	}
}

static void read_recovery(struct fh_members *m, struct fh_authority *a)
{
	if (!fh_members_has(m, "recovery"))
		return;
	a->recoveries = fh_cbor_array(&m->c, FH_SIGNERS_MAX);
	for (size_t i = 0; i < a->recoveries; i++) {
		a->recovery[i] = fh_cbor_bytes_exact(&m->c, FH_MLDSA65_PUBLIC_SIZE);

		struct fh_hash id = fh_key_id(a->recovery[i]);

		if (fh_authority_signer(a, &id) != nullptr)
			fh_members_refuse(m, "recovery", "must not hold a key that is a signer");
		for (size_t k = 0; k < i; k++) {
			if (fh_span_equal(a->recovery[k], a->recovery[i]))
				fh_members_refuse(m, "recovery", "names one key twice");
		}
	}
}

static void read_thresholds(struct fh_members *m, struct fh_authority *a)
{
	fh_members_need(m, "thresholds");
	a->thresholds = fh_cbor_map(&m->c, FH_THRESHOLDS_MAX);
	for (size_t i = 0; i < a->thresholds; i++) {
		struct fh_threshold *t = &a->threshold[i];

		t->kind = fh_cbor_text(&m->c, kind_max);
		uint64_t count = fh_cbor_uint(&m->c);

		if (count == 0 || count > a->signers)
			fh_members_refuse(m, "thresholds",
					  "must lie between 1 and the number of signers");
		t->count = (uint32_t)count;
		if (fh_statement_kind_parse(t->kind) == FH_STATEMENT_OTHER &&
		    !fh_span_equal(t->kind, FH_SPAN_LIT(FH_LEASE_KIND)) &&
		    !fh_span_equal(t->kind, FH_SPAN_LIT("default")))
			fh_members_refuse(m, "thresholds", "names a kind that is not known here");
	}
	if (threshold_of(a, FH_SPAN_LIT("default")) == nullptr)
		fh_members_refuse(m, "thresholds", "must have one for \"default\"");
}

static fh_err end(struct fh_members *m)
{
	if (fh_cursor_bad(&m->c))
		return m->c.why;
	return fh_members_end(m);
}

fh_err fh_genesis_read(struct fh_span body, struct fh_genesis *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "genesis", t);
	struct fh_genesis g = { 0 };

	g.name = fh_members_name(&m, "name");
	g.nonce = fh_members_bytes(&m, "nonce", nonce_size);
	read_signers(&m, &g.authority);
	read_recovery(&m, &g.authority);
	if (fh_placement_parse(fh_members_text(&m, "placement", kind_max), &g.placement) !=
	    FH_ERR_OK)
		fh_members_refuse(&m, "placement", "must be co-located, offline, hsm or enclave");
	g.recipient = fh_members_bytes(&m, "recipient", FH_KEM_PUBLIC_SIZE);
	read_thresholds(&m, &g.authority);

	fh_err e = end(&m);

	if (e == FH_ERR_OK)
		*out = g;
	return e;
}

fh_err fh_signers_read(struct fh_span body, struct fh_authority *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "signers", t);
	struct fh_authority a = { 0 };

	read_signers(&m, &a);
	read_recovery(&m, &a);
	read_thresholds(&m, &a);

	fh_err e = end(&m);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}

static void put_signers(struct fh_builder *b, const struct fh_authority *a)
{
	fh_put_name(b, "signers");
	fh_cbor_put_array(b, a->signers);
	for (size_t i = 0; i < a->signers; i++) {
		fh_cbor_put_map(b, 2);
		fh_put_name(b, "key");
		fh_cbor_put_bytes(b, a->signer[i].key);
		fh_put_name(b, "companion");
		fh_cbor_put_bytes(b, a->signer[i].companion);
	}
	if (a->recoveries == 0)
		return;
	fh_put_name(b, "recovery");
	fh_cbor_put_array(b, a->recoveries);
	for (size_t i = 0; i < a->recoveries; i++)
		fh_cbor_put_bytes(b, a->recovery[i]);
}

static void put_thresholds(struct fh_builder *b, const struct fh_authority *a)
{
	fh_put_name(b, "thresholds");
	fh_cbor_put_map(b, a->thresholds);
	for (size_t i = 0; i < a->thresholds; i++) {
		fh_cbor_put_text(b, a->threshold[i].kind);
		fh_cbor_put_uint(b, a->threshold[i].count);
	}
}

void fh_genesis_put(struct fh_builder *b, const struct fh_genesis *g)
{
	fh_cbor_put_map(b, g->authority.recoveries > 0 ? 7 : 6);
	fh_put_name(b, "name");
	fh_cbor_put_text(b, g->name);
	fh_put_name(b, "nonce");
	fh_cbor_put_bytes(b, g->nonce);
	put_signers(b, &g->authority);
	fh_put_name(b, "placement");
	fh_put_name(b, fh_placement_text(g->placement));
	fh_put_name(b, "recipient");
	fh_cbor_put_bytes(b, g->recipient);
	put_thresholds(b, &g->authority);
}

void fh_signers_put(struct fh_builder *b, const struct fh_authority *a)
{
	fh_cbor_put_map(b, a->recoveries > 0 ? 3 : 2);
	put_signers(b, a);
	put_thresholds(b, a);
}
