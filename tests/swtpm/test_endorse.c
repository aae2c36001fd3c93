/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/tpm2/endorse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "chip/soft.h"
#include "chip/tpm2/tpm2_private.h"
#include "crypto/credential.h"
#include "simulator.h"

constexpr uint32_t certificate_index = 0x01c0000a;

struct bench {
	struct simulator sim;
	struct faulty line;
	struct fh_trace trace;
	struct fh_chip chip;
	alignas(16) uint8_t room[4096];
	struct fh_endorsement found;
	struct fh_credential credential;
	struct fh_secret secret;
};

static struct bench *bench_of(void **state)
{
	return *state;
}

static void insert(struct bench *b)
{
	struct fh_arena a = fh_arena_of(b->room, sizeof(b->room));

	faulty_open(&b->line, &b->sim);
	assert_int_equal(fh_chip_tpm2_over((TSS2_TCTI_CONTEXT *)&b->line, &a, &b->trace, &b->chip),
			 FH_ERR_OK);
}

static void pull(struct bench *b)
{
	fh_chip_drop(&b->chip);
	faulty_drop(&b->line);
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	simulator_new(&b->sim);
	insert(b);
	assert_int_equal(fh_secret_from(FH_SPAN_LIT("what only this chip can say"), &b->secret),
			 FH_ERR_OK);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	pull(b);
	simulator_drop(&b->sim);
	test_free(b);
	return 0;
}

static void read_endorsement(struct bench *b)
{
	fh_err e = fh_endorsement_read(&b->chip, &b->found);

	if (e != FH_ERR_OK)
		print_message("# %s\n", b->chip.trace.what);
	assert_int_equal(e, FH_ERR_OK);
}

static void make_credential(struct bench *b)
{
	read_endorsement(b);
	assert_int_equal(fh_credential_make(&b->found.ek, FH_SPAN_ARRAY(b->found.ak_name),
					    &b->secret, &b->credential),
			 FH_ERR_OK);
}

static fh_err activate(struct bench *b)
{
	struct fh_secret out = { 0 };
	fh_err e = fh_endorsement_activate(
		&b->chip, fh_span_of(b->credential.object, b->credential.object_n),
		fh_span_of(b->credential.seed, b->credential.seed_n), &out);

	if (e == FH_ERR_OK)
		assert_true(fh_secret_equal(fh_secret_span(&out), fh_secret_span(&b->secret)));
	else
		assert_int_equal(out.n, 0);
	return e;
}

static void assert_tidy(struct bench *b)
{
	pull(b);
	assert_int_equal(simulator_handles(&b->sim), 0);
	insert(b);
}

/* --- certificates, as a maker would put them into the chip ------------- */

static EVP_PKEY *key_of(const struct fh_x509_key *point)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point->bytes,
						  point->n),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = nullptr;

	assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
	assert_int_equal(EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

/* Puts a certificate for KEY, with FILLING zeros behind it, into the TPM.  */
static void certify(struct bench *b, EVP_PKEY *key, size_t filling)
{
	EVP_PKEY *maker = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	uint8_t bytes[2048] = { 0 }, *p = bytes;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, maker, EVP_sha256()) > 0);
	int n = i2d_X509(x, &p);

	assert_true(n > 0 && (size_t)n + filling < sizeof(bytes));
	X509_free(x);
	EVP_PKEY_free(maker);
	EVP_PKEY_free(key);
	pull(b);
	simulator_fill(&b->sim, certificate_index, bytes, (size_t)n + filling);
	insert(b);
}

/* --- statements ------------------------------------------------------- */

static void a_tpm_without_certificate_has_keys_all_the_same(void **state)
{
	struct bench *b = bench_of(state);

	read_endorsement(b);
	assert_int_equal(b->found.certificate_n, 0);
	assert_int_equal(b->found.ek.bytes[0], 0x04);
	assert_true(b->found.ak_n > 64);
	assert_tidy(b);
}

static void makes_the_same_keys_after_every_reset(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_endorsement first;

	read_endorsement(b);
	first = b->found;
	pull(b);
	simulator_off(&b->sim);
	simulator_on(&b->sim);
	insert(b);
	read_endorsement(b);
	assert_memory_equal(&first, &b->found, sizeof(first));
}

