/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "os/memory.h"
#include "verify/proof.h"
#include "verify/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct room {
	struct fh_arena live, spare, scratch, own;
};

/* Made once: mapping anew for each input would be all that is measured.  */
static struct room *room_of(void)
{
	static struct room r;

	if (r.live.p == nullptr
	    && (fh_arena_map(FH_CHAIN_ARENA, &r.live) != FH_ERR_OK
		|| fh_arena_map(FH_CHAIN_ARENA, &r.spare) != FH_ERR_OK
		|| fh_arena_map(FH_CHAIN_SCRATCH, &r.scratch) != FH_ERR_OK
		|| fh_arena_map(64 << 20, &r.own) != FH_ERR_OK))
		abort();
	fh_arena_reset(&r.own);
	return &r;
}

/* The whole verifier over one segment, and over the same bytes as a proof.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct room *r = room_of();
	struct fh_record_options options = { 0 };
	struct fh_record_memory memory = { &r->live, &r->spare, &r->scratch, &r->own };
	struct fh_record_check c;
	static struct fh_proof_check proof;

	if (fh_record_check_begin(&options, &memory, &c) == FH_ERR_OK
	    && fh_record_check_segment(&c, fh_span_of(bytes, n), "input", true) == FH_ERR_OK)
		fh_record_check_end(&c);
	fh_record_check_drop(&c);
	struct fh_proof_options o = { .live = &r->live, .spare = &r->spare,
				      .scratch = &r->scratch, .own = &r->own };

	(void)!fh_proof_verify(fh_span_of(bytes, n), &o, &proof);
	return 0;
}
