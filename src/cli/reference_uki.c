/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "codec/json.h"
#include "evidence/event_log.h"
#include "evidence/pe.h"
#include "evidence/uki.h"
#include "os/file.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t json_max = 2 << 20; /* 288 events of at most 5 KiB, and 9 PCRs */
constexpr size_t memory_max = FH_PE_FILE_MAX + FH_EXECUTABLE_MAX + FH_EVENT_LOG_MAX + json_max;

static const struct fh_option options[] = {
	{ "phase", 0, false, "WORDS", "add what systemd measures later, as enter-initrd" },
	{ "program", 0, true, "FILE", "add that the initramfs measures this one; PCR 14" },
	{ "base-log", 0, false, "LOG", "the machine's event log; adds PCRs 0, 2 and 3" },
	{ "secure-boot", 0, false, "on|off", "whether the machine enforces it; off unless given" },
};

static const struct fh_usage usage = {
	.verb = "reference uki",
	.operands = "FILE",
	.summary = "Predicts PCRs 4, 7, 9, 11 and 12 from a unified kernel image",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "For a machine whose firmware starts the image itself, at the first attempt, as\n"
		"\\EFI\\BOOT\\BOOTX64.EFI or by a boot entry without options, with no\n"
		"credentials, extensions or add-ons beside it, and where nobody enrolled Secure\n"
		"Boot keys.\n"
		"A PCR that cannot be known is named with the reason.\n",
	.examples = "  freehold reference uki linux.efi\n"
		    "  freehold reference uki linux.efi --phase enter-initrd:leave-initrd --json\n",
};

/* --- for programs --------------------------------------------------------------- */

static void put_digests(struct fh_builder *b, const struct fh_uki *u, const struct fh_uki_event *e)
{
	const char *comma = "";

	fh_builder_text(b, ",\"digests\":{");
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		if (!u->bank[i])
			continue;
		fh_builder_text(b, comma);
		fh_builder_text(b, "\"");
		comma = ",";
		fh_builder_text(b, fh_bank_name(fh_banks[i]));
		fh_builder_text(b, "\":\"");
		fh_builder_hex(b, fh_digest_span(&e->digest[i]));
		fh_builder_text(b, "\"");
	}
	fh_builder_text(b, "}");
}

static void put_events(struct fh_builder *b, const struct fh_uki *u)
{
	fh_builder_text(b, "{\"events\":[");
	for (size_t i = 0; i < u->events; i++) {
		const struct fh_uki_event *e = &u->event[i];

		fh_builder_text(b, i > 0 ? ",{\"pcr\":" : "{\"pcr\":");
		fh_builder_decimal(b, e->pcr);
		fh_builder_text(b, ",\"type\":\"");
		fh_builder_text(b, e->type);
		fh_builder_text(b, "\",\"component\":\"");
		fh_builder_text(b, fh_component_name(e->component));
		fh_builder_text(b, "\",\"name\":");
		fh_json_put_string(b, e->name);
		put_digests(b, u, e);
		fh_builder_text(b, "}");
	}
	fh_builder_text(b, "]");
}

static void put_bank(struct fh_builder *b, const struct fh_uki *u, size_t bank)
{
	const char *comma = "";

	fh_builder_text(b, "\"");
	fh_builder_text(b, fh_bank_name(fh_banks[bank]));
	fh_builder_text(b, "\":{");
	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++) {
		struct fh_digest value = fh_uki_pcr(u, pcr, bank);

		if (!u->predicted[pcr])
			continue;
		fh_builder_text(b, comma);
		fh_builder_text(b, "\"");
		fh_builder_decimal(b, pcr);
		fh_builder_text(b, "\":\"");
		fh_builder_hex(b, fh_digest_span(&value));
		fh_builder_text(b, "\"");
		comma = ",";
	}
	fh_builder_text(b, "}");
}

static void put_unknown(struct fh_builder *b, const struct fh_uki *u)
{
	const char *comma = "";

	fh_builder_text(b, "},\"unknown\":{");
	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++) {
		if (u->unknown[pcr] == nullptr)
			continue;
		fh_builder_text(b, comma);
		fh_builder_text(b, "\"");
		fh_builder_decimal(b, pcr);
		fh_builder_text(b, "\":");
		fh_json_put_string(b, fh_span_str(u->unknown[pcr]));
		comma = ",";
	}
	fh_builder_text(b, "}}");
}

static int print_json(const struct fh_uki *u, struct fh_arena *memory)
{
	uint8_t *room = fh_arena_space(memory, json_max);
	struct fh_builder b = fh_builder_of(room, room == nullptr ? 0 : json_max);
	const char *comma = "";
	struct fh_span text;
	fh_err e;

	put_events(&b, u);
	fh_builder_text(&b, ",\"pcrs\":{");
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		if (!u->bank[i])
			continue;
		fh_builder_text(&b, comma);
		put_bank(&b, u, i);
		comma = ",";
	}
	put_unknown(&b, u);
	e = fh_builder_end(&b, &text);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "reference uki", nullptr, nullptr);
	printf("%.*s\n", (int)text.n, (const char *)text.p);
	return FH_EXIT_YES;
}

