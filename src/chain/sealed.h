/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_SEALED_H
#define FH_CHAIN_SEALED_H

#include "base/secret.h"
#include "chain/statement.h"

/* The operator's answer to a request from a machine with a TPM
 * (docs/spec/ENROLMENT): statements sealed under a secret that only the TPM
 * with the stated endorsement key gives out, and only beside the stated
 * attestation key.  A machine that can take them in has both in one chip.  */

struct fh_sealed_answer {
	struct fh_hash chain_id; /* of the statements */
	struct fh_hash device;   /* whom it is for: the device id */
	struct fh_span object;   /* the credential: TPM2B_ID_OBJECT's content */
	struct fh_span seed;     /* the credential: TPM2B_ENCRYPTED_SECRET's content */
	struct fh_span head;     /* the bytes of all of the above: bound to the seal */
	struct fh_span sealed;   /* the statements, AES-256-GCM */
};

/* FILE claims to be an answer, of whatever version.  */
bool fh_sealed_answer_is(struct fh_span file);

/* Reads the form.  FH_ERR_VERSION for one of a newer version.  T may be
 * NULL.  */
fh_err fh_sealed_answer_read(struct fh_span file, struct fh_sealed_answer *out,
			     struct fh_trace *t);

/* Writes the answer: of A chain_id, device, object and seed are read.  PLAIN is a
 * list of statements.  SECRET is what the credential encloses, 32 fresh bytes
 * (FH_ERR_FORMAT otherwise): one seals one answer.  FH_ERR_LIMIT if it does not
 * fit B, or is above FH_SEALED_ANSWER_MAX.  */
fh_err fh_sealed_answer_put(struct fh_builder *b, const struct fh_sealed_answer *a,
			    const struct fh_secret *secret, struct fh_span plain);

/* Opens A and appends the list of statements to OUT.  FH_ERR_SIGNATURE if any
 * byte was altered or SECRET is another; FH_ERR_LIMIT if it does not fit.  */
fh_err fh_sealed_answer_open(const struct fh_sealed_answer *a, const struct fh_secret *secret,
			     struct fh_builder *out);

/* The list: its head for N statements; each is then a CBOR byte string.  */
void fh_statement_list_put(struct fh_builder *b, size_t n);

/* Reads LIST: 1 to MAX statement files, rising in sequence, into OUT; their
 * form is checked, and that they are of one chain.  */
fh_err fh_statement_list_read(struct fh_span list, const struct fh_hash *chain_id,
			      struct fh_span *out, size_t max, size_t *count);

#endif
