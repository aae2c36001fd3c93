/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_UKI_H
#define FH_EVIDENCE_UKI_H

#include "chain/approval.h"
#include "evidence/component.h"
#include "freehold/error.h"

/* What a machine's PCRs will be when its firmware starts a unified kernel image
 * (UAPI group specification) itself, from \EFI\BOOT\BOOTX64.EFI or from a boot
 * entry without options, with nothing beside the image: docs/spec/EVIDENCE.md,
 * "Predicted from an image".
 *
 * Who measures what differs between versions of systemd-stub and of Linux.  What
 * is predicted was compared with real boots of the versions below; with another
 * version, or under terms that leave it open, a PCR is said to be unknown, with the
 * reason, and never guessed.  */

constexpr unsigned FH_UKI_STUB = 257;      /* systemd-stub's version that is known */
constexpr unsigned FH_UKI_LINUX_MAJOR = 6; /* Linux measures options and initrd, ... */
constexpr unsigned FH_UKI_LINUX_MINOR = 1; /* ... in this order, at least since 6.1 */
constexpr size_t FH_UKI_BASE_MAX = 192;    /* events of a machine's firmware; real ones: 60 */
constexpr size_t FH_UKI_EVENTS_MAX = FH_UKI_BASE_MAX + 96; /* 26 of sections; phases; programs */
constexpr size_t FH_UKI_PHASES_MAX = 16;   /* words; systemd has six */
constexpr size_t FH_UKI_OPTIONS_MAX = 2048; /* a command line: COMMAND_LINE_SIZE of Linux/x86 */

struct fh_uki_event {
	uint8_t pcr;
	const char *type; /* the TCG's name: "EV_IPL" */
	enum fh_component component;
	struct fh_span name;               /* what was measured, for people; printable */
	struct fh_digest digest[FH_BANKS_PLAIN]; /* in the order of fh_banks */
};

/* What the firmware of one machine measures whatever it starts, by its event log: PCRs
 * 0, 2, 3, 4 and 7, up to the first program that it started.  */
struct fh_uki_base {
	bool secure_boot;      /* it enforces Secure Boot */
	bool bank[FH_BANKS_PLAIN];   /* those that the log has */
	uint8_t first;         /* the last byte of PCR 0 before the first event */
	size_t events;
	struct fh_uki_event event[FH_UKI_BASE_MAX];
};

/* Reads it from the event log FILE.  FH_ERR_UNSUPPORTED if nothing was started in it;
 * FH_ERR_LIMIT; otherwise as fh_event_log_open().  */
fh_err fh_uki_base_read(struct fh_span file, struct fh_uki_base *out, struct fh_trace *t);

/* What the image cannot tell.  */
struct fh_uki_terms {
	const struct fh_uki_base *base; /* the machine; NULL: one without Secure Boot's keys */
	bool secure_boot;               /* without BASE: the machine enforces Secure Boot */
	struct fh_span phases;          /* words that systemd measures later, between colons */
};

struct fh_uki {
	bool bank[FH_BANKS_PLAIN];  /* what is told */
	uint8_t first;        /* as of the base */
	size_t events;
	struct fh_uki_event event[FH_UKI_EVENTS_MAX]; /* for one PCR in the order of extending */
	bool predicted[FH_PCRS];
	const char *unknown[FH_PCRS]; /* why it is not, for those that the image is about */
};

/* FH_ERR_FORMAT, FH_ERR_LIMIT or FH_ERR_UNSUPPORTED with a trace if FILE is no such
 * image, or one that no two readers would agree about.  *OUT looks at FILE.  */
fh_err fh_uki_predict(struct fh_span file, const struct fh_uki_terms *terms, struct fh_uki *out,
		      struct fh_trace *t);

/* Adds that the initramfs measures a program whose bytes are FILE: PCR 14, after those
 * added before.  FH_ERR_LIMIT if there are too many.  */
fh_err fh_uki_add_program(struct fh_uki *u, struct fh_span name, struct fh_span file);

/* The predicted value of PCR in the bank fh_banks[BANK].  */
struct fh_digest fh_uki_pcr(const struct fh_uki *u, unsigned pcr, size_t bank);

#endif
