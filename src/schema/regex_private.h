/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SCHEMA_REGEX_PRIVATE_H
#define FH_SCHEMA_REGEX_PRIVATE_H

#include "base/cursor.h"
#include "schema/regex.h"

constexpr uint32_t FH_CODE_POINT_MAX = 0x10ffff;

/* Code points, both ends included.  */
struct fh_code_range {
	uint32_t first;
	uint32_t last;
};

/* A set of code points: ranges that rise and do not touch.  */
struct fh_code_set {
	const struct fh_code_range *range;
	size_t n;
	uint32_t ascii[4]; /* the same for the first 128, a bit each */
};

bool fh_code_set_has(const struct fh_code_set *s, uint32_t c);

/* --- sets while they are made --------------------------------------------- */

constexpr size_t FH_CODE_CHUNK = 32;

struct fh_code_chunk {
	struct fh_code_chunk *next;
	size_t n;
	struct fh_code_range range[FH_CODE_CHUNK];
};

/* Ranges in the order in which they were added.  Needs no drop.  */
struct fh_code_draft {
	struct fh_arena *arena;
	struct fh_code_chunk *chunk; /* the newest; NULL at first */
	size_t n;                    /* ranges of all chunks */
	bool full;                   /* the arena could not hold them */
};

void fh_code_draft_add(struct fh_code_draft *d, uint32_t first, uint32_t last);

/* Adds the N rising ranges at R, or everything but them.  */
void fh_code_draft_list(struct fh_code_draft *d, const struct fh_code_range *r, size_t n,
			bool negated);

/* Adds the code points of `\p{NAME}` or, NEGATED, all others; false if it is not known.  */
bool fh_code_draft_property(struct fh_code_draft *d, struct fh_span name, bool negated);

/* The set that D adds up to, or all but it; NULL without memory.  */
const struct fh_code_set *fh_code_draft_set(struct fh_code_draft *d, bool negated);

/* Each code point of rising order at which another general category begins: the
 * code point times 32, plus the category (regex_property.c).  */
extern const uint32_t fh_category_run[];
extern const size_t fh_category_run_n;

/* The same of `\p{Script=NAME}` and `\p{Script_Extensions=NAME}`, and their short names; false
 * if NAME is none of these, or of a script that is not known.  */
bool fh_code_draft_script(struct fh_code_draft *d, struct fh_span name, bool negated);

/* The scripts by number, as Unicode's PropertyValueAliases.txt names them; the first is that
 * of a code point without one.  */
struct fh_script_name {
	const char *name, *longer, *other; /* OTHER may be NULL */
};

extern const struct fh_script_name fh_script_name[];
extern const size_t fh_script_name_n;

/* Each code point at which another script begins: the code point times 256, plus the script
 * (regex_script.c).  */
extern const uint32_t fh_script_run[];
extern const size_t fh_script_run_n;

/* The same for the lists of scripts in which a code point is used, if Unicode has such a list
 * of it; list 0 is none.  A list ends with 0xff.  */
extern const uint32_t fh_script_more_run[];
extern const size_t fh_script_more_run_n;
extern const uint8_t fh_script_more[];
extern const size_t fh_script_more_n;

/* --- the pattern as a tree ------------------------------------------------ */

enum fh_regex_kind {
	FH_REGEX_EMPTY = 0,
	FH_REGEX_SET,       /* one character of a set */
	FH_REGEX_SEQUENCE,  /* its children one after the other */
	FH_REGEX_CHOICE,    /* one of its children */
	FH_REGEX_REPEAT,    /* its child, MIN to MAX times */
	FH_REGEX_BEGIN,     /* at the beginning of the text */
	FH_REGEX_END,       /* at its end */
	FH_REGEX_WORD,      /* at an edge of a word */
	FH_REGEX_NOT_WORD,
	FH_REGEX_LOOK,      /* where the lookaround LOOK holds */
	FH_REGEX_LOOK_NOT,
};

constexpr uint32_t FH_REGEX_WITHOUT_END = UINT32_MAX;

