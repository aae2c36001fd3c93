/* SPDX-License-Identifier: Apache-2.0 */
/* What examples/ shows is what the policy language takes.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "os/file.h"
#include "os/memory.h"
#include "policy/mapping.h"
#include "policy/set.h"

static struct fh_span read_example(const char *name, struct fh_arena *a)
{
	const char *top = getenv("FREEHOLD_TOP");
	char path[1024];
	struct fh_span text;

	snprintf(path, sizeof(path), "%s/examples/%s", top != nullptr ? top : ".", name);
	assert_int_equal(fh_file_read(path, FH_POLICY_TEXT_MAX, a, &text), FH_ERR_OK);
	return text;
}

static void the_example_policy_fits_its_schema(void **state)
{
	static const char *const tools[] = { "list_notes", "read_note", "write_note",
					     "delete_note" };
	FH_OWN(fh_arena) files = { 0 }, a = { 0 };
	struct fh_policy_set set;
	struct fh_trace t = { 0 };

	(void)state;
	assert_int_equal(fh_arena_map(4 << 20, &files), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_POLICY_ARENA, &a), FH_ERR_OK);
	fh_err e = fh_policy_check(read_example("policy.cedar", &files),
				   read_example("schema.cedarschema", &files), &a, &set, &t);

	if (e != FH_ERR_OK)
		print_error("%s: %s; %s\n", t.where, t.what, t.cure);
	assert_int_equal(e, FH_ERR_OK);
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		struct fh_wire_action w;

		assert_int_equal(fh_wire_action(&set.schema, FH_SPAN_LIT("notes"),
						fh_span_str(tools[i]), &w), FH_ERR_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_policy_fits_its_schema),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
