/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/authorisations.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "chain/authorisations.h"
#include "chain/request.h"
#include "chip/tpm2/tpm2.h"
#include "cli/signing.h"
#include "crypto/kem.h"
#include "crypto/sign.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t pair_size = 2 * FH_CHIP_AUTHORISATION_SIZE;
constexpr size_t auth_file_max = 512;

void fh_authorisation_pair_drop(struct fh_authorisation_pair *p)
{
	fh_secret_drop(&p->owner);
	fh_secret_drop(&p->lockout);
}

/* --- making them ---------------------------------------------------------- */

/* A TPM cuts zeros off the end of an authorisation, so there is none.  */
static fh_err fresh(struct fh_secret *out)
{
	fh_err e;

	do
		e = fh_seed_new(out);
	while (e == FH_ERR_OK && out->bytes[out->n - 1] == 0);
	return e;
}

static fh_err seal(const struct fh_chain *c, const struct fh_hash *device,
		   const struct fh_authorisation_pair *p, struct fh_builder *out)
{
	uint8_t plain[pair_size], context[FH_AUTHORISATIONS_CONTEXT];
	uint8_t sealed[FH_AUTHORISATIONS_BOX_MAX];
	struct fh_builder said = FH_BUILDER_ARRAY(plain), bound = FH_BUILDER_ARRAY(context);
	struct fh_builder box = FH_BUILDER_ARRAY(sealed);
	struct fh_authorisations a = { .chain_id = c->id, .device = *device };
	struct fh_kem_public to;

	if (c->recipient.n != sizeof(to.bytes))
		return FH_ERR_STATE;
	memcpy(to.bytes, c->recipient.p, sizeof(to.bytes));
	fh_builder_bytes(&said, fh_secret_span(&p->owner));
	fh_builder_bytes(&said, fh_secret_span(&p->lockout));
	fh_authorisations_put_context(&bound, &a);
	fh_err e = fh_kem_seal(&to, fh_builder_span(&bound), fh_builder_span(&said), &box);

	fh_wipe(plain, sizeof(plain));
	if (e != FH_ERR_OK)
		return e;
	a.box = fh_builder_span(&box);
	fh_authorisations_put(out, &a);
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_authorisations_make(struct fh_state *state, const struct fh_hash *device,
			      struct fh_authorisation_pair *out, struct fh_span *sealed,
			      struct fh_trace *t)
{
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, FH_AUTHORISATIONS_MAX),
					    FH_AUTHORISATIONS_MAX);
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : fresh(&out->owner);

	if (e == FH_ERR_OK)
		e = fresh(&out->lockout);
	if (e == FH_ERR_OK)
		e = seal(&state->chain, device, out, &b);
	/* Kept before the TPM hears of them: nobody could undo it without.  */
	if (e == FH_ERR_OK)
		e = fh_store_put(&state->store, "keys/authorisations", fh_builder_span(&b), t);
	if (e == FH_ERR_OK)
		*sealed = fh_builder_span(&b);
	return e;
}

/* --- those that somebody set ---------------------------------------------- */

static struct fh_span skip_blanks(struct fh_span s)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = fh_span_skip(s, 1);
	return s;
}

/* `hex:0123`, `0123`, or the output of `device authorisations`.  */
static fh_err read_auth(struct fh_span file, struct fh_secret *out)
{
	uint8_t bytes[FH_SECRET_MAX];

	if (fh_span_starts(file, FH_SPAN_LIT("owner")))
		file = skip_blanks(fh_span_skip(file, sizeof("owner") - 1));
	if (fh_span_starts(file, FH_SPAN_LIT("hex:")))
		file = fh_span_skip(file, sizeof("hex:") - 1);
	struct fh_span digits = fh_span_first(file, fh_span_find(file, '\n'));
	size_t n = digits.n / 2;

	if (n == 0 || digits.n % 2 != 0 || n > sizeof(bytes))
		return FH_ERR_FORMAT;
	fh_err e = fh_hex_read(digits, bytes, n);

	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_span_of(bytes, n), out);
	fh_wipe(bytes, sizeof(bytes));
	return e;
}

int fh_authorisations_say(struct fh_chip *tpm, const char *path)
{
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_secret) owner = { 0 };
	struct fh_span file;
	fh_err e = fh_arena_map(2 * auth_file_max, &memory);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, auth_file_max, &memory, &file);
	if (e == FH_ERR_OK)
		e = read_auth(file, &owner);
	if (e == FH_ERR_OK)
		e = fh_chip_tpm2_authorise(tpm, &owner);
	return e == FH_ERR_OK ? go_on
			      : fh_cli_fail(e, path, nullptr, "give what `freehold device "
					    "authorisations` printed, or hex digits");
}

int fh_authorisations_ask(const struct fh_cli *cli, const struct fh_arguments *a,
			  struct fh_chip *tpm, bool *take)
{
	const char *owner = fh_argument(a, "owner-auth");
	struct fh_chip_owned owned = { 0 };
	fh_err e = fh_chip_tpm2_owned(tpm, &owned);

