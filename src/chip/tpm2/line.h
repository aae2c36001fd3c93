/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_TPM2_LINE_H
#define FH_CHIP_TPM2_LINE_H

#include <tss2/tss2_tcti.h>

/* A connection to a TPM over one descriptor that is open for good: a TPM
 * device, or a stream socket on which a simulator speaks the same bytes.
 * tpm2-tss's own connection to swtpm opens a new socket for every command,
 * which a confined process may not do.  */
struct fh_tpm2_line {
	TSS2_TCTI_CONTEXT_COMMON_V1 tcti; /* first: what ESYS is given */
	int fd;                           /* ours to close */
	bool waiting;                     /* a command was sent, its answer not read */
};

/* Makes L a connection over FD, which is closed with it.  */
void fh_tpm2_line_begin(struct fh_tpm2_line *l, int fd);

/* The connection as ESYS wants it.  */
static inline TSS2_TCTI_CONTEXT *fh_tpm2_line_tcti(struct fh_tpm2_line *l)
{
	return (TSS2_TCTI_CONTEXT *)&l->tcti;
}

#endif
