/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/approve.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "chain/joint.h"
#include "chip/device_file.h"
#include "codec/json.h"

constexpr int go_on = -1;

static const struct fh_option approve_options[] = {
	FH_SIGNING_OPTIONS,
	{ "label", 0, false, "NAME", "what you call the state" },
	{ "pcrs", 0, false, "LIST", "PCRs that make it up, as 0,2,4,7,9,11,12,14" },
	{ "device", 0, true, "ID", "for this device" },
	{ "all", 0, false, nullptr, "for every device that is enrolled with a TPM" },
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
		"request of `freehold init`, which holds the state the machine was in, quoted by\n"
		"its TPM.  Only PCRs that FILE has are taken, of the SHA-256 bank.  A TPM\n"
		"releases its device key only in a state that is approved for that device: unless\n"
		"--device or --all says otherwise, for the one that made the request, or for the\n"
		"only one that is enrolled.\n",
	.examples = "  freehold reference uki linux.efi --json >new.json\n"
		    "  freehold reference approve new.json --label 6.12.119 --operator-key "
		    "op.key\n",
};

/* --- making it ---------------------------------------------------------- */

static bool several(const struct fh_chain *c)
{
	struct fh_release r;

	return fh_chain_release(c, &c->id, /* epoch= */ 0, &r) && fh_release_joint(&r);
}

size_t fh_approve_count(const struct fh_signing *s, const struct fh_chain *c)
{
	return s->keys * (several(c) ? 2 : 1);
}

/* What KEY signs for R's device and epoch; where it takes several, about an index that was
 * WRITTEN or not.  */
static fh_err sign_one(const struct fh_operator_key *key, const struct fh_release *r,
		       const struct fh_pcr_state *state, bool written,
		       struct fh_p256_signature *out)
{
	struct fh_hash policy = fh_approval_policy(state);
	struct fh_hash reference = fh_approval_reference(&r->chain_id, &r->device_id, r->epoch);
	struct fh_hash digest = fh_release_joint(r) ? fh_joint_digest(r, state, written)
						    : fh_approval_digest(&policy, &reference);

	return fh_companion_sign(&key->seed, &digest, out);
}

fh_err fh_approve_one(const struct fh_signing *s, const struct fh_chain *c,
		      const struct fh_pcr_state *state, const struct fh_device_epoch *d,
		      const struct fh_hash *renews, struct fh_builder *b)
{
	size_t forms = several(c) ? 2 : 1;
	struct fh_release r = { .chain_id = c->id, .device_id = d->device, .epoch = d->epoch };

	(void)fh_chain_release(c, &d->device, d->epoch, &r);
	for (size_t i = 0; i < s->keys * forms; i++) {
		const struct fh_operator_key *key = &s->key[i / forms];
		struct fh_p256_signature signature;
		struct fh_approval a = {
			.device = d->device, .epoch = d->epoch,
			.companion = FH_SPAN_ARRAY(key->public.companion.bytes) };
		fh_err e = sign_one(key, &r, state, i % forms == 1, &signature);

		if (e != FH_ERR_OK)
			return e;
		if (renews != nullptr)
			a.renews = *renews;
		a.signature = FH_SPAN_ARRAY(signature.bytes);
		fh_approval_put(b, &a, renews != nullptr);
	}
	return FH_ERR_OK;
}

fh_err fh_approve(const struct fh_signing *s, const struct fh_chain *c, const char *label,
		  const struct fh_pcr_state *state, const struct fh_device_epoch *device, size_t n,
		  struct fh_arena *a, struct fh_span *body)
{
	size_t all = n * fh_approve_count(s, c);
	size_t room = FH_APPROVALS_BODY_ROOM + all * FH_APPROVAL_ROOM;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, room), room);
	const struct fh_reference_body r = { .label = fh_span_str(label), .state = *state };
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	if (all > FH_APPROVALS_MAX)
		return FH_ERR_LIMIT;
	fh_reference_put_head(&b, &r, all > 0);
	if (all > 0)
		fh_approvals_begin(&b, all);
	for (size_t i = 0; i < n && e == FH_ERR_OK; i++)
		e = fh_approve_one(s, c, state, &device[i], /* renews= */ nullptr, &b);
	return e == FH_ERR_OK ? fh_builder_end(&b, body) : e;
}

/* --- for which devices ------------------------------------------------------ */

/* Whom --device, --all or the request T names; those of the chain may be too many to be
 * meant when nobody is named.  */
