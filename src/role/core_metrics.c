/* SPDX-License-Identifier: Apache-2.0 */
#include "role/core_metrics.h"

#include "role/core.h"

#include "codec/cbor.h"

#include <sys/vfs.h>

/* Milliseconds, and as Prometheus writes them in seconds.  */
static const struct {
	uint64_t ms;
	const char *text;
} bound[FH_COMMIT_BUCKETS] = {
	{ 1, "0.001" }, { 2, "0.002" }, { 5, "0.005" }, { 10, "0.01" }, { 20, "0.02" },
	{ 50, "0.05" }, { 100, "0.1" }, { 500, "0.5" }, { 2000, "2" },
};

void fh_core_count_entry(struct fh_core_metrics *m, enum fh_entry_kind kind,
			 const struct fh_fields *f)
{
	const struct fh_field *decision = fh_fields_get(f, FH_FIELD_DECISION);

	m->entries[kind]++;
	if (kind != FH_ENTRY_INTENT || decision == nullptr)
		return;
	struct fh_cursor c = fh_cursor_of(decision->value);

	(void)fh_cbor_array(&c, FH_CBOR_ITEMS_MAX);
	if (fh_cbor_bool(&c))
		m->permitted++;
	else
		m->denied++;
}

void fh_core_count_commit(struct fh_core_metrics *m, uint64_t sync_ns, uint64_t sign_ns)
{
	m->commits++;
	m->sync_ns += sync_ns;
	m->sign_ns += sign_ns;
	for (size_t i = 0; i < FH_COMMIT_BUCKETS; i++) {
		if (sync_ns + sign_ns <= bound[i].ms * 1000000)
			m->bucket[i]++;
	}
}

/* --- saying it, in Prometheus' text format 0.0.4 ----------------------- */

static void put_head(struct fh_builder *b, const char *name, const char *type, const char *help)
{
	fh_builder_text(b, "# HELP freehold_");
	fh_builder_text(b, name);
	fh_builder_u8(b, ' ');
	fh_builder_text(b, help);
	fh_builder_text(b, "\n# TYPE freehold_");
	fh_builder_text(b, name);
	fh_builder_u8(b, ' ');
	fh_builder_text(b, type);
	fh_builder_u8(b, '\n');
}

/* LABEL is one pair, or NULL.  */
static void put_sample(struct fh_builder *b, const char *name, const char *label,
		       const char *value_of_label, uint64_t v)
{
	fh_builder_text(b, "freehold_");
	fh_builder_text(b, name);
	if (label != nullptr) {
		fh_builder_u8(b, '{');
		fh_builder_text(b, label);
		fh_builder_text(b, "=\"");
		fh_builder_text(b, value_of_label);
		fh_builder_text(b, "\"}");
	}
	fh_builder_u8(b, ' ');
	fh_builder_decimal(b, v);
	fh_builder_u8(b, '\n');
}

static void put_gauge(struct fh_builder *b, const char *name, const char *help, uint64_t v)
{
	put_head(b, name, "gauge", help);
	put_sample(b, name, /* label= */ nullptr, "", v);
}

/* NS as seconds with nine digits behind the point.  */
static void put_seconds(struct fh_builder *b, const char *name, uint64_t ns)
{
	uint64_t rest = ns % 1000000000;

	fh_builder_text(b, "freehold_");
	fh_builder_text(b, name);
	fh_builder_u8(b, ' ');
	fh_builder_decimal(b, ns / 1000000000);
	fh_builder_u8(b, '.');
	for (uint64_t scale = 100000000; scale > 0; scale /= 10)
		fh_builder_u8(b, (uint8_t)('0' + rest / scale % 10));
	fh_builder_u8(b, '\n');
}

static void put_counters(struct fh_builder *b, const struct fh_core_metrics *m)
{
	put_head(b, "entries_total", "counter", "Entries recorded since the start, by kind.");
	for (int k = 1; k < FH_ENTRY_KINDS; k++)
		put_sample(b, "entries_total", "kind", fh_entry_kind_text((enum fh_entry_kind)k),
			   m->entries[k]);
	put_head(b, "decisions_total", "counter", "Intents since the start, by their decision.");
	put_sample(b, "decisions_total", "decision", "permitted", m->permitted);
	put_sample(b, "decisions_total", "decision", "denied", m->denied);
	put_head(b, "budgets_refused_total", "counter",
		 "Decisions refused since the start because too many budgets are in use.");
	put_sample(b, "budgets_refused_total", /* label= */ nullptr, "", m->roomless);
	put_head(b, "refusals_counted_total", "counter",
		 "Refusals since the start that entries tell as a number.");
	put_sample(b, "refusals_counted_total", /* label= */ nullptr, "", m->counted);
	put_head(b, "pruned_entries_total", "counter",
		 "Entries that became stubs since the start.");
	put_sample(b, "pruned_entries_total", /* label= */ nullptr, "", m->pruned);
	put_head(b, "pruned_bytes_total", "counter", "Bytes of the record freed by that.");
	put_sample(b, "pruned_bytes_total", /* label= */ nullptr, "", m->pruned_bytes);
}

