/* SPDX-License-Identifier: Apache-2.0 */
/* The quotes in a record: by the AK that the device was enrolled with, about this
 * place of this record, and over a state that the operator approved.  A quote that
 * is not what it says makes the record wrong; a state that nobody approved makes
 * it not accepted.  docs/spec/EVIDENCE, "Machine quotes".  */
#include "codec/cbor.h"
#include "verify/machine.h"
#include "verify/record_private.h"

static void refuse(struct fh_record_check *c, const char *what)
{
	fh_trace_what(fh_record_refuse(c, "quote"), "%s", what);
}

static void say_unapproved(struct fh_record_check *c, const struct fh_leaf *leaf)
{
	struct fh_trace *t;

	if (c->unapproved++ > 0)
		return;
	t = fh_finding_say(&c->finding, "not-approved");
	fh_trace_where(t, "accepted: entry %llu", (unsigned long long)leaf->index);
	fh_trace_what(t, "the machine was in a state that no `reference` in force approved");
	fh_trace_cure(t, "`freehold reference approve` would, if the state is as it should be");
}

/* LOCK is what PCR 13 has to be: its reset value before the session locks it.  */
static void appraise(struct fh_record_check *c, const struct fh_leaf *leaf,
		     const struct fh_machine_result *r, const struct fh_hash *lock)
{
	const struct fh_machine_quote *q = &r->quote;

	if (!fh_hash_equal(&q->pcrs.value[FH_PCR_LOCK], lock)) {
		refuse(c, "the lock PCR is not as this session leaves it");
		return;
	}
	c->quotes++;
	fh_firmware_note(&c->firmware, &r->checks.attest);
	if (fh_chain_approved(&c->chain, &c->device_id, &q->pcrs) == nullptr)
		say_unapproved(c, leaf);
}

fh_err fh_record_quote_check(struct fh_record_check *c, const struct fh_leaf *leaf,
			     struct fh_span quote, struct fh_quote_subject subject,
			     const struct fh_hash *lock)
{
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);
	struct fh_machine_result r = { 0 };

	subject.chain_id = c->chain_id;
	subject.device_id = c->device_id;
	subject.session_id = leaf->session;
	fh_err e = d == nullptr ? FH_ERR_OK
				: fh_machine_quote_judge(d->body.ak, quote, &subject, &r);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_machine_quote_holds(&r))
		refuse(c, "the quote is not by the enrolled attestation key, about this machine, "
			  "session and place in the record");
	else if (r.checks.attest.resets != subject.boot)
		refuse(c, "the quote was made in another boot of the TPM than its session says");
	else
		appraise(c, leaf, &r, lock);
	return FH_ERR_OK;
}

/* {"nonce", "origin", "serial"} of a quote that somebody asked for, into S; and the hash
 * of a "credential" that was opened for him.  */
static bool read_question(const struct fh_field *detail, struct fh_quote_subject *s)
{
	struct fh_cursor c = fh_cursor_of(detail->value);

	s->purpose = FH_QUOTE_LIVE;
	size_t n = fh_cbor_map(&c, 4);
	bool right = n == 3 || n == 4;

	right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("nonce"));

	s->nonce = fh_cbor_bytes(&c, FH_QUOTE_NONCE_MAX);
	right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("origin"));
	s->origin = fh_cbor_text(&c, FH_QUOTE_ORIGIN_MAX);
	right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("serial"));
	s->serial = fh_cbor_uint(&c);
	if (n == 4) {
		right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("credential"));
		(void)fh_cbor_hash(&c);
	}
	return fh_cursor_end(&c) == FH_ERR_OK && right;
}

/* The checkpoint that was signed last when the quote was taken, or NULL.  At a start
 * that is where its own entries begin: whatever was behind it was cut off, and the note
 * of a checkpoint may have been lost with it.  Later it is the checkpoint before the
 * entry, as each is filed before anything else happens.  */
static const struct fh_boundary *quoted_at(const struct fh_record_check *c,
					   enum fh_quote_purpose purpose)
{
	if (purpose != FH_QUOTE_START)
		return &c->boundary[0];
	for (size_t i = 0; i < c->boundaries; i++) {
		if (c->boundary[i].size == c->began)
			return &c->boundary[i];
	}
	return nullptr;
}

/* An entry without a quote: the start that made a session has the one in its
 * certificate, and a later one must show the state it began in.  */
static void check_unquoted(struct fh_record_check *c, const struct fh_leaf *leaf,
			   enum fh_quote_purpose purpose)
{
	if (purpose != FH_QUOTE_START)
		refuse(c, "the quote entry holds no quote");
	else if (c->session.quoted && leaf->start != c->session.start)
		c->starts_unquoted++;
}

/* The quote of an entry: START, scheduled ones, and those that were asked for.  */
fh_err fh_record_quote_entry(struct fh_record_check *c, const struct fh_record_entry *entry,
			     enum fh_quote_purpose purpose)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_QUOTE);
	const struct fh_field *detail = purpose == FH_QUOTE_SCHEDULED
						? fh_fields_get(&entry->fields, FH_FIELD_DETAIL)
						: nullptr;
	struct fh_quote_subject subject = {
		.purpose = purpose, .boot = entry->leaf.boot, .start = entry->leaf.start,
		.head_sequence = c->chain.head.sequence, .head = c->chain.head.hash,
	};
	struct fh_hash locked = fh_pcr_locked(&entry->leaf.session);

	if (f == nullptr) {
		check_unquoted(c, &entry->leaf, purpose);
		return FH_ERR_OK;
	}
	const struct fh_boundary *at = quoted_at(c, purpose);

	if (at == nullptr) {
		refuse(c, "the start does not begin where this record had been signed");
		return FH_ERR_OK;
	}
	subject.size = at->size;
	subject.root = at->root;
	struct fh_cursor cursor = fh_cursor_of(f->value);
	struct fh_span bytes = fh_cbor_bytes(&cursor, FH_MACHINE_QUOTE_MAX);

	if (fh_cursor_end(&cursor) != FH_ERR_OK
	    || (detail != nullptr && !read_question(detail, &subject))) {
		refuse(c, "the entry's quote is malformed");
		return FH_ERR_OK;
	}
	return fh_record_quote_check(c, &entry->leaf, bytes, subject, &locked);
}

void fh_record_answer_accepted(struct fh_record_check *c)
{
	struct fh_trace *t;

	if (c->unapproved > 0) {
		fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_NO);
		return;
	}
	if (c->counts.sessions > 0 && c->unquoted == 0 && c->starts_unquoted == 0) {
		/* Without the genesis hash anybody's approval would do; enrolled says so.  */
		if (fh_finding_answer(&c->finding, FH_ENROLLED) == FH_ANSWER_YES)
			fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_YES);
		return;
	}
	t = fh_finding_say(&c->finding, "no-quote");
	fh_trace_where(t, "accepted");
	fh_trace_what(t, "not checked: %s no quote of the machine's state",
		      c->quotes == 0   ? "the sessions carry"
		      : c->unquoted > 0 ? "some sessions carry"
					: "some later starts carry");
}
