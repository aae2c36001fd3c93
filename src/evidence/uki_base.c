/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_log.h"
#include "evidence/uki.h"

constexpr uint32_t wanted = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 7; /* PCRs */

/* E says whether Secure Boot is on: UEFI_VARIABLE_DATA of the variable SecureBoot, whose
 * value is one byte.  */
static bool turns_on(const struct fh_event *e)
{
	const struct fh_span name = FH_SPAN_LIT("S\0e\0c\0u\0r\0e\0B\0o\0o\0t\0");
	struct fh_cursor c = fh_cursor_of(e->data);

	if (e->pcr != 7 || e->type != FH_EV_EFI_VARIABLE_DRIVER_CONFIG)
		return false;
	fh_cursor_take(&c, 16); /* the variable's GUID */
	if (fh_cursor_le64(&c) != name.n / 2 || fh_cursor_le64(&c) != 1)
		return false;
	fh_cursor_expect(&c, name);
	return fh_cursor_u8(&c) == 1;
}

static bool is_program(const struct fh_event *e)
{
	return e->pcr == 4 && e->type == FH_EV_EFI_BOOT_SERVICES_APPLICATION;
}

static enum fh_component component_of(unsigned pcr)
{
	switch (pcr) {
	case 2:
		return FH_COMPONENT_DRIVER;
	case 3:
		return FH_COMPONENT_SETTINGS;
	case 7:
		return FH_COMPONENT_SECURE_BOOT;
	default:
		return FH_COMPONENT_FIRMWARE;
	}
}

static fh_err add_event(struct fh_uki_base *base, const struct fh_event *e, struct fh_trace *t)
{
	const char *type = fh_event_type_name(e->type);
	struct fh_uki_event *to = &base->event[base->events];

	if (base->events == FH_UKI_BASE_MAX) {
		fh_trace_what(t, "its firmware measures more than %zu things", FH_UKI_BASE_MAX);
		return FH_ERR_LIMIT;
	}
	base->events++;
	to->pcr = (uint8_t)e->pcr;
	to->type = type != nullptr ? type : "unknown";
	to->component = component_of(e->pcr);
	to->name = fh_span_str(to->type);
	for (size_t b = 0; b < FH_BANKS_PLAIN; b++) {
		struct fh_span from = fh_event_digest(e, fh_banks[b]);
		struct fh_builder d = FH_BUILDER_ARRAY(to->digest[b].bytes);

		fh_builder_bytes(&d, from); /* of the bank's size: the log's reader saw to it */
		to->digest[b].n = (uint8_t)d.n;
	}
	return FH_ERR_OK;
}

/* Which banks the log has, and what PCR 0 was before it.  All of the log is read
 * here, so a malformed one goes no further.  */
static fh_err begin(struct fh_span file, struct fh_uki_base *base, struct fh_trace *t)
{
	struct fh_event_replay r;
	fh_err e = fh_event_log_replay(file, FH_BANK_NONE, &r, t);

	if (e != FH_ERR_OK)
		return e;
	base->first = r.locality ? r.first : 0;
	for (size_t b = 0; b < FH_BANKS_PLAIN; b++)
		base->bank[b] = fh_event_replay_bank(&r, fh_banks[b]) != nullptr;
	return FH_ERR_OK;
}

fh_err fh_uki_base_read(struct fh_span file, struct fh_uki_base *out, struct fh_trace *t)
{
	struct fh_uki_base base = { 0 };
	bool started = false;
	struct fh_event_log log;
	struct fh_event e;
	fh_err why = begin(file, &base, t);

	if (why == FH_ERR_OK)
		why = fh_event_log_open(file, &log, t);
	while (why == FH_ERR_OK && !started && fh_event_log_next(&log, &e)) {
		started = is_program(&e);
		if (started || e.type == FH_EV_NO_ACTION || e.pcr >= FH_PCRS ||
		    (wanted >> e.pcr & 1) == 0)
			continue;
		base.secure_boot = base.secure_boot || turns_on(&e);
		why = add_event(&base, &e, t);
	}
	if (why == FH_ERR_OK && !started) {
		fh_trace_what(t, "the log tells of no program that the firmware started");
		why = FH_ERR_UNSUPPORTED;
	}
	if (why == FH_ERR_OK)
		*out = base;
	return why;
}
