/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/attempt.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Descriptors that the unconfined process has for this, and where the roles
 * have theirs.  */
constexpr int inet_fd = 4;
constexpr int file_fd = 5;
constexpr int unix_fd = 6;
constexpr int pidfd_fd = 7;

const char *fh_suspect_text(enum fh_suspect s)
{
	static const char *const text[] = { "supervisor", "keeper", "core", "reach", "worker",
					    "network gate", "peer gate", "courier",
					    "an unconfined process" };

	return text[s];
}

static const union bpf_attr map_attributes = {
	.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1,
};
static const struct io_uring_params ring;
static const struct perf_event_attr event = {
	.type = PERF_TYPE_SOFTWARE, .size = sizeof(event), .config = PERF_COUNT_SW_CPU_CLOCK,
};
static const struct clone_args plain_clone = { .exit_signal = SIGCHLD };
static const struct clone_args user_clone = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
static const struct __user_cap_header_struct cap_head = { .version = _LINUX_CAPABILITY_VERSION_3 };
static const struct __user_cap_data_struct cap_admin[2] = {
	{ .effective = 1u << CAP_SYS_ADMIN, .permitted = 1u << CAP_SYS_ADMIN },
};
static const uint64_t pair_space[2];
static const uint64_t no_limit[2] = { RLIM_INFINITY, RLIM_INFINITY };

#define N(v) { FH_ARGUMENT_NUMBER, (long)(v), nullptr, nullptr, 0 }
#define T(s) { FH_ARGUMENT_TEXT, 0, s, nullptr, 0 }
#define STATE(s) { FH_ARGUMENT_STATE, 0, s, nullptr, 0 }
#define ROOT(s) { FH_ARGUMENT_ROOT, 0, s, nullptr, 0 }
#define PREY { FH_ARGUMENT_PREY, 0, nullptr, nullptr, 0 }
#define PREY_FILE(s) { FH_ARGUMENT_PREY_FILE, 0, s, nullptr, 0 }
#define B(o) { FH_ARGUMENT_BYTES, 0, nullptr, &(o), sizeof(o) }
#define PAGE { FH_ARGUMENT_PAGE, 0, nullptr, nullptr, 0 }
#define LISTENER { FH_ARGUMENT_LISTENER, 0, nullptr, nullptr, 0 }

#define ABSTRACT(s) { FH_ARGUMENT_ABSTRACT, 0, s, nullptr, 0 }

#define BIT(s) (1u << FH_SUSPECT_##s)
#define GATES (BIT(NETWORK_GATE) | BIT(PEER_GATE))
#define ALL (FH_CONFINED | FH_STARTERS | BIT(COURIER))
#define CLOSED (FH_CONFINED | BIT(COURIER)) /* all of those that start nothing */
#define NOT_CORE (FH_CONFINED & ~BIT(CORE))
#define OTHERS (CLOSED & ~BIT(CORE))

