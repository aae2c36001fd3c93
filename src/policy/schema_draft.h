/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SCHEMA_DRAFT_H
#define FH_POLICY_SCHEMA_DRAFT_H

#include "policy/parse.h"
#include "policy/schema.h"

/* A schema as it was written, before its names are looked up.  Both forms become
 * this: schema_read.c reads what people write, schema_json.c Cedar's JSON.  */

struct fh_draft_name {
	struct fh_span text;
	struct fh_position at;
};

/* What a type is written as.  */
enum fh_draft_form {
	FH_DRAFT_NAME = 0,  /* a name of a common type, an entity type or Cedar's own */
	FH_DRAFT_ALIAS,    /* the same, but no entity type */
	FH_DRAFT_ENTITY,    /* an entity type */
	FH_DRAFT_EXTENSION, /* an extension type */
	FH_DRAFT_PLAIN,     /* primitive */
	FH_DRAFT_SET,
	FH_DRAFT_RECORD,
};

struct fh_draft_field;

struct fh_draft_type {
	enum fh_draft_form form;
	struct fh_draft_name name;           /* for a form without one, where it stands */
	enum fh_type_kind primitive;         /* of PLAIN */
	const struct fh_draft_type *element; /* of SET */
	const struct fh_draft_field *fields; /* of RECORD */
	size_t fields_n;
};

struct fh_draft_field {
	struct fh_draft_name name;
	const struct fh_draft_type *type;
	bool required;
};

/* A declaration's namespace is SPACE: an index, or 0 for none.  Lists are of
 * struct fh_draft_name unless it says otherwise.  */
struct fh_draft_space {
	struct fh_draft_name name; /* of the first it is empty */
};

struct fh_draft_alias {
	struct fh_draft_name name;
	uint32_t space;
	const struct fh_draft_type *type;
};

struct fh_draft_entity {
	struct fh_draft_name name;
	uint32_t space;
	bool builtin;
	struct fh_list parents;
	const struct fh_draft_type *shape; /* NULL: no attributes */
	const struct fh_draft_type *tags;  /* NULL: none */
	struct fh_list choices;            /* of an enumerated type */
	struct fh_list notes;              /* of struct fh_annotation */
};

/* A group: Action::"id", or "id" alone with an empty type.  */
struct fh_draft_group {
	struct fh_span type;
	struct fh_draft_name id;
};

struct fh_draft_action {
	struct fh_draft_name name;
	uint32_t space;
	bool builtin;
	struct fh_list groups;               /* of struct fh_draft_group */
	struct fh_list principals;
	struct fh_list resources;
	const struct fh_draft_type *context; /* NULL: empty */
	struct fh_list notes;                /* of struct fh_annotation */
};

struct fh_draft {
	struct fh_parse p;        /* for refusals, and of what people write the lexer */
	bool in_document;         /* a signed one: @resource may have two strings, and no other
				     annotation stands anywhere than what is enforced there */
	struct fh_list spaces;    /* of struct fh_draft_space */
	struct fh_list aliases;   /* of struct fh_draft_alias */
	struct fh_list entities;  /* of struct fh_draft_entity */
	struct fh_list actions;   /* of struct fh_draft_action */
};

/* The Ith of each.  */
static inline struct fh_draft_space *fh_draft_space(const struct fh_draft *d, size_t i)
{
	return (struct fh_draft_space *)d->spaces.p + i;
}

static inline struct fh_draft_alias *fh_draft_alias(const struct fh_draft *d, size_t i)
{
	return (struct fh_draft_alias *)d->aliases.p + i;
}

static inline struct fh_draft_entity *fh_draft_entity(const struct fh_draft *d, size_t i)
{
	return (struct fh_draft_entity *)d->entities.p + i;
}

static inline struct fh_draft_action *fh_draft_action(const struct fh_draft *d, size_t i)
{
	return (struct fh_draft_action *)d->actions.p + i;
}

/* Begins an empty draft, called NAME in T, whose memory is A.  */
void fh_draft_begin(struct fh_draft *d, const char *name, struct fh_arena *a,
		    struct fh_trace *t);

