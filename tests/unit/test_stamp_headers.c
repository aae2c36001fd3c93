/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "os/memory.h"
#include "stamp/headers_private.h"

/* The first blocks of the main network.  */
#define ZERO32 "0000000000000000000000000000000000000000000000000000000000000000"
#define GENESIS "01000000" ZERO32                                                             \
	"3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"                    \
	"29ab5f49ffff001d1dac2b7c"
#define BLOCK1 "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000"     \
	"982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e"                    \
	"61bc6649ffff001d01e36299"

static struct fh_arena arena;

static int begin(void **state)
{
	(void)state;
	return fh_arena_map(64 << 20, &arena) == FH_ERR_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	fh_arena_drop(&arena);
	return 0;
}

static struct fh_span bytes_of(const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = fh_arena_take(&arena, n + 1);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fh_hex_read(fh_span_of(hex + 2 * i, 2), p + i, 1), FH_ERR_OK);
	return fh_span_of(p, n);
}

static fh_err read_file(struct fh_span file, enum fh_network network, struct fh_headers *out)
{
	struct fh_trace t = { 0 };

	return fh_headers_read(file, network, &arena, out, &t);
}

static fh_err read_text(const char *text, enum fh_network network, struct fh_headers *out)
{
	return read_file(fh_span_str(text), network, out);
}

/* --- a chain for tests --- */

static void put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* A block of regtest behind the one whose hash is PREVIOUS.  */
static void mine(const struct fh_hash *previous, uint8_t root, uint32_t time,
		 uint8_t out[FH_HEADER_SIZE])
{
	uint32_t nonce = 0;

	memset(out, 0, FH_HEADER_SIZE);
	put_le32(out, 0x20000000);
	memcpy(out + 4, previous->bytes, FH_HASH_SIZE);
	out[36] = root;
	put_le32(out + 68, time);
	put_le32(out + 72, 0x207fffff);
	for (;;) {
		put_le32(out + 76, nonce++);

		struct fh_header h = fh_header_of(out);

		if (fh_header_works(&h, FH_NETWORK_REGTEST))
			return;
	}
}

#define REGTEST_GENESIS "01000000" ZERO32                                                     \
	"3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"                    \
	"dae5494dffff7f2002000000"
constexpr uint32_t regtest_time = 1296688602;

/* N headers from the genesis block on; ROOT tells branches apart.  */
static uint8_t *make_chain(size_t n, uint8_t root)
{
	uint8_t *p = fh_arena_take(&arena, n * FH_HEADER_SIZE);

	assert_non_null(p);
	memcpy(p, bytes_of(REGTEST_GENESIS).p, FH_HEADER_SIZE);
	for (size_t i = 1; i < n; i++) {
		struct fh_header before = fh_header_of(p + (i - 1) * FH_HEADER_SIZE);

		mine(&before.hash, root, regtest_time + 600 * (uint32_t)i, p + i * FH_HEADER_SIZE);
	}
	return p;
}

static void add_chain(struct fh_headers *h, const uint8_t *p, size_t first, size_t n)
{
	for (size_t i = first; i < n; i++)
		assert_int_equal(fh_headers_add(h, i, p + i * FH_HEADER_SIZE, nullptr), FH_ERR_OK);
}

static void begin_regtest(struct fh_headers *h)
{
	assert_int_equal(fh_headers_begin(FH_NETWORK_REGTEST, 1000, &arena, h), FH_ERR_OK);
}

/* --- numbers --- */

static void targets_read_and_write(void **state)
{
	static const uint32_t canonical[] = { 0x1d00ffff, 0x207fffff, 0x181686f5, 0x1b0404cb,
					      0x03123456, 0x02008000, 0x01010000 };
	static const uint32_t refused[] = { 0, 0x01003456, 0x1d80ffff, 0x23000001, 0xff123456,
					    0x22000100, 0x21010000, 0x04923456 };
	struct fh_number n;

	(void)state;
	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		assert_true(fh_number_of_bits(canonical[i], &n));
		assert_int_equal(fh_number_bits(&n), canonical[i]);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (fh_number_of_bits(refused[i], &n))
			fail_msg("%08x was accepted", refused[i]);
	}
	assert_true(fh_number_of_bits(0x220000ff, &n)); /* the highest byte there is */
	assert_int_equal(n.word[7], 0xff000000);
}

