/* SPDX-License-Identifier: Apache-2.0 */
/* sign-kind KEY STATE CHAIN SEQUENCE HEAD KIND OUT [BODY]: the statement behind
 * HEAD, of whatever KIND, with the body in the file BODY or an empty one, rightly
 * signed by the operator key KEY, which the product itself does not sign.  The
 * passphrase comes on standard input.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "chain/statement.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"
#include "vault/operator_key.h"

static void require(fh_err e, const char *what)
{
	if (e == FH_ERR_OK)
		return;
	fprintf(stderr, "freehold: sign-kind: %s: %s; see what the test gave it\n", what,
		fh_err_text(e));
	exit(2);
}

static struct fh_operator_key open_key(const char *path, const char *state, struct fh_arena *a)
{
	char passphrase[256] = "";
	struct fh_operator_key key;
	struct fh_trace t = { 0 };
	struct fh_span file;

	if (fgets(passphrase, sizeof(passphrase), stdin) == nullptr)
		exit(2);
	passphrase[strcspn(passphrase, "\n")] = '\0';
	require(fh_operator_key_read(path, state, a, &file, &t), "key file");
	require(fh_operator_key_open(file, fh_span_str(passphrase), &key, &t), "key");
	return key;
}

int main(int argc, char **argv)
{
	FH_OWN(fh_arena) a = { 0 };
	uint8_t bytes[4096], file[12288];
	struct fh_builder payload = FH_BUILDER_ARRAY(bytes), envelope = FH_BUILDER_ARRAY(file);
	struct fh_cose_signature signature;

	if (argc != 8 && argc != 9)
		return 64;
	require(fh_arena_map(1 << 20, &a), "memory");
	FH_OWN(fh_operator_key) key = open_key(argv[1], argv[2], &a);
	struct fh_statement s = { .sequence = strtoull(argv[4], nullptr, 10),
				  .kind_text = fh_span_str(argv[6]),
				  .body = FH_SPAN_LIT("\xa0"),
				  .issued_ms = fh_clock_real_ms() };

	if (argc == 9)
		require(fh_file_read(argv[8], sizeof(bytes) / 2, &a, &s.body), argv[8]);
	require(fh_hex_read(fh_span_str(argv[3]), s.chain_id.bytes, FH_HASH_SIZE), "chain id");
	require(fh_hex_read(fh_span_str(argv[5]), s.previous.bytes, FH_HASH_SIZE), "head");
	fh_statement_put(&payload, &s);
	require(fh_operator_key_sign(&key, fh_builder_span(&payload), &a, &signature), "signature");
	fh_envelope_put(&envelope, fh_builder_span(&payload), &signature, 1);
	require(envelope.bad ? FH_ERR_LIMIT : FH_ERR_OK, "statement");
	require(fh_file_write_new(argv[7], fh_builder_span(&envelope), 0644), argv[7]);
	return 0;
}
