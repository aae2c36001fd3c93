/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_TPM2_TPM2_PRIVATE_H
#define FH_CHIP_TPM2_TPM2_PRIVATE_H

#include <tss2/tss2_esys.h>

#include "base/own.h"
#include "chip/tpm2/line.h"
#include "chip/tpm2/tpm2.h"

/* What the files of tpm2/ share.  Names of commands, attributes and structures
 * are those of the TPM 2.0 Library specification, parts 2 and 3.  */

constexpr size_t FH_TPM2_NAME_SIZE = 34; /* of an object: SHA-256's id, then the digest */

/* The name of an object: what its handle means (part 1, clause 14).  */
struct fh_tpm2_name {
	uint8_t bytes[FH_TPM2_NAME_SIZE];
};

static inline struct fh_span fh_tpm2_name_span(const struct fh_tpm2_name *n)
{
	return fh_span_of(n->bytes, FH_TPM2_NAME_SIZE);
}

struct fh_tpm2 {
	TSS2_TCTI_CONTEXT *tcti;     /* the connection: line's, or another */
	struct fh_tpm2_line line;    /* ours to end, if tcti is its */
	bool loaded;                 /* tcti is from tpm2-tss's loader: ours to end, too */
	ESYS_CONTEXT *esys;          /* NULL once closed */
	ESYS_TR srk;                 /* the storage key; sessions are salted to it */
	bool srk_loaded;             /* srk is to be given back */
	bool srk_persistent;         /* it is the one at 0x81000001 */
	struct fh_tpm2_name srk_name;
	uint32_t resets;             /* as look() saw them last ... */
	uint64_t clock;              /* ... and milliseconds; 0: it did not look */
	struct fh_trace *trace;      /* of the call in progress; may be NULL */
};

/* C is open, and a TPM.  */
bool fh_tpm2_is(const struct fh_chip *c);

/* The state of C, its trace emptied for the call that begins.  */
struct fh_tpm2 *fh_tpm2_of(struct fh_chip *c);

/* As fh_chip_tpm2_on() over a connection that stays the caller's, to be ended
 * after the chip.  */
fh_err fh_chip_tpm2_over(TSS2_TCTI_CONTEXT *tcti, struct fh_arena *arena, struct fh_trace *trace,
			 struct fh_chip *out);

/* FH_ESYS on a pointer that an ESYS call fills: Esys_Free() at the end of its
 * scope.  */
#define FH_ESYS __attribute__((cleanup(fh_esys_free)))
void fh_esys_free(void *pointer_to_pointer);

/* Something loaded into the TPM by us.  Dropping flushes it, by a bare command
 * if ESYS does not work any more.  A zeroed one is fine.  */
struct fh_tpm2_handle {
	struct fh_tpm2 *tpm; /* NULL: nothing held */
	ESYS_TR tr;          /* ESYS's number for it */
	bool keep;           /* lives in NV: only ESYS's record is dropped */
};

void fh_tpm2_handle_drop(struct fh_tpm2_handle *h);

/* The name of what TR stands for; FH_ERR_TPM if it is not a SHA-256 one.  */
fh_err fh_tpm2_name_of(struct fh_tpm2 *t, ESYS_TR tr, struct fh_tpm2_name *out);

/* --- answers ---------------------------------------------------------- */

/* The TPM's own code in RC, without the number of a parameter, handle or
 * session (part 2, clause 6.6); 0 if RC does not come from the TPM.  */
TPM2_RC fh_tpm2_code(TSS2_RC rc);

/* Turns RC of COMMAND into an error, and explains it in the trace.  Never
 * FH_ERR_OK.  */
fh_err fh_tpm2_fail(struct fh_tpm2 *t, const char *command, TSS2_RC rc);

/* For loops around one command: true if RC says to try again later and there
 * is patience left; then it has waited.  ESYS itself repeats RETRY, TESTING and
 * YIELDED five times at once.  */
bool fh_tpm2_again(unsigned *tries, TSS2_RC rc);

/* The TPM property (part 2, clause 6.13).  FH_ERR_MISSING if it has none.  */
fh_err fh_tpm2_property(struct fh_tpm2 *t, TPM2_PT property, uint32_t *out);

/* --- sessions and policies -------------------------------------------- */

/* An HMAC session salted to the SRK, with AES-128-CFB, and ATTRIBUTES besides
 * continueSession.  */
fh_err fh_tpm2_session(struct fh_tpm2 *t, TPMA_SESSION attributes, struct fh_tpm2_handle *out);

/* The same of another kind: a policy session in which nothing holds yet.  */
fh_err fh_tpm2_session_of_kind(struct fh_tpm2 *t, TPM2_SE kind, TPMA_SESSION attributes,
			       struct fh_tpm2_handle *out);

/* Changes the attributes (besides continueSession) for the next commands.  */
fh_err fh_tpm2_session_turn(const struct fh_tpm2_handle *session, TPMA_SESSION attributes);

