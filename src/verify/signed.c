/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/signed.h"

#include "merkle/checkpoint.h"

/* What is signed before the text.  */
constexpr size_t domain_max = 64;

fh_err fh_note_signed_by(const struct fh_note *note, const struct fh_note_key *key,
			 size_t *others)
{
	uint8_t message[FH_CHECKPOINT_TEXT_MAX + domain_max];
	uint8_t signature[FH_MLDSA65_SIGNATURE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(message);
	size_t ours = 0;

	fh_checkpoint_put_signed(&b, note->text);
	if (b.bad)
		return FH_ERR_SIGNATURE;
	for (size_t i = 0; i < note->signatures; i++) {
		const struct fh_note_signature *s = &note->signature[i];

		if (s->key_id != key->key_id || !fh_span_equal(s->name, key->name))
			continue;
		if (fh_note_signature_bytes(s, signature, sizeof(signature)) != FH_ERR_OK)
			return FH_ERR_SIGNATURE;
		fh_err e = fh_verifier_check(key->verifier, fh_builder_span(&b),
					     FH_SPAN_ARRAY(signature));

		if (e != FH_ERR_OK)
			return e;
		ours++;
	}
	if (ours == 0)
		return FH_ERR_MISSING;
	*others = note->signatures - ours;
	return FH_ERR_OK;
}
