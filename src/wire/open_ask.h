/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_OPEN_ASK_H
#define FH_WIRE_OPEN_ASK_H

#include "base/builder.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/trace.h"
#include "entry/field.h"
#include "freehold/error.h"
#include "policy/entity.h"

/* What a reader wants to have opened of the record (docs/spec/DOOR, "Readers"): the line that
 * he sends, and the CBOR map that core decides and records.  */

#define FH_OPEN_ASK_HELLO "freehold-record/1"
#define FH_ACTION_RECORD_OPEN "record.open"
#define FH_ACTION_RECORD_DISCLOSE "record.disclose"

constexpr size_t FH_OPEN_ASK_ENTRIES_MAX = 256; /* entries of one request */
constexpr size_t FH_OPEN_ASK_LINE_MAX = 512;    /* "disclose", two numbers, every field */
constexpr size_t FH_OPEN_ASK_PARAMS_MAX = 512; /* the map with every field */

/* Every field that there is, as bits 1 << id.  */
constexpr uint64_t FH_OPEN_ASK_FIELDS = (UINT64_C(1) << FH_FIELD_IDS) - 2;

struct fh_open_ask {
	bool disclose;     /* one entry, for outsiders to see */
	uint64_t from, to; /* entries, both included; at most FH_OPEN_ASK_ENTRIES_MAX */
	uint64_t fields;   /* bits 1 << id, some of FH_OPEN_ASK_FIELDS */
};

/* Action::"record.open" or Action::"record.disclose".  */
struct fh_entity_uid fh_open_ask_action(const struct fh_open_ask *o);

/* Reads names of fields, divided by commas, into bits.  FH_ERR_UNKNOWN.  */
fh_err fh_open_ask_fields(struct fh_span names, uint64_t *out);

/* The line, without its end: `open FROM TO [FIELDS]` or `disclose N N FIELDS`.  FH_ERR_FORMAT
 * or FH_ERR_LIMIT; *T (never NULL) says what is wrong.  */
fh_err fh_open_ask_parse(struct fh_span line, struct fh_open_ask *out, struct fh_trace *t);
void fh_open_ask_put_line(struct fh_builder *b, const struct fh_open_ask *o);

/* The map {"to", "from", "fields", "entries", "disclose"}, read strictly: what is decided and
 * recorded, and the arguments that a policy's context is made of.  `fields` names each of them,
 * `entries` says how many.  */
void fh_open_ask_put(struct fh_builder *b, const struct fh_open_ask *o);
fh_err fh_open_ask_read(struct fh_span params, struct fh_open_ask *out);

#endif
