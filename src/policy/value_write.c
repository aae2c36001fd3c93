/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/value_write.h"

#include "codec/json.h"

constexpr uint64_t decimal_unit = 10000;

static void put_number(struct fh_builder *b, int64_t n)
{
	if (n < 0)
		fh_builder_u8(b, '-');
	fh_builder_decimal(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void fh_uid_put(struct fh_builder *b, struct fh_entity_uid uid)
{
	fh_builder_text(b, "{\"type\":");
	fh_json_put_string(b, uid.type);
	fh_builder_text(b, ",\"id\":");
	fh_json_put_string(b, uid.id);
	fh_builder_u8(b, '}');
}

/* --- extension types --------------------------------------------------------- */

/* With four digits behind the point.  */
static void put_decimal(struct fh_builder *b, int64_t n)
{
	uint64_t whole = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	fh_builder_text(b, "{\"__extn\":{\"fn\":\"decimal\",\"arg\":\"");
	if (n < 0)
		fh_builder_u8(b, '-');
	fh_builder_decimal(b, whole / decimal_unit);
	fh_builder_u8(b, '.');
	for (uint64_t unit = decimal_unit / 10; unit > 0; unit /= 10)
		fh_builder_u8(b, (uint8_t)('0' + whole / unit % 10));
	fh_builder_text(b, "\"}}");
}

static void put_duration(struct fh_builder *b, int64_t ms)
{
	fh_builder_text(b, "{\"__extn\":{\"fn\":\"duration\",\"arg\":\"");
	put_number(b, ms);
	fh_builder_text(b, "ms\"}}");
}

/* Every time can be said as one since 1970; not all have a date that Cedar reads.  */
static void put_datetime(struct fh_builder *b, int64_t ms)
{
	fh_builder_text(b, "{\"__extn\":{\"fn\":\"offset\",\"args\":[{\"__extn\":{\"fn\":"
			   "\"datetime\",\"arg\":\"1970-01-01\"}},");
	put_duration(b, ms);
	fh_builder_text(b, "]}}");
}

static void put_ip(struct fh_builder *b, const struct fh_ip *ip)
{
	fh_builder_text(b, "{\"__extn\":{\"fn\":\"ip\",\"arg\":\"");
	for (size_t i = 0; i < (ip->v6 ? 16 : 4); i += ip->v6 ? 2 : 1) {
		if (i > 0)
			fh_builder_u8(b, ip->v6 ? ':' : '.');
		if (ip->v6)
			fh_builder_hex(b, fh_span_of(&ip->address[i], 2));
		else
			fh_builder_decimal(b, ip->address[i]);
	}
	if (ip->prefix != (ip->v6 ? 128 : 32)) {
		fh_builder_u8(b, '/');
		fh_builder_decimal(b, ip->prefix);
	}
	fh_builder_text(b, "\"}}");
}

/* --- values ------------------------------------------------------------------- */

static void put_items(struct fh_builder *b, const struct fh_value *v)
{
	fh_builder_u8(b, '[');
	for (uint32_t i = 0; i < v->n; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		fh_value_put(b, &v->items[i]);
	}
	fh_builder_u8(b, ']');
}

static void put_fields(struct fh_builder *b, const struct fh_value *v)
{
	fh_builder_u8(b, '{');
	for (uint32_t i = 0; i < v->n; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		fh_json_put_string(b, v->fields[i].name);
		fh_builder_u8(b, ':');
		fh_value_put(b, &v->fields[i].value);
	}
	fh_builder_u8(b, '}');
}

/* Values are as deep as a type or an expression is: that bounds the recursion.  */
void fh_value_put(struct fh_builder *b, const struct fh_value *v)
{
	switch (v->kind) {
	case FH_VALUE_BOOL:
		fh_builder_text(b, v->boolean ? "true" : "false");
		break;
	case FH_VALUE_LONG:
		put_number(b, v->integer);
		break;
	case FH_VALUE_STRING:
		fh_json_put_string(b, v->text);
		break;
	case FH_VALUE_ENTITY:
		fh_builder_text(b, "{\"__entity\":");
		fh_uid_put(b, v->entity->uid);
		fh_builder_u8(b, '}');
		break;
	case FH_VALUE_SET:
		put_items(b, v);
		break;
	case FH_VALUE_RECORD:
		put_fields(b, v);
		break;
	case FH_VALUE_DECIMAL:
		put_decimal(b, v->integer);
		break;
	case FH_VALUE_IP:
		put_ip(b, v->ip);
		break;
	case FH_VALUE_DATETIME:
		put_datetime(b, v->integer);
		break;
	case FH_VALUE_DURATION:
		put_duration(b, v->integer);
		break;
	case FH_VALUE_KINDS:
		break;
	}
}

/* --- entities ------------------------------------------------------------------ */

static void put_entity(struct fh_builder *b, const struct fh_entity *e)
{
	fh_builder_text(b, "{\"uid\":");
	fh_uid_put(b, e->key.uid);
	fh_builder_text(b, ",\"attrs\":");
	fh_value_put(b, &e->attributes);
	if (e->tags.n > 0) {
		fh_builder_text(b, ",\"tags\":");
		fh_value_put(b, &e->tags);
	}
	fh_builder_text(b, ",\"parents\":[");
	for (uint32_t i = 0; i < e->parents_n; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		fh_uid_put(b, e->parents[i]->uid);
	}
	fh_builder_text(b, "]}");
}

void fh_entities_put(struct fh_builder *b, const struct fh_entities *s)
{
	fh_builder_u8(b, '[');
	for (uint32_t i = 0; i < s->n; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		put_entity(b, &s->list[i]);
	}
	fh_builder_u8(b, ']');
}
