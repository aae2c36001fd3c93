/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/state.h"

#include "chain/pins.h"
#include "os/memory.h"
#include "policy/set.h"

constexpr size_t memory_size = 64 << 20; /* the list of all chain files, and a few statements */

fh_err fh_state_check_policy(const struct fh_policy_body *p, struct fh_arena *scratch,
			     struct fh_trace *t)
{
	struct fh_policy_set *set = fh_arena_take(scratch, sizeof(*set));

	if (set == nullptr)
		return FH_ERR_NOMEM;
	return fh_policy_check_all(p->cedar, p->schema, p->entities, scratch, set, t);
}

void fh_state_drop(struct fh_state *s)
{
	fh_store_drop(&s->store);
	fh_arena_drop(&s->live);
	fh_arena_drop(&s->spare);
	fh_arena_drop(&s->scratch);
	fh_arena_drop(&s->memory);
	s->chain = (struct fh_chain){ 0 };
}

fh_err fh_state_begin(struct fh_state *out)
{
	struct fh_chain_checks checks = { .policy = fh_state_check_policy,
					  .pins = fh_pins_check };
	fh_err e = fh_arena_map(FH_CHAIN_ARENA, &out->live);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_ARENA, &out->spare);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_SCRATCH, &out->scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(memory_size, &out->memory);
	if (e == FH_ERR_OK)
		fh_chain_begin(&out->live, &out->spare, checks, &out->chain);
	return e;
}

fh_err fh_state_open(const struct fh_cli *cli, struct fh_state *out, struct fh_trace *t)
{
	fh_err e = fh_state_begin(out);

	if (e == FH_ERR_OK)
		e = fh_store_open(cli->config.state, &out->store, t);
	if (e == FH_ERR_OK)
		e = fh_chain_files_load(&out->store, &out->chain, &out->memory, &out->scratch, t);
	return e;
}
