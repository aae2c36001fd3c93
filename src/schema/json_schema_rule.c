/* SPDX-License-Identifier: Apache-2.0 */
/* Rules from keywords: regular expressions are read, numbers and values brought into
 * the form in which they are compared, references followed.  */
#include "schema/json_schema_private.h"

#include "base/limits.h"
#include "base/sort.h"

/* A node while its rules are made.  */
struct making {
	struct fh_schema_reading *r;
	struct fh_schema_node *node;
	const struct fh_json *const *member; /* by keyword */
	struct fh_schema_rule *rule;         /* the one that is made */
};

static const struct fh_schema_node *node_of(struct making *m, const struct fh_json *j)
{
	return j == nullptr ? nullptr : fh_schema_node_at(m->r, j, m->node->resource);
}

static bool read_regex(struct making *m, const struct fh_json *j, struct fh_span pattern,
		       const struct fh_regex **out)
{
	struct fh_trace *t = m->r->trace;
	fh_err e = fh_regex_read(pattern, m->r->arena, out, t);

	if (e != FH_ERR_OK) {
		fh_trace_where(t, "schema:%u:%u", j->at.line, j->at.column);
		m->r->e = e;
	}
	return e == FH_ERR_OK;
}

/* The texts of the list J, sorted and different.  */
static bool read_texts(struct making *m, const struct fh_json *j, const struct fh_span **out,
		       size_t *n)
{
	struct fh_span *list = fh_arena_array(m->r->arena, j->n + (size_t)1, sizeof(*list));
	size_t all = 0, kept = 0;

	if (list == nullptr)
		return fh_schema_full(m->r, j);
	for (const struct fh_json *c = j->first; c != nullptr; c = c->next)
		list[all++] = c->text;
	fh_sort(list, all, sizeof(*list), fh_span_order);
	for (size_t i = 0; i < all; i++) {
		if (kept == 0 || !fh_span_equal(list[kept - 1], list[i]))
			list[kept++] = list[i];
	}
	*out = list;
	*n = kept;
	return true;
}

static int order_rows(const void *a, const void *b)
{
	const struct fh_schema_row *x = a, *y = b;

	return fh_span_compare(x->name, y->name);
}

/* A row for each member of J, sorted by name; for each element, in order.  */
static bool write_rows(struct making *m, const struct fh_json *j, struct fh_schema_row **out,
		       size_t *n)
{
	if (j == nullptr)
		return true;
	struct fh_schema_row *row = fh_arena_array(m->r->arena, j->n, sizeof(*row));
	size_t i = 0;

	if (row == nullptr)
		return fh_schema_full(m->r, j);
	for (const struct fh_json *c = j->first; c != nullptr; c = c->next, i++) {
		row[i].name = c->name;
		if (c->kind == FH_JSON_ARRAY) {
			if (!read_texts(m, c, &row[i].texts, &row[i].texts_n))
				return false;
			continue;
		}
		row[i].node = node_of(m, c);
		if (row[i].node == nullptr)
			return false;
	}
	if (j->kind == FH_JSON_OBJECT)
		fh_sort(row, j->n, sizeof(*row), order_rows);
	*out = row;
	*n = j->n;
	return true;
}

static bool read_rows(struct making *m, const struct fh_json *j, const struct fh_schema_row **out,
		      size_t *n)
{
	struct fh_schema_row *row = nullptr;

	if (!write_rows(m, j, &row, n))
		return false;
	*out = row;
	return true;
}

static bool make_ref(struct making *m, const struct fh_json *j)
{
	m->rule->node = fh_schema_follow(m->r, m->node, j, nullptr);
	return m->rule->node != nullptr;
}

static bool make_dynamic_ref(struct making *m, const struct fh_json *j)
{
	const struct fh_schema_anchor *anchor;

	m->rule->node = fh_schema_follow(m->r, m->node, j, &anchor);
	if (m->rule->node != nullptr && anchor != nullptr && anchor->dynamic)
		m->rule->name = anchor->name;
	return m->rule->node != nullptr;
}

static uint32_t type_bit(struct fh_span name)
{
	static const char *const names[] = { "null", "boolean", "integer", "number", "string",
					     "array", "object" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fh_span_equal(name, fh_span_str(names[i])))
			return UINT32_C(1) << i;
	}
	return 0;
}

static bool make_type(struct making *m, const struct fh_json *j)
{
	const struct fh_json *one = j->kind == FH_JSON_ARRAY ? j->first : j;

	for (; one != nullptr; one = j->kind == FH_JSON_ARRAY ? one->next : nullptr) {
		uint32_t bit = type_bit(one->text);

		if (bit == 0)
			return fh_schema_refuse(m->r, j, FH_ERR_FORMAT, "no type of JSON Schema",
						"write null, boolean, integer, number, string, "
						"array or object");
		m->rule->types |= bit;
	}
	return true;
}

