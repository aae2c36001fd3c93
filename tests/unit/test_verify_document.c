/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is right is believed; each thing that can be wrong with one is
 * found, and named.  The TPM is made of software (tests/fixture/quote_maker.h).  */
#include "chain_fixture.h"
#include "event_fixture.h"

#include <stdlib.h>

#include "codec/base64.h"
#include "crypto/sign.h"
#include "fixture/quote_maker.h"
#include "verify/document.h"

constexpr uint64_t boots = 7; /* of the TPM made of software */

struct machine {
	struct fixture *f;
	struct fh_signer device, session;
	struct fh_public_key device_key, session_key;
	struct quote_maker ak, other_ak;
	struct fh_span statement[4];
	struct fh_certificate certificate;
	struct fh_hash root;
	struct fh_pcr_state pcrs;
	uint32_t resets_more; /* of the TPM than the machine says it has booted */
	struct fh_document d;
	struct made_log log;
	struct fh_arena live, spare, scratch, own;
	struct fh_document_check check;
};

static void signer_of(int byte, struct fh_signer *s, struct fh_public_key *key)
{
	struct fh_secret seed = { .n = FH_MLDSA65_SEED_SIZE };

	memset(seed.bytes, byte, seed.n);
	assert_int_equal(fh_signer_new(&seed, s), FH_ERR_OK);
	assert_int_equal(fh_signer_public(s, key), FH_ERR_OK);
}

static struct fh_hash filled(uint8_t byte)
{
	struct fh_hash h;

	memset(h.bytes, byte, sizeof(h.bytes));
	return h;
}

/* --- what the machine says ---------------------------------------------- */

static struct fh_span device_body(struct machine *m)
{
	struct fh_span plain = fixture_device(m->f, &m->device, &m->f->chain.id);
	struct fh_builder b = fixture_builder(m->f, 16384);
	struct fh_device_body d;

	assert_int_equal(fh_device_read(plain, &d, nullptr), FH_ERR_OK);
	d.ak = fh_span_of(m->ak.area, m->ak.area_n);
	d.grade = FH_SPAN_LIT("tpm-sealed");
	fh_device_put(&b, &d);
	return fh_builder_span(&b);
}

static struct fh_span note_of(struct machine *m, uint64_t size, struct fh_signer *by)
{
	char origin[16 + 2 * FH_HASH_SIZE];
	struct fh_builder name = FH_BUILDER_ARRAY(origin);
	struct fh_builder text = fixture_builder(m->f, 512), message = fixture_builder(m->f, 512);
	struct fh_builder note = fixture_builder(m->f, 8192);
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(m->device_key.bytes));
	struct fh_signature s;

	fh_builder_text(&name, "freehold/");
	fh_builder_hex(&name, fh_hash_span(&id));
	struct fh_checkpoint c = { fh_builder_span(&name), size, m->root };

	fh_checkpoint_put_text(&text, &c);
	fh_checkpoint_put_signed(&message, fh_builder_span(&text));
	assert_int_equal(fh_signer_sign(by, fh_builder_span(&message), &s), FH_ERR_OK);
	fh_builder_bytes(&note, fh_builder_span(&text));
	fh_builder_text(&note, "\n");
	fh_note_put_signature(&note, c.origin,
			      fh_note_mldsa65_key_id(c.origin, FH_SPAN_ARRAY(m->session_key.bytes)),
			      FH_SPAN_ARRAY(s.bytes));
	return fh_builder_span(&note);
}

/* A quote of PCRS about SUBJECT, by KEY.  */
static struct fh_span quote_of(struct machine *m, const struct fh_quote_subject *subject,
			       const struct quote_maker *key)
{
	struct fh_builder carried = fixture_builder(m->f, FH_MACHINE_QUOTE_MAX);
	struct fh_quote_subject about = *subject;

	about.chain_id = m->f->chain.id;
	about.device_id = fh_key_id(FH_SPAN_ARRAY(m->device_key.bytes));
	about.session_id = fh_key_id(FH_SPAN_ARRAY(m->session_key.bytes));
	quote_maker_machine(key, &about, &m->pcrs, m->resets_more, &carried);
	return fh_builder_span(&carried);
}

