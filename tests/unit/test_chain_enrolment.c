/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_fixture.h"

#include "chain/authorisations.h"
#include "chain/request.h"
#include "chain/sealed.h"

static const char golden_name[] =
	"000b983f3f66072aaebef7a8e0a4aba030974dcf97b48d971dad61bde144aed46323";
static const char golden_authorisations[] =
	"84781e66726565686f6c64206368697020617574686f7269736174696f6e73203158200c"
	"0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c58200d0d0d"
	"0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d43626f78";
static const char golden_sealed[] = "ccf037f1f1f1431ae1c6d6eca34daf64a66214";

/* A device key, and what its machine says of its TPM.  */
struct machine {
	struct fh_signer signer;
	struct fh_public_key key;
	struct fh_hash chain_id;
	const char *grade;
	struct fh_span ek, ak, certificate, authorisations;
};

static const uint8_t p256_ek[65] = { 0x04, 1, 2, 3 };
static const uint8_t rsa_ek[256] = { 0xc0, 1, 2, 3 };

/* The AK of docs/spec/ENROLMENT's golden bytes.  */
static struct fh_span golden_ak(struct fixture *f)
{
	static const uint8_t head[] = {
		0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04, 0x72, 0x00, 0x00,
		0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10,
	};
	struct fh_builder b = fixture_builder(f, 88);

	fh_builder_bytes(&b, FH_SPAN_ARRAY(head));
	for (uint8_t v = 0x11; v <= 0x22; v += 0x11) {
		fh_builder_be16(&b, 32);
		memset(fh_builder_space(&b, 32), v, 32);
	}
	return fh_builder_span(&b);
}

static struct machine machine_new(struct fixture *f)
{
	struct fh_secret seed = { .n = 32 };
	struct machine m = { .grade = "simulated", .ek = FH_SPAN_ARRAY(p256_ek) };

	m.ak = golden_ak(f);
	memset(m.chain_id.bytes, 0x0c, FH_HASH_SIZE);
	memset(seed.bytes, 0x77, seed.n);
	assert_int_equal(fh_signer_new(&seed, &m.signer), FH_ERR_OK);
	assert_int_equal(fh_signer_public(&m.signer, &m.key), FH_ERR_OK);
	return m;
}

/* A COSE_Sign1 of TO_SIGN by M.  */
static struct fh_span sign(struct fixture *f, const struct machine *m, struct fh_span to_sign)
{
	struct fh_builder b = fixture_builder(f, 4096);
	struct fh_signature signature;

	assert_int_equal(fh_signer_sign(&m->signer, to_sign, &signature), FH_ERR_OK);

	struct fh_cose_signature c = { fh_key_id(FH_SPAN_ARRAY(m->key.bytes)),
				       FH_SPAN_ARRAY(signature.bytes) };

	fh_cose_put_sign1(&b, &c);
	return fh_builder_span(&b);
}

static struct fh_span body_of(struct fixture *f, const struct machine *m)
{
	uint8_t said[64], bytes[64 + FH_COSE_SIGNED_OVERHEAD];
	struct fh_builder s = FH_BUILDER_ARRAY(said), to_sign = FH_BUILDER_ARRAY(bytes);
	struct fh_builder b = fixture_builder(f, 16384);
	struct fh_device_body d = { .key = FH_SPAN_ARRAY(m->key.bytes), .name = FH_SPAN_LIT("box"),
				    .grade = fh_span_str(m->grade), .ak = m->ak,
				    .ek_certificate = m->certificate };

	fh_device_possession_put(&s, &m->chain_id, d.key);
	fh_cose_put_signed1(&to_sign, FH_SPAN_LIT(FH_DEVICE_POSSESSION_AAD), fh_builder_span(&s));
	d.possession = sign(f, m, fh_builder_span(&to_sign));
	fh_device_put(&b, &d);
	return fh_builder_span(&b);
}

