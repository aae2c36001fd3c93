/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/body_private.h"

static void read_tools(struct fh_members *m, struct fh_pins_body *p)
{
	fh_members_need(m, "tools");

	struct fh_cursor inside = m->c;

	p->tools = fh_cbor_item(&m->c);
	p->tools_n = fh_cbor_map(&inside, FH_PINS_TOOLS_MAX);
	for (size_t i = 0; i < p->tools_n; i++) {
		struct fh_span name = fh_cbor_text(&inside, FH_NAME_MAX);
		struct fh_span definition = fh_cbor_bytes(&inside, FH_STATEMENT_MAX);

		if (name.n == 0 || !fh_text_printable(name) || definition.n == 0)
			fh_members_refuse(m, "tools", "has a name or definition that none can be");
	}
	if (fh_cursor_bad(&inside))
		fh_members_refuse(m, "tools", "must be a map from names to definitions");
}

fh_err fh_pins_read(struct fh_span body, struct fh_pins_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "pins", t);
	struct fh_pins_body p = { 0 };

	read_tools(&m, &p);
	p.server = fh_members_text(&m, "server", FH_SERVER_NAME_MAX);
	if (!fh_server_name_fits(p.server))
		fh_members_refuse(&m, "server", "must be 1 to 32 of a-z, 0-9 and -");

	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

bool fh_pins_next(struct fh_span tools, size_t *at, struct fh_span *name,
		  struct fh_span *definition)
{
	struct fh_cursor c = fh_cursor_of(tools);

	(void)fh_cbor_map(&c, FH_PINS_TOOLS_MAX);
	if (*at > 0)
		c.rest = fh_span_skip(tools, *at);
	if (fh_cursor_bad(&c) || c.rest.n == 0)
		return false;
	*name = fh_cbor_text(&c, FH_NAME_MAX);
	*definition = fh_cbor_bytes(&c, FH_STATEMENT_MAX);
	*at = tools.n - c.rest.n;
	return !fh_cursor_bad(&c);
}

void fh_pins_begin(struct fh_builder *b, size_t n)
{
	fh_cbor_put_map(b, 2);
	fh_put_name(b, "tools");
	fh_cbor_put_map(b, n);
}

void fh_pins_put_tool(struct fh_builder *b, struct fh_span name, struct fh_span definition)
{
	fh_cbor_put_text(b, name);
	fh_cbor_put_bytes(b, definition);
}

void fh_pins_end(struct fh_builder *b, struct fh_span server)
{
	fh_put_name(b, "server");
	fh_cbor_put_text(b, server);
}
