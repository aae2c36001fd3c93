/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chain_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t sequence_digits = 8;
constexpr size_t hash_digits = 16;
constexpr size_t files_max = 2 * FH_CHAIN_MAX;

static bool all_of(const char *s, size_t n, const char *alphabet)
{
	return strnlen(s, n) == n && strspn(s, alphabet) >= n;
}

bool fh_chain_file_is(const char *name, uint64_t *sequence)
{
	if (strlen(name) != FH_CHAIN_FILE_NAME || !all_of(name, sequence_digits, "0123456789") ||
	    name[sequence_digits] != '-' ||
	    !all_of(&name[sequence_digits + 1], hash_digits, "0123456789abcdef") ||
	    strcmp(&name[sequence_digits + 1 + hash_digits], ".fhs") != 0)
		return false;
	*sequence = strtoull(name, nullptr, 10);
	return true;
}

struct fh_chain_file fh_chain_file_of(const struct fh_statement *s)
{
	struct fh_chain_file f = { .sequence = s->sequence };
	struct fh_builder b = FH_BUILDER_ARRAY(f.name);
	char digits[32];

	(void)snprintf(digits, sizeof(digits), "%08llu-", (unsigned long long)s->sequence);
	fh_builder_text(&b, digits);
	fh_builder_hex(&b, fh_span_of(s->hash.bytes, hash_digits / 2));
	fh_builder_text(&b, ".fhs");
	return f;
}

static int by_name(const void *a, const void *b)
{
	const struct fh_chain_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Counts the chain files of D, and copies the first ROOM of them to OUT.  */
static size_t read_names(DIR *d, struct fh_chain_file *out, size_t room)
{
	const struct dirent *e;
	uint64_t sequence;
	size_t n = 0;

	rewinddir(d);
	while ((e = readdir(d)) != nullptr) {
		if (!fh_chain_file_is(e->d_name, &sequence))
			continue;
		if (n < room) {
			out[n].sequence = sequence;
			memcpy(out[n].name, e->d_name, sizeof(out[n].name));
		}
		n++;
	}
	return n;
}

static fh_err list(DIR *d, struct fh_arena *a, struct fh_chain_file **out, size_t *count)
{
	size_t n = read_names(d, nullptr, 0);

	if (n > files_max)
		return FH_ERR_LIMIT;

	struct fh_chain_file *f = fh_arena_array(a, n + 1, sizeof(*f));

	if (f == nullptr)
		return FH_ERR_NOMEM;

	/* A file that came in between is told by inotify, or read next time.  */
	size_t again = read_names(d, f, n);

	n = again < n ? again : n;
	qsort(f, n, sizeof(*f), by_name);
	*out = f;
	*count = n;
	return FH_ERR_OK;
}

fh_err fh_chain_directory_open(const struct fh_store *s, DIR **out, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(s, "chain", path);

	if (e != FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", path);
	*out = opendir(path);
	if (*out != nullptr)
		return FH_ERR_OK;
	e = fh_errno_err(errno);
	fh_trace_what(t, "the chain's directory cannot be read: %s", strerror(errno));
	return e;
}

fh_err fh_chain_directory_read(const struct fh_store *s, const char *name, size_t max,
			       const char *what, struct fh_arena *a, struct fh_span *out,
			       struct fh_trace *t)
{
	char file[NAME_MAX + sizeof("chain/")], path[FH_PATH_MAX];
	fh_err e;

	(void)snprintf(file, sizeof(file), "chain/%s", name);
	e = fh_store_path(s, file, path);
	if (e != FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", path);
	e = fh_file_read(path, max, a, out);
	if (e != FH_ERR_OK)
		fh_trace_what(t, "%s cannot be read: %s", what, fh_err_text(e));
	return e;
}

fh_err fh_chain_files(const struct fh_store *s, struct fh_arena *a, struct fh_chain_file **out,
		      size_t *count, struct fh_trace *t)
{
	DIR *d;
	fh_err e = fh_chain_directory_open(s, &d, t);

	if (e != FH_ERR_OK)
		return e;
	e = list(d, a, out, count);
	(void)closedir(d);
	return e;
}

fh_err fh_chain_file_read(const struct fh_store *s, const struct fh_chain_file *f,
			  struct fh_arena *a, struct fh_span *out, struct fh_trace *t)
{
	return fh_chain_directory_read(s, f->name, FH_ENVELOPE_MAX, "the statement file", a, out,
				       t);
}

fh_err fh_chain_files_load(const struct fh_store *s, struct fh_chain *c, struct fh_arena *arena,
			   struct fh_arena *scratch, struct fh_trace *t)
{
	struct fh_chain_file *f;
	size_t n;
	fh_err e = fh_chain_files(s, arena, &f, &n, t);

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		struct fh_arena one = fh_arena_of(arena->p, arena->cap);
		struct fh_span file;

		one.n = arena->n; /* behind the list; the next file takes the same place */
		e = fh_chain_file_read(s, &f[i], &one, &file, t);
		if (e == FH_ERR_OK)
			e = fh_chain_accept(c, file, scratch, t);
	}
	return e;
}

fh_err fh_chain_file_add(const struct fh_store *s, struct fh_span file, struct fh_trace *t)
{
	struct fh_envelope v;
	char name[FH_CHAIN_FILE_NAME + sizeof("chain/")];
	fh_err e = fh_envelope_parse(file, &v, t);

	if (e != FH_ERR_OK)
		return e;

	struct fh_chain_file f = fh_chain_file_of(&v.statement);

	(void)snprintf(name, sizeof(name), "chain/%s", f.name);
	return fh_store_put(s, name, file, t);
}
