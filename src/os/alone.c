/* SPDX-License-Identifier: Apache-2.0 */
/* The static programs ask no name server and load no code, though libcrypto, which they are
 * linked with whole, has functions that do.  The linker puts these in the place of libc's
 * (--wrap), so neither its resolver nor what that loads at run time is in the programs.  */
#include <dlfcn.h>
#include <netdb.h>

int fh_alone_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
			 struct addrinfo **out) __asm__("__wrap_getaddrinfo");
void fh_alone_freeaddrinfo(struct addrinfo *a) __asm__("__wrap_freeaddrinfo");
int fh_alone_getnameinfo(const struct sockaddr *address, socklen_t address_n, char *host,
			 socklen_t host_n, char *service, socklen_t service_n, int flags)
	__asm__("__wrap_getnameinfo");
struct hostent *fh_alone_gethostbyname(const char *name) __asm__("__wrap_gethostbyname");
void *fh_alone_dlopen(const char *file, int mode) __asm__("__wrap_dlopen");

int fh_alone_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
			 struct addrinfo **out)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)out;
	return EAI_FAIL;
}

void fh_alone_freeaddrinfo(struct addrinfo *a)
{
	(void)a; /* there is none */
}

int fh_alone_getnameinfo(const struct sockaddr *address, socklen_t address_n, char *host,
			 socklen_t host_n, char *service, socklen_t service_n, int flags)
{
	(void)address;
	(void)address_n;
	(void)host;
	(void)host_n;
	(void)service;
	(void)service_n;
	(void)flags;
	return EAI_FAIL;
}

struct hostent *fh_alone_gethostbyname(const char *name)
{
	(void)name;
	return nullptr;
}

void *fh_alone_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return nullptr;
}
