/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SANDBOX_RECORD_H
#define FH_SANDBOX_RECORD_H

#include "entry/field.h"
#include "entry/leaf.h"
#include "os/memory.h"
#include "sandbox/house.h"

/* What stands in the journal of a house right now, unverified.  */

constexpr size_t FH_SEEN_MAX = 4096;

struct fh_seen_entry {
	enum fh_entry_kind kind;
	struct fh_fields fields;
};

struct fh_seen {
	struct fh_arena arena;
	struct fh_seen_entry *entry; /* by index */
	size_t n;
};

void fh_seen_read(const struct fh_house *h, struct fh_seen *s);
void fh_seen_drop(struct fh_seen *s);

/* Entry INDEX is an intent that was allowed.  */
bool fh_seen_permitted(const struct fh_seen *s, uint64_t index);
/* The status of the outcome of intent INDEX, or "".  */
const char *fh_seen_status(const struct fh_seen *s, uint64_t index);
/* The text of field ID of entry INDEX, or "".  */
const char *fh_seen_text(const struct fh_seen *s, uint64_t index, enum fh_field_id id);
/* Entries in the journal now.  */
size_t fh_seen_count(const struct fh_house *h);

#endif
