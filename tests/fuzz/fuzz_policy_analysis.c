/* SPDX-License-Identifier: Apache-2.0 */
/* Two documents, with a zero byte between them, under a fixed schema.  A document does not
 * differ from itself, and if one allows nothing, nothing is allowed that was not.  */
#include <stdlib.h>

#include "policy/analyse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char schema[] =
	"entity Folder in [Folder]; entity File in [Folder]; entity Ticket;"
	"@mcp(\"files/read_file\") @resource(\"/path\", \"posix-path\")"
	"action \"files.read\" appliesTo { principal: [Actor], resource: [File] };"
	"@mcp(\"desk/close\") @resource(\"/id\", \"text\")"
	"action close appliesTo { principal: [Actor], resource: [Ticket] };";

constexpr size_t memory_size = 2 << 20;

static fh_err see_same(void *context, const struct fh_difference *x)
{
	(void)context;
	for (int w = 0; w < FH_WHEN_COUNT; w++) {
		if (x->in[w].wider == FH_FOUND_EXAMPLE || x->in[w].narrower == FH_FOUND_EXAMPLE)
			abort();
	}
	return FH_ERR_OK;
}

/* What the environments so far come to.  */
struct sum {
	bool wider;
	bool allowed;
	bool unknown;
};

static fh_err see_wider(void *context, const struct fh_difference *x)
{
	struct sum *s = context;

	s->wider |= x->in[FH_WHEN_USUAL].wider == FH_FOUND_EXAMPLE;
	s->unknown |= x->in[FH_WHEN_USUAL].wider == FH_FOUND_UNKNOWN;
	return FH_ERR_OK;
}

static fh_err see_allowed(void *context, const struct fh_allowance *x)
{
	struct sum *s = context;

	s->allowed |= x->in[FH_WHEN_USUAL].allowed == FH_FOUND_EXAMPLE;
	s->unknown |= x->in[FH_WHEN_USUAL].allowed == FH_FOUND_UNKNOWN;
	return FH_ERR_OK;
}

static fh_err see_idle(void *context, const struct fh_idle *x)
{
	(void)context;
	(void)x;
	return FH_ERR_OK;
}

static void analyse(const struct fh_policy_set *old, const struct fh_policy_set *new)
{
	static uint8_t *memory;
	struct sum s = { 0 };

	if (memory == nullptr)
		memory = malloc(FH_ANALYSIS_ARENA);
	if (memory == nullptr)
		abort();
	struct fh_arena a = fh_arena_of(memory, FH_ANALYSIS_ARENA);

	if (fh_policy_differences(new, new, &a, see_same, nullptr) != FH_ERR_OK ||
	    fh_policy_differences(old, new, &a, see_wider, &s) != FH_ERR_OK ||
	    fh_policy_allowances(new, &a, see_allowed, &s) != FH_ERR_OK ||
	    fh_policy_idle_limits(new, &a, see_idle, nullptr) != FH_ERR_OK || a.n != 0)
		abort();
	if (!s.unknown && s.wider && !s.allowed)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[memory_size];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_span all = fh_span_of(bytes, n);
	size_t zero = fh_span_find(all, 0);
	struct fh_policy_set old, new;

	if (fh_policy_check(fh_span_first(all, zero), fh_span_str(schema), &a, &old, nullptr) ==
		    FH_ERR_OK &&
	    fh_policy_check(fh_span_skip(all, zero + 1), fh_span_str(schema), &a, &new, nullptr) ==
		    FH_ERR_OK)
		analyse(&old, &new);
	return 0;
}
