/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_STAMP_H
#define FH_CLI_STAMP_H

#include "anchor/calendar.h"
#include "cli/command.h"
#include "cli/login.h"

/* The parts of `freehold stamp`.  */

constexpr size_t FH_CALENDARS_MAX = 16; /* asked for one proof */
constexpr size_t FH_UPGRADES_MAX = 64;  /* of its attestations asked about: a minute each */

#define FH_CALENDAR_OPTION                                                                    \
	{ "calendar", 0, true, "URL", "a calendar to ask (default: `calendars` in the"          \
	  " configuration)" }

#define FH_STAMP_MAKE_OPTIONS                                                                 \
	FH_CALENDAR_OPTION,                                                                     \
	{ "enough", 0, false, "N", "calendars that must answer (default 1)" },                  \
	FH_NODE_OPTIONS,                                                                        \
	{ "fee-max", 0, false, "SATOSHI", "what the transaction may cost (default 100000)" },   \
	{ "request", 0, false, "FILE", "ask nobody: write the hash here, to be carried out" }

#define FH_CONFIRMATIONS_OPTION                                                               \
	{ "confirmations", 0, false, "N", "blocks, its own counted, that a transaction must be" \
	  " under (default 6)" }

/* The calendars of a command line, which are among those of the configuration if that
 * names any; otherwise those of the configuration.  */
struct fh_calendar_list {
	const char *url[FH_CALENDARS_MAX];
	size_t n;
	char text[1024]; /* the configuration's, split */
};

/* Those of L, and whom they are trusted by.  */
struct fh_calendars fh_calendars_of(const struct fh_cli *cli, const struct fh_calendar_list *l);

/* Returns -1 to go on, otherwise the exit status.  */
int fh_calendar_list_read(const struct fh_cli *cli, const struct fh_usage *u,
			  const struct fh_arguments *a, struct fh_calendar_list *out);

/* Says of the proof NAME that it is in STATE, for people as TEXT (nothing if that is
 * NULL).  */
void fh_stamp_say(const struct fh_cli *cli, const char *name, const char *state, const char *text);

/* Makes FILE.ots for each of the N FILEs, 1 to FH_GATHER_MAX, all under one commitment,
 * by those whom FH_STAMP_MAKE_OPTIONS in A name.  On an error none is there.  Exit
 * status.  */
int fh_stamp_make_all(const struct fh_cli *cli, const struct fh_usage *u,
		      const struct fh_arguments *a, char *const *file, size_t n);

/* Completes each of the N PROOFs as far as it can be, by those whom
 * FH_STAMP_UPGRADE_OPTIONS in A name.  Exit status: FH_EXIT_YES if all are complete.  */
int fh_stamp_upgrade_all(const struct fh_cli *cli, const struct fh_usage *u,
			 const struct fh_arguments *a, char *const *proof, size_t n);

/* Takes the proof ANSWER into those of the N PROOFs that asked for it.  FH_EXIT_YES if
 * there was one, and a block attests it.  */
int fh_stamp_import_all(const struct fh_cli *cli, const char *answer, char *const *proof,
			size_t n);

/* Puts F in the place of the proof PATH, durably, if it can be read again: what others
 * say may be too much for one.  A lends the room, FH_STAMP_MEMORY more than F has.  */
fh_err fh_stamp_write_back(const char *path, const struct fh_stamp_file *f, struct fh_arena *a);

int fh_stamp_make(struct fh_cli *cli, int argc, char **argv);
int fh_stamp_upgrade(struct fh_cli *cli, int argc, char **argv);
int fh_stamp_import(struct fh_cli *cli, int argc, char **argv);
int fh_stamp_info(struct fh_cli *cli, int argc, char **argv);

#endif
