/* SPDX-License-Identifier: Apache-2.0 */
#include "role/door.h"

#include <string.h>

void fh_door_put_request(struct fh_builder *b, enum fh_door_request r)
{
	fh_cbor_put_array(b, 1);
	fh_cbor_put_uint(b, r);
}

void fh_door_put_error(struct fh_builder *b, fh_err e, const struct fh_trace *t)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, e);
	fh_cbor_put_text(b, fh_span_str(t->where));
	fh_cbor_put_text(b, fh_span_str(t->what));
	fh_cbor_put_text(b, fh_span_str(t->cure));
}

static void copy_text(struct fh_cursor *c, char *out, size_t cap)
{
	struct fh_span s = fh_cbor_text(c, cap - 1);

	if (s.n > 0)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

/* Stands C behind [0 of an answer with N members; the error it carries
 * otherwise.  */
fh_err fh_door_answer_begin(struct fh_cursor *c, size_t n, struct fh_trace *t)
{
	struct fh_trace told = { 0 };
	size_t members = fh_cbor_array(c, 16);
	uint64_t code = fh_cbor_uint(c);

	if (code == FH_ERR_OK) {
		if (members != n)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		return c->why;
	}
	copy_text(c, told.where, sizeof(told.where));
	copy_text(c, told.what, sizeof(told.what));
	copy_text(c, told.cure, sizeof(told.cure));
	fh_err e = fh_cursor_end(c);

	if (e != FH_ERR_OK || code >= FH_ERR_COUNT)
		return FH_ERR_FORMAT;
	if (t != nullptr)
		*t = told;
	return (fh_err)code;
}

void fh_door_put_done(struct fh_builder *b)
{
	fh_cbor_put_array(b, 1);
	fh_cbor_put_uint(b, FH_ERR_OK);
}

fh_err fh_door_read_done(struct fh_span frame, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 1, t);

	return e == FH_ERR_OK ? fh_cursor_end(&c) : e;
}

/* --- OPEN --------------------------------------------------------------- */

constexpr size_t opened_members = 10;
constexpr size_t note_members = 4;

void fh_door_note_pack(struct fh_builder *b, const struct fh_door_note *n)
{
	fh_builder_be64(b, n->start);
	fh_builder_be64(b, n->size);
	fh_builder_bytes(b, fh_hash_span(&n->root));
	fh_builder_be64(b, n->sequence);
}

fh_err fh_door_note_unpack(struct fh_span bytes, struct fh_door_note *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_door_note n = { .start = fh_cursor_be64(&c) };

	n.size = fh_cursor_be64(&c);
	struct fh_span root = fh_cursor_take(&c, FH_HASH_SIZE);

	n.sequence = fh_cursor_be64(&c);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	memcpy(n.root.bytes, root.p, FH_HASH_SIZE);
	*out = n;
	return FH_ERR_OK;
}

void fh_door_put_opened(struct fh_builder *b, const struct fh_door_opened *o)
{
	fh_cbor_put_array(b, opened_members);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_hash(b, &o->chain_id);
	fh_cbor_put_hash(b, &o->device_id);
	fh_cbor_put_uint(b, o->signed_size);
	fh_cbor_put_hash(b, &o->signed_root);
	fh_cbor_put_uint(b, o->grade);
	fh_cbor_put_uint(b, o->epoch);
	fh_cbor_put_bool(b, o->measured);
	fh_cbor_put_array(b, note_members);
	fh_cbor_put_uint(b, o->note.start);
	fh_cbor_put_uint(b, o->note.size);
	fh_cbor_put_hash(b, &o->note.root);
	fh_cbor_put_uint(b, o->note.sequence);
	fh_cbor_put_hash(b, &o->companions);
}

fh_err fh_door_read_opened(struct fh_span frame, struct fh_door_opened *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_door_opened o = { 0 };
	fh_err e = fh_door_answer_begin(&c, opened_members, t);

	if (e != FH_ERR_OK)
		return e;
	o.chain_id = fh_cbor_hash(&c);
	o.device_id = fh_cbor_hash(&c);
	o.signed_size = fh_cbor_uint(&c);
	o.signed_root = fh_cbor_hash(&c);
	o.grade = (enum fh_grade)(fh_cbor_uint(&c) & 0xff);
	o.epoch = fh_cbor_uint(&c);
	o.measured = fh_cbor_bool(&c);
	fh_cbor_array_exact(&c, note_members);
	o.note.start = fh_cbor_uint(&c);
	o.note.size = fh_cbor_uint(&c);
	o.note.root = fh_cbor_hash(&c);
	o.note.sequence = fh_cbor_uint(&c);
	o.companions = fh_cbor_hash(&c);
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = o;
	return e;
}

/* --- before the session --------------------------------------------------- */

