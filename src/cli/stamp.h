/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_STAMP_H
#define FH_CLI_STAMP_H

#include "anchor/calendar.h"
#include "cli/command.h"

/* The parts of `freehold stamp`.  */

constexpr size_t FH_CALENDARS_MAX = 16; /* asked for one proof */
constexpr size_t FH_UPGRADES_MAX = 64;  /* of its attestations asked about: a minute each */

#define FH_CALENDAR_OPTION                                                                    \
	{ "calendar", 0, true, "URL", "a calendar to ask (default: `calendars` in the"          \
	  " configuration)" }

/* The calendars of a command line, which are among those of the configuration if that
 * names any; otherwise those of the configuration.  */
struct fh_calendar_list {
	const char *url[FH_CALENDARS_MAX];
	size_t n;
	char text[1024]; /* the configuration's, split */
};

/* Returns -1 to go on, otherwise the exit status.  */
int fh_calendar_list_read(const struct fh_cli *cli, const struct fh_usage *u,
			  const struct fh_arguments *a, struct fh_calendar_list *out);

/* Says of the proof NAME that it is in STATE, for people as TEXT (nothing if that is
 * NULL).  */
void fh_stamp_say(const struct fh_cli *cli, const char *name, const char *state, const char *text);

int fh_stamp_make(struct fh_cli *cli, int argc, char **argv);
int fh_stamp_upgrade(struct fh_cli *cli, int argc, char **argv);
int fh_stamp_info(struct fh_cli *cli, int argc, char **argv);

#endif
