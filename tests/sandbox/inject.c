/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/inject.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static bool memory(pid_t pid, uint64_t at, void *bytes, size_t n, bool writing)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t done = writing ? pwrite(fd, bytes, n, (off_t)at) : pread(fd, bytes, n, (off_t)at);

	if (fd >= 0)
		(void)close(fd);
	return done == (ssize_t)n;
}

/* A `syscall` instruction in the page that the kernel gives every process.  */
static uint64_t find_gadget(pid_t pid)
{
	static const uint8_t instruction[] = { 0x0f, 0x05 };
	char path[64], line[256];
	uint8_t code[4 * 4096];
	uint64_t from = 0, to = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *f = fopen(path, "re");

	while (f != nullptr && fgets(line, sizeof(line), f) != nullptr) {
		char *end;

		if (strstr(line, "[vdso]") == nullptr)
			continue;
		from = strtoul(line, &end, 16);
		to = strtoul(end + 1, nullptr, 16);
	}
	if (f != nullptr)
		(void)fclose(f);
	size_t n = to - from;

	if (n == 0 || n > sizeof(code) || !memory(pid, from, code, n, /* writing= */ false))
		return 0;
	uint8_t *found = memmem(code, n, instruction, sizeof(instruction));

	return found == nullptr ? 0 : from + (uint64_t)(found - code);
}

static bool stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status);
}

bool fh_inject_begin(pid_t pid, struct fh_inject *t)
{
	*t = (struct fh_inject){ .pid = pid };
	if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0)
		return false;
	if (ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) != 0 || !stopped(pid)
	    || ptrace(PTRACE_GETREGS, pid, nullptr, &t->saved) != 0)
		return false;
	t->gadget = find_gadget(pid);
	t->space = t->saved.rsp;
	return t->gadget != 0
	       && memory(pid, t->space, t->kept, sizeof(t->kept), /* writing= */ false);
}

uint64_t fh_inject_put(struct fh_inject *t, const void *bytes, size_t n)
{
	uint64_t at = t->space + t->used;

	t->used += (n + 15) / 16 * 16;
	if (t->used > FH_INJECT_SPACE || !memory(t->pid, at, (void *)bytes, n, /* writing= */ true))
		return 0;
	return at;
}

long fh_inject_call(struct fh_inject *t, long number, const uint64_t argument[6])
{
	struct user_regs_struct r = t->saved;

	r.rip = t->gadget;
	r.rax = (uint64_t)number;
	r.orig_rax = UINT64_MAX; /* the call it was in is not restarted now */
	r.rdi = argument[0];
	r.rsi = argument[1];
	r.rdx = argument[2];
	r.r10 = argument[3];
	r.r8 = argument[4];
	r.r9 = argument[5];
	if (ptrace(PTRACE_SETREGS, t->pid, nullptr, &r) != 0
	    || ptrace(PTRACE_SINGLESTEP, t->pid, nullptr, nullptr) != 0 || !stopped(t->pid)
	    || ptrace(PTRACE_GETREGS, t->pid, nullptr, &r) != 0) {
		t->gone = true;
		return 0;
	}
	/* Behind the instruction, unless another program was executed.  */
	t->gone = r.rip != t->gadget + 2;
	return t->gone ? 0 : (long)r.rax;
}

void fh_inject_end(struct fh_inject *t)
{
	if (!t->gone) {
		(void)memory(t->pid, t->space, t->kept, sizeof(t->kept), /* writing= */ true);
		(void)ptrace(PTRACE_SETREGS, t->pid, nullptr, &t->saved);
	}
	(void)ptrace(PTRACE_DETACH, t->pid, nullptr, nullptr);
}
