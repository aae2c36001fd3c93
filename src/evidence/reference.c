/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/reference.h"

#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "codec/json_tree.h"

/* --- reading ------------------------------------------------------------ */

static fh_err bad(struct fh_trace *t, const char *what)
{
	fh_trace_what(t, "not reference values: %s", what);
	fh_trace_cure(t, "give what `freehold reference uki --json` or `from-log --json` printed");
	return FH_ERR_FORMAT;
}

/* The hex text V as a digest of BANK.  */
static bool read_digest(const struct fh_json *v, enum fh_bank bank, struct fh_digest *out)
{
	struct fh_digest d = { .n = (uint8_t)fh_bank_size(bank) };

	if (v->kind != FH_JSON_STRING || fh_hex_read(v->text, d.bytes, d.n) != FH_ERR_OK)
		return false;
	*out = d;
	return true;
}

/* Index of the bank called NAME among fh_banks, or FH_BANKS.  */
static size_t bank_index(struct fh_span name)
{
	size_t i = 0;

	while (i < FH_BANKS && !fh_span_equal(name, fh_span_str(fh_bank_name(fh_banks[i]))))
		i++;
	return i;
}

/* A PCR's number as a member's name; FH_PCRS for anything else.  */
static unsigned pcr_named(struct fh_span name)
{
	unsigned pcr = 0;

	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < '0' || name.p[i] > '9' || i == 2)
			return FH_PCRS;
		pcr = pcr * 10 + (unsigned)(name.p[i] - '0');
	}
	return name.n == 0 || pcr > FH_PCRS || (name.n > 1 && name.p[0] == '0') ? FH_PCRS : pcr;
}

static fh_err read_values(const struct fh_json *pcrs, struct fh_reference *r, struct fh_trace *t)
{
	if (pcrs == nullptr || pcrs->kind != FH_JSON_OBJECT)
		return bad(t, "they have no object \"pcrs\"");
	for (const struct fh_json *bank = pcrs->first; bank != nullptr; bank = bank->next) {
		size_t b = bank_index(bank->name);

		if (b == FH_BANKS)
			continue; /* a bank that nobody here computes */
		if (bank->kind != FH_JSON_OBJECT)
			return bad(t, "a bank is no object");
		for (const struct fh_json *v = bank->first; v != nullptr; v = v->next) {
			unsigned pcr = pcr_named(v->name);

			if (pcr == FH_PCRS || !read_digest(v, fh_banks[b], &r->value[b][pcr]))
				return bad(t, "a PCR's value is not a digest of its bank");
		}
	}
	return FH_ERR_OK;
}

static bool read_digests(const struct fh_json *digests, struct fh_reference_event *e)
{
	if (digests == nullptr || digests->kind != FH_JSON_OBJECT)
		return false;
	for (const struct fh_json *v = digests->first; v != nullptr; v = v->next) {
		size_t b = bank_index(v->name);

		if (b < FH_BANKS && !read_digest(v, fh_banks[b], &e->digest[b]))
			return false;
	}
	return true;
}

static bool read_event(const struct fh_json *v, struct fh_reference_event *e)
{
	const struct fh_json *pcr = fh_json_member(v, "pcr"), *name = fh_json_member(v, "name");
	const struct fh_json *component = fh_json_member(v, "component");

	if (pcr == nullptr || pcr->kind != FH_JSON_INTEGER || pcr->integer < 0 ||
	    pcr->integer >= FH_PCRS)
		return false;
	if ((name != nullptr && name->kind != FH_JSON_STRING) || component == nullptr ||
	    component->kind != FH_JSON_STRING)
		return false;
	e->pcr = (uint8_t)pcr->integer;
	e->component = fh_component_named(component->text);
	if (name != nullptr)
		e->name = name->text;
	return read_digests(fh_json_member(v, "digests"), e);
}

/* A record of a log that only tells something.  */
static bool extends_nothing(const struct fh_json *v)
{
	const struct fh_json *type = fh_json_member(v, "type");

	return type != nullptr && type->kind == FH_JSON_STRING &&
	       fh_span_equal(type->text, FH_SPAN_LIT("EV_NO_ACTION"));
}

static fh_err read_events(const struct fh_json *events, struct fh_arena *a, struct fh_reference *r,
			  struct fh_trace *t)
{
	struct fh_reference_event *e;

	if (events == nullptr || events->kind != FH_JSON_ARRAY)
		return bad(t, "they have no array \"events\"");
	if (events->n > FH_REFERENCE_EVENTS_MAX) {
		fh_trace_what(t, "more than %zu events", FH_REFERENCE_EVENTS_MAX);
		return FH_ERR_LIMIT;
	}
	e = fh_arena_array(a, events->n, sizeof(*e));
	if (e == nullptr)
		return FH_ERR_NOMEM;
	r->event = e;
	for (const struct fh_json *v = events->first; v != nullptr; v = v->next) {
		if (extends_nothing(v))
			continue;
		if (!read_event(v, &e[r->events++]))
			return bad(t, "an event lacks its PCR, component or digests");
	}
	return FH_ERR_OK;
}

