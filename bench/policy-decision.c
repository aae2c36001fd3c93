/* SPDX-License-Identifier: Apache-2.0 */
/* One decision, and what it takes to load what it decides by:
 *
 *	policy-decision [SECONDS]
 *	policy-decision count DECISIONS POLICIES
 *	policy-decision text POLICIES
 *
 * Documents of 8 to 10,000 policies, of which eight have a scope that matches the
 * request, each with conditions; the principal's teams are three deep, and so is
 * the path.  Beside it the limit: the same eight questions as C that knows them.
 * `count` makes so many decisions by one document and prints nothing: for callgrind.
 * `text` prints the policies, for others to decide by.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "measure.h"
#include "os/clock.h"
#include "os/memory.h"
#include "policy/decision.h"

constexpr size_t samples_max = 1 << 21;
constexpr size_t matching = 8;

static const char schema[] =
	"entity Folder in [Folder]; entity File in [Folder];"
	"action \"read\"; @mcp(\"files/read_file\") @resource(\"/path\", \"posix-path\")"
	"action \"files.read\" in [\"read\"] appliesTo { principal: [Actor], resource: [File] };"
	"@mcp(\"files/write_file\") @resource(\"/path\", \"posix-path\")"
	"action \"files.write\" appliesTo { principal: [Actor], resource: [File] };";

/* Four scopes that match, two of each.  */
static const char *const scopes[] = {
	"principal in Team::\"research\", action == Action::\"files.read\", resource",
	"principal == Actor::\"claude\", action in Action::\"read\", resource in Folder::\"/a\"",
	"principal is Actor, action, resource in Folder::\"/a/b\"",
	"principal in Team::\"everyone\", action, resource",
};

static size_t put_policies(char *out, size_t cap, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < cap; i++) {
		if (i < matching)
			used += (size_t)snprintf(out + used, cap - used,
				"%s (%s) when { resource in Folder::\"/a/b/c\" && "
				"principal in Team::\"staff\" } unless { resource is Folder || "
				"1 + %zu > 100 };\n", i == 7 ? "forbid" : "permit",
				scopes[i % 4], i == 7 ? 1000 : i);
		else
			used += (size_t)snprintf(out + used, cap - used,
				"permit(principal==Actor::\"%zu\",action,resource);", i);
	}
	return used < cap ? used : 0;
}

struct bench {
	struct fh_arena text;
	struct fh_arena document;
	struct fh_arena scratch;
	struct fh_policy_set set;
	struct bench_samples samples;
};

static const struct fh_entity_uid groups[] = {
	{ FH_TEXT_INIT("Team"), FH_TEXT_INIT("research") },
	{ FH_TEXT_INIT("Team"), FH_TEXT_INIT("staff") },
	{ FH_TEXT_INIT("Team"), FH_TEXT_INIT("everyone") },
};
static const struct fh_entity_uid who = { FH_TEXT_INIT("Actor"), FH_TEXT_INIT("claude") };
static const struct fh_entity_uid act = { FH_TEXT_INIT("Action"), FH_TEXT_INIT("files.read") };
static const struct fh_entity_uid file = { FH_TEXT_INIT("File"), FH_TEXT_INIT("/a/b/c/d.txt") };

static bool decide(struct bench *b)
{
	const struct fh_known_entities known = { &b->set.schema, who, groups, 3 };
	const struct fh_request r = { who, act, file, fh_value_none(),
				      fh_known_entities_source(&known) };
	const struct fh_circumstances now = { .leased = true };
	struct fh_decision d;

	return fh_policy_decide(&b->set, &r, &now, &b->scratch, &d) == FH_ERR_OK
	       && fh_allows(d.verdict);
}

static bool in_folder(struct fh_span path, struct fh_span folder)
{
	return fh_span_starts(path, folder) && path.n > folder.n && path.p[folder.n] == '/';
}

static bool in_team(const char *team)
{
	for (size_t i = 0; i < 3; i++) {
		if (fh_span_equal(groups[i].id, fh_span_str(team)))
			return true;
	}
	return false;
}

/* The eight questions, by somebody who knows them and nothing else.  */
static bool chain(struct bench *b)
{
	size_t permits = 0;

	(void)b;
	for (size_t i = 0; i < matching - 1; i++) {
		bool scope = i % 4 == 0 ? in_team("research") && fh_entity_equal(act, act)
			     : i % 4 == 1 ? fh_entity_equal(who, who) &&
					      in_folder(file.id, FH_SPAN_LIT("/a"))
			     : i % 4 == 2 ? in_folder(file.id, FH_SPAN_LIT("/a/b"))
					  : in_team("everyone");

		permits += scope && in_folder(file.id, FH_SPAN_LIT("/a/b/c")) && in_team("staff") &&
			   !(1 + i > 100);
	}
	return permits > 0;
}

