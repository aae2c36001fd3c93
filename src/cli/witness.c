/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cli/signing.h"
#include "codec/json.h"
#include "merkle/quorum.h"
#include "os/file.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t cosigners_max = 16 << 10;
constexpr size_t json_max = 4 * FH_QUORUM_TEXT_MAX;

static const struct fh_option sign_options[] = {
	{ "log", 0, true, "FILE", "cosign the logs of this file (`witness keys`)" },
	{ "resolve", 0, true, "FILE", "go on in spite of this conflict (record/conflict)" },
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage usage_keys = {
	.verb = "witness keys",
	.operands = "",
	.summary = "Prints this machine's verifier keys, as a log and as a witness",
	.text = "In the form of a witness policy (C2SP tlog-policy), for those who witness this\n"
		"record and for the logs that this machine witnesses.  They are there once\n"
		"`freehold serve` has run.\n",
	.examples = "  freehold witness keys\n",
};

static const struct fh_usage usage_check = {
	.verb = "witness check",
	.operands = "POLICY",
	.summary = "Says whether a witness policy could be signed",
	.operands_min = 1,
	.operands_max = 1,
	.text = "Exit status 0: yes.  1: no, and why.\n",
	.examples = "  freehold witness check witnesses.txt\n",
};

static const struct fh_usage usage_sign = {
	.verb = "witness sign",
	.operands = "POLICY",
	.summary = "Signs who witnesses the records of this chain, and whom they witness",
	.options = sign_options,
	.options_n = sizeof(sign_options) / sizeof(sign_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "POLICY is a witness policy (C2SP tlog-policy): its witnesses that have a URL are\n"
		"sent each device's checkpoints, and say by a cosignature that they extend what\n"
		"they saw before.  It takes the place of what was signed before; `quorum none`\n"
		"ends it.\n",
	.examples = "  freehold witness sign witnesses.txt --log other.keys \\\n"
		    "      --operator-key op.key\n",
};

static const struct fh_usage usage_show = {
	.verb = "witness show",
	.operands = "",
	.summary = "Shows the witness policy in force, and how its witnesses are",
	.text = "Exit status 0: the newest witnessed checkpoint has the quorum.  1: none has.\n",
	.examples = "  freehold witness show --json\n",
};

/* NAME below record/, in memory of STATE.  */
static fh_err read_below(const struct fh_cli *cli, const char *name, size_t max,
			 struct fh_arena *memory, struct fh_span *out)
{
	char path[FH_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/record/%s", cli->config.state, name)
	    >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	return fh_file_read(path, max, memory, out);
}

/* --- keys ------------------------------------------------------------- */

static int witness_keys(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_span text;
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_keys, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_arena_map(4 * cosigners_max, &memory);

	if (e == FH_ERR_OK)
		e = read_below(cli, "cosigners", cosigners_max, &memory, &text);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "record/cosigners", nullptr,
				   "run `freehold serve` once; the keys are made at its start");
	if (cli->json) {
		struct fh_builder b = fh_builder_of(fh_arena_take(&memory, 2 * cosigners_max),
						    2 * cosigners_max);

		fh_builder_text(&b, "{\"policy\":");
		fh_json_put_string(&b, text);
		fh_builder_text(&b, "}\n");
		if (b.bad)
			return fh_cli_fail(FH_ERR_LIMIT, "witness keys", nullptr, nullptr);
		text = fh_builder_span(&b);
	}
	(void)fwrite(text.p, 1, text.n, stdout);
	return FH_EXIT_YES;
}

/* --- check and sign ----------------------------------------------------- */

static int tell_refused(const struct fh_cli *cli, const char *path, fh_err e,
			const struct fh_trace *t)
{
	char where[FH_PATH_MAX + FH_TRACE_WHERE_MAX];

	(void)snprintf(where, sizeof(where), "%s: %s", path, t->where);
	(void)fh_cli_fail(e, where, t->what, "see freehold-witness(1), \"Witness policies\"");
	if (cli->json)
		printf("{\"verdict\":\"no\"}\n");
	return FH_EXIT_NO;
}

/* Reads the policy PATH, and what a statement demands of it.  */
static int read_policy(const struct fh_cli *cli, const char *path, struct fh_arena *memory,
		       struct fh_quorum *q, struct fh_span *text)
{
	struct fh_trace t = { 0 };
	size_t asked = 0;
	fh_err e = fh_file_read(path, FH_QUORUM_TEXT_MAX, memory, text);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "give a file with a witness policy");
	e = fh_quorum_read(*text, q, &t);
	for (size_t i = 0; e == FH_ERR_OK && i < q->nodes; i++)
		asked += !q->node[i].group && q->node[i].url.n > 0;
	if (asked > FH_WITNESSES_ASKED_MAX) {
		e = FH_ERR_LIMIT;
		fh_trace_what(&t, "more than %zu witnesses have a URL", FH_WITNESSES_ASKED_MAX);
	}
	return e == FH_ERR_OK ? go_on : tell_refused(cli, path, e, &t);
}

static int witness_check(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_arguments a;
	struct fh_span text;
	struct fh_quorum q;
	int done = fh_cli_arguments(cli, &usage_check, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_arena_map(2 * FH_QUORUM_TEXT_MAX, &memory);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "witness check", nullptr, nullptr);
	done = read_policy(cli, a.operand[0], &memory, &q, &text);
	if (done != go_on)
		return done;
	if (cli->json)
		printf("{\"verdict\":\"yes\",\"logs\":%zu,\"witnesses\":%zu}\n", q.logs,
		       q.witnesses);
	else
		fh_cli_say(cli, "%s: can be signed", a.operand[0]);
	return FH_EXIT_YES;
}

/* The log lines of all files --log, as a policy of their own.  */
static int gather_logs(const struct fh_usage *u, const struct fh_arguments *a,
		       struct fh_arena *memory, struct fh_builder *out)
{
	const char *path;
	struct fh_quorum q;
	struct fh_span text;
	struct fh_trace t = { 0 };

	for (size_t i = 0; (path = fh_argument_nth(a, "log", i)) != nullptr; i++) {
		fh_err e = fh_file_read(path, FH_QUORUM_TEXT_MAX, memory, &text);

		if (e != FH_ERR_OK)
			return fh_cli_fail(e, path, nullptr, "give a file that `freehold witness"
					   " keys` printed on the other machine");
		struct fh_cursor c = fh_cursor_of(text);

		while (c.rest.n > 0) {
			struct fh_span line = fh_cursor_until(&c, '\n');

			if (fh_cursor_bad(&c))
				return fh_usage_error(u, "%s: its last line does not end", path);
			if (!fh_span_starts(line, FH_SPAN_LIT("log ")))
				continue;
			fh_builder_bytes(out, line);
			fh_builder_u8(out, '\n');
		}
	}
	fh_builder_text(out, "quorum none\n");
	fh_err e = out->bad ? FH_ERR_LIMIT : fh_quorum_read(fh_builder_span(out), &q, &t);

	return e == FH_ERR_OK ? go_on : fh_cli_fail(e, "--log", t.what, nullptr);
}

static int gather_resolved(const struct fh_arguments *a, struct fh_arena *memory,
			   struct fh_builder *out)
{
	const char *path;
	struct fh_span note;
	size_t n = 0;

	while (fh_argument_nth(a, "resolve", n) != nullptr)
		n++;
	if (n > 0)
		fh_cbor_put_array(out, n);
	for (size_t i = 0; (path = fh_argument_nth(a, "resolve", i)) != nullptr; i++) {
		fh_err e = fh_file_read(path, FH_NOTE_MAX, memory, &note);

		if (e != FH_ERR_OK)
			return fh_cli_fail(e, path, nullptr, "give the file record/conflict");
		struct fh_hash h = fh_hash_of(note);

		fh_cbor_put_hash(out, &h);
	}
	return go_on;
}

static int sign_body(const struct fh_cli *cli, const struct fh_arguments *a,
		     struct fh_state *state, const struct fh_signing *signing,
		     struct fh_witness_body *w)
{
	size_t cap = 2 * FH_QUORUM_TEXT_MAX + (4 << 10);
	uint8_t resolved_bytes[40 * FH_WITNESS_RESOLVED_MAX + 8];
	struct fh_builder resolved = FH_BUILDER_ARRAY(resolved_bytes);
	struct fh_builder logs = fh_builder_of(fh_arena_take(&state->memory, FH_QUORUM_TEXT_MAX),
					       FH_QUORUM_TEXT_MAX);
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, cap), cap);

	if (logs.p == nullptr || b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "witness", nullptr, nullptr);
	int done = gather_logs(&usage_sign, a, &state->memory, &logs);

	if (done == go_on)
		done = gather_resolved(a, &state->memory, &resolved);
	if (done != go_on)
		return done;
	w->logs = fh_builder_span(&logs);
	w->resolved = fh_builder_span(&resolved);
	fh_witness_put(&b, w);
	if (b.bad || resolved.bad)
		return fh_cli_fail(FH_ERR_LIMIT, "witness", nullptr, nullptr);
	return fh_signing_next(cli, a, state, signing, "witness", fh_builder_span(&b));
}

