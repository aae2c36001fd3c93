/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/measured.h"

#include "codec/json.h"

static void put_digest(struct fh_builder *b, enum fh_bank bank, const struct fh_digest *d)
{
	fh_builder_text(b, "{\"hashAlg\":\"");
	fh_builder_text(b, fh_bank_name(bank));
	fh_builder_text(b, "\",\"digest\":\"");
	fh_builder_hex(b, fh_digest_span(d));
	fh_builder_text(b, "\"}");
}

/* The description, as one JSON string.  */
static void put_description(struct fh_builder *b, struct fh_span path)
{
	uint8_t room[256];
	struct fh_builder text = FH_BUILDER_ARRAY(room);

	fh_builder_text(&text, FH_MEASURED_PREFIX);
	fh_builder_bytes(&text, path);
	b->bad |= text.bad;
	fh_json_put_string(b, fh_builder_span(&text));
}

void fh_measured_put(struct fh_builder *b, struct fh_span path,
		     const bool active[static FH_BANKS_PLAIN],
		     const struct fh_digest digest[static FH_BANKS_PLAIN], struct fh_span boot_id,
		     uint64_t boot_us)
{
	const char *comma = "";

	fh_builder_u8(b, 0x1e);
	fh_builder_text(b, "{\"pcr\":");
	fh_builder_decimal(b, FH_PCR_RUNTIME);
	fh_builder_text(b, ",\"digests\":[");
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		if (!active[i])
			continue;
		fh_builder_text(b, comma);
		put_digest(b, fh_banks[i], &digest[i]);
		comma = ",";
	}
	fh_builder_text(b, "],\"content_type\":\"systemd\",\"content\":{\"string\":");
	put_description(b, path);
	fh_builder_text(b, ",\"bootId\":");
	fh_json_put_string(b, boot_id);
	fh_builder_text(b, ",\"timestamp\":");
	fh_builder_decimal(b, boot_us);
	fh_builder_text(b, "}}\n");
}
