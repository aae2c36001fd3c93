/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"
#include "verify/record_private.h"
#include "verify/signed.h"

static struct fh_note_key session_key(const struct fh_record_check *c)
{
	return (struct fh_note_key){ fh_span_of(c->origin, c->origin_n), c->session.key_id,
				     &c->session.verifier };
}

static void point_grown(const struct fh_record_check *c, struct fh_record_point *p)
{
	if (!p->given || c->tree.size != p->at.size)
		return;
	struct fh_hash root = fh_tree_root(&c->tree);

	p->reached = true;
	p->equal = fh_hash_equal(&root, &p->at.root);
	p->lo_ms = c->last.time.lo_ms;
}

void fh_record_points_grown(struct fh_record_check *c)
{
	point_grown(c, &c->least);
	point_grown(c, &c->witnessed);
}

/* A new session key is known: perhaps it signed the checkpoint given.  */
static fh_err check_least(struct fh_record_check *c)
{
	struct fh_note_key key = session_key(c);
	size_t others;

	if (!c->least.given || c->least.signed_here
	    || !fh_span_equal(c->least.at.origin, key.name))
		return FH_ERR_OK;
	fh_err e = fh_note_signed_by(&c->least.note, &key, &others);

	c->least.signed_here = e == FH_ERR_OK;
	return e == FH_ERR_SIGNATURE || e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* The certificate's device, or NULL after saying why there is none.  */
static const struct fh_device *device_of(struct fh_record_check *c,
					 const struct fh_certificate *made)
{
	const struct fh_device *d = fh_chain_device(&c->chain, &made->device_id);

	if (c->chain.state == FH_CHAIN_EMPTY || !fh_hash_equal(&made->chain_id, &c->chain.id)
	    || !fh_hash_equal(&made->device_id, &c->device_id))
		fh_trace_what(fh_record_refuse(c, "certificate"),
			      "the session certificate is of another chain or device");
	else if (d == nullptr || (d->revoked && !d->superseded)) /* as in check_chain() */
		fh_trace_what(fh_record_refuse(c, "not-enrolled"),
			      "the device was %s when it certified this session",
			      d == nullptr ? "not enrolled" : "revoked");
	else
		return d;
	return nullptr;
}

/* The previous checkpoint that MADE names is a tree of this record since its
 * last checkpoint.  */
static bool extends(const struct fh_record_check *c, const struct fh_certificate *made)
{
	for (size_t i = 0; i < c->boundaries; i++) {
		if (c->boundary[i].size == made->previous_size)
			return fh_hash_equal(&c->boundary[i].root, &made->previous_root);
	}
	return false;
}

/* What MADE says about its entry.  */
static const char *misfit(const struct fh_record_check *c, const struct fh_certificate *made,
			  const struct fh_leaf *leaf)
{
	struct fh_hash id = fh_key_id(made->session_key);

	if (c->session.certified)
		return "the session is certified a second time";
	if (!fh_hash_equal(&id, &leaf->session))
		return "the certificate is for another session than its entry names";
	if (made->boot != leaf->boot || made->start > leaf->start)
		return "the certificate is of another boot or start than its entry";
	if (!extends(c, made))
		return "the session does not begin where this record had been signed";
	if (!made->version_1 && !fh_chain_holds(&c->chain, made->head_sequence, &made->head))
		return "the certificate names a chain head that the record did not hold";
	return nullptr;
}

static void grade(struct fh_record_check *c, const struct fh_certificate *made,
		  const struct fh_device *d)
{
	enum fh_grade enrolled, worth = made->grade;

	if (fh_grade_parse(d->body.grade, &enrolled) != FH_ERR_OK)
		enrolled = FH_GRADE_NONE;
	if (enrolled < worth)
		worth = enrolled;
	if (c->counts.sessions == 0 || worth < c->finding.grade)
		c->finding.grade = worth;
	c->counts.sessions++;
}

/* Taken before the session locked the boot.  */
static fh_err check_quote(struct fh_record_check *c, const struct fh_certificate *made,
			  const struct fh_leaf *leaf)
{
	static const struct fh_hash reset;
	const struct fh_quote_subject subject = {
		.purpose = FH_QUOTE_SESSION, .size = made->previous_size,
		.root = made->previous_root, .boot = made->boot, .start = made->start,
		.head_sequence = made->head_sequence, .head = made->head,
	};

	if (made->quote.n > 0)
		return fh_record_quote_check(c, leaf, made->quote, subject, &reset);
	c->unquoted++;
	return FH_ERR_OK;
}

fh_err fh_record_session_key(struct fh_record_check *c, struct fh_span key)
{
	fh_verifier_drop(&c->session.verifier);
	fh_err e = fh_verifier_new(key, &c->session.verifier);

	if (e != FH_ERR_OK)
		return e;
	c->session.certified = true;
	for (size_t i = 0; i < sizeof(c->session.key.bytes); i++)
		c->session.key.bytes[i] = key.p[i];
	c->session.key_id = fh_note_mldsa65_key_id(fh_span_of(c->origin, c->origin_n), key);
	return check_least(c);
}

/* MADE is right.  */
static fh_err begin_session(struct fh_record_check *c, const struct fh_certificate *made)
{
	c->session.start = made->start;
	c->session.quoted = made->quote.n > 0;
	fh_err e = fh_record_session_key(c, made->session_key);

	if (e != FH_ERR_FORMAT)
		return e;
	fh_trace_what(fh_record_refuse(c, "certificate"), "the session key is no key");
	return FH_ERR_OK;
}

fh_err fh_record_session_check(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_CERTIFICATE);
	struct fh_cursor cursor = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });
	struct fh_span bytes = fh_cbor_bytes(&cursor, FH_CERTIFICATE_MAX);
	struct fh_certificate made;

	if (fh_cursor_end(&cursor) != FH_ERR_OK
	    || fh_certificate_read(bytes, &made) != FH_ERR_OK) {
		fh_trace_what(fh_record_refuse(c, "certificate"),
			      "the session entry holds no session certificate");
		return FH_ERR_OK;
	}
	const struct fh_device *d = device_of(c, &made);

	if (d == nullptr)
		return FH_ERR_OK;
	const char *why = misfit(c, &made, &entry->leaf);

	if (why != nullptr) {
		fh_trace_what(fh_record_refuse(c, "certificate"), "%s", why);
		return FH_ERR_OK;
	}
	fh_err e = fh_certificate_check(&made, d->body.key);

	if (e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT) {
		fh_trace_what(fh_record_refuse(c, "signature"),
			      "the session certificate is not signed by the device key");
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK)
		return e;
	grade(c, &made, d);
	e = check_quote(c, &made, &entry->leaf);
	return e == FH_ERR_OK && !c->refused ? begin_session(c, &made) : e;
}

