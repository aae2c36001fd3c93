/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of docs/spec/LEAF.md, JOURNAL.md, NOTE.md, PROOF.md and KEYS.md, which must
 * never change, and the strictness of their readers.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "spec_fixture.h"

#include "chain/lease.h"
#include "chain/request.h"
#include "chain/statement.h"
#include "codec/cbor.h"
#include "entry/carried.h"
#include "entry/certificate.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/receipt.h"
#include "entry/seal.h"
#include "entry/segment.h"
#include "evidence/document.h"
#include "merkle/checkpoint.h"
#include "policy/limit.h"
#include "verify/proof.h"

/* --- golden bytes ------------------------------------------------------------- */

static struct fh_hash filled(uint8_t byte)
{
	struct fh_hash h;

	memset(h.bytes, byte, sizeof(h.bytes));
	return h;
}

static struct fh_leaf golden_leaf(void)
{
	return (struct fh_leaf){ .index = 7, .time = { 1'800'000'000'000, 1'800'000'000'050 },
				 .boot = 3, .start = 9, .session = filled(1),
				 .kind = FH_ENTRY_INTENT, .class = FH_SPAN_LIT("default"),
				 .chain_head = filled(2), .payload = filled(3),
				 .fields = filled(4) };
}

static void golden_fields(struct fh_fields *f, uint8_t salt[2][FH_SALT_SIZE])
{
	for (size_t i = 0; i < 2; i++)
		memset(salt[i], (int)(0x10 + i), FH_SALT_SIZE);
	*f = (struct fh_fields){ .n = 2 };
	f->field[0] = (struct fh_field){ FH_FIELD_ACTOR, fh_span_of(salt[0], FH_SALT_SIZE),
					 FH_SPAN_LIT("\x65" "Actor") };
	f->field[1] = (struct fh_field){ FH_FIELD_DECISION, fh_span_of(salt[1], FH_SALT_SIZE),
					 FH_SPAN_LIT("\x83\xf5\x66permit\x80") };
}

