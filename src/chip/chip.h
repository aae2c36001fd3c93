/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_CHIP_H
#define FH_CHIP_CHIP_H

#include "base/builder.h"
#include "base/secret.h"
#include "base/trace.h"
#include "entry/grade.h"

/* Where keys live: one interface, several chips.  Only the keeper and `init`
 * hold one.  Everything that can fail reports why in a trace that the chip
 * keeps for its owner.  */

/* How long a sealed secret stays openable.  */
enum fh_chip_scope {
	FH_CHIP_DEVICE, /* for as long as the chip exists */
	FH_CHIP_BOOT,   /* until the next reboot (TPM: under the NULL hierarchy) */
};

/* Largest secret and largest blob.  96 = seed || chain id || device id.  */
constexpr size_t FH_CHIP_SECRET_MAX = 128;
constexpr size_t FH_CHIP_BLOB_MAX = 2048;

struct fh_chip;

struct fh_chip_class {
	/* Seals PLAIN (at most FH_CHIP_SECRET_MAX bytes) for SCOPE into BLOB.  */
	fh_err (*seal)(struct fh_chip *c, enum fh_chip_scope scope, struct fh_span plain,
		       struct fh_builder *blob);
	/* Opens BLOB into OUT (wiped by the caller).  FH_ERR_STATE: sealed in
	 * another boot; FH_ERR_SIGNATURE: not this chip's or altered; FH_ERR_TPM:
	 * the chip refused.  */
	fh_err (*unseal)(struct fh_chip *c, enum fh_chip_scope scope, struct fh_span blob,
			 struct fh_builder *out);
	/* The start counter: monotone over the life of the chip.  Create is done
	 * by `init`; FH_ERR_EXISTS if it is there.  */
	fh_err (*counter_create)(struct fh_chip *c);
	fh_err (*counter_increment)(struct fh_chip *c, uint64_t *now);
	fh_err (*counter_read)(struct fh_chip *c, uint64_t *now);
	/* How often this machine has booted (TPM: resetCount), and a value that
	 * differs between boots.  */
	fh_err (*boot)(struct fh_chip *c, uint64_t *count, uint8_t id[32]);
	void (*close)(struct fh_chip *c);
};

struct fh_chip {
	const struct fh_chip_class *class; /* NULL once closed */
	void *state;                       /* the class's own */
	enum fh_grade grade;               /* what this chip makes a key worth */
	char name[64];                     /* for people: manufacturer, or "no chip" */
	struct fh_trace trace;             /* why the last call failed */
};

/* Closes C; a zeroed one is fine.  */
void fh_chip_drop(struct fh_chip *c);

#endif