const struct fh_attempt fh_attempts[] = {
	/* --- files --- */
	{ "open /etc/passwd", SYS_openat, { N(AT_FDCWD), T("/etc/passwd"), N(O_RDONLY) },
	  FH_CONFINED, BIT(COURIER) },
	{ "open the operator's key", SYS_openat, { N(AT_FDCWD), ROOT("op.key"), N(O_RDONLY) },
	  CLOSED, 0 },
	{ "open keys/device", SYS_openat, { N(AT_FDCWD), STATE("keys/device"), N(O_RDONLY) },
	  CLOSED, 0 },
	{ "open keys/device through record/", SYS_openat,
	  { N(AT_FDCWD), STATE("record/../keys/device"), N(O_RDONLY) }, CLOSED, 0 },
	{ "open keys/signed for writing", SYS_openat,
	  { N(AT_FDCWD), STATE("keys/signed"), N(O_RDWR) }, CLOSED, 0 },
	{ "open by the old call", SYS_open, { T("/etc/passwd"), N(O_RDONLY) },
	  FH_CONFINED, BIT(COURIER) },
	{ "create a file in the test's directory", SYS_openat,
	  { N(AT_FDCWD), ROOT("made"), N(O_WRONLY | O_CREAT), N(0600) }, CLOSED, 0 },
	{ "create a file in /tmp", SYS_openat,
	  { N(AT_FDCWD), T("/tmp/made-by-a-role"), N(O_WRONLY | O_CREAT), N(0600) }, CLOSED,
	  0 },
	{ "create a file in the state directory", SYS_openat,
	  { N(AT_FDCWD), STATE("made"), N(O_WRONLY | O_CREAT), N(0600) }, CLOSED, 0 },
	{ "create a file below record/", SYS_openat,
	  { N(AT_FDCWD), STATE("record/made"), N(O_WRONLY | O_CREAT), N(0600) }, OTHERS,
	  BIT(CORE) },
	{ "read a file below chain/", SYS_openat,
	  { N(AT_FDCWD), STATE("chain"), N(O_RDONLY | O_DIRECTORY) }, OTHERS, BIT(CORE) },
	{ "unlink a file below record/", SYS_unlinkat,
	  { N(AT_FDCWD), STATE("record/decoy"), N(0) }, OTHERS, BIT(CORE) },
	{ "unlink a file outside record/", SYS_unlinkat, { N(AT_FDCWD), ROOT("decoy"), N(0) },
	  CLOSED, 0 },
	{ "unlink by the old call", SYS_unlink, { ROOT("decoy") }, CLOSED, 0 },
	{ "rename a file", SYS_rename, { ROOT("decoy"), ROOT("moved") }, CLOSED, 0 },
	{ "rename a file below record/ to another place", SYS_renameat,
	  { N(AT_FDCWD), STATE("record/decoy"), N(AT_FDCWD), ROOT("moved") }, CLOSED, 0 },
	{ "rename a file outside record/", SYS_renameat,
	  { N(AT_FDCWD), ROOT("decoy"), N(AT_FDCWD), ROOT("moved") }, CLOSED, 0 },
	{ "truncate a file by path", SYS_truncate, { ROOT("decoy"), N(0) }, CLOSED, 0 },
	{ "make a directory", SYS_mkdir, { ROOT("directory"), N(0700) }, CLOSED, 0 },
	{ "make a symbolic link", SYS_symlink, { T("/etc/passwd"), ROOT("link") }, CLOSED, 0 },
	{ "make a hard link", SYS_link, { ROOT("decoy"), ROOT("second") }, CLOSED, 0 },
	{ "make a device", SYS_mknod, { ROOT("device"), N(0020600), N(0x103) }, CLOSED, 0 },
	{ "change a file's mode", SYS_chmod, { ROOT("decoy"), N(0644) }, CLOSED, 0 },
	{ "ask about a file by path", SYS_newfstatat,
	  { N(AT_FDCWD), T("/etc/passwd"), B(cap_admin), N(0) }, FH_CONFINED, 0 },
	{ "read a link", SYS_readlink, { T("/proc/self/exe"), B(pair_space), N(8) },
	  FH_CONFINED, 0 },
	{ "watch files", SYS_inotify_init1, { N(0) }, CLOSED, 0 },
	{ "make a file in memory", SYS_memfd_create, { T("m"), N(0) }, CLOSED, 0 },
	/* --- the network --- */
	{ "make an IPv4 socket", SYS_socket, { N(AF_INET), N(SOCK_STREAM), N(0) },
	  FH_CONFINED, BIT(COURIER) },
	{ "make an IPv6 socket", SYS_socket, { N(AF_INET6), N(SOCK_DGRAM), N(0) },
	  FH_CONFINED, BIT(COURIER) },
	{ "make a netlink socket", SYS_socket, { N(AF_NETLINK), N(SOCK_RAW), N(0) },
	  CLOSED, 0 },
	{ "make a Unix socket", SYS_socket, { N(AF_UNIX), N(SOCK_STREAM), N(0) }, CLOSED, 0 },
	{ "make a socket pair", SYS_socketpair,
	  { N(AF_UNIX), N(SOCK_STREAM), N(0), B(pair_space) }, FH_CONFINED, 0 },
	{ "connect to loopback", SYS_connect,
	  { N(inet_fd), LISTENER, N(sizeof(struct sockaddr_in)) },
	  FH_CONFINED, 0 },
	{ "connect to an abstract socket", SYS_connect,
	  { N(unix_fd), ABSTRACT("fc"), N(FH_ABSTRACT_SIZE) },
	  FH_CONFINED, 0 },
	{ "bind an abstract socket", SYS_bind, { N(unix_fd), ABSTRACT("fb"), N(FH_ABSTRACT_SIZE) },
	  FH_CONFINED, 0 },
	{ "listen", SYS_listen, { N(inet_fd), N(1) }, CLOSED, 0 },
	/* --- other programs --- */
	{ "execute /bin/true", SYS_execve, { T("/bin/true"), N(0), N(0) }, CLOSED, 0 },
	{ "execute /bin/true by descriptor", SYS_execveat,
	  { N(AT_FDCWD), T("/bin/true"), N(0), N(0), N(0) }, CLOSED, 0 },
	{ "fork", SYS_fork, { N(0) }, CLOSED, 0 },
	{ "clone", SYS_clone, { N(SIGCHLD) }, CLOSED, 0 },
	{ "clone3", SYS_clone3, { B(plain_clone), N(sizeof(plain_clone)) }, CLOSED, 0 },
	{ "map memory to execute", SYS_mmap,
	  { N(0), N(4096), N(PROT_READ | PROT_EXEC), N(MAP_PRIVATE | MAP_ANONYMOUS), N(-1), N(0) },
	  CLOSED, 0 },
	{ "make the stack executable", SYS_mprotect,
	  { PAGE, N(4096), N(PROT_READ | PROT_WRITE | PROT_EXEC) }, CLOSED, 0 },
	{ "make the stack executable with a key", SYS_pkey_mprotect,
	  { PAGE, N(4096), N(PROT_READ | PROT_WRITE | PROT_EXEC), N(-1) }, CLOSED, 0 },
	/* --- other processes --- */
	{ "trace another role", SYS_ptrace, { N(PTRACE_SEIZE), PREY, N(0), N(0) }, ALL, 0 },
	{ "attach to another role", SYS_ptrace, { N(PTRACE_ATTACH), PREY, N(0), N(0) }, ALL, 0,
	  .uncompared = true },
	{ "read another role's memory", SYS_process_vm_readv,
	  { PREY, N(0), N(0), N(0), N(0), N(0) },
	  ALL, 0 },
	{ "write another role's memory", SYS_process_vm_writev,
	  { PREY, N(0), N(0), N(0), N(0), N(0) },
	  ALL, 0 },
	{ "open another role's memory", SYS_openat, { N(AT_FDCWD), PREY_FILE("mem"), N(O_RDONLY) },
	  CLOSED | BIT(REACH), 0 },
	{ "open another role's file", SYS_openat, { N(AT_FDCWD), PREY_FILE("fd/5"), N(O_RDONLY) },
	  CLOSED | BIT(REACH), 0 },
	{ "take another process's descriptor", SYS_pidfd_getfd, { N(pidfd_fd), N(0), N(0) },
	  ALL, 0 },
	{ "compare kernel objects", SYS_kcmp, { PREY, PREY, N(1), N(0), N(0) }, ALL, 0 },
	{ "signal another role", SYS_kill, { PREY, N(SIGURG) }, CLOSED, 0 },
	{ "signal everybody", SYS_kill, { N(-1), N(0) }, CLOSED, 0 },
	{ "signal another role's thread", SYS_tgkill, { PREY, PREY, N(SIGURG) }, CLOSED, 0 },
	{ "signal a thread by the old call", SYS_tkill, { PREY, N(SIGURG) }, CLOSED, 0 },
	{ "open another role by number", SYS_pidfd_open, { PREY, N(0) }, CLOSED, 0 },
	{ "signal by descriptor", SYS_pidfd_send_signal, { N(pidfd_fd), N(SIGURG), N(0), N(0) },
	  CLOSED, 0 },
	{ "change another role's limits", SYS_prlimit64, { PREY, N(7), N(0), B(no_limit) },
	  CLOSED, 0 },
	/* --- privileges --- */
	{ "become root", SYS_setuid, { N(0) }, CLOSED, 0 },
	{ "change all its users", SYS_setresuid, { N(0), N(0), N(0) }, CLOSED, 0 },
	{ "change its group", SYS_setgid, { N(0) }, CLOSED, 0 },
	{ "take a capability", SYS_capset, { B(cap_head), B(cap_admin) }, ALL, 0 },
	{ "become dumpable", SYS_prctl, { N(PR_SET_DUMPABLE), N(1), N(0), N(0), N(0) }, CLOSED,
	  0 },
	{ "change how it executes", SYS_personality, { N(0x0400000) }, CLOSED, 0 },
	{ "mount", SYS_mount, { T("none"), ROOT("mount"), T("tmpfs"), N(0), N(0) }, ALL, 0 },
	{ "unmount", SYS_umount2, { T("/proc"), N(MNT_DETACH) }, ALL, 0 },
	{ "change the root", SYS_chroot, { ROOT("mount") }, ALL, 0 },
	{ "unshare a namespace", SYS_unshare, { N(CLONE_NEWUTS) }, ALL, 0 },
	{ "unshare the user namespace", SYS_unshare, { N(CLONE_NEWUSER) }, ALL, 0 },
	{ "enter a namespace", SYS_setns, { N(pidfd_fd), N(CLONE_NEWUTS) }, ALL, 0 },
	{ "clone into a user namespace", SYS_clone, { N(CLONE_NEWUSER | SIGCHLD) }, ALL, 0 },
	{ "clone3 into a user namespace", SYS_clone3, { B(user_clone), N(sizeof(user_clone)) }, ALL,
	  0 },
	/* --- the kernel's wider surface --- */
	{ "make a BPF map", SYS_bpf, { N(BPF_MAP_CREATE), B(map_attributes), N(48) }, ALL, 0 },
	{ "make an I/O ring", SYS_io_uring_setup, { N(1), B(ring) }, ALL, 0 },
	{ "use the key ring", SYS_keyctl,
	  { N(KEYCTL_GET_KEYRING_ID), N(KEY_SPEC_SESSION_KEYRING), N(1) }, ALL, 0 },
	{ "handle page faults", SYS_userfaultfd, { N(O_CLOEXEC) }, ALL, 0 },
	{ "count events", SYS_perf_event_open, { B(event), N(0), N(-1), N(-1), N(0) }, ALL, 0 },
	{ "load a module", SYS_finit_module, { N(file_fd), T(""), N(0) }, ALL, 0,
	  .uncompared = true },
	/* --- what it is there for --- */
	{ "read what was signed last", SYS_pread64, { N(file_fd), B(pair_space), N(16), N(0) },
	  GATES | BIT(WORKER), BIT(KEEPER) },
	{ "sync what was signed last", SYS_fdatasync, { N(file_fd) }, GATES | BIT(WORKER),
	  BIT(KEEPER) },
	{ "know itself", SYS_getpid, { N(0) }, 0, ALL },
	{ "write to nowhere", SYS_write, { N(1), T("x"), N(1) },
	  0, ALL & ~(BIT(SUPERVISOR) | BIT(COURIER)) },
	{ "open a tool server's program", SYS_openat, { N(AT_FDCWD), T("/bin/true"), N(O_RDONLY) },
	  FH_CONFINED, BIT(REACH) | BIT(COURIER) },
	{ "watch for its peers", SYS_epoll_create1, { N(0) }, NOT_CORE & ~GATES, GATES },
};

