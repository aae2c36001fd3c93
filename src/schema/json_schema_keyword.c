/* SPDX-License-Identifier: Apache-2.0 */
/* The keywords of the standard, which vocabulary brings each, and what its value is.  */
#include "schema/json_schema_private.h"

constexpr uint32_t newest = FH_DRAFT_2020_12;
constexpr uint32_t recent = FH_DRAFT_2020_12 | FH_DRAFT_2019_09;
constexpr uint32_t older = FH_DRAFT_2019_09 | FH_DRAFT_07;
constexpr uint32_t all = FH_DRAFT_2020_12 | FH_DRAFT_2019_09 | FH_DRAFT_07;

constexpr uint32_t core = FH_VOCABULARY_CORE;
constexpr uint32_t applicator = FH_VOCABULARY_APPLICATOR;
constexpr uint32_t unevaluated = FH_VOCABULARY_UNEVALUATED;
constexpr uint32_t validation = FH_VOCABULARY_VALIDATION;
constexpr uint32_t data = FH_VOCABULARY_META_DATA;
constexpr uint32_t format = FH_VOCABULARY_FORMAT_ANNOTATION | FH_VOCABULARY_FORMAT_ASSERTION;
constexpr uint32_t content = FH_VOCABULARY_CONTENT;

static const struct fh_schema_word words[] = {
	{ "$anchor", FH_KEYWORD_ANCHOR, FH_SHAPE_TEXT, core, recent },
	{ "$comment", FH_KEYWORD_OTHER, FH_SHAPE_TEXT, core, all },
	{ "$defs", FH_KEYWORD_OTHER, FH_SHAPE_SCHEMA_MAP, core, all },
	{ "$dynamicAnchor", FH_KEYWORD_DYNAMIC_ANCHOR, FH_SHAPE_TEXT, core, newest },
	{ "$dynamicRef", FH_KEYWORD_DYNAMIC_REF, FH_SHAPE_TEXT, core, newest },
	{ "$id", FH_KEYWORD_ID, FH_SHAPE_TEXT, core, all },
	{ "$recursiveAnchor", FH_KEYWORD_OTHER, FH_SHAPE_NONE, core, FH_DRAFT_2019_09 },
	{ "$recursiveRef", FH_KEYWORD_OTHER, FH_SHAPE_NONE, core, FH_DRAFT_2019_09 },
	{ "$ref", FH_KEYWORD_REF, FH_SHAPE_TEXT, core, all },
	{ "$schema", FH_KEYWORD_OTHER, FH_SHAPE_TEXT, core, all },
	{ "$vocabulary", FH_KEYWORD_OTHER, FH_SHAPE_OBJECT, core, recent },
	{ "additionalItems", FH_KEYWORD_OTHER, FH_SHAPE_NONE, applicator, older },
	{ "additionalProperties", FH_KEYWORD_ADDITIONAL_PROPERTIES, FH_SHAPE_SCHEMA, applicator,
	all },
	{ "allOf", FH_KEYWORD_ALL_OF, FH_SHAPE_SCHEMAS, applicator, all },
	{ "anyOf", FH_KEYWORD_ANY_OF, FH_SHAPE_SCHEMAS, applicator, all },
	{ "const", FH_KEYWORD_CONST, FH_SHAPE_ANY, validation, all },
	{ "contains", FH_KEYWORD_CONTAINS, FH_SHAPE_SCHEMA, applicator, all },
	{ "contentEncoding", FH_KEYWORD_OTHER, FH_SHAPE_TEXT, content, all },
	{ "contentMediaType", FH_KEYWORD_OTHER, FH_SHAPE_TEXT, content, all },
	{ "contentSchema", FH_KEYWORD_OTHER, FH_SHAPE_SCHEMA, content, recent },
	{ "default", FH_KEYWORD_OTHER, FH_SHAPE_ANY, data, all },
	{ "definitions", FH_KEYWORD_OTHER, FH_SHAPE_SCHEMA_MAP, core, all },
	{ "dependencies", FH_KEYWORD_DEPENDENCIES, FH_SHAPE_DEPENDENCIES, applicator, all },
	{ "dependentRequired", FH_KEYWORD_DEPENDENT_REQUIRED, FH_SHAPE_TEXTS_MAP, validation,
	recent },
	{ "dependentSchemas", FH_KEYWORD_DEPENDENT_SCHEMAS, FH_SHAPE_SCHEMA_MAP, applicator,
	recent },
	{ "deprecated", FH_KEYWORD_OTHER, FH_SHAPE_BOOL, data, all },
	{ "description", FH_KEYWORD_OTHER, FH_SHAPE_TEXT, data, all },
	{ "else", FH_KEYWORD_ELSE, FH_SHAPE_SCHEMA, applicator, all },
	{ "enum", FH_KEYWORD_ENUM, FH_SHAPE_LIST, validation, all },
	{ "examples", FH_KEYWORD_OTHER, FH_SHAPE_LIST, data, all },
	{ "exclusiveMaximum", FH_KEYWORD_EXCLUSIVE_MAXIMUM, FH_SHAPE_NUMBER, validation, all },
	{ "exclusiveMinimum", FH_KEYWORD_EXCLUSIVE_MINIMUM, FH_SHAPE_NUMBER, validation, all },
	{ "format", FH_KEYWORD_FORMAT, FH_SHAPE_TEXT, format, all },
	{ "if", FH_KEYWORD_IF, FH_SHAPE_SCHEMA, applicator, all },
	{ "items", FH_KEYWORD_ITEMS, FH_SHAPE_SCHEMA, applicator, all },
	{ "maxContains", FH_KEYWORD_MAX_CONTAINS, FH_SHAPE_COUNT, validation, recent },
	{ "maxItems", FH_KEYWORD_MAX_ITEMS, FH_SHAPE_COUNT, validation, all },
	{ "maxLength", FH_KEYWORD_MAX_LENGTH, FH_SHAPE_COUNT, validation, all },
	{ "maxProperties", FH_KEYWORD_MAX_PROPERTIES, FH_SHAPE_COUNT, validation, all },
	{ "maximum", FH_KEYWORD_MAXIMUM, FH_SHAPE_NUMBER, validation, all },
	{ "minContains", FH_KEYWORD_MIN_CONTAINS, FH_SHAPE_COUNT, validation, recent },
	{ "minItems", FH_KEYWORD_MIN_ITEMS, FH_SHAPE_COUNT, validation, all },
	{ "minLength", FH_KEYWORD_MIN_LENGTH, FH_SHAPE_COUNT, validation, all },
	{ "minProperties", FH_KEYWORD_MIN_PROPERTIES, FH_SHAPE_COUNT, validation, all },
	{ "minimum", FH_KEYWORD_MINIMUM, FH_SHAPE_NUMBER, validation, all },
	{ "multipleOf", FH_KEYWORD_MULTIPLE_OF, FH_SHAPE_NUMBER, validation, all },
	{ "not", FH_KEYWORD_NOT, FH_SHAPE_SCHEMA, applicator, all },
	{ "oneOf", FH_KEYWORD_ONE_OF, FH_SHAPE_SCHEMAS, applicator, all },
	{ "pattern", FH_KEYWORD_PATTERN, FH_SHAPE_TEXT, validation, all },
	{ "patternProperties", FH_KEYWORD_PATTERN_PROPERTIES, FH_SHAPE_SCHEMA_MAP, applicator,
	all },
	{ "prefixItems", FH_KEYWORD_PREFIX_ITEMS, FH_SHAPE_SCHEMAS, applicator, newest },
	{ "properties", FH_KEYWORD_PROPERTIES, FH_SHAPE_SCHEMA_MAP, applicator, all },
	{ "propertyNames", FH_KEYWORD_PROPERTY_NAMES, FH_SHAPE_SCHEMA, applicator, all },
	{ "readOnly", FH_KEYWORD_OTHER, FH_SHAPE_BOOL, data, all },
	{ "required", FH_KEYWORD_REQUIRED, FH_SHAPE_TEXTS, validation, all },
	{ "then", FH_KEYWORD_THEN, FH_SHAPE_SCHEMA, applicator, all },
	{ "title", FH_KEYWORD_OTHER, FH_SHAPE_TEXT, data, all },
	{ "type", FH_KEYWORD_TYPE, FH_SHAPE_TYPES, validation, all },
	{ "unevaluatedItems", FH_KEYWORD_UNEVALUATED_ITEMS, FH_SHAPE_SCHEMA, unevaluated, recent },
	{ "unevaluatedProperties", FH_KEYWORD_UNEVALUATED_PROPERTIES, FH_SHAPE_SCHEMA, unevaluated,
	  recent },
	{ "uniqueItems", FH_KEYWORD_UNIQUE_ITEMS, FH_SHAPE_BOOL, validation, all },
	{ "writeOnly", FH_KEYWORD_OTHER, FH_SHAPE_BOOL, data, all },
	/* MCP's own: in which header a client may repeat the argument.  */
	{ "x-mcp-header", FH_KEYWORD_OTHER, FH_SHAPE_TEXT, data, all },
};

const struct fh_schema_word *fh_schema_word(const struct fh_schema_dialect *d, struct fh_span name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (fh_span_equal(name, fh_span_str(words[i].name)))
			return (words[i].drafts & d->draft) != 0 &&
					       (words[i].vocabularies & d->vocabularies) != 0
				       ? &words[i]
				       : nullptr;
	}
	return nullptr;
}

uint32_t fh_schema_vocabulary(struct fh_span uri)
{
	static const char *const names[] = { "core", "applicator", "unevaluated", "validation",
					     "meta-data", "format-annotation", "format-assertion",
					     "content" };
	struct fh_span before = FH_SPAN_LIT("https://json-schema.org/draft/2020-12/vocab/");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fh_span_starts(uri, before) &&
		    fh_span_equal(fh_span_skip(uri, before.n), fh_span_str(names[i])))
			return UINT32_C(1) << i;
	}
	return 0;
}
