/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/extension.h"

#include "base/cursor.h"

constexpr size_t groups_max = 8; /* of an IPv6 address */

static uint32_t hex_value(uint8_t b)
{
	uint8_t low = b | 0x20;

	if (b >= '0' && b <= '9')
		return (uint32_t)(b - '0');
	return low >= 'a' && low <= 'f' ? (uint32_t)(low - 'a' + 10) : 16;
}

/* A number of 1 to DIGITS digits of BASE up to MAX; without leading zeros unless
 * BASE is 16.  */
static uint32_t number(struct fh_cursor *c, uint32_t base, size_t digits, uint32_t max)
{
	uint32_t v = 0;
	size_t n = 0;

	for (; c->rest.n > 0 && hex_value(c->rest.p[0]) < base; n++) {
		if (n == digits || (n == 1 && v == 0 && base == 10))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		v = v * base + hex_value(fh_cursor_u8(c));
	}
	if (n == 0 || v > max)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return v;
}

static void read_v4(struct fh_cursor *c, struct fh_ip *ip)
{
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			fh_cursor_expect(c, FH_SPAN_LIT("."));
		ip->address[i] = (uint8_t)number(c, 10, 3, 255);
	}
}

static bool sees(const struct fh_cursor *c, struct fh_span text)
{
	return !fh_cursor_bad(c) && fh_span_starts(c->rest, text);
}

/* Groups with colons between them, at most MAX; stops before `::`, at the end
 * and at a slash.  */
static size_t read_groups(struct fh_cursor *c, size_t max, uint16_t *group)
{
	size_t n = 0;

	while (n < max && c->rest.n > 0 && !sees(c, FH_SPAN_LIT("::")) &&
	       !sees(c, FH_SPAN_LIT("/")) && !fh_cursor_bad(c)) {
		if (n > 0)
			fh_cursor_expect(c, FH_SPAN_LIT(":"));
		group[n++] = (uint16_t)number(c, 16, 4, 0xffff);
	}
	return n;
}

/* `::` stands for one group of zeros at least.  */
static void read_v6(struct fh_cursor *c, struct fh_ip *ip)
{
	uint16_t group[groups_max] = { 0 }, tail[groups_max] = { 0 };
	size_t head_n = read_groups(c, groups_max, group), tail_n = 0;

	if (head_n < groups_max) {
		fh_cursor_expect(c, FH_SPAN_LIT("::"));
		tail_n = read_groups(c, groups_max - 1 - head_n, tail);
	}
	for (size_t i = 0; i < tail_n; i++)
		group[groups_max - tail_n + i] = tail[i];
	for (size_t i = 0; i < groups_max; i++) {
		ip->address[2 * i] = (uint8_t)(group[i] >> 8);
		ip->address[2 * i + 1] = (uint8_t)group[i];
	}
}

fh_err fh_ip_parse(struct fh_span text, struct fh_ip *out)
{
	struct fh_cursor c = fh_cursor_of(text);
	struct fh_ip ip = { .v6 = fh_span_find(text, ':') < text.n };

	if (ip.v6)
		read_v6(&c, &ip);
	else
		read_v4(&c, &ip);
	ip.prefix = ip.v6 ? 128 : 32;
	if (sees(&c, FH_SPAN_LIT("/"))) {
		(void)fh_cursor_u8(&c);
		ip.prefix = (uint8_t)number(&c, 10, ip.v6 ? 3 : 2, ip.prefix);
	}
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return FH_ERR_FORMAT;
	*out = ip;
	return FH_ERR_OK;
}

bool fh_ip_in_range(const struct fh_ip *inner, const struct fh_ip *outer)
{
	if (inner->v6 != outer->v6 || inner->prefix < outer->prefix)
		return false;
	for (unsigned bit = 0; bit < outer->prefix; bit++) {
		if (((inner->address[bit / 8] ^ outer->address[bit / 8]) << bit % 8 & 0x80) != 0)
			return false;
	}
	return true;
}

bool fh_ip_is_loopback(const struct fh_ip *ip)
{
	static const struct fh_ip v4 = { .address = { 127 }, .prefix = 8 };
	static const struct fh_ip v6 = { .address = { [15] = 1 }, .prefix = 128, .v6 = true };

	return fh_ip_in_range(ip, ip->v6 ? &v6 : &v4);
}

bool fh_ip_is_multicast(const struct fh_ip *ip)
{
	static const struct fh_ip v4 = { .address = { 224 }, .prefix = 4 };
	static const struct fh_ip v6 = { .address = { 0xff }, .prefix = 8, .v6 = true };

	return fh_ip_in_range(ip, ip->v6 ? &v6 : &v4);
}
