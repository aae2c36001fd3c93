/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of Cedar's policies.  What is accepted is laid out and stays the same
 * policies; it can be written as JSON, is read
 * from there as the same, and both forms answer a request alike; what is refused
 * is refused with a place, a reason and a cure.  */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "policy/authorize.h"
#include "policy/entities_json.h"
#include "policy/est.h"
#include "policy/format.h"

constexpr size_t room = 32 << 20;
constexpr size_t json_max = 4 << 20;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char people[] =
	"[{\"uid\":{\"type\":\"U\",\"id\":\"a\"},\"attrs\":{\"n\":1,\"s\":\"x\",\"f\":"
	"{\"__entity\":"
	"{\"type\":\"U\",\"id\":\"b\"}}},\"tags\":{\"t\":true},\"parents\":[{\"type\":\"G\","
	"\"id\":\"g\"}]},{\"uid\":{\"type\":\"U\",\"id\":\"b\"},\"attrs\":{},\"parents\":[]}]";

/* What POLICIES say to one request.  */
static fh_err answer(const struct fh_policies *policies, struct fh_arena *a,
		     struct fh_response *out)
{
	const struct fh_entity_uid uid[] = { fh_entity_uid_of("U", FH_SPAN_LIT("a")),
					     fh_entity_uid_of("Action", FH_SPAN_LIT("x")),
					     fh_entity_uid_of("R", FH_SPAN_LIT("r")) };
	struct fh_entities entities;
	struct fh_evaluation v;
	struct fh_rules rules;

	if (fh_entities_read(fh_span_str(people), "entities", a, &entities, nullptr) != FH_ERR_OK)
		abort();
	struct fh_entity_source source = fh_entities_source(&entities);
	fh_err e = fh_evaluation_begin(&v, uid[0], uid[1], uid[2], fh_value_none(), &source, a);

	if (e == FH_ERR_OK)
		e = fh_rules_compile(policies, a, &rules);
	return e == FH_ERR_OK ? fh_authorize(&rules, &v, a, out) : e;
}

static void compare(const struct fh_policies *p, struct fh_arena *a)
{
	static uint8_t first[json_max], second[json_max];
	struct fh_builder b = FH_BUILDER_ARRAY(first), again = FH_BUILDER_ARRAY(second);
	struct fh_response x, y;
	struct fh_policies read;

	fh_est_write(&b, p);
	if (b.bad)
		return;
	fh_err e = fh_est_read(fh_builder_span(&b), json_max, "est", a, &read, nullptr);

	if (e == FH_ERR_NOMEM)
		return;
	if (e != FH_ERR_OK || read.n != p->n)
		abort();
	fh_est_write(&again, &read);
	if (!fh_span_equal(fh_builder_span(&b), fh_builder_span(&again)))
		abort();
	if (answer(p, a, &x) != FH_ERR_OK || answer(&read, a, &y) != FH_ERR_OK)
		return;
	if (x.allowed != y.allowed || x.reasons_n != y.reasons_n || x.errors_n != y.errors_n ||
	    (x.allowed && x.reasons_n == 0))
		abort();
}

/* Laid out, TEXT says the same, and is laid out.  */
static void lay_out(struct fh_span text, const struct fh_policies *p, struct fh_arena *a)
{
	static uint8_t first[json_max], second[json_max];
	struct fh_builder b = FH_BUILDER_ARRAY(first), again = FH_BUILDER_ARRAY(second);
	struct fh_policies read;
	fh_err e = fh_policy_format(text, a, &b, nullptr);

	if (e == FH_ERR_NOMEM || e == FH_ERR_LIMIT || b.n > FH_POLICY_TEXT_MAX)
		return;
	if (e != FH_ERR_OK)
		abort();
	struct fh_span once = fh_builder_span(&b);

	e = fh_policy_format(once, a, &again, nullptr);
	if (e == FH_ERR_NOMEM)
		return;
	if (e != FH_ERR_OK || !fh_span_equal(once, fh_builder_span(&again)) ||
	    fh_policies_parse(once, FH_POLICY_TEXT_MAX, "policy", a, &read, nullptr) !=
		    FH_ERR_OK ||
	    read.n != p->n)
		abort();
	again.n = 0;
	fh_est_write(&again, &read);
	b.n = 0;
	fh_est_write(&b, p);
	if (!again.bad && !b.bad && !fh_span_equal(fh_builder_span(&b), fh_builder_span(&again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[room];
	struct fh_arena a = fh_arena_of(memory, room);
	struct fh_policies p = { 0 };
	struct fh_trace t = { 0 };
	fh_err e = fh_policies_parse(fh_span_of(bytes, n), FH_POLICY_TEXT_MAX, "policy", &a, &p,
				     &t);

	if (e == FH_ERR_OK) {
		lay_out(fh_span_of(bytes, n), &p, &a);
		compare(&p, &a);
	} else if (t.where[0] == '\0' || t.what[0] == '\0' || t.cure[0] == '\0' ||
		   p.list != nullptr) {
		abort();
	}
	return 0;
}