static void fill_pcrs(struct machine *m)
{
	struct fh_hash session = fh_key_id(FH_SPAN_ARRAY(m->session_key.bytes));
	struct fh_event_replay replay;

	static const enum fh_bank bank[] = { FH_BANK_SHA256 };

	log_begin(&m->log, bank, 1);
	for (uint32_t pcr = 0; pcr < 8; pcr++)
		log_measure(&m->log, pcr, FH_EV_SEPARATOR, FH_SPAN_LIT("\0\0\0\0"));
	assert_int_equal(fh_event_log_replay(log_span(&m->log), FH_BANK_SHA256, &replay, nullptr),
			 FH_ERR_OK);
	m->pcrs.selected = FH_MACHINE_PCRS;
	for (int i = 0; i < 8; i++)
		memcpy(m->pcrs.value[i].bytes, replay.bank[0].value[i].bytes, FH_HASH_SIZE);
	m->pcrs.value[11] = filled(0x11);
	m->pcrs.value[FH_PCR_LOCK] = fh_pcr_locked(&session);
}

/* The operator approves the PCRs of this machine, but for the lock.  */
static struct fh_span reference_body(struct machine *m)
{
	struct fh_builder b = fixture_builder(m->f, 4096);
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(m->device_key.bytes));
	struct fh_reference_body r = { .label = FH_SPAN_LIT("now"), .state = m->pcrs };
	uint64_t epoch = fh_chain_epoch(&m->f->chain, &id);
	struct fh_p256_signature s;

	r.state.selected = 0xff | 1U << 11;
	struct fh_hash policy = fh_approval_policy(&r.state);
	struct fh_hash reference = fh_approval_reference(&m->f->chain.id, &id, epoch);
	struct fh_hash digest = fh_approval_digest(&policy, &reference);

	assert_int_equal(fh_companion_sign(&m->f->key[0].seed, &digest, &s), FH_ERR_OK);
	struct fh_approval a = { .device = id, .epoch = epoch,
				 .companion = FH_SPAN_ARRAY(m->f->key[0].public.companion.bytes),
				 .signature = FH_SPAN_ARRAY(s.bytes) };

	fh_reference_put_head(&b, &r, true);
	fh_approvals_begin(&b, 1);
	fh_approval_put(&b, &a, false);
	return fh_builder_span(&b);
}

static void fill_document(struct machine *m)
{
	struct fh_document *d = &m->d;
	const struct fh_quote_subject subject = {
		.purpose = FH_QUOTE_SCHEDULED, .size = 50, .root = m->root, .boot = boots,
		.start = 9, .head_sequence = 2, .head = m->f->chain.head.hash, .serial = 40 };

	*d = (struct fh_document){
		.serial = 50, .issued = { 1000, 2000 }, .genesis = m->f->chain.id,
		.placement = FH_PLACEMENT_OFFLINE, .grade = FH_GRADE_TPM_SEALED,
		.operator_key = &m->f->key[0].public.key, .operator_keys = 1,
		.device = m->device_key, .statement = m->statement, .statements = 3,
		.head_sequence = 2, .head = m->f->chain.head.hash, .boot = boots, .start = 9,
		.checkpoint = note_of(m, 50, &m->session),
		.ak = fh_span_of(m->ak.area, m->ak.area_n), .log = log_span(&m->log),
		.quote = { subject, quote_of(m, &subject, &m->ak) },
	};
	m->certificate = (struct fh_certificate){
		.chain_id = m->f->chain.id, .device_id = fh_key_id(FH_SPAN_ARRAY(d->device.bytes)),
		.session_key = FH_SPAN_ARRAY(m->session_key.bytes), .boot = boots, .start = 8,
		.previous_size = 30, .previous_root = filled(3), .grade = FH_GRADE_TPM_SEALED };
}

