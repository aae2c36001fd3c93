/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_REFERENCE_H
#define FH_EVIDENCE_REFERENCE_H

#include "base/arena.h"
#include "evidence/uki.h"

/* Reference values with the events that lead to them, wherever they come from, and
 * what makes two of them differ: docs/spec/EVIDENCE.md, "Reference values".  */

constexpr size_t FH_REFERENCE_EVENTS_MAX = 4096; /* of one; logs have 30 to 300 */
constexpr size_t FH_REFERENCE_JSON_MAX = 8 << 20; /* 4096 events at 2 KiB */

struct fh_reference_event {
	uint8_t pcr;
	enum fh_component component;
	struct fh_span name;
	struct fh_digest digest[FH_BANKS]; /* empty for banks that there are not */
};

struct fh_reference {
	size_t events;
	const struct fh_reference_event *event;
	struct fh_digest value[FH_BANKS][FH_PCRS]; /* empty: not known */
};

/* Reads what `freehold reference uki --json` and `from-log --json` print.  *OUT looks
 * into TEXT and A.  FH_ERR_FORMAT, FH_ERR_LIMIT or FH_ERR_NOMEM with a trace.  */
fh_err fh_reference_read(struct fh_span text, const char *name, struct fh_arena *a,
			 struct fh_reference *out, struct fh_trace *t);

/* What the event log FILE tells.  */
fh_err fh_reference_of_log(struct fh_span file, struct fh_arena *a, struct fh_reference *out,
			   struct fh_trace *t);

/* What is predicted from an image.  */
fh_err fh_reference_of_uki(const struct fh_uki *u, struct fh_arena *a, struct fh_reference *out);

/* --- differences -------------------------------------------------------- */

enum fh_difference : uint8_t {
	FH_SAME = 0,
	FH_CHANGED,
	FH_ADDED,   /* only the new one has it */
	FH_REMOVED, /* only the old one has it */
};

struct fh_reference_diff {
	enum fh_bank bank;         /* that was compared */
	uint32_t pcrs;             /* bit I: PCR I is known in both and has another value */
	uint32_t unknown;          /* bit I: it is known in one of them only */
	struct {
		enum fh_difference how;
		uint32_t pcrs;     /* where it shows */
	} component[FH_COMPONENT_COUNT];
};

/* FH_ERR_MISSING if they have no bank in common.  */
fh_err fh_reference_compare(const struct fh_reference *old, const struct fh_reference *new,
			    struct fh_reference_diff *out);

#endif
