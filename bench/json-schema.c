/* SPDX-License-Identifier: Apache-2.0 */
/* What holding a call's arguments to a pinned inputSchema takes:
 *
 *	json-schema [SECONDS]
 *	json-schema count CHECKS ITEMS
 *
 * The schema is one as tools have it: a closed object with texts, a pattern, a format, numbers in
 * ranges, an enumeration, and a list of ITEMS objects.  Beside it the limit: reading the same
 * arguments as JSON, without asking anything of them.  `count` checks so often and prints
 * nothing: for callgrind.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "measure.h"
#include "os/clock.h"
#include "os/memory.h"
#include "schema/json_schema.h"

constexpr size_t samples_max = 1 << 20;
constexpr size_t text_max = 1 << 20;
static const struct fh_json_limits limits = { text_max, 128 };

static const char schema_text[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
	"\"properties\":{"
	"\"path\":{\"type\":\"string\",\"pattern\":\"^(/[A-Za-z0-9._-]+)+$\",\"maxLength\":4096},"
	"\"mode\":{\"enum\":[\"read\",\"write\",\"append\"]},"
	"\"since\":{\"type\":\"string\",\"format\":\"date-time\"},"
	"\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000},"
	"\"ratio\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"multipleOf\":0.01},"
	"\"edits\":{\"type\":\"array\",\"maxItems\":10000,\"items\":{\"$ref\":\"#/$defs/edit\"}}},"
	"\"required\":[\"path\",\"mode\"],\"additionalProperties\":false,"
	"\"$defs\":{\"edit\":{\"type\":\"object\",\"properties\":{"
	"\"line\":{\"type\":\"integer\",\"minimum\":1},"
	"\"text\":{\"type\":\"string\",\"maxLength\":500},"
	"\"kind\":{\"anyOf\":[{\"const\":\"insert\"},{\"const\":\"delete\"}]}},"
	"\"required\":[\"line\",\"kind\"],\"additionalProperties\":false}}}";

struct bench {
	struct fh_arena text, schema_memory, tree, scratch;
	const struct fh_json_schema *schema;
	struct fh_span arguments;
	const struct fh_json *instance;
	struct bench_samples samples;
};

/* Arguments with N edits.  */
static bool write_arguments(struct bench *b, size_t n)
{
	fh_arena_reset(&b->text);
	char *p = fh_arena_space(&b->text, text_max);
	size_t used = p == nullptr ? text_max
				   : (size_t)snprintf(p, text_max,
		"{\"path\":\"/public/notes/2026-11/plan.txt\",\"mode\":\"append\","
		"\"since\":\"2026-11-27T22:00:00Z\",\"limit\":250,\"ratio\":12.25,\"edits\":[");

	for (size_t i = 0; i < n && used < text_max; i++)
		used += (size_t)snprintf(p + used, text_max - used,
			"%s{\"line\":%zu,\"kind\":\"%s\",\"text\":\"a line of some length\"}",
			i == 0 ? "" : ",", i + 1, i % 2 == 0 ? "insert" : "delete");
	if (used + 3 > text_max)
		return false;
	memcpy(p + used, "]}", 2);
	b->arguments = fh_span_of(p, used + 2);
	return true;
}

static bool read_arguments(struct bench *b)
{
	fh_arena_reset(&b->tree);
	return fh_json_tree(b->arguments, &limits, "arguments", &b->tree, &b->instance,
			    /* t= */ nullptr) == FH_ERR_OK;
}

static bool read_schema(struct bench *b)
{
	const struct fh_json_schema_options options = { .strict = true, .formats = true };
	const struct fh_json *root;

	fh_arena_reset(&b->schema_memory);
	return fh_json_tree(fh_span_str(schema_text), &limits, "schema", &b->schema_memory, &root,
			    /* t= */ nullptr) == FH_ERR_OK
	       && fh_json_schema_read(root, &options, &b->schema_memory, &b->schema,
				      /* t= */ nullptr) == FH_ERR_OK;
}

static bool check(struct bench *b)
{
	bool valid = false;

	return fh_json_schema_check(b->schema, b->instance, &b->scratch, &valid,
				    /* steps= */ nullptr, /* t= */ nullptr) == FH_ERR_OK
	       && valid;
}

static bool read_and_check(struct bench *b)
{
	return read_arguments(b) && check(b);
}

static bool measure(struct bench *b, const char *name, uint64_t ns, bool (*ask)(struct bench *b))
{
	uint64_t until = fh_clock_boot_ns() + ns;
	bool right = true;

	b->samples.n = 0;
	for (uint64_t start = 0; b->samples.n < samples_max && start < until;) {
		start = fh_clock_boot_ns();
		right &= ask(b);
		bench_samples_add(&b->samples, fh_clock_boot_ns() - start);
	}
	printf("%-44s p50 %9.2f us   p99 %9.2f us\n", name,
	       (double)bench_samples_at(&b->samples, 500) / 1e3,
	       (double)bench_samples_at(&b->samples, 990) / 1e3);
	return right && b->samples.n > 0;
}

static bool run_size(struct bench *b, size_t items, uint64_t ns)
{
	char name[3][64];

	if (!write_arguments(b, items) || !read_arguments(b))
		return false;
	(void)snprintf(name[0], sizeof(name[0]), "%6zu items, %7zu bytes: read as JSON", items,
		       b->arguments.n);
	(void)snprintf(name[1], sizeof(name[1]), "%6zu items, %7zu bytes: checked", items,
		       b->arguments.n);
	(void)snprintf(name[2], sizeof(name[2]), "%6zu items, %7zu bytes: both", items,
		       b->arguments.n);
	return measure(b, name[0], ns, read_arguments) && measure(b, name[1], ns, check)
	       && measure(b, name[2], ns, read_and_check);
}

static bool run_all(struct bench *b, double seconds)
{
	static const size_t sizes[] = { 0, 10, 100, 1000 };
	uint64_t ns = (uint64_t)(seconds * 1e9);
	bool good = measure(b, "reading the schema", ns, read_schema);

	for (size_t i = 0; good && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		good = run_size(b, sizes[i], ns);
	return good;
}

static bool count(struct bench *b, uint64_t checks, size_t items)
{
	bool right = read_schema(b) && write_arguments(b, items) && read_arguments(b);

	for (uint64_t i = 0; right && i < checks; i++)
		right = check(b);
	return right;
}

int main(int argc, char **argv)
{
	FH_OWN(fh_arena) text = { 0 }, schema_memory = { 0 }, tree = { 0 }, scratch = { 0 },
			 samples = { 0 };

	if (fh_arena_map(2 * text_max, &text) != FH_ERR_OK
	    || fh_arena_map(16 << 20, &schema_memory) != FH_ERR_OK
	    || fh_arena_map(64 << 20, &tree) != FH_ERR_OK
	    || fh_arena_map(64 << 20, &scratch) != FH_ERR_OK
	    || fh_arena_map(samples_max * sizeof(uint64_t) + 64, &samples) != FH_ERR_OK)
		return 2;
	struct bench b = { .text = text, .schema_memory = schema_memory, .tree = tree,
			   .scratch = scratch };

	if (argc == 4 && strcmp(argv[1], "count") == 0)
		return count(&b, bench_number(argv[2]), bench_number(argv[3])) ? 0 : 1;
	if (bench_samples_open(samples_max, &samples, &b.samples) != FH_ERR_OK)
		return 2;
	return run_all(&b, argc > 1 ? strtod(argv[1], nullptr) : 0.5) ? 0 : 1;
}
