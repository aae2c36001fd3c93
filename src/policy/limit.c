/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/limit.h"

#include "base/builder.h"
#include "base/decimal.h"
#include "base/duration.h"
#include "policy/lexer.h"

#include <string.h>

constexpr uint64_t period_min_ms = FH_SECOND_MS;
constexpr uint64_t period_max_ms = 366 * FH_DAY_MS;
constexpr uint64_t retain_max_ms = FH_DURATION_MAX_MS;
constexpr uint64_t count_max = (uint64_t)1 << 53; /* sums of these cannot overflow */

/* One policy's annotations while they are read.  */
struct reading {
	const struct fh_policy *policy;
	const struct fh_annotation *at; /* the one that is read */
	struct fh_limit *limit;         /* of its @quota */
	struct fh_trace *t;
};

static fh_err refuse(const struct reading *r, fh_err e, const char *what, const char *cure)
{
	const struct fh_lexer lex = { .text_name = "policy", .trace = r->t };

	fh_trace_what(r->t, "@%.*s %s", fh_shown(r->at->name), (const char *)r->at->name.p, what);
	fh_trace_cure(r->t, "%s", cure);
	return fh_lexer_refuse(&lex, r->at->at, e);
}

/* --- words and numbers -------------------------------------------------- */

static struct fh_span trimmed(struct fh_span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\n' || s.p[0] == '\t'))
		s = fh_span_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* What stands before the first B in *REST, which then begins behind it.  */
static struct fh_span cut(struct fh_span *rest, uint8_t b)
{
	size_t at = fh_span_find(*rest, b);
	struct fh_span first = fh_span_first(*rest, at);

	*rest = fh_span_skip(*rest, at + 1);
	return trimmed(first);
}

/* "90d", "30m"; 0 if it is no time of at most MAX_MS.  */
static uint64_t duration_of(struct fh_span s, uint64_t max_ms)
{
	uint64_t ms;

	return fh_duration_read(s, &ms) == FH_ERR_OK && ms <= max_ms ? ms : 0;
}

/* "day", or a time as above.  */
static uint64_t period_of(struct fh_span s)
{
	static const char *const word[] = { "second", "minute", "hour", "day", "week" };

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (fh_span_equal(s, fh_span_str(word[i])))
			return fh_duration_unit_ms((uint8_t)word[i][0]);
	}
	return duration_of(s, period_max_ms);
}

const char *fh_unit_text(enum fh_unit u)
{
	static const char *const text[] = { [FH_UNIT_CALLS] = "calls", [FH_UNIT_BYTES] = "bytes",
					    [FH_UNIT_TOKENS] = "tokens" };

	return u < FH_UNITS ? text[u] : "units";
}

/* --- @quota -------------------------------------------------------------- */

static fh_err read_unit(const struct reading *r, struct fh_span word, enum fh_unit *out)
{
	if (word.n == 0 || fh_span_equal(word, FH_SPAN_LIT("calls")))
		*out = FH_UNIT_CALLS;
	else if (fh_span_equal(word, FH_SPAN_LIT("bytes")))
		*out = FH_UNIT_BYTES;
	else if (fh_span_equal(word, FH_SPAN_LIT("tokens")))
		*out = FH_UNIT_TOKENS;
	else
		return refuse(r, FH_ERR_FORMAT, "counts something unknown",
			      "count calls, bytes or tokens: 200/hour, 4000000 bytes/day");
	return FH_ERR_OK;
}

static fh_err read_per(const struct reading *r, struct fh_span word, enum fh_limit_per *out)
{
	if (fh_span_equal(word, FH_SPAN_LIT("principal")))
		*out = FH_PER_PRINCIPAL;
	else if (fh_span_equal(word, FH_SPAN_LIT("resource")))
		*out = FH_PER_RESOURCE;
	else if (fh_span_equal(word, FH_SPAN_LIT("action")))
		*out = FH_PER_ACTION;
	else
		return refuse(r, FH_ERR_FORMAT, "is counted per something unknown",
			      "write `per principal`, `per resource` or `per action`");
	return FH_ERR_OK;
}

/* "day", or "day per principal".  */
static fh_err read_period(const struct reading *r, struct fh_span text, struct fh_limit *out)
{
	struct fh_span rest = text, period = cut(&rest, ' '), per = trimmed(rest);

	out->period_ms = period_of(period);
	if (out->period_ms < period_min_ms)
		return refuse(r, FH_ERR_FORMAT, "has no period of 1 second to 366 days",
			      "write N/day, or N/90m");
	if (per.n == 0)
		return FH_ERR_OK;
	if (!fh_span_equal(cut(&per, ' '), FH_SPAN_LIT("per")))
		return refuse(r, FH_ERR_FORMAT, "goes on with something that is not `per ...`",
			      "separate the parts of a quota by `;`");
	return read_per(r, trimmed(per), &out->per);
}

