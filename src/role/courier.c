/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: carry one request to the one witness that core names, and
 * its answer back.  It reads the system's files for names and certificates, writes none,
 * and holds no key; what it says counts as that witness's word only.  */
#include "role/courier.h"

#include "anchor/fetch.h"
#include "base/utf8.h"
#include "merkle/witness.h"
#include "os/memory.h"
#include "role/confine.h"
#include "role/frame.h"
#include "role/log.h"
#include "role/role.h"

#include <string.h>

constexpr size_t memory_size = 1 << 20;

static struct fh_errand_answer carry(const struct fh_errand *e, const char *ca_file,
				     struct fh_arena *a, struct fh_trace *t)
{
	struct fh_fetch f = { .body = e->body, .max = FH_WITNESS_ANSWER_MAX, .ca_file = ca_file,
			      .type = e->body.n > 0 ? "text/plain; charset=utf-8" : nullptr };
	struct fh_errand_answer answer = { 0 };
	struct fh_fetched got;
	struct fh_span url = { 0 };
	char *text = fh_arena_take(a, e->url.n + 1);
	fh_err err = FH_ERR_NOMEM;

	if (text != nullptr) {
		memcpy(text, e->url.p, e->url.n);
		text[e->url.n] = '\0';
		url = fh_span_str(text);
		f.url = text;
		err = url.n == e->url.n && fh_fetch_url_ok(text) ? fh_fetch(&f, a, &got, t)
								 : FH_ERR_FORMAT;
	}
	if (err == FH_ERR_OK) {
		answer.status = (uint64_t)got.status;
		answer.body = got.body;
		return answer;
	}
	answer.large = err == FH_ERR_LIMIT;
	answer.why = fh_utf8_first(fh_span_str(t->what[0] != '\0' ? t->what : fh_err_text(err)),
				   256);
	return answer;
}

static fh_err run(const char *ca_file, struct fh_arena *a, struct fh_trace *t)
{
	struct fh_pipe core;
	struct fh_errand errand;
	struct fh_span frame;
	fh_err e = fh_pipe_open(FH_FD_CORE, FH_WITNESS_REQUEST_MAX + 2048, a, &core);

	if (e == FH_ERR_OK)
		e = fh_pipe_wait(&core, &frame);
	if (e == FH_ERR_OK)
		e = fh_errand_read(frame, &errand);
	if (e != FH_ERR_OK)
		return e;
	struct fh_errand_answer answer = carry(&errand, ca_file, a, t);
	size_t cap = answer.body.n + 1024;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, cap), cap);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_errand_answer_put(&b, &answer);
	return b.bad ? FH_ERR_LIMIT
		     : fh_frame_send(FH_FD_CORE, fh_builder_span(&b), /* pass= */ -1);
}

int fh_role_courier(int argc, char **argv)
{
	struct fh_confinement what = { .role = FH_ROLE_COURIER,
				       .ca_file = argc > 1 ? argv[1] : nullptr };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_trace t = { 0 };
	int landlock;

	fh_err e = fh_confine(&what, &landlock, &t);

	if (e == FH_ERR_OK)
		e = fh_arena_map(memory_size, &arena);
	if (e == FH_ERR_OK)
		e = run(what.ca_file, &arena, &t);
	if (e != FH_ERR_OK && e != FH_ERR_CLOSED)
		fh_log_error("courier", e, &t);
	return e == FH_ERR_OK || e == FH_ERR_CLOSED ? 0 : 2;
}
