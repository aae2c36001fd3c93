/* SPDX-License-Identifier: Apache-2.0 */
/* A record of a machine with a TPM: what its quotes say is believed where they are
 * about this place of this record, and nowhere else.  The TPM is made of software
 * (tests/fixture/quote_maker.h).  */
#include "verify/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "evidence/certified.h"
#include "fixture/cert_maker.h"
#include "fixture/checked.h"
#include "fixture/maker.h"
#include "fixture/quote_maker.h"
#include "fixture/remove.h"
#include "os/memory.h"

struct bench {
	struct fh_maker maker; /* first: the maker's quotes are made by what is around it */
	char directory[32];
	struct fh_checked checked;
	struct fh_record_options options;
	struct quote_maker ak;
	uint8_t quote[FH_MACHINE_QUOTE_MAX];
	/* What is wrong with quotes.  */
	uint32_t resets_more;
	void (*twist)(struct fh_quote_subject *s);
	bool elsewhere; /* over this checkpoint, but for a session's */
	uint64_t size;
	struct fh_hash root;
};

static struct fh_pcr_state good_state(void)
{
	struct fh_pcr_state s = { .selected = 1U << 4 | 1U << 11 };

	memset(s.value[4].bytes, 4, FH_HASH_SIZE);
	memset(s.value[11].bytes, 11, FH_HASH_SIZE);
	return s;
}

static struct fh_span quote(struct fh_maker *m, const struct fh_quote_subject *subject)
{
	struct bench *b = (struct bench *)m;
	struct fh_builder out = FH_BUILDER_ARRAY(b->quote);
	struct fh_pcr_state pcrs = good_state();
	struct fh_quote_subject s = *subject;

	pcrs.selected = FH_MACHINE_PCRS;
	if (s.purpose != FH_QUOTE_SESSION)
		pcrs.value[FH_PCR_LOCK] = fh_pcr_locked(&s.session_id);
	if (b->elsewhere && s.purpose != FH_QUOTE_SESSION) {
		s.size = b->size;
		s.root = b->root;
	}
	if (b->twist != nullptr)
		b->twist(&s);
	quote_maker_machine(&b->ak, &s, &pcrs, b->resets_more, &out);
	return fh_builder_span(&out);
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-verify-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	fh_maker_begin(&b->maker, b->directory);
	fh_checked_begin(&b->checked);
	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256,
			QUOTE_MAKER_AK | 1U << 10, &b->ak);
	b->maker.ak = fh_span_of(b->ak.area, b->ak.area_n);
	b->maker.quote = quote;
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_maker_end(&b->maker);
	fh_checked_end(&b->checked);
	quote_maker_drop(&b->ak);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

static enum fh_answer answer(struct bench *b, enum fh_aspect q)
{
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_OK);
	return fh_finding_answer(&b->checked.check.finding, q);
}

static void refused_as(struct bench *b, const char *code)
{
	const struct fh_finding *f = &b->checked.check.finding;
	bool said = false;

	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_NO);
	for (size_t i = 0; i < f->reasons; i++)
		said |= strcmp(f->reason[i].code, code) == 0;
	assert_true(said);
}

/* Two boots, a second start in the first, and a quote in each.  */
static void two_boots(struct bench *b)
{
	struct fh_pcr_state good = good_state();

	fh_maker_chain(&b->maker);
	fh_maker_approve(&b->maker, &good);
	fh_maker_session(&b->maker);
	fh_maker_start(&b->maker);
	fh_maker_batch(&b->maker, 0);
	fh_maker_quote(&b->maker);
	fh_maker_batch(&b->maker, 3);
	fh_maker_restart(&b->maker);
	fh_maker_batch(&b->maker, 2);
	fh_maker_session(&b->maker);
	fh_maker_start(&b->maker);
	fh_maker_batch(&b->maker, 2);
	fh_maker_quote(&b->maker);
	fh_maker_batch(&b->maker, 2);
	b->options.genesis_given = true;
	b->options.genesis = b->maker.chain_id;
}