/* N [UNIT] / PERIOD [per WHOM]  */
static fh_err read_limit(const struct reading *r, struct fh_span text, struct fh_limit *out)
{
	struct fh_span rest = text, amount = cut(&rest, '/');
	struct fh_span unit = amount, number = cut(&unit, ' ');
	fh_err e = read_unit(r, trimmed(unit), &out->unit);

	if (e == FH_ERR_OK && (fh_decimal_read(number, &out->count) != FH_ERR_OK
			       || out->count == 0 || out->count > count_max))
		e = refuse(r, FH_ERR_FORMAT, "has no number from 1 to 2^53",
			   "write how much in how long a time: 200/hour");
	if (e == FH_ERR_OK && out->unit == FH_UNIT_BYTES && out->count < FH_FRAME_MAX)
		e = refuse(r, FH_ERR_CONFLICT, "is less than one answer may have, so it never "
			   "suffices",
			   "give 4259840 bytes or more: what is not used is given back");
	return e == FH_ERR_OK ? read_period(r, trimmed(rest), out) : e;
}

static bool same_count(const struct fh_limit *a, const struct fh_limit *b)
{
	return a->unit == b->unit && a->period_ms == b->period_ms && a->per == b->per;
}

static fh_err read_quota(struct reading *r, struct fh_arena *a, struct fh_limits *out)
{
	struct fh_limit *limit = fh_arena_array(a, FH_LIMITS_MAX, sizeof(*limit));
	struct fh_span rest = r->at->value;
	fh_err e = limit == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	while (e == FH_ERR_OK && (out->n == 0 || rest.n > 0)) {
		if (out->n == FH_LIMITS_MAX)
			return refuse(r, FH_ERR_LIMIT, "has too many parts", "write at most 8");
		e = read_limit(r, cut(&rest, ';'), &limit[out->n]);
		for (size_t i = 0; e == FH_ERR_OK && i < out->n; i++) {
			if (same_count(&limit[i], &limit[out->n]))
				e = refuse(r, FH_ERR_CONFLICT, "says one thing twice",
					   "keep the smaller of the two");
		}
		out->n++;
	}
	out->limit = r->limit = limit;
	return e;
}

/* --- a policy ------------------------------------------------------------ */

static fh_err read_budget(const struct reading *r, struct fh_limits *out)
{
	if (r->at->value.n == 0 || r->at->value.n > FH_NAME_MAX)
		return refuse(r, FH_ERR_FORMAT, "needs a name of 1 to 128 bytes",
			      "name the budget that these permits share");
	out->budget = r->at->value;
	out->shared = true;
	return FH_ERR_OK;
}

static fh_err read_retain(const struct reading *r, struct fh_limits *out)
{
	out->retain_ms = duration_of(trimmed(r->at->value), retain_max_ms);
	return out->retain_ms > 0 ? FH_ERR_OK
				  : refuse(r, FH_ERR_FORMAT, "is no time of at most 3653 days",
					   "write it like 90d or 12h");
}

static fh_err read_word(struct reading *r, struct fh_arena *a, struct fh_limits *out)
{
	struct fh_span word = r->at->name;
	bool quota = fh_span_equal(word, FH_SPAN_LIT("quota"));
	bool budget = fh_span_equal(word, FH_SPAN_LIT("budget"));
	bool retain = fh_span_equal(word, FH_SPAN_LIT("retain"));
	bool fallback = fh_span_equal(word, FH_SPAN_LIT("fallback"));

	if (!quota && !budget && !retain && !fallback)
		return refuse(r, FH_ERR_UNSUPPORTED, "is an annotation that is not evaluated yet",
			      "remove it");
	if (r->policy->forbids)
		return refuse(r, FH_ERR_CONFLICT, "stands on a forbid, which has no limits",
			      "put it on a permit");
	if (quota)
		return read_quota(r, a, out);
	if (budget)
		return read_budget(r, out);
	if (retain)
		return read_retain(r, out);
	out->fallback = true;
	return r->at->value.n == 0 ? FH_ERR_OK
				   : refuse(r, FH_ERR_FORMAT, "takes no value",
					    "write @fallback alone");
}

fh_err fh_limits_read(const struct fh_policy *p, struct fh_arena *a, struct fh_limits *out,
		      struct fh_trace *t)
{
	struct reading r = { .policy = p, .t = t };
	struct fh_limits l = { 0 };
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < p->annotations_n; i++) {
		r.at = &p->annotations[i];
		if (!fh_span_equal(r.at->name, FH_SPAN_LIT("id")))
			e = read_word(&r, a, &l);
	}
	if (e != FH_ERR_OK)
		return e;
	r.at = fh_policy_annotation(p, FH_SPAN_LIT("quota"));
	if (l.n > 0 && !l.shared && fh_policy_annotation(p, FH_SPAN_LIT("id")) == nullptr)
		return refuse(&r, FH_ERR_CONFLICT, "stands on a policy without @id",
			      "give it one: its use is remembered by that name");
	r.at = fh_policy_annotation(p, FH_SPAN_LIT("budget"));
	if (l.shared && l.n == 0)
		return refuse(&r, FH_ERR_CONFLICT, "stands without a @quota",
			      "say the budget's quota on each permit that shares it");
	if (!l.shared)
		l.budget = p->id;
	for (size_t i = 0; i < l.n; i++)
		fh_limit_name(&l, &r.limit[i]);
	*out = l;
	return FH_ERR_OK;
}

