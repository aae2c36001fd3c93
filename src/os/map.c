/* SPDX-License-Identifier: Apache-2.0 */
#include "os/map.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/file.h"

constexpr int exit_could_not = 2;
constexpr size_t line_max = 4096 + 128; /* of /proc/self/maps: a path, and what is before it */

/* From here on only what a signal handler may do.  */

static void say(const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t some = write(STDERR_FILENO, text, n);

		if (some <= 0)
			return;
		text += some;
		n -= (size_t)some;
	}
}

/* The hexadecimal number that *TEXT begins with, and behind it.  */
static uintptr_t number(const char **text)
{
	uintptr_t n = 0;
	char c;

	for (; (c = **text) != '\0'; (*text)++) {
		if (c >= '0' && c <= '9')
			n = 16 * n + (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = 16 * n + (uintptr_t)(c - 'a') + 10;
		else
			break;
	}
	return n;
}

/* LINE is about memory that holds AT.  */
static bool is_of(const char *line, uintptr_t at)
{
	uintptr_t begin = number(&line);

	return *line++ == '-' && at >= begin && at < number(&line);
}

/* Which file lies at AT, into LINE; the kernel knows, and a role that may not ask it does
 * without.  */
static const char *file_at(uintptr_t at, char line[line_max])
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	char c;

	while (fd >= 0 && read(fd, &c, 1) == 1) {
		if (c != '\n') {
			line[n] = c;
			n += n < line_max - 1;
			continue;
		}
		line[n] = '\0';
		n = 0;
		if (is_of(line, at))
			return strchr(line, '/');
	}
	return nullptr;
}

static void on_fault(int signal_number, siginfo_t *info, void *context)
{
	char line[line_max];

	(void)context;
	if (info->si_code <= 0) { /* somebody sent it */
		(void)signal(signal_number, SIG_DFL);
		(void)raise(signal_number);
		return;
	}
	const char *file = file_at((uintptr_t)info->si_addr, line);

	say("freehold: ");
	say(file != nullptr ? file : "a file of the record");
	say(": cannot be read any more: it was cut while it was read, or the disk is damaged "
	    "there; "
	    "try again, and look at the disk if it stays so\n");
	_exit(exit_could_not);
}

fh_err fh_map_open(int fd, size_t size, struct fh_span *out)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	void *p = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, /* offset= */ 0);

	if (p == MAP_FAILED)
		return fh_errno_err(errno);
	(void)sigaction(SIGBUS, &act, nullptr);
	(void)madvise(p, size, MADV_SEQUENTIAL);
	*out = fh_span_of(p, size);
	return FH_ERR_OK;
}

void fh_map_drop(struct fh_span *bytes)
{
	if (bytes->n > 0)
		(void)munmap((void *)bytes->p, bytes->n);
	*bytes = (struct fh_span){ 0 };
}
