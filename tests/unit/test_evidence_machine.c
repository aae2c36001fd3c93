/* SPDX-License-Identifier: Apache-2.0 */
/* What Freehold's own quotes are about, and how they are carried.  The bytes of
 * docs/spec/EVIDENCE.md and CHIP.md.  */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "chain/joint.h"
#include "evidence/certified.h"
#include "evidence/machine.h"
#include "spec_fixture.h"

static struct fh_hash filled(uint8_t byte)
{
	struct fh_hash h;

	memset(h.bytes, byte, sizeof(h.bytes));
	return h;
}

static void hash_stands_in(const char *name, const struct fh_hash *h)
{
	stands_in(name, "the hash", fh_hash_span(h));
}

static struct fh_quote_subject subject(void)
{
	return (struct fh_quote_subject){
		.purpose = FH_QUOTE_LIVE, .chain_id = filled(0x0c), .device_id = filled(0x0d),
		.session_id = filled(0x0e), .size = 50, .root = filled(0x0f), .boot = 3,
		.start = 9, .head_sequence = 7, .head = filled(0x10), .serial = 4,
		.nonce = FH_SPAN_LIT("nonce"), .origin = FH_SPAN_LIT("http://h/q"),
	};
}

static void what_is_certified_is_as_specified(void **state)
{
	const struct fh_release r = { .chain_id = filled(0x0c), .device_id = filled(0x0d) };
	const struct fh_certified c = { FH_SPAN_LIT("pub"), FH_SPAN_LIT("cre"), FH_SPAN_LIT("s1"),
					FH_SPAN_LIT("cnt"), FH_SPAN_LIT("s2") };
	struct fh_hash qualifying = fh_certified_qualify(&r);
	uint8_t bytes[FH_CERTIFIED_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_certified again;

	(void)state;
	hash_stands_in("ENROLMENT.md", &qualifying);
	fh_certified_put(&b, &c);
	struct fh_hash all = fh_hash_of(fh_builder_span(&b));

	hash_stands_in("ENROLMENT.md", &all);
	assert_int_equal(fh_certified_read(fh_builder_span(&b), &again), FH_ERR_OK);
	assert_true(fh_span_equal(again.counter, c.counter));
	bytes[1] = 2;
	assert_int_equal(fh_certified_read(fh_builder_span(&b), &again), FH_ERR_VERSION);
	bytes[1] = 1;
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_certified_read(fh_span_of(bytes, n), &again), FH_ERR_OK);
}

static void qualifying_data_is_as_specified(void **state)
{
	struct fh_quote_subject s = subject();
	struct fh_hash h;

	(void)state;
	assert_int_equal(fh_quote_qualify(&s, &h), FH_ERR_OK);
	hash_stands_in("EVIDENCE.md", &h);
}

static void the_proof_of_an_opened_credential_is_as_specified(void **state)
{
	struct fh_hash h = fh_activation_proof(FH_SPAN_LIT("secret"));

	(void)state;
	hash_stands_in("EVIDENCE.md", &h);
}

/* A quote taken for one thing is none for another.  */
static void every_member_of_the_subject_counts(void **state)
{
	struct fh_quote_subject base = subject(), s[14];
	struct fh_hash first, other;

	(void)state;
	assert_int_equal(fh_quote_qualify(&base, &first), FH_ERR_OK);
	for (size_t i = 0; i < 14; i++)
		s[i] = base;
	s[0].purpose = FH_QUOTE_SCHEDULED;
	s[1].chain_id = filled(1);
	s[2].device_id = filled(1);
	s[3].session_id = filled(1);
	s[4].size++;
	s[5].root = filled(1);
	s[6].boot++;
	s[7].start++;
	s[8].head_sequence++;
	s[9].head = filled(1);
	s[10].serial++;
	s[11].nonce = FH_SPAN_LIT("nonc");
	s[12].origin = FH_SPAN_LIT("http://h/");
	s[13].exporter = FH_SPAN_LIT("e");
	for (size_t i = 0; i < 14; i++) {
		assert_int_equal(fh_quote_qualify(&s[i], &other), FH_ERR_OK);
		assert_false(fh_hash_equal(&first, &other));
	}
}

static void refuses_a_nonce_that_is_too_long(void **state)
{
	static const uint8_t bytes[FH_QUOTE_NONCE_MAX + 1];
	struct fh_quote_subject s = subject();
	struct fh_hash h;

	(void)state;
	s.nonce = FH_SPAN_ARRAY(bytes);
	assert_int_equal(fh_quote_qualify(&s, &h), FH_ERR_LIMIT);
}

