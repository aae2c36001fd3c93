/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of docs/spec/DOOR.md, and the strictness of those who read them.  */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "chip/chip.h"
#include "role/door.h"
#include "role/door_cosign.h"
#include "role/frame.h"
#include "role/permit.h"
#include "spec_fixture.h"

static const uint8_t session[FH_SESSION_ID_SIZE] = { 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e,
						     0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e,
						     0x5e };
static const uint8_t map[] = { 0xa1, 0x61, 'a', 0x01 };

static struct fh_hash hash_of(int byte)
{
	struct fh_hash h;

	memset(h.bytes, byte, sizeof(h.bytes));
	return h;
}

/* --- golden bytes ----------------------------------------------------- */

static void documented(const struct fh_builder *b)
{
	assert_false(b->bad);
	stands_in("DOOR.md", "the message", fh_builder_span(b));
}

static void an_ask_and_its_reply_are_as_documented(void **state)
{
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory), c = FH_BUILDER_ARRAY(memory);
	struct fh_ask ask = { .kind = FH_ASK_CALL, .exchange = 7, .session = FH_SPAN_ARRAY(session),
			      .bearer = FH_SPAN_LIT("tok"), .server = FH_SPAN_LIT("notes"),
			      .tool = FH_SPAN_LIT("read"), .params = FH_SPAN_ARRAY(map) };
	struct fh_reply reply = { .status = FH_REPLY_REFUSED, .exchange = 7, .index = 12,
				  .session = FH_SPAN_ARRAY(session),
				  .reason = FH_SPAN_LIT("forbidden"), .text = FH_SPAN_LIT("no."),
				  .policy = { FH_SPAN_LIT("p") }, .policies = 1 };

	(void)state;
	fh_ask_put(&b, &ask);
	documented(&b);
	fh_reply_put(&c, &reply);
	documented(&c);
}

static void orders_to_reach_are_as_documented(void **state)
{
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory), c = FH_BUILDER_ARRAY(memory);
	struct fh_builder d = FH_BUILDER_ARRAY(memory);
	struct fh_start start = { .index = 8, .session = FH_SPAN_ARRAY(session),
				  .argument = { FH_SPAN_LIT("/bin/s") }, .arguments = 1,
				  .environment = { { FH_SPAN_LIT("A"), FH_SPAN_LIT("b") } },
				  .environments = 1, .directory = FH_SPAN_LIT("/"),
				  .uid = 1001, .gid = 1002 };
	struct fh_started started = { FH_SPAN_ARRAY(session), false, FH_SPAN_LIT("why") };

	(void)state;
	fh_start_put(&b, &start);
	documented(&b);
	fh_stop_put(&c, FH_SPAN_ARRAY(session));
	documented(&c);
	fh_started_put(&d, &started);
	documented(&d);
}

static void permits_and_outcomes_are_as_documented(void **state)
{
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory), c = FH_BUILDER_ARRAY(memory);
	struct fh_permit permit = { FH_PERMIT_CALL, 11, FH_SPAN_LIT("read"), FH_SPAN_ARRAY(map),
				    .progress = true };
	struct fh_hash digest = hash_of(0x06);
	struct fh_outcome outcome = { .index = 11, .status = FH_OUTCOME_RESULT, .dropped = 2,
				      .body = FH_SPAN_ARRAY(map),
				      .digests = fh_hash_span(&digest) };

	(void)state;
	fh_permit_put(&b, &permit);
	documented(&b);
	fh_outcome_put(&c, &outcome);
	documented(&c);
}

static void a_new_gate_is_announced_as_documented(void **state)
{
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory), c = FH_BUILDER_ARRAY(memory);
	struct fh_hash program = hash_of(0xe0);
	struct fh_peer peer = { false, 1000, 1000, fh_hash_span(&program) };

	(void)state;
	fh_control_put(&b, FH_CONTROL_GATE, &peer);
	documented(&b);
	fh_control_put(&c, FH_CONTROL_READY, /* peer= */ nullptr);
	assert_int_equal(c.n, 2);
	assert_memory_equal(c.p, "\x81\x03", 2);
}

