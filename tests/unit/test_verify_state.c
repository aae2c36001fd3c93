/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier makes of leases, of when something was permitted, and of the fold.  */
#include "verify/record.h"

#include "entry/carried.h"
#include "entry/seal.h"
#include "charge_fixture.h"
#include "record_fixture.h"

/* An entry of KIND whose field ID holds BYTES.  */
static void enter(struct bench *b, enum fh_entry_kind kind, enum fh_field_id id,
		  struct fh_span bytes)
{
	static uint8_t room[FH_LEASE_FILE_MAX + 16];
	struct fh_builder item = FH_BUILDER_ARRAY(room);
	struct fh_fields f = { .field = { { .id = id } }, .n = 1 };

	fh_cbor_put_bytes(&item, bytes);
	f.field[0].value = fh_builder_span(&item);
	(void)fh_maker_entry(&b->maker, kind, &f);
}

/* A state entry that says what EMPTY, the fold of an empty record, would say.  */
static void state_empty(struct bench *b)
{
	static const uint8_t text[] = "freehold/fold/v1\n\x82\x80\x80";
	struct fh_hash h = fh_hash_of(fh_span_of(text, sizeof(text) - 1));

	enter(b, FH_ENTRY_STATE, FH_FIELD_STATE, fh_hash_span(&h));
}

static void adds_up_what_the_entries_say(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 4);
	state_empty(b);
	fh_maker_batch(&b->maker, 2);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.states, 1);
	assert_false(b->checked.check.fold_lost);
}

/* A permitted intent that takes from no budget; its effect has a salt, as all fields do.  */
static void permit_freely(struct bench *b)
{
	struct fh_fields f = { .field = { { .id = FH_FIELD_DECISION,
					    .value = FH_SPAN_LIT("\x83\xf5\x60\x80") },
					  { .id = FH_FIELD_EFFECT,
					    .value = FH_SPAN_LIT("\x82\xf5\x80") } },
			       .n = 2 };

	(void)fh_maker_entry(&b->maker, FH_ENTRY_INTENT, &f);
	fh_maker_batch(&b->maker, 0);
}

/* A state entry of FORM over all entries so far.  CARRIES: it holds the fold as well, sealed under
 * a key of zeros.  */
static void state_as(struct bench *b, enum fh_fold_form form, bool carries)
{
	static const struct fh_secret zeros = { .n = FH_SEAL_KEY_SIZE };
	static const uint8_t name[FH_SEAL_NAME_SIZE] = { 1 }, salt[FH_SALT_SIZE] = { 2 };
	uint8_t hash[64], sealed[512], room[512], fold[600];
	struct fh_builder h = FH_BUILDER_ARRAY(hash), s = FH_BUILDER_ARRAY(sealed),
			  c = FH_BUILDER_ARRAY(fold);
	struct fh_carried carried = { .period = b->maker.journal.tree.size };
	struct fh_fields f = { .field = { { .id = FH_FIELD_STATE }, { .id = FH_FIELD_FOLD } },
			       .n = 2 };
	struct fh_hash said;

	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	fh_arena_reset(b->checked.check.memory.scratch);
	assert_int_equal(fh_fold_hash(&b->checked.check.fold, form,
				      b->checked.check.memory.scratch, &said), FH_ERR_OK);
	fh_cbor_put_hash(&h, &said);
	assert_int_equal(fh_sealed_text_put(&s, FH_SPAN_LIT("x"), FH_SPAN_ARRAY(name), &zeros,
					    FH_SPAN_ARRAY(salt), FH_SPAN_ARRAY(room)), FH_ERR_OK);
	if (carries)
		carried.text = fh_builder_span(&s);
	else
		carried.period = b->checked.check.fold_period;
	fh_carried_put(&c, &carried);
	f.field[0].value = fh_builder_span(&h);
	f.field[1].value = fh_builder_span(&c);
	(void)fh_maker_entry(&b->maker, FH_ENTRY_STATE, &f);
	fh_maker_batch(&b->maker, 0);
}

static void takes_states_as_versions_before_wrote_them(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	permit_freely(b);
	state_as(b, FH_FOLD_UNVEILED, /* carries= */ false);
	permit_freely(b);
	state_as(b, FH_FOLD_VEILED, /* carries= */ false);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.states, 2);
}