static int set_up(void **state)
{
	struct machine *m = test_calloc(1, sizeof(*m));
	void *fixture;

	assert_int_equal(fixture_set_up(&fixture), 0);
	m->f = fixture;
	assert_int_equal(fh_arena_map(FH_CHAIN_ARENA, &m->live), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_CHAIN_ARENA, &m->spare), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_CHAIN_SCRATCH, &m->scratch), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_DOCUMENT_OWN, &m->own), FH_ERR_OK);
	signer_of(0x0d, &m->device, &m->device_key);
	signer_of(0x0e, &m->session, &m->session_key);
	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256,
			QUOTE_MAKER_AK | 1U << 10, &m->ak);
	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256,
			QUOTE_MAKER_AK | 1U << 10, &m->other_ak);
	m->statement[0] = fixture_genesis(m->f, 1, 1, 1);
	fixture_must(m->f, m->statement[0]);
	m->statement[1] = fixture_next(m->f, "device", device_body(m), 1);
	fixture_must(m->f, m->statement[1]);
	m->root = filled(0x0f);
	fill_pcrs(m);
	m->statement[2] = fixture_next(m->f, "reference", reference_body(m), 1);
	fixture_must(m->f, m->statement[2]);
	fill_document(m);
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	struct machine *m = *state;
	void *fixture = m->f;

	fh_signer_drop(&m->device);
	fh_signer_drop(&m->session);
	quote_maker_drop(&m->ak);
	quote_maker_drop(&m->other_ak);
	fh_arena_drop(&m->live);
	fh_arena_drop(&m->spare);
	fh_arena_drop(&m->scratch);
	fh_arena_drop(&m->own);
	test_free(m);
	return fixture_tear_down(&fixture);
}

/* --- signing and judging ------------------------------------------------ */

static struct fh_span certified(struct machine *m, struct fh_signer *by)
{
	struct fh_builder payload = fixture_builder(m->f, FH_CERTIFICATE_MAX);
	struct fh_builder message = fixture_builder(m->f, FH_CERTIFICATE_MAX);
	struct fh_builder whole = fixture_builder(m->f, FH_CERTIFICATE_MAX);
	struct fh_signature s;

	fh_certificate_put_payload(&payload, &m->certificate);
	fh_certificate_put_signed(&message, fh_builder_span(&payload));
	assert_int_equal(fh_signer_sign(by, fh_builder_span(&message), &s), FH_ERR_OK);
	fh_certificate_put(&whole, fh_builder_span(&payload), &m->certificate.device_id,
			   FH_SPAN_ARRAY(s.bytes));
	assert_false(whole.bad);
	return fh_builder_span(&whole);
}

static struct fh_span encoded(struct machine *m, struct fh_span bytes)
{
	struct fh_builder b = fixture_builder(m->f, bytes.n / 3 * 4 + 4);

	fh_base64url_put(&b, bytes);
	return fh_builder_span(&b);
}

static struct fh_span published(struct machine *m, struct fh_signer *device,
				struct fh_signer *session)
{
	struct fh_builder payload = fixture_builder(m->f, 1 << 17);
	struct fh_builder message = fixture_builder(m->f, 1 << 18);
	struct fh_builder whole = fixture_builder(m->f, 1 << 18);
	struct fh_signature s;

	fh_document_put(&payload, &m->d);
	fh_document_put_signed(&message, fh_builder_span(&payload));
	assert_false(payload.bad || message.bad);
	assert_int_equal(fh_signer_sign(session, fh_builder_span(&message), &s), FH_ERR_OK);
	struct fh_jws j = { encoded(m, fh_builder_span(&payload)), encoded(m, certified(m, device)),
			    encoded(m, FH_SPAN_ARRAY(s.bytes)) };

	fh_jws_put(&whole, FH_DOCUMENT_HEADER, &j);
	assert_false(whole.bad);
	return fh_builder_span(&whole);
}

static struct fh_document_options trusting(struct machine *m)
{
	struct fh_document_options o = { .genesis_given = true, .genesis = m->f->chain.id,
					 .live = &m->live, .spare = &m->spare,
					 .scratch = &m->scratch, .own = &m->own };

	return o;
}

static const struct fh_finding *judged(struct machine *m, struct fh_span text,
				       const struct fh_document_options *o)
{
	fh_arena_reset(&m->live);
	fh_arena_reset(&m->spare);
	fh_arena_reset(&m->own);
	assert_int_equal(fh_document_verify(text, o, &m->check), FH_ERR_OK);
	return &m->check.finding;
}

static bool says(const struct fh_finding *f, const char *code)
{
	for (size_t i = 0; i < f->reasons; i++) {
		if (strcmp(f->reason[i].code, code) == 0)
			return true;
	}
	return false;
}

static void expect_no(struct machine *m, enum fh_aspect q, const char *code)
{
	struct fh_document_options o = trusting(m);
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	if (fh_finding_answer(f, q) != FH_ANSWER_NO || !says(f, code))
		fail_msg("%s is %s, and the first reason is %s", code,
			 fh_answer_text(fh_finding_answer(f, q)),
			 f->reasons > 0 ? f->reason[0].code : "none");
}

