/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_charge.h"

#include "codec/cbor.h"

static void put_field(struct fh_fields *f, enum fh_field_id id, const struct fh_builder *b)
{
	f->field[f->n++] = (struct fh_field){ .id = id, .value = fh_builder_span(b) };
}

fh_err fh_fold_suppose_intent(struct fh_fold *fold, const struct fh_leaf *l,
			      const struct fh_decision *d)
{
	uint8_t decision_bytes[16], effect_bytes[FH_EFFECT_MAX];
	struct fh_builder decision = FH_BUILDER_ARRAY(decision_bytes);
	struct fh_builder effect = FH_BUILDER_ARRAY(effect_bytes);
	const struct fh_leaf leaf = { .kind = FH_ENTRY_INTENT, .index = l->index, .time = l->time };
	struct fh_effect e = { .opens = true };
	struct fh_fields f = { 0 };

	for (size_t i = 0; i < d->charges; i++)
		e.part[e.parts++] = (struct fh_effect_part){ d->charge[i].budget,
							     d->charge[i].period_ms,
							     d->charge[i].amount };
	fh_cbor_put_array(&decision, 3);
	fh_cbor_put_bool(&decision, true);
	fh_cbor_put_text(&decision, (struct fh_span){ 0 });
	fh_cbor_put_array(&decision, 0);
	fh_effect_put(&effect, &e);
	put_field(&f, FH_FIELD_DECISION, &decision);
	put_field(&f, FH_FIELD_EFFECT, &effect);
	return fh_fold_add(fold, &leaf, &f);
}

fh_err fh_fold_suppose_outcome(struct fh_fold *fold, uint64_t index, const struct fh_effect *e)
{
	const struct fh_leaf leaf = { .kind = FH_ENTRY_OUTCOME };
	uint8_t index_bytes[16], effect_bytes[FH_EFFECT_MAX];
	struct fh_builder intent = FH_BUILDER_ARRAY(index_bytes);
	struct fh_builder effect = FH_BUILDER_ARRAY(effect_bytes);
	struct fh_fields f = { 0 };

	fh_cbor_put_uint(&intent, index);
	fh_effect_put(&effect, e);
	put_field(&f, FH_FIELD_INTENT, &intent);
	put_field(&f, FH_FIELD_EFFECT, &effect);
	return fh_fold_add(fold, &leaf, &f);
}
