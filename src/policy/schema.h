/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SCHEMA_H
#define FH_POLICY_SCHEMA_H

#include "base/arena.h"
#include "base/trace.h"
#include "policy/ast.h"
#include "policy/type.h"

/* Cedar's schemas: which entity types and actions exist, what they look like and what
 * applies to what.  Of a signed document it is the ontology, and also says which wire
 * call an action stands for; docs/spec/POLICY.  */

/* How an argument of a call becomes a resource.  */
enum fh_resource_kind {
	FH_RESOURCE_SERVER = 0, /* no @resource: the tool server itself */
	FH_RESOURCE_TEXT,       /* the text as it stands */
	FH_RESOURCE_POSIX_PATH, /* a canonical path, with lexical parents */
};

/* The annotations of a declaration.  */
struct fh_schema_notes {
	const struct fh_annotation *list;
	size_t n;
};

struct fh_schema_type {
	struct fh_span name;              /* with its namespace */
	const uint32_t *parents;          /* types it is declared `in`: indices into types */
	uint32_t parents_n;
	uint32_t choices_n;
	const struct fh_span *choices;    /* the ids an enumerated type has; else none */
	const struct fh_type *attributes; /* a RECORD */
	const struct fh_type *tags;       /* of each tag's value; NULL: it has no tags */
	struct fh_type self;              /* the type of its entities */
	struct fh_schema_notes notes;
	bool action;             /* of actions: exists because they do */
	bool builtin;            /* exists without being declared */
	bool is_text;            /* some action's @resource makes it of kind text */
	bool is_path;            /* ids are canonical paths with lexical parents */
};

/* One wire call: "server/tool", or a function that a model calls.  */
struct fh_schema_call {
	struct fh_span server; /* empty: a function */
	struct fh_span tool;
	uint32_t action; /* index into actions */
};

struct fh_schema_action {
	struct fh_entity_uid uid;   /* Action::"files.read" */
	uint32_t type;              /* Action: index into types */
	struct fh_span doc;         /* @doc, or empty */
	const uint32_t *parents;    /* groups it is declared `in`: indices into actions */
	const uint32_t *ancestors;  /* itself and every group it is in, directly or not */
	const uint32_t *principals; /* types it applies to; none for a mere group */
	const uint32_t *resources;  /* types it applies to; none for a mere group */
	const struct fh_type *context; /* a RECORD */
	uint32_t parents_n;
	uint32_t ancestors_n;       /* at least 1 */
	uint32_t principals_n;
	uint32_t resources_n;
	uint32_t calls_n;           /* wire calls in its @mcp and @openai */
	uint32_t functions_n;       /* those of them that are functions */
	bool builtin;               /* exists without being declared */
	enum fh_resource_kind kind; /* how its resource is found */
	struct fh_span pointer;     /* JSON Pointer into the arguments; empty for SERVER */
	struct fh_span tokens_at;   /* JSON Pointer into the result: what it used; or empty */
	uint64_t tokens_max;        /* what one call may use; 0 without @tokens */
	struct fh_schema_notes notes;
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
	uint32_t types_n;                 /* entity types that are declared or built in */
	uint32_t types_all;               /* those, and behind them the types of actions */
	uint32_t actions_n;
	uint32_t calls_n;
	const uint64_t *reach;            /* types_all rows of reach_words: what it can be in */
	uint32_t reach_words;
	struct fh_schema_table by_type;   /* name -> types */
	struct fh_schema_table by_action; /* uid -> actions */
	struct fh_schema_table by_call;   /* server or none, tool -> calls */
};

/* Not an index.  */
constexpr uint32_t FH_SCHEMA_NONE = UINT32_MAX;

/* Reads a schema as people write it, and in Cedar's JSON form.  NAME is what the trace
 * calls it, MAX how many bytes it may have.  *OUT looks into A, and of JSON into TEXT.
 *
 * Stricter than Cedar in one thing: a record that declares an attribute twice is refused.
 * FH_ERR_FORMAT (syntax), FH_ERR_UNKNOWN (a name that is not declared),
 * FH_ERR_CONFLICT (declared twice, shadowed, circular, or contradictory), FH_ERR_LIMIT
 * (MAX and the limits of base/limits.h), FH_ERR_UNSUPPORTED, FH_ERR_NOMEM; *T (may be NULL)
 * names "NAME:LINE:COLUMN".  */
fh_err fh_schema_read(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
		      struct fh_schema *out, struct fh_trace *t);
fh_err fh_schema_read_json(struct fh_span text, size_t max, const char *name,
			   struct fh_arena *a, struct fh_schema *out, struct fh_trace *t);

/* The same for the schema of a signed document: beside what TEXT declares it has
 * the built-in types and actions, its calls are mapped, and what nothing enforces is
 * refused as FH_ERR_UNSUPPORTED.  */
fh_err fh_schema_parse(struct fh_span text, struct fh_arena *a, struct fh_schema *out,
		       struct fh_trace *t);

/* The index of what is asked for, or FH_SCHEMA_NONE.  */
uint32_t fh_schema_find_type(const struct fh_schema *s, struct fh_span name);
uint32_t fh_schema_find_action(const struct fh_schema *s, struct fh_entity_uid uid);
uint32_t fh_schema_find_call(const struct fh_schema *s, struct fh_span server,
			     struct fh_span tool);

/* An entity of type FROM can be, or be in, one of type TO.  */
static inline bool fh_schema_type_reaches(const struct fh_schema *s, uint32_t from, uint32_t to)
{
	return s->reach[(size_t)from * s->reach_words + to / 64] >> (to % 64) & 1;
}

/* ID is one that the type's entities may have.  */
bool fh_schema_type_has_id(const struct fh_schema_type *type, struct fh_span id);

#endif
