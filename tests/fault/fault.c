/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fault *fault_now(void)
{
	static struct fault f;

	return &f;
}

void fault_arm(size_t k, int error, bool (*chosen)(const char *call))
{
	*fault_now() = (struct fault){
		.armed = true, .countdown = k, .error = error, .chosen = chosen };
}

bool fault_end(void)
{
	fault_now()->armed = false;
	return fault_now()->met;
}

bool fault_fails(const char *call)
{
	struct fault *f = fault_now();

	if (!f->armed || (f->chosen != nullptr && !f->chosen(call)))
		return false;
	if (f->countdown > 0) {
		f->countdown--;
		return false;
	}
	f->met_again = f->met;
	f->met = true;
	f->armed = f->twice;
	f->twice = false;
	f->countdown = f->gap;
	f->call = call;
	errno = f->error;
	return true;
}

void fault_place_make(struct fault_place *p)
{
	(void)snprintf(p->path, sizeof(p->path), "/tmp/freehold-fault-XXXXXX");
	if (mkdtemp(p->path) == nullptr)
		abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void fault_place_drop(struct fault_place *p)
{
	(void)nftw(p->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

size_t fault_descriptors(void)
{
	struct dirent **entry;
	int n = scandir("/proc/self/fd", &entry, nullptr, nullptr);

	for (int i = 0; i < n; i++)
		free(entry[i]);
	if (n >= 0)
		free(entry);
	return n < 0 ? 0 : (size_t)n;
}
