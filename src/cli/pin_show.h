/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_PIN_SHOW_H
#define FH_CLI_PIN_SHOW_H

#include "chain/pins.h"
#include "cli/command.h"

/* One tool, as its server defines it now and as it is pinned.  */
struct fh_pin_row {
	struct fh_span name;
	const struct fh_json *now; /* NULL: it is not defined */
	struct fh_span pinned;     /* the definition; empty: it is not pinned */
	bool left_out;             /* not to be pinned */
};

enum fh_pin_change {
	FH_PIN_SAME,
	FH_PIN_NEW,
	FH_PIN_CHANGED,
	FH_PIN_GONE,
	FH_PIN_LEFT_OUT,
	FH_PIN_CHANGES,
};

enum fh_pin_change fh_pin_change(const struct fh_pin_row *row);

/* Shows the N rows of SERVER, what is new in full and what has changed member by member.
 * Characters that a terminal or a reader would take for something else are shown as
 * \u{HEX}.  SCRATCH gets back what it gives.  */
fh_err fh_pin_show(const struct fh_cli *cli, struct fh_span server, const struct fh_pin_row *row,
		   size_t n, struct fh_arena *scratch);

#endif