static void the_door_is_as_documented(void **state)
{
	uint8_t memory[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(memory), c = FH_BUILDER_ARRAY(memory);
	struct fh_builder d = FH_BUILDER_ARRAY(memory), e = FH_BUILDER_ARRAY(memory);
	struct fh_hash root = hash_of(0x04);
	struct fh_proof proof = { .hash = { hash_of(0x05) }, .n = 1 };
	struct fh_door_opened opened = { .chain_id = hash_of(0x01), .device_id = hash_of(0x02),
					 .signed_size = 50, .signed_root = hash_of(0x03),
					 .grade = FH_GRADE_TPM_SEALED, .epoch = 6,
					 .measured = true,
					 .note = { 8, 49, hash_of(0x06), 7 },
					 .companions = hash_of(0x07) };
	static const uint8_t point[FH_P256_PUBLIC_SIZE] = { 4 };
	struct fh_door_begun begun = { true, 3, 9, FH_SPAN_LIT("cert"), 6, 2,
				      FH_SPAN_ARRAY(point), 1, 8 };
	struct fh_trace t = { .where = "a", .what = "b", .cure = "c" };

	(void)state;
	fh_door_put_checkpoint(&b, 51, &root, &proof);
	documented(&b);
	fh_door_put_opened(&c, &opened);
	documented(&c);
	fh_door_put_begun(&d, &begun);
	documented(&d);
	fh_door_put_error(&e, FH_ERR_CONFLICT, &t);
	documented(&e);
	e = FH_BUILDER_ARRAY(memory);
	fh_door_put_document(&e, FH_SPAN_LIT("{}"));
	documented(&e);
	e = FH_BUILDER_ARRAY(memory);
	fh_door_put_activation(&e, FH_SPAN_LIT("object"), FH_SPAN_LIT("seed"));
	documented(&e);
}

static void the_requests_of_the_boot_window_are_as_documented(void **state)
{
	static const uint8_t point[FH_P256_PUBLIC_SIZE] = { 4 }, pair[FH_P256_SIGNATURE_SIZE] =
		{ 5 };
	uint8_t memory[6][512];
	struct fh_builder b[6];
	struct fh_door_begin begin = { 7, hash_of(0x08), 7 };
	struct fh_door_approval approval = { 6, FH_SPAN_ARRAY(point), FH_SPAN_ARRAY(pair),
					     { .selected = 1 << 4 } };
	struct fh_quote_subject subject = { .purpose = FH_QUOTE_LIVE, .head_sequence = 7,
					    .head = hash_of(0x08), .serial = 3,
					    .nonce = FH_SPAN_LIT("n"), .origin = FH_SPAN_LIT("o") };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		b[i] = fh_builder_of(memory[i], sizeof(memory[i]));
	fh_door_put_authority(&b[0], FH_SPAN_LIT("file"));
	fh_door_put_approval(&b[1], &approval);
	fh_door_put_begin(&b[2], &begin);
	fh_door_put_noting(&b[3], 7);
	fh_door_put_quoting(&b[4], &subject);
	fh_door_put_epoch(&b[5], 7);
	for (size_t i = 0; i < 6; i++)
		documented(&b[i]);
}

/* --- strictness ------------------------------------------------------- */

static void a_checkpoint_request_is_read_whole_or_not_at_all(void **state)
{
	uint8_t memory[256] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_hash root = hash_of(0x04), seen = hash_of(0x77);
	struct fh_proof proof = { .hash = { hash_of(0x05) }, .n = 1 }, read;
	uint64_t size = 77;

	(void)state;
	fh_door_put_checkpoint(&b, 51, &root, &proof);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_door_read_checkpoint(fh_span_of(b.p, n), &size, &seen,
							     &read),
				     FH_ERR_OK);
	assert_int_not_equal(fh_door_read_checkpoint(fh_span_of(b.p, b.n + 1), &size, &seen, &read),
			     FH_ERR_OK);
	assert_int_equal(size, 77);
	assert_int_equal(seen.bytes[0], 0x77);
	assert_int_equal(fh_door_read_checkpoint(fh_builder_span(&b), &size, &seen, &read),
			 FH_ERR_OK);
	assert_int_equal(size, 51);
	assert_int_equal(read.n, 1);
	assert_true(fh_hash_equal(&seen, &root));
}

