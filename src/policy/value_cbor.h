/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_VALUE_CBOR_H
#define FH_POLICY_VALUE_CBOR_H

#include "base/trace.h"
#include "policy/schema.h"

/* What others say of an entity or a request, as values of the types that a schema
 * declares: true and false are a Bool, integers of 64 bits a Long, texts a String or, of
 * an extension type, what its constructor takes; {"id": I, "type": T} is an entity, an array
 * a Set.  */

/* The map ITEM (checked CBOR, or empty: no members), as a record of TYPE.  A member that TYPE
 * does not declare is passed over: no policy that was validated can read it.  With WHOLE every
 * required one must be there.  FH_ERR_CONFLICT for another type or a required member that is
 * absent: *T (may be NULL) says which and why, WHAT being what ITEM is called; FH_ERR_NOMEM.
 * *OUT looks into A, S and ITEM.  */
fh_err fh_record_of_cbor(const struct fh_schema *s, struct fh_span item, const struct fh_type *type,
			 const char *what, bool whole, struct fh_arena *a, struct fh_value *out,
			 struct fh_trace *t);

/* The same of a call's ARGUMENTS (a checked CBOR map, or empty), every required one included: an
 * entity is the text of its id, since the schema says its type, of a path type a canonical path,
 * and of an enumerated type one that there is.  FH_ERR_LIMIT for more than FH_CONTEXT_MAX bytes
 * in members that TYPE declares.  */
fh_err fh_record_of_arguments(const struct fh_schema *s, struct fh_span arguments,
			      const struct fh_type *type, struct fh_arena *a,
			      struct fh_value *out, struct fh_trace *t);

/* RECORD has every field that TYPE requires; otherwise as above.  */
fh_err fh_record_whole(const struct fh_value *record, const struct fh_type *type,
		       const char *what, struct fh_trace *t);

#endif