/* Core that starts from an entry that carries the fold knows of it what that says.  */
static void veils_anew_behind_what_a_version_before_carried(void **state)
{
	static const struct fh_hash none = { 0 };

	for (int veiled = 0; veiled <= 1; veiled++) {
		struct bench *b = afresh(state);

		fh_maker_first(&b->maker);
		permit_freely(b);
		state_as(b, veiled ? FH_FOLD_VEILED : FH_FOLD_UNVEILED, /* carries= */ true);
		assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
		assert_int_equal(fh_hash_equal(&b->checked.check.fold.veil, &none), !veiled);
		permit_freely(b);
		state_as(b, FH_FOLD_VEILED, /* carries= */ false);
		assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	}
}

/* Everything adds up but the veil: another salt.  */
static void refuses_a_state_under_another_veil(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	permit_freely(b);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	struct fh_fold *fold = &b->checked.check.fold;
	struct fh_hash said;

	fold->veil.bytes[0] ^= 1;
	fh_arena_reset(b->checked.check.memory.scratch);
	assert_int_equal(fh_fold_hash(fold, FH_FOLD_VEILED, b->checked.check.memory.scratch, &said),
			 FH_ERR_OK);
	enter(b, FH_ENTRY_STATE, FH_FIELD_STATE, fh_hash_span(&said));
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "state");
}

static void refuses_a_state_that_the_entries_do_not_lead_to(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	state_empty(b);
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "state");
}

/* An answer that decides YES, and besides has the field MORE, unless that is 0.  */
static void answer_entry(struct bench *b, bool yes, enum fh_field_id more)
{
	static const uint8_t no_decision[] = { 0x83, 0xf4, 0x61, 'n', 0x80 },
			     decision[] = { 0x83, 0xf5, 0x61, 'y', 0x80 }, zero[] = { 0x00 };
	struct fh_fields f = { .n = more == 0 ? 1 : 2 };

	f.field[0] = (struct fh_field){ .id = FH_FIELD_DECISION,
					.value = yes ? FH_SPAN_ARRAY(decision)
						     : FH_SPAN_ARRAY(no_decision) };
	f.field[1] = (struct fh_field){ .id = more, .value = FH_SPAN_ARRAY(zero) };
	(void)fh_maker_entry(&b->maker, FH_ENTRY_ANSWER, &f);
}

static void takes_answers_that_do_nothing(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	answer_entry(b, /* yes= */ false, (enum fh_field_id)0);
	answer_entry(b, /* yes= */ false, FH_FIELD_ARGUMENTS);
	fh_maker_batch(&b->maker, 0);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.permitted, 0);
	assert_int_equal(b->checked.check.counts.denied, 0);
}

static void refuses_an_answer_that_looks_like_an_act(void **state)
{
	static const enum fh_field_id more[] = { FH_FIELD_CLIENT, FH_FIELD_INTENT, FH_FIELD_STATUS,
						 FH_FIELD_EFFECT, FH_FIELD_RESULT };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		b = i > 0 ? afresh(state) : b;
		fh_maker_first(&b->maker);
		answer_entry(b, /* yes= */ false, more[i]);
		fh_maker_batch(&b->maker, 0);
		refused_as(b, "answer");
	}
}

/* An answer about a call of a function: its decision, its DETAIL, and perhaps arguments and whom it
 * is about.  */
static void answer_call(struct bench *b, struct fh_span decision, struct fh_span detail,
			bool arguments, bool subject)
{
	struct fh_fields f = { .n = 1, .field = {
		{ .id = FH_FIELD_DECISION, .value = decision } } };

	if (arguments)
		f.field[f.n++] = (struct fh_field){ .id = FH_FIELD_ARGUMENTS,
						    .value = FH_SPAN_LIT("\xa0") };
	f.field[f.n++] = (struct fh_field){ .id = FH_FIELD_DETAIL, .value = detail };
	if (subject)
		f.field[f.n++] = (struct fh_field){ .id = FH_FIELD_SUBJECT,
						    .value = FH_SPAN_LIT("\x61s") };
	fh_maker_first(&b->maker);
	(void)fh_maker_entry(&b->maker, FH_ENTRY_ANSWER, &f);
	fh_maker_batch(&b->maker, 0);
}

