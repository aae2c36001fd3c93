/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_CONFIG_H
#define FH_CLI_CONFIG_H

#include "base/limits.h"
#include "base/trace.h"
#include "freehold/error.h"

/* freehold.conf(5): lines of `key = value`.  It says where things are on this
 * machine and nothing about what is allowed; an unknown key is an error, so
 * that a rule written there is not silently ignored.  */

#define FH_CONFIG_PATH "/etc/freehold/freehold.conf"
#define FH_STATE_PATH "/var/lib/freehold"

constexpr size_t FH_CONFIG_MAX = 64 << 10; /* one configuration file */

enum fh_log_level {
	FH_LOG_ERROR,
	FH_LOG_WARNING,
	FH_LOG_INFO,
	FH_LOG_DEBUG,
};

struct fh_config {
	char state[FH_PATH_MAX];  /* `state`: the state directory */
	char socket[FH_PATH_MAX]; /* `socket`: Unix socket of clients; empty: STATE/socket */
	char listen[128];         /* `listen`: ADDRESS:PORT for HTTP; empty: none */
	char tcti[256];           /* `tcti`: which TPM, as tpm2-tss writes it; empty: the default */
	char calendars[1024];     /* `calendars`: URLs that may be asked for time stamps */
	char bitcoin[1025];       /* `bitcoin`: URL of the operator's Bitcoin node; empty: none */
	char bitcoin_login[FH_PATH_MAX]; /* `bitcoin-login`: file with its USER:PASSWORD */
	char ca_file[FH_PATH_MAX]; /* `ca-file`: authorities of https servers, in the place of the
				    * system's; empty: those */
	enum fh_log_level log;    /* `log`: error, warning, info or debug */
};

/* What holds without a file.  */
void fh_config_defaults(struct fh_config *c);

/* Reads the configuration TEXT over *C; on an error *C is untouched.  */
fh_err fh_config_read(struct fh_span text, struct fh_config *c, struct fh_trace *t);

/* Reads the file PATH over *C.  FH_ERR_MISSING if there is none.  */
fh_err fh_config_load(const char *path, struct fh_config *c, struct fh_trace *t);

#endif
