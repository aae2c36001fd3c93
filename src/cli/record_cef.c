/* SPDX-License-Identifier: Apache-2.0 */
/* ArcSight's Common Event Format, version 0: one line, a header of eight parts and pairs
 * behind it.  In the header `|` and `\` are escaped, in values `=`, `\` and line ends.  */
#include "cli/record_event.h"

constexpr unsigned severity_information = 3;
constexpr unsigned severity_failure = 6;

static void put_escaped(struct fh_builder *b, struct fh_span s, uint8_t special)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c == '\n' || c == '\r') {
			fh_builder_text(b, c == '\n' ? "\\n" : "\\r");
			continue;
		}
		if (c == special || c == '\\')
			fh_builder_u8(b, '\\');
		fh_builder_u8(b, c < 0x20 || c == 0x7f ? ' ' : c);
	}
}

static void put_pair(struct fh_builder *b, const char *key, struct fh_span value)
{
	if (value.n == 0)
		return;
	fh_builder_u8(b, ' ');
	fh_builder_text(b, key);
	fh_builder_u8(b, '=');
	put_escaped(b, value, '=');
}

static void put_number(struct fh_builder *b, const char *key, uint64_t v)
{
	fh_builder_u8(b, ' ');
	fh_builder_text(b, key);
	fh_builder_u8(b, '=');
	fh_builder_decimal(b, v);
}

/* A string with a label of our own: csN and csNLabel.  */
static void put_custom(struct fh_builder *b, const char *key, const char *label,
		       struct fh_span value)
{
	if (value.n == 0)
		return;
	put_pair(b, key, value);
	fh_builder_u8(b, ' ');
	fh_builder_text(b, key);
	fh_builder_text(b, "Label=");
	fh_builder_text(b, label);
}

static const char *outcome_of(const struct fh_event *v)
{
	if (v->leaf->kind == FH_ENTRY_REFUSAL)
		return "refused";
	return !v->decided ? nullptr : v->allowed ? "permitted" : "denied";
}

static bool is_failure(const struct fh_event *v)
{
	return v->leaf->kind == FH_ENTRY_REFUSAL || (v->decided && !v->allowed)
	       || (v->status.n > 0 && !fh_span_equal(v->status, FH_SPAN_LIT("result")));
}

void fh_event_put_cef(struct fh_builder *b, const struct fh_event *v, const struct fh_hash *device)
{
	const struct fh_leaf *l = v->leaf;
	const char *outcome = outcome_of(v), *kind = fh_entry_kind_text(l->kind);
	uint8_t hex[2 * FH_HASH_SIZE], client[64];
	struct fh_builder id = FH_BUILDER_ARRAY(hex), session = FH_BUILDER_ARRAY(client);

	fh_builder_hex(&id, fh_hash_span(device));
	fh_builder_hex(&session, v->act.client);
	fh_builder_text(b, "CEF:0|Freehold|Freehold|" FREEHOLD_VERSION "|");
	fh_builder_text(b, kind);
	fh_builder_u8(b, '|');
	put_escaped(b, v->act.action.n > 0 ? fh_event_id(v->act.action) : fh_span_str(kind), '|');
	fh_builder_u8(b, '|');
	fh_builder_decimal(b, is_failure(v) ? severity_failure : severity_information);
	fh_builder_text(b, "|rt=");
	fh_builder_decimal(b, l->time.lo_ms);
	put_number(b, "externalId", l->index);
	put_pair(b, "deviceExternalId", fh_builder_span(&id));
	put_pair(b, "suser", fh_event_id(v->act.actor));
	put_pair(b, "act", fh_event_id(v->act.action));
	put_pair(b, "destinationServiceName", v->act.server);
	if (outcome != nullptr)
		put_pair(b, "outcome", fh_span_str(outcome));
	else
		put_pair(b, "outcome", v->status);
	put_pair(b, "reason", v->reason);
	if (v->counted.count > 0) {
		put_number(b, "cnt", v->counted.count);
		put_number(b, "start", v->counted.first_ms);
		put_number(b, "end", v->counted.last_ms);
	}
	put_custom(b, "cs1", "resource", v->act.resource);
	put_custom(b, "cs2", "session", fh_builder_span(&session));
	if (v->sealed)
		put_custom(b, "cs3", "contents", v->fate.by == FH_NOT_SHREDDED
			   ? FH_SPAN_LIT("sealed") : FH_SPAN_LIT("shredded"));
	put_custom(b, "cs4", "subject", v->subject);
	put_custom(b, "cs5", "function", v->called.function);
	put_custom(b, "cs6", "call", v->called.call);
	if (l->kind == FH_ENTRY_INTENT || l->kind == FH_ENTRY_OUTCOME) {
		put_number(b, "cn1", v->intent);
		fh_builder_text(b, " cn1Label=intent");
	}
	fh_builder_u8(b, '\n');
}
