/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/parse.h"

#include <stdarg.h>
#include <string.h>

#include "base/limits.h"

void fh_parse_note(struct fh_parse *p, fh_err e)
{
	if (p->e == FH_ERR_OK)
		p->e = e;
}

void fh_parse_refuse(struct fh_parse *p, struct fh_position at, fh_err e, const char *cure,
		     const char *what, ...)
{
	va_list arguments;

	if (p->e != FH_ERR_OK)
		return;
	va_start(arguments, what);
	fh_trace_what_list(p->lex.trace, what, arguments);
	va_end(arguments);
	fh_trace_cure(p->lex.trace, "%s", cure);
	p->e = fh_lexer_refuse(&p->lex, at, e);
}

void fh_parse_unexpected(struct fh_parse *p, const char *wanted)
{
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_unexpected(&p->lex, wanted);
}

bool fh_parse_sees(const struct fh_parse *p, const char *text)
{
	return p->e == FH_ERR_OK && fh_lexer_sees(&p->lex, text);
}

bool fh_parse_accept(struct fh_parse *p, const char *text)
{
	if (!fh_parse_sees(p, text))
		return false;
	p->e = fh_lexer_step(&p->lex);
	return p->e == FH_ERR_OK;
}

void fh_parse_demand(struct fh_parse *p, const char *text)
{
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_demand(&p->lex, text);
}

bool fh_parse_next(struct fh_parse *p, bool first, const char *close)
{
	bool more = first || fh_parse_accept(p, ",");

	if (more && p->e == FH_ERR_OK && !fh_parse_sees(p, close))
		return true;
	if (!more && p->e == FH_ERR_OK && !fh_parse_sees(p, close)) {
		char wanted[] = "`,` or `?`";

		wanted[sizeof(wanted) - 3] = close[0];
		fh_parse_unexpected(p, wanted);
	}
	fh_parse_demand(p, close);
	return false;
}

void *fh_parse_take(struct fh_parse *p, size_t n)
{
	void *taken = p->e == FH_ERR_OK ? fh_arena_take(p->arena, n) : nullptr;

	if (taken == nullptr && p->e == FH_ERR_OK)
		p->e = fh_lexer_full(&p->lex);
	return taken;
}

void fh_list_add(struct fh_parse *p, struct fh_list *l, const void *item, size_t size)
{
	if (p->e != FH_ERR_OK)
		return;
	if (l->n == l->room) {
		size_t room = l->room == 0 ? 4 : 2 * l->room;
		void *larger = fh_arena_array(p->arena, room, size);

		if (larger == nullptr) {
			p->e = fh_lexer_full(&p->lex);
			return;
		}
		if (l->n > 0)
			memcpy(larger, l->p, l->n * size);
		l->p = larger;
		l->room = room;
	}
	memcpy((uint8_t *)l->p + l->n * size, item, size);
	l->n++;
}
