/* SPDX-License-Identifier: Apache-2.0 */
/* Durable signed appends per second through core's socket, beside SQLite:
 *
 *	append STATE TOKEN [SECONDS [text|json [asked|permitted IN-FLIGHT]]]
 *	append STATE TOKEN SECONDS text|json paced QUESTIONS-A-SECOND
 *
 * The last two arguments put one load on core, without SQLite: for a profiler.  Paced are
 * questions that come when they are due, whether or not those before are answered; what they
 * took counts from then.
 *
 * STATE is a state directory with the example server, policy and schema; TOKEN
 * the credential of an actor in Team::"research" that may ask about actors.  Asks are
 * questions that are answered yes (one entry each; what is refused or answered no would be counted
 * after a burst) or calls that the policy permits (two entries each; the tool server answers at
 * once).  An ask counts when its answer is there, so everything counted is durable and signed; an
 * answer without an entry of its own ends the bench.  */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "codec/cbor.h"
#include "measure.h"
#include "os/clock.h"
#include "rival.h"
#include "role/ask.h"
#include "role/permit.h"
#include "roles.h"
#include "wire/authzen.h"

constexpr size_t in_flight_max = 2048;
constexpr size_t samples_max = 2 << 20;
constexpr size_t sending_size = 2 << 20;
constexpr size_t probes_a_second = 200;
constexpr uint64_t pace_default = 1000; /* calls a second */
constexpr size_t paced_in_flight = 256; /* at most */
constexpr size_t pace_turns = 10;       /* load and probes, one after the other */
constexpr uint64_t second_ns = 1000000000;
constexpr size_t probes_max = 1 << 17;

/* One row of the table.  */
struct figures {
	bool permitted;
	size_t in_flight;
	double seconds, entries, batches, bytes; /* entries: per second; the others: of the run */
	double batch;				 /* entries per batch */
	uint64_t p50, p99;			 /* of an ask, nanoseconds */
	double core_us, keeper_us, load_us;	 /* processor time per batch */
	uint64_t core_kb, keeper_kb;		 /* the most memory they held at once */
	uint64_t sync50, sync99, slot50, sign50, sign99;       /* the parts, measured apart */
	double plain, plain_batched, chained, chained_batched; /* rows per second */
};

struct load {
	struct bench_roles *r;
	const char *token;
	struct fh_span question; /* as the gate would put it */
	bool permitted;
	bool alone, rivals; /* this row alone; with what it is measured against */
	size_t in_flight, open;
	uint64_t pace_ns, next_ns; /* between calls, when the next is due; 0: at once */
	bool pacing;
	uint64_t sent_ns[in_flight_max];
	struct bench_samples samples;
	uint64_t answers;
	struct fh_builder sending;
};

/* --- the gate's part -------------------------------------------------- */

/* What AuthZEN's evaluation of an act that is permitted becomes.  */
static fh_err read_question(struct fh_arena *a, struct fh_span *out)
{
	struct fh_span json = FH_SPAN_LIT(
		"{\"subject\":{\"type\":\"Actor\",\"id\":\"bench\"},"
		"\"action\":{\"name\":\"notes.read\"},"
		"\"resource\":{\"type\":\"File\",\"id\":\"/public/welcome.txt\"}}");
	uint8_t *p = fh_arena_take(a, FH_AUTHZEN_PARAMS_MAX);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : FH_AUTHZEN_PARAMS_MAX);
	struct fh_trace t = { 0 };
	fh_err e = fh_authzen_read(FH_AUTHZEN_EVALUATION, json, a, &b, &t);

	*out = fh_builder_span(&b);
	return e;
}

static void put_frame(struct fh_builder *b, struct fh_span body)
{
	fh_builder_be32(b, (uint32_t)body.n);
	fh_builder_bytes(b, body);
}

static fh_err send_all(int fd, struct fh_builder *b)
{
	struct fh_span s = fh_builder_span(b);

	if (b->bad)
		return FH_ERR_LIMIT;
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n <= 0)
			return FH_ERR_CLOSED;
		s = fh_span_skip(s, (size_t)n);
	}
	b->n = 0;
	return FH_ERR_OK;
}

