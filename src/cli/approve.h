/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_APPROVE_H
#define FH_CLI_APPROVE_H

#include "cli/signing.h"

/* Approving boot states: the bodies of `reference` statements, and of revocations
 * of them, with the companion's signature for each device.  */

/* The body of a reference called LABEL: STATE, approved by KEY for the N devices of
 * the chain CHAIN_ID.  In A.  */
fh_err fh_approve(const struct fh_operator_key *key, const struct fh_hash *chain_id,
		  const char *label, const struct fh_pcr_state *state,
		  const struct fh_device_epoch *device, size_t n, struct fh_arena *a,
		  struct fh_span *body);

/* The PCRs of S that are approved unless somebody chooses others: firmware, its
 * options, boot loader and kernel, Secure Boot, initrd, unified kernel image, command
 * line, measured programs.  Others change with harmless settings or with use.  */
void fh_approve_narrow(struct fh_pcr_state *s);
/* S has some of PCRs 0 to 7, and all of those it has are zero: nothing was
 * measured.  */
bool fh_approve_unmeasured(const struct fh_pcr_state *s);

/* What a file says of a state.  */
struct fh_approve_told {
	struct fh_pcr_state state;
	bool requested;            /* it is a request to be enrolled: */
	struct fh_hash device;     /* by this one, */
	struct fh_hash chain_id;   /* to be in this chain */
};

/* Reads the file PATH: the output of `freehold reference uki` or `from-log`, or a
 * request, whose quote is checked.  The exit status, or -1 to go on.  */
int fh_approve_read(const char *path, struct fh_approve_told *out);
/* Takes from S what --pcrs of A, or nothing, asks for.  The exit status, or -1 to go on.  */
int fh_approve_select(const struct fh_usage *u, const struct fh_arguments *a,
		      struct fh_pcr_state *s);

/* Room that one approval takes at most, and what stands around them.  */
constexpr size_t FH_APPROVAL_ROOM = 256;
constexpr size_t FH_APPROVALS_BODY_ROOM = 2048;
/* KEY's approval of STATE for D, appended to B; of a revocation if RENEWS, which is the
 * reference that it is for.  */
fh_err fh_approve_one(const struct fh_operator_key *key, const struct fh_hash *chain_id,
		      const struct fh_pcr_state *state, const struct fh_device_epoch *d,
		      const struct fh_hash *renews, struct fh_builder *b);

/* `freehold reference approve`, `revoke` and `list`.  */
int fh_reference_approve(struct fh_cli *cli, int argc, char **argv);
int fh_reference_revoke(struct fh_cli *cli, int argc, char **argv);
int fh_reference_list(struct fh_cli *cli, int argc, char **argv);

#endif
