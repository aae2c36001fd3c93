/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "os/clock.h"
#include "os/file.h"

fh_err bench_samples_open(size_t cap, struct fh_arena *a, struct bench_samples *out)
{
	uint64_t *p = fh_arena_array(a, cap, sizeof(*p));

	if (p == nullptr)
		return FH_ERR_NOMEM;
	*out = (struct bench_samples){ p, 0, cap };
	return FH_ERR_OK;
}

void bench_samples_add(struct bench_samples *s, uint64_t ns)
{
	if (s->n < s->cap)
		s->ns[s->n++] = ns;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t bench_samples_at(struct bench_samples *s, unsigned per_mille)
{
	if (s->n == 0)
		return 0;
	qsort(s->ns, s->n, sizeof(*s->ns), by_size);
	return s->ns[(s->n - 1) * per_mille / 1000];
}

/* --- parts ------------------------------------------------------------ */

static fh_err open_probe(const char *directory, struct fh_fd *out)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/probe", directory);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return fh_errno_err(errno);
	(void)unlink(path);
	*out = fh_fd_of(fd);
	return FH_ERR_OK;
}

static fh_err timed_sync(int fd, struct bench_samples *out)
{
	uint64_t begun = fh_clock_boot_ns();

	if (fdatasync(fd) != 0)
		return fh_errno_err(errno);
	bench_samples_add(out, fh_clock_boot_ns() - begun);
	return FH_ERR_OK;
}

fh_err bench_probe_sync(const char *directory, size_t bytes, size_t n, struct bench_samples *out)
{
	static const uint8_t page[4096] = { 1, 2, 3 };
	FH_OWN(fh_fd) file = { 0 };
	fh_err e = open_probe(directory, &file);

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		for (size_t at = 0; at < bytes; at += sizeof(page)) {
			size_t part = bytes - at < sizeof(page) ? bytes - at : sizeof(page);

			if (write(fh_fd_get(file), page, part) != (ssize_t)part)
				return fh_errno_err(errno);
		}
		e = timed_sync(fh_fd_get(file), out);
	}
	return e;
}

fh_err bench_probe_rewrite(const char *directory, size_t n, struct bench_samples *out)
{
	uint8_t slot[128] = { 0 };
	FH_OWN(fh_fd) file = { 0 };
	fh_err e = open_probe(directory, &file);

	for (size_t i = 0; i < n + 2 && e == FH_ERR_OK; i++) {
		slot[0] = (uint8_t)i;
		e = fh_fd_pwrite(fh_fd_get(file), FH_SPAN_ARRAY(slot), i % 2 * 16384);
		if (e == FH_ERR_OK)
			e = timed_sync(fh_fd_get(file), out);
	}
	return e;
}

fh_err bench_probe_sign(size_t n, struct bench_samples *out)
{
	FH_OWN(fh_signer) signer = { 0 };
	FH_OWN(fh_secret) seed = { 0 };
	uint8_t message[200] = { 7 };
	struct fh_signature s;
	fh_err e = fh_seed_new(&seed);

	if (e == FH_ERR_OK)
		e = fh_signer_new(&seed, &signer);
	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		uint64_t begun = fh_clock_boot_ns();

		message[0] = (uint8_t)i;
		e = fh_signer_sign(&signer, FH_SPAN_ARRAY(message), &s);
		bench_samples_add(out, fh_clock_boot_ns() - begun);
	}
	return e;
}

fh_err bench_probe_check(size_t n, struct bench_samples *out)
{
	FH_OWN(fh_signer) signer = { 0 };
	FH_OWN(fh_verifier) verifier = { 0 };
	FH_OWN(fh_secret) seed = { 0 };
	uint8_t message[200] = { 7 };
	struct fh_public_key key;
	struct fh_signature s;
	fh_err e = fh_seed_new(&seed);

	if (e == FH_ERR_OK)
		e = fh_signer_new(&seed, &signer);
	if (e == FH_ERR_OK)
		e = fh_signer_public(&signer, &key);
	if (e == FH_ERR_OK)
		e = fh_verifier_new(FH_SPAN_ARRAY(key.bytes), &verifier);
	if (e == FH_ERR_OK)
		e = fh_signer_sign(&signer, FH_SPAN_ARRAY(message), &s);
	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		uint64_t begun = fh_clock_boot_ns();

		e = fh_verifier_check(&verifier, FH_SPAN_ARRAY(message), FH_SPAN_ARRAY(s.bytes));
		bench_samples_add(out, fh_clock_boot_ns() - begun);
	}
	return e;
}

/* --- processes -------------------------------------------------------- */

/* The first CAP - 1 bytes of /proc/PID/NAME as a string, or an empty one.  */
static void read_proc(pid_t pid, const char *name, size_t cap, char *text)
{
	char path[64];

	text[0] = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	FH_OWN(fh_fd) owned = fh_fd_of(fd);
	ssize_t n = read(fd, text, cap - 1);

	text[n > 0 ? n : 0] = 0;
}

uint64_t bench_cpu_ns(pid_t pid)
{
	char text[128];

	read_proc(pid, "schedstat", sizeof(text), text);
	return strtoull(text, nullptr, 10);
}

uint64_t bench_peak_kb(pid_t pid)
{
	static const char field[] = "VmHWM:";
	char text[4096];

	read_proc(pid, "status", sizeof(text), text);
	const char *at = strstr(text, field);

	return at == nullptr ? 0 : strtoull(at + sizeof(field) - 1, nullptr, 10);
}

uint64_t bench_thread_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int bench_failed(const char *where, fh_err e)
{
	(void)fprintf(stderr, "freehold: %s: %s; nothing was measured\n", where, fh_err_text(e));
	return 2;
}

uint64_t bench_number(const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 10);

	return *text != '\0' && *end == '\0' ? v : 0;
}