static void put_call(struct load *l)
{
	uint8_t params[64], bytes[1024];
	struct fh_builder p = FH_BUILDER_ARRAY(params), b = FH_BUILDER_ARRAY(bytes);
	uint64_t exchange = ++l->r->exchange;
	struct fh_ask ask = {
		.kind = FH_ASK_QUESTION,
		.exchange = exchange,
		.bearer = fh_span_str(l->token),
		.params = l->question,
	};

	if (l->permitted) {
		ask.kind = FH_ASK_CALL;
		ask.session = FH_SPAN_ARRAY(l->r->session[exchange % l->r->sessions].id);
		ask.server = FH_SPAN_LIT("notes");
		ask.tool = FH_SPAN_LIT("read_note");
		fh_cbor_put_map(&p, 1);
		fh_cbor_put_text(&p, FH_SPAN_LIT("path"));
		fh_cbor_put_text(&p, FH_SPAN_LIT("/public/welcome.txt"));
		ask.params = fh_builder_span(&p);
	}
	fh_ask_put(&b, &ask);
	put_frame(&l->sending, fh_builder_span(&b));
	l->sent_ns[exchange % in_flight_max] = l->pacing ? l->next_ns : fh_clock_boot_ns();
	l->next_ns += l->pace_ns;
	l->open++;
}

static bool is_due(const struct load *l)
{
	return l->open < l->in_flight && (!l->pacing || fh_clock_boot_ns() >= l->next_ns);
}

static fh_err fill(struct load *l)
{
	while (is_due(l))
		put_call(l);
	return send_all(fh_fd_get(l->r->gate), &l->sending);
}

static fh_err on_answers(struct load *l)
{
	struct fh_reply reply;
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&l->r->gate_in);
	uint64_t now = fh_clock_boot_ns();

	while (e == FH_ERR_OK && (e = fh_pipe_next(&l->r->gate_in, &frame)) == FH_ERR_OK) {
		e = fh_reply_read(frame, &reply);
		if (e == FH_ERR_OK && reply.status == FH_REPLY_DOCUMENT)
			continue;
		if (e == FH_ERR_OK
		    && (reply.status != FH_REPLY_RESULT || reply.index == FH_NO_INDEX)) {
			(void)fprintf(stderr, "freehold: append: core answered %.*s: %.*s\n",
				      (int)reply.reason.n, reply.reason.p, (int)reply.text.n,
				      reply.text.p);
			return FH_ERR_STATE;
		}
		bench_samples_add(&l->samples, now - l->sent_ns[reply.exchange % in_flight_max]);
		l->answers++;
		l->open--;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* --- the worker's part ------------------------------------------------ */

static struct fh_span a_result(struct fh_builder *b)
{
	fh_cbor_put_map(b, 1);
	fh_cbor_put_text(b, FH_SPAN_LIT("content"));
	fh_cbor_put_array(b, 1);
	fh_cbor_put_map(b, 2);
	fh_cbor_put_text(b, FH_SPAN_LIT("text"));
	fh_cbor_put_text(b, FH_SPAN_LIT("Welcome.  This note is read.\n"));
	fh_cbor_put_text(b, FH_SPAN_LIT("type"));
	fh_cbor_put_text(b, FH_SPAN_LIT("text"));
	return fh_builder_span(b);
}

static fh_err on_permits(struct load *l, struct bench_session *s)
{
	uint8_t result[128], bytes[512];
	struct fh_builder a = FH_BUILDER_ARRAY(result);
	struct fh_outcome o = { .status = FH_OUTCOME_RESULT, .body = a_result(&a) };
	struct fh_permit p;
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&s->in);

	while (e == FH_ERR_OK && (e = fh_pipe_next(&s->in, &frame)) == FH_ERR_OK) {
		struct fh_builder b = FH_BUILDER_ARRAY(bytes);

		e = fh_permit_read(frame, &p);
		o.index = p.index;
		fh_outcome_put(&b, &o);
		put_frame(&l->sending, fh_builder_span(&b));
	}
	return e == FH_ERR_MISSING ? send_all(fh_fd_get(s->worker), &l->sending) : e;
}

