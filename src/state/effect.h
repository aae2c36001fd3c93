/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STATE_EFFECT_H
#define FH_STATE_EFFECT_H

#include "base/builder.h"
#include "base/limits.h"
#include "crypto/hash.h"

/* The committed field `effect` of an entry: what the entry does to the fold
 * (docs/spec/LEAF).  An intent opens and takes from budgets, its outcome closes and
 * gives back what was not used.  */

struct fh_effect_part {
	struct fh_hash budget;
	uint64_t period_ms;
	uint64_t amount;      /* taken by an intent, given back by an outcome */
};

struct fh_effect {
	bool opens;           /* an intent; otherwise an outcome */
	struct fh_effect_part part[FH_CHARGES_MAX];
	size_t parts;
};

/* Most bytes of one.  */
constexpr size_t FH_EFFECT_MAX = 16 + FH_CHARGES_MAX * (FH_HASH_SIZE + 24);

/* Writes / reads [opens, [[budget, period, amount], ...]], strictly: no budget twice, no
 * period of zero.  */
void fh_effect_put(struct fh_builder *b, const struct fh_effect *e);
fh_err fh_effect_read(struct fh_span value, struct fh_effect *out);

#endif
