/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/quorum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/cosign.h"
#include "merkle/witness.h"

static char key_text[8][256]; /* verifier keys w0 to w7, Ed25519 cosignatures */

static int make_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++) {
		uint8_t public[32];
		struct fh_builder p = FH_BUILDER_ARRAY(public);
		struct fh_builder b = fh_builder_of(key_text[i], sizeof(key_text[i]) - 1);
		struct fh_secret seed = { .n = 32 };
		char name[4];

		seed.bytes[0] = (uint8_t)i;
		(void)snprintf(name, sizeof(name), "w%zu", i);
		if (fh_cosign_public(FH_COSIGNER_ED25519, &seed, &p) != FH_ERR_OK)
			return 1;
		fh_note_put_vkey(&b, fh_span_str(name), FH_NOTE_ED25519_COSIGNATURE,
				 fh_builder_span(&p));
		key_text[i][b.n] = '\0';
	}
	return 0;
}

/* FORMAT with each %s a verifier key, in turn.  */
static fh_err read_text(const char *format, struct fh_quorum *q, struct fh_trace *t)
{
	static char text[8192];

	/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
	(void)snprintf(text, sizeof(text), format, key_text[0], key_text[1], key_text[2],
		       key_text[3], key_text[4], key_text[5]);
	return fh_quorum_read(fh_span_str(text), q, t);
}

/* The example of C2SP tlog-policy.  */
static const char two_levels[] = "# comment\n\t log %s \n\n"
	"witness X1 %s\nwitness X2 %s https://x2.example/w\nwitness X3 %s\n"
	"group X-witnesses 2 X1 X2 X3\n\nwitness Y1 %s\nwitness Y2 %s\n"
	"group Y-witnesses any Y1 Y2\ngroup X-and-Y all X-witnesses Y-witnesses\n"
	"quorum X-and-Y\n";

static void reads_groups_of_groups(void **state)
{
	(void)state;
	static struct fh_quorum q;
	struct fh_trace t = { 0 };
	/* X1 X2 X3 . Y1 Y2: which cosign, and what follows */
	static const struct {
		const char *who;
		enum fh_answer reached;
	} cases[] = {
		{ "yyn.yn", FH_ANSWER_YES }, { "yny.ny", FH_ANSWER_YES },
		{ "ynn.yy", FH_ANSWER_NO },  { "yyy.nn", FH_ANSWER_NO },
		{ "ynu.yn", FH_ANSWER_UNCHECKED }, { "yyu.yu", FH_ANSWER_YES },
		{ "uuu.nn", FH_ANSWER_NO }, { "yyn.un", FH_ANSWER_UNCHECKED },
		{ "nnu.yy", FH_ANSWER_NO },
	};

	assert_int_equal(read_text(two_levels, &q, &t), FH_ERR_OK);
	assert_int_equal(q.logs, 1);
	assert_int_equal(q.witnesses, 5);
	assert_int_equal(q.groups, 3);
	assert_true(fh_span_equal(q.node[1].url, FH_SPAN_LIT("https://x2.example/w")));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum fh_answer a[FH_QUORUM_NODES_MAX] = { 0 };

		for (size_t j = 0; j < 6; j++)
			a[j] = cases[i].who[j] == 'y'   ? FH_ANSWER_YES
			       : cases[i].who[j] == 'u' ? FH_ANSWER_UNCHECKED
							: FH_ANSWER_NO;
		assert_int_equal(fh_quorum_reached(&q, a), cases[i].reached);
	}
}

static void needs_nobody_if_the_policy_says_so(void **state)
{
	(void)state;
	static struct fh_quorum q;
	enum fh_answer a[FH_QUORUM_NODES_MAX] = { 0 };
	struct fh_trace t = { 0 };

	assert_int_equal(read_text("quorum none\n", &q, &t), FH_ERR_OK);
	assert_int_equal(fh_quorum_reached(&q, a), FH_ANSWER_YES);
}

