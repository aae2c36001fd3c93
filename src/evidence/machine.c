/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/machine.h"

#include "base/secret.h"

#include <string.h>

constexpr size_t subject_max = 1024;
constexpr size_t subject_members = 11;
constexpr size_t quote_members = 4;

static void put_subject(struct fh_builder *b, const struct fh_quote_subject *s)
{
	fh_cbor_put_array(b, subject_members);
	fh_cbor_put_uint(b, s->purpose);
	fh_cbor_put_hash(b, &s->chain_id);
	fh_cbor_put_hash(b, &s->device_id);
	fh_cbor_put_hash(b, &s->session_id);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, s->size);
	fh_cbor_put_hash(b, &s->root);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, s->boot);
	fh_cbor_put_uint(b, s->start);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, s->head_sequence);
	fh_cbor_put_hash(b, &s->head);
	fh_cbor_put_uint(b, s->serial);
	fh_cbor_put_bytes(b, s->nonce);
	fh_cbor_put_text(b, s->origin);
	fh_cbor_put_bytes(b, s->exporter);
}

fh_err fh_quote_qualify(const struct fh_quote_subject *subject, struct fh_hash *out)
{
	uint8_t bytes[subject_max];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (subject->nonce.n > FH_QUOTE_NONCE_MAX || subject->origin.n > FH_QUOTE_ORIGIN_MAX
	    || subject->exporter.n > FH_QUOTE_EXPORTER_MAX)
		return FH_ERR_LIMIT;
	fh_builder_text(&b, "freehold/quote/v1\n");
	put_subject(&b, subject);
	if (b.bad)
		return FH_ERR_LIMIT;
	*out = fh_hash_of(fh_builder_span(&b));
	return FH_ERR_OK;
}

struct fh_hash fh_activation_proof(struct fh_span secret)
{
	uint8_t bytes[128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_text(&b, "freehold/activation/v1\n");
	fh_builder_bytes(&b, secret);
	struct fh_hash h = fh_hash_of(fh_builder_span(&b));

	fh_wipe(bytes, sizeof(bytes));
	return h;
}

void fh_machine_quote_put(struct fh_builder *b, const struct fh_machine_quote *q)
{
	fh_cbor_put_array(b, quote_members);
	fh_cbor_put_uint(b, FH_MACHINE_QUOTE_VERSION);
	fh_cbor_put_bytes(b, q->attest);
	fh_cbor_put_bytes(b, q->signature);
	fh_cbor_put_map(b, (size_t)__builtin_popcount(q->pcrs.selected));
	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((q->pcrs.selected >> i & 1) == 0)
			continue;
		fh_cbor_put_uint(b, i);
		fh_cbor_put_hash(b, &q->pcrs.value[i]);
	}
}

/* Exactly the PCRs of every machine quote: whoever leaves one out has a reason.  */
static void read_pcrs(struct fh_cursor *c, struct fh_pcr_state *out)
{
	fh_cbor_map_exact(c, (size_t)__builtin_popcount(FH_MACHINE_PCRS));
	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((FH_MACHINE_PCRS >> i & 1) == 0)
			continue;
		fh_cbor_key(c, i);
		out->value[i] = fh_cbor_hash(c);
	}
	out->selected = FH_MACHINE_PCRS;
}

fh_err fh_machine_quote_read(struct fh_span bytes, struct fh_machine_quote *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_machine_quote q = { 0 };

	fh_cbor_array_exact(&c, quote_members);
	uint64_t version = fh_cbor_uint(&c);

	if (!fh_cursor_bad(&c) && version > FH_MACHINE_QUOTE_VERSION)
		return FH_ERR_VERSION;
	q.attest = fh_cbor_bytes(&c, FH_MACHINE_ATTEST_MAX);
	q.signature = fh_cbor_bytes(&c, FH_MACHINE_SIGNATURE_MAX);
	read_pcrs(&c, &q.pcrs);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && (version == 0 || q.attest.n == 0 || q.signature.n == 0))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = q;
	return e;
}
