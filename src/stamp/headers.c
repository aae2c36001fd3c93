/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/headers.h"

#include <string.h>

#include "stamp/headers_private.h"

static const char *const trusts[FH_HEADER_TRUSTS] = {
	[FH_HEADER_UNPLACED] = "unplaced",
	[FH_HEADER_ALONE] = "alone",
	[FH_HEADER_SHORT] = "short",
	[FH_HEADER_PINNED] = "pinned",
	[FH_HEADER_GENESIS] = "genesis",
};

const char *fh_header_trust_text(enum fh_header_trust t)
{
	return trusts[t];
}

fh_err fh_header_trust_parse(struct fh_span text, enum fh_header_trust *out)
{
	for (int i = 0; i < FH_HEADER_TRUSTS; i++) {
		if (fh_span_equal(text, fh_span_str(trusts[i]))) {
			*out = (enum fh_header_trust)i;
			return FH_ERR_OK;
		}
	}
	return FH_ERR_UNKNOWN;
}

size_t fh_headers_memory(size_t cap)
{
	return cap * (FH_HEADER_SIZE + sizeof(struct fh_number)) +
	       FH_HEADERS_RUNS_MAX * sizeof(struct fh_header_run) + 256;
}

fh_err fh_headers_begin(enum fh_network network, size_t cap, struct fh_arena *a,
			struct fh_headers *out)
{
	*out = (struct fh_headers){ .network = network, .cap = cap };
	if (cap > SIZE_MAX / FH_HEADER_SIZE)
		return FH_ERR_LIMIT;
	out->bytes = fh_arena_space(a, cap * FH_HEADER_SIZE);
	out->work = fh_arena_space(a, cap * sizeof(*out->work));
	out->run = fh_arena_space(a, FH_HEADERS_RUNS_MAX * sizeof(*out->run));
	return out->bytes == nullptr || out->work == nullptr || out->run == nullptr
		? FH_ERR_NOMEM : FH_ERR_OK;
}

size_t fh_headers_index(const struct fh_headers *h, size_t run, uint64_t height)
{
	while (run != FH_HEADERS_NO_RUN && height < h->run[run].first)
		run = h->run[run].parent;
	if (run == FH_HEADERS_NO_RUN || height - h->run[run].first >= h->run[run].n)
		return SIZE_MAX;
	return h->run[run].at + (size_t)(height - h->run[run].first);
}

static const uint8_t *bytes_at(const struct fh_headers *h, size_t i)
{
	return h->bytes + FH_HEADER_SIZE * i;
}

static uint64_t top_of(const struct fh_header_run *r)
{
	return r->first + r->n - 1;
}

/* The run with the header at HEIGHT whose hash is HASH, or FH_HEADERS_NO_RUN.  */
static size_t find_hash(const struct fh_headers *h, uint64_t height, const struct fh_hash *hash)
{
	for (size_t i = h->runs; i-- > 0;) {
		const struct fh_header_run *r = &h->run[i];

		if (r->trust == FH_HEADER_UNPLACED || height < r->first || height > top_of(r))
			continue;

		size_t at = r->at + (size_t)(height - r->first);
		struct fh_hash found =
			fh_hash_twice(fh_span_of(bytes_at(h, at), FH_HEADER_SIZE));

		if (fh_hash_equal(&found, hash))
			return i;
	}
	return FH_HEADERS_NO_RUN;
}

static fh_err refuse(struct fh_trace *t, fh_err e, const char *what)
{
	fh_trace_what(t, "%s", what);
	return e;
}

/* What can be said about X without those before it.  */
static fh_err check_alone(const struct fh_headers *h, uint64_t height, const struct fh_header *x,
			  bool *pinned, struct fh_trace *t)
{
	struct fh_hash pin;

	*pinned = false;
	if (!fh_header_works(x, h->network)) {
		fh_trace_what(t, "it has not the work that a block of the network `%s` needs",
			      fh_network_text(h->network));
		return FH_ERR_FORMAT;
	}
	if (height == FH_HEADER_HEIGHT_NONE)
		return FH_ERR_OK;
	if (height > FH_HEADER_HEIGHT_MAX)
		return refuse(t, FH_ERR_LIMIT, "no block is that high");
	*pinned = fh_network_pinned(h->network, height, &pin);
	if (*pinned && !fh_hash_equal(&pin, &x->hash))
		return refuse(t, FH_ERR_CONFLICT, "another block is known to stand at this height");
	if (x->version < fh_network_version(h->network, height))
		return refuse(t, FH_ERR_FORMAT, "its version is too old for its height");
	return FH_ERR_OK;
}

