/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STATE_FOLD_PRIVATE_H
#define FH_STATE_FOLD_PRIVATE_H

#include "state/fold.h"

/* The numbers of the slots of B that count at LO_MS are *FIRST to B->newest; none if
 * *FIRST is greater.  */
void fh_budget_slots(const struct fh_budget *b, uint64_t lo_ms, uint64_t *first);

/* Nothing is open and nothing used.  */
void fh_fold_clear(struct fh_fold *f);

/* The budget number I of F, which is new, can be found by its id.  */
void fh_budget_enter(struct fh_fold *f, size_t i);

#endif
