/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_FIRMWARE_H
#define FH_EVIDENCE_FIRMWARE_H

#include "base/span.h"

/* Firmware of TPMs whose keys can be had without opening the chip, by software or over a
 * network: what such a TPM signs or keeps is worth little, whoever made it.  Taps on its bus,
 * probes and glitches need hands on the machine and are not the firmware's version's matter
 * (SECURITY.md), nor is what only makes a TPM stop.  docs/spec/EVIDENCE, "Firmware of the TPM".  */

struct fh_firmware_fact {
	const char *maker;     /* TCG Vendor ID Registry, without the filling zero or blank */
	uint32_t first, last;  /* TPM_PT_FIRMWARE_VERSION_1, the upper half of an attestation's:
				  major << 16 | minor; all that lie between */
	const char *cve;
	const char *what;      /* is weak, for people */
	const char *mended;    /* what mends it, or NULL if versions do not tell */
	const char *source;    /* who says so */
};

constexpr size_t FH_FIRMWARE_FACTS = 21;
extern const struct fh_firmware_fact fh_firmware_facts[FH_FIRMWARE_FACTS];

/* What is known of a maker's firmware of some version.  */
enum fh_firmware_known {
	FH_FIRMWARE_UNLISTED, /* nothing is */
	FH_FIRMWARE_WEAK,
	FH_FIRMWARE_UNTOLD,   /* some of this maker's is weak, and its version does not tell */
};

/* MAKER as an endorsement certificate or TPM_PT_MANUFACTURER has it: "id:53544D20", or four
 * characters, of which the last may be zeros or blanks.  *FACT is what it is about, unless
 * unlisted.  */
enum fh_firmware_known fh_firmware_judge(struct fh_span maker, uint64_t version,
					 const struct fh_firmware_fact **fact);

#endif
