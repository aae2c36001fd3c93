/* SPDX-License-Identifier: Apache-2.0 */
/* What is exchanged at enrolment: the request that the operator reads, the
 * answer that the machine reads, and what is sealed in it.  */
#include <stdint.h>
#include <stdlib.h>

#include "base/own.h"
#include "chain/authorisations.h"
#include "chain/request.h"
#include "chain/sealed.h"
#include "evidence/certified.h"

constexpr size_t few = 16; /* statements: so that the limit is met, too */

/* As if the TPM had given out this secret, which sealed the corpus.  */
static const struct fh_secret secret = {
	.bytes = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
		   3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 },
	.n = 32,
};

static void read_list(struct fh_span list)
{
	struct fh_span statement[few];
	struct fh_hash chain = { 0 };
	size_t n;

	(void)!fh_statement_list_read(list, &chain, statement, few, &n);
}

static void read_answer(struct fh_span input)
{
	static uint8_t plain[FH_SEALED_ANSWER_MAX], again[FH_SEALED_ANSWER_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(plain), w = FH_BUILDER_ARRAY(again);
	struct fh_trace t = { 0 };
	struct fh_sealed_answer a;

	if (fh_sealed_answer_read(input, &a, &t) != FH_ERR_OK)
		return;
	if (!fh_sealed_answer_is(input))
		abort();
	if (fh_sealed_answer_open(&a, &secret, &b) != FH_ERR_OK)
		return;
	read_list(fh_builder_span(&b));
	if (fh_sealed_answer_put(&w, &a, &secret, fh_builder_span(&b)) != FH_ERR_OK ||
	    !fh_span_equal(fh_builder_span(&w), input))
		abort();
}

/* What is read is written the same; what it says is checked, against nobody's key.  */
static void read_certified(struct fh_span input)
{
	uint8_t again[FH_CERTIFIED_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(again);
	struct fh_release nobody = { .companions = 1 };
	struct fh_trace t = { 0 };
	struct fh_certified c;

	if (fh_certified_read(input, &c) != FH_ERR_OK)
		return;
	fh_certified_put(&b, &c);
	if (!fh_span_equal(fh_builder_span(&b), input))
		abort();
	if (fh_certified_check(c.public, input, &nobody, &t) == FH_ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fh_span input = fh_span_of(bytes, n);
	struct fh_trace t = { 0 };
	struct fh_x509_key key;
	struct fh_request r;
	struct fh_ak_name name;
	struct fh_authorisations authorisations;

	if (fh_request_read(input, &r, &t) == FH_ERR_OK && r.tpm != (r.ek.n > 0))
		abort();
	(void)!fh_authorisations_read(input, &authorisations);
	(void)!fh_ak_name_of(input, &name);
	(void)!fh_x509_public_key(input, &key);
	read_certified(input);
	read_answer(input);
	read_list(input);
	return 0;
}