/* Prints what ASK takes, in nanoseconds; what reading the clock takes is in it.  */
static bool measure(struct bench *b, const char *name, uint64_t until, bool (*ask)(struct bench *b))
{
	bool right = true;

	b->samples.n = 0;
	for (uint64_t start = 0; b->samples.n < samples_max && start < until;) {
		start = fh_clock_boot_ns();
		right &= ask(b);
		bench_samples_add(&b->samples, fh_clock_boot_ns() - start);
	}
	printf("%-28s p50 %6llu ns   p99 %6llu ns\n", name,
	       (unsigned long long)bench_samples_at(&b->samples, 500),
	       (unsigned long long)bench_samples_at(&b->samples, 990));
	return right && b->samples.n > 0;
}

static bool nothing(struct bench *b)
{
	(void)b;
	return true;
}

/* N policies; empty if they do not fit.  */
static struct fh_span text_of(struct bench *b, size_t n)
{
	constexpr size_t cap = 8 << 20;

	fh_arena_reset(&b->text);
	char *text = fh_arena_space(&b->text, cap);

	return fh_span_of(text, text == nullptr ? 0 : put_policies(text, cap, n));
}

/* Loads a document of N policies; how long that took in *NS.  */
static bool load(struct bench *b, size_t n, uint64_t *ns)
{
	struct fh_span text = text_of(b, n);
	struct fh_trace t = { 0 };

	fh_arena_reset(&b->document);
	uint64_t start = fh_clock_boot_ns();
	fh_err e = fh_policy_check(text, fh_span_str(schema), &b->document, &b->set, &t);

	*ns = fh_clock_boot_ns() - start;
	if (e != FH_ERR_OK)
		fprintf(stderr, "freehold: policy-decision: %s: %s; %s\n", t.where, t.what, t.cure);
	return e == FH_ERR_OK;
}

static bool run_size(struct bench *b, size_t n, uint64_t ns)
{
	char name[64];
	uint64_t loaded;

	if (!load(b, n, &loaded))
		return false;
	printf("%6zu policies              loaded in %.1f ms\n", n, (double)loaded / 1e6);
	(void)snprintf(name, sizeof(name), "%6zu policies, one decision", n);
	return measure(b, name, fh_clock_boot_ns() + ns, decide);
}

static bool count(struct bench *b, uint64_t decisions, size_t n)
{
	uint64_t loaded;
	bool right = load(b, n, &loaded);

	for (uint64_t i = 0; right && i < decisions; i++)
		right = decide(b);
	return right;
}

static bool print_text(struct bench *b, size_t n)
{
	struct fh_span text = text_of(b, n);

	return text.n > 0 && fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0;
}

static bool run_all(struct bench *b, double seconds)
{
	static const size_t sizes[] = { 1, 10, 100, 1000, 10000 };
	uint64_t ns = (uint64_t)(seconds * 1e9);
	bool good = measure(b, "reading the clock", fh_clock_boot_ns() + ns / 4, nothing) &&
		    measure(b, "eight questions in C", fh_clock_boot_ns() + ns / 4, chain);

	for (size_t i = 0; good && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		good = run_size(b, sizes[i], ns);
	return good;
}

int main(int argc, char **argv)
{
	FH_OWN(fh_arena) text = { 0 };
	FH_OWN(fh_arena) document = { 0 };
	FH_OWN(fh_arena) scratch = { 0 };
	FH_OWN(fh_arena) samples = { 0 };

	if (fh_arena_map(16 << 20, &text) != FH_ERR_OK ||
	    fh_arena_map(FH_POLICY_ARENA, &document) != FH_ERR_OK ||
	    fh_arena_map(FH_DECISION_ARENA, &scratch) != FH_ERR_OK ||
	    fh_arena_map(samples_max * sizeof(uint64_t) + 64, &samples) != FH_ERR_OK)
		return 2;
	struct bench b = { .text = text, .document = document, .scratch = scratch };

	if (argc == 4 && strcmp(argv[1], "count") == 0)
		return count(&b, bench_number(argv[2]), bench_number(argv[3])) ? 0 : 1;
	if (argc == 3 && strcmp(argv[1], "text") == 0)
		return print_text(&b, bench_number(argv[2])) ? 0 : 1;
	if (bench_samples_open(samples_max, &samples, &b.samples) != FH_ERR_OK)
		return 2;
	return run_all(&b, argc > 1 ? strtod(argv[1], nullptr) : 1) ? 0 : 1;
}