static bool chosen(const struct fh_arguments *a, const struct fh_approve_told *t,
		   const struct fh_device *d)
{
	char hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = fh_builder_of(hex, 2 * FH_HASH_SIZE);

	if (fh_argument(a, "all") != nullptr)
		return true;
	if (fh_argument(a, "device") == nullptr)
		return !t->requested || fh_hash_equal(&t->device, &d->id);
	fh_builder_hex(&b, fh_hash_span(&d->id));
	for (size_t i = 0; fh_argument_nth(a, "device", i) != nullptr; i++) {
		if (strcmp(fh_argument_nth(a, "device", i), hex) == 0)
			return true;
	}
	return false;
}

/* An approval names machines; it is not given to more of them than were named.  */
static int check_count(const struct fh_arguments *a, const struct fh_approve_told *t, size_t n)
{
	if (n == 0)
		return fh_cli_fail(FH_ERR_MISSING, "devices",
				   t->requested ? "the machine of the request is not enrolled"
						: "none of them is enrolled with a TPM",
				   t->requested ? "admit it first, or with its state: freehold "
						  "device admit --approve"
						: "`freehold chain show` lists those that are");
	if (n > 1 && !t->requested && fh_argument(a, "all") == nullptr
	    && fh_argument(a, "device") == nullptr)
		return fh_usage_error(&usage_approve, "%zu machines are enrolled: name some with "
				      "--device, or say --all", n);
	return go_on;
}

static int choose(const struct fh_arguments *a, const struct fh_approve_told *t,
		  struct fh_state *state, struct fh_device_epoch **out, size_t *count)
{
	struct fh_device_epoch *d = fh_arena_array(&state->memory, FH_APPROVALS_MAX, sizeof(*d));
	const char *given = fh_argument(a, "epoch");
	const struct fh_device *held;
	uint64_t epoch = 0;
	size_t at = 0, n = 0;

	if (d == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "devices", nullptr, nullptr);
	if (given != nullptr && fh_decimal_read(fh_span_str(given), &epoch) != FH_ERR_OK)
		return fh_usage_error(&usage_approve, "--epoch needs a number");
	if (t->requested && !fh_hash_equal(&t->chain_id, &state->chain.id))
		return fh_cli_fail(FH_ERR_UNKNOWN, a->operand[0],
				   "the request is for another chain", nullptr);
	while ((held = fh_chain_device_next(&state->chain, &at)) != nullptr) {
		if (held->revoked || held->body.ak.n == 0 || !chosen(a, t, held))
			continue;
		if (n == FH_APPROVALS_MAX)
			return fh_cli_fail(FH_ERR_LIMIT, "devices", "there are too many for one "
					   "statement", "name some of them with --device");
		if (given != nullptr && epoch > held->epoch + FH_DEVICE_EPOCHS_MAX)
			return fh_usage_error(&usage_approve, "--epoch is too far ahead: no chip "
					      "comes there whose device key is not lost");
		d[n].device = held->id;
		d[n++].epoch = given != nullptr ? epoch : held->epoch;
	}
	*out = d;
	*count = n;
	return check_count(a, t, n);
}

int fh_reference_approve(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_device_epoch *device = nullptr;
	struct fh_approve_told told = { 0 };
	struct fh_arguments a;
	struct fh_span body;
	size_t n = 0;
	int done = fh_cli_arguments(cli, &usage_approve, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_argument(&a, "label") == nullptr)
		return fh_usage_error(&usage_approve, "needs --label NAME");
	if (fh_argument(&a, "all") != nullptr && fh_argument(&a, "device") != nullptr)
		return fh_usage_error(&usage_approve, "give --device or --all, not both");
	done = fh_approve_read(a.operand[0], &told);
	if (done == go_on)
		done = fh_approve_select(&usage_approve, &a, &told.state);
	if (done == go_on)
		done = fh_signing_begin(cli, &usage_approve, &a, &state, &signing);
	if (done == go_on)
		done = choose(&a, &told, &state, &device, &n);
	if (done != go_on)
		return done;

	fh_err e = fh_approve(&signing, &state.chain, fh_argument(&a, "label"), &told.state,
			      device, n, &state.memory, &body);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "reference", nullptr, nullptr);
	return fh_signing_next(cli, &a, &state, &signing, "reference", body);
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
		if (!fh_chain_approves(c, r, &d->id, fh_chain_epoch(c, &d->id)))
			continue;
		fh_builder_text(b, json ? (first ? "\"" : ",\"") : "\n  device  ");
		fh_builder_hex(b, fh_hash_span(&d->id));
		fh_builder_text(b, json ? "\"" : "");
		first = false;
	}
}

void fh_approve_put_pcrs(const struct fh_pcr_state *s, struct fh_builder *b, bool json)
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
	fh_approve_put_pcrs(&r->body.state, b, json);
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
		size_t room = FH_APPROVALS_BODY_ROOM + FH_CHAIN_OBJECTS_MAX * FH_APPROVAL_ROOM;
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
