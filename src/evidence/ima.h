/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_IMA_H
#define FH_EVIDENCE_IMA_H

#include "base/cursor.h"
#include "base/trace.h"
#include "evidence/attest.h"

/* The log of Linux's Integrity Measurement Architecture: each file that was executed,
 * mapped or read as a policy demands, extended into a PCR, 10 unless told otherwise.
 * Both forms are read: lines of text, and binary in the byte order of the machine, which
 * its first number tells.  docs/spec/EVIDENCE, "The quote of a TPM".
 *
 * The log goes on after a quote: it is its prefix that leads to the quoted value.  */

constexpr size_t FH_IMA_LOG_MAX = 64 << 20;    /* 200,000 files at 300 bytes */
constexpr size_t FH_IMA_NAME_MAX = 96;         /* of a template; one that lists all fields has 69 */
constexpr size_t FH_IMA_FIELDS_MAX = 16;       /* of a template; the kernel's limit is 15 */
constexpr size_t FH_IMA_DATA_MAX = 128 << 10;  /* of one record: a key or a critical structure */

/* Rules may name PCRs up to this, of which a TPM has the first FH_PCRS_MAX: what the others
 * got was logged, and extended nowhere.  */
constexpr uint32_t FH_IMA_PCRS_MAX = 64;

/* Which kernel the log is of: what it extends into other banks than SHA-1.  */
enum fh_ima_padding {
	FH_IMA_HASHED = 0, /* the template data's digest by the bank's hash (since 5.8) */
	FH_IMA_PADDED,     /* its SHA-1 with zeros behind it: only on demand, as it is no better
			      than SHA-1 */
};

struct fh_ima_entry {
	size_t number;             /* from 0 */
	uint32_t pcr;
	struct fh_span shown;      /* the template digest that the log shows, by the hash of its
				      file: its claim, and nothing that a replay uses */
	bool violation;            /* it shows zeros, and extended 0xff */
	struct fh_span name;       /* of the template: "ima-ng" */
	size_t fields;
	struct fh_span field[FH_IMA_FIELDS_MAX]; /* of the template data, without their lengths */
	struct fh_span data;       /* that was digested */
	struct fh_span algorithm;  /* of the file's digest: "sha256"; of "ima": "sha1" */
	struct fh_span file_digest;
	struct fh_span path;       /* of the file */
};

/* A log that is being read.  */
struct fh_ima_log {
	bool binary;
	bool big;                  /* binary, of a machine that is big-endian */
	size_t shown_n;            /* of a template digest in the binary form: 20, or more in the
				      file of another bank (binary_runtime_measurements_sha256) */
	struct fh_cursor rest;
	size_t number;
	struct fh_trace *t;
	uint8_t room[FH_IMA_DATA_MAX]; /* the data of a line of text */
};

/* Begins with FILE.  FH_ERR_FORMAT or FH_ERR_LIMIT.  */
fh_err fh_ima_open(struct fh_span file, struct fh_ima_log *out, struct fh_trace *t);

/* The next record, which looks at FILE and LOG and is right until the next call: false
 * behind the last one or when the log is malformed, and then LOG->rest.why says so.  */
bool fh_ima_next(struct fh_ima_log *log, struct fh_ima_entry *out);

/* What E extended in BANK.  */
struct fh_digest fh_ima_digest(const struct fh_ima_entry *e, enum fh_bank bank,
			       enum fh_ima_padding padding);

/* The shown template digest is that of the data, by a hash of its size.  */
bool fh_ima_shown_is_right(const struct fh_ima_entry *e);

#endif
