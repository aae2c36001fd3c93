/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ENTITY_H
#define FH_POLICY_ENTITY_H

#include "base/builder.h"
#include "base/span.h"
#include "freehold/error.h"

/* Who acts, what is done and on what: the names of Cedar entities.
 * docs/spec/POLICY.  */

/* Type::"id".  The id is without quotes and escapes.  */
struct fh_entity_uid {
	struct fh_span type; /* "Actor", "Files::Folder" */
	struct fh_span id;   /* any text up to FH_ENTITY_ID_MAX bytes */
};

/* An entity's name with its hash, so that comparing rarely looks at texts.  */
struct fh_entity_key {
	struct fh_entity_uid uid;
	uint64_t hash; /* fh_entity_hash() */
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

/* Writes E as Type::"id", with Cedar's escapes for quotes, backslashes and control
 * characters, as the record has it.  */
void fh_entity_put(struct fh_builder *b, struct fh_entity_uid e);

/* Equal entities have equal hashes.  Not against forgery: always compare, too.  */
uint64_t fh_entity_hash(struct fh_entity_uid e);

static inline struct fh_entity_key fh_entity_key_of(struct fh_entity_uid e)
{
	return (struct fh_entity_key){ e, fh_entity_hash(e) };
}

static inline bool fh_entity_key_equal(const struct fh_entity_key *a,
				       const struct fh_entity_key *b)
{
	return a->hash == b->hash && fh_entity_equal(a->uid, b->uid);
}

/* A hash of S that continues SEED.  */
uint64_t fh_text_hash(struct fh_span s, uint64_t seed);

/* The path that holds PATH, which is canonical; empty for "/".  */
struct fh_span fh_path_parent(struct fh_span path);

/* FH_ERR_OK if PATH is canonical: absolute, no empty, "." or ".." component, no
 * slash at the end (but "/"), no control character, valid UTF-8.  FH_ERR_LIMIT
 * above FH_PATH_MAX, FH_ERR_FORMAT otherwise; *WHY then says what is wrong.  */
fh_err fh_posix_path_check(struct fh_span path, const char **why);

#endif
