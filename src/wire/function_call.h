/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_FUNCTION_CALL_H
#define FH_WIRE_FUNCTION_CALL_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/trace.h"

/* The call of a function as a model writes it, in either of OpenAI's forms (docs/spec/AUTHZEN,
 * "Calls of functions"):
 *
 *     {"id": ID, "type": "function", "function": {"name": NAME, "arguments": JSON}}
 *     {"call_id": ID, "type": "function_call", "name": NAME, "arguments": JSON}
 *
 * Members that neither has are refused unless they are null: they might say what is called.
 * The arguments are a JSON text within the text, read here as strictly as everything else.  */

struct fh_function_call {
	struct fh_span name;       /* 1 .. FH_NAME_MAX bytes */
	struct fh_span id;         /* 1 .. FH_FUNCTION_CALL_ID_MAX bytes */
	struct fh_span arguments;  /* a CBOR map, deterministic; or empty, and then */
	struct fh_span unreadable; /* why: 1 .. FH_TRACE_TEXT_MAX bytes */
};

/* Reads ITEM, a checked CBOR map.  *OUT looks into ITEM and A.  What the model wrote wrongly
 * is in *OUT, what the form demands otherwise is FH_ERR_FORMAT or FH_ERR_LIMIT, with *T (never
 * NULL) saying what.  FH_ERR_NOMEM.  */
fh_err fh_function_call_read(struct fh_span item, struct fh_arena *a,
			     struct fh_function_call *out, struct fh_trace *t);

/* What ITEM, any checked CBOR item, says is called, although it may be no call for another reason:
 * name and id where its form has them and they are right, otherwise empty.  *OUT looks into
 * ITEM.  */
void fh_function_call_name(struct fh_span item, struct fh_function_call *out);

#endif