static void writes_the_golden_leaf(void **state)
{
	uint8_t room[FH_LEAF_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_leaf l = golden_leaf(), read;

	(void)state;
	fh_leaf_put(&b, &l);
	stands_in("LEAF.md", "the leaf", fh_builder_span(&b));
	struct fh_hash h = fh_leaf_hash(fh_builder_span(&b));

	stands_in("LEAF.md", "its hash", fh_hash_span(&h));
	assert_int_equal(fh_leaf_read(fh_builder_span(&b), &read), FH_ERR_OK);
	assert_int_equal(read.index, 7);
	assert_int_equal(read.time.hi_ms, 1'800'000'000'050);
	assert_int_equal(read.start, 9);
	assert_true(fh_hash_equal(&read.fields, &l.fields));
}

/* The same fields, of entry 7, both in one part.  */
static void writes_the_golden_sealed_payload(void **state)
{
	static const bool all[FH_FIELDS_MAX] = { true, true };
	uint8_t salt[2][FH_SALT_SIZE], room[512], plain[256];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_secret period = { .n = FH_SEAL_KEY_SIZE }, batch;
	struct fh_fields f;

	(void)state;
	golden_fields(&f, salt);
	const struct fh_leaf leaf = { .index = 4096 + 7, .fields = fh_fields_root(&f) };
	const struct fh_sealer with = { .name = FH_SPAN_LIT("0123456789abcdef"),
					.batch_key = &batch };

	memset(period.bytes, 0x33, period.n);
	assert_int_equal(fh_seal_batch_key(&period, fh_seal_batch(4096 + 7), &batch), FH_ERR_OK);
	stands_in("LEAF.md", "the batch key", fh_secret_span(&batch));
	fh_sealed_put_head(&b, 1);
	assert_int_equal(fh_sealed_put_part(&b, &f, all, &with, &leaf, FH_SPAN_ARRAY(plain)),
			 FH_ERR_OK);
	stands_in("LEAF.md", "the sealed payload", fh_builder_span(&b));
}

static void writes_the_golden_payload(void **state)
{
	uint8_t salt[2][FH_SALT_SIZE], room[512];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_fields f, read;

	(void)state;
	golden_fields(&f, salt);
	fh_field_put_opening(&b, &f.field[0]);
	stands_in("LEAF.md", "the opening", fh_builder_span(&b));
	struct fh_hash direct = fh_field_hash(&f.field[0]);
	struct fh_hash built = fh_leaf_hash(fh_builder_span(&b));

	assert_true(fh_hash_equal(&direct, &built));
	b.n = 0;
	fh_payload_put(&b, &f);
	stands_in("LEAF.md", "the payload", fh_builder_span(&b));
	struct fh_hash root = fh_fields_root(&f);

	stands_in("LEAF.md", "the commitment root", fh_hash_span(&root));
	assert_int_equal(fh_payload_read(fh_builder_span(&b), &read), FH_ERR_OK);
	assert_int_equal(read.n, 2);
	assert_ptr_equal(fh_fields_get(&read, FH_FIELD_DECISION), &read.field[1]);
	assert_null(fh_fields_get(&read, FH_FIELD_RESULT));
}

static void writes_the_golden_budgets(void **state)
{
	const struct fh_limits l = { .budget = FH_SPAN_LIT("read-notes") };
	const struct fh_entity_uid who = { FH_SPAN_LIT("Actor"), FH_SPAN_LIT("claude") };
	struct fh_limit x = { 200, 3600000, FH_UNIT_CALLS, FH_PER_PRINCIPAL, { 0 } };

	(void)state;
	fh_limit_name(&l, &x);
	struct fh_hash now = fh_budget_hash(&l, &x, who), older = fh_budget_hash_older(&l, &x, who);

	stands_in("LEAF.md", "the budget", fh_hash_span(&now));
	stands_in("LEAF.md", "its older name", fh_hash_span(&older));
	assert_false(fh_budget_is_older(&now));
	assert_true(fh_budget_is_older(&older));
}

static void writes_the_golden_fold(void **state)
{
	static const uint8_t text[] = { 1, 2, 3 };
	const struct fh_carried said[] = { { 4096, FH_SPAN_ARRAY(text) }, { .period = 4096 } };
	struct fh_fields f = { .field = { { .id = FH_FIELD_FOLD } }, .n = 1 };
	uint8_t bytes[32];
	struct fh_carried back;

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(bytes);

		fh_carried_put(&b, &said[i]);
		stands_in("LEAF.md", "the fold", fh_builder_span(&b));
		f.field[0].value = fh_builder_span(&b);
		assert_int_equal(fh_carried_read(&f, &back), FH_ERR_OK);
		assert_int_equal(back.period, said[i].period);
		assert_true(fh_span_equal(back.text, said[i].text));
		f.field[0].value.n--;
		assert_int_equal(fh_carried_read(&f, &back), FH_ERR_FORMAT);
	}
	f.field[0].value = FH_SPAN_LIT("\x82\x00\x40"); /* the period of versions before */
	assert_int_equal(fh_carried_read(&f, &back), FH_ERR_FORMAT);
	f.n = 0;
	assert_int_equal(fh_carried_read(&f, &back), FH_ERR_MISSING);
}

