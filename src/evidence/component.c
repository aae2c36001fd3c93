/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/component.h"

#include "base/builder.h"

static const char *const names[] = {
#define FH_COMPONENT_ROW(name, text) [FH_COMPONENT_##name] = text,
	FH_COMPONENT_LIST(FH_COMPONENT_ROW)
#undef FH_COMPONENT_ROW
};

/* TCG PC Client Platform Firmware Profile, event types.  */
constexpr uint32_t EV_ACTION = 0x05;
constexpr uint32_t EV_EVENT_TAG = 0x06;
constexpr uint32_t EV_IPL = 0x0d;
constexpr uint32_t EV_EFI_BOOT_SERVICES_APPLICATION = 0x80000003;
constexpr uint32_t EV_EFI_BOOT_SERVICES_DRIVER = 0x80000004;
constexpr uint32_t EV_EFI_GPT_EVENT = 0x80000006;
constexpr uint32_t EV_EFI_ACTION = 0x80000007;
constexpr size_t tag_head = 8; /* a tagged event's number and size */

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

/* --- text --------------------------------------------------------------- */

struct fh_span fh_component_text(const struct fh_component_event *e,
				 uint8_t room[static FH_COMPONENT_TEXT_MAX])
{
	struct fh_builder b = fh_builder_of(room, FH_COMPONENT_TEXT_MAX);
	struct fh_span s = e->data;
	size_t step;

	if (e->type == EV_EVENT_TAG)
		s = fh_span_skip(s, tag_head);
	else if (e->type != EV_IPL && e->type != EV_ACTION && e->type != EV_EFI_ACTION)
		return (struct fh_span){ 0 };
	step = s.n >= 2 && s.p[0] != 0 && s.p[1] == 0 && s.n % 2 == 0 ? 2 : 1;
	while (s.n > 0 && s.p[0] != 0 && b.n < b.cap) {
		bool printable = s.p[0] >= 0x20 && s.p[0] < 0x7f && (step == 1 || s.p[1] == 0);

		fh_builder_u8(&b, printable ? s.p[0] : '?');
		s = fh_span_skip(s, step);
	}
	return fh_builder_span(&b);
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

static bool is_program(const struct fh_component_event *e)
{
	return e->type == EV_EFI_BOOT_SERVICES_APPLICATION ||
	       e->type == EV_EFI_BOOT_SERVICES_DRIVER;
}

static enum fh_component of_event(const struct fh_component_event *e)
{
	uint8_t room[FH_COMPONENT_TEXT_MAX];
	struct fh_span text = fh_component_text(e, room);

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
		return is_program(e) ? FH_COMPONENT_LOADER : FH_COMPONENT_FIRMWARE;
	case 5:
		if (e->type == EV_EFI_GPT_EVENT)
			return FH_COMPONENT_PARTITIONS;
		return e->type == EV_IPL || e->type == EV_EVENT_TAG ?
			       FH_COMPONENT_LOADER_SETTINGS : FH_COMPONENT_FIRMWARE;
	case 7:
		return FH_COMPONENT_SECURE_BOOT;
	case 8:
	case 9:
		return of_boot_loader(text);
	case 10:
		return FH_COMPONENT_FILES;
	case 11:
		return of_section(text);
	case 12:
		return of_addition(text);
	case 13:
		return FH_COMPONENT_EXTENSIONS;
	case 14:
		return holds(text, "freehold:") ? FH_COMPONENT_RUNTIME : FH_COMPONENT_SECURE_BOOT;
	case 15:
		return FH_COMPONENT_MACHINE;
	default:
		return FH_COMPONENT_OTHER;
	}
}

/* Several programs are started one after the other.  With systemd-stub, the last before
 * it measures its sections is the image, and what follows is the kernel; without, the
 * last of several is the kernel.  */
static void tell_programs_apart(struct fh_component_event *e, size_t n)
{
	struct fh_component_event *last = nullptr;
	size_t programs = 0;
	bool stub = false;

	for (size_t i = 0; i < n; i++) {
		if (e[i].pcr == 11 && !stub) {
			stub = true;
			if (last != nullptr)
				last->component = FH_COMPONENT_IMAGE;
		}
		if (e[i].pcr != 4 || !is_program(&e[i]))
			continue;
		last = &e[i];
		programs++;
		if (stub)
			last->component = FH_COMPONENT_KERNEL;
	}
	if (!stub && programs > 1)
		last->component = FH_COMPONENT_KERNEL;
}

void fh_components_find(struct fh_component_event *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		e[i].component = of_event(&e[i]);
	tell_programs_apart(e, n);
}
