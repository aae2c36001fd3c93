/* SPDX-License-Identifier: Apache-2.0 */
/* Values for what is not known.  For each type there are few that can matter: the
 * constants that are spoken of, what is next to them, and something else.  */
#include "base/limits.h"
#include "policy/analyse_text.h"
#include "policy/analyse_theory.h"
#include "policy/extension.h"

/* --- what a value makes of a literal ------------------------------------------ */

/* Whether the atom X holds if its term has the value V: 1, 0, or -1 if that is not
 * known.  */
static int holds(struct fh_model *m, const struct fh_atom *x, const struct fh_value *v)
{
	const struct fh_value *other = x->b == FH_TERM_NONE ? nullptr : fh_model_value(m, x->b);

	switch (x->kind) {
	case FH_ATOM_EQUAL:
		return other == nullptr ? -1 : fh_value_equal(v, other);
	case FH_ATOM_BELOW:
		return fh_value_is_number(v) ? v->integer < x->number : -1;
	case FH_ATOM_LESS:
		return other == nullptr ? -1 : v->integer < other->integer;
	case FH_ATOM_LIKE:
		return v->kind == FH_VALUE_STRING ? fh_pattern_matches(x->text, v->text) : -1;
	case FH_ATOM_IN_RANGE:
		return other == nullptr || v->kind != FH_VALUE_IP
			       ? -1
			       : fh_ip_in_range(v->ip, other->ip);
	case FH_ATOM_CONTAINS:
		return other == nullptr || v->kind != FH_VALUE_SET
			       ? -1
			       : fh_value_contains(v, other);
	case FH_ATOM_EMPTY:
		return v->kind == FH_VALUE_SET ? v->n == 0 : -1;
	default:
		return -1;
	}
}

/* The entity V, whose type is one of paths, is in what X names; -1 as above.  */
static int path_is_in(struct fh_model *m, const struct fh_atom *x, const struct fh_value *v)
{
	const struct fh_schema *s = m->s->schema;
	const struct fh_value *other = fh_model_value(m, x->b);
	uint32_t type = v->kind != FH_VALUE_ENTITY
				? FH_SCHEMA_NONE
				: fh_schema_find_type(s, v->entity->uid.type);

	if (type == FH_SCHEMA_NONE || !s->types[type].is_path || other == nullptr)
		return -1;
	if (s->types[type].parents_n == 0 ||
	    !fh_span_equal(s->types[s->types[type].parents[0]].name, other->entity->uid.type))
		return 0;
	for (struct fh_span up = fh_path_parent(v->entity->uid.id); up.n > 0;
	     up = fh_path_parent(up)) {
		if (fh_span_equal(up, other->entity->uid.id))
			return 1;
	}
	return 0;
}

/* B of the atom X is a constant, or equal to one.  */
static bool is_sure(struct fh_model *m, const struct fh_atom *x)
{
	return x->b == FH_TERM_NONE ||
	       fh_term_is_constant(&m->s->t, fh_model_class(m, x->b)) ||
	       fh_model_class(m, x->b) == fh_model_class(m, x->a);
}

bool fh_model_allows(struct fh_model *m, uint32_t class, const struct fh_value *v, bool strict)
{
	const struct fh_value *before = m->value[class];
	bool all = true;

	m->value[class] = v; /* of A == A, both sides are V */
	for (uint32_t i = m->first[class]; all && i != 0; i = m->next[i - 1]) {
		const struct fh_atom *x = fh_model_atom(m, i - 1);
		int is = x->kind == FH_ATOM_ANCESTOR ? path_is_in(m, x, v) : holds(m, x, v);

		if (is >= 0 && (strict || is_sure(m, x)))
			all = is == m->literal[i - 1].holds;
	}
	m->value[class] = before;
	return all;
}

/* --- trying ----------------------------------------------------------------------- */

/* Values that are tried one after the other.  */
struct trying {
	struct fh_model *m;
	uint32_t class;
	bool strict;
	const struct fh_value *found; /* the first that pleases */
	bool full;
};

static struct fh_value *keep(struct trying *t, struct fh_value v)
{
	struct fh_value *kept = fh_arena_take(t->m->arena, sizeof(*kept));

	t->full |= kept == nullptr;
	if (kept != nullptr)
		*kept = v;
	return kept;
}

static void try_value(struct trying *t, struct fh_value v)
{
	if (t->found == nullptr && fh_model_allows(t->m, t->class, &v, t->strict))
		t->found = keep(t, v);
}

