/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_EXAMPLE_H
#define FH_CLI_POLICY_EXAMPLE_H

#include "base/builder.h"
#include "policy/analyse.h"

/* What the analysis of policies found, on stdout.  */

/* A request, on a line that begins with INDENT, and what else matters below it.  */
void fh_example_print(const char *indent, const struct fh_example *e);

/* The same as a JSON object: principal, action, resource, context and entities.  */
void fh_example_json(const struct fh_example *e);

/* "action": ..., "principal": ..., "resource": ...  */
void fh_environment_json(const struct fh_environment *x);

/* S as a JSON string.  */
void fh_print_string(struct fh_span s);

/* How a circumstance is called, in JSON and to people.  */
const char *fh_when_name(enum fh_when when);
const char *fh_when_text(enum fh_when when);

#endif
