/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_X509_EK_H
#define FH_CRYPTO_X509_EK_H

#include "crypto/tpm_key.h"
#include "crypto/x509_roots.h"
#include "freehold/verdict.h"

/* The appraisal of an endorsement key's certificate (TCG EK Credential Profile
 * 2.5, section 3): that a maker says "this is a TPM of mine".  It says nothing
 * about which attestation key is in it.  */

constexpr size_t FH_X509_LINKS_MAX = 8; /* certificates between a key's and its root's */
constexpr size_t FH_EK_TEXT_MAX = 64;   /* of a name in the certificate, cut to that */

/* What is known of a chain being taken back; the least of what is known of its parts.  */
enum fh_revocation {
	FH_REVOCATION_UNCHECKED, /* no list of some issuer */
	FH_REVOCATION_STALE,     /* one of another time, or that is not the whole */
	FH_REVOCATION_CHECKED,   /* a list of each issuer, of that time, without it */
};
/* "revocation-unchecked", "revocation-stale", "revocation-checked"; and what to say of
 * it.  */
const char *fh_revocation_code(enum fh_revocation r);
void fh_revocation_tell(enum fh_revocation r, struct fh_trace *t);

struct fh_ek_claim {
	struct fh_span certificate;      /* DER; zeros may follow, as in a TPM's NV memory */
	const struct fh_span *links;     /* intermediates that came with it, DER */
	size_t links_n;
	const struct fh_tpm_key *key;    /* of the EK's public area, or NULL */
	uint64_t at_ms;                  /* when it has to be valid */
};

struct fh_ek_result {
	enum fh_answer answer;
	const char *code;                /* if no: stable, for programs */
	struct fh_trace why;             /* if no */
	struct fh_tpm_key key;           /* that is certified; zero if it could not be read */
	char manufacturer[FH_EK_TEXT_MAX]; /* as in the certificate: "id:49465800" */
	char model[FH_EK_TEXT_MAX];
	char version[FH_EK_TEXT_MAX];
	struct fh_x509_facts anchor;     /* if yes: the root it leads to; its maker takes the
					    whole chain into account */
	uint64_t from_ms, until_ms;      /* if yes: while all of the chain is valid */
	enum fh_revocation revocation;   /* if yes */
};

/* FH_ERR_CRYPTO, FH_ERR_NOMEM: could not tell; whatever is wrong with the claim is
 * an answer.  */
fh_err fh_ek_appraise(const struct fh_x509_roots *roots, const struct fh_ek_claim *claim,
		      struct fh_ek_result *out);

#endif
