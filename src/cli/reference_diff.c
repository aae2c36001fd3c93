/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

#include <stdio.h>

#include "evidence/pe.h"
#include "evidence/reference.h"
#include "os/file.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t working_memory = 64 << 20; /* the tree of the largest JSON, and its events */

static const struct fh_usage usage = {
	.verb = "reference diff",
	.operands = "OLD NEW",
	.summary = "Says what an update changes, by component",
	.operands_min = 2,
	.operands_max = 2,
	.text = "OLD and NEW are each a unified kernel image, a machine's event log, or what\n"
		"`freehold reference uki` or `from-log` printed with --json.\n"
		"Exit status 0: nothing that is measured changes.  1: something does.\n",
	.examples = "  freehold reference diff old.efi new.efi\n"
		    "  freehold reference diff machine.json new.efi --json\n",
};

static const char *const words[] = {
	[FH_SAME] = "same",
	[FH_CHANGED] = "changed",
	[FH_ADDED] = "added",
	[FH_REMOVED] = "removed",
};

/* --- reading -------------------------------------------------------------------- */

static fh_err read_uki(struct fh_span file, struct fh_arena *memory, struct fh_reference *out,
		       struct fh_trace *t)
{
	const struct fh_uki_terms terms = { 0 };
	struct fh_uki u;
	fh_err e = fh_uki_predict(file, &terms, &u, t);

	return e == FH_ERR_OK ? fh_reference_of_uki(&u, memory, out) : e;
}

/* What PATH is, its content tells.  */
static fh_err read_one(const char *path, struct fh_arena *memory, struct fh_reference *out,
		       struct fh_trace *t)
{
	struct fh_span file;
	fh_err e = fh_file_read(path, FH_PE_FILE_MAX, memory, &file);

	if (e != FH_ERR_OK)
		return e;
	if (fh_span_starts(file, FH_SPAN_LIT("MZ")))
		return read_uki(file, memory, out, t);
	if (fh_span_starts(file, FH_SPAN_LIT("{")))
		return fh_reference_read(file, path, memory, out, t);
	return fh_reference_of_log(file, memory, out, t);
}

/* --- writing -------------------------------------------------------------------- */

/* The numbers of the PCRs in MASK, with SEPARATOR between them.  */
static void print_pcrs(uint32_t mask, const char *separator)
{
	const char *before = "";

	for (unsigned pcr = 0; pcr < FH_PCRS; pcr++) {
		if ((mask >> pcr & 1) == 0)
			continue;
		printf("%s%u", before, pcr);
		before = separator;
	}
}

static void print_json(const struct fh_reference_diff *d)
{
	const char *comma = "";

	printf("{\"bank\":\"%s\",\"pcrs\":[", fh_bank_name(d->bank));
	print_pcrs(d->pcrs, ",");
	printf("],\"unknown\":[");
	print_pcrs(d->unknown, ",");
	printf("],\"changes\":[");
	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++) {
		if (d->component[c].how == FH_SAME)
			continue;
		printf("%s{\"component\":\"%s\",\"change\":\"%s\",\"pcrs\":[", comma,
		       fh_component_name((enum fh_component)c), words[d->component[c].how]);
		print_pcrs(d->component[c].pcrs, ",");
		printf("]}");
		comma = ",";
	}
	printf("]}\n");
}

static void print_text(const struct fh_reference_diff *d)
{
	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++) {
		if (d->component[c].how == FH_SAME)
			continue;
		printf("%-25s %-8s PCR ", fh_component_name((enum fh_component)c),
		       words[d->component[c].how]);
		print_pcrs(d->component[c].pcrs, ", ");
		printf("\n");
	}
	if (d->pcrs != 0) {
		printf("other values in           PCR ");
		print_pcrs(d->pcrs, ", ");
		printf("\n");
	}
	if (d->unknown != 0) {
		printf("known in one only         PCR ");
		print_pcrs(d->unknown, ", ");
		printf("\n");
	}
}

/* Something that both know is another.  */
static bool differs(const struct fh_reference_diff *d)
{
	bool any = d->pcrs != 0;

	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++)
		any = any || d->component[c].how != FH_SAME;
	return any;
}

int fh_reference_diff(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_reference one[2];
	struct fh_reference_diff d;
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;

	fh_err e = fh_arena_map(2 * (FH_PE_FILE_MAX + working_memory), &memory);

	for (int i = 0; i < 2; i++) {
		struct fh_trace t = { 0 };

		if (e == FH_ERR_OK)
			e = read_one(a.operand[i], &memory, &one[i], &t);
		if (e != FH_ERR_OK)
			return fh_cli_fail_trace(e, a.operand[i], &t);
	}
	e = fh_reference_compare(&one[0], &one[1], &d);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, a.operand[1], "there is no bank that both have values of",
				   "give references with values in the same bank");
	if (cli->json)
		print_json(&d);
	else
		print_text(&d);
	return differs(&d) ? FH_EXIT_NO : FH_EXIT_YES;
}