/* Stands C behind [request of a request with N members.  */
static struct fh_cursor request_of(struct fh_span frame, enum fh_door_request r, size_t n)
{
	struct fh_cursor c = fh_cursor_of(frame);

	fh_cbor_array_exact(&c, n);
	if (fh_cbor_uint(&c) != r)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	return c;
}

static void put_head(struct fh_builder *b, enum fh_door_request r, size_t n)
{
	fh_cbor_put_array(b, n);
	fh_cbor_put_uint(b, r);
}

void fh_door_put_authority(struct fh_builder *b, struct fh_span file)
{
	put_head(b, FH_DOOR_AUTHORITY, 2);
	fh_cbor_put_bytes(b, file);
}

fh_err fh_door_read_authority(struct fh_span frame, struct fh_span *file)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_AUTHORITY, 2);
	struct fh_span s = fh_cbor_bytes(&c, FH_AUTHORITY_FILE_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*file = s;
	return e;
}

void fh_door_put_approval(struct fh_builder *b, const struct fh_door_approval *a)
{
	put_head(b, FH_DOOR_APPROVAL, 5);
	fh_cbor_put_uint(b, a->epoch);
	fh_cbor_put_bytes(b, a->companion);
	fh_cbor_put_bytes(b, a->signature);
	fh_pcr_state_put(b, &a->state);
}

fh_err fh_door_read_approval(struct fh_span frame, struct fh_door_approval *out)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_APPROVAL, 5);
	struct fh_door_approval a = { .epoch = fh_cbor_uint(&c) };

	a.companion = fh_cbor_bytes_exact(&c, FH_P256_PUBLIC_SIZE);
	a.signature = fh_cbor_bytes_exact(&c, FH_P256_SIGNATURE_SIZE);
	a.state = fh_pcr_state_read(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}

void fh_door_put_differs(struct fh_builder *b, bool usable, uint32_t differs)
{
	fh_cbor_put_array(b, 3);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bool(b, usable);
	fh_cbor_put_uint(b, differs);
}

fh_err fh_door_read_differs(struct fh_span frame, bool *usable, uint32_t *differs,
			    struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 3, t);

	if (e != FH_ERR_OK)
		return e;
	bool u = fh_cbor_bool(&c);
	uint64_t d = fh_cbor_uint(&c);

	if (d >> FH_PCRS != 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	e = fh_cursor_end(&c);
	if (e != FH_ERR_OK)
		return e;
	*usable = u;
	*differs = (uint32_t)d;
	return FH_ERR_OK;
}

/* --- BEGIN ---------------------------------------------------------------- */

void fh_door_put_begin(struct fh_builder *b, const struct fh_door_begin *g)
{
	put_head(b, FH_DOOR_BEGIN, 4);
	fh_cbor_put_uint(b, g->head_sequence);
	fh_cbor_put_hash(b, &g->head);
	fh_cbor_put_uint(b, g->epoch);
}

fh_err fh_door_read_begin(struct fh_span frame, struct fh_door_begin *out)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_BEGIN, 4);
	struct fh_door_begin g = { .head_sequence = fh_cbor_uint(&c) };

	g.head = fh_cbor_hash(&c);
	g.epoch = fh_cbor_uint(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = g;
	return e;
}

constexpr size_t begun_members = 10;

void fh_door_put_begun(struct fh_builder *b, const struct fh_door_begun *g)
{
	fh_cbor_put_array(b, begun_members);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bool(b, g->fresh);
	fh_cbor_put_uint(b, g->boot);
	fh_cbor_put_uint(b, g->start);
	fh_cbor_put_bytes(b, g->certificate);
	fh_cbor_put_uint(b, g->first_epoch);
	fh_cbor_put_uint(b, g->epochs);
	fh_cbor_put_bytes(b, g->companions);
	fh_cbor_put_uint(b, g->needed);
	fh_cbor_put_uint(b, g->data_epoch);
}

fh_err fh_door_read_begun(struct fh_span frame, struct fh_door_begun *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_door_begun g = { 0 };
	fh_err e = fh_door_answer_begin(&c, begun_members, t);

	if (e != FH_ERR_OK)
		return e;
	g.fresh = fh_cbor_bool(&c);
	g.boot = fh_cbor_uint(&c);
	g.start = fh_cbor_uint(&c);
	g.certificate = fh_cbor_bytes(&c, FH_CERTIFICATE_MAX);
	g.first_epoch = fh_cbor_uint(&c);
	g.epochs = fh_cbor_uint(&c);
	g.companions = fh_cbor_bytes(&c, FH_COMPANIONS_MAX * FH_P256_PUBLIC_SIZE);
	if (g.companions.n % FH_P256_PUBLIC_SIZE != 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	g.needed = fh_cbor_uint(&c);
	g.data_epoch = fh_cbor_uint(&c);
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = g;
	return e;
}

void fh_door_put_checkpoint(struct fh_builder *b, uint64_t size, const struct fh_hash *root,
			    const struct fh_proof *proof)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, FH_DOOR_CHECKPOINT);
	fh_cbor_put_uint(b, size);
	fh_cbor_put_hash(b, root);
	fh_cbor_put_array(b, proof->n);
	for (size_t i = 0; i < proof->n; i++)
		fh_cbor_put_hash(b, &proof->hash[i]);
}

