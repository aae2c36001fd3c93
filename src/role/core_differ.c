/* SPDX-License-Identifier: Apache-2.0 */
/* What is new in a boot that was refused, as far as the record knows the one before: the
 * event log in the newest session's entry is of a boot that was approved.  */
#include "role/core.h"

#include "codec/cbor.h"
#include "evidence/event_describe.h"
#include "evidence/event_differ.h"

#include <string.h>

/* Bytes of a description, so that all of it stays within a trace.  */
constexpr size_t text_max = 56;

/* Without a log, or the memory for it, PCRs are named and no events.  */
void fh_core_remember_log(struct fh_core *c, const struct fh_fields *f)
{
	const struct fh_field *field = fh_fields_get(f, FH_FIELD_LOG);

	c->accepted_log.n = 0;
	if (field == nullptr)
		return;
	struct fh_cursor cursor = fh_cursor_of(field->value);
	struct fh_span log = fh_cbor_bytes(&cursor, FH_REQUEST_LOG_MAX);

	if (fh_cursor_end(&cursor) != FH_ERR_OK)
		return;
	if (c->accepted_log_room == nullptr)
		c->accepted_log_room = fh_arena_take(&c->memory, FH_REQUEST_LOG_MAX);
	if (c->accepted_log_room == nullptr)
		return;
	memcpy(c->accepted_log_room, log.p, log.n);
	c->accepted_log = fh_span_of(c->accepted_log_room, log.n);
}

/* The beginning of TEXT, no character cut in two.  */
static struct fh_span cut(struct fh_span text)
{
	size_t n = text.n < text_max ? text.n : text_max;

	while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80)
		n--;
	return fh_span_first(text, n);
}

static void put_event(struct fh_builder *b, const struct fh_event_difference *d)
{
	const char *type = fh_event_type_name(d->event.type);
	uint8_t text[FH_EVENT_TEXT_MAX];
	struct fh_builder said = FH_BUILDER_ARRAY(text);

	fh_event_describe(&d->event, &said);
	fh_builder_text(b, "; event ");
	fh_builder_decimal(b, d->event.number);
	fh_builder_text(b, d->gone ? " of the last accepted boot is missing in PCR "
				   : " is other than at the last accepted boot, in PCR ");
	fh_builder_decimal(b, d->event.pcr);
	fh_builder_text(b, ": ");
	fh_builder_text(b, type != nullptr ? type : "of an unknown type");
	if (said.n > 0)
		fh_builder_text(b, " ");
	fh_builder_bytes(b, cut(fh_builder_span(&said)));
}

void fh_core_put_difference(struct fh_core *c, uint32_t pcrs, struct fh_builder *b)
{
	struct fh_event_difference d;
	struct fh_span now;

	if (c->accepted_log.n == 0 || fh_core_event_log(c, &now) != FH_ERR_OK)
		return;
	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((pcrs >> i & 1) == 0 || !fh_event_differ(c->accepted_log, now, i, &d))
			continue;
		put_event(b, &d);
		return;
	}
}