/* A policy session, salted alike, in which TPM2_PolicyCommandCode(COMMAND) holds
 * and nothing else; answers are encrypted.  */
fh_err fh_tpm2_policy_session(struct fh_tpm2 *t, TPM2_CC command, struct fh_tpm2_handle *out);

/* TPM2_PolicyPCR in the session POLICY: the PCRs SELECTED have DIGEST.  FH_ERR_STATE,
 * without a word, if they have another.  */
fh_err fh_tpm2_policy_pcr(struct fh_tpm2 *t, ESYS_TR policy, uint32_t selected,
			  const struct fh_hash *digest);

/* TPM2_PolicyCommandCode in the session POLICY, the last of its steps: it becomes *OUT.  */
fh_err fh_tpm2_policy_command(struct fh_tpm2 *t, struct fh_tpm2_handle *policy, TPM2_CC command,
			      struct fh_tpm2_handle *out);

/* The digest that such a session arrives at.  */
struct fh_hash fh_tpm2_command_policy(TPM2_CC command);

/* --- release (release.c) ---------------------------------------------- */

/* The policy of a device secret under R, on any TPM.  */
fh_err fh_tpm2_release_policy(const struct fh_release *r, struct fh_hash *out);

/* The policy of what is sealed for the data epoch EPOCH, and a policy session in which it
 * holds: FH_ERR_ROLLBACK if that is over.  */
fh_err fh_tpm2_data_policy(uint64_t epoch, struct fh_hash *out);
fh_err fh_tpm2_data_session(struct fh_tpm2 *t, uint64_t epoch,
			    const struct fh_tpm2_handle *session, struct fh_tpm2_handle *out);

/* A policy session in which that policy holds, by the approval A.  SESSION
 * authorises reading the epoch counter.  FH_ERR_UNAPPROVED with the reason if the
 * machine's state, its lock or the epoch is another, FH_ERR_SIGNATURE if A is not
 * by the companion it names.  */
fh_err fh_tpm2_release_session(struct fh_tpm2 *t, const struct fh_release *r,
			       const struct fh_chip_approval *a,
			       const struct fh_tpm2_handle *session, struct fh_tpm2_handle *out);

/* Of its steps: the epoch counter is at EPOCH, authorised by SESSION, in the policy session
 * POLICY; the key of a companion, loaded; SIGNATURE as the TPM reads it.  */
fh_err fh_tpm2_in_epoch(struct fh_tpm2 *t, uint64_t epoch, const struct fh_tpm2_handle *session,
			ESYS_TR policy);
fh_err fh_tpm2_companion_load(struct fh_tpm2 *t, const struct fh_p256_public *companion,
			      struct fh_tpm2_handle *out);
TPMT_SIGNATURE fh_tpm2_companion_signature(const struct fh_p256_signature *signature);

/* --- release by several (joint.c) --------------------------------------- */

/* Has the index at hand that R's companions write.  */
fh_err fh_tpm2_joint_prepare(struct fh_chip *c, const struct fh_release *r);
/* Takes POLICY, in which A's state holds, to what is sealed under: the index says so, and
 * is made to by A's signatures if it does not yet.  */
fh_err fh_tpm2_joint_authorise(struct fh_tpm2 *t, const struct fh_release *r,
			       const struct fh_chip_approval *a,
			       const struct fh_tpm2_handle *session, ESYS_TR policy);

/* FH_ERR_UNAPPROVED, WHAT being why the key is not released.  */
fh_err fh_tpm2_not_released(struct fh_tpm2 *t, const char *what);

/* --- keys ------------------------------------------------------------- */

/* The TCG's ECC P-256 storage primary key: restricted, decrypting.  */
TPM2B_PUBLIC fh_tpm2_storage_template(void);

/* A sealed object with POLICY; unique is for the TPM to fill.  */
TPM2B_PUBLIC fh_tpm2_sealed_template(const struct fh_hash *policy);

/* GOT is what was asked for, but for what the TPM fills in (unique).  */
bool fh_tpm2_public_is(const TPM2B_PUBLIC *got, const TPM2B_PUBLIC *asked);

/* Makes the primary key of TEMPLATE in HIERARCHY, authorised by SESSION
 * (empty authorisation).  *NAME and *PUBLIC may be NULL.  */
fh_err fh_tpm2_primary(struct fh_tpm2 *t, ESYS_TR hierarchy, ESYS_TR session,
		       const TPM2B_PUBLIC *template, struct fh_tpm2_handle *out,
		       struct fh_tpm2_name *name, TPM2B_PUBLIC *public);

/* Makes the storage primary of the NULL hierarchy, which every reset of the
 * TPM changes.  */
fh_err fh_tpm2_null_primary(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
			    struct fh_tpm2_handle *out, struct fh_tpm2_name *name);

/* Makes the attestation key.  *NAME and *PUBLIC may be NULL.  */
fh_err fh_tpm2_ak(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
		  struct fh_tpm2_handle *out, struct fh_tpm2_name *name, TPM2B_PUBLIC *public);

