/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_DOCUMENT_H
#define FH_CLI_VERIFY_DOCUMENT_H

#include "cli/command.h"
#include "cli/verify_print.h"
#include "verify/document.h"

/* `verify document FILE`, and `verify URL`, which fetches it and may ask the machine
 * a question of its own.  */

int fh_verify_document(struct fh_cli *cli, int argc, char **argv);

/* `verify URL` (or `verify machine URL`).  Beside each main(): freehold-verify has no
 * network and says what to do instead.  */
int fh_verify_machine(struct fh_cli *cli, int argc, char **argv);

/* WORD is a URL and no kind of verification.  */
bool fh_verify_url_meant(const char *word);

/* The options of both.  */
#define FH_DOCUMENT_OPTIONS                                                                   \
	{ "genesis", 0, false, "HASH", "the genesis hash of the chain that is trusted" },     \
	{ "roots", 0, false, "PATH",                                                          \
	  "roots to trust: a bundle, or a directory (default " FH_ROOTS_DIRECTORY ")" },      \
	{ "at", 0, false, "TIME", "when certificates have to be valid (default now)" },       \
	{ "require", 0, true, "ANSWER,...", "answers that must be yes: authentic, fresh,"     \
	  " enrolled, accepted (default authentic,enrolled)" },                               \
	{ "allow-grade", 0, true, "GRADE,...", "weak grades to let pass: none, simulated,"    \
	  " co-located, weak-firmware" }

/* What both are told and need.  Drop it.  */
struct fh_document_task {
	const struct fh_usage *usage;
	struct fh_arguments arguments;
	unsigned required, allowed;
	struct fh_arena live, spare, scratch, own, text;
	struct fh_x509_roots roots;
	struct fh_document_options options;
};
void fh_document_task_drop(struct fh_document_task *t);

/* Reads the command line and takes memory.  -1 to go on, or the exit status.  */
int fh_document_task_begin(struct fh_cli *cli, const struct fh_usage *u, int argc, char **argv,
			   struct fh_document_task *t);
/* Judges TEXT, which came from WHERE, and reports.  Returns the exit status.  */
int fh_document_task_judge(const struct fh_cli *cli, struct fh_document_task *t,
			   const char *where, struct fh_span text);

/* What a report says behind the finding.  */
void fh_report_document(struct fh_report *r, const struct fh_document_check *c);

#endif
