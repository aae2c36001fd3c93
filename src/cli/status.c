/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "chain/authority.h"
#include "cli/device_key.h"
#include "cli/lease.h"
#include "cli/record_anchored.h"
#include "cli/segments.h"
#include "cli/state.h"
#include "cli/time.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "entry/certificate.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/pending.h"
#include "entry/seal.h"
#include "entry/segment.h"
#include "merkle/checkpoint.h"
#include "os/clock.h"
#include "role/data_keys.h"

constexpr size_t pid_max = 32;
constexpr size_t json_max = (4 << 20) + 4 * FH_PATH_MAX; /* 4,096 holds, names escaped */

/* What the journal says without being verified.  */
struct record_state {
	bool found;
	uint64_t size;            /* entries */
	uint64_t bytes;
	uint64_t pruned;          /* those of which only a stub is stored */
	uint64_t covered;         /* entries under the newest checkpoint seen */
	struct fh_hash device_id;
	bool session;             /* a session entry was seen */
	enum fh_grade grade;      /* as its certificate says */
	uint64_t start_ms;        /* time of the newest start entry, or 0 */
	bool anchors_read;        /* what follows is known */
	struct fh_anchored_state anchored;
};

struct status {
	struct fh_state state;
	struct record_state record;
	bool running;
	char pid[pid_max];        /* of who runs, for people */
	bool pending;               /* a start was refused: refused says why */
	struct fh_pending refused;
	bool sealed, outdated;      /* by a TPM; for operators of before */
	bool waits;                 /* for the next boot, to come to the epoch WANTED */
	uint64_t wanted;
	uint64_t epoch;             /* boot epoch that the device key is sealed for */
	uint64_t free_bytes;
	bool policy, leased;        /* one is in force; its lease is live by the clock */
	struct fh_lease_term term;
	bool keyed;                 /* keys holds what the record is sealed with */
	struct fh_data_look keys;
};

static void status_drop(struct status *s)
{
	fh_state_drop(&s->state);
}

/* --- finding out ------------------------------------------------------------------ */

static void see_running(const char *path, struct status *s)
{
	char name[FH_PATH_MAX];

	if (snprintf(name, sizeof(name), "%s/lock", path) >= (int)sizeof(name))
		return;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	FH_OWN(fh_fd) file = fh_fd_of(fd);

	s->running = flock(fd, LOCK_SH | LOCK_NB) != 0;
	ssize_t n = s->running ? pread(fd, s->pid, sizeof(s->pid) - 1, 0) : 0;

	s->pid[n > 0 ? n : 0] = '\0';
	s->pid[strspn(s->pid, "0123456789")] = '\0';
}

static void see_session(struct record_state *r, struct fh_span payload)
{
	struct fh_certificate made;
	struct fh_fields f;

	if (fh_payload_read(payload, &f) != FH_ERR_OK)
		return;
	const struct fh_field *field = fh_fields_get(&f, FH_FIELD_CERTIFICATE);
	struct fh_cursor c = fh_cursor_of(field != nullptr ? field->value : (struct fh_span){ 0 });
	struct fh_span bytes = fh_cbor_bytes(&c, FH_PAYLOAD_MAX);

	if (fh_cursor_end(&c) != FH_ERR_OK || fh_certificate_read(bytes, &made) != FH_ERR_OK)
		return;
	r->session = true;
	r->grade = made.grade;
}

static void see_batch(struct record_state *r, struct fh_span body)
{
	struct fh_batch batch;
	struct fh_stored stored;
	struct fh_leaf leaf;

	if (fh_batch_read(body, &batch) != FH_ERR_OK)
		return;
	r->size = batch.size;
	while (fh_batch_next(&batch, &stored) == FH_ERR_OK) {
		if (fh_leaf_read(stored.leaf, &leaf) != FH_ERR_OK)
			return;
		r->pruned += fh_payload_is_stub(stored.payload);
		if (leaf.kind == FH_ENTRY_START)
			r->start_ms = leaf.time.lo_ms;
		if (leaf.kind == FH_ENTRY_SESSION)
			see_session(r, stored.payload);
	}
}

