/* SPDX-License-Identifier: Apache-2.0 */
#include "rival.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "crypto/sign.h"
#include "os/clock.h"

constexpr size_t row_max = 8192;

static void rival_sqlite_drop(sqlite3 **db)
{
	(void)sqlite3_close_v2(*db);
}

static void rival_statement_drop(sqlite3_stmt **s)
{
	(void)sqlite3_finalize(*s);
}

#define OWN_SQLITE __attribute__((cleanup(rival_sqlite_drop))) sqlite3
#define OWN_STATEMENT __attribute__((cleanup(rival_statement_drop))) sqlite3_stmt

struct rival {
	sqlite3 *db;
	sqlite3_stmt *row, *head;
	struct fh_signer signer;
	struct fh_hash chain;
	uint8_t bytes[row_max];
};

static bool run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

static bool insert(sqlite3_stmt *s, struct fh_span a, struct fh_span b)
{
	(void)sqlite3_bind_blob(s, 1, a.p, (int)a.n, SQLITE_STATIC);
	(void)sqlite3_bind_blob(s, 2, b.p, (int)b.n, SQLITE_STATIC);
	bool done = sqlite3_step(s) == SQLITE_DONE;

	return sqlite3_reset(s) == SQLITE_OK && done;
}

static bool insert_row(struct rival *r, const struct bench_rival *how, uint64_t number)
{
	struct fh_span entry = fh_span_of(r->bytes, how->row);

	memcpy(r->bytes, &number, sizeof(number));
	if (!how->chained)
		return insert(r->row, entry, (struct fh_span){ 0 });
	memcpy(r->bytes + sizeof(number), fh_hash_span(&r->chain).p, FH_HASH_SIZE);
	r->chain = fh_hash_of(entry);
	return insert(r->row, entry, fh_hash_span(&r->chain));
}

static bool transaction(struct rival *r, const struct bench_rival *how, uint64_t *number)
{
	struct fh_signature s;
	bool good = run(r->db, "begin immediate");

	for (size_t i = 0; i < how->batch && good; i++)
		good = insert_row(r, how, (*number)++);
	if (good && how->chained)
		good = fh_signer_sign(&r->signer, fh_hash_span(&r->chain), &s) == FH_ERR_OK
		       && insert(r->head, fh_hash_span(&r->chain), FH_SPAN_ARRAY(s.bytes));
	return good && run(r->db, "commit");
}

static fh_err measure(struct rival *r, const struct bench_rival *how, double *rate)
{
	uint64_t begun = fh_clock_boot_ns(), end = begun + (uint64_t)(how->seconds * 1e9),
		 number = 0;

	while (fh_clock_boot_ns() < end) {
		if (!transaction(r, how, &number))
			return FH_ERR_IO;
	}
	*rate = (double)number * 1e9 / (double)(fh_clock_boot_ns() - begun);
	return FH_ERR_OK;
}

static void remove_all(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[4096 + 8];

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}

fh_err bench_rival_run(const char *path, const struct bench_rival *how, double *rate)
{
	FH_OWN(fh_secret) seed = { 0 };
	OWN_SQLITE *db = nullptr;
	OWN_STATEMENT *row = nullptr, *head = nullptr;
	struct rival r = { 0 };
	fh_err e = fh_seed_new(&seed);

	if (how->row < 64 || how->row > row_max || how->batch == 0)
		return FH_ERR_LIMIT;
	remove_all(path);
	if (e == FH_ERR_OK)
		e = fh_signer_new(&seed, &r.signer);
	FH_OWN(fh_signer) owned = r.signer;

	if (e != FH_ERR_OK)
		return e;
	if (sqlite3_open(path, &db) != SQLITE_OK || !run(db, "pragma journal_mode=wal")
	    || !run(db, "pragma synchronous=full")
	    || !run(db, "create table entry(n integer primary key, bytes blob, chain blob)")
	    || !run(db, "create table head(n integer primary key, chain blob, signature blob)")
	    || sqlite3_prepare_v2(db, "insert into entry(bytes, chain) values(?, ?)", -1, &row,
				  nullptr)
		       != SQLITE_OK
	    || sqlite3_prepare_v2(db, "insert into head(chain, signature) values(?, ?)", -1, &head,
				  nullptr)
		       != SQLITE_OK)
		return FH_ERR_IO;
	r.db = db;
	r.row = row;
	r.head = head;
	e = measure(&r, how, rate);
	remove_all(path);
	return e;
}
