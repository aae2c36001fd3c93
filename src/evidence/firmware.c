/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/firmware.h"

#include "base/hex.h"

constexpr size_t maker_bytes = 4;
constexpr int build_bits = 32; /* TPM_PT_FIRMWARE_VERSION_2, below the version */

static const char roca[] = "CVE-2017-15361", tpm_fail[] = "CVE-2019-16863";
static const char guessed[] = "RSA keys that it made can be computed from their public halves"
			      " (ROCA)";
static const char timed[] = "how long it takes to sign by ECDSA gives the key away (TPM-FAIL)";
static const char microsoft[] = "Microsoft ADV170012; infineon.com/TPM-update";
static const char st[] = "st.com/content/st_com/en/campaigns/tpm-update.html";

#define VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))

/* Infineon: versions of 4 and 6 are TPM 1.2's, and stand here because one chip was sold as
 * either.  STMicroelectronics lists single versions, and says that others are not affected.
 * Intel's advisory names versions of the management engine (CSME before 11.8.65, 11.11.65,
 * 11.22.65, 12.0.35, 13.0.1201 and 14.0.10; TXE before 3.1.65 and 4.0.15; SPS), and the TPM in
 * it tells another number as its version.  */
const struct fh_firmware_fact fh_firmware_facts[FH_FIRMWARE_FACTS] = {
	{ "IFX", VERSION(4, 0), VERSION(4, 33), roca, guessed, "a version above 4.33",
	  microsoft },
	{ "IFX", VERSION(4, 40), VERSION(4, 42), roca, guessed, "a version above 4.42",
	  microsoft },
	{ "IFX", VERSION(5, 0), VERSION(5, 61), roca, guessed, "a version above 5.61",
	  microsoft },
	{ "IFX", VERSION(6, 0), VERSION(6, 42), roca, guessed, "a version above 6.42",
	  microsoft },
	{ "IFX", VERSION(7, 0), VERSION(7, 61), roca, guessed, "a version above 7.61",
	  microsoft },
	{ "IFX", VERSION(133, 0), VERSION(133, 32), roca, guessed, "a version above 133.32",
	  microsoft },
	{ "STM", VERSION(71, 0), VERSION(71, 0), tpm_fail, timed, "71.16", st },
	{ "STM", VERSION(71, 4), VERSION(71, 4), tpm_fail, timed, "71.16", st },
	{ "STM", VERSION(71, 12), VERSION(71, 12), tpm_fail, timed, "71.16", st },
	{ "STM", VERSION(73, 0), VERSION(73, 0), tpm_fail, timed, "73.20", st },
	{ "STM", VERSION(73, 4), VERSION(73, 4), tpm_fail, timed, "73.20", st },
	{ "STM", VERSION(73, 5), VERSION(73, 5), tpm_fail, timed, "73.21", st },
	{ "STM", VERSION(73, 8), VERSION(73, 8), tpm_fail, timed, "73.64", st },
	{ "STM", VERSION(73, 9), VERSION(73, 9), tpm_fail, timed, "73.65", st },
	{ "STM", VERSION(74, 0), VERSION(74, 0), tpm_fail, timed, "74.20", st },
	{ "STM", VERSION(74, 4), VERSION(74, 4), tpm_fail, timed, "74.20", st },
	{ "STM", VERSION(74, 5), VERSION(74, 5), tpm_fail, timed, "74.21", st },
	{ "STM", VERSION(74, 8), VERSION(74, 8), tpm_fail, timed, "74.64", st },
	{ "STM", VERSION(74, 9), VERSION(74, 9), tpm_fail, timed, "74.65", st },
	{ "STM", VERSION(74, 16), VERSION(74, 16), tpm_fail, timed, "74.64", st },
	{ "INTC", VERSION(0, 0), VERSION(65535, 65535), "CVE-2019-11090", timed, nullptr,
	  "INTEL-SA-00241" },
};

/* The maker's characters, without what fills them up to four.  */
static struct fh_span maker_of(struct fh_span maker, uint8_t room[static maker_bytes])
{
	struct fh_span id = FH_SPAN_LIT("id:");
	struct fh_span name = maker;

	if (fh_span_starts(maker, id) &&
	    fh_hex_read(fh_span_skip(maker, id.n), room, maker_bytes) == FH_ERR_OK)
		name = fh_span_of(room, maker_bytes);
	while (name.n > 0 && (name.p[name.n - 1] == 0 || name.p[name.n - 1] == ' '))
		name.n--;
	return name;
}

enum fh_firmware_known fh_firmware_judge(struct fh_span maker, uint64_t version,
					 const struct fh_firmware_fact **fact)
{
	uint8_t room[maker_bytes];
	struct fh_span name = maker_of(maker, room);
	uint32_t told = (uint32_t)(version >> build_bits);

	for (size_t i = 0; i < FH_FIRMWARE_FACTS; i++) {
		const struct fh_firmware_fact *f = &fh_firmware_facts[i];

		if (!fh_span_equal(name, fh_span_str(f->maker)) || told < f->first ||
		    told > f->last)
			continue;
		*fact = f;
		return f->mended != nullptr ? FH_FIRMWARE_WEAK : FH_FIRMWARE_UNTOLD;
	}
	return FH_FIRMWARE_UNLISTED;
}
