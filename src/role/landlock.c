/* SPDX-License-Identifier: Apache-2.0 */
#include "role/landlock.h"

#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights of each level of the interface; a kernel that claims a level and lacks
 * one of its rights answers EINVAL, and the next lower one is tried.  */
constexpr uint64_t rights_1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr uint64_t rights_2 = rights_1 | LANDLOCK_ACCESS_FS_REFER;
constexpr uint64_t rights_3 = rights_2 | LANDLOCK_ACCESS_FS_TRUNCATE;
constexpr uint64_t rights_5 = rights_3 | LANDLOCK_ACCESS_FS_IOCTL_DEV;
constexpr uint64_t read_and_execute = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE
				      | LANDLOCK_ACCESS_FS_READ_DIR;
/* What a rule about something else than a directory may name.  */
constexpr uint64_t rights_of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE
				     | LANDLOCK_ACCESS_FS_WRITE_FILE
				     | LANDLOCK_ACCESS_FS_TRUNCATE
				     | LANDLOCK_ACCESS_FS_IOCTL_DEV;
/* What a directory of our own state is opened for: no execution, no devices,
 * sockets, pipes or links.  */
constexpr uint64_t keep_files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR
				| LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE
				| LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_TRUNCATE;

static struct landlock_ruleset_attr attributes(int level, bool connect)
{
	struct landlock_ruleset_attr a = { .handled_access_fs = rights_1 };

	if (level >= 2)
		a.handled_access_fs = rights_2;
	if (level >= 3)
		a.handled_access_fs = rights_3;
	if (level >= 4)
		a.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP
				       | LANDLOCK_ACCESS_NET_CONNECT_TCP;
	if (level >= 4 && connect)
		a.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP;
	if (level >= 5)
		a.handled_access_fs = rights_5;
	if (level >= 6)
		a.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
	return a;
}

/* What a kernel of LEVEL knows of the attributes.  */
static size_t known_size(int level)
{
	if (level >= 6)
		return sizeof(struct landlock_ruleset_attr);
	return level >= 4 ? offsetof(struct landlock_ruleset_attr, scoped)
			  : offsetof(struct landlock_ruleset_attr, handled_access_net);
}

/* A ruleset of the highest level the kernel really has, or none.  */
static struct fh_fd create(bool connect, int *level, uint64_t *handled)
{
	long claimed = syscall(SYS_landlock_create_ruleset, nullptr, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);

	for (int l = claimed > 6 ? 6 : (int)claimed; l > 0; l--) {
		struct landlock_ruleset_attr a = attributes(l, connect);
		long fd = syscall(SYS_landlock_create_ruleset, &a, known_size(l), 0);

		if (fd < 0)
			continue;
		*level = l;
		*handled = a.handled_access_fs;
		return fh_fd_of((int)fd);
	}
	*level = 0;
	return (struct fh_fd){ 0 };
}

static fh_err allow(int ruleset, const char *path, uint64_t rights, struct fh_trace *t)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return FH_ERR_OK;
	FH_OWN(fh_fd) opened = fd < 0 ? (struct fh_fd){ 0 } : fh_fd_of(fd);
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rights &= rights_of_files;
	struct landlock_path_beneath_attr a = { .allowed_access = rights, .parent_fd = fd };

	if (fd >= 0
	    && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) == 0)
		return FH_ERR_OK;
	fh_trace_where(t, "%s", path);
	fh_trace_what(t, "cannot be put into a Landlock rule: %s", strerror(errno));
	return fh_errno_err(errno);
}

static fh_err allow_all(int ruleset, const char *const *path, uint64_t rights, struct fh_trace *t)
{
	for (; path != nullptr && *path != nullptr; path++) {
		fh_err e = allow(ruleset, *path, rights, t);

		if (e != FH_ERR_OK)
			return e;
	}
	return FH_ERR_OK;
}

fh_err fh_landlock_apply(const char *const *directory, const char *const *readable, bool connect,
			 int *level, struct fh_trace *t)
{
	uint64_t handled = 0;
	FH_OWN(fh_fd) ruleset = create(connect, level, &handled);

	if (ruleset.plus_one == 0)
		return FH_ERR_OK;
	fh_err e = allow_all(fh_fd_get(ruleset), directory, keep_files & handled, t);

	if (e == FH_ERR_OK)
		e = allow_all(fh_fd_get(ruleset), readable, read_and_execute & handled, t);
	if (e != FH_ERR_OK)
		return e;
	if (syscall(SYS_landlock_restrict_self, fh_fd_get(ruleset), 0) != 0) {
		fh_trace_what(t, "Landlock cannot be applied: %s", strerror(errno));
		return FH_ERR_UNSUPPORTED;
	}
	return FH_ERR_OK;
}

/* A domain of its own is what keeps it apart; something must be denied to have
 * one, and block devices are what no tool server makes.  Moving files between
 * directories is denied in every domain that does not allow it.  */
fh_err fh_landlock_apart(void)
{
	struct landlock_ruleset_attr a = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_REFER,
		.scoped = LANDLOCK_SCOPE_SIGNAL,
	};
	long fd = syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);

	if (fd < 0)
		fd = syscall(SYS_landlock_create_ruleset, &a,
			     offsetof(struct landlock_ruleset_attr, handled_access_net), 0);
	if (fd < 0)
		return FH_ERR_OK;
	FH_OWN(fh_fd) ruleset = fh_fd_of((int)fd);
	fh_err e = allow(fh_fd_get(ruleset), "/", LANDLOCK_ACCESS_FS_REFER, /* t= */ nullptr);

	if (e == FH_ERR_OK && syscall(SYS_landlock_restrict_self, fh_fd_get(ruleset), 0) != 0)
		e = FH_ERR_UNSUPPORTED;
	return e;
}