/* Makes X the first of a run that follows PARENT.  */
static fh_err begin_run(struct fh_headers *h, uint64_t height, size_t parent,
			const struct fh_header *x, struct fh_trace *t)
{
	struct fh_header_run r = { height, h->n, 0, parent, FH_HEADER_ALONE };

	if (h->runs == FH_HEADERS_RUNS_MAX)
		return refuse(t, FH_ERR_LIMIT, "there are too many headers that follow no other");
	if (height == FH_HEADER_HEIGHT_NONE) {
		r.first = 0;
		r.trust = FH_HEADER_UNPLACED;
	} else if (height == 0) {
		r.trust = FH_HEADER_GENESIS;
	} else if (parent != FH_HEADERS_NO_RUN) {
		r.trust = h->run[parent].trust;
	} else if (!fh_header_hard_enough(x, h->network, height)) {
		return refuse(t, FH_ERR_FORMAT,
			      "its work is far less than that of any block from this height on");
	}
	h->run[h->runs++] = r;
	return FH_ERR_OK;
}

static void append(struct fh_headers *h, size_t parent_index, const struct fh_header *x,
		   const uint8_t *p)
{
	struct fh_header_run *r = &h->run[h->runs - 1];
	struct fh_number target;

	if (h->bits != x->bits) {
		(void)fh_number_of_bits(x->bits, &target);
		h->target_work = fh_number_work(&target);
		h->bits = x->bits;
	}
	memcpy(h->bytes + FH_HEADER_SIZE * h->n, p, FH_HEADER_SIZE);
	h->work[h->n] = parent_index == SIZE_MAX
		? h->target_work : fh_number_add(&h->work[parent_index], &h->target_work);
	h->tip = x->hash;
	h->n++;
	r->n++;
}

/* X follows what was added last.  */
static bool continues(const struct fh_headers *h, uint64_t height, const struct fh_header *x)
{
	if (h->runs == 0 || !fh_hash_equal(&h->tip, &x->previous))
		return false;

	const struct fh_header_run *r = &h->run[h->runs - 1];

	return height == FH_HEADER_HEIGHT_NONE ? r->trust == FH_HEADER_UNPLACED
		: r->trust != FH_HEADER_UNPLACED && height == top_of(r) + 1;
}

fh_err fh_headers_add(struct fh_headers *h, uint64_t height, const uint8_t p[FH_HEADER_SIZE],
		      struct fh_trace *t)
{
	struct fh_header x = fh_header_of(p);
	size_t parent = FH_HEADERS_NO_RUN;
	bool pinned, on = continues(h, height, &x);
	fh_err e = check_alone(h, height, &x, &pinned, t);

	if (e != FH_ERR_OK)
		return e;
	if (!on && height != FH_HEADER_HEIGHT_NONE) {
		if (find_hash(h, height, &x.hash) != FH_HEADERS_NO_RUN)
			return FH_ERR_OK;
		if (height > 0)
			parent = find_hash(h, height - 1, &x.previous);
	}
	if (on)
		parent = h->runs - 1;
	if (h->n == h->cap)
		return refuse(t, FH_ERR_LIMIT, "there are too many headers");

	bool unplaced = height == FH_HEADER_HEIGHT_NONE;
	uint64_t at = unplaced && on ? top_of(&h->run[parent]) + 1 : height;
	size_t before = parent == FH_HEADERS_NO_RUN ? SIZE_MAX
						    : fh_headers_index(h, parent, at - 1);

	if (parent != FH_HEADERS_NO_RUN)
		e = fh_headers_rules(h, parent, at, &x, t);
	if (e == FH_ERR_OK && !on)
		e = begin_run(h, height, parent, &x, t);
	if (e != FH_ERR_OK)
		return e;
	append(h, before, &x, p);
	if (pinned && h->run[h->runs - 1].trust < FH_HEADER_PINNED)
		h->run[h->runs - 1].trust = FH_HEADER_PINNED;
	return FH_ERR_OK;
}

/* --- looking --- */

