/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/component.h"

#include "evidence/event_describe.h"
#include "evidence/measured.h"

static const char *const names[] = {
#define FH_COMPONENT_ROW(name, text) [FH_COMPONENT_##name] = text,
	FH_COMPONENT_LIST(FH_COMPONENT_ROW)
#undef FH_COMPONENT_ROW
};

const char *fh_component_name(enum fh_component c)
{
	return names[(unsigned)c < FH_COMPONENT_COUNT ? c : FH_COMPONENT_OTHER];
}

enum fh_component fh_component_named(struct fh_span name)
{
	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++) {
		if (fh_span_equal(name, fh_span_str(names[c])))
			return (enum fh_component)c;
	}
	return FH_COMPONENT_OTHER;
}

static bool holds(struct fh_span text, const char *word)
{
	struct fh_span w = fh_span_str(word);

	for (; text.n >= w.n; text = fh_span_skip(text, 1)) {
		if (fh_span_starts(text, w))
			return true;
	}
	return false;
}

/* --- what a text is about ------------------------------------------------ */

struct word {
	const char *word;
	enum fh_component component;
};

static enum fh_component by_word(struct fh_span text, const struct word *w, size_t n,
				 enum fh_component otherwise)
{
	for (size_t i = 0; i < n; i++) {
		if (holds(text, w[i].word))
			return w[i].component;
	}
	return otherwise;
}

/* The sections that systemd-stub measures; other words of PCR 11 are phases.  */
static enum fh_component of_section(struct fh_span text)
{
	static const struct word sections[] = {
		{ ".linux", FH_COMPONENT_KERNEL },
		{ ".osrel", FH_COMPONENT_OS_RELEASE },
		{ ".cmdline", FH_COMPONENT_COMMAND_LINE },
		{ ".initrd", FH_COMPONENT_INITRD },
		{ ".ucode", FH_COMPONENT_MICROCODE },
		{ ".splash", FH_COMPONENT_SPLASH },
		{ ".dtb", FH_COMPONENT_DEVICE_TREE }, /* and .dtbauto */
		{ ".uname", FH_COMPONENT_KERNEL_RELEASE },
		{ ".sbat", FH_COMPONENT_SBAT },
		{ ".pcrpkey", FH_COMPONENT_POLICY_KEY },
		{ ".profile", FH_COMPONENT_PROFILE },
		{ ".hwids", FH_COMPONENT_HARDWARE_IDS },
		{ ".efifw", FH_COMPONENT_FIRMWARE },
	};
	enum fh_component other = fh_span_starts(text, FH_SPAN_LIT(".")) ? FH_COMPONENT_OTHER :
									   FH_COMPONENT_PHASE;

	return by_word(text, sections, sizeof(sections) / sizeof(sections[0]), other);
}

/* Linux's own two, and the files and commands of GRUB.  */
static enum fh_component of_boot_loader(struct fh_span text)
{
	static const struct word words[] = {
		{ "LoadOptions", FH_COMPONENT_COMMAND_LINE },
		{ "kernel_cmdline", FH_COMPONENT_COMMAND_LINE },
		{ "initrd", FH_COMPONENT_INITRD },
		{ "initramfs", FH_COMPONENT_INITRD },
		{ "vmlinuz", FH_COMPONENT_KERNEL },
	};

	return by_word(text, words, sizeof(words) / sizeof(words[0]),
		       FH_COMPONENT_LOADER_SETTINGS);
}

/* What systemd-boot and systemd-stub take from beside the image.  */
static enum fh_component of_addition(struct fh_span text)
{
	static const struct word words[] = {
		{ "redentials", FH_COMPONENT_CREDENTIALS },
		{ "extension", FH_COMPONENT_EXTENSIONS },
		{ ".dtb", FH_COMPONENT_DEVICE_TREE },
	};

	return by_word(text, words, sizeof(words) / sizeof(words[0]), FH_COMPONENT_COMMAND_LINE);
}

/* --- what an event is about ----------------------------------------------- */

static bool is_program(const struct fh_event *e)
{
	return e->pcr == 4 && (e->type == FH_EV_EFI_BOOT_SERVICES_APPLICATION ||
			       e->type == FH_EV_EFI_BOOT_SERVICES_DRIVER);
}

static enum fh_component of_program(const struct fh_event *e,
				    const struct fh_component_programs *p)
{
	if (!is_program(e))
		return FH_COMPONENT_FIRMWARE; /* that it starts something, and where it ends */
	if (e->number == p->image)
		return FH_COMPONENT_IMAGE;
	return e->number >= p->kernel ? FH_COMPONENT_KERNEL : FH_COMPONENT_LOADER;
}

static enum fh_component of_disk(uint32_t type)
{
	if (type == FH_EV_EFI_GPT_EVENT || type == FH_EV_EFI_GPT_EVENT2)
		return FH_COMPONENT_PARTITIONS;
	return type == FH_EV_IPL || type == FH_EV_EVENT_TAG ? FH_COMPONENT_LOADER_SETTINGS :
							      FH_COMPONENT_FIRMWARE;
}

enum fh_component fh_component_of(const struct fh_event *e, const struct fh_component_programs *p)
{
	uint8_t room[FH_EVENT_TEXT_MAX];
	struct fh_builder text = FH_BUILDER_ARRAY(room);

	fh_event_describe(e, &text);
	switch (e->pcr) {
	case 0:
	case 6:
		return FH_COMPONENT_FIRMWARE;
	case 1:
	case 3:
		return FH_COMPONENT_SETTINGS;
	case 2:
		return FH_COMPONENT_DRIVER;
	case 4:
		return of_program(e, p);
	case 5:
		return of_disk(e->type);
	case 7:
		return FH_COMPONENT_SECURE_BOOT;
	case 8:
	case 9:
		return of_boot_loader(fh_builder_span(&text));
	case 10:
		return FH_COMPONENT_FILES;
	case 11:
		return of_section(fh_builder_span(&text));
	case 12:
		return of_addition(fh_builder_span(&text));
	case 13:
		return FH_COMPONENT_EXTENSIONS;
	case 14:
		return holds(fh_builder_span(&text), FH_MEASURED_PREFIX) ? FH_COMPONENT_RUNTIME :
									   FH_COMPONENT_SECURE_BOOT;
	case 15:
		return FH_COMPONENT_MACHINE;
	default:
		return FH_COMPONENT_OTHER;
	}
}

struct fh_component_programs fh_component_programs_find(struct fh_event_log log)
{
	struct fh_component_programs p = { SIZE_MAX, SIZE_MAX };
	size_t last = SIZE_MAX, programs = 0;
	bool stub = false;
	struct fh_event e;

	while (fh_event_log_next(&log, &e)) {
		if (e.pcr == 11 && e.type != FH_EV_NO_ACTION && !stub) {
			stub = true;
			p = (struct fh_component_programs){ .image = last, .kernel = e.number };
		}
		if (!is_program(&e))
			continue;
		last = e.number;
		programs++;
	}
	if (!stub && programs > 1)
		p.kernel = last;
	return p;
}
