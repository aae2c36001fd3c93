/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admit.h"

#include "base/own.h"
#include "chain/sealed.h"
#include "cli/roots_files.h"
#include "cli/verify_words.h"
#include "crypto/credential.h"
#include "crypto/sign.h"
#include "os/clock.h"
#include "os/memory.h"
#include "store/chain_files.h"
#include "verify/endorsed.h"
#include "verify/request.h"

constexpr size_t list_max = FH_SEALED_ANSWER_MAX - FH_SEALED_OVERHEAD;

/* --- what a request says ---------------------------------------------- */

static void show_tpm(const struct fh_cli *cli, const struct fh_request *r)
{
	uint8_t hex[2 * FH_AK_NAME + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(hex);

	if (!r->tpm) {
		fh_cli_say(cli, "TPM    none: the device key is a file");
		return;
	}
	fh_builder_hex(&b, FH_SPAN_ARRAY(r->ak.bytes));
	fh_cli_say(cli, "key    certified by the AK: sealed in its TPM, under the policy of the "
		   "operators of genesis");
	fh_cli_say(cli, "AK     %s\nEK     %s, %s", (const char *)hex,
		   r->ek.kind == FH_X509_P256 ? "P-256" : "RSA-2048",
		   r->device.ek_certificate.n == 0
			   ? "without a certificate: no maker vouches for this TPM"
			   : "with a certificate for it");
}

static void show_endorsed(const struct fh_cli *cli, const struct fh_ek_result *ek)
{
	fh_cli_say(cli, "maker  %s, model %s, by the root \"%s\" (%s)", ek->manufacturer, ek->model,
		   ek->anchor.name, ek->anchor.vendor != nullptr
			   ? ek->anchor.vendor : fh_x509_maker_text(ek->anchor.maker));
}

void fh_admit_show(const struct fh_cli *cli, const struct fh_request *r)
{
	uint8_t hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(hex);
	struct fh_hash id = fh_key_id(r->device.key);

	fh_builder_hex(&b, fh_hash_span(&id));
	fh_cli_say(cli, "device %s\nname   %.*s\ngrade  %.*s (as it says)", (const char *)hex,
		   (int)r->device.name.n, (const char *)r->device.name.p, (int)r->device.grade.n,
		   (const char *)r->device.grade.p);
	show_tpm(cli, r);
}

fh_err fh_admit_held(const struct fh_state *s, const struct fh_request *r, bool *held,
		     struct fh_trace *t)
{
	struct fh_hash id = fh_key_id(r->device.key);
	const struct fh_device *d = fh_chain_device(&s->chain, &id);

	if (d == nullptr || d->revoked) {
		*held = false;
		return FH_ERR_OK;
	}
	if (!fh_span_equal(d->body.ak, r->device.ak) ||
	    !fh_span_equal(d->body.ek_certificate, r->device.ek_certificate) ||
	    !fh_span_equal(d->body.name, r->device.name) ||
	    !fh_span_equal(d->body.grade, r->device.grade)) {
		fh_trace_what(t, "the chain holds this device key with another TPM, name or grade");
		fh_trace_cure(t, "find out why; `freehold device revoke` takes out the one that "
			      "is held");
		return FH_ERR_CONFLICT;
	}
	*held = true;
	return FH_ERR_OK;
}

fh_err fh_admit_certified(struct fh_state *s, const struct fh_request *r, struct fh_trace *t)
{
	struct fh_chain_file *f;
	struct fh_span genesis;
	size_t n;
	fh_err e = fh_chain_files(&s->store, &s->memory, &f, &n, t);

	if (e == FH_ERR_OK && (n == 0 || f[0].sequence != 0))
		e = FH_ERR_MISSING;
	if (e == FH_ERR_OK)
		e = fh_chain_file_read(&s->store, &f[0], &s->memory, &genesis, t);
	return e == FH_ERR_OK ? fh_request_certified(r, genesis, &s->memory, &s->scratch, t) : e;
}

/* --- whose TPM it is -------------------------------------------------- */

/* A no, unless the operator takes TPMs that are known to give keys away.  EK is appraised, or
 * zeros.  */
static int take_firmware(const struct fh_cli *cli, const struct fh_arguments *a,
			 const struct fh_request *r, const struct fh_ek_result *ek)
{
	struct fh_firmware_seen seen;
	struct fh_finding found;
	struct fh_trace t = { 0 };
	fh_err e = fh_request_firmware(r, &seen, &t);

	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		return fh_cli_fail_trace(e, a->operand[0], &t);
	if (e == FH_ERR_MISSING)
		fh_cli_say(cli, "firmware  not checked: the request has no quote, which tells it");
	fh_finding_begin(&found);
	fh_firmware_say(&found, &seen, r->device.ak, ek);
	for (size_t i = 0; i < found.reasons; i++)
		fh_cli_say(cli, "firmware  %s%s", found.reason[i].why.what,
			   found.weak_firmware && fh_argument(a, "weak-firmware") != nullptr
				   ? "; taken all the same" : "");
	if (!found.weak_firmware || fh_argument(a, "weak-firmware") != nullptr)
		return -1;
	fh_trace_cure(&found.reason[0].why, "update the TPM's firmware, or, if it is known and "
		      "meant, say --weak-firmware");
	return fh_cli_fail_trace(FH_ERR_SIGNATURE, a->operand[0], &found.reason[0].why);
}

/* A no, unless the operator takes TPMs that nobody vouches for.  */
static int unendorsed(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_trace *why)
{
	if (fh_argument(a, "unendorsed") != nullptr) {
		fh_cli_say(cli, "maker  %s: %s; taken all the same", why->where, why->what);
		return -1;
	}
	fh_trace_cure(why, "if it is the TPM that you mean, say --unendorsed");
	return fh_cli_fail_trace(FH_ERR_SIGNATURE, a->operand[0], why);
}

/* *EK is what is known of its certificate; zeros before.  */
static int judge(const struct fh_cli *cli, const struct fh_arguments *a,
		 const struct fh_roots_held *held, const struct fh_x509_roots *own,
		 const struct fh_request *r, struct fh_ek_result *ek)
{
	struct fh_ek_claim claim = { .certificate = r->device.ek_certificate,
				     .at_ms = fh_clock_real_ms() };

	fh_trace_where(&ek->why, "endorsement key");
	if (held == nullptr && own == nullptr) {
		fh_cli_say(cli, "maker  not checked: there are no roots (`freehold roots add`,"
			   " `roots sign`)");
		return -1;
	}
	if (r->device.ek_certificate.n == 0) {
		fh_trace_what(&ek->why, "the TPM has no certificate, and roots are there that one"
			      " would have to lead to");
		return unendorsed(cli, a, &ek->why);
	}
	fh_err e = fh_endorsed_judge(held != nullptr ? &held->body : nullptr, own, &claim, ek);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, a->operand[0], nullptr, nullptr);
	if (ek->answer != FH_ANSWER_YES)
		return unendorsed(cli, a, &ek->why);
	show_endorsed(cli, ek);
	return -1;
}