/* --- one row ---------------------------------------------------------- */

/* How long nothing need be done unless somebody answers.  */
static struct timespec idle(const struct load *l)
{
	uint64_t now = fh_clock_boot_ns(), ns = 10 * second_ns;

	if (l->pacing && l->open < l->in_flight)
		ns = l->next_ns > now ? l->next_ns - now : 0;
	return (struct timespec){ (time_t)(ns / second_ns), (long)(ns % second_ns) };
}

static fh_err turn(struct load *l)
{
	const struct timespec wait = idle(l);
	struct pollfd f[1 + BENCH_SESSIONS_MAX] = { { .fd = fh_fd_get(l->r->gate),
						      .events = POLLIN } };
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < l->r->sessions; i++)
		f[1 + i] = (struct pollfd){ .fd = fh_fd_get(l->r->session[i].worker),
					    .events = POLLIN };
	int n = ppoll(f, 1 + l->r->sessions, &wait, nullptr);

	if (n <= 0)
		return n == 0 && l->pacing ? FH_ERR_OK : FH_ERR_TIMEOUT;
	for (size_t i = 0; i < l->r->sessions && e == FH_ERR_OK; i++) {
		if (f[1 + i].revents != 0)
			e = on_permits(l, &l->r->session[i]);
	}
	if (e == FH_ERR_OK && f[0].revents != 0)
		e = on_answers(l);
	return e;
}

static fh_err run_for(struct load *l, double seconds)
{
	uint64_t end = fh_clock_boot_ns() + (uint64_t)(seconds * 1e9);
	fh_err e = FH_ERR_OK;

	l->pacing = l->pace_ns > 0;
	l->next_ns = fh_clock_boot_ns();
	while (e == FH_ERR_OK && fh_clock_boot_ns() < end) {
		e = fill(l);
		if (e == FH_ERR_OK)
			e = turn(l);
	}
	l->pacing = false;
	while (e == FH_ERR_OK && l->open > 0)
		e = turn(l);
	return e;
}

static fh_err measure_load(struct load *l, double seconds, struct figures *f)
{
	struct bench_record before, after;
	fh_err e = run_for(l, seconds / 10); /* warms up */

	if (e == FH_ERR_OK)
		e = bench_roles_record(l->r, &before);
	l->samples.n = 0;
	uint64_t core = bench_cpu_ns(l->r->core), keeper = bench_cpu_ns(l->r->keeper);
	uint64_t own = bench_cpu_ns(getpid()), begun = fh_clock_boot_ns();

	if (e == FH_ERR_OK)
		e = run_for(l, seconds);
	f->seconds = (double)(fh_clock_boot_ns() - begun) / 1e9;
	core = bench_cpu_ns(l->r->core) - core;
	keeper = bench_cpu_ns(l->r->keeper) - keeper;
	own = bench_cpu_ns(getpid()) - own;
	if (e == FH_ERR_OK)
		e = bench_roles_record(l->r, &after);
	if (e != FH_ERR_OK)
		return e;
	f->batches = (double)(after.batches - before.batches);
	f->bytes = (double)(after.bytes - before.bytes);
	f->entries = (double)(after.entries - before.entries) / f->seconds;
	f->batch = (double)(after.entries - before.entries) / f->batches;
	f->core_us = (double)core / 1e3 / f->batches;
	f->keeper_us = (double)keeper / 1e3 / f->batches;
	f->load_us = (double)own / 1e3 / f->batches;
	f->core_kb = bench_peak_kb(l->r->core);
	f->keeper_kb = bench_peak_kb(l->r->keeper);
	f->p50 = bench_samples_at(&l->samples, 500);
	f->p99 = bench_samples_at(&l->samples, 990);
	return FH_ERR_OK;
}

