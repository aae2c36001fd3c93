/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_REPORT_VALUE_H
#define FH_CLI_REPORT_VALUE_H

#include "base/builder.h"

/* One CBOR item as people and programs read it: as JSON, byte strings as
 * {"hex": "..."}.  The item has been checked.  */
void fh_report_value(struct fh_builder *b, struct fh_span item);

#endif