/* ENUM and CONST: the values' one form, sorted.  */
static bool make_values(struct making *m, const struct fh_json *j)
{
	bool list = m->rule->keyword == FH_KEYWORD_ENUM;
	size_t n = list ? j->n : 1, i = 0;
	struct fh_span *value = fh_arena_array(m->r->arena, n + 1, sizeof(*value));

	if (value == nullptr)
		return fh_schema_full(m->r, j);
	for (const struct fh_json *c = list ? j->first : j; i < n; i++, c = c->next) {
		fh_err e = fh_json_canonical(c, m->r->arena, &value[i]);

		if (e == FH_ERR_NOMEM)
			return fh_schema_full(m->r, j);
		if (e != FH_ERR_OK)
			return fh_schema_refuse(m->r, c, e, "a number with too large an exponent",
						"write a smaller one");
	}
	fh_sort(value, n, sizeof(*value), fh_span_order);
	m->rule->texts = value;
	m->rule->texts_n = n;
	return true;
}

static bool make_number(struct making *m, const struct fh_json *j)
{
	struct fh_json_number *n = &m->rule->number;

	if (!fh_json_number_read(j->raw, n))
		return fh_schema_refuse(m->r, j, FH_ERR_LIMIT, "too large an exponent",
					"write a smaller one");
	if (m->rule->keyword != FH_KEYWORD_MULTIPLE_OF)
		return true;
	if (n->negative || n->n == 0)
		return fh_schema_refuse(m->r, j, FH_ERR_FORMAT, "not above zero",
					"write a number that is");
	return n->n <= FH_SCHEMA_MULTIPLE_DIGITS_MAX ||
	       fh_schema_refuse(m->r, j, FH_ERR_LIMIT, "too many digits",
				"write a number with fewer");
}

static uint64_t count_of(const struct fh_json *j, uint64_t otherwise)
{
	struct fh_json_number n;
	uint64_t count;

	return j != nullptr && fh_json_number_read(j->raw, &n) && fh_json_number_count(&n, &count)
		       ? count
		       : otherwise;
}

static bool make_maximum(struct making *m, const struct fh_json *j)
{
	m->rule->max = count_of(j, UINT64_MAX);
	return true;
}

static bool make_minimum(struct making *m, const struct fh_json *j)
{
	m->rule->max = UINT64_MAX;
	m->rule->min = count_of(j, 0);
	return true;
}

static bool make_pattern(struct making *m, const struct fh_json *j)
{
	return read_regex(m, j, j->text, &m->rule->regex);
}

static bool make_format(struct making *m, const struct fh_json *j)
{
	m->rule->name = j->text;
	return true;
}

static bool make_nothing(struct making *m, const struct fh_json *j)
{
	(void)m;
	(void)j;
	return true;
}

static bool make_required(struct making *m, const struct fh_json *j)
{
	return read_texts(m, j, &m->rule->texts, &m->rule->texts_n);
}

static bool make_rows(struct making *m, const struct fh_json *j)
{
	return read_rows(m, j, &m->rule->row, &m->rule->rows);
}

static bool make_node(struct making *m, const struct fh_json *j)
{
	m->rule->node = node_of(m, j);
	return m->rule->node != nullptr;
}

static bool make_properties(struct making *m, const struct fh_json *j)
{
	const struct fh_json *patterns = m->member[FH_KEYWORD_PATTERN_PROPERTIES];
	const struct fh_json *others = m->member[FH_KEYWORD_ADDITIONAL_PROPERTIES];
	struct fh_schema_row *row = nullptr;

	if (!read_rows(m, j, &m->rule->row, &m->rule->rows) ||
	    !write_rows(m, patterns, &row, &m->rule->patterns))
		return false;
	for (size_t i = 0; i < m->rule->patterns; i++) {
		if (!read_regex(m, patterns, row[i].name, &row[i].regex))
			return false;
	}
	m->rule->pattern = row;
	m->rule->node = node_of(m, others);
	return others == nullptr || m->rule->node != nullptr;
}

static bool make_items(struct making *m, const struct fh_json *j)
{
	const struct fh_json *others = m->member[FH_KEYWORD_ITEMS];

	if (!read_rows(m, j, &m->rule->row, &m->rule->rows))
		return false;
	m->rule->node = node_of(m, others);
	return others == nullptr || m->rule->node != nullptr;
}

static bool make_contains(struct making *m, const struct fh_json *j)
{
	m->rule->min = count_of(m->member[FH_KEYWORD_MIN_CONTAINS], 1);
	m->rule->max = count_of(m->member[FH_KEYWORD_MAX_CONTAINS], UINT64_MAX);
	return make_node(m, j);
}

static bool make_if(struct making *m, const struct fh_json *j)
{
	const struct fh_json *yes = m->member[FH_KEYWORD_THEN], *no = m->member[FH_KEYWORD_ELSE];

	m->rule->yes = node_of(m, yes);
	m->rule->no = node_of(m, no);
	return make_node(m, j) && (yes == nullptr || m->rule->yes != nullptr) &&
	       (no == nullptr || m->rule->no != nullptr);
}

static bool make_unevaluated(struct making *m, const struct fh_json *j)
{
	m->node->unevaluated = true;
	m->r->tracks = true;
	return make_node(m, j);
}

