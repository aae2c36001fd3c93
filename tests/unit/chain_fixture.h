/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_CHAIN_FIXTURE_H
#define FH_TESTS_CHAIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chain/chain.h"
#include "os/memory.h"
#include "vault/operator_key.h"

/* Operator keys of fixed seeds, and statements signed by them.  */

constexpr size_t fixture_keys = 4;
constexpr size_t fixture_memory = 32 << 20;

struct fixture {
	struct fh_arena live, spare, scratch, memory; /* memory: what the test builds */
	struct fh_operator_key key[fixture_keys];     /* rising key ids */
	struct fh_chain chain;
	struct fh_hash nonce;
};

static inline void fixture_order(struct fixture *f)
{
	for (size_t i = 1; i < fixture_keys; i++) {
		for (size_t k = i; k > 0 && fh_span_compare(fh_hash_span(&f->key[k].public.id),
				fh_hash_span(&f->key[k - 1].public.id)) < 0; k--) {
			struct fh_operator_key swap = f->key[k];

			f->key[k] = f->key[k - 1];
			f->key[k - 1] = swap;
		}
	}
}

static inline fh_err fixture_policy(const struct fh_policy_body *p, struct fh_arena *scratch,
				    struct fh_trace *t)
{
	(void)scratch;
	if (!fh_span_equal(p->cedar, FH_SPAN_LIT("when")))
		return FH_ERR_OK;
	fh_trace_what(t, "`when` is not evaluated yet");
	return FH_ERR_UNSUPPORTED;
}

static inline void fixture_begin(struct fixture *f)
{
	struct fh_chain_checks checks = { .policy = fixture_policy };

	fh_chain_begin(&f->live, &f->spare, checks, &f->chain);
}

static inline int fixture_set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	assert_int_equal(fh_arena_map(fixture_memory, &f->live), FH_ERR_OK);
	assert_int_equal(fh_arena_map(fixture_memory, &f->spare), FH_ERR_OK);
	assert_int_equal(fh_arena_map(fixture_memory, &f->scratch), FH_ERR_OK);
	assert_int_equal(fh_arena_map(fixture_memory, &f->memory), FH_ERR_OK);
	for (size_t i = 0; i < fixture_keys; i++) {
		struct fh_secret seed = { .n = FH_MLDSA65_SEED_SIZE };

		memset(seed.bytes, (int)i + 1, seed.n);
		assert_int_equal(fh_operator_key_of(&seed, FH_PLACEMENT_OFFLINE, &f->key[i]),
				 FH_ERR_OK);
	}
	fixture_order(f);
	fixture_begin(f);
	*state = f;
	return 0;
}

static inline int fixture_tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < fixture_keys; i++)
		fh_operator_key_drop(&f->key[i]);
	fh_arena_drop(&f->live);
	fh_arena_drop(&f->spare);
	fh_arena_drop(&f->scratch);
	fh_arena_drop(&f->memory);
	test_free(f);
	return 0;
}

static inline struct fh_builder fixture_builder(struct fixture *f, size_t cap)
{
	return fh_builder_of(fh_arena_take(&f->memory, cap), cap);
}

/* PAYLOAD signed by the keys whose bits are set in WHO.  */
static inline struct fh_span fixture_sign(struct fixture *f, struct fh_span payload, unsigned who)
{
	struct fh_cose_signature s[fixture_keys];
	struct fh_builder b = fixture_builder(f, payload.n + fixture_keys * 4096 + 64);
	size_t n = 0;

	for (size_t i = 0; i < fixture_keys; i++) {
		if ((who >> i & 1) == 0)
			continue;
		assert_int_equal(fh_operator_key_sign(&f->key[i], payload, &f->memory, &s[n++]),
				 FH_ERR_OK);
	}
	fh_envelope_put(&b, payload, s, n);
	return fh_builder_span(&b);
}

static inline struct fh_span fixture_payload(struct fixture *f, const struct fh_statement *s)
{
	struct fh_builder b = fixture_builder(f, s->body.n + 256);

	fh_statement_put(&b, s);
	return fh_builder_span(&b);
}

/* KIND with BODY behind HEAD, signed by WHO.  */
static inline struct fh_span fixture_behind(struct fixture *f, struct fh_chain_head head,
					    const char *kind, struct fh_span body, unsigned who)
{
	struct fh_statement s = { .chain_id = f->chain.id, .sequence = head.sequence + 1,
				  .previous = head.hash, .kind_text = fh_span_str(kind),
				  .body = body, .issued_ms = 1000 + head.sequence };

	return fixture_sign(f, fixture_payload(f, &s), who);
}

static inline struct fh_span fixture_next(struct fixture *f, const char *kind,
					  struct fh_span body, unsigned who)
{
	return fixture_behind(f, f->chain.head, kind, body, who);
}

/* An authority of the keys in WHO with one threshold for all kinds.  */
static inline struct fh_authority fixture_authority(struct fixture *f, unsigned who,
						    uint32_t threshold)
{
	struct fh_authority a = { .threshold = { { FH_SPAN_LIT("default"), threshold } },
				  .thresholds = 1 };

	for (size_t i = 0; i < fixture_keys; i++) {
		const struct fh_operator_public *p = &f->key[i].public;

		if (who >> i & 1)
			a.signer[a.signers++] = (struct fh_signer_key){
				FH_SPAN_ARRAY(p->key.bytes), FH_SPAN_ARRAY(p->companion.bytes),
				p->id };
	}
	return a;
}

