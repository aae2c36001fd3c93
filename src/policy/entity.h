/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ENTITY_H
#define FH_POLICY_ENTITY_H

#include "base/span.h"
#include "freehold/error.h"

/* Who acts, what is done and on what: Cedar entities, and where their parents
 * come from.  docs/spec/POLICY.  */

struct fh_schema;

/* Type::"id".  The id is without quotes and escapes.  */
struct fh_entity_uid {
	struct fh_span type; /* "Actor", "Files::Folder" */
	struct fh_span id;   /* any text up to FH_ENTITY_ID_MAX bytes */
};

/* A span over a string literal, for the initialiser of a static object.  */
#define FH_TEXT_INIT(s) { (const uint8_t *)("" s), sizeof(s) - 1 }

/* Entity types and actions that every schema has without declaring them.  */
#define FH_TYPE_ACTION "Action"
#define FH_TYPE_ACTOR "Actor"
#define FH_TYPE_TEAM "Team"
#define FH_TYPE_DEVICE "Device"
#define FH_TYPE_SERVER "Server"
#define FH_ACTION_MCP_INITIALIZE "mcp.initialize"
#define FH_ACTION_MCP_LIST "mcp.list"
#define FH_ACTION_SERVER_START "server.start"

/* TYPE::"ID"; the entity looks at both.  */
struct fh_entity_uid fh_entity_uid_of(const char *type, struct fh_span id);

/* The same type and the same id, byte for byte.  */
bool fh_entity_equal(struct fh_entity_uid a, struct fh_entity_uid b);

/* Equal entities have equal hashes.  Not against forgery: always compare, too.  */
uint64_t fh_entity_hash(struct fh_entity_uid e);

/* A hash of S that continues SEED.  */
uint64_t fh_text_hash(struct fh_span s, uint64_t seed);

/* Where a decision asks for the direct parents of an entity.  */
struct fh_parent_source {
	/* Writes at most MAX parents of E and their number into *N; FH_ERR_LIMIT if
	 * there are more.  An entity it does not know has none.  The spans must
	 * live as long as the decision takes.  */
	fh_err (*parents)(const void *context, struct fh_entity_uid e, struct fh_entity_uid *out,
			  size_t max, size_t *n);
	const void *context; /* handed to parents() */
};

/* What is known about one request's entities: the groups of the principal, and
 * the lexical parents of what the schema calls a posix-path.  */
struct fh_known_entities {
	const struct fh_schema *schema;     /* says which types are paths */
	struct fh_entity_uid principal;     /* who acts */
	const struct fh_entity_uid *groups; /* all its groups, indirect ones too */
	size_t groups_n;                    /* at most FH_POLICY_PARENTS_MAX */
};

/* A source over K, which must outlive it.  File::"/a/b" has the one parent
 * Folder::"/a", that has Folder::"/", if the schema says `File in [Folder]`.  */
struct fh_parent_source fh_known_entities_source(const struct fh_known_entities *k);

/* FH_ERR_OK if PATH is canonical: absolute, no empty, "." or ".." component, no
 * slash at the end (but "/"), no control character, valid UTF-8.  FH_ERR_LIMIT
 * above FH_PATH_MAX, FH_ERR_FORMAT otherwise; *WHY then says what is wrong.  */
fh_err fh_posix_path_check(struct fh_span path, const char **why);

#endif
