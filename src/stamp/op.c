/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/op.h"

#include <string.h>

#include "base/builder.h"
#include "crypto/bank.h"
#include "crypto/legacy.h"

static const struct row {
	enum fh_stamp_op op;
	uint8_t digest; /* bytes, or 0 */
	bool argument;
	const char *name;
} rows[] = {
	{ FH_STAMP_SHA1, 20, false, "sha1" },
	{ FH_STAMP_RIPEMD160, FH_RIPEMD160_SIZE, false, "ripemd160" },
	{ FH_STAMP_SHA256, FH_HASH_SIZE, false, "sha256" },
	{ FH_STAMP_KECCAK256, FH_KECCAK256_SIZE, false, "keccak256" },
	{ FH_STAMP_APPEND, 0, true, "append" },
	{ FH_STAMP_PREPEND, 0, true, "prepend" },
	{ FH_STAMP_REVERSE, 0, false, "reverse" },
	{ FH_STAMP_HEXLIFY, 0, false, "hexlify" },
};

static const struct row *row_of(uint8_t tag)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].op == tag)
			return &rows[i];
	}
	return nullptr;
}

const char *fh_stamp_op_name(uint8_t tag)
{
	const struct row *r = row_of(tag);

	return r != nullptr ? r->name : nullptr;
}

bool fh_stamp_op_has_argument(enum fh_stamp_op op)
{
	const struct row *r = row_of(op);

	return r != nullptr && r->argument;
}

size_t fh_stamp_op_digest_size(enum fh_stamp_op op)
{
	const struct row *r = row_of(op);

	return r != nullptr ? r->digest : 0;
}

fh_err fh_stamp_op_digest(enum fh_stamp_op op, struct fh_span bytes, uint8_t *out)
{
	struct fh_digest sha1;
	struct fh_hash sha256;

	switch (op) {
	case FH_STAMP_SHA1:
		sha1 = fh_bank_digest(FH_BANK_SHA1, bytes);
		memcpy(out, sha1.bytes, sha1.n);
		return FH_ERR_OK;
	case FH_STAMP_RIPEMD160:
		fh_ripemd160(bytes, out);
		return FH_ERR_OK;
	case FH_STAMP_SHA256:
		sha256 = fh_hash_of(bytes);
		memcpy(out, sha256.bytes, FH_HASH_SIZE);
		return FH_ERR_OK;
	case FH_STAMP_KECCAK256:
		return fh_keccak256(bytes, out);
	default:
		return FH_ERR_UNKNOWN;
	}
}

static size_t result_size(enum fh_stamp_op op, size_t argument, size_t message)
{
	switch (op) {
	case FH_STAMP_APPEND:
	case FH_STAMP_PREPEND:
		return message + argument;
	case FH_STAMP_REVERSE:
		return message;
	case FH_STAMP_HEXLIFY:
		return 2 * message;
	default:
		return fh_stamp_op_digest_size(op);
	}
}

static fh_err fill(enum fh_stamp_op op, struct fh_span argument, struct fh_span message,
		   struct fh_builder *b)
{
	uint8_t digest[FH_HASH_SIZE];
	fh_err e = FH_ERR_OK;

	switch (op) {
	case FH_STAMP_APPEND:
		fh_builder_bytes(b, message);
		fh_builder_bytes(b, argument);
		break;
	case FH_STAMP_PREPEND:
		fh_builder_bytes(b, argument);
		fh_builder_bytes(b, message);
		break;
	case FH_STAMP_REVERSE:
		for (size_t i = message.n; i > 0; i--)
			fh_builder_u8(b, message.p[i - 1]);
		break;
	case FH_STAMP_HEXLIFY:
		fh_builder_hex(b, message);
		break;
	default:
		e = fh_stamp_op_digest(op, message, digest);
		fh_builder_bytes(b, fh_span_of(digest, fh_stamp_op_digest_size(op)));
	}
	return e;
}

fh_err fh_stamp_op_apply(enum fh_stamp_op op, struct fh_span argument, struct fh_span message,
			 struct fh_arena *a, struct fh_span *out)
{
	if (row_of(op) == nullptr)
		return FH_ERR_UNKNOWN;
	if (message.n > FH_STAMP_MESSAGE_MAX || argument.n > FH_STAMP_ARGUMENT_MAX)
		return FH_ERR_LIMIT;
	if (message.n == 0 || (argument.n > 0) != fh_stamp_op_has_argument(op))
		return FH_ERR_FORMAT;

	size_t n = result_size(op, argument.n, message.n);

	if (n > FH_STAMP_MESSAGE_MAX)
		return FH_ERR_LIMIT;

	struct fh_builder b = fh_builder_of(fh_arena_space(a, n), n);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;

	fh_err e = fill(op, argument, message, &b);

	return e != FH_ERR_OK ? e : fh_builder_end(&b, out);
}
