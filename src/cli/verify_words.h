/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_WORDS_H
#define FH_CLI_VERIFY_WORDS_H

#include "cli/options.h"

/* What every kind of verification is told: --require and --allow-grade, as bits
 * of enum fh_question and enum fh_weakness that are added.  Returns -1 to go on, or
 * the status of a usage error.  */
int fh_verify_words(const struct fh_usage *u, const struct fh_arguments *a, unsigned *required,
		    unsigned *allowed);

#endif
