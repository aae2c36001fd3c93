/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/uki.h"

#include "base/builder.h"
#include "base/cursor.h"
#include "evidence/cpio.h"
#include "evidence/measured.h"
#include "evidence/pe.h"

/* Sections by the order in which systemd-stub measures them (systemd 257,
 * src/fundamental/uki.h).  */
enum section {
	LINUX,
	OSREL,
	CMDLINE,
	INITRD,
	UCODE,
	SPLASH,
	DTB,
	UNAME,
	SBAT,
	PCRSIG,
	PCRPKEY,
	PROFILE,
	DTBAUTO,
	HWIDS,
	SECTIONS,
};

static const struct {
	const char *name;
	enum fh_component component;
} sections[SECTIONS] = {
	[LINUX] = { ".linux", FH_COMPONENT_KERNEL },
	[OSREL] = { ".osrel", FH_COMPONENT_OS_RELEASE },
	[CMDLINE] = { ".cmdline", FH_COMPONENT_COMMAND_LINE },
	[INITRD] = { ".initrd", FH_COMPONENT_INITRD },
	[UCODE] = { ".ucode", FH_COMPONENT_MICROCODE },
	[SPLASH] = { ".splash", FH_COMPONENT_SPLASH },
	[DTB] = { ".dtb", FH_COMPONENT_DEVICE_TREE },
	[UNAME] = { ".uname", FH_COMPONENT_KERNEL_RELEASE },
	[SBAT] = { ".sbat", FH_COMPONENT_SBAT },
	[PCRSIG] = { ".pcrsig", FH_COMPONENT_POLICY_KEY },
	[PCRPKEY] = { ".pcrpkey", FH_COMPONENT_POLICY_KEY },
	[PROFILE] = { ".profile", FH_COMPONENT_PROFILE },
	[DTBAUTO] = { ".dtbauto", FH_COMPONENT_DEVICE_TREE },
	[HWIDS] = { ".hwids", FH_COMPONENT_HARDWARE_IDS },
};

/* What the stub hands on as files of the initramfs, in this order.  The signature
 * of PCR 11 cannot be in PCR 11; it is in PCR 9 all the same.  */
static const struct {
	enum section section;
	const char *file;
} files[] = {
	{ PCRSIG, ".extra/tpm2-pcr-signature.json" },
	{ PCRPKEY, ".extra/tpm2-pcr-public-key.pem" },
	{ OSREL, ".extra/os-release" },
	{ PROFILE, ".extra/profile" },
};
constexpr size_t files_n = sizeof(files) / sizeof(files[0]);

constexpr unsigned PCR_BOOT = 4;     /* firmware: what it was asked to start */
constexpr unsigned PCR_SECURE = 7;   /* firmware: Secure Boot's keys and lists */
constexpr unsigned PCR_LINUX = 9;    /* the kernel: its options and initramfs */
constexpr unsigned PCR_SECTIONS = 11; /* the stub: the image's sections; then systemd */
constexpr unsigned PCR_ADDED = 12;   /* the stub: options and credentials from outside */

struct image {
	struct fh_pe pe;
	struct fh_span data[SECTIONS]; /* as they are in memory; empty: not there */
	struct fh_pe kernel;
	unsigned stub;                 /* systemd-stub's version; 0: none that we know */
	bool linux_known;              /* what the kernel measures is known */
};

/* --- reading ---------------------------------------------------------- */

static enum section section_named(struct fh_span name)
{
	for (unsigned s = 0; s < SECTIONS; s++) {
		if (fh_span_equal(name, fh_span_str(sections[s].name)))
			return (enum section)s;
	}
	return SECTIONS;
}

/* Section number I counts as S: the data of both a profile and the base are there,
 * and the profile's wins.  */
static fh_err take_section(struct image *m, size_t i, enum section s, unsigned range,
			   unsigned seen[static SECTIONS], struct fh_trace *t)
{
	const struct fh_pe_section *p = &m->pe.section[i];

	if (p->memory_size > p->bytes.n) {
		fh_trace_what(t, "its section %s is longer in memory than in the file",
			      sections[s].name);
		fh_trace_cure(t, "only images of systemd-stub %u are understood", FH_UKI_STUB);
		return FH_ERR_UNSUPPORTED;
	}
	if (seen[s] == range && s != DTBAUTO) {
		fh_trace_what(t, "has its section %s twice", sections[s].name);
		return FH_ERR_FORMAT;
	}
	seen[s] = range;
	m->data[s] = fh_span_first(p->bytes, p->memory_size);
	return FH_ERR_OK;
}

