/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

constexpr size_t salt_size = 16;
constexpr size_t key_size = 32;
constexpr uint32_t kib_per_lane_min = 8; /* RFC 9106 section 3.1 */

struct kdf_context {
	EVP_KDF *kind;
	EVP_KDF_CTX *p;
};

static void kdf_context_drop(struct kdf_context *c)
{
	EVP_KDF_CTX_free(c->p);
	EVP_KDF_free(c->kind);
	*c = (struct kdf_context){ 0 };
}

static fh_err cost_check(struct fh_argon2 cost)
{
	if (cost.memory_kib > FH_ARGON2_MAX.memory_kib || cost.passes > FH_ARGON2_MAX.passes ||
	    cost.lanes > FH_ARGON2_MAX.lanes)
		return FH_ERR_LIMIT;
	if (cost.passes == 0 || cost.lanes == 0 || cost.memory_kib < kib_per_lane_min * cost.lanes)
		return FH_ERR_FORMAT;
	return FH_ERR_OK;
}

fh_err fh_argon2id(struct fh_span passphrase, struct fh_span salt, struct fh_argon2 cost,
		   struct fh_secret *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(kdf_context) c = { 0 };
	FH_OWN(fh_secret) made = { .n = key_size };
	fh_err e = salt.n == salt_size ? cost_check(cost) : FH_ERR_FORMAT;

	if (e != FH_ERR_OK)
		return e;
	/* One thread works through all lanes: the result is the same, and no
	 * thread of OpenSSL's runs in a process that is confined.  */
	uint32_t threads = 1;
	void *password = passphrase.n == 0 ? (void *)"" : (void *)passphrase.p;
	OSSL_PARAM with[] = {
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password, passphrase.n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt.p, salt.n),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ARGON2_MEMCOST, &cost.memory_kib),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &cost.passes),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ARGON2_LANES, &cost.lanes),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_THREADS, &threads),
		OSSL_PARAM_construct_end(),
	};

	c.kind = EVP_KDF_fetch(nullptr, "ARGON2ID", nullptr);
	c.p = c.kind == nullptr ? nullptr : EVP_KDF_CTX_new(c.kind);
	if (c.p == nullptr || EVP_KDF_derive(c.p, made.bytes, made.n, with) != 1)
		return FH_ERR_CRYPTO;
	*out = made;
	return FH_ERR_OK;
}
