/* SPDX-License-Identifier: Apache-2.0 */
/* OCSF 1.8.0, class API Activity (6003) with the profile ai_operation.  Every entry is one
 * event, so that none is missing where somebody counts; what OCSF has no word for stands
 * in `unmapped`.  man/freehold-record.1 says which member comes from where.  */
#include "cli/record_event.h"
#include "cli/report_value.h"
#include "codec/json.h"

#define OCSF_VERSION "1.8.0"

constexpr uint64_t category = 6;           /* Application Activity */
constexpr uint64_t class = 6003;           /* API Activity */
constexpr uint64_t activity_other = 99;    /* our actions are the operator's words */
constexpr uint64_t severity_information = 1;
constexpr uint64_t severity_medium = 3;
constexpr uint64_t status_unknown = 0;
constexpr uint64_t status_success = 1;
constexpr uint64_t status_failure = 2;
constexpr uint64_t role_tool = 3;
constexpr uint64_t role_agent = 4;

static void put_name(struct fh_builder *b, const char *name)
{
	fh_json_put_name(b, name);
}

static void put_text(struct fh_builder *b, const char *name, struct fh_span s)
{
	put_name(b, name);
	fh_json_put_string(b, s);
}

static void put_number(struct fh_builder *b, const char *name, uint64_t v)
{
	put_name(b, name);
	fh_builder_decimal(b, v);
}

static void put_hex(struct fh_builder *b, const char *name, struct fh_span s)
{
	put_name(b, name);
	fh_builder_u8(b, '"');
	fh_builder_hex(b, s);
	fh_builder_u8(b, '"');
}

/* What was done, in one word: the action's id, or what Freehold itself did.  */
static void put_operation(struct fh_builder *b, const char *name, const struct fh_event *v)
{
	put_name(b, name);
	if (v->act.action.n > 0) {
		fh_json_put_string(b, fh_event_id(v->act.action));
		return;
	}
	fh_builder_text(b, "\"freehold.");
	fh_builder_text(b, fh_entry_kind_text(v->leaf->kind));
	fh_builder_u8(b, '"');
}

static void put_metadata(struct fh_builder *b, const struct fh_event *v,
			 const struct fh_hash *device)
{
	put_name(b, "metadata");
	fh_builder_text(b, "{\"version\":\"" OCSF_VERSION "\",\"profiles\":[\"ai_operation\"],"
			   "\"product\":{\"name\":\"Freehold\",\"vendor_name\":\"Freehold\","
			   "\"version\":\"" FREEHOLD_VERSION "\"},\"uid\":\"");
	fh_builder_hex(b, fh_hash_span(device));
	fh_builder_u8(b, ':');
	fh_builder_decimal(b, v->leaf->index);
	fh_builder_text(b, "\",\"correlation_uid\":\"");
	fh_builder_hex(b, fh_hash_span(device));
	fh_builder_u8(b, ':');
	fh_builder_decimal(b, v->intent);
	fh_builder_u8(b, '"');
	put_number(b, "sequence", v->leaf->index);
	fh_builder_u8(b, '}');
}

/* Of what is sealed nothing is known, so it is none.  */
static bool is_failure(const struct fh_event *v)
{
	if (v->sealed)
		return false;
	if (v->leaf->kind == FH_ENTRY_OUTCOME)
		return !fh_span_equal(v->status, FH_SPAN_LIT("result"));
	return v->leaf->kind == FH_ENTRY_REFUSAL || v->leaf->kind == FH_ENTRY_BOOT
	       || (v->decided && !v->allowed);
}

/* An outcome `unknown` is neither success nor failure, nor is what is sealed.  */
static uint64_t status_of(const struct fh_event *v)
{
	if (v->sealed || fh_span_equal(v->status, FH_SPAN_LIT("unknown")))
		return status_unknown;
	return is_failure(v) ? status_failure : status_success;
}

static void put_status(struct fh_builder *b, const struct fh_event *v)
{
	put_number(b, "severity_id", is_failure(v) ? severity_medium : severity_information);
	put_number(b, "status_id", status_of(v));
	if (v->reason.n > 0)
		put_text(b, "status_code", v->reason);
	else if (v->status.n > 0)
		put_text(b, "status_code", v->status);
}

static void put_actor(struct fh_builder *b, const struct fh_event *v)
{
	put_name(b, "actor");
	fh_builder_u8(b, '{');
	if (v->act.actor.n > 0) {
		put_name(b, "user");
		fh_builder_u8(b, '{');
		put_text(b, "name", fh_event_id(v->act.actor));
		put_text(b, "uid", v->act.actor);
		fh_builder_u8(b, '}');
	} else {
		put_text(b, "app_name", fh_span_str(v->sealed ? "unknown" : "freehold"));
	}
	fh_builder_u8(b, '}');
}

static void put_field(struct fh_builder *b, const char *name, const struct fh_event *v,
		      enum fh_field_id id)
{
	const struct fh_field *f = fh_fields_get(&v->fields, id);

	if (f == nullptr)
		return;
	put_name(b, name);
	fh_report_value(b, f->value);
}

