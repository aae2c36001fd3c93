/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/firmware.h"

#include <string.h>

#include "evidence/firmware.h"
#include "evidence/parent.h"

void fh_firmware_note(struct fh_firmware_seen *s, const struct fh_attest *a)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->version[i] == a->firmware)
			return;
	}
	if (s->n == 0 && a->signer.n > 0 && a->signer.n <= sizeof(s->signer.bytes)) {
		memcpy(s->signer.bytes, a->signer.p, a->signer.n);
		s->signer.n = a->signer.n;
	}
	s->more = s->more || s->n == FH_FIRMWARE_SEEN_MAX;
	if (!s->more)
		s->version[s->n++] = a->firmware;
}

static struct fh_trace *say(struct fh_finding *f, const char *code)
{
	struct fh_trace *t = fh_finding_say(f, code);

	fh_trace_where(t, "TPM firmware");
	return t;
}

static void say_unchecked(struct fh_finding *f, const char *why)
{
	fh_trace_what(say(f, "firmware-unchecked"), "not checked: %s", why);
}

static void say_weak(struct fh_finding *f, const struct fh_firmware_fact *fact, uint64_t version)
{
	struct fh_trace *t = say(f, "firmware-weak");

	f->weak_firmware = true;
	fh_trace_what(t, "%s %u.%u: %s; %s", fact->maker, (unsigned)(version >> 48),
		      (unsigned)(version >> 32 & 0xffff), fact->what, fact->cve);
	fh_trace_cure(t, "update it to %s, and enrol the machine anew: its keys may be known",
		      fact->mended);
}

static void say_untold(struct fh_finding *f, const struct fh_firmware_fact *fact)
{
	struct fh_trace *t = say(f, "firmware-unchecked");

	fh_trace_what(t, "not checked: of some %s firmware %s (%s), and the version in a quote does"
			 " not tell", fact->maker, fact->what, fact->cve);
	fh_trace_cure(t, "ask the maker's own tool on the machine: %s", fact->source);
}

/* Part 1, clause 36.7: a quote by a key of another hierarchy tells the version behind a
 * number that only its TPM knows.  */
static bool is_told(const struct fh_firmware_seen *s, struct fh_span ak,
		    const struct fh_tpm_key *ek)
{
	struct fh_tpm_public area;
	enum fh_parent parent;

	if (fh_tpm_public_read(ak, &area) != FH_ERR_OK)
		return false;
	parent = fh_parent_of(fh_tpm_name_span(&s->signer), &area.name, ek);
	return parent == FH_PARENT_ENDORSEMENT || parent == FH_PARENT_PRIMARY;
}

void fh_firmware_say(struct fh_finding *f, const struct fh_firmware_seen *s, struct fh_span ak,
		     const struct fh_ek_result *ek)
{
	enum fh_firmware_known worst = FH_FIRMWARE_UNLISTED;
	const struct fh_firmware_fact *fact = nullptr;

	if (s->n == 0)
		return;
	if (ek == nullptr || ek->answer != FH_ANSWER_YES) {
		say_unchecked(f, "nobody vouches for its maker, so its version says nothing");
		return;
	}
	if (ek->anchor.maker == FH_X509_MAKER_SIMULATOR)
		return;
	for (size_t i = 0; i < s->n && worst != FH_FIRMWARE_WEAK; i++) {
		const struct fh_firmware_fact *found;
		enum fh_firmware_known known = fh_firmware_judge(fh_span_str(ek->manufacturer),
								 s->version[i], &found);

		if (known == FH_FIRMWARE_UNLISTED)
			continue;
		worst = known;
		fact = found;
		if (known == FH_FIRMWARE_WEAK)
			say_weak(f, found, s->version[i]);
	}
	if (worst == FH_FIRMWARE_UNTOLD)
		say_untold(f, fact);
	else if (worst == FH_FIRMWARE_UNLISTED && s->more)
		say_unchecked(f, "it has had more versions than are kept");
	else if (worst == FH_FIRMWARE_UNLISTED && !is_told(s, ak, &ek->key))
		say_unchecked(f, "the attestation key is of no hierarchy whose quotes tell the"
				 " version, or does not say of which");
}
