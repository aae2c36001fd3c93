/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_OPENSSL_PRIVATE_H
#define FH_CRYPTO_OPENSSL_PRIVATE_H

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "base/span.h"
#include "freehold/error.h"

/* What all files here that use OpenSSL's EVP have in common; only files of
 * crypto/ include it.  */

/* One use of OpenSSL.  Opened first in a function and closed by leaving it:
 * no configuration file is ever loaded, and no error stays behind in the
 * thread's queue, where a later TLS call would take it for its own.  */
struct fh_openssl {
	bool open; /* a mark is set in the error queue */
};

static inline struct fh_openssl fh_openssl_begin(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
	return (struct fh_openssl){ ERR_set_mark() == 1 };
}

static inline void fh_openssl_drop(struct fh_openssl *o)
{
	if (o->open)
		ERR_pop_to_mark();
	else
		ERR_clear_error();
	o->open = false;
}

/* OpenSSL answers "no" also when it ran out of memory, which is "could not
 * tell" for us.  */
static inline bool fh_openssl_out_of_memory(void)
{
	return ERR_count_to_mark() > 0 &&
	       ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

/* Owned objects: FH_OWN(fh_pkey) k = { EVP_PKEY_new() }.  */
struct fh_pkey {
	EVP_PKEY *p;
};

static inline void fh_pkey_drop(struct fh_pkey *k)
{
	EVP_PKEY_free(k->p);
	k->p = nullptr;
}

struct fh_pkey_context {
	EVP_PKEY_CTX *p;
};

static inline void fh_pkey_context_drop(struct fh_pkey_context *c)
{
	EVP_PKEY_CTX_free(c->p);
	c->p = nullptr;
}

struct fh_cipher_context {
	EVP_CIPHER_CTX *p;
};

static inline void fh_cipher_context_drop(struct fh_cipher_context *c)
{
	EVP_CIPHER_CTX_free(c->p);
	c->p = nullptr;
}

struct fh_md {
	EVP_MD *p;
};

static inline void fh_md_drop(struct fh_md *m)
{
	EVP_MD_free(m->p);
	m->p = nullptr;
}

/* The digest of BYTES by OpenSSL's METHOD, which is SIZE bytes long.
 * FH_ERR_UNSUPPORTED where its build leaves the method out.  */
fh_err fh_openssl_digest(const char *method, struct fh_span bytes, size_t size, uint8_t *out);

struct fh_tpm_key;

/* KEY as tpm_key.h has it; FH_ERR_UNSUPPORTED for another kind.  */
fh_err fh_tpm_key_of_pkey(const EVP_PKEY *key, struct fh_tpm_key *out);

#endif
