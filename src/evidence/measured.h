/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_MEASURED_H
#define FH_EVIDENCE_MEASURED_H

#include "base/builder.h"
#include "crypto/bank.h"

/* Freehold's own programs in a PCR: docs/spec/EVIDENCE.md, "The runtime".  */

/* Extended by the hash of each measured program, in the initramfs.  */
constexpr unsigned FH_PCR_RUNTIME = 14;

/* Where systemd, and so we, log what is measured after the firmware has gone.  */
#define FH_MEASURED_LOG "/run/log/systemd/tpm2-measure.log"
/* What the event's description begins with; the program's path follows.  */
#define FH_MEASURED_PREFIX "freehold:"

/* One record of that log (RFC 7464: a record separator, JSON, a line feed) about the
 * program PATH, measured in the banks that are ACTIVE.  */
void fh_measured_put(struct fh_builder *b, struct fh_span path,
		     const bool active[static FH_BANKS_PLAIN],
		     const struct fh_digest digest[static FH_BANKS_PLAIN], struct fh_span boot_id,
		     uint64_t boot_us);

#endif