const size_t fh_attempts_n = sizeof(fh_attempts) / sizeof(fh_attempts[0]);

void fh_attempt_abstract(const char *name, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1, "%.2s%08d", name, getpid());
}

static uint64_t put_path(struct fh_inject *t, const char *folder, const char *file)
{
	char path[2 * FH_HOUSE_PATH];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, file);

	return fh_inject_put(t, path, (size_t)n + 1);
}

static uint64_t place(const struct fh_try_argument *a, const struct fh_scene *s,
		      struct fh_inject *t)
{
	struct sockaddr_in listener = { .sin_family = AF_INET, .sin_port = htons(s->listener),
					.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un abstract;
	char folder[32];

	(void)snprintf(folder, sizeof(folder), "/proc/%d", s->prey);
	switch (a->kind) {
	case FH_ARGUMENT_TEXT:
		return fh_inject_put(t, a->text, strlen(a->text) + 1);
	case FH_ARGUMENT_STATE:
		return put_path(t, s->house->state, a->text);
	case FH_ARGUMENT_ROOT:
		return put_path(t, s->house->root, a->text);
	case FH_ARGUMENT_PREY:
		return (uint64_t)s->prey;
	case FH_ARGUMENT_PREY_FILE:
		return put_path(t, folder, a->text);
	case FH_ARGUMENT_BYTES:
		return fh_inject_put(t, a->bytes, a->n);
	case FH_ARGUMENT_PAGE:
		return t->saved.rsp & ~UINT64_C(4095);
	case FH_ARGUMENT_LISTENER:
		return fh_inject_put(t, &listener, sizeof(listener));
	case FH_ARGUMENT_ABSTRACT:
		fh_attempt_abstract(a->text, &abstract);
		return fh_inject_put(t, &abstract, sizeof(abstract));
	case FH_ARGUMENT_NUMBER:
		break;
	}
	return (uint64_t)a->number;
}

bool fh_attempt_try(const struct fh_attempt *a, const struct fh_scene *s, pid_t pid, long *result,
		    bool *gone)
{
	static const int opening[] = { SYS_openat, SYS_epoll_create1, SYS_open };
	struct fh_inject t;
	uint64_t argument[6];

	if (!fh_inject_begin(pid, &t))
		return false;
	for (size_t i = 0; i < 6; i++)
		argument[i] = place(&a->argument[i], s, &t);
	*result = fh_inject_call(&t, a->number, argument);
	*gone = t.gone;
	/* What it should not have opened it does not keep, so that it can go on.  */
	for (size_t i = 0; i < sizeof(opening) / sizeof(opening[0]); i++) {
		uint64_t fd[6] = { (uint64_t)*result };

		if (!*gone && *result >= 0 && a->number == opening[i])
			(void)fh_inject_call(&t, SYS_close, fd);
	}
	fh_inject_end(&t);
	return true;
}
