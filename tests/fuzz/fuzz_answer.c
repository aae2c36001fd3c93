/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes back for a request goes into the proof that asked for it, and what is then
 * written reads again as long as it fits; or nothing of it counts.  */
#include "crypto/hash.h"
#include "os/memory.h"
#include "stamp/request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t digest_at = 33; /* in a proof: behind the head, the version and the hash */

static struct fh_stamp *asks(struct fh_arena *a)
{
	static const uint8_t digest[FH_HASH_SIZE];
	struct fh_stamp *root, *tip;

	if (fh_stamp_begin(FH_SPAN_ARRAY(digest), a, &root) != FH_ERR_OK ||
	    fh_stamp_extend(root, FH_STAMP_APPEND, FH_SPAN_LIT("nonce"), a, &tip) != FH_ERR_OK ||
	    fh_stamp_extend(tip, FH_STAMP_SHA256, (struct fh_span){ 0 }, a, &tip) != FH_ERR_OK ||
	    fh_stamp_attest_request(tip, a) != FH_ERR_OK)
		abort();
	return root;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t input[FH_STAMP_FILE_MAX], room[2 * FH_STAMP_FILE_MAX];
	static struct fh_arena a;
	struct fh_stamp_file f = { .op = FH_STAMP_SHA256 }, answer, again;
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	if (n < digest_at + FH_HASH_SIZE || n > sizeof(input) ||
	    (a.p == nullptr && fh_arena_map(3 * FH_STAMP_MEMORY, &a) != FH_ERR_OK))
		return 0;
	fh_arena_reset(&a);
	f.root = asks(&a);

	/* It is of what was asked for, whatever else it says.  */
	struct fh_hash digest = fh_hash_of(f.root->child->child->message);

	memcpy(input, bytes, n);
	memcpy(input + digest_at, digest.bytes, FH_HASH_SIZE);
	if (fh_stamp_read(fh_span_of(input, n), &a, &answer, nullptr) != FH_ERR_OK)
		return 0;

	bool attested = fh_stamp_anchored(answer.root);
	fh_err e = fh_stamp_answer(f.root, &answer, &a);

	if (e == FH_ERR_LIMIT || (e == FH_ERR_MISSING && answer.op != FH_STAMP_SHA256))
		return 0;
	if (e != FH_ERR_OK)
		abort();
	fh_stamp_put(&b, &f);
	e = b.bad ? FH_ERR_LIMIT : fh_stamp_read(fh_builder_span(&b), &a, &again, nullptr);
	/* A path may fit alone, and not behind ours.  */
	if (e == FH_ERR_LIMIT)
		return 0;
	if (e != FH_ERR_OK || fh_stamp_anchored(f.root) != attested ||
	    fh_stamp_anchored(again.root) != attested)
		abort();
	return 0;
}