/* What stands before the first .profile is the base; what follows up to the second
 * overrides it, because the first profile is the one that is started.  */
static fh_err find_sections(struct image *m, struct fh_trace *t)
{
	unsigned range = 1, seen[SECTIONS] = { 0 };

	for (size_t i = 0; i < m->pe.sections; i++) {
		enum section s = section_named(m->pe.section[i].name);
		fh_err e;

		if (s == SECTIONS || m->pe.section[i].memory_size == 0)
			continue;
		if (s == PROFILE && ++range > 2)
			break;
		e = take_section(m, i, s, range, seen, t);
		if (e != FH_ERR_OK)
			return e;
	}
	if (m->data[LINUX].n > 0)
		return FH_ERR_OK;
	fh_trace_what(t, "is not a unified kernel image: it has no section .linux");
	fh_trace_cure(t, "give an image that ukify built");
	return FH_ERR_FORMAT;
}

/* The number at the beginning of *S, which moves behind it; at most 9999.  */
static unsigned number(struct fh_span *s)
{
	unsigned v = 0;

	while (s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9' && v < 1000) {
		v = v * 10 + (unsigned)(s->p[0] - '0');
		*s = fh_span_skip(*s, 1);
	}
	return v;
}

/* systemd-stub names itself: "#### LoaderInfo: systemd-stub 257.13-1 ####".  */
static unsigned stub_version(const struct fh_pe *pe)
{
	const struct fh_span before = FH_SPAN_LIT("#### LoaderInfo: systemd-stub ");

	for (size_t i = 0; i < pe->sections; i++) {
		struct fh_span s = pe->section[i].bytes;

		if (!fh_span_equal(pe->section[i].name, FH_SPAN_LIT(".sdmagic")) ||
		    !fh_span_starts(s, before))
			continue;
		s = fh_span_skip(s, before.n);
		return number(&s);
	}
	return 0;
}

/* Linux/x86 boot protocol: where the release ("6.12.118 (...)") is written.  */
static bool linux_known(const struct fh_pe *pe)
{
	struct fh_cursor c = fh_cursor_of(fh_span_skip(pe->file, 0x202));
	unsigned major, minor = 0;
	struct fh_span s;

	if (pe->machine != FH_PE_X86_64)
		return false;
	fh_cursor_expect(&c, FH_SPAN_LIT("HdrS"));
	fh_cursor_take(&c, 0x20e - 0x206);
	s = fh_span_skip(pe->file, 0x200 + (size_t)fh_cursor_le16(&c));
	if (fh_cursor_bad(&c))
		return false;
	major = number(&s);
	if (fh_span_starts(s, FH_SPAN_LIT("."))) {
		s = fh_span_skip(s, 1);
		minor = number(&s);
	}
	return major > FH_UKI_LINUX_MAJOR ||
	       (major == FH_UKI_LINUX_MAJOR && minor >= FH_UKI_LINUX_MINOR);
}

static fh_err read_image(struct fh_span file, struct image *m, struct fh_trace *t)
{
	fh_err e = fh_pe_read(file, &m->pe, t);

	if (e == FH_ERR_OK)
		e = find_sections(m, t);
	if (e != FH_ERR_OK)
		return e;
	e = fh_pe_read(m->data[LINUX], &m->kernel, t);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "its section .linux is not a kernel that firmware starts");
		return e;
	}
	m->stub = m->pe.machine == FH_PE_X86_64 ? stub_version(&m->pe) : 0;
	m->linux_known = linux_known(&m->kernel);
	return FH_ERR_OK;
}

/* --- writing events --------------------------------------------------- */

static struct fh_uki_event *event_new(struct fh_uki *u, unsigned pcr, const char *type,
				      enum fh_component component, struct fh_span name)
{
	struct fh_uki_event *e = &u->event[u->events++];

	e->pcr = (uint8_t)pcr;
	e->type = type;
	e->component = component;
	e->name = name;
	return e;
}

/* The event's digest is the hash of BYTES.  */
static void put_event(struct fh_uki *u, unsigned pcr, const char *type,
		      enum fh_component component, struct fh_span name, struct fh_span bytes)
{
	struct fh_uki_event *e = event_new(u, pcr, type, component, name);

	for (size_t b = 0; b < FH_BANKS_PLAIN; b++)
		e->digest[b] = fh_bank_digest(fh_banks[b], bytes);
}