static void work_is_what_bitcoin_counts(void **state)
{
	struct fh_number n, w;

	(void)state;
	assert_true(fh_number_of_bits(0x1d00ffff, &n));
	w = fh_number_work(&n);
	assert_int_equal(w.word[0], 0x00010001);
	assert_int_equal(w.word[1], 1);
	assert_int_equal(fh_number_log2(&w), 32);
	assert_true(fh_number_of_bits(0x207fffff, &n));
	w = fh_number_work(&n);
	assert_int_equal(w.word[0], 2);
	assert_true(fh_number_of_bits(0x03000001, &n));
	w = fh_number_work(&n);
	assert_int_equal(w.word[7], 0x80000000);
	assert_int_equal(w.word[6], 0);
}

/* What the main network did at these heights, and the two ends of the clamp.  */
static void difficulty_changes_as_on_the_main_network(void **state)
{
	static const struct {
		uint32_t bits, first, last, next;
	} rows[] = {
		{ 0x1d00ffff, 1261130161, 1262152739, 0x1d00d86a },
		{ 0x1d00ffff, 1231006505, 1233061996, 0x1d00ffff },
		{ 0x1c05a3f4, 1279008237, 1279297671, 0x1c0168fd },
		{ 0x1c387f6f, 1263163443, 1269211443, 0x1d00e1fd },
		{ 0x1c387f6f, 1269211443, 1263163443, 0x1c0e1fdb },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(fh_header_retarget(FH_NETWORK_MAIN, rows[i].bits, rows[i].first,
						    rows[i].last), rows[i].next);
}

/* --- sets --- */

static void the_first_blocks_are_known(void **state)
{
	struct fh_headers h;
	struct fh_header_place p;

	(void)state;
	assert_int_equal(read_file(bytes_of(GENESIS BLOCK1), FH_NETWORK_MAIN, &h), FH_ERR_OK);
	assert_true(fh_headers_find(&h, 1, &p));
	/* Two blocks are cheap to make; the next that is known is far away.  */
	assert_int_equal(p.trust, FH_HEADER_SHORT);
	assert_int_equal(p.header.time, 1231469665);
	assert_int_equal(p.following, 0);
	assert_true(fh_headers_find(&h, 0, &p));
	assert_int_equal(p.trust, FH_HEADER_GENESIS);
	assert_int_equal(p.following, 1);
	assert_int_equal(fh_number_log2(&p.work), 33);
	assert_false(fh_headers_find(&h, 2, &p));
	assert_false(fh_headers_find(&h, FH_HEADER_HEIGHT_NONE, &p));
}

static void networks_do_not_mix(void **state)
{
	struct fh_headers h;
	uint8_t *chain = make_chain(2, 0);
	struct fh_span regtest = fh_span_of(chain, 2 * FH_HEADER_SIZE);

	(void)state;
	assert_int_equal(read_file(regtest, FH_NETWORK_REGTEST, &h), FH_ERR_OK);
	assert_int_equal(read_file(regtest, FH_NETWORK_MAIN, &h), FH_ERR_FORMAT);
	assert_int_equal(read_file(regtest, FH_NETWORK_TESTNET, &h), FH_ERR_FORMAT);
	assert_int_equal(read_file(bytes_of(GENESIS BLOCK1), FH_NETWORK_REGTEST, &h),
			 FH_ERR_FORMAT);
	/* Testnet began with another block, and nothing of its hangs from this one.  */
	assert_int_equal(read_text("0 " GENESIS, FH_NETWORK_TESTNET, &h), FH_ERR_CONFLICT);
}

static void all_forms_of_files_say_the_same(void **state)
{
	static const char *const good[] = {
		"0 " GENESIS "\n1 " BLOCK1 "\n",
		"0 " GENESIS "\n1 " BLOCK1,
		"# headers\r\n\r\n  0\t" GENESIS " \r\n 1  " BLOCK1 "\r\n",
		"0 " GENESIS "\n1 " BLOCK1 "\n1 " BLOCK1 "\n0 " GENESIS "\n",
	};
	static const char *const bad[] = {
		"", "\n", "# nothing\n", "0 " GENESIS " x", "0 " GENESIS "00", "00 " GENESIS,
		"-1 " GENESIS, "0x0 " GENESIS, "4194305 " GENESIS, "0 1 " GENESIS,
		"0 " GENESIS BLOCK1, "0 " GENESIS "\n2 " BLOCK1 "\nx", "0:" GENESIS,
	};
	struct fh_headers h;
	struct fh_header_place p;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(read_text(good[i], FH_NETWORK_MAIN, &h), FH_ERR_OK);
		assert_true(fh_headers_tip(&h, &p));
		assert_int_equal(p.height, 1);
		assert_int_equal(p.trust, FH_HEADER_SHORT);
		assert_int_equal(h.n, 2);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_text(bad[i], FH_NETWORK_MAIN, &h) == FH_ERR_OK)
			fail_msg("`%.40s` was accepted", bad[i]);
	}
}

