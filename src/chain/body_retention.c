/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator says of how long things are kept, and who opens them besides the chip: the
 * bodies `hold`, `shred` and `slot`.  */
#include "chain/body_private.h"

static struct fh_span read_reason(struct fh_members *m)
{
	if (!fh_members_has(m, "reason"))
		return (struct fh_span){ 0 };
	struct fh_span reason = fh_cbor_text(&m->c, FH_HOLD_REASON_MAX);

	if (reason.n == 0 || !fh_text_printable(reason))
		fh_members_refuse(m, "reason", "must be 1 to 1024 printable bytes");
	return reason;
}

static void put_reason(struct fh_builder *b, struct fh_span reason)
{
	if (reason.n == 0)
		return;
	fh_put_name(b, "reason");
	fh_cbor_put_text(b, reason);
}

fh_err fh_hold_read(struct fh_span body, struct fh_hold_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "hold", t);
	struct fh_hold_body h = { .name = fh_members_name(&m, "name") };

	h.reason = read_reason(&m);
	if (fh_members_has(&m, "subject")) {
		h.subject = fh_cbor_text(&m.c, FH_NAME_MAX);
		if (h.subject.n == 0 || !fh_text_printable(h.subject))
			fh_members_refuse(&m, "subject", "must be 1 to 128 printable bytes");
	}
	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = h;
	return e;
}

void fh_hold_put(struct fh_builder *b, const struct fh_hold_body *h)
{
	fh_cbor_put_map(b, 1 + (size_t)(h->reason.n > 0) + (size_t)(h->subject.n > 0));
	fh_put_name(b, "name");
	fh_cbor_put_text(b, h->name);
	put_reason(b, h->reason);
	if (h->subject.n > 0) {
		fh_put_name(b, "subject");
		fh_cbor_put_text(b, h->subject);
	}
}

fh_err fh_shred_body_read(struct fh_span body, struct fh_shred_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "shred", t);
	struct fh_shred_body s = { .reason = read_reason(&m) };

	s.subject = fh_members_name(&m, "subject");
	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

void fh_shred_body_put(struct fh_builder *b, const struct fh_shred_body *s)
{
	fh_cbor_put_map(b, 1 + (size_t)(s->reason.n > 0));
	put_reason(b, s->reason);
	fh_put_name(b, "subject");
	fh_cbor_put_text(b, s->subject);
}

fh_err fh_slot_body_read(struct fh_span body, struct fh_slot_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "slot", t);
	struct fh_slot_body s = { 0 };

	if (!fh_members_has(&m, "key"))
		fh_members_refuse(&m, "key", "is missing");
	s.key = fh_cbor_bytes(&m.c, FH_KEM_PUBLIC_SIZE);
	if (s.key.n != 0 && s.key.n != FH_KEM_PUBLIC_SIZE)
		fh_members_refuse(&m, "key", "must be 1216 bytes, or empty");
	s.reason = read_reason(&m);
	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

void fh_slot_body_put(struct fh_builder *b, const struct fh_slot_body *s)
{
	fh_cbor_put_map(b, 1 + (size_t)(s->reason.n > 0));
	fh_put_name(b, "key");
	fh_cbor_put_bytes(b, s->key);
	put_reason(b, s->reason);
}
