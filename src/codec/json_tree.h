/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_JSON_TREE_H
#define FH_CODEC_JSON_TREE_H

#include "base/arena.h"
#include "base/trace.h"

/* JSON (RFC 8259) as a tree that knows where everything stands in the text, for
 * documents that people write and whose errors they must find.  Nothing but the
 * arena is needed.  */

enum fh_json_kind {
	FH_JSON_NULL = 0,
	FH_JSON_BOOL,
	FH_JSON_INTEGER, /* a number without fraction and exponent, within 64 bits */
	FH_JSON_REAL,    /* any other number; its value is what RAW says */
	FH_JSON_STRING,
	FH_JSON_ARRAY,
	FH_JSON_OBJECT,
};

/* A place in a text; both count from 1, columns in characters.  */
struct fh_json_place {
	uint32_t line;
	uint32_t column;
};

struct fh_json {
	enum fh_json_kind kind;
	uint32_t n;                  /* elements of an ARRAY, members of an OBJECT */
	struct fh_json_place at;     /* of its first byte */
	struct fh_span name;         /* of a member */
	struct fh_span raw;          /* the value as it stands in the text */
	const struct fh_json *next;  /* the next of the same array or object */
	union {
		bool boolean;
		int64_t integer;
		struct fh_span text; /* escapes resolved, UTF-8 */
		const struct fh_json *first; /* of an ARRAY or OBJECT; NULL if it is empty */
	};
};

struct fh_json_limits {
	size_t bytes; /* of the text; below 4 GiB */
	int depth;    /* of arrays and objects in each other */
};

/* Reads TEXT, called NAME in the trace.  *OUT looks into A and into TEXT.  Refused:
 * texts beyond LIMITS (FH_ERR_LIMIT), members of one name, bad UTF-8, lone surrogates,
 * anything behind the value (FH_ERR_FORMAT), FH_ERR_NOMEM; *T (may be NULL) names
 * "NAME:LINE:COLUMN".  */
fh_err fh_json_tree(struct fh_span text, const struct fh_json_limits *limits, const char *name,
		    struct fh_arena *a, const struct fh_json **out, struct fh_trace *t);

/* The member NAME of OBJECT, or NULL; also if it is no object.  */
const struct fh_json *fh_json_member(const struct fh_json *object, const char *name);

#endif
