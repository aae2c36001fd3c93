/* SPDX-License-Identifier: Apache-2.0 */
/* Tools of a server whose definitions the operator has pinned.  The server is asked for
 * all of them before the session begins, and each answer to tools/list is compared
 * again; a definition that was another one once is not called in that session any
 * more, because nobody knows which of them the server goes by.  */
#include "role/core.h"

#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"
#include "os/clock.h"
#include "role/log.h"

#include <string.h>

constexpr uint32_t pages_max = 64; /* of one list; a server could go on for ever */

/* --- what is pinned --------------------------------------------------- */

const struct fh_core_pinned *fh_core_pinned(const struct fh_core *c, struct fh_span server)
{
	for (size_t i = 0; i < c->pinned_n; i++) {
		if (fh_span_equal(fh_span_of(c->pinned[i].server, c->pinned[i].server_n), server))
			return &c->pinned[i];
	}
	return nullptr;
}

/* A pin that cannot be read stays without a schema: its tool is not called.  */
static void read_pin(struct fh_core *c, struct fh_span name, struct fh_span definition,
		     struct fh_pin *out)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_pin_read(name, definition, &c->pins_arena, out, &t);

	if (e == FH_ERR_OK)
		return;
	*out = (struct fh_pin){ .name = name };
	fh_log_error("core", e, &t);
}

/* Texts are copied, because the chain may move what it holds.  */
static fh_err read_pins(struct fh_core *c, const struct fh_pins_held *p,
			struct fh_core_pinned *out)
{
	struct fh_span tools, name, definition;
	size_t at = 0;
	fh_err e = fh_arena_copy(&c->pins_arena, p->body.tools, &tools);

	*out = (struct fh_core_pinned){ .sequence = p->sequence, .server_n = p->body.server.n };
	memcpy(out->server, p->body.server.p, p->body.server.n);
	if (e != FH_ERR_OK)
		return e;
	out->pin = fh_arena_array(&c->pins_arena, p->body.tools_n + 1, sizeof(*out->pin));
	if (out->pin == nullptr)
		return FH_ERR_NOMEM;
	while (fh_pins_next(tools, &at, &name, &definition))
		read_pin(c, name, definition, &out->pin[out->pins++]);
	return FH_ERR_OK;
}

static size_t count(const struct fh_chain *chain)
{
	size_t n = 0, at = 0;

	while (fh_chain_pins_next(chain, &at) != nullptr)
		n++;
	return n;
}

static bool current(const struct fh_core *c)
{
	const struct fh_pins_held *p;
	size_t n = 0, at = 0;

	while ((p = fh_chain_pins_next(&c->chain, &at)) != nullptr) {
		const struct fh_core_pinned *have = fh_core_pinned(c, p->body.server);

		if (have == nullptr || have->sequence != p->sequence)
			return false;
		n++;
	}
	return n == c->pinned_n;
}

/* Without memory nothing is pinned here, and what the chain pins is refused.  */
void fh_core_pins_refresh(struct fh_core *c)
{
	const struct fh_pins_held *p;
	size_t at = 0;

	if (current(c))
		return;
	fh_arena_reset(&c->pins_arena);
	c->pinned_n = 0;
	c->pinned = fh_arena_array(&c->pins_arena, count(&c->chain) + 1, sizeof(*c->pinned));
	while (c->pinned != nullptr && (p = fh_chain_pins_next(&c->chain, &at)) != nullptr) {
		if (read_pins(c, p, &c->pinned[c->pinned_n]) == FH_ERR_OK)
			c->pinned_n++;
		else
			fh_log(FH_LOG_PRIORITY_WARNING, "core",
			       "no room for the pins of server %.*s: its tools are refused",
			       (int)p->body.server.n, (const char *)p->body.server.p);
	}
}

/* The pins of S, or NULL: it has none, or they could not be read.  */
static const struct fh_core_pinned *pins_of(const struct fh_core *c,
					    const struct fh_core_session *s)
{
	const struct fh_core_pinned *p = fh_core_pinned(c, fh_span_of(s->server, s->server_n));

	return p != nullptr && p->sequence == s->pins_sequence ? p : nullptr;
}

static size_t find(const struct fh_core_pinned *p, struct fh_span tool)
{
	size_t i = 0;

	while (i < p->pins && !fh_span_equal(p->pin[i].name, tool))
		i++;
	return i;
}

