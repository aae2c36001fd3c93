/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_PE_H
#define FH_EVIDENCE_PE_H

#include "base/trace.h"
#include "crypto/bank.h"
#include "freehold/error.h"

/* What UEFI firmware starts: a PE/COFF image, and the digest under which firmware
 * measures it, which is Microsoft's Authenticode hash.  It leaves out what signing
 * changes (the checksum, the certificate table and where that table is), and takes
 * the sections in the order in which they lie in the file.
 *
 * The reader is stricter than a loader: whatever would make two readers see two
 * different images is refused, above all sections that overlap each other, in the
 * file or in memory, or that the file does not hold.  */

constexpr size_t FH_PE_SECTIONS_MAX = 96; /* as many as Windows loads */
constexpr size_t FH_PE_NAME_MAX = 8;      /* of a section; longer names are for objects only */
constexpr size_t FH_PE_FILE_MAX = 1 << 30; /* a kernel with an initramfs of several hundred MiB */

struct fh_pe_section {
	struct fh_span name;  /* without the zeros behind it */
	uint32_t address;     /* in memory, from the image's base */
	uint32_t memory_size; /* in memory; what the file does not fill is zero */
	struct fh_span bytes; /* in the file; may be longer, by what aligns it, or shorter */
	size_t offset;        /* of BYTES in the file */
};

constexpr uint16_t FH_PE_X86_64 = 0x8664;

struct fh_pe {
	struct fh_span file;
	uint16_t machine;            /* FH_PE_X86_64, or another processor's number */
	size_t checksum;             /* offset of the field, four bytes */
	size_t certificate_entry;    /* offset of the directory's entry, eight bytes; 0: none */
	size_t headers;              /* bytes from the file's beginning to the sections */
	struct fh_span certificates; /* the table at the end of the file; may be empty */
	size_t sections;
	struct fh_pe_section section[FH_PE_SECTIONS_MAX]; /* as the table lists them */
	uint8_t in_file[FH_PE_SECTIONS_MAX]; /* indexes of those with bytes, by offset */
	size_t in_file_n;
};

/* Reads FILE, which *OUT keeps looking at.  FH_ERR_FORMAT or FH_ERR_LIMIT with a
 * trace for what is refused.  */
fh_err fh_pe_read(struct fh_span file, struct fh_pe *out, struct fh_trace *t);

/* The digest that firmware extends into a PCR of BANK when it loads the image.  */
struct fh_digest fh_pe_authenticode(const struct fh_pe *pe, enum fh_bank bank);

#endif
