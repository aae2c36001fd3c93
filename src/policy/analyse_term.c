/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_term.h"

constexpr uint32_t slots = 2 * FH_TERMS_MAX; /* a power of two */

static_assert(FH_TERMS_MAX == FH_ATOMS_MAX);

fh_err fh_terms_begin(struct fh_terms *t, struct fh_arena *a)
{
	struct fh_terms made = {
		.term = fh_arena_space(a, FH_TERMS_MAX * sizeof(*made.term)),
		.atom = fh_arena_space(a, FH_ATOMS_MAX * sizeof(*made.atom)),
		.term_slot = fh_arena_array(a, slots, sizeof(*made.term_slot)),
		.atom_slot = fh_arena_array(a, slots, sizeof(*made.atom_slot)),
	};

	if (made.term == nullptr || made.atom == nullptr || made.term_slot == nullptr ||
	    made.atom_slot == nullptr)
		return FH_ERR_NOMEM;
	*t = made;
	return FH_ERR_OK;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* Of the value V, but not of what is in it.  */
static uint64_t value_hash(const struct fh_value *v)
{
	uint64_t h = mix((uint64_t)v->kind, v->n);

	switch (v->kind) {
	case FH_VALUE_BOOL:
		return mix(h, v->boolean);
	case FH_VALUE_STRING:
		return mix(h, fh_text_hash(v->text, 0));
	case FH_VALUE_ENTITY:
		return mix(h, v->entity->hash);
	case FH_VALUE_SET:
	case FH_VALUE_RECORD:
	case FH_VALUE_IP:
		return h;
	default:
		return mix(h, (uint64_t)v->integer);
	}
}

static uint64_t term_hash(const struct fh_term *x)
{
	uint64_t h = mix((uint64_t)x->kind, x->which);

	h = mix(mix(h, (uint64_t)x->a << 32 | x->b), (uint64_t)x->number);
	if (x->kind == FH_TERM_CONSTANT)
		h = mix(h, value_hash(&x->value));
	for (uint32_t i = 0; i < x->n; i++)
		h = mix(h, x->items[i]);
	return x->text.n > 0 ? mix(h, fh_text_hash(x->text, 0)) : h;
}

static bool same_items(const struct fh_term *x, const struct fh_term *y)
{
	for (uint32_t i = 0; i < x->n; i++) {
		if (x->items[i] != y->items[i] ||
		    (x->names != nullptr && !fh_span_equal(x->names[i], y->names[i])))
			return false;
	}
	return true;
}

static bool same_term(const struct fh_term *x, const struct fh_term *y)
{
	return x->kind == y->kind && x->which == y->which && x->a == y->a && x->b == y->b &&
	       x->number == y->number && x->n == y->n && fh_span_equal(x->text, y->text) &&
	       (x->kind != FH_TERM_CONSTANT || fh_value_equal(&x->value, &y->value)) &&
	       same_items(x, y);
}

uint32_t fh_term_of(struct fh_terms *t, const struct fh_term *x)
{
	uint32_t at = (uint32_t)term_hash(x) & (slots - 1);

	for (; t->term_slot[at] != 0; at = (at + 1) & (slots - 1)) {
		if (same_term(&t->term[t->term_slot[at] - 1], x))
			return t->term_slot[at] - 1;
	}
	if (t->n == FH_TERMS_MAX) {
		t->full = true;
		return 0;
	}
	t->term[t->n] = *x;
	t->term_slot[at] = ++t->n;
	return t->n - 1;
}

uint32_t fh_atom_of(struct fh_terms *t, const struct fh_atom *x)
{
	uint64_t h = mix(mix((uint64_t)x->kind, (uint64_t)x->a << 32 | x->b),
			 (uint64_t)x->number);

	h = x->text.n > 0 ? mix(h, fh_text_hash(x->text, 0)) : h;
	uint32_t at = (uint32_t)h & (slots - 1);

	for (; t->atom_slot[at] != 0; at = (at + 1) & (slots - 1)) {
		const struct fh_atom *y = &t->atom[t->atom_slot[at] - 1];

		if (x->kind == y->kind && x->a == y->a && x->b == y->b &&
		    x->number == y->number && fh_span_equal(x->text, y->text))
			return t->atom_slot[at] - 1;
	}
	if (t->atoms_n == FH_ATOMS_MAX) {
		t->full = true;
		return 0;
	}
	t->atom[t->atoms_n] = *x;
	t->atom_slot[at] = ++t->atoms_n;
	return t->atoms_n - 1;
}
