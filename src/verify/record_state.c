/* SPDX-License-Identifier: Apache-2.0 */
/* What the entries add up to, computed again.  */
#include "codec/cbor.h"
#include "entry/carried.h"
#include "verify/record_private.h"

/* Records of before had none.  */
static void check_authority(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_AUTHORITY);

	if (f == nullptr)
		return;
	struct fh_cursor cursor = fh_cursor_of(f->value);
	struct fh_span said = fh_cbor_bytes_exact(&cursor, FH_HASH_SIZE);

	if (fh_cursor_end(&cursor) != FH_ERR_OK
	    || !fh_span_equal(fh_hash_span(&c->fold.authority), said))
		fh_trace_what(fh_record_refuse(c, "state"),
			      "the session, chain and lease entries before it are others than it "
			      "says");
}

/* The period of the class `fold` stays as it is, or this entry carries the fold and begins one.  */
static void check_carried(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	struct fh_sealed_text text;
	struct fh_carried carried;
	fh_err e = fh_carried_read(&entry->fields, &carried);

	if (e == FH_ERR_MISSING && c->fold_period == FH_FOLD_PERIOD_FIRST)
		return; /* records of before had none */
	if (e == FH_ERR_OK && carried.text.n > 0)
		e = carried.period == entry->leaf.index
			    ? fh_sealed_text_read(carried.text, FH_CARRIED_MAX, &text)
			    : FH_ERR_FORMAT;
	else if (e == FH_ERR_OK && carried.period != c->fold_period)
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		c->fold_period = carried.period;
	else
		fh_trace_what(fh_record_refuse(c, "state"),
			      "it says of the fold that it carries what cannot be");
}

/* Versions before hashed the fold unveiled.  Whoever starts from such an entry, as it carries the
 * fold, knows no salt of what comes before.  */
static fh_err is_of_fold(struct fh_record_check *c, struct fh_span said, bool carries, bool *holds)
{
	static const enum fh_fold_form forms[] = { FH_FOLD_VEILED, FH_FOLD_UNVEILED };

	*holds = false;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !*holds; i++) {
		struct fh_hash h;

		fh_arena_reset(c->memory.scratch);
		fh_err e = fh_fold_hash(&c->fold, forms[i], c->memory.scratch, &h);

		if (e != FH_ERR_OK)
			return e;
		*holds = fh_span_equal(fh_hash_span(&h), said);
		if (*holds && carries && forms[i] == FH_FOLD_UNVEILED)
			c->fold.veil = (struct fh_hash){ 0 };
	}
	return FH_ERR_OK;
}

fh_err fh_record_state_check(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_STATE);
	struct fh_cursor cursor = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });
	struct fh_span said = fh_cbor_bytes_exact(&cursor, FH_HASH_SIZE);
	bool holds;

	if (fh_cursor_end(&cursor) != FH_ERR_OK) {
		fh_trace_what(fh_record_refuse(c, "state"), "the state entry holds no state");
		return FH_ERR_OK;
	}
	check_authority(c, entry);
	if (!c->refused)
		check_carried(c, entry);
	if (c->fold_lost || c->refused)
		return FH_ERR_OK;
	fh_err e = is_of_fold(c, said, c->fold_period == entry->leaf.index, &holds);

	if (e != FH_ERR_OK)
		return e;
	if (holds)
		c->states++;
	else
		fh_trace_what(fh_record_refuse(c, "state"),
			      "the entries before it do not add up to the state it says");
	return FH_ERR_OK;
}

void fh_record_fold_add(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	bool counts = entry->leaf.kind == FH_ENTRY_INTENT || entry->leaf.kind == FH_ENTRY_OUTCOME;
	fh_err e = c->fold_lost && counts ? FH_ERR_OK
		   : fh_fold_add(&c->fold, &entry->leaf, &entry->fields);

	if (e == FH_ERR_LIMIT)
		c->fold_lost = true; /* more than any writer of ours holds */
	else if (e != FH_ERR_OK)
		fh_trace_what(fh_record_refuse(c, "effect"),
			      "what the entry does to budgets cannot be");
}