static void see_segment(struct record_state *r, struct fh_span bytes)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	enum fh_segment_frame type;
	struct fh_segment_head head;
	struct fh_checkpoint cp;
	struct fh_note note;
	struct fh_span body;

	while (fh_segment_next(&c, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH)
			see_batch(r, body);
		else if (type == FH_SEGMENT_HEAD && fh_segment_head_read(body, &head) == FH_ERR_OK)
			r->device_id = head.device_id;
		else if (type == FH_SEGMENT_CHECKPOINT && fh_note_parse(body, &note) == FH_ERR_OK
			 && fh_checkpoint_parse(note.text, &cp) == FH_ERR_OK)
			r->covered = cp.size;
	}
}

/* Reads the record through, without verifying it.  A machine that has not yet
 * started has none, which is no error.  */
static fh_err see_record(const char *path, struct record_state *r, struct fh_trace *t)
{
	FH_OWN(fh_segments) s = { 0 };
	fh_err e = fh_segments_open(path, &s, t);

	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	if (e != FH_ERR_OK)
		return e;
	r->found = true;
	r->bytes = s.bytes;
	r->anchors_read = fh_anchored_look(&s, &r->anchored, /* trace: */ nullptr) == FH_ERR_OK;
	for (uint64_t i = 0; i < s.files; i++) {
		FH_OWN(fh_mapped) m = { 0 };
		uint64_t first = r->size;

		e = fh_segments_map(&s, first, &m, t);
		if (e != FH_ERR_OK)
			return e == FH_ERR_MISSING ? FH_ERR_OK : e;
		see_segment(r, m.bytes);
		if (r->size == first)
			break;
	}
	return FH_ERR_OK;
}

static void see_space(const char *path, struct status *s)
{
	struct statvfs v;

	if (statvfs(path, &v) == 0)
		s->free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
}

/* What a start that was refused has left.  */
static void see_pending(const char *path, struct status *s)
{
	char file[FH_PATH_MAX + 16];
	struct fh_span word;

	(void)snprintf(file, sizeof(file), "%s/record/pending", path);
	s->pending = fh_file_read(file, FH_PENDING_MAX, &s->state.memory, &word) == FH_ERR_OK
		     && fh_pending_read(word, &s->refused) == FH_ERR_OK;
}

/* Whether the device key is sealed for those who may approve now.  */
static void see_seal(struct status *s)
{
	struct fh_release now = { 0 };
	struct fh_device_file f;

	if (s->state.chain.head.authority == nullptr
	    || !fh_authority_approvers(s->state.chain.head.authority, &now)
	    || fh_device_key_held(&s->state, &f, /* trace: */ nullptr) != FH_ERR_OK
	    || f.identity.n == 0)
		return;
	s->sealed = true;
	s->epoch = f.release.epoch;
	s->wanted = fh_chain_epoch(&s->state.chain, &f.release.device_id);
	s->waits = s->wanted - s->epoch >= f.blobs && s->wanted > s->epoch;
	s->outdated = !fh_release_same_approvers(&now, &f.release);
}

/* Until when this machine may go on.  */
static fh_err see_lease(struct status *s, struct fh_trace *t)
{
	const struct fh_policy_held *p = fh_chain_policy(&s->state.chain);
	struct fh_lease_taken last = { 0 };
	uint64_t now = fh_clock_real_ms();
	fh_err e = FH_ERR_OK;

	s->policy = p != nullptr;
	if (s->policy && s->record.found)
		e = fh_lease_look(&s->state, &s->record.device_id, &last, t);
	if (!s->policy || e != FH_ERR_OK)
		return e;
	s->term = fh_lease_term(&s->state.chain, p, &last);
	s->leased = fh_lease_live(&s->term, (struct fh_time){ now, now });
	return FH_ERR_OK;
}

/* What the record is sealed with, as far as whoever may read the files can see.  */
static void see_keys(const char *path, struct status *s)
{
	char name[2][FH_PATH_MAX];
	FH_OWN(fh_fd) even = { 0 };
	FH_OWN(fh_fd) odd = { 0 };

	for (int i = 0; i < 2; i++) {
		if (snprintf(name[i], FH_PATH_MAX, "%s/keys/data.%d", path, i) >= (int)FH_PATH_MAX)
			return;
	}
	int first = open(name[0], O_RDONLY | O_CLOEXEC);
	int second = open(name[1], O_RDONLY | O_CLOEXEC);

	even = fh_fd_of(first);
	odd = fh_fd_of(second);
	s->keyed = first >= 0 && second >= 0
		   && fh_data_keys_look(first, second, &s->keys) == FH_ERR_OK;
}

