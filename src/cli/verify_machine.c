/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "anchor/fetch.h"
#include "base/hex.h"
#include "base/own.h"
#include "chain/ak.h"
#include "cli/roots_files.h"
#include "cli/verify_document.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/json_pull.h"
#include "crypto/credential.h"
#include "crypto/sign.h"

#define DOCUMENT_PATH "/.well-known/freehold-operator-key.json"
#define QUOTE_PATH "/.well-known/freehold-quote"

constexpr size_t url_max = 1024;
constexpr size_t nonce_size = 32; /* of one that we make */
constexpr size_t answer_max = 64 << 10;
constexpr int go_on = -1;

static const struct fh_option options[] = {
	FH_DOCUMENT_OPTIONS,
	{ "nonce", 0, false, "HEX",
	  "ask for a quote over this; without HEX, over a nonce made now" },
};
static const struct fh_usage usage = {
	.verb = "verify machine",
	.operands = "URL",
	.summary = "fetch a machine's document and check it; `verify URL` is the same",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "URL is the machine's, http://HOST:PORT, or of the document itself.\n"
		"With --nonce the machine is asked for a quote over it, which decides `fresh`;\n"
		"and if its TPM has a certificate, to open a credential, which shows that its key\n"
		"is in there.\n"
		"Exits 0 if every required answer is yes, 1 if any is no, 2 otherwise.",
	.examples = "freehold verify http://127.0.0.1:7420 --genesis 31c6... --nonce",
};

/* --nonce with no value behind it: an option takes one, so it gets an empty one.  */
static void complete_nonce(int argc, char **argv, char *empty)
{
	for (int i = 1; i < argc; i++) {
		bool last = i + 1 == argc || argv[i + 1][0] == '-'
			 || fh_verify_url_meant(argv[i + 1]);

		if (strcmp(argv[i], "--nonce") == 0 && last)
			argv[i] = empty;
	}
}

struct question {
	char origin[FH_QUOTE_ORIGIN_MAX + 1]; /* http://HOST:PORT */
	uint8_t nonce[FH_QUOTE_NONCE_MAX];
	size_t nonce_n;
	const char *ca_file;                  /* whom the machine is trusted by: see fh_fetch */
	bool activates;                       /* a credential is sent, too ... */
	struct fh_hash proof;                 /* ... and this shows that it was opened */
};

/* The scheme and authority of URL.  */
static int read_origin(const char *url, struct question *q)
{
	const char *authority = strstr(url, "://") + 3;
	size_t n = (size_t)(authority - url) + strcspn(authority, "/?#");

	if (n > FH_QUOTE_ORIGIN_MAX || strlen(url) + sizeof(DOCUMENT_PATH) > url_max)
		return fh_usage_error(&usage, "the URL is too long");
	memcpy(q->origin, url, n);
	q->origin[n] = '\0';
	return go_on;
}

static int read_nonce(const struct fh_document_task *t, struct question *q)
{
	const char *hex = fh_argument(&t->arguments, "nonce");
	size_t n = hex == nullptr ? 0 : strlen(hex) / 2;

	if (hex == nullptr)
		return go_on;
	q->nonce_n = n == 0 ? nonce_size : n;
	if (n == 0 && fh_random(q->nonce, nonce_size) != FH_ERR_OK)
		return fh_cli_fail(FH_ERR_CRYPTO, usage.verb, "no randomness", nullptr);
	if (n > sizeof(q->nonce)
	    || (n > 0 && fh_hex_read(fh_span_str(hex), q->nonce, n) != FH_ERR_OK))
		return fh_usage_error(&usage, "--nonce takes hex digits, of at most %zu bytes",
				      sizeof(q->nonce));
	return go_on;
}

/* One request; an answer that is no document is told with its status.  */
static int fetch(const struct question *q, const char *url, struct fh_span json, size_t max,
		 struct fh_document_task *t, struct fh_span *out)
{
	const struct fh_fetch request = { .url = url, .body = json, .max = max,
					  .type = json.n > 0 ? "application/json" : nullptr,
					  .accept = "application/json",
					  .ca_file = q->ca_file };
	struct fh_fetched a;
	struct fh_trace why = { 0 };
	char what[64];
	fh_err e = fh_fetch(&request, &t->text, &a, &why);

	if (e != FH_ERR_OK) {
		fh_trace_cure(&why, "look whether the machine serves there");
		return fh_cli_fail_trace(e, url, &why);
	}
	if (a.status != 200) {
		(void)snprintf(what, sizeof(what), "answered with status %ld", a.status);
		return fh_cli_fail(FH_ERR_IO, url, what,
				   a.status == 429 ? "ask again later"
						   : "look whether the machine serves there");
	}
	*out = a.body;
	return go_on;
}

static int fetch_document(const struct question *q, struct fh_document_task *t,
			  struct fh_span *out)
{
	const char *url = t->arguments.operand[0];
	char whole[url_max];
	size_t n = strlen(q->origin);
	bool path = url[n] != '\0' && strcmp(url + n, "/") != 0;

