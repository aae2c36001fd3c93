/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/extend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "evidence/measured.h"

/* A TPM that has answered before it is asked: the answer waits in a socket, and the
 * command is read afterwards.  */
struct tpm {
	int ours, its;
	uint8_t command[512];
	size_t command_n;
	struct fh_trace trace;
};

static void tpm_answer(struct tpm *t, struct fh_span answer)
{
	int pair[2];

	*t = (struct tpm){ 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	t->ours = pair[0];
	t->its = pair[1];
	if (answer.n > 0)
		assert_int_equal(write(t->its, answer.p, answer.n), (ssize_t)answer.n);
	assert_int_equal(shutdown(t->its, SHUT_WR), 0);
}

static void tpm_end(struct tpm *t)
{
	ssize_t n = recv(t->its, t->command, sizeof(t->command), MSG_DONTWAIT);

	t->command_n = n > 0 ? (size_t)n : 0;
	close(t->ours);
	close(t->its);
}

/* Three banks: SHA-1 without PCRs, SHA-256 and SHA-384 with all of them.  */
#define BANKS "\x80\x01\0\0\0\x25\0\0\0\0" "\0" "\0\0\0\5" "\0\0\0\3" \
	      "\0\4\3\0\0\0" "\0\xb\3\xff\xff\xff" "\0\xc\3\xff\xff\xff"
#define HEAD "\x80\x01\0\0\0\x13\0\0\0\0" "\0" /* of a shorter one */
#define DONE "\x80\x02\0\0\0\x13\0\0\0\0" "\0\0\0\0" "\0\0\1\0\0"

static fh_err banks(struct tpm *t, struct fh_span answer, bool active[static FH_BANKS_PLAIN])
{
	fh_err e;

	tpm_answer(t, answer);
	e = fh_extend_banks(t->ours, 14, active, &t->trace);
	tpm_end(t);
	return e;
}

static fh_err extend(struct tpm *t, struct fh_span answer)
{
	const bool active[FH_BANKS_PLAIN] = { false, true, false, false };
	struct fh_digest digest[FH_BANKS_PLAIN];
	fh_err e;

	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		digest[i] = fh_bank_digest(fh_banks[i], FH_SPAN_LIT("abc"));
	tpm_answer(t, answer);
	e = fh_extend(t->ours, 14, active, digest, &t->trace);
	tpm_end(t);
	return e;
}

static void finds_the_banks_that_have_the_pcr(void **state)
{
	(void)state;
	const struct fh_span command = FH_SPAN_LIT("\x80\x01\0\0\0\x16\0\0\1\x7a\0\0\0\5\0\0\0\0"
						   "\0\0\0\1");
	bool active[FH_BANKS_PLAIN] = { true, false, false, true };
	struct tpm t;

	assert_int_equal(banks(&t, FH_SPAN_LIT(BANKS), active), FH_ERR_OK);
	assert_false(active[0]);
	assert_true(active[1]);
	assert_true(active[2]);
	assert_false(active[3]);
	assert_true(fh_span_equal(fh_span_of(t.command, t.command_n), command));
}

static void extends_the_active_banks_only(void **state)
{
	(void)state;
	const struct fh_span head = FH_SPAN_LIT("\x80\x02\0\0\0\x41\0\0\1\x82\0\0\0\xe\0\0\0\x9"
						"\x40\0\0\x9\0\0\0\0\0\0\0\0\1\0\xb");
	struct fh_digest d = fh_bank_digest(FH_BANK_SHA256, FH_SPAN_LIT("abc"));
	struct tpm t;
	struct fh_span command;

	assert_int_equal(extend(&t, FH_SPAN_LIT(DONE)), FH_ERR_OK);
	command = fh_span_of(t.command, t.command_n);
	assert_int_equal(command.n, 0x41);
	assert_true(fh_span_starts(command, head));
	assert_true(fh_span_equal(fh_span_skip(command, head.n), fh_digest_span(&d)));
}

static void says_what_the_tpm_refuses(void **state)
{
	(void)state;
	struct tpm t;

	assert_int_equal(extend(&t, FH_SPAN_LIT("\x80\1\0\0\0\xa\0\0\1\1")), FH_ERR_TPM);
	assert_non_null(strstr(t.trace.what, "0x101"));
}

static void refuses_every_truncated_answer(void **state)
{
	(void)state;
	const struct fh_span whole = FH_SPAN_LIT(BANKS), done = FH_SPAN_LIT(DONE);
	bool active[FH_BANKS_PLAIN] = { true, false, false, true };
	struct tpm t;

	for (size_t n = 0; n < whole.n; n++) {
		assert_int_not_equal(banks(&t, fh_span_first(whole, n), active), FH_ERR_OK);
		assert_true(active[0] && active[3]); /* untouched */
	}
	for (size_t n = 0; n < done.n; n++)
		assert_int_not_equal(extend(&t, fh_span_first(done, n)), FH_ERR_OK);
}

static void refuses_answers_that_do_not_fit(void **state)
{
	(void)state;
	bool active[FH_BANKS_PLAIN];
	struct tpm t;

	/* a size below its head; above any answer; another capability; too many banks */
	assert_int_not_equal(extend(&t, FH_SPAN_LIT("\x80\1\0\0\0\x9\0\0\0\0")), FH_ERR_OK);
	assert_int_not_equal(extend(&t, FH_SPAN_LIT("\x80\1\xff\0\0\0\0\0\0\0")), FH_ERR_OK);
	assert_int_not_equal(banks(&t, FH_SPAN_LIT(HEAD "\0\0\0\6\0\0\0\0"), active), FH_ERR_OK);
	assert_int_not_equal(banks(&t, FH_SPAN_LIT(HEAD "\0\0\0\5\xff\0\0\0"), active),
			     FH_ERR_OK);
	/* no bank that is known */
	assert_int_equal(banks(&t, FH_SPAN_LIT(HEAD "\0\0\0\5\0\0\0\0"), active),
			 FH_ERR_UNSUPPORTED);
}

static void logs_as_systemd_does(void **state)
{
	(void)state;
	const bool active[FH_BANKS_PLAIN] = { true, false, false, false };
	uint8_t room[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_digest digest[FH_BANKS_PLAIN];

	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		digest[i] = fh_bank_digest(fh_banks[i], FH_SPAN_LIT("abc"));
	fh_measured_put(&b, FH_SPAN_LIT("/usr/bin/\"x\""), active, digest,
			FH_SPAN_LIT("0123456789abcdef0123456789abcdef"), 1500000);
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT(
		"\x1e{\"pcr\":14,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":"
		"\"a9993e364706816aba3e25717850c26c9cd0d89d\"}],\"content_type\":\"systemd\","
		"\"content\":{\"string\":\"freehold:/usr/bin/\\\"x\\\"\","
		"\"bootId\":\"0123456789abcdef0123456789abcdef\",\"timestamp\":1500000}}\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_banks_that_have_the_pcr),
		cmocka_unit_test(extends_the_active_banks_only),
		cmocka_unit_test(says_what_the_tpm_refuses),
		cmocka_unit_test(refuses_every_truncated_answer),
		cmocka_unit_test(refuses_answers_that_do_not_fit),
		cmocka_unit_test(logs_as_systemd_does),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