/* --- budgets ------------------------------------------------------------- */

static bool holds(const struct fh_limits *l, const struct fh_limit *x)
{
	for (size_t i = 0; i < l->n; i++) {
		if (same_count(&l->limit[i], x) && l->limit[i].count == x->count)
			return true;
	}
	return false;
}

static bool equal(const struct fh_limits *a, const struct fh_limits *b)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!holds(b, &a->limit[i]))
			return false;
	}
	return a->n == b->n;
}

fh_err fh_limits_agree(const struct fh_policy *policies, const struct fh_limits *limits, size_t n,
		       struct fh_arena *a, struct fh_trace *t)
{
	size_t taken = a->n, mask = 8;

	while (mask < 2 * n)
		mask *= 2;
	uint32_t *slot = fh_arena_array(a, mask--, sizeof(*slot));
	fh_err e = slot == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		size_t at = (size_t)fh_text_hash(limits[i].budget, 0) & mask;

		if (!limits[i].shared)
			continue;
		while (slot[at] != 0
		       && !fh_span_equal(limits[slot[at] - 1].budget, limits[i].budget))
			at = (at + 1) & mask;
		if (slot[at] != 0 && !equal(&limits[slot[at] - 1], &limits[i])) {
			const struct reading r = {
				.policy = &policies[i], .t = t,
				.at = fh_policy_annotation(&policies[i], FH_SPAN_LIT("budget")) };

			e = refuse(&r, FH_ERR_CONFLICT,
				   "is shared by permits with different quotas",
				   "say the same @quota on each of them");
		}
		slot[at] = (uint32_t)i + 1;
	}
	a->n = taken;
	return e;
}

static const uint8_t mark[4] = { 0, 0, 0, 2 };
constexpr size_t named_n = sizeof(mark) + sizeof(((struct fh_limit *)nullptr)->name);

/* Hashes behind LABEL whose use it is, and what is counted how.  */
static void begin_limit(struct fh_sha256 *s, struct fh_span label, const struct fh_limits *l,
			const struct fh_limit *x)
{
	uint8_t bytes[32];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_u8(&b, l->shared);
	fh_builder_u8(&b, (uint8_t)x->unit);
	fh_builder_u8(&b, (uint8_t)x->per);
	fh_builder_be64(&b, x->period_ms);
	fh_sha256_begin(s);
	fh_sha256_add(s, label);
	fh_sha256_add(s, fh_builder_span(&b));
	fh_sha256_add_text(s, l->budget);
}

void fh_limit_name(const struct fh_limits *l, struct fh_limit *x)
{
	struct fh_sha256 s;

	begin_limit(&s, FH_SPAN_LIT("freehold/limit/v1\n"), l, x);
	struct fh_hash h = fh_sha256_end(&s);

	memcpy(x->name, h.bytes, sizeof(x->name));
}

static struct fh_hash budget_hash(struct fh_span label, const struct fh_limits *l,
				  const struct fh_limit *x, struct fh_entity_uid whom)
{
	struct fh_sha256 s;

	begin_limit(&s, label, l, x);
	if (x->per != FH_PER_ALL) {
		fh_sha256_add_text(&s, whom.type);
		fh_sha256_add_text(&s, whom.id);
	}
	return fh_sha256_end(&s);
}

struct fh_hash fh_budget_hash(const struct fh_limits *l, const struct fh_limit *x,
			      struct fh_entity_uid whom)
{
	struct fh_hash h = budget_hash(FH_SPAN_LIT("freehold/budget/v2\n"), l, x, whom), named;

	memcpy(named.bytes, mark, sizeof(mark));
	memcpy(named.bytes + sizeof(mark), x->name, sizeof(x->name));
	memcpy(named.bytes + named_n, h.bytes, sizeof(h.bytes) - named_n);
	return named;
}

struct fh_hash fh_budget_hash_older(const struct fh_limits *l, const struct fh_limit *x,
				    struct fh_entity_uid whom)
{
	return budget_hash(FH_SPAN_LIT("freehold/budget/v1\n"), l, x, whom);
}

bool fh_budget_is_older(const struct fh_hash *id)
{
	return !fh_span_equal(fh_span_of(id->bytes, sizeof(mark)), FH_SPAN_ARRAY(mark));
}

bool fh_budget_same_limit(const struct fh_hash *a, const struct fh_hash *b)
{
	return fh_span_equal(fh_span_of(a->bytes, named_n), fh_span_of(b->bytes, named_n));
}
