/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/json.h"
#include "evidence/component.h"
#include "evidence/event_check.h"
#include "evidence/event_describe.h"
#include "os/file.h"
#include "os/memory.h"

constexpr int go_on = -1;
/* One record as JSON: digests of all algorithms, a description of which each byte may
 * be escaped, and all findings.  */
constexpr size_t record_max = 8192;
static_assert(record_max > FH_EVENT_ALGORITHMS_MAX * 160 + 6 * FH_EVENT_TEXT_MAX + 1024);

static const struct fh_usage usage = {
	.verb = "reference from-log",
	.operands = "LOG",
	.summary = "Tells where a machine's event log leads, and what is in it",
	.operands_min = 1,
	.operands_max = 1,
	.text = "LOG is what firmware and boot loaders measured, as\n"
		"/sys/kernel/security/tpm0/binary_bios_measurements has it.  PCRs are told that\n"
		"have events; of every bank that the log has.  A log proves nothing by itself:\n"
		"compare with a quote.\n",
	.examples = "  freehold reference from-log binary_bios_measurements\n"
		    "  freehold reference from-log binary_bios_measurements --json\n",
};

static const char *type_name(uint32_t type)
{
	const char *name = fh_event_type_name(type);

	return name != nullptr ? name : "unknown";
}

/* PCR 0 is told as well if the log tells only what it was at first.  */
static bool is_told(const struct fh_event_replay *r, unsigned pcr)
{
	return (r->events & 1U << pcr) != 0 || (pcr == 0 && r->locality);
}

/* --- for programs --------------------------------------------------------------- */

static void put_digests(struct fh_builder *b, const struct fh_event *e)
{
	fh_builder_text(b, ",\"digests\":{");
	for (size_t i = 0; i < e->digests; i++) {
		fh_builder_text(b, i > 0 ? ",\"" : "\"");
		fh_builder_text(b, fh_bank_name((enum fh_bank)e->digest[i].algorithm));
		fh_builder_text(b, "\":\"");
		fh_builder_hex(b, e->digest[i].bytes);
		fh_builder_text(b, "\"");
	}
	fh_builder_text(b, "}");
}

static void put_findings(struct fh_builder *b, uint32_t found)
{
	const char *comma = "";

	if (found == 0)
		return;
	fh_builder_text(b, ",\"findings\":[");
	for (unsigned i = 0; i < FH_EVENT_FINDINGS; i++) {
		if ((found & 1U << i) == 0)
			continue;
		fh_builder_text(b, comma);
		fh_builder_text(b, "\"");
		fh_builder_text(b, fh_event_finding_code((enum fh_event_finding)i));
		fh_builder_text(b, "\"");
		comma = ",";
	}
	fh_builder_text(b, "]");
}

static void put_event(struct fh_builder *b, const struct fh_event *e,
		      const struct fh_component_programs *programs, uint32_t found)
{
	uint8_t room[FH_EVENT_TEXT_MAX];
	struct fh_builder name = FH_BUILDER_ARRAY(room);

	fh_event_describe(e, &name);
	fh_builder_text(b, e->number > 0 ? ",{\"number\":" : "{\"number\":");
	fh_builder_decimal(b, e->number);
	fh_builder_text(b, ",\"pcr\":");
	fh_builder_decimal(b, e->pcr);
	fh_builder_text(b, ",\"type\":\"");
	fh_builder_text(b, type_name(e->type));
	fh_builder_text(b, "\",\"type_number\":");
	fh_builder_decimal(b, e->type);
	if (e->type != FH_EV_NO_ACTION) {
		fh_builder_text(b, ",\"component\":\"");
		fh_builder_text(b, fh_component_name(fh_component_of(e, programs)));
		fh_builder_text(b, "\"");
	}
	fh_builder_text(b, ",\"name\":");
	fh_json_put_string(b, fh_builder_span(&name));
	put_digests(b, e);
	put_findings(b, found);
	fh_builder_text(b, "}");
}

static void print_bank(const struct fh_event_replay *r, const struct fh_event_bank *bank)
{
	const char *comma = "";

	printf("\"%s\":{", fh_bank_name(bank->bank));
	for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
		uint8_t room[2 * FH_DIGEST_MAX];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		if (!is_told(r, pcr))
			continue;
		fh_builder_hex(&b, fh_digest_span(&bank->value[pcr]));
		printf("%s\"%u\":\"%.*s\"", comma, pcr, (int)b.n, (const char *)room);
		comma = ",";
	}
	printf("}");
}

