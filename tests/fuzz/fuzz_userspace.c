/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's log of measurements.  */
#include <stdlib.h>

#include "evidence/attest.h"
#include "evidence/userspace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	alignas(16) static uint8_t memory[1 << 20];
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	struct fh_userspace_log log;
	struct fh_userspace_event e;
	struct fh_trace t = { 0 };

	if (fh_userspace_open(fh_span_of(bytes, n), &scratch, &log, &t) != FH_ERR_OK)
		return 0;
	while (fh_userspace_next(&log, &e)) {
		if (e.pcr >= FH_PCRS_MAX || e.digests > FH_USERSPACE_DIGESTS_MAX)
			abort();
		(void)fh_userspace_is_right(&e, FH_BANK_SHA256);
	}
	if (log.why != FH_ERR_OK && t.what[0] == '\0')
		abort();
	return 0;
}
