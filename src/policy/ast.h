/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_AST_H
#define FH_POLICY_AST_H

#include "policy/function.h"
#include "policy/lexer.h"

/* Cedar's abstract syntax.  Policies in Cedar's text and in its JSON form become
 * this; the validator, the evaluator and the printers read it.  Everything lives
 * in one arena and never changes once it is made.  */

enum fh_expr_kind {
	/* literals */
	FH_EXPR_BOOL = 0,     /* boolean */
	FH_EXPR_LONG,         /* integer; a minus before a number is part of it */
	FH_EXPR_STRING,       /* text, escapes resolved */
	FH_EXPR_ENTITY,       /* entity */
	FH_EXPR_VARIABLE,     /* variable */
	/* a and b are bool */
	FH_EXPR_NOT,          /* !a */
	FH_EXPR_AND,          /* a && b */
	FH_EXPR_OR,           /* a || b */
	FH_EXPR_IF,           /* if a then b else c */
	/* comparisons */
	FH_EXPR_EQUAL,        /* a == b */
	FH_EXPR_UNEQUAL,      /* a != b */
	FH_EXPR_LESS,         /* a < b */
	FH_EXPR_LESS_EQUAL,   /* a <= b */
	FH_EXPR_MORE,         /* a > b */
	FH_EXPR_MORE_EQUAL,   /* a >= b */
	/* integers */
	FH_EXPR_NEGATE,       /* -a */
	FH_EXPR_ADD,          /* a + b */
	FH_EXPR_SUBTRACT,     /* a - b */
	FH_EXPR_MULTIPLY,     /* a * b */
	/* entities and records */
	FH_EXPR_IN,           /* a in b */
	FH_EXPR_IS,           /* a is text */
	FH_EXPR_IS_IN,        /* a is text in b */
	FH_EXPR_HAS,          /* a has text; `a has b.c` is `a has b && a.b has c` */
	FH_EXPR_GET,          /* a.text, a["text"] */
	FH_EXPR_HAS_TAG,      /* a.hasTag(b) */
	FH_EXPR_GET_TAG,      /* a.getTag(b) */
	FH_EXPR_RECORD,       /* { fields[0..n] } */
	/* strings and sets */
	FH_EXPR_LIKE,         /* a like text, each wildcard the byte FH_WILDCARD */
	FH_EXPR_SET,          /* [ items[0..n] ] */
	FH_EXPR_CONTAINS,     /* a.contains(b) */
	FH_EXPR_CONTAINS_ALL, /* a.containsAll(b) */
	FH_EXPR_CONTAINS_ANY, /* a.containsAny(b) */
	FH_EXPR_IS_EMPTY,     /* a.isEmpty() */
	/* extension types */
	FH_EXPR_CALL,         /* function(items[0..n]), or items[0].function(...) */
	/* what policy/fold.h makes of others; nobody else ever sees them */
	FH_EXPR_VALUE,        /* value: a constant that has no literal */
	FH_EXPR_NAMED,        /* variable == the entity with numbers[0] */
	FH_EXPR_WITHIN,       /* variable in [entities with numbers[0..n]] */
	FH_EXPR_KINDS
};

enum fh_variable {
	FH_VARIABLE_PRINCIPAL = 0,
	FH_VARIABLE_ACTION,
	FH_VARIABLE_RESOURCE,
	FH_VARIABLE_CONTEXT,
};

/* One expression.  What a kind does not use is zero.  Two parents may share a
 * child.  */
struct fh_expr {
	enum fh_expr_kind kind : 8;
	uint8_t which;         /* enum fh_function of CALL, or else enum fh_variable */
	uint16_t depth;        /* 1 for a leaf; at most FH_EXPR_DEPTH_MAX */
	uint32_t n;            /* children of RECORD, SET and CALL, numbers of WITHIN */
	struct fh_position at; /* of its operator, or else of its first token */
	union {
		bool boolean;
		int64_t integer;
		struct fh_span text;
		const struct fh_entity_key *entity;
		const struct fh_expr *const *items;
		const struct fh_expr_field *fields; /* in the order of the text, names once */
		const struct fh_value *value;
		const uint32_t *numbers; /* by policy/names.h */
	};
	const struct fh_expr *a;
	const struct fh_expr *b;
	const struct fh_expr *c;
};

struct fh_expr_field {
	struct fh_span name;
	struct fh_position at;
	const struct fh_expr *value;
};

/* @name("value"), or @name, whose value is empty.  */
struct fh_annotation {
	struct fh_span name;
	struct fh_span value;
	struct fh_position at; /* of the name */
	bool bare;             /* without a value */
};

/* What the scope says about one of principal, action and resource.  */
enum fh_scope_kind {
	FH_SCOPE_ANY = 0, /* nothing: matches everything */
	FH_SCOPE_EQUAL,   /* == E */
	FH_SCOPE_IN,      /* in E, or action in [E, ...] */
	FH_SCOPE_IS,      /* is T */
	FH_SCOPE_IS_IN,   /* is T in E */
};

struct fh_scope {
	enum fh_scope_kind kind;
	bool slot;                            /* E is the template's slot: no entities */
	bool listed;                          /* `in [...]`, not `in E` */
	struct fh_span type;                  /* T, of IS and IS_IN */
	const struct fh_entity_uid *entities; /* E: one, or for an action's list any number */
	const struct fh_position *where;      /* where each of them, or the slot, stands */
	size_t entities_n;
	struct fh_position at;                /* of the word principal, action or resource */
	struct fh_position type_at;           /* of T */
};

/* when { body }, or unless { body }.  */
struct fh_condition {
	bool unless;
	struct fh_position at; /* of the word */
	const struct fh_expr *body;
};

/* A policy, or a template: a policy whose scope has a slot.  */
struct fh_policy {
	struct fh_span id;     /* "policyN" with its place from 0, or what its user gave it */
	bool forbids;          /* forbid, not permit */
	struct fh_scope principal;
	struct fh_scope action;
	struct fh_scope resource;
	const struct fh_condition *conditions; /* all must hold, in this order */
	size_t conditions_n;
	const struct fh_annotation *annotations; /* names once */
	size_t annotations_n;
	struct fh_position at; /* of permit or forbid */
	struct fh_span linked_from; /* the id of the template it was made of; else NULL */
	bool fills_principal;       /* by filling this slot */
	bool fills_resource;
};

/* A document of policies and templates, in the order of its text.  */
struct fh_policies {
	struct fh_policy *list;
	size_t n;
};

static inline bool fh_policy_is_template(const struct fh_policy *p)
{
	return p->principal.slot || p->resource.slot;
}

/* The annotation NAME of P, or NULL.  */
const struct fh_annotation *fh_policy_annotation(const struct fh_policy *p, struct fh_span name);

#endif