	*take = false;
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "TPM", &tpm->trace);
	if (owned.owner && owner == nullptr)
		return fh_cli_fail(FH_ERR_PERMISSION, "TPM", "its owner authorisation is set",
				   "give it with --owner-auth FILE: `freehold device "
				   "authorisations` tells what an earlier enrolment set; or clear "
				   "the TPM in the firmware, which ends what is sealed by it");
	if (owner != nullptr) {
		int done = fh_authorisations_say(tpm, owner);

		if (done != go_on)
			return done;
	}
	if (fh_argument(a, "keep-authorisations") != nullptr)
		return go_on;
	*take = !owned.owner && !owned.lockout;
	if (!*take)
		fh_cli_say(cli, "the TPM's %s authorisation is set already: both stay as they are",
			   owned.owner ? "owner" : "lockout");
	return go_on;
}

/* --- freehold device authorisations --------------------------------------- */

static const struct fh_option options[] = {
	{ "operator-key", 0, false, "FILE", "the operator key that genesis names as recipient" },
	{ "passphrase-fd", 0, false, "N", "read its passphrase from descriptor N" },
};

static const struct fh_usage usage = {
	.verb = "device authorisations",
	.operands = "FILE",
	.summary = "Tells the authorisations of a machine's TPM, which only the operator can open",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE is the machine's request to be enrolled, or keys/authorisations of its "
		"state\n"
		"directory.  `freehold init` sets the authorisations of the TPM's owner and of "
		"its\n"
		"lockout hierarchy to random values and encrypts them to the operator, so that\n"
		"root on the machine can remove nothing from the TPM and not clear it.  They are\n"
		"needed to enrol the machine anew (init --owner-auth) and to end a lockout:\n"
		"tpm2_dictionarylockout --clear-lockout --auth hex:...  They are printed on\n"
		"standard output.\n",
	.examples = "  freehold device authorisations box.request --operator-key op.key\n",
};

/* A request holds such a file.  */
static fh_err read_file(struct fh_span file, struct fh_authorisations *out, struct fh_trace *t)
{
	struct fh_request r;

	if (fh_authorisations_read(file, out) == FH_ERR_OK)
		return FH_ERR_OK;
	fh_err e = fh_request_read(file, &r, t);

	if (e != FH_ERR_OK)
		return e;
	if (r.authorisations.n == 0) {
		fh_trace_what(t, "its machine has none that Freehold set");
		fh_trace_cure(t, "init was told --keep-authorisations or --no-tpm, or they were "
			      "set before");
		return FH_ERR_MISSING;
	}
	return fh_authorisations_read(r.authorisations, out);
}

static fh_err open_box(const struct fh_operator_key *key, const struct fh_authorisations *a,
		       struct fh_builder *out)
{
	uint8_t context[FH_AUTHORISATIONS_CONTEXT];
	struct fh_builder bound = FH_BUILDER_ARRAY(context);

	fh_authorisations_put_context(&bound, a);
	fh_err e = fh_kem_open(&key->seed, fh_builder_span(&bound), a->box, out);

	return e == FH_ERR_OK && out->n != pair_size ? FH_ERR_FORMAT : e;
}

static void print_pair(const struct fh_cli *cli, struct fh_span pair)
{
	char hex[2 * pair_size + 1] = { 0 };
	struct fh_builder b = fh_builder_of(hex, 2 * pair_size);
	constexpr int one = 2 * FH_CHIP_AUTHORISATION_SIZE;

	fh_builder_hex(&b, pair);
	printf(cli->json ? "{\"owner\":\"%.*s\",\"lockout\":\"%s\"}\n"
			 : "owner    hex:%.*s\nlockout  hex:%s\n", one, hex, hex + one);
	fh_wipe(hex, sizeof(hex));
}

int fh_device_authorisations(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	uint8_t plain[pair_size];
	struct fh_builder pair = FH_BUILDER_ARRAY(plain);
	struct fh_authorisations held;
	struct fh_arguments a;
	struct fh_trace t = { 0 };
	struct fh_span file;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_argument(&a, "operator-key") == nullptr)
		return fh_usage_error(&usage, "needs --operator-key FILE");
	fh_err e = fh_arena_map(2 * FH_REQUEST_MAX, &memory);

	if (e == FH_ERR_OK)
		e = fh_file_read(a.operand[0], FH_REQUEST_MAX, &memory, &file);
	if (e == FH_ERR_OK)
		e = read_file(file, &held, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, a.operand[0], &t);
	done = fh_signing_open_one(cli, &usage, &a, fh_argument(&a, "operator-key"),
				   /* create= */ false, FH_PLACEMENT_OFFLINE, &signing.key[0]);
	if (done != go_on)
		return done;
	signing.keys = 1;
	e = open_box(&signing.key[0], &held, &pair);
	if (e == FH_ERR_OK)
		print_pair(cli, fh_builder_span(&pair));
	fh_wipe(plain, sizeof(plain));
	return e == FH_ERR_OK ? FH_EXIT_YES
			      : fh_cli_fail(e, a.operand[0],
					    "it is not encrypted to this operator key",
					    "give the key that made the chain's genesis");
}