fh_err fh_reference_read(struct fh_span text, const char *name, struct fh_arena *a,
			 struct fh_reference *out, struct fh_trace *t)
{
	const struct fh_json_limits limits = { FH_REFERENCE_JSON_MAX, FH_JSON_DEPTH_MAX };
	struct fh_reference r = { 0 };
	const struct fh_json *tree;
	fh_err e = fh_json_tree(text, &limits, name, a, &tree, t);

	if (e == FH_ERR_OK)
		e = read_values(fh_json_member(tree, "pcrs"), &r, t);
	if (e == FH_ERR_OK)
		e = read_events(fh_json_member(tree, "events"), a, &r, t);
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}

/* --- taking over -------------------------------------------------------- */

static void take_event(const struct fh_event *e, const struct fh_component_programs *p,
		       struct fh_reference_event *to)
{
	const char *type = fh_event_type_name(e->type);

	to->pcr = (uint8_t)e->pcr;
	to->component = fh_component_of(e, p);
	to->name = fh_span_str(type != nullptr ? type : "unknown");
	for (size_t b = 0; b < FH_BANKS; b++) {
		struct fh_builder d = FH_BUILDER_ARRAY(to->digest[b].bytes);

		fh_builder_bytes(&d, fh_event_digest(e, fh_banks[b]));
		to->digest[b].n = (uint8_t)d.n;
	}
}

/* Values of the PCRs that have events; of others a log tells nothing.  */
static void take_values(const struct fh_event_replay *replay, struct fh_reference *r)
{
	for (size_t b = 0; b < FH_BANKS; b++) {
		const struct fh_event_bank *bank = fh_event_replay_bank(replay, fh_banks[b]);

		for (unsigned pcr = 0; pcr < FH_PCRS && bank != nullptr; pcr++) {
			if ((replay->events >> pcr & 1) != 0)
				r->value[b][pcr] = bank->value[pcr];
		}
	}
}

fh_err fh_reference_of_log(struct fh_span file, struct fh_arena *a, struct fh_reference *out,
			   struct fh_trace *t)
{
	struct fh_component_programs programs;
	struct fh_reference_event *to;
	struct fh_reference r = { 0 };
	struct fh_event_replay replay;
	struct fh_event_log log;
	struct fh_event event;
	fh_err e = fh_event_log_replay(file, FH_BANK_NONE, &replay, t);

	if (e == FH_ERR_OK)
		e = fh_event_log_open(file, &log, t);
	if (e != FH_ERR_OK)
		return e;
	if (replay.records > FH_REFERENCE_EVENTS_MAX) {
		fh_trace_what(t, "more than %zu events", FH_REFERENCE_EVENTS_MAX);
		return FH_ERR_LIMIT;
	}
	to = fh_arena_array(a, replay.records, sizeof(*to));
	if (to == nullptr)
		return FH_ERR_NOMEM;
	programs = fh_component_programs_find(log);
	while (fh_event_log_next(&log, &event)) {
		if (event.type != FH_EV_NO_ACTION)
			take_event(&event, &programs, &to[r.events++]);
	}
	r.event = to;
	take_values(&replay, &r);
	*out = r;
	return FH_ERR_OK;
}

fh_err fh_reference_of_uki(const struct fh_uki *u, struct fh_arena *a, struct fh_reference *out)
{
	struct fh_reference_event *e = fh_arena_array(a, u->events, sizeof(*e));
	struct fh_reference r = { .events = u->events, .event = e };

	if (e == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < u->events; i++) {
		e[i].pcr = u->event[i].pcr;
		e[i].component = u->event[i].component;
		e[i].name = u->event[i].name;
		memcpy(e[i].digest, u->event[i].digest, sizeof(e[i].digest));
	}
	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++) {
		for (size_t b = 0; b < FH_BANKS_PLAIN && u->predicted[pcr]; b++) {
			if (u->bank[b])
				r.value[b][pcr] = fh_uki_pcr(u, pcr, b);
		}
	}
	*out = r;
	return FH_ERR_OK;
}

/* --- comparing ---------------------------------------------------------- */

static bool has_bank(const struct fh_reference *r, size_t bank)
{
	bool any = false;

	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++)
		any = any || r->value[bank][pcr].n > 0;
	return any;
}

/* SHA-1 only if there is no other.  */
static size_t bank_of_both(const struct fh_reference *a, const struct fh_reference *b)
{
	for (size_t i = 1; i < FH_BANKS; i++) {
		if (has_bank(a, i) && has_bank(b, i))
			return i;
	}
	return has_bank(a, 0) && has_bank(b, 0) ? 0 : FH_BANKS;
}

