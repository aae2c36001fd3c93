/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_TYPE_H
#define FH_POLICY_TYPE_H

#include "policy/value.h"

/* Cedar's types: what a schema declares and what the validator computes.  A type
 * lives in some arena and never changes; several may share their parts.  */

enum fh_type_kind {
	FH_KIND_NEVER = 0, /* no value; the element of an empty set */
	FH_KIND_TRUE,
	FH_KIND_FALSE,
	FH_KIND_BOOL,
	FH_KIND_LONG,
	FH_KIND_STRING,
	FH_KIND_SET,
	FH_KIND_RECORD,
	FH_KIND_ENTITY,     /* of one of some entity types */
	FH_KIND_ANY_ENTITY,
	FH_KIND_EXTENSION,
};

struct fh_type_field;

struct fh_type {
	enum fh_type_kind kind : 8;
	enum fh_value_kind extension : 8; /* EXTENSION: which */
	bool open;                        /* RECORD: it may have other fields */
	uint8_t depth;                    /* SET, RECORD: types in each other, itself included */
	uint32_t n;                       /* fields of a RECORD, members of an ENTITY */
	union {
		const struct fh_type *element;      /* SET; NULL: of anything */
		const struct fh_type_field *fields; /* RECORD: names ascending, each once */
		const uint32_t *members;            /* ENTITY: entity types, ascending */
	};
};

struct fh_type_field {
	struct fh_span name;
	const struct fh_type *type;
	bool required;
};

/* How an extension type is called, and which it is: "ipaddr" and FH_VALUE_IP.  */
struct fh_extension_name {
	struct fh_span name;
	enum fh_value_kind kind;
};

/* The extension type called NAME, or NULL.  */
const struct fh_extension_name *fh_extension_named(struct fh_span name);

/* The types that need nothing else.  */
const struct fh_type *fh_type_plain(enum fh_type_kind k);
const struct fh_type *fh_type_extension(enum fh_value_kind k);

/* The field NAME of RECORD, or NULL.  */
const struct fh_type_field *fh_type_field(const struct fh_type *record, struct fh_span name);

/* Puts the N fields in order.  False if a name comes twice: it is in *TWICE then.  */
bool fh_type_fields_sort(struct fh_type_field *fields, uint32_t n, struct fh_span *twice);

static inline bool fh_type_is_bool(const struct fh_type *t)
{
	return t->kind == FH_KIND_TRUE || t->kind == FH_KIND_FALSE || t->kind == FH_KIND_BOOL;
}

static inline bool fh_type_is_entity(const struct fh_type *t)
{
	return t->kind == FH_KIND_ENTITY || t->kind == FH_KIND_ANY_ENTITY;
}

#endif
