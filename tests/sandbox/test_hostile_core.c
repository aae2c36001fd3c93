/* SPDX-License-Identifier: Apache-2.0 */
/* This program in core's place, against a real keeper on real key files: two
 * trees of one size are never signed, however often the keeper is killed.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/note.h"
#include "evidence/document.h"
#include "os/memory.h"
#include "role/door.h"
#include "role/door_cosign.h"
#include "sandbox/part.h"

constexpr size_t leaves_max = 512;
constexpr int answer_ms = 10000;
constexpr int rounds = 60;
constexpr uint64_t seed = 20;

/* Leaves of one history.  Histories agree up to their fork.  */
struct history {
	struct fh_hash leaf[leaves_max];
};

struct stage {
	struct fh_house house;
	struct fh_arena arena;
	struct fh_pipe pipe;
	pid_t keeper;
	int fd;
	struct history honest, forged;
	uint64_t signed_size;
	uint8_t session_key[FH_MLDSA65_PUBLIC_SIZE];
	/* Every note that ever came out.  */
	bool noted[leaves_max];
	struct fh_hash root[leaves_max];
	size_t notes, second_trees;
	uint64_t dice;
};

static struct stage stage;

/* Below N, the same in every run.  */
static uint64_t throw(uint64_t n)
{
	stage.dice = stage.dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (stage.dice >> 33) % n;
}

/* --- histories ---------------------------------------------------------- */

static void write_history(struct history *h, size_t fork, uint8_t mark)
{
	for (size_t i = 0; i < leaves_max; i++) {
		uint8_t bytes[] = { i < fork ? 0 : mark, (uint8_t)i, (uint8_t)(i >> 8) };

		h->leaf[i] = fh_leaf_hash(FH_SPAN_ARRAY(bytes));
	}
}

static struct fh_hash root_of(const struct history *h, size_t size)
{
	struct fh_tree t = { 0 };

	for (size_t i = 0; i < size; i++)
		fh_tree_add(&t, &h->leaf[i]);
	return fh_tree_root(&t);
}

static fh_err read_subtree(void *context, int level, uint64_t index, struct fh_hash *out)
{
	const struct history *h = context;
	struct fh_tree t = { 0 };
	uint64_t n = UINT64_C(1) << level;

	for (uint64_t i = 0; i < n; i++)
		fh_tree_add(&t, &h->leaf[index * n + i]);
	*out = fh_tree_root(&t);
	return FH_ERR_OK;
}

static struct fh_proof proof_of(const struct history *h, uint64_t from, uint64_t to)
{
	struct fh_subtree_source source = { read_subtree, (void *)h };
	struct fh_proof p = { 0 };

	if (from < to)
		assert_int_equal(fh_consistency_build(&source, 0, from, to, &p), FH_ERR_OK);
	return p;
}

/* --- the door ------------------------------------------------------------- */

static bool send_frame(struct fh_span body)
{
	return fh_frame_send(stage.fd, body, /* pass= */ -1) == FH_ERR_OK;
}

static void send_checkpoint(const struct history *h, uint64_t size, const struct fh_proof *p)
{
	uint8_t bytes[FH_DOOR_REQUEST_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash root = root_of(h, size);

	fh_door_put_checkpoint(&b, size, &root, p);
	assert_false(b.bad);
	(void)send_frame(fh_builder_span(&b));
}

/* Files the note in FRAME and tells whether there is one.  */
static bool file_note(struct fh_span frame)
{
	struct fh_checkpoint c;
	struct fh_note note;
	struct fh_span text;
	struct fh_trace t;

	if (fh_door_read_note(frame, &text, &t) != FH_ERR_OK)
		return false;
	assert_int_equal(fh_note_parse(text, &note), FH_ERR_OK);
	assert_int_equal(fh_checkpoint_parse(note.text, &c), FH_ERR_OK);
	assert_true(c.size < leaves_max);
	stage.notes++;
	if (stage.noted[c.size] && !fh_hash_equal(&stage.root[c.size], &c.root))
		stage.second_trees++;
	stage.noted[c.size] = true;
	stage.root[c.size] = c.root;
	if (c.size > stage.signed_size)
		stage.signed_size = c.size;
	return true;
}

/* Asks for a signature; true if it comes.  */
static bool sign(const struct history *h, uint64_t size, const struct fh_proof *p)
{
	struct fh_span frame;

	send_checkpoint(h, size, p);
	return fh_part_hear(&stage.pipe, answer_ms, &frame) && file_note(frame);
}

static bool sign_from(const struct history *h, uint64_t from, uint64_t size)
{
	struct fh_proof p = proof_of(h, from, size);

	return sign(h, size, &p);
}

static bool sign_again(const struct history *h)
{
	return sign_from(h, stage.signed_size, stage.signed_size);
}

static bool request(enum fh_door_request r, struct fh_span *frame)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_door_put_request(&b, r);
	return send_frame(fh_builder_span(&b)) && fh_part_hear(&stage.pipe, answer_ms, frame);
}

