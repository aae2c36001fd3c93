/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/enrol.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "chain/request.h"
#include "chip/soft.h"
#include "chip/tpm2/endorse.h"
#include "chip/tpm2/tpm2.h"
#include "cli/device_key.h"
#include "crypto/sign.h"
#include "evidence/certified.h"
#include "evidence/machine.h"
#include "os/boot.h"
#include "os/memory.h"

#define DEFAULT_TCTI "device:/dev/tpmrm0"

constexpr size_t chip_memory = 1 << 20;
constexpr size_t body_max = 16 << 10;
constexpr size_t signature_max = 4096; /* a COSE_Sign1 of ours is 3365 bytes */

fh_err fh_enrol_soft(struct fh_state *state, struct fh_arena *memory, struct fh_fd *counter,
		     struct fh_chip *out, struct fh_trace *t)
{
	struct fh_hash boot;
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(&state->store, "keys/counter", path);

	if (e == FH_ERR_OK)
		e = fh_boot_id(&boot);
	if (e != FH_ERR_OK)
		return e;

	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return fh_errno_err(errno);
	*counter = fh_fd_of(fd);
	return fh_chip_soft_open(fd, boot.bytes, memory, t, out);
}

fh_err fh_enrol_tpm(const struct fh_cli *cli, struct fh_arena *memory, struct fh_chip *out,
		    struct fh_trace *t)
{
	const char *tcti = cli->config.tcti[0] != '\0' ? cli->config.tcti : DEFAULT_TCTI;

	return fh_chip_tpm2_open(tcti, memory, t, out);
}

static fh_err told(struct fh_chip *chip, fh_err e, struct fh_trace *t)
{
	if (e != FH_ERR_OK && t != nullptr)
		*t = chip->trace;
	return e;
}

/* --- what the operator gets -------------------------------------------- */

/* The device key, and what the chip says about itself.  */
struct machine {
	const struct fh_signer *signer;
	struct fh_span key;         /* its public half */
	const char *name;           /* what the operator calls the machine */
	enum fh_grade grade;
	uint64_t epoch;             /* of the chip; 0 without a TPM */
	struct fh_endorsement tpm;  /* empty without one */
	struct fh_span quote;       /* of the state it is in; empty without a TPM */
	struct fh_span certified;   /* what was made in it, in its words; the same */
	struct fh_span log;         /* the firmware's, or empty */
	struct fh_span authorisations; /* for the TPM, sealed; or empty */
};

/* A COSE_Sign1 by the device key over the Sig_structure TO_SIGN, in A.  */
static fh_err sign(const struct machine *m, struct fh_span to_sign, struct fh_arena *a,
		   struct fh_span *out)
{
	struct fh_builder b = fh_builder_of(fh_arena_take(a, signature_max), signature_max);
	struct fh_signature signature;
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : fh_signer_sign(m->signer, to_sign, &signature);

	if (e != FH_ERR_OK)
		return e;

	struct fh_cose_signature c = { fh_key_id(m->key), FH_SPAN_ARRAY(signature.bytes) };

	fh_cose_put_sign1(&b, &c);
	return fh_builder_end(&b, out);
}

/* The proof that the device key is held, for this chain, in A.  */
static fh_err prove(const struct machine *m, const struct fh_hash *chain_id, struct fh_arena *a,
		    struct fh_span *out)
{
	uint8_t said[2 * FH_HASH_SIZE], bytes[2 * FH_HASH_SIZE + FH_COSE_SIGNED_OVERHEAD];
	struct fh_builder s = FH_BUILDER_ARRAY(said), to_sign = FH_BUILDER_ARRAY(bytes);

	fh_device_possession_put(&s, chain_id, m->key);
	fh_cose_put_signed1(&to_sign, FH_SPAN_LIT(FH_DEVICE_POSSESSION_AAD), fh_builder_span(&s));
	return sign(m, fh_builder_span(&to_sign), a, out);
}

static fh_err put_body(struct fh_state *s, const struct machine *m, struct fh_span *body)
{
	struct fh_builder b = fh_builder_of(fh_arena_take(&s->memory, body_max), body_max);
	struct fh_device_body d = {
		.key = m->key,
		.name = fh_span_str(m->name),
		.grade = fh_span_str(fh_grade_text(m->grade)),
		.ek_certificate = fh_span_of(m->tpm.certificate, m->tpm.certificate_n),
		.ak = fh_span_of(m->tpm.ak, m->tpm.ak_n),
		.epoch = m->epoch,
		.certified = m->certified,
	};
	fh_err e = prove(m, &s->chain.id, &s->memory, &d.possession);

	if (e == FH_ERR_OK && b.p == nullptr)
		e = FH_ERR_NOMEM;
	if (e != FH_ERR_OK)
		return e;
	fh_device_put(&b, &d);
	return fh_builder_end(&b, body);
}

static fh_err put_request(struct fh_state *s, const struct machine *m, struct fh_span body,
			  struct fh_span *request)
{
	uint8_t bytes[FH_REQUEST_TO_SIGN];
	struct fh_builder to_sign = FH_BUILDER_ARRAY(bytes);
	struct fh_builder b = fh_builder_of(fh_arena_space(&s->memory, FH_REQUEST_MAX),
					    FH_REQUEST_MAX);
	const struct fh_request r = { .chain_id = s->chain.id, .body = body, .quote = m->quote,
				      .log = m->log, .authorisations = m->authorisations };
	struct fh_span signature;

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_request_put(&b, &r, fh_x509_key_span(&m->tpm.ek));
	fh_request_put_signed(&to_sign, fh_builder_span(&b));

