/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/activate.h"

#include <string.h>
#include <unistd.h>

#include "chain/sealed.h"
#include "chip/tpm2/endorse.h"
#include "cli/device_key.h"
#include "cli/enrol.h"
#include "os/memory.h"

constexpr size_t chip_memory = 1 << 20;

static fh_err refuse(struct fh_trace *t, fh_err e, const char *what, const char *cure)
{
	*t = (struct fh_trace){ 0 };
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "%s", cure);
	return e;
}

/* FH_ERR_STATE if this state directory was made without a chip: keys/counter is
 * there then.  */
static fh_err check_chip(const struct fh_state *s, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(&s->store, "keys/counter", path);

	if (e == FH_ERR_OK && access(path, F_OK) == 0)
		return refuse(t, FH_ERR_STATE, "this state directory was made without a TPM",
			      "answers are for machines that were enrolled with theirs");
	return e;
}

/* A daemon has the TPM for itself, and a device that is enrolled.  The lock is
 * kept until STATE is dropped, so that none starts meanwhile.  */
static fh_err lock(struct fh_state *s, struct fh_trace *t)
{
	if (fh_fd_get(s->store.lock) >= 0)
		return FH_ERR_OK;

	fh_err e = fh_store_lock(&s->store, t);

	if (e == FH_ERR_LOCKED)
		fh_trace_cure(t, "stop it to enrol this machine anew; statements that were signed "
			      "since come by `freehold chain export`");
	return e;
}

/* The chain and the device for which `init` made the device key of this state
 * directory, in this TPM.  */
static fh_err whose(struct fh_state *s, struct fh_chip *chip, struct fh_device_file *out,
		    struct fh_trace *t)
{
	fh_err e = fh_device_key_held(s, out, t);

	if (e == FH_ERR_MISSING)
		return refuse(t, e, "there is no device key in this state directory",
			      "import the answer on the machine that made the request");
	if (e != FH_ERR_OK)
		return e;
	e = chip->class->belongs(chip, out->blob[0], out->identity);
	if (e != FH_ERR_OK)
		*t = chip->trace;
	return e;
}

/* The answer is for this chain and this machine, as far as it says so.  */
static fh_err check_addressee(struct fh_state *s, struct fh_chip *chip,
			      const struct fh_sealed_answer *a, struct fh_trace *t)
{
	struct fh_device_file f;
	fh_err e = whose(s, chip, &f, t);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_hash_equal(&a->chain_id, &f.release.chain_id)
	    || !fh_hash_equal(&a->chain_id, &s->chain.id))
		return refuse(t, FH_ERR_UNKNOWN, "the answer is for another chain",
			      "answers are for the genesis that `freehold init` was given");
	if (!fh_hash_equal(&a->device, &f.release.device_id))
		return refuse(t, FH_ERR_UNKNOWN, "the answer is for another device",
			      "bring the answer to the request that this machine made");
	return FH_ERR_OK;
}

/* The statement of this device, and it names the attestation key whose company
 * the credential has proved.  */
static bool names_us(struct fh_span file, const struct fh_hash *device,
		     const struct fh_endorsement *ours)
{
	struct fh_device_body d;
	struct fh_envelope v;

	if (fh_envelope_parse(file, &v, /* trace */ nullptr) != FH_ERR_OK ||
	    v.statement.kind != FH_STATEMENT_DEVICE ||
	    fh_device_read(v.statement.body, &d, /* trace */ nullptr) != FH_ERR_OK)
		return false;

	struct fh_hash id = fh_key_id(d.key);

	return fh_hash_equal(&id, device) && fh_span_equal(d.ak, fh_span_of(ours->ak, ours->ak_n));
}

/* The secret that seals A.  */
static fh_err activate(struct fh_chip *chip, const struct fh_sealed_answer *a,
		       struct fh_secret *out, struct fh_trace *t)
{
	fh_err e = fh_endorsement_activate(chip, a->object, a->seed, out);

	if (e == FH_ERR_OK)
		return e;
	/* FH_ERR_TPM, too: not every TPM says in the same way that it cannot open it.  */
	if (e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT || e == FH_ERR_TPM)
		return refuse(t, FH_ERR_SIGNATURE,
			      "this TPM does not open the answer: it was sealed to another TPM or "
			      "attestation key, or altered on its way",
			      "bring it again from the operator, or send a fresh request");
	*t = chip->trace;
	return e;
}