/* --- the container ------------------------------------------------------------ */

static struct fh_span written(uint8_t *bytes, size_t n)
{
	struct fh_machine_quote q = { .attest = FH_SPAN_LIT("attest"),
				      .signature = FH_SPAN_LIT("signature") };
	struct fh_builder b = fh_builder_of(bytes, n);

	q.pcrs.selected = FH_MACHINE_PCRS;
	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((FH_MACHINE_PCRS >> i & 1) != 0)
			q.pcrs.value[i] = filled((uint8_t)i);
	}
	fh_machine_quote_put(&b, &q);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static void a_quote_reads_as_it_was_written(void **state)
{
	uint8_t bytes[FH_MACHINE_QUOTE_MAX];
	struct fh_machine_quote q;
	struct fh_span s = written(bytes, sizeof(bytes));
	struct fh_hash h = fh_hash_of(s), value = filled(15);

	(void)state;
	assert_int_equal(fh_machine_quote_read(s, &q), FH_ERR_OK);
	assert_true(fh_span_equal(q.attest, FH_SPAN_LIT("attest")));
	assert_true(fh_span_equal(q.signature, FH_SPAN_LIT("signature")));
	assert_int_equal(q.pcrs.selected, FH_MACHINE_PCRS);
	assert_true(fh_hash_equal(&q.pcrs.value[15], &value));
	hash_stands_in("EVIDENCE.md", &h);
}

static void refuses_every_truncation_and_anything_behind(void **state)
{
	uint8_t bytes[FH_MACHINE_QUOTE_MAX];
	struct fh_span s = written(bytes, sizeof(bytes));
	struct fh_machine_quote q;

	(void)state;
	for (size_t n = 0; n < s.n; n++)
		assert_int_not_equal(fh_machine_quote_read(fh_span_first(s, n), &q), FH_ERR_OK);
	bytes[s.n] = 0;
	assert_int_not_equal(fh_machine_quote_read(fh_span_of(bytes, s.n + 1), &q), FH_ERR_OK);
	bytes[1] = 2;
	assert_int_equal(fh_machine_quote_read(s, &q), FH_ERR_VERSION);
}

/* --- approvals ---------------------------------------------------------------- */

static struct fh_span state_bytes(uint8_t *bytes, size_t n, const struct fh_pcr_state *s)
{
	struct fh_builder b = fh_builder_of(bytes, n);

	fh_pcr_state_put(&b, s);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static fh_err read_state(struct fh_span s, struct fh_pcr_state *out)
{
	struct fh_cursor c = fh_cursor_of(s);

	*out = fh_pcr_state_read(&c);
	return fh_cursor_end(&c);
}

static void a_boot_state_reads_as_it_was_written(void **state)
{
	struct fh_pcr_state s = { .selected = 1 << 4 | 1 << 11 }, again;
	uint8_t bytes[256];

	(void)state;
	s.value[4] = filled(4);
	s.value[11] = filled(11);
	assert_int_equal(read_state(state_bytes(bytes, sizeof(bytes), &s), &again), FH_ERR_OK);
	assert_memory_equal(&s, &again, sizeof(s));
}

static void a_boot_state_has_no_pcr_that_can_be_reset(void **state)
{
	static const unsigned bad[] = { FH_PCR_LOCK, 16, 17, 23 };
	struct fh_pcr_state again;
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fh_pcr_state s = { .selected = UINT32_C(1) << bad[i] };

		assert_int_not_equal(read_state(state_bytes(bytes, sizeof(bytes), &s), &again),
				     FH_ERR_OK);
	}
	struct fh_pcr_state none = { 0 };

	assert_int_not_equal(read_state(state_bytes(bytes, sizeof(bytes), &none), &again),
			     FH_ERR_OK);
}

static void differing_pcrs_are_named(void **state)
{
	struct fh_pcr_state want = { .selected = 1 << 4 | 1 << 7 }, now = { .selected = 0xffffff };

	(void)state;
	now.value[9] = filled(9);
	assert_int_equal(fh_pcr_state_differs(&want, &now), 0);
	now.value[7] = filled(7);
	assert_int_equal(fh_pcr_state_differs(&want, &now), 1 << 7);
	now = (struct fh_pcr_state){ 0 };
	assert_int_equal(fh_pcr_state_differs(&want, &now), 1 << 4 | 1 << 7);
}