static struct fh_span request_of(struct fixture *f, const struct machine *m)
{
	uint8_t bytes[FH_REQUEST_TO_SIGN];
	struct fh_builder to_sign = FH_BUILDER_ARRAY(bytes);
	struct fh_builder b = fixture_builder(f, FH_REQUEST_MAX);

	const struct fh_request r = { .chain_id = m->chain_id, .body = body_of(f, m),
				      .authorisations = m->authorisations };

	fh_request_put(&b, &r, m->ek);
	fh_request_put_signed(&to_sign, fh_builder_span(&b));
	fh_builder_bytes(&b, sign(f, m, fh_builder_span(&to_sign)));
	return fh_builder_span(&b);
}

static fh_err read_request(struct fh_span file)
{
	struct fh_trace t = { 0 };
	struct fh_request r;
	fh_err e = fh_request_read(file, &r, &t);

	if (e != FH_ERR_OK)
		assert_string_not_equal(t.what, "");
	return e;
}

static void reads_the_request_it_wrote(void **state)
{
	struct fixture *f = *state;
	struct machine m = machine_new(f);
	struct fh_request r;

	assert_int_equal(fh_request_read(request_of(f, &m), &r, nullptr), FH_ERR_OK);
	assert_true(r.tpm && r.ek.kind == FH_X509_P256);
	assert_true(fh_hash_equal(&r.chain_id, &m.chain_id));
	assert_true(fh_span_equal(r.device.ak, m.ak));
	m.ek = FH_SPAN_ARRAY(rsa_ek);
	assert_int_equal(fh_request_read(request_of(f, &m), &r, nullptr), FH_ERR_OK);
	assert_int_equal(r.ek.kind, FH_X509_RSA2048);
	m.ek = m.ak = (struct fh_span){ 0 };
	m.grade = "none";
	assert_int_equal(fh_request_read(request_of(f, &m), &r, nullptr), FH_ERR_OK);
	assert_false(r.tpm);
	fh_signer_drop(&m.signer);
}

static void refuses_every_truncated_request(void **state)
{
	struct fixture *f = *state;
	struct machine m = machine_new(f);
	struct fh_span file = request_of(f, &m);

	for (size_t n = 0; n < file.n; n++)
		assert_int_not_equal(read_request(fh_span_first(file, n)), FH_ERR_OK);
	fh_signer_drop(&m.signer);
}

/* Each byte of what is not a key or a signature, and some of those.  */
static void refuses_an_altered_request(void **state)
{
	struct fixture *f = *state;
	struct machine m = machine_new(f);
	struct fh_span file = request_of(f, &m), copy;

	assert_int_equal(fh_arena_copy(&f->memory, file, &copy), FH_ERR_OK);
	for (size_t i = 0; i < file.n; i += i < 200 ? 1 : 41) {
		((uint8_t *)copy.p)[i] ^= 0x01;
		assert_int_not_equal(read_request(copy), FH_ERR_OK);
		((uint8_t *)copy.p)[i] ^= 0x01;
	}
	assert_int_equal(read_request(copy), FH_ERR_OK);
	fh_signer_drop(&m.signer);
}

static void a_newer_request_is_named(void **state)
{
	struct fixture *f = *state;
	struct machine m = machine_new(f);
	struct fh_span file = request_of(f, &m);

	/* Array head, text head, then 24 bytes of text of which the last is the
	 * version.  */
	uint8_t *version = (uint8_t *)file.p + 3 + sizeof("freehold device request ") - 1;

	assert_int_equal(*version, '5');
	*version = '6';
	assert_int_equal(read_request(file), FH_ERR_VERSION);
	fh_signer_drop(&m.signer);
}

