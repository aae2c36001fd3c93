/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "os/clock.h"

constexpr uint64_t after_ms = 2000;
constexpr uint64_t every_ms = 100;
constexpr int bar_width = 40;

struct fh_progress fh_progress_begin(uint64_t bytes)
{
	return (struct fh_progress){ .bytes = bytes, .what = "entries",
				     .begun_ms = fh_clock_boot_ms(),
				     .terminal = isatty(STDERR_FILENO) == 1 };
}

void fh_progress_tick(struct fh_progress *p, uint64_t done, uint64_t entries)
{
	uint64_t now = p->terminal ? fh_clock_boot_ms() : 0;

	if (!p->terminal || now - p->begun_ms < after_ms || now - p->shown_ms < every_ms)
		return;
	p->shown_ms = now;
	uint64_t percent = p->bytes == 0 || done >= p->bytes ? 100 : done * 100 / p->bytes;
	int filled = (int)(percent * bar_width / 100);

	fprintf(stderr, "\r[%.*s%*s] %3llu %% %llu %s ", filled,
		"########################################", bar_width - filled, "",
		(unsigned long long)percent, (unsigned long long)entries, p->what);
}

void fh_progress_end(const struct fh_progress *p)
{
	if (p->shown_ms != 0)
		fprintf(stderr, "\r%*s\r", bar_width + 40, "");
}