/* Opens the answer in the TPM; the list of statements is in MEMORY.  */
static fh_err open_answer(struct fh_chip *chip, const struct fh_sealed_answer *a,
			  struct fh_arena *memory, struct fh_span *list, struct fh_trace *t)
{
	FH_OWN(fh_secret) secret = { 0 };
	struct fh_builder b = fh_builder_of(fh_arena_space(memory, a->sealed.n), a->sealed.n);
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : activate(chip, a, &secret, t);

	if (e != FH_ERR_OK)
		return e;
	e = fh_sealed_answer_open(a, &secret, &b);
	if (e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT)
		return refuse(t, FH_ERR_SIGNATURE, "the answer was altered on its way",
			      "bring it again from the operator");
	return e != FH_ERR_OK ? e : fh_builder_end(&b, list);
}

/* This TPM's keys; and A, opened.  */
static fh_err use_tpm(struct fh_chip *chip, struct fh_state *state,
		      const struct fh_sealed_answer *a, struct fh_endorsement *ours,
		      struct fh_span *list, struct fh_trace *t)
{
	fh_err e = check_addressee(state, chip, a, t);

	if (e != FH_ERR_OK)
		return e;
	e = fh_endorsement_read(chip, ours);
	if (e != FH_ERR_OK) {
		*t = chip->trace;
		return e;
	}
	return open_answer(chip, a, &state->memory, list, t);
}

static fh_err read_answer(const struct fh_cli *cli, struct fh_state *state,
			  const struct fh_sealed_answer *a, struct fh_span *statement,
			  size_t *count, struct fh_trace *t)
{
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_chip) chip = { 0 };
	struct fh_endorsement ours;
	struct fh_span list;
	size_t n = 0;
	fh_err e = check_chip(state, t);

	if (e == FH_ERR_OK)
		e = lock(state, t);
	if (e == FH_ERR_OK)
		e = fh_arena_map(chip_memory, &memory);
	if (e == FH_ERR_OK)
		e = fh_enrol_tpm(cli, &memory, &chip, t);
	if (e == FH_ERR_OK)
		e = use_tpm(&chip, state, a, &ours, &list, t);
	if (e != FH_ERR_OK)
		return e;
	e = fh_statement_list_read(list, &a->chain_id, statement, FH_SEALED_STATEMENTS_MAX, &n);
	if (e != FH_ERR_OK)
		return refuse(t, e, "the answer holds something else than statements",
			      "ask the operator to make it again");
	for (size_t i = 0; i < n; i++) {
		if (names_us(statement[i], &a->device, &ours)) {
			*count = n;
			return FH_ERR_OK;
		}
	}
	return refuse(t, FH_ERR_CONFLICT, "no statement in the answer enrols this device with "
		      "this TPM's attestation key", "send the operator a fresh request");
}

/* Accepts all N before the first is added, so that a wrong one keeps all out.  */
static fh_err take(struct fh_state *state, const struct fh_span *statement, size_t n, size_t *new,
		   struct fh_trace *t)
{
	bool *held = fh_arena_array(&state->memory, n, sizeof(*held));
	fh_err e = held == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		e = fh_chain_accept(&state->chain, statement[i], &state->scratch, t);
		held[i] = e == FH_ERR_EXISTS;
		if (held[i])
			e = FH_ERR_OK;
	}
	*new = 0;
	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		if (held[i])
			continue;
		e = fh_chain_file_add(&state->store, statement[i], t);
		*new += 1;
	}
	return e;
}

int fh_activate(const struct fh_cli *cli, struct fh_state *state, struct fh_span file,
		const char *path)
{
	struct fh_span *statement =
		fh_arena_array(&state->memory, FH_SEALED_STATEMENTS_MAX, sizeof(*statement));
	struct fh_sealed_answer a;
	struct fh_trace t = { 0 };
	size_t n, new;
	fh_err e = statement == nullptr ? FH_ERR_NOMEM : fh_sealed_answer_read(file, &a, &t);

	if (e == FH_ERR_OK)
		e = read_answer(cli, state, &a, statement, &n, &t);
	if (e != FH_ERR_OK) {
		if (e != FH_ERR_LOCKED) /* then it is the state directory's trouble */
			fh_trace_where(&t, "%s", path);
		return fh_cli_fail_trace(e, path, &t);
	}
	t = (struct fh_trace){ 0 };
	e = take(state, statement, n, &new, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	fh_cli_say(cli, "%s: the TPM opened it; %zu statement%s accepted, %zu of them new", path, n,
		   n == 1 ? "" : "s", new);
	if (state->chain.state == FH_CHAIN_LIVE)
		return FH_EXIT_YES;
	(void)fh_cli_fail(FH_ERR_STATE, "chain", state->chain.why.what, state->chain.why.cure);
	return FH_EXIT_NO;
}
