/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREEHOLD_CEDAR_H
#define FREEHOLD_CEDAR_H

#include <stddef.h>
#include <stdint.h>

#include "freehold/error.h"

/* Cedar (https://www.cedarpolicy.com) in C: policies, entities and requests in,
 * Cedar's answer out; and whether policies are valid under a schema.  Nothing is
 * allocated, read, written or kept outside of the memory that fh_cedar_open() is
 * given; there is nothing to close.  One context serves one thread at a time.
 *
 * Texts are bytes with a length; they need not live longer than the call.  A
 * function that fails changes nothing and says why.  */

#ifdef __cplusplus
extern "C" {
#endif

/* Policies and entities in memory of the caller.  */
struct fh_cedar;

/* Why a text was refused, for people: zero-terminated, printable.  */
struct fh_cedar_error {
	char where[128]; /* "policies:LINE:COLUMN", or "schema:", "entities:", "context:" */
	char what[384];
	char cure[384];
};

/* Type::"id"; the id is as it is, without quotes and escapes.  */
struct fh_cedar_uid {
	const char *type; /* "User", "Photos::Album", zero-terminated */
	const char *id;
	size_t id_n;
};

struct fh_cedar_request {
	struct fh_cedar_uid principal;
	struct fh_cedar_uid action;
	struct fh_cedar_uid resource;
	const char *context; /* a JSON object, or NULL for an empty one */
	size_t context_n;
};

/* What Cedar says.  Policies are named by their place in the document, from 0;
 * fh_cedar_policy_id() tells their ids.  */
struct fh_cedar_answer {
	int allowed;             /* 1: some permit is satisfied, and no forbid */
	size_t reasons_n;
	const uint32_t *reasons; /* satisfied forbids, or else satisfied permits */
	size_t errors_n;
	const uint32_t *errors;  /* policies that could not be evaluated: they do not count */
};

/* What is wrong with a policy under the schema.  */
struct fh_cedar_finding {
	uint32_t policy;           /* its place */
	int warning;               /* 1: it is valid, but no request can satisfy it */
	struct fh_cedar_error why;
};

/* Memory for the smallest uses; policies take up to 70 bytes for each of their
 * text, entities up to 100.  */
#define FH_CEDAR_MEMORY_MIN 65536

/* Begins an empty context in the N bytes at MEMORY, which is aligned for any object.
 * FH_ERR_NOMEM if N is less than FH_CEDAR_MEMORY_MIN.  */
fh_err fh_cedar_open(void *memory, size_t n, struct fh_cedar **out);

/* Takes the policies TEXT, in Cedar or in Cedar's JSON, in place of those held.
 * Memory of what is replaced is not used again.  FH_ERR_FORMAT, FH_ERR_CONFLICT,
 * FH_ERR_UNKNOWN, FH_ERR_LIMIT, FH_ERR_NOMEM; *WHY (may be NULL) says more.  */
fh_err fh_cedar_policies(struct fh_cedar *c, const char *text, size_t n,
			 struct fh_cedar_error *why);
fh_err fh_cedar_policies_json(struct fh_cedar *c, const char *text, size_t n,
			      struct fh_cedar_error *why);

/* Takes the schema TEXT, as people write it or in Cedar's JSON, in place of the one held; N
 * 0 and TEXT NULL: no schema.  The entities that were held are let go.  While there is a
 * schema, entities, contexts and requests must conform to it, and may be shorter, as
 * its types say what is meant.  Errors as fh_cedar_policies(), and FH_ERR_UNSUPPORTED.  */
fh_err fh_cedar_schema(struct fh_cedar *c, const char *text, size_t n,
		       struct fh_cedar_error *why);
fh_err fh_cedar_schema_json(struct fh_cedar *c, const char *text, size_t n,
			    struct fh_cedar_error *why);

/* Validates the policies held under the schema held, as Cedar's strict mode does, or its
 * permissive one.  At most one finding for each policy, in their order: *N is how
 * many there are, the first CAP of them are in OUT, and *VALID is 1 if all are warnings.
 * FH_ERR_STATE without a schema, FH_ERR_LIMIT if it takes too many steps, FH_ERR_NOMEM;
 * *WHY may be NULL.  */
fh_err fh_cedar_validate(struct fh_cedar *c, int permissive, struct fh_cedar_finding *out,
			 size_t cap, size_t *n, int *valid, struct fh_cedar_error *why);

/* Takes the entities TEXT, in Cedar's JSON, in place of those held.  Likewise.  */
fh_err fh_cedar_entities(struct fh_cedar *c, const char *text, size_t n,
			 struct fh_cedar_error *why);

/* Asks what the policies say to R.  *OUT holds until the next call with C.
 * FH_ERR_FORMAT (the context, or a uid), FH_ERR_UNKNOWN or FH_ERR_CONFLICT (what does not
 * conform to the schema), FH_ERR_NOMEM; *WHY may be NULL.  */
fh_err fh_cedar_ask(struct fh_cedar *c, const struct fh_cedar_request *r,
		    struct fh_cedar_answer *out, struct fh_cedar_error *why);

/* How many policies there are, templates included, and the id of the one at PLACE:
 * not zero-terminated, *N bytes; NULL if there is no such place.  */
size_t fh_cedar_policies_n(const struct fh_cedar *c);
const char *fh_cedar_policy_id(const struct fh_cedar *c, uint32_t place, size_t *n);

/* Writes the policies as Cedar's JSON to OUT of CAP bytes; *N is how many they are.
 * FH_ERR_LIMIT if they do not fit.  */
fh_err fh_cedar_to_json(const struct fh_cedar *c, char *out, size_t cap, size_t *n);

/* Lays out the policies TEXT as `freehold policy fmt` does; C lends its free memory and
 * keeps what it holds.  Errors as fh_cedar_policies(), and FH_ERR_LIMIT without
 * a reason if OUT is too small.  */
fh_err fh_cedar_format(struct fh_cedar *c, const char *text, size_t n, char *out, size_t cap,
		       size_t *out_n, struct fh_cedar_error *why);

#ifdef __cplusplus
}
#endif

#endif
