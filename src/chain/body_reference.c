/* SPDX-License-Identifier: Apache-2.0 */
/* The body `reference`: a boot state that the operator approves, and for which
 * devices.  */
#include "chain/body_private.h"

#include <string.h>

constexpr size_t approval_members = 4;
constexpr size_t reapproval_members = 5;
constexpr size_t epoch_members = 2;

/* One approval at C; RENEWS is what it is for, where it names that itself.  */
static void read_approval(struct fh_cursor *c, struct fh_hash *renews, struct fh_approval *out)
{
	fh_cbor_array_exact(c, renews == nullptr ? approval_members : reapproval_members);
	if (renews != nullptr)
		*renews = fh_cbor_hash(c);
	out->device = fh_cbor_hash(c);
	out->epoch = fh_cbor_uint(c);
	out->companion = fh_cbor_bytes_exact(c, FH_P256_PUBLIC_SIZE);
	out->signature = fh_cbor_bytes_exact(c, FH_P256_SIGNATURE_SIZE);
}

static struct fh_span read_approvals(struct fh_members *m, bool renewing)
{
	struct fh_cursor inside = m->c;
	struct fh_span all = fh_cbor_item(&m->c);
	size_t n = fh_cbor_array(&inside, FH_APPROVALS_MAX);
	struct fh_approval a;
	struct fh_hash renews;

	for (size_t i = 0; i < n; i++)
		read_approval(&inside, renewing ? &renews : nullptr, &a);
	if (n == 0 || fh_cursor_bad(&inside))
		fh_members_refuse(m, "approvals", "must be approvals, one or more");
	return all;
}

struct fh_span fh_members_approvals(struct fh_members *m, bool renewing)
{
	if (!fh_members_has(m, "approvals"))
		return (struct fh_span){ 0 };
	return read_approvals(m, renewing);
}

/* Stands C at member *AT of LIST, an array; *AT is the offset of its bytes, or 0 at
 * the beginning.  False at the end.  */
static bool member_at(struct fh_span list, size_t at, size_t max, struct fh_cursor *c)
{
	*c = fh_cursor_of(at == 0 ? list : fh_span_skip(list, at));
	if (at == 0 && list.n > 0)
		(void)fh_cbor_array(c, max);
	return !fh_cursor_bad(c) && c->rest.n > 0;
}

bool fh_approval_next(struct fh_span approvals, bool renewing, size_t *at, struct fh_approval *out)
{
	struct fh_approval a = { 0 };
	struct fh_cursor c;

	if (!member_at(approvals, *at, FH_APPROVALS_MAX, &c))
		return false;
	read_approval(&c, renewing ? &a.renews : nullptr, &a);
	if (fh_cursor_bad(&c))
		return false;
	*at = approvals.n - c.rest.n;
	*out = a;
	return true;
}

static struct fh_device_epoch read_epoch(struct fh_cursor *c)
{
	struct fh_device_epoch e = { 0 };

	fh_cbor_array_exact(c, epoch_members);
	e.device = fh_cbor_hash(c);
	e.epoch = fh_cbor_uint(c);
	return e;
}

struct fh_span fh_members_epochs(struct fh_members *m)
{
	if (!fh_members_has(m, "epochs"))
		return (struct fh_span){ 0 };
	struct fh_cursor inside = m->c;
	struct fh_span all = fh_cbor_item(&m->c);
	size_t n = fh_cbor_array(&inside, FH_CHAIN_OBJECTS_MAX);

	for (size_t i = 0; i < n; i++)
		(void)read_epoch(&inside);
	if (n == 0 || fh_cursor_bad(&inside))
		fh_members_refuse(m, "epochs", "must be devices and boot epochs, one or more");
	return all;
}

bool fh_device_epoch_next(struct fh_span epochs, size_t *at, struct fh_device_epoch *out)
{
	struct fh_cursor c;

	if (!member_at(epochs, *at, FH_CHAIN_OBJECTS_MAX, &c))
		return false;
	struct fh_device_epoch e = read_epoch(&c);

	if (fh_cursor_bad(&c))
		return false;
	*at = epochs.n - c.rest.n;
	*out = e;
	return true;
}

void fh_device_epochs_put(struct fh_builder *b, const struct fh_device_epoch *e, size_t n)
{
	fh_cbor_put_array(b, n);
	for (size_t i = 0; i < n; i++) {
		fh_cbor_put_array(b, epoch_members);
		fh_cbor_put_hash(b, &e[i].device);
		fh_cbor_put_uint(b, e[i].epoch);
	}
}

void fh_approvals_begin(struct fh_builder *b, size_t n)
{
	fh_put_name(b, "approvals");
	fh_cbor_put_array(b, n);
}

void fh_approval_put(struct fh_builder *b, const struct fh_approval *a, bool renewing)
{
	fh_cbor_put_array(b, renewing ? reapproval_members : approval_members);
	if (renewing)
		fh_cbor_put_hash(b, &a->renews);
	fh_cbor_put_hash(b, &a->device);
	fh_cbor_put_uint(b, a->epoch);
	fh_cbor_put_bytes(b, a->companion);
	fh_cbor_put_bytes(b, a->signature);
}

fh_err fh_reference_body_read(struct fh_span body, struct fh_reference_body *out,
			      struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "reference", t);
	struct fh_reference_body r = { 0 };

	fh_members_need(&m, "pcrs");
	bool was_bad = fh_cursor_bad(&m.c);

	r.state = fh_pcr_state_read(&m.c);
	if (!was_bad && fh_cursor_bad(&m.c))
		fh_trace_what(t, "reference: `pcrs` must be PCRs among 0 to 15 without 13, each "
			      "32 bytes");
	r.label = fh_members_name(&m, "label");
	r.approvals = fh_members_approvals(&m, /* renewing= */ false);
	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = r;
	return e;
}

void fh_reference_put_head(struct fh_builder *b, const struct fh_reference_body *r, bool approves)
{
	fh_cbor_put_map(b, approves ? 3 : 2);
	fh_put_name(b, "pcrs");
	fh_pcr_state_put(b, &r->state);
	fh_put_name(b, "label");
	fh_cbor_put_text(b, r->label);
}
