/* SPDX-License-Identifier: Apache-2.0 */
/* How fast quotes of TPMs are judged, beside the checks of the signatures in them,
 * which are the limit:  verdict [SECONDS [PROGRAM]]
 * A verdict is over files as they come: key, message, signature, 24 values and a log
 * of 40 kB.  Seconds are processor time.  With PROGRAM, what the verifier needs of
 * memory for one.  */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "fixture/cert_maker.h"
#include "fixture/quote_maker.h"
#include "measure.h"
#include "verify/quote.h"

constexpr double seconds_default = 1;
constexpr uint32_t all_pcrs = 0xffffff;
constexpr size_t log_size = 40000;
constexpr int rounds = 3;

/* What a verifier is given, and what the parts of it are for the raw checks.  */
struct sample {
	struct quote_maker maker;
	struct cert_made root, link, ek;
	struct fh_x509_roots roots;
	uint8_t message[1024], signature[1024], pcrs[4096], log[log_size + 4096];
	struct fh_quote_given given;
};

static uint8_t memory[1 << 20];

static void must(bool held, const char *what)
{
	if (held)
		return;
	fprintf(stderr, "freehold: bench/verdict: %s\n", what);
	exit(2);
}

/* --- making ---------------------------------------------------------------------- */

static void make_quote(struct sample *s, enum quote_maker_kind kind, enum fh_tpm_scheme scheme)
{
	struct fh_builder message = FH_BUILDER_ARRAY(s->message), pcrs = FH_BUILDER_ARRAY(s->pcrs);
	struct fh_builder signature = FH_BUILDER_ARRAY(s->signature);
	struct fh_builder log = FH_BUILDER_ARRAY(s->log);
	static struct fh_event_replay led;
	struct fh_span values[24];

	quote_maker_new(kind, scheme, FH_BANK_SHA256, QUOTE_MAKER_AK, &s->maker);
	quote_maker_log(log_size, &log);
	must(fh_event_log_replay(fh_builder_span(&log), FH_BANK_SHA256, &led, nullptr) == FH_ERR_OK,
	     "the log is refused");
	for (size_t i = 0; i < 24; i++)
		values[i] = fh_digest_span(&led.bank[0].value[i]);
	struct quote_maker_says says = quote_maker_says(&s->maker, FH_BANK_SHA256, all_pcrs,
							values);

	quote_maker_attest(&s->maker, &says, &message);
	quote_maker_sign(&s->maker, fh_builder_span(&message), /* plain= */ false, &signature);
	quote_maker_pcrs(FH_BANK_SHA256, all_pcrs, values, &pcrs);
	s->given = (struct fh_quote_given){
		.ak = fh_span_of(s->maker.area, s->maker.area_n),
		.message = fh_builder_span(&message),
		.signature = fh_builder_span(&signature),
		.pcrs_given = true,
		.pcrs = fh_builder_span(&pcrs),
		.log_given = true,
		.log = fh_builder_span(&log),
		.nonce_given = true,
		.nonce = FH_SPAN_LIT("nonce"),
		.at_ms = CERT_NOW_MS,
	};
}

static void make_chain(struct sample *s)
{
	struct fh_span both[2];

	s->root = cert_make(&cert_good_root, nullptr);
	s->link = cert_make(&cert_good_link, &s->root);
	s->ek = cert_make(&cert_good_ek, &s->link);
	both[0] = cert_span(&s->root);
	both[1] = cert_span(&s->link);
	must(fh_x509_roots_new(both, 2, &s->roots, nullptr) == FH_ERR_OK, "no roots");
}

static void sample_drop(struct sample *s)
{
	fh_x509_roots_drop(&s->roots);
	cert_made_drop(&s->ek);
	cert_made_drop(&s->link);
	cert_made_drop(&s->root);
	quote_maker_drop(&s->maker);
}

/* --- measuring -------------------------------------------------------------------- */

static struct fh_tpm_verifier raw_key, raw_issuer;

/* A machine that is known: its key is prepared, its chain was appraised.  */
static void judge_known(struct sample *s)
{
	static struct fh_event_replay led;
	static struct fh_quote_replay replay;
	static struct fh_quote_result r;
	struct fh_pcr_values values;
	const struct fh_pcr_selection none = { 0 };

	must(fh_pcr_values_read(s->given.pcrs, &none, &values) == FH_ERR_OK &&
	     fh_event_log_replay(s->given.log, FH_BANK_SHA256, &led, nullptr) == FH_ERR_OK,
	     "values or log are refused");
	const struct fh_quote_claim claim = {
		.ak = &s->maker.ak,
		.key = &raw_key,
		.message = s->given.message,
		.signature = s->given.signature,
		.pcrs = &values,
		.nonce_given = true,
		.nonce = s->given.nonce,
	};

	must(fh_quote_check(&claim, &r) == FH_ERR_OK, "could not tell");
	replay.events = led.events;
	memcpy(replay.value, led.bank[0].value, sizeof(replay.value));
	fh_quote_check_log(&replay, &values, &r);
	must(fh_quote_holds(&r) && r.answer[FH_QUOTE_RESET] == FH_ANSWER_YES,
	     "a good quote is refused");
}

/* All the files of a machine whose chain was appraised.  */
static void judge(struct sample *s)
{
	static struct fh_quote_verdict v;
	struct fh_arena arena = fh_arena_of(memory, sizeof(memory));

	must(fh_quote_verify(&s->given, &arena, &v, nullptr) == FH_ERR_OK &&
	     fh_finding_settle(&v.finding, FH_AUTHENTIC | FH_FRESH, 0) == FH_ANSWER_YES,
	     "a good quote is refused");
}

