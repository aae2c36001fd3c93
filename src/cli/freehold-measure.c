/* SPDX-License-Identifier: Apache-2.0 */
/* Measures Freehold's own programs into the TPM, once per boot, from the initramfs: in
 * one static file, before anything of the root file system runs.  */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "chip/extend.h"
#include "evidence/measured.h"
#include "os/file.h"

constexpr size_t record_max = 2048; /* of the log; four digests take 400 */
constexpr size_t path_max = 200;    /* of a program; the description has to fit */

#define DEVICE "/dev/tpmrm0"

static const char usage[] =
	"usage: freehold-measure ROOT PROGRAM...\n\n"
	"Measures each PROGRAM, a path below the directory ROOT, into PCR 14 of the TPM\n"
	DEVICE ", and adds it to " FH_MEASURED_LOG ".\n"
	"For the initramfs, once per boot.  Status 2: something could not be measured, and\n"
	"the PCR is not what an operator approved.\n\n"
	"Example:\n"
	"  freehold-measure /sysroot /usr/bin/freehold\n";

static int fail(const char *where, fh_err e, const struct fh_trace *t)
{
	fprintf(stderr, "freehold: %s: %s; start the machine again once it is mended, because "
		"PCR %u cannot be set right\n", where,
		t != nullptr && t->what[0] != '\0' ? t->what : fh_err_text(e), FH_PCR_RUNTIME);
	return 2;
}

/* --- hashing ------------------------------------------------------------ */

/* The whole file FD in all banks at once.  */
static fh_err digest_all(int fd, struct fh_digest out[static FH_BANKS_PLAIN])
{
	struct fh_bank_hash h[FH_BANKS_PLAIN];
	uint8_t piece[64 << 10];
	ssize_t n;

	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		fh_bank_hash_begin(&h[i], fh_banks[i]);
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
			fh_bank_hash_add(&h[i], fh_span_of(piece, (size_t)n));
	}
	if (n < 0)
		return fh_errno_err(errno);
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		out[i] = fh_bank_hash_end(&h[i]);
	return FH_ERR_OK;
}

/* PROGRAM as it will be found when ROOT is the root directory: links lead nowhere
 * else.  */
static int open_below(int root, const char *program)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, program, &how, sizeof(how));
}

static fh_err digest_program(int root, const char *program,
			     struct fh_digest out[static FH_BANKS_PLAIN])
{
	int fd = open_below(root, program);
	FH_OWN(fh_fd) owned = fh_fd_of(fd);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return fh_errno_err(errno);
	if (!S_ISREG(st.st_mode))
		return FH_ERR_UNSUPPORTED;
	if ((uint64_t)st.st_size > FH_EXECUTABLE_MAX || strlen(program) > path_max)
		return FH_ERR_LIMIT;
	return digest_all(fd, out);
}

/* --- the log ------------------------------------------------------------- */

/* Makes the directories that lead to PATH.  */
static void make_directories(const char *path)
{
	char part[FH_PATH_MAX];

	for (size_t i = 1; path[i] != '\0' && i < sizeof(part); i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		(void)mkdir(part, 0755); /* opening the file tells what is wrong */
	}
}

/* Opens the log and locks it.  As systemd does, the sticky bit says that a measurement
 * is under way, so that a log without it is known to be whole.  */
static fh_err log_open(const char *path, struct fh_fd *out)
{
	int fd;

	make_directories(path);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	*out = fh_fd_of(fd);
	if (fd < 0 || flock(fd, LOCK_EX) != 0 || fchmod(fd, 01600) != 0)
		return fh_errno_err(errno);
	return FH_ERR_OK;
}

static fh_err log_append(int fd, struct fh_span record)
{
	fh_err e = fh_fd_write(fd, record);

	if (e == FH_ERR_OK && (fsync(fd) != 0 || fchmod(fd, 0600) != 0))
		e = fh_errno_err(errno);
	return e;
}

/* This boot's id, 32 hex digits, as systemd writes it.  */
static fh_err boot_id(char out[static 32])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	size_t n = 0;
	int c;

	while (f != nullptr && n < 32 && (c = fgetc(f)) != EOF) {
		if (c != '-')
			out[n++] = (char)c;
	}
	if (f != nullptr)
		(void)fclose(f);
	return n == 32 ? FH_ERR_OK : FH_ERR_IO;
}

static fh_err log_record(int fd, const char *program, const bool active[static FH_BANKS_PLAIN],
			 const struct fh_digest digest[static FH_BANKS_PLAIN])
{
	uint8_t room[record_max];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct timespec now = { 0 };
	struct fh_span record;
	char id[32];
	fh_err e = boot_id(id);

	if (e != FH_ERR_OK || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return FH_ERR_IO;
	fh_measured_put(&b, fh_span_str(program), active, digest, fh_span_of(id, sizeof(id)),
			(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	e = fh_builder_end(&b, &record);
	return e == FH_ERR_OK ? log_append(fd, record) : e;
}

/* --- measuring ----------------------------------------------------------- */

static int measure(const char *program, int root, int tpm)
{
	struct fh_digest digest[FH_BANKS_PLAIN];
	FH_OWN(fh_fd) written = { 0 };
	struct fh_trace t = { 0 };
	bool active[FH_BANKS_PLAIN];
	fh_err e = digest_program(root, program, digest);

	if (e == FH_ERR_OK)
		e = fh_extend_banks(tpm, FH_PCR_RUNTIME, active, &t);
	if (e == FH_ERR_OK)
		e = log_open(FH_MEASURED_LOG, &written);
	if (e == FH_ERR_OK)
		e = fh_extend(tpm, FH_PCR_RUNTIME, active, digest, &t);
	if (e == FH_ERR_OK)
		e = log_record(fh_fd_get(written), program, active, digest);
	return e == FH_ERR_OK ? 0 : fail(program, e, &t);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("freehold-measure " FREEHOLD_VERSION);
		return 0;
	}
	if (argc < 3 || argv[1][0] == '-') {
		bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;

		(void)fputs(usage, asked ? stdout : stderr);
		return asked ? 0 : 64;
	}

	int tpm = open(DEVICE, O_RDWR | O_CLOEXEC | O_NOCTTY);
	FH_OWN(fh_fd) tpm_owned = fh_fd_of(tpm);

	if (tpm < 0)
		return fail(DEVICE, fh_errno_err(errno), nullptr);

	int root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	FH_OWN(fh_fd) root_owned = fh_fd_of(root);

	if (root < 0)
		return fail(argv[1], fh_errno_err(errno), nullptr);
	for (int i = 2; i < argc; i++) {
		int done = measure(argv[i], root, tpm);

		if (done != 0)
			return done;
	}
	return 0;
}