fh_err fh_door_read_checkpoint(struct fh_span frame, uint64_t *size, struct fh_hash *root,
			       struct fh_proof *proof)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_hash r = { 0 };
	struct fh_proof p = { 0 };

	fh_cbor_array_exact(&c, 4);
	if (fh_cbor_uint(&c) != FH_DOOR_CHECKPOINT)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	uint64_t n = fh_cbor_uint(&c);

	r = fh_cbor_hash(&c);
	p.n = fh_cbor_array(&c, FH_PROOF_MAX);
	for (size_t i = 0; i < p.n; i++)
		p.hash[i] = fh_cbor_hash(&c);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	*size = n;
	*root = r;
	*proof = p;
	return FH_ERR_OK;
}

void fh_door_put_note(struct fh_builder *b, struct fh_span note)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bytes(b, note);
}

fh_err fh_door_read_note(struct fh_span frame, struct fh_span *note, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span n = fh_cbor_bytes(&c, FH_CHECKPOINT_NOTE_MAX);

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*note = n;
	return e;
}

void fh_door_put_document(struct fh_builder *b, struct fh_span payload)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_DOOR_DOCUMENT);
	fh_cbor_put_bytes(b, payload);
}

fh_err fh_door_read_document(struct fh_span frame, struct fh_span *payload)
{
	struct fh_cursor c = fh_cursor_of(frame);

	fh_cbor_array_exact(&c, 2);
	if (fh_cbor_uint(&c) != FH_DOOR_DOCUMENT)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	struct fh_span p = fh_cbor_bytes(&c, FH_DOCUMENT_PAYLOAD_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*payload = p;
	return e;
}

void fh_door_put_signature(struct fh_builder *b, const struct fh_signature *s)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(s->bytes));
}

fh_err fh_door_read_signature(struct fh_span frame, struct fh_signature *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span s = fh_cbor_bytes_exact(&c, sizeof(out->bytes));

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		memcpy(out->bytes, s.p, sizeof(out->bytes));
	return e;
}

/* --- notes, quotes and epochs ---------------------------------------------- */

static void put_number(struct fh_builder *b, enum fh_door_request r, uint64_t v)
{
	put_head(b, r, 2);
	fh_cbor_put_uint(b, v);
}

static fh_err read_number(struct fh_span frame, enum fh_door_request r, uint64_t *out)
{
	struct fh_cursor c = request_of(frame, r, 2);
	uint64_t v = fh_cbor_uint(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = v;
	return e;
}

void fh_door_put_noting(struct fh_builder *b, uint64_t sequence)
{
	put_number(b, FH_DOOR_NOTE, sequence);
}

fh_err fh_door_read_noting(struct fh_span frame, uint64_t *sequence)
{
	return read_number(frame, FH_DOOR_NOTE, sequence);
}

void fh_door_put_epoch(struct fh_builder *b, uint64_t epoch)
{
	put_number(b, FH_DOOR_EPOCH, epoch);
}

fh_err fh_door_read_epoch(struct fh_span frame, uint64_t *epoch)
{
	return read_number(frame, FH_DOOR_EPOCH, epoch);
}

constexpr size_t quoting_members = 8;

void fh_door_put_quoting(struct fh_builder *b, const struct fh_quote_subject *subject)
{
	put_head(b, FH_DOOR_QUOTE, quoting_members);
	fh_cbor_put_uint(b, subject->purpose);
	fh_cbor_put_uint(b, subject->head_sequence);
	fh_cbor_put_hash(b, &subject->head);
	fh_cbor_put_uint(b, subject->serial);
	fh_cbor_put_bytes(b, subject->nonce);
	fh_cbor_put_text(b, subject->origin);
	fh_cbor_put_bytes(b, subject->exporter);
}

/* Never for a session: that quote the keeper takes by itself, once.  */
fh_err fh_door_read_quoting(struct fh_span frame, struct fh_quote_subject *out)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_QUOTE, quoting_members);
	struct fh_quote_subject s = { 0 };
	uint64_t purpose = fh_cbor_uint(&c);

	if (purpose < FH_QUOTE_START || purpose > FH_QUOTE_LIVE)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	s.purpose = (enum fh_quote_purpose)purpose;
	s.head_sequence = fh_cbor_uint(&c);
	s.head = fh_cbor_hash(&c);
	s.serial = fh_cbor_uint(&c);
	s.nonce = fh_cbor_bytes(&c, FH_QUOTE_NONCE_MAX);
	s.origin = fh_cbor_text(&c, FH_QUOTE_ORIGIN_MAX);
	s.exporter = fh_cbor_bytes(&c, FH_QUOTE_EXPORTER_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

void fh_door_put_quote(struct fh_builder *b, struct fh_span quote)
{
	fh_door_put_note(b, quote);
}

fh_err fh_door_read_quote(struct fh_span frame, struct fh_span *quote, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span q = fh_cbor_bytes(&c, FH_MACHINE_QUOTE_MAX);

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*quote = q;
	return e;
}

void fh_door_put_activation(struct fh_builder *b, struct fh_span object, struct fh_span seed)
{
	put_head(b, FH_DOOR_ACTIVATE, 3);
	fh_cbor_put_bytes(b, object);
	fh_cbor_put_bytes(b, seed);
}

fh_err fh_door_read_activation(struct fh_span frame, struct fh_span *object, struct fh_span *seed)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_ACTIVATE, 3);
	struct fh_span o = fh_cbor_bytes(&c, FH_CREDENTIAL_OBJECT_MAX);
	struct fh_span s = fh_cbor_bytes(&c, FH_CREDENTIAL_SEED_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	*object = o;
	*seed = s;
	return FH_ERR_OK;
}

