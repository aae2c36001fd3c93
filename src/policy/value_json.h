/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_VALUE_JSON_H
#define FH_POLICY_VALUE_JSON_H

#include "codec/json_tree.h"
#include "policy/value.h"

/* Cedar values in Cedar's JSON: true, 1, "text", [set], {record}, entities as
 * {"__entity": {"type": T, "id": I}} and values of extension types as
 * {"__extn": {"fn": F, "arg": A}} or {"__extn": {"fn": F, "args": [A, ...]}}.  */

/* A document that is being read; what it becomes goes into the arena.  */
struct fh_json_document {
	const char *name; /* what the trace calls it */
	struct fh_arena *arena;
	struct fh_trace *trace; /* may be NULL */
};

/* Refuses what stands at AT in D as E; returns E.  */
fh_err fh_json_refuse(const struct fh_json_document *d, const struct fh_json *at, fh_err e,
		      const char *cure, const char *what, ...)
	__attribute__((format(printf, 5, 6)));

/* FH_ERR_NOMEM, with a trace.  */
fh_err fh_json_full(const struct fh_json_document *d, const struct fh_json *at);

/* Refuses a member of OBJECT whose name is not one of the N names.  */
fh_err fh_json_only(const struct fh_json_document *d, const struct fh_json *object,
		    const char *const *names, size_t n);

/* The member NAME of OBJECT, or a refusal if there is none.  */
fh_err fh_json_demand(const struct fh_json_document *d, const struct fh_json *object,
		      const char *name, const struct fh_json **out);

/* {"type": T, "id": I}, or that behind "__entity".  */
fh_err fh_json_entity(const struct fh_json_document *d, const struct fh_json *j,
		      struct fh_entity_uid *out);

/* The same as a value.  */
fh_err fh_json_entity_value(const struct fh_json_document *d, const struct fh_json *j,
			    struct fh_value *out);

/* What {"fn": F, "arg": A} or {"fn": F, "args": [A, ...]} makes.  */
fh_err fh_json_call(const struct fh_json_document *d, const struct fh_json *call,
		    struct fh_value *out);

/* The value J.  */
fh_err fh_value_read(const struct fh_json_document *d, const struct fh_json *j,
		     struct fh_value *out);

/* The object J as a record, whatever its members are called.  */
fh_err fh_json_record(const struct fh_json_document *d, const struct fh_json *j,
		      struct fh_value *out);

/* NAME is a Cedar name: words with `::` between them, none of them reserved.  */
bool fh_is_name(struct fh_span name);

#endif
