/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON: yyjson parses, with its memory from the given arena, and what it
 * would let pass is refused here (depth, duplicate names, huge numbers).  The
 * only file that includes yyjson.  */
#include "codec/json.h"

#include "base/limits.h"
#include "codec/cbor.h"

#include <string.h>
#include <yyjson.h>

/* One conversion.  */
struct reading {
	struct fh_arena *scratch;
	struct fh_builder out;
	const uint8_t *text; /* our copy, which yyjson unescapes in place */
	struct fh_trace *trace;
};

/* --- limits before parsing -------------------------------------------- */

/* Offset of the first bracket nested too deeply, or JSON.n.  A quote or a
 * bracket in the wrong place misleads this count only in texts that yyjson
 * refuses anyway.  */
static size_t too_deep_at(struct fh_span json)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < json.n; i++) {
		uint8_t b = json.p[i];

		if (in_string && b == '\\')
			i++;
		else if (b == '"')
			in_string = !in_string;
		else if (!in_string && (b == '[' || b == '{') && ++depth > FH_JSON_DEPTH_MAX)
			return i;
		else if (!in_string && (b == ']' || b == '}'))
			depth--;
	}
	return json.n;
}

static fh_err limits_check(struct fh_span json, struct fh_trace *t)
{
	if (json.n > FH_JSON_MAX) {
		fh_trace_what(t, "JSON text of %zu bytes; at most %zu are read (byte %zu)", json.n,
			      FH_JSON_MAX, FH_JSON_MAX);
		return FH_ERR_LIMIT;
	}
	size_t at = too_deep_at(json);

	if (at < json.n) {
		fh_trace_what(t, "nested deeper than %d at byte %zu", FH_JSON_DEPTH_MAX, at);
		return FH_ERR_LIMIT;
	}
	return FH_ERR_OK;
}

/* --- parsing ---------------------------------------------------------- */

/* Parses JSON into memory of R's arena.  The document is never freed: it dies
 * with what the arena takes back.  */
static fh_err parse(struct reading *r, struct fh_span json, yyjson_doc **out)
{
	constexpr yyjson_read_flag flags = 1 << 0 /* in situ */ | 1 << 7 /* big numbers raw */;
	static_assert(YYJSON_VERSION_HEX >= 0x000A00);
	uint8_t *text = fh_arena_take(r->scratch, json.n + YYJSON_PADDING_SIZE);
	size_t left = r->scratch->cap - r->scratch->n;
	size_t wanted = yyjson_read_max_memory_usage(json.n, flags);
	/* An eighth stays for the sorting of names.  */
	size_t pool_size = wanted < left - left / 8 ? wanted : left - left / 8;
	void *pool = text == nullptr ? nullptr : fh_arena_take(r->scratch, pool_size);
	yyjson_alc memory;
	yyjson_read_err why;

	if (pool == nullptr || !yyjson_alc_pool_init(&memory, pool, pool_size)) {
		fh_trace_what(r->trace, "JSON text of %zu bytes: too little memory", json.n);
		return FH_ERR_NOMEM;
	}
	if (json.n > 0)
		memcpy(text, json.p, json.n);
	r->text = text;
	yyjson_doc *doc = yyjson_read_opts((char *)text, json.n, flags, &memory, &why);

	if (doc == nullptr) {
		fh_trace_what(r->trace, "%s at byte %zu", why.msg, why.pos);
		return why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? FH_ERR_NOMEM
								      : FH_ERR_FORMAT;
	}
	*out = doc;
	return FH_ERR_OK;
}

/* --- names ------------------------------------------------------------ */

static struct fh_span string_of(yyjson_val *v)
{
	return fh_span_of(yyjson_get_str(v), yyjson_get_len(v));
}

/* The order of their CBOR encodings: shorter first, then bytewise.  */
static int name_order(yyjson_val *a, yyjson_val *b)
{
	struct fh_span x = string_of(a), y = string_of(b);

	if (x.n != y.n)
		return x.n < y.n ? -1 : 1;
	return fh_span_compare(x, y);
}

/* Lets NAME[ROOT] sink to its place in the heap of N.  */
static void sink(yyjson_val **name, size_t root, size_t n)
{
	for (size_t child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && name_order(name[child], name[child + 1]) < 0)
			child++;
		if (name_order(name[root], name[child]) >= 0)
			return;
		yyjson_val *swap = name[root];

		name[root] = name[child];
		name[child] = swap;
	}
}

/* Heapsort, since qsort() may allocate and may take quadratic time.  */
static void sort(yyjson_val **name, size_t n)
{
	for (size_t i = n / 2; i > 0; i--)
		sink(name, i - 1, n);
	for (size_t end = n; end > 1; end--) {
		yyjson_val *largest = name[0];

		name[0] = name[end - 1];
		name[end - 1] = largest;
		sink(name, 0, end - 1);
	}
}

static size_t offset_of(const struct reading *r, const char *p)
{
	return (size_t)((const uint8_t *)p - r->text);
}

static fh_err duplicates_check(const struct reading *r, yyjson_val **name, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (name_order(name[i - 1], name[i]) != 0)
			continue;
		size_t a = offset_of(r, yyjson_get_str(name[i - 1]));
		size_t b = offset_of(r, yyjson_get_str(name[i]));

		fh_trace_what(r->trace, "duplicate name \"%.64s\" at byte %zu",
			      yyjson_get_str(name[i]), a > b ? a : b);
		return FH_ERR_FORMAT;
	}
	return FH_ERR_OK;
}

