/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks that are set forth and back: what core makes of them for lease and quotas.  */
#include "chain_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/cbor.h"
#include "fixture/remove.h"
#include "role/core.h"
#include "store/lease_files.h"

constexpr uint64_t begin_ms = 1800000000000;
constexpr uint64_t hour_ms = 3600 * 1000;
constexpr uint64_t lease_ms = 10 * hour_ms; /* the policy's own */

/* The clocks of the machine: the linker puts these in the place of os/clock.h's.  */
static uint64_t real_ms, boot_ms;

uint64_t __wrap_fh_clock_real_ms(void);
uint64_t __wrap_fh_clock_boot_ms(void);

uint64_t __wrap_fh_clock_real_ms(void)
{
	return real_ms;
}

uint64_t __wrap_fh_clock_boot_ms(void)
{
	return boot_ms;
}

/* Time goes by.  */
static void pass(uint64_t ms)
{
	real_ms += ms;
	boot_ms += ms;
}

struct bench {
	struct fixture *f;
	struct fh_core *core;
	char path[32]; /* of the state directory */
	char record[64];
};

static void sign_policy(struct fixture *f)
{
	struct fh_builder b = fixture_builder(f, 1024);
	const struct fh_policy_body p = { .schema = FH_SPAN_LIT("s"), .lease_ms = lease_ms,
					  .expires_ms = begin_ms + 1000 * hour_ms };
	struct fh_statement s = { .chain_id = f->chain.id, .sequence = f->chain.head.sequence + 1,
				  .previous = f->chain.head.hash,
				  .kind_text = FH_SPAN_LIT("policy"), .issued_ms = begin_ms };

	fh_policy_put(&b, &p);
	s.body = fh_builder_span(&b);
	fixture_must(f, fixture_sign(f, fixture_payload(f, &s), 1));
}

static void make_core(struct bench *b)
{
	static const struct fh_hash nothing;
	struct fh_core *c = b->core = test_calloc(1, sizeof(*c));

	assert_int_equal(fh_arena_map(64 << 20, &c->memory), FH_ERR_OK);
	assert_int_equal(fh_arena_map(16 << 20, &c->scratch), FH_ERR_OK);
	assert_int_equal(fh_core_quota_begin(c), FH_ERR_OK);
	assert_int_equal(fh_core_seal_begin(c), FH_ERR_OK);
	assert_int_equal(fh_core_resume_begin(c), FH_ERR_OK);
	c->chain = b->f->chain;
	c->device_id.bytes[0] = 0xde;
	c->chain_path = b->path;
	c->record_path = b->record;
	c->lo_base_ms = c->hi_ms = begin_ms;
	c->boot_base_ms = boot_ms;
	assert_int_equal(fh_journal_open(b->record, &c->chain.id, &c->device_id, 0, &nothing,
					 nullptr, &c->memory, &c->journal, &c->trace), FH_ERR_OK);
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));
	char chain[64];

	if (fixture_set_up((void **)&b->f) != 0)
		return -1;
	snprintf(b->path, sizeof(b->path), "/tmp/freehold-lease-XXXXXX");
	assert_non_null(mkdtemp(b->path));
	snprintf(chain, sizeof(chain), "%s/chain", b->path);
	snprintf(b->record, sizeof(b->record), "%s/record", b->path);
	assert_int_equal(mkdir(chain, 0700) | mkdir(b->record, 0700), 0);
	real_ms = begin_ms;
	boot_ms = 77000;
	fixture_start(b->f);
	sign_policy(b->f);
	make_core(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	void *f = b->f;

	fh_journal_drop(&b->core->journal);
	fh_core_seal_drop(b->core);
	fh_arena_drop(&b->core->memory);
	fh_arena_drop(&b->core->scratch);
	test_free(b->core);
	fh_fixture_remove(b->path);
	test_free(b);
	return fixture_tear_down(&f);
}