/* The parts on the same file system, with as many bytes as a batch had.  */
static fh_err measure_parts(const char *directory, double seconds, struct bench_samples *s,
			    struct figures *f)
{
	size_t probes = (size_t)(seconds * probes_a_second);
	s->n = 0;
	fh_err e = bench_probe_sync(directory, (size_t)(f->bytes / f->batches), probes, s);

	f->sync50 = bench_samples_at(s, 500);
	f->sync99 = bench_samples_at(s, 990);
	s->n = 0;
	if (e == FH_ERR_OK)
		e = bench_probe_rewrite(directory, probes, s);
	f->slot50 = bench_samples_at(s, 500);
	s->n = 0;
	if (e == FH_ERR_OK)
		e = bench_probe_sign(probes, s);
	f->sign50 = bench_samples_at(s, 500);
	f->sign99 = bench_samples_at(s, 990);
	return e;
}

static fh_err measure_rivals(const char *directory, double seconds, struct figures *f)
{
	size_t row = (size_t)(f->bytes / (f->batch * f->batches)), batch = (size_t)(f->batch + 0.5);
	struct bench_rival how = { row < 64 ? 64 : row, 1, false, seconds };
	char path[4096 + 16];

	(void)snprintf(path, sizeof(path), "%s/rival.db", directory);
	fh_err e = bench_rival_run(path, &how, &f->plain);

	how.chained = true;
	if (e == FH_ERR_OK)
		e = bench_rival_run(path, &how, &f->chained);
	how.batch = batch == 0 ? 1 : batch;
	if (e == FH_ERR_OK)
		e = bench_rival_run(path, &how, &f->chained_batched);
	how.chained = false;
	return e == FH_ERR_OK ? bench_rival_run(path, &how, &f->plain_batched) : e;
}

/* --- saying it -------------------------------------------------------- */

static void say_rivals(const struct figures *f)
{
	(void)printf("  SQLite FULL                     %8.0f/s  (ratio %.2f)\n", f->plain,
		     f->entries / f->plain);
	(void)printf("  the same, batched as we do      %8.0f/s  (ratio %.2f)\n", f->plain_batched,
		     f->entries / f->plain_batched);
	(void)printf("  with hash chain and signature   %8.0f/s  (ratio %.2f)\n", f->chained,
		     f->entries / f->chained);
	(void)printf("  the same, batched as we do      %8.0f/s  (ratio %.2f)\n",
		     f->chained_batched, f->entries / f->chained_batched);
}

static void say_text(const struct figures *f)
{
	double wall = f->seconds * 1e6 / f->batches;
	double disk = (double)(f->sync50 + f->slot50) / 1e3;

	(void)printf(
		"%s, %zu in flight: %.0f entries/s (%.1f a batch); answered p50 %.2f ms, "
		"p99 %.2f ms\n",
		f->permitted ? "permitted calls" : "questions", f->in_flight, f->entries, f->batch,
		(double)f->p50 / 1e6, (double)f->p99 / 1e6);
	if (f->plain > 0)
		say_rivals(f);
	(void)printf("  a batch takes %.0f us: sync of the journal about %.0f (p99 %.0f), of "
		     "keys/signed %.0f,"
		     " signature %.0f (p99 %.0f)\n",
		     wall, (double)f->sync50 / 1e3, (double)f->sync99 / 1e3,
		     (double)f->slot50 / 1e3, (double)f->sign50 / 1e3, (double)f->sign99 / 1e3);
	(void)printf("  processor a batch: core %.0f us (%.1f us an entry), keeper %.0f us, load "
		     "%.0f us; "
		     "limit: %s\n",
		     f->core_us, f->core_us / f->batch, f->keeper_us, f->load_us,
		     disk > f->core_us && disk > f->keeper_us ? "the two syncs"
		     : f->core_us > f->keeper_us	      ? "core's processor"
							      : "the keeper's processor");
	(void)printf("  memory, the most at once: core %.1f MiB, keeper %.1f MiB\n",
		     (double)f->core_kb / 1024, (double)f->keeper_kb / 1024);
}