/* The Ith literal of the class, from 0, in *X; false behind the last.  */
static bool literal_at(const struct trying *t, uint32_t *at, const struct fh_atom **x, bool *holds)
{
	if (*at == 0)
		return false;
	*x = fh_model_atom(t->m, *at - 1);
	*holds = t->m->literal[*at - 1].holds;
	*at = t->m->next[*at - 1];
	return true;
}

static const struct fh_type *type_of(const struct trying *t)
{
	return t->m->s->t.term[t->class].type;
}

/* --- numbers ------------------------------------------------------------------------ */

static void try_number(struct trying *t, enum fh_value_kind kind, int64_t n)
{
	try_value(t, (struct fh_value){ .kind = kind, .integer = n });
}

static enum fh_theory try_numbers(struct trying *t, enum fh_value_kind kind)
{
	uint32_t at = t->m->first[t->class];
	const struct fh_atom *x;
	bool is;

	try_number(t, kind, 0);
	while (t->found == nullptr && literal_at(t, &at, &x, &is)) {
		const struct fh_value *other =
			x->b == FH_TERM_NONE ? nullptr : fh_model_value(t->m, x->b);
		int64_t n = other == nullptr ? x->number : other->integer;

		try_number(t, kind, n);
		if (n > INT64_MIN)
			try_number(t, kind, n - 1);
		if (n < INT64_MAX)
			try_number(t, kind, n + 1);
	}
	return FH_THEORY_CONFLICT; /* the answers change next to these alone */
}

/* --- texts --------------------------------------------------------------------------- */

static void try_text(struct trying *t, struct fh_span text)
{
	try_value(t, (struct fh_value){ .kind = FH_VALUE_STRING, .text = text });
}

/* Looks through all texts.  */
static enum fh_theory search_texts(struct trying *t)
{
	struct fh_text_demand demand[FH_TEXT_PATTERNS_MAX];
	uint32_t at = t->m->first[t->class];
	const struct fh_atom *x;
	struct fh_span text;
	size_t n = 0;
	bool is;

	while (literal_at(t, &at, &x, &is)) {
		bool like = x->kind == FH_ATOM_LIKE;

		if (!like && (x->kind != FH_ATOM_EQUAL || !is_sure(t->m, x)))
			continue;
		if (n == FH_TEXT_PATTERNS_MAX)
			return FH_THEORY_UNKNOWN;
		demand[n++] = (struct fh_text_demand){
			like ? x->text : fh_model_value(t->m, x->b)->text, is };
	}
	switch (fh_text_find(demand, n, t->m->arena, &text)) {
	case FH_TEXT_NONE:
		return FH_THEORY_CONFLICT;
	case FH_TEXT_FOUND:
		try_text(t, text);
		return FH_THEORY_UNKNOWN;
	default:
		return FH_THEORY_UNKNOWN;
	}
}

static enum fh_theory try_texts(struct trying *t)
{
	try_text(t, FH_SPAN_LIT("example"));
	try_text(t, FH_SPAN_LIT(""));
	try_text(t, FH_SPAN_LIT("another"));
	return t->found != nullptr ? FH_THEORY_VALUES : search_texts(t);
}

/* --- addresses ------------------------------------------------------------------------ */

static void try_ip(struct trying *t, struct fh_ip ip)
{
	struct fh_ip *kept = fh_arena_take(t->m->arena, sizeof(*kept));

	if (kept == nullptr) {
		t->full = true;
		return;
	}
	*kept = ip;
	try_value(t, (struct fh_value){ .kind = FH_VALUE_IP, .ip = kept });
}

/* The first address of RANGE, or with BEHIND the first behind its last.  */
static struct fh_ip address_at(struct fh_ip range, bool behind)
{
	size_t bytes = range.v6 ? 16 : 4;
	unsigned carry = behind;

	for (size_t i = bytes; i-- > 0;) {
		unsigned fixed = range.prefix <= 8 * i ? 0
				 : range.prefix >= 8 * i + 8
					 ? 0xff
					 : 0xffu << (8 * i + 8 - range.prefix) & 0xff;
		unsigned last = (range.address[i] & fixed) | (behind ? 0xff & ~fixed : 0);

		last += carry;
		carry = last >> 8;
		range.address[i] = (uint8_t)last;
	}
	range.prefix = (uint8_t)(8 * bytes);
	return range;
}

/* If some range pleases, so does the smallest that it must be in, or else everything:
 * unless that one is excluded by name.  */
