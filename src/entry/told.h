/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_TOLD_H
#define FH_ENTRY_TOLD_H

#include "entry/field.h"

/* What a call told of its progress before its answer, and what its server said that nobody had
 * asked for: the detail of an outcome (docs/spec/LEAF, "Outcomes").
 *
 *	{? "told": [messages: uint, bytes: uint, link: bstr 32], ? "dropped": uint}
 */

struct fh_told {
	uint64_t messages, bytes;
	struct fh_hash link; /* SHA-256(link before || message); zeros before the first */
	uint64_t dropped;    /* messages that went to nobody */
};

constexpr size_t FH_TOLD_MAX = 96; /* of the map */

/* MESSAGE (a map of wire/progress.h) was told behind those that are in T.  */
void fh_told_add(struct fh_told *t, struct fh_span message);

/* Writes the map; nothing if there is nothing to say.  */
void fh_told_put(struct fh_builder *b, const struct fh_told *t);

/* Reads what F, of an outcome, says of it, strictly.  FH_ERR_MISSING: nothing was told and
 * nothing dropped.  *OUT is zero unless FH_ERR_OK.  */
fh_err fh_told_read(const struct fh_fields *f, struct fh_told *out);

#endif
