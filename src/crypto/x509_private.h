/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_X509_PRIVATE_H
#define FH_CRYPTO_X509_PRIVATE_H

#include "crypto/openssl_private.h"
#include "crypto/x509_roots.h"

#include "crypto/x509_ek.h"

#include <openssl/x509.h>

/* What the files about certificates share.  */

struct fh_x509 {
	X509 *p;
};

static inline void fh_x509_drop(struct fh_x509 *c)
{
	X509_free(c->p);
	c->p = nullptr;
}

/* The certificate at the beginning of DER; *N is its length.  NULL if there is
 * none.  */
X509 *fh_x509_parse(struct fh_span der, size_t *n);

/* Names, validity and role of C, without what takes hashing or a signature.
 * FH_ERR_FORMAT if a time cannot be read.  */
fh_err fh_x509_facts_of(X509 *c, struct fh_x509_facts *out);

/* Adds C's SHA-256 and its maker.  */
void fh_x509_recognise(const X509 *c, struct fh_x509_facts *f);

/* NAME's common name, or all of it: cut, and printable.  */
void fh_x509_name_text(const X509_NAME *name, char out[FH_X509_NAME_MAX]);

/* T in Unix milliseconds; before 1970 is 1970.  Years up to 9999 fit.  */
bool fh_x509_time(const ASN1_TIME *t, uint64_t *out);

/* What the lists of ROOTS say of CHAIN, an endorsement key's certificate first and its
 * anchor last, at AT_MS; *TAKEN is the first that one of them has, or NULL.  */
enum fh_revocation fh_x509_revocation(const struct fh_x509_roots *roots,
				      const STACK_OF(X509) *chain, uint64_t at_ms,
				      const X509 **taken);
void fh_x509_crls_drop(void *crls);

/* A software TPM's or a hypervisor's maker, if TEXT is named like one.  */
enum fh_x509_maker fh_x509_maker_named(const char *text);

#endif
