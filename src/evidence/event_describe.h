/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_EVENT_DESCRIBE_H
#define FH_EVIDENCE_EVENT_DESCRIBE_H

#include "base/builder.h"
#include "evidence/event_log.h"

/* What a record says about itself, for people: none of it is covered by a digest,
 * unless fh_event_check says so.  */

constexpr size_t FH_EVENT_TEXT_MAX = 512;   /* bytes of a description; beyond, it is cut */
constexpr size_t FH_DEVICE_PATH_NODES = 64; /* of one path; real ones have below 12 */

/* shim logs the size of its C structure, padding and flexible member included: up to so
 * many bytes behind the end of one count as nothing.  */
constexpr size_t FH_EVENT_SLACK = 9;

/* UEFI_VARIABLE_DATA (PFP 10.2.6).  */
struct fh_event_variable {
	struct fh_span whole; /* without slack */
	struct fh_span name;  /* UTF-16, little-endian */
	struct fh_span value;
};

/* False if DATA is none.  */
bool fh_event_variable_read(struct fh_span data, struct fh_event_variable *out);

/* False if DATA is no UEFI_IMAGE_LOAD_EVENT (PFP 10.2.3) with numbers of 64 or of 32
 * bits whose device path fills it; a path may be empty.  */
bool fh_event_image_path(struct fh_span data, struct fh_span *path);

/* False if PATH is no UEFI device path (UEFI 10.3): one node after the other, each of
 * at least four bytes and inside PATH, at most FH_DEVICE_PATH_NODES, the last an end.
 * Appends what it tells of files, partitions and firmware volumes to B.  */
bool fh_device_path_put(struct fh_builder *b, struct fh_span path);

/* Appends what E measured: valid UTF-8 without control characters, of at most
 * FH_EVENT_TEXT_MAX bytes; a file's path, a variable's name, a text, or a size.  */
void fh_event_describe(const struct fh_event *e, struct fh_builder *b);

#endif