static void the_attestation_key_is_restricted_to_this_tpm(void **state)
{
	struct bench *b = bench_of(state);

	read_endorsement(b);
	/* TPMT_PUBLIC: ECC, SHA-256, then the attributes: sign, restricted, noDA,
	 * userWithAuth, sensitiveDataOrigin, fixedParent, fixedTPM, and no more.  */
	const uint8_t expected[] = { 0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04, 0x72 };

	assert_memory_equal(b->found.ak, expected, sizeof(expected));
}

static void takes_its_own_certificate_without_the_filling(void **state)
{
	struct bench *b = bench_of(state);

	read_endorsement(b);
	certify(b, key_of(&b->found.ek), 300);
	read_endorsement(b);
	assert_true(b->found.certificate_n > 100 && b->found.certificate_n < 700);
	assert_tidy(b);
}

static void refuses_a_certificate_for_another_key(void **state)
{
	struct bench *b = bench_of(state);

	certify(b, EVP_EC_gen("P-256"), 0);
	assert_int_equal(fh_endorsement_read(&b->chip, &b->found), FH_ERR_CONFLICT);
	assert_tidy(b);
}

static void refuses_what_is_no_certificate(void **state)
{
	static const uint8_t zeros[40], wrong[40] = { 0x30, 10 };
	struct bench *b = bench_of(state);
	struct bench *other;
	void *second;

	pull(b);
	simulator_fill(&b->sim, certificate_index, zeros, sizeof(zeros));
	insert(b);
	assert_int_equal(fh_endorsement_read(&b->chip, &b->found), FH_ERR_FORMAT);
	assert_int_equal(set_up(&second), 0);
	other = second;
	pull(other);
	simulator_fill(&other->sim, certificate_index, wrong, sizeof(wrong));
	insert(other);
	assert_int_equal(fh_endorsement_read(&other->chip, &other->found), FH_ERR_FORMAT);
	assert_int_equal(tear_down(&second), 0);
}

/* What the makers of machines do, done by another program: swtpm_setup
 * certifies an RSA-2048 EK at 0x01c00002 and none of P-256.  */
static void takes_the_rsa_certificate_of_a_made_chip(void **state)
{
	struct bench *b = bench_of(state);

	pull(b);
	simulator_drop(&b->sim);
	simulator_new_certified(&b->sim);
	insert(b);
	make_credential(b);
	assert_true(b->found.certificate_n > 500);
	assert_int_equal(b->found.ek.kind, FH_X509_RSA2048);
	assert_int_equal(activate(b), FH_ERR_OK);
	b->credential.seed[100] ^= 0x01;
	/* libtpms 0.9.2 says TPM_RC_FAILURE where TPM_RC_VALUE belongs.  */
	fh_err e = activate(b);
	assert_true(e == FH_ERR_SIGNATURE || e == FH_ERR_TPM);
	b->credential.seed[100] ^= 0x01;
	b->credential.object[40] ^= 0x01;
	assert_int_equal(activate(b), FH_ERR_SIGNATURE);
	assert_tidy(b);
}

static void opens_a_credential_made_for_it(void **state)
{
	struct bench *b = bench_of(state);

	for (int i = 0; i < 4; i++) {
		make_credential(b);
		assert_int_equal(activate(b), FH_ERR_OK);
	}
	assert_tidy(b);
}

static void refuses_a_credential_altered_anywhere(void **state)
{
	struct bench *b = bench_of(state);

	make_credential(b);
	for (size_t i = 0; i < b->credential.object_n; i += 3) {
		b->credential.object[i] ^= 0x01;
		assert_int_equal(activate(b), FH_ERR_SIGNATURE);
		b->credential.object[i] ^= 0x01;
	}
	for (size_t i = 0; i < b->credential.seed_n; i += 7) {
		b->credential.seed[i] ^= 0x01;
		assert_int_equal(activate(b), FH_ERR_SIGNATURE);
		b->credential.seed[i] ^= 0x01;
	}
	assert_int_equal(activate(b), FH_ERR_OK);
	assert_tidy(b);
}