#define CALLED FH_SPAN_LIT("\xa2\x64" "call\x61" "c\x68" "function\x61" "f")
#define UNREADABLE FH_SPAN_LIT("\xa3\x64" "call\x61" "c\x64" "text\x61" "w\x68" "function\x61" "f")
#define WITHOUT_ID FH_SPAN_LIT("\xa2\x64" "text\x61" "w\x68" "function\x61" "f")
#define WITHOUT_NAME FH_SPAN_LIT("\xa2\x64" "call\x61" "c\x64" "text\x61" "w")
#define NO FH_SPAN_LIT("\x83\xf4\x61n\x80")
#define YES FH_SPAN_LIT("\x83\xf5\x61y\x80")

static void holds_an_answer_about_a_call_together(void **state)
{
	const struct {
		struct fh_span decision, detail;
		bool arguments, subject, right;
	} rows[] = {
		{ NO, CALLED, true, true, true },
		{ NO, UNREADABLE, false, true, true },
		{ NO, UNREADABLE, false, false, true }, /* malformed, among several */
		{ NO, WITHOUT_ID, false, false, true },
		{ NO, WITHOUT_NAME, false, false, true },
		{ NO, WITHOUT_ID, false, true, false },
		{ NO, WITHOUT_NAME, false, true, false },
		{ NO, CALLED, true, false, false },
		{ NO, CALLED, false, true, false },
		{ NO, UNREADABLE, true, true, false },
		{ YES, UNREADABLE, false, true, false },
		{ YES, UNREADABLE, false, false, false },
		{ NO, FH_SPAN_LIT("\xa0"), true, true, false },
		{ NO, FH_SPAN_LIT("\xa1\x64" "call\x61" "c"), true, true, false },
		{ NO, FH_SPAN_LIT("\xa2\x64" "call\x60\x68" "function\x61" "f"), true, true,
		  false },
		{ NO, FH_SPAN_LIT("\x00"), true, true, false },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b = i > 0 ? afresh(state) : b;
		answer_call(b, rows[i].decision, rows[i].detail, rows[i].arguments,
			    rows[i].subject);
		if (rows[i].right)
			assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
		else
			refused_as(b, "answer");
	}
}

static void refuses_a_state_entry_without_a_state(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	enter(b, FH_ENTRY_STATE, FH_FIELD_DETAIL, FH_SPAN_LIT("x"));
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "state");
}

/* What cannot be added up: an effect on a refused intent.  */
static void refuses_an_effect_that_cannot_be(void **state)
{
	struct bench *b = *state;
	struct fh_fields f = { .field = { { .id = FH_FIELD_DECISION,
					    .value = FH_SPAN_LIT("\x83\xf4\x60\x80") },
					  { .id = FH_FIELD_EFFECT,
					    .value = FH_SPAN_LIT("\x82\xf5\x80") } },
			       .n = 2 };

	fh_maker_first(&b->maker);
	(void)fh_maker_entry(&b->maker, FH_ENTRY_INTENT, &f);
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "effect");
}

/* A lease for DEVICE with COUNTER, signed by KEY, as an entry.  */
static void enter_lease(struct bench *b, const struct fh_signer *key, const struct fh_hash *device,
			uint64_t counter)
{
	static uint8_t payload_room[FH_LEASE_PAYLOAD_MAX], room[FH_LEASE_FILE_MAX];
	uint8_t signed_room[FH_LEASE_PAYLOAD_MAX + FH_COSE_SIGNED_OVERHEAD];
	const struct fh_lease l = { .chain_id = b->maker.chain_id, .head = b->maker.head,
				    .device = *device, .counter = counter, .duration_ms = 1 };
	struct fh_builder payload = FH_BUILDER_ARRAY(payload_room), file = FH_BUILDER_ARRAY(room);
	struct fh_builder to_sign = FH_BUILDER_ARRAY(signed_room);
	struct fh_public_key public;
	struct fh_signature s;

	fh_lease_put(&payload, &l);
	fh_cose_put_signed(&to_sign, FH_SPAN_LIT(FH_LEASE_AAD), fh_builder_span(&payload));
	assert_int_equal(fh_signer_public(key, &public), FH_ERR_OK);
	assert_int_equal(fh_signer_sign(key, fh_builder_span(&to_sign), &s), FH_ERR_OK);
	const struct fh_cose_signature c = { fh_key_id(FH_SPAN_ARRAY(public.bytes)),
					     FH_SPAN_ARRAY(s.bytes) };

	fh_envelope_put(&file, fh_builder_span(&payload), &c, 1);
	enter(b, FH_ENTRY_LEASE, FH_FIELD_STATEMENT, fh_builder_span(&file));
}

