/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "os/file.h"
#include "os/memory.h"

static const char *const levels[] = {
	[FH_LOG_ERROR] = "error",
	[FH_LOG_WARNING] = "warning",
	[FH_LOG_INFO] = "info",
	[FH_LOG_DEBUG] = "debug",
};

constexpr size_t listen_max = sizeof(((struct fh_config *)0)->listen);
constexpr size_t tcti_max = sizeof(((struct fh_config *)0)->tcti);
constexpr size_t calendars_max = sizeof(((struct fh_config *)0)->calendars);
constexpr size_t bitcoin_max = sizeof(((struct fh_config *)0)->bitcoin);

/* One text key: where its value goes and how long it may be.  */
struct key {
	const char *name;
	size_t offset, size;
	bool path; /* must be absolute */
};

static const struct key keys[] = {
	{ "state", offsetof(struct fh_config, state), FH_PATH_MAX, true },
	{ "socket", offsetof(struct fh_config, socket), FH_PATH_MAX, true },
	{ "listen", offsetof(struct fh_config, listen), listen_max, false },
	{ "tcti", offsetof(struct fh_config, tcti), tcti_max, false },
	{ "calendars", offsetof(struct fh_config, calendars), calendars_max, false },
	{ "bitcoin", offsetof(struct fh_config, bitcoin), bitcoin_max, false },
	{ "bitcoin-login", offsetof(struct fh_config, bitcoin_login), FH_PATH_MAX, true },
	{ "ca-file", offsetof(struct fh_config, ca_file), FH_PATH_MAX, true },
};

void fh_config_defaults(struct fh_config *c)
{
	*c = (struct fh_config){ .log = FH_LOG_INFO };
	memcpy(c->state, FH_STATE_PATH, sizeof(FH_STATE_PATH));
}

static struct fh_span trim(struct fh_span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = fh_span_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s = fh_span_first(s, s.n - 1);
	return s;
}

static fh_err read_level(struct fh_span value, struct fh_config *c, struct fh_trace *t)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (fh_span_equal(value, fh_span_str(levels[i]))) {
			c->log = (enum fh_log_level)i;
			return FH_ERR_OK;
		}
	}
	fh_trace_what(t, "`log` must be error, warning, info or debug");
	return FH_ERR_FORMAT;
}

static fh_err read_text(const struct key *k, struct fh_span value, struct fh_config *c,
			struct fh_trace *t)
{
	char *to = (char *)c + k->offset;

	if (value.n >= k->size || fh_span_find(value, 0) != value.n) {
		fh_trace_what(t, "the value of `%s` is too long", k->name);
		return FH_ERR_LIMIT;
	}
	if (k->path && !fh_span_starts(value, FH_SPAN_LIT("/"))) {
		fh_trace_what(t, "`%s` must be an absolute path", k->name);
		return FH_ERR_FORMAT;
	}
	if (value.n > 0)
		memcpy(to, value.p, value.n);
	to[value.n] = '\0';
	return FH_ERR_OK;
}

static fh_err read_line(struct fh_span line, struct fh_config *c, struct fh_trace *t)
{
	line = trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return FH_ERR_OK;

	size_t equals = fh_span_find(line, '=');
	struct fh_span name = trim(fh_span_first(line, equals));
	struct fh_span value = trim(fh_span_skip(line, equals + 1));

	if (equals == line.n) {
		fh_trace_what(t, "not a line `key = value`");
		return FH_ERR_FORMAT;
	}
	if (fh_span_equal(name, FH_SPAN_LIT("log")))
		return read_level(value, c, t);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (fh_span_equal(name, fh_span_str(keys[i].name)))
			return read_text(&keys[i], value, c, t);
	}
	fh_trace_what(t, "unknown key `%.*s`", (int)name.n, (const char *)name.p);
	fh_trace_cure(t, "the keys are state, socket, listen, tcti, calendars, bitcoin, "
		      "bitcoin-login, ca-file and log; what is allowed is said in signed "
		      "statements only");
	return FH_ERR_UNKNOWN;
}

static fh_err read_lines(struct fh_span text, struct fh_config *c, const char *path,
			 struct fh_trace *t)
{
	for (unsigned number = 1; text.n > 0; number++) {
		size_t n = fh_span_find(text, '\n');

		fh_trace_where(t, "%s:%u", path, number);

		fh_err e = read_line(fh_span_first(text, n), c, t);

		if (e != FH_ERR_OK)
			return e;
		text = fh_span_skip(text, n + 1);
	}
	return FH_ERR_OK;
}

static fh_err read_named(struct fh_span text, const char *path, struct fh_config *c,
			 struct fh_trace *t)
{
	struct fh_config read = *c;
	fh_err e = read_lines(text, &read, path, t);

	if (e == FH_ERR_OK)
		*c = read;
	return e;
}

fh_err fh_config_read(struct fh_span text, struct fh_config *c, struct fh_trace *t)
{
	return read_named(text, "freehold.conf", c, t);
}

fh_err fh_config_load(const char *path, struct fh_config *c, struct fh_trace *t)
{
	FH_OWN(fh_arena) a = { 0 };
	struct fh_span text;
	fh_err e = fh_arena_map(2 * FH_CONFIG_MAX, &a);

	if (e != FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", path);
	e = fh_file_read(path, FH_CONFIG_MAX, &a, &text);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "the configuration cannot be read: %s", fh_err_text(e));
		return e;
	}
	return read_named(text, path, c, t);
}
