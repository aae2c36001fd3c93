/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is right is believed; each thing that can be wrong with one is
 * found, and named.  */
#include "document_fixture.h"

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
	assert_int_equal(m->check.channel, FH_CHANNEL_UNBOUND);
	assert_true(says(&m->check.finding, "channel-unbound"));
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
	/* Bound to a TLS session, which is not the asker's: he has none.  */
	s = right;
	s.exporter = FH_SPAN_LIT("keying material of somebody's session");
	assert_int_equal(fresh(m, answer_of(m, &s, &m->ak), "channel"), FH_ANSWER_NO);
	assert_int_equal(m->check.channel, FH_CHANNEL_UNCHECKED);
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