/* The selection of the PCRs SELECTED in the SHA-256 bank.  */
void fh_tpm2_selection(uint32_t selected, TPML_PCR_SELECTION *out);

/* Loads the SRK: the persistent one if it is fit, else the primary.  */
fh_err fh_tpm2_srk_open(struct fh_tpm2 *t);

/* Whether the TPM that answers now has the SRK that was loaded, or makes the same.  Nothing is
 * salted to what is found.  */
fh_err fh_tpm2_srk_is_there(struct fh_tpm2 *t, bool *there);

/* Has the SRK named NAME loaded afterwards: a blob may be older than the
 * persistent SRK.  FH_ERR_SIGNATURE if this TPM has no such SRK.  */
fh_err fh_tpm2_srk_find(struct fh_tpm2 *t, struct fh_span name);

/* --- what the AK certifies (certify.c) ---------------------------------- */

/* What a TPM attests to, and its signature.  */
struct fh_tpm2_attested {
	uint8_t attest[FH_CHIP_ATTEST_MAX];
	size_t attest_n;
	uint8_t signature[FH_CHIP_SIGNATURE_MAX];
	size_t signature_n;
};

/* Keeps what COMMAND answered.  FH_ERR_TPM if it is too large.  */
fh_err fh_tpm2_attested(struct fh_tpm2 *t, const char *command, const TPM2B_ATTEST *attest,
			const TPMT_SIGNATURE *signature, struct fh_tpm2_attested *out);

/* A sealed object just made, and the TPM's word that it made it.  Drop it.  */
struct fh_tpm2_created {
	struct fh_tpm2_handle object; /* loaded */
	uint8_t public[128];          /* its TPMT_PUBLIC */
	size_t public_n;
	TPM2B_DIGEST hash;            /* of its creation data */
	TPMT_TK_CREATION ticket;
};
static inline void fh_tpm2_created_drop(struct fh_tpm2_created *c)
{
	fh_tpm2_handle_drop(&c->object);
}

/* As fh_tpm2_seal_device(), and the object is loaded.  */
fh_err fh_tpm2_seal_created(struct fh_tpm2 *t, const struct fh_release *r, struct fh_span plain,
			    struct fh_builder *blob, struct fh_tpm2_created *out);

/* --- the operations of the chip --------------------------------------- */

fh_err fh_tpm2_seal_device(struct fh_chip *c, const struct fh_release *r, struct fh_span plain,
			   struct fh_builder *blob);
fh_err fh_tpm2_unseal_device(struct fh_chip *c, const struct fh_release *r,
			     const struct fh_chip_approval *a, struct fh_span blob,
			     struct fh_builder *out);
fh_err fh_tpm2_unseal_1(struct fh_chip *c, struct fh_span blob, struct fh_builder *out);
fh_err fh_tpm2_belongs(struct fh_chip *c, struct fh_span blob, struct fh_span identity);
fh_err fh_tpm2_identity(struct fh_chip *c, struct fh_builder *out);
fh_err fh_tpm2_seal_boot(struct fh_chip *c, const struct fh_pcr_state *state,
			 struct fh_span plain, struct fh_builder *blob);
fh_err fh_tpm2_unseal_boot(struct fh_chip *c, struct fh_span blob, struct fh_builder *out);
fh_err fh_tpm2_seal_data(struct fh_chip *c, uint64_t epoch, struct fh_span plain,
			 struct fh_builder *blob);
fh_err fh_tpm2_unseal_data(struct fh_chip *c, uint64_t epoch, struct fh_span blob,
			   struct fh_builder *out);
fh_err fh_tpm2_counter_create(struct fh_chip *c, enum fh_chip_counter which);
fh_err fh_tpm2_counter_increment(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now);
fh_err fh_tpm2_counter_read(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now);
fh_err fh_tpm2_note_create(struct fh_chip *c, const struct fh_secret *key);
fh_err fh_tpm2_note_write(struct fh_chip *c, const struct fh_secret *key, struct fh_span note);
fh_err fh_tpm2_note_read(struct fh_chip *c, uint8_t note[FH_CHIP_NOTE_SIZE]);
fh_err fh_tpm2_pcrs(struct fh_chip *c, struct fh_pcr_state *out);
fh_err fh_tpm2_lock(struct fh_chip *c, const struct fh_hash *session_id);
fh_err fh_tpm2_quote(struct fh_chip *c, const struct fh_hash *qualifying, uint32_t selected,
		     struct fh_chip_quote *out);
fh_err fh_tpm2_boot(struct fh_chip *c, uint64_t *count, uint8_t id[32]);
fh_err fh_tpm2_look(struct fh_chip *c, bool authentic, uint64_t *count);

/* What the TPM says it is: grade and name.  */
fh_err fh_tpm2_identify(struct fh_tpm2 *t, enum fh_grade *grade, char name[64]);

#endif
