/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies `policy` and `revoke`.  */
#include "chain/body_private.h"

#include "base/duration.h"

constexpr uint64_t time_max = INT64_MAX;
constexpr size_t kind_max = 32;
constexpr uint64_t second_ms = 1000;

fh_err fh_policy_read(struct fh_span body, struct fh_policy_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "policy", t);
	struct fh_policy_body p = { 0 };

	p.cedar = fh_members_text(&m, "cedar", FH_POLICY_TEXT_MAX);
	if (fh_members_has(&m, "lease")) { /* those signed before there were any have none */
		p.lease_ms = fh_cbor_uint(&m.c);
		if (p.lease_ms == 0 || p.lease_ms > time_max)
			fh_members_refuse(&m, "lease", "must be a time of at least 1 ms");
	}
	if (fh_members_has(&m, "retain")) {
		p.retain_ms = fh_cbor_uint(&m.c);
		if (p.retain_ms == 0 || p.retain_ms > FH_DURATION_MAX_MS
		    || p.retain_ms % second_ms != 0)
			fh_members_refuse(&m, "retain", "must be whole seconds, 1 s to 3653 days");
	}
	p.schema = fh_members_text(&m, "schema", FH_POLICY_TEXT_MAX);
	p.expires_ms = fh_members_uint(&m, "expires", time_max);
	if (fh_members_has(&m, "entities")) {
		p.entities = fh_cbor_text(&m.c, FH_POLICY_TEXT_MAX);
		if (p.entities.n == 0)
			fh_members_refuse(&m, "entities", "must be left out if there are none");
	}

	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

void fh_policy_put(struct fh_builder *b, const struct fh_policy_body *p)
{
	fh_cbor_put_map(b, 3 + (size_t)(p->lease_ms > 0) + (size_t)(p->retain_ms > 0)
				   + (size_t)(p->entities.n > 0));
	fh_put_name(b, "cedar");
	fh_cbor_put_text(b, p->cedar);
	if (p->lease_ms > 0) {
		fh_put_name(b, "lease");
		fh_cbor_put_uint(b, p->lease_ms);
	}
	if (p->retain_ms > 0) {
		fh_put_name(b, "retain");
		fh_cbor_put_uint(b, p->retain_ms);
	}
	fh_put_name(b, "schema");
	fh_cbor_put_text(b, p->schema);
	fh_put_name(b, "expires");
	fh_cbor_put_uint(b, p->expires_ms);
	if (p->entities.n > 0) {
		fh_put_name(b, "entities");
		fh_cbor_put_text(b, p->entities);
	}
}

/* What `revoke` can name; devices, policies and references go by 32 bytes.  */
static bool by_hash(enum fh_statement_kind what)
{
	return what == FH_STATEMENT_DEVICE || what == FH_STATEMENT_POLICY
	       || what == FH_STATEMENT_REFERENCE;
}

static bool revocable(enum fh_statement_kind what)
{
	return by_hash(what) || what == FH_STATEMENT_ACTOR || what == FH_STATEMENT_SERVER ||
	       what == FH_STATEMENT_PINS || what == FH_STATEMENT_HOLD || what == FH_STATEMENT_SHRED;
}

fh_err fh_revoke_read(struct fh_span body, struct fh_revoke_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "revoke", t);
	struct fh_revoke_body r = { 0 };

	fh_members_need(&m, "id");

	bool bytes = fh_cbor_peek(&m.c) == FH_CBOR_BYTES;

	r.id = bytes ? fh_cbor_bytes_exact(&m.c, FH_HASH_SIZE) : fh_cbor_text(&m.c, FH_NAME_MAX);
	r.what = fh_statement_kind_parse(fh_members_text(&m, "what", kind_max));
	if (!revocable(r.what))
		fh_members_refuse(&m, "what", "must be actor, device, server, pins, hold, "
					      "shred, policy or reference");
	else if (bytes != by_hash(r.what))
		fh_members_refuse(&m, "id", "must be 32 bytes for device, policy and reference, "
					    "otherwise a name");
	if (r.what == FH_STATEMENT_REFERENCE)
		r.epochs = fh_members_epochs(&m);
	if (r.what == FH_STATEMENT_REFERENCE)
		r.approvals = fh_members_approvals(&m, /* renewing= */ true);

	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = r;
	return e;
}

void fh_revoke_put(struct fh_builder *b, const struct fh_revoke_body *r, size_t n)
{
	fh_cbor_put_map(b, 2 + (size_t)(r->epochs.n > 0) + (size_t)(n > 0));
	fh_put_name(b, "id");
	if (by_hash(r->what))
		fh_cbor_put_bytes(b, r->id);
	else
		fh_cbor_put_text(b, r->id);
	fh_put_name(b, "what");
	fh_put_name(b, fh_statement_kind_text(r->what));
	if (r->epochs.n > 0) {
		fh_put_name(b, "epochs");
		fh_builder_bytes(b, r->epochs);
	}
	if (n > 0)
		fh_approvals_begin(b, n);
}