static void refuses_a_tpm_that_does_not_fit_the_grade(void **state)
{
	struct fixture *f = *state;
	struct machine m = machine_new(f);

	m.grade = "none";
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.ek = (struct fh_span){ 0 };
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.grade = "tpm-sealed";
	m.ak = (struct fh_span){ 0 };
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.ek = FH_SPAN_ARRAY(p256_ek);
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.ak = golden_ak(f);
	m.ek = fh_span_first(m.ek, 64);
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.ek = FH_SPAN_ARRAY(p256_ek);
	m.certificate = FH_SPAN_LIT("no certificate");
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	fh_signer_drop(&m.signer);
}

static struct fh_span authorisations(struct fixture *f, const struct fh_hash *chain_id,
				     const struct fh_hash *device)
{
	struct fh_builder b = fixture_builder(f, FH_AUTHORISATIONS_MAX);
	const struct fh_authorisations a = { *chain_id, *device, FH_SPAN_LIT("box") };

	fh_authorisations_put(&b, &a);
	return fh_builder_span(&b);
}

static void a_tpm_s_authorisations_are_this_machine_s(void **state)
{
	struct fixture *f = *state;
	struct machine m = machine_new(f);
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(m.key.bytes)), other = { { 1 } };
	struct fh_authorisations a;
	struct fh_request r;

	m.authorisations = authorisations(f, &m.chain_id, &id);
	assert_int_equal(fh_request_read(request_of(f, &m), &r, nullptr), FH_ERR_OK);
	assert_int_equal(fh_authorisations_read(r.authorisations, &a), FH_ERR_OK);
	assert_true(fh_span_equal(a.box, FH_SPAN_LIT("box")));
	m.authorisations = authorisations(f, &other, &id);
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.authorisations = authorisations(f, &m.chain_id, &other);
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.authorisations = FH_SPAN_LIT("anything");
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	m.authorisations = authorisations(f, &m.chain_id, &id);
	m.grade = "none";
	m.ek = m.ak = (struct fh_span){ 0 };
	assert_int_equal(read_request(request_of(f, &m)), FH_ERR_FORMAT);
	fh_signer_drop(&m.signer);
}

