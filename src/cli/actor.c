/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/duration.h"
#include "base/sort.h"
#include "cli/digest.h"
#include "cli/revoke.h"
#include "os/clock.h"
#include "policy/value_json.h"

constexpr int go_on = -1;
constexpr size_t token_bytes = 32;
constexpr size_t body_max = 32 << 10;

#define TOKEN_PREFIX "fh_"

static const struct fh_option grant_options[] = {
	{ "uid", 0, false, "N", "who connects to the Unix socket as user N" },
	{ "executable", 0, false, "FILE", "with --uid: only while running this very program" },
	{ "bearer", 0, false, nullptr, "who shows a token over HTTP; it is made and printed once" },
	{ "group", 0, true, "TEAM", "in policy it is in Team::\"TEAM\"" },
	{ "asks", 0, true, "SUBJECT", "may ask what SUBJECT may do: a type, or one TYPE::\"ID\"" },
	{ "expires", 0, false, "TIME", "recognised for this long only: 12h, 90d" },
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage usage_grant = {
	.verb = "actor grant",
	.operands = "NAME",
	.summary = "Says how the actor NAME is recognised",
	.options = grant_options,
	.options_n = sizeof(grant_options) / sizeof(grant_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "This says who someone is; what they may do is said in the policy.  The same NAME\n"
		"again replaces what was said before.\n",
	.examples = "  freehold actor grant editor --uid 1000 --group dev --operator-key op.key\n"
		    "  freehold actor grant laptop --bearer --expires 90d --operator-key op.key\n"
		    "  freehold actor grant portal --bearer --asks user --operator-key op.key\n",
};

static const struct fh_option revoke_options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_revoke = {
	.verb = "actor revoke",
	.operands = "NAME",
	.summary = "Recognises the actor NAME no more",
	.options = revoke_options,
	.options_n = sizeof(revoke_options) / sizeof(revoke_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.examples = "  freehold actor revoke laptop --operator-key op.key\n",
};

/* What a grant needs to hold while its body is built.  */
struct grant {
	struct fh_actor_body body;
	struct fh_hash digest;                    /* of the executable or the token */
	char token[2 * token_bytes + sizeof(TOKEN_PREFIX)];
	uint8_t groups[body_max / 4], asks[body_max / 2];
};

static int read_peer(const struct fh_arguments *a, struct grant *g)
{
	const char *executable = fh_argument(a, "executable");
	uint64_t uid;

	if (fh_decimal_read(fh_span_str(fh_argument(a, "uid")), &uid) != FH_ERR_OK ||
	    uid >= UINT32_MAX)
		return fh_usage_error(&usage_grant, "--uid needs a number");
	g->body.credential = FH_CREDENTIAL_PEER;
	g->body.uid = (uint32_t)uid;
	if (executable == nullptr)
		return go_on;

	fh_err e = fh_digest_file(executable, &g->digest);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, executable, nullptr, "give the program's file");
	g->body.executable = fh_hash_span(&g->digest);
	return go_on;
}

static int make_token(struct grant *g)
{
	uint8_t random[token_bytes];
	struct fh_builder b = fh_builder_of(g->token, sizeof(g->token) - 1);
	fh_err e = fh_random(random, sizeof(random));

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "token", nullptr, nullptr);
	fh_builder_text(&b, TOKEN_PREFIX);
	fh_builder_hex(&b, FH_SPAN_ARRAY(random));
	g->digest = fh_hash_of(fh_builder_span(&b));
	g->body.credential = FH_CREDENTIAL_BEARER;
	g->body.bearer = fh_hash_span(&g->digest);
	return go_on;
}

static int read_groups(const struct fh_arguments *a, struct grant *g)
{
	struct fh_builder b = FH_BUILDER_ARRAY(g->groups);
	size_t n = 0;

	while (fh_argument_nth(a, "group", n) != nullptr)
		n++;
	if (n > FH_ACTOR_GROUPS_MAX)
		return fh_usage_error(&usage_grant, "more than %zu groups", FH_ACTOR_GROUPS_MAX);
	fh_cbor_put_array(&b, n);
	for (size_t i = 0; i < n; i++)
		fh_cbor_put_text(&b, fh_span_str(fh_argument_nth(a, "group", i)));
	if (fh_builder_end(&b, &g->body.groups) != FH_ERR_OK)
		return fh_usage_error(&usage_grant, "the groups are too long");
	return go_on;
}

/* A subject that may be asked about; an empty id: all of the type.  */
struct subject {
	struct fh_span type, id;
};

/* The order of deterministic CBOR: shorter texts first.  */
static int order_texts(struct fh_span a, struct fh_span b)
{
	return a.n != b.n ? (a.n < b.n ? -1 : 1) : fh_span_compare(a, b);
}

static int order_subjects(const void *a, const void *b)
{
	const struct subject *x = a, *y = b;
	int order = order_texts(x->type, y->type);

	return order != 0 ? order : order_texts(x->id, y->id);
}

/* TYPE, or TYPE::"ID" as Cedar writes it.  */
static bool read_subject(struct fh_span text, struct subject *out)
{
	size_t quote = fh_span_find(text, '"');
	struct fh_span type = fh_span_first(text, quote), id = fh_span_skip(text, quote);

	*out = (struct subject){ .type = type };
	if (id.n == 0)
		return fh_is_name(type);
	if (id.n < 3 || id.p[id.n - 1] != '"' || type.n < 3 || type.p[type.n - 1] != ':'
	    || type.p[type.n - 2] != ':')
		return false;
	out->type = fh_span_first(type, type.n - 2);
	out->id = fh_span_first(fh_span_skip(id, 1), id.n - 2);
	return fh_is_name(out->type) && fh_span_find(out->id, '"') == out->id.n
	       && fh_span_find(out->id, '\\') == out->id.n;
}

/* One type with the N subjects S of it, sorted: a type named alone covers the others.  */
static void put_type(struct fh_builder *b, const struct subject *s, size_t n)
{
	bool all = s[0].id.n == 0;
	size_t ids = 0;

	for (size_t i = 0; i < n && !all; i++)
		ids += i == 0 || order_subjects(&s[i - 1], &s[i]) != 0;
	fh_cbor_put_text(b, s[0].type);
	fh_cbor_put_array(b, ids);
	for (size_t i = 0; i < n && !all; i++) {
		if (i == 0 || order_subjects(&s[i - 1], &s[i]) != 0)
			fh_cbor_put_text(b, s[i].id);
	}
}

/* How many of the N subjects S are of the type of the first.  */
static size_t of_one_type(const struct subject *s, size_t n)
{
	size_t same = 1;

	while (same < n && fh_span_equal(s[same].type, s[0].type))
		same++;
	return same;
}

static int read_asks(const struct fh_arguments *a, struct grant *g)
{
	struct subject s[FH_OPTIONS_GIVEN_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(g->asks);
	size_t n = 0, types = 0;

	for (; fh_argument_nth(a, "asks", n) != nullptr; n++) {
		if (!read_subject(fh_span_str(fh_argument_nth(a, "asks", n)), &s[n]))
			return fh_usage_error(&usage_grant,
					      "--asks needs a type such as user, or "
					      "user::\"alice\"");
	}
	if (n == 0)
		return go_on;
	fh_sort(s, n, sizeof(s[0]), order_subjects);
	for (size_t i = 0; i < n; i += of_one_type(&s[i], n - i))
		types++;
	fh_cbor_put_map(&b, types);
	for (size_t i = 0; i < n; i += of_one_type(&s[i], n - i))
		put_type(&b, &s[i], of_one_type(&s[i], n - i));
	if (fh_builder_end(&b, &g->body.asks) != FH_ERR_OK)
		return fh_usage_error(&usage_grant, "the subjects are too long");
	return go_on;
}

static int read_grant(const struct fh_arguments *a, struct grant *g)
{
	const char *expires = fh_argument(a, "expires");
	bool bearer = fh_argument(a, "bearer") != nullptr, peer = fh_argument(a, "uid") != nullptr;
	uint64_t ms;

	if (bearer == peer)
		return fh_usage_error(&usage_grant, "needs either --uid or --bearer");
	if (bearer && fh_argument(a, "executable") != nullptr)
		return fh_usage_error(&usage_grant, "--executable goes with --uid only");
	g->body.name = fh_span_str(a->operand[0]);
	if (expires != nullptr) {
		if (fh_duration_read(fh_span_str(expires), &ms) != FH_ERR_OK)
			return fh_usage_error(&usage_grant,
					"--expires needs a time like 12h or 90d");
		g->body.expires = true;
		g->body.expires_ms = fh_clock_real_ms() + ms;
	}

	int done = bearer ? make_token(g) : read_peer(a, g);

	if (done == go_on)
		done = read_groups(a, g);
	return done == go_on ? read_asks(a, g) : done;
}

static void show_token(const struct fh_cli *cli, const struct grant *g)
{
	if (cli->json)
		printf("{\"token\":\"%s\"}\n", g->token);
	else
		printf("%s\n", g->token);
	fh_cli_say(cli, "This token is shown once and not kept; send it as "
		   "`Authorization: Bearer TOKEN`.");
}

static int actor_grant(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	uint8_t body[body_max];
	struct fh_builder b = FH_BUILDER_ARRAY(body);
	struct grant g = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_grant, argc, argv, &a);

	if (done == go_on)
		done = read_grant(&a, &g);
	if (done == go_on)
		done = fh_signing_begin(cli, &usage_grant, &a, &state, &signing);
	if (done == go_on) {
		fh_actor_put(&b, &g.body);
		done = fh_signing_next(cli, &a, &state, &signing, "actor", fh_builder_span(&b));
	}
	if (done == FH_EXIT_YES && g.body.credential == FH_CREDENTIAL_BEARER)
		show_token(cli, &g);
	fh_wipe(&g, sizeof(g));
	return done;
}

static int actor_revoke(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_revoke, argc, argv, &a);

	if (done != go_on)
		return done;
	return fh_revoke(cli, &usage_revoke, &a, FH_STATEMENT_ACTOR, fh_span_str(a.operand[0]));
}

int fh_cmd_actor(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "grant", actor_grant, "say how an actor is recognised" },
		{ "revoke", actor_revoke, "recognise it no more" },
	};

	return fh_cli_subcommand(cli, "actor", subcommands, 2, argc, argv);
}