void fh_door_put_proof(struct fh_builder *b, const struct fh_hash *proof)
{
	fh_door_put_note(b, fh_hash_span(proof));
}

fh_err fh_door_read_proof(struct fh_span frame, struct fh_hash *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_hash h = fh_cbor_hash(&c);

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = h;
	return e;
}

/* --- SEAL, UNSEAL ------------------------------------------------------- */

constexpr size_t sealing_members = 6;
constexpr size_t unsealing_members = 3;
constexpr size_t key_members = 4;

void fh_door_put_sealing(struct fh_builder *b, const struct fh_door_sealing *s)
{
	put_head(b, FH_DOOR_SEAL, sealing_members);
	fh_cbor_put_bytes(b, s->of.subject);
	fh_cbor_put_text(b, s->of.class);
	fh_cbor_put_uint(b, s->of.period);
	fh_cbor_put_uint(b, s->batch);
	fh_cbor_put_uint(b, s->head);
}

fh_err fh_door_read_sealing(struct fh_span frame, struct fh_door_sealing *out)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_SEAL, sealing_members);
	struct fh_door_sealing s;

	s.of.subject = fh_cbor_bytes(&c, FH_SUBJECT_MAX);
	s.of.class = fh_cbor_text(&c, FH_CLASS_MAX);
	s.of.period = fh_cbor_uint(&c);
	s.batch = fh_cbor_uint(&c);
	s.head = fh_cbor_uint(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

void fh_door_put_unsealing(struct fh_builder *b, struct fh_span name, uint64_t batch)
{
	fh_cbor_put_array(b, unsealing_members);
	fh_cbor_put_uint(b, FH_DOOR_UNSEAL);
	fh_cbor_put_bytes(b, name);
	fh_cbor_put_uint(b, batch);
}

fh_err fh_door_read_unsealing(struct fh_span frame, struct fh_span *name, uint64_t *batch)
{
	struct fh_cursor c = fh_cursor_of(frame);

	fh_cbor_array_exact(&c, unsealing_members);
	(void)fh_cbor_uint(&c);
	*name = fh_cbor_bytes_exact(&c, FH_SEAL_NAME_SIZE);
	*batch = fh_cbor_uint(&c);
	return fh_cursor_end(&c);
}

void fh_door_put_key(struct fh_builder *b, struct fh_span name, const struct fh_secret *key,
		     uint64_t room)
{
	fh_cbor_put_array(b, key_members);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bytes(b, name);
	fh_cbor_put_bytes(b, fh_secret_span(key));
	fh_cbor_put_uint(b, room);
}

fh_err fh_door_read_key(struct fh_span frame, uint8_t name[FH_SEAL_NAME_SIZE],
			struct fh_secret *key, uint64_t *room, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, key_members, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span called = fh_cbor_bytes_exact(&c, FH_SEAL_NAME_SIZE);
	struct fh_span bytes = fh_cbor_bytes_exact(&c, FH_SEAL_KEY_SIZE);
	uint64_t left = fh_cbor_uint(&c);

	e = fh_cursor_end(&c);
	if (e != FH_ERR_OK)
		return e;
	*room = left;
	memcpy(name, called.p, FH_SEAL_NAME_SIZE);
	return fh_secret_from(bytes, key);
}