static void say_json(const struct figures *f)
{
	(void)printf("{\"bench\":\"append\",\"calls\":\"%s\",\"in-flight\":%zu,\"entries-per-"
		     "second\":%.0f,"
		     "\"entries-per-batch\":%.2f,\"p50-us\":%.1f,\"p99-us\":%.1f,",
		     f->permitted ? "permitted" : "asked", f->in_flight, f->entries, f->batch,
		     (double)f->p50 / 1e3, (double)f->p99 / 1e3);
	(void)printf("\"sqlite\":%.0f,\"sqlite-batched\":%.0f,\"sqlite-signed\":%.0f,"
		     "\"sqlite-signed-batched\":%.0f,",
		     f->plain, f->plain_batched, f->chained, f->chained_batched);
	(void)printf("\"batch-us\":%.1f,\"journal-sync-p50-us\":%.1f,\"journal-sync-p99-us\":%.1f,"
		     "\"slot-sync-p50-us\":%.1f,\"sign-p50-us\":%.1f,\"sign-p99-us\":%.1f,",
		     f->seconds * 1e6 / f->batches, (double)f->sync50 / 1e3,
		     (double)f->sync99 / 1e3, (double)f->slot50 / 1e3, (double)f->sign50 / 1e3,
		     (double)f->sign99 / 1e3);
	(void)printf("\"core-us\":%.1f,\"keeper-us\":%.1f,\"load-us\":%.1f,\"core-kb\":%llu,"
		     "\"keeper-kb\":%llu}\n",
		     f->core_us, f->keeper_us, f->load_us, (unsigned long long)f->core_kb,
		     (unsigned long long)f->keeper_kb);
}

static fh_err row(struct load *l, const char *directory, double seconds, bool json)
{
	struct figures f = { .permitted = l->permitted, .in_flight = l->in_flight };
	fh_err e = measure_load(l, seconds, &f);

	if (e == FH_ERR_OK)
		e = measure_parts(directory, seconds, &l->samples, &f);
	if (e == FH_ERR_OK && l->rivals)
		e = measure_rivals(directory, seconds / 2, &f);
	if (e != FH_ERR_OK)
		return e;
	(json ? say_json : say_text)(&f);
	(void)fflush(stdout);
	return FH_ERR_OK;
}

/* --- calls that come when they are due -------------------------------- */

/* What a durable signed entry takes at least, measured between the calls.  */
struct floor {
	struct bench_samples sync, sign;
};

static fh_err measure_paced(struct load *l, const char *directory, double seconds, struct floor *f)
{
	size_t probes = (size_t)(seconds * probes_a_second / (double)pace_turns) + 1;
	fh_err e = run_for(l, seconds / 10); /* warms up */

	l->samples.n = 0;
	for (size_t i = 0; i < pace_turns && e == FH_ERR_OK; i++) {
		e = run_for(l, seconds / (double)pace_turns);
		if (e == FH_ERR_OK)
			e = bench_probe_sync(directory, 4096, probes, &f->sync);
		if (e == FH_ERR_OK)
			e = bench_probe_sign(probes, &f->sign);
	}
	return e;
}

static void say_paced(struct load *l, uint64_t rate, struct floor *f, bool json)
{
	double p50 = (double)bench_samples_at(&l->samples, 500) / 1e3;
	double p99 = (double)bench_samples_at(&l->samples, 990) / 1e3;
	double sync = (double)bench_samples_at(&f->sync, 990) / 1e3;
	double sign = (double)bench_samples_at(&f->sign, 990) / 1e3;

	(void)printf(json ? "{\"bench\":\"paced\",\"calls-per-second\":%llu,\"p50-us\":%.1f,"
			    "\"p99-us\":%.1f,\"journal-sync-p99-us\":%.1f,\"sign-p99-us\":%.1f,"
			    "\"ratio\":%.3f}\n"
			  : "questions, %llu a second: answered p50 %.0f us, p99 %.0f us; p99 "
			    "of a sync %.0f us, of a signature %.0f us; ratio to both %.2f\n",
		     (unsigned long long)rate, p50, p99, sync, sign, p99 / (sync + sign));
	(void)fflush(stdout);
}

