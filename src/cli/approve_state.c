/* SPDX-License-Identifier: Apache-2.0 */
/* The state that is to be approved: from which file, and which PCRs of it.  */
#include "cli/approve.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "chain/request.h"
#include "codec/json.h"
#include "codec/lookup.h"
#include "os/memory.h"
#include "verify/request.h"

constexpr int go_on = -1;
constexpr size_t file_max = FH_JSON_MAX;
constexpr size_t working_memory = 24 * FH_JSON_MAX;
constexpr uint32_t pcrs_default = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 7 | 1 << 9 | 1 << 11 | 1 << 12
				  | 1 << 14;
constexpr uint32_t pcrs_firmware = 0xff; /* every firmware that measures extends these */

void fh_approve_narrow(struct fh_pcr_state *s)
{
	s->selected &= pcrs_default;
}

bool fh_approve_unmeasured(const struct fh_pcr_state *s)
{
	static const struct fh_hash zero;

	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((s->selected & pcrs_firmware) >> i & 1
		    && !fh_hash_equal(&s->value[i], &zero))
			return false;
	}
	return (s->selected & pcrs_firmware) != 0;
}

static fh_err read_request(struct fh_span file, struct fh_approve_told *out, struct fh_trace *t)
{
	struct fh_request r;
	fh_err e = fh_request_read(file, &r, t);

	if (e == FH_ERR_OK)
		e = fh_request_state(&r, &out->state, t);
	if (e != FH_ERR_OK)
		return e;
	out->requested = true;
	out->device = fh_key_id(r.device.key);
	out->chain_id = r.chain_id;
	return FH_ERR_OK;
}

/* {"pcrs":{"sha256":{"4":"hex",...}}}; what is no PCR with a value is passed over.  */
static fh_err read_json(struct fh_span file, struct fh_arena *memory, struct fh_pcr_state *out,
			struct fh_trace *t)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(memory, FH_JSON_MAX), FH_JSON_MAX);
	struct fh_pcr_state s = { 0 };
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : fh_json_to_cbor(file, memory, &b, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span bank = fh_cbor_map_get(fh_cbor_map_get(fh_builder_span(&b), "pcrs"),
					      "sha256");

	for (unsigned i = 0; i < FH_PCRS; i++) {
		char name[4];

		(void)snprintf(name, sizeof(name), "%u", i);
		struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(bank, name));
		struct fh_span hex = fh_cbor_text(&c, 2 * FH_HASH_SIZE);

		if (fh_cursor_bad(&c)
		    || fh_hex_read(hex, s.value[i].bytes, FH_HASH_SIZE) != FH_ERR_OK)
			continue;
		s.selected |= UINT32_C(1) << i;
	}
	*out = s;
	return FH_ERR_OK;
}

int fh_approve_read(const char *path, struct fh_approve_told *out)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_trace t = { 0 };
	struct fh_span file;
	fh_err e = fh_arena_map(working_memory, &memory);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, file_max, &memory, &file);
	if (e == FH_ERR_OK)
		e = file.n > 0 && file.p[0] >= 0x80 ? read_request(file, out, &t)
						    : read_json(file, &memory, &out->state, &t);
	if (e == FH_ERR_OK)
		return go_on;
	fh_trace_where(&t, "%s", path);
	if (t.cure[0] == '\0')
		fh_trace_cure(&t, "give the output of `freehold reference uki --json` or `from-log "
			      "--json`, or a device request");
	return fh_cli_fail_trace(e, path, &t);
}

static bool read_list(const char *text, uint32_t *out)
{
	uint32_t selected = 0;

	while (*text != '\0') {
		char *end;
		unsigned long i = strtoul(text, &end, 10);

		if (end == text || i >= FH_PCRS || (*end != ',' && *end != '\0'))
			return false;
		if ((FH_PCRS_STATIC >> i & 1) == 0 || i == FH_PCR_LOCK)
			return false;
		selected |= UINT32_C(1) << i;
		text = *end == ',' ? end + 1 : end;
	}
	*out = selected;
	return selected != 0;
}

int fh_approve_select(const struct fh_usage *u, const struct fh_arguments *a,
		      struct fh_pcr_state *s)
{
	const char *list = fh_argument(a, "pcrs");
	uint32_t wanted = pcrs_default & s->selected;

	if (list != nullptr && !read_list(list, &wanted))
		return fh_usage_error(u, "--pcrs takes PCRs among 0 to 15 without %u, "
				      "as 4,7,11", FH_PCR_LOCK);
	if ((wanted & ~s->selected) != 0 || wanted == 0)
		return fh_cli_fail(FH_ERR_MISSING, a->operand[0],
				   wanted == 0 ? "it has none of the PCRs that are approved unless "
						 "--pcrs says otherwise"
					       : "it does not have all of these PCRs",
				   "choose others with --pcrs");
	s->selected = wanted;
	if (fh_approve_unmeasured(s) && fh_argument(a, "unmeasured") == nullptr)
		return fh_cli_fail(FH_ERR_STATE, a->operand[0],
				   "PCRs 0 to 7 are zero: the firmware has measured nothing, and "
				   "every "
				   "state looks like this one",
				   "turn on the TPM in the firmware; for a simulator, say "
				   "--unmeasured");
	return go_on;
}
