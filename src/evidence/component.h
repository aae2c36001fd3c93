/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_COMPONENT_H
#define FH_EVIDENCE_COMPONENT_H

#include "crypto/bank.h"

/* What a machine is made of, as its PCRs tell it: the words in which a reference
 * names what an update changes.  */

#define FH_COMPONENT_LIST(X)                                                  \
	X(OTHER, "other")                                                     \
	X(FIRMWARE, "firmware")                                               \
	X(SETTINGS, "firmware settings")                                      \
	X(DRIVER, "firmware drivers")                                         \
	X(SECURE_BOOT, "secure boot")                                         \
	X(PARTITIONS, "partition table")                                      \
	X(LOADER, "boot loader")                                              \
	X(LOADER_SETTINGS, "boot loader settings")                            \
	X(IMAGE, "unified kernel image")                                      \
	X(KERNEL, "kernel")                                                   \
	X(COMMAND_LINE, "command line")                                       \
	X(INITRD, "initrd")                                                   \
	X(MICROCODE, "microcode")                                             \
	X(OS_RELEASE, "os-release")                                           \
	X(KERNEL_RELEASE, "kernel release")                                   \
	X(SPLASH, "splash picture")                                           \
	X(DEVICE_TREE, "device tree")                                         \
	X(SBAT, "sbat")                                                       \
	X(POLICY_KEY, "policy key and signature")                                           \
	X(PROFILE, "profile")                                                 \
	X(HARDWARE_IDS, "hardware ids")                                       \
	X(CREDENTIALS, "credentials")                                         \
	X(EXTENSIONS, "system extensions")                                    \
	X(PHASE, "boot phase")                                                \
	X(FILES, "files")                                                     \
	X(RUNTIME, "freehold")                                                \
	X(MACHINE, "machine and file systems")

enum fh_component {
#define FH_COMPONENT_ROW(name, text) FH_COMPONENT_##name,
	FH_COMPONENT_LIST(FH_COMPONENT_ROW)
#undef FH_COMPONENT_ROW
	FH_COMPONENT_COUNT
};

/* The component's name for people and for JSON.  */
const char *fh_component_name(enum fh_component c);

/* The component of that name, or FH_COMPONENT_OTHER.  */
enum fh_component fh_component_named(struct fh_span name);

/* An event of a log, and what it is about.  */
struct fh_component_event {
	uint8_t pcr;
	uint32_t type;               /* the TCG's number */
	struct fh_span data;         /* as it stands in the log */
	enum fh_component component; /* to be found */
};

/* Longest text that names what an event is about; more is cut off.  */
constexpr size_t FH_COMPONENT_TEXT_MAX = 128;

/* Finds the component of each of a log's events, in their order.  For people and for
 * comparing only: whoever wrote the log chose types and data.  */
void fh_components_find(struct fh_component_event *e, size_t n);

/* What an event with text in it says, in printable ASCII, into ROOM; empty if its type
 * has none.  Boot loaders write ASCII and UTF-16, with a zero and without.  */
struct fh_span fh_component_text(const struct fh_component_event *e,
				 uint8_t room[static FH_COMPONENT_TEXT_MAX]);

#endif