static void a_document_and_its_signature_are_read_back(void **state)
{
	static uint8_t memory[4096];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_signature s, back;
	struct fh_trace t;
	struct fh_span payload = { 0 };

	(void)state;
	fh_door_put_document(&b, FH_SPAN_LIT("{}"));
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_door_read_document(fh_span_of(b.p, n), &payload),
				     FH_ERR_OK);
	assert_int_equal(fh_door_read_document(fh_builder_span(&b), &payload), FH_ERR_OK);
	assert_true(fh_span_equal(payload, FH_SPAN_LIT("{}")));
	memset(s.bytes, 0x5a, sizeof(s.bytes));
	b = FH_BUILDER_ARRAY(memory);
	fh_door_put_signature(&b, &s);
	assert_int_equal(fh_door_read_signature(fh_span_of(b.p, b.n - 1), &back, &t),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_door_read_signature(fh_builder_span(&b), &back, &t), FH_ERR_OK);
	assert_memory_equal(s.bytes, back.bytes, sizeof(s.bytes));
}

static void an_error_answer_brings_its_trace(void **state)
{
	uint8_t memory[256];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_trace said = { .where = "a", .what = "b", .cure = "c" }, heard = { 0 };
	struct fh_door_opened o = { .signed_size = 77 };

	(void)state;
	fh_door_put_error(&b, FH_ERR_CONFLICT, &said);
	assert_int_equal(fh_door_read_opened(fh_builder_span(&b), &o, &heard), FH_ERR_CONFLICT);
	assert_string_equal(heard.what, "b");
	assert_int_equal(o.signed_size, 77);
}

static void an_error_that_does_not_exist_is_malformed(void **state)
{
	uint8_t memory[256];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_trace t = { 0 };
	struct fh_span note;

	(void)state;
	fh_door_put_error(&b, FH_ERR_COUNT, &t);
	assert_int_equal(fh_door_read_note(fh_builder_span(&b), &note, &t), FH_ERR_FORMAT);
}

static void the_requests_of_the_boot_window_are_read_whole_or_not_at_all(void **state)
{
	static const uint8_t point[FH_P256_PUBLIC_SIZE] = { 4 }, pair[FH_P256_SIGNATURE_SIZE] =
		{ 5 };
	uint8_t memory[512] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_door_approval approval = { 6, FH_SPAN_ARRAY(point), FH_SPAN_ARRAY(pair),
					     { .selected = 1 << 4 } }, read;
	struct fh_quote_subject own = { .purpose = FH_QUOTE_SESSION }, subject;

	(void)state;
	fh_door_put_approval(&b, &approval);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_door_read_approval(fh_span_of(b.p, n), &read), FH_ERR_OK);
	assert_int_not_equal(fh_door_read_approval(fh_span_of(b.p, b.n + 1), &read), FH_ERR_OK);
	assert_int_equal(fh_door_read_approval(fh_builder_span(&b), &read), FH_ERR_OK);
	assert_int_equal(read.epoch, 6);
	b.n = 0;
	/* The quote of a session's certificate is not on the door.  */
	fh_door_put_quoting(&b, &own);
	assert_int_not_equal(fh_door_read_quoting(fh_builder_span(&b), &subject), FH_ERR_OK);
}

static void a_note_is_what_the_chip_holds(void **state)
{
	uint8_t bytes[FH_CHIP_NOTE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_door_note n = { 8, 49, hash_of(0x06), 7 }, again;

	(void)state;
	fh_door_note_pack(&b, &n);
	assert_int_equal(b.n, FH_CHIP_NOTE_SIZE);
	assert_int_equal(fh_door_note_unpack(fh_builder_span(&b), &again), FH_ERR_OK);
	assert_memory_equal(&n, &again, sizeof(n));
	assert_int_not_equal(fh_door_note_unpack(fh_span_of(bytes, b.n - 1), &again), FH_ERR_OK);
}

/* --- framing ---------------------------------------------------------- */

/* Sends N BYTES over a pair and returns what reading a frame of at most 8 bytes
 * says.  */
static fh_err framed(const char *bytes, size_t n, struct fh_span *out)
{
	static uint8_t memory[64];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_pipe p;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[0], bytes, n), n);
	(void)close(pair[0]);
	assert_int_equal(fh_pipe_open(pair[1], 8, &a, &p), FH_ERR_OK);
	fh_err e = fh_pipe_wait(&p, out);

	(void)close(pair[1]);
	return e;
}