static void judge_endorsed(struct sample *s)
{
	s->given.ek_given = true;
	s->given.ek = cert_span(&s->ek);
	s->given.roots = &s->roots;
	judge(s);
	s->given.ek_given = false;
}

/* The signature alone, by a key that is prepared.  */
static void check_quote(struct sample *s)
{
	struct fh_tpm_signature signature;

	must(fh_tpm_signature_read(s->given.signature, &s->maker.ak.key, &signature) == FH_ERR_OK &&
	     fh_tpm_verifier_check(&raw_key, (enum fh_tpm_scheme)signature.scheme, FH_BANK_SHA256,
				   s->given.message, fh_span_of(signature.bytes, signature.n))
	     == FH_ERR_OK, "a good signature is refused");
}

/* And those of the two certificates, as if over the same bytes.  */
static uint8_t chain_signature[256];

static void check_chain(struct sample *s)
{
	check_quote(s);
	for (int i = 0; i < 2; i++)
		must(fh_tpm_verifier_check(&raw_issuer, FH_TPM_RSASSA, FH_BANK_SHA256,
					   cert_span(&s->ek), FH_SPAN_ARRAY(chain_signature))
		     == FH_ERR_OK, "a good certificate is refused");
}

static void prepare_raw(struct sample *s)
{
	struct quote_maker issuer;
	struct fh_builder b = FH_BUILDER_ARRAY(chain_signature);

	quote_maker_new(QUOTE_MAKER_RSA, FH_TPM_RSASSA, FH_BANK_SHA256, QUOTE_MAKER_AK, &issuer);
	quote_maker_sign(&issuer, cert_span(&s->ek), /* plain= */ true, &b);
	must(fh_tpm_verifier_new(&s->maker.ak.key, &raw_key) == FH_ERR_OK &&
	     fh_tpm_verifier_new(&issuer.ak.key, &raw_issuer) == FH_ERR_OK, "no keys");
	quote_maker_drop(&issuer);
}

/* How often a second WHAT can be done, on one core: the best of some rounds, since
 * the others were disturbed.  */
static double rate(struct sample *s, void (*what)(struct sample *), double seconds)
{
	double best = 0;

	for (int i = 0; i < rounds; i++) {
		uint64_t begun = bench_thread_ns(), until = begun + (uint64_t)(seconds * 1e9), now;
		size_t n = 0;

		do {
			for (int k = 0; k < 16; k++, n++)
				what(s);
			now = bench_thread_ns();
		} while (now < until);
		double found = (double)n * 1e9 / (double)(now - begun);

		best = found > best ? found : best;
	}
	return best;
}

static void compare(const char *name, double verdicts, double checks)
{
	printf("%-36s %7.0f a second, its signatures alone %7.0f: %.2f times as long\n", name,
	       verdicts, checks, checks / verdicts);
}

/* --- memory ----------------------------------------------------------------------- */

static void write_file(const char *directory, const char *name, struct fh_span s, char path[64])
{
	(void)snprintf(path, 64, "%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, s.p, s.n) == (ssize_t)s.n && close(fd) == 0, "no room");
}

static void measure_memory(const struct sample *s, const char *program)
{
	char directory[] = "/tmp/freehold-bench-XXXXXX", path[5][64];
	const struct fh_quote_given *g = &s->given;
	const char *name[] = { "ak", "message", "signature", "pcrs", "log" };
	const struct fh_span bytes[] = { g->ak, g->message, g->signature, g->pcrs, g->log };
	struct rusage used;
	int status;

	must(mkdtemp(directory) != nullptr, "no directory");
	for (int i = 0; i < 5; i++)
		write_file(directory, name[i], bytes[i], path[i]);
	pid_t child = fork();

	if (child == 0) {
		execl(program, program, "quote", "--quiet", "--ak", path[0], "--message", path[1],
		      "--signature", path[2], "--pcrs", path[3], "--eventlog", path[4], nullptr);
		_exit(127);
	}
	must(child > 0 && wait4(child, &status, 0, &used) == child, "no child");
	for (int i = 0; i < 5; i++)
		(void)unlink(path[i]);
	(void)rmdir(directory);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the verifier refuses a good quote");
	printf("%-36s %7ld kB at most (the whole program)\n", "memory of the verifier",
	       used.ru_maxrss);
}

int main(int argc, char **argv)
{
	static struct sample s;
	static const struct {
		const char *name;
		enum quote_maker_kind kind;
		enum fh_tpm_scheme scheme;
	} kinds[] = {
		{ "P-256", QUOTE_MAKER_P256, FH_TPM_ECDSA },
		{ "RSA-2048", QUOTE_MAKER_RSA, FH_TPM_RSASSA },
	};
	double seconds = argc > 1 ? strtod(argv[1], nullptr) : seconds_default;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char name[64];

		make_quote(&s, kinds[i].kind, kinds[i].scheme);
		make_chain(&s);
		prepare_raw(&s);
		double one = rate(&s, check_quote, seconds);

		(void)snprintf(name, sizeof(name), "verdict, %s, key and chain known",
			       kinds[i].name);
		compare(name, rate(&s, judge_known, seconds), one);
		(void)snprintf(name, sizeof(name), "verdict, %s, chain known", kinds[i].name);
		compare(name, rate(&s, judge, seconds), one);
		(void)snprintf(name, sizeof(name), "verdict, %s, chain checked", kinds[i].name);
		compare(name, rate(&s, judge_endorsed, seconds), rate(&s, check_chain, seconds));
		if (i == 0 && argc > 2)
			measure_memory(&s, argv[2]);
		fh_tpm_verifier_drop(&raw_key);
		fh_tpm_verifier_drop(&raw_issuer);
		sample_drop(&s);
	}
	return 0;
}
