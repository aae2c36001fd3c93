/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pin_show.h"

#include <stdio.h>

#include "codec/json.h"

static const char *const words[FH_PIN_CHANGES] = {
	[FH_PIN_SAME] = "same",       [FH_PIN_NEW] = "new",           [FH_PIN_CHANGED] = "changed",
	[FH_PIN_GONE] = "gone",       [FH_PIN_LEFT_OUT] = "left out",
};

static const struct fh_json_limits limits = { FH_STATEMENT_MAX, 2 * FH_JSON_DEPTH_MAX };

enum fh_pin_change fh_pin_change(const struct fh_pin_row *row)
{
	if (row->now == nullptr)
		return FH_PIN_GONE;
	if (row->left_out)
		return FH_PIN_LEFT_OUT;
	if (row->pinned.n == 0)
		return FH_PIN_NEW;
	return fh_span_equal(row->now->raw, row->pinned) ? FH_PIN_SAME : FH_PIN_CHANGED;
}

/* Controls, and what has no width or turns the direction: definitions are read by people
 * and by models, and must not say different things to them.  */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} rows[] = {
		{ 0, 0x1f },        { 0x7f, 0x9f },      { 0xad, 0xad },     { 0x61c, 0x61c },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e },  { 0x2060, 0x206f }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (c >= rows[i].first && c <= rows[i].last)
			return true;
	}
	return false;
}

/* S is valid UTF-8, as everything that was read as JSON.  */
static void print_text(struct fh_span s)
{
	while (s.n > 0) {
		uint8_t lead = s.p[0];
		size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		struct fh_span one = fh_span_first(s, n);
		uint32_t c = n == 1 ? lead : lead & (0x7fu >> n);

		for (size_t i = 1; i < one.n; i++)
			c = c << 6 | (one.p[i] & 0x3f);
		if (is_hidden(c))
			printf("\\u{%x}", c);
		else
			(void)fwrite(one.p, 1, one.n, stdout);
		s = fh_span_skip(s, n);
	}
}

static void print_member(const char *sign, const struct fh_json *m)
{
	printf("    %s ", sign);
	print_text(m->name);
	printf(": ");
	print_text(m->raw);
	printf("\n");
}

static const struct fh_json *member(const struct fh_json *object, struct fh_span name)
{
	const struct fh_json *m = object->kind == FH_JSON_OBJECT ? object->first : nullptr;

	while (m != nullptr && !fh_span_equal(m->name, name))
		m = m->next;
	return m;
}

/* The members of OF that OTHER does not have in the same bytes; how many.  */
static size_t print_others(const char *sign, const struct fh_json *of, const struct fh_json *other)
{
	size_t n = 0;

	if (of->kind != FH_JSON_OBJECT)
		return 0;
	for (const struct fh_json *m = of->first; m != nullptr; m = m->next) {
		const struct fh_json *its = member(other, m->name);

		if (its != nullptr && fh_span_equal(its->raw, m->raw))
			continue;
		print_member(sign, m);
		n++;
	}
	return n;
}

static fh_err print_changed(const struct fh_pin_row *row, struct fh_arena *scratch)
{
	size_t taken = scratch->n, n = 0;
	const struct fh_json *old;
	fh_err e = fh_json_tree(row->pinned, &limits, "pinned", scratch, &old, nullptr);

	if (e == FH_ERR_OK) {
		n = print_others("-", old, row->now) + print_others("+", row->now, old);
		if (n == 0)
			printf("    the same members, in another order or spacing\n");
	}
	scratch->n = taken;
	return e;
}

static fh_err print_row(const struct fh_pin_row *row, struct fh_arena *scratch)
{
	enum fh_pin_change change = fh_pin_change(row);
	struct fh_hash digest = fh_hash_of(row->now == nullptr ? row->pinned : row->now->raw);

	printf("%-8s ", words[change]);
	print_text(row->name);
	printf("  sha256 ");
	for (size_t i = 0; i < FH_HASH_SIZE; i++)
		printf("%02x", digest.bytes[i]);
	printf("\n");
	if (change == FH_PIN_CHANGED)
		return print_changed(row, scratch);
	if (change != FH_PIN_NEW)
		return FH_ERR_OK;
	for (const struct fh_json *m = row->now->first; m != nullptr; m = m->next)
		print_member("+", m);
	return FH_ERR_OK;
}

static void put_digest(struct fh_builder *b, const char *name, struct fh_span definition)
{
	struct fh_hash digest = fh_hash_of(definition);

	fh_builder_text(b, ",\"");
	fh_builder_text(b, name);
	fh_builder_text(b, "\":\"");
	fh_builder_hex(b, fh_hash_span(&digest));
	fh_builder_text(b, "\"");
}

static fh_err show_json(struct fh_span server, const struct fh_pin_row *row, size_t n,
			struct fh_arena *scratch)
{
	size_t taken = scratch->n, cap = 4096 + n * (6 * FH_NAME_MAX + 512);
	struct fh_builder b = fh_builder_of(fh_arena_space(scratch, cap), cap);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_builder_text(&b, "{\"server\":");
	fh_json_put_string(&b, server);
	fh_builder_text(&b, ",\"tools\":[");
	for (size_t i = 0; i < n; i++) {
		fh_builder_text(&b, i == 0 ? "{\"name\":" : ",{\"name\":");
		fh_json_put_string(&b, row[i].name);
		fh_builder_text(&b, ",\"change\":\"");
		fh_builder_text(&b, words[fh_pin_change(&row[i])]);
		fh_builder_text(&b, "\"");
		if (row[i].now != nullptr)
			put_digest(&b, "sha256", row[i].now->raw);
		if (row[i].pinned.n > 0)
			put_digest(&b, "pinned_sha256", row[i].pinned);
		fh_builder_text(&b, "}");
	}
	fh_builder_text(&b, "]}\n");
	(void)fwrite(b.p, 1, b.n, stdout);
	scratch->n = taken;
	return b.bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_pin_show(const struct fh_cli *cli, struct fh_span server, const struct fh_pin_row *row,
		   size_t n, struct fh_arena *scratch)
{
	fh_err e = FH_ERR_OK;

	if (cli->json)
		return show_json(server, row, n, scratch);
	for (size_t i = 0; i < n && e == FH_ERR_OK; i++)
		e = print_row(&row[i], scratch);
	return e;
}
