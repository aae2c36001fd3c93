/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/entity.h"

#include "base/limits.h"
#include "base/utf8.h"

struct fh_entity_uid fh_entity_uid_of(const char *type, struct fh_span id)
{
	return (struct fh_entity_uid){ fh_span_str(type), id };
}

static void put_escaped(struct fh_builder *b, struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t byte = s.p[i];

		if (byte == '"' || byte == '\\') {
			fh_builder_u8(b, '\\');
			fh_builder_u8(b, byte);
		} else if (byte < 0x20 || byte == 0x7f) {
			fh_builder_text(b, "\\x");
			fh_builder_hex(b, fh_span_of(&byte, 1));
		} else {
			fh_builder_u8(b, byte);
		}
	}
}

void fh_entity_put(struct fh_builder *b, struct fh_entity_uid e)
{
	fh_builder_bytes(b, e.type);
	fh_builder_text(b, "::\"");
	put_escaped(b, e.id);
	fh_builder_text(b, "\"");
}

bool fh_is_action_type(struct fh_span type)
{
	constexpr size_t n = sizeof(FH_TYPE_ACTION) - 1;
	struct fh_span last = fh_span_skip(type, type.n < n ? 0 : type.n - n);

	return fh_span_equal(last, FH_SPAN_LIT(FH_TYPE_ACTION)) &&
	       (type.n == n || type.p[type.n - n - 1] == ':');
}

/* --- names of actions -------------------------------------------------- */

/* What may stand in a name with namespaces.  */
static bool is_path_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
	       || c == '_' || c == ':';
}

/* NAME is a type of actions, `::` and something in quotes.  */
static bool names_type(struct fh_span name, struct fh_entity_uid *out)
{
	const struct fh_span mark = FH_SPAN_LIT("::\"");
	size_t n = 0;

	while (n < name.n && is_path_byte(name.p[n]))
		n++;
	if (n < 2 || n + 3 > name.n || name.p[name.n - 1] != '"'
	    || !fh_span_starts(fh_span_skip(name, n - 2), mark))
		return false;
	out->type = fh_span_first(name, n - 2);
	out->id = fh_span_first(fh_span_skip(name, n + 1), name.n - n - 2);
	return fh_is_action_type(out->type);
}

struct fh_entity_uid fh_action_named(struct fh_span name)
{
	struct fh_entity_uid uid;

	return names_type(name, &uid) ? uid : fh_entity_uid_of(FH_TYPE_ACTION, name);
}

void fh_action_name_put(struct fh_builder *b, struct fh_entity_uid action)
{
	struct fh_entity_uid other;

	if (fh_span_equal(action.type, FH_SPAN_LIT(FH_TYPE_ACTION))
	    && !fh_span_equal(action.id, FH_SPAN_LIT(FH_ACTION_FUNCTION_CALL))
	    && !names_type(action.id, &other)) {
		fh_builder_bytes(b, action.id);
		return;
	}
	fh_builder_bytes(b, action.type);
	fh_builder_text(b, "::\"");
	fh_builder_bytes(b, action.id);
	fh_builder_text(b, "\"");
}

/* --- paths ------------------------------------------------------------- */

/* What is wrong with one component of a path, or NULL.  */
static const char *component_fault(struct fh_span c)
{
	if (c.n == 0)
		return "it has an empty component";
	if (fh_span_equal(c, FH_SPAN_LIT(".")))
		return "it has the component \".\"";
	if (fh_span_equal(c, FH_SPAN_LIT("..")))
		return "it has the component \"..\"";
	for (size_t i = 0; i < c.n; i++) {
		if (c.p[i] < 0x20 || c.p[i] == 0x7f)
			return "it has a control character";
	}
	return nullptr;
}

static const char *path_fault(struct fh_span path)
{
	if (path.n == 0 || path.p[0] != '/')
		return "it is not absolute";
	if (path.n == 1)
		return nullptr;
	if (path.p[path.n - 1] == '/')
		return "it ends in a slash";
	if (!fh_utf8_valid(path))
		return "it is not UTF-8";
	for (struct fh_span rest = path; rest.n > 0;) {
		rest = fh_span_skip(rest, 1);
		size_t n = fh_span_find(rest, '/');
		const char *fault = component_fault(fh_span_first(rest, n));

		if (fault != nullptr)
			return fault;
		rest = fh_span_skip(rest, n);
	}
	return nullptr;
}

fh_err fh_posix_path_check(struct fh_span path, const char **why)
{
	bool fits = path.n <= FH_PATH_MAX;
	const char *fault = fits ? path_fault(path) : "it is too long";

	if (fault == nullptr)
		return FH_ERR_OK;
	*why = fault;
	return fits ? FH_ERR_FORMAT : FH_ERR_LIMIT;
}