/* The machine's own events in PCR, which is then known unless more follow.  */
static void put_base(struct fh_uki *u, const struct fh_uki_base *base, unsigned pcr)
{
	for (size_t i = 0; i < base->events; i++) {
		if (base->event[i].pcr == pcr)
			u->event[u->events++] = base->event[i];
	}
	u->predicted[pcr] = true;
}

/* Ends what firmware does before it starts anything: TCG PC Client Platform Firmware
 * Profile, EV_SEPARATOR.  */
static void put_separator(struct fh_uki *u, unsigned pcr, enum fh_component component)
{
	static const uint8_t zeros[4];

	put_event(u, pcr, "EV_SEPARATOR", component, FH_SPAN_LIT("separator"),
		  FH_SPAN_ARRAY(zeros));
}

static void put_started(struct fh_uki *u, enum fh_component component, struct fh_span name,
			const struct fh_pe *pe)
{
	struct fh_uki_event *e = event_new(u, PCR_BOOT, "EV_EFI_BOOT_SERVICES_APPLICATION",
					   component, name);

	for (size_t b = 0; b < FH_BANKS_PLAIN; b++)
		e->digest[b] = fh_pe_authenticode(pe, fh_banks[b]);
}

static bool secure_boot(const struct fh_uki_terms *terms)
{
	return terms->base != nullptr ? terms->base->secure_boot : terms->secure_boot;
}

/* --- PCR 0, 2 and 3 --------------------------------------------------- */

/* What the machine's firmware is, no image changes.  */
static void predict_firmware(const struct fh_uki_terms *terms, struct fh_uki *u)
{
	for (size_t b = 0; b < FH_BANKS_PLAIN; b++)
		u->bank[b] = terms->base == nullptr || terms->base->bank[b];
	if (terms->base == nullptr)
		return;
	u->first = terms->base->first;
	put_base(u, terms->base, 0);
	put_base(u, terms->base, 2);
	put_base(u, terms->base, 3);
}

/* --- PCR 4 ------------------------------------------------------------ */

/* The stub gives the kernel to the firmware's LoadImage, which measures it as
 * well.  Enforcing Secure Boot it lifts the check for that call, and what else
 * is lifted with it differs between firmwares.  */
static void predict_boot(const struct image *m, const struct fh_uki_terms *terms,
			 struct fh_uki *u)
{
	const struct fh_span action = FH_SPAN_LIT("Calling EFI Application from Boot Option");

	if (m->stub != FH_UKI_STUB) {
		u->unknown[PCR_BOOT] = "how this version of systemd-stub starts the kernel is not "
				       "known";
		return;
	}
	if (secure_boot(terms)) {
		u->unknown[PCR_BOOT] = "whether the kernel is measured under Secure Boot depends "
				       "on the firmware";
		return;
	}
	u->predicted[PCR_BOOT] = true;
	if (terms->base != nullptr) {
		put_base(u, terms->base, PCR_BOOT);
	} else {
		put_event(u, PCR_BOOT, "EV_EFI_ACTION", FH_COMPONENT_FIRMWARE, action, action);
		put_separator(u, PCR_BOOT, FH_COMPONENT_FIRMWARE);
	}
	put_started(u, FH_COMPONENT_IMAGE, FH_SPAN_LIT("image"), &m->pe);
	put_started(u, FH_COMPONENT_KERNEL, FH_SPAN_LIT("kernel in .linux"), &m->kernel);
}

/* --- PCR 7 ------------------------------------------------------------ */

/* UEFI_VARIABLE_DATA of a variable that does not exist: its name and no bytes.  */
static void put_absent_variable(struct fh_uki *u, struct fh_span guid, const char *name)
{
	uint8_t room[64];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span text = fh_span_str(name);

	fh_builder_bytes(&b, guid);
	fh_builder_u8(&b, (uint8_t)text.n);
	for (size_t i = 0; i < 15; i++) /* the rest of two 64-bit little-endian lengths */
		fh_builder_u8(&b, 0);
	for (size_t i = 0; i < text.n; i++) {
		fh_builder_u8(&b, text.p[i]);
		fh_builder_u8(&b, 0);
	}
	put_event(u, PCR_SECURE, "EV_EFI_VARIABLE_DRIVER_CONFIG", FH_COMPONENT_SECURE_BOOT, text,
		  fh_builder_span(&b));
}

