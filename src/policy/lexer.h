/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_LEXER_H
#define FH_POLICY_LEXER_H

#include "base/arena.h"
#include "base/cursor.h"
#include "base/trace.h"

/* Cuts Cedar policies and schemas into tokens.  */

/* Stands for `*` in a pattern; no byte of UTF-8 is it.  */
constexpr uint8_t FH_WILDCARD = 0xff;

enum fh_token_kind {
	FH_TOKEN_END = 0, /* end of the text */
	FH_TOKEN_WORD,    /* identifier or keyword */
	FH_TOKEN_STRING,  /* "..." */
	FH_TOKEN_NUMBER,  /* decimal digits */
	FH_TOKEN_SLOT,    /* ?principal */
	FH_TOKEN_MARK,    /* punctuation: :: == != <= >= && || or one character */
};

/* A place in the text; both count from 1, columns in characters.  */
struct fh_position {
	uint32_t line;
	uint32_t column;
};

struct fh_token {
	enum fh_token_kind kind;
	struct fh_span text; /* as written; of a STRING what stands between the quotes */
	struct fh_position at;
};

/* A lexer is a value: a copy looks ahead without moving the original.  */
struct fh_lexer {
	struct fh_cursor rest;    /* not yet read */
	struct fh_position at;    /* of rest */
	struct fh_token next;     /* the token that has not been taken */
	const char *text_name;    /* "policy" or "schema": what the trace calls it */
	struct fh_trace *trace;   /* may be NULL */
};

/* A lexer that stands before the first token of TEXT, called NAME in T (may be
 * NULL).  TEXT is copied into A.  FH_ERR_LIMIT above MAX bytes, FH_ERR_FORMAT if
 * it is not UTF-8 or does not begin with a token, FH_ERR_NOMEM.  */
fh_err fh_lexer_open(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
		     struct fh_trace *t, struct fh_lexer *out);

/* Steps over the next token.  FH_ERR_FORMAT if what follows it is no token.  */
fh_err fh_lexer_step(struct fh_lexer *lex);

/* The next token is the word or the punctuation TEXT.  */
bool fh_lexer_sees(const struct fh_lexer *lex, const char *text);

/* Steps over TEXT, or refuses what stands there instead.  */
fh_err fh_lexer_demand(struct fh_lexer *lex, const char *text);

/* Takes an identifier that is not one of Cedar's reserved words, or a string
 * with its escapes resolved into A; WHAT names it in the refusal.  */
fh_err fh_lexer_word(struct fh_lexer *lex, const char *what, struct fh_span *out);
fh_err fh_lexer_string(struct fh_lexer *lex, const char *what, struct fh_arena *a,
		       struct fh_span *out);

/* The same for the string behind `like`: each `*` becomes the byte FH_WILDCARD,
 * which no UTF-8 has, and each `\*` an asterisk.  */
fh_err fh_lexer_pattern(struct fh_lexer *lex, const char *what, struct fh_arena *a,
			struct fh_span *out);

/* S is an identifier, or a reserved word.  */
bool fh_lexer_is_word(struct fh_span s);

/* WORD is one of Cedar's reserved words.  */
bool fh_lexer_reserved(struct fh_span word);

/* A word with namespaces, A::B::C, without spaces in *OUT.  *LITERAL is true, and
 * the `::` behind it is taken, if a string follows, as in A::B::"id".  */
fh_err fh_lexer_path(struct fh_lexer *lex, const char *what, struct fh_arena *a,
		     struct fh_span *out, bool *literal);

/* How many commas stand before the `]` of the list that LOOK is in, in *N.  */
fh_err fh_lexer_commas(struct fh_lexer look, size_t *n);

/* Puts AT into the trace and returns E; the caller has written what and cure.  */
fh_err fh_lexer_refuse(const struct fh_lexer *lex, struct fh_position at, fh_err e);

/* Refuses the next token: "WANTED expected here, not `...`".  */
fh_err fh_lexer_unexpected(const struct fh_lexer *lex, const char *wanted);

/* Refuses what stands AT for want of memory.  */
fh_err fh_lexer_full(const struct fh_lexer *lex);

/* How much of S a message shows: for "%.*s".  */
static inline int fh_shown(struct fh_span s)
{
	return s.n < 64 ? (int)s.n : 64;
}

#endif
