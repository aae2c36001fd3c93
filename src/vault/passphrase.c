/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "os/file.h"

void fh_passphrase_drop(struct fh_passphrase *p)
{
	fh_wipe(p, sizeof(*p));
}

/* Byte by byte, so that what follows the line stays for others.  */
static fh_err read_line(int fd, struct fh_passphrase *p, struct fh_trace *t)
{
	for (;;) {
		uint8_t byte;
		ssize_t n = read(fd, &byte, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fh_trace_what(t, "the passphrase cannot be read: %s", strerror(errno));
			return FH_ERR_IO;
		}
		if (n == 0 || byte == '\n')
			return FH_ERR_OK;
		if (p->n == sizeof(p->bytes)) {
			fh_trace_what(t, "a passphrase has at most %zu bytes", FH_PASSPHRASE_MAX);
			return FH_ERR_LIMIT;
		}
		p->bytes[p->n++] = byte;
	}
}

static fh_err check_length(const struct fh_passphrase *p, bool new, struct fh_trace *t)
{
	if (p->n == 0) {
		fh_trace_what(t, "the passphrase is empty");
		fh_trace_cure(t, "give the passphrase of the operator key");
		return FH_ERR_FORMAT;
	}
	if (new && p->n < FH_PASSPHRASE_MIN) {
		fh_trace_what(t, "the passphrase has fewer than %zu bytes", FH_PASSPHRASE_MIN);
		fh_trace_cure(t, "choose a longer one: several words");
		return FH_ERR_FORMAT;
	}
	return FH_ERR_OK;
}

fh_err fh_passphrase_read(int fd, bool new, struct fh_passphrase *out, struct fh_trace *t)
{
	FH_OWN(fh_passphrase) p = { .n = 0 };
	fh_err e = read_line(fd, &p, t);

	if (e == FH_ERR_OK)
		e = check_length(&p, new, t);
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

static fh_err write_text(int fd, const char *text)
{
	return fh_fd_write(fd, fh_span_str(text));
}

static fh_err prompt(int tty, const char *text, const char *path, struct fh_passphrase *out,
		     struct fh_trace *t)
{
	struct termios was, quiet;
	FH_OWN(fh_passphrase) p = { .n = 0 };
	fh_err e = write_text(tty, text);

	if (e == FH_ERR_OK)
		e = write_text(tty, path);
	if (e == FH_ERR_OK)
		e = write_text(tty, ": ");
	if (e != FH_ERR_OK || tcgetattr(tty, &was) != 0)
		return FH_ERR_IO;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		return FH_ERR_IO;
	e = read_line(tty, &p, t);
	if (tcsetattr(tty, TCSAFLUSH, &was) != 0 || write_text(tty, "\n") != FH_ERR_OK)
		return FH_ERR_IO;
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

fh_err fh_passphrase_ask(const char *path, bool new, struct fh_passphrase *out,
			 struct fh_trace *t)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	FH_OWN(fh_fd) tty = fh_fd_of(fd);
	FH_OWN(fh_passphrase) first = { .n = 0 };
	FH_OWN(fh_passphrase) second = { .n = 0 };

	fh_trace_where(t, "%s", path);
	if (fd < 0) {
		fh_trace_what(t, "there is no terminal to ask for the passphrase");
		fh_trace_cure(t, "give it through a descriptor with --passphrase-fd N");
		return FH_ERR_MISSING;
	}

	fh_err e = prompt(fd, new ? "New passphrase for " : "Passphrase for ", path, &first, t);

	if (e == FH_ERR_OK)
		e = check_length(&first, new, t);
	if (e == FH_ERR_OK && new)
		e = prompt(fd, "The same again for ", path, &second, t);
	if (e != FH_ERR_OK)
		return e;
	if (new && !fh_secret_equal(fh_passphrase_span(&first), fh_passphrase_span(&second))) {
		fh_trace_what(t, "the two passphrases differ");
		fh_trace_cure(t, "try again");
		return FH_ERR_CONFLICT;
	}
	*out = first;
	return FH_ERR_OK;
}