static bool bit(const uint8_t *bits, size_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

static void set(uint8_t *bits, size_t i)
{
	bits[i / 8] |= (uint8_t)(1 << (i % 8));
}

/* --- lists ------------------------------------------------------------ */

static struct fh_span name_of(struct fh_span item)
{
	struct fh_cursor name = fh_cursor_of(fh_cbor_map_get(item, "name"));
	struct fh_span tool = fh_cbor_text(&name, FH_NAME_MAX);

	return fh_cursor_end(&name) == FH_ERR_OK ? tool : (struct fh_span){ 0 };
}

static bool matches(const struct fh_pin *pin, struct fh_span digests, size_t i)
{
	struct fh_span digest = fh_span_first(fh_span_skip(digests, i * FH_HASH_SIZE),
		FH_HASH_SIZE);

	return pin->arguments != nullptr && fh_span_equal(digest, fh_hash_span(&pin->digest));
}

static fh_err add_device(struct fh_core *c, struct fh_fields *f)
{
	char device[2 * FH_HASH_SIZE];
	struct fh_builder hex = FH_BUILDER_ARRAY(device);

	fh_builder_hex(&hex, fh_hash_span(&c->device_id));
	return fh_core_field_entity(c, f, FH_FIELD_ACTOR,
				    fh_entity_uid_of(FH_TYPE_DEVICE, fh_builder_span(&hex)));
}

/* An entry that says that the server defines TOOL otherwise than it is pinned.  */
static fh_err record_changed(struct fh_core *c, const struct fh_core_session *s,
			     struct fh_span tool)
{
	char class[FH_CLASS_MAX + 1];
	uint8_t bytes[FH_NAME_MAX + 64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_fields f = { 0 };

	if (fh_core_full(c) != nullptr)
		return FH_ERR_OK;
	fh_cbor_put_map(&b, 2);
	fh_cbor_put_text(&b, FH_SPAN_LIT("tool"));
	fh_cbor_put_text(&b, tool);
	fh_cbor_put_text(&b, FH_SPAN_LIT("reason"));
	fh_cbor_put_text(&b, FH_SPAN_LIT("pin-changed"));
	fh_err e = add_device(c, &f);

	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_SERVER, fh_span_of(s->server, s->server_n));
	if (e == FH_ERR_OK)
		e = fh_core_field(c, &f, FH_FIELD_DETAIL, fh_builder_span(&b));
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_REFUSAL, fh_core_class(c, 0, class), &f,
				   /* index= */ nullptr);
	return e;
}

static fh_err note_tool(struct fh_core *c, struct fh_core_session *s,
			const struct fh_core_pinned *p, struct fh_span item,
			struct fh_span digests, size_t i)
{
	struct fh_span tool = name_of(item);
	size_t k = find(p, tool);

	if (k == p->pins)
		return FH_ERR_OK;
	if (matches(&p->pin[k], digests, i)) {
		set(s->pin_seen, k);
		return FH_ERR_OK;
	}
	if (bit(s->pin_changed, k))
		return FH_ERR_OK;
	set(s->pin_changed, k);
	return record_changed(c, s, tool);
}

fh_err fh_core_pins_note(struct fh_core *c, struct fh_core_session *s, struct fh_span body,
			 struct fh_span digests)
{
	const struct fh_core_pinned *p = pins_of(c, s);
	struct fh_cursor t = fh_cursor_of(fh_cbor_map_get(body, "tools"));
	size_t n = p == nullptr ? 0 : fh_cbor_array(&t, FH_CBOR_ITEMS_MAX);
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < n && !fh_cursor_bad(&t) && e == FH_ERR_OK; i++)
		e = note_tool(c, s, p, fh_cbor_item(&t), digests, i);
	return e;
}

bool fh_core_pins_show(const struct fh_core *c, const struct fh_core_session *s,
		       struct fh_span item, struct fh_span digests, size_t i)
{
	const struct fh_core_pinned *p = pins_of(c, s);

	if (s->pins_sequence == 0)
		return true;
	size_t k = p == nullptr ? 0 : find(p, name_of(item));

	return p != nullptr && k < p->pins && !bit(s->pin_changed, k) &&
	       matches(&p->pin[k], digests, i);
}

/* --- the list before a session ---------------------------------------- */

/* The intent to ask for the tools: the device acts, and the pins are why.  */
static fh_err append_intent(struct fh_core *c, struct fh_core_session *s)
{
	char class[FH_CLASS_MAX + 1];
	const struct fh_decision decision = { .verdict = fh_verdict_settle(FH_ANSWER_YES),
					      .reason = FH_REASON_PERMITTED };
	uint8_t bytes[96], name[48];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), id = FH_BUILDER_ARRAY(name);
	struct fh_span server = fh_span_of(s->server, s->server_n);
	struct fh_fields f = { 0 };
	fh_err e = add_device(c, &f);

	fh_builder_text(&id, "statement ");
	fh_builder_decimal(&id, s->pins_sequence);
	fh_cbor_put_array(&b, 3);
	fh_cbor_put_bool(&b, true);
	fh_cbor_put_text(&b, fh_span_str(fh_reason_code(FH_REASON_PERMITTED)));
	fh_cbor_put_array(&b, 1);
	fh_cbor_put_text(&b, fh_builder_span(&id));
	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_ACTION,
					 fh_entity_uid_of(FH_TYPE_ACTION,
							  FH_SPAN_LIT(FH_ACTION_MCP_LIST)));
	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_RESOURCE,
					 fh_entity_uid_of(FH_TYPE_SERVER, server));
	if (e == FH_ERR_OK)
		e = fh_core_field(c, &f, FH_FIELD_DECISION, fh_builder_span(&b));
	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_SERVER, server);
	if (e == FH_ERR_OK)
		e = fh_core_field_bytes(c, &f, FH_FIELD_CLIENT, FH_SPAN_ARRAY(s->id));
	if (e == FH_ERR_OK)
		e = fh_core_field_opened(c, &f, &decision);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_INTENT, fh_core_class(c, 0, class), &f,
				   &s->list_index);
	return e;
}

