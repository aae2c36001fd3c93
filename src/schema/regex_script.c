/* SPDX-License-Identifier: Apache-2.0 */
/* `\p{Script=...}` and `\p{Script_Extensions=...}`: ECMA-262, table 69 and what Unicode's
 * standard annex 24 says of them.  */
#include "schema/regex_private.h"

constexpr uint32_t RUN = 256;

static bool is(struct fh_span name, const char *other)
{
	return other != nullptr && fh_span_equal(name, fh_span_str(other));
}

/* The number of the script NAME; fh_script_name_n if there is none.  */
static size_t find_script(struct fh_span name)
{
	size_t i = 0;

	while (i < fh_script_name_n && !is(name, fh_script_name[i].name) &&
	       !is(name, fh_script_name[i].longer) && !is(name, fh_script_name[i].other))
		i++;
	return i;
}

/* Sets HAS[i] where list I has the script.  */
static void find_lists(size_t script, bool has[RUN])
{
	size_t list = 0;

	for (size_t i = 0; i < fh_script_more_n && list < RUN; i++) {
		if (fh_script_more[i] == 0xff)
			list++;
		else if (fh_script_more[i] == script)
			has[list] = true;
	}
}

/* The code point at which the run I of the N runs at R ends.  */
static uint32_t end_of(const uint32_t *r, size_t n, size_t i)
{
	return i + 1 < n ? r[i + 1] / RUN : FH_CODE_POINT_MAX + 1;
}

/* Walks both tables at once.  A list says all that a code point is used in, so its own
 * script counts only where there is none.  */
static void add(struct fh_code_draft *d, size_t script, bool extensions, bool negated)
{
	bool has[RUN] = { false };
	size_t i = 0, k = 0;

	if (extensions)
		find_lists(script, has);
	for (uint32_t c = 0; c <= FH_CODE_POINT_MAX;) {
		uint32_t end = end_of(fh_script_run, fh_script_run_n, i);
		uint32_t end_more = end_of(fh_script_more_run, fh_script_more_run_n, k);
		uint32_t list = extensions ? fh_script_more_run[k] % RUN : 0;
		uint32_t next = end < end_more ? end : end_more;
		bool wanted = list == 0 ? fh_script_run[i] % RUN == script : has[list];

		if (wanted != negated)
			fh_code_draft_add(d, c, next - 1);
		i += next == end;
		k += next == end_more;
		c = next;
	}
}

bool fh_code_draft_script(struct fh_code_draft *d, struct fh_span name, bool negated)
{
	static const struct {
		const char *prefix;
		bool extensions;
	} rows[] = {
		{ "sc=", false }, { "Script=", false },
		{ "scx=", true }, { "Script_Extensions=", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_span prefix = fh_span_str(rows[i].prefix);
		size_t script = fh_span_starts(name, prefix)
					? find_script(fh_span_skip(name, prefix.n))
					: fh_script_name_n;

		if (script < fh_script_name_n) {
			add(d, script, rows[i].extensions, negated);
			return true;
		}
	}
	return false;
}
