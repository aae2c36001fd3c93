/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/stamp.h"

#include <string.h>

#include "stamp/stamp_private.h"

const uint8_t fh_notary_bitcoin[FH_STAMP_TAG_SIZE] = { 0x05, 0x88, 0x96, 0x0d,
						       0x73, 0xd7, 0x19, 0x01 };
const uint8_t fh_notary_litecoin[FH_STAMP_TAG_SIZE] = { 0x06, 0x86, 0x9a, 0x0d,
							0x73, 0xd7, 0x1b, 0x45 };
const uint8_t fh_notary_pending[FH_STAMP_TAG_SIZE] = { 0x83, 0xdf, 0xe3, 0x0d,
						       0x2e, 0xf9, 0x0c, 0x8e };
const uint8_t fh_notary_transaction[FH_STAMP_TAG_SIZE] = { 'f', 'h', 'o', 'l',
							   'd', '-', 't', 'x' };
const uint8_t fh_notary_request[FH_STAMP_TAG_SIZE] = { 'f', 'h', 'o', 'l',
						       'd', '-', 'r', 'q' };

static const struct {
	const uint8_t *tag;
	enum fh_notary notary;
} notaries[] = {
	{ fh_notary_bitcoin, FH_NOTARY_BITCOIN },
	{ fh_notary_litecoin, FH_NOTARY_LITECOIN },
	{ fh_notary_pending, FH_NOTARY_PENDING },
	{ fh_notary_transaction, FH_NOTARY_TRANSACTION },
	{ fh_notary_request, FH_NOTARY_REQUEST },
};

static enum fh_notary notary_of(const uint8_t tag[FH_STAMP_TAG_SIZE])
{
	for (size_t i = 0; i < sizeof(notaries) / sizeof(notaries[0]); i++) {
		if (fh_span_equal(fh_span_of(tag, FH_STAMP_TAG_SIZE),
				  fh_span_of(notaries[i].tag, FH_STAMP_TAG_SIZE)))
			return notaries[i].notary;
	}
	return FH_NOTARY_UNKNOWN;
}

bool fh_stamp_uri_ok(struct fh_span uri)
{
	for (size_t i = 0; i < uri.n; i++) {
		uint8_t c = uri.p[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!letter && (c < '-' || c > ':') && c != '_')
			return false;
	}
	return uri.n <= FH_STAMP_URI_MAX;
}

/* What a known tag's payload says, all of it read.  */
static fh_err read_payload(struct fh_attestation *x)
{
	struct fh_cursor c = fh_cursor_of(x->payload);

	switch (x->notary) {
	case FH_NOTARY_BITCOIN:
	case FH_NOTARY_LITECOIN:
		x->height = fh_stamp_cursor_number(&c, UINT64_MAX);
		break;
	case FH_NOTARY_PENDING:
		x->uri = fh_stamp_cursor_bytes(&c, 0, FH_STAMP_URI_MAX);
		if (!fh_stamp_uri_ok(x->uri))
			return FH_ERR_FORMAT;
		break;
	case FH_NOTARY_TRANSACTION:
		x->uri = fh_stamp_cursor_bytes(&c, 1, FH_STAMP_URI_MAX);
		break;
	case FH_NOTARY_REQUEST:
		break;
	default:
		return FH_ERR_OK;
	}
	return fh_cursor_end(&c) == FH_ERR_OK ? FH_ERR_OK : FH_ERR_FORMAT;
}

/* The order in which attestations are written.  */
static int compare_attestations(const struct fh_attestation *a, const struct fh_attestation *b)
{
	int by_tag = fh_span_compare(FH_SPAN_ARRAY(a->tag), FH_SPAN_ARRAY(b->tag));

	if (by_tag != 0)
		return by_tag;
	if (a->notary == FH_NOTARY_BITCOIN || a->notary == FH_NOTARY_LITECOIN)
		return (a->height > b->height) - (a->height < b->height);
	if (a->notary == FH_NOTARY_PENDING)
		return fh_span_compare(a->uri, b->uri);
	return fh_span_compare(a->payload, b->payload);
}

