/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SCHEMA_JSON_SCHEMA_PRIVATE_H
#define FH_SCHEMA_JSON_SCHEMA_PRIVATE_H

#include "base/builder.h"
#include "schema/json_schema.h"
#include "schema/regex.h"

/* --- exact numbers (json_schema_number.c) --------------------------------- */

/* What a JSON number says: 0.DIGITS times ten to POINT; no digits are zero.  */
struct fh_json_number {
	struct fh_span digits; /* in the text,
		from the first that is not 0 to the last; may hold `.` */
	size_t n;              /* digits in it */
	int64_t point;
	bool negative;
};

/* Reads RAW, a well-formed number.  False if its exponent is beyond
 * FH_SCHEMA_EXPONENT_MAX.  */
bool fh_json_number_read(struct fh_span raw, struct fh_json_number *out);

int fh_json_number_compare(const struct fh_json_number *a, const struct fh_json_number *b);
bool fh_json_number_is_integer(const struct fh_json_number *a);

/* Whether A is a whole number of times B, which is positive and has at most
 * FH_SCHEMA_MULTIPLE_DIGITS_MAX digits.  */
bool fh_json_number_is_multiple(const struct fh_json_number *a, const struct fh_json_number *b);

/* The integer A if it has no sign; UINT64_MAX if it is larger.  False for others.  */
bool fh_json_number_count(const struct fh_json_number *a, uint64_t *out);

/* Writes the one form of A.  */
void fh_json_number_put(struct fh_builder *b, const struct fh_json_number *a);

/* --- values as bytes (json_schema_canonical.c) ---------------------------- */

/* The one form of J in A: equal for equal values of JSON Schema's data model, whatever
 * the order of members and the form of numbers.  FH_ERR_LIMIT for an exponent too large,
 * FH_ERR_NOMEM.  Recursion is as deep as J, whose reader bounded it.  */
fh_err fh_json_canonical(const struct fh_json *j, struct fh_arena *a, struct fh_span *out);

/* Orders spans, for fh_sort(); and whether the N sorted ones at S hold WANTED.  */
int fh_span_order(const void *a, const void *b);
bool fh_spans_have(const struct fh_span *s, size_t n, struct fh_span wanted);

/* --- references (json_schema_uri.c) --------------------------------------- */

/* Cuts the fragment off REF; false if it has none.  */
bool fh_uri_split(struct fh_span ref, struct fh_span *uri, struct fh_span *fragment);

/* REF, without fragment, against the absolute BASE, or an empty one (RFC 3986 section 5.2).  */
fh_err fh_uri_resolve(struct fh_span base, struct fh_span ref, struct fh_arena *a,
		      struct fh_span *out);

/* S with its %XX resolved; FH_ERR_FORMAT.  */
fh_err fh_uri_decode(struct fh_span s, struct fh_arena *a, struct fh_span *out);

/* --- the standard's own documents (json_schema_meta.c) -------------------- */

constexpr size_t FH_META_SCHEMAS = 9;
struct fh_meta_schema {
	const char *uri;
	const char *text;
};
extern const struct fh_meta_schema fh_meta_schema[];

/* --- dialects and keywords (json_schema_keyword.c) ------------------------ */

enum fh_schema_draft {
	FH_DRAFT_2020_12 = 1,
	FH_DRAFT_2019_09 = 2,
	FH_DRAFT_07 = 4,
};

enum fh_schema_vocabulary {
	FH_VOCABULARY_CORE = 1,
	FH_VOCABULARY_APPLICATOR = 2,
	FH_VOCABULARY_UNEVALUATED = 4,
	FH_VOCABULARY_VALIDATION = 8,
	FH_VOCABULARY_META_DATA = 16,
	FH_VOCABULARY_FORMAT_ANNOTATION = 32,
	FH_VOCABULARY_FORMAT_ASSERTION = 64,
	FH_VOCABULARY_CONTENT = 128,
};

struct fh_schema_dialect {
	enum fh_schema_draft draft;
	uint32_t vocabularies; /* those in force */
};

/* The bit of the vocabulary URI, or 0.  */
uint32_t fh_schema_vocabulary(struct fh_span uri);