static int witness_sign(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_witness_body w = { 0 };
	struct fh_arguments a;
	struct fh_quorum q;
	int done = fh_cli_arguments(cli, &usage_sign, argc, argv, &a);

	if (done == go_on)
		done = fh_signing_begin(cli, &usage_sign, &a, &state, &signing);
	if (done == go_on)
		done = read_policy(cli, a.operand[0], &state.memory, &q, &w.policy);
	return done == go_on ? sign_body(cli, &a, &state, &signing, &w) : done;
}

/* --- show ------------------------------------------------------------- */

/* What the newest witnessed checkpoint is worth under Q; size 0: there is none.  */
static fh_err judge_newest(const struct fh_cli *cli, const struct fh_quorum *q,
			   struct fh_arena *memory, struct fh_quorum_verdict *v, uint64_t *size)
{
	struct fh_checkpoint c;
	struct fh_note note;
	struct fh_span bytes;
	fh_err e = read_below(cli, "witnessed", FH_NOTE_MAX, memory, &bytes);

	*size = 0;
	*v = (struct fh_quorum_verdict){ 0 };
	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	if (e == FH_ERR_OK)
		e = fh_note_parse(bytes, &note);
	if (e == FH_ERR_OK)
		e = fh_checkpoint_parse(note.text, &c);
	if (e == FH_ERR_OK)
		e = fh_quorum_judge(q, &note, v);
	if (e == FH_ERR_OK)
		*size = c.size;
	return e;
}

