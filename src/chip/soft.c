/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/soft.h"

#include <string.h>

#include "base/cursor.h"
#include "crypto/hash.h"
#include "os/slots.h"

constexpr size_t boot_size = 32;
constexpr uint8_t created_no = 0;
constexpr uint8_t created_yes = 1;

/* How long a "sealed" secret stays openable.  */
enum scope {
	SCOPE_DEVICE = 0,
	SCOPE_BOOT = 1,
	SCOPE_DATA = 2,
};

/* What the counter file holds, in this order.  */
struct counts {
	uint8_t created[FH_CHIP_COUNTERS]; /* created_yes once counter_create() ran */
	uint64_t value[FH_CHIP_COUNTERS];
	uint64_t boots;   /* boots seen */
	uint8_t boot[32]; /* the boot seen last */
	uint8_t noted;    /* created_yes once there is a note */
	uint8_t note[FH_CHIP_NOTE_SIZE];
};

constexpr size_t counts_1_size = 1 + 8 + 8 + boot_size; /* in format 1 */
constexpr size_t counters_2 = 2; /* in format 2: no data epoch */
constexpr size_t counter_size = 1 + 8;
constexpr size_t counts_size = FH_CHIP_COUNTERS * counter_size + 8 + boot_size + 1
			       + FH_CHIP_NOTE_SIZE;
constexpr size_t counts_2_size = counts_size - (FH_CHIP_COUNTERS - counters_2) * counter_size;

struct soft {
	struct fh_slots file; /* the counter file; not ours to close */
	bool torn;            /* a write failed: nobody knows what the disk holds */
	uint8_t boot[32];     /* this boot */
	struct counts now;    /* what the file holds */
};

static const uint8_t any_time[boot_size];
static const char blob_magic[] = "FHsoft-sealed-1\n";

static struct soft *soft_of(struct fh_chip *c)
{
	return c->state;
}

static void explain(struct fh_trace *t, const char *what, const char *cure)
{
	fh_trace_where(t, "chip (soft)");
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "%s", cure);
}

/* Appends SHA-256 of all that B holds: against accidents only.  */
static void put_checksum(struct fh_builder *b)
{
	struct fh_hash sum = fh_hash_of(fh_builder_span(b));

	fh_builder_bytes(b, fh_hash_span(&sum));
}

/* S without the checksum at its end in *OUT, if that is right.  */
static bool take_checksum(struct fh_span s, struct fh_span *out)
{
	if (s.n < FH_HASH_SIZE)
		return false;

	struct fh_span body = fh_span_first(s, s.n - FH_HASH_SIZE);
	struct fh_hash sum = fh_hash_of(body);

	if (!fh_span_equal(fh_hash_span(&sum), fh_span_skip(s, body.n)))
		return false;
	*out = body;
	return true;
}

/* --- the counter file ------------------------------------------------- */

/* Of format 1: only starts, and no note.  */
static fh_err counts_parse_1(struct fh_span bytes, struct counts *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct counts k = { .created = { [FH_CHIP_STARTS] = fh_cursor_u8(&c) } };

	k.value[FH_CHIP_STARTS] = fh_cursor_be64(&c);
	k.boots = fh_cursor_be64(&c);
	struct fh_span boot = fh_cursor_take(&c, boot_size);

	if (fh_cursor_end(&c) != FH_ERR_OK || k.created[FH_CHIP_STARTS] > created_yes)
		return FH_ERR_FORMAT;
	memcpy(k.boot, boot.p, boot_size);
	*out = k;
	return FH_ERR_OK;
}

static fh_err counts_parse(struct fh_span bytes, size_t counters, struct counts *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct counts k = { 0 };
	bool good = true;

	for (size_t i = 0; i < counters; i++) {
		k.created[i] = fh_cursor_u8(&c);
		k.value[i] = fh_cursor_be64(&c);
		good = good && k.created[i] <= created_yes;
	}
	k.boots = fh_cursor_be64(&c);
	struct fh_span boot = fh_cursor_take(&c, boot_size);

	k.noted = fh_cursor_u8(&c);
	struct fh_span note = fh_cursor_take(&c, FH_CHIP_NOTE_SIZE);

	if (fh_cursor_end(&c) != FH_ERR_OK || !good || k.noted > created_yes)
		return FH_ERR_FORMAT;
	memcpy(k.boot, boot.p, boot_size);
	memcpy(k.note, note.p, FH_CHIP_NOTE_SIZE);
	*out = k;
	return FH_ERR_OK;
}