/* A lease for ten hours, issued at ISSUED, comes into chain/ and is looked at.  */
static void renew(struct bench *b, uint64_t issued_ms)
{
	const struct fh_lease l = { .chain_id = b->f->chain.id, .head = b->f->chain.head.hash,
				    .device = b->core->device_id, .counter = issued_ms,
				    .issued_ms = issued_ms, .begins_ms = issued_ms,
				    .duration_ms = lease_ms };
	struct fh_builder payload = fixture_builder(b->f, FH_LEASE_PAYLOAD_MAX);
	struct fh_builder file = fixture_builder(b->f, FH_LEASE_FILE_MAX);
	struct fh_store store = { 0 };
	struct fh_cose_signature s;

	fh_lease_put(&payload, &l);
	assert_int_equal(fh_operator_key_sign_as(&b->f->key[0], FH_SPAN_LIT(FH_LEASE_AAD),
						 fh_builder_span(&payload), &b->f->memory, &s),
			 FH_ERR_OK);
	fh_envelope_put(&file, fh_builder_span(&payload), &s, 1);
	snprintf(store.path, sizeof(store.path), "%s", b->path);
	assert_int_equal(fh_lease_file_add(&store, fh_builder_span(&file), nullptr), FH_ERR_OK);
	assert_int_equal(fh_core_lease_refresh(b->core), FH_ERR_OK);
}

static void a_lease_ends_by_whichever_clock_is_later(void **state)
{
	struct bench *b = *state;

	assert_true(fh_core_leased(b->core));
	pass(lease_ms - 1);
	assert_true(fh_core_leased(b->core));
	pass(1);
	assert_false(fh_core_leased(b->core));
	/* The machine's clock stands still, and the machine runs.  */
	real_ms = begin_ms;
	assert_false(fh_core_leased(b->core));
}

static void a_clock_that_is_set_back_lengthens_nothing(void **state)
{
	struct bench *b = *state;

	real_ms = begin_ms + lease_ms; /* set to the future, whoever did it */
	assert_false(fh_core_leased(b->core));
	real_ms = begin_ms;
	assert_false(fh_core_leased(b->core));
	pass(hour_ms);
	assert_false(fh_core_leased(b->core));
}

static void a_lease_cures_a_clock_that_was_wrong(void **state)
{
	struct bench *b = *state;

	real_ms = begin_ms + 500 * hour_ms;
	assert_false(fh_core_leased(b->core));
	real_ms = begin_ms + hour_ms;
	renew(b, begin_ms + hour_ms);
	assert_true(fh_core_leased(b->core));
	assert_int_equal(fh_core_now(b->core).lo_ms, begin_ms + hour_ms);
	assert_int_equal(fh_core_now(b->core).hi_ms, begin_ms + hour_ms);
	/* An older one is neither taken nor does it do so.  */
	real_ms = begin_ms + 500 * hour_ms;
	assert_false(fh_core_leased(b->core));
	real_ms = begin_ms + hour_ms;
	renew(b, begin_ms + hour_ms - 1);
	assert_false(fh_core_leased(b->core));
}

static void a_lease_lowers_nothing_below_what_has_passed(void **state)
{
	struct bench *b = *state;

	pass(3 * hour_ms);
	assert_int_equal(fh_core_now(b->core).hi_ms, begin_ms + 3 * hour_ms);
	real_ms = begin_ms - 100 * hour_ms; /* before the lease was signed */
	renew(b, begin_ms + 1);
	assert_int_equal(fh_core_now(b->core).lo_ms, begin_ms + 3 * hour_ms);
	assert_int_equal(fh_core_now(b->core).hi_ms, begin_ms + 3 * hour_ms);
	/* An issued time later than all clocks is believed: the operator signed it.  */
	renew(b, begin_ms + 9 * hour_ms);
	assert_int_equal(fh_core_now(b->core).lo_ms, begin_ms + 9 * hour_ms);
	assert_true(fh_core_leased(b->core));
}

static void small_steps_are_ignored(void **state)
{
	struct bench *b = *state;

	real_ms = begin_ms + 4999;
	(void)fh_core_now(b->core);
	real_ms = begin_ms;
	renew(b, begin_ms + 1);
	assert_int_equal(fh_core_now(b->core).hi_ms, begin_ms + 4999);
	real_ms = begin_ms + 5002;
	(void)fh_core_now(b->core);
	real_ms = begin_ms;
	renew(b, begin_ms + 2);
	assert_int_equal(fh_core_now(b->core).hi_ms, begin_ms + 2);
}

/* --- quotas ------------------------------------------------------------------------ */

static const struct fh_charge charge = { .budget = { { 5 } }, .period_ms = hour_ms, .count = 2,
					 .amount = 1 };

