/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_REQUEST_H
#define FH_STAMP_REQUEST_H

#include "stamp/stamp.h"

/* Stamps of a machine that asks nobody: a message is carried out as a file, anybody's
 * OpenTimestamps stamps that file, and the proof of it is carried back.
 * docs/spec/STAMP, "Carried by hand".  */

/* Puts the attestation under AT that says that its message is such a file.  */
fh_err fh_stamp_attest_request(struct fh_stamp *at, struct fh_arena *a);

/* Adds ANSWER, the proof of a file that was carried out for the tree S, to S.  The
 * request goes when a block of Bitcoin is in the answer: until then, a later one is
 * taken as well.  FH_ERR_MISSING if no message that S asks for is that file.  */
fh_err fh_stamp_answer(struct fh_stamp *s, const struct fh_stamp_file *answer, struct fh_arena *a);

#endif
