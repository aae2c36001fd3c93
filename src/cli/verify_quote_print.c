/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_quote.h"

#include <stdio.h>

#include "codec/json.h"

static void put_text(struct fh_builder *b, const char *key, const char *value)
{
	fh_json_put_name(b, key);
	fh_json_put_string(b, fh_span_str(value));
}

static void put_number(struct fh_builder *b, const char *key, uint64_t value)
{
	fh_json_put_name(b, key);
	fh_builder_decimal(b, value);
}

static void put_hex(struct fh_builder *b, const char *key, struct fh_span value)
{
	fh_json_put_name(b, key);
	fh_builder_u8(b, '"');
	fh_builder_hex(b, value);
	fh_builder_u8(b, '"');
}

static void put_key(struct fh_builder *b, const struct fh_tpm_public *ak)
{
	fh_json_put_name(b, "key");
	fh_builder_u8(b, '{');
	put_text(b, "type", fh_tpm_key_text(&ak->key));
	if (ak->area) {
		put_hex(b, "name", fh_tpm_name_span(&ak->name));
		put_number(b, "attributes", ak->attributes);
	}
	fh_builder_u8(b, '}');
}

/* {"sha256":{"0":"...",...}}, if the values are those that were quoted.  */
static void put_pcrs(struct fh_builder *b, const struct fh_quote_verdict *v)
{
	fh_json_put_name(b, "pcrs");
	fh_builder_u8(b, '{');
	if (v->quote.answer[FH_QUOTE_DIGEST] == FH_ANSWER_YES &&
	    v->quote.answer[FH_QUOTE_BANK] == FH_ANSWER_YES) {
		fh_json_put_name(b, fh_bank_name(v->quote.bank));
		fh_builder_u8(b, '{');
		for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
			char index[4];

			if ((v->quote.mask & 1U << pcr) == 0)
				continue;
			(void)snprintf(index, sizeof(index), "%u", pcr);
			put_hex(b, index, fh_pcr_values_find(&v->pcrs, v->quote.bank, pcr));
		}
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, '}');
}

static void put_endorsement(struct fh_builder *b, const struct fh_ek_result *ek)
{
	fh_json_put_name(b, "endorsement");
	fh_builder_u8(b, '{');
	put_text(b, "manufacturer", ek->manufacturer);
	put_text(b, "model", ek->model);
	put_text(b, "version", ek->version);
	put_text(b, "root", ek->anchor.name);
	put_hex(b, "root-sha256", fh_hash_span(&ek->anchor.sha256));
	put_text(b, "root-maker", fh_x509_maker_text(ek->anchor.maker));
	if (ek->anchor.vendor != nullptr)
		put_text(b, "root-vendor", ek->anchor.vendor);
	put_number(b, "until-ms", ek->until_ms);
	fh_builder_u8(b, '}');
}

static void put_quote(struct fh_builder *b, const struct fh_quote_verdict *v)
{
	const struct fh_attest *a = &v->quote.attest;

	put_hex(b, "extra", a->extra);
	put_hex(b, "signer", a->signer);
	put_number(b, "clock-ms", a->clock);
	put_number(b, "resets", a->resets);
	put_number(b, "restarts", a->restarts);
	put_text(b, "clock-safe", a->safe ? "yes" : "no");
	fh_json_put_name(b, "firmware");
	fh_builder_u8(b, '"');
	for (int shift = 56; shift >= 0; shift -= 8) {
		uint8_t byte = (uint8_t)(a->firmware >> shift);

		fh_builder_hex(b, fh_span_of(&byte, 1));
	}
	fh_builder_u8(b, '"');
	put_hex(b, "pcr-digest", a->digest);
	put_pcrs(b, v);
	if (v->quote.answer[FH_QUOTE_USERSPACE] == FH_ANSWER_YES)
		put_number(b, "userspace-events", v->userspace_events);
	if (v->quote.answer[FH_QUOTE_IMA] == FH_ANSWER_YES)
		put_number(b, "ima-entries", v->ima_entries);
}

static void print_hex(const char *label, struct fh_span s)
{
	printf("%-11s ", label);
	for (size_t i = 0; i < s.n; i++)
		printf("%02x", s.p[i]);
	printf("\n");
}

static void print_quote(const struct fh_quote_verdict *v, struct fh_builder *room)
{
	const struct fh_attest *a = &v->quote.attest;

	print_hex("nonce", a->extra);
	fh_pcr_selection_describe(room, &a->select);
	printf("PCRs        %.*s\n", (int)room->n, (const char *)room->p);
	room->n = 0;
	printf("clock       %llu ms, reset %u and restarted %u times%s\n",
	       (unsigned long long)a->clock, a->resets, a->restarts,
	       a->safe ? "" : ", not safe");
	printf("firmware    %016llx\n", (unsigned long long)a->firmware);
	if (v->quote.answer[FH_QUOTE_USERSPACE] == FH_ANSWER_YES)
		printf("systemd     the first %zu events\n", v->userspace_events);
	if (v->quote.answer[FH_QUOTE_IMA] == FH_ANSWER_YES)
		printf("IMA         the first %zu entries\n", v->ima_entries);
}

void fh_report_quote(struct fh_report *r, const struct fh_quote_verdict *v)
{
	/* What nobody signed is not shown as if it were said.  */
	bool said = v->quote.answer[FH_QUOTE_TYPE] == FH_ANSWER_YES;
	bool endorsed = v->ek.answer == FH_ANSWER_YES;

	if (!r->cli->json) {
		if (r->cli->quiet)
			return;
		printf("key         %s\n", fh_tpm_key_text(&v->ak.key));
		if (said)
			print_quote(v, &r->json);
		return;
	}
	put_key(&r->json, &v->ak);
	put_text(&r->json, "binding", v->parent == FH_PARENT_ENDORSEMENT ? "self" : "none");
	if (said)
		put_quote(&r->json, v);
	if (endorsed)
		put_endorsement(&r->json, &v->ek);
}
