/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of a call as its context.  What is taken is of the types that the schema declares:
 * nothing required is missing, paths are canonical, enumerated ids are listed; what is refused
 * says where and why.  */
#include <stdlib.h>

#include "codec/json.h"
#include "policy/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t schema_size = 1 << 20;
constexpr size_t memory_size = 16 << 20;
constexpr size_t cbor_max = 1 << 20;

static const char schema_text[] =
	"namespace N { entity Folder in [Folder]; entity File in [Folder];\n"
	"entity Unit enum [\"eur\", \"usd\"]; type More = { deep: Long, flag?: Bool };\n"
	"@mcp(\"s/t\") @resource(\"/from\", \"posix-path\") action t appliesTo {\n"
	"principal: [Actor], resource: [File], context: { to: File, count?: Long,\n"
	"units?: Set<Unit>, peer?: ipaddr, at?: datetime, price?: decimal, more?: Set<More> } }; }";

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void look_at(const struct fh_value *v)
{
	const struct fh_value *to = fh_value_field(v, FH_SPAN_LIT("to"));
	const struct fh_value *units = fh_value_field(v, FH_SPAN_LIT("units"));
	const struct fh_value *count = fh_value_field(v, FH_SPAN_LIT("count"));
	const char *why;

	expect(v->kind == FH_VALUE_RECORD && to != nullptr && to->kind == FH_VALUE_ENTITY);
	expect(fh_posix_path_check(to->entity->uid.id, &why) == FH_ERR_OK);
	expect(count == nullptr || count->kind == FH_VALUE_LONG);
	for (uint32_t i = 0; units != nullptr && i < units->n; i++)
		expect(fh_span_equal(units->items[i].entity->uid.id, FH_SPAN_LIT("eur"))
		       || fh_span_equal(units->items[i].entity->uid.id, FH_SPAN_LIT("usd")));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t kept[schema_size], memory[memory_size];
	static uint8_t cbor[cbor_max];
	struct fh_arena k = fh_arena_of(kept, sizeof(kept)), a = fh_arena_of(memory, memory_size);
	struct fh_builder b = FH_BUILDER_ARRAY(cbor);
	struct fh_value v = { .kind = FH_VALUE_KINDS };
	struct fh_trace t = { 0 };
	struct fh_wire_action w;
	struct fh_schema s;

	expect(fh_schema_parse(fh_span_str(schema_text), &k, &s, &t) == FH_ERR_OK);
	expect(fh_wire_action(&s, FH_SPAN_LIT("s"), FH_SPAN_LIT("t"), &w) == FH_ERR_OK);
	if (fh_json_to_cbor(fh_span_of(bytes, n), &a, &b, &t) != FH_ERR_OK)
		return 0;
	t = (struct fh_trace){ 0 };
	fh_err e = fh_wire_context(&s, &w, fh_builder_span(&b), &a, &v, &t);

	if (e == FH_ERR_OK)
		look_at(&v);
	else
		expect(e != FH_ERR_NOMEM && v.kind == FH_VALUE_KINDS && t.what[0] != '\0');
	return 0;
}
