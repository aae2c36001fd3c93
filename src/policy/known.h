/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_KNOWN_H
#define FH_POLICY_KNOWN_H

#include "policy/entities.h"
#include "policy/schema.h"

/* What is known about one request's entities: the groups of the principal from
 * the chain, those of actions from the schema, the lexical parents of what the schema
 * calls a posix-path, and what the operator's document lists.  Nothing comes from the
 * client, unless it is only a question (policy/question.h).  */
struct fh_known_entities {
	const struct fh_schema *schema;     /* says which types are paths */
	struct fh_entity_uid principal;     /* who acts */
	const struct fh_entity_uid *groups; /* all its groups, indirect ones too */
	size_t groups_n;                    /* at most FH_POLICY_PARENTS_MAX */
	const struct fh_entities *listed;   /* what the operator's document lists, or NULL */
	const struct fh_entity *told;       /* as a question describes them; the last counts */
	size_t told_n;
};

/* A source over K, which must outlive it.  File::"/a/b" is in Folder::"/a", that in
 * Folder::"/", if the schema says `File in [Folder]`.  */
struct fh_entity_source fh_known_entities_source(const struct fh_known_entities *k);

#endif
