/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_TERM_H
#define FH_POLICY_ANALYSE_TERM_H

#include "policy/ast.h"
#include "policy/schema.h"

/* What conditions speak about in all requests of one environment (an action, a principal's
 * type and a resource's): values that are not known, and the questions asked of them.  Each
 * is held once, so equal ones have equal numbers.  */

enum fh_term_kind {
	FH_TERM_CONSTANT = 0, /* value */
	FH_TERM_VARIABLE,     /* which: enum fh_variable; not the action */
	FH_TERM_GET,          /* the attribute text of a */
	FH_TERM_TAG,          /* the tag of a that b is */
	FH_TERM_SUM,          /* a plus number */
	FH_TERM_SET,          /* of the n terms items */
	FH_TERM_RECORD,       /* of the n terms items, called names */
	FH_TERM_OTHER,        /* what operator or function which makes of the n terms items */
};

struct fh_term {
	enum fh_term_kind kind;
	uint32_t which;             /* OTHER: an fh_expr_kind, or FH_TERM_CALL + fh_function */
	uint32_t a;
	uint32_t b;
	int64_t number;
	struct fh_span text;
	struct fh_value value;
	const uint32_t *items;
	const struct fh_span *names;
	uint32_t n;
	const struct fh_type *type; /* NULL: not known */
};

constexpr uint32_t FH_TERM_CALL = 256;
constexpr uint32_t FH_TERM_NONE = UINT32_MAX;

enum fh_atom_kind {
	FH_ATOM_EQUAL = 0,  /* a == b; a constant is b */
	FH_ATOM_BELOW,      /* a < number, in the unit of its type */
	FH_ATOM_LESS,       /* a < b, neither a constant */
	FH_ATOM_LIKE,       /* a like text */
	FH_ATOM_IN_RANGE,   /* a.isInRange(b) */
	FH_ATOM_EXISTS,     /* there is an entity a */
	FH_ATOM_HAS,        /* a, which exists, has the attribute text, which is optional */
	FH_ATOM_HAS_TAG,    /* a, which exists, has the tag b */
	FH_ATOM_ANCESTOR,   /* a, which is not b, is in b */
	FH_ATOM_CONTAINS,   /* a.contains(b) */
	FH_ATOM_EMPTY,      /* a.isEmpty() */
	FH_ATOM_SUBSET,     /* b.containsAll(a) */
	FH_ATOM_MEET,       /* a.containsAny(b) */
	FH_ATOM_IN_SET,     /* a in b, a set */
	FH_ATOM_FITS,       /* a, which is OTHER, can be computed */
	FH_ATOM_OPAQUE,     /* something, told apart by number alone */
};

struct fh_atom {
	enum fh_atom_kind kind;
	uint32_t a;
	uint32_t b;          /* or FH_TERM_NONE */
	int64_t number;
	struct fh_span text;
};

constexpr uint32_t FH_TERMS_MAX = 1 << 16;
constexpr uint32_t FH_ATOMS_MAX = 1 << 16;

struct fh_terms {
	struct fh_term *term;
	struct fh_atom *atom;
	uint32_t n;
	uint32_t atoms_n;
	uint32_t *term_slot; /* hash tables of places plus one; 0 is free */
	uint32_t *atom_slot;
	bool full;           /* a limit was met: nothing here means anything */
};

/* Begins an empty table whose memory is A's.  FH_ERR_NOMEM.  */
fh_err fh_terms_begin(struct fh_terms *t, struct fh_arena *a);

/* The number of the term, or atom, that is like X; it is made if it is new.  Lists must
 * live as long as the table.  */
uint32_t fh_term_of(struct fh_terms *t, const struct fh_term *x);
uint32_t fh_atom_of(struct fh_terms *t, const struct fh_atom *x);

static inline bool fh_term_is_constant(const struct fh_terms *t, uint32_t term)
{
	return t->term[term].kind == FH_TERM_CONSTANT;
}

/* V is one of those that are numbers in order.  */
static inline bool fh_value_is_number(const struct fh_value *v)
{
	return v->kind == FH_VALUE_LONG || v->kind == FH_VALUE_DECIMAL ||
	       v->kind == FH_VALUE_DATETIME || v->kind == FH_VALUE_DURATION;
}

#endif
