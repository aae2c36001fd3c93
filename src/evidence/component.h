/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_COMPONENT_H
#define FH_EVIDENCE_COMPONENT_H

#include "evidence/event_log.h"

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

/* Several programs are started one after the other, and only their order tells them
 * apart: with systemd-stub, the last before it measures its sections is the image and
 * what follows is the kernel; without, the last of several is the kernel.  */
struct fh_component_programs {
	size_t image;  /* number of the record; SIZE_MAX: none */
	size_t kernel; /* number of the first record that is a kernel's; SIZE_MAX: none */
};

/* Finds them in what is left of LOG.  */
struct fh_component_programs fh_component_programs_find(struct fh_event_log log);

/* What E is about.  For people and for comparing only: whoever wrote the log chose types
 * and data.  */
enum fh_component fh_component_of(const struct fh_event *e, const struct fh_component_programs *p);

#endif