int fh_admit_endorsed(const struct fh_cli *cli, const struct fh_arguments *a,
		      const struct fh_state *s, const struct fh_request *r)
{
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_x509_roots) roots = { 0 };
	const struct fh_x509_roots *own = nullptr;
	fh_err e = r->tpm ? fh_arena_map(FH_ROOTS_MEMORY, &memory) : FH_ERR_OK;

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "roots", nullptr, nullptr);
	if (!r->tpm)
		return -1;
	struct fh_ek_result ek = { 0 };
	int done = fh_verify_roots(fh_argument(a, "roots"), &memory, &roots, &own);

	if (done < 0)
		done = judge(cli, a, fh_chain_roots(&s->chain), own, r, &ek);
	return done < 0 ? take_firmware(cli, a, r, &ek) : done;
}

/* --- the answer ------------------------------------------------------- */

static size_t count_after_genesis(const struct fh_chain_file *f, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += f[i].sequence > 0;
	return count;
}

/* Every statement behind genesis as one list in S's memory.  */
static fh_err gather(struct fh_state *s, struct fh_span *list, size_t *count, struct fh_trace *t)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(&s->memory, list_max), list_max);
	struct fh_chain_file *f;
	size_t n;
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM
				  : fh_chain_files(&s->store, &s->memory, &f, &n, t);

	if (e != FH_ERR_OK)
		return e;
	*count = count_after_genesis(f, n);
	if (*count > FH_SEALED_STATEMENTS_MAX)
		return FH_ERR_LIMIT;
	fh_statement_list_put(&b, *count);
	for (size_t i = 0; i < n; i++) {
		struct fh_arena memory = s->memory; /* what is read is given back */
		struct fh_span file;

		if (f[i].sequence == 0)
			continue;
		e = fh_chain_file_read(&s->store, &f[i], &memory, &file, t);
		if (e != FH_ERR_OK)
			return e;
		fh_cbor_put_bytes(&b, file);
	}
	return fh_builder_end(&b, list);
}

/* LIST under a fresh secret, and that in a credential for the TPM of R.  */
static fh_err seal(struct fh_state *s, const struct fh_request *r, struct fh_span list,
		   struct fh_span *file)
{
	FH_OWN(fh_secret) secret = { 0 };
	struct fh_credential c;
	struct fh_sealed_answer a = { .chain_id = s->chain.id, .device = fh_key_id(r->device.key) };
	struct fh_builder b = fh_builder_of(fh_arena_space(&s->memory, FH_SEALED_ANSWER_MAX),
					    FH_SEALED_ANSWER_MAX);
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : fh_seed_new(&secret);

	if (e == FH_ERR_OK)
		e = fh_credential_make(&r->ek, FH_SPAN_ARRAY(r->ak.bytes), &secret, &c);
	if (e != FH_ERR_OK)
		return e;
	a.object = fh_span_of(c.object, c.object_n);
	a.seed = fh_span_of(c.seed, c.seed_n);
	e = fh_sealed_answer_put(&b, &a, &secret, list);
	return e != FH_ERR_OK ? e : fh_builder_end(&b, file);
}

int fh_admit_answer(const struct fh_cli *cli, struct fh_state *s, const struct fh_request *r,
		    const char *path)
{
	struct fh_trace t = { 0 };
	struct fh_span list, file;
	size_t n;

	if (s->chain.state != FH_CHAIN_LIVE)
		return fh_cli_fail(FH_ERR_STATE, "chain", s->chain.why.what, s->chain.why.cure);

	fh_err e = gather(s, &list, &n, &t);

	if (e == FH_ERR_OK)
		e = seal(s, r, list, &file);
	if (e == FH_ERR_LIMIT)
		return fh_cli_fail(e, path, "the chain is too long for one answer",
				   "admit the machine with --out, and bring the chain there with "
				   "`freehold chain export`");
	if (e == FH_ERR_FORMAT)
		return fh_cli_fail(e, path, "the endorsement key is no point of its curve",
				   "make a fresh request on the machine");
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	e = fh_file_write_new(path, file, 0644);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "choose a file that does not exist yet");
	fh_cli_say(cli, "%s: %zu statement%s for that TPM alone; there, `freehold chain import %s` "
		   "brings them in", path, n, n == 1 ? "" : "s", path);
	return FH_EXIT_YES;
}