/* In the order in which they are checked; those behind the line make no rule.  */
enum fh_schema_keyword {
	FH_KEYWORD_REF = 0,
	FH_KEYWORD_DYNAMIC_REF,
	FH_KEYWORD_TYPE,
	FH_KEYWORD_ENUM,
	FH_KEYWORD_CONST,
	FH_KEYWORD_MULTIPLE_OF,
	FH_KEYWORD_MAXIMUM,
	FH_KEYWORD_EXCLUSIVE_MAXIMUM,
	FH_KEYWORD_MINIMUM,
	FH_KEYWORD_EXCLUSIVE_MINIMUM,
	FH_KEYWORD_MAX_LENGTH,
	FH_KEYWORD_MIN_LENGTH,
	FH_KEYWORD_PATTERN,
	FH_KEYWORD_FORMAT,
	FH_KEYWORD_MAX_ITEMS,
	FH_KEYWORD_MIN_ITEMS,
	FH_KEYWORD_UNIQUE_ITEMS,
	FH_KEYWORD_MAX_PROPERTIES,
	FH_KEYWORD_MIN_PROPERTIES,
	FH_KEYWORD_REQUIRED,
	FH_KEYWORD_DEPENDENT_REQUIRED,
	FH_KEYWORD_DEPENDENT_SCHEMAS,
	FH_KEYWORD_DEPENDENCIES,
	FH_KEYWORD_PROPERTY_NAMES,
	FH_KEYWORD_PROPERTIES, /* with the two that depend on it */
	FH_KEYWORD_PREFIX_ITEMS, /* with ITEMS */
	FH_KEYWORD_CONTAINS, /* with its two bounds */
	FH_KEYWORD_ALL_OF,
	FH_KEYWORD_ANY_OF,
	FH_KEYWORD_ONE_OF,
	FH_KEYWORD_NOT,
	FH_KEYWORD_IF, /* with THEN and ELSE */
	FH_KEYWORD_UNEVALUATED_ITEMS,
	FH_KEYWORD_UNEVALUATED_PROPERTIES,
	FH_KEYWORD_RULES, /* ------ */
	FH_KEYWORD_PATTERN_PROPERTIES = FH_KEYWORD_RULES,
	FH_KEYWORD_ADDITIONAL_PROPERTIES,
	FH_KEYWORD_ITEMS,
	FH_KEYWORD_MIN_CONTAINS,
	FH_KEYWORD_MAX_CONTAINS,
	FH_KEYWORD_THEN,
	FH_KEYWORD_ELSE,
	FH_KEYWORD_ID,
	FH_KEYWORD_ANCHOR,
	FH_KEYWORD_DYNAMIC_ANCHOR,
	FH_KEYWORD_OTHER, /* says nothing about instances */
	FH_KEYWORDS,
};

/* What the value of a keyword is.  */
enum fh_schema_shape {
	FH_SHAPE_ANY = 0,
	FH_SHAPE_SCHEMA,
	FH_SHAPE_SCHEMAS,      /* a list with at least one */
	FH_SHAPE_SCHEMA_MAP,
	FH_SHAPE_DEPENDENCIES, /* a map of schemas and lists of texts */
	FH_SHAPE_TEXT,
	FH_SHAPE_TEXTS,        /* a list of different ones */
	FH_SHAPE_TEXTS_MAP,
	FH_SHAPE_TYPES,        /* a text or a list of them */
	FH_SHAPE_LIST,
	FH_SHAPE_OBJECT,
	FH_SHAPE_NUMBER,
	FH_SHAPE_COUNT,        /* an integer without sign */
	FH_SHAPE_BOOL,
	FH_SHAPE_NONE,         /* known, and not supported */
};

struct fh_schema_word {
	const char *name;
	enum fh_schema_keyword keyword;
	enum fh_schema_shape shape;
	uint32_t vocabularies; /* any of them brings it */
	uint32_t drafts;
};

/* The keyword NAME in the dialect D, or NULL.  */
const struct fh_schema_word *fh_schema_word(const struct fh_schema_dialect *d, struct fh_span name);

/* --- a schema as it is checked -------------------------------------------- */

struct fh_schema_node;

struct fh_schema_anchor {
	const struct fh_schema_anchor *next;
	struct fh_span name;
	struct fh_schema_node *node;
	bool dynamic;
};

/* A schema with a URI of its own, and what is in it up to the next such.  */
struct fh_schema_resource {
	struct fh_schema_resource *next;
	struct fh_span uri;
	const struct fh_json *root;
	struct fh_schema_dialect dialect;
	const struct fh_schema_anchor *anchors;
};

/* A member of a map of schemas.  */
struct fh_schema_row {
	struct fh_span name;
	const struct fh_schema_node *node; /* NULL where TEXTS stand */
	const struct fh_regex *regex;      /* of patternProperties: NAME read */
	const struct fh_span *texts;       /* sorted, different */
	size_t texts_n;
};

