/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/body_private.h"

bool fh_server_name_fits(struct fh_span name)
{
	struct fh_cursor c = fh_cursor_of(name);

	while (c.rest.n > 0) {
		uint8_t b = fh_cursor_u8(&c);

		if (!(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9') && b != '-')
			return false;
	}
	return name.n > 0;
}

static void read_environment(struct fh_members *m, struct fh_server_body *s)
{
	fh_members_need(m, "environment");

	struct fh_cursor inside = m->c;

	s->environment = fh_cbor_item(&m->c);
	size_t n = fh_cbor_map(&inside, FH_SERVER_ENVIRONMENT_MAX);

	for (size_t i = 0; i < n; i++) {
		struct fh_span name = fh_cbor_text(&inside, FH_NAME_MAX);
		struct fh_span value = fh_cbor_text(&inside, FH_PATH_MAX);

		if (name.n == 0 || fh_span_find(name, '=') != name.n ||
		    fh_span_find(name, 0) != name.n || fh_span_find(value, 0) != value.n)
			fh_members_refuse(m, "environment",
					"has a name or value that cannot be set");
	}
	if (fh_cursor_bad(&inside))
		fh_members_refuse(m, "environment", "must be a map of texts, at most 64");
}

static void read_stdio(struct fh_members *m, struct fh_server_body *s)
{
	struct fh_span first = { 0 };

	s->gid = (uint32_t)fh_members_uint(m, "gid", UINT32_MAX - 1);
	s->uid = (uint32_t)fh_members_uint(m, "uid", UINT32_MAX - 1);
	/* Root among the daemon's own files is what the walls are against.  */
	if (s->uid == 0 && !fh_cursor_bad(&m->c)) {
		fh_members_refuse(m, "uid", "must be that of a user of its own, not root's (0)");
		fh_trace_cure(m->t, "make a user for this server and give its uid");
	}
	s->command = fh_members_texts(m, "command", 1, FH_SERVER_ARGUMENTS_MAX);

	struct fh_cursor words = fh_cursor_of(s->command);

	(void)fh_cbor_array(&words, FH_SERVER_ARGUMENTS_MAX);
	first = fh_cbor_text(&words, FH_PATH_MAX);
	if (!fh_span_starts(first, FH_SPAN_LIT("/")))
		fh_members_refuse(m, "command", "must begin with an absolute path");
	s->directory = fh_members_path(m, "directory");
	if (fh_members_has(m, "executable"))
		s->executable = fh_cbor_bytes_exact(&m->c, FH_HASH_SIZE);
	read_environment(m, s);
}

/* FH_ERR_UNSUPPORTED for a transport that this version only knows by name.  */
static fh_err read_transport(struct fh_members *m, struct fh_server_body *s)
{
	struct fh_members inside = fh_members_within(fh_cbor_item(&m->c), "server transport", m->t);

	if (fh_members_has(&inside, "url")) {
		fh_trace_what(m->t, "server: transport `url` is not supported yet");
		fh_trace_cure(m->t, "use a server that speaks over stdio");
		return FH_ERR_UNSUPPORTED;
	}
	fh_members_need(&inside, "stdio");

	struct fh_members stdio =
		fh_members_within(fh_cbor_item(&inside.c), "server stdio", m->t);

	read_stdio(&stdio, s);

	fh_err e = fh_members_end(&stdio);

	return e != FH_ERR_OK ? e : fh_members_end(&inside);
}

fh_err fh_server_read(struct fh_span body, struct fh_server_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "server", t);
	struct fh_server_body s = { 0 };

	s.name = fh_members_text(&m, "name", FH_SERVER_NAME_MAX);
	if (!fh_server_name_fits(s.name))
		fh_members_refuse(&m, "name", "must be 1 to 32 of a-z, 0-9 and -");
	fh_members_need(&m, "transport");
	if (fh_cursor_bad(&m.c))
		return m.c.why;

	fh_err e = read_transport(&m, &s);

	if (e == FH_ERR_OK)
		e = fh_members_end(&m);
	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

void fh_server_put(struct fh_builder *b, const struct fh_server_body *s)
{
	fh_cbor_put_map(b, 2);
	fh_put_name(b, "name");
	fh_cbor_put_text(b, s->name);
	fh_put_name(b, "transport");
	fh_cbor_put_map(b, 1);
	fh_put_name(b, "stdio");
	fh_cbor_put_map(b, s->executable.n > 0 ? 6 : 5);
	fh_put_name(b, "gid");
	fh_cbor_put_uint(b, s->gid);
	fh_put_name(b, "uid");
	fh_cbor_put_uint(b, s->uid);
	fh_put_name(b, "command");
	fh_builder_bytes(b, s->command);
	fh_put_name(b, "directory");
	fh_cbor_put_text(b, s->directory);
	if (s->executable.n > 0) {
		fh_put_name(b, "executable");
		fh_cbor_put_bytes(b, s->executable);
	}
	fh_put_name(b, "environment");
	fh_builder_bytes(b, s->environment);
}
