/* SPDX-License-Identifier: Apache-2.0 */
/* The document as docs/spec/EVIDENCE.md has it, and the strictness of its reader.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/document.h"
#include "spec_fixture.h"

static uint8_t memory[1 << 20], text[1 << 16], other[1 << 16];
static struct fh_public_key operators[2];
static const struct fh_span statements[] = { { (const uint8_t *)"genesis", 7 },
					     { (const uint8_t *)"device", 6 } };

static struct fh_hash filled(uint8_t byte)
{
	struct fh_hash h;

	memset(h.bytes, byte, sizeof(h.bytes));
	return h;
}

/* Every member differs from what is not there.  */
static struct fh_document full(void)
{
	struct fh_document d = {
		.serial = 4, .issued = { 1700000000000, 1700000000001 }, .genesis = filled(0x0c),
		.placement = FH_PLACEMENT_OFFLINE, .grade = FH_GRADE_TPM_SEALED,
		.operator_key = operators, .operator_keys = 2, .statement = statements,
		.statements = 2, .head_sequence = 7, .head = filled(0x10), .boot = 3, .start = 9,
		.checkpoint = FH_SPAN_LIT("note"), .ak = FH_SPAN_LIT("ak"),
		.endorsement = { FH_SPAN_LIT("ek"), FH_SPAN_LIT("issuer") }, .endorsements = 2,
		.quote = { .subject = { .purpose = FH_QUOTE_LIVE, .size = 50,
					.root = filled(0x0f), .boot = 3, .start = 9,
					.head_sequence = 7, .head = filled(0x10), .serial = 4,
					.nonce = FH_SPAN_LIT("nonce"),
					.origin = FH_SPAN_LIT("http://h/q"),
					.exporter = FH_SPAN_LIT("x") },
			   .evidence = FH_SPAN_LIT("quote") },
		.log = FH_SPAN_LIT("log"), .userspace_log = FH_SPAN_LIT("{}"),
		.cold_start = { { 3, 9, 1600000000000, filled(0x0e), 49 },
				{ 2, 5, 7, filled(1), 0 } },
		.cold_starts = 2,
	};

	memset(operators[0].bytes, 0x01, sizeof(operators[0].bytes));
	memset(operators[1].bytes, 0x02, sizeof(operators[1].bytes));
	memset(d.device.bytes, 0x0b, sizeof(d.device.bytes));
	return d;
}

static struct fh_span written(const struct fh_document *d, void *room, size_t cap)
{
	struct fh_builder b = fh_builder_of(room, cap);

	fh_document_put(&b, d);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static fh_err reads(struct fh_span payload, struct fh_document *out)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));

	return fh_document_read(payload, &a, out);
}

static void the_payload_is_as_specified(void **state)
{
	struct fh_document d = full();
	struct fh_hash h = fh_hash_of(written(&d, text, sizeof(text)));

	(void)state;
	stands_in("EVIDENCE.md", "the hash of the payload", fh_hash_span(&h));
}

static void what_is_read_is_what_was_written(void **state)
{
	struct fh_document d = full(), back;
	struct fh_hash device = fh_key_id(FH_SPAN_ARRAY(d.device.bytes));
	struct fh_span first = written(&d, text, sizeof(text));

	(void)state;
	assert_int_equal(reads(first, &back), FH_ERR_OK);
	assert_true(fh_hash_equal(&back.quote.subject.device_id, &device));
	assert_true(fh_hash_equal(&back.quote.subject.chain_id, &d.genesis));
	assert_int_equal(back.statements, 2);
	assert_true(fh_span_equal(back.statement[1], statements[1]));
	assert_true(fh_span_equal(written(&back, other, sizeof(other)), first));
}

static void a_machine_without_a_chip_has_less_to_show(void **state)
{
	struct fh_document d = full(), back;

	(void)state;
	d.ak = d.log = d.userspace_log = d.quote.evidence = (struct fh_span){ 0 };
	d.endorsements = d.cold_starts = d.statements = 0;
	struct fh_span first = written(&d, text, sizeof(text));

	assert_int_equal(reads(first, &back), FH_ERR_OK);
	assert_int_equal(back.ak.n + back.quote.evidence.n + back.statements, 0);
	assert_true(fh_span_equal(written(&back, other, sizeof(other)), first));
}