static void refuses_a_credential_for_another_key_or_chip(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_endorsement wrong;
	void *second;

	assert_int_equal(set_up(&second), 0);
	read_endorsement(second);
	make_credential(b);
	wrong = b->found;
	wrong.ak_name[33] ^= 0x01;
	assert_int_equal(fh_credential_make(&wrong.ek, FH_SPAN_ARRAY(wrong.ak_name), &b->secret,
					    &b->credential),
			 FH_ERR_OK);
	assert_int_equal(activate(b), FH_ERR_SIGNATURE);
	assert_int_equal(fh_credential_make(&bench_of(&second)->found.ek,
					    FH_SPAN_ARRAY(b->found.ak_name), &b->secret,
					    &b->credential),
			 FH_ERR_OK);
	assert_int_equal(activate(b), FH_ERR_SIGNATURE);
	assert_tidy(b);
	assert_int_equal(tear_down(&second), 0);
}

static void refuses_parts_of_another_size(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_secret out = { 0 };
	uint8_t large[255] = { 0 };

	make_credential(b);
	struct fh_span seed = fh_span_of(b->credential.seed, b->credential.seed_n);

	assert_int_equal(fh_endorsement_activate(&b->chip, FH_SPAN_ARRAY(large), seed, &out),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_endorsement_activate(&b->chip, FH_SPAN_ARRAY(b->credential.object),
						 FH_SPAN_ARRAY(large), &out),
			 FH_ERR_FORMAT);
}

static void no_credential_for_a_point_off_the_curve(void **state)
{
	struct bench *b = bench_of(state);

	read_endorsement(b);
	b->found.ek.bytes[40] ^= 0x01;
	assert_int_equal(fh_credential_make(&b->found.ek, FH_SPAN_ARRAY(b->found.ak_name),
					    &b->secret, &b->credential),
			 FH_ERR_FORMAT);
}

static void a_chip_without_endorsement_says_so(void **state)
{
	static const uint8_t boot[32];
	char path[] = "/tmp/freehold-test-endorse-XXXXXX";
	alignas(16) uint8_t room[1024];
	struct fh_arena a = fh_arena_of(room, sizeof(room));
	struct fh_endorsement found;
	struct fh_chip soft = { 0 };
	int file = mkstemp(path);

	(void)state;
	unlink(path);
	assert_int_equal(fh_chip_soft_open(file, boot, &a, nullptr, &soft), FH_ERR_OK);
	assert_int_equal(fh_endorsement_read(&soft, &found), FH_ERR_UNSUPPORTED);
	fh_chip_drop(&soft);
	close(file);
}

static bool run_with_fault(struct bench *b, enum fault fault, bool activating, unsigned k)
{
	struct fh_endorsement found;

	make_credential(b);
	b->line.fault = fault;
	b->line.left = k;
	fh_err e = activating ? activate(b) : fh_endorsement_read(&b->chip, &found);
	bool met = b->line.met;

	assert_true(met || e == FH_ERR_OK);
	assert_true(e == FH_ERR_OK || e == FH_ERR_GONE || e == FH_ERR_TPM);
	assert_tidy(b);
	return met;
}

static void survives_every_fault(void **state)
{
	static const enum fault faults[] = { FAULT_LOST, FAULT_REFUSED };
	struct bench *b = bench_of(state);

	for (size_t i = 0; i < 4; i++) {
		unsigned k = 0;

		while (run_with_fault(b, faults[i % 2], /* activating: */ i >= 2, k))
			k++;
		assert_true(k >= 5);
	}
}

#define ON_A_FRESH_TPM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_FRESH_TPM(a_tpm_without_certificate_has_keys_all_the_same),
		ON_A_FRESH_TPM(makes_the_same_keys_after_every_reset),
		ON_A_FRESH_TPM(the_attestation_key_is_restricted_to_this_tpm),
		ON_A_FRESH_TPM(takes_its_own_certificate_without_the_filling),
		ON_A_FRESH_TPM(refuses_a_certificate_for_another_key),
		ON_A_FRESH_TPM(refuses_what_is_no_certificate),
		ON_A_FRESH_TPM(takes_the_rsa_certificate_of_a_made_chip),
		ON_A_FRESH_TPM(opens_a_credential_made_for_it),
		ON_A_FRESH_TPM(refuses_a_credential_altered_anywhere),
		ON_A_FRESH_TPM(refuses_a_credential_for_another_key_or_chip),
		ON_A_FRESH_TPM(refuses_parts_of_another_size),
		ON_A_FRESH_TPM(no_credential_for_a_point_off_the_curve),
		cmocka_unit_test(a_chip_without_endorsement_says_so),
		ON_A_FRESH_TPM(survives_every_fault),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
