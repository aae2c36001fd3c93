/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_EVENT_LOG_H
#define FH_EVIDENCE_EVENT_LOG_H

#include "base/cursor.h"
#include "base/trace.h"
#include "evidence/attest.h"

/* The log of what firmware and boot loaders extended into PCRs: TCG PC Client
 * Platform Firmware Profile (PFP), section 10.  Both forms are read: crypto-agile,
 * whose first record is a "Spec ID Event03" that lists the algorithms, and the older
 * one with SHA-1 alone.  Nothing in a log is true because it stands there: replay
 * it and compare with a quote.  docs/spec/EVIDENCE, "Measurement logs".  */

constexpr size_t FH_EVENT_LOG_MAX = 4 << 20;       /* tables are 64 KiB; some firmware has 1 MiB */
constexpr size_t FH_EVENTS_MAX = 32768;            /* records; real logs have below 300 */
constexpr size_t FH_EVENT_DATA_MAX = 1 << 20;      /* of one record; a large dbx has 100 KiB */
constexpr size_t FH_EVENT_ALGORITHMS_MAX = FH_BANKS; /* each once; logs have at most 4 */

/* Types of PFP table 27 that decide something here.  */
enum fh_event_type : uint32_t {
	FH_EV_NO_ACTION = 0x03,
	FH_EV_SEPARATOR = 0x04,
	FH_EV_ACTION = 0x05,
	FH_EV_EVENT_TAG = 0x06,
	FH_EV_S_CRTM_VERSION = 0x08,
	FH_EV_IPL = 0x0d,
	FH_EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001,
	FH_EV_EFI_VARIABLE_BOOT = 0x80000002,
	FH_EV_EFI_BOOT_SERVICES_APPLICATION = 0x80000003,
	FH_EV_EFI_BOOT_SERVICES_DRIVER = 0x80000004,
	FH_EV_EFI_RUNTIME_SERVICES_DRIVER = 0x80000005,
	FH_EV_EFI_GPT_EVENT = 0x80000006,
	FH_EV_EFI_ACTION = 0x80000007,
	FH_EV_EFI_PLATFORM_FIRMWARE_BLOB = 0x80000008,
	FH_EV_EFI_PLATFORM_FIRMWARE_BLOB2 = 0x8000000a,
	FH_EV_EFI_HANDOFF_TABLES2 = 0x8000000b,
	FH_EV_EFI_VARIABLE_BOOT2 = 0x8000000c,
	FH_EV_EFI_GPT_EVENT2 = 0x8000000d,
	FH_EV_EFI_HCRTM_EVENT = 0x80000010,
	FH_EV_EFI_VARIABLE_AUTHORITY = 0x800000e0,
};

struct fh_event_algorithm {
	uint16_t id;   /* TPM_ALG_ID, one of fh_banks */
	uint16_t size; /* bytes of its digests */
};

struct fh_event {
	size_t number; /* from 0, the first record of the log included, as other tools count */
	uint32_t pcr;
	uint32_t type;
	size_t digests;
	struct {
		uint16_t algorithm;
		struct fh_span bytes;
	} digest[FH_EVENT_ALGORITHMS_MAX]; /* in the log's order of algorithms */
	struct fh_span data;
};

/* A log that is being read.  It looks at the caller's bytes.  */
struct fh_event_log {
	bool agile;
	size_t algorithms;
	struct fh_event_algorithm algorithm[FH_EVENT_ALGORITHMS_MAX]; /* each once */
	struct fh_cursor rest;
	size_t number;      /* of the next record */
	struct fh_trace *t; /* the caller's; may be NULL */
};

/* Begins with the first record of FILE.  FH_ERR_FORMAT, FH_ERR_LIMIT, FH_ERR_TORN or
 * FH_ERR_UNSUPPORTED (an algorithm whose size nobody knows).  T stays in use until
 * the last record was read.  */
fh_err fh_event_log_open(struct fh_span file, struct fh_event_log *out, struct fh_trace *t);

/* The next record, the first included: false behind the last one or when the log is
 * malformed, and then LOG->rest.why says so.  A rest of zeros alone or of 0xff alone
 * that is as long as the fixed part of a record is the unused end of a firmware's
 * table; anything else that is no record is malformed.  */
bool fh_event_log_next(struct fh_event_log *log, struct fh_event *out);

/* The digest of E by ALGORITHM, or an empty span.  */
struct fh_span fh_event_digest(const struct fh_event *e, uint16_t algorithm);

/* E is the record that tells what PCR 0 was before the first extend: *VALUE is its
 * last byte (PFP 10.4.5.3: the locality of TPM2_Startup, or 4 after an H-CRTM).  */
bool fh_event_startup_locality(const struct fh_event *e, uint8_t *value);

/* E is what hardware measured into PCR 0 before the processor's first instruction, which
 * leaves 4 there first, whatever locality TPM2_Startup came from later.  */
constexpr uint8_t FH_EVENT_HCRTM_FIRST = 4;
bool fh_event_is_hcrtm(const struct fh_event *e);

/* The name of a type ("EV_IPL"), or NULL.  */
const char *fh_event_type_name(uint32_t type);

/* --- where a log leads ----------------------------------------------------------- */

struct fh_event_replay {
	uint32_t events;               /* bit I: PCR I was extended by at least one record */
	uint32_t count[FH_PCRS_MAX];   /* by how many */
	bool locality;                 /* the log tells PCR 0's first value ... */
	uint8_t first;                 /* ... which is this */
	bool hcrtm;                    /* by an event of the hardware's, which settles it */
	size_t records;                /* of the log */
	size_t banks;
	struct fh_event_bank {
		enum fh_bank bank;
		struct fh_digest value[FH_PCRS_MAX]; /* without events: the reset value */
	} bank[FH_BANKS]; /* those that the log has, in its order */
	size_t unchecked;
	enum fh_bank unchecked_bank[FH_BANKS]; /* it has these, and OpenSSL has no such hash */
};

/* Replays all banks of FILE, or ONLY one (FH_BANK_NONE: all).  FH_ERR_MISSING if the log
 * does not have it; FH_ERR_UNSUPPORTED if it does, and where it leads cannot be computed
 * (fh_bank_available()); otherwise as fh_event_log_open().  */
fh_err fh_event_log_replay(struct fh_span file, enum fh_bank only, struct fh_event_replay *out,
			   struct fh_trace *t);

/* The replayed values of BANK, or NULL.  */
const struct fh_event_bank *fh_event_replay_bank(const struct fh_event_replay *r,
						 enum fh_bank bank);

/* What a reset leaves in PCR: zeros, or 0xff in 17 to 22, which belong to a dynamic
 * launch.  */
struct fh_digest fh_event_reset(enum fh_bank bank, unsigned pcr);

#endif