/* The digests that a TPM was seen to arrive at, too (tests/swtpm).  */
static void policies_are_as_specified(void **state)
{
	struct fh_pcr_state s = { .selected = 1 << 4 | 1 << 11 };
	struct fh_release r = { .chain_id = filled(0x0c), .device_id = filled(0x0d), .epoch = 6,
				.companions = 1 };
	uint8_t name[34] = { 0x00, 0x0b };

	(void)state;
	s.value[4] = filled(4);
	s.value[11] = filled(11);
	memset(r.companion[0].bytes, 0x22, FH_P256_PUBLIC_SIZE);
	memset(r.companion[1].bytes, 0x33, FH_P256_PUBLIC_SIZE);
	struct fh_hash policy = fh_approval_policy(&s);
	struct fh_hash reference = fh_approval_reference(&r.chain_id, &r.device_id, r.epoch);
	struct fh_hash digest = fh_approval_digest(&policy, &reference);
	struct fh_hash one = fh_release_policy(&r, FH_SPAN_ARRAY(name));

	r.companions = 2;
	struct fh_hash two = fh_release_policy(&r, FH_SPAN_ARRAY(name));

	hash_stands_in("CHIP.md", &policy);
	hash_stands_in("CHIP.md", &reference);
	hash_stands_in("CHIP.md", &digest);
	hash_stands_in("CHIP.md", &one);
	hash_stands_in("CHIP.md", &two);
}

/* Two of three: computed by another program as well.  */
static void joint_policies_are_as_specified(void **state)
{
	struct fh_pcr_state s = { .selected = 1 << 4 | 1 << 11 };
	struct fh_release r = { .chain_id = filled(0x0c), .device_id = filled(0x0d), .epoch = 6,
				.companions = 3, .needed = 2 };
	uint8_t epoch[FH_JOINT_NAME_SIZE], bytes[FH_JOINT_CONTENT_SIZE];
	struct fh_builder name = FH_BUILDER_ARRAY(epoch), content = FH_BUILDER_ARRAY(bytes);

	(void)state;
	s.value[4] = filled(4);
	s.value[11] = filled(11);
	for (size_t i = 0; i < 3; i++)
		memset(r.companion[i].bytes, 0x22 + 0x11 * (int)i, FH_P256_PUBLIC_SIZE);
	fh_epoch_name_put(&name);
	fh_joint_content_put(&content, &r, &s, fh_builder_span(&name));
	const struct fh_joint_index index = fh_joint_index_of(&r);
	struct fh_hash before = fh_joint_digest(&r, &s, /* written= */ false);
	struct fh_hash after = fh_joint_digest(&r, &s, /* written= */ true);
	struct fh_hash whole = fh_release_policy(&r, fh_builder_span(&name)), approved;

	memcpy(approved.bytes, bytes + 2, FH_HASH_SIZE);
	assert_int_equal(index.handle, 0x01b5a1df);
	hash_stands_in("CHIP.md", &index.policy);
	hash_stands_in("CHIP.md", &approved);
	hash_stands_in("CHIP.md", &before);
	hash_stands_in("CHIP.md", &after);
	hash_stands_in("CHIP.md", &whole);
}

static void a_joint_release_that_cannot_be_is_refused(void **state)
{
	struct fh_release r = { .companions = 3, .needed = 2 };
	struct fh_joint_climb c;

	(void)state;
	assert_int_equal(fh_joint_climb_begin(&r, 0x3, &c), FH_ERR_OK);
	assert_int_equal(fh_joint_climb_begin(&r, 0x1, &c), FH_ERR_FORMAT);
	assert_int_equal(fh_joint_climb_begin(&r, 0x7, &c), FH_ERR_FORMAT);
	assert_int_equal(fh_joint_climb_begin(&r, 0x9, &c), FH_ERR_FORMAT);
	r.needed = 4;
	assert_int_equal(fh_joint_climb_begin(&r, 0x7, &c), FH_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_certified_is_as_specified),
		cmocka_unit_test(qualifying_data_is_as_specified),
		cmocka_unit_test(the_proof_of_an_opened_credential_is_as_specified),
		cmocka_unit_test(every_member_of_the_subject_counts),
		cmocka_unit_test(refuses_a_nonce_that_is_too_long),
		cmocka_unit_test(a_quote_reads_as_it_was_written),
		cmocka_unit_test(refuses_every_truncation_and_anything_behind),
		cmocka_unit_test(a_boot_state_reads_as_it_was_written),
		cmocka_unit_test(a_boot_state_has_no_pcr_that_can_be_reset),
		cmocka_unit_test(differing_pcrs_are_named),
		cmocka_unit_test(policies_are_as_specified),
		cmocka_unit_test(joint_policies_are_as_specified),
		cmocka_unit_test(a_joint_release_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
