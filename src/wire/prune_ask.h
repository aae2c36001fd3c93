/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_PRUNE_ASK_H
#define FH_WIRE_PRUNE_ASK_H

#include "base/builder.h"
#include "base/span.h"
#include "freehold/error.h"
#include "policy/entity.h"

/* Who wants the record to be pruned says so with the line `prune FROM`, among those of readers
 * (docs/spec/DOOR, "Readers"); core decides and records the CBOR map {"from": uint}.  FROM is the
 * first entry of the segment to begin with: 0, or what the answer before named.  */

#define FH_ACTION_RECORD_PRUNE "record.prune"

constexpr size_t FH_PRUNE_ASK_LINE_MAX = 32;
constexpr size_t FH_PRUNE_ASK_PARAMS_MAX = 16;

/* Action::"record.prune".  */
struct fh_entity_uid fh_prune_ask_action(void);

/* LINE begins as one does; reads and writes it, without its end.  FH_ERR_FORMAT.  */
bool fh_prune_ask_is(struct fh_span line);
fh_err fh_prune_ask_parse(struct fh_span line, uint64_t *from);
void fh_prune_ask_put_line(struct fh_builder *b, uint64_t from);

/* The map, read strictly.  */
void fh_prune_ask_put(struct fh_builder *b, uint64_t from);
fh_err fh_prune_ask_read(struct fh_span params, uint64_t *from);

#endif