static void put_api(struct fh_builder *b, const struct fh_event *v, bool payload)
{
	put_name(b, "api");
	fh_builder_u8(b, '{');
	put_operation(b, "operation", v);
	if (v->act.server.n > 0) {
		put_name(b, "service");
		fh_builder_u8(b, '{');
		put_text(b, "name", v->act.server);
		fh_builder_u8(b, '}');
	}
	put_name(b, "request");
	fh_builder_text(b, "{\"uid\":\"");
	fh_builder_decimal(b, v->intent);
	fh_builder_u8(b, '"');
	if (payload)
		put_field(b, "data", v, FH_FIELD_ARGUMENTS);
	fh_builder_u8(b, '}');
	if (v->status.n > 0) {
		put_name(b, "response");
		fh_builder_u8(b, '{');
		put_text(b, is_failure(v) ? "error" : "message", v->status);
		if (payload)
			put_field(b, "data", v, FH_FIELD_RESULT);
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, '}');
}

static void put_resources(struct fh_builder *b, const struct fh_event *v)
{
	struct fh_span type = fh_span_first(v->act.resource, fh_span_find(v->act.resource, ':'));

	if (v->act.resource.n == 0)
		return;
	put_name(b, "resources");
	fh_builder_text(b, "[{");
	put_text(b, "name", fh_event_id(v->act.resource));
	put_text(b, "type", type);
	put_text(b, "uid", v->act.resource);
	fh_builder_text(b, "}]");
}

/* Where it came from: the client's session, or the machine itself.  */
static void put_source(struct fh_builder *b, const struct fh_event *v, const struct fh_hash *device)
{
	put_name(b, "src_endpoint");
	fh_builder_text(b, "{\"svc_name\":\"freehold\"");
	put_hex(b, "uid", fh_hash_span(device));
	if (v->act.client.n > 0)
		put_hex(b, "instance_uid", v->act.client);
	fh_builder_u8(b, '}');
	if (v->act.server.n == 0)
		return;
	put_name(b, "dst_endpoint");
	fh_builder_u8(b, '{');
	put_text(b, "svc_name", v->act.server);
	fh_builder_u8(b, '}');
}

/* The profile: an agent asks, a tool answers.  */
static void put_message_context(struct fh_builder *b, const struct fh_event *v)
{
	if (v->act.server.n == 0)
		return;
	put_name(b, "message_context");
	fh_builder_u8(b, '{');
	put_number(b, "ai_role_id", v->leaf->kind == FH_ENTRY_OUTCOME ? role_tool : role_agent);
	if (v->act.client.n > 0)
		put_hex(b, "uid", v->act.client);
	put_name(b, "service");
	fh_builder_u8(b, '{');
	put_text(b, "name", v->act.server);
	fh_builder_text(b, "}}");
}

static void put_unmapped(struct fh_builder *b, const struct fh_event *v)
{
	const struct fh_leaf *l = v->leaf;

	put_name(b, "unmapped");
	fh_builder_text(b, "{\"freehold\":{");
	put_text(b, "kind", fh_span_str(fh_entry_kind_text(l->kind)));
	put_text(b, "class", l->class);
	put_number(b, "boot", l->boot);
	put_number(b, "start", l->start);
	put_number(b, "not_after", l->time.hi_ms);
	put_hex(b, "session", fh_hash_span(&l->session));
	put_hex(b, "chain_head", fh_hash_span(&l->chain_head));
	put_field(b, "decision", v, FH_FIELD_DECISION);
	if (v->subject.n > 0)
		put_text(b, "subject", v->subject);
	if (v->called.function.n > 0)
		put_text(b, "function", v->called.function);
	if (v->called.call.n > 0)
		put_text(b, "call", v->called.call);
	if (v->counted.count > 0)
		put_hex(b, "digest", fh_hash_span(&v->counted.digest));
	if (v->sealed) {
		put_name(b, "sealed");
		fh_builder_text(b, "true");
	}
	if (v->fate.by != FH_NOT_SHREDDED)
		put_number(b, "shredded", v->fate.by);
	if (v->fate.pruned) {
		put_name(b, "pruned");
		fh_builder_text(b, "true");
	}
	fh_builder_text(b, "}}");
}

/* From the intent to its outcome, or from the first to the last of many.  */
static void put_span_of_time(struct fh_builder *b, const struct fh_event *v)
{
	const struct fh_counted *n = &v->counted;
	bool outcome = v->leaf->kind == FH_ENTRY_OUTCOME && v->act.time_ms > 0;
	uint64_t from = outcome ? v->act.time_ms : n->first_ms;
	uint64_t to = outcome ? v->leaf->time.lo_ms : n->last_ms;

	if (n->count > 0)
		put_number(b, "count", n->count);
	if (!outcome && n->count == 0)
		return;
	put_number(b, "start_time", from);
	put_number(b, "end_time", to);
	put_number(b, "duration", to - from);
}

void fh_event_put_ocsf(struct fh_builder *b, const struct fh_event *v, const struct fh_hash *device,
		       bool payload)
{
	const struct fh_leaf *l = v->leaf;

	fh_builder_u8(b, '{');
	put_number(b, "category_uid", category);
	put_number(b, "class_uid", class);
	put_number(b, "activity_id", activity_other);
	put_operation(b, "activity_name", v);
	put_number(b, "type_uid", class * 100 + activity_other);
	put_number(b, "time", l->time.lo_ms);
	put_span_of_time(b, v);
	put_status(b, v);
	put_metadata(b, v, device);
	put_actor(b, v);
	put_api(b, v, payload);
	put_resources(b, v);
	put_source(b, v, device);
	put_message_context(b, v);
	put_unmapped(b, v);
	fh_builder_text(b, "}\n");
}
