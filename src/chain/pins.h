/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_PINS_H
#define FH_CHAIN_PINS_H

#include "chain/body.h"
#include "schema/json_schema.h"

/* What a pinned definition of a tool asks of whoever calls it.  */
struct fh_pin {
	struct fh_span name;
	struct fh_hash digest;                 /* SHA-256 of the definition's bytes */
	const struct fh_json_schema *arguments; /* its inputSchema */
};

/* Reads the DEFINITION of the tool NAME into *OUT, which lies in A and looks into both.
 * FH_ERR_FORMAT if it is no definition of that tool; as fh_json_schema_read() for an
 * inputSchema that cannot be checked in full; *T (may be NULL) names the tool.  */
fh_err fh_pin_read(struct fh_span name, struct fh_span definition, struct fh_arena *a,
		   struct fh_pin *out, struct fh_trace *t);

/* Whether all definitions of P can be read, in memory of SCRATCH.  */
fh_err fh_pins_check(const struct fh_pins_body *p, struct fh_arena *scratch, struct fh_trace *t);

/* Checks ARGUMENTS, a JSON text, against the pinned schema.  FH_ERR_FORMAT and FH_ERR_LIMIT if
 * they cannot be read or checked, FH_ERR_NOMEM; else *VALID; *T says where and what is
 * wrong, *STEPS (may be NULL), written always, how much of FH_SCHEMA_STEPS_MAX it took.
 * SCRATCH gets back what it gives.  */
fh_err fh_pin_check_arguments(const struct fh_pin *pin, struct fh_span arguments,
			      struct fh_arena *scratch, bool *valid, uint64_t *steps,
			      struct fh_trace *t);

#endif