static void a_frame_is_a_length_and_that_many_bytes(void **state)
{
	struct fh_span s = { 0 };

	(void)state;
	assert_int_equal(framed("\0\0\0\2\x81\3", 6, &s), FH_ERR_OK);
	assert_int_equal(s.n, 2);
	assert_int_equal(framed("\0\0\0\2\x81", 5, &s), FH_ERR_CLOSED);
	assert_int_equal(framed("\0\0\0\0", 4, &s), FH_ERR_FORMAT);
	assert_int_equal(framed("\0\0\0\x09", 4, &s), FH_ERR_LIMIT);
	assert_int_equal(framed("\xff\xff\xff\xff", 4, &s), FH_ERR_LIMIT);
}

/* No frame that ends early, or goes on, is read.  */
#define ONLY_WHOLE(b, call)                                                                        \
	for (size_t n = 0; n < (b).n; n++) {                                                       \
		struct fh_span frame = fh_span_first(fh_builder_span(&(b)), n);                    \
		assert_int_not_equal(call, FH_ERR_OK);                                             \
	}

static void shredding_is_as_documented_and_read_strictly(void **state)
{
	uint8_t memory[6][256];
	struct fh_builder b[6];
	const struct fh_door_sealing sealing = { { FH_SPAN_LIT("s"), FH_SPAN_LIT("16s"), 5 }, 3,
						7 };
	const struct fh_data_due due = { 2, 1, UINT64_MAX, 5 };
	const struct fh_door_shredded shredded = { FH_SPAN_LIT("leaf"), FH_SPAN_LIT("payload"),
						   { .hash = { hash_of(0x05) }, .n = 1 } };
	struct fh_door_shredded again;
	struct fh_door_sealing sealing_again;
	struct fh_data_due due_again;
	struct fh_span subject;
	enum fh_door_wish wish;
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		b[i] = FH_BUILDER_ARRAY(memory[i]);
	fh_door_put_sealing(&b[0], &sealing);
	fh_door_put_wish(&b[1], FH_WISH_SHRED, FH_SPAN_LIT("s"), 9);
	fh_door_put_lo(&b[2], FH_DOOR_DUE, 1000);
	fh_door_put_due(&b[3], &due);
	fh_door_put_left(&b[4], 300);
	fh_door_put_shredded(&b[5], &shredded);
	for (size_t i = 0; i < 6; i++)
		documented(&b[i]);
	ONLY_WHOLE(b[0], fh_door_read_sealing(frame, &sealing_again));
	ONLY_WHOLE(b[1], fh_door_read_wish(frame, &wish, &subject, &number));
	ONLY_WHOLE(b[2], fh_door_read_lo(frame, &number));
	ONLY_WHOLE(b[3], fh_door_read_due(frame, &due_again, nullptr));
	ONLY_WHOLE(b[4], fh_door_read_left(frame, &number, nullptr));
	ONLY_WHOLE(b[5], fh_door_read_shredded(frame, &again));
	assert_int_equal(fh_door_read_wish(fh_builder_span(&b[1]), &wish, &subject, &number),
			 FH_ERR_OK);
	assert_int_equal(wish, FH_WISH_SHRED);
	assert_int_equal(number, 9);
	b[1].p[3] = FH_WISH_CARRIED + 1;
	assert_int_equal(fh_door_read_wish(fh_builder_span(&b[1]), &wish, &subject, &number),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_door_read_due(fh_builder_span(&b[3]), &due_again, nullptr), FH_ERR_OK);
	assert_true(due_again.due == 2 && due_again.held == 1 && due_again.next_ms == UINT64_MAX
		    && due_again.room == 5);
	assert_int_equal(fh_door_read_shredded(fh_builder_span(&b[5]), &again), FH_ERR_OK);
	assert_int_equal(again.proof.n, 1);
}