static bool begin(struct fh_span *frame)
{
	uint8_t bytes[FH_DOOR_BEGIN_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	const struct fh_door_begin asked = { 0 };

	fh_door_put_begin(&b, &asked);
	return send_frame(fh_builder_span(&b)) && fh_part_hear(&stage.pipe, answer_ms, frame);
}

static void start(void)
{
	fh_arena_reset(&stage.arena);
	stage.keeper = fh_part_keeper(&stage.house, &stage.fd);
	assert_int_equal(fh_pipe_open(stage.fd, FH_DOOR_ANSWER_MAX, &stage.arena, &stage.pipe),
			 FH_ERR_OK);
}

static void stop(void)
{
	fh_part_end(stage.keeper);
	(void)close(stage.fd);
}

/* Starts the keeper and brings it to where it signs.  */
static void go_live(void)
{
	struct fh_door_opened opened;
	struct fh_door_begun begun;
	struct fh_span frame;
	struct fh_trace t;

	start();
	assert_true(request(FH_DOOR_OPEN, &frame));
	assert_int_equal(fh_door_read_opened(frame, &opened, &t), FH_ERR_OK);
	stage.signed_size = opened.signed_size;
	assert_true(begin(&frame));
	assert_int_equal(fh_door_read_begun(frame, &begun, &t), FH_ERR_OK);
	struct fh_certificate certificate;

	assert_int_equal(fh_certificate_read(begun.certificate, &certificate), FH_ERR_OK);
	memcpy(stage.session_key, certificate.session_key.p, sizeof(stage.session_key));
}

static int live(void **state)
{
	(void)state;
	go_live();
	return 0;
}

static int end(void **state)
{
	(void)state;
	stop();
	return 0;
}

/* --- what it signs ---------------------------------------------------------- */

static void signs_what_extends_and_the_same_again(void **state)
{
	(void)state;
	assert_int_equal(stage.signed_size, 0);
	assert_true(sign_from(&stage.honest, 0, 3));
	assert_true(sign_from(&stage.honest, 3, 3));
	assert_true(sign_from(&stage.honest, 3, 20));
	assert_true(sign_from(&stage.honest, 20, 20));
}

static void refuses_another_tree_of_the_same_size(void **state)
{
	(void)state;
	assert_int_equal(stage.signed_size, 20);
	assert_false(sign_from(&stage.forged, 20, 20));
	assert_false(sign_from(&stage.forged, 0, 20));
	assert_true(sign_from(&stage.honest, 20, 20));
}

static void refuses_smaller_trees(void **state)
{
	struct fh_proof none = { 0 };

	(void)state;
	for (uint64_t size = 0; size < 20; size++) {
		assert_false(sign(&stage.honest, size, &none));
		assert_false(sign(&stage.forged, size, &none));
	}
}

static void refuses_a_fork_whatever_its_proof(void **state)
{
	struct fh_proof p = { 0 };

	(void)state;
	assert_false(sign(&stage.forged, 24, &p));
	for (uint64_t from = 1; from < 24; from++)
		assert_false(sign_from(&stage.forged, from, 24));
	p = proof_of(&stage.honest, 20, 24);
	assert_false(sign(&stage.forged, 24, &p));
	/* The honest proof with one bit of each hash wrong, cut, and with one more.  */
	for (size_t i = 0; i < p.n; i++) {
		p.hash[i].bytes[31] ^= 1;
		assert_false(sign(&stage.honest, 24, &p));
		p.hash[i].bytes[31] ^= 1;
	}
	p.n--;
	assert_false(sign(&stage.honest, 24, &p));
	p.n += 2;
	assert_false(sign(&stage.honest, 24, &p));
	p.n--;
	assert_true(sign(&stage.honest, 24, &p));
}

static void refuses_sizes_that_no_record_has(void **state)
{
	static const uint64_t size[] = { UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63, 1 << 20 };
	uint8_t bytes[FH_DOOR_REQUEST_MAX];
	struct fh_hash root = root_of(&stage.forged, 24);
	struct fh_proof p = proof_of(&stage.honest, 20, 24);
	struct fh_span frame;

	(void)state;
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(bytes);

		fh_door_put_checkpoint(&b, size[i], &root, &p);
		assert_true(send_frame(fh_builder_span(&b)));
		assert_true(fh_part_hear(&stage.pipe, answer_ms, &frame));
		assert_false(file_note(frame));
	}
}

