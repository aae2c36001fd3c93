/* SPDX-License-Identifier: Apache-2.0 */
#include "index/index.h"

#include <stdio.h>
#include <string.h>

#include "index/sqlite.h"
#include "os/memory.h"

struct fh_index {
	struct fh_sqlite s;
	struct fh_arena memory; /* this object itself */
	sqlite3 *db;
	sqlite3_stmt *insert;
};

/* Numbers above 2^63 do not occur: an index, and milliseconds.  */
static const char schema[] =
	"PRAGMA temp_store = MEMORY;" /* what it sorts is no less secret than what it holds */
	"CREATE TABLE entry (id INTEGER PRIMARY KEY, time INTEGER, kind TEXT, actor TEXT,"
	" action TEXT, resource TEXT, server TEXT, reason TEXT, status TEXT, allowed INTEGER,"
	" intent INTEGER, text TEXT);"
	"CREATE INDEX by_time ON entry (time);"
	"CREATE INDEX by_intent ON entry (intent);"
	"BEGIN";
static const char insert[] = "INSERT INTO entry VALUES (?,?,?,?,?,?,?,?,?,?,?,?)";
/* A filter that is not given is NULL, and then matches.  Names are looked for as parts,
 * by instr(), in which no character has a meaning of its own.  */
static const char select[] =
	"SELECT id FROM entry WHERE (?1 IS NULL OR kind = ?1)"
	" AND (?2 IS NULL OR instr(lower(actor), lower(?2)))"
	" AND (?3 IS NULL OR instr(lower(action), lower(?3)))"
	" AND (?4 IS NULL OR instr(lower(resource), lower(?4)))"
	" AND (?5 IS NULL OR server = ?5) AND (?6 IS NULL OR status = ?6)"
	" AND (?7 IS NULL OR reason = ?7)"
	" AND (?8 IS NULL OR instr(lower(text), lower(?8)))"
	" AND (?9 IS NULL OR allowed = ?9) AND time >= ?10 AND (?11 IS NULL OR time < ?11)"
	" AND (?12 IS NULL OR intent = ?12) ORDER BY id DESC LIMIT ?13";

static fh_err error_of(int code)
{
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return FH_ERR_OK;
	return code == SQLITE_NOMEM ? FH_ERR_NOMEM : code == SQLITE_TOOBIG ? FH_ERR_LIMIT
									     : FH_ERR_IO;
}

fh_err fh_index_open(struct fh_index_handle *out, struct fh_trace *t)
{
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_index_handle) h = { 0 };
	fh_err e = fh_arena_map(sizeof(struct fh_index) + 64, &memory);

	if (e != FH_ERR_OK)
		return e;
	h.p = fh_arena_take(&memory, sizeof(*h.p));
	h.p->memory = memory;
	memory = (struct fh_arena){ 0 };
	e = fh_sqlite_load(&h.p->s, t);
	if (e != FH_ERR_OK)
		return e;
	const struct fh_sqlite *s = &h.p->s;
	int code = s->open(":memory:", &h.p->db,
			   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			   nullptr);

	if (code == SQLITE_OK)
		code = s->exec(h.p->db, schema, nullptr, nullptr, nullptr);
	if (code == SQLITE_OK)
		code = s->prepare(h.p->db, insert, sizeof(insert), &h.p->insert, nullptr);
	if (code != SQLITE_OK)
		return error_of(code);
	*out = h;
	h.p = nullptr;
	return FH_ERR_OK;
}

void fh_index_handle_drop(struct fh_index_handle *h)
{
	if (h->p == nullptr)
		return;
	struct fh_arena memory = h->p->memory;

	if (h->p->insert != nullptr)
		(void)h->p->s.finalize(h->p->insert);
	if (h->p->db != nullptr)
		(void)h->p->s.close(h->p->db);
	h->p = nullptr;
	fh_arena_drop(&memory);
}

/* Values are bound and nothing is pasted into a statement.  The first error stays in
 * *CODE.  */
