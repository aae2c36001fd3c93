/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor/node_private.h"
#include "codec/cbor.h"
#include "codec/lookup.h"
#include "stamp/transaction.h"

constexpr size_t parameters_max = 2 * FH_TRANSACTION_MAX + 64;

/* ["HEX"] */
static fh_err put_raw(struct fh_builder *b, struct fh_span raw, struct fh_span *out)
{
	fh_builder_text(b, "[\"");
	fh_builder_hex(b, raw);
	fh_builder_text(b, "\"]");
	return fh_builder_end(b, out);
}

/* Calls METHOD with RAW; the member NAME of the result, or all of it, is hex of *OUT
 * in A.  */
static fh_err call_raw(struct fh_node *n, const char *method, struct fh_span raw,
		       struct fh_arena *a, struct fh_span *result, struct fh_span *out,
		       struct fh_trace *t)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(a, parameters_max), parameters_max);
	struct fh_span parameters, hex;
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : put_raw(&b, raw, &parameters);

	if (e == FH_ERR_OK)
		e = fh_node_call(n, method, parameters, result, t);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_node_text(*result, &hex) && !fh_node_text_of(*result, "hex", &hex))
		return fh_node_nonsense(t, method);
	return fh_node_read_bytes(hex, a, out);
}

static fh_err create(struct fh_node *n, const struct fh_hash *commitment, struct fh_arena *a,
		     struct fh_span *raw, struct fh_trace *t)
{
	uint8_t room[128];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span result, hex;

	fh_builder_text(&b, "[[],{\"data\":\"");
	fh_builder_hex(&b, fh_hash_span(commitment));
	fh_builder_text(&b, "\"}]");

	fh_err e = fh_node_call(n, "createrawtransaction", fh_builder_span(&b), &result, t);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_node_text(result, &hex))
		return fh_node_nonsense(t, "createrawtransaction");
	return fh_node_read_bytes(hex, a, raw);
}

static fh_err fund(struct fh_node *n, uint64_t fee_max, struct fh_arena *a, struct fh_span *raw,
		   uint64_t *fee, struct fh_trace *t)
{
	struct fh_span result;
	fh_err e = call_raw(n, "fundrawtransaction", *raw, a, &result, raw, t);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_node_amount_of(result, "fee", fee))
		return fh_node_nonsense(t, "fundrawtransaction");
	if (*fee > fee_max) {
		fh_trace_what(t, "it would pay a fee of %llu satoshi, and at most %llu are allowed",
			      (unsigned long long)*fee, (unsigned long long)fee_max);
		fh_trace_cure(t, "wait until fees are lower, or allow it with --fee-max");
		return FH_ERR_LIMIT;
	}
	return FH_ERR_OK;
}

static fh_err sign(struct fh_node *n, struct fh_arena *a, struct fh_span *raw, struct fh_trace *t)
{
	struct fh_span result, signed_raw;
	fh_err e = call_raw(n, "signrawtransactionwithwallet", *raw, a, &result, &signed_raw, t);

	/* Before Bitcoin Core 0.17 it had this name.  */
	if (e == FH_ERR_UNKNOWN)
		e = call_raw(n, "signrawtransaction", *raw, a, &result, &signed_raw, t);
	if (e != FH_ERR_OK)
		return e;

	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(result, "complete"));

	if (!fh_cbor_bool(&c) || fh_cursor_bad(&c)) {
		fh_trace_what(t, "its wallet cannot sign the transaction");
		fh_trace_cure(t, "unlock the wallet");
		return FH_ERR_STATE;
	}
	*raw = signed_raw;
	return FH_ERR_OK;
}

fh_err fh_node_pay(struct fh_node *n, const struct fh_hash *commitment, uint64_t fee_max,
		   struct fh_arena *a, struct fh_node_payment *out, struct fh_trace *t)
{
	struct fh_node_payment p;
	fh_err e = create(n, commitment, a, &p.raw, t);

	if (e == FH_ERR_OK)
		e = fund(n, fee_max, a, &p.raw, &p.fee, t);
	if (e == FH_ERR_OK)
		e = sign(n, a, &p.raw, t);
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

fh_err fh_node_send(struct fh_node *n, struct fh_span raw, struct fh_arena *a, struct fh_trace *t)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(a, parameters_max), parameters_max);
	struct fh_span parameters, result;
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : put_raw(&b, raw, &parameters);

	return e != FH_ERR_OK ? e : fh_node_call(n, "sendrawtransaction", parameters, &result, t);
}
