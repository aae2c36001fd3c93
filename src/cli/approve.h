/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_APPROVE_H
#define FH_CLI_APPROVE_H

#include "cli/signing.h"

/* Approving boot states: the bodies of `reference` statements, and of revocations
 * of them, with the companion's signature for each device.  */

/* The body of a reference called LABEL: STATE, approved by all keys of S for the N
 * devices of the chain C.  In A.  */
fh_err fh_approve(const struct fh_signing *s, const struct fh_chain *c, const char *label,
		  const struct fh_pcr_state *state, const struct fh_device_epoch *device, size_t n,
		  struct fh_arena *a, struct fh_span *body);

/* The PCRs of S that are approved unless somebody chooses others: firmware, its
 * options, boot loader and kernel, Secure Boot, initrd, unified kernel image, command
 * line, measured programs.  Others change with harmless settings or with use.  */
void fh_approve_narrow(struct fh_pcr_state *s);
/* S has some of PCRs 0 to 7, and all of those it has are zero: nothing was
 * measured.  */
bool fh_approve_unmeasured(const struct fh_pcr_state *s);

/* Writes S as members of a JSON object or as lines.  */
void fh_approve_put_pcrs(const struct fh_pcr_state *s, struct fh_builder *b, bool json);

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
/* How many approvals fh_approve_one() appends: one of each key, or two where the chain
 * takes several operators (chain/joint.h).  */
size_t fh_approve_count(const struct fh_signing *s, const struct fh_chain *c);
/* The approvals of STATE for D by all keys of S, appended to B; of a revocation if RENEWS,
 * which is the reference that it is for.  */
fh_err fh_approve_one(const struct fh_signing *s, const struct fh_chain *c,
		      const struct fh_pcr_state *state, const struct fh_device_epoch *d,
		      const struct fh_hash *renews, struct fh_builder *b);

/* `freehold reference approve`, `join`, `revoke` and `list`.  */
int fh_reference_join(struct fh_cli *cli, int argc, char **argv);
int fh_reference_approve(struct fh_cli *cli, int argc, char **argv);
int fh_reference_revoke(struct fh_cli *cli, int argc, char **argv);
int fh_reference_list(struct fh_cli *cli, int argc, char **argv);

#endif