static void refuses_what_is_no_policy(void **state)
{
	(void)state;
	static struct fh_quorum q;
	static const char *const refused[] = {
		"", "quorum\n", "quorum x\n", "quorum none", "quorum none\nquorum none\n",
		"quorum none x\n", "log\nquorum none\n", "log x\nquorum none\n",
		"log %1$s\nlog %1$s\nquorum none\n", "witness a %s\nwitness a %s\nquorum a\n",
		"witness a %1$s\nwitness b %1$s\nquorum a\n", "witness none %s\nquorum none\n",
		"witness a\nquorum a\n", "witness a %s u v\nquorum a\n",
		"group g any\nquorum g\n", "group g any a\nwitness a %s\nquorum g\n",
		"witness a %s\ngroup g 2 a\nquorum g\n", "witness a %s\ngroup g 0 a\nquorum g\n",
		"witness a %s\ngroup g 01 a\nquorum g\n", "witness a %s\ngroup a any a\nquorum a\n",
		"witness a %s\ngroup g any g\nquorum g\n",
		"witness a %s\ngroup g all a a\nquorum g\n",
		"witness a %s\ngroup g any a\ngroup h any a\nquorum g\n",
		"quorum a\nwitness a %s\n",
		"witness a %s\ngroup g any none\nquorum g\n", "what\nquorum none\n",
		"quorum none\r\n", "quorum\x01 none\n", "witness a %sA\nquorum a\n",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct fh_trace t = { 0 };

		if (read_text(refused[i], &q, &t) != FH_ERR_FORMAT || t.what[0] == '\0')
			fail_msg("number %zu was accepted: %s", i, refused[i]);
	}
}

/* The example of C2SP tlog-witness.  */
#define REQUEST \
	"old 20852014\n" \
	"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" \
	"jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n" \
	"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n" \
	"/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n" \
	"\n"
#define CHECKPOINT \
	"example.com/behind-the-sofa\n" \
	"20852163\n" \
	"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define LINES \
	"\xe2\x80\x94 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+" \
	"ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"

static void reads_requests_of_others(void **state)
{
	(void)state;
	uint8_t room[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_add_checkpoint a;
	struct fh_note note;
	struct fh_span whole = FH_SPAN_LIT(REQUEST CHECKPOINT "\n" LINES);

	assert_int_equal(fh_add_checkpoint_read(whole, &a), FH_ERR_OK);
	assert_int_equal(a.old, 20852014);
	assert_int_equal(a.proof.n, 4);
	assert_int_equal(fh_note_parse(a.note, &note), FH_ERR_OK);
	fh_add_checkpoint_put(&b, &a);
	assert_true(fh_span_equal(fh_builder_span(&b), whole));
	static const char *const refused[] = { "", "old 1", "old 01\n\n", "old -1\n\n", "old 1\n",
					       "new 1\n\n", "old 1\nAAAA\n\n", "old 1 \n\n" };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(fh_add_checkpoint_read(fh_span_str(refused[i]), &a),
				 FH_ERR_FORMAT);
}

static void takes_63_hashes_and_no_more(void **state)
{
	(void)state;
	static uint8_t room[FH_WITNESS_REQUEST_MAX];
	struct fh_add_checkpoint a;

	for (size_t n = 63; n <= 64; n++) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		fh_builder_text(&b, "old 1\n");
		for (size_t i = 0; i < n; i++)
			fh_builder_text(&b, "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n");
		fh_builder_text(&b, "\n");
		assert_int_equal(fh_add_checkpoint_read(fh_builder_span(&b), &a),
				 n == 63 ? FH_ERR_OK : FH_ERR_LIMIT);
	}
}

static void reads_answers_of_witnesses(void **state)
{
	(void)state;
	uint8_t room[2048];
	struct fh_note note;
	uint64_t size = 7;

	struct fh_builder b = FH_BUILDER_ARRAY(room);

	assert_int_equal(fh_witness_lines_read(FH_SPAN_LIT(CHECKPOINT), FH_SPAN_LIT(LINES), &b,
					       &note), FH_ERR_OK);
	assert_int_equal(note.signatures, 1);
	/* One that ends the text elsewhere.  */
	b = FH_BUILDER_ARRAY(room);
	assert_int_equal(fh_witness_lines_read(FH_SPAN_LIT(CHECKPOINT),
					       FH_SPAN_LIT("more\n\n" LINES), &b, &note),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_witness_size_read(FH_SPAN_LIT("20852163\n"), &size), FH_ERR_OK);
	assert_int_equal(size, 20852163);
	assert_int_equal(fh_witness_size_read(FH_SPAN_LIT("20852163"), &size), FH_ERR_FORMAT);
	assert_int_equal(fh_witness_size_read(FH_SPAN_LIT("5\n6\n"), &size), FH_ERR_FORMAT);
	assert_int_equal(fh_witness_size_read(FH_SPAN_LIT("-1\n"), &size), FH_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_groups_of_groups),
		cmocka_unit_test(needs_nobody_if_the_policy_says_so),
		cmocka_unit_test(refuses_what_is_no_policy),
		cmocka_unit_test(reads_requests_of_others),
		cmocka_unit_test(takes_63_hashes_and_no_more),
		cmocka_unit_test(reads_answers_of_witnesses),
	};

	return cmocka_run_group_tests(tests, make_keys, nullptr);
}