/* --- what is right ------------------------------------------------------ */

static void a_right_document_is_believed(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	for (size_t i = 0; i < f->reasons; i++)
		print_message("# %s: %s: %s\n", f->reason[i].code, f->reason[i].why.where,
			      f->reason[i].why.what);
	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(f, FH_ENROLLED), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(f, FH_FRESH), FH_ANSWER_UNCHECKED);
	assert_int_equal(fh_finding_answer(f, FH_ACCEPTED), FH_ANSWER_YES);
	assert_int_equal(f->grade, FH_GRADE_TPM_SEALED);
	assert_int_equal(m->check.binding, FH_BINDING_OPERATOR);
	assert_true(m->check.quote.readable);
}

static void without_a_genesis_hash_nothing_is_enrolled(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);

	o.genesis_given = false;
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(f, FH_ENROLLED), FH_ANSWER_UNCHECKED);
	assert_int_not_equal(fh_finding_answer(f, FH_ACCEPTED), FH_ANSWER_YES);
}

static void a_machine_without_a_chip_is_of_grade_none(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);

	m->d.statements = 0;
	m->d.ak = m->d.log = m->d.quote.evidence = (struct fh_span){ 0 };
	m->d.grade = m->certificate.grade = FH_GRADE_NONE;
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(f, FH_ENROLLED), FH_ANSWER_UNCHECKED);
	assert_int_equal(f->grade, FH_GRADE_NONE);
	assert_int_equal(m->check.binding, FH_BINDING_NONE);
	assert_true(says(f, "no-quote"));
}

/* --- what is wrong with who says it ------------------------------------- */

static void refuses_another_genesis(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);

	o.genesis.bytes[0] ^= 1;
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	assert_int_equal(fh_finding_answer(f, FH_ENROLLED), FH_ANSWER_NO);
	assert_true(says(f, "genesis"));
}

static void refuses_a_document_by_another_session(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);
	struct fh_signer other;
	struct fh_public_key key;

	signer_of(0x55, &other, &key);
	assert_true(says(judged(m, published(m, &m->device, &other), &o), "signature"));
	assert_int_equal(fh_finding_answer(&m->check.finding, FH_AUTHENTIC), FH_ANSWER_NO);
	/* A session that another device certified.  */
	assert_true(says(judged(m, published(m, &other, &m->session), &o), "signature"));
	assert_int_equal(fh_finding_answer(&m->check.finding, FH_AUTHENTIC), FH_ANSWER_NO);
	fh_signer_drop(&other);
}

/* Its own device key, under this operator's chain.  */
static void refuses_a_device_that_is_not_enrolled(void **state)
{
	struct machine *m = *state;

	fh_signer_drop(&m->device);
	signer_of(0x66, &m->device, &m->device_key);
	fill_document(m);
	expect_no(m, FH_AUTHENTIC, "chain");
}

static void refuses_a_revoked_device(void **state)
{
	struct machine *m = *state;
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(m->device_key.bytes));

	m->statement[3] = fixture_next(m->f, "revoke",
				       fixture_revoke(m->f, FH_STATEMENT_DEVICE,
						      fh_hash_span(&id)), 1);
	fixture_must(m->f, m->statement[3]);
	m->d.statements = 4;
	m->d.head_sequence = 3;
	m->d.head = m->f->chain.head.hash;
	expect_no(m, FH_ENROLLED, "revoked");
}

static void refuses_what_contradicts_the_chain(void **state)
{
	struct machine *m = *state;
	struct fh_document right = m->d;

	m->d.head.bytes[0] ^= 1;
	expect_no(m, FH_AUTHENTIC, "chain");
	m->d = right;
	m->d.head_sequence++;
	expect_no(m, FH_AUTHENTIC, "chain");
	m->d = right;
	m->d.operator_key = &m->f->key[1].public.key;
	expect_no(m, FH_AUTHENTIC, "chain");
	m->d = right;
	m->d.placement = FH_PLACEMENT_HSM;
	expect_no(m, FH_AUTHENTIC, "chain");
	m->d = right;
	m->d.genesis.bytes[0] ^= 1;
	expect_no(m, FH_AUTHENTIC, "certificate");
	m->d = right;
	m->d.endorsement[0] = FH_SPAN_LIT("other");
	m->d.endorsements = 1;
	expect_no(m, FH_AUTHENTIC, "chain");
	m->d = right;
	m->d.statements = 1;
	expect_no(m, FH_AUTHENTIC, "chain");
	m->d = right;
	m->statement[1].n--;
	expect_no(m, FH_AUTHENTIC, "statement");
}

