/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/approve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "chain/request.h"
#include "codec/json.h"
#include "codec/lookup.h"
#include "evidence/machine.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t file_max = FH_JSON_MAX;
constexpr size_t working_memory = 24 * FH_JSON_MAX;
constexpr uint32_t pcrs_default = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 7 | 1 << 9 | 1 << 11 | 1 << 12
				  | 1 << 14;
constexpr uint32_t pcrs_firmware = 0xff; /* every firmware that measures extends these */

static const struct fh_option approve_options[] = {
	FH_SIGNING_OPTIONS,
	{ "label", 0, false, "NAME", "what you call the state" },
	{ "pcrs", 0, false, "LIST", "PCRs that make it up, as 0,2,4,7,9,11,12,14" },
	{ "device", 0, true, "ID", "only for this device; all that are enrolled otherwise" },
	{ "epoch", 0, false, "N", "boot epoch, where it is not what the chain says" },
	{ "unmeasured", 0, false, nullptr, "accept PCRs 0 to 7 at zero: nothing was measured" },
};

static const struct fh_usage usage_approve = {
	.verb = "reference approve",
	.operands = "FILE",
	.summary = "Signs that machines may boot in a state, before or after an update",
	.options = approve_options,
	.options_n = sizeof(approve_options) / sizeof(approve_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE is what `freehold reference uki --json` or `from-log --json` printed, or a\n"
		"request of `freehold init`, which holds the state the machine was in.  Only PCRs\n"
		"that FILE has are taken, of the SHA-256 bank.  A TPM releases its device key "
		"only\n"
		"in a state that is approved for that device.\n",
	.examples = "  freehold reference uki linux.efi --json >new.json\n"
		    "  freehold reference approve new.json --label 6.12.119 --operator-key "
		    "op.key\n",
};

/* --- making it ---------------------------------------------------------- */

static fh_err approve_one(const struct fh_operator_key *key, const struct fh_hash *chain_id,
			  const struct fh_pcr_state *state, const struct fh_approved_device *d,
			  const struct fh_hash *renews, struct fh_builder *b)
{
	struct fh_hash policy = fh_approval_policy(state);
	struct fh_hash reference = fh_approval_reference(chain_id, &d->id, d->epoch);
	struct fh_hash digest = fh_approval_digest(&policy, &reference);
	struct fh_p256_signature s;
	struct fh_approval a = { .device = d->id, .epoch = d->epoch,
				 .companion = FH_SPAN_ARRAY(key->public.companion.bytes) };
	fh_err e = fh_companion_sign(&key->seed, &digest, &s);

	if (e != FH_ERR_OK)
		return e;
	if (renews != nullptr)
		a.renews = *renews;
	a.signature = FH_SPAN_ARRAY(s.bytes);
	fh_approval_put(b, &a, renews != nullptr);
	return FH_ERR_OK;
}

/* Bytes that one approval takes at most, and what stands around them.  */
constexpr size_t approval_room = 256;
constexpr size_t body_room = 2048;

fh_err fh_approve(const struct fh_operator_key *key, const struct fh_hash *chain_id,
		  const char *label, const struct fh_pcr_state *state,
		  const struct fh_approved_device *device, size_t n, struct fh_arena *a,
		  struct fh_span *body)
{
	size_t room = body_room + n * approval_room;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, room), room);
	const struct fh_reference_body r = { .label = fh_span_str(label), .state = *state };
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	if (n > FH_APPROVALS_MAX)
		return FH_ERR_LIMIT;
	fh_reference_put_head(&b, &r, n > 0);
	if (n > 0)
		fh_approvals_begin(&b, n);
	for (size_t i = 0; i < n && e == FH_ERR_OK; i++)
		e = approve_one(key, chain_id, state, &device[i], /* renews= */ nullptr, &b);
	return e == FH_ERR_OK ? fh_builder_end(&b, body) : e;
}

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

/* --- reading the state ---------------------------------------------------- */

static fh_err read_request(struct fh_span file, struct fh_pcr_state *out, struct fh_trace *t)
{
	struct fh_machine_quote q;
	struct fh_request r;
	fh_err e = fh_request_read(file, &r, t);

	if (e == FH_ERR_OK)
		e = fh_machine_quote_read(r.quote, &q);
	if (e == FH_ERR_OK)
		*out = q.pcrs;
	return e;
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

static int read_state(const char *path, struct fh_pcr_state *out)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_trace t = { 0 };
	struct fh_span file;
	fh_err e = fh_arena_map(working_memory, &memory);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, file_max, &memory, &file);
	if (e == FH_ERR_OK)
		e = file.n > 0 && file.p[0] >= 0x80 ? read_request(file, out, &t)
						    : read_json(file, &memory, out, &t);
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