static void accepts_quotes_of_an_approved_state(void **state)
{
	struct bench *b = *state;

	two_boots(b);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_ACCEPTED), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.quotes, 5);
}

/* The first session's quote was made in the boot after it.  */
static void refuses_a_quote_of_another_boot_of_the_tpm(void **state)
{
	struct bench *b = *state;

	b->resets_more = 1;
	two_boots(b);
	refused_as(b, "quote");
}

static void another_head(struct fh_quote_subject *s)
{
	s->head.bytes[0] ^= 1;
}

static void refuses_a_quote_under_another_chain_head(void **state)
{
	struct bench *b = *state;

	b->twist = another_head;
	two_boots(b);
	refused_as(b, "quote");
}

/* Certificate and quote agree, on a head that is nobody's: neither may choose one.  */
static void refuses_a_session_under_a_head_that_is_nobodys(void **state)
{
	struct bench *b = *state;
	struct fh_hash head;

	fh_maker_chain(&b->maker);
	head = b->maker.head;
	b->maker.head.bytes[0] ^= 1;
	fh_maker_session(&b->maker);
	b->maker.head = head;
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "certificate");
}

/* The tree as it is, of which no checkpoint was filed.  */
static void over_what_is_durable(struct bench *b)
{
	b->elsewhere = true;
	b->size = b->maker.journal.durable.size;
	b->root = fh_tree_root(&b->maker.journal.durable);
}

static void refuses_a_quote_over_another_checkpoint_than_the_last(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	fh_maker_sync(&b->maker);
	over_what_is_durable(b);
	fh_maker_quote(&b->maker);
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "quote");
}

/* A start follows what was signed; the note of that may be lost.  */
static void accepts_a_start_behind_a_checkpoint_that_was_not_filed(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	fh_maker_sync(&b->maker);
	over_what_is_durable(b);
	fh_maker_restart(&b->maker);
	fh_maker_batch(&b->maker, 0);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void refuses_a_start_that_quotes_an_older_checkpoint(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	fh_maker_sync(&b->maker);
	fh_maker_restart(&b->maker);
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "quote");
}

static void says_accepted_unchecked_of_a_later_start_without_a_quote(void **state)
{
	struct bench *b = *state;

	two_boots(b);
	b->maker.quote = nullptr;
	fh_maker_restart(&b->maker);
	fh_maker_batch(&b->maker, 2);
	assert_int_equal(answer(b, FH_ACCEPTED), FH_ANSWER_UNCHECKED);
	const struct fh_finding *f = &b->checked.check.finding;

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_string_equal(f->reason[f->reasons - 1].code, "no-quote");
}

/* --- the TPM itself ------------------------------------------------------- */

static bool says(const struct bench *b, const char *code)
{
	const struct fh_finding *f = &b->checked.check.finding;

	for (size_t i = 0; i < f->reasons; i++) {
		if (strcmp(f->reason[i].code, code) == 0)
			return true;
	}
	return false;
}

/* Whether the record is authentic, after the TPM was judged by OWN roots and those in it.  */
static enum fh_answer judged(struct bench *b, const struct fh_x509_roots *own)
{
	(void)answer(b, FH_AUTHENTIC);
	assert_int_equal(fh_record_check_device(&b->checked.check, own, CERT_NOW_MS), FH_ERR_OK);
	return fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC);
}

static void sign_roots(struct bench *b, struct fh_span root)
{
	uint8_t body[8192];
	struct fh_builder out = FH_BUILDER_ARRAY(body);

	fh_roots_body_put(&out, &root, 1, nullptr, 0);
	fh_maker_accept(&b->maker, "roots", fh_builder_span(&out));
	fh_maker_batch(&b->maker, 1);
}

