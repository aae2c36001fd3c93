/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/signing.h"
#include "cli/subject.h"
#include "codec/json.h"

constexpr int go_on = -1;
constexpr size_t body_max = FH_NAME_MAX + FH_HOLD_REASON_MAX + 64;

static const struct fh_option options[] = {
	{ "subject", 0, false, "NAME", "the actor of whom it is to be erased" },
	{ "reason", 0, false, "TEXT", "why, for whoever reads the chain: no personal data" },
	{ "dry-run", 0, false, nullptr, "only say whether it could be signed, or is held" },
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage usage = {
	.verb = "shred",
	.operands = "",
	.summary = "sign that what was recorded of an actor is to be erased",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "Every machine of this chain that takes the statement ends the keys of what it\n"
		"has recorded of the actor until then: arguments, results, resources, decisions.\n"
		"It cannot be taken back.  That it happened is an entry of the record, which\n"
		"still verifies.  What is held (`freehold hold`) ends when it is released.  The\n"
		"name of the actor stays in the chain.\n",
	.examples = "  freehold shred --subject editor --dry-run\n"
		    "  freehold shred --subject editor --reason 'request 42' \\\n"
		    "      --operator-key op.key\n",
};

static int print_json(const struct fh_chain *c, const char *subject, const struct fh_hold_held *h,
		      bool can, const struct fh_trace *t)
{
	struct fh_span near;
	bool known = fh_subject_known(c, fh_span_str(subject), &near);
	uint8_t room[4096];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_builder_text(&b, "{\"subject\":");
	fh_json_put_string(&b, fh_span_str(subject));
	fh_builder_text(&b, can ? ",\"signable\":true" : ",\"signable\":false");
	if (!can) {
		fh_builder_text(&b, ",\"why\":");
		fh_json_put_string(&b, fh_span_str(t->what));
	}
	if (h != nullptr) {
		fh_builder_text(&b, ",\"held-by\":");
		fh_json_put_string(&b, h->body.name);
	}
	fh_builder_text(&b, known ? ",\"in-force\":true" : ",\"in-force\":false");
	if (!known && near.n > 0) {
		fh_builder_text(&b, ",\"near\":");
		fh_json_put_string(&b, near);
	}
	fh_builder_text(&b, "}\n");
	if (b.bad)
		return fh_cli_fail(FH_ERR_LIMIT, "shred", nullptr, nullptr);
	(void)fwrite(b.p, 1, b.n, stdout);
	return go_on;
}

/* What would come of it: 0 if it would be carried out at once.  */
static int dry_run(const struct fh_cli *cli, const char *subject, struct fh_span body)
{
	FH_OWN(fh_state) state = { 0 };
	uint8_t bytes[body_max + 256];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_trace t = { 0 };
	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	const struct fh_hold_held *h = fh_chain_hold_of(&state.chain, fh_span_str(subject));
	const struct fh_statement next = { .chain_id = state.chain.id,
					   .sequence = state.chain.head.sequence + 1,
					   .previous = state.chain.head.hash,
					   .kind_text = FH_SPAN_LIT("shred"), .body = body };

	fh_statement_put(&b, &next);
	e = b.bad ? FH_ERR_LIMIT : fh_chain_check(&state.chain, fh_builder_span(&b),
						  &state.scratch, &t);
	fh_subject_warn(cli, &state.chain, fh_span_str(subject));
	if (cli->json) {
		int done = print_json(&state.chain, subject, h, e == FH_ERR_OK, &t);

		if (done != go_on)
			return done;
	} else if (e != FH_ERR_OK) {
		(void)fh_cli_fail_trace(e, "shred", &t);
	} else if (h != nullptr) {
		fh_cli_say(cli, "what was recorded of `%s` is held by `%.*s`: it ends when that is "
			   "released", subject, (int)h->body.name.n, (const char *)h->body.name.p);
	} else {
		fh_cli_say(cli, "statement %llu would erase what was recorded of `%s`; nothing was "
			   "signed", (unsigned long long)next.sequence, subject);
	}
	return e == FH_ERR_OK && h == nullptr ? FH_EXIT_YES : FH_EXIT_NO;
}

static int sign(const struct fh_cli *cli, const struct fh_arguments *a, const char *subject,
		struct fh_span body)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	int done = fh_signing_begin(cli, &usage, a, &state, &signing);

	if (done != go_on)
		return done;
	const struct fh_hold_held *h = fh_chain_hold_of(&state.chain, fh_span_str(subject));

	fh_subject_warn(cli, &state.chain, fh_span_str(subject));
	if (h != nullptr)
		fh_cli_say(cli, "it is held by `%.*s`, and ends when that is released",
			   (int)h->body.name.n, (const char *)h->body.name.p);
	return fh_signing_next(cli, a, &state, &signing, "shred", body);
}

int fh_cmd_shred(struct fh_cli *cli, int argc, char **argv)
{
	uint8_t bytes[body_max];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_shred_body s, again;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	const char *subject = fh_argument(&a, "subject");

	if (subject == nullptr)
		return fh_usage_error(&usage, "needs --subject with an actor's name");
	done = fh_signing_text(&usage, &a, "reason", &s.reason);
	if (done != go_on)
		return done;
	s.subject = fh_span_str(subject);
	fh_shred_body_put(&b, &s);
	if (b.bad || fh_shred_body_read(fh_builder_span(&b), &again, &t) != FH_ERR_OK)
		return fh_usage_error(&usage, "%s", b.bad ? "the name or the reason is too long"
							  : t.what);
	return fh_argument(&a, "dry-run") != nullptr ? dry_run(cli, subject, fh_builder_span(&b))
						     : sign(cli, &a, subject, fh_builder_span(&b));
}
