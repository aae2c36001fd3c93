/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ADMIT_H
#define FH_CLI_ADMIT_H

#include "chain/request.h"
#include "cli/state.h"

/* The operator's end of enrolment.  Everything that a request says is shown
 * before anything is signed.  */
void fh_admit_show(const struct fh_cli *cli, const struct fh_request *r);

/* The machine of R is in the chain of S already, enrolled as R says.
 * FH_ERR_CONFLICT if it is there with another TPM, name or grade.  */
fh_err fh_admit_held(const struct fh_state *s, const struct fh_request *r, bool *held,
		     struct fh_trace *t);

/* Seals every statement behind genesis for the TPM of R into the new file PATH.
 * Tells what happened and returns the exit status.  */
int fh_admit_answer(const struct fh_cli *cli, struct fh_state *s, const struct fh_request *r,
		    const char *path);

/* A maker of TPMs vouches for that of R, by the roots of S's chain and those of --roots, or
 * there are none of either, or --unendorsed was said.  Tells what it finds; -1 to go on, or the
 * exit status.  */
int fh_admit_endorsed(const struct fh_cli *cli, const struct fh_arguments *a,
		      const struct fh_state *s, const struct fh_request *r);

/* The TPM of R certifies that its device key is sealed for the operators of genesis.  */
fh_err fh_admit_certified(struct fh_state *s, const struct fh_request *r, struct fh_trace *t);

#endif
