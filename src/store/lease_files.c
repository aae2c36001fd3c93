/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lease_files.h"

#include "base/decimal.h"
#include "base/sort.h"
#include "store/chain_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "lease-"
constexpr size_t prefix_n = sizeof(PREFIX) - 1;
constexpr size_t counter_digits = 20;
constexpr size_t hash_digits = 16;

static bool counter_of(const char *name, uint64_t *counter)
{
	const char *digits = name + prefix_n, *hash = digits + counter_digits + 1;

	if (strlen(name) != FH_LEASE_NAME || strncmp(name, PREFIX, prefix_n) != 0
	    || strspn(digits, "0123456789") != counter_digits || hash[-1] != '-'
	    || strspn(hash, "0123456789abcdef") != hash_digits
	    || strcmp(hash + hash_digits, ".fhl") != 0)
		return false;
	size_t zeros = strspn(digits, "0");

	if (zeros == counter_digits)
		zeros--;
	return fh_decimal_read(fh_span_of(digits + zeros, counter_digits - zeros), counter)
	       == FH_ERR_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct fh_lease_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Counts the lease files of D behind AFTER, and copies the first ROOM of them to OUT.  */
static size_t read_names(DIR *d, uint64_t after, struct fh_lease_name *out, size_t room)
{
	const struct dirent *e;
	uint64_t counter;
	size_t n = 0;

	rewinddir(d);
	while ((e = readdir(d)) != nullptr) {
		if (!counter_of(e->d_name, &counter) || counter <= after)
			continue;
		if (n < room) {
			out[n].counter = counter;
			memcpy(out[n].name, e->d_name, sizeof(out[n].name));
		}
		n++;
	}
	return n;
}

static fh_err list(DIR *d, uint64_t after, struct fh_arena *a, struct fh_lease_name **out,
		   size_t *count)
{
	size_t n = read_names(d, after, nullptr, 0);

	if (n > FH_LEASE_FILES_MAX)
		return FH_ERR_LIMIT;
	struct fh_lease_name *f = fh_arena_array(a, n + 1, sizeof(*f));

	if (f == nullptr)
		return FH_ERR_NOMEM;
	/* One that came in between is told by inotify, or read next time.  */
	size_t again = read_names(d, after, f, n);

	n = again < n ? again : n;
	fh_sort(f, n, sizeof(*f), by_name);
	*out = f;
	*count = n;
	return FH_ERR_OK;
}

fh_err fh_lease_files(const struct fh_store *s, uint64_t after, struct fh_arena *a,
		      struct fh_lease_name **out, size_t *count, struct fh_trace *t)
{
	DIR *d;
	fh_err e = fh_chain_directory_open(s, &d, t);

	if (e != FH_ERR_OK)
		return e;
	e = list(d, after, a, out, count);
	(void)closedir(d);
	return e;
}

fh_err fh_lease_file_load(const struct fh_store *s, const struct fh_lease_name *f,
			  struct fh_arena *a, struct fh_span *out, struct fh_trace *t)
{
	return fh_chain_directory_read(s, f->name, FH_LEASE_FILE_MAX, "the lease", a, out, t);
}

struct fh_lease_name fh_lease_name_of(const struct fh_lease_file *f)
{
	struct fh_lease_name out = { .counter = f->lease.counter };
	struct fh_hash h = fh_hash_of(f->lease.payload);
	int n = snprintf(out.name, sizeof(out.name), PREFIX "%020llu-",
			 (unsigned long long)f->lease.counter);
	struct fh_builder b = fh_builder_of(out.name + n, sizeof(out.name) - (size_t)n - 1);

	fh_builder_hex(&b, fh_span_of(h.bytes, hash_digits / 2));
	fh_builder_text(&b, ".fhl");
	return out;
}

fh_err fh_lease_file_add(const struct fh_store *s, struct fh_span file, struct fh_trace *t)
{
	char name[FH_LEASE_NAME + sizeof("chain/")];
	struct fh_lease_file f;
	fh_err e = fh_lease_file_read(file, &f, t);

	if (e != FH_ERR_OK)
		return e;
	(void)snprintf(name, sizeof(name), "chain/%s", fh_lease_name_of(&f).name);
	return fh_store_put(s, name, file, t);
}
