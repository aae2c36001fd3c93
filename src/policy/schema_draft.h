/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SCHEMA_DRAFT_H
#define FH_POLICY_SCHEMA_DRAFT_H

#include "policy/lexer.h"
#include "policy/schema.h"

/* A schema as it was written, before its names are looked up.  */

struct fh_draft_name {
	struct fh_span text;
	struct fh_position at;
};

struct fh_draft_names {
	const struct fh_draft_name *name;
	size_t n;
};

/* The annotations of one declaration; a text that is NULL is absent.  */
struct fh_draft_annotations {
	struct fh_draft_name doc;
	struct fh_draft_name mcp;      /* "server/tool; server/tool" */
	struct fh_draft_name pointer;  /* first part of @resource */
	struct fh_draft_name kind;     /* second part */
};

struct fh_draft_type {
	struct fh_draft_name name;
	struct fh_draft_names parents;
	bool builtin;
};

struct fh_draft_action {
	struct fh_draft_name name;
	struct fh_draft_names parents;
	struct fh_draft_names principals;
	struct fh_draft_names resources;
	struct fh_draft_annotations notes;
	bool builtin;
};

struct fh_draft {
	struct fh_lexer lex;   /* for refusals */
	struct fh_arena *arena;
	struct fh_draft_type *types;
	struct fh_draft_action *actions;
	size_t types_n;
	size_t types_room;
	size_t actions_n;
	size_t actions_room;
};

/* Reads TEXT behind the built-in declarations, which come first.  */
fh_err fh_draft_read(struct fh_span text, struct fh_arena *a, struct fh_trace *t,
		     struct fh_draft *out);

/* Looks all names up and checks that the whole makes sense.  */
fh_err fh_draft_resolve(struct fh_draft *d, struct fh_schema *out);

/* The part of it that is about wire calls: @mcp and @resource.  */
fh_err fh_draft_resolve_wire(struct fh_draft *d, struct fh_schema *s);

/* TEXT without blanks around it.  */
struct fh_span fh_draft_trim(struct fh_span text);

/* The table for N indices, empty.  */
fh_err fh_schema_table_of(struct fh_draft *d, size_t n, struct fh_schema_table *out);
void fh_schema_table_put(struct fh_schema_table *t, uint64_t hash, uint32_t index);

/* The hash under which a call is in by_call.  */
uint64_t fh_schema_call_hash(struct fh_span server, struct fh_span tool);

#endif