static void refuses_what_contradicts_the_certificate(void **state)
{
	struct machine *m = *state;
	struct fh_document right = m->d;

	m->d.boot++;
	expect_no(m, FH_AUTHENTIC, "certificate");
	m->d = right;
	m->d.start = 7;
	expect_no(m, FH_AUTHENTIC, "certificate");
	m->d = right;
	m->d.grade = FH_GRADE_TPM_RESIDENT;
	expect_no(m, FH_AUTHENTIC, "certificate");
	m->d = right;
	m->d.checkpoint = note_of(m, 29, &m->session);
	expect_no(m, FH_AUTHENTIC, "checkpoint");
	m->d.checkpoint = note_of(m, 50, &m->device);
	expect_no(m, FH_AUTHENTIC, "checkpoint");
}

/* --- what is wrong with the quote --------------------------------------- */

static void requote(struct machine *m, const struct quote_maker *by)
{
	m->d.quote.evidence = quote_of(m, &m->d.quote.subject, by);
}

static void refuses_the_key_of_another_tpm(void **state)
{
	struct machine *m = *state;

	requote(m, &m->other_ak);
	expect_no(m, FH_AUTHENTIC, "quote-signature");
	/* Shown as its own: the operator enrolled another.  */
	m->d.ak = fh_span_of(m->other_ak.area, m->other_ak.area_n);
	expect_no(m, FH_AUTHENTIC, "chain");
}

static void refuses_a_quote_about_something_else(void **state)
{
	struct machine *m = *state;
	const struct fh_document right = m->d;
	struct fh_quote_subject *s = &m->d.quote.subject;

	/* What is said is not what was signed.  */
	s->serial++;
	expect_no(m, FH_AUTHENTIC, "quote-nonce");
	m->d = right;
	s->start++;
	expect_no(m, FH_AUTHENTIC, "quote-nonce");
	m->d = right;
	s->root.bytes[0] ^= 1;
	expect_no(m, FH_AUTHENTIC, "quote-nonce");
	/* What was signed is of another time or place.  */
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->d = right;
	s->boot--;
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->d = right;
	s->start = 7;
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->d = right;
	s->head.bytes[0] ^= 1;
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->d = right;
	s->start = 10; /* the machine says that it has started 9 times */
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->d = right;
	s->size = 51; /* the checkpoint is over 50 */
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->d = right;
	s->size = 29; /* the session began at 30 */
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
}

/* A quote in the certificate's place: what it is about is what that names.  */
static void holds_a_sessions_quote_to_its_certificate(void **state)
{
	struct machine *m = *state;
	struct fh_quote_subject *s = &m->d.quote.subject;
	struct fh_document_options o = trusting(m);

	m->pcrs.value[FH_PCR_LOCK] = filled(0);
	m->certificate.head_sequence = s->head_sequence;
	m->certificate.head = s->head;
	s->purpose = FH_QUOTE_SESSION;
	s->size = 30;
	s->root = m->certificate.previous_root;
	requote(m, &m->ak);
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	s->root.bytes[0] ^= 1;
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	s->root.bytes[0] ^= 1;
	m->certificate.head_sequence--; /* both are of the chain */
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->certificate.head_sequence++;
	m->pcrs.value[FH_PCR_LOCK] = filled(1);
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
}

/* The machine had more statements than it shows: the next may revoke what it shows.  */
static void believes_no_chain_that_ends_before_the_quoted_head(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);

	m->d.quote.subject.head_sequence++;
	requote(m, &m->ak);
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(f, FH_ENROLLED), FH_ANSWER_UNCHECKED);
	assert_int_equal(fh_finding_answer(f, FH_ACCEPTED), FH_ANSWER_UNCHECKED);
	assert_true(says(f, "head-unchecked"));
	m->d.statements = 0;
	f = judged(m, published(m, &m->device, &m->session), &o);
	assert_true(says(f, "head-unchecked"));
}