/* Whatever core calls a document is signed as one, so that it is nothing else.  */
static void signs_a_document_only_as_a_document(void **state)
{
	static uint8_t bytes[512], message[1024];
	struct fh_span forged = FH_SPAN_LIT("freehold/checkpoint/v1\nfreehold/00\n999\nAAAA\n");
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), m = FH_BUILDER_ARRAY(message);
	struct fh_signature s;
	struct fh_span frame;
	struct fh_trace t;

	(void)state;
	fh_door_put_document(&b, forged);
	assert_true(send_frame(fh_builder_span(&b)));
	assert_true(fh_part_hear(&stage.pipe, answer_ms, &frame));
	assert_int_equal(fh_door_read_signature(frame, &s, &t), FH_ERR_OK);
	assert_int_equal(fh_signature_check(FH_SPAN_ARRAY(stage.session_key), forged,
					    FH_SPAN_ARRAY(s.bytes)), FH_ERR_SIGNATURE);
	fh_document_put_signed(&m, forged);
	assert_int_equal(fh_signature_check(FH_SPAN_ARRAY(stage.session_key),
					    fh_builder_span(&m), FH_SPAN_ARRAY(s.bytes)),
			 FH_ERR_OK);
}

/* --- the door's stages -------------------------------------------------------- */

/* The keeper ends at BODY and says nothing.  */
static void ends_at(struct fh_span body)
{
	struct fh_span frame;
	int status;

	(void)send_frame(body);
	assert_false(fh_part_hear(&stage.pipe, answer_ms, &frame));
	assert_int_equal(waitpid(stage.keeper, &status, 0), stage.keeper);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	(void)close(stage.fd);
}

static void ends_at_request(enum fh_door_request r)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_door_put_request(&b, r);
	ends_at(fh_builder_span(&b));
}

static void ends_at_checkpoint(void)
{
	uint8_t bytes[FH_DOOR_REQUEST_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash root = root_of(&stage.honest, 25);
	struct fh_proof p = proof_of(&stage.honest, 24, 25);

	fh_door_put_checkpoint(&b, 25, &root, &p);
	ends_at(fh_builder_span(&b));
}

static void answers_each_request_only_in_its_stage(void **state)
{
	static const enum fh_door_request early[] = { FH_DOOR_BEGIN, FH_DOOR_DOCUMENT,
						      FH_DOOR_ACTIVATE, FH_DOOR_RECEIPT,
						      FH_DOOR_LINES, FH_DOOR_COSIGN,
						      FH_DOOR_COSIGNERS, FH_DOOR_LOOK };
	static const enum fh_door_request late[] = { FH_DOOR_OPEN, FH_DOOR_BEGIN };
	struct fh_span frame;

	(void)state;
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		start();
		ends_at_request(early[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		go_live();
		ends_at_request(late[i]);
	}
	start();
	ends_at_checkpoint();
	start();
	assert_true(request(FH_DOOR_OPEN, &frame));
	ends_at_checkpoint();
	start();
	assert_true(request(FH_DOOR_OPEN, &frame));
	ends_at_request(FH_DOOR_OPEN);
}

static void ends_at_frames_that_no_core_sends(void **state)
{
	static const char *const frame[] = { "\x81\x05", "\x81\x00", "\x00", "\x80", "\xa1\x01\x03",
					     "\x83\x03", "\x81\x18\x20", "\xff", "\x81\x20" };
	uint8_t large[64] = { 0x82, FH_DOOR_OPEN, 0x58, 60 };

	(void)state;
	for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++) {
		start();
		ends_at(fh_span_of(frame[i], frame[i][0] == 0 ? 1 : strlen(frame[i])));
	}
	start();
	ends_at(FH_SPAN_ARRAY(large)); /* too large for what it asks */
}

static void ends_at_frames_that_are_too_large(void **state)
{
	static const uint8_t head[][4] = { { 0xff, 0xff, 0xff, 0xff },
					   { 0, 0, 0, 0 },
					   { 0, 0x20, 0, 0x11 } };
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
		start();
		assert_true(fh_part_send(stage.fd, head[i], 4));
		assert_int_equal(waitpid(stage.keeper, &status, 0), stage.keeper);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
		(void)close(stage.fd);
	}
}