static inline struct fh_span fixture_genesis(struct fixture *f, unsigned who, uint32_t threshold,
					     unsigned signers)
{
	struct fh_builder b = fixture_builder(f, 65536);
	struct fh_genesis g = { .nonce = fh_hash_span(&f->nonce), .name = FH_SPAN_LIT("home"),
				.placement = FH_PLACEMENT_OFFLINE,
				.authority = fixture_authority(f, who, threshold),
				.recipient = FH_SPAN_ARRAY(f->key[0].public.recipient.bytes) };
	struct fh_statement s = { .kind_text = FH_SPAN_LIT("genesis"), .issued_ms = 1000 };

	fh_genesis_put(&b, &g);
	s.body = fh_builder_span(&b);
	return fixture_sign(f, fixture_payload(f, &s), signers);
}

static inline struct fh_span fixture_signers(struct fixture *f, unsigned who, uint32_t threshold)
{
	struct fh_builder b = fixture_builder(f, 65536);
	struct fh_authority a = fixture_authority(f, who, threshold);

	fh_signers_put(&b, &a);
	return fh_builder_span(&b);
}

static inline struct fh_span fixture_actor(struct fixture *f, const char *name, uint32_t uid,
					   const char *executable)
{
	struct fh_builder b = fixture_builder(f, 1024);
	struct fh_hash *digest = fh_arena_take(&f->memory, sizeof(*digest));
	struct fh_actor_body a = { .name = fh_span_str(name), .groups = FH_SPAN_LIT("\x81\x61x"),
				   .credential = FH_CREDENTIAL_PEER, .uid = uid };

	if (executable != nullptr) {
		*digest = fh_hash_of(fh_span_str(executable));
		a.executable = fh_hash_span(digest);
	}
	fh_actor_put(&b, &a);
	return fh_builder_span(&b);
}

static inline struct fh_span fixture_policy_body(struct fixture *f, const char *cedar)
{
	struct fh_builder b = fixture_builder(f, 1024);
	struct fh_policy_body p = { .cedar = fh_span_str(cedar), .schema = FH_SPAN_LIT("schema"),
				    .expires_ms = 5000 };

	fh_policy_put(&b, &p);
	return fh_builder_span(&b);
}

/* Pins of SERVER: the tool `t`, as DEFINITION says.  */
static inline struct fh_span fixture_pins(struct fixture *f, const char *server,
					  const char *definition)
{
	struct fh_builder b = fixture_builder(f, 1024);

	fh_pins_begin(&b, 1);
	fh_pins_put_tool(&b, FH_SPAN_LIT("t"), fh_span_str(definition));
	fh_pins_end(&b, fh_span_str(server));
	return fh_builder_span(&b);
}

static inline struct fh_span fixture_revoke(struct fixture *f, enum fh_statement_kind what,
					    struct fh_span id)
{
	struct fh_builder b = fixture_builder(f, 1024);
	struct fh_revoke_body r = { .what = what, .id = id };

	fh_revoke_put(&b, &r, 0);
	return fh_builder_span(&b);
}

static inline struct fh_span fixture_device(struct fixture *f, struct fh_signer *signer,
					    const struct fh_hash *chain_id)
{
	struct fh_builder b = fixture_builder(f, 16384), said = fixture_builder(f, 64);
	struct fh_builder to_sign = fixture_builder(f, 256), cose = fixture_builder(f, 4096);
	struct fh_public_key *key = fh_arena_take(&f->memory, sizeof(*key));
	struct fh_signature *s = fh_arena_take(&f->memory, sizeof(*s));

	assert_int_equal(fh_signer_public(signer, key), FH_ERR_OK);

	struct fh_span key_span = FH_SPAN_ARRAY(key->bytes);

	fh_device_possession_put(&said, chain_id, key_span);
	fh_cose_put_signed1(&to_sign, FH_SPAN_LIT(FH_DEVICE_POSSESSION_AAD),
			    fh_builder_span(&said));
	assert_int_equal(fh_signer_sign(signer, fh_builder_span(&to_sign), s), FH_ERR_OK);

	struct fh_cose_signature c = { fh_key_id(key_span), FH_SPAN_ARRAY(s->bytes) };

	fh_cose_put_sign1(&cose, &c);

	struct fh_device_body d = { .key = key_span, .name = FH_SPAN_LIT("box"),
				    .grade = FH_SPAN_LIT("none"),
				    .possession = fh_builder_span(&cose) };

	fh_device_put(&b, &d);
	return fh_builder_span(&b);
}

static inline fh_err fixture_accept(struct fixture *f, struct fh_span file)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_chain_accept(&f->chain, file, &f->scratch, &t);

	if (e != FH_ERR_OK)
		print_message("# %s: %s; %s\n", fh_err_text(e), t.what, t.cure);
	return e;
}

static inline void fixture_must(struct fixture *f, struct fh_span file)
{
	assert_int_equal(fixture_accept(f, file), FH_ERR_OK);
}

/* A chain of one key, key[0], with threshold 1.  */
static inline void fixture_start(struct fixture *f)
{
	fixture_must(f, fixture_genesis(f, 1, 1, 1));
}

#endif