/* {} or {"cursor": CURSOR}  */
static struct fh_span list_params(struct fh_core *c, struct fh_span cursor)
{
	size_t cap = cursor.n + 32;
	uint8_t *p = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_cbor_put_map(&b, cursor.n > 0 ? 1 : 0);
	if (cursor.n > 0) {
		fh_cbor_put_text(&b, FH_SPAN_LIT("cursor"));
		fh_cbor_put_text(&b, cursor);
	}
	return fh_builder_span(&b);
}

fh_err fh_core_pins_ask(struct fh_core *c, struct fh_core_session *s, struct fh_span cursor)
{
	struct fh_permit p = { .kind = FH_PERMIT_LIST, .body = list_params(c, cursor) };
	size_t cap = p.body.n + 64;
	uint8_t *bytes = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(bytes, bytes == nullptr ? 0 : cap);

	if (fh_core_full(c) != nullptr || c->lost != nullptr || s->pages++ == pages_max)
		return FH_ERR_LIMIT;
	fh_err e = append_intent(c, s);

	if (e != FH_ERR_OK)
		return e;
	p.index = s->list_index;
	fh_permit_put(&b, &p);
	s->state = FH_SESSION_PINNING;
	return b.bad ? FH_ERR_NOMEM : fh_outbox_put(&s->out, fh_builder_span(&b));
}

/* --- calls ------------------------------------------------------------ */

static const char *check_arguments(struct fh_core *c, const struct fh_pin *pin,
				   struct fh_span arguments, uint64_t *steps,
				   struct fh_trace *why)
{
	size_t cap = 6 * arguments.n + 16;
	uint8_t *p = fh_arena_space(&c->pins_scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);
	struct fh_trace t = { 0 };
	bool valid = false;
	fh_err e = FH_ERR_OK;

	if (arguments.n == 0)
		fh_builder_text(&b, "{}");
	else
		e = fh_json_from_cbor(arguments, &b);
	if (e == FH_ERR_OK && b.bad)
		e = FH_ERR_NOMEM;
	if (e == FH_ERR_OK)
		e = fh_pin_check_arguments(pin, fh_builder_span(&b), &c->pins_scratch, &valid,
					   steps, &t);
	fh_arena_reset(&c->pins_scratch);
	fh_trace_what(why, "the arguments, at %s: %s", t.where[0] == '\0' ? "#" : t.where,
		      t.what[0] == '\0' ? fh_err_text(e) : t.what);
	if (e != FH_ERR_OK)
		return "arguments-unchecked";
	return valid ? nullptr : "arguments-invalid";
}

static const char *check_bounded(struct fh_core *c, const struct fh_core_session *s,
				 const struct fh_pin *pin, struct fh_span arguments,
				 struct fh_trace *why)
{
	struct fh_span who = fh_span_of(s->principal, s->principal_n);
	uint64_t steps = 0;

	if (!fh_check_allowed(&c->checks, who, fh_clock_boot_ms())) {
		fh_trace_what(why, "the checks of this actor's arguments took too much work; "
			      "call again in some seconds");
		return "too-many-checks";
	}
	const char *against = check_arguments(c, pin, arguments, &steps, why);

	fh_check_taken(&c->checks, who, steps, fh_clock_boot_ms());
	return against;
}

const char *fh_core_pins_obstacle(struct fh_core *c, const struct fh_core_session *s,
				  struct fh_span tool, struct fh_span arguments,
				  struct fh_trace *why)
{
	const struct fh_core_pinned *p = pins_of(c, s);
	size_t k = p == nullptr ? 0 : find(p, tool);

	if (s->pins_sequence == 0)
		return nullptr;
	if (p == nullptr || (k < p->pins && p->pin[k].arguments == nullptr)) {
		fh_trace_what(why, "what is pinned of this tool cannot be read here");
		return "pin-unusable";
	}
	if (k == p->pins) {
		fh_trace_what(why,
			"the operator has pinned other tools of this server, not this one");
		return "tool-not-pinned";
	}
	if (bit(s->pin_changed, k)) {
		fh_trace_what(why,
			"the server defines this tool otherwise than the operator pinned it");
		return "pin-changed";
	}
	if (!bit(s->pin_seen, k)) {
		fh_trace_what(why,
			"the server does not define this tool, which the operator pinned");
		return "pin-missing";
	}
	return check_bounded(c, s, &p->pin[k], arguments, why);
}
