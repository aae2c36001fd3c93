/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EST_FORM_H
#define FH_POLICY_EST_FORM_H

#include "policy/ast.h"

/* How each kind of expression looks in Cedar's JSON: {NAME: ...}.  */

enum fh_est_shape {
	FH_EST_BINARY,    /* {"left": a, "right": b} */
	FH_EST_UNARY,     /* {"arg": a} */
	FH_EST_ATTRIBUTE, /* {"left": a, "attr": text} */
	FH_EST_PATTERN,   /* {"left": a, "pattern": ["Wildcard", {"Literal": "..."}]} */
	FH_EST_TYPE,      /* {"left": a, "entity_type": text [, "in": b]} */
	FH_EST_CHOICE,    /* {"if": a, "then": b, "else": c} */
	FH_EST_LIST,      /* [items] */
	FH_EST_FIELDS,    /* {name: value} */
	FH_EST_VARIABLE,  /* "principal" */
};

struct fh_est_form {
	struct fh_span name;
	enum fh_expr_kind kind;
	enum fh_est_shape shape;
};

/* The form called NAME, or of KIND; NULL if there is none.  Literals and calls have
 * none: {"Value": ...} and {FUNCTION: [items]}.  */
const struct fh_est_form *fh_est_form_named(struct fh_span name);
const struct fh_est_form *fh_est_form_of(enum fh_expr_kind kind);

/* "principal", "action", "resource", "context".  */
struct fh_span fh_variable_name(enum fh_variable v);

#endif
