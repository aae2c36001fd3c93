/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes for askers, who bring a nonce of their own.  There are few for all of them
 * together, because a TPM is slow.  */
#include "role/core.h"

#include "codec/cbor.h"
#include "os/clock.h"

bool fh_core_live_allowed(struct fh_core *c)
{
	uint64_t now = fh_clock_boot_ms();
	uint64_t more = (now - c->live_ms) / FH_LIVE_INTERVAL_MS;

	if (c->live_ms == 0 || more >= FH_LIVE_BURST - c->live_tokens) {
		c->live_tokens = FH_LIVE_BURST;
		c->live_ms = now;
	} else {
		c->live_tokens += (uint32_t)more;
		c->live_ms += more * FH_LIVE_INTERVAL_MS;
	}
	if (c->live_tokens == 0)
		return false;
	c->live_tokens--;
	return true;
}

/* What a reader of the record needs to check the quote, and that a credential was
 * opened: {"nonce", "origin", "serial"}, or "credential" before the last.  */
static fh_err add_detail(struct fh_core *c, struct fh_fields *f, const struct fh_quote_subject *s,
			 const struct fh_core_question *q)
{
	size_t cap = 128 + s->nonce.n + s->origin.n;
	uint8_t *p = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_cbor_put_map(&b, q->object.n > 0 ? 4 : 3);
	fh_cbor_put_text(&b, FH_SPAN_LIT("nonce"));
	fh_cbor_put_bytes(&b, s->nonce);
	fh_cbor_put_text(&b, FH_SPAN_LIT("origin"));
	fh_cbor_put_text(&b, s->origin);
	fh_cbor_put_text(&b, FH_SPAN_LIT("serial"));
	fh_cbor_put_uint(&b, s->serial);
	if (q->object.n > 0) {
		struct fh_hash h = fh_hash_of(q->object);

		fh_cbor_put_text(&b, FH_SPAN_LIT("credential"));
		fh_cbor_put_hash(&b, &h);
	}
	return b.bad ? FH_ERR_NOMEM : fh_core_field(c, f, FH_FIELD_DETAIL, fh_builder_span(&b));
}

static fh_err activate(struct fh_core *c, const struct fh_core_question *q, struct fh_hash *proof)
{
	uint8_t bytes[FH_DOOR_ACTIVATE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span frame;

	fh_door_put_activation(&b, q->object, q->secret);
	fh_err e = b.bad ? FH_ERR_LIMIT : fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	return e == FH_ERR_OK ? fh_door_read_proof(frame, proof, &c->trace) : e;
}

static void put_answer(struct fh_builder *b, const struct fh_document_quote *q,
		       const struct fh_hash *proof)
{
	fh_builder_text(b, "{\"quote\":");
	fh_document_quote_put(b, q);
	if (proof != nullptr) {
		fh_builder_text(b, ",\"proof\":\"");
		fh_builder_hex(b, fh_hash_span(proof));
		fh_builder_text(b, "\"");
	}
	fh_builder_text(b, "}");
}

fh_err fh_core_live(struct fh_core *c, const struct fh_core_question *q, struct fh_span *json,
		    uint64_t *index)
{
	constexpr size_t room = 2 * FH_MACHINE_QUOTE_MAX + 2048;
	uint8_t *p = fh_arena_space(&c->scratch, room);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : room);
	fh_err e = fh_core_commit_end(c); /* or the keeper would quote over a newer one */
	struct fh_document_quote made = {
		.subject = { .purpose = FH_QUOTE_LIVE, .size = c->kept_size, .root = c->kept_root,
			     .boot = c->boot, .start = c->start,
			     .head_sequence = c->chain.head.sequence, .head = c->chain.head.hash,
			     .serial = c->document_serial, .nonce = q->nonce,
			     .origin = q->origin } };
	struct fh_fields f = { 0 };
	struct fh_hash proof;

	if (e == FH_ERR_OK && q->object.n > 0)
		e = activate(c, q, &proof);
	if (e == FH_ERR_OK)
		e = fh_core_quote(c, &made.subject, &made.evidence);
	if (e == FH_ERR_OK)
		e = add_detail(c, &f, &made.subject, q);
	if (e == FH_ERR_OK)
		e = fh_core_field_bytes(c, &f, FH_FIELD_QUOTE, made.evidence);
	if (e == FH_ERR_OK)
		put_answer(&b, &made, q->object.n > 0 ? &proof : nullptr);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_QUOTE, FH_CLASS_PUBLIC, &f, index);
	return e == FH_ERR_OK ? fh_builder_end(&b, json) : e;
}