/* The grade of this machine: the lower of its enrolment and its session.  */
static const char *grade_of(const struct status *s)
{
	const struct fh_device *d = fh_chain_device(&s->state.chain, &s->record.device_id);
	enum fh_grade g;

	if (d == nullptr || !s->record.session || fh_grade_parse(d->body.grade, &g) != FH_ERR_OK)
		return "unknown";
	return fh_grade_text(g < s->record.grade ? g : s->record.grade);
}

/* --- telling -------------------------------------------------------------------- */

static void print_hash(const char *label, const struct fh_hash *h)
{
	printf("%-14s ", label);
	for (size_t i = 0; i < FH_HASH_SIZE; i++)
		printf("%02x", h->bytes[i]);
	printf("\n");
}

static void print_chain(const struct fh_chain *c)
{
	const struct fh_policy_held *p = fh_chain_policy(c);
	char when[FH_TIME_TEXT];

	printf("chain          %s", fh_chain_state_text(c->state));
	if (c->state != FH_CHAIN_EMPTY)
		printf(", statement %llu", (unsigned long long)c->head.sequence);
	printf("%s%s\n", c->why.what[0] != '\0' ? ": " : "", c->why.what);
	if (c->state == FH_CHAIN_EMPTY)
		return;
	print_hash("genesis", &c->id);
	print_hash("head", &c->head.hash);
	printf("operator key   %s\n", fh_placement_text(c->placement));
	if (p == nullptr) {
		printf("policy         none in force: nothing is permitted\n");
		return;
	}
	fh_time_text(p->body.expires_ms, when);
	printf("policy         statement %llu, expires %s\n", (unsigned long long)p->sequence,
	       when);
}

static void print_lease(const struct status *s)
{
	char when[FH_TIME_TEXT];

	if (!s->policy)
		return;
	fh_time_text(s->term.ends_ms, when);
	printf("lease          %s %s%s\n", s->leased ? "until" : "ENDED", when,
	       s->leased ? "" : ": only what is @fallback is permitted; `freehold lease renew`");
}

static void print_anchored(const struct record_state *r)
{
	const struct fh_anchored_state *a = &r->anchored;

	printf("anchored       ");
	if (r->found && !r->anchors_read)
		printf("unknown: record/anchors cannot be read\n");
	else if (a->size == 0 && a->open == 0)
		printf("never: nothing shows when the record was made\n");
	else
		printf("%llu entries in a block, %zu checkpoint%s on the way\n",
		       (unsigned long long)a->size, a->open, a->open == 1 ? "" : "s");
}

/* For printf's %.*s.  */
#define text(s) (int)(s).n, (s).n > 0 ? (const char *)(s).p : ""

/* There is no room for as many more; nothing is permitted when it has come to an end.  */
static const char *keys_warning(uint64_t keys)
{
	if (keys > FH_DATA_KEYS_MAX - FH_DATA_KEYS_RESERVE)
		return ": FULL, nothing is permitted; `freehold shred`, and cover what is "
		       "permitted with @retain";
	return keys >= FH_DATA_KEYS_MAX / 4 * 3
		       ? ": NEARLY FULL; cover what is permitted with @retain, or `freehold shred`"
		       : "";
}

/* When something of the record ends next, and what the operator has held.  */
static void print_retention(const struct status *s)
{
	const struct fh_hold_held *h;
	char when[FH_TIME_TEXT];
	size_t at = 0;

	if (s->keyed) {
		fh_time_text(s->keys.next_ms, when);
		bool ends = s->keys.next_ms != UINT64_MAX;

		printf("record keys    %llu of %zu, %s%s%s\n", (unsigned long long)s->keys.keys,
		       FH_DATA_KEYS_MAX, ends ? "the next ends " : "none of which ends by age",
		       ends ? when : "", keys_warning(s->keys.keys));
		if (s->keys.slot)
			print_hash("recovery key", &s->keys.slot_key);
		else
			printf("recovery key   none: only this machine's chip opens the record\n");
	}
	while ((h = fh_chain_hold_next(&s->state.chain, &at)) != nullptr) {
		struct fh_span whom = h->body.subject.n > 0 ? h->body.subject
							    : FH_SPAN_LIT("everything");

		printf("held           %.*s, by hold `%.*s`\n", text(whom), text(h->body.name));
	}
}

