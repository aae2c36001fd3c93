/* SPDX-License-Identifier: Apache-2.0 */
/* The public face, freehold/cedar.h, from outside.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "freehold/cedar.h"

static _Alignas(max_align_t) unsigned char memory[1 << 20];

#define TEXT(s) (s), sizeof(s) - 1

static const char people[] =
	"[{\"uid\":{\"type\":\"User\",\"id\":\"alice\"},\"attrs\":{\"age\":30},"
	"\"parents\":[{\"type\":\"Team\",\"id\":\"a\"}]}]";

static struct fh_cedar *cedar(const char *policies)
{
	struct fh_cedar *c = NULL;
	struct fh_cedar_error why;

	assert_int_equal(fh_cedar_open(memory, sizeof(memory), &c), FH_ERR_OK);
	assert_int_equal(fh_cedar_policies(c, policies, strlen(policies), &why), FH_ERR_OK);
	assert_int_equal(fh_cedar_entities(c, TEXT(people), &why), FH_ERR_OK);
	return c;
}

static struct fh_cedar_request request(const char *context)
{
	const struct fh_cedar_request r = { { "User", TEXT("alice") }, { "Action", TEXT("read") },
					    { "File", TEXT("f") }, context,
					    context == NULL ? 0 : strlen(context) };

	return r;
}

static void answers_requests(void **state)
{
	(void)state;
	struct fh_cedar *c = cedar("permit(principal in Team::\"a\",action,resource) when "
				   "{principal.age > context.n};"
				   "forbid(principal,action,resource) when {context.n < 0};");
	struct fh_cedar_request r = request("{\"n\": 20}");
	struct fh_cedar_answer x;

	assert_int_equal(fh_cedar_policies_n(c), 2);
	assert_int_equal(fh_cedar_ask(c, &r, &x, NULL), FH_ERR_OK);
	assert_true(x.allowed && x.reasons_n == 1 && x.reasons[0] == 0 && x.errors_n == 0);
	r = request("{\"n\": -1}");
	assert_int_equal(fh_cedar_ask(c, &r, &x, NULL), FH_ERR_OK);
	assert_true(!x.allowed && x.reasons_n == 1 && x.reasons[0] == 1);
	r = request(NULL);
	assert_int_equal(fh_cedar_ask(c, &r, &x, NULL), FH_ERR_OK);
	assert_true(!x.allowed && x.reasons_n == 0 && x.errors_n == 2 && x.errors[1] == 1);
	size_t n = 0;

	assert_memory_equal(fh_cedar_policy_id(c, 1, &n), "policy1", 7);
	assert_int_equal(n, 7);
	assert_null(fh_cedar_policy_id(c, 2, &n));
}

static void says_why_and_changes_nothing(void **state)
{
	(void)state;
	struct fh_cedar *c = cedar("permit(principal,action,resource);");
	struct fh_cedar_request r = request("[]");
	struct fh_cedar_error why;
	struct fh_cedar_answer x;

	assert_int_equal(fh_cedar_policies(c, TEXT("permit(principal,action);"), &why),
			 FH_ERR_FORMAT);
	assert_string_equal(why.where, "policies:1:24");
	assert_int_equal(fh_cedar_policies_json(c, TEXT("{\"a\":1}"), &why), FH_ERR_FORMAT);
	assert_string_equal(why.where, "policies:1:6");
	assert_int_equal(fh_cedar_entities(c, TEXT("{}"), &why), FH_ERR_FORMAT);
	assert_string_equal(why.where, "entities:1:1");
	assert_int_equal(fh_cedar_ask(c, &r, &x, &why), FH_ERR_FORMAT);
	assert_string_equal(why.where, "context:1:1");
	r = request(NULL);
	r.action.type = "a b";
	assert_int_equal(fh_cedar_ask(c, &r, &x, &why), FH_ERR_FORMAT);
	assert_string_equal(why.where, "request");
	r = request(NULL);
	assert_int_equal(fh_cedar_ask(c, &r, &x, &why), FH_ERR_OK);
	assert_true(x.allowed);
}

static void writes_json_and_reads_it(void **state)
{
	(void)state;
	static char json[4096], again[4096];
	struct fh_cedar *c = cedar("permit(principal,action,resource) when {context.n == 1};");
	size_t n = 0, m = 0;

	assert_int_equal(fh_cedar_to_json(c, json, sizeof(json), &n), FH_ERR_OK);
	assert_int_equal(fh_cedar_to_json(c, json, 10, &m), FH_ERR_LIMIT);
	assert_int_equal(fh_cedar_to_json(c, json, sizeof(json), &n), FH_ERR_OK);
	assert_int_equal(fh_cedar_policies_json(c, json, n, NULL), FH_ERR_OK);
	assert_int_equal(fh_cedar_to_json(c, again, sizeof(again), &m), FH_ERR_OK);
	assert_int_equal(n, m);
	assert_memory_equal(json, again, n);
}

static void lays_out(void **state)
{
	(void)state;
	static char out[256];
	struct fh_cedar *c = cedar("");
	size_t n = 0;

	assert_int_equal(fh_cedar_format(c, TEXT("permit(principal,action,resource);"), out,
					 sizeof(out), &n, NULL), FH_ERR_OK);
	assert_memory_equal(out, "permit (principal, action, resource);\n", n);
	assert_int_equal(fh_cedar_format(c, TEXT("permit(principal,action,resource);"), out, 8, &n,
					 NULL), FH_ERR_LIMIT);
}

static void needs_some_memory_and_says_so(void **state)
{
	(void)state;
	static char large[200000];
	struct fh_cedar *c = NULL;
	struct fh_cedar_error why;

	assert_int_equal(fh_cedar_open(memory, FH_CEDAR_MEMORY_MIN - 1, &c), FH_ERR_NOMEM);
	assert_int_equal(fh_cedar_open(memory, FH_CEDAR_MEMORY_MIN, &c), FH_ERR_OK);
	memset(large, ' ', sizeof(large));
	assert_int_equal(fh_cedar_policies(c, large, sizeof(large), &why), FH_ERR_NOMEM);
	assert_int_equal(fh_cedar_entities(c, large, sizeof(large), &why), FH_ERR_NOMEM);
	assert_true(why.what[0] != '\0');
	assert_int_equal(fh_cedar_policies_n(c), 0);
}

static const char world[] = "entity Team; entity User in Team { age: Long, nick?: String };"
			    "entity File; action read appliesTo { principal: User, resource: "
			    "File, context: { n: Long, from?: ipaddr } };";

static void validates_under_a_schema(void **state)
{
	(void)state;
	struct fh_cedar *c = cedar("permit(principal,action,resource) when {principal.age > 1};"
				   "permit(principal,action,resource) when {principal.nick == 1};"
				   "permit(principal,action,resource) when {principal is Team};");
	struct fh_cedar_finding found[2];
	struct fh_cedar_error why;
	size_t n = 0;
	int valid = 1;

	assert_int_equal(fh_cedar_validate(c, 0, found, 2, &n, &valid, &why), FH_ERR_STATE);
	assert_int_equal(fh_cedar_schema(c, TEXT("entity A"), &why), FH_ERR_FORMAT);
	assert_string_equal(why.where, "schema:1:9");
	assert_int_equal(fh_cedar_schema(c, TEXT(world), &why), FH_ERR_OK);
	assert_int_equal(fh_cedar_validate(c, 0, found, 2, &n, &valid, &why), FH_ERR_OK);
	assert_true(n == 2 && !valid && found[0].policy == 1 && !found[0].warning);
	assert_string_equal(found[0].why.where, "policies:1:110");
	assert_true(found[1].policy == 2 && found[1].warning);
	assert_int_equal(fh_cedar_policies(c, TEXT("permit(principal,action,resource) when "
						   "{principal is Team};"), &why), FH_ERR_OK);
	assert_int_equal(fh_cedar_validate(c, 1, NULL, 0, &n, &valid, &why), FH_ERR_OK);
	assert_true(n == 1 && valid);
	assert_int_equal(fh_cedar_schema_json(c, TEXT("{\"\":{\"entityTypes\":{}}}"), &why),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_cedar_schema_json(c, TEXT("{}"), &why), FH_ERR_OK);
	assert_int_equal(fh_cedar_schema(c, NULL, 0, &why), FH_ERR_OK);
	assert_int_equal(fh_cedar_validate(c, 0, found, 2, &n, &valid, &why), FH_ERR_STATE);
}

static void asks_only_what_conforms_to_the_schema(void **state)
{
	(void)state;
	struct fh_cedar *c = cedar("permit(principal,action,resource) when "
				   "{context.from.isIpv4() && principal.age == context.n};");
	struct fh_cedar_request r = request("{\"n\":30,\"from\":\"10.0.0.1\"}");
	struct fh_cedar_error why;
	struct fh_cedar_answer x;

	assert_int_equal(fh_cedar_schema(c, TEXT(world), &why), FH_ERR_OK);
	assert_int_equal(fh_cedar_entities(c, TEXT(people), &why), FH_ERR_OK);
	assert_int_equal(fh_cedar_ask(c, &r, &x, &why), FH_ERR_OK);
	assert_true(x.allowed);
	r = request(NULL);
	assert_int_equal(fh_cedar_ask(c, &r, &x, &why), FH_ERR_CONFLICT);
	assert_string_equal(why.where, "context:1:1");
	r.principal.type = "Team";
	assert_int_equal(fh_cedar_ask(c, &r, &x, &why), FH_ERR_CONFLICT);
	assert_string_equal(why.where, "request");
	assert_int_equal(fh_cedar_entities(c, TEXT("[{\"uid\":{\"type\":\"User\",\"id\":\"a\"},"
						   "\"attrs\":{},\"parents\":[]}]"), &why),
			 FH_ERR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_requests),
		cmocka_unit_test(says_why_and_changes_nothing),
		cmocka_unit_test(writes_json_and_reads_it),
		cmocka_unit_test(lays_out),
		cmocka_unit_test(validates_under_a_schema),
		cmocka_unit_test(asks_only_what_conforms_to_the_schema),
		cmocka_unit_test(needs_some_memory_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
