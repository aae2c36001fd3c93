/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_CEDAR_FIXTURE_H
#define FH_TESTS_CEDAR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/entities_json.h"
#include "policy/evaluate.h"

/* A few people, and one request, that expressions are asked about.  */

constexpr size_t room = 64 << 20;
static _Alignas(max_align_t) uint8_t memory[room];

/* alice is in staff, which is in people; staff is not an entity of its own.  */
static const char people[] =
	"[{\"uid\":{\"type\":\"User\",\"id\":\"alice\"},"
	"  \"attrs\":{\"age\":30,\"friend\":{\"__entity\":{\"type\":\"User\",\"id\":\"bob\"}},"
	"    \"home\":{\"zip\":\"1\",\"if\":true},\"tags\":[1,2,2,1]},"
	"  \"tags\":{\"team\":\"a\",\"\":1},"
	"  \"parents\":[{\"type\":\"Group\",\"id\":\"staff\"},"
	"    {\"__entity\":{\"type\":\"Group\",\"id\":\"other\"}}]},"
	" {\"uid\":{\"type\":\"Group\",\"id\":\"staff\"},\"attrs\":{},"
	"  \"parents\":[{\"type\":\"Group\",\"id\":\"people\"}]},"
	" {\"uid\":{\"__entity\":{\"type\":\"User\",\"id\":\"bob\"}},\"attrs\":{\"a b\":1},"
	"  \"parents\":[]}]";

static const char context[] =
	"{\"n\":-1,\"s\":\"x\",\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"10.0.0.1\"}}}";

struct world {
	struct fh_arena arena;
	struct fh_entities entities;
	struct fh_entity_source source;
	struct fh_evaluation v;
};

static inline void begin(struct world *w)
{
	static const struct fh_entity_uid uid[] = { { FH_TEXT_INIT("User"), FH_TEXT_INIT("alice") },
						    { FH_TEXT_INIT("Action"), FH_TEXT_INIT("a") },
						    { FH_TEXT_INIT("N::R"), FH_TEXT_INIT("r") } };
	struct fh_value record;

	w->arena = fh_arena_of(memory, room);
	assert_int_equal(fh_entities_read(fh_span_str(people), "entities", &w->arena, &w->entities,
					  nullptr), FH_ERR_OK);
	assert_int_equal(fh_context_read(fh_span_str(context), "context", &w->arena, &record,
					 nullptr), FH_ERR_OK);
	w->source = fh_entities_source(&w->entities);
	assert_int_equal(fh_evaluation_begin(&w->v, uid[0], uid[1], uid[2], record, &w->source,
					     &w->arena), FH_ERR_OK);
}

#endif
