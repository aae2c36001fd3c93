/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/eval.h"

#include <stdckdint.h>

#include "policy/extension.h"

constexpr int64_t day_ms = 24 * 60 * 60 * 1000;

static enum fh_fault_kind say(struct fh_value *out, enum fh_value_kind kind, int64_t integer)
{
	*out = (struct fh_value){ .kind = kind, .integer = integer };
	return FH_FAULT_NONE;
}

static enum fh_fault_kind say_bool(struct fh_value *out, bool b)
{
	*out = (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = b };
	return FH_FAULT_NONE;
}

static enum fh_fault_kind construct_ip(struct fh_span text, struct fh_arena *a,
				       struct fh_value *out, fh_err *full)
{
	struct fh_ip ip;

	if (fh_ip_parse(text, &ip) != FH_ERR_OK)
		return FH_FAULT_EXTENSION;
	struct fh_ip *kept = fh_arena_take(a, sizeof(*kept));

	if (kept == nullptr) {
		*full = FH_ERR_NOMEM;
		return FH_FAULT_NONE;
	}
	*kept = ip;
	*out = (struct fh_value){ .kind = FH_VALUE_IP, .ip = kept };
	return FH_FAULT_NONE;
}

static enum fh_fault_kind construct(enum fh_function f, struct fh_span text, struct fh_value *out)
{
	int64_t integer = 0;
	fh_err bad;

	if (f == FH_FUNCTION_DECIMAL)
		bad = fh_decimal_parse(text, &integer);
	else if (f == FH_FUNCTION_DATETIME)
		bad = fh_datetime_parse(text, &integer);
	else
		bad = fh_duration_parse(text, &integer);
	return bad != FH_ERR_OK ? FH_FAULT_EXTENSION
				: say(out, fh_function_shape(f)->result, integer);
}

static int64_t time_in_day(int64_t ms)
{
	int64_t rest = ms % day_ms;

	return rest < 0 ? rest + day_ms : rest;
}

/* Methods of datetime that may overflow.  */
static enum fh_fault_kind move(enum fh_function f, int64_t a, int64_t b, struct fh_value *out)
{
	bool overflow;

	if (f == FH_FUNCTION_OFFSET)
		overflow = ckd_add(&a, a, b);
	else if (f == FH_FUNCTION_DURATION_SINCE)
		overflow = ckd_sub(&a, a, b);
	else
		overflow = ckd_sub(&a, a, time_in_day(a));
	return overflow ? FH_FAULT_EXTENSION : say(out, fh_function_shape(f)->result, a);
}

/* X has the number and the kinds of arguments that F wants.  */
static enum fh_fault_kind apply(enum fh_function f, const struct fh_value *x, struct fh_arena *a,
				struct fh_value *out, fh_err *full)
{
	switch (f) {
	case FH_FUNCTION_IP:
		return construct_ip(x[0].text, a, out, full);
	case FH_FUNCTION_DECIMAL:
	case FH_FUNCTION_DATETIME:
	case FH_FUNCTION_DURATION:
		return construct(f, x[0].text, out);
	case FH_FUNCTION_LESS_THAN:
		return say_bool(out, x[0].integer < x[1].integer);
	case FH_FUNCTION_LESS_OR_EQUAL:
		return say_bool(out, x[0].integer <= x[1].integer);
	case FH_FUNCTION_GREATER_THAN:
		return say_bool(out, x[0].integer > x[1].integer);
	case FH_FUNCTION_GREATER_OR_EQUAL:
		return say_bool(out, x[0].integer >= x[1].integer);
	case FH_FUNCTION_IS_IPV4:
		return say_bool(out, !x[0].ip->v6);
	case FH_FUNCTION_IS_IPV6:
		return say_bool(out, x[0].ip->v6);
	case FH_FUNCTION_IS_LOOPBACK:
		return say_bool(out, fh_ip_is_loopback(x[0].ip));
	case FH_FUNCTION_IS_MULTICAST:
		return say_bool(out, fh_ip_is_multicast(x[0].ip));
	case FH_FUNCTION_IS_IN_RANGE:
		return say_bool(out, fh_ip_in_range(x[0].ip, x[1].ip));
	case FH_FUNCTION_OFFSET:
	case FH_FUNCTION_DURATION_SINCE:
	case FH_FUNCTION_TO_DATE:
		return move(f, x[0].integer, x[1].integer, out);
	case FH_FUNCTION_TO_TIME:
		return say(out, FH_VALUE_DURATION, time_in_day(x[0].integer));
	case FH_FUNCTION_TO_MILLISECONDS:
		return say(out, FH_VALUE_LONG, x[0].integer);
	case FH_FUNCTION_TO_SECONDS:
		return say(out, FH_VALUE_LONG, x[0].integer / 1000);
	case FH_FUNCTION_TO_MINUTES:
		return say(out, FH_VALUE_LONG, x[0].integer / (60 * 1000));
	case FH_FUNCTION_TO_HOURS:
		return say(out, FH_VALUE_LONG, x[0].integer / (60 * 60 * 1000));
	case FH_FUNCTION_TO_DAYS:
		return say(out, FH_VALUE_LONG, x[0].integer / day_ms);
	case FH_FUNCTION_COUNT:
		break;
	}
	return FH_FAULT_TYPE;
}

fh_err fh_function_apply(enum fh_function f, const struct fh_value *x, uint32_t n,
			 struct fh_arena *a, struct fh_value *out, enum fh_fault_kind *fault)
{
	const struct fh_function_shape *shape = fh_function_shape(f);
	const struct fh_value none = { 0 };
	const struct fh_value both[2] = { n > 0 ? x[0] : none, n > 1 ? x[1] : none };
	fh_err full = FH_ERR_OK;

	*fault = n == shape->arguments_n ? FH_FAULT_NONE : FH_FAULT_ARGUMENTS;
	for (uint32_t i = 0; *fault == FH_FAULT_NONE && i < n; i++) {
		if (x[i].kind != shape->argument[i])
			*fault = FH_FAULT_TYPE;
	}
	if (*fault == FH_FAULT_NONE)
		*fault = apply(f, both, a, out, &full);
	return full;
}

/* All arguments are evaluated before any of them is looked at.  */
bool fh_eval_call(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value x[2] = { 0 }, spare;
	enum fh_fault_kind fault;

	for (uint32_t i = 0; i < e->n; i++) {
		if (!fh_eval(v, e->items[i], i < 2 ? &x[i] : &spare))
			return false;
	}
	if (e->n > 2)
		return fh_eval_fault(v, e, FH_FAULT_ARGUMENTS);
	v->e = fh_function_apply((enum fh_function)e->which, x, e->n, v->arena, out, &fault);
	if (v->e != FH_ERR_OK)
		return false;
	return fault == FH_FAULT_NONE || fh_eval_fault(v, e, fault);
}