static fh_err insert_attestation(struct fh_stamp *at, struct fh_attestation x, struct fh_arena *a)
{
	struct fh_attestation **to = &at->attestation;

	while (*to != nullptr && compare_attestations(*to, &x) < 0)
		to = &(*to)->next;
	if (*to != nullptr && compare_attestations(*to, &x) == 0)
		return FH_ERR_OK;
	if (at->attestations == FH_STAMP_BRANCHES_MAX)
		return FH_ERR_LIMIT;

	struct fh_attestation *added = fh_arena_take(a, sizeof(*added));

	if (added == nullptr)
		return FH_ERR_NOMEM;
	*added = x;
	added->next = *to;
	*to = added;
	at->attestations++;
	return FH_ERR_OK;
}

fh_err fh_stamp_attest(struct fh_stamp *at, const uint8_t tag[FH_STAMP_TAG_SIZE],
		       struct fh_span payload, struct fh_arena *a)
{
	struct fh_attestation x = { .notary = notary_of(tag), .payload = payload };

	if (payload.n > FH_STAMP_PAYLOAD_MAX)
		return FH_ERR_LIMIT;
	memcpy(x.tag, tag, FH_STAMP_TAG_SIZE);

	fh_err e = read_payload(&x);

	return e != FH_ERR_OK ? e : insert_attestation(at, x, a);
}

/* One whose payload is B's bytes.  */
static fh_err attest_built(struct fh_stamp *at, const uint8_t *tag, const struct fh_builder *b,
			   struct fh_arena *a)
{
	struct fh_span payload;
	fh_err e = fh_builder_end(b, &payload);

	if (e == FH_ERR_OK)
		e = fh_arena_copy(a, payload, &payload);
	return e != FH_ERR_OK ? e : fh_stamp_attest(at, tag, payload, a);
}

fh_err fh_stamp_attest_bitcoin(struct fh_stamp *at, uint64_t height, struct fh_arena *a)
{
	uint8_t room[10];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_stamp_builder_number(&b, height);
	return attest_built(at, fh_notary_bitcoin, &b, a);
}

static fh_err attest_text(struct fh_stamp *at, const uint8_t *tag, struct fh_span text,
			  struct fh_arena *a)
{
	uint8_t room[FH_STAMP_URI_MAX + 2];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_stamp_builder_bytes(&b, text);
	return attest_built(at, tag, &b, a);
}

fh_err fh_stamp_attest_pending(struct fh_stamp *at, struct fh_span uri, struct fh_arena *a)
{
	return attest_text(at, fh_notary_pending, uri, a);
}

fh_err fh_stamp_attest_transaction(struct fh_stamp *at, struct fh_span network, struct fh_arena *a)
{
	return attest_text(at, fh_notary_transaction, network, a);
}

void fh_stamp_retract(struct fh_stamp *at, const struct fh_attestation *attestation)
{
	for (struct fh_attestation **x = &at->attestation; *x != nullptr; x = &(*x)->next) {
		if (*x == attestation) {
			*x = attestation->next;
			at->attestations--;
			return;
		}
	}
}

fh_err fh_stamp_begin(struct fh_span message, struct fh_arena *a, struct fh_stamp **out)
{
	struct fh_stamp *s = fh_arena_take(a, sizeof(*s));

	if (s == nullptr)
		return FH_ERR_NOMEM;
	if (message.n == 0)
		return FH_ERR_FORMAT;
	if (message.n > FH_STAMP_MESSAGE_MAX)
		return FH_ERR_LIMIT;
	s->message = message;
	*out = s;
	return FH_ERR_OK;
}

static int compare_operations(const struct fh_stamp *s, enum fh_stamp_op op,
			      struct fh_span argument)
{
	return s->op != op ? (int)s->op - (int)op : fh_span_compare(s->argument, argument);
}

