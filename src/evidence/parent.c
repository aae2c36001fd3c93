/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/parent.h"

#include "base/builder.h"

#include <string.h>

constexpr uint16_t alg_rsa = 0x0001;
constexpr uint16_t alg_aes = 0x0006;
constexpr uint16_t alg_null = 0x0010;
constexpr uint16_t alg_ecc = 0x0023;
constexpr uint16_t alg_cfb = 0x0043;

/* Part 2, clause 7.4.  */
constexpr uint32_t hierarchy_owner = 0x40000001;
constexpr uint32_t hierarchy_null = 0x40000007;
constexpr uint32_t hierarchy_endorsement = 0x4000000b;
constexpr uint32_t hierarchy_platform = 0x4000000c;

constexpr size_t area_max = 1024; /* RSA-4096: 630 */

/* Templates L-1 and L-2 (PolicyA), H-1, H-2, H-3, H-4 and H-6 (PolicyB: or by the
 * password of the key).  */
static const struct {
	enum fh_tpm_curve curve;
	size_t n; /* bytes of the modulus, or of half a point */
	enum fh_bank hash;
	uint32_t attributes;
	uint16_t aes_bits;
	const char *policy;
} templates[] = {
	{ FH_TPM_CURVE_NONE, 256, FH_BANK_SHA256, 0x000300b2, 128,
	  "\x83\x71\x97\x67\x44\x84\xb3\xf8\x1a\x90\xcc\x8d\x46\xa5\xd7\x24"
	  "\xfd\x52\xd7\x6e\x06\x52\x0b\x64\xf2\xa1\xda\x1b\x33\x14\x69\xaa" },
	{ FH_TPM_P256, 32, FH_BANK_SHA256, 0x000300b2, 128,
	  "\x83\x71\x97\x67\x44\x84\xb3\xf8\x1a\x90\xcc\x8d\x46\xa5\xd7\x24"
	  "\xfd\x52\xd7\x6e\x06\x52\x0b\x64\xf2\xa1\xda\x1b\x33\x14\x69\xaa" },
	{ FH_TPM_CURVE_NONE, 256, FH_BANK_SHA256, 0x000300f2, 128,
	  "\xca\x3d\x0a\x99\xa2\xb9\x39\x06\xf7\xa3\x34\x24\x14\xef\xcf\xb3"
	  "\xa3\x85\xd4\x4c\xd1\xfd\x45\x90\x89\xd1\x9b\x50\x71\xc0\xb7\xa0" },
	{ FH_TPM_P256, 32, FH_BANK_SHA256, 0x000300f2, 128,
	  "\xca\x3d\x0a\x99\xa2\xb9\x39\x06\xf7\xa3\x34\x24\x14\xef\xcf\xb3"
	  "\xa3\x85\xd4\x4c\xd1\xfd\x45\x90\x89\xd1\x9b\x50\x71\xc0\xb7\xa0" },
	{ FH_TPM_P384, 48, FH_BANK_SHA384, 0x000300f2, 256,
	  "\xb2\x6e\x7d\x28\xd1\x1a\x50\xbc\x53\xd8\x82\xbc\xf5\xfd\x3a\x1a"
	  "\x07\x41\x48\xbb\x35\xd3\xb4\xe4\xcb\x1c\x0a\xd9\xbd\xe4\x19\xca"
	  "\xcb\x47\xba\x09\x69\x96\x46\x15\x0f\x9f\xc0\x00\xf3\xf8\x0e\x12" },
	{ FH_TPM_P521, 66, FH_BANK_SHA512, 0x000300f2, 256,
	  "\xb8\x22\x1c\xa6\x9e\x85\x50\xa4\x91\x4d\xe3\xfa\xa6\xa1\x8c\x07"
	  "\x2c\xc0\x12\x08\x07\x3a\x92\x8d\x5d\x66\xd5\x9e\xf7\x9e\x49\xa4"
	  "\x29\xc4\x1a\x6b\x26\x95\x71\xd5\x7e\xdb\x25\xfb\xdb\x18\x38\x42"
	  "\x56\x08\xb4\x13\xcd\x61\x6a\x5f\x6d\xb5\xb6\x07\x1a\xf9\x9b\xea" },
	{ FH_TPM_CURVE_NONE, 384, FH_BANK_SHA384, 0x000300f2, 256,
	  "\xb2\x6e\x7d\x28\xd1\x1a\x50\xbc\x53\xd8\x82\xbc\xf5\xfd\x3a\x1a"
	  "\x07\x41\x48\xbb\x35\xd3\xb4\xe4\xcb\x1c\x0a\xd9\xbd\xe4\x19\xca"
	  "\xcb\x47\xba\x09\x69\x96\x46\x15\x0f\x9f\xc0\x00\xf3\xf8\x0e\x12" },
};
constexpr size_t templates_n = sizeof(templates) / sizeof(templates[0]);

