/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VAULT_PASSPHRASE_H
#define FH_VAULT_PASSPHRASE_H

#include "base/own.h"
#include "base/trace.h"
#include "freehold/error.h"
#include "vault/operator_key.h"

/* A passphrase in memory: drop it, which wipes it.  It comes from a terminal
 * or a descriptor, never from the arguments or the environment, which other
 * processes can read.  */
struct fh_passphrase {
	uint8_t bytes[FH_PASSPHRASE_MAX];
	size_t n;
};

static inline struct fh_span fh_passphrase_span(const struct fh_passphrase *p)
{
	return fh_span_of(p->bytes, p->n);
}

void fh_passphrase_drop(struct fh_passphrase *p);

/* Asks on the terminal, without echo: once, or twice when it is NEW and then
 * at least FH_PASSPHRASE_MIN bytes.  FH_ERR_MISSING without a terminal.  */
fh_err fh_passphrase_ask(const char *path, bool new, struct fh_passphrase *out,
			 struct fh_trace *t);

/* One line, or all up to the end, from the descriptor FD.  */
fh_err fh_passphrase_read(int fd, bool new, struct fh_passphrase *out, struct fh_trace *t);

#endif
