/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "stamp/headers_private.h"

/* The head of a file of ours: this, the version, the network, two zero bytes and the
 * first height.  */
static const uint8_t magic[] = { 'f', 'h', '-', 'h', 'e', 'a', 'd', 's' };
constexpr uint8_t version = 1;
constexpr size_t head_size = 16;
constexpr size_t hex_digits = 2 * FH_HEADER_SIZE;

static bool is_ours(struct fh_span file)
{
	return fh_span_starts(file, FH_SPAN_ARRAY(magic));
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Headers have zero bytes among the first 80, text has none.  */
static bool is_text(struct fh_span file)
{
	for (size_t i = 0; i < file.n && i < FH_HEADER_SIZE; i++) {
		uint8_t c = file.p[i];

		if ((c < 0x20 || c > 0x7e) && !is_blank(c) && c != '\n')
			return false;
	}
	return true;
}

size_t fh_headers_count(struct fh_span file)
{
	if (!is_ours(file) && is_text(file))
		return file.n / hex_digits + 1;
	return file.n / FH_HEADER_SIZE + 1;
}

/* Adds the headers of BYTES, the first one at HEIGHT.  */
static fh_err read_bytes(struct fh_headers *h, uint64_t height, struct fh_span bytes,
			 struct fh_trace *t)
{
	bool is_placed = height != FH_HEADER_HEIGHT_NONE;

	for (uint64_t i = 0; bytes.n > 0; i++) {
		fh_trace_where(t, "%s %llu", is_placed ? "block" : "header",
			       (unsigned long long)(is_placed ? height + i : i + 1));
		if (bytes.n < FH_HEADER_SIZE) {
			fh_trace_what(t, "it is cut off");
			return FH_ERR_FORMAT;
		}

		fh_err e = fh_headers_add(h, is_placed ? height + i : height, bytes.p, t);

		if (e != FH_ERR_OK)
			return e;
		bytes = fh_span_skip(bytes, FH_HEADER_SIZE);
	}
	return FH_ERR_OK;
}

static fh_err read_ours(struct fh_headers *h, struct fh_span file, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(fh_span_skip(file, sizeof(magic)));
	uint8_t number = fh_cursor_u8(&c), network = fh_cursor_u8(&c);
	uint16_t zero = fh_cursor_be16(&c);
	uint32_t first = fh_cursor_be32(&c);

	fh_trace_where(t, "head");
	if (fh_cursor_bad(&c) || (number == version && (zero != 0 || network >= FH_NETWORKS))) {
		fh_trace_what(t, "it is malformed");
		return FH_ERR_FORMAT;
	}
	if (number != version) {
		fh_trace_what(t, "it has version %u, and this program knows 1", number);
		return FH_ERR_VERSION;
	}
	if (network != h->network) {
		fh_trace_what(t, "its headers are of the network `%s`, not `%s`",
			      fh_network_text((enum fh_network)network),
			      fh_network_text(h->network));
		return FH_ERR_CONFLICT;
	}
	return read_bytes(h, first, c.rest, t);
}

/* Plain headers, one behind the other: their place is known if the first one is a
 * genesis block.  */
static fh_err read_plain(struct fh_headers *h, struct fh_span file, struct fh_trace *t)
{
	struct fh_hash genesis = { 0 };
	uint64_t height = FH_HEADER_HEIGHT_NONE;

	if (file.n < FH_HEADER_SIZE || file.n % FH_HEADER_SIZE != 0) {
		fh_trace_where(t, "byte %zu", file.n);
		fh_trace_what(t, "its size is no multiple of 80, and it is no text");
		return FH_ERR_FORMAT;
	}

	struct fh_header first = fh_header_of(file.p);

	if (fh_network_pinned(h->network, 0, &genesis) && fh_hash_equal(&genesis, &first.hash))
		height = 0;
	return read_bytes(h, height, file, t);
}

static struct fh_span trim(struct fh_span s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = fh_span_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s = fh_span_first(s, s.n - 1);
	return s;
}

static size_t word_size(struct fh_span s)
{
	size_t n = 0;

	while (n < s.n && !is_blank(s.p[n]))
		n++;
	return n;
}

/* "HEIGHT HEX" or "HEX".  */
static fh_err read_line(struct fh_headers *h, struct fh_span line, struct fh_trace *t)
{
	uint8_t bytes[FH_HEADER_SIZE];
	uint64_t height = FH_HEADER_HEIGHT_NONE;
	struct fh_span hex = line;
	fh_err e = FH_ERR_OK;

	if (word_size(line) < line.n) {
		e = fh_decimal_read(fh_span_first(line, word_size(line)), &height);
		hex = trim(fh_span_skip(line, word_size(line)));
		if (height > FH_HEADER_HEIGHT_MAX)
			e = FH_ERR_FORMAT;
	}
	if (e == FH_ERR_OK)
		e = fh_hex_read(fh_span_first(hex, hex_digits / 2), bytes, FH_HEADER_SIZE / 2);
	if (e == FH_ERR_OK)
		e = fh_hex_read(fh_span_skip(hex, hex_digits / 2), bytes + FH_HEADER_SIZE / 2,
				FH_HEADER_SIZE / 2);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "it is no line `HEIGHT HEADER` or `HEADER`, with the 80 bytes of "
			      "the header as 160 hex digits");
		return FH_ERR_FORMAT;
	}
	return fh_headers_add(h, height, bytes, t);
}

