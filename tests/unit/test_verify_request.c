/* SPDX-License-Identifier: Apache-2.0 */
/* The boot state in a request is the one that its TPM quoted for it, or none is shown.
 * The TPM is made of software (tests/fixture/quote_maker.h).  */
#include "verify/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture/quote_maker.h"

struct bench {
	struct quote_maker ak, other_ak;
	struct fh_quote_subject about;
	struct fh_pcr_state pcrs;
	uint8_t key[1952], quote[FH_MACHINE_QUOTE_MAX];
	struct fh_request request;
};

static void requote(struct bench *b, const struct quote_maker *by, uint32_t resets_more)
{
	struct fh_builder out = FH_BUILDER_ARRAY(b->quote);

	quote_maker_machine(by, &b->about, &b->pcrs, resets_more, &out);
	b->request.quote = fh_builder_span(&out);
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	for (int i = 0; i < 2; i++)
		quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256,
				QUOTE_MAKER_AK | 1U << 10, i == 0 ? &b->ak : &b->other_ak);
	memset(b->key, 0x0d, sizeof(b->key));
	b->request.tpm = true;
	b->request.device.key = FH_SPAN_ARRAY(b->key);
	b->request.device.ak = fh_span_of(b->ak.area, b->ak.area_n);
	memset(b->request.chain_id.bytes, 0x0c, FH_HASH_SIZE);
	b->pcrs.selected = FH_MACHINE_PCRS;
	memset(b->pcrs.value[4].bytes, 4, FH_HASH_SIZE);
	b->about = (struct fh_quote_subject){
		.purpose = FH_QUOTE_ENROLMENT, .chain_id = b->request.chain_id,
		.device_id = fh_key_id(b->request.device.key), .boot = 7,
		.head = b->request.chain_id };
	requote(b, &b->ak, /* resets_more= */ 0);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	quote_maker_drop(&b->ak);
	quote_maker_drop(&b->other_ak);
	test_free(b);
	return 0;
}

static void refuses(struct bench *b)
{
	struct fh_pcr_state s;
	struct fh_trace t = { 0 };

	assert_int_equal(fh_request_state(&b->request, &s, &t), FH_ERR_SIGNATURE);
	assert_string_not_equal(t.what, "");
}

static void shows_the_quoted_state(void **state)
{
	struct bench *b = *state;
	struct fh_pcr_state s;

	assert_int_equal(fh_request_state(&b->request, &s, nullptr), FH_ERR_OK);
	assert_int_equal(fh_pcr_state_differs(&b->pcrs, &s), 0);
	b->request.quote.n = 0;
	assert_int_equal(fh_request_state(&b->request, &s, nullptr), FH_ERR_MISSING);
}

/* Which its operator compares with what is known of it.  */
static void tells_the_firmware_of_its_tpm(void **state)
{
	struct bench *b = *state;
	struct fh_firmware_seen seen;

	b->ak.firmware = 0x0049000400000000;
	requote(b, &b->ak, /* resets_more= */ 0);
	assert_int_equal(fh_request_firmware(&b->request, &seen, nullptr), FH_ERR_OK);
	assert_int_equal(seen.n, 1);
	assert_true(seen.version[0] == 0x0049000400000000);
	requote(b, &b->other_ak, /* resets_more= */ 0); /* nobody's word */
	assert_int_equal(fh_request_firmware(&b->request, &seen, nullptr), FH_ERR_SIGNATURE);
	assert_int_equal(seen.n, 0);
	b->request.quote.n = 0;
	assert_int_equal(fh_request_firmware(&b->request, &seen, nullptr), FH_ERR_MISSING);
}

/* Without the TPM's word of it, it is not known how its device key is sealed.  */
static void nothing_certified_is_said(void **state)
{
	struct bench *b = *state;
	struct fh_arena none = { 0 };
	struct fh_trace t = { 0 };

	assert_int_equal(fh_request_certified(&b->request, (struct fh_span){ 0 }, &none, &none,
					      &t), FH_ERR_MISSING);
	assert_non_null(strstr(t.what, "certifies nothing"));
}

/* The values carried are approved; they have to be those that were signed.  */
static void refuses_values_that_were_not_quoted(void **state)
{
	struct bench *b = *state;
	struct fh_builder out = FH_BUILDER_ARRAY(b->quote);
	struct fh_machine_quote q;
	uint8_t copy[FH_MACHINE_QUOTE_MAX];

	memcpy(copy, b->quote, sizeof(copy));
	assert_int_equal(fh_machine_quote_read(fh_span_of(copy, b->request.quote.n), &q),
			 FH_ERR_OK);
	q.pcrs.value[4].bytes[0] ^= 1;
	fh_machine_quote_put(&out, &q);
	b->request.quote = fh_builder_span(&out);
	refuses(b);
}

static void refuses_a_quote_by_another_key(void **state)
{
	struct bench *b = *state;

	requote(b, &b->other_ak, /* resets_more= */ 0);
	refuses(b);
}

/* What another machine, chain, purpose or boot had quoted is not this one's.  */
static void refuses_a_quote_about_something_else(void **state)
{
	struct bench *b = *state;
	const struct fh_quote_subject right = b->about;

	b->about.device_id.bytes[0] ^= 1;
	requote(b, &b->ak, /* resets_more= */ 0);
	refuses(b);
	b->about = right;
	b->about.chain_id.bytes[0] ^= 1;
	requote(b, &b->ak, /* resets_more= */ 0);
	refuses(b);
	b->about = right;
	b->about.purpose = FH_QUOTE_SESSION;
	requote(b, &b->ak, /* resets_more= */ 0);
	refuses(b);
	b->about = right;
	requote(b, &b->ak, /* resets_more= */ 1);
	refuses(b);
	b->request.quote.n -= 1;
	refuses(b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shows_the_quoted_state),
		TEST(tells_the_firmware_of_its_tpm),
		TEST(nothing_certified_is_said),
		TEST(refuses_values_that_were_not_quoted),
		TEST(refuses_a_quote_by_another_key),
		TEST(refuses_a_quote_about_something_else),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
