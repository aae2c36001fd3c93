/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_PARSE_H
#define FH_POLICY_PARSE_H

#include "policy/ast.h"

/* What the parsers of policies share.  The first refusal stays, and after it
 * nothing is seen or accepted any more; so a parser reads on as the grammar goes
 * and its caller asks once at the end.  */
struct fh_parse {
	struct fh_lexer lex;
	struct fh_arena *arena;
	fh_err e;    /* FH_ERR_OK, or why it was refused */
	int nesting; /* brackets and ifs that are open */
};

/* Refuses what stands AT.  */
void fh_parse_refuse(struct fh_parse *p, struct fh_position at, fh_err e, const char *cure,
		     const char *what, ...) __attribute__((format(printf, 5, 6)));

/* Refuses the next token: "WANTED expected here, not ...".  */
void fh_parse_unexpected(struct fh_parse *p, const char *wanted);

/* Notes that E failed; the lexer has written the trace.  */
void fh_parse_note(struct fh_parse *p, fh_err e);

/* The next token is the word or mark TEXT.  */
bool fh_parse_sees(const struct fh_parse *p, const char *text);

/* Steps over TEXT if it is next: whether it was.  */
bool fh_parse_accept(struct fh_parse *p, const char *text);

/* Steps over TEXT, or refuses what stands there.  */
void fh_parse_demand(struct fh_parse *p, const char *text);

/* Goes on to the next of a list in brackets, standing behind an element or the
 * opening bracket (FIRST): whether there is one.  A comma may stand behind the
 * last.  The closing bracket CLOSE is taken.  */
bool fh_parse_next(struct fh_parse *p, bool first, const char *close);

/* N zeroed bytes, or NULL: after a refusal, or if there are none left.  */
void *fh_parse_take(struct fh_parse *p, size_t n);

/* Anything, growing in the arena.  */
struct fh_list {
	void *p;
	size_t n;
	size_t room;
};

/* Appends ITEM of SIZE bytes to L.  */
void fh_list_add(struct fh_parse *p, struct fh_list *l, const void *item, size_t size);

/* One annotation, standing behind `@`, of what OWNER says, appended to L.  Its name may
 * be a reserved word, and is in L once.  PAIR: @resource may have two strings, which
 * stand for both with "; " between them.  */
void fh_parse_annotation(struct fh_parse *p, const char *owner, bool pair, struct fh_list *l);

/* An expression; one that is of no use, but no NULL, after a refusal.  */
const struct fh_expr *fh_parse_expr(struct fh_parse *p);

/* The same for what has neither operators nor `if` outside of brackets, with what
 * hangs behind it: a.b["c"].d(e).  */
const struct fh_expr *fh_parse_member(struct fh_parse *p);

/* Of `a has b.c`, one attribute: BEFORE (NULL at first) and that E->a has E->text; unless
 * it is the LAST, E->a becomes what has the next.  */
const struct fh_expr *fh_parse_has(struct fh_parse *p, const struct fh_expr *before,
				   struct fh_expr *e, bool last);

/* The number that is next; NEGATIVE: a minus stood before it.  */
const struct fh_expr *fh_parse_number(struct fh_parse *p, bool negative);

/* E in the arena; its depth is computed from its children and bounded.  */
const struct fh_expr *fh_parse_node(struct fh_parse *p, struct fh_expr e);

/* Refuses an entity of the scope S that is no action: its type is Action, in any
 * namespace.  */
void fh_parse_check_actions(struct fh_parse *p, const struct fh_scope *s);

/* One policy, the POSITIONth from 0.  */
struct fh_policy fh_parse_policy(struct fh_parse *p, size_t position);

#endif
