/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREEHOLD_ERROR_H
#define FREEHOLD_ERROR_H

/* Why an operation could not be carried out.  "Carried out, and the answer
 * is no" is not an error: see <freehold/verdict.h>.  */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L
#define FH_MUST_USE [[nodiscard]]
#else
#define FH_MUST_USE
#endif

/* One row per error: name, text for people.  The values are part of the ABI:
 * append, never reorder.  */
#define FH_ERR_LIST(X)                                              \
	X(OK, "success")                                            \
	X(NOMEM, "out of memory")                                   \
	X(FORMAT, "malformed input")                                \
	X(LIMIT, "limit exceeded")                                  \
	X(IO, "input/output error")                                 \
	X(CRYPTO, "cryptographic library failed")                   \
	X(SIGNATURE, "signature does not verify")                   \
	X(VERSION, "made by a newer version")                       \
	X(UNKNOWN, "not known here")                                \
	X(CONFLICT, "contradicts what is already held")             \
	X(STATE, "not allowed in this state")                       \
	X(EXISTS, "already exists")                                 \
	X(MISSING, "does not exist")                                \
	X(PERMISSION, "permission denied")                          \
	X(UNSUPPORTED, "not supported")                             \
	X(TPM, "TPM refused the command")                           \
	X(LOCKED, "already in use")                                 \
	X(CLOSED, "the other side is gone")                         \
	X(EXPIRED, "no longer valid")                               \
	X(FULL, "no space left")                                    \
	X(TIMEOUT, "took too long")                                 \
	X(TORN, "ends in the middle")                               \
	X(UNAPPROVED, "not in a state that the operator approved")  \
	X(SPENT, "used in this boot already")                       \
	X(ROLLBACK, "older than what the chip remembers")           \
	X(CLONE, "made on another machine")                         \
	X(CLEARED, "the chip was cleared")                          \
	X(LOCKOUT, "the chip is locked out")                        \
	X(FORK, "of another history")                               \
	X(GONE, "the chip does not answer")                         \
	X(RESET, "the chip was reset while the machine ran")        \
	X(NV_FULL, "the chip's memory is full")                     \
	X(REPLACED, "another chip than at the beginning")

typedef enum FH_MUST_USE fh_err {
#define FH_ERR_ROW(name, text) FH_ERR_##name,
	FH_ERR_LIST(FH_ERR_ROW)
#undef FH_ERR_ROW
	FH_ERR_COUNT
} fh_err;

/* The text for people of E: static, never NULL.  */
const char *fh_err_text(fh_err e);

#ifdef __cplusplus
}
#endif

#endif