static void refuses_a_quote_of_another_boot_of_the_tpm(void **state)
{
	struct machine *m = *state;

	m->resets_more = 1;
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
}

/* The same TPM and AK, another session: an older boot's quote shown again.  */
static void refuses_a_quote_of_another_session(void **state)
{
	struct machine *m = *state;
	struct fh_signer session = m->session;
	struct fh_public_key key = m->session_key;

	signer_of(0x77, &m->session, &m->session_key);
	requote(m, &m->ak);
	fh_signer_drop(&m->session);
	m->session = session;
	m->session_key = key;
	expect_no(m, FH_AUTHENTIC, "quote-nonce");
}

static void refuses_changed_pcrs_and_an_open_lock(void **state)
{
	struct machine *m = *state;
	const struct fh_pcr_state right = m->pcrs;
	struct fh_builder b = fixture_builder(m->f, FH_MACHINE_QUOTE_MAX);
	struct fh_machine_quote q;

	m->pcrs.value[FH_PCR_LOCK] = filled(0);
	requote(m, &m->ak);
	expect_no(m, FH_AUTHENTIC, "quote");
	m->pcrs = right;
	requote(m, &m->ak);
	assert_int_equal(fh_machine_quote_read(m->d.quote.evidence, &q), FH_ERR_OK);
	q.pcrs.value[4].bytes[0] ^= 1;
	fh_machine_quote_put(&b, &q);
	m->d.quote.evidence = fh_builder_span(&b);
	expect_no(m, FH_AUTHENTIC, "pcr-digest");
}

static void refuses_a_quote_without_a_key(void **state)
{
	struct machine *m = *state;

	m->d.statements = 0;
	m->d.ak = (struct fh_span){ 0 };
	expect_no(m, FH_AUTHENTIC, "quote");
}

