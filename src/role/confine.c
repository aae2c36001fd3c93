/* SPDX-License-Identifier: Apache-2.0 */
/* Two independent walls.  Landlock says which objects, seccomp which calls; the
 * break-out suite takes the newer half of Landlock away and tries again.  The
 * filters are allow-lists for the roles that read hostile bytes or hold keys,
 * and a deny-list for the two that start other programs.  */
#include "role/confine.h"

#include "role/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const role_texts[] = {
	[FH_ROLE_SUPERVISOR] = "supervisor", [FH_ROLE_GATE] = "gate",
	[FH_ROLE_CORE] = "core",             [FH_ROLE_REACH] = "reach",
	[FH_ROLE_WORKER] = "worker",         [FH_ROLE_KEEPER] = "keeper",
	[FH_ROLE_COURIER] = "courier",
};

const char *fh_role_text(enum fh_role r)
{
	return role_texts[r];
}

/* What any C program needs that only moves bytes over open descriptors.  */
static const int calls_all[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(close), SCMP_SYS(fstat),
	SCMP_SYS(lseek), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(fcntl), SCMP_SYS(sched_yield),
};

/* The gate: accepts, and multiplexes with epoll.  No socket(), no connect().  */
static const int calls_gate[] = {
	SCMP_SYS(accept4), SCMP_SYS(accept), SCMP_SYS(shutdown), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(eventfd2),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(pipe2), SCMP_SYS(dup3),
};

/* Core: files of the chain and the record, which Landlock narrows down.  */
static const int calls_core[] = {
	SCMP_SYS(openat), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(fdatasync),
	SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(unlinkat), SCMP_SYS(getdents64),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), /* of what it may make and remove: no more */
	SCMP_SYS(fstatfs), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
};

/* The keeper: rewrites a few small files in place.  */
static const int calls_keeper[] = {
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
	SCMP_SYS(getuid),
	SCMP_SYS(mlock), SCMP_SYS(nanosleep), SCMP_SYS(clock_getres),
};

/* What the two roles that start programs, and the programs, never do.  */
static const int calls_never[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
	SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime), SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(keyctl),
	SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(acct), SCMP_SYS(quotactl),
	SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(chroot),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(io_uring_setup),
};

/* A courier's libraries take what they need of the rest, which differs from version to version;
 * but it starts nothing, serves nobody, and leaves files and processes of its user, which is
 * ours, alone where Landlock does not look: their modes, times, attributes and signals.  */
static const int calls_courier[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(listen),
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat),
	SCMP_SYS(fchmodat2), SCMP_SYS(chown), SCMP_SYS(lchown), SCMP_SYS(fchown),
	SCMP_SYS(fchownat), SCMP_SYS(utime), SCMP_SYS(utimes), SCMP_SYS(futimesat),
	SCMP_SYS(utimensat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr),
	SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr),
	SCMP_SYS(inotify_init), SCMP_SYS(inotify_init1), SCMP_SYS(fanotify_init), SCMP_SYS(kill),
	SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal), SCMP_SYS(setuid), SCMP_SYS(setgid),
	SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
	SCMP_SYS(setgroups), SCMP_SYS(capset), SCMP_SYS(personality), SCMP_SYS(setpriority),
	SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setparam), SCMP_SYS(sched_setattr),
	SCMP_SYS(sched_setaffinity), SCMP_SYS(ioprio_set), SCMP_SYS(memfd_create),
	SCMP_SYS(memfd_secret), SCMP_SYS(pkey_mprotect), SCMP_SYS(shmget), SCMP_SYS(shmat),
	SCMP_SYS(msgget), SCMP_SYS(semget), SCMP_SYS(mq_open),
};

/* Namespaces that clone() can make: in one of its own a program would have every
 * capability, and with it the parts of the kernel that only root sees.  */
static const uint64_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
				       CLONE_NEWIPC,  CLONE_NEWPID, CLONE_NEWNET };

static int add_calls(scmp_filter_ctx f, uint32_t action, const int *call, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++)
		failed |= seccomp_rule_add(f, action, call[i], 0);
	return failed;
}

/* Memory may be mapped and protected, but never to be executed; glibc's fstat()
 * is a newfstatat() of the descriptor itself; ioctl() only to make a descriptor
 * non-blocking, and to ask whether it is a terminal.  */
static int add_narrow_calls(scmp_filter_ctx f)
{
	int failed = 0;

	failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				   SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
	failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				   SCMP_A1(SCMP_CMP_EQ, FIONBIO));
	failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				   SCMP_A1(SCMP_CMP_EQ, TCGETS));
	return failed;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The deny-list.  A filter cannot see the flags of clone3(), so that call does
 * not exist, and the C library takes clone().  */
static int add_never(scmp_filter_ctx f)
{
	int failed = add_calls(f, SCMP_ACT_ERRNO(EPERM), calls_never, COUNT(calls_never));

	failed |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; i < COUNT(namespaces); i++)
		failed |= seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
					   SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i],
						   namespaces[i]));
	return failed;
}

/* Of these, a courier's libraries need a part: threads, their own limits and signals, sockets of
 * the network, and memory to be executed that comes from files.  No Unix socket: behind those are
 * services, ours among them, that ask the kernel whose it is.  */