static fh_err read_text(struct fh_headers *h, struct fh_span file, struct fh_trace *t)
{
	for (unsigned long number = 1; file.n > 0; number++) {
		size_t n = fh_span_find(file, '\n');
		struct fh_span line = trim(fh_span_first(file, n));

		fh_trace_where(t, "line %lu", number);
		if (line.n > 0 && line.p[0] != '#') {
			fh_err e = read_line(h, line, t);

			if (e != FH_ERR_OK)
				return e;
		}
		file = fh_span_skip(file, n + 1);
	}
	return FH_ERR_OK;
}

fh_err fh_headers_read_more(struct fh_headers *h, struct fh_span file, struct fh_trace *t)
{
	fh_err e;

	if (is_ours(file))
		e = read_ours(h, file, t);
	else
		e = is_text(file) ? read_text(h, file, t) : read_plain(h, file, t);
	if (e == FH_ERR_OK && h->n == 0) {
		fh_trace_what(t, "there are no headers in it");
		e = FH_ERR_FORMAT;
	}
	return e;
}

fh_err fh_headers_read(struct fh_span file, enum fh_network network, struct fh_arena *a,
		       struct fh_headers *out, struct fh_trace *t)
{
	struct fh_headers h;
	fh_err e = file.n > FH_HEADERS_FILE_MAX
		? FH_ERR_LIMIT : fh_headers_begin(network, fh_headers_count(file), a, &h);

	if (e == FH_ERR_OK)
		e = fh_headers_read_more(&h, file, t);
	if (e == FH_ERR_OK)
		*out = h;
	return e;
}

/* --- writing --- */

size_t fh_headers_put_size(const struct fh_headers *h)
{
	return head_size + FH_HEADER_SIZE * h->n;
}

void fh_headers_put(struct fh_builder *b, const struct fh_headers *h)
{
	size_t run = fh_headers_best(h);
	uint64_t first = fh_headers_first(h);

	if (run == FH_HEADERS_NO_RUN) {
		b->bad = true;
		return;
	}
	fh_builder_bytes(b, FH_SPAN_ARRAY(magic));
	fh_builder_u8(b, version);
	fh_builder_u8(b, (uint8_t)h->network);
	fh_builder_be16(b, 0);
	fh_builder_be32(b, (uint32_t)first);
	for (uint64_t at = first; fh_headers_index(h, run, at) != SIZE_MAX; at++)
		fh_builder_bytes(b, fh_span_of(h->bytes + FH_HEADER_SIZE *
					       fh_headers_index(h, run, at), FH_HEADER_SIZE));
}