static void takes_the_operators_leases_in_their_order(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	enter_lease(b, &b->maker.operator, &b->maker.device_id, 3);
	enter_lease(b, &b->maker.operator, &b->maker.device_id, 9);
	fh_maker_batch(&b->maker, 2);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void refuses_a_lease_that_could_not_be_taken(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	enter_lease(b, &b->maker.operator, &b->maker.device_id, 3);
	enter_lease(b, &b->maker.operator, &b->maker.device_id, 3);
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "lease");
}

static void refuses_a_lease_by_a_stranger(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	enter_lease(b, &b->maker.device, &b->maker.device_id, 3);
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "lease");
}

static void refuses_a_lease_for_another_machine(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	enter_lease(b, &b->maker.operator, &b->maker.chain_id, 3);
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "lease");
}

/* A policy of two permits, one of them @fallback, with a lease of 10 s from now.  */
static void sign_policy(struct bench *b, uint64_t expires_in_ms)
{
	uint8_t room[1024];
	struct fh_builder body = FH_BUILDER_ARRAY(room);
	const struct fh_policy_body p = {
		.cedar = FH_SPAN_LIT("@id(\"read-notes\") permit (principal, action, resource);"
				     "@id(\"safe\") @fallback "
				     "permit (principal, action, resource);"),
		.schema = FH_SPAN_LIT("s"),
		.lease_ms = 10000,
		.expires_ms = b->maker.now.hi_ms + expires_in_ms };

	fh_policy_put(&body, &p);
	fh_maker_accept(&b->maker, "policy", fh_builder_span(&body));
}

/* A permitted intent by the policy ID.  */
static void permit_by(struct bench *b, const char *id)
{
	uint8_t room[256];
	struct fh_builder d = FH_BUILDER_ARRAY(room);
	struct fh_fields f = { .field = { { .id = FH_FIELD_DECISION } }, .n = 1 };

	fh_cbor_put_array(&d, 3);
	fh_cbor_put_bool(&d, true);
	fh_cbor_put_text(&d, FH_SPAN_LIT("permitted"));
	fh_cbor_put_array(&d, 1);
	fh_cbor_put_text(&d, fh_span_str(id));
	f.field[0].value = fh_builder_span(&d);
	(void)fh_maker_entry(&b->maker, FH_ENTRY_INTENT, &f);
}

static void takes_what_was_permitted_in_time(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	sign_policy(b, 60000);
	permit_by(b, "read-notes");
	b->maker.now.hi_ms += 20000; /* the lease is over */
	(void)fh_maker_intent(&b->maker, /* allowed= */ false);
	permit_by(b, "safe");
	fh_maker_batch(&b->maker, 0);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void refuses_what_was_permitted_without_a_lease(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	sign_policy(b, 60000);
	b->maker.now.hi_ms += 20000;
	(void)fh_maker_intent(&b->maker, /* allowed= */ false);
	permit_by(b, "read-notes");
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "unleased");
}

static void refuses_what_was_permitted_by_an_expired_policy(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	sign_policy(b, 15000);
	b->maker.now.hi_ms += 20000;
	(void)fh_maker_intent(&b->maker, /* allowed= */ false);
	permit_by(b, "safe");
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "expired");
}

static void refuses_what_was_permitted_after_the_policy_was_revoked(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 2);
	fh_maker_revoke_policy(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ false);
	fh_maker_batch(&b->maker, 0);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	permit_by(b, "read-notes");
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "no-policy");
}

/* Grants the server "files"; returns the sequence of its statement.  */
static uint64_t grant_server(struct bench *b)
{
	uint8_t room[256];
	struct fh_builder body = FH_BUILDER_ARRAY(room);
	const struct fh_server_body s = { .name = FH_SPAN_LIT("files"),
					  .command = FH_SPAN_LIT("\x81\x62/x"),
					  .environment = FH_SPAN_LIT("\xa0"),
					  .directory = FH_SPAN_LIT("/"),
					  .uid = 1,
					  .gid = 1 };
	uint64_t sequence = b->maker.sequence;

	fh_server_put(&body, &s);
	fh_maker_accept(&b->maker, "server", fh_builder_span(&body));
	return sequence;
}

/* --- quotas ---------------------------------------------------------------------- */

