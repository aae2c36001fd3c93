/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"
#include "stamp/headers_private.h"

constexpr unsigned median_of = 11;            /* blocks whose median time the next must pass */
constexpr uint32_t testnet_pause = 2 * 10 * 60; /* seconds after which testnet takes any block */

/* The four bytes at OFFSET of the header at HEIGHT, without hashing it.  */
static uint32_t field(const struct fh_headers *h, size_t run, uint64_t height, size_t offset)
{
	const uint8_t *p = h->bytes + FH_HEADER_SIZE * fh_headers_index(h, run, height);
	struct fh_cursor c = fh_cursor_of(fh_span_of(p, FH_HEADER_SIZE));

	(void)fh_cursor_take(&c, offset);
	return fh_cursor_le32(&c);
}

static uint32_t time_at(const struct fh_headers *h, size_t run, uint64_t height)
{
	return field(h, run, height, 68);
}

static uint32_t bits_at(const struct fh_headers *h, size_t run, uint64_t height)
{
	return field(h, run, height, 72);
}

static bool has(const struct fh_headers *h, size_t run, uint64_t height)
{
	return fh_headers_index(h, run, height) != SIZE_MAX;
}

/* The path of RUN says at what heights it is.  */
static bool placed(const struct fh_headers *h, size_t run)
{
	return h->run[run].trust != FH_HEADER_UNPLACED;
}

/* The period before is not all there: the target may be at most four times easier or
 * harder than BEFORE.  */
static bool within_clamp(uint32_t before, uint32_t bits)
{
	struct fh_number target, old, low, high;

	if (!fh_number_of_bits(bits, &target) || !fh_number_of_bits(before, &old))
		return false;
	high = fh_number_scale(&old, 4, 1);
	low = fh_number_scale(&old, 1, 4);
	/* What is compared was rounded to bits as well.  */
	(void)fh_number_of_bits(fh_number_bits(&low), &low);
	return fh_number_compare(&target, &low) >= 0 && fh_number_compare(&target, &high) <= 0;
}

/* Testnet: behind a pause any block will do, and does not count for the next one.  */
static bool testnet_bits_right(const struct fh_headers *h, size_t run, uint64_t height,
			       const struct fh_header *next)
{
	struct fh_number limit = fh_network_limit(h->network);
	uint32_t easiest = fh_number_bits(&limit);
	uint64_t at = height - 1;

	if (next->time > (uint64_t)time_at(h, run, at) + testnet_pause)
		return next->bits == easiest;
	while (bits_at(h, run, at) == easiest && at % FH_HEADER_PERIOD != 0) {
		if (!has(h, run, at - 1))
			return true; /* what counts is not there to be seen */
		at--;
	}
	return next->bits == bits_at(h, run, at);
}

static bool bits_right(const struct fh_headers *h, size_t run, uint64_t height,
		       const struct fh_header *next)
{
	uint32_t last = bits_at(h, run, height - 1);
	bool testnet = h->network == FH_NETWORK_TESTNET;

	if (fh_network_constant(h->network))
		return next->bits == last;
	if (!placed(h, run))
		return testnet || within_clamp(last, next->bits);
	if (height % FH_HEADER_PERIOD != 0)
		return testnet ? testnet_bits_right(h, run, height, next) : next->bits == last;
	if (!has(h, run, height - FH_HEADER_PERIOD))
		return within_clamp(last, next->bits);
	return next->bits == fh_header_retarget(h->network, last,
						time_at(h, run, height - FH_HEADER_PERIOD),
						time_at(h, run, height - 1));
}

/* TIME is later than the median of the last eleven, as far as they are there.  */
static bool time_right(const struct fh_headers *h, size_t run, uint64_t height, uint32_t time)
{
	unsigned later = 0, n = 0;

	while (n < median_of && n < height && has(h, run, height - 1 - n)) {
		later += time_at(h, run, height - 1 - n) >= time;
		n++;
	}
	/* Of fewer than eleven the median is known only where the chain begins.  */
	if (n < median_of && (!placed(h, run) || n < height))
		return true;
	return later <= (n - 1) / 2;
}

fh_err fh_headers_rules(const struct fh_headers *h, size_t run, uint64_t height,
			const struct fh_header *next, struct fh_trace *t)
{
	if (!bits_right(h, run, height, next)) {
		fh_trace_what(t, "its target is not the one that the blocks before it lead to");
		return FH_ERR_FORMAT;
	}
	if (!time_right(h, run, height, next->time)) {
		fh_trace_what(t, "its time is not later than the median of the eleven before it");
		return FH_ERR_FORMAT;
	}
	return FH_ERR_OK;
}
