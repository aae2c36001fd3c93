/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VAULT_OPERATOR_KEY_H
#define FH_VAULT_OPERATOR_KEY_H

#include "base/arena.h"
#include "base/own.h"
#include "chain/body.h"
#include "crypto/kdf.h"
#include "crypto/sign.h"

/* The operator key: one 32-byte seed from which the ML-DSA-65 key, its P-256
 * companion and the recipient of what is encrypted to the operator are all
 * derived.  It is kept in a file that a passphrase opens (Argon2id and
 * AES-256-GCM), away from the governed machine where possible; the daemon never
 * opens it.  Format: docs/spec/KEYS.  */

/* Largest key file; ours are about 3.4 KiB.  */
constexpr size_t FH_OPERATOR_KEY_FILE_MAX = 8192;
constexpr size_t FH_PASSPHRASE_MAX = 1024; /* bytes of a passphrase */
constexpr size_t FH_PASSPHRASE_MIN = 8;    /* for a new key: shorter ones are guessed */

/* What is public about an operator key.  */
struct fh_operator_public {
	struct fh_public_key key;
	struct fh_p256_public companion;
	struct fh_kem_public recipient;
	struct fh_hash id;           /* SHA-256 of key */
	enum fh_placement placement; /* where the file was meant to be kept */
};

/* An opened operator key: drop it, which wipes it.  */
struct fh_operator_key {
	struct fh_operator_public public;
	struct fh_secret seed;
	struct fh_signer signer;
};

/* A fresh key.  */
fh_err fh_operator_key_new(enum fh_placement placement, struct fh_operator_key *out);
/* The key of a seed that is held already (for backups and tests).  */
fh_err fh_operator_key_of(const struct fh_secret *seed, enum fh_placement placement,
			  struct fh_operator_key *out);
void fh_operator_key_drop(struct fh_operator_key *k);

/* The key file of K under PASSPHRASE.  */
fh_err fh_operator_key_seal(const struct fh_operator_key *k, struct fh_span passphrase,
			    struct fh_argon2 cost, struct fh_builder *out);
/* Opens FILE.  FH_ERR_SIGNATURE: wrong passphrase, or altered.  */
fh_err fh_operator_key_open(struct fh_span file, struct fh_span passphrase,
			    struct fh_operator_key *out, struct fh_trace *t);
/* What FILE says of itself without a passphrase: not authenticated.  */
fh_err fh_operator_key_peek(struct fh_span file, struct fh_operator_public *out,
			    struct fh_trace *t);

/* Reads the key file PATH.  Refused (FH_ERR_PERMISSION): one that group or
 * others may read, one of another user, a symbolic link, and one inside
 * STATE_DIRECTORY (NULL: not looked at), which the daemon can reach.  */
fh_err fh_operator_key_read(const char *path, const char *state_directory, struct fh_arena *a,
			    struct fh_span *out, struct fh_trace *t);
/* Creates the key file PATH (mode 0600), which must not exist, under the same
 * rule about STATE_DIRECTORY.  */
fh_err fh_operator_key_write(const char *path, const char *state_directory, struct fh_span file,
			     struct fh_trace *t);

/* K's signature under PAYLOAD for the purpose AAD (docs/spec/KEYS); under the statement
 * PAYLOAD.  OUT->signature looks into A.  */
fh_err fh_operator_key_sign_as(const struct fh_operator_key *k, struct fh_span aad,
			       struct fh_span payload, struct fh_arena *a,
			       struct fh_cose_signature *out);
fh_err fh_operator_key_sign(const struct fh_operator_key *k, struct fh_span payload,
			    struct fh_arena *a, struct fh_cose_signature *out);

#endif
