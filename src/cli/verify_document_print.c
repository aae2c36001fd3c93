/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_document.h"

#include <stdio.h>

#include "cli/time.h"
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

static void put_hash(struct fh_builder *b, const char *key, const struct fh_hash *h)
{
	fh_json_put_name(b, key);
	fh_builder_u8(b, '"');
	fh_builder_hex(b, fh_hash_span(h));
	fh_builder_u8(b, '"');
}

static void put_quote(struct fh_builder *b, const struct fh_document_check *c)
{
	const struct fh_machine_result *r = c->answer.readable ? &c->answer : &c->quote;

	if (!r->readable)
		return;
	fh_json_put_name(b, "pcrs");
	fh_builder_text(b, "{\"sha256\":{");
	for (unsigned i = 0; i < FH_PCRS; i++) {
		char index[4];

		if ((r->quote.pcrs.selected >> i & 1) == 0)
			continue;
		(void)snprintf(index, sizeof(index), "%u", i);
		put_hash(b, index, &r->quote.pcrs.value[i]);
	}
	fh_builder_text(b, "}}");
}

static void put_document(struct fh_builder *b, const struct fh_document_check *c)
{
	const struct fh_document *d = &c->document;

	put_text(b, "binding", fh_binding_text(c->binding));
	put_text(b, "sealed", fh_answer_text(c->sealed));
	put_text(b, "channel", fh_channel_text(c->channel));
	put_hash(b, "genesis", &d->genesis);
	put_hash(b, "device", &c->device_id);
	put_hash(b, "session", &c->session_id);
	put_number(b, "serial", d->serial);
	put_number(b, "issued-not-before", d->issued.lo_ms);
	put_number(b, "issued-not-after", d->issued.hi_ms);
	put_number(b, "head", d->head_sequence);
	put_number(b, "boot", d->boot);
	put_number(b, "start", d->start);
	put_number(b, "size", c->checkpoint.size);
	put_hash(b, "root", &c->checkpoint.root);
	put_number(b, "cold-starts", d->cold_starts);
	put_quote(b, c);
}

static void print_hash(const char *label, const struct fh_hash *h)
{
	printf("%-11s ", label);
	for (size_t i = 0; i < FH_HASH_SIZE; i++)
		printf("%02x", h->bytes[i]);
	printf("\n");
}

static void print_document(const struct fh_document_check *c)
{
	const struct fh_document *d = &c->document;
	char when[FH_TIME_TEXT];

	print_hash("chain", &d->genesis);
	print_hash("device", &c->device_id);
	fh_time_text(d->issued.lo_ms, when);
	printf("document    %llu, not made before %s, in boot %llu, start %llu\n",
	       (unsigned long long)d->serial, when, (unsigned long long)d->boot,
	       (unsigned long long)d->start);
	printf("record      %llu entries, under head %llu\n",
	       (unsigned long long)c->checkpoint.size, (unsigned long long)d->head_sequence);
	printf("binding     %s\nsealed      %s\nchannel     %s\n", fh_binding_text(c->binding),
	       fh_answer_text(c->sealed), fh_channel_text(c->channel));
}

/* What nobody signed is not shown as if it were said.  */
void fh_report_document(struct fh_report *r, const struct fh_document_check *c)
{
	bool said = fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_YES;

	if (!said)
		return;
	if (r->cli->json)
		put_document(&r->json, c);
	else if (!r->cli->quiet)
		print_document(c);
}