static void print_witnesses(const struct fh_quorum *q, const struct fh_quorum_verdict *v)
{
	for (size_t i = 0; i < q->nodes; i++) {
		const struct fh_quorum_node *n = &q->node[i];

		if (!n->group)
			printf("witness  %.*s  %.*s  %s\n", (int)n->name.n,
			       (const char *)n->name.p, (int)n->key.name.n,
			       (const char *)n->key.name.p,
			       v->witnessed[i] == FH_ANSWER_YES ? "cosigned"
			       : n->url.n == 0                  ? "is not asked"
								: "has not cosigned");
	}
}

static int print_json(struct fh_arena *memory, const struct fh_witness_held *w,
		      const struct fh_quorum *q, const struct fh_quorum_verdict *v, uint64_t size)
{
	struct fh_builder b = fh_builder_of(fh_arena_take(memory, json_max), json_max);
	bool first = true;

	fh_builder_text(&b, "{\"sequence\":");
	fh_builder_decimal(&b, w->sequence);
	fh_builder_text(&b, ",\"witnessed\":");
	fh_builder_decimal(&b, size);
	fh_builder_text(&b, ",\"quorum\":\"");
	fh_builder_text(&b, fh_answer_text(v->quorum));
	fh_builder_text(&b, "\",\"witnesses\":[");
	for (size_t i = 0; i < q->nodes; i++) {
		const struct fh_quorum_node *n = &q->node[i];

		if (n->group)
			continue;
		fh_builder_text(&b, first ? "{\"name\":" : ",{\"name\":");
		first = false;
		fh_json_put_string(&b, n->name);
		fh_builder_text(&b, ",\"key\":");
		fh_json_put_string(&b, n->key.name);
		fh_builder_text(&b, ",\"url\":");
		fh_json_put_string(&b, n->url);
		fh_builder_text(&b, ",\"cosigned\":\"");
		fh_builder_text(&b, fh_answer_text(v->witnessed[i]));
		fh_builder_text(&b, "\"}");
	}
	fh_builder_text(&b, "],\"policy\":");
	fh_json_put_string(&b, w->body.policy);
	fh_builder_text(&b, ",\"logs\":");
	fh_json_put_string(&b, w->body.logs);
	fh_builder_text(&b, "}\n");
	if (b.bad)
		return fh_cli_fail(FH_ERR_LIMIT, "witness show", nullptr, nullptr);
	(void)fwrite(b.p, 1, b.n, stdout);
	return go_on;
}

static int show(const struct fh_cli *cli, struct fh_state *state)
{
	const struct fh_witness_held *w = fh_chain_witness(&state->chain);
	struct fh_quorum_verdict v;
	struct fh_quorum q;
	struct fh_trace t = { 0 };
	uint64_t size;

	if (w == nullptr)
		return fh_cli_fail(FH_ERR_MISSING, "witness", "no witness statement is in force",
				   "sign one with `freehold witness sign`");
	fh_err e = fh_quorum_read(w->body.policy, &q, &t);

	if (e == FH_ERR_OK)
		e = judge_newest(cli, &q, &state->memory, &v, &size);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "record/witnessed", nullptr, nullptr);
	if (size > 0 && q.none)
		v.quorum = FH_ANSWER_YES;
	if (cli->json) {
		int done = print_json(&state->memory, w, &q, &v, size);

		if (done != go_on)
			return done;
	} else {
		printf("statement %llu\nwitnessed %llu entries, quorum %s\n",
		       (unsigned long long)w->sequence, (unsigned long long)size,
		       size > 0 ? fh_answer_text(v.quorum) : "no");
		print_witnesses(&q, &v);
	}
	return size > 0 && v.quorum == FH_ANSWER_YES ? FH_EXIT_YES : FH_EXIT_NO;
}

static int witness_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_show, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_state_open(cli, &state, &t);

	return e != FH_ERR_OK ? fh_cli_fail_trace(e, cli->config.state, &t) : show(cli, &state);
}

int fh_cmd_witness(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "keys", witness_keys, "print this machine's keys, as a log and as a witness" },
		{ "check", witness_check, "say whether a witness policy could be signed" },
		{ "sign", witness_sign, "sign one; it replaces the one before" },
		{ "show", witness_show, "show what is in force, and who has cosigned" },
	};

	return fh_cli_subcommand(cli, "witness", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
