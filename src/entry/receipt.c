/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/receipt.h"

#include "codec/cbor.h"
#include "codec/cose.h"
#include "crypto/signature.h"

/* Labels of RFC 9052, section 3.1, and of RFC 9942, sections 2 and 4.  */
constexpr uint64_t label_algorithm = 1;
constexpr uint64_t label_key_id = 4;
constexpr uint64_t label_structure = 395; /* vds: what kind of tree */
constexpr uint64_t label_proofs = 396;    /* vdp */
constexpr uint64_t rfc9162_sha256 = 1;
constexpr int64_t label_inclusion = -1;

constexpr size_t protected_max = 64;
constexpr size_t proof_max = FH_PROOF_MAX * (FH_HASH_SIZE + 2) + 32;
constexpr size_t signed_root_members = 5;

/* {alg: ML-DSA-65, kid: session, vds: RFC9162_SHA256}.  That the kid is protected
 * keeps what this key signs here apart from every COSE signature of other keys.  */
static void put_protected(struct fh_builder *b, const struct fh_hash *session)
{
	fh_cbor_put_map(b, 3);
	fh_cbor_put_uint(b, label_algorithm);
	fh_cbor_put_int(b, FH_COSE_ML_DSA_65);
	fh_cbor_put_uint(b, label_key_id);
	fh_cbor_put_hash(b, session);
	fh_cbor_put_uint(b, label_structure);
	fh_cbor_put_uint(b, rfc9162_sha256);
}

static void put_protected_bytes(struct fh_builder *b, const struct fh_hash *session)
{
	uint8_t bytes[protected_max];
	struct fh_builder header = FH_BUILDER_ARRAY(bytes);

	put_protected(&header, session);
	fh_cbor_put_bytes(b, fh_builder_span(&header));
}

void fh_receipt_put_signed(struct fh_builder *b, const struct fh_hash *session, struct fh_span root)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_text(b, FH_SPAN_LIT("Signature1"));
	put_protected_bytes(b, session);
	fh_cbor_put_bytes(b, (struct fh_span){ 0 });
	fh_cbor_put_bytes(b, root);
}

/* [tree-size, leaf-index, [hash ...]] as the bytes that RFC 9942 wraps it in.  */
static void put_inclusion(struct fh_builder *b, const struct fh_receipt *r)
{
	uint8_t bytes[proof_max];
	struct fh_builder proof = FH_BUILDER_ARRAY(bytes);

	fh_cbor_put_array(&proof, 3);
	fh_cbor_put_uint(&proof, r->size);
	fh_cbor_put_uint(&proof, r->index);
	fh_cbor_put_array(&proof, r->proof.n);
	for (size_t i = 0; i < r->proof.n; i++)
		fh_cbor_put_hash(&proof, &r->proof.hash[i]);
	if (proof.bad)
		b->bad = true;
	fh_cbor_put_bytes(b, fh_builder_span(&proof));
}

void fh_receipt_put(struct fh_builder *b, const struct fh_receipt *r)
{
	if (r->proof.n == 0 || r->proof.n > FH_PROOF_MAX) {
		b->bad = true;
		return;
	}
	fh_cbor_put_tag(b, FH_COSE_SIGN1_TAG);
	fh_cbor_put_array(b, 4);
	put_protected_bytes(b, &r->session);
	fh_cbor_put_map(b, 1);
	fh_cbor_put_uint(b, label_proofs);
	fh_cbor_put_map(b, 1);
	fh_cbor_put_int(b, label_inclusion);
	fh_cbor_put_array(b, 1);
	put_inclusion(b, r);
	fh_cbor_put_null(b);
	fh_cbor_put_bytes(b, r->signature);
}

static struct fh_hash read_protected(struct fh_cursor *c)
{
	struct fh_cursor header = fh_cursor_of(fh_cbor_bytes(c, protected_max));

	fh_cbor_map_exact(&header, 3);
	fh_cbor_key(&header, label_algorithm);
	if (fh_cbor_int(&header) != FH_COSE_ML_DSA_65)
		fh_cursor_fail(&header, FH_ERR_FORMAT);
	fh_cbor_key(&header, label_key_id);
	struct fh_hash session = fh_cbor_hash(&header);

	fh_cbor_key(&header, label_structure);
	if (fh_cbor_uint(&header) != rfc9162_sha256)
		fh_cursor_fail(&header, FH_ERR_FORMAT);
	if (fh_cursor_end(&header) != FH_ERR_OK)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return session;
}

static void read_inclusion(struct fh_cursor *c, struct fh_receipt *r)
{
	struct fh_cursor proof = fh_cursor_of(fh_cbor_bytes(c, proof_max));

	fh_cbor_array_exact(&proof, 3);
	r->size = fh_cbor_uint(&proof);
	r->index = fh_cbor_uint(&proof);
	r->proof.n = fh_cbor_array(&proof, FH_PROOF_MAX);
	for (size_t i = 0; i < r->proof.n; i++)
		r->proof.hash[i] = fh_cbor_hash(&proof);
	if (fh_cursor_end(&proof) != FH_ERR_OK || r->proof.n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

fh_err fh_receipt_read(struct fh_span bytes, struct fh_receipt *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_receipt r = { 0 };

	fh_cbor_tag(&c, FH_COSE_SIGN1_TAG);
	fh_cbor_array_exact(&c, 4);
	r.session = read_protected(&c);
	fh_cbor_map_exact(&c, 1);
	fh_cbor_key(&c, label_proofs);
	fh_cbor_map_exact(&c, 1);
	if (fh_cbor_int(&c) != label_inclusion)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_cbor_array_exact(&c, 1);
	read_inclusion(&c, &r);
	if (!fh_cbor_null(&c))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	r.signature = fh_cbor_bytes_exact(&c, FH_MLDSA65_SIGNATURE_SIZE);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = r;
	return e;
}

void fh_signed_root_put(struct fh_builder *b, const struct fh_signed_root *s)
{
	fh_cbor_put_array(b, signed_root_members);
	fh_cbor_put_uint(b, FH_SIGNED_ROOT_VERSION);
	fh_cbor_put_uint(b, s->size);
	fh_cbor_put_hash(b, &s->root);
	fh_cbor_put_hash(b, &s->session);
	fh_cbor_put_bytes(b, s->signature);
}

fh_err fh_signed_root_read(struct fh_span bytes, struct fh_signed_root *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_signed_root s = { 0 };

	fh_cbor_array_exact(&c, signed_root_members);
	if (fh_cbor_uint(&c) != FH_SIGNED_ROOT_VERSION && !fh_cursor_bad(&c))
		return FH_ERR_VERSION;
	s.size = fh_cbor_uint(&c);
	s.root = fh_cbor_hash(&c);
	s.session = fh_cbor_hash(&c);
	s.signature = fh_cbor_bytes_exact(&c, FH_MLDSA65_SIGNATURE_SIZE);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}
