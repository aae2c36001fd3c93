/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_WORDS_H
#define FH_CLI_VERIFY_WORDS_H

#include "base/arena.h"
#include "cli/options.h"
#include "crypto/x509_roots.h"

/* What every kind of verification is told: --require and --allow-grade, as bits
 * of enum fh_aspect and enum fh_weakness that are added.  Returns -1 to go on, or
 * the status of a usage error.  */
int fh_verify_words(const struct fh_usage *u, const struct fh_arguments *a, unsigned *required,
		    unsigned *allowed);

/* When certificates have to be valid: --at, or now.  Returns as above.  */
int fh_verify_at(const struct fh_usage *u, const struct fh_arguments *a, uint64_t *at_ms);

/* Opens the roots at NAMED (NULL: the operator's directory, and one that is not there
 * is empty) into OUT, and *GIVEN to it unless it is empty.  Returns -1 to go on, or
 * the status of an error.  */
int fh_verify_roots(const char *named, struct fh_arena *arena, struct fh_x509_roots *out,
		    const struct fh_x509_roots **given);

#endif
