/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_EXAMPLE_H
#define FH_POLICY_ANALYSE_EXAMPLE_H

#include "policy/analyse_theory.h"
#include "policy/entities.h"
#include "policy/known.h"

/* A request, and the entities that are there when it is made.  */
struct fh_example {
	struct fh_entity_uid principal;
	struct fh_entity_uid action;
	struct fh_entity_uid resource;
	struct fh_value context;
	struct fh_entities entities; /* the principal and the resource among them if they exist */
};

/* Makes the request that M says; what M says nothing about gets a plain value.  Memory is
 * M's.  FH_ERR_UNSUPPORTED: none was found, which proves nothing; FH_ERR_NOMEM.  */
fh_err fh_example_make(struct fh_model *m, struct fh_example *out);

/* Where a decision about E under SET finds entities: first E's, then what SET lists, actions
 * and the parents of paths, as always.  *ROOM and what it looks at must outlive the source.  */
struct fh_example_source {
	const struct fh_example *example;
	struct fh_known_entities known;
};

struct fh_entity_source fh_example_source(struct fh_example_source *room,
					  const struct fh_example *e,
					  const struct fh_policy_set *set);

#endif
