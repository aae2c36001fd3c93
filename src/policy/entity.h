/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ENTITY_H
#define FH_POLICY_ENTITY_H

#include <string.h>

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
static inline bool fh_entity_equal(struct fh_entity_uid a, struct fh_entity_uid b)
{
	return fh_span_equal(a.id, b.id) && fh_span_equal(a.type, b.type);
}

static inline uint64_t fh_hash_stir(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* The N bytes at P, fewer than eight; different for different ones.  */
static inline uint64_t fh_hash_word(const uint8_t *p, size_t n)
{
	uint32_t first, last;

	if (n < sizeof(first))
		return n == 0 ? 0 : p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
	memcpy(&first, p, sizeof(first));
	memcpy(&last, p + n - sizeof(last), sizeof(last));
	return first | (uint64_t)last << 32;
}

/* A hash of S that continues SEED.  The last word overlaps the one before, so that no byte is
 * read alone.  */
static inline uint64_t fh_text_hash(struct fh_span s, uint64_t seed)
{
	uint64_t h = seed ^ s.n * UINT64_C(0xd6e8feb86659fd93), word;

	if (s.n < sizeof(word))
		return fh_hash_stir(h, fh_hash_word(s.p, s.n));
	for (size_t i = 0; i + sizeof(word) < s.n; i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		h = fh_hash_stir(h, word);
	}
	memcpy(&word, s.p + s.n - sizeof(word), sizeof(word));
	return fh_hash_stir(h, word);
}

/* Writes E as Type::"id", with Cedar's escapes for quotes, backslashes and control
 * characters, as the record has it.  */
void fh_entity_put(struct fh_builder *b, struct fh_entity_uid e);

/* What others who know no namespaces call an action: its id, byte for byte; or, of one in a
 * namespace, TYPE::"ID" with the id byte for byte, too, without escapes.  A name that reads as
 * the latter means the latter, so what the two functions do is each other's inverse.  The
 * entity looks into NAME.  */
struct fh_entity_uid fh_action_named(struct fh_span name);
/* What a question calls the call of a function, whatever action that is (docs/spec/AUTHZEN): an
 * action with this id is written in full.  */
#define FH_ACTION_FUNCTION_CALL "function_call"
void fh_action_name_put(struct fh_builder *b, struct fh_entity_uid action);

/* TYPE is a type of actions: Action, in any namespace.  */
bool fh_is_action_type(struct fh_span type);

/* Equal entities have equal hashes.  Not against forgery: always compare, too.  */
static inline uint64_t fh_entity_hash(struct fh_entity_uid e)
{
	return fh_text_hash(e.id, fh_text_hash(e.type, 0));
}

static inline struct fh_entity_key fh_entity_key_of(struct fh_entity_uid e)
{
	return (struct fh_entity_key){ e, fh_entity_hash(e) };
}

static inline bool fh_entity_key_equal(const struct fh_entity_key *a,
				       const struct fh_entity_key *b)
{
	return a->hash == b->hash && fh_span_equal(a->uid.id, b->uid.id) &&
	       fh_span_equal(a->uid.type, b->uid.type);
}

/* The path that holds PATH, which is canonical; empty for "/".  */
static inline struct fh_span fh_path_parent(struct fh_span path)
{
	size_t slash = path.n;

	while (slash > 0 && path.p[slash - 1] != '/')
		slash--;
	if (path.n <= 1 || slash == 0)
		return (struct fh_span){ 0 };
	return (struct fh_span){ path.p, slash == 1 ? 1 : slash - 1 };
}

/* FH_ERR_OK if PATH is canonical: absolute, no empty, "." or ".." component, no
 * slash at the end (but "/"), no control character, valid UTF-8.  FH_ERR_LIMIT
 * above FH_PATH_MAX, FH_ERR_FORMAT otherwise; *WHY then says what is wrong.  */
fh_err fh_posix_path_check(struct fh_span path, const char **why);

#endif