static bool (*const make[FH_KEYWORD_RULES])(struct making *, const struct fh_json *) = {
	[FH_KEYWORD_REF] = make_ref,
	[FH_KEYWORD_DYNAMIC_REF] = make_dynamic_ref,
	[FH_KEYWORD_TYPE] = make_type,
	[FH_KEYWORD_ENUM] = make_values,
	[FH_KEYWORD_CONST] = make_values,
	[FH_KEYWORD_MULTIPLE_OF] = make_number,
	[FH_KEYWORD_MAXIMUM] = make_number,
	[FH_KEYWORD_EXCLUSIVE_MAXIMUM] = make_number,
	[FH_KEYWORD_MINIMUM] = make_number,
	[FH_KEYWORD_EXCLUSIVE_MINIMUM] = make_number,
	[FH_KEYWORD_MAX_LENGTH] = make_maximum,
	[FH_KEYWORD_MIN_LENGTH] = make_minimum,
	[FH_KEYWORD_PATTERN] = make_pattern,
	[FH_KEYWORD_FORMAT] = make_format,
	[FH_KEYWORD_MAX_ITEMS] = make_maximum,
	[FH_KEYWORD_MIN_ITEMS] = make_minimum,
	[FH_KEYWORD_UNIQUE_ITEMS] = make_nothing,
	[FH_KEYWORD_MAX_PROPERTIES] = make_maximum,
	[FH_KEYWORD_MIN_PROPERTIES] = make_minimum,
	[FH_KEYWORD_REQUIRED] = make_required,
	[FH_KEYWORD_DEPENDENT_REQUIRED] = make_rows,
	[FH_KEYWORD_DEPENDENT_SCHEMAS] = make_rows,
	[FH_KEYWORD_DEPENDENCIES] = make_rows,
	[FH_KEYWORD_PROPERTY_NAMES] = make_node,
	[FH_KEYWORD_PROPERTIES] = make_properties,
	[FH_KEYWORD_PREFIX_ITEMS] = make_items,
	[FH_KEYWORD_CONTAINS] = make_contains,
	[FH_KEYWORD_ALL_OF] = make_rows,
	[FH_KEYWORD_ANY_OF] = make_rows,
	[FH_KEYWORD_ONE_OF] = make_rows,
	[FH_KEYWORD_NOT] = make_node,
	[FH_KEYWORD_IF] = make_if,
	[FH_KEYWORD_UNEVALUATED_ITEMS] = make_unevaluated,
	[FH_KEYWORD_UNEVALUATED_PROPERTIES] = make_unevaluated,
};

/* Whether the keyword K asks anything here.  */
static bool asks(const struct making *m, enum fh_schema_keyword k)
{
	const struct fh_json *const *member = m->member;

	if (k == FH_KEYWORD_PROPERTIES)
		return member[k] != nullptr || member[FH_KEYWORD_PATTERN_PROPERTIES] != nullptr ||
		       member[FH_KEYWORD_ADDITIONAL_PROPERTIES] != nullptr;
	if (k == FH_KEYWORD_PREFIX_ITEMS)
		return member[k] != nullptr || member[FH_KEYWORD_ITEMS] != nullptr;
	if (member[k] == nullptr)
		return false;
	if (k == FH_KEYWORD_UNIQUE_ITEMS)
		return member[k]->boolean;
	return k != FH_KEYWORD_FORMAT || m->r->options->formats ||
	       (m->node->resource->dialect.vocabularies & FH_VOCABULARY_FORMAT_ASSERTION) != 0;
}

/* Before 2019-09 a reference made everything beside it void.  */
static bool check_old_ref(const struct making *m)
{
	const struct fh_json *ref = m->member[FH_KEYWORD_REF];

	if (ref == nullptr || m->node->resource->dialect.draft != FH_DRAFT_07)
		return true;
	for (int k = FH_KEYWORD_REF + 1; k < FH_KEYWORD_ID; k++) {
		if (m->member[k] != nullptr)
			return fh_schema_refuse(m->r, ref, FH_ERR_UNSUPPORTED,
						"beside other keywords, which draft-07 ignores",
						"put the others into `allOf`");
	}
	return true;
}

bool fh_schema_rules(struct fh_schema_reading *r, struct fh_schema_node *node,
		     const struct fh_json *const *member)
{
	struct making m = { .r = r, .node = node, .member = member };
	const struct fh_schema_rule **last = &node->rules;

	if (!check_old_ref(&m))
		return false;
	for (int k = 0; k < FH_KEYWORD_RULES; k++) {
		if (!asks(&m, (enum fh_schema_keyword)k))
			continue;
		m.rule = fh_arena_take(r->arena, sizeof(*m.rule));
		if (m.rule == nullptr)
			return fh_schema_full(r, node->json);
		m.rule->keyword = (enum fh_schema_keyword)k;
		if (!make[k](&m, member[k]))
			return false;
		*last = m.rule;
		last = &m.rule->next;
	}
	return true;
}