static struct fh_number work_of_tip(const struct fh_headers *h, size_t run)
{
	return h->work[h->run[run].at + h->run[run].n - 1];
}

/* The path that ends in run A is better than the one in run B.  */
static bool better(const struct fh_headers *h, size_t a, size_t b)
{
	if (b == FH_HEADERS_NO_RUN)
		return true;

	struct fh_number x = work_of_tip(h, a), y = work_of_tip(h, b);

	if (h->run[a].trust != h->run[b].trust)
		return h->run[a].trust > h->run[b].trust;
	return fh_number_compare(&x, &y) > 0;
}

/* The best path that has a header at HEIGHT; at any if it is
 * FH_HEADER_HEIGHT_NONE.  */
static size_t best_run(const struct fh_headers *h, uint64_t height)
{
	size_t best = FH_HEADERS_NO_RUN;

	for (size_t i = 0; i < h->runs; i++) {
		bool there = height == FH_HEADER_HEIGHT_NONE ||
			     fh_headers_index(h, i, height) != SIZE_MAX;

		if (h->run[i].trust != FH_HEADER_UNPLACED && there && better(h, i, best))
			best = i;
	}
	return best;
}

/* Between two known blocks a chain is worth no more than its work, which was little in the
 * first years, unless it reaches the second one.  */
static enum fh_header_trust trust_at(const struct fh_headers *h, size_t run, uint64_t height)
{
	enum fh_header_trust trust = h->run[run].trust;
	uint64_t next = fh_network_next_pin(h->network, height);
	bool reaches = next == FH_HEADER_HEIGHT_NONE || next <= top_of(&h->run[run]);

	return trust >= FH_HEADER_PINNED && !reaches ? FH_HEADER_SHORT : trust;
}

static struct fh_header_place place_of(const struct fh_headers *h, size_t run, uint64_t height)
{
	size_t at = fh_headers_index(h, run, height);
	struct fh_header_place p = { fh_header_of(bytes_at(h, at)), height,
				     trust_at(h, run, height),
				     top_of(&h->run[run]) - height, work_of_tip(h, run) };
	struct fh_number target, own, before = h->work[at];

	/* What the header itself took is counted, what lies before it is not.  */
	(void)fh_number_of_bits(p.header.bits, &target);
	own = fh_number_work(&target);
	before = fh_number_subtract(&before, &own);
	p.work = fh_number_subtract(&p.work, &before);
	return p;
}

bool fh_headers_find(const struct fh_headers *h, uint64_t height, struct fh_header_place *out)
{
	size_t run = height == FH_HEADER_HEIGHT_NONE ? FH_HEADERS_NO_RUN : best_run(h, height);

	if (run == FH_HEADERS_NO_RUN)
		return false;
	*out = place_of(h, run, height);
	return true;
}

bool fh_headers_is_single(const struct fh_headers *h)
{
	return h->n == 1 && h->run[0].trust == FH_HEADER_UNPLACED;
}

bool fh_headers_find_root(const struct fh_headers *h, const struct fh_hash *root,
			  struct fh_header_place *out)
{
	for (size_t i = 0; i < h->runs; i++) {
		const struct fh_header_run *r = &h->run[i];

		for (size_t k = 0; r->trust == FH_HEADER_UNPLACED && k < r->n; k++) {
			struct fh_header x = fh_header_of(bytes_at(h, r->at + k));

			if (!fh_hash_equal(&x.root, root))
				continue;
			*out = place_of(h, i, k);
			out->height = FH_HEADER_HEIGHT_NONE;
			return true;
		}
	}
	return false;
}

size_t fh_headers_best(const struct fh_headers *h)
{
	return best_run(h, FH_HEADER_HEIGHT_NONE);
}

bool fh_headers_tip(const struct fh_headers *h, struct fh_header_place *out)
{
	size_t run = fh_headers_best(h);

	if (run == FH_HEADERS_NO_RUN)
		return false;
	*out = place_of(h, run, top_of(&h->run[run]));
	return true;
}

uint64_t fh_headers_first(const struct fh_headers *h)
{
	size_t run = fh_headers_best(h);

	while (run != FH_HEADERS_NO_RUN && h->run[run].parent != FH_HEADERS_NO_RUN)
		run = h->run[run].parent;
	return run == FH_HEADERS_NO_RUN ? FH_HEADER_HEIGHT_NONE : h->run[run].first;
}
