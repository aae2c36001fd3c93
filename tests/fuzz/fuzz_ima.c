/* SPDX-License-Identifier: Apache-2.0 */
/* A log of IMA in either form.  */
#include <stdlib.h>

#include "evidence/ima.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct fh_ima_log log;
	struct fh_ima_entry e;
	struct fh_trace t = { 0 };

	if (fh_ima_open(fh_span_of(bytes, n), &log, &t) != FH_ERR_OK)
		return 0;
	while (fh_ima_next(&log, &e)) {
		if (e.pcr >= FH_IMA_PCRS_MAX || e.fields > FH_IMA_FIELDS_MAX ||
		    e.shown.n > FH_DIGEST_MAX)
			abort();
		(void)fh_ima_digest(&e, FH_BANK_SHA256, FH_IMA_HASHED);
		(void)fh_ima_shown_is_right(&e);
	}
	if (log.rest.why != FH_ERR_OK && t.what[0] == '\0')
		abort();
	return 0;
}