static enum fh_theory try_ips(struct trying *t)
{
	uint32_t first = t->m->first[t->class];
	const struct fh_atom *x;
	bool is, named = false;

	try_ip(t, (struct fh_ip){ .address = { 192, 0, 2, 1 }, .prefix = 32 });
	for (int round = 0; round < 2; round++) {
		uint32_t at = first;

		while (t->found == nullptr && literal_at(t, &at, &x, &is)) {
			const struct fh_value *v =
				x->b == FH_TERM_NONE ? nullptr : fh_model_value(t->m, x->b);

			named |= x->kind == FH_ATOM_EQUAL;
			if (v == nullptr || v->kind != FH_VALUE_IP)
				continue;
			try_ip(t, round == 0 ? address_at(*v->ip, false) : *v->ip);
			try_ip(t, address_at(*v->ip, true));
		}
	}
	try_ip(t, (struct fh_ip){ .v6 = true, .address = { 0x20, 1, 0xd, 0xb8 }, .prefix = 128 });
	try_ip(t, (struct fh_ip){ 0 });
	try_ip(t, (struct fh_ip){ .v6 = true });
	return named ? FH_THEORY_UNKNOWN : FH_THEORY_CONFLICT;
}

/* --- entities ------------------------------------------------------------------------- */

static void try_entity(struct trying *t, struct fh_span type, struct fh_span id)
{
	struct fh_entity_key *key = fh_arena_take(t->m->arena, sizeof(*key));

	if (key == nullptr) {
		t->full = true;
		return;
	}
	*key = fh_entity_key_of((struct fh_entity_uid){ type, id });
	try_value(t, (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = key });
}

/* PREFIX/xxx, longer than all entities that are spoken of, so it is none of them.  */
static struct fh_span longest_id(struct trying *t, struct fh_span prefix)
{
	uint32_t at = t->m->first[t->class];
	const struct fh_atom *x;
	size_t n = prefix.n + 2;
	bool is;

	while (literal_at(t, &at, &x, &is)) {
		const struct fh_value *v =
			x->kind == FH_ATOM_EQUAL ? fh_model_value(t->m, x->b) : nullptr;

		if (v != nullptr && v->entity->uid.id.n >= n)
			n = v->entity->uid.id.n + 1;
	}
	struct fh_builder b = fh_builder_of(fh_arena_take(t->m->arena, n), n);

	fh_builder_bytes(&b, prefix);
	if (prefix.p[prefix.n - 1] != '/')
		fh_builder_u8(&b, '/');
	while (!b.bad && b.n < n)
		fh_builder_u8(&b, 'x');
	t->full |= b.bad || n > FH_PATH_MAX;
	return b.bad ? prefix : fh_builder_span(&b);
}

/* PREFIX and a name that nothing else has so far.  */
static struct fh_span fresh_id(struct trying *t, struct fh_span prefix)
{
	static const char *const name[] = { "example", "another", "third" };
	size_t cap = prefix.n + 32;
	struct fh_builder b = fh_builder_of(fh_arena_take(t->m->arena, cap), cap);
	uint32_t n = t->m->fresh++;

	fh_builder_bytes(&b, prefix);
	if (prefix.n > 0 && prefix.p[prefix.n - 1] != '/')
		fh_builder_u8(&b, '/');
	fh_builder_text(&b, n < 3 ? name[n] : "example");
	if (n >= 3)
		fh_builder_decimal(&b, n);
	t->full |= b.bad;
	return b.bad ? prefix : fh_builder_span(&b);
}

/* Something in the deepest folder that it must be in is in no other one; and that folder,
 * or "/", is in fewer still.  */
static enum fh_theory try_paths(struct trying *t, struct fh_span type)
{
	uint32_t at = t->m->first[t->class];
	struct fh_span deepest = FH_SPAN_LIT("/");
	const struct fh_atom *x;
	bool is;

	while (literal_at(t, &at, &x, &is)) {
		const struct fh_value *v =
			x->kind == FH_ATOM_ANCESTOR ? fh_model_value(t->m, x->b) : nullptr;

		if (is && v != nullptr && v->entity->uid.id.n > deepest.n &&
		    (t->strict || is_sure(t->m, x)))
			deepest = v->entity->uid.id;
	}
	for (int i = 0; i < 3 && t->found == nullptr; i++)
		try_entity(t, type, fresh_id(t, deepest));
	if (t->found == nullptr)
		try_entity(t, type, longest_id(t, deepest));
	try_entity(t, type, FH_SPAN_LIT("/"));
	return FH_THEORY_CONFLICT;
}

