/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_DOCUMENT_FIXTURE_H
#define FH_TESTS_DOCUMENT_FIXTURE_H

/* A machine with a TPM made of software (fixture/quote_maker.h), and the document that it
 * publishes, each part of which a test can change before it is signed.  */
#include "chain_fixture.h"
#include "event_fixture.h"

#include <stdlib.h>

#include "base/own.h"
#include "codec/base64.h"
#include "crypto/sign.h"
#include "fixture/cert_maker.h"
#include "fixture/quote_maker.h"
#include "verify/document.h"

constexpr uint64_t boots = 7; /* of the TPM made of software */

struct machine {
	struct fixture *f;
	struct fh_signer device, session;
	struct fh_public_key device_key, session_key;
	struct quote_maker ak, other_ak;
	struct fh_span statement[16];
	struct fh_certificate certificate;
	struct fh_hash root;
	struct fh_pcr_state pcrs;
	uint32_t resets_more; /* of the TPM than the machine says it has booted */
	struct fh_document d;
	struct made_log log;
	struct fh_arena live, spare, scratch, own;
	struct fh_document_check check;
};

static inline void signer_of(int byte, struct fh_signer *s, struct fh_public_key *key)
{
	struct fh_secret seed = { .n = FH_MLDSA65_SEED_SIZE };

	memset(seed.bytes, byte, seed.n);
	assert_int_equal(fh_signer_new(&seed, s), FH_ERR_OK);
	assert_int_equal(fh_signer_public(s, key), FH_ERR_OK);
}

static inline struct fh_hash filled(uint8_t byte)
{
	struct fh_hash h;

	memset(h.bytes, byte, sizeof(h.bytes));
	return h;
}

/* --- what the machine says ---------------------------------------------- */

/* EK is the certificate of its TPM, or empty; CERTIFIED what it says of the device key.  */
static inline struct fh_span device_body(struct machine *m, struct fh_span ek,
					 struct fh_span certified)
{
	struct fh_span plain = fixture_device(m->f, &m->device, &m->f->chain.id);
	struct fh_builder b = fixture_builder(m->f, 16384);
	struct fh_device_body d;

	assert_int_equal(fh_device_read(plain, &d, nullptr), FH_ERR_OK);
	d.ak = fh_span_of(m->ak.area, m->ak.area_n);
	d.ek_certificate = ek;
	d.certified = certified;
	d.grade = FH_SPAN_LIT("tpm-sealed");
	fh_device_put(&b, &d);
	return fh_builder_span(&b);
}

static inline struct fh_span note_of(struct machine *m, uint64_t size, struct fh_signer *by)
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
static inline struct fh_span quote_of(struct machine *m, const struct fh_quote_subject *subject,
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

static inline void fill_pcrs(struct machine *m)
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
static inline struct fh_span reference_body(struct machine *m)
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

static inline void fill_document(struct machine *m)
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

static inline int set_up(void **state)
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
	m->statement[1] = fixture_next(m->f, "device", device_body(m, (struct fh_span){ 0 },
								   (struct fh_span){ 0 }), 1);
	fixture_must(m->f, m->statement[1]);
	m->root = filled(0x0f);
	fill_pcrs(m);
	m->statement[2] = fixture_next(m->f, "reference", reference_body(m), 1);
	fixture_must(m->f, m->statement[2]);
	fill_document(m);
	*state = m;
	return 0;
}

static inline int tear_down(void **state)
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

static inline struct fh_span certified(struct machine *m, struct fh_signer *by)
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

static inline struct fh_span encoded(struct machine *m, struct fh_span bytes)
{
	struct fh_builder b = fixture_builder(m->f, bytes.n / 3 * 4 + 4);

	fh_base64url_put(&b, bytes);
	return fh_builder_span(&b);
}

static inline struct fh_span published(struct machine *m, struct fh_signer *device,
				struct fh_signer *session)
{
	struct fh_builder payload = fixture_builder(m->f, 1 << 18);
	struct fh_builder message = fixture_builder(m->f, 1 << 19);
	struct fh_builder whole = fixture_builder(m->f, 1 << 19);
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

static inline struct fh_document_options trusting(struct machine *m)
{
	struct fh_document_options o = { .genesis_given = true, .genesis = m->f->chain.id,
					 .live = &m->live, .spare = &m->spare,
					 .scratch = &m->scratch, .own = &m->own };

	return o;
}

static inline const struct fh_finding *judged(struct machine *m, struct fh_span text,
				       const struct fh_document_options *o)
{
	fh_arena_reset(&m->live);
	fh_arena_reset(&m->spare);
	fh_arena_reset(&m->own);
	assert_int_equal(fh_document_verify(text, o, &m->check), FH_ERR_OK);
	return &m->check.finding;
}

static inline bool says(const struct fh_finding *f, const char *code)
{
	for (size_t i = 0; i < f->reasons; i++) {
		if (strcmp(f->reason[i].code, code) == 0)
			return true;
	}
	return false;
}

static inline void expect_no(struct machine *m, enum fh_aspect q, const char *code)
{
	struct fh_document_options o = trusting(m);
	const struct fh_finding *f = judged(m, published(m, &m->device, &m->session), &o);

	if (fh_finding_answer(f, q) != FH_ANSWER_NO || !says(f, code))
		fail_msg("%s is %s, and the first reason is %s", code,
			 fh_answer_text(fh_finding_answer(f, q)),
			 f->reasons > 0 ? f->reason[0].code : "none");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