static void judges_the_tpm_by_roots_that_the_operator_signed(void **state)
{
	struct bench *b = *state;
	struct cert_made root = cert_make(&cert_good_root, nullptr);
	struct cert_wish w = cert_good_ek, other = cert_good_root;

	w.issuer = cert_good_root.name;
	other.name = other.issuer = "Another Root";
	struct cert_made ek = cert_make(&w, &root), stranger = cert_make(&other, nullptr);
	const struct fh_span roots[] = { cert_span(&root), cert_span(&stranger) };
	FH_OWN(fh_x509_roots) own = { 0 };
	FH_OWN(fh_x509_roots) others = { 0 };

	assert_int_equal(fh_x509_roots_new(&roots[0], 1, &own, nullptr), FH_ERR_OK);
	assert_int_equal(fh_x509_roots_new(&roots[1], 1, &others, nullptr), FH_ERR_OK);
	b->maker.ek = cert_span(&ek);
	two_boots(b);
	assert_int_equal(judged(b, nullptr), FH_ANSWER_YES);
	assert_true(says(b, "no-roots"));
	assert_int_equal(judged(b, &own), FH_ANSWER_YES);
	assert_true(says(b, "root-unknown") && !says(b, "roots-signed"));
	assert_int_equal(judged(b, &others), FH_ANSWER_NO);
	assert_true(says(b, "ek-issuer"));
	sign_roots(b, roots[0]);
	assert_int_equal(judged(b, nullptr), FH_ANSWER_YES);
	assert_true(says(b, "root-unknown") && says(b, "roots-signed"));
	assert_int_equal(judged(b, &others), FH_ANSWER_NO); /* neither widens the other */
	b->options.genesis_given = false; /* anybody's chain */
	assert_int_equal(judged(b, nullptr), FH_ANSWER_YES);
	assert_true(says(b, "no-roots") && !says(b, "roots-signed"));
	b->options.genesis_given = true;
	sign_roots(b, roots[1]);
	assert_int_equal(judged(b, nullptr), FH_ANSWER_NO);
	assert_true(says(b, "ek-issuer") && says(b, "roots-signed"));
	cert_made_drop(&stranger);
	cert_made_drop(&ek);
	cert_made_drop(&root);
}

/* What was signed under such a firmware may be anybody's, and an update takes no key back.  */
static void weak_firmware_stays_a_weakness_behind_its_update(void **state)
{
	struct bench *b = *state;
	struct cert_made root = cert_make(&cert_good_root, nullptr);
	struct cert_wish w = cert_good_ek;

	w.issuer = cert_good_root.name;
	struct cert_made ek = cert_make(&w, &root);
	const struct fh_span anchor = cert_span(&root);
	FH_OWN(fh_x509_roots) own = { 0 };
	struct fh_finding *f = &b->checked.check.finding;

	assert_int_equal(fh_x509_roots_new(&anchor, 1, &own, nullptr), FH_ERR_OK);
	b->maker.ek = cert_span(&ek);
	b->ak.hierarchy = 0x4000000b;
	b->ak.firmware = 0x0007003d00000000; /* Infineon's 7.61 */
	two_boots(b);
	b->ak.firmware = 0x0007003e00000000;
	fh_maker_restart(&b->maker);
	fh_maker_batch(&b->maker, 1);
	assert_int_equal(judged(b, nullptr), FH_ANSWER_YES);
	assert_true(says(b, "firmware-unchecked") && !f->weak_firmware);
	assert_int_equal(judged(b, &own), FH_ANSWER_YES);
	assert_true(says(b, "firmware-weak") && f->weak_firmware);
	assert_int_equal(fh_finding_settle(f, FH_AUTHENTIC, FH_WEAK_NONE | FH_WEAK_SIMULATED),
			 FH_ANSWER_NO);
	cert_made_drop(&ek);
	cert_made_drop(&root);
}