static void signs_nothing_after_it_was_closed(void **state)
{
	struct fh_span frame;
	int status;

	(void)state;
	go_live();
	assert_true(request(FH_DOOR_CLOSE, &frame));
	send_checkpoint(&stage.honest, 24, &(struct fh_proof){ 0 });
	assert_false(fh_part_hear(&stage.pipe, answer_ms, &frame));
	assert_int_equal(waitpid(stage.keeper, &status, 0), stage.keeper);
	(void)close(stage.fd);
}

/* --- restarts ----------------------------------------------------------------- */

static void a_restart_forgets_nothing(void **state)
{
	(void)state;
	go_live();
	assert_int_equal(stage.signed_size, 24);
	assert_false(sign_from(&stage.forged, 24, 24));
	assert_false(sign_from(&stage.forged, 24, 30));
	assert_true(sign_from(&stage.honest, 24, 24));
	stop();
}

/* Sends a request for each of both histories and kills the keeper somewhere in
 * between; what it still said is read afterwards.  */
static void killed_while_signing(void)
{
	uint64_t from = stage.signed_size, to = from + 1 + throw(4);
	const struct history *both[] = { &stage.honest, &stage.forged };
	size_t first = (size_t)throw(2);
	struct fh_span frame;

	for (size_t i = 0; i < 2; i++) {
		const struct history *h = both[(first + i) % 2];
		struct fh_proof p = proof_of(h, from, to);

		send_checkpoint(h, to, &p);
	}
	(void)usleep((useconds_t)throw(6000));
	fh_part_end(stage.keeper);
	while (fh_part_hear(&stage.pipe, 0, &frame))
		(void)file_note(frame);
	(void)close(stage.fd);
}

/* The two histories part at the size that was signed last, so that both extend
 * it and only what the keeper remembers tells them apart.  */
static void no_size_has_two_trees_however_it_is_killed(void **state)
{
	size_t signed_by_turns = 0;

	(void)state;
	stage.dice = seed;
	for (int i = 0; i < rounds && stage.signed_size + 8 < leaves_max; i++) {
		uint64_t before = stage.signed_size;

		go_live();
		assert_true(stage.signed_size >= before);
		/* A tree was signed that we were not told of: it is one of the two.  */
		if (!stage.noted[stage.signed_size]
		    && !sign_again(&stage.honest))
			assert_true(sign_again(&stage.forged));
		struct fh_hash root = root_of(&stage.forged, stage.signed_size);

		if (fh_hash_equal(&root, &stage.root[stage.signed_size]))
			stage.honest = stage.forged;
		write_history(&stage.forged, 0, 0);
		stage.forged = stage.honest;
		for (size_t k = stage.signed_size; k < leaves_max; k++)
			stage.forged.leaf[k].bytes[0] ^= 0x80;
		before = stage.notes;
		killed_while_signing();
		signed_by_turns += stage.notes > before;
		assert_int_equal(stage.second_trees, 0);
	}
	assert_true(signed_by_turns > 0);
	print_message("# %zu notes; %zu kills were late\n", stage.notes, signed_by_turns);
}

/* --- lines for others, and others' checkpoints -------------------------------- */

