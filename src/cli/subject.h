/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_SUBJECT_H
#define FH_CLI_SUBJECT_H

#include "chain/chain.h"
#include "cli/command.h"

/* Whether an actor SUBJECT is in force.  If not, *NEAR is the name of one that was
 * probably meant, or empty.  */
bool fh_subject_known(const struct fh_chain *c, struct fh_span subject, struct fh_span *near);

/* Warns if no actor SUBJECT is in force: of one that was revoked the record still knows, so
 * it is nothing to refuse.  */
void fh_subject_warn(const struct fh_cli *cli, const struct fh_chain *c, struct fh_span subject);

#endif
