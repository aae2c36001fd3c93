/* SPDX-License-Identifier: Apache-2.0 */
/* Keywords about values of any kind, numbers and texts.  */
#include "schema/json_schema_format.h"
#include "schema/json_schema_private.h"

static bool is_number(const struct fh_json *j)
{
	return j->kind == FH_JSON_INTEGER || j->kind == FH_JSON_REAL;
}

static bool read_number(struct fh_schema_run *r, const struct fh_json *j,
			struct fh_json_number *out)
{
	return fh_schema_spend(r, j->raw.n) &&
	       (fh_json_number_read(j->raw, out) ||
		fh_schema_stop(r, FH_ERR_LIMIT, "holds a number with too large an exponent"));
}

static uint32_t types_of(struct fh_schema_run *r, const struct fh_json *j)
{
	static const uint32_t types[] = {
		[FH_JSON_NULL] = FH_TYPE_NULL,     [FH_JSON_BOOL] = FH_TYPE_BOOLEAN,
		[FH_JSON_INTEGER] = FH_TYPE_INTEGER | FH_TYPE_NUMBER,
		[FH_JSON_REAL] = FH_TYPE_NUMBER,   [FH_JSON_STRING] = FH_TYPE_STRING,
		[FH_JSON_ARRAY] = FH_TYPE_ARRAY,   [FH_JSON_OBJECT] = FH_TYPE_OBJECT,
	};
	struct fh_json_number n;

	if (j->kind == FH_JSON_REAL && read_number(r, j, &n) && fh_json_number_is_integer(&n))
		return FH_TYPE_INTEGER | FH_TYPE_NUMBER;
	return types[j->kind];
}

bool fh_schema_check_type(struct fh_schema_run *r, const struct fh_schema_frame *f,
			  const struct fh_schema_rule *rule)
{
	static const char *const names[] = { "null", "a boolean", "a number", "a number",
		"a string",
					     "an array", "an object" };

	return (types_of(r, f->instance) & rule->types) != 0 ||
	       fh_schema_fail(r, f, "type: %s is not what may stand here",
		names[f->instance->kind]);
}

bool fh_schema_check_value(struct fh_schema_run *r, const struct fh_schema_frame *f,
			   const struct fh_schema_rule *rule)
{
	size_t taken = r->scratch->n;
	struct fh_span value;
	bool known = fh_schema_value(r, f->instance, &value) &&
		     fh_spans_have(rule->texts, rule->texts_n, value);

	r->scratch->n = taken;
	return known || fh_schema_fail(r, f, "%s: not a value that may stand here",
				       rule->keyword == FH_KEYWORD_ENUM ? "enum" : "const");
}

bool fh_schema_check_number(struct fh_schema_run *r, const struct fh_schema_frame *f,
			    const struct fh_schema_rule *rule)
{
	struct fh_json_number n;

	if (!is_number(f->instance))
		return true;
	if (!read_number(r, f->instance, &n))
		return false;
	int order = fh_json_number_compare(&n, &rule->number);

	switch (rule->keyword) {
	case FH_KEYWORD_MAXIMUM:
		return order <= 0 || fh_schema_fail(r, f, "maximum: the number is larger");
	case FH_KEYWORD_EXCLUSIVE_MAXIMUM:
		return order < 0 ||
			fh_schema_fail(r, f, "exclusiveMaximum: the number is not smaller");
	case FH_KEYWORD_MINIMUM:
		return order >= 0 || fh_schema_fail(r, f, "minimum: the number is smaller");
	case FH_KEYWORD_EXCLUSIVE_MINIMUM:
		return order > 0 ||
			fh_schema_fail(r, f, "exclusiveMinimum: the number is not larger");
	default:
		return fh_json_number_is_multiple(&n, &rule->number) ||
		       fh_schema_fail(r, f, "multipleOf: the number is none");
	}
}

/* Lengths are counted in code points.  */
bool fh_schema_check_length(struct fh_schema_run *r, const struct fh_schema_frame *f,
			    const struct fh_schema_rule *rule)
{
	struct fh_span text = f->instance->text;
	uint64_t n = 0;

	if (f->instance->kind != FH_JSON_STRING)
		return true;
	if (!fh_schema_spend(r, text.n / 8))
		return false;
	for (size_t i = 0; i < text.n; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	if (n < rule->min)
		return fh_schema_fail(r, f, "minLength: the text is shorter");
	return n <= rule->max || fh_schema_fail(r, f, "maxLength: the text is longer");
}

bool fh_schema_check_pattern(struct fh_schema_run *r, const struct fh_schema_frame *f,
			     const struct fh_schema_rule *rule)
{
	return f->instance->kind != FH_JSON_STRING ||
	       fh_schema_matches(r, rule->regex, f->instance->text) ||
	       fh_schema_fail(r, f, "pattern: the text does not match");
}

/* A pattern that is right and that we do not support is one all the same.  */
static bool is_regex(struct fh_schema_run *r, struct fh_span s)
{
	const struct fh_regex *regex;
	size_t taken = r->scratch->n;
	fh_err e = fh_regex_read(s, r->scratch, &regex, /* trace */ nullptr);

	r->scratch->n = taken;
	if (e == FH_ERR_LIMIT || e == FH_ERR_NOMEM)
		return fh_schema_stop(r, e, "holds a pattern that is too large");
	return e == FH_ERR_OK || e == FH_ERR_UNSUPPORTED;
}

static const struct {
	const char *name;
	bool (*is)(struct fh_span s);
} formats[] = {
	{ "date", fh_format_date },
	{ "date-time", fh_format_date_time },
	{ "duration", fh_format_duration },
	{ "email", fh_format_email },
	{ "hostname", fh_format_hostname },
	{ "idn-email", fh_format_idn_email },
	{ "idn-hostname", fh_format_idn_hostname },
	{ "ipv4", fh_format_ipv4 },
	{ "ipv6", fh_format_ipv6 },
	{ "iri", fh_format_iri },
	{ "iri-reference", fh_format_iri_reference },
	{ "json-pointer", fh_format_json_pointer },
	{ "relative-json-pointer", fh_format_relative_json_pointer },
	{ "time", fh_format_time },
	{ "uri", fh_format_uri },
	{ "uri-reference", fh_format_uri_reference },
	{ "uri-template", fh_format_uri_template },
	{ "uuid", fh_format_uuid },
};

static bool has_format(struct fh_schema_run *r, struct fh_span name, struct fh_span s)
{
	if (fh_span_equal(name, FH_SPAN_LIT("regex")))
		return is_regex(r, s);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (fh_span_equal(name, fh_span_str(formats[i].name)))
			return formats[i].is(s);
	}
	return true;
}

bool fh_schema_check_format(struct fh_schema_run *r, const struct fh_schema_frame *f,
			    const struct fh_schema_rule *rule)
{
	struct fh_span name = fh_span_first(rule->name, 64);

	if (f->instance->kind != FH_JSON_STRING)
		return true;
	return (fh_schema_spend(r, f->instance->text.n) &&
		has_format(r, rule->name, f->instance->text)) ||
	       fh_schema_fail(r, f, "format: the text is no %.*s", (int)name.n,
			      (const char *)name.p);
}
