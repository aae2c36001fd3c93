/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm_public.h"

#include "base/cursor.h"
#include "codec/pem.h"

#include <string.h>

/* TPM 2.0 Library part 2, table 9.  */
constexpr uint16_t alg_rsa = 0x0001;
constexpr uint16_t alg_ecc = 0x0023;
constexpr uint16_t alg_null = 0x0010;
constexpr uint16_t alg_rsaes = 0x0015;
constexpr uint16_t alg_ecdaa = 0x001a;

constexpr uint32_t exponent_default = 0; /* stands for 65537, part 2, 12.2.3.5 */
constexpr uint32_t exponent_usual = 65537;
constexpr int bits_of_byte = 8;
constexpr uint8_t der_sequence = 0x30;

/* TPMT_SYM_DEF_OBJECT: what a storage key protects its children with.  */
static void skip_symmetric(struct fh_cursor *c)
{
	if (fh_cursor_be16(c) != alg_null)
		(void)fh_cursor_take(c, 2 + 2); /* keyBits, mode */
}

/* TPMT_RSA_SCHEME or TPMT_ECC_SCHEME.  */
static void read_scheme(struct fh_cursor *c, struct fh_tpm_public *p)
{
	p->scheme = fh_cursor_be16(c);
	if (p->scheme == alg_null || p->scheme == alg_rsaes)
		return;
	p->scheme_hash = (enum fh_bank)fh_cursor_be16(c);
	if (p->scheme == alg_ecdaa)
		(void)fh_cursor_be16(c); /* count */
}

/* One TPM2B of the key, on the right of N bytes at OUT.  */
static void read_part(struct fh_cursor *c, uint8_t *out, size_t n)
{
	struct fh_span part = fh_cursor_vec16(c, n);

	if (part.n > 0)
		memcpy(out + n - part.n, part.p, part.n);
	else
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

static void read_rsa(struct fh_cursor *c, struct fh_tpm_public *p)
{
	skip_symmetric(c);
	read_scheme(c, p);
	size_t bits = fh_cursor_be16(c);
	uint32_t exponent = fh_cursor_be32(c);

	p->key.n = bits / bits_of_byte;
	if (!fh_cursor_bad(c) &&
	    (bits % bits_of_byte != 0 || p->key.n < FH_TPM_RSA_MIN || p->key.n > FH_TPM_RSA_MAX ||
	     (exponent != exponent_default && exponent != exponent_usual)))
		fh_cursor_fail(c, FH_ERR_UNSUPPORTED);
	else
		read_part(c, p->key.x, p->key.n);
}

static void read_ecc(struct fh_cursor *c, struct fh_tpm_public *p)
{
	skip_symmetric(c);
	read_scheme(c, p);
	p->key.curve = (enum fh_tpm_curve)fh_cursor_be16(c);
	if (fh_cursor_be16(c) != alg_null) /* TPMT_KDF_SCHEME */
		(void)fh_cursor_be16(c);
	p->key.n = fh_tpm_curve_size(p->key.curve);
	if (!fh_cursor_bad(c) && p->key.n == 0)
		fh_cursor_fail(c, FH_ERR_UNSUPPORTED);
	read_part(c, p->key.x, p->key.n);
	read_part(c, p->key.y, p->key.n);
}

/* nameAlg, and the digest of the whole area (part 1, clause 16).  */
static void name_it(struct fh_span area, struct fh_tpm_public *p)
{
	struct fh_digest d = fh_bank_digest(p->name_hash, area);

	p->name.bytes[0] = (uint8_t)(p->name_hash >> bits_of_byte);
	p->name.bytes[1] = (uint8_t)p->name_hash;
	memcpy(p->name.bytes + 2, d.bytes, d.n);
	p->name.n = 2 + (size_t)d.n;
}

fh_err fh_tpm_public_read(struct fh_span bytes, struct fh_tpm_public *out)
{
	struct fh_tpm_public p = { .area = true };
	struct fh_cursor c = fh_cursor_of(bytes);
	uint16_t type = fh_cursor_be16(&c);

	if (bytes.n >= 2 && type == bytes.n - 2) { /* TPM2B_PUBLIC: its size first */
		bytes = fh_span_skip(bytes, 2);
		type = fh_cursor_be16(&c);
	}
	p.name_hash = (enum fh_bank)fh_cursor_be16(&c);
	p.attributes = fh_cursor_be32(&c);
	(void)fh_cursor_vec16(&c, FH_DIGEST_MAX); /* authPolicy */
	if (type == alg_rsa)
		read_rsa(&c, &p);
	else if (type == alg_ecc)
		read_ecc(&c, &p);
	else
		fh_cursor_fail(&c, FH_ERR_UNSUPPORTED);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_bank_is_plain(p.name_hash))
		return FH_ERR_UNSUPPORTED;
	name_it(bytes, &p);
	*out = p;
	return FH_ERR_OK;
}

static fh_err read_spki(struct fh_span der, struct fh_tpm_public *out)
{
	struct fh_tpm_public p = { 0 };
	fh_err e = fh_tpm_key_of_spki(der, &p.key);

	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

static fh_err read_pem(struct fh_span file, struct fh_tpm_public *out)
{
	uint8_t room[FH_TPM_PUBLIC_MAX];
	struct fh_builder bytes = FH_BUILDER_ARRAY(room);
	struct fh_cursor text = fh_cursor_of(file);
	struct fh_span label, der, more;
	fh_err e = fh_pem_next(&text, &bytes, &label, &der);

	if (e != FH_ERR_OK)
		return e == FH_ERR_MISSING ? FH_ERR_FORMAT : e;
	if (!fh_span_equal(label, FH_SPAN_LIT("PUBLIC KEY")))
		return FH_ERR_UNSUPPORTED;
	if (fh_pem_next(&text, &bytes, &label, &more) != FH_ERR_MISSING)
		return FH_ERR_FORMAT; /* which of them? */
	return read_spki(der, out);
}

fh_err fh_tpm_public_read_any(struct fh_span file, struct fh_tpm_public *out)
{
	if (file.n > FH_TPM_PUBLIC_MAX)
		return FH_ERR_LIMIT;
	if (fh_pem_is(file))
		return read_pem(file, out);
	/* A TPM2B_PUBLIC of 12 KiB would begin so; there is none.  */
	if (file.n > 0 && file.p[0] == der_sequence)
		return read_spki(file, out);
	return fh_tpm_public_read(file, out);
}
