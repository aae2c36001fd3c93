/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_CALLED_H
#define FH_ENTRY_CALLED_H

#include "base/builder.h"
#include "base/trace.h"
#include "entry/field.h"

/* What an answer about the call of a function says of it besides its arguments, which may have
 * been too large to be kept: its detail (docs/spec/AUTHZEN, "What is recorded").
 *
 *	{? "call": tstr, ? "text": tstr, ? "function": tstr}
 *
 * With text, the arguments are none, or, if the entry has no subject, the whole call is
 * malformed; then one of the others may be missing.
 */

struct fh_called {
	struct fh_span call;       /* its id, of the model: 1 .. FH_FUNCTION_CALL_ID_MAX bytes */
	struct fh_span unreadable; /* why its arguments are none; empty: they are */
	struct fh_span function;   /* 1 .. FH_NAME_MAX bytes */
};

constexpr size_t FH_CALLED_MAX = FH_FUNCTION_CALL_ID_MAX + FH_TRACE_TEXT_MAX + FH_NAME_MAX + 64;

void fh_called_put(struct fh_builder *b, const struct fh_called *c);

/* Reads what F, all fields of an answer, holds; *OUT looks into it.  FH_ERR_MISSING: it is about
 * no call of a function.  FH_ERR_FORMAT, also where arguments and why there are none go
 * together, or where what only a malformed call may lack is missing.  */
fh_err fh_called_read(const struct fh_fields *f, struct fh_called *out);
/* The same of an answer of which F need not be all: only its detail is looked at.  */
fh_err fh_called_read_detail(const struct fh_fields *f, struct fh_called *out);

#endif