	fh_err e = sign(m, fh_builder_span(&to_sign), &s->memory, &signature);

	if (e != FH_ERR_OK)
		return e;
	fh_builder_bytes(&b, signature);
	return fh_builder_end(&b, request);
}

/* Everything that CHIP can tell the operator; nothing for the one without a chip.  */
static fh_err describe(struct fh_chip *chip, bool is_tpm, struct machine *m, struct fh_trace *t)
{
	m->grade = chip->grade;
	if (!is_tpm)
		return FH_ERR_OK;

	fh_err e = fh_endorsement_read(chip, &m->tpm);

	if (e != FH_ERR_OK && t != nullptr)
		*t = chip->trace;
	return e;
}

/* The state the machine is in, as its chip says it, for the operator to approve.  */
static fh_err quote(struct fh_state *s, struct fh_chip *chip, const struct fh_hash *device,
		    struct machine *m, struct fh_pcr_state *pcrs)
{
	struct fh_builder b = fh_builder_of(fh_arena_take(&s->memory, FH_MACHINE_QUOTE_MAX),
					    FH_MACHINE_QUOTE_MAX);
	struct fh_quote_subject about = { .purpose = FH_QUOTE_ENROLMENT, .chain_id = s->chain.id,
					  .device_id = *device,
					  .head_sequence = s->chain.head.sequence,
					  .head = s->chain.head.hash };
	struct fh_chip_quote taken;
	struct fh_hash qualifying;
	uint8_t boot_id[FH_HASH_SIZE];
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM
				  : chip->class->boot(chip, &about.boot, boot_id);

	if (e == FH_ERR_OK)
		e = fh_quote_qualify(&about, &qualifying);
	if (e == FH_ERR_OK)
		e = chip->class->quote(chip, &qualifying, FH_MACHINE_PCRS, &taken);
	if (e != FH_ERR_OK)
		return e;
	struct fh_machine_quote q = {
		.attest = fh_span_of(taken.attest, taken.attest_n),
		.signature = fh_span_of(taken.signature, taken.signature_n),
		.pcrs = taken.pcrs,
	};

	fh_machine_quote_put(&b, &q);
	*pcrs = taken.pcrs;
	return fh_builder_end(&b, &m->quote);
}

/* Without a log the operator has only the values.  */
static void read_log(struct fh_state *s, struct machine *m)
{
	if (fh_file_read(FH_EVENT_LOG_PATH, FH_REQUEST_LOG_MAX, &s->memory, &m->log) != FH_ERR_OK)
		m->log = (struct fh_span){ 0 };
}

static fh_err make_key(struct fh_secret *seed, struct fh_signer *signer,
		       struct fh_public_key *key)
{
	fh_err e = fh_seed_new(seed);

	if (e == FH_ERR_OK)
		e = fh_signer_new(seed, signer);
	return e == FH_ERR_OK ? fh_signer_public(signer, key) : e;
}

void fh_enrolled_drop(struct fh_enrolled *e)
{
	fh_authorisation_pair_drop(&e->pair);
}

fh_err fh_enrol(struct fh_state *state, const char *name, struct fh_chip *tpm, bool take,
		struct fh_enrolled *out, struct fh_trace *t)
{
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_fd) counter = { 0 };
	FH_OWN(fh_chip) soft = { 0 };
	FH_OWN(fh_secret) seed = { 0 };
	FH_OWN(fh_signer) signer = { 0 };
	struct fh_public_key key;
	struct machine m = { .signer = &signer, .key = FH_SPAN_ARRAY(key.bytes), .name = name };
	struct fh_chip *chip = tpm != nullptr ? tpm : &soft;
	FH_OWN(fh_enrolled) made = { 0 };
	fh_err e = fh_arena_map(chip_memory, &memory);

	if (e == FH_ERR_OK && tpm == nullptr)
		e = fh_store_put(&state->store, "keys/counter", (struct fh_span){ 0 }, t);
	if (e == FH_ERR_OK && tpm == nullptr)
		e = fh_enrol_soft(state, &memory, &counter, &soft, t);
	if (e == FH_ERR_OK)
		e = describe(chip, tpm != nullptr, &m, t);
	if (e == FH_ERR_OK)
		e = make_key(&seed, &signer, &key);
	if (e != FH_ERR_OK)
		return e;
	made.device = fh_key_id(m.key);
	struct fh_builder certified = fh_builder_of(fh_arena_take(&state->memory, FH_CERTIFIED_MAX),
						    FH_CERTIFIED_MAX);

	if (certified.p == nullptr)
		return FH_ERR_NOMEM;
	e = fh_device_key_keep(state, chip, &seed, &made.device, &made.epoch,
			       tpm != nullptr ? &certified : nullptr, t);
	m.certified = fh_builder_span(&certified);
	if (e != FH_ERR_OK)
		return e;
	if (tpm != nullptr) {
		m.epoch = made.epoch;
		e = told(chip, quote(state, chip, &made.device, &m, &made.state), t);
		read_log(state, &m);
	}
	if (e == FH_ERR_OK && take)
		e = fh_authorisations_make(state, &made.device, &made.pair, &m.authorisations, t);
	if (e == FH_ERR_OK)
		e = put_body(state, &m, &made.body);
	if (e == FH_ERR_OK)
		e = put_request(state, &m, made.body, &made.request);
	if (e == FH_ERR_OK)
		*out = made;
	return e;
}