/* --- for people ------------------------------------------------------------------ */

static void print_digest(const char *before, const struct fh_digest *d)
{
	uint8_t room[2 * FH_DIGEST_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_builder_hex(&b, fh_digest_span(d));
	printf("%s%.*s\n", before, (int)b.n, (const char *)room);
}

/* With its digest in the SHA-256 bank; --json has them all.  */
static void print_event(const struct fh_uki_event *e)
{
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		if (fh_banks[i] == FH_BANK_SHA256 && e->digest[i].n > 0)
			print_digest("    ", &e->digest[i]);
	}
	printf("      %s: %.*s\n", fh_component_name(e->component), (int)e->name.n,
	       (const char *)e->name.p);
}

static void print_pcr(const struct fh_uki *u, unsigned pcr)
{
	printf("PCR %u\n", pcr);
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		struct fh_digest value = fh_uki_pcr(u, pcr, i);
		char before[32];

		if (!u->bank[i])
			continue;
		(void)snprintf(before, sizeof(before), "  %-7s ", fh_bank_name(fh_banks[i]));
		print_digest(before, &value);
	}
	for (size_t i = 0; i < u->events; i++) {
		const struct fh_uki_event *e = &u->event[i];

		if (e->pcr == pcr)
			print_event(e);
	}
}

static int print_text(const struct fh_uki *u)
{
	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++) {
		if (u->predicted[pcr])
			print_pcr(u, pcr);
		if (u->unknown[pcr] != nullptr)
			printf("PCR %u\n  cannot tell: %s\n", pcr, u->unknown[pcr]);
	}
	return FH_EXIT_YES;
}

/* --- the verb -------------------------------------------------------------------- */

static int read_terms(const struct fh_arguments *a, struct fh_uki_terms *terms)
{
	const char *secure = fh_argument(a, "secure-boot"), *phases = fh_argument(a, "phase");

	if (secure != nullptr && fh_argument(a, "base-log") != nullptr)
		return fh_usage_error(&usage, "--base-log tells what --secure-boot would");

	if (secure != nullptr && strcmp(secure, "on") != 0 && strcmp(secure, "off") != 0)
		return fh_usage_error(&usage, "--secure-boot is on or off");
	terms->secure_boot = secure != nullptr && strcmp(secure, "on") == 0;
	if (phases != nullptr)
		terms->phases = fh_span_str(phases);
	return go_on;
}

static int read_base(const struct fh_arguments *a, struct fh_arena *memory,
		     struct fh_uki_base *base, struct fh_uki_terms *terms)
{
	const char *path = fh_argument(a, "base-log");
	struct fh_trace t = { 0 };
	struct fh_span file;

	if (path == nullptr)
		return go_on;

	fh_err e = fh_file_read(path, FH_EVENT_LOG_MAX, memory, &file);

	if (e == FH_ERR_OK)
		e = fh_uki_base_read(file, base, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	terms->base = base;
	return go_on;
}

/* The names stay with the command line, so the files need no longer be held.  */
static int add_programs(const struct fh_arguments *a, struct fh_arena *memory, struct fh_uki *u)
{
	const char *path;

	for (size_t i = 0; (path = fh_argument_nth(a, "program", i)) != nullptr; i++) {
		struct fh_arena piece = *memory;
		struct fh_span file;
		fh_err e = fh_file_read(path, FH_EXECUTABLE_MAX, &piece, &file);

		if (e == FH_ERR_OK)
			e = fh_uki_add_program(u, fh_span_str(path), file);
		if (e != FH_ERR_OK)
			return fh_cli_fail(e, path, nullptr, nullptr);
	}
	return go_on;
}

int fh_reference_uki(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_uki_terms terms = { 0 };
	struct fh_trace t = { 0 };
	struct fh_uki_base base;
	struct fh_arguments a;
	struct fh_span file;
	struct fh_uki u;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done == go_on)
		done = read_terms(&a, &terms);
	if (done != go_on)
		return done;

	fh_err e = fh_arena_map(memory_max, &memory);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, a.operand[0], nullptr, nullptr);
	done = read_base(&a, &memory, &base, &terms);
	if (done != go_on)
		return done;
	e = fh_file_read(a.operand[0], FH_PE_FILE_MAX, &memory, &file);
	if (e == FH_ERR_OK)
		e = fh_uki_predict(file, &terms, &u, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, a.operand[0], &t);
	done = add_programs(&a, &memory, &u);
	if (done != go_on)
		return done;
	return cli->json ? print_json(&u, &memory) : print_text(&u);
}
