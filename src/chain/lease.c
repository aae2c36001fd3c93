/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/lease.h"

#include <stdckdint.h>

#include "chain/chain_private.h"

constexpr size_t parts = 9;
constexpr uint64_t time_max = INT64_MAX;

void fh_lease_put(struct fh_builder *b, const struct fh_lease *l)
{
	fh_cbor_put_array(b, parts);
	fh_cbor_put_text(b, FH_SPAN_LIT(FH_LEASE_KIND));
	fh_cbor_put_uint(b, FH_LEASE_VERSION);
	fh_cbor_put_hash(b, &l->chain_id);
	fh_cbor_put_hash(b, &l->head);
	fh_cbor_put_hash(b, &l->device);
	fh_cbor_put_uint(b, l->counter);
	fh_cbor_put_uint(b, l->issued_ms);
	fh_cbor_put_uint(b, l->begins_ms);
	fh_cbor_put_uint(b, l->duration_ms);
}

/* Opens the payload up to the version.  */
static void read_kind(struct fh_cursor *c, uint64_t *version)
{
	fh_cbor_array_exact(c, parts);
	if (!fh_span_equal(fh_cbor_text(c, FH_NAME_MAX), FH_SPAN_LIT(FH_LEASE_KIND)))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	*version = fh_cbor_uint(c);
}

bool fh_lease_file_is(struct fh_span file)
{
	struct fh_cursor c = fh_cursor_of(file);
	uint64_t version;

	fh_cbor_array_exact(&c, 2);
	struct fh_cursor payload = fh_cursor_of(fh_cbor_bytes(&c, FH_LEASE_PAYLOAD_MAX));

	read_kind(&payload, &version);
	return !fh_cursor_bad(&c) && !fh_cursor_bad(&payload);
}

static fh_err read_payload(struct fh_span payload, struct fh_lease *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(payload);
	struct fh_lease l = { .payload = payload };
	uint64_t version;

	read_kind(&c, &version);
	if (!fh_cursor_bad(&c) && version != FH_LEASE_VERSION) {
		fh_trace_what(t, "lease version %llu is not known here",
			      (unsigned long long)version);
		fh_trace_cure(t, "update Freehold on this machine");
		return FH_ERR_VERSION;
	}
	l.chain_id = fh_cbor_hash(&c);
	l.head = fh_cbor_hash(&c);
	l.device = fh_cbor_hash(&c);
	l.counter = fh_cbor_uint(&c);
	l.issued_ms = fh_cbor_uint(&c);
	l.begins_ms = fh_cbor_uint(&c);
	l.duration_ms = fh_cbor_uint(&c);
	if (l.counter == 0 || l.duration_ms == 0 || l.issued_ms > time_max
	    || l.begins_ms > time_max)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = l;
	return e;
}

fh_err fh_lease_file_read(struct fh_span file, struct fh_lease_file *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(file);
	struct fh_lease_file f = { 0 };

	fh_cbor_array_exact(&c, 2);
	fh_err e = read_payload(fh_cbor_bytes(&c, FH_LEASE_PAYLOAD_MAX), &f.lease, t);

	if (e == FH_ERR_VERSION)
		return e;
	if (e == FH_ERR_OK)
		e = fh_cose_read_sign(&c, f.signature, FH_STATEMENT_SIGNATURES_MAX, &f.signatures);
	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "this is no lease, or a damaged one");
		fh_trace_cure(t, "fetch it again from where it was signed");
		return e;
	}
	*out = f;
	return FH_ERR_OK;
}

/* --- may it be believed? -------------------------------------------------- */

static fh_err check_signature(const struct fh_authority *a, const struct fh_cose_signature *s,
			      struct fh_span to_sign, struct fh_trace *t)
{
	const struct fh_signer_key *k = fh_authority_signer(a, &s->key_id);
	fh_err e = k == nullptr ? FH_ERR_SIGNATURE
				: fh_signature_check(k->key, to_sign, s->signature);

	if (e == FH_ERR_SIGNATURE) {
		fh_trace_what(t, k == nullptr ? "signed by key %02x%02x%02x%02x..., which may not "
						"sign now"
					      : "the signature of key %02x%02x%02x%02x... is wrong",
			      s->key_id.bytes[0], s->key_id.bytes[1], s->key_id.bytes[2],
			      s->key_id.bytes[3]);
		fh_trace_cure(t, "`freehold chain show` lists the keys that may");
	}
	return e;
}

/* How many signatures are missing where A says who may sign; FH_ERR_SIGNATURE for a wrong one.  */
static fh_err count(const struct fh_authority *a, const struct fh_lease_file *f, size_t *more,
		    struct fh_trace *t)
{
	uint8_t bytes[FH_LEASE_PAYLOAD_MAX + FH_COSE_SIGNED_OVERHEAD];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span to_sign;