/* All zero if the file is empty: nothing was ever counted.  */
static fh_err counts_load(int file, struct fh_slots *slots, struct counts *out)
{
	uint8_t bytes[counts_size];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = fh_slots_open(file, slots, &b);

	if (e == FH_ERR_MISSING) {
		*out = (struct counts){ 0 };
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK)
		return e;
	if (b.n == counts_1_size)
		return counts_parse_1(fh_builder_span(&b), out);
	return counts_parse(fh_builder_span(&b),
			    b.n == counts_2_size ? counters_2 : FH_CHIP_COUNTERS, out);
}

/* Makes NEXT durable.  */
static fh_err store(struct fh_chip *c, const struct counts *next)
{
	struct soft *s = soft_of(c);
	uint8_t bytes[counts_size];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = FH_ERR_IO;

	for (size_t i = 0; i < FH_CHIP_COUNTERS; i++) {
		fh_builder_u8(&b, next->created[i]);
		fh_builder_be64(&b, next->value[i]);
	}
	fh_builder_be64(&b, next->boots);
	fh_builder_bytes(&b, FH_SPAN_ARRAY(next->boot));
	fh_builder_u8(&b, next->noted);
	fh_builder_bytes(&b, FH_SPAN_ARRAY(next->note));
	if (!s->torn)
		e = fh_slots_write(&s->file, fh_builder_span(&b));
	if (e != FH_ERR_OK) {
		s->torn = true;
		explain(&c->trace, "the counter file could not be written",
			"check its disk and the room on it, then restart freehold");
		return e;
	}
	s->now = *next;
	return FH_ERR_OK;
}

static fh_err counter_create(struct fh_chip *c, enum fh_chip_counter which)
{
	struct counts next = soft_of(c)->now;

	if (next.created[which] == created_yes)
		return FH_ERR_EXISTS;
	next.created[which] = created_yes;
	next.value[which] = 1;
	return store(c, &next);
}

static fh_err counter_read(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now)
{
	const struct soft *s = soft_of(c);

	if (s->now.created[which] == created_no) {
		explain(&c->trace, "keys/counter: there is no such counter",
			"restore keys/ whole, or run freehold init");
		return FH_ERR_MISSING;
	}
	*now = s->now.value[which];
	return FH_ERR_OK;
}

static fh_err counter_increment(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now)
{
	struct counts next = soft_of(c)->now;
	uint64_t value;
	fh_err e;

	e = counter_read(c, which, &value);
	if (e != FH_ERR_OK)
		return e;
	if (value == UINT64_MAX)
		return FH_ERR_FULL;
	next.value[which] = value + 1;
	e = store(c, &next);
	if (e != FH_ERR_OK)
		return e;
	*now = next.value[which];
	return FH_ERR_OK;
}

static fh_err note_create(struct fh_chip *c, const struct fh_secret *key)
{
	struct counts next = soft_of(c)->now;

	(void)key;
	next.noted = created_no;
	return store(c, &next);
}

static fh_err note_write(struct fh_chip *c, const struct fh_secret *key, struct fh_span note)
{
	struct counts next = soft_of(c)->now;

	(void)key;
	if (note.n != FH_CHIP_NOTE_SIZE)
		return FH_ERR_FORMAT;
	next.noted = created_yes;
	memcpy(next.note, note.p, FH_CHIP_NOTE_SIZE);
	return store(c, &next);
}

static fh_err note_read(struct fh_chip *c, uint8_t note[FH_CHIP_NOTE_SIZE])
{
	const struct soft *s = soft_of(c);

	if (s->now.noted == created_no)
		return FH_ERR_MISSING;
	memcpy(note, s->now.note, FH_CHIP_NOTE_SIZE);
	return FH_ERR_OK;
}

static fh_err boot(struct fh_chip *c, uint64_t *count, uint8_t id[32])
{
	struct soft *s = soft_of(c);
	struct counts next = s->now;
	fh_err e;

	if (next.boots == 0 || !fh_span_equal(FH_SPAN_ARRAY(next.boot), FH_SPAN_ARRAY(s->boot))) {
		next.boots++;
		memcpy(next.boot, s->boot, boot_size);
		e = store(c, &next);
		if (e != FH_ERR_OK)
			return e;
	}
	*count = s->now.boots;
	memcpy(id, s->boot, boot_size);
	return FH_ERR_OK;
}