/* What is wrong with CP here, or NULL.  */
static const char *stray(const struct fh_record_check *c, const struct fh_checkpoint *cp)
{
	const struct fh_boundary *here = &c->boundary[c->boundaries - 1];

	if (!fh_span_equal(cp->origin, fh_span_of(c->origin, c->origin_n)))
		return "the checkpoint is of another record";
	if (!c->session.certified)
		return "the checkpoint comes before the certificate of its session";
	if (cp->size < c->covered.size)
		return "the checkpoint goes back behind the one before it";
	if (cp->size != here->size || !fh_hash_equal(&cp->root, &here->root))
		return "the checkpoint is not over the entries before it";
	return nullptr;
}

/* Leaves the checking of NOTE, BYTES as they stand, to whoever helps; false if nobody does,
 * or if there is nothing to check.  */
static bool hand_over(struct fh_record_check *c, const struct fh_note *note, struct fh_span bytes,
		      size_t *others)
{
	const struct fh_record_aid *aid = c->options.aid;
	struct fh_note_key key = session_key(c);
	struct fh_note_ahead ahead = { bytes, key.name, key.key_id, &c->session.key };
	size_t ours = 0;

	for (size_t i = 0; i < note->signatures; i++)
		ours += note->signature[i].key_id == key.key_id
			&& fh_span_equal(note->signature[i].name, key.name);
	*others = note->signatures - ours;
	return aid != nullptr && ours > 0 && aid->sign(aid->context, &ahead);
}

static fh_err check_signature(struct fh_record_check *c, const struct fh_note *note,
			      struct fh_span bytes)
{
	struct fh_note_key key = session_key(c);
	size_t others;

	/* What comes later stands on the checkpoint that is trusted, whose own is checked.  */
	if (fh_record_is_trusted(c))
		return FH_ERR_OK;
	fh_err e = hand_over(c, note, bytes, &others) ? FH_ERR_OK
						      : fh_note_signed_by(note, &key, &others);

	if (e == FH_ERR_SIGNATURE || e == FH_ERR_MISSING) {
		fh_trace_what(fh_record_refuse(c, "signature"),
			      "the checkpoint is not signed by the session's key");
		return FH_ERR_OK;
	}
	if (e == FH_ERR_OK && others > 0)
		fh_trace_what(fh_record_uncovered(c, "cosignatures"),
			      "%zu signature lines of other keys", others);
	return e;
}

/* The segment that NOTE lies in goes.  */
static void keep_note(struct fh_record_check *c, struct fh_span note)
{
	if (c->note_room == nullptr)
		return;
	struct fh_builder b = fh_builder_of(c->note_room, FH_NOTE_MAX);

	fh_builder_bytes(&b, note);
	c->note = fh_builder_span(&b);
}

fh_err fh_record_checkpoint_check(struct fh_record_check *c, struct fh_span bytes)
{
	struct fh_checkpoint cp;
	struct fh_note note;

	if (fh_note_parse(bytes, &note) != FH_ERR_OK
	    || fh_checkpoint_parse(note.text, &cp) != FH_ERR_OK) {
		fh_trace_what(fh_record_refuse(c, "checkpoint"), "not a signed checkpoint");
		return FH_ERR_OK;
	}
	const char *why = stray(c, &cp);

	if (why != nullptr) {
		fh_trace_what(fh_record_refuse(c, "checkpoint"), "%s", why);
		return FH_ERR_OK;
	}
	fh_err e = check_signature(c, &note, bytes);

	if (e != FH_ERR_OK || c->refused)
		return e;
	c->counts.checkpoints++;
	c->repeated = cp.size == c->covered.size ? c->repeated + 1 : 1;
	c->covered = c->boundary[c->boundaries - 1];
	c->boundary[0] = c->covered;
	c->boundaries = 1;
	keep_note(c, bytes);
	return FH_ERR_OK;
}