/* Takes from S only what is to be approved.  */
static int narrow(const struct fh_arguments *a, struct fh_pcr_state *s)
{
	const char *list = fh_argument(a, "pcrs");
	uint32_t wanted = pcrs_default & s->selected;

	if (list != nullptr && !read_list(list, &wanted))
		return fh_usage_error(&usage_approve, "--pcrs takes PCRs among 0 to 15 without %u, "
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

/* --- for which devices ------------------------------------------------------ */

static bool chosen(const struct fh_arguments *a, const struct fh_device *d)
{
	char hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = fh_builder_of(hex, 2 * FH_HASH_SIZE);
	bool any = false;

	fh_builder_hex(&b, fh_hash_span(&d->id));
	for (size_t i = 0; fh_argument_nth(a, "device", i) != nullptr; i++) {
		any = true;
		if (strcmp(fh_argument_nth(a, "device", i), hex) == 0)
			return true;
	}
	return !any;
}

static int choose(const struct fh_arguments *a, struct fh_state *state,
		  struct fh_approved_device **out, size_t *count)
{
	struct fh_approved_device *d = fh_arena_array(&state->memory, FH_APPROVALS_MAX, sizeof(*d));
	const char *given = fh_argument(a, "epoch");
	const struct fh_device *held;
	uint64_t epoch = 0;
	size_t at = 0, n = 0;

	if (d == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "devices", nullptr, nullptr);
	if (given != nullptr && fh_decimal_read(fh_span_str(given), &epoch) != FH_ERR_OK)
		return fh_usage_error(&usage_approve, "--epoch needs a number");
	while ((held = fh_chain_device_next(&state->chain, &at)) != nullptr) {
		if (held->revoked || held->body.ak.n == 0 || !chosen(a, held))
			continue;
		if (n == FH_APPROVALS_MAX)
			return fh_cli_fail(FH_ERR_LIMIT, "devices", "there are too many for one "
					   "statement", "name some of them with --device");
		d[n].id = held->id;
		d[n++].epoch = given != nullptr ? epoch : fh_chain_epoch(&state->chain, &held->id);
	}
	if (n == 0)
		return fh_cli_fail(FH_ERR_MISSING, "devices", "none of them is enrolled with a TPM",
				   "`freehold chain show` lists those that are");
	*out = d;
	*count = n;
	return go_on;
}

int fh_reference_approve(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_approved_device *device = nullptr;
	struct fh_pcr_state pcrs;
	struct fh_arguments a;
	struct fh_span body;
	size_t n = 0;
	int done = fh_cli_arguments(cli, &usage_approve, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_argument(&a, "label") == nullptr)
		return fh_usage_error(&usage_approve, "needs --label NAME");
	done = read_state(a.operand[0], &pcrs);
	if (done == go_on)
		done = narrow(&a, &pcrs);
	if (done == go_on)
		done = fh_signing_begin(cli, &usage_approve, &a, &state, &signing);
	if (done == go_on)
		done = choose(&a, &state, &device, &n);
	if (done != go_on)
		return done;

	fh_err e = fh_approve(&signing.key[0], &state.chain.id, fh_argument(&a, "label"), &pcrs,
			      device, n, &state.memory, &body);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "reference", nullptr, nullptr);
	return fh_signing_next(cli, &a, &state, &signing, "reference", body);
}

/* --- taking it back ------------------------------------------------------- */

static const struct fh_option revoke_options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_revoke = {
	.verb = "reference revoke",
	.operands = "HASH",
	.summary = "Takes back the approval of a boot state, and approves the others anew",
	.options = revoke_options,
	.options_n = sizeof(revoke_options) / sizeof(revoke_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "HASH is the statement's, as `freehold reference list` shows it.  The statement\n"
		"holds an approval of every other state for the next boot epoch of each device.\n"
		"A machine that takes it in counts its epoch up: from then on its TPM releases "
		"the\n"
		"device key to nothing that was approved before.  Until it takes it in, an old\n"
		"state still boots: what withholds the statement is seen by the chain head that\n"
		"every quote carries.\n",
	.examples = "  freehold reference revoke 77ab... --operator-key op.key\n",
};

/* Walks every (device, other reference) that is approved now.  With B null only
 * counts.  */
static fh_err renew_all(const struct fh_operator_key *key, const struct fh_chain *c,
			const struct fh_hash *revoked, struct fh_builder *b, size_t *count)
{
	const struct fh_device *d;
	size_t at = 0;

	*count = 0;
	while ((d = fh_chain_device_next(c, &at)) != nullptr) {
		struct fh_approved_device next = { d->id, fh_chain_epoch(c, &d->id) + 1 };
		struct fh_chain_approvals walk = { 0 };
		const struct fh_reference_held *r;
		struct fh_approval a;

		while (!d->revoked && fh_chain_approval_next(c, &d->id, &walk, &r, &a)) {
			if (a.epoch + 1 != next.epoch || fh_hash_equal(&r->hash, revoked))
				continue;
			++*count;
			fh_err e = b == nullptr ? FH_ERR_OK
						: approve_one(key, &c->id, &r->body.state, &next,
							      &r->hash, b);

			if (e != FH_ERR_OK)
				return e;
		}
	}
	return FH_ERR_OK;
}

static fh_err put_revocation(const struct fh_operator_key *key, struct fh_state *state,
			     const struct fh_hash *hash, struct fh_span *body, size_t *n)
{
	const struct fh_revoke_body r = { .what = FH_STATEMENT_REFERENCE, .id =
		fh_hash_span(hash) };
	fh_err e = renew_all(key, &state->chain, hash, nullptr, n);

	if (e != FH_ERR_OK)
		return e;
	if (*n > FH_APPROVALS_MAX)
		return FH_ERR_LIMIT;
	size_t room = body_room + *n * approval_room;
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, room), room);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_revoke_put(&b, &r, *n);
	if (*n > 0)
		e = renew_all(key, &state->chain, hash, &b, n);
	return e == FH_ERR_OK ? fh_builder_end(&b, body) : e;
}