static void print_status(const struct fh_cli *cli, const struct status *s)
{
	char when[FH_TIME_TEXT];

	printf("state          %s, format %u\n", cli->config.state, FH_STORE_FORMAT);
	printf("running        %s%s%s\n", s->running ? "yes" : "no", s->running ? ", process " : "",
	       s->pid);
	print_chain(&s->state.chain);
	print_lease(s);
	printf("grade          %s\n", grade_of(s));
	if (s->sealed)
		printf("device key     sealed for boot epoch %llu%s\n",
		       (unsigned long long)s->epoch,
		       s->outdated ? ", for operators of before: the next boot's first start seals "
				     "it for those of now" : "");
	if (s->waits)
		printf("boot epoch     %llu is what the operator signed: it begins at the next "
		       "boot's first start\n", (unsigned long long)s->wanted);
	if (s->pending) {
		fh_time_text(s->refused.time_ms, when);
		printf("refused        %.*s, %s: %.*s: %.*s; %.*s\n", text(s->refused.state), when,
		       text(s->refused.where), text(s->refused.what), text(s->refused.cure));
	}
	fh_time_text(s->record.start_ms, when);
	printf("last start     %s\n", s->record.start_ms > 0 ? when : "never");
	printf("record         %llu entries, %llu under a checkpoint, %llu bytes\n",
	       (unsigned long long)s->record.size, (unsigned long long)s->record.covered,
	       (unsigned long long)s->record.bytes);
	if (s->record.pruned > 0)
		printf("pruned         %llu of these entries\n",
		       (unsigned long long)s->record.pruned);
	print_anchored(&s->record);
	print_retention(s);
	printf("free space     %llu MiB\n", (unsigned long long)(s->free_bytes >> 20));
}

static void put_string(struct fh_builder *b, const char *before, const char *value)
{
	fh_builder_text(b, before);
	fh_json_put_string(b, fh_span_str(value));
}

static void put_number(struct fh_builder *b, const char *before, uint64_t value)
{
	fh_builder_text(b, before);
	fh_builder_decimal(b, value);
}

static void put_hash(struct fh_builder *b, const char *before, const struct fh_hash *h)
{
	fh_builder_text(b, before);
	fh_builder_u8(b, '"');
	fh_builder_hex(b, fh_hash_span(h));
	fh_builder_u8(b, '"');
}

static void put_chain(struct fh_builder *b, const struct fh_chain *c)
{
	const struct fh_policy_held *p = fh_chain_policy(c);

	put_string(b, ",\"chain\":{\"state\":", fh_chain_state_text(c->state));
	if (c->state != FH_CHAIN_EMPTY) {
		put_hash(b, ",\"genesis\":", &c->id);
		put_hash(b, ",\"head\":", &c->head.hash);
		put_number(b, ",\"sequence\":", c->head.sequence);
		put_string(b, ",\"operator-key\":", fh_placement_text(c->placement));
	}
	if (p != nullptr)
		put_number(b, ",\"policy-expires-ms\":", p->body.expires_ms);
	if (c->why.what[0] != '\0')
		put_string(b, ",\"why\":", c->why.what);
	fh_builder_u8(b, '}');
}

static void put_refused(struct fh_builder *b, const struct fh_pending *p)
{
	fh_builder_text(b, ",\"refused\":{\"state\":");
	fh_json_put_string(b, p->state);
	put_number(b, ",\"time-ms\":", p->time_ms);
	fh_builder_text(b, ",\"where\":");
	fh_json_put_string(b, p->where);
	fh_builder_text(b, ",\"what\":");
	fh_json_put_string(b, p->what);
	fh_builder_text(b, ",\"cure\":");
	fh_json_put_string(b, p->cure);
	fh_builder_u8(b, '}');
}

static void put_recovery(struct fh_builder *b, const struct fh_data_look *keys)
{
	if (!keys->slot) {
		fh_builder_text(b, "null");
		return;
	}
	fh_builder_u8(b, '"');
	fh_builder_hex(b, fh_hash_span(&keys->slot_key));
	fh_builder_u8(b, '"');
}

