/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/header.h"

#include <string.h>

#include "base/cursor.h"

/* Bitcoin Core's checkpoints and the blocks at which its rules changed: what
 * everybody's copy of the chain has at these heights.  Shown as people write them,
 * that is, with the last byte first.  */
static const struct pin {
	uint64_t height;
	const char *hash;
} main_pins[] = {
	{ 0, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f" },
	{ 11111, "0000000069e244f73d78e8fd29ba2fd2ed618bd6fa2ee92559f542fdb26e7c1d" },
	{ 33333, "000000002dd5588a74784eaa7ab0507a18ad16a236e7b1ce69f00d7ddfb5d0a6" },
	{ 74000, "0000000000573993a3c9e41ce34471c079dcf5f52a0e824a81e7f953b8661a20" },
	{ 105000, "00000000000291ce28027faea320c8d2b054b2e0fe44a773f3eefb151d6bdc97" },
	{ 134444, "00000000000005b12ffd4cd315cd34ffd4a594f430ac814c91184a0d42d2b0fe" },
	{ 168000, "000000000000099e61ea72015e79632f216fe6cb33d7899acb35b75c8303b763" },
	{ 193000, "000000000000059f452a5f7340de6682a977387c17010ff6e6c3bd83ca8b1317" },
	{ 210000, "000000000000048b95347e83192f69cf0366076336c639f9b7228e9ba171342e" },
	{ 250000, "000000000000003887df1f29024b06fc2200b55f8af8f35453d7be294df2d214" },
	{ 279000, "0000000000000001ae8c72a0b0c301f67e3afca10e819efa9041e458e9bd7e40" },
	{ 295000, "00000000000000004d9b4ef50f0f9d686fd69db2e03af35a100370c64632a983" },
	{ 363725, "00000000000000000379eaa19dce8c9b722d46ae6a57c2f1a988119488b50931" },
	{ 388381, "000000000000000004c2b624ed5d7756c508d90fd0da2c7c679febfa6c4735f0" },
	{ 419328, "000000000000000004a1b34462cb8aeebd5799177f7a29cf28f2d1961716b5b5" },
	{ 481824, "0000000000000000001c8018d9cb3b742ef25114f27563e3fc4a1902167f9893" },
	{ 824000, "000000000000000000026811d149d4d261995ec5b3f64f439a0a10e1a464af9a" },
};
static const struct pin testnet_pins[] = {
	{ 0, "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943" },
	{ 546, "000000002a936ca763904c3c35fce2f3556c559c0214345d31b1bcebf76acb70" },
};
static const struct pin regtest_pins[] = {
	{ 0, "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206" },
};

/* The work of the main network's blocks, as powers of two that no block from that
 * height on has fallen below.  */
static const struct {
	uint64_t height;
	int log2;
} main_work[] = {
	{ 0, 32 },	{ 100000, 45 }, { 150000, 51 }, { 200000, 53 }, { 250000, 57 },
	{ 300000, 64 }, { 350000, 67 }, { 400000, 69 }, { 450000, 70 }, { 500000, 72 },
	{ 550000, 74 }, { 600000, 75 }, { 700000, 76 }, { 800000, 77 }, { 850000, 78 },
};

static const struct network {
	const char *name;
	const struct pin *pin;
	size_t pins;
	uint32_t limit;              /* the easiest target, as bits */
	bool constant;               /* of every block */
	uint64_t version2, version3, version4; /* from which height blocks have it */
} networks[FH_NETWORKS] = {
	[FH_NETWORK_MAIN] = { "main", main_pins, sizeof(main_pins) / sizeof(main_pins[0]),
			      0x1d00ffff, false, 227931, 363725, 388381 },
	[FH_NETWORK_TESTNET] = { "testnet", testnet_pins,
				 sizeof(testnet_pins) / sizeof(testnet_pins[0]), 0x1d00ffff, false,
				 21111, 330776, 581885 },
	[FH_NETWORK_REGTEST] = { "regtest", regtest_pins,
				 sizeof(regtest_pins) / sizeof(regtest_pins[0]), 0x207fffff, true,
				 FH_HEADER_HEIGHT_MAX, FH_HEADER_HEIGHT_MAX, FH_HEADER_HEIGHT_MAX },
};

const char *fh_network_text(enum fh_network n)
{
	return networks[n].name;
}

fh_err fh_network_parse(struct fh_span text, enum fh_network *out)
{
	for (int i = 0; i < FH_NETWORKS; i++) {
		if (fh_span_equal(text, fh_span_str(networks[i].name))) {
			*out = (enum fh_network)i;
			return FH_ERR_OK;
		}
	}
	return FH_ERR_UNKNOWN;
}

static void take_hash(struct fh_cursor *c, struct fh_hash *out)
{
	struct fh_span s = fh_cursor_take(c, FH_HASH_SIZE);

	memcpy(out->bytes, s.p, FH_HASH_SIZE);
}

struct fh_header fh_header_of(const uint8_t p[FH_HEADER_SIZE])
{
	struct fh_cursor c = fh_cursor_of(fh_span_of(p, FH_HEADER_SIZE));
	struct fh_header h = { .version = (int32_t)fh_cursor_le32(&c) };

	take_hash(&c, &h.previous);
	take_hash(&c, &h.root);
	h.time = fh_cursor_le32(&c);
	h.bits = fh_cursor_le32(&c);
	h.hash = fh_hash_twice(fh_span_of(p, FH_HEADER_SIZE));
	return h;
}

struct fh_number fh_network_limit(enum fh_network network)
{
	struct fh_number limit = { 0 };

	(void)fh_number_of_bits(networks[network].limit, &limit);
	return limit;
}

bool fh_network_constant(enum fh_network network)
{
	return networks[network].constant;
}

bool fh_header_works(const struct fh_header *h, enum fh_network network)
{
	struct fh_number target, limit = fh_network_limit(network);
	struct fh_number hash = fh_number_of_hash(h->hash.bytes);

	return fh_number_of_bits(h->bits, &target) && fh_number_compare(&target, &limit) <= 0 &&
	       (!networks[network].constant || h->bits == networks[network].limit) &&
	       fh_number_compare(&hash, &target) <= 0;
}

bool fh_header_hard_enough(const struct fh_header *h, enum fh_network network, uint64_t height)
{
	struct fh_number target, work;
	int least = 0;

	if (network != FH_NETWORK_MAIN)
		return true;
	for (size_t i = 0; i < sizeof(main_work) / sizeof(main_work[0]); i++) {
		if (main_work[i].height <= height)
			least = main_work[i].log2;
	}
	if (!fh_number_of_bits(h->bits, &target))
		return false;
	work = fh_number_work(&target);
	return fh_number_log2(&work) >= least;
}

uint32_t fh_header_retarget(enum fh_network network, uint32_t bits, uint32_t first_time,
			    uint32_t last_time)
{
	int64_t took = (int64_t)last_time - first_time, span = FH_HEADER_TIMESPAN;
	struct fh_number target, limit = fh_network_limit(network);

	if (took < span / 4)
		took = span / 4;
	if (took > span * 4)
		took = span * 4;
	if (!fh_number_of_bits(bits, &target))
		return 0;
	target = fh_number_scale(&target, (uint32_t)took, FH_HEADER_TIMESPAN);
	return fh_number_bits(fh_number_compare(&target, &limit) > 0 ? &limit : &target);
}

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* From text, where the last byte comes first.  */
static struct fh_hash hash_of_text(const char *text)
{
	struct fh_hash h;

	for (size_t i = FH_HASH_SIZE; i-- > 0; text += 2)
		h.bytes[i] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
	return h;
}

bool fh_network_pinned(enum fh_network network, uint64_t height, struct fh_hash *out)
{
	const struct network *n = &networks[network];

	for (size_t i = 0; i < n->pins; i++) {
		if (n->pin[i].height == height) {
			*out = hash_of_text(n->pin[i].hash);
			return true;
		}
	}
	return false;
}

uint64_t fh_network_next_pin(enum fh_network network, uint64_t height)
{
	const struct network *n = &networks[network];
	size_t i = 0;

	while (i < n->pins && n->pin[i].height < height)
		i++;
	return i < n->pins ? n->pin[i].height : FH_HEADER_HEIGHT_NONE;
}

int32_t fh_network_version(enum fh_network network, uint64_t height)
{
	const struct network *n = &networks[network];

	/* Testing networks number from 1 on; none of them was ever held to zero.  */
	if (height >= n->version4)
		return 4;
	if (height >= n->version3)
		return 3;
	return height >= n->version2 ? 2 : INT32_MIN;
}
