/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/stamp_private.h"

constexpr uint8_t tag_attestation = 0x00;
constexpr uint8_t tag_more = 0xff; /* another item follows this one */

static const uint8_t magic[] = {
	0x00, 'O', 'p', 'e', 'n', 'T', 'i', 'm', 'e', 's', 't', 'a', 'm', 'p', 's', 0x00,
	0x00, 'P', 'r', 'o', 'o', 'f', 0x00, 0xbf, 0x89, 0xe2, 0xe8, 0x84, 0xe8, 0x92, 0x94,
};
const struct fh_span fh_stamp_magic = { magic, sizeof(magic) };

struct reader {
	struct fh_cursor in;
	size_t size; /* of all there is to read */
	struct fh_arena *arena;
	struct fh_trace *trace;
	size_t messages;
};

uint64_t fh_stamp_cursor_number(struct fh_cursor *c, uint64_t max)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = fh_cursor_u8(c);
		uint64_t part = byte & 0x7f;

		if (fh_cursor_bad(c))
			return 0;
		if ((part << shift) >> shift != part)
			break;
		v |= part << shift;
		if ((byte & 0x80) != 0)
			continue;
		if (byte == 0 && shift > 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		else if (v > max)
			fh_cursor_fail(c, FH_ERR_LIMIT);
		return fh_cursor_bad(c) ? 0 : v;
	}
	fh_cursor_fail(c, FH_ERR_LIMIT);
	return 0;
}

struct fh_span fh_stamp_cursor_bytes(struct fh_cursor *c, size_t min, size_t max)
{
	uint64_t n = fh_stamp_cursor_number(c, max);

	if (!fh_cursor_bad(c) && n < min)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return fh_cursor_take(c, (size_t)n);
}

/* Says what is wrong at the place that is read, and returns E.  */
static fh_err refuse(struct reader *r, fh_err e, const char *what)
{
	fh_trace_where(r->trace, "byte %zu", r->size - r->in.rest.n);
	fh_trace_what(r->trace, "%s", what);
	return e;
}

static fh_err read_attestation(struct reader *r, struct fh_stamp *at)
{
	struct fh_span tag = fh_cursor_take(&r->in, FH_STAMP_TAG_SIZE);
	struct fh_span payload = fh_stamp_cursor_bytes(&r->in, 0, FH_STAMP_PAYLOAD_MAX);

	if (fh_cursor_bad(&r->in))
		return refuse(r, r->in.why, "an attestation is cut off or too long");

	fh_err e = fh_stamp_attest(at, tag.p, payload, r->arena);

	if (e == FH_ERR_FORMAT)
		return refuse(r, e, "an attestation does not hold what its tag promises");
	return e == FH_ERR_LIMIT ? refuse(r, e, "a message has too many attestations") : e;
}

static const char *why_not(fh_err e)
{
	switch (e) {
	case FH_ERR_UNSUPPORTED:
		return "this operation cannot be checked: OpenSSL was built without it";
	case FH_ERR_LIMIT:
		return "a message is longer than 4096 bytes, or has too many operations";
	default:
		return "an operation cannot be carried out";
	}
}

static fh_err read_items(struct reader *r, struct fh_stamp *at, int depth);

static fh_err read_operation(struct reader *r, struct fh_stamp *at, uint8_t tag, int depth)
{
	struct fh_span argument = { 0 };
	struct fh_stamp *next;

	if (fh_stamp_op_name(tag) == nullptr)
		return refuse(r, FH_ERR_UNKNOWN, "there is no such operation");

	enum fh_stamp_op op = (enum fh_stamp_op)tag;

	if (fh_stamp_op_has_argument(op))
		argument = fh_stamp_cursor_bytes(&r->in, 1, FH_STAMP_ARGUMENT_MAX);
	if (fh_cursor_bad(&r->in))
		return refuse(r, r->in.why, "an argument is cut off, empty or too long");
	if (r->messages++ == FH_STAMP_MESSAGES_MAX)
		return refuse(r, FH_ERR_LIMIT, "there are too many operations");

	fh_err e = fh_stamp_extend(at, op, argument, r->arena, &next);

	if (e == FH_ERR_NOMEM)
		return e;
	if (e != FH_ERR_OK)
		return refuse(r, e, why_not(e));
	return read_items(r, next, depth + 1);
}

/* All that hangs from the message AT, which is the one of number DEPTH on its
 * path.  */
static fh_err read_items(struct reader *r, struct fh_stamp *at, int depth)
{
	if (depth == FH_STAMP_DEPTH_MAX)
		return refuse(r, FH_ERR_LIMIT, "there are more than 256 messages in a row");
	for (;;) {
		uint8_t tag = fh_cursor_u8(&r->in);
		bool more = tag == tag_more;

		if (more)
			tag = fh_cursor_u8(&r->in);
		if (fh_cursor_bad(&r->in))
			return refuse(r, FH_ERR_FORMAT, "it ends in the middle");

		fh_err e = tag == tag_attestation ? read_attestation(r, at)
						  : read_operation(r, at, tag, depth);

		if (e != FH_ERR_OK || !more)
			return e;
	}
}

static fh_err read_tree(struct reader *r, struct fh_span message, struct fh_stamp **out)
{
	struct fh_stamp *root;
	fh_err e = fh_stamp_begin(message, r->arena, &root);

	if (e == FH_ERR_OK)
		e = read_items(r, root, 0);
	if (e == FH_ERR_OK && r->in.rest.n > 0)
		e = refuse(r, FH_ERR_FORMAT, "something follows the end");
	if (e == FH_ERR_OK)
		*out = root;
	return e;
}

fh_err fh_stamp_read_bare(struct fh_span bytes, struct fh_span message, struct fh_arena *a,
			  struct fh_stamp **out, struct fh_trace *t)
{
	struct reader r = { fh_cursor_of(bytes), bytes.n, a, t, 0 };

	if (bytes.n > FH_STAMP_FILE_MAX)
		return refuse(&r, FH_ERR_LIMIT, "it is too large");
	return read_tree(&r, message, out);
}

fh_err fh_stamp_read(struct fh_span file, struct fh_arena *a, struct fh_stamp_file *out,
		     struct fh_trace *t)
{
	struct reader r = { fh_cursor_of(file), file.n, a, t, 0 };
	struct fh_stamp_file f;

	if (file.n > FH_STAMP_FILE_MAX)
		return refuse(&r, FH_ERR_LIMIT, "it is too large");
	fh_cursor_expect(&r.in, fh_stamp_magic);
	if (fh_cursor_bad(&r.in))
		return refuse(&r, FH_ERR_FORMAT, "it does not begin as an OpenTimestamps proof");
	if (fh_cursor_u8(&r.in) != FH_STAMP_VERSION)
		return refuse(&r, FH_ERR_VERSION, "it has another major version than 1");
	f.op = (enum fh_stamp_op)fh_cursor_u8(&r.in);
	if (fh_stamp_op_digest_size(f.op) == 0)
		return refuse(&r, FH_ERR_UNKNOWN, "its file was hashed by no hash that is known");

	struct fh_span digest = fh_cursor_take(&r.in, fh_stamp_op_digest_size(f.op));

	if (fh_cursor_bad(&r.in))
		return refuse(&r, FH_ERR_FORMAT, "it ends in the middle");

	fh_err e = read_tree(&r, digest, &f.root);

	if (e == FH_ERR_OK)
		*out = f;
	return e;
}