static void put_commits(struct fh_builder *b, const struct fh_core_metrics *m)
{
	put_head(b, "commit_seconds", "histogram",
		 "Time from a batch's first byte on disk to its signed checkpoint.");
	for (size_t i = 0; i < FH_COMMIT_BUCKETS; i++)
		put_sample(b, "commit_seconds_bucket", "le", bound[i].text, m->bucket[i]);
	put_sample(b, "commit_seconds_bucket", "le", "+Inf", m->commits);
	put_seconds(b, "commit_seconds_sum", m->sync_ns + m->sign_ns);
	put_sample(b, "commit_seconds_count", /* label= */ nullptr, "", m->commits);
	put_head(b, "commit_sync_seconds_total", "counter", "Of that, waiting for the disk.");
	put_seconds(b, "commit_sync_seconds_total", m->sync_ns);
	put_head(b, "commit_sign_seconds_total", "counter", "Of that, waiting for the keeper.");
	put_seconds(b, "commit_sign_seconds_total", m->sign_ns);
}

struct tally {
	uint64_t gates, sessions, calls, suppressed;
};

static struct tally tally_of(const struct fh_core *c)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		t.gates += c->gate[i].used;
		t.suppressed += c->gate[i].suppressed;
	}
	t.suppressed += c->flood.waiting;
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		const struct fh_core_session *s = &c->session[i];

		t.sessions += s->state != FH_SESSION_FREE;
		for (size_t k = 0; k < FH_CORE_CALLS_MAX && s->state != FH_SESSION_FREE; k++)
			t.calls += s->call[k].index != FH_NO_INDEX;
	}
	return t;
}

static void put_record(struct fh_builder *b, const struct fh_core *c)
{
	struct statfs s;

	put_gauge(b, "record_entries", "Entries under the newest signed checkpoint.",
		  c->journal.signed_tree.size);
	if (fstatfs(fh_fd_get(c->journal.segment), &s) == 0)
		put_gauge(b, "record_free_bytes", "Room left where the record is.",
			  (uint64_t)s.f_bavail * (uint64_t)s.f_bsize);
	put_gauge(b, "record_full", "1 while nothing is permitted for want of room.",
		  c->nearly_full);
	put_gauge(b, "record_keys_left", "Period keys that can still be made.", c->key_room);
	put_gauge(b, "chip_lost", "1 while nothing is permitted for want of the chip.",
		  c->lost != nullptr);
	put_gauge(b, "tiles_broken", "1 if the record cannot be served as tiles.",
		  c->tiles.broken != FH_ERR_OK);
	put_gauge(b, "chain_sequence", "Sequence of the newest accepted statement.",
		  c->chain.head.sequence);
	put_gauge(b, "boots", "How often the machine had booted.", c->boot);
	put_gauge(b, "starts", "The start counter.", c->start);
}

static void put_witnesses(struct fh_builder *b, const struct fh_core *c)
{
	static const char *const text[FH_WITNESS_STATES] = { "new", "good", "away", "refuses",
							     "dropped" };
	uint64_t in[FH_WITNESS_STATES] = { 0 };

	for (size_t i = 0; i < c->submit.witnesses; i++)
		in[c->submit.witness[i].state]++;
	put_head(b, "witnesses", "gauge", "Witnesses of the record, by how they are.");
	for (size_t i = 0; i < FH_WITNESS_STATES; i++)
		put_sample(b, "witnesses", "state", text[i], in[i]);
	put_gauge(b, "witnessed_entries", "Entries under the newest checkpoint with the quorum.",
		  c->submit.witnessed);
	put_head(b, "witness_alarms_total", "counter", "What witnesses said that none may.");
	put_sample(b, "witness_alarms_total", /* label= */ nullptr, "", c->submit.alarms);
	put_head(b, "cosigned_total", "counter", "Checkpoints of other logs that were cosigned.");
	put_sample(b, "cosigned_total", /* label= */ nullptr, "", c->metrics.cosigned);
}

void fh_core_put_metrics(struct fh_builder *b, const struct fh_core *c)
{
	struct tally t = tally_of(c);

	put_counters(b, &c->metrics);
	put_commits(b, &c->metrics);
	put_record(b, c);
	put_witnesses(b, c);
	put_gauge(b, "gates", "Peers that are served, and the network.", t.gates);
	put_gauge(b, "sessions", "Client sessions, each with a tool server.", t.sessions);
	put_gauge(b, "calls_open", "Permitted calls whose outcome is awaited.", t.calls);
	put_gauge(b, "budgets", "Budgets of quotas that are remembered.", c->fold.budgets);
	put_gauge(b, "refusals_suppressed", "Refusals that are counted and not written yet.",
		  t.suppressed);
}
