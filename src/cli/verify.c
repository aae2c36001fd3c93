/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#include "cli/verify_document.h"
#include "cli/verify_proof.h"
#include "cli/verify_quote.h"
#include "cli/verify_record.h"
#include "cli/verify_stamp.h"

static const struct fh_subcommand kinds[] = {
	{ "record", fh_verify_record, "a record: every hash, signature and rule" },
	{ "proof", fh_verify_proof, "a proof that an entry is in a record" },
	{ "document", fh_verify_document, "what a machine publishes of itself, as a file" },
	{ "machine", fh_verify_machine, "a machine: its document, fetched from a URL" },
	{ "quote", fh_verify_quote, "a quote of a TPM, as tpm2-tools write it" },
	{ "stamp", fh_verify_stamp, "that a file existed when a block of Bitcoin was made" },
};

int fh_cmd_verify(struct fh_cli *cli, int argc, char **argv)
{
	bool named = argc >= 2 && strcmp(argv[1], "stamp") == 0;

	/* `verify FILE --ots FILE.ots` names no kind.  */
	if (!named && fh_verify_stamp_meant(argc, argv))
		return fh_verify_stamp(cli, argc, argv);
	if (argc >= 2 && fh_verify_url_meant(argv[1]))
		return fh_verify_machine(cli, argc, argv);
	return fh_cli_subcommand(cli, "verify", kinds, sizeof(kinds) / sizeof(kinds[0]), argc,
				 argv);
}
