/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/anchor.h"

#include "base/sort.h"
#include "merkle/checkpoint.h"

const char *fh_anchor_state_text(enum fh_anchor_state s)
{
	static const char *const text[FH_ANCHOR_STATES] = {
		[FH_ANCHOR_UNREADABLE] = "unreadable",
		[FH_ANCHOR_UNSTAMPED] = "unstamped",
		[FH_ANCHOR_PENDING] = "pending",
		[FH_ANCHOR_UNCHECKED] = "unchecked",
		[FH_ANCHOR_CONTRADICTED] = "contradicted",
		[FH_ANCHOR_HOLDS] = "holds",
	};

	return text[s];
}

static bool read_note(struct fh_span bytes, uint64_t size, struct fh_anchor *out)
{
	struct fh_checkpoint c;
	struct fh_note note;

	if (fh_note_parse(bytes, &note) != FH_ERR_OK
	    || fh_checkpoint_parse(note.text, &c) != FH_ERR_OK || c.size != size)
		return false;
	out->noted = true;
	out->root = c.root;
	out->origin = fh_hash_of(c.origin);
	return true;
}

static enum fh_anchor_state state_of(const struct fh_stamp_check *c,
				     const struct fh_headers *headers)
{
	if (c->existed)
		return FH_ANCHOR_HOLDS;
	/* No claims: it could not be read, or is of another file.  */
	if (c->claims == 0)
		return FH_ANCHOR_UNREADABLE;
	/* A header without a height is of one anchor, and says nothing of the others.  */
	if (fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_NO
	    && !fh_headers_is_single(headers))
		return FH_ANCHOR_CONTRADICTED;
	return fh_stamp_anchored(c->stamp.root) ? FH_ANCHOR_UNCHECKED : FH_ANCHOR_PENDING;
}

fh_err fh_anchor_judge(uint64_t size, struct fh_span note, struct fh_span ots,
		       const struct fh_headers *headers, enum fh_header_trust least,
		       struct fh_arena *a, struct fh_anchor *out)
{
	struct fh_anchor anchor = { .size = size, .state = FH_ANCHOR_UNREADABLE };
	struct fh_stamp_check c;
	fh_err e = FH_ERR_OK;

	if (!read_note(note, size, &anchor)) {
		*out = anchor;
		return FH_ERR_OK;
	}
	if (ots.n > 0)
		e = fh_stamp_verify(ots, note, headers, least, a, &c);
	if (e != FH_ERR_OK)
		return e;
	anchor.state = ots.n > 0 ? state_of(&c, headers) : FH_ANCHOR_UNSTAMPED;
	if (anchor.state == FH_ANCHOR_HOLDS) {
		anchor.network = c.network;
		anchor.height = c.height;
		anchor.place = c.place;
	}
	*out = anchor;
	return FH_ERR_OK;
}

/* By size; then by state, by what speaks for the header, and the later time first.  */
static int by_size(const void *a, const void *b)
{
	const struct fh_anchor *x = a, *y = b;
	uint32_t xt = x->place.header.time, yt = y->place.header.time;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (x->place.trust != y->place.trust)
		return x->place.trust < y->place.trust ? -1 : 1;
	return (xt < yt) - (xt > yt);
}

void fh_anchors_sort(struct fh_anchor *a, size_t n)
{
	fh_sort(a, n, sizeof(*a), by_size);
}
