/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as people and programs read them.  */
#include "cli/record_read.h"
#include "cli/report_value.h"
#include "cli/time.h"
#include "codec/json.h"

static void put_time(struct fh_builder *b, uint64_t ms)
{
	char text[FH_TIME_TEXT];

	fh_time_text(ms, text);
	fh_builder_text(b, text);
}

static void put_fields_json(struct fh_builder *b, const struct fh_fields *f)
{
	fh_builder_text(b, ",\"fields\":{");
	for (size_t i = 0; i < f->n; i++) {
		fh_builder_text(b, i > 0 ? ",\"" : "\"");
		fh_builder_text(b, fh_field_text(f->field[i].id));
		fh_builder_text(b, "\":");
		fh_report_value(b, f->field[i].value);
	}
	fh_builder_u8(b, '}');
}

struct fh_record_fate fh_record_fate_of(struct fh_shredded *all, uint64_t index,
					struct fh_span payload)
{
	struct fh_record_fate fate = { FH_NOT_SHREDDED, fh_payload_is_stub(payload) };

	if (all != nullptr)
		(void)fh_shredded_find(all, index, payload, &fate.by);
	return fate;
}

void fh_record_put_json(struct fh_builder *b, const struct fh_leaf *l, const struct fh_fields *f,
			bool sealed, struct fh_record_fate fate)
{
	fh_builder_text(b, "{\"index\":");
	fh_builder_decimal(b, l->index);
	fh_builder_text(b, ",\"kind\":\"");
	fh_builder_text(b, fh_entry_kind_text(l->kind));
	fh_builder_text(b, "\",\"not-before-ms\":");
	fh_builder_decimal(b, l->time.lo_ms);
	fh_builder_text(b, ",\"not-after-ms\":");
	fh_builder_decimal(b, l->time.hi_ms);
	fh_builder_text(b, ",\"boot\":");
	fh_builder_decimal(b, l->boot);
	fh_builder_text(b, ",\"start\":");
	fh_builder_decimal(b, l->start);
	fh_builder_text(b, ",\"class\":");
	fh_json_put_string(b, l->class);
	fh_builder_text(b, ",\"session\":\"");
	fh_builder_hex(b, fh_hash_span(&l->session));
	fh_builder_text(b, "\",\"chain-head\":\"");
	fh_builder_hex(b, fh_hash_span(&l->chain_head));
	fh_builder_u8(b, '"');
	if (sealed)
		fh_builder_text(b, ",\"sealed\":true");
	if (fate.by != FH_NOT_SHREDDED) {
		fh_builder_text(b, ",\"shredded\":");
		fh_builder_decimal(b, fate.by);
	}
	if (fate.pruned)
		fh_builder_text(b, ",\"pruned\":true");
	if (f != nullptr)
		put_fields_json(b, f);
	fh_builder_text(b, "}\n");
}

/* The value of the text field ID, quoted and safe for a terminal.  */
static void put_text_field(struct fh_builder *b, const struct fh_fields *f, enum fh_field_id id)
{
	const struct fh_field *field = fh_fields_get(f, id);

	if (field == nullptr)
		return;
	fh_builder_text(b, "  ");
	fh_report_value(b, field->value);
}

static void put_fields_text(struct fh_builder *b, const struct fh_fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		fh_builder_text(b, "          ");
		fh_builder_text(b, fh_field_text(f->field[i].id));
		fh_builder_text(b, ": ");
		fh_report_value(b, f->field[i].value);
		fh_builder_u8(b, '\n');
	}
}

void fh_record_put_opened(struct fh_builder *b, const struct fh_opened_entry *x, bool json)
{
	size_t hidden = x->n - x->shown.n;

	if (json)
		fh_builder_text(b, "{\"index\":");
	fh_builder_decimal(b, x->index);
	if (json) {
		fh_builder_text(b, ",\"hidden\":");
		fh_builder_decimal(b, hidden);
		put_fields_json(b, &x->shown);
		fh_builder_u8(b, '}');
	} else if (hidden > 0) {
		fh_builder_text(b, "  (");
		fh_builder_decimal(b, hidden);
		fh_builder_text(b, " more stay sealed)");
	}
	fh_builder_u8(b, '\n');
	if (!json)
		put_fields_text(b, &x->shown);
}

static void put_text(struct fh_builder *b, const struct fh_leaf *l, const struct fh_fields *f,
		     bool fields, bool sealed, struct fh_record_fate fate)
{
	fh_builder_decimal(b, l->index);
	fh_builder_text(b, "  ");
	put_time(b, l->time.lo_ms);
	fh_builder_text(b, "  ");
	fh_builder_text(b, fh_entry_kind_text(l->kind));
	if (fate.by != FH_NOT_SHREDDED) {
		fh_builder_text(b, fate.pruned ? "  (pruned; shredded: entry "
					       : "  (shredded: entry ");
		fh_builder_decimal(b, fate.by);
		fh_builder_u8(b, ')');
	} else if (sealed) {
		fh_builder_text(b, "  (sealed)");
	}
	if (fields) {
		fh_builder_u8(b, '\n');
		put_fields_text(b, f);
		return;
	}
	put_text_field(b, f, FH_FIELD_ACTOR);
	put_text_field(b, f, FH_FIELD_ACTION);
	put_text_field(b, f, FH_FIELD_RESOURCE);
	put_text_field(b, f, FH_FIELD_DECISION);
	put_text_field(b, f, FH_FIELD_INTENT);
	put_text_field(b, f, FH_FIELD_STATUS);
	put_text_field(b, f, FH_FIELD_DETAIL);
	fh_builder_u8(b, '\n');
}

fh_err fh_record_put_entry(struct fh_builder *b, const struct fh_stored *s, const struct fh_leaf *l,
			   const struct fh_record_look *look)
{
	struct fh_fields f;
	bool sealed;
	fh_err e = fh_opened_fields(look->opened, l, s->payload, &f, &sealed);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_record_fate fate = fh_record_fate_of(look->shredded, l->index, s->payload);

	if (look->json)
		fh_record_put_json(b, l, look->fields ? &f : nullptr, sealed, fate);
	else
		put_text(b, l, &f, look->fields, sealed, fate);
	return b->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}