static enum fh_funds funds(struct bench *b, const struct fh_charge *c)
{
	struct fh_moment moment = fh_core_moment(b->core);
	struct fh_circumstances now = fh_moment_circumstances(&moment, 0);

	return fh_charge_funds(&now, c);
}

static bool suffices(struct bench *b)
{
	return funds(b, &charge) == FH_FUNDS_SUFFICE;
}

/* A permitted intent that is charged, in the record.  */
static void take_of(struct bench *b, const struct fh_charge *c)
{
	const struct fh_decision d = { .charge = { *c }, .charges = 1 };
	struct fh_fields f = { 0 };

	fh_arena_reset(&b->core->scratch);
	assert_int_equal(fh_core_field(b->core, &f, FH_FIELD_DECISION,
				       FH_SPAN_LIT("\x83\xf5\x60\x80")), FH_ERR_OK);
	assert_int_equal(fh_core_field_opened(b->core, &f, &d), FH_ERR_OK);
	assert_int_equal(fh_core_append(b->core, FH_ENTRY_INTENT, FH_CLASS_DEFAULT, &f, nullptr),
			 FH_ERR_OK);
}

static void take(struct bench *b)
{
	take_of(b, &charge);
}

static bool metrics_say(struct bench *b, const char *what)
{
	static uint8_t text[65536];
	struct fh_builder out = FH_BUILDER_ARRAY(text);

	fh_core_put_metrics(&out, b->core);
	fh_builder_u8(&out, '\0');
	assert_false(out.bad);
	return strstr((const char *)text, what) != nullptr;
}

static void too_many_budgets_are_no_quota_that_is_used_up(void **state)
{
	struct bench *b = *state;
	const struct fh_decision refused = fh_decision_refused(FH_REASON_TOO_MANY_BUDGETS);
	const struct fh_decision permitted = { .reason = FH_REASON_PERMITTED };
	struct fh_charge c = charge;
	uint32_t n = 0;

	while (funds(b, &c) == FH_FUNDS_SUFFICE && n++ < FH_BUDGETS_MAX) {
		take_of(b, &c);
		b->core->fold.opens = 0; /* they are not what this looks at */
		memcpy(&c.budget.bytes[1], &n, sizeof(n));
	}
	assert_int_equal(n, FH_BUDGETS_MAX - FH_CHARGES_MAX + 1);
	assert_int_equal(funds(b, &c), FH_FUNDS_NO_ROOM);
	assert_true(suffices(b)); /* what is remembered goes on */
	take(b);
	assert_int_equal(funds(b, &charge), FH_FUNDS_USED_UP);

	for (int i = 0; i < 3; i++)
		fh_core_quota_decided(b->core, &refused);
	fh_core_quota_decided(b->core, &permitted);
	assert_true(b->core->roomless_told); /* and so it is not said again */
	assert_true(metrics_say(b, "\nfreehold_budgets_refused_total 3\n"));
	assert_true(metrics_say(b, "\nfreehold_budgets 4081\n"));
	pass(2 * hour_ms);
	assert_int_equal(funds(b, &c), FH_FUNDS_SUFFICE);
	assert_true(metrics_say(b, "\nfreehold_budgets 0\n"));
	fh_core_quota_decided(b->core, &permitted);
	assert_false(b->core->roomless_told);
}

static void no_clock_gives_a_quota_back(void **state)
{
	struct bench *b = *state;

	take(b);
	assert_true(suffices(b));
	take(b);
	assert_false(suffices(b));
	real_ms += 1000 * hour_ms; /* forth: hi alone follows */
	assert_false(suffices(b));
	real_ms -= 2000 * hour_ms;
	assert_false(suffices(b));
	pass(hour_ms / 2);
	assert_false(suffices(b));
	pass(hour_ms);
	assert_true(suffices(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_CORE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
		WITH_CORE(a_lease_ends_by_whichever_clock_is_later),
		WITH_CORE(a_clock_that_is_set_back_lengthens_nothing),
		WITH_CORE(a_lease_cures_a_clock_that_was_wrong),
		WITH_CORE(a_lease_lowers_nothing_below_what_has_passed),
		WITH_CORE(small_steps_are_ignored),
		WITH_CORE(too_many_budgets_are_no_quota_that_is_used_up),
		WITH_CORE(no_clock_gives_a_quota_back),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