/* The names of OBJECT, sorted, in *OUT.  */
static fh_err names(struct reading *r, yyjson_val *object, yyjson_val ***out)
{
	size_t n = yyjson_obj_size(object), i, max;
	yyjson_val **name = fh_arena_array(r->scratch, n, sizeof(*name));
	yyjson_val *key, *value;

	if (name == nullptr) {
		fh_trace_what(r->trace, "object of %zu names: too little memory", n);
		return FH_ERR_NOMEM;
	}
	yyjson_obj_foreach(object, i, max, key, value)
		name[i] = key;
	sort(name, n);
	fh_err e = duplicates_check(r, name, n);

	if (e == FH_ERR_OK)
		*out = name;
	return e;
}

/* --- values ----------------------------------------------------------- */

static fh_err put_value(struct reading *r, yyjson_val *v, int depth);

static fh_err put_object(struct reading *r, yyjson_val *v, int depth)
{
	size_t n = yyjson_obj_size(v), taken = r->scratch->n;
	yyjson_val **name = nullptr;
	fh_err e = names(r, v, &name);

	if (e != FH_ERR_OK)
		return e;
	fh_cbor_put_map(&r->out, n);
	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		fh_cbor_put_text(&r->out, string_of(name[i]));
		e = put_value(r, yyjson_obj_iter_get_val(name[i]), depth);
	}
	r->scratch->n = taken;
	return e;
}

static fh_err put_array(struct reading *r, yyjson_val *v, int depth)
{
	size_t n = yyjson_arr_size(v), i, max;
	yyjson_val *item;

	if (n > FH_CBOR_ITEMS_MAX) {
		fh_trace_what(r->trace, "array of %zu items; at most %zu are read", n,
			      FH_CBOR_ITEMS_MAX);
		return FH_ERR_LIMIT;
	}
	fh_cbor_put_array(&r->out, n);
	yyjson_arr_foreach(v, i, max, item) {
		fh_err e = put_value(r, item, depth);

		if (e != FH_ERR_OK)
			return e;
	}
	return FH_ERR_OK;
}

static void put_number(struct fh_builder *b, yyjson_val *v)
{
	if (yyjson_is_uint(v))
		fh_cbor_put_uint(b, yyjson_get_uint(v));
	else if (yyjson_is_sint(v))
		fh_cbor_put_int(b, yyjson_get_sint(v));
	else
		fh_cbor_put_float(b, yyjson_get_real(v));
}

/* A number that fits neither 64 bits nor a double came as its text.  */
static fh_err refuse_number(const struct reading *r, yyjson_val *v)
{
	const char *digits = yyjson_get_raw(v);
	size_t n = yyjson_get_len(v);
	bool integer = strcspn(digits, ".eE") >= n;

	fh_trace_what(r->trace, "%s %.*s at byte %zu",
		      integer ? "integer outside [-2^63, 2^64-1]:"
			      : "number too large for a double:",
		      n > 40 ? 40 : (int)n, digits, offset_of(r, digits));
	return FH_ERR_LIMIT;
}

/* The recursion is bounded by FH_JSON_DEPTH_MAX, which limits_check() has
 * already demanded.  */
static fh_err put_value(struct reading *r, yyjson_val *v, int depth)
{
	if (depth > FH_JSON_DEPTH_MAX)
		return FH_ERR_LIMIT;
	switch (yyjson_get_type(v)) {
	case YYJSON_TYPE_NULL:
		fh_cbor_put_null(&r->out);
		return FH_ERR_OK;
	case YYJSON_TYPE_BOOL:
		fh_cbor_put_bool(&r->out, yyjson_get_bool(v));
		return FH_ERR_OK;
	case YYJSON_TYPE_NUM:
		put_number(&r->out, v);
		return FH_ERR_OK;
	case YYJSON_TYPE_STR:
		fh_cbor_put_text(&r->out, string_of(v));
		return FH_ERR_OK;
	case YYJSON_TYPE_ARR:
		return put_array(r, v, depth + 1);
	case YYJSON_TYPE_OBJ:
		return put_object(r, v, depth + 1);
	case YYJSON_TYPE_RAW:
		return refuse_number(r, v);
	default:
		return FH_ERR_FORMAT;
	}
}

static fh_err convert(struct reading *r, struct fh_span json)
{
	yyjson_doc *doc = nullptr;
	fh_err e = parse(r, json, &doc);

	if (e == FH_ERR_OK)
		e = put_value(r, yyjson_doc_get_root(doc), 0);
	if (e != FH_ERR_OK)
		return e;
	return r->out.bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_json_to_cbor(struct fh_span json, struct fh_arena *scratch, struct fh_builder *out,
		       struct fh_trace *t)
{
	struct reading r = { .scratch = scratch, .out = *out, .trace = t };
	size_t taken = scratch->n;
	fh_err e = limits_check(json, t);

	if (e == FH_ERR_OK)
		e = convert(&r, json);
	scratch->n = taken;
	if (e == FH_ERR_OK)
		*out = r.out;
	return e;
}
