/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_VALUE_WRITE_H
#define FH_POLICY_VALUE_WRITE_H

#include "base/builder.h"
#include "policy/entities.h"

/* Values and entities in Cedar's JSON, as policy/value_json.h and entities_json.h read
 * them; written again what was read is equal.  */

void fh_value_put(struct fh_builder *b, const struct fh_value *v);

/* {"type": T, "id": I}  */
void fh_uid_put(struct fh_builder *b, struct fh_entity_uid uid);

/* The list of all entities of S.  */
void fh_entities_put(struct fh_builder *b, const struct fh_entities *s);

#endif