int fh_reference_revoke(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_arguments a;
	struct fh_hash hash;
	struct fh_span body;
	size_t n;
	int done = fh_cli_arguments(cli, &usage_revoke, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_hex_read(fh_span_str(a.operand[0]), hash.bytes, FH_HASH_SIZE) != FH_ERR_OK)
		return fh_usage_error(&usage_revoke, "a statement hash has 64 hex digits");
	done = fh_signing_begin(cli, &usage_revoke, &a, &state, &signing);
	if (done != go_on)
		return done;

	fh_err e = put_revocation(&signing.key[0], &state, &hash, &body, &n);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "revoke", nullptr, nullptr);
	if (n == 0)
		fh_cli_say(cli, "no other state is approved: the machines will not start again "
			   "before you approve one for their next epoch");
	return fh_signing_next(cli, &a, &state, &signing, "revoke", body);
}

/* --- what is approved ----------------------------------------------------- */

static const struct fh_usage usage_list = {
	.verb = "reference list",
	.operands = "",
	.summary = "Lists the boot states that are approved, and for which devices",
	.examples = "  freehold reference list --json\n",
};

static void put_devices(const struct fh_chain *c, const struct fh_reference_held *r,
			struct fh_builder *b, bool json)
{
	const struct fh_device *d;
	size_t at = 0;
	bool first = true;

	while ((d = fh_chain_device_next(c, &at)) != nullptr) {
		struct fh_chain_approvals walk = { 0 };
		const struct fh_reference_held *of;
		struct fh_approval a;

		while (fh_chain_approval_next(c, &d->id, &walk, &of, &a)) {
			if (of != r || a.epoch != fh_chain_epoch(c, &d->id))
				continue;
			fh_builder_text(b, json ? (first ? "\"" : ",\"") : "\n  device  ");
			fh_builder_hex(b, fh_hash_span(&d->id));
			fh_builder_text(b, json ? "\"" : "");
			first = false;
		}
	}
}

static void put_pcrs(const struct fh_pcr_state *s, struct fh_builder *b, bool json)
{
	bool first = true;

	for (unsigned i = 0; i < FH_PCRS; i++) {
		char name[24];

		if ((s->selected >> i & 1) == 0)
			continue;
		(void)snprintf(name, sizeof(name), json ? "%s\"%u\":\"" : "%s%-2u      ",
			       json ? (first ? "" : ",") : "\n  PCR ", i);
		fh_builder_text(b, name);
		fh_builder_hex(b, fh_hash_span(&s->value[i]));
		fh_builder_text(b, json ? "\"" : "");
		first = false;
	}
}

static void put_reference(const struct fh_chain *c, const struct fh_reference_held *r,
			  struct fh_builder *b, bool json)
{
	fh_builder_text(b, json ? "{\"hash\":\"" : "");
	fh_builder_hex(b, fh_hash_span(&r->hash));
	fh_builder_text(b, json ? "\",\"label\":" : "  ");
	if (json)
		fh_json_put_string(b, r->body.label);
	else
		fh_builder_bytes(b, r->body.label);
	fh_builder_text(b, json ? ",\"pcrs\":{" : "");
	put_pcrs(&r->body.state, b, json);
	fh_builder_text(b, json ? "},\"devices\":[" : "");
	put_devices(c, r, b, json);
	fh_builder_text(b, json ? "]}" : "\n");
}

int fh_reference_list(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	const struct fh_reference_held *r;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	size_t at = 0;
	bool first = true;
	int done = fh_cli_arguments(cli, &usage_list, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	if (cli->json)
		(void)fputs("{\"references\":[", stdout);
	while ((r = fh_chain_reference_next(&state.chain, &at)) != nullptr) {
		size_t room = body_room + FH_CHAIN_OBJECTS_MAX * approval_room;
		struct fh_arena memory = state.memory; /* given back after each */
		struct fh_builder b = fh_builder_of(fh_arena_space(&memory, room), room);

		if (b.p == nullptr)
			return fh_cli_fail(FH_ERR_NOMEM, "references", nullptr, nullptr);
		put_reference(&state.chain, r, &b, cli->json);
		printf("%s%.*s", cli->json && !first ? "," : "", (int)b.n, (const char *)b.p);
		first = false;
	}
	if (cli->json)
		(void)puts("]}");
	return FH_EXIT_YES;
}
