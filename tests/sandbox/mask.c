/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr uint64_t rights_of_2 = (LANDLOCK_ACCESS_FS_REFER << 1) - 1;
constexpr size_t attributes_of_2 = sizeof(uint64_t); /* handled_access_fs alone */

static void must(bool so, const char *what)
{
	if (so)
		return;
	perror(what);
	_exit(99);
}

void fh_mask_prepare(struct fh_mask *m, enum fh_mask_kind kind)
{
	*m = (struct fh_mask){ .kind = kind, .pair = { -1, -1 } };
	if (kind == FH_MASK_NONE)
		return;
	m->seen = mmap(nullptr, sizeof(*m->seen), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(m->seen != MAP_FAILED, "mmap");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m->pair) == 0, "socketpair");
}

static void pass(int pair, int fd)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { &(char){ 'l' }, 1 };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			       .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	must(sendmsg(pair, &h, 0) == 1, "sendmsg");
}

static int take(int pair)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte;
	struct iovec v = { &byte, 1 };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd = -1;

	must(recvmsg(pair, &h, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&h) != nullptr, "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof(fd));
	return fd;
}

void fh_mask_wear(struct fh_mask *m)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof(f) / sizeof(f[0]), f };

	if (m->kind == FH_MASK_NONE)
		return;
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			  &p);

	must(fd >= 0, "seccomp");
	pass(m->pair[1], (int)fd);
	(void)close((int)fd);
	(void)close(m->pair[0]);
	(void)close(m->pair[1]);
}

/* --- in the answering process ------------------------------------------ */

/* What a kernel of level 2 says to these attributes: 0, E2BIG or EINVAL.  */
static int judge(const struct seccomp_notif *n)
{
	uint64_t a[8] = { 0 };
	size_t size = (size_t)n->data.args[1];
	char path[64];

	if (size < attributes_of_2 || size > sizeof(a))
		return size > sizeof(a) ? E2BIG : EINVAL;
	(void)snprintf(path, sizeof(path), "/proc/%u/mem", n->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = pread(fd, a, size, (off_t)n->data.args[0]);

	(void)close(fd);
	if (got != (ssize_t)size)
		return EFAULT;
	for (size_t i = 1; i < sizeof(a) / sizeof(a[0]); i++) {
		if (a[i] != 0)
			return E2BIG;
	}
	return (a[0] & ~rights_of_2) != 0 ? EINVAL : 0;
}

static void answer(struct fh_mask *m, const struct seccomp_notif *n, struct seccomp_notif_resp *r)
{
	bool version = n->data.args[2] == LANDLOCK_CREATE_RULESET_VERSION;
	int error;

	*r = (struct seccomp_notif_resp){ .id = n->id };
	if (m->kind == FH_MASK_ABSENT) {
		m->seen->versions += version;
		r->error = -ENOSYS;
	} else if (version) {
		m->seen->versions++;
		r->val = m->kind == FH_MASK_LYING ? 7 : 2;
	} else if ((error = judge(n)) != 0) {
		m->seen->refused++;
		r->error = -error;
	} else {
		m->seen->granted++;
		r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	}
}

static void answer_all(struct fh_mask *m)
{
	int fd = take(m->pair[0]);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct seccomp_notif n = { 0 };
		struct seccomp_notif_resp r;

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n) != 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			_exit(0);
		}
		answer(m, &n, &r);
		(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r);
	}
}

void fh_mask_answer(struct fh_mask *m)
{
	if (m->kind == FH_MASK_NONE)
		return;
	m->answering = fork();
	must(m->answering >= 0, "fork");
	if (m->answering == 0)
		answer_all(m);
	(void)close(m->pair[0]);
	(void)close(m->pair[1]);
}

void fh_mask_drop(struct fh_mask *m)
{
	if (m->answering > 0) {
		(void)kill(m->answering, SIGKILL);
		(void)waitpid(m->answering, nullptr, 0);
	}
	if (m->seen != nullptr)
		(void)munmap(m->seen, sizeof(*m->seen));
	*m = (struct fh_mask){ 0 };
}