/* Reads TEXT of up to MAX bytes into D, behind what that holds.  What is refused is
 * noted in D->p.  */
void fh_draft_read(struct fh_draft *d, struct fh_span text, size_t max);
void fh_draft_read_json(struct fh_draft *d, struct fh_span text, size_t max);

/* "SPACE::NAME"; NAME alone if SPACE is empty.  */
struct fh_span fh_draft_join(struct fh_draft *d, struct fh_span space, struct fh_draft_name name);

/* The name of the namespace SPACE, as text.  */
struct fh_span fh_draft_space_name(const struct fh_draft *d, uint32_t space);

/* Adds a declaration, unless there are too many or its name is not free to take.  */
uint32_t fh_draft_add_space(struct fh_draft *d, const struct fh_draft_space *s);
void fh_draft_add_alias(struct fh_draft *d, const struct fh_draft_alias *c);
void fh_draft_add_entity(struct fh_draft *d, const struct fh_draft_entity *e);
void fh_draft_add_action(struct fh_draft *d, const struct fh_draft_action *a);

/* Refuses what stands at NAME, which the message shows.  */
void fh_draft_refuse(struct fh_draft *d, struct fh_draft_name name, fh_err e, const char *cure,
		     const char *before, const char *behind);

/* The annotation NAME of L, or NULL.  */
const struct fh_annotation *fh_draft_note(const struct fh_list *l, struct fh_span name);

/* What is being resolved, and what it becomes.  */
struct fh_resolve {
	struct fh_draft *d;
	struct fh_schema s;
	struct fh_schema_table by_alias;
	const struct fh_type **alias;   /* what each common type is; NULL: not known yet */
	uint8_t *open;                  /* whether its resolution has begun */
	int depth;                      /* types in each other */
};

/* Looks all names up and checks that the whole makes sense.  */
void fh_draft_resolve(struct fh_draft *d, struct fh_schema *out);

/* The parts of it: the type T, written in namespace SPACE; an entity type that is
 * declared; an action.  Refused if there is none.  */
const struct fh_type *fh_resolve_type(struct fh_resolve *r, const struct fh_draft_type *t,
				      uint32_t space);
uint32_t fh_resolve_entity(struct fh_resolve *r, struct fh_draft_name name, uint32_t space);

/* A common type by its whole name, or FH_SCHEMA_NONE.  */
uint32_t fh_resolve_find_alias(const struct fh_resolve *r, struct fh_span name);

/* NAME as it is called in the namespace SPACE.  */
struct fh_span fh_resolve_in(struct fh_resolve *r, uint32_t space, struct fh_draft_name name);

/* Enters all that is declared into the tables; the first step.  */
void fh_resolve_enter(struct fh_resolve *r);

/* Refuses NAME, no WHAT that is declared; NEAR, or nothing, is what may be meant.  */
void fh_resolve_undeclared(struct fh_resolve *r, const char *what, struct fh_draft_name name,
			   struct fh_span near);

/* Computes what every type and every action can be in.  */
void fh_resolve_close(struct fh_resolve *r);

/* What a signed document's schema has beside what it declares; what it may not say;
 * and @mcp and @resource.  */
void fh_draft_add_builtin(struct fh_draft *d);
/* The annotations L, of an ACTION or of something else, are enforced there.  */
void fh_draft_check_notes(struct fh_draft *d, const struct fh_list *l, bool action);
void fh_draft_check_signed(struct fh_draft *d);
void fh_draft_resolve_wire(struct fh_draft *d, struct fh_schema *s);

/* TEXT without blanks around it.  */
struct fh_span fh_draft_trim(struct fh_span text);

/* The table for N indices, empty; after a refusal it holds none.  */
struct fh_schema_table fh_schema_table_of(struct fh_parse *p, size_t n);
void fh_schema_table_put(struct fh_schema_table *t, uint64_t hash, uint32_t index);

/* The next index under a hash, from slot *I on; FH_SCHEMA_NONE at the end.  */
uint32_t fh_schema_table_next(const struct fh_schema_table *t, uint32_t *i);

/* The hash under which a call is in by_call.  */
uint64_t fh_schema_call_hash(struct fh_span server, struct fh_span tool);

#endif