static void writes_the_golden_segment(void **state)
{
	uint8_t room[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_segment_head h = { filled(5), filled(6), 7, filled(8) };
	struct fh_stored s = { FH_SPAN_LIT("leaf"), FH_SPAN_LIT("payload") };
	struct fh_hash root = filled(9);

	(void)state;
	fh_segment_put_head(&b, &h);
	stands_in("JOURNAL.md", "the head", fh_builder_span(&b));
	b.n = 0;
	fh_batch_put_open(&b, 7, 1, 17);
	fh_stored_put(&b, &s);
	fh_batch_put_close(&b, 8, &root);
	assert_int_equal(b.n, fh_batch_frame_size(17));
	stands_in("JOURNAL.md", "the batch", fh_builder_span(&b));
	b.n = 0;
	fh_segment_put_checkpoint(&b, FH_SPAN_LIT("note"));
	stands_in("JOURNAL.md", "the checkpoint", fh_builder_span(&b));
}

static void writes_the_golden_note(void **state)
{
	static const uint8_t key[FH_MLDSA65_PUBLIC_SIZE] = { 0 };
	struct fh_checkpoint c = { FH_SPAN_LIT("freehold/example"), 70000, filled(10) };
	uint8_t text_room[512], signed_room[512], id[4];
	struct fh_builder text = FH_BUILDER_ARRAY(text_room), b = FH_BUILDER_ARRAY(signed_room);
	struct fh_builder id_bytes = FH_BUILDER_ARRAY(id);

	(void)state;
	fh_checkpoint_put_text(&text, &c);
	fh_checkpoint_put_signed(&b, fh_builder_span(&text));
	stands_in("NOTE.md", "what is signed", fh_builder_span(&b));
	fh_builder_be32(&id_bytes, fh_note_mldsa65_key_id(c.origin, FH_SPAN_ARRAY(key)));
	stands_in("NOTE.md", "the key id", FH_SPAN_ARRAY(id));
}

static void writes_the_golden_bundles(void **state)
{
	uint8_t whole_room[256], part_room[256];
	struct fh_builder whole = FH_BUILDER_ARRAY(whole_room);
	struct fh_builder part = FH_BUILDER_ARRAY(part_room);
	struct fh_bundle u = { .leaf = FH_SPAN_LIT("leaf"), .payload = FH_SPAN_LIT("payload"),
			       .certificate = FH_SPAN_LIT("certificate"), .statements = 2,
			       .statement = FH_SPAN_LIT("\x43one\x43two"),
			       .stamp = { FH_SPAN_LIT("ots") }, .stamps = 1 };
	struct fh_bundle v = { .leaf = FH_SPAN_LIT("leaf") }, read;

	(void)state;
	fh_bundle_put(&whole, &u);
	assert_false(whole.bad);
	stands_in("PROOF.md", "the bundle", fh_builder_span(&whole));
	v.shown.fields = 2;
	v.shown.n = 1;
	v.shown.opening[0] = (struct fh_opening){ .place = 1, .bytes = FH_SPAN_LIT("opening"),
						  .proof = { { filled(15) }, 1 } };
	fh_bundle_put(&part, &v);
	assert_false(part.bad);
	stands_in("PROOF.md", "the bundle with one field", fh_builder_span(&part));
	assert_int_equal(fh_bundle_read(fh_builder_span(&whole), &read), FH_ERR_OK);
	assert_int_equal(read.statements, 2);
	assert_true(fh_span_equal(read.statement, u.statement));
	assert_int_equal(fh_bundle_read(fh_builder_span(&part), &read), FH_ERR_OK);
	assert_int_equal(read.shown.opening[0].place, 1);
	assert_int_equal(read.certificate.n, 0);
}

/* Written before there were openings and stamps.  */
static void reads_bundles_of_version_1(void **state)
{
	struct fh_bundle u;

	(void)state;
	assert_int_equal(fh_bundle_read(FH_SPAN_LIT("\x85\x01\x44leaf\x47payload\x4b"
						    "certificate\x82\x43one\x43two"),
					&u), FH_ERR_OK);
	assert_int_equal(u.statements, 2);
	assert_int_equal(u.payload.n, 7);
	assert_int_equal(fh_bundle_read(FH_SPAN_LIT("\x85\x02\x44leaf\x47payload\x4b"
						    "certificate\x82\x43one\x43two"),
					&u), FH_ERR_FORMAT);
	assert_int_equal(fh_bundle_read(FH_SPAN_LIT("\x85\x03\x44leaf\x47payload\x4b"
						    "certificate\x82\x43one\x43two"),
					&u), FH_ERR_VERSION);
}

static void writes_the_golden_proof(void **state)
{
	uint8_t file_room[1024];
	struct fh_builder file = FH_BUILDER_ARRAY(file_room);
	struct fh_proof_file p = { .extra = FH_SPAN_LIT("AAAA"), .index = 17,
				   .note = FH_SPAN_LIT("note\n") };

	(void)state;
	p.proof.n = 2;
	p.proof.hash[0] = filled(15);
	p.proof.hash[1] = filled(16);
	fh_proof_file_put(&file, &p);
	assert_false(file.bad);
	stands_in("PROOF.md", "the file", fh_builder_span(&file));
}

static void writes_the_golden_receipt(void **state)
{
	static uint8_t room[FH_RECEIPT_MAX], signature[FH_MLDSA65_SIGNATURE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_hash session = filled(1), root = filled(2);
	struct fh_receipt r = { .session = session, .size = 70000, .index = 17,
				.proof = { { filled(15), filled(16) }, 2 },
				.signature = FH_SPAN_ARRAY(signature) };
	struct fh_signed_root s = { 70000, root, session, FH_SPAN_ARRAY(signature) };

	(void)state;
	fh_receipt_put_signed(&b, &session, fh_hash_span(&root));
	assert_true(b.n <= FH_RECEIPT_SIGNED_MAX);
	stands_in("PROOF.md", "what a receipt's signature is over", fh_builder_span(&b));
	b.n = 0;
	fh_receipt_put(&b, &r);
	stands_in("PROOF.md", "the receipt up to its signature",
		  fh_span_first(fh_builder_span(&b), b.n - sizeof(signature)));
	b.n = 0;
	fh_signed_root_put(&b, &s);
	assert_true(b.n <= FH_SIGNED_ROOT_MAX);
	stands_in("PROOF.md", "the signed root up to its signature",
		  fh_span_first(fh_builder_span(&b), b.n - sizeof(signature)));
}

/* RFC 9942 has no encoding for an empty path.  */
static void writes_no_receipt_for_a_tree_of_one_leaf(void **state)
{
	static uint8_t room[FH_RECEIPT_MAX], signature[FH_MLDSA65_SIGNATURE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_receipt r = { .size = 1, .signature = FH_SPAN_ARRAY(signature) };

	(void)state;
	fh_receipt_put(&b, &r);
	assert_true(b.bad);
}

static void refuses_every_truncation_and_flip_of_a_receipt(void **state)
{
	static uint8_t room[FH_RECEIPT_MAX], again_room[FH_RECEIPT_MAX];
	static uint8_t signature[FH_MLDSA65_SIGNATURE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_receipt read, r = { .session = filled(1), .size = 70000, .index = 17,
				      .proof = { { filled(15), filled(16) }, 2 },
				      .signature = FH_SPAN_ARRAY(signature) };

	(void)state;
	fh_receipt_put(&b, &r);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_receipt_read(fh_span_of(room, n), &read), FH_ERR_OK);
	/* What is read at all has one encoding: writing it gives the same bytes.  */
	for (size_t bit = 0; bit < 8 * (b.n - sizeof(signature)); bit++) {
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (fh_receipt_read(fh_builder_span(&b), &read) == FH_ERR_OK) {
			struct fh_builder again = FH_BUILDER_ARRAY(again_room);

			fh_receipt_put(&again, &read);
			assert_true(fh_span_equal(fh_builder_span(&again), fh_builder_span(&b)));
		}
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void writes_the_golden_certificate(void **state)
{
	static uint8_t key[FH_MLDSA65_PUBLIC_SIZE];
	uint8_t room[FH_CERTIFICATE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	(void)state;
	memset(key, 11, sizeof(key));
	struct fh_certificate c = { .chain_id = filled(12), .device_id = filled(13),
				    .session_key = FH_SPAN_ARRAY(key), .boot = 3, .start = 9,
				    .previous_size = 50, .previous_root = filled(14),
				    .grade = FH_GRADE_TPM_SEALED };

	fh_certificate_put_payload(&b, &c);
	struct fh_hash h = fh_hash_of(fh_builder_span(&b));

	stands_in("KEYS.md", "SHA-256 of the certificate payload", fh_hash_span(&h));
}

/* --- strictness ----------------------------------------------------------------- */

static void refuses_every_truncation_and_flip_of_a_leaf(void **state)
{
	uint8_t room[FH_LEAF_MAX], again_room[FH_LEAF_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_leaf l = golden_leaf(), read;

	(void)state;
	fh_leaf_put(&b, &l);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_leaf_read(fh_span_of(room, n), &read), FH_ERR_OK);
	/* What is read at all has one encoding: writing it gives the same bytes.  */
	for (size_t bit = 0; bit < 8 * b.n; bit++) {
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (fh_leaf_read(fh_builder_span(&b), &read) == FH_ERR_OK) {
			struct fh_builder again = FH_BUILDER_ARRAY(again_room);

			fh_leaf_put(&again, &read);
			assert_true(fh_span_equal(fh_builder_span(&again), fh_builder_span(&b)));
		}
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void refuses_other_versions(void **state)
{
	uint8_t room[FH_LEAF_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_leaf l = golden_leaf(), read;

	(void)state;
	fh_leaf_put(&b, &l);
	room[2] = 0;
	assert_int_equal(fh_leaf_read(fh_builder_span(&b), &read), FH_ERR_VERSION);
	room[2] = 2;
	assert_int_equal(fh_leaf_read(fh_builder_span(&b), &read), FH_ERR_VERSION);
}

static void refuses_time_that_ends_before_it_begins(void **state)
{
	uint8_t room[FH_LEAF_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_leaf l = golden_leaf(), read;

	(void)state;
	l.time.hi_ms = l.time.lo_ms - 1;
	fh_leaf_put(&b, &l);
	assert_int_equal(fh_leaf_read(fh_builder_span(&b), &read), FH_ERR_FORMAT);
}

static void refuses_fields_out_of_order_and_twice(void **state)
{
	uint8_t salt[2][FH_SALT_SIZE], room[512];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_fields f, read;

	(void)state;
	golden_fields(&f, salt);
	f.field[1].id = FH_FIELD_ACTOR;
	fh_payload_put(&b, &f);
	assert_int_equal(fh_payload_read(fh_builder_span(&b), &read), FH_ERR_FORMAT);
	b.n = 0;
	f.field[0].id = FH_FIELD_RESULT;
	fh_payload_put(&b, &f);
	assert_int_equal(fh_payload_read(fh_builder_span(&b), &read), FH_ERR_FORMAT);
}

static void refuses_another_sealing(void **state)
{
	struct fh_fields read;

	(void)state;
	assert_int_equal(fh_payload_read(FH_SPAN_LIT("\x82\x01\x80"), &read), FH_ERR_VERSION);
	assert_int_equal(fh_payload_read(FH_SPAN_LIT("\x82\x00\x80"), &read), FH_ERR_OK);
}

static void refuses_every_truncation_of_a_segment(void **state)
{
	uint8_t room[512];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_segment_head h = { .first = 7 };
	enum fh_segment_frame type;
	struct fh_span body;

	(void)state;
	fh_segment_put_head(&b, &h);
	for (size_t n = 1; n < b.n; n++) {
		struct fh_cursor c = fh_cursor_of(fh_span_of(room, n));

		assert_int_equal(fh_segment_next(&c, &type, &body), FH_ERR_TORN);
		assert_int_equal(c.rest.n, n);
	}
}

static void tells_zeros_from_frames_and_garbage(void **state)
{
	static const uint8_t zeros[64] = { 0 };
	struct fh_cursor c = fh_cursor_of(FH_SPAN_ARRAY(zeros));
	enum fh_segment_frame type;
	struct fh_span body;

	(void)state;
	assert_int_equal(fh_segment_next(&c, &type, &body), FH_ERR_OK);
	assert_int_equal(type, FH_SEGMENT_END);
	c = fh_cursor_of(FH_SPAN_LIT("\0\0\0\1"));
	assert_int_equal(fh_segment_next(&c, &type, &body), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("\4\0\0\0\0"));
	assert_int_equal(fh_segment_next(&c, &type, &body), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("\1\xff\xff\xff\xff"));
	assert_int_equal(fh_segment_next(&c, &type, &body), FH_ERR_LIMIT);
}

static void names_fields_and_kinds_both_ways(void **state)
{
	(void)state;
	for (unsigned id = 1; id < FH_FIELD_IDS; id++) {
		enum fh_field_id back;
		const char *text = fh_field_text((enum fh_field_id)id);

		assert_int_equal(fh_field_parse(fh_span_str(text), &back), FH_ERR_OK);
		assert_int_equal(back, id);
	}
	assert_string_equal(fh_field_text(FH_FIELD_IDS), "unknown");
	assert_string_equal(fh_entry_kind_text(FH_ENTRY_KINDS), "unknown");
	assert_string_equal(fh_entry_kind_text(FH_ENTRY_STOP), "stop");
}

/* --- what each key signs: docs/spec/KEYS.md --------------------------------------- */

static void put_statement(struct fh_builder *b, struct fh_span payload)
{
	fh_cose_put_signed(b, FH_SPAN_LIT(FH_STATEMENT_AAD), payload);
}

static void put_lease(struct fh_builder *b, struct fh_span payload)
{
	fh_cose_put_signed(b, FH_SPAN_LIT(FH_LEASE_AAD), payload);
}

static void put_possession(struct fh_builder *b, struct fh_span payload)
{
	fh_cose_put_signed1(b, FH_SPAN_LIT(FH_DEVICE_POSSESSION_AAD), payload);
}

/* For any session: what is first is the same for each.  */
static void put_receipt(struct fh_builder *b, struct fh_span payload)
{
	struct fh_hash session = fh_hash_of(payload);

	fh_receipt_put_signed(b, &session, payload);
}

/* Every signature that any key makes: a new one belongs here and in KEYS.md.  */
static const struct purpose {
	const char *key;    /* as the table in KEYS.md calls it */
	const char *domain;
	void (*put)(struct fh_builder *b, struct fh_span payload); /* what is signed */
	const char *seen;   /* how the domain looks in it; NULL: as it is */
} purposes[] = {
	{ "operator", FH_STATEMENT_AAD, put_statement },
	{ "operator", FH_LEASE_AAD, put_lease },
	{ "device", FH_CERTIFICATE_DOMAIN, fh_certificate_put_signed },
	{ "device", FH_DEVICE_POSSESSION_AAD, put_possession },
	{ "device", FH_REQUEST_AAD, fh_request_put_signed },
	{ "session", "freehold/checkpoint/v1", fh_checkpoint_put_signed },
	/* RFC 9942 leaves no room for a domain: the protected header is one.  */
	{ "session", "RFC-9942", put_receipt, "\xa3\x01\x38\x30\x04\x58\x20" },
	/* The type in the protected header, which is in base64.  */
	{ "session", "freehold-evidence+jws", fh_document_put_signed,
	  "eyJhbGciOiJNTC1EU0EtNjUiLCJ0eXAiOiJmcmVlaG9sZC1ldmlkZW5jZStqd3MifQ." },
};
constexpr size_t purposes_n = sizeof(purposes) / sizeof(purposes[0]);

/* The bytes that all messages of purpose P begin with.  */
static struct fh_span first_bytes(const struct purpose *p, uint8_t room[512])
{
	static const uint8_t large[300] = { 0xff, 0xff };
	uint8_t other[512];
	struct fh_builder a = fh_builder_of(room, 512), b = FH_BUILDER_ARRAY(other);
	size_t n = 0;

	p->put(&a, (struct fh_span){ 0 });
	p->put(&b, FH_SPAN_ARRAY(large));
	assert_false(a.bad || b.bad);
	while (n < a.n && n < b.n && room[n] == other[n])
		n++;
	return fh_span_of(room, n);
}

static void no_purpose_of_a_key_begins_another(void **state)
{
	static uint8_t room[purposes_n][512];
	struct fh_span first[purposes_n];

	(void)state;
	for (size_t i = 0; i < purposes_n; i++) {
		first[i] = first_bytes(&purposes[i], room[i]);
		const char *seen = purposes[i].seen != nullptr ? purposes[i].seen
							       : purposes[i].domain;

		assert_non_null(memmem(first[i].p, first[i].n, seen, strlen(seen)));
		for (size_t j = 0; j < i; j++) {
			assert_false(fh_span_starts(first[i], first[j]));
			assert_false(fh_span_starts(first[j], first[i]));
		}
	}
}

/* One purpose under the other kind of signature is another purpose.  */
static void the_two_kinds_of_cose_signature_differ_at_once(void **state)
{
	uint8_t many_room[512], one_room[512];

	(void)state;
	for (size_t i = 0; i < purposes_n; i++) {
		struct fh_builder many = FH_BUILDER_ARRAY(many_room);
		struct fh_builder one = FH_BUILDER_ARRAY(one_room);

		fh_cose_put_signed(&many, fh_span_str(purposes[i].domain), FH_SPAN_LIT("x"));
		fh_cose_put_signed1(&one, fh_span_str(purposes[i].domain), FH_SPAN_LIT("x"));
		assert_int_not_equal(many_room[0], one_room[0]);
	}
}

/* No signed message begins like what is only hashed.  */
static void a_leaf_is_no_signed_message(void **state)
{
	uint8_t leaf_room[512], room[512];
	struct fh_builder leaf = FH_BUILDER_ARRAY(leaf_room);

	(void)state;
	fh_leaf_put(&leaf, &(struct fh_leaf){ .class = FH_SPAN_LIT("x") });
	for (size_t i = 0; i < purposes_n; i++)
		assert_false(fh_span_starts(fh_builder_span(&leaf),
					    first_bytes(&purposes[i], room)));
}

/* How often WORD stands in TEXT.  */
static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)) != nullptr; text++)
		n++;
	return n;
}

static void the_table_of_keys_has_these_rows_and_no_other(void **state)
{
	static const char *const keys[] = { "operator", "device", "session" };
	uint8_t room[512], row_room[2048];
	size_t rows = 0;

	(void)state;
	for (size_t i = 0; i < purposes_n; i++) {
		struct fh_builder row = FH_BUILDER_ARRAY(row_room);

		fh_builder_text(&row, "|`");
		fh_builder_text(&row, purposes[i].domain);
		fh_builder_text(&row, "`|");
		fh_builder_hex(&row, first_bytes(&purposes[i], room));
		fh_builder_u8(&row, '|');
		fh_builder_u8(&row, '\0');
		assert_false(row.bad);
		if (count(spec_text("KEYS.md"), (const char *)row_room) != 1)
			fail_msg("docs/spec/KEYS.md lacks: %s", (const char *)row_room);
	}
	for (size_t k = 0; k < 3; k++) {
		char begin[32];

		(void)snprintf(begin, sizeof(begin), "|%s|", keys[k]);
		rows += count(spec_text("KEYS.md"), begin);
	}
	assert_int_equal(rows, purposes_n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_golden_leaf),
		cmocka_unit_test(writes_the_golden_payload),
		cmocka_unit_test(writes_the_golden_sealed_payload),
		cmocka_unit_test(writes_the_golden_budgets),
		cmocka_unit_test(writes_the_golden_fold),
		cmocka_unit_test(writes_the_golden_segment),
		cmocka_unit_test(writes_the_golden_note),
		cmocka_unit_test(writes_the_golden_proof),
		cmocka_unit_test(writes_the_golden_bundles),
		cmocka_unit_test(reads_bundles_of_version_1),
		cmocka_unit_test(writes_the_golden_receipt),
		cmocka_unit_test(writes_no_receipt_for_a_tree_of_one_leaf),
		cmocka_unit_test(refuses_every_truncation_and_flip_of_a_receipt),
		cmocka_unit_test(writes_the_golden_certificate),
		cmocka_unit_test(refuses_every_truncation_and_flip_of_a_leaf),
		cmocka_unit_test(refuses_other_versions),
		cmocka_unit_test(refuses_time_that_ends_before_it_begins),
		cmocka_unit_test(refuses_fields_out_of_order_and_twice),
		cmocka_unit_test(refuses_another_sealing),
		cmocka_unit_test(refuses_every_truncation_of_a_segment),
		cmocka_unit_test(tells_zeros_from_frames_and_garbage),
		cmocka_unit_test(names_fields_and_kinds_both_ways),
		cmocka_unit_test(no_purpose_of_a_key_begins_another),
		cmocka_unit_test(the_two_kinds_of_cose_signature_differ_at_once),
		cmocka_unit_test(a_leaf_is_no_signed_message),
		cmocka_unit_test(the_table_of_keys_has_these_rows_and_no_other),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