/* A machine without Secure Boot's variables, as OVMF is when nobody enrolled any.  */
static void predict_secure(const struct fh_uki_terms *terms, struct fh_uki *u)
{
	/* EFI_GLOBAL_VARIABLE and EFI_IMAGE_SECURITY_DATABASE_GUID, as they lie in
	 * memory.  */
	static const uint8_t global[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
					    0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
	static const uint8_t security[16] = { 0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
					      0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f };

	if (secure_boot(terms)) {
		u->unknown[PCR_SECURE] = "which of the machine's keys admits the image is not "
					 "in it";
		return;
	}
	u->predicted[PCR_SECURE] = true;
	if (terms->base != nullptr) {
		put_base(u, terms->base, PCR_SECURE);
		return;
	}
	put_absent_variable(u, FH_SPAN_ARRAY(global), "SecureBoot");
	put_absent_variable(u, FH_SPAN_ARRAY(global), "PK");
	put_absent_variable(u, FH_SPAN_ARRAY(global), "KEK");
	put_absent_variable(u, FH_SPAN_ARRAY(security), "db");
	put_absent_variable(u, FH_SPAN_ARRAY(security), "dbx");
	put_separator(u, PCR_SECURE, FH_COMPONENT_SECURE_BOOT);
}

/* --- PCR 9 ------------------------------------------------------------ */

/* The initramfs that the kernel gets: microcode, the image's own, and one archive
 * for each of FILES, each filled up to a multiple of four.  */
static struct fh_digest initrd_digest(const struct image *m, enum fh_bank bank)
{
	struct fh_bank_hash h;

	fh_bank_hash_begin(&h, bank);
	fh_bank_hash_add(&h, m->data[UCODE]);
	fh_cpio_pad(&h, m->data[UCODE].n);
	fh_bank_hash_add(&h, m->data[INITRD]);
	fh_cpio_pad(&h, m->data[INITRD].n);
	for (size_t i = 0; i < files_n; i++) {
		struct fh_span data = m->data[files[i].section];

		if (data.n == 0)
			continue;
		fh_cpio_entry(&h, 1, 040555, ".extra", (struct fh_span){ 0 });
		fh_cpio_entry(&h, 2, 0100444, files[i].file, data);
		fh_cpio_trailer(&h);
	}
	return fh_bank_hash_end(&h);
}

static bool is_blank(uint8_t c)
{
	return c <= ' ' || c == 0x7f;
}

/* The kernel's options as the stub makes them of .cmdline: up to a zero, without
 * blanks at either end, with control characters as spaces, in UTF-16 with a zero.
 * False if it is not plain ASCII or too long.  */
static bool put_options(struct fh_builder *b, struct fh_span line)
{
	line = fh_span_first(line, fh_span_find(line, 0));
	while (line.n > 0 && is_blank(line.p[0]))
		line = fh_span_skip(line, 1);
	while (line.n > 0 && is_blank(line.p[line.n - 1]))
		line.n--;
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] > 0x7f)
			return false;
		fh_builder_u8(b, is_blank(line.p[i]) ? ' ' : line.p[i]);
		fh_builder_u8(b, 0);
	}
	if (line.n > 0) {
		fh_builder_u8(b, 0);
		fh_builder_u8(b, 0);
	}
	return !b->bad;
}

/* Nothing is put together with the image's own initramfs, or there is none.  */
static bool nothing_added(const struct image *m)
{
	size_t n = 0;

	for (size_t i = 0; i < files_n; i++)
		n += m->data[files[i].section].n;
	return n == 0;
}

static void predict_linux(const struct image *m, struct fh_uki *u)
{
	uint8_t room[2 * FH_UKI_OPTIONS_MAX + 2];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_uki_event *initrd;

	if (m->stub != FH_UKI_STUB)
		u->unknown[PCR_LINUX] = "what this version of systemd-stub gives the kernel is not "
					"known";
	else if (!m->linux_known)
		u->unknown[PCR_LINUX] = "what this version of Linux measures is not known";
	else if (!put_options(&b, m->data[CMDLINE]))
		u->unknown[PCR_LINUX] = "the command line is not plain ASCII of at most 2048 bytes";
	else if (nothing_added(m))
		u->unknown[PCR_LINUX] = "how an initramfs without os-release is handed on is not "
					"known";
	if (u->unknown[PCR_LINUX] != nullptr)
		return;
	u->predicted[PCR_LINUX] = true;
	if (fh_builder_span(&b).n > 0)
		put_event(u, PCR_LINUX, "EV_EVENT_TAG", FH_COMPONENT_COMMAND_LINE,
			  FH_SPAN_LIT("LOADED_IMAGE::LoadOptions"), fh_builder_span(&b));
	initrd = event_new(u, PCR_LINUX, "EV_EVENT_TAG", FH_COMPONENT_INITRD,
			   FH_SPAN_LIT("Linux initrd"));
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		initrd->digest[i] = initrd_digest(m, fh_banks[i]);
}

