/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_CARRIED_H
#define FH_ENTRY_CARRIED_H

#include "base/builder.h"
#include "entry/field.h"

/* What a state entry says of the fold besides its hash: which period of the class `fold` the
 * entries behind it are sealed in, and, if that begins with it, the fold itself, sealed in that
 * period.  From such an entry on nobody needs what was sealed in an earlier one.  docs/spec/LEAF,
 * "State".
 *
 *	[period: uint, text: bstr]
 */

constexpr uint64_t FH_FOLD_PERIOD_FIRST = 1; /* before any; 0 is of versions that had none */
constexpr size_t FH_CARRIED_MAX = 512 << 10; /* bytes of the sealed text */

struct fh_carried {
	uint64_t period;     /* index of the last state entry that carried the fold */
	struct fh_span text; /* as fh_sealed_text_put() seals; empty: this one carries nothing */
};

void fh_carried_put(struct fh_builder *b, const struct fh_carried *c);

/* Reads what F, of a state entry, holds; the text looks into it.  FH_ERR_MISSING: nothing, as in
 * entries of versions that had no periods of the fold.  FH_ERR_FORMAT.  */
fh_err fh_carried_read(const struct fh_fields *f, struct fh_carried *out);

#endif