static int print_json(struct fh_event_log log, const struct fh_event_replay *r)
{
	struct fh_component_programs programs = fh_component_programs_find(log);
	struct fh_event_check check = { 0 };
	struct fh_event e;

	printf("{\"events\":[");
	while (fh_event_log_next(&log, &e)) {
		uint8_t room[record_max];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		put_event(&b, &e, &programs, fh_event_check(&check, &e));
		printf("%.*s", (int)b.n, (const char *)room);
	}
	printf("],\"pcrs\":{");
	for (size_t i = 0; i < r->banks; i++) {
		printf("%s", i > 0 ? "," : "");
		print_bank(r, &r->bank[i]);
	}
	printf("}");
	for (size_t i = 0; i < r->unchecked; i++)
		printf("%s\"%s\"", i == 0 ? ",\"unchecked\":[" : ",",
		       fh_bank_name(r->unchecked_bank[i]));
	printf(r->unchecked > 0 ? "]}\n" : "}\n");
	return FH_EXIT_YES;
}

/* --- for people ------------------------------------------------------------------ */

static void print_event(const struct fh_event *e, uint32_t found)
{
	uint8_t room[FH_EVENT_TEXT_MAX];
	struct fh_builder name = FH_BUILDER_ARRAY(room);

	fh_event_describe(e, &name);
	if (e->pcr < FH_PCRS_MAX)
		printf("%5zu  PCR %-2" PRIu32, e->number, e->pcr);
	else
		printf("%5zu  no PCR", e->number);
	printf("  %-34s  %.*s\n", type_name(e->type), (int)name.n, (const char *)room);
	for (unsigned i = 0; i < FH_EVENT_FINDINGS; i++) {
		if ((found & 1U << i) != 0)
			printf("       %s\n", fh_event_finding_text((enum fh_event_finding)i));
	}
}

static void print_values(const struct fh_event_replay *r, unsigned pcr)
{
	printf("PCR %-2u  %" PRIu32 " events\n", pcr, r->count[pcr]);
	for (size_t i = 0; i < r->banks; i++) {
		uint8_t room[2 * FH_DIGEST_MAX];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		fh_builder_hex(&b, fh_digest_span(&r->bank[i].value[pcr]));
		printf("  %-8s  %.*s\n", fh_bank_name(r->bank[i].bank), (int)b.n,
		       (const char *)room);
	}
}

static int print_text(struct fh_event_log log, const struct fh_event_replay *r)
{
	struct fh_event_check check = { 0 };
	struct fh_event e;

	while (fh_event_log_next(&log, &e))
		print_event(&e, fh_event_check(&check, &e));
	for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
		if (is_told(r, pcr))
			print_values(r, pcr);
		if ((FH_EVENT_FIRMWARE_PCRS & ~check.separators & 1U << pcr) != 0)
			printf("PCR %u has no separator\n", pcr);
	}
	for (size_t i = 0; i < r->unchecked; i++)
		printf("%s  not checked: OpenSSL has no such hash here\n",
		       fh_bank_name(r->unchecked_bank[i]));
	if (!check.exit_returned)
		printf("the log does not tell that the firmware was left (ExitBootServices)\n");
	return FH_EXIT_YES;
}

/* --- the verb -------------------------------------------------------------------- */

int fh_reference_from_log(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_event_replay r;
	struct fh_event_log log;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	struct fh_span file;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;

	fh_err e = fh_arena_map(FH_EVENT_LOG_MAX + 4096, &memory);

	if (e == FH_ERR_OK)
		e = fh_file_read(a.operand[0], FH_EVENT_LOG_MAX, &memory, &file);
	if (e == FH_ERR_OK)
		e = fh_event_log_replay(file, FH_BANK_NONE, &r, &t);
	if (e == FH_ERR_OK)
		e = fh_event_log_open(file, &log, &t);
	if (e != FH_ERR_OK) {
		char where[4 * FH_TRACE_WHERE_MAX];

		(void)snprintf(where, sizeof(where), "%.128s%s%s", a.operand[0],
			       t.where[0] != '\0' ? ": " : "", t.where);
		fh_trace_where(&t, "%s", where);
		return fh_cli_fail_trace(e, a.operand[0], &t);
	}
	return cli->json ? print_json(log, &r) : print_text(log, &r);
}
