/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SCHEMA_H
#define FH_POLICY_SCHEMA_H

#include "base/arena.h"
#include "base/trace.h"
#include "policy/entity.h"

/* The ontology: which entity types and actions exist, what an action applies
 * to, and which wire call it stands for.  Cedar's schema syntax, the subset of
 * docs/spec/POLICY.  */

/* How an argument of a call becomes a resource.  */
enum fh_resource_kind {
	FH_RESOURCE_SERVER = 0, /* no @resource: the tool server itself */
	FH_RESOURCE_TEXT,       /* the text as it stands */
	FH_RESOURCE_POSIX_PATH, /* a canonical path, with lexical parents */
};

struct fh_schema_type {
	struct fh_span name;
	const uint32_t *parents; /* types it is declared `in`: indices into types */
	uint32_t parents_n;
	bool builtin;            /* exists without being declared */
	bool is_text;            /* some action's @resource makes it of kind text */
	bool is_path;            /* ids are canonical paths with lexical parents */
};

/* One wire call, "server/tool".  */
struct fh_schema_call {
	struct fh_span server;
	struct fh_span tool;
	uint32_t action; /* index into actions */
};

struct fh_schema_action {
	struct fh_entity_uid uid;   /* Action::"files.read" */
	struct fh_span doc;         /* @doc, or empty */
	const uint32_t *parents;    /* groups it is declared `in`: indices into actions */
	const uint32_t *ancestors;  /* itself and every group it is in, directly or not */
	const uint32_t *principals; /* types it applies to; none for a mere group */
	const uint32_t *resources;  /* types it applies to; none for a mere group */
	uint32_t parents_n;
	uint32_t ancestors_n;       /* at least 1 */
	uint32_t principals_n;
	uint32_t resources_n;
	uint32_t calls_n;           /* wire calls in its @mcp */
	bool builtin;               /* exists without being declared */
	enum fh_resource_kind kind; /* how its resource is found */
	struct fh_span pointer;     /* JSON Pointer into the arguments; empty for SERVER */
};

/* Open-addressed hash table of indices plus one; 0 is a free slot.  */
struct fh_schema_table {
	uint32_t *slot;
	uint32_t mask; /* number of slots minus one; the number is a power of two */
};

struct fh_schema {
	struct fh_schema_type *types;
	struct fh_schema_action *actions;
	struct fh_schema_call *calls;
	uint32_t types_n;
	uint32_t actions_n;
	uint32_t calls_n;
	struct fh_schema_table by_type;   /* name -> types */
	struct fh_schema_table by_action; /* uid -> actions */
	struct fh_schema_table by_call;   /* server, tool -> calls */
};

/* Not an index.  */
constexpr uint32_t FH_SCHEMA_NONE = UINT32_MAX;

/* Parses and checks TEXT.  *OUT looks into A only.  FH_ERR_FORMAT (syntax),
 * FH_ERR_UNSUPPORTED (Cedar that is not evaluated yet), FH_ERR_UNKNOWN (a name
 * that is not declared), FH_ERR_CONFLICT (declared twice, or contradictory),
 * FH_ERR_LIMIT, FH_ERR_NOMEM; *T (may be NULL) names "schema:LINE:COLUMN".  */
fh_err fh_schema_parse(struct fh_span text, struct fh_arena *a, struct fh_schema *out,
		       struct fh_trace *t);

/* The index of what is asked for, or FH_SCHEMA_NONE.  */
uint32_t fh_schema_find_type(const struct fh_schema *s, struct fh_span name);
uint32_t fh_schema_find_action(const struct fh_schema *s, struct fh_entity_uid uid);
uint32_t fh_schema_find_call(const struct fh_schema *s, struct fh_span server,
			     struct fh_span tool);

/* An entity of type FROM can be, or be in, one of type TO.  */
bool fh_schema_type_reaches(const struct fh_schema *s, uint32_t from, uint32_t to);

#endif