/* The next event of R about COMPONENT in PCR at or behind *I, which moves behind it.  */
static const struct fh_reference_event *next_of(const struct fh_reference *r, unsigned component,
						unsigned pcr, size_t *i)
{
	while (*i < r->events) {
		const struct fh_reference_event *e = &r->event[(*i)++];

		if (e->component == component && e->pcr == pcr)
			return e;
	}
	return nullptr;
}

/* How a component's events in one PCR differ.  */
static enum fh_difference compare_in(const struct fh_reference *old, const struct fh_reference *new,
				     unsigned component, unsigned pcr, size_t bank)
{
	size_t i = 0, k = 0;
	const struct fh_reference_event *a = next_of(old, component, pcr, &i);
	const struct fh_reference_event *b = next_of(new, component, pcr, &k);

	if (a == nullptr || b == nullptr)
		return a == b ? FH_SAME : a == nullptr ? FH_ADDED : FH_REMOVED;
	while (a != nullptr && b != nullptr &&
	       fh_span_equal(fh_digest_span(&a->digest[bank]), fh_digest_span(&b->digest[bank]))) {
		a = next_of(old, component, pcr, &i);
		b = next_of(new, component, pcr, &k);
	}
	return a == b ? FH_SAME : FH_CHANGED;
}

/* Only in PCRs that are known in both: what leads to others need not be told.  */
static void compare_component(const struct fh_reference *old, const struct fh_reference *new,
			      unsigned component, size_t bank, struct fh_reference_diff *d)
{
	bool before = false, after = false;
	uint32_t pcrs = 0;

	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++) {
		size_t i = 0, k = 0;

		if (old->value[bank][pcr].n == 0 || new->value[bank][pcr].n == 0)
			continue;
		before = before || next_of(old, component, pcr, &i) != nullptr;
		after = after || next_of(new, component, pcr, &k) != nullptr;
		if (compare_in(old, new, component, pcr, bank) != FH_SAME)
			pcrs |= UINT32_C(1) << pcr;
	}
	if (pcrs == 0)
		return;
	d->component[component].pcrs = pcrs;
	d->component[component].how = before && after ? FH_CHANGED : after ? FH_ADDED : FH_REMOVED;
}

/* The initramfs that Linux measures into PCR 9 has other components' files in it.  If
 * PCR 11 shows that the image's own is the same, the change is theirs; and if none of
 * them shows elsewhere, it is the policy's signature, which PCR 11 cannot hold.  */
static void follow_initrd(const struct fh_reference *old, const struct fh_reference *new,
			  struct fh_reference_diff *d)
{
	static const enum fh_component within[] = {
		FH_COMPONENT_MICROCODE, FH_COMPONENT_OS_RELEASE, FH_COMPONENT_PROFILE,
		FH_COMPONENT_CREDENTIALS, FH_COMPONENT_EXTENSIONS, FH_COMPONENT_POLICY_KEY,
	};
	constexpr uint32_t in_linux = 1 << 9;
	bool told = false;
	size_t i = 0, k = 0;

	if (d->component[FH_COMPONENT_INITRD].pcrs != in_linux ||
	    next_of(old, FH_COMPONENT_INITRD, 11, &i) == nullptr ||
	    next_of(new, FH_COMPONENT_INITRD, 11, &k) == nullptr)
		return;
	for (size_t w = 0; w < sizeof(within) / sizeof(within[0]); w++) {
		if (d->component[within[w]].how == FH_SAME)
			continue;
		d->component[within[w]].pcrs |= in_linux;
		told = true;
	}
	if (!told) {
		d->component[FH_COMPONENT_POLICY_KEY].how = FH_CHANGED;
		d->component[FH_COMPONENT_POLICY_KEY].pcrs = in_linux;
	}
	d->component[FH_COMPONENT_INITRD].how = FH_SAME;
	d->component[FH_COMPONENT_INITRD].pcrs = 0;
}

fh_err fh_reference_compare(const struct fh_reference *old, const struct fh_reference *new,
			    struct fh_reference_diff *out)
{
	size_t bank = bank_of_both(old, new);
	struct fh_reference_diff d = { 0 };

	if (bank == FH_BANKS)
		return FH_ERR_MISSING;
	d.bank = fh_banks[bank];
	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++) {
		struct fh_span a = fh_digest_span(&old->value[bank][pcr]);
		struct fh_span b = fh_digest_span(&new->value[bank][pcr]);

		if ((a.n > 0) != (b.n > 0))
			d.unknown |= UINT32_C(1) << pcr;
		else if (!fh_span_equal(a, b))
			d.pcrs |= UINT32_C(1) << pcr;
	}
	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++)
		compare_component(old, new, c, bank, &d);
	follow_initrd(old, new, &d);
	*out = d;
	return FH_ERR_OK;
}
