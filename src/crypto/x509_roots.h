/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_X509_ROOTS_H
#define FH_CRYPTO_X509_ROOTS_H

#include "base/trace.h"
#include "crypto/hash.h"
#include "freehold/error.h"

/* The certificates that an operator trusts to endorse TPMs, and what is known
 * about each.  Nothing is trusted by default: not even a maker's root that is
 * recognised here.  */

constexpr size_t FH_X509_MAX = 16 << 10;  /* one certificate in DER; EK ones take 1 to 2 KiB */
constexpr size_t FH_X509_ROOTS_MAX = 1024; /* certificates of one store; makers have 170 */
constexpr size_t FH_X509_NAME_MAX = 128;  /* of a name for people, cut to that */

/* Who stands behind a root.  Part of formats: append.  */
enum fh_x509_maker {
	FH_X509_MAKER_UNKNOWN = 0,    /* whoever the operator says */
	FH_X509_MAKER_CHIP = 1,       /* a maker of TPMs, recognised by SHA-256 */
	FH_X509_MAKER_SIMULATOR = 2,  /* a software TPM's, by its name */
	FH_X509_MAKER_HYPERVISOR = 3, /* a cloud's virtual TPM's, by its name */
};
/* "unknown", "chip", "simulator", "hypervisor".  */
const char *fh_x509_maker_text(enum fh_x509_maker m);

struct fh_x509_facts {
	struct fh_hash sha256;            /* of the DER */
	char name[FH_X509_NAME_MAX];      /* its subject's common name, or all of it; printable */
	char issuer[FH_X509_NAME_MAX];
	uint64_t from_ms, until_ms;       /* validity */
	bool authority;                   /* says that it may issue (basicConstraints) */
	bool self_signed;                 /* and its signature is right; not told of an anchor */
	enum fh_x509_maker maker;
	const char *vendor;               /* the chip's maker, if recognised; else NULL */
};

/* What DER, a certificate with nothing behind it, says.  FH_ERR_FORMAT.  */
fh_err fh_x509_describe(struct fh_span der, struct fh_x509_facts *out);

/* A set of certificates prepared for many appraisals.  Drop it.  What is
 * self-signed, recognised, or issued by none of the others is an anchor; the rest
 * are links.  */
struct fh_x509_roots {
	void *store; /* OpenSSL's, with the anchors */
	void *links; /* OpenSSL's stack */
	void *crls;  /* OpenSSL's stack, or NULL */
	size_t anchors;
};

/* FH_ERR_FORMAT for what is no certificate or no authority (T names which),
 * FH_ERR_LIMIT for too many.  */
fh_err fh_x509_roots_new(const struct fh_span *der, size_t n, struct fh_x509_roots *out,
			 struct fh_trace *t);
void fh_x509_roots_drop(struct fh_x509_roots *r);

/* Adds a list of revoked certificates (RFC 5280) in DER, with nothing behind it.  Whose it
 * is, and whether it is signed, shows when a certificate of that issuer is appraised.
 * FH_ERR_FORMAT, FH_ERR_LIMIT.  */
constexpr size_t FH_X509_CRL_MAX = 1 << 20; /* one list in DER */
constexpr size_t FH_X509_CRLS_MAX = 256;
fh_err fh_x509_roots_revoke(struct fh_x509_roots *r, struct fh_span der);

/* What is known about such a list.  */
struct fh_x509_list {
	struct fh_hash sha256;         /* of the DER */
	char issuer[FH_X509_NAME_MAX]; /* printable */
	uint64_t from_ms;              /* thisUpdate */
	uint64_t until_ms;             /* nextUpdate; 0 if it does not say */
	size_t revoked;                /* certificates on it */
	bool known;                    /* one of the roots has signed it, */
	struct fh_hash by;             /* whose SHA-256 this is */
	bool entitled;                 /* which may make lists, by its own certificate */
	bool whole;                    /* of all that its issuer took back */
};

/* What DER says, and whether it is by one of R's certificates.  FH_ERR_FORMAT for what is no
 * list, or has something behind it; FH_ERR_LIMIT.  */
fh_err fh_x509_list_describe(const struct fh_x509_roots *r, struct fh_span der,
			     struct fh_x509_list *out);

/* DER, one of R's, is only a link to another.  */
bool fh_x509_is_link(const struct fh_x509_roots *r, struct fh_span der);

#endif