/* What one keyword, with those that belong to it, asks.  */
struct fh_schema_rule {
	const struct fh_schema_rule *next;
	enum fh_schema_keyword keyword;
	uint32_t types;                    /* TYPE: bits of enum fh_schema_type */
	const struct fh_schema_node *node; /* the schema; of PROPERTIES, additionalProperties; of
					    * PREFIX_ITEMS, items; may be NULL */
	const struct fh_schema_node *yes, *no; /* IF: then, else; may be NULL */
	const struct fh_schema_row *row;   /* PROPERTIES and dependents by name; lists in order */
	size_t rows;
	const struct fh_schema_row *pattern; /* PROPERTIES: patternProperties */
	size_t patterns;
	const struct fh_span *texts; /* sorted: REQUIRED names, ENUM and CONST canonical values */
	size_t texts_n;
	uint64_t min, max;           /* counts */
	struct fh_json_number number;
	struct fh_span name;         /* DYNAMIC_REF: the anchor, or empty; FORMAT */
	const struct fh_regex *regex;
};

enum fh_schema_type {
	FH_TYPE_NULL = 1,
	FH_TYPE_BOOLEAN = 2,
	FH_TYPE_INTEGER = 4,
	FH_TYPE_NUMBER = 8,
	FH_TYPE_STRING = 16,
	FH_TYPE_ARRAY = 32,
	FH_TYPE_OBJECT = 64,
};

/* One place at which a schema stands.  */
struct fh_schema_node {
	struct fh_schema_node *next;  /* in the order in which they were found */
	struct fh_schema_node *chain; /* in the same bucket */
	const struct fh_json *json;
	struct fh_schema_resource *resource;
	const struct fh_schema_rule *rules; /* in the order of the keywords */
	size_t number;                /* from 0, in the same order */
	bool unevaluated;             /* has such a rule */
};

struct fh_json_schema {
	const struct fh_schema_node *root;
	bool tracks; /* some rule asks what was evaluated */
};

/* --- while it is read ----------------------------------------------------- */

constexpr size_t FH_SCHEMA_BUCKETS = 1024;

/* The first refusal stays.  */
struct fh_schema_reading {
	const struct fh_json_schema_options *options;
	struct fh_arena *arena;
	struct fh_trace *trace;
	fh_err e;
	struct fh_schema_resource *resources;
	size_t resources_n, anchors_n;
	struct fh_schema_node *first, *last; /* all nodes */
	struct fh_schema_node *scanned;      /* the last whose children are known */
	struct fh_schema_node **bucket;      /* nodes by their JSON */
	size_t nodes;
	uint64_t steps;                      /* left for looking up what is referred to */
	const struct fh_json *meta[FH_META_SCHEMAS]; /* those read so far */
	bool tracks;
};

/* Says what is wrong at J in the schema.  Returns false.  */
bool fh_schema_refuse(struct fh_schema_reading *r, const struct fh_json *j, fh_err e,
		      const char *what, const char *cure);
bool fh_schema_full(struct fh_schema_reading *r, const struct fh_json *j);

/* Counts N steps of a look-up that J asks for; false if there are no more.  */
bool fh_schema_look(struct fh_schema_reading *r, const struct fh_json *j, uint64_t n);

/* The document of URI, or NULL (also if reading it was refused).  */
const struct fh_json *fh_schema_document(struct fh_schema_reading *r, struct fh_span uri);

/* Adds a resource, in the dialect that ROOT names or else that of PARENT.  NULL if refused.  */
struct fh_schema_resource *fh_schema_resource_add(struct fh_schema_reading *r, struct fh_span uri,
						  const struct fh_json *root,
						  const struct fh_schema_dialect *parent);

/* Where nodes like that of J hang.  */
struct fh_schema_node **fh_schema_bucket(const struct fh_schema_reading *r,
					 const struct fh_json *j);

/* The node at which J stands, within RESOURCE; NULL if it is refused.  */
struct fh_schema_node *fh_schema_node_at(struct fh_schema_reading *r, const struct fh_json *j,
					 struct fh_schema_resource *resource);

/* Finds the children of all nodes, theirs, and so on.  */
bool fh_schema_scan(struct fh_schema_reading *r);

/* What the reference J in NODE leads to; NULL if it is refused.  *ANCHOR (may be NULL) is the
 * anchor by which it was found, or NULL.  */
struct fh_schema_node *fh_schema_follow(struct fh_schema_reading *r, struct fh_schema_node *node,
					const struct fh_json *j,
					const struct fh_schema_anchor **anchor);

/* Whether the value J of the keyword W is what it must be.  */
bool fh_schema_shape_check(struct fh_schema_reading *r, const struct fh_schema_word *w,
			   const struct fh_json *j);

/* The rules of NODE from its members, by keyword, NULL for those that are not there.  */
bool fh_schema_rules(struct fh_schema_reading *r, struct fh_schema_node *node,
		     const struct fh_json *const *member);

/* No schema asks itself about the same instance (json_schema_circle.c).  */
bool fh_schema_ends(struct fh_schema_reading *r);