static int add_courier(scmp_filter_ctx f)
{
	constexpr uint32_t no = SCMP_ACT_ERRNO(EPERM);
	int failed = add_calls(f, no, calls_courier, COUNT(calls_courier));

	failed |= seccomp_rule_add(f, no, SCMP_SYS(clone), 1,
				   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	failed |= seccomp_rule_add(f, no, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_NE, 0));
	failed |= seccomp_rule_add(f, no, SCMP_SYS(tgkill), 1,
				   SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
	failed |= seccomp_rule_add(f, no, SCMP_SYS(prctl), 1,
				   SCMP_A0(SCMP_CMP_EQ, PR_SET_DUMPABLE));
	failed |= seccomp_rule_add(f, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	failed |= seccomp_rule_add(f, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_INET6));
	failed |= seccomp_rule_add(f, no, SCMP_SYS(mprotect), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	failed |= seccomp_rule_add(f, no, SCMP_SYS(mmap), 2,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC),
				   SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	return failed;
}

static int add_role(scmp_filter_ctx f, enum fh_role role)
{
	int failed;

	if (role == FH_ROLE_COURIER)
		return add_courier(f) | add_never(f);
	if (role == FH_ROLE_SUPERVISOR || role == FH_ROLE_REACH)
		return add_never(f);
	failed = add_calls(f, SCMP_ACT_ALLOW, calls_all, COUNT(calls_all));
	failed |= add_narrow_calls(f);
	if (role == FH_ROLE_GATE)
		failed |= add_calls(f, SCMP_ACT_ALLOW, calls_gate, COUNT(calls_gate));
	if (role == FH_ROLE_CORE)
		failed |= add_calls(f, SCMP_ACT_ALLOW, calls_core, COUNT(calls_core));
	if (role == FH_ROLE_KEEPER)
		failed |= add_calls(f, SCMP_ACT_ALLOW, calls_keeper, COUNT(calls_keeper));
	return failed;
}

static fh_err filter_calls(enum fh_role role, struct fh_trace *t)
{
	bool denies = role == FH_ROLE_SUPERVISOR || role == FH_ROLE_REACH
		      || role == FH_ROLE_COURIER;
	scmp_filter_ctx f = seccomp_init(denies ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	int failed = f == nullptr;

	if (!failed)
		failed = add_role(f, role);
	if (!failed)
		failed = seccomp_load(f);
	if (f != nullptr)
		seccomp_release(f);
	if (!failed)
		return FH_ERR_OK;
	fh_trace_where(t, "%s", fh_role_text(role));
	fh_trace_what(t, "seccomp cannot be applied");
	fh_trace_cure(t, "use a kernel with CONFIG_SECCOMP_FILTER");
	return FH_ERR_UNSUPPORTED;
}

/* No core files; roles that write no files may write none.  (A log line to a
 * standard error that is a file must fail then, not kill.)  */
static fh_err limit_resources(enum fh_role role)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return FH_ERR_PERMISSION;
	if ((role == FH_ROLE_GATE || role == FH_ROLE_WORKER || role == FH_ROLE_COURIER)
	    && setrlimit(RLIMIT_FSIZE, &none) != 0)
		return FH_ERR_PERMISSION;
	return FH_ERR_OK;
}

/* Capabilities a role keeps of those it was started with: the supervisor looks
 * at its peers' programs, reach becomes the users of tool servers.  */
static uint32_t capabilities_of(enum fh_role role)
{
	constexpr uint32_t change_users = UINT32_C(1) << CAP_SETUID | UINT32_C(1) << CAP_SETGID;

	if (role == FH_ROLE_SUPERVISOR)
		return UINT32_C(1) << CAP_SYS_PTRACE | change_users;
	return role == FH_ROLE_REACH ? change_users : 0;
}

/* Gives up all other capabilities, for what it starts, too.  */
static fh_err drop_capabilities(enum fh_role role)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	uint32_t keep = capabilities_of(role);

	if (syscall(SYS_capget, &h, d) != 0)
		return FH_ERR_PERMISSION;
	d[0] = (struct __user_cap_data_struct){ .effective = d[0].permitted & keep,
						.permitted = d[0].permitted & keep,
						.inheritable = d[0].inheritable & keep };
	d[1] = (struct __user_cap_data_struct){ 0 };
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return FH_ERR_PERMISSION;
	return syscall(SYS_capset, &h, d) == 0 ? FH_ERR_OK : FH_ERR_PERMISSION;
}

/* Keys must not reach swap.  Where the limit is too low for a whole process,
 * non-dumpable pages and encrypted swap are what is left: SECURITY.md.  */
static void lock_memory(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_MEMLOCK, &l) == 0 && l.rlim_cur >= 64 << 20)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
}

/* The sanitizer's runtime makes calls of its own; confinement is shown on the
 * release build.  */
#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

static fh_err bind_to_files(const struct fh_confinement *what, int *landlock, struct fh_trace *t)
{
	bool courier = what->role == FH_ROLE_COURIER;
	/* What a courier reads: libraries, names, certificates.  */
	const char *const readable[] = { "/usr", "/lib", "/lib64", "/etc", "/run/systemd/resolve",
					 what->ca_file, nullptr };

	return fh_landlock_apply(what->directory, courier ? readable : nullptr,
				 /* connect= */ courier, landlock, t);
}

fh_err fh_confine(const struct fh_confinement *what, int *landlock, struct fh_trace *t)
{
	bool starts_programs = what->role == FH_ROLE_SUPERVISOR || what->role == FH_ROLE_REACH;
	fh_err e = limit_resources(what->role);

	*landlock = 0;
	if (sanitized)
		return e;
	if (e == FH_ERR_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		e = FH_ERR_PERMISSION;
	if (e == FH_ERR_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		e = FH_ERR_PERMISSION;
	if (what->role == FH_ROLE_KEEPER)
		lock_memory();
	if (e == FH_ERR_OK)
		e = drop_capabilities(what->role);
	/* What starts programs cannot be bound to files: its children inherit it.  */
	if (e == FH_ERR_OK && !starts_programs)
		e = bind_to_files(what, landlock, t);
	if (e == FH_ERR_OK)
		e = filter_calls(what->role, t);
	return e;
}