/* The golden bytes of docs/spec/STAMP.  */
static void files_of_ours_are_written_and_read(void **state)
{
	static const char golden[] = "66682d6865616473" "01" "00" "0000" "00000000" GENESIS BLOCK1;
	uint8_t room[512];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_headers h;

	(void)state;
	assert_int_equal(read_file(bytes_of(GENESIS BLOCK1), FH_NETWORK_MAIN, &h), FH_ERR_OK);
	fh_headers_put(&b, &h);
	assert_true(fh_span_equal(fh_builder_span(&b), bytes_of(golden)));
	assert_int_equal(b.n, fh_headers_put_size(&h));
	assert_int_equal(read_file(bytes_of(golden), FH_NETWORK_MAIN, &h), FH_ERR_OK);
	assert_int_equal(read_file(bytes_of(golden), FH_NETWORK_REGTEST, &h), FH_ERR_CONFLICT);
	assert_int_equal(read_file(bytes_of("66682d6865616473" "02" "00" "0000" "00000000"),
				   FH_NETWORK_MAIN, &h), FH_ERR_VERSION);
	assert_int_equal(read_file(bytes_of("66682d6865616473" "01" "03" "0000" "00000000"),
				   FH_NETWORK_MAIN, &h), FH_ERR_FORMAT);
	assert_int_equal(read_file(bytes_of("66682d6865616473" "01" "00" "0001" "00000000"),
				   FH_NETWORK_MAIN, &h), FH_ERR_FORMAT);
	for (size_t n = 0; n < b.n; n++) {
		if (n != 16 + FH_HEADER_SIZE)
			assert_int_not_equal(read_file(fh_span_of(room, n), FH_NETWORK_MAIN, &h),
					     FH_ERR_OK);
	}
}

