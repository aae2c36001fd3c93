/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_example.h"

#include <stdio.h>

#include "codec/json.h"
#include "policy/value_write.h"

constexpr size_t text_max = 256 << 10; /* of an example's entities */
constexpr size_t groups_shown = 8;

const char *fh_when_name(enum fh_when when)
{
	static const char *const name[] = { "usual", "unleased", "unfunded" };

	return name[when];
}

const char *fh_when_text(enum fh_when when)
{
	static const char *const text[] = { "usually", "when the lease has ended",
					    "when every quota is used up" };

	return text[when];
}

/* --- text ------------------------------------------------------------------ */

void fh_print_string(struct fh_span s)
{
	static constexpr size_t most = 6; /* bytes for one, escaped */
	uint8_t room[6 * 4096 + 2];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	static_assert(sizeof(room) == most * FH_ENTITY_ID_MAX + 2);
	fh_json_put_string(&b, fh_span_first(s, FH_ENTITY_ID_MAX));
	(void)fwrite(b.p, 1, b.n, stdout);
}

static void print_uid(struct fh_entity_uid uid)
{
	(void)fwrite(uid.type.p, 1, uid.type.n, stdout);
	printf("::");
	fh_print_string(uid.id);
}

/* What WRITE makes of P.  */
static void print_written(void (*write)(struct fh_builder *b, const void *p), const void *p)
{
	static const char cut[] = "\"too large to be shown\"";
	uint8_t room[text_max];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	write(&b, p);
	if (b.bad)
		printf("%s", cut);
	else
		(void)fwrite(b.p, 1, b.n, stdout);
}

static void write_value(struct fh_builder *b, const void *p)
{
	fh_value_put(b, p);
}

static void write_entities(struct fh_builder *b, const void *p)
{
	fh_entities_put(b, p);
}

/* The groups that E is said to be in, unless it is a path, whose name says them.  */
static void print_groups(const struct fh_entity *e)
{
	for (uint32_t i = 0; i < e->parents_n && i < groups_shown; i++) {
		printf("%s", i == 0 ? " in " : ", ");
		print_uid(e->parents[i]->uid);
	}
	if (e->parents_n > groups_shown)
		printf(", ...");
}

static bool has_attributes(const struct fh_entities *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->list[i].attributes.n > 0 || s->list[i].tags.n > 0)
			return true;
	}
	return false;
}

void fh_example_print(const char *indent, const struct fh_example *e)
{
	const struct fh_entity_key who = fh_entity_key_of(e->principal);
	const struct fh_entity *principal = fh_entities_find(&e->entities, &who);

	printf("%s", indent);
	print_uid(e->principal);
	if (principal != nullptr)
		print_groups(principal);
	printf(" may ");
	print_uid(e->action);
	printf(" on ");
	print_uid(e->resource);
	printf("\n");
	if (e->context.n > 0) {
		printf("%s  context ", indent);
		print_written(write_value, &e->context);
		printf("\n");
	}
	if (has_attributes(&e->entities)) {
		printf("%s  entities ", indent);
		print_written(write_entities, &e->entities);
		printf("\n");
	}
}

/* --- JSON -------------------------------------------------------------------- */

static void uid_json(struct fh_entity_uid uid)
{
	printf("{\"type\":");
	fh_print_string(uid.type);
	printf(",\"id\":");
	fh_print_string(uid.id);
	printf("}");
}

void fh_example_json(const struct fh_example *e)
{
	printf("{\"principal\":");
	uid_json(e->principal);
	printf(",\"action\":");
	uid_json(e->action);
	printf(",\"resource\":");
	uid_json(e->resource);
	printf(",\"context\":");
	print_written(write_value, &e->context);
	printf(",\"entities\":");
	print_written(write_entities, &e->entities);
	printf("}");
}

void fh_environment_json(const struct fh_environment *x)
{
	printf("\"action\":");
	fh_print_string(x->action.id);
	printf(",\"principal\":");
	fh_print_string(x->principal);
	printf(",\"resource\":");
	fh_print_string(x->resource);
}