static enum fh_theory try_entities(struct trying *t)
{
	const struct fh_type *type = type_of(t);
	const struct fh_schema_type *e = &t->m->s->schema->types[type->members[0]];

	for (uint32_t i = 0; i < e->choices_n; i++)
		try_entity(t, e->name, e->choices[i]);
	if (e->choices_n > 0)
		return FH_THEORY_CONFLICT;
	if (e->is_path)
		return try_paths(t, e->name);
	for (int i = 0; i < 8 && t->found == nullptr; i++)
		try_entity(t, e->name, fresh_id(t, (struct fh_span){ 0 }));
	return FH_THEORY_UNKNOWN; /* whoever it is, there is another one */
}

/* --- sets -------------------------------------------------------------------------------- */

/* The least set, and the same with one more.  */
static enum fh_theory try_sets(struct trying *t)
{
	uint32_t at = t->m->first[t->class], n = 0;
	const struct fh_type *element = type_of(t)->element;
	struct fh_value *items = fh_arena_array(t->m->arena, t->m->literals_n + 1, sizeof(*items));
	struct fh_value *more = fh_arena_array(t->m->arena, t->m->literals_n + 1, sizeof(*more));
	const struct fh_atom *x;
	bool is, empty = false;

	if (items == nullptr || more == nullptr)
		return FH_THEORY_UNKNOWN;
	while (literal_at(t, &at, &x, &is)) {
		const struct fh_value *v =
			x->b == FH_TERM_NONE ? nullptr : fh_model_value(t->m, x->b);

		empty |= is && x->kind == FH_ATOM_EMPTY;
		if (is && x->kind == FH_ATOM_CONTAINS && v != nullptr)
			items[n++] = *v;
	}
	for (uint32_t i = 0; i < n; i++)
		more[i] = items[i];
	try_value(t, fh_value_set(items, n));
	if (element != nullptr && element->kind == FH_KIND_STRING) {
		more[n] = (struct fh_value){ .kind = FH_VALUE_STRING,
					     .text = FH_SPAN_LIT("example") };
		try_value(t, fh_value_set(more, n + 1));
	} else if (element != nullptr && element->kind == FH_KIND_LONG) {
		more[n] = (struct fh_value){ .kind = FH_VALUE_LONG, .integer = 4096 };
		try_value(t, fh_value_set(more, n + 1));
	}
	return empty ? FH_THEORY_CONFLICT : FH_THEORY_UNKNOWN;
}

/* --- which ------------------------------------------------------------------------------- */

/* Tries what there is; if nothing pleases, what that means.  */
static enum fh_theory try_all(struct trying *t)
{
	const struct fh_type *type = type_of(t);

	switch (type->kind) {
	case FH_KIND_TRUE:
	case FH_KIND_FALSE:
	case FH_KIND_BOOL:
		try_value(t, (struct fh_value){ .kind = FH_VALUE_BOOL });
		try_value(t, (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = true });
		return FH_THEORY_CONFLICT;
	case FH_KIND_LONG:
		return try_numbers(t, FH_VALUE_LONG);
	case FH_KIND_STRING:
		return try_texts(t);
	case FH_KIND_SET:
		return try_sets(t);
	case FH_KIND_EXTENSION:
		return type->extension == FH_VALUE_IP ? try_ips(t)
						      : try_numbers(t, type->extension);
	case FH_KIND_ENTITY:
		return type->n == 1 ? try_entities(t) : FH_THEORY_UNKNOWN;
	default:
		return FH_THEORY_UNKNOWN;
	}
}

/* First one that also pleases what has a value already; that is a wish, so to fail is no
 * conflict.  */
enum fh_theory fh_model_choose(struct fh_model *m, uint32_t class)
{
	const struct fh_type *type = m->s->t.term[class].type;
	struct trying t = { .m = m, .class = class, .strict = true };

	if (type == nullptr)
		return FH_THEORY_UNKNOWN;
	if (type->kind == FH_KIND_RECORD)
		return FH_THEORY_VALUES; /* its fields make it */
	(void)try_all(&t);
	enum fh_theory failed = FH_THEORY_UNKNOWN;

	if (t.found == nullptr) {
		t.strict = false;
		failed = try_all(&t);
	}
	m->value[class] = t.found;
	if (t.found != nullptr)
		return FH_THEORY_VALUES;
	return t.full ? FH_THEORY_UNKNOWN : failed;
}
