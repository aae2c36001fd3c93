/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the API (1 to 5: what a client sends; else: what crosses to core).
 * What is read of a client is read by core, too, and has as many questions as it says.  */
#include <stdlib.h>

#include "codec/cbor.h"
#include "wire/authzen.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t input_max = 16 << 10;
constexpr size_t memory_max = 4 << 20;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* A call has arguments or a reason, and leaves everything else to the schema.  */
static void walk_call(const struct fh_authzen_item *item)
{
	const struct fh_question *q = &item->question;

	demand(item->call.n <= FH_FUNCTION_CALL_ID_MAX);
	demand(q->function.n > 0 && q->function.n <= FH_NAME_MAX);
	demand(q->subject.type.n > 0 && q->subject.id.n > 0);
	demand((q->arguments.n == 0) != (q->unreadable.n == 0));
	demand(q->arguments.n == 0 || fh_cbor_check(q->arguments) == FH_ERR_OK);
	demand(q->action.id.n == 0 && q->resource.id.n == 0 && q->context.n == 0
	       && q->subject_properties.n == 0);
}

/* Every question of PARAMS; true if all were right.  */
static bool walk(struct fh_span params)
{
	struct fh_authzen z;

	if (fh_authzen_begin(params, &z) != FH_ERR_OK)
		return false;
	demand(z.questions > 0 && z.questions <= FH_AUTHZEN_EVALUATIONS_MAX);
	demand(z.limit > 0 && z.limit <= FH_AUTHZEN_PAGE_MAX);
	for (size_t i = z.questions; i > 0; i--) {
		struct fh_authzen_item item;

		if (fh_authzen_next(&z, &item) != FH_ERR_OK)
			return false;
		if (item.malformed.n > 0)
			continue;
		if (item.call.n > 0) {
			walk_call(&item);
			continue;
		}
		demand(item.question.subject.type.n > 0 && item.question.resource.type.n > 0);
		demand((item.question.subject.id.n == 0) == (z.api == FH_AUTHZEN_SUBJECTS));
		demand(fh_cbor_check(item.question.context) == FH_ERR_OK);
	}
	return fh_cursor_end(&z.list) == FH_ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[memory_max], params[FH_AUTHZEN_PARAMS_MAX];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder b = FH_BUILDER_ARRAY(params);
	struct fh_trace t = { 0 };

	if (n == 0 || n > input_max)
		return 0;
	struct fh_span rest = fh_span_of(bytes + 1, n - 1);

	if (bytes[0] < FH_AUTHZEN_EVALUATION || bytes[0] > FH_AUTHZEN_ACTIONS) {
		if (fh_cbor_check(rest) == FH_ERR_OK)
			(void)walk(rest);
		return 0;
	}
	fh_err e = fh_authzen_read((enum fh_authzen_api)bytes[0], rest, &a, &b, &t);

	demand(e == FH_ERR_OK || t.what[0] != '\0');
	if (e == FH_ERR_OK)
		demand(fh_cbor_check(fh_builder_span(&b)) == FH_ERR_OK
		       && walk(fh_builder_span(&b)));
	return 0;
}