/* Enrols the device anew, with what its TPM certifies; LIE is what is wrong with that.  */
static void certify(struct bench *b, enum quote_maker_lie lie)
{
	uint8_t room[FH_CERTIFIED_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(room);
	struct fh_release r;

	assert_true(fh_chain_release_first(&b->checked.check.chain, &b->maker.device_id, 0, &r));
	quote_maker_certified(&b->ak, &r, lie, &out);
	b->maker.certified = fh_builder_span(&out);
	fh_maker_device(&b->maker);
	fh_maker_batch(&b->maker, 1);
	b->maker.certified = (struct fh_span){ 0 };
}

static void judges_how_the_device_key_is_kept(void **state)
{
	struct bench *b = *state;

	two_boots(b);
	assert_int_equal(judged(b, nullptr), FH_ANSWER_YES);
	assert_true(says(b, "key-sealed-unchecked") && says(b, "no-endorsement"));
	certify(b, QUOTE_MAKER_TRUE);
	assert_int_equal(judged(b, nullptr), FH_ANSWER_YES);
	assert_true(says(b, "key-sealed") && !says(b, "key-sealed-unchecked"));
	for (int lie = QUOTE_MAKER_TRUE + 1; lie < QUOTE_MAKER_LIES; lie++) {
		certify(b, (enum quote_maker_lie)lie);
		assert_int_equal(judged(b, nullptr), FH_ANSWER_NO);
		assert_true(says(b, "key-sealed"));
	}
}

/* Who goes on from a saved verification knows which states were shown, and by which firmware.  */
static void goes_on_behind_quotes_that_were_verified(void **state)
{
	static uint8_t kept[1 << 16], file[1 << 17];
	struct bench *b = *state;
	const struct fh_record_check *c = &b->checked.check;
	struct fh_builder keep = FH_BUILDER_ARRAY(kept), made = FH_BUILDER_ARRAY(file);
	struct fh_arena room;
	struct fh_saved saved;

	two_boots(b);
	b->options.keep = &keep;
	assert_int_equal(answer(b, FH_ACCEPTED), FH_ANSWER_YES);
	assert_int_equal(fh_arena_map(FH_RECORD_SAVE_ROOM, &room), FH_ERR_OK);
	assert_int_equal(fh_record_save(&b->checked.check, &room, &made), FH_ERR_OK);
	assert_int_equal(fh_saved_read(fh_builder_span(&made), &saved), FH_ERR_OK);
	b->options.keep = nullptr;
	b->ak.firmware++;
	fh_maker_restart(&b->maker);
	fh_maker_batch(&b->maker, 1);
	fh_maker_quote(&b->maker);
	fh_maker_batch(&b->maker, 1);
	assert_int_equal(answer(b, FH_ACCEPTED), FH_ANSWER_YES);
	const uint64_t quotes = c->quotes;
	const struct fh_firmware_seen firmware = c->firmware;

	assert_int_equal(firmware.n, 2);
	b->options.saved = &saved;
	assert_int_equal(answer(b, FH_ACCEPTED), FH_ANSWER_YES);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_true(c->since > 0);
	assert_int_equal(c->quotes, quotes);
	assert_memory_equal(&c->firmware, &firmware, sizeof(firmware));
	/* A start that shows nothing, in a boot whose session did.  */
	b->maker.quote = nullptr;
	fh_maker_restart(&b->maker);
	fh_maker_batch(&b->maker, 1);
	assert_int_equal(answer(b, FH_ACCEPTED), FH_ANSWER_UNCHECKED);
	b->options.saved = nullptr;
	assert_int_equal(answer(b, FH_ACCEPTED), FH_ANSWER_UNCHECKED);
	fh_arena_drop(&room);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(accepts_quotes_of_an_approved_state),
		TEST(refuses_a_quote_of_another_boot_of_the_tpm),
		TEST(refuses_a_quote_under_another_chain_head),
		TEST(refuses_a_session_under_a_head_that_is_nobodys),
		TEST(refuses_a_quote_over_another_checkpoint_than_the_last),
		TEST(accepts_a_start_behind_a_checkpoint_that_was_not_filed),
		TEST(refuses_a_start_that_quotes_an_older_checkpoint),
		TEST(says_accepted_unchecked_of_a_later_start_without_a_quote),
		TEST(judges_the_tpm_by_roots_that_the_operator_signed),
		TEST(weak_firmware_stays_a_weakness_behind_its_update),
		TEST(judges_how_the_device_key_is_kept),
		TEST(goes_on_behind_quotes_that_were_verified),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
