/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_CHARGE_H
#define FH_CLI_POLICY_CHARGE_H

#include "policy/decision.h"
#include "state/fold.h"

/* Entries that were never written, for folds that say how it would have been.  */

/* Adds the permitted intent L (of which index and time count) with D's charges.  */
fh_err fh_fold_suppose_intent(struct fh_fold *fold, const struct fh_leaf *l,
			      const struct fh_decision *d);
/* Adds the outcome of the intent of that INDEX, which gives back E.  */
fh_err fh_fold_suppose_outcome(struct fh_fold *fold, uint64_t index, const struct fh_effect *e);

#endif
