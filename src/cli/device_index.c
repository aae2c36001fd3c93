/* SPDX-License-Identifier: Apache-2.0 */
/* The index of approved states in the machine's TPM, for operators that came later: it
 * takes the owner's authorisation, which the daemon does not have.  docs/spec/CHIP,
 * "Several operators".  */
#include "chain/authority.h"
#include "chain/joint.h"
#include "chip/tpm2/tpm2.h"
#include "cli/authorisations.h"
#include "cli/device_key.h"
#include "cli/enrol.h"
#include "os/memory.h"
#include "store/chain_files.h"

constexpr int go_on = -1;
constexpr size_t chip_memory = 1 << 20;

static const struct fh_option options[] = {
	{ "owner-auth", 0, false, "FILE", "the TPM's owner authorisation, if it is set" },
	{ "remove-old", 0, false, nullptr, "remove those of operators of before" },
};

static const struct fh_usage usage = {
	.verb = "device index",
	.operands = "",
	.summary = "Makes what a release by several operators takes in this machine's TPM",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "Where approving a boot state takes several operators, an index in the TPM holds\n"
		"what they approved.  `freehold init` makes it for those of then; after a signers\n"
		"statement this makes the one for those of now, before the next boot.  FILE is\n"
		"what `freehold device authorisations` printed.  Those of operators of before are\n"
		"told, and stay unless --remove-old is given; the one that the device key is\n"
		"sealed under until the next boot's first start stays in any case.\n",
	.examples = "  freehold device index --owner-auth box.auth\n"
		    "  freehold device index --owner-auth box.auth --remove-old\n",
};

static int say_owner(const struct fh_arguments *a, struct fh_chip *tpm)
{
	const char *owner = fh_argument(a, "owner-auth");

	return owner == nullptr ? go_on : fh_authorisations_say(tpm, owner);
}

/* What this machine's key is sealed under as soon as it is sealed anew, and now.  */
static int find(struct fh_state *state, struct fh_release *out, struct fh_release *sealed)
{
	struct fh_trace t = { 0 };
	struct fh_device_file f;
	fh_err e = fh_device_key_held(state, &f, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "keys/device", &t);
	if (!fh_chain_release(&state->chain, &f.release.device_id, f.release.epoch, out)
	    || !fh_release_joint(out))
		return fh_cli_fail(FH_ERR_UNSUPPORTED, "chain", "one operator alone approves "
				   "boot states here, which takes no index",
				   "give `reference` a threshold of two or more first, and have no "
				   "more than eight signers (freehold signers)");
	*sealed = f.release;
	return go_on;
}

/* --- operators of before -------------------------------------------------- */

struct old {
	const struct fh_cli *cli;
	struct fh_chip *tpm;
	struct fh_release now, sealed;
	bool remove;
	struct fh_trace *t;
};

/* What is to be done about the index for R, by whom approved from statement SEQUENCE on.  */
static fh_err judge(const struct old *o, const struct fh_release *r, uint64_t sequence)
{
	unsigned long long from = sequence;
	bool there;

	if (!fh_release_joint(r) || fh_release_same_approvers(r, &o->now))
		return FH_ERR_OK;
	fh_err e = fh_chip_tpm2_joint_there(o->tpm, r, &there);
	uint32_t handle = fh_joint_index_of(r).handle;

	if (e == FH_ERR_OK && there && fh_release_same_approvers(r, &o->sealed)) {
		fh_cli_say(o->cli, "NV index 0x%08x of the operators of statement %llu stays: the "
			   "device key is sealed under it until the next boot's first start",
			   handle, from);
	} else if (e == FH_ERR_OK && there && !o->remove) {
		fh_cli_say(o->cli, "NV index 0x%08x is of the operators of statement %llu, and of "
			   "no use any more; --remove-old removes it", handle, from);
	} else if (e == FH_ERR_OK && there) {
		e = fh_chip_tpm2_joint_remove(o->tpm, r);
		if (e == FH_ERR_OK)
			fh_cli_say(o->cli, "NV index 0x%08x of the operators of statement %llu is "
				   "removed", handle, from);
	}
	if (e != FH_ERR_OK)
		*o->t = o->tpm->trace;
	return e;
}

/* Whether FILE is a statement that says who may sign, on the way to the head.  */
static bool is_authority(struct fh_span file, const struct fh_authority_line *l)
{
	struct fh_envelope v;

	if (fh_envelope_parse(file, &v, /* trace= */ nullptr) != FH_ERR_OK)
		return false;
	return v.statement.kind == (l->begun ? FH_STATEMENT_SIGNERS : FH_STATEMENT_GENESIS);
}

/* Everybody who could ever approve states here, from genesis on.  A side of a fork
 * establishes nobody: it is not followed, which is no error.  */
static fh_err each_of_before(struct fh_state *s, const struct old *o)
{
	struct fh_authority_line l = { .chain_id = s->chain.id };
	struct fh_chain_file *file;
	size_t n;
	fh_err e = fh_chain_files(&s->store, &s->memory, &file, &n, o->t);

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		const struct fh_arena before = s->memory;
		struct fh_release r = o->sealed;
		struct fh_span bytes;

		e = fh_chain_file_read(&s->store, &file[i], &s->memory, &bytes, o->t);
		if (e == FH_ERR_OK && is_authority(bytes, &l)
		    && fh_authority_follow(&l, bytes, &s->memory, &s->scratch, o->t) == FH_ERR_OK) {
			if (fh_authority_approvers(&l.authority, &r))
				e = judge(o, &r, l.sequence);
		} else {
			s->memory = before; /* nothing of it is kept */
		}
	}
	return e;
}

int fh_device_index(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_chip) tpm = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	struct old o = { .cli = cli, .tpm = &tpm, .t = &t };
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	done = find(&state, &o.now, &o.sealed);
	if (done != go_on)
		return done;
	e = fh_arena_map(chip_memory, &memory);
	if (e == FH_ERR_OK)
		e = fh_enrol_tpm(cli, &memory, &tpm, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "TPM", &t);
	done = say_owner(&a, &tpm);
	if (done != go_on)
		return done;
	e = tpm.class->joint_prepare(&tpm, &o.now);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "TPM", &tpm.trace);
	fh_cli_say(cli, "the index for %zu of %zu operators is there", o.now.needed,
		   o.now.companions);
	o.remove = fh_argument(&a, "remove-old") != nullptr;
	e = each_of_before(&state, &o);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, "TPM", &t);
}
