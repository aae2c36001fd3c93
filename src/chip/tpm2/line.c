/* SPDX-License-Identifier: Apache-2.0 */
/* TCG TSS 2.0 TPM Command Transmission Interface.  */
#include "chip/tpm2/line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <tss2/tss2_tpm2_types.h>

#include "base/cursor.h"
#include "chip/tpm2/tpm2.h"
#include "os/file.h"

constexpr uint64_t line_magic = UINT64_C(0x46484c494e453031); /* "FHLINE01" */
constexpr size_t head_size = 10; /* tag, size and code (part 1, clause 18.3) */

static struct fh_tpm2_line *line_of(TSS2_TCTI_CONTEXT *context)
{
	return (struct fh_tpm2_line *)context;
}

/* One write, without the signal that a closed socket sends.  */
static ssize_t put(int fd, struct fh_span s)
{
	ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, s.p, s.n) : n;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t n, const uint8_t *command)
{
	struct fh_tpm2_line *l = line_of(context);
	struct fh_span s = fh_span_of(command, n);

	if (l->waiting)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	while (s.n > 0) {
		ssize_t done = put(l->fd, s);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return TSS2_TCTI_RC_IO_ERROR;
		s = fh_span_skip(s, (size_t)done);
	}
	l->waiting = true;
	return TSS2_RC_SUCCESS;
}

/* The size that the answer's head states; 0 while there is no whole head.  */
static size_t stated_size(struct fh_span answer)
{
	struct fh_cursor c = fh_cursor_of(answer);

	if (answer.n < head_size)
		return 0;
	(void)fh_cursor_be16(&c);
	return fh_cursor_be32(&c);
}

static TSS2_RC wait_for(int fd, int32_t timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return TSS2_TCTI_RC_TRY_AGAIN;
	return n < 0 ? TSS2_TCTI_RC_IO_ERROR : TSS2_RC_SUCCESS;
}

/* A device gives the whole answer at once, a socket in any parts.  There is
 * never more than one answer under way, so whatever is beyond the stated size
 * is an error.  */
static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *n, uint8_t *answer, int32_t timeout_ms)
{
	struct fh_tpm2_line *l = line_of(context);
	uint8_t bytes[TPM2_MAX_RESPONSE_SIZE];
	size_t got = 0, size = 0;

	if (!l->waiting)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	if (answer == nullptr) {
		*n = sizeof(bytes);
		return TSS2_RC_SUCCESS;
	}
	TSS2_RC rc = wait_for(l->fd, timeout_ms);
	if (rc != TSS2_RC_SUCCESS)
		return rc;
	l->waiting = false;
	while (size == 0 || got < size) {
		ssize_t some = read(l->fd, bytes + got, sizeof(bytes) - got);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return TSS2_TCTI_RC_IO_ERROR;
		got += (size_t)some;
		size = stated_size(fh_span_of(bytes, got));
		if (got >= head_size && (size < head_size || size > sizeof(bytes)))
			return TSS2_TCTI_RC_MALFORMED_RESPONSE;
	}
	if (got != size)
		return TSS2_TCTI_RC_MALFORMED_RESPONSE;
	if (size > *n)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(answer, bytes, size);
	fh_wipe(bytes, size);
	*n = size;
	return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *context)
{
	struct fh_tpm2_line *l = line_of(context);

	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}

void fh_tpm2_line_begin(struct fh_tpm2_line *l, int fd)
{
	*l = (struct fh_tpm2_line){
		.tcti = {
			.magic = line_magic,
			.version = 1,
			.transmit = transmit,
			.receive = receive,
			.finalize = finalize,
		},
		.fd = fd,
	};
}

/* --- connecting ------------------------------------------------------- */

static fh_err connect_socket(const char *path, int *fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	if (n >= sizeof(name.sun_path))
		return FH_ERR_LIMIT;
	memcpy(name.sun_path, path, n);
	FH_OWN(fh_fd) s = fh_fd_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	if (fh_fd_get(s) < 0)
		return fh_errno_err(errno);
	if (connect(fh_fd_get(s), (const struct sockaddr *)&name, sizeof(name)) != 0)
		return fh_errno_err(errno);
	*fd = fh_fd_get(s);
	s = (struct fh_fd){ 0 };
	return FH_ERR_OK;
}

static fh_err open_device(const char *path, int *fd)
{
	int made = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (made < 0)
		return fh_errno_err(errno);
	*fd = made;
	return FH_ERR_OK;
}

fh_err fh_chip_tpm2_connect(const char *tcti, struct fh_trace *trace, int *fd)
{
	struct fh_span name = fh_span_str(tcti);
	struct fh_span device = FH_SPAN_LIT("device:"), socket_path = FH_SPAN_LIT("swtpm:path=");
	fh_err e;

	if (fh_span_starts(name, device))
		e = open_device(tcti + device.n, fd);
	else if (fh_span_starts(name, socket_path))
		e = connect_socket(tcti + socket_path.n, fd);
	else
		return FH_ERR_UNSUPPORTED;
	if (e == FH_ERR_OK)
		return e;
	fh_trace_where(trace, "%s", tcti);
	fh_trace_what(trace, "the TPM cannot be opened: %s", fh_err_text(e));
	fh_trace_cure(trace, "check the TCTI in freehold.conf, that the TPM is there, and that "
			     "freehold may open it");
	return e == FH_ERR_MISSING || e == FH_ERR_IO ? FH_ERR_GONE : e;
}