/* Nothing is overlooked: a changed byte is refused, or is read as what it is.  */
static void no_byte_can_be_changed_unnoticed(void **state)
{
	struct fh_document d = full(), back;
	struct fh_span first = written(&d, text, sizeof(text));

	(void)state;
	for (size_t i = 0; i < first.n; i++) {
		text[i] ^= 1;
		if (reads(first, &back) == FH_ERR_OK)
			assert_true(fh_span_equal(written(&back, other, sizeof(other)), first));
		text[i] ^= 1;
	}
}

static void refuses_every_truncation(void **state)
{
	struct fh_document d = full(), back = { .serial = 77 };
	struct fh_span first = written(&d, text, sizeof(text));

	(void)state;
	for (size_t n = 0; n < first.n; n += n < 512 ? 1 : 97)
		assert_int_not_equal(reads(fh_span_first(first, n), &back), FH_ERR_OK);
	assert_int_equal(back.serial, 77);
}

/* TEXT with OLD replaced by NEW once.  */
static fh_err with(const char *old, const char *new)
{
	struct fh_document d = full(), back;
	struct fh_span first = written(&d, text, sizeof(text));
	const uint8_t *at = memmem(first.p, first.n, old, strlen(old));
	struct fh_builder b = FH_BUILDER_ARRAY(other);

	assert_non_null(at);
	size_t before = (size_t)(at - first.p);

	fh_builder_bytes(&b, fh_span_first(first, before));
	fh_builder_text(&b, new);
	fh_builder_bytes(&b, fh_span_skip(first, before + strlen(old)));
	return reads(fh_builder_span(&b), &back);
}

static void refuses_other_members_and_values(void **state)
{
	(void)state;
	assert_int_equal(with("\"serial\":4", "\"serial\":4"), FH_ERR_OK);
	assert_int_equal(with("{\"version\":1", "{ \"version\" : 1"), FH_ERR_OK);
	assert_int_equal(with("\"version\":1", "\"version\":2"), FH_ERR_VERSION);
	assert_int_equal(with("\"version\":1", "\"version\":0"), FH_ERR_FORMAT);
	assert_int_equal(with("{\"version\":1", "{\"more\":1,\"version\":1"), FH_ERR_UNKNOWN);
	assert_int_equal(with("\"boot\":3", "\"boot\":3,\"boot\":3"), FH_ERR_EXISTS);
	assert_int_equal(with("\"boot\":3,\"start\":9,\"checkpoint\"", "\"checkpoint\""),
			 FH_ERR_FORMAT);
	assert_int_equal(with("\"serial\":4", "\"serial\":-4"), FH_ERR_FORMAT);
	assert_int_equal(with("\"serial\":4", "\"serial\":\"4\""), FH_ERR_FORMAT);
	assert_int_equal(with("\"serial\":4", "\"serial\":04"), FH_ERR_FORMAT);
	assert_int_equal(with("\"tpm-sealed\"", "\"gold\""), FH_ERR_UNKNOWN);
	assert_int_equal(with("\"offline\"", "\"here\""), FH_ERR_UNKNOWN);
	assert_int_equal(with("\"live\"", "\"lively\""), FH_ERR_UNKNOWN);
	assert_int_equal(with("\"bm90ZQ\"", "\"bm90ZR\""), FH_ERR_FORMAT);
	assert_int_equal(with("\"bm90ZQ\"", "\"bm90ZQ==\""), FH_ERR_FORMAT);
	assert_int_equal(with("\"bm90ZQ\"", "\"\""), FH_ERR_FORMAT);
	assert_int_equal(with("\"bm90ZQ\"", "null"), FH_ERR_FORMAT);
	assert_int_equal(with("[\"ZWs\",", "[\"ZWs\",\"ZWs\",\"ZWs\",\"ZWs\","), FH_ERR_LIMIT);
	assert_int_equal(with("\"alg\":\"ML-DSA-65\"", "\"alg\":\"ML-DSA-44\""),
			 FH_ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_payload_is_as_specified),
		cmocka_unit_test(what_is_read_is_what_was_written),
		cmocka_unit_test(a_machine_without_a_chip_has_less_to_show),
		cmocka_unit_test(no_byte_can_be_changed_unnoticed),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_other_members_and_values),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
