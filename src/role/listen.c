/* SPDX-License-Identifier: Apache-2.0 */
#include "role/listen.h"

#include "base/decimal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

constexpr int backlog = 128;

static fh_err refuse(struct fh_trace *t, const char *where, const char *what, int error)
{
	fh_trace_where(t, "%s", where);
	fh_trace_what(t, "%s%s%s", what, error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
	if (error == 0)
		return FH_ERR_FORMAT;
	return error == EADDRINUSE ? FH_ERR_LOCKED : fh_errno_err(error);
}

/* Splits "ADDRESS:PORT" at its last colon.  */
static bool split(const char *text, char address[64], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	uint64_t number;

	if (colon == nullptr || colon == text || (size_t)(colon - text) >= 64)
		return false;
	bool bracketed = text[0] == '[' && colon[-1] == ']';
	size_t n = (size_t)(colon - text) - (bracketed ? 2 : 0);

	memcpy(address, text + bracketed, n);
	address[n] = '\0';
	if (fh_decimal_read(fh_span_str(colon + 1), &number) != FH_ERR_OK || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

static bool fill_address(const char *text, struct sockaddr_storage *a, socklen_t *n)
{
	struct sockaddr_in *four = (struct sockaddr_in *)a;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)a;
	char address[64];
	uint16_t port;

	*a = (struct sockaddr_storage){ 0 };
	if (!split(text, address, &port))
		return false;
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		*n = sizeof(*four);
		return true;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	*n = sizeof(*six);
	return inet_pton(AF_INET6, address, &six->sin6_addr) == 1;
}

fh_err fh_listen_tcp(const char *text, struct fh_fd *out, uint16_t *port, struct fh_trace *t)
{
	struct sockaddr_storage a;
	socklen_t n;
	int on = 1;

	if (!fill_address(text, &a, &n))
		return refuse(t, text, "is not ADDRESS:PORT", 0);
	int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	FH_OWN(fh_fd) owned = fd < 0 ? (struct fh_fd){ 0 } : fh_fd_of(fd);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
	    || bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, backlog) != 0
	    || getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return refuse(t, text, "cannot be listened on", errno);
	*port = ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port
					     : ((struct sockaddr_in6 *)&a)->sin6_port);
	*out = owned;
	owned = (struct fh_fd){ 0 };
	return FH_ERR_OK;
}

/* A socket file that nobody answers behind is left over from a killed daemon.
 * The state's lock says that it was not ours alive.  */
static void remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
}

fh_err fh_listen_unix(const char *path, struct fh_fd *out, struct fh_trace *t)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(a.sun_path))
		return refuse(t, path, "is too long for a socket; choose a shorter `socket`", 0);
	memcpy(a.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	FH_OWN(fh_fd) owned = fd < 0 ? (struct fh_fd){ 0 } : fh_fd_of(fd);

	remove_stale(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || chmod(path, 0666) != 0
	    || listen(fd, backlog) != 0)
		return refuse(t, path, "cannot be listened on", errno);
	*out = owned;
	owned = (struct fh_fd){ 0 };
	return FH_ERR_OK;
}