	fh_cose_put_signed(&b, FH_SPAN_LIT(FH_LEASE_AAD), f->lease.payload);
	fh_err e = fh_builder_end(&b, &to_sign);

	for (size_t i = 0; e == FH_ERR_OK && i < f->signatures; i++)
		e = check_signature(a, &f->signature[i], to_sign, t);
	if (e != FH_ERR_OK)
		return e;
	uint32_t needed = fh_authority_threshold(a, FH_SPAN_LIT(FH_LEASE_KIND));

	*more = needed > f->signatures ? needed - f->signatures : 0;
	return FH_ERR_OK;
}

fh_err fh_lease_wants(const struct fh_chain *c, const struct fh_lease_file *f, size_t *more,
		      struct fh_trace *t)
{
	const struct fh_authority *a = c->head.authority;

	return a == nullptr ? FH_ERR_STATE : count(a, f, more, t);
}

static fh_err refuse(struct fh_trace *t, fh_err e, const char *what, const char *cure)
{
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "%s", cure);
	return e;
}

static fh_err fits(const struct fh_chain *c, const struct fh_lease *l,
		   const struct fh_hash *device, uint64_t last, struct fh_trace *t)
{
	uint64_t sequence;

	if (!fh_hash_equal(&l->chain_id, &c->id))
		return refuse(t, FH_ERR_UNKNOWN, "the lease belongs to another chain",
			      "sign one for this chain");
	if (!fh_hash_equal(&l->device, device))
		return refuse(t, FH_ERR_CONFLICT, "the lease is for another machine",
			      "sign one for this machine: `freehold status` names it");
	if (c->state != FH_CHAIN_LIVE)
		return refuse(t, FH_ERR_STATE, "the chain is not live, so nothing new is granted",
			      "`freehold chain show` says why");
	if (fh_chain_find(c, &l->head, &sequence) != FH_ERR_OK)
		return refuse(t, FH_ERR_MISSING, "the lease names a statement that is not here",
			      "import the chain up to it first");
	if (l->counter <= last)
		return refuse(t, FH_ERR_EXISTS, "the lease is older than the one that was taken",
			      "sign a new one");
	return FH_ERR_OK;
}

fh_err fh_lease_judge(const struct fh_chain *c, const struct fh_lease_file *f,
		      const struct fh_hash *device, uint64_t last, struct fh_trace *t)
{
	size_t more;
	fh_err e = fits(c, &f->lease, device, last, t);

	if (e == FH_ERR_OK)
		e = fh_lease_wants(c, f, &more, t);
	if (e == FH_ERR_OK && more > 0)
		return refuse(t, FH_ERR_SIGNATURE, "the lease wants more signatures",
			      "have another operator key add its own with `freehold sign`");
	return e;
}

static bool could_sign(const struct fh_chain_step *s, const struct fh_lease_file *f)
{
	size_t more;

	return count(&s->authority->authority, f, &more, nullptr) == FH_ERR_OK && more == 0;
}

/* The place of the statement with HASH, on a side of a fork, too.  */
static bool find(const struct fh_chain *c, const struct fh_hash *hash, uint64_t *sequence)
{
	if (fh_chain_find(c, hash, sequence) == FH_ERR_OK)
		return true;
	for (size_t i = 0; i < c->sides; i++) {
		*sequence = c->side[i].sequence;
		if (fh_hash_equal(&c->side[i].step.hash, hash))
			return true;
	}
	return false;
}

bool fh_lease_may_be_taken(const struct fh_chain *c, const struct fh_lease_file *f,
			   const struct fh_hash *device)
{
	const struct fh_chain_authority *asked = nullptr;
	uint64_t from;

	if (!fh_hash_equal(&f->lease.chain_id, &c->id)
	    || !fh_hash_equal(&f->lease.device, device) || !find(c, &f->lease.head, &from))
		return false;
	/* From the head back: what was signed last is asked for most often.  */
	for (size_t i = c->steps; i > from; i--) {
		const struct fh_chain_step *s = &c->step[i - 1];

		if (s->authority != asked && could_sign(s, f))
			return true;
		asked = s->authority;
	}
	for (size_t i = 0; i < c->sides; i++) {
		if (c->side[i].sequence >= from && could_sign(&c->side[i].step, f))
			return true;
	}
	return false;
}

uint64_t fh_lease_end(uint64_t begins_ms, uint64_t duration_ms)
{
	uint64_t end;

	return ckd_add(&end, begins_ms, duration_ms) ? UINT64_MAX : end;
}