static void put_vec16(struct fh_builder *b, struct fh_span s)
{
	fh_builder_be16(b, (uint16_t)s.n);
	fh_builder_bytes(b, s);
}

/* TPMT_PUBLIC of KEY by template ROW (part 2, clause 12.2.4).  */
static void put_area(struct fh_builder *b, size_t row, const struct fh_tpm_key *key)
{
	bool rsa = key->curve == FH_TPM_CURVE_NONE;

	fh_builder_be16(b, rsa ? alg_rsa : alg_ecc);
	fh_builder_be16(b, templates[row].hash);
	fh_builder_be32(b, templates[row].attributes);
	put_vec16(b, fh_span_of(templates[row].policy, fh_bank_size(templates[row].hash)));
	fh_builder_be16(b, alg_aes);
	fh_builder_be16(b, templates[row].aes_bits);
	fh_builder_be16(b, alg_cfb);
	fh_builder_be16(b, alg_null); /* scheme */
	if (rsa) {
		fh_builder_be16(b, (uint16_t)(key->n * 8));
		fh_builder_be32(b, 0); /* exponent: 65537 */
		put_vec16(b, fh_span_of(key->x, key->n));
	} else {
		fh_builder_be16(b, key->curve);
		fh_builder_be16(b, alg_null); /* kdf */
		put_vec16(b, fh_span_of(key->x, key->n));
		put_vec16(b, fh_span_of(key->y, key->n));
	}
}

/* The qualified name of the key NAME below PARENT, which is a qualified name or a
 * hierarchy's handle (part 1, clause 26.5).  Empty for a NAME without a known hash.  */
static struct fh_tpm_name qualify(struct fh_span parent, const struct fh_tpm_name *name)
{
	enum fh_bank hash = name->n < 2 ? FH_BANK_NONE
					: (enum fh_bank)(name->bytes[0] << 8 | name->bytes[1]);
	struct fh_tpm_name q = { 0 };
	struct fh_bank_hash h;

	if (!fh_bank_is_plain(hash))
		return q;
	fh_bank_hash_begin(&h, hash);
	fh_bank_hash_add(&h, parent);
	fh_bank_hash_add(&h, fh_tpm_name_span(name));
	struct fh_digest d = fh_bank_hash_end(&h);

	memcpy(q.bytes, name->bytes, 2);
	memcpy(q.bytes + 2, d.bytes, d.n);
	q.n = 2 + (size_t)d.n;
	return q;
}

static struct fh_tpm_name qualify_primary(uint32_t hierarchy, const struct fh_tpm_name *name)
{
	uint8_t handle[4];
	struct fh_builder b = FH_BUILDER_ARRAY(handle);

	fh_builder_be32(&b, hierarchy);
	return qualify(fh_builder_span(&b), name);
}

static bool is_primary(struct fh_span signer, uint32_t hierarchy, const struct fh_tpm_name *name)
{
	struct fh_tpm_name q = qualify_primary(hierarchy, name);

	return fh_span_equal(signer, fh_tpm_name_span(&q));
}

/* By template ROW.  */
static bool is_child(struct fh_span signer, const struct fh_tpm_name *name,
		     const struct fh_tpm_key *ek, size_t row)
{
	uint8_t room[area_max];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_tpm_public area;

	put_area(&b, row, ek);
	if (fh_tpm_public_read(fh_builder_span(&b), &area) != FH_ERR_OK)
		return false;
	struct fh_tpm_name parent = qualify_primary(hierarchy_endorsement, &area.name);
	struct fh_tpm_name q = qualify(fh_tpm_name_span(&parent), name);

	return fh_span_equal(signer, fh_tpm_name_span(&q));
}

enum fh_parent fh_parent_of(struct fh_span signer, const struct fh_tpm_name *name,
			    const struct fh_tpm_key *ek)
{
	if (name->n == 0)
		return FH_PARENT_UNKNOWN;
	for (size_t row = 0; ek != nullptr && row < templates_n; row++) {
		if (templates[row].curve == ek->curve && templates[row].n == ek->n &&
		    is_child(signer, name, ek, row))
			return FH_PARENT_ENDORSEMENT;
	}
	if (is_primary(signer, hierarchy_null, name))
		return FH_PARENT_NULL;
	if (is_primary(signer, hierarchy_owner, name))
		return FH_PARENT_OWNER;
	if (is_primary(signer, hierarchy_endorsement, name) ||
	    is_primary(signer, hierarchy_platform, name))
		return FH_PARENT_PRIMARY;
	return FH_PARENT_UNKNOWN;
}
