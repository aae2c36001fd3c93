/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_COUNTED_H
#define FH_ENTRY_COUNTED_H

#include "base/builder.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "freehold/error.h"

/* Refusals of one actor for one reason, or answers to his questions that were no, that were so
 * many that they were counted, and not recorded one by one.  The detail of a refusal entry is then
 *
 *	{"last": uint, "count": uint, "first": uint, "digest": bstr 32, "reason": tstr}
 *
 * docs/spec/LEAF, "Counted refusals".  */

constexpr size_t FH_COUNTED_REASON_MAX = 64;
constexpr size_t FH_COUNTED_MAX = 192; /* of the map */

/* What the reason of answers begins with, the decision's code or that of a search being behind it:
 * so that nobody takes what an actor asked about others for what he was refused himself.  */
#define FH_COUNTED_ANSWER "answer."
#define FH_COUNTED_FOUND_NOTHING "found-nothing" /* a search whose page has no result */

struct fh_counted {
	uint64_t count;             /* at least 1 */
	uint64_t first_ms, last_ms; /* lo when the first and the last of them came */
	struct fh_hash digest;      /* over all of them, in their order */
	struct fh_span reason;      /* a stable code, of 1 to FH_COUNTED_REASON_MAX bytes */
};

/* Writes the map.  */
void fh_counted_put(struct fh_builder *b, const struct fh_counted *c);
/* Reads it, strictly.  FH_ERR_MISSING: DETAIL is that of a refusal which was recorded by
 * itself; FH_ERR_FORMAT or another: it is neither.  */
fh_err fh_counted_read(struct fh_span detail, struct fh_counted *out);

/* Whether REASON is that of answers; *CODE is then what is behind FH_COUNTED_ANSWER.  */
bool fh_counted_is_answer(struct fh_span reason, struct fh_span *code);

/* The digest with one more refusal behind those that are in D, which is zero before the first:
 * SHA-256("freehold/refused/v1" LF || D || text(server) || text(tool) || text(params)), text being
 * the length in 8 bytes and the bytes: of what was asked, as DOOR has it; of an answer server and
 * tool are empty, and params is the question.  Whoever kept what he sent can show that these were
 * it.  */
struct fh_hash fh_counted_digest(const struct fh_hash *d, struct fh_span server,
				 struct fh_span tool, struct fh_span params);

#endif