	(void)snprintf(whole, sizeof(whole), "%s%s", q->origin, path ? url + n : DOCUMENT_PATH);
	return fetch(q, whole, (struct fh_span){ 0 }, FH_DOCUMENT_MAX, t, out);
}

/* A credential that opens only in the TPM that the document's certificate endorses, beside
 * the attestation key that it shows.  False if there is no such certificate.  */
static bool make_credential(struct question *q, struct fh_span text, struct fh_arena *arena,
			    struct fh_credential *out)
{
	struct fh_document *d = fh_arena_take(arena, sizeof(*d));
	FH_OWN(fh_secret) secret = { .n = FH_CREDENTIAL_SECRET_MAX };
	struct fh_x509_key ek;
	struct fh_ak_name name;

	if (d == nullptr || fh_document_peek(text, arena, d) != FH_ERR_OK || d->endorsements == 0
	    || fh_x509_public_key(d->endorsement[0], &ek) != FH_ERR_OK
	    || fh_ak_name_of(d->ak, &name) != FH_ERR_OK
	    || fh_random(secret.bytes, secret.n) != FH_ERR_OK
	    || fh_credential_make(&ek, FH_SPAN_ARRAY(name.bytes), &secret, out) != FH_ERR_OK)
		return false;
	q->proof = fh_activation_proof(fh_secret_span(&secret));
	q->activates = true;
	return true;
}

static void put_question(struct fh_builder *b, const struct question *q,
			 const struct fh_credential *c)
{
	fh_builder_text(b, "{\"nonce\":\"");
	fh_builder_hex(b, fh_span_of(q->nonce, q->nonce_n));
	fh_builder_text(b, "\",\"origin\":");
	fh_json_put_string(b, fh_span_str(q->origin));
	if (q->activates) {
		fh_builder_text(b, ",\"object\":\"");
		fh_base64url_put(b, fh_span_of(c->object, c->object_n));
		fh_builder_text(b, "\",\"secret\":\"");
		fh_base64url_put(b, fh_span_of(c->seed, c->seed_n));
		fh_builder_text(b, "\"");
	}
	fh_builder_text(b, "}");
}

/* {"quote": ..., "proof": hex}  */
static void read_answer(const struct question *q, struct fh_span answer,
			struct fh_document_options *o)
{
	static const char *const names[] = { "quote", "proof" };
	struct fh_span v[2] = { 0 }, hex;
	struct fh_hash proof;

	if (fh_json_object(answer, names, 2, v) != FH_ERR_OK || v[0].n == 0)
		v[0] = FH_SPAN_LIT("null"); /* it answered with nothing */
	o->answer = v[0];
	if (!q->activates)
		return;
	bool opened = fh_json_string(v[1], &hex) == FH_ERR_OK
		   && fh_hex_read(hex, proof.bytes, sizeof(proof.bytes)) == FH_ERR_OK
		   && fh_hash_equal(&proof, &q->proof);

	o->activation = opened ? FH_ACTIVATION_OPENED : FH_ACTIVATION_FAILED;
}

/* Asks for a quote, and for a credential to be opened, if --nonce was given.  */
static int ask(struct question *q, struct fh_span document, struct fh_document_task *t)
{
	char whole[url_max], body[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(body);
	struct fh_credential c;
	struct fh_span answer;

	if (q->nonce_n == 0)
		return go_on;
	(void)make_credential(q, document, &t->own, &c);
	put_question(&b, q, &c);
	(void)snprintf(whole, sizeof(whole), "%s" QUOTE_PATH, q->origin);
	int done = fetch(q, whole, fh_builder_span(&b), answer_max, t, &answer);

	if (done != go_on)
		return done;
	read_answer(q, answer, &t->options);
	t->options.nonce = fh_span_of(q->nonce, q->nonce_n);
	t->options.origin = fh_span_str(q->origin);
	return go_on;
}

int fh_verify_machine(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(fh_document_task_drop))) struct fh_document_task t = { 0 };
	struct question q = { .ca_file = cli->config.ca_file };
	char empty[] = "--nonce=";
	struct fh_span document;

	complete_nonce(argc, argv, empty);
	int done = fh_document_task_begin(cli, &usage, argc, argv, &t);

	if (done == go_on && !fh_fetch_url_ok(t.arguments.operand[0]))
		done = fh_usage_error(&usage, "URL begins with http:// or https://");
	if (done == go_on)
		done = read_origin(t.arguments.operand[0], &q);
	if (done == go_on)
		done = read_nonce(&t, &q);
	if (done == go_on)
		done = fetch_document(&q, &t, &document);
	if (done == go_on)
		done = ask(&q, document, &t);
	return done == go_on ? fh_document_task_judge(cli, &t, t.arguments.operand[0], document)
			     : done;
}
