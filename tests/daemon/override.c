/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded: writes the name of every variable that is asked for to a file.  */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *ask(const char *function, const char *name)
{
	char *(*real)(const char *) = (char *(*)(const char *))dlsym(RTLD_NEXT, function);
	const char *path = real("FREEHOLD_TEST_ASKED");
	int fd = path == nullptr ? -1 : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t n = write(fd, name, strlen(name));

		n += write(fd, "\n", 1);
		(void)n;
		close(fd);
	}
	return real(name);
}

char *getenv(const char *name);
char *secure_getenv(const char *name);

char *getenv(const char *name)
{
	return ask("getenv", name);
}

char *secure_getenv(const char *name)
{
	return ask("secure_getenv", name);
}
