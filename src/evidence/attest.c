/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/attest.h"

#include "base/cursor.h"

#include <string.h>

constexpr size_t name_max = 2 + FH_DIGEST_MAX; /* TPM2B_NAME */
constexpr int bits_of_byte = 8;
constexpr size_t select_max = FH_PCRS_MAX / 8; /* sizeofSelect */
constexpr uint8_t der_sequence = 0x30;
constexpr uint8_t der_integer = 0x02;
constexpr uint8_t der_long_1 = 0x81; /* one byte of length follows */
constexpr uint8_t high_bit = 0x80;

/* --- TPMS_ATTEST -------------------------------------------------------------- */

/* TPMS_CLOCK_INFO.  */
static void read_clock(struct fh_cursor *c, struct fh_attest *a)
{
	a->clock = fh_cursor_be64(c);
	a->resets = fh_cursor_be32(c);
	a->restarts = fh_cursor_be32(c);
	uint8_t safe = fh_cursor_u8(c);

	if (safe > 1)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	a->safe = safe == 1;
}

/* TPML_PCR_SELECTION.  */
static void read_selection(struct fh_cursor *c, struct fh_pcr_selection *s)
{
	uint32_t n = fh_cursor_be32(c);

	if (n > FH_TPM_SELECTIONS_MAX)
		fh_cursor_fail(c, FH_ERR_LIMIT);
	for (uint32_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		uint16_t hash = fh_cursor_be16(c);
		size_t size = fh_cursor_u8(c);
		struct fh_span select = fh_cursor_take(c, size <= select_max ? size : SIZE_MAX);
		uint32_t mask = 0;

		for (size_t k = 0; k < select.n; k++)
			mask |= (uint32_t)select.p[k] << (k * bits_of_byte);
		s->bank[i].hash = hash;
		s->bank[i].mask = mask;
		s->n = i + 1;
	}
}

/* What differs by type: TPMU_ATTEST.  */
static void read_body(struct fh_cursor *c, struct fh_attest *a)
{
	switch (a->type) {
	case FH_ATTEST_QUOTE:
		read_selection(c, &a->select);
		a->digest = fh_cursor_vec16(c, FH_DIGEST_MAX);
		return;
	case FH_ATTEST_CERTIFY:
		a->name = fh_cursor_vec16(c, name_max);
		a->qualified = fh_cursor_vec16(c, name_max);
		return;
	case FH_ATTEST_CREATION:
		a->name = fh_cursor_vec16(c, name_max);
		a->digest = fh_cursor_vec16(c, FH_DIGEST_MAX);
		return;
	case FH_ATTEST_NV:
		a->name = fh_cursor_vec16(c, name_max);
		a->offset = fh_cursor_be16(c);
		a->contents = fh_cursor_vec16(c, FH_ATTEST_MAX);
		return;
	case FH_ATTEST_NV_DIGEST:
		a->name = fh_cursor_vec16(c, name_max);
		a->digest = fh_cursor_vec16(c, FH_DIGEST_MAX);
		return;
	case FH_ATTEST_COMMAND_AUDIT:
		(void)fh_cursor_be64(c); /* auditCounter */
		(void)fh_cursor_be16(c); /* digestAlg */
		a->digest = fh_cursor_vec16(c, FH_DIGEST_MAX);
		(void)fh_cursor_vec16(c, FH_DIGEST_MAX); /* commandDigest */
		return;
	case FH_ATTEST_SESSION_AUDIT:
		(void)fh_cursor_u8(c); /* exclusiveSession */
		a->digest = fh_cursor_vec16(c, FH_DIGEST_MAX);
		return;
	case FH_ATTEST_TIME: {
		struct fh_attest now = { 0 }; /* the same clock, once more */

		(void)fh_cursor_be64(c); /* time since the last reset */
		read_clock(c, &now);
		(void)fh_cursor_be64(c); /* firmwareVersion */
		return;
	}
	default:
		fh_cursor_fail(c, FH_ERR_UNSUPPORTED);
	}
}

fh_err fh_attest_read(struct fh_span bytes, struct fh_attest *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_attest a = { 0 };

	if (bytes.n > FH_ATTEST_MAX)
		return FH_ERR_LIMIT;
	if (fh_cursor_be32(&c) != FH_TPM_GENERATED)
		return FH_ERR_UNKNOWN;
	a.type = (enum fh_attest_type)fh_cursor_be16(&c);
	a.signer = fh_cursor_vec16(&c, name_max);
	a.extra = fh_cursor_vec16(&c, FH_TPM_EXTRA_MAX);
	read_clock(&c, &a);
	a.firmware = fh_cursor_be64(&c);
	read_body(&c, &a);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}

/* --- selections --------------------------------------------------------------- */

size_t fh_pcr_selection_count(const struct fh_pcr_selection *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += (size_t)__builtin_popcount(s->bank[i].mask);
	return n;
}

/* Index of the first entry from I on that selects something.  */
static size_t next_of(const struct fh_pcr_selection *s, size_t i)
{
	while (i < s->n && s->bank[i].mask == 0)
		i++;
	return i;
}