static void what_opens_a_record_without_its_chip_is_read_whole_or_not_at_all(void **state)
{
	uint8_t memory[2][512], keys[128], slots[128];
	struct fh_builder b[2] = { FH_BUILDER_ARRAY(memory[0]), FH_BUILDER_ARRAY(memory[1]) };
	struct fh_builder k = FH_BUILDER_ARRAY(keys), s = FH_BUILDER_ARRAY(slots);
	static const uint8_t name[FH_SEAL_NAME_SIZE] = { 1 };
	const struct fh_shred_key key = { FH_SPAN_ARRAY(name), FH_SPAN_LIT("16s"), 5, 0 };
	const struct fh_hash slot = hash_of(0x07);
	const struct fh_door_recovery r = { true, 3, true, hash_of(0x07), false };
	struct fh_door_recovery r_again;
	struct fh_door_doomed d_again;

	(void)state;
	fh_shred_begin(&k, 1);
	fh_shred_put_key(&k, &key);
	fh_shred_slots_begin(&s, 1);
	fh_shred_put_slot(&s, &slot);
	const struct fh_door_doomed d = { 4, fh_builder_span(&k), fh_builder_span(&s) };

	fh_door_put_doomed(&b[0], &d);
	fh_door_put_recovery(&b[1], &r);
	for (size_t i = 0; i < 2; i++)
		documented(&b[i]);
	ONLY_WHOLE(b[0], fh_door_read_doomed(frame, &d_again, nullptr));
	ONLY_WHOLE(b[1], fh_door_read_recovery(frame, &r_again, nullptr));
	assert_int_equal(fh_door_read_doomed(fh_builder_span(&b[0]), &d_again, nullptr), FH_ERR_OK);
	assert_true(d_again.epoch == 4 && fh_span_equal(d_again.slots, d.slots)
		    && fh_span_equal(d_again.keys, d.keys));
	assert_int_equal(fh_door_read_recovery(fh_builder_span(&b[1]), &r_again, nullptr),
			 FH_ERR_OK);
	assert_true(r_again.renewed && r_again.epoch == 3 && r_again.held && !r_again.useless
		    && fh_hash_equal(&r_again.key, &r.key));
}

static void cosigning_is_as_documented_and_read_strictly(void **state)
{
	uint8_t memory[3][512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory[0]), c = FH_BUILDER_ARRAY(memory[1]);
	struct fh_builder d = FH_BUILDER_ARRAY(memory[2]);
	struct fh_cosign_request r = { 1767225600, FH_SPAN_LIT("log"), 5, 6, hash_of(0x04),
				       { .hash = { hash_of(0x05) }, .n = 1 } }, read;
	struct fh_cosign_answer a = { FH_COSIGN_OTHER_SIZE, 7, { 0 } }, got;
	struct fh_trace t;
	uint64_t time;

	(void)state;
	fh_door_put_lines_of(&b, 1767225600);
	documented(&b);
	fh_door_put_cosigning(&c, &r);
	documented(&c);
	fh_door_put_cosigned(&d, &a);
	documented(&d);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_door_read_lines_of(fh_span_of(b.p, n), &time), FH_ERR_OK);
	for (size_t n = 0; n < c.n; n++)
		assert_int_not_equal(fh_door_read_cosigning(fh_span_of(c.p, n), &read), FH_ERR_OK);
	for (size_t n = 0; n < d.n; n++)
		assert_int_not_equal(fh_door_read_cosigned(fh_span_of(d.p, n), &got, &t),
				     FH_ERR_OK);
	assert_int_equal(fh_door_read_cosigning(fh_builder_span(&c), &read), FH_ERR_OK);
	assert_int_equal(read.size, 6);
	assert_int_equal(fh_door_read_cosigned(fh_builder_span(&d), &got, &t), FH_ERR_OK);
	assert_int_equal(got.last, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ask_and_its_reply_are_as_documented),
		cmocka_unit_test(orders_to_reach_are_as_documented),
		cmocka_unit_test(shredding_is_as_documented_and_read_strictly),
		cmocka_unit_test(what_opens_a_record_without_its_chip_is_read_whole_or_not_at_all),
		cmocka_unit_test(cosigning_is_as_documented_and_read_strictly),
		cmocka_unit_test(permits_and_outcomes_are_as_documented),
		cmocka_unit_test(a_new_gate_is_announced_as_documented),
		cmocka_unit_test(the_door_is_as_documented),
		cmocka_unit_test(the_requests_of_the_boot_window_are_as_documented),
		cmocka_unit_test(the_requests_of_the_boot_window_are_read_whole_or_not_at_all),
		cmocka_unit_test(a_note_is_what_the_chip_holds),
		cmocka_unit_test(a_checkpoint_request_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_document_and_its_signature_are_read_back),
		cmocka_unit_test(an_error_answer_brings_its_trace),
		cmocka_unit_test(an_error_that_does_not_exist_is_malformed),
		cmocka_unit_test(a_frame_is_a_length_and_that_many_bytes),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
