/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file.  */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config.c" /* of the program, not of a library */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fh_config before, after;
	struct fh_trace t = { 0 };

	fh_config_defaults(&before);
	after = before;
	/* Refused as a whole or not at all.  */
	if (fh_config_read(fh_span_of(bytes, n), &after, &t) != FH_ERR_OK
	    && (memcmp(&before, &after, sizeof(before)) != 0 || t.what[0] == '\0'))
		abort();
	return 0;
}