/* --- while it is checked -------------------------------------------------- */

/* Where an instance stands in the whole one.  */
struct fh_schema_place {
	const struct fh_schema_place *up; /* NULL for the whole */
	struct fh_span name;              /* of a member; empty for elements */
	size_t index;
	bool element;
};

/* The resources that were entered, the innermost first.  */
struct fh_schema_scope {
	const struct fh_schema_scope *up;
	const struct fh_schema_resource *resource;
};

struct fh_schema_run {
	const struct fh_json_schema *schema;
	struct fh_arena *scratch;
	struct fh_trace *trace;
	fh_err e;
	uint64_t steps; /* left */
	int depth;
	int quiet;      /* above 0 where an answer of no is not the last word */
};

/* One schema on one instance.  */
struct fh_schema_frame {
	const struct fh_schema_node *node;
	const struct fh_json *instance;
	const struct fh_schema_place *place;
	const struct fh_schema_scope *scope;
	bool *marks; /* by element or member, whether it was evaluated; NULL if nobody asks */
};

/* Whether the instance of F is valid under NODE.  True also leaves F's marks richer.
 * False if there was an error, too.  */
bool fh_schema_apply(struct fh_schema_run *r, const struct fh_schema_frame *f,
		     const struct fh_schema_node *node);

/* The same for the child J of F's instance, at PLACE.  */
bool fh_schema_apply_child(struct fh_schema_run *r, const struct fh_schema_frame *f,
			   const struct fh_schema_node *node, const struct fh_json *j,
			   const struct fh_schema_place *place);

/* Says that F's instance breaks a rule.  Returns false.  */
bool fh_schema_fail(struct fh_schema_run *r, const struct fh_schema_frame *f, const char *format,
		    ...) __attribute__((format(printf, 3, 4)));

/* Says that it could not be found out.  Returns false.  */
bool fh_schema_stop(struct fh_schema_run *r, fh_err e, const char *what);

/* Counts N steps; false if there are no more.  */
bool fh_schema_spend(struct fh_schema_run *r, uint64_t n);

/* The one form of J in the scratch memory.  */
bool fh_schema_value(struct fh_schema_run *r, const struct fh_json *j, struct fh_span *out);

bool fh_schema_matches(struct fh_schema_run *r, const struct fh_regex *regex, struct fh_span text);

/* Keywords, several with the same form by one (json_schema_assert.c, json_schema_object.c,
 * json_schema_array.c).  */
bool fh_schema_check_type(struct fh_schema_run *r, const struct fh_schema_frame *f,
			  const struct fh_schema_rule *rule);
bool fh_schema_check_value(struct fh_schema_run *r, const struct fh_schema_frame *f,
			   const struct fh_schema_rule *rule);
bool fh_schema_check_number(struct fh_schema_run *r, const struct fh_schema_frame *f,
			    const struct fh_schema_rule *rule);
bool fh_schema_check_length(struct fh_schema_run *r, const struct fh_schema_frame *f,
			    const struct fh_schema_rule *rule);
bool fh_schema_check_pattern(struct fh_schema_run *r, const struct fh_schema_frame *f,
			     const struct fh_schema_rule *rule);
bool fh_schema_check_format(struct fh_schema_run *r, const struct fh_schema_frame *f,
			    const struct fh_schema_rule *rule);
bool fh_schema_check_count_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
				 const struct fh_schema_rule *rule);
bool fh_schema_check_unique_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
				  const struct fh_schema_rule *rule);
bool fh_schema_check_count_properties(struct fh_schema_run *r, const struct fh_schema_frame *f,
				      const struct fh_schema_rule *rule);
bool fh_schema_check_required(struct fh_schema_run *r, const struct fh_schema_frame *f,
			      const struct fh_schema_rule *rule);
bool fh_schema_check_dependent(struct fh_schema_run *r, const struct fh_schema_frame *f,
			       const struct fh_schema_rule *rule);
bool fh_schema_check_property_names(struct fh_schema_run *r, const struct fh_schema_frame *f,
				    const struct fh_schema_rule *rule);
bool fh_schema_check_properties(struct fh_schema_run *r, const struct fh_schema_frame *f,
				const struct fh_schema_rule *rule);
bool fh_schema_check_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
			   const struct fh_schema_rule *rule);
bool fh_schema_check_contains(struct fh_schema_run *r, const struct fh_schema_frame *f,
			      const struct fh_schema_rule *rule);
bool fh_schema_check_unevaluated_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
				       const struct fh_schema_rule *rule);
bool fh_schema_check_unevaluated_properties(struct fh_schema_run *r,
					    const struct fh_schema_frame *f,
					    const struct fh_schema_rule *rule);

#endif