/* --- PCR 11 and 12 ---------------------------------------------------- */

/* A word that systemd-pcrextend may measure, for people to read as well.  */
static bool word_valid(struct fh_span word)
{
	for (size_t i = 0; i < word.n; i++) {
		uint8_t c = word.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return word.n > 0;
}

/* The word at the beginning of *PHASES, which moves behind it.  */
static struct fh_span next_word(struct fh_span *phases)
{
	struct fh_span word = fh_span_first(*phases, fh_span_find(*phases, ':'));

	*phases = fh_span_skip(*phases, word.n + 1);
	return word;
}

static fh_err check_phases(struct fh_span phases, struct fh_trace *t)
{
	bool valid = phases.n == 0 || phases.p[phases.n - 1] != ':';

	for (size_t i = 0; valid && phases.n > 0; i++)
		valid = word_valid(next_word(&phases)) && i < FH_UKI_PHASES_MAX;
	if (valid)
		return FH_ERR_OK;
	fh_trace_where(t, "boot phases");
	fh_trace_what(t, "not up to %zu words of small letters, digits and '-'",
		      FH_UKI_PHASES_MAX);
	fh_trace_cure(t, "give them as in enter-initrd:leave-initrd:sysinit:ready");
	return FH_ERR_FORMAT;
}

static void predict_sections(const struct image *m, struct fh_span phases, struct fh_uki *u)
{
	if (m->stub != FH_UKI_STUB)
		u->unknown[PCR_SECTIONS] = "which sections this version of systemd-stub measures "
					   "is not known";
	else if (m->data[DTBAUTO].n > 0)
		u->unknown[PCR_SECTIONS] = "the machine decides which .dtbauto is used";
	if (u->unknown[PCR_SECTIONS] != nullptr)
		return;
	u->predicted[PCR_SECTIONS] = true;
	for (unsigned s = 0; s < SECTIONS; s++) {
		const char *name = sections[s].name;
		struct fh_span text = fh_span_str(name);

		if (m->data[s].n == 0 || s == PCRSIG)
			continue;
		put_event(u, PCR_SECTIONS, "EV_IPL", sections[s].component, text,
			  fh_span_of(name, text.n + 1)); /* with its zero */
		put_event(u, PCR_SECTIONS, "EV_IPL", sections[s].component, text, m->data[s]);
	}
	while (phases.n > 0) {
		struct fh_span word = next_word(&phases);

		put_event(u, PCR_SECTIONS, "EV_IPL", FH_COMPONENT_PHASE, word, word);
	}
}

/* Nothing is beside the image: that is what is predicted.  */
static void predict_added(const struct image *m, struct fh_uki *u)
{
	u->predicted[PCR_ADDED] = m->stub == FH_UKI_STUB;
	if (!u->predicted[PCR_ADDED])
		u->unknown[PCR_ADDED] = "what this version of systemd-stub adds is not known";
}

fh_err fh_uki_predict(struct fh_span file, const struct fh_uki_terms *terms, struct fh_uki *out,
		      struct fh_trace *t)
{
	struct image m = { 0 };
	fh_err e = read_image(file, &m, t);

	if (e == FH_ERR_OK)
		e = check_phases(terms->phases, t);
	if (e != FH_ERR_OK)
		return e;
	*out = (struct fh_uki){ 0 };
	predict_firmware(terms, out);
	predict_boot(&m, terms, out);
	predict_secure(terms, out);
	predict_linux(&m, out);
	predict_sections(&m, terms->phases, out);
	predict_added(&m, out);
	return FH_ERR_OK;
}

fh_err fh_uki_add_program(struct fh_uki *u, struct fh_span name, struct fh_span file)
{
	if (u->events == FH_UKI_EVENTS_MAX)
		return FH_ERR_LIMIT;
	put_event(u, FH_PCR_RUNTIME, "EV_IPL", FH_COMPONENT_RUNTIME, name, file);
	u->predicted[FH_PCR_RUNTIME] = true;
	return FH_ERR_OK;
}

struct fh_digest fh_uki_pcr(const struct fh_uki *u, unsigned pcr, size_t bank)
{
	struct fh_digest value = fh_bank_reset(fh_banks[bank]);

	if (pcr == 0)
		value.bytes[value.n - 1] = u->first;
	for (size_t i = 0; i < u->events; i++) {
		if (u->event[i].pcr == pcr)
			fh_bank_extend(fh_banks[bank], &value,
				       fh_digest_span(&u->event[i].digest[bank]));
	}
	return value;
}
