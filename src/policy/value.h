/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_VALUE_H
#define FH_POLICY_VALUE_H

#include "policy/entity.h"

/* Cedar's values: what expressions evaluate to, and what entities' attributes,
 * tags and the context hold.  A value is passed by value and never changes; what
 * it points to lives in some arena.  */

enum fh_value_kind {
	FH_VALUE_BOOL = 0,
	FH_VALUE_LONG,
	FH_VALUE_STRING,
	FH_VALUE_ENTITY,
	FH_VALUE_SET,
	FH_VALUE_RECORD,
	FH_VALUE_DECIMAL,  /* integer: the decimal times 10,000 */
	FH_VALUE_IP,
	FH_VALUE_DATETIME, /* integer: milliseconds since 1970 */
	FH_VALUE_DURATION, /* integer: milliseconds */
	FH_VALUE_KINDS
};

struct fh_ip {
	uint8_t address[16]; /* IPv4: the first four */
	uint8_t prefix;      /* at most 32 or 128 */
	bool v6;
};

struct fh_value {
	enum fh_value_kind kind;
	uint32_t n; /* elements of a SET, fields of a RECORD */
	union {
		bool boolean;
		int64_t integer;                    /* LONG and what is said above */
		struct fh_span text;                /* STRING */
		const struct fh_entity_key *entity; /* ENTITY */
		const struct fh_value *items;       /* SET: ascending, each once */
		const struct fh_value_field *fields; /* RECORD: names ascending, each once */
		const struct fh_ip *ip;             /* IP */
	};
};

struct fh_value_field {
	struct fh_span name;
	struct fh_value value;
};

/* The record without fields.  */
static inline struct fh_value fh_value_none(void)
{
	return (struct fh_value){ .kind = FH_VALUE_RECORD };
}

/* A total order of all values; 0 iff they are equal as Cedar has it.  */
int fh_value_compare(const struct fh_value *a, const struct fh_value *b);

static inline bool fh_value_equal(const struct fh_value *a, const struct fh_value *b)
{
	return fh_value_compare(a, b) == 0;
}

/* The set of the N values ITEMS, which are put in order and lose their doubles;
 * the set keeps them.  */
struct fh_value fh_value_set(struct fh_value *items, uint32_t n);

/* ITEM is an element of SET.  */
bool fh_value_contains(const struct fh_value *set, const struct fh_value *item);

/* The record of the N fields, which are put in order and kept.  False, and *OUT
 * as it was, if a name comes twice.  */
bool fh_value_record(struct fh_value_field *fields, uint32_t n, struct fh_value *out);

/* The field NAME of RECORD, or NULL.  */
const struct fh_value *fh_value_field(const struct fh_value *record, struct fh_span name);

#endif