struct fh_regex_node {
	enum fh_regex_kind kind;
	uint32_t min, max;             /* of a REPEAT */
	size_t look;                   /* of a LOOK or LOOK_NOT */
	const struct fh_code_set *set; /* of a SET */
	struct fh_regex_node *first, *last; /* children */
	struct fh_regex_node *next, *before; /* among the children of one parent */
};

/* `(?=...)` looks ahead and is matched from the end of the text, `(?<=...)` looks behind
 * and is matched from its beginning: either way a run leaves the places where it holds.  */
struct fh_regex_look {
	struct fh_regex_look *next; /* in the order in which they end */
	const struct fh_regex_node *node;
	bool ahead;
};

/* A name of a group, or one that is referred to.  */
struct fh_regex_name {
	const struct fh_regex_name *next;
	struct fh_span name;
};

/* One pattern while it is read.  The first refusal stays.  */
struct fh_regex_reading {
	struct fh_cursor c;
	struct fh_span pattern;
	struct fh_arena *arena;
	struct fh_trace *trace;
	fh_err e;
	int depth;                  /* of the groups around what is read */
	bool refers;                /* a back reference was seen */
	uint32_t groups;            /* seen so far */
	uint32_t reference;         /* the highest number referred to */
	const struct fh_regex_name *names;
	const struct fh_regex_name *references;
	struct fh_regex_look *look, **look_last;
	size_t looks;
};

/* Reads the whole pattern; NULL if it is refused.  */
struct fh_regex_node *fh_regex_tree(struct fh_regex_reading *r);

/* Says what is wrong at the character that is next.  Returns NULL.  */
void *fh_regex_refuse(struct fh_regex_reading *r, fh_err e, const char *what, const char *cure);
void *fh_regex_full(struct fh_regex_reading *r);

struct fh_regex_node *fh_regex_node(struct fh_regex_reading *r, enum fh_regex_kind kind);

/* What is next as one code point, read or only looked at; 0 at the end.  */
uint32_t fh_regex_take(struct fh_regex_reading *r);
uint32_t fh_regex_peek(const struct fh_regex_reading *r);

/* Steps over the text S if it is next.  */
bool fh_regex_accept(struct fh_regex_reading *r, const char *s);

/* What stands behind `\` as a set (`\d`, `\p{..}`), added to D: false if it is none.  */
bool fh_regex_class_escape(struct fh_regex_reading *r, struct fh_code_draft *d);

/* What stands behind `\` as one character; IN_CLASS between brackets.  */
uint32_t fh_regex_character_escape(struct fh_regex_reading *r, bool in_class);

/* A node for what stands behind `[`.  */
struct fh_regex_node *fh_regex_class(struct fh_regex_reading *r);

/* A node for the set that D adds up to.  */
struct fh_regex_node *fh_regex_set_node(struct fh_regex_reading *r, struct fh_code_draft *d,
					bool negated);

/* --- the pattern as a program --------------------------------------------- */

enum fh_regex_op {
	FH_REGEX_OP_MATCH = 0,
	FH_REGEX_OP_SET,
	FH_REGEX_OP_SPLIT, /* go on at X and at Y */
	FH_REGEX_OP_JUMP,  /* go on at X */
	FH_REGEX_OP_BEGIN,
	FH_REGEX_OP_END,
	FH_REGEX_OP_WORD,
	FH_REGEX_OP_NOT_WORD,
	FH_REGEX_OP_LOOK,     /* if the lookaround X holds here */
	FH_REGEX_OP_LOOK_NOT,
};

struct fh_regex_state {
	enum fh_regex_op op;
	uint32_t x, y;
	const struct fh_code_set *set;
};

struct fh_regex_program {
	const struct fh_regex_state *state;
	uint32_t n;
	bool backward; /* reads the text from its end */
};

struct fh_regex {
	struct fh_regex_program main;
	const struct fh_regex_program *look; /* none looks at one behind it */
	size_t looks;
	uint32_t states_max;                 /* of any of them */
};

#endif