static void takes_what_stays_within_quotas(void **state)
{
	struct bench *b = *state;

	begin_quota(b);
	uint64_t first = charge_as(b, "a", "few", charged("a", 1, 5000000));

	give_back(b, first, charged("a", 0, 4999000));
	(void)charge_as(b, "a", "few", charged("a", 1, 4000000));
	(void)charge_as(b, "b", "few", charged("b", 1, 4000000));
	(void)charge_as(b, "a", "free", (struct fh_effect){ 0 });
	b->maker.now.lo_ms += 70000;
	b->maker.now.hi_ms += 70000;
	(void)charge_as(b, "a", "few", charged("a", 1, 9000000));
	fh_maker_batch(&b->maker, 0);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.charged, 5);
	assert_int_equal(b->checked.check.uncharged, 0);
}

static void refuses_more_calls_than_the_quota(void **state)
{
	struct bench *b = *state;

	begin_quota(b);
	for (int i = 0; i < 3; i++)
		(void)charge_as(b, "a", "few", charged("a", 1, 10));
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "over-quota");
}

/* What was charged before an upgrade goes on counting.  */
static void adds_up_what_is_called_otherwise(void **state)
{
	struct bench *b = *state;
	struct fh_effect older = charged("a", 1, 10);

	older.part[0].budget = budget_of(0, fh_entity_uid_of("Actor", FH_SPAN_LIT("a")), true);
	older.part[1].budget = budget_of(1, (struct fh_entity_uid){ 0 }, true);
	begin_quota(b);
	(void)charge_as(b, "a", "few", older);
	(void)charge_as(b, "a", "few", charged("a", 1, 10));
	fh_maker_batch(&b->maker, 0);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.fold.older, 2);
	b = afresh(state);
	begin_quota(b);
	(void)charge_as(b, "a", "few", older);
	(void)charge_as(b, "a", "few", older);
	(void)charge_as(b, "a", "few", charged("a", 1, 10));
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "over-quota");
}

static void refuses_more_bytes_than_the_quota(void **state)
{
	struct bench *b = *state;

	begin_quota(b);
	(void)charge_as(b, "a", "few", charged("a", 1, 5000000));
	(void)charge_as(b, "b", "few", charged("b", 1, 4000001));
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "over-quota");
}

/* Each with one thing that no writer of ours does.  */
static void refuses_charges_that_are_not_those_of_the_policy(void **state)
{
	const struct {
		const char *id, *code;
		struct fh_effect effect;
	} rows[] = {
		{ "few", "uncharged", { 0 } },
		{ "few", "uncharged", charged("a", 1, 0) },
		{ "few", "uncharged", charged("a", 0, 10) },
		{ "few", "uncharged", charged("a", 2, 10) },
		{ "few", "uncharged", charged("b", 1, 10) },
		{ "few", "uncharged", charged("a", 1, 3) }, /* fewer bytes than were sent */
		{ "free", "overcharged", charged("a", 1, 10) },
		{ "never", "no-such-permit", { 0 } },
		{ "other", "no-such-permit", { 0 } },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b = i > 0 ? afresh(state) : b;
		begin_quota(b);
		(void)charge_as(b, "a", rows[i].id, rows[i].effect);
		fh_maker_batch(&b->maker, 0);
		refused_as(b, rows[i].code);
	}
}

static void refuses_refunds_of_what_was_not_taken(void **state)
{
	const struct fh_effect rows[] = { charged("a", 1, 0), charged("a", 0, 1001),
					  charged("b", 1, 0) };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b = i > 0 ? afresh(state) : b;
		begin_quota(b);
		give_back(b, charge_as(b, "a", "few", charged("a", 1, 1000)), rows[i]);
		fh_maker_batch(&b->maker, 0);
		refused_as(b, "refund");
	}
}

/* ACTOR does ACTION, permitted by the policy or statement ID, for the session CLIENT of
 * "files".  */
static void permit_session(struct bench *b, struct fh_span actor, const char *action,
			   const char *id, uint8_t client)
{
	uint8_t room[1024];
	struct fh_builder r = FH_BUILDER_ARRAY(room);
	struct fh_fields f = { .field = { { .id = FH_FIELD_ACTOR }, { .id = FH_FIELD_ACTION },
					  { .id = FH_FIELD_DECISION }, { .id = FH_FIELD_SERVER },
					  { .id = FH_FIELD_CLIENT } },
			       .n = 5 };
	size_t at[6] = { 0 };

	fh_cbor_put_text(&r, actor);
	at[1] = r.n;
	fh_cbor_put_text(&r, fh_span_str(action));
	at[2] = r.n;
	fh_cbor_put_array(&r, 3);
	fh_cbor_put_bool(&r, true);
	fh_cbor_put_text(&r, FH_SPAN_LIT("permitted"));
	fh_cbor_put_array(&r, 1);
	fh_cbor_put_text(&r, fh_span_str(id));
	at[3] = r.n;
	fh_cbor_put_text(&r, FH_SPAN_LIT("files"));
	at[4] = r.n;
	fh_cbor_put_bytes(&r, fh_span_of(&client, 1));
	at[5] = r.n;
	for (size_t i = 0; i < f.n; i++)
		f.field[i].value = fh_span_first(fh_span_skip(fh_builder_span(&r), at[i]),
						 at[i + 1] - at[i]);
	(void)fh_maker_entry(&b->maker, FH_ENTRY_INTENT, &f);
}