static void signs_lines_on_what_was_signed_last_only(void **state)
{
	uint8_t bytes[32], text_bytes[FH_CHECKPOINT_TEXT_MAX], room[FH_NOTE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), text = FH_BUILDER_ARRAY(text_bytes);
	struct fh_builder n = FH_BUILDER_ARRAY(room);
	struct fh_span frame, vkeys, lines;
	static struct fh_arena kept;
	struct fh_note_key key;
	struct fh_note note;
	struct fh_trace t;

	(void)state;
	go_live();
	assert_int_equal(fh_arena_map(FH_NOTE_MAX, &kept), FH_ERR_OK);
	assert_true(request(FH_DOOR_COSIGNERS, &frame));
	assert_int_equal(fh_door_read_text(frame, &vkeys, &t), FH_ERR_OK);
	assert_int_equal(fh_arena_copy(&kept, vkeys, &vkeys), FH_ERR_OK);
	fh_door_put_lines_of(&b, 1767225600);
	assert_true(send_frame(fh_builder_span(&b)));
	assert_true(fh_part_hear(&stage.pipe, answer_ms, &frame));
	assert_int_equal(fh_door_read_text(frame, &lines, &t), FH_ERR_OK);

	struct fh_cursor c = fh_cursor_of(vkeys);

	for (int i = 0; i < FH_COSIGN_KEYS; i++) {
		assert_int_equal(fh_note_key_read(fh_cursor_until(&c, '\n'), &key), FH_ERR_OK);
		if (i == 0) {
			struct fh_checkpoint last = { key.name, stage.signed_size,
						      root_of(&stage.honest, stage.signed_size) };

			fh_checkpoint_put_text(&text, &last);
			fh_builder_bytes(&n, fh_builder_span(&text));
			fh_builder_text(&n, "\n");
			fh_builder_bytes(&n, lines);
			assert_int_equal(fh_note_parse(fh_builder_span(&n), &note), FH_ERR_OK);
		}
		assert_int_equal(fh_cosignature_check(&key, &note, /* time= */ nullptr),
				 i < 2 ? FH_ERR_OK : FH_ERR_MISSING);
	}
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	fh_arena_drop(&kept);
	stop();
}