fh_err fh_stamp_extend(struct fh_stamp *at, enum fh_stamp_op op, struct fh_span argument,
		       struct fh_arena *a, struct fh_stamp **out)
{
	struct fh_stamp **to = &at->child, *added;
	struct fh_span message;

	while (*to != nullptr && compare_operations(*to, op, argument) < 0)
		to = &(*to)->next;
	if (*to != nullptr && compare_operations(*to, op, argument) == 0) {
		*out = *to;
		return FH_ERR_OK;
	}
	if (at->children == FH_STAMP_BRANCHES_MAX)
		return FH_ERR_LIMIT;

	fh_err e = fh_stamp_op_apply(op, argument, at->message, a, &message);

	if (e == FH_ERR_OK)
		e = fh_stamp_begin(message, a, &added);
	if (e != FH_ERR_OK)
		return e;
	added->op = op;
	added->argument = argument;
	added->next = *to;
	*to = added;
	at->children++;
	*out = added;
	return FH_ERR_OK;
}

static fh_err merge(struct fh_stamp *into, const struct fh_stamp *from, struct fh_arena *a,
		    int depth)
{
	fh_err e = depth == FH_STAMP_DEPTH_MAX ? FH_ERR_LIMIT : FH_ERR_OK;
	struct fh_stamp *to;

	for (const struct fh_attestation *x = from->attestation; e == FH_ERR_OK && x != nullptr;
	     x = x->next)
		e = insert_attestation(into, *x, a);
	for (const struct fh_stamp *s = from->child; e == FH_ERR_OK && s != nullptr; s = s->next) {
		e = fh_stamp_extend(into, s->op, s->argument, a, &to);
		if (e == FH_ERR_OK)
			e = merge(to, s, a, depth + 1);
	}
	return e;
}

fh_err fh_stamp_merge(struct fh_stamp *into, const struct fh_stamp *from, struct fh_arena *a)
{
	if (!fh_span_equal(into->message, from->message))
		return FH_ERR_CONFLICT;
	return merge(into, from, a, 0);
}

static size_t count_claims(const struct fh_stamp *s, int depth)
{
	size_t n = s->attestations;

	for (const struct fh_stamp *c = s->child; c != nullptr && depth < FH_STAMP_DEPTH_MAX;
	     c = c->next)
		n += count_claims(c, depth + 1);
	return n;
}

static void list_claims(struct fh_stamp *s, int depth, struct fh_stamp_claim **to)
{
	for (const struct fh_attestation *x = s->attestation; x != nullptr; x = x->next)
		*(*to)++ = (struct fh_stamp_claim){ s, x };
	for (struct fh_stamp *c = s->child; c != nullptr && depth < FH_STAMP_DEPTH_MAX; c = c->next)
		list_claims(c, depth + 1, to);
}

fh_err fh_stamp_claims(struct fh_stamp *s, struct fh_arena *a, struct fh_stamp_claim **out,
		       size_t *n)
{
	size_t count = count_claims(s, 0);
	struct fh_stamp_claim *all = fh_arena_array(a, count, sizeof(*all));
	struct fh_stamp_claim *to = all;

	if (all == nullptr)
		return FH_ERR_NOMEM;
	list_claims(s, 0, &to);
	*out = all;
	*n = count;
	return FH_ERR_OK;
}

static bool is_anchored(const struct fh_stamp *s, int depth)
{
	bool found = false;

	for (const struct fh_attestation *x = s->attestation; x != nullptr; x = x->next)
		found |= x->notary == FH_NOTARY_BITCOIN;
	for (const struct fh_stamp *c = s->child;
	     c != nullptr && !found && depth < FH_STAMP_DEPTH_MAX; c = c->next)
		found = is_anchored(c, depth + 1);
	return found;
}

bool fh_stamp_anchored(const struct fh_stamp *s)
{
	return is_anchored(s, 0);
}