enum fh_bank fh_pcr_selection_bank(const struct fh_pcr_selection *s, uint32_t *mask)
{
	size_t i = next_of(s, 0);

	if (i == s->n || next_of(s, i + 1) < s->n || fh_bank_size(s->bank[i].hash) == 0)
		return FH_BANK_NONE;
	*mask = s->bank[i].mask;
	return (enum fh_bank)s->bank[i].hash;
}

bool fh_pcr_selection_equal(const struct fh_pcr_selection *a, const struct fh_pcr_selection *b)
{
	size_t i = next_of(a, 0), k = next_of(b, 0);

	while (i < a->n && k < b->n) {
		if (a->bank[i].hash != b->bank[k].hash || a->bank[i].mask != b->bank[k].mask)
			return false;
		i = next_of(a, i + 1);
		k = next_of(b, k + 1);
	}
	return i == a->n && k == b->n;
}

void fh_pcr_selection_describe(struct fh_builder *b, const struct fh_pcr_selection *s)
{
	size_t first = next_of(s, 0);

	for (size_t i = first; i < s->n; i = next_of(s, i + 1)) {
		const char *name = fh_bank_name((enum fh_bank)s->bank[i].hash);
		char separator = ':';

		if (i > first)
			fh_builder_u8(b, '+');
		if (name != nullptr)
			fh_builder_text(b, name);
		else
			fh_builder_decimal(b, s->bank[i].hash);
		for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
			if ((s->bank[i].mask & 1U << pcr) == 0)
				continue;
			fh_builder_u8(b, (uint8_t)separator);
			fh_builder_decimal(b, pcr);
			separator = ',';
		}
	}
}

/* --- TPMT_SIGNATURE ------------------------------------------------------------ */

static struct fh_span without_zeros(struct fh_span number)
{
	while (number.n > 1 && number.p[0] == 0)
		number = fh_span_skip(number, 1);
	return number;
}

static void put_integer(struct fh_builder *b, struct fh_span number)
{
	bool pad = number.n > 0 && (number.p[0] & high_bit) != 0;

	fh_builder_u8(b, der_integer);
	fh_builder_u8(b, (uint8_t)(number.n + pad));
	if (pad)
		fh_builder_u8(b, 0);
	fh_builder_bytes(b, number);
}

/* R and S as Ecdsa-Sig-Value (RFC 3279, section 2.2.3).  */
static void put_ecdsa(struct fh_builder *b, struct fh_span r, struct fh_span s)
{
	uint8_t room[2 * (2 + 1 + FH_TPM_POINT_MAX)];
	struct fh_builder numbers = FH_BUILDER_ARRAY(room);

	put_integer(&numbers, without_zeros(r));
	put_integer(&numbers, without_zeros(s));
	fh_builder_u8(b, der_sequence);
	if (numbers.n >= high_bit)
		fh_builder_u8(b, der_long_1);
	fh_builder_u8(b, (uint8_t)numbers.n);
	fh_builder_bytes(b, fh_builder_span(&numbers));
}

/* TPMU_SIGNATURE, by its scheme.  */
static void read_signature(struct fh_cursor *c, const struct fh_tpm_key *key,
			   struct fh_tpm_signature *s)
{
	struct fh_builder b = FH_BUILDER_ARRAY(s->bytes);
	bool rsa = key->curve == FH_TPM_CURVE_NONE;

	s->scheme = fh_cursor_be16(c);
	s->hash = fh_cursor_be16(c);
	if (rsa && (s->scheme == FH_TPM_RSASSA || s->scheme == FH_TPM_RSAPSS)) {
		fh_builder_bytes(&b, fh_cursor_vec16(c, FH_TPM_RSA_MAX));
	} else if (!rsa && s->scheme == FH_TPM_ECDSA) {
		struct fh_span r = fh_cursor_vec16(c, FH_TPM_POINT_MAX);

		put_ecdsa(&b, r, fh_cursor_vec16(c, FH_TPM_POINT_MAX));
	} else {
		fh_cursor_fail(c, FH_ERR_UNSUPPORTED);
	}
	s->n = b.n;
}

fh_err fh_tpm_signature_read(struct fh_span bytes, const struct fh_tpm_key *key,
			     struct fh_tpm_signature *out)
{
	bool rsa = key->curve == FH_TPM_CURVE_NONE;
	struct fh_tpm_signature s = { 0 };
	struct fh_cursor c = fh_cursor_of(bytes);

	if (bytes.n > FH_TPM_SIGNATURE_MAX)
		return FH_ERR_LIMIT;
	/* A TPMT_SIGNATURE is longer than the modulus, and begins with no 0x30.  */
	if (rsa ? bytes.n == key->n : bytes.n > 0 && bytes.p[0] == der_sequence) {
		struct fh_span plain = fh_cursor_take(&c, bytes.n <= sizeof(s.bytes) ? bytes.n
										     : SIZE_MAX);

		if (plain.n > 0)
			memcpy(s.bytes, plain.p, plain.n);
		s.n = plain.n;
	} else {
		read_signature(&c, key, &s);
	}
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}
