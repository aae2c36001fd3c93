/* SPDX-License-Identifier: Apache-2.0 */
#include "state/reserve.h"

#include "codec/cbor.h"
#include "codec/lookup.h"

#include <string.h>

/* Where a call of ACTION says its tokens, into R.  */
static void note_tokens(const struct fh_schema *s, struct fh_entity_uid action,
			struct fh_reserve *r)
{
	uint32_t i = fh_schema_find_action(s, action);

	if (i == FH_SCHEMA_NONE || s->actions[i].tokens_at.n == 0)
		return;
	r->at_n = s->actions[i].tokens_at.n;
	memcpy(r->at, s->actions[i].tokens_at.p, r->at_n);
}

struct fh_reserve fh_reserve_of(const struct fh_schema *s, const struct fh_decision *d,
				struct fh_entity_uid action, uint64_t sent)
{
	struct fh_reserve r = { .sent = sent };

	for (size_t i = 0; i < d->charges; i++) {
		const struct fh_charge *c = &d->charge[i];

		if (c->unit == FH_UNIT_CALLS)
			continue;
		if (c->unit == FH_UNIT_TOKENS)
			note_tokens(s, action, &r);
		r.tokens[r.effect.parts] = c->unit == FH_UNIT_TOKENS;
		r.effect.part[r.effect.parts++] =
			(struct fh_effect_part){ c->budget, c->period_ms, c->amount };
	}
	return r;
}

/* What BODY says that was used, or more than anything.  */
static uint64_t tokens_in(const struct fh_reserve *r, struct fh_span body)
{
	struct fh_span at = fh_span_of(r->at, r->at_n);
	struct fh_span said = body.n == 0 || at.n == 0 ? (struct fh_span){ 0 }
						       : fh_cbor_pointer(body, at);
	struct fh_cursor c = fh_cursor_of(said);
	uint64_t n = fh_cbor_uint(&c);

	return fh_cursor_end(&c) == FH_ERR_OK ? n : UINT64_MAX;
}

struct fh_effect fh_reserve_settle(const struct fh_reserve *r, uint64_t received,
				   struct fh_span body)
{
	const uint64_t tokens = tokens_in(r, body);
	struct fh_effect back = r->effect;

	for (size_t i = 0; i < back.parts; i++) {
		uint64_t used = r->tokens[i] ? tokens : r->sent + received;
		uint64_t *left = &back.part[i].amount;

		*left -= used < *left ? used : *left;
	}
	return back;
}