static void every_flipped_bit_is_found(void **state)
{
	uint8_t two[2 * FH_HEADER_SIZE];
	struct fh_headers h;

	(void)state;
	memcpy(two, bytes_of(GENESIS BLOCK1).p, sizeof(two));
	for (size_t i = 0; i < 8 * sizeof(two); i++) {
		struct fh_arena before = arena;

		two[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(read_file(FH_SPAN_ARRAY(two), FH_NETWORK_MAIN, &h), FH_ERR_OK);
		two[i / 8] ^= (uint8_t)(1 << i % 8);
		arena = before;
	}
}

static void headers_that_hang_from_nothing_are_alone(void **state)
{
	uint8_t *chain = make_chain(20, 0);
	struct fh_headers h;
	struct fh_header_place p;

	(void)state;
	begin_regtest(&h);
	add_chain(&h, chain, 7, 10);
	assert_int_equal(fh_headers_add(&h, 15, chain + 15 * FH_HEADER_SIZE, nullptr), FH_ERR_OK);
	assert_true(fh_headers_find(&h, 8, &p));
	assert_int_equal(p.trust, FH_HEADER_ALONE);
	assert_int_equal(p.following, 1);
	assert_int_equal(p.work.word[0], 4);
	assert_true(fh_headers_find(&h, 15, &p));
	assert_int_equal(p.following, 0);
	assert_false(fh_headers_find(&h, 12, &p));
	/* A wrong height makes it stand alone.  */
	assert_int_equal(fh_headers_add(&h, 12, chain + 10 * FH_HEADER_SIZE, nullptr), FH_ERR_OK);
	assert_true(fh_headers_find(&h, 12, &p));
	assert_int_equal(p.following, 0);
}

static void the_branch_with_most_work_counts(void **state)
{
	uint8_t *one = make_chain(12, 1), *two = make_chain(13, 1);
	struct fh_headers h;
	struct fh_header_place p;

	(void)state;
	for (size_t i = 10; i < 13; i++) {
		struct fh_header before = fh_header_of(two + (i - 1) * FH_HEADER_SIZE);

		mine(&before.hash, 2, regtest_time + 600 * (uint32_t)i, two + i * FH_HEADER_SIZE);
	}
	begin_regtest(&h);
	add_chain(&h, one, 0, 12);
	add_chain(&h, two, 10, 12);
	assert_true(fh_headers_find(&h, 11, &p)); /* as much work: the first one stays */
	assert_int_equal(p.header.root.bytes[0], 1);
	assert_int_equal(fh_headers_add(&h, 12, two + 12 * FH_HEADER_SIZE, nullptr), FH_ERR_OK);
	assert_true(fh_headers_find(&h, 11, &p));
	assert_int_equal(p.header.root.bytes[0], 2);
	assert_int_equal(p.following, 1);
	assert_int_equal(p.trust, FH_HEADER_GENESIS);
	assert_true(fh_headers_find(&h, 9, &p));
	assert_int_equal(p.following, 3);
	assert_int_equal(fh_headers_first(&h), 0);

	/* The best branch alone is written.  */
	uint8_t room[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_headers_put(&b, &h);
	assert_true(fh_span_equal(fh_span_skip(fh_builder_span(&b), 16),
				  fh_span_of(two, 13 * FH_HEADER_SIZE)));
}

static void trust_comes_before_work(void **state)
{
	uint8_t *chain = make_chain(10, 1), *other = make_chain(30, 2);
	struct fh_headers h;
	struct fh_header_place p;

	(void)state;
	begin_regtest(&h);
	add_chain(&h, other, 5, 30);
	add_chain(&h, chain, 0, 10);
	assert_true(fh_headers_find(&h, 7, &p));
	assert_int_equal(p.header.root.bytes[0], 1);
	assert_int_equal(p.trust, FH_HEADER_GENESIS);
	assert_true(fh_headers_find(&h, 20, &p));
	assert_int_equal(p.trust, FH_HEADER_ALONE);
}

static void no_time_lies_before_the_median_of_eleven(void **state)
{
	uint8_t *chain = make_chain(20, 0), next[FH_HEADER_SIZE];
	struct fh_header last = fh_header_of(chain + 19 * FH_HEADER_SIZE);
	struct fh_headers h;

	(void)state;
	begin_regtest(&h);
	add_chain(&h, chain, 0, 20);
	/* Of heights 9 to 19 the median is that of 14.  */
	mine(&last.hash, 0, regtest_time + 600 * 14, next);
	assert_int_equal(fh_headers_add(&h, 20, next, nullptr), FH_ERR_FORMAT);
	assert_int_equal(h.n, 20);
	mine(&last.hash, 0, regtest_time + 600 * 14 + 1, next);
	assert_int_equal(fh_headers_add(&h, 20, next, nullptr), FH_ERR_OK);
}

/* --- targets: what no test can mine is put where the rules look for it --- */

/* What each header takes with those before it in its run.  */
static void sum_up(struct fh_headers *h)
{
	for (size_t i = 0; i < h->runs; i++) {
		const struct fh_header_run *r = &h->run[i];
		struct fh_number target, sum = { 0 }, own;

		for (size_t k = r->at; k < r->at + r->n; k++) {
			assert_true(fh_number_of_bits(fh_header_of(h->bytes + k * FH_HEADER_SIZE)
							      .bits, &target));
			own = fh_number_work(&target);
			sum = fh_number_add(&sum, &own);
			h->work[k] = sum;
		}
	}
}

/* A set of N headers of NETWORK from FIRST on, of the target BITS and with times from FROM to
 * TO; they have no work.  */
static void plant(struct fh_headers *h, enum fh_network network, uint64_t first, size_t n,
		  uint32_t bits, uint32_t from, uint32_t to)
{
	assert_int_equal(fh_headers_begin(network, n, &arena, h), FH_ERR_OK);
	memset(h->bytes, 0, n * FH_HEADER_SIZE);
	for (size_t i = 0; i < n; i++) {
		uint64_t time = from + (uint64_t)(to - from) * i / (n > 1 ? n - 1 : 1);

		put_le32(h->bytes + i * FH_HEADER_SIZE + 68, (uint32_t)time);
		put_le32(h->bytes + i * FH_HEADER_SIZE + 72, bits);
	}
	h->run[0] = (struct fh_header_run){ first, 0, n, FH_HEADERS_NO_RUN, FH_HEADER_ALONE };
	h->runs = 1;
	h->n = n;
	sum_up(h);
}

/* The next header may have the target BITS, PAUSE seconds later.  */
static bool may_follow(const struct fh_headers *h, uint32_t bits, uint32_t pause)
{
	const struct fh_header_run *r = &h->run[0];
	struct fh_header next = fh_header_of(h->bytes + (r->n - 1) * FH_HEADER_SIZE);

	next.bits = bits;
	next.time += pause;
	return fh_headers_rules(h, 0, r->first + r->n, &next, nullptr) == FH_ERR_OK;
}

/* The first change that there was on the main network, at block 32256.  */
static void a_period_leads_to_the_next_target_and_to_no_other(void **state)
{
	constexpr uint32_t before = 0x1d00ffff;
	constexpr uint32_t behind = 0x1d00d86a;
	constexpr uint32_t from = 1261130161;
	constexpr uint32_t to = 1262152739;
	struct fh_headers h;

	(void)state;
	plant(&h, FH_NETWORK_MAIN, 30240, FH_HEADER_PERIOD, before, from, to);
	assert_true(may_follow(&h, behind, 600));
	assert_false(may_follow(&h, before, 600));
	assert_false(may_follow(&h, behind + 1, 600));
	assert_false(may_follow(&h, behind - 1, 600));
	/* Of its times the first and the last count, whatever lies before them.  */
	plant(&h, FH_NETWORK_MAIN, 30239, FH_HEADER_PERIOD + 1, before, from - 9, to);
	put_le32(h.bytes + FH_HEADER_SIZE + 68, from);
	assert_true(may_follow(&h, behind, 600));
	/* Not all of it is there: no more than four times either way.  */
	plant(&h, FH_NETWORK_MAIN, 30241, FH_HEADER_PERIOD - 1, 0x1c100000, from, to);
	assert_true(may_follow(&h, 0x1c040000, 600));
	assert_true(may_follow(&h, 0x1c400000, 600));
	assert_false(may_follow(&h, 0x1c03ffff, 600));
	assert_false(may_follow(&h, 0x1c400001, 600));
}

static void within_a_period_no_target_changes(void **state)
{
	struct fh_headers h;

	(void)state;
	plant(&h, FH_NETWORK_MAIN, 30240, 100, 0x1c100000, 1261130161, 1261190161);
	assert_true(may_follow(&h, 0x1c100000, 600));
	assert_false(may_follow(&h, 0x1c100001, 600));
	assert_false(may_follow(&h, 0x1d00ffff, 600));
	/* Nor behind a pause, which is testnet's alone.  */
	assert_false(may_follow(&h, 0x1d00ffff, 86400));
}

static void on_testnet_a_pause_makes_one_block_easy(void **state)
{
	constexpr uint32_t hard = 0x1c100000;
	constexpr uint32_t easy = 0x1d00ffff;
	struct fh_headers h;

	(void)state;
	plant(&h, FH_NETWORK_TESTNET, 30240, 100, hard, 1261130161, 1261190161);
	assert_true(may_follow(&h, hard, 1200));
	assert_false(may_follow(&h, easy, 1200));
	assert_true(may_follow(&h, easy, 1201));
	assert_false(may_follow(&h, hard, 1201));
	/* What was easy does not count for the next one.  */
	put_le32(h.bytes + 99 * FH_HEADER_SIZE + 72, easy);
	assert_true(may_follow(&h, hard, 600));
	assert_false(may_follow(&h, easy, 600));
}

static void on_regtest_no_target_changes(void **state)
{
	struct fh_headers h;

	(void)state;
	plant(&h, FH_NETWORK_REGTEST, 2000, 16, 0x207fffff, regtest_time, regtest_time + 9600);
	assert_true(may_follow(&h, 0x207fffff, 600));
	assert_false(may_follow(&h, 0x1f7fffff, 600));
}

/* One header of much work against a branch of many of little, at the same height.  */
static void work_counts_and_not_length(void **state)
{
	struct fh_headers h;
	struct fh_header_place p;

	(void)state;
	plant(&h, FH_NETWORK_MAIN, 30240, 21, 0x1c100000, regtest_time, regtest_time + 9600);
	h.run[0].n = 20;
	h.run[1] = (struct fh_header_run){ 30240, 20, 1, FH_HEADERS_NO_RUN, FH_HEADER_ALONE };
	h.runs = 2;
	sum_up(&h);
	assert_true(fh_headers_tip(&h, &p));
	assert_int_equal(p.height, 30259);
	put_le32(h.bytes + 20 * FH_HEADER_SIZE + 72, 0x1b100000); /* 256 times as hard */
	sum_up(&h);
	assert_true(fh_headers_tip(&h, &p));
	assert_int_equal(p.height, 30240);
	assert_true(fh_headers_find(&h, 30240, &p));
	assert_int_equal(p.header.bits, 0x1b100000);
	assert_true(fh_headers_find(&h, 30241, &p));
	assert_int_equal(p.header.bits, 0x1c100000);
}

static void headers_without_a_height_are_found_by_their_root(void **state)
{
	struct fh_headers h;
	struct fh_header_place p;
	struct fh_header block = fh_header_of(bytes_of(BLOCK1).p);

	(void)state;
	assert_int_equal(read_text(BLOCK1, FH_NETWORK_MAIN, &h), FH_ERR_OK);
	assert_true(fh_headers_find_root(&h, &block.root, &p));
	assert_int_equal(p.trust, FH_HEADER_UNPLACED);
	assert_true(p.height == FH_HEADER_HEIGHT_NONE);
	assert_false(fh_headers_find_root(&h, &block.hash, &p));
	assert_false(fh_headers_find(&h, 0, &p));
	assert_false(fh_headers_tip(&h, &p));
	assert_int_equal(read_file(bytes_of(BLOCK1), FH_NETWORK_MAIN, &h), FH_ERR_OK);
	assert_true(fh_headers_find_root(&h, &block.root, &p));
}

static void too_little_work_for_a_height_is_refused(void **state)
{
	struct fh_headers h;
	struct fh_header block = fh_header_of(bytes_of(BLOCK1).p);

	(void)state;
	assert_int_equal(read_text("1 " BLOCK1, FH_NETWORK_MAIN, &h), FH_ERR_OK);
	assert_int_equal(read_text("100000 " BLOCK1, FH_NETWORK_MAIN, &h), FH_ERR_FORMAT);
	assert_true(fh_header_hard_enough(&block, FH_NETWORK_MAIN, 99999));
	assert_false(fh_header_hard_enough(&block, FH_NETWORK_MAIN, 100000));
	assert_false(fh_header_hard_enough(&block, FH_NETWORK_MAIN, FH_HEADER_HEIGHT_MAX));
	/* Another block is known at these.  */
	assert_int_equal(read_text("11111 " BLOCK1, FH_NETWORK_MAIN, &h), FH_ERR_CONFLICT);
	assert_int_equal(read_text("0 " BLOCK1, FH_NETWORK_MAIN, &h), FH_ERR_CONFLICT);
}

static void sets_are_bounded(void **state)
{
	uint8_t *chain = make_chain(4, 0);
	struct fh_headers h;

	(void)state;
	assert_int_equal(fh_headers_begin(FH_NETWORK_REGTEST, 3, &arena, &h), FH_ERR_OK);
	add_chain(&h, chain, 0, 3);
	assert_int_equal(fh_headers_add(&h, 3, chain + 3 * FH_HEADER_SIZE, nullptr), FH_ERR_LIMIT);
	assert_int_equal(fh_headers_begin(FH_NETWORK_REGTEST, FH_HEADERS_RUNS_MAX + 1, &arena, &h),
			 FH_ERR_OK);
	for (size_t i = 0; i <= FH_HEADERS_RUNS_MAX; i++)
		assert_int_equal(fh_headers_add(&h, 10 + 2 * i, chain + FH_HEADER_SIZE, nullptr),
				 i < FH_HEADERS_RUNS_MAX ? FH_ERR_OK : FH_ERR_LIMIT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(targets_read_and_write),
		TEST(work_is_what_bitcoin_counts),
		TEST(difficulty_changes_as_on_the_main_network),
		TEST(the_first_blocks_are_known),
		TEST(networks_do_not_mix),
		TEST(all_forms_of_files_say_the_same),
		TEST(files_of_ours_are_written_and_read),
		TEST(every_flipped_bit_is_found),
		TEST(headers_that_hang_from_nothing_are_alone),
		TEST(the_branch_with_most_work_counts),
		TEST(trust_comes_before_work),
		TEST(no_time_lies_before_the_median_of_eleven),
		TEST(a_period_leads_to_the_next_target_and_to_no_other),
		TEST(within_a_period_no_target_changes),
		TEST(on_testnet_a_pause_makes_one_block_easy),
		TEST(on_regtest_no_target_changes),
		TEST(work_counts_and_not_length),
		TEST(headers_without_a_height_are_found_by_their_root),
		TEST(too_little_work_for_a_height_is_refused),
		TEST(sets_are_bounded),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