static void ask_cosignature(const struct history *h, uint64_t old, uint64_t size)
{
	uint8_t bytes[FH_DOOR_COSIGN_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_cosign_request r = { .origin = FH_SPAN_LIT("log.example/1"), .old = old,
				       .size = size, .root = root_of(h, size) };

	if (old <= size)
		r.proof = proof_of(h, old, size);
	fh_door_put_cosigning(&b, &r);
	assert_false(b.bad);
	(void)send_frame(fh_builder_span(&b));
}

static bool hear_cosignature(int ms, struct fh_cosign_answer *a)
{
	struct fh_span frame;
	struct fh_trace t;

	return fh_part_hear(&stage.pipe, ms, &frame)
	       && fh_door_read_cosigned(frame, a, &t) == FH_ERR_OK;
}

static enum fh_cosign_status cosign(const struct history *h, uint64_t old, uint64_t size,
				    uint64_t *last)
{
	struct fh_cosign_answer a;

	ask_cosignature(h, old, size);
	assert_true(hear_cosignature(answer_ms, &a));
	assert_int_equal(a.lines.n > 0, a.status == FH_COSIGNED);
	*last = a.last;
	return a.status;
}

static void cosigns_what_extends_and_the_same_again(void **state)
{
	uint64_t last;

	(void)state;
	go_live();
	write_history(&stage.honest, leaves_max, 0);
	write_history(&stage.forged, 7, 1);
	assert_int_equal(cosign(&stage.honest, 0, 5, &last), FH_COSIGNED);
	assert_int_equal(cosign(&stage.honest, 5, 5, &last), FH_COSIGNED);
	assert_int_equal(cosign(&stage.honest, 0, 9, &last), FH_COSIGN_OTHER_SIZE);
	assert_int_equal(last, 5);
	assert_int_equal(cosign(&stage.honest, 5, 9, &last), FH_COSIGNED);
	assert_int_equal(cosign(&stage.forged, 9, 9, &last), FH_COSIGN_OTHER_ROOT);
	assert_int_equal(cosign(&stage.forged, 9, 12, &last), FH_COSIGN_NO_PROOF);
	assert_int_equal(cosign(&stage.honest, 9, 4, &last), FH_COSIGN_NO_PROOF);
	assert_int_equal(last, 9);
	stop();
	go_live(); /* it remembers */
	assert_int_equal(cosign(&stage.honest, 0, 9, &last), FH_COSIGN_OTHER_SIZE);
	assert_int_equal(last, 9);
	assert_int_equal(cosign(&stage.forged, 9, 9, &last), FH_COSIGN_OTHER_ROOT);
	stop();
}

/* Both histories extend what was cosigned last, and the keeper is killed somewhere
 * between the two requests.  */
static void no_log_gets_two_trees_however_it_is_killed(void **state)
{
	static struct fh_hash root[leaves_max];
	static bool seen[leaves_max];
	struct fh_cosign_answer a;
	size_t cosigned = 0;
	uint64_t last = 0;

	(void)state;
	stage.dice = seed;
	for (int i = 0; i < rounds; i++) {
		const struct history *both[] = { &stage.honest, &stage.forged };
		size_t first = (size_t)throw(2);

		go_live();
		assert_int_not_equal(cosign(&stage.honest, leaves_max, 1, &last), FH_COSIGNED);
		/* Which of the two it was, its root tells.  */
		if (last > 0 && cosign(&stage.honest, last, last, &last) != FH_COSIGNED) {
			assert_int_equal(cosign(&stage.forged, last, last, &last), FH_COSIGNED);
			stage.honest = stage.forged;
		}
		struct fh_hash now = root_of(&stage.honest, last);

		assert_true(!seen[last] || fh_hash_equal(&now, &root[last]));
		stage.forged = stage.honest;
		for (size_t k = last; k < leaves_max; k++)
			stage.forged.leaf[k].bytes[0] ^= 0x80;
		uint64_t size = last + 1 + throw(4);

		for (size_t k = 0; k < 2; k++)
			ask_cosignature(both[(first + k) % 2], last, size);
		(void)usleep((useconds_t)throw(30000));
		fh_part_end(stage.keeper);
		for (size_t k = 0; k < 2 && hear_cosignature(0, &a); k++) {
			if (a.status != FH_COSIGNED)
				continue;
			assert_false(seen[size]);
			seen[size] = true;
			root[size] = root_of(both[(first + k) % 2], size);
			cosigned++;
		}
		(void)close(stage.fd);
	}
	assert_true(cosigned > 0);
	print_message("# %zu cosignatures\n", cosigned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(signs_what_extends_and_the_same_again, live, end),
		cmocka_unit_test_setup_teardown(refuses_another_tree_of_the_same_size, live, end),
		cmocka_unit_test_setup_teardown(refuses_smaller_trees, live, end),
		cmocka_unit_test_setup_teardown(refuses_a_fork_whatever_its_proof, live, end),
		cmocka_unit_test_setup_teardown(refuses_sizes_that_no_record_has, live, end),
		cmocka_unit_test_setup_teardown(signs_a_document_only_as_a_document, live, end),
		cmocka_unit_test(answers_each_request_only_in_its_stage),
		cmocka_unit_test(ends_at_frames_that_no_core_sends),
		cmocka_unit_test(ends_at_frames_that_are_too_large),
		cmocka_unit_test(signs_nothing_after_it_was_closed),
		cmocka_unit_test(a_restart_forgets_nothing),
		cmocka_unit_test(signs_lines_on_what_was_signed_last_only),
		cmocka_unit_test(no_size_has_two_trees_however_it_is_killed),
		cmocka_unit_test(cosigns_what_extends_and_the_same_again),
		cmocka_unit_test(no_log_gets_two_trees_however_it_is_killed),
	};

	fh_house_make(&stage.house);
	write_history(&stage.honest, leaves_max, 1);
	write_history(&stage.forged, 2, 1);
	if (fh_arena_map(1 << 20, &stage.arena) != FH_ERR_OK)
		return 99;
	int failed = cmocka_run_group_tests(tests, nullptr, nullptr);

	fh_house_drop(&stage.house);
	return failed;
}