static void put_retention(struct fh_builder *b, const struct status *s)
{
	const struct fh_hold_held *h;
	size_t at = 0;

	fh_builder_text(b, ",\"retention\":{");
	if (s->keyed) {
		put_number(b, "\"keys\":", s->keys.keys);
		put_number(b, ",\"keys-max\":", FH_DATA_KEYS_MAX);
		if (s->keys.next_ms != UINT64_MAX)
			put_number(b, ",\"next-ms\":", s->keys.next_ms);
		fh_builder_text(b, ",\"recovery\":");
		put_recovery(b, &s->keys);
		fh_builder_u8(b, ',');
	}
	fh_builder_text(b, "\"held\":[");
	for (bool first = true; (h = fh_chain_hold_next(&s->state.chain, &at)) != nullptr;
	     first = false) {
		fh_builder_text(b, first ? "{\"hold\":" : ",{\"hold\":");
		fh_json_put_string(b, h->body.name);
		if (h->body.subject.n > 0) {
			fh_builder_text(b, ",\"subject\":");
			fh_json_put_string(b, h->body.subject);
		}
		fh_builder_u8(b, '}');
	}
	fh_builder_text(b, "]}");
}

static fh_err print_json(const struct fh_cli *cli, struct status *s)
{
	uint8_t *room = fh_arena_space(&s->state.memory, json_max);
	struct fh_builder b = fh_builder_of(room, room == nullptr ? 0 : json_max);

	put_string(&b, "{\"state\":", cli->config.state);
	put_number(&b, ",\"format\":", FH_STORE_FORMAT);
	fh_builder_text(&b, s->running ? ",\"running\":true" : ",\"running\":false");
	if (s->pid[0] != '\0') {
		fh_builder_text(&b, ",\"pid\":");
		fh_builder_text(&b, s->pid);
	}
	put_chain(&b, &s->state.chain);
	if (s->policy) {
		put_number(&b, ",\"lease\":{\"ends-ms\":", s->term.ends_ms);
		fh_builder_text(&b, s->leased ? ",\"live\":true}" : ",\"live\":false}");
	}
	put_string(&b, ",\"grade\":", grade_of(s));
	if (s->sealed) {
		put_number(&b, ",\"device-key\":{\"epoch\":", s->epoch);
		fh_builder_text(&b, s->outdated ? ",\"outdated\":true" : ",\"outdated\":false");
		if (s->waits)
			put_number(&b, ",\"waits-for-epoch\":", s->wanted);
		fh_builder_text(&b, "}");
	}
	if (s->pending)
		put_refused(&b, &s->refused);
	put_number(&b, ",\"last-start-ms\":", s->record.start_ms);
	put_number(&b, ",\"record\":{\"size\":", s->record.size);
	put_number(&b, ",\"pruned\":", s->record.pruned);
	put_number(&b, ",\"covered\":", s->record.covered);
	put_number(&b, ",\"bytes\":", s->record.bytes);
	if (s->record.anchors_read) {
		put_number(&b, ",\"anchored\":", s->record.anchored.size);
		put_number(&b, ",\"anchors-open\":", s->record.anchored.open);
	}
	fh_builder_u8(&b, '}');
	put_retention(&b, s);
	put_number(&b, ",\"free-bytes\":", s->free_bytes);
	fh_builder_text(&b, "}\n");
	if (b.bad)
		return FH_ERR_LIMIT;
	return fwrite(b.p, 1, b.n, stdout) == b.n ? FH_ERR_OK : FH_ERR_IO;
}

static const struct fh_usage usage = {
	.verb = "status",
	.operands = "",
	.summary = "say how the daemon, the chain and the record are",
	.text = "Reads the state directory, which may be in use.  Nothing here is verified: see\n"
		"`freehold verify record --help`.",
	.examples = "freehold status --json",
};

int fh_cmd_status(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(status_drop))) struct status s = { 0 };
	struct fh_arguments a;
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;
	fh_err e = fh_state_open(cli, &s.state, &t);

	if (e == FH_ERR_OK)
		e = see_record(cli->config.state, &s.record, &t);
	if (e == FH_ERR_OK)
		e = see_lease(&s, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	see_running(cli->config.state, &s);
	see_space(cli->config.state, &s);
	see_pending(cli->config.state, &s);
	see_keys(cli->config.state, &s);
	see_seal(&s);
	if (cli->json)
		e = print_json(cli, &s);
	else if (!cli->quiet)
		print_status(cli, &s);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail(e, "stdout", nullptr, nullptr);
}
