/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SCHEMA_JSON_SCHEMA_H
#define FH_SCHEMA_JSON_SCHEMA_H

#include "codec/json_tree.h"

/* JSON Schema, draft 2020-12: whether a JSON value is what a schema says.
 *
 * Nothing is fetched: a reference leads into the schema itself, into the documents
 * given beside it, or to the meta-schemas of the standard.  What cannot be checked as
 * the standard says is refused when the schema is read, never passed over.  Numbers
 * are exact, however long; the work of one validation is bounded by
 * FH_SCHEMA_STEPS_MAX.
 *
 * Schemas that say they are of draft 2019-09 or draft-07 are taken where these drafts
 * mean the same; lists in `items`, `$recursiveRef`, and in draft-07 `$ref` beside other
 * keywords are refused.  */
struct fh_json_schema;

/* A document that references may lead to.  */
struct fh_json_schema_source {
	struct fh_span uri;         /* absolute, without fragment */
	const struct fh_json *root;
};

struct fh_json_schema_options {
	const struct fh_json_schema_source *others;
	size_t others_n;
	/* Refuse keywords that are not known, which the standard would have ignored: a
	 * writer who misspells one, or knows a newer draft, meant something by it.  And
	 * refuse a schema that asks itself about the same value, which no check could end.  */
	bool strict;
	/* Check `format`, of the formats that the standard has; else it is an annotation, as
	 * in the standard's own dialect.  Those of other names stay one.  */
	bool formats;
};

/* Reads the schema ROOT into *OUT, which lies in A and looks into ROOT and the documents
 * of OPTIONS.  FH_ERR_FORMAT if it is no schema, FH_ERR_UNSUPPORTED for what we cannot
 * check, FH_ERR_MISSING for a reference that leads nowhere, FH_ERR_LIMIT beyond
 * FH_SCHEMA_*_MAX and FH_REGEX_*_MAX, FH_ERR_NOMEM; *T (may be NULL) has the place in the
 * schema ("schema:LINE:COLUMN").  */
fh_err fh_json_schema_read(const struct fh_json *root, const struct fh_json_schema_options *options,
			   struct fh_arena *a, const struct fh_json_schema **out,
			   struct fh_trace *t);

/* Whether INSTANCE is valid under S.  If it is not, *T (may be NULL) names the place in the
 * instance, as "#" and a JSON Pointer, the keyword, and what it asks.  SCRATCH gets back what
 * it gives.  FH_ERR_LIMIT if the answer takes more than FH_SCHEMA_STEPS_MAX or schemas
 * lead into each other more than FH_SCHEMA_DEPTH_MAX deep, FH_ERR_NOMEM; then, too, *T
 * says what.  *VALID is written on success, *STEPS (may
 * be NULL) always: what it took.  */
fh_err fh_json_schema_check(const struct fh_json_schema *s, const struct fh_json *instance,
			    struct fh_arena *scratch, bool *valid, uint64_t *steps,
			    struct fh_trace *t);

#endif