static void authorisations_are_as_documented(void **state)
{
	uint8_t text[2 * FH_AUTHORISATIONS_MAX + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_hash chain = { 0 }, device = { 0 };
	struct fh_span file;
	struct fh_authorisations a;

	memset(chain.bytes, 0x0c, sizeof(chain.bytes));
	memset(device.bytes, 0x0d, sizeof(device.bytes));
	file = authorisations(*state, &chain, &device);
	fh_builder_hex(&b, file);
	assert_string_equal((char *)text, golden_authorisations);
	for (size_t n = 0; n < file.n; n++)
		assert_int_not_equal(fh_authorisations_read(fh_span_first(file, n), &a), FH_ERR_OK);
	((uint8_t *)file.p)[2 + sizeof("freehold chip authorisations ")] = '2';
	assert_int_equal(fh_authorisations_read(file, &a), FH_ERR_VERSION);
}

static void refuses_a_request_signed_by_another(void **state)
{
	struct fixture *f = *state;
	struct machine m = machine_new(f), other = machine_new(f);
	struct fh_secret seed = { .n = 32 };
	uint8_t bytes[FH_REQUEST_TO_SIGN];
	struct fh_builder to_sign = FH_BUILDER_ARRAY(bytes);
	struct fh_builder b = fixture_builder(f, FH_REQUEST_MAX);

	fh_signer_drop(&other.signer);
	assert_int_equal(fh_signer_new(&seed, &other.signer), FH_ERR_OK);
	assert_int_equal(fh_signer_public(&other.signer, &other.key), FH_ERR_OK);
	const struct fh_request r = { .chain_id = m.chain_id, .body = body_of(f, &m) };

	fh_request_put(&b, &r, m.ek);
	fh_request_put_signed(&to_sign, fh_builder_span(&b));
	fh_builder_bytes(&b, sign(f, &other, fh_builder_span(&to_sign)));
	assert_int_equal(read_request(fh_builder_span(&b)), FH_ERR_SIGNATURE);
	fh_signer_drop(&m.signer);
	fh_signer_drop(&other.signer);
}

static void only_a_key_bound_to_its_tpm_has_a_name(void **state)
{
	struct fixture *f = *state;
	struct fh_span ak = golden_ak(f);
	struct fh_ak_name name;
	uint8_t text[2 * FH_AK_NAME + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(text);

	assert_int_equal(fh_ak_name_of(ak, &name), FH_ERR_OK);
	fh_builder_hex(&b, FH_SPAN_ARRAY(name.bytes));
	assert_string_equal((char *)text, golden_name);
	for (size_t bit = 0; bit < 8 * 20; bit++) {
		((uint8_t *)ak.p)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(fh_ak_name_of(ak, &name), FH_ERR_FORMAT);
		((uint8_t *)ak.p)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < ak.n; n++)
		assert_int_equal(fh_ak_name_of(fh_span_first(ak, n), &name), FH_ERR_FORMAT);
}

/* --- the answer ------------------------------------------------------- */

static struct fh_secret secret_of(uint8_t v, size_t n)
{
	struct fh_secret s = { .n = n };

	memset(s.bytes, v, n);
	return s;
}

static struct fh_span answer_of(struct fixture *f, struct fh_span list)
{
	struct fh_builder b = fixture_builder(f, list.n + FH_SEALED_OVERHEAD);
	struct fh_secret secret = secret_of(0x03, 32);
	struct fh_sealed_answer a;
	uint8_t object[68], seed[68];

	memset(a.chain_id.bytes, 0x0c, FH_HASH_SIZE);
	memset(a.device.bytes, 0x0d, FH_HASH_SIZE);
	memset(object, 0x01, sizeof(object));
	memset(seed, 0x02, sizeof(seed));
	a.object = FH_SPAN_ARRAY(object);
	a.seed = FH_SPAN_ARRAY(seed);
	assert_int_equal(fh_sealed_answer_put(&b, &a, &secret, list), FH_ERR_OK);
	return fh_builder_span(&b);
}

/* Reads and opens FILE into the arena.  */
static fh_err open_answer(struct fixture *f, struct fh_span file, struct fh_secret secret,
			  struct fh_span *list)
{
	struct fh_builder b = fixture_builder(f, file.n);
	struct fh_sealed_answer a;
	struct fh_trace t = { 0 };
	fh_err e = fh_sealed_answer_read(file, &a, &t);

	if (e == FH_ERR_OK)
		e = fh_sealed_answer_open(&a, &secret, &b);
	else
		assert_string_not_equal(t.what, "");
	return e != FH_ERR_OK ? e : fh_builder_end(&b, list);
}

static void seals_the_golden_bytes(void **state)
{
	struct fixture *f = *state;
	struct fh_span file = answer_of(f, FH_SPAN_LIT("\x81\x41\xff")), list;
	struct fh_sealed_answer a;
	uint8_t text[64] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(text);

	assert_true(fh_sealed_answer_is(file));
	assert_int_equal(fh_sealed_answer_read(file, &a, nullptr), FH_ERR_OK);
	fh_builder_hex(&b, a.sealed);
	assert_string_equal((char *)text, golden_sealed);
	assert_int_equal(open_answer(f, file, secret_of(0x03, 32), &list), FH_ERR_OK);
	assert_true(fh_span_equal(list, FH_SPAN_LIT("\x81\x41\xff")));
}

static void refuses_every_altered_or_truncated_answer(void **state)
{
	struct fixture *f = *state;
	struct fh_span file = answer_of(f, FH_SPAN_LIT("\x81\x41\xff")), list;

	for (size_t n = 0; n < file.n; n++)
		assert_int_not_equal(open_answer(f, fh_span_first(file, n), secret_of(0x03, 32),
						 &list), FH_ERR_OK);
	for (size_t bit = 0; bit < 8 * file.n; bit++) {
		((uint8_t *)file.p)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(open_answer(f, file, secret_of(0x03, 32), &list), FH_ERR_OK);
		((uint8_t *)file.p)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(open_answer(f, file, secret_of(0x04, 32), &list), FH_ERR_SIGNATURE);
	assert_int_equal(open_answer(f, file, secret_of(0x03, 31), &list), FH_ERR_FORMAT);
	assert_int_equal(open_answer(f, file, secret_of(0x03, 32), &list), FH_ERR_OK);
}

static void a_newer_answer_is_named(void **state)
{
	struct fh_sealed_answer a;
	struct fh_span newer = FH_SPAN_LIT("\x82\x78\x18" "freehold device answer 2" "\x01");

	(void)state;
	assert_true(fh_sealed_answer_is(newer));
	assert_int_equal(fh_sealed_answer_read(newer, &a, nullptr), FH_ERR_VERSION);
	assert_false(fh_sealed_answer_is(FH_SPAN_LIT("\x82\x40\xd8\x62")));
}

static struct fh_span list_of(struct fixture *f, const struct fh_span *file, size_t n)
{
	struct fh_builder b = fixture_builder(f, 65536);

	fh_statement_list_put(&b, n);
	for (size_t i = 0; i < n; i++)
		fh_cbor_put_bytes(&b, file[i]);
	return fh_builder_span(&b);
}

static void a_list_holds_statements_of_one_chain_in_order(void **state)
{
	struct fixture *f = *state;
	struct fh_span file[2], got[2];
	struct fh_hash other = { 0 };
	size_t n;

	assert_int_equal(fh_chain_accept(&f->chain, fixture_genesis(f, 1, 1, 1), &f->scratch,
					 nullptr), FH_ERR_OK);
	file[0] = fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1);
	assert_int_equal(fh_chain_accept(&f->chain, file[0], &f->scratch, nullptr), FH_ERR_OK);
	file[1] = fixture_next(f, "actor", fixture_actor(f, "b", 2, nullptr), 1);

	struct fh_span list = list_of(f, file, 2);

	assert_int_equal(fh_statement_list_read(list, &f->chain.id, got, 2, &n), FH_ERR_OK);
	assert_int_equal(n, 2);
	assert_true(fh_span_equal(got[1], file[1]));
	assert_int_equal(fh_statement_list_read(list, &f->chain.id, got, 1, &n), FH_ERR_LIMIT);
	assert_int_equal(fh_statement_list_read(list, &other, got, 2, &n), FH_ERR_FORMAT);
	for (size_t cut = 0; cut < list.n; cut++)
		assert_int_not_equal(fh_statement_list_read(fh_span_first(list, cut), &f->chain.id,
							    got, 2, &n), FH_ERR_OK);
	assert_int_equal(fh_statement_list_read(FH_SPAN_LIT("\x80"), &f->chain.id, got, 2, &n),
			 FH_ERR_FORMAT);
	file[0] = file[1];
	assert_int_equal(fh_statement_list_read(list_of(f, file, 2), &f->chain.id, got, 2, &n),
			 FH_ERR_FORMAT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_the_request_it_wrote),
		TEST(refuses_every_truncated_request),
		TEST(refuses_an_altered_request),
		TEST(a_newer_request_is_named),
		TEST(refuses_a_tpm_that_does_not_fit_the_grade),
		TEST(a_tpm_s_authorisations_are_this_machine_s),
		TEST(authorisations_are_as_documented),
		TEST(refuses_a_request_signed_by_another),
		TEST(only_a_key_bound_to_its_tpm_has_a_name),
		TEST(seals_the_golden_bytes),
		TEST(refuses_every_altered_or_truncated_answer),
		TEST(a_newer_answer_is_named),
		TEST(a_list_holds_statements_of_one_chain_in_order),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