static void bind_span(const struct fh_sqlite *s, sqlite3_stmt *q, int i, struct fh_span v,
		      int *code)
{
	if (*code != SQLITE_OK)
		return;
	*code = v.n == 0 ? s->bind_null(q, i)
			 : s->bind_text(q, i, (const char *)v.p, (int)v.n, SQLITE_STATIC);
}

static void bind_text(const struct fh_sqlite *s, sqlite3_stmt *q, int i, const char *v, int *code)
{
	bind_span(s, q, i, v == nullptr ? (struct fh_span){ 0 } : fh_span_str(v), code);
}

/* NONE stands for NULL.  */
static void bind_int(const struct fh_sqlite *s, sqlite3_stmt *q, int i, uint64_t v, uint64_t none,
		     int *code)
{
	if (*code != SQLITE_OK)
		return;
	*code = v == none ? s->bind_null(q, i) : s->bind_int(q, i, (sqlite3_int64)v);
}

fh_err fh_index_add(struct fh_index *x, const struct fh_index_row *r)
{
	const struct fh_sqlite *s = &x->s;
	sqlite3_stmt *q = x->insert;
	int code = SQLITE_OK;

	if (r->text.n > INT32_MAX)
		return FH_ERR_LIMIT;
	bind_int(s, q, 1, r->index, UINT64_MAX, &code);
	bind_int(s, q, 2, r->time_ms, UINT64_MAX, &code);
	bind_text(s, q, 3, r->kind, &code);
	bind_span(s, q, 4, r->actor, &code);
	bind_span(s, q, 5, r->action, &code);
	bind_span(s, q, 6, r->resource, &code);
	bind_span(s, q, 7, r->server, &code);
	bind_span(s, q, 8, r->reason, &code);
	bind_span(s, q, 9, r->status, &code);
	bind_int(s, q, 10, r->allowed < 0 ? UINT64_MAX : (uint64_t)r->allowed, UINT64_MAX, &code);
	bind_int(s, q, 11, r->intent, UINT64_MAX, &code);
	bind_span(s, q, 12, r->text, &code);
	if (code == SQLITE_OK)
		code = s->step(q);
	(void)s->reset(q);
	return error_of(code);
}

static int bind_query(const struct fh_sqlite *s, sqlite3_stmt *p, const struct fh_index_query *q)
{
	const char *const text[] = { q->kind, q->actor, q->action, q->resource, q->server,
				     q->status, q->reason, q->word };
	int code = SQLITE_OK;

	for (int i = 0; i < 8; i++)
		bind_text(s, p, i + 1, text[i], &code);
	bind_int(s, p, 9, q->allowed < 0 ? UINT64_MAX : (uint64_t)q->allowed, UINT64_MAX, &code);
	bind_int(s, p, 10, q->since_ms, UINT64_MAX, &code);
	bind_int(s, p, 11, q->until_ms, UINT64_MAX, &code);
	bind_int(s, p, 12, q->about, UINT64_MAX, &code);
	bind_int(s, p, 13, q->limit, UINT64_MAX, &code);
	return code;
}

fh_err fh_index_search(struct fh_index *x, const struct fh_index_query *q, uint64_t *out, size_t *n)
{
	const struct fh_sqlite *s = &x->s;
	sqlite3_stmt *p = nullptr;
	size_t found = 0;
	int code = s->prepare(x->db, select, sizeof(select), &p, nullptr);

	if (code == SQLITE_OK)
		code = bind_query(s, p, q);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = s->step(p);
		if (code == SQLITE_ROW && found < q->limit)
			out[found++] = (uint64_t)s->column_int(p, 0);
	}
	if (p != nullptr)
		(void)s->finalize(p);
	if (code != SQLITE_DONE)
		return error_of(code);
	/* The newest were asked for; they are handed out as they happened.  */
	for (size_t i = 0; i + 1 < found - i && found > 0; i++) {
		uint64_t swap = out[i];

		out[i] = out[found - 1 - i];
		out[found - 1 - i] = swap;
	}
	*n = found;
	return FH_ERR_OK;
}
