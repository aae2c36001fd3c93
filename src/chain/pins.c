/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/pins.h"

/* Arguments have been CBOR, so they are no deeper.  */
static const struct fh_json_limits limits = { FH_STATEMENT_MAX, 2 * FH_JSON_DEPTH_MAX };
static const struct fh_json_limits arguments_limits = { FH_ANSWER_MAX, FH_JSON_DEPTH_MAX + 1 };

static fh_err read_definition(struct fh_span name, struct fh_span definition, struct fh_arena *a,
			      const struct fh_json **schema, struct fh_trace *t)
{
	const struct fh_json *root;
	fh_err e = fh_json_tree(definition, &limits, "definition", a, &root, t);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_json *said = fh_json_member(root, "name");
	const struct fh_json *input = fh_json_member(root, "inputSchema");

	if (said == nullptr || said->kind != FH_JSON_STRING || !fh_span_equal(said->text, name)) {
		fh_trace_what(t, "the definition is that of another tool, or of none");
		fh_trace_cure(t, "pin the tool again as its server defines it");
		return FH_ERR_FORMAT;
	}
	if (input == nullptr || input->kind != FH_JSON_OBJECT) {
		fh_trace_what(t, "the definition has no `inputSchema`");
		fh_trace_cure(t, "leave the tool out with --except, or have its server repaired");
		return FH_ERR_FORMAT;
	}
	*schema = input;
	return FH_ERR_OK;
}

fh_err fh_pin_read(struct fh_span name, struct fh_span definition, struct fh_arena *a,
		   struct fh_pin *out, struct fh_trace *t)
{
	const struct fh_json_schema_options options = { .strict = true };
	struct fh_pin pin = { .name = name, .digest = fh_hash_of(definition) };
	struct fh_trace inside = { 0 };
	const struct fh_json *schema;
	fh_err e = read_definition(name, definition, a, &schema, &inside);

	if (e == FH_ERR_OK)
		e = fh_json_schema_read(schema, &options, a, &pin.arguments, &inside);
	if (e == FH_ERR_OK) {
		*out = pin;
		return e;
	}
	fh_trace_where(t, "tool `%.*s`%s%s", (int)name.n, (const char *)name.p,
		       inside.where[0] == '\0' ? "" : ", ", inside.where);
	fh_trace_what(t, "%s", inside.what);
	fh_trace_cure(t, "%s", inside.cure);
	return e;
}

fh_err fh_pins_check(const struct fh_pins_body *p, struct fh_arena *scratch, struct fh_trace *t)
{
	size_t taken = scratch->n, at = 0;
	struct fh_span name, definition;
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && fh_pins_next(p->tools, &at, &name, &definition)) {
		struct fh_pin pin;

		e = fh_pin_read(name, definition, scratch, &pin, t);
		scratch->n = taken;
	}
	return e;
}

fh_err fh_pin_check_arguments(const struct fh_pin *pin, struct fh_span arguments,
			      struct fh_arena *scratch, bool *valid, uint64_t *steps,
			      struct fh_trace *t)
{
	size_t taken = scratch->n;
	const struct fh_json *root;

	if (steps != nullptr)
		*steps = 0;
	fh_err e = fh_json_tree(arguments, &arguments_limits, "arguments", scratch, &root, t);

	if (e == FH_ERR_OK)
		e = fh_json_schema_check(pin->arguments, root, scratch, valid, steps, t);
	scratch->n = taken;
	return e;
}