/* An initialize of CLIENT, and BETWEEN entries later the start for STARTED, at a time when
 * only a @fallback permit is effective; what the verifier says.  */
static enum fh_answer opened_and_started(struct bench *b, uint8_t client, unsigned between,
					 uint8_t started)
{
	char actor_text[2 * FH_HASH_SIZE + 16] = { 0 }, statement[32] = { 0 };
	struct fh_builder actor = FH_BUILDER_ARRAY(actor_text), id = FH_BUILDER_ARRAY(statement);

	fh_maker_first(&b->maker);
	sign_policy(b, 60000);
	fh_builder_text(&id, "statement ");
	fh_builder_decimal(&id, grant_server(b));
	fh_builder_text(&actor, "Device::\"");
	fh_builder_hex(&actor, fh_hash_span(&b->maker.device_id));
	fh_builder_text(&actor, "\"");
	b->maker.now.hi_ms += 20000; /* the lease is over */
	(void)fh_maker_intent(&b->maker, /* allowed= */ false);
	permit_session(b, FH_SPAN_LIT("Actor::\"claude\""), "Action::\"mcp.initialize\"",
		       "safe", client);
	for (unsigned i = 0; i < between; i++)
		(void)fh_maker_intent(&b->maker, /* allowed= */ false);
	permit_session(b, fh_builder_span(&actor), "Action::\"server.start\"", statement,
		       started);
	fh_maker_batch(&b->maker, 0);
	return answer(b, FH_AUTHENTIC);
}

static void takes_the_start_of_a_server_for_a_session_just_opened(void **state)
{
	assert_int_equal(opened_and_started(*state, 1, 0, 1), FH_ANSWER_YES);
}

static void refuses_a_start_for_another_session(void **state)
{
	assert_int_equal(opened_and_started(*state, 1, 0, 2), FH_ANSWER_NO);
	refused_as(*state, "unleased");
}

static void refuses_a_start_that_nobody_opened_a_session_for(void **state)
{
	assert_int_equal(opened_and_started(*state, 1, 1, 1), FH_ANSWER_NO);
	refused_as(*state, "unleased");
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(adds_up_what_the_entries_say),
		TEST(takes_states_as_versions_before_wrote_them),
		TEST(veils_anew_behind_what_a_version_before_carried),
		TEST(refuses_a_state_under_another_veil),
		TEST(refuses_a_state_that_the_entries_do_not_lead_to),
		TEST(takes_answers_that_do_nothing),
		TEST(refuses_an_answer_that_looks_like_an_act),
		TEST(holds_an_answer_about_a_call_together),
		TEST(refuses_a_state_entry_without_a_state),
		TEST(refuses_an_effect_that_cannot_be),
		TEST(takes_the_operators_leases_in_their_order),
		TEST(refuses_a_lease_that_could_not_be_taken),
		TEST(refuses_a_lease_by_a_stranger),
		TEST(refuses_a_lease_for_another_machine),
		TEST(takes_what_was_permitted_in_time),
		TEST(refuses_what_was_permitted_without_a_lease),
		TEST(takes_what_stays_within_quotas),
		TEST(refuses_more_calls_than_the_quota),
		TEST(adds_up_what_is_called_otherwise),
		TEST(refuses_more_bytes_than_the_quota),
		TEST(refuses_charges_that_are_not_those_of_the_policy),
		TEST(refuses_refunds_of_what_was_not_taken),
		TEST(refuses_what_was_permitted_by_an_expired_policy),
		TEST(refuses_what_was_permitted_after_the_policy_was_revoked),
		TEST(takes_the_start_of_a_server_for_a_session_just_opened),
		TEST(refuses_a_start_for_another_session),
		TEST(refuses_a_start_that_nobody_opened_a_session_for),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