/* --- "sealing" -------------------------------------------------------- */

/* WHEN is what the scope is bound to: boot_size bytes.  */
static fh_err seal(enum scope scope, const uint8_t *when, struct fh_span plain,
		   struct fh_builder *blob)
{
	uint8_t bytes[FH_CHIP_SECRET_MAX + 128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (plain.n > FH_CHIP_SECRET_MAX)
		return FH_ERR_LIMIT;
	fh_builder_text(&b, blob_magic);
	fh_builder_u8(&b, (uint8_t)scope);
	fh_builder_bytes(&b, fh_span_of(when, boot_size));
	fh_builder_be16(&b, (uint16_t)plain.n);
	fh_builder_bytes(&b, plain);
	put_checksum(&b);
	fh_builder_bytes(blob, fh_builder_span(&b));
	fh_wipe(bytes, sizeof(bytes));
	return b.bad || blob->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err altered(struct fh_chip *c)
{
	explain(&c->trace, "the sealed key is damaged or was not sealed here",
		"restore the file from a backup, or enrol this machine again");
	return FH_ERR_SIGNATURE;
}

/* FH_ERR_STATE if it is bound to something else than WHEN.  */
static fh_err unseal(struct fh_chip *c, enum scope scope, const uint8_t *when, struct fh_span blob,
		     struct fh_builder *out)
{
	struct fh_span body;

	if (!take_checksum(blob, &body))
		return altered(c);

	struct fh_cursor in = fh_cursor_of(body);

	fh_cursor_expect(&in, fh_span_str(blob_magic));
	uint8_t kind = fh_cursor_u8(&in);
	struct fh_span bound = fh_cursor_take(&in, boot_size);
	struct fh_span plain = fh_cursor_vec16(&in, FH_CHIP_SECRET_MAX);

	if (fh_cursor_end(&in) != FH_ERR_OK || kind != scope)
		return altered(c);
	if (!fh_span_equal(bound, fh_span_of(when, boot_size)))
		return FH_ERR_STATE;
	fh_builder_bytes(out, plain);
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err unseal_device_of(struct fh_chip *c, struct fh_span blob, struct fh_builder *out)
{
	fh_err e = unseal(c, SCOPE_DEVICE, any_time, blob, out);

	return e == FH_ERR_STATE ? altered(c) : e;
}

/* Nothing here keeps a state from anybody, so none needs to be approved.  */
static fh_err seal_device(struct fh_chip *c, const struct fh_release *r, struct fh_span plain,
			  struct fh_builder *blob)
{
	(void)c;
	(void)r;
	return seal(SCOPE_DEVICE, any_time, plain, blob);
}

static fh_err unseal_device(struct fh_chip *c, const struct fh_release *r,
			    const struct fh_chip_approval *a, struct fh_span blob,
			    struct fh_builder *out)
{
	(void)r;
	(void)a;
	return unseal_device_of(c, blob, out);
}

/* The blob is of the same form; zeros of a file that was grown may follow it.  */
static fh_err unseal_1(struct fh_chip *c, struct fh_span blob, struct fh_builder *out)
{
	struct fh_cursor in = fh_cursor_of(blob);

	(void)fh_cursor_take(&in, sizeof(blob_magic) - 1 + 1 + boot_size);
	(void)fh_cursor_vec16(&in, FH_CHIP_SECRET_MAX);
	(void)fh_cursor_take(&in, FH_HASH_SIZE);
	if (fh_cursor_bad(&in))
		return altered(c);
	return unseal_device_of(c, fh_span_first(blob, blob.n - in.rest.n), out);
}

/* A file knows no machine.  */
static fh_err belongs(struct fh_chip *c, struct fh_span blob, struct fh_span identity)
{
	(void)c;
	(void)blob;
	(void)identity;
	return FH_ERR_OK;
}

static fh_err identity(struct fh_chip *c, struct fh_builder *out)
{
	(void)c;
	(void)out;
	return FH_ERR_OK;
}

static fh_err seal_boot(struct fh_chip *c, const struct fh_pcr_state *state, struct fh_span plain,
			struct fh_builder *blob)
{
	(void)state; /* there are no PCRs */
	return seal(SCOPE_BOOT, soft_of(c)->boot, plain, blob);
}

static fh_err unseal_boot(struct fh_chip *c, struct fh_span blob, struct fh_builder *out)
{
	fh_err e = unseal(c, SCOPE_BOOT, soft_of(c)->boot, blob, out);

	if (e == FH_ERR_STATE)
		explain(&c->trace, "sealed in another boot", "");
	return e;
}

static void when_of(uint64_t epoch, uint8_t when[boot_size])
{
	struct fh_builder b = fh_builder_of(when, boot_size);

	memset(when, 0, boot_size);
	fh_builder_be64(&b, epoch);
}

static fh_err seal_data(struct fh_chip *c, uint64_t epoch, struct fh_span plain,
			struct fh_builder *blob)
{
	uint8_t when[boot_size];

	(void)c;
	when_of(epoch, when);
	return seal(SCOPE_DATA, when, plain, blob);
}

static fh_err unseal_data(struct fh_chip *c, uint64_t epoch, struct fh_span blob,
			  struct fh_builder *out)
{
	uint8_t when[boot_size];
	uint64_t now;
	fh_err e = counter_read(c, FH_CHIP_DATA, &now);

	when_of(epoch, when);
	if (e == FH_ERR_OK)
		e = epoch == now ? unseal(c, SCOPE_DATA, when, blob, out) : FH_ERR_STATE;
	if (e != FH_ERR_STATE)
		return e;
	explain(&c->trace, "sealed for a data epoch that is over", "");
	return FH_ERR_ROLLBACK;
}

/* --- what takes PCRs -------------------------------------------------- */

static fh_err pcrs(struct fh_chip *c, struct fh_pcr_state *out)
{
	(void)c;
	(void)out;
	return FH_ERR_UNSUPPORTED;
}

static fh_err lock(struct fh_chip *c, const struct fh_hash *session_id)
{
	(void)c;
	(void)session_id;
	return FH_ERR_UNSUPPORTED;
}

static fh_err quote(struct fh_chip *c, const struct fh_hash *qualifying, uint32_t selected,
		    struct fh_chip_quote *out)
{
	(void)c;
	(void)qualifying;
	(void)selected;
	(void)out;
	return FH_ERR_UNSUPPORTED;
}

/* It releases without approval.  */
static fh_err joint_prepare(struct fh_chip *c, const struct fh_release *r)
{
	(void)c;
	(void)r;
	return FH_ERR_OK;
}

static void close_soft(struct fh_chip *c)
{
	fh_wipe(c->state, sizeof(struct soft));
}

/* There is nothing that could go, or be reset without a boot.  */
static fh_err look(struct fh_chip *c, bool authentic, uint64_t *count)
{
	(void)authentic;
	*count = soft_of(c)->now.boots;
	return FH_ERR_OK;
}

static const struct fh_chip_class soft_class = {
	.seal_device = seal_device,
	.unseal_device = unseal_device,
	.joint_prepare = joint_prepare,
	.unseal_1 = unseal_1,
	.belongs = belongs,
	.identity = identity,
	.seal_boot = seal_boot,
	.unseal_boot = unseal_boot,
	.seal_data = seal_data,
	.unseal_data = unseal_data,
	.counter_create = counter_create,
	.counter_increment = counter_increment,
	.counter_read = counter_read,
	.note_create = note_create,
	.note_write = note_write,
	.note_read = note_read,
	.pcrs = pcrs,
	.lock = lock,
	.quote = quote,
	.boot = boot,
	.look = look,
	.close = close_soft,
};

fh_err fh_chip_soft_open(int counter, const uint8_t boot_id[32], struct fh_arena *arena,
			 struct fh_trace *trace, struct fh_chip *out)
{
	struct fh_slots file;
	struct counts now;
	fh_err e;

	e = counts_load(counter, &file, &now);
	if (e != FH_ERR_OK) {
		explain(trace, "the counter file is damaged or cannot be read",
			"restore it from a backup, or enrol this machine again");
		return e;
	}

	struct soft *s = fh_arena_take(arena, sizeof(*s));

	if (s == nullptr)
		return FH_ERR_NOMEM;
	*s = (struct soft){ .file = file, .now = now };
	memcpy(s->boot, boot_id, boot_size);
	*out = (struct fh_chip){
		.class = &soft_class, .state = s, .grade = FH_GRADE_NONE, .name = "no chip"
	};
	return FH_ERR_OK;
}