static fh_err paced(struct load *l, const char *directory, double seconds, uint64_t rate,
		   bool json)
{
	struct floor f;
	fh_err e = rate == 0 ? FH_ERR_LIMIT : FH_ERR_OK;

	if (e == FH_ERR_OK)
		e = bench_samples_open(probes_max, &l->r->memory, &f.sync);
	if (e == FH_ERR_OK)
		e = bench_samples_open(probes_max, &l->r->memory, &f.sign);
	l->permitted = false;
	l->in_flight = paced_in_flight;
	l->pace_ns = rate == 0 ? 0 : second_ns / rate;
	if (e == FH_ERR_OK)
		e = measure_paced(l, directory, seconds, &f);
	if (e == FH_ERR_OK)
		say_paced(l, rate, &f, json);
	return e;
}

static fh_err rows(struct load *l, const char *directory, double seconds, bool json)
{
	static const size_t in_flight[] = { 1, 16, 256, 1024 };
	fh_err e = FH_ERR_OK;

	if (l->alone && l->pace_ns > 0)
		return paced(l, directory, seconds, second_ns / l->pace_ns, json);
	if (l->alone)
		return row(l, directory, seconds, json);
	for (int permitted = 0; permitted < 2; permitted++) {
		for (size_t i = 0; i < sizeof(in_flight) / sizeof(*in_flight)
		     && e == FH_ERR_OK; i++) {
			l->permitted = permitted == 1;
			l->in_flight = in_flight[i];
			e = row(l, directory, seconds, json);
		}
	}
	return e == FH_ERR_OK ? paced(l, directory, seconds, pace_default, json) : e;
}

int main(int argc, char **argv)
{
	FH_OWN(bench_roles) r = { 0 };
	struct fh_trace t = { 0 };
	char directory[4096];

	bench_roles_become(argc, argv);
	if (argc < 3) {
		(void)fprintf(stderr, "usage: append STATE TOKEN [SECONDS [text|json "
				      "[asked|permitted|paced IN-FLIGHT|RATE [rivals]]]]\n");
		return 64;
	}
	struct load l = { .r = &r, .token = argv[2], .alone = argc > 6 };

	l.rivals = !l.alone || argc > 7;

	if (l.alone && strcmp(argv[5], "paced") == 0) {
		uint64_t rate = bench_number(argv[6]);

		l.pace_ns = rate == 0 ? 0 : second_ns / rate;
		l.in_flight = 1;
	} else if (l.alone) {
		l.permitted = strcmp(argv[5], "permitted") == 0;
		l.in_flight = bench_number(argv[6]);
	}
	if (l.alone && (l.in_flight == 0 || l.in_flight > in_flight_max / 2))
		return bench_failed("append: IN-FLIGHT", FH_ERR_LIMIT);
	double seconds = argc > 3 ? (double)bench_number(argv[3]) : 3;
	fh_err e = bench_roles_start(argv[1], &r, &t);

	(void)snprintf(directory, sizeof(directory), "%s/..", argv[1]);
	for (size_t i = 0; i < BENCH_SESSIONS_MAX && e == FH_ERR_OK; i++)
		e = bench_roles_session(&r, "notes", argv[2]);
	if (e == FH_ERR_OK)
		e = bench_samples_open(samples_max, &r.memory, &l.samples);
	if (e == FH_ERR_OK)
		e = read_question(&r.memory, &l.question);
	uint8_t *p = fh_arena_take(&r.memory, sending_size);

	l.sending = fh_builder_of(p, p == nullptr ? 0 : sending_size);
	if (e == FH_ERR_OK)
		e = rows(&l, directory, seconds <= 0 ? 3 : seconds,
			 argc > 4 && strcmp(argv[4], "json") == 0);
	return e == FH_ERR_OK ? 0 : bench_failed("append", e);
}