static void a_state_that_nobody_approved_is_not_accepted(void **state)
{
	struct machine *m = *state;

	m->pcrs.value[11].bytes[0] ^= 1;
	requote(m, &m->ak);
	expect_no(m, FH_ACCEPTED, "not-approved");
	assert_int_equal(fh_finding_answer(&m->check.finding, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void refuses_a_changed_log(void **state)
{
	struct machine *m = *state;
	struct made_log right = m->log;

	log_measure(&m->log, 4, FH_EV_EFI_ACTION, FH_SPAN_LIT("another kernel"));
	m->d.log = log_span(&m->log);
	expect_no(m, FH_ACCEPTED, "log-replay");
	m->log = right;
	m->d.log = fh_span_first(log_span(&m->log), m->log.n - 1);
	expect_no(m, FH_ACCEPTED, "log-format");
}

/* --- the asker's nonce -------------------------------------------------- */

static struct fh_span answer_of(struct machine *m, const struct fh_quote_subject *s,
				const struct quote_maker *by)
{
	struct fh_builder b = fixture_builder(m->f, 8192);
	struct fh_document_quote q = { *s, quote_of(m, s, by) };

	fh_document_quote_put(&b, &q);
	return fh_builder_span(&b);
}

static enum fh_answer fresh(struct machine *m, struct fh_span answer, const char *code)
{
	struct fh_document_options o = trusting(m);

	o.answer = answer;
	o.nonce = FH_SPAN_LIT("the asker's own nonce");
	o.origin = FH_SPAN_LIT("http://h:1");
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	if (code != nullptr && !says(f, code))
		fail_msg("no reason is %s", code);
	return fh_finding_answer(f, FH_FRESH);
}

static void only_an_answer_to_the_nonce_is_fresh(void **state)
{
	struct machine *m = *state;
	struct fh_quote_subject right = m->d.quote.subject, s;

	right.purpose = FH_QUOTE_LIVE;
	right.nonce = FH_SPAN_LIT("the asker's own nonce");
	right.origin = FH_SPAN_LIT("http://h:1");
	assert_int_equal(fresh(m, answer_of(m, &right, &m->ak), nullptr), FH_ANSWER_YES);
	/* Constant, truncated, none (CVE-2026-6420).  */
	s = right;
	s.nonce = FH_SPAN_LIT("another nonce");
	assert_int_equal(fresh(m, answer_of(m, &s, &m->ak), "quote-nonce"), FH_ANSWER_NO);
	s.nonce = FH_SPAN_LIT("the asker's own nonc");
	assert_int_equal(fresh(m, answer_of(m, &s, &m->ak), "quote-nonce"), FH_ANSWER_NO);
	s.nonce = (struct fh_span){ 0 };
	assert_int_equal(fresh(m, answer_of(m, &s, &m->ak), "quote-nonce"), FH_ANSWER_NO);
	/* Said, and not signed: an old quote under a new nonce.  */
	struct fh_builder b = fixture_builder(m->f, 8192);
	struct fh_document_quote q = { right, quote_of(m, &s, &m->ak) };

	fh_document_quote_put(&b, &q);
	assert_int_equal(fresh(m, fh_builder_span(&b), "quote-nonce"), FH_ANSWER_NO);
	/* Relayed from where somebody else asked.  */
	s = right;
	s.origin = FH_SPAN_LIT("http://evil:1");
	assert_int_equal(fresh(m, answer_of(m, &s, &m->ak), "origin"), FH_ANSWER_NO);
	/* By another TPM; of another boot; no quote at all; the document's own.  */
	assert_int_equal(fresh(m, answer_of(m, &right, &m->other_ak), "quote-signature"),
			 FH_ANSWER_NO);
	s = right;
	s.boot--;
	assert_int_equal(fresh(m, answer_of(m, &s, &m->ak), "quote"), FH_ANSWER_NO);
	assert_int_equal(fresh(m, FH_SPAN_LIT("null"), "format"), FH_ANSWER_NO);
	assert_int_equal(fresh(m, answer_of(m, &m->d.quote.subject, &m->ak), "quote-nonce"),
			 FH_ANSWER_NO);
}

static void only_an_opened_credential_is_a_live_binding(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);
	struct fh_span text = published(m, &m->device, &m->session);

	o.activation = FH_ACTIVATION_OPENED;
	assert_int_equal(fh_finding_answer(judged(m, text, &o), FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(m->check.binding, FH_BINDING_LIVE);
	o.activation = FH_ACTIVATION_FAILED;
	const struct fh_finding *f = judged(m, text, &o);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_NO);
	assert_true(says(f, "binding"));
	assert_int_not_equal(m->check.binding, FH_BINDING_LIVE);
}

/* --- all of it, byte by byte -------------------------------------------- */

static void no_byte_of_it_can_be_changed(void **state)
{
	struct machine *m = *state;
	struct fh_document_options o = trusting(m);
	struct fh_span right = published(m, &m->device, &m->session);
	uint8_t *text = fh_arena_take(&m->f->memory, right.n);

	memcpy(text, right.p, right.n);
	for (size_t i = 0; i < right.n; i += 61) {
		text[i] ^= 2;
		const struct fh_finding *f = judged(m, fh_span_of(text, right.n), &o);

		if (fh_finding_answer(f, FH_AUTHENTIC) != FH_ANSWER_NO)
			fail_msg("byte %zu", i);
		text[i] ^= 2;
	}
	for (size_t n = 0; n < right.n; n += 997)
		assert_int_equal(fh_finding_answer(judged(m, fh_span_first(right, n), &o),
						   FH_AUTHENTIC), FH_ANSWER_NO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_right_document_is_believed),
		TEST(without_a_genesis_hash_nothing_is_enrolled),
		TEST(a_machine_without_a_chip_is_of_grade_none),
		TEST(refuses_another_genesis),
		TEST(refuses_a_document_by_another_session),
		TEST(refuses_a_device_that_is_not_enrolled),
		TEST(refuses_a_revoked_device),
		TEST(refuses_what_contradicts_the_chain),
		TEST(refuses_what_contradicts_the_certificate),
		TEST(refuses_the_key_of_another_tpm),
		TEST(refuses_a_quote_about_something_else),
		TEST(holds_a_sessions_quote_to_its_certificate),
		TEST(believes_no_chain_that_ends_before_the_quoted_head),
		TEST(refuses_a_quote_of_another_boot_of_the_tpm),
		TEST(refuses_a_quote_of_another_session),
		TEST(refuses_changed_pcrs_and_an_open_lock),
		TEST(refuses_a_quote_without_a_key),
		TEST(a_state_that_nobody_approved_is_not_accepted),
		TEST(refuses_a_changed_log),
		TEST(only_an_answer_to_the_nonce_is_fresh),
		TEST(only_an_opened_credential_is_a_live_binding),
		TEST(no_byte_of_it_can_be_changed),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
