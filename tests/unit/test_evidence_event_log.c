/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event_fixture.h"

static const enum fh_bank two[] = { FH_BANK_SHA1, FH_BANK_SHA256 };

/* A version, a driver of no data, and the separator.  */
static void fill(struct made_log *m)
{
	log_record(m, 0, FH_EV_NO_ACTION, nullptr, FH_SPAN_LIT("StartupLocality\0\3"));
	log_measure(m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v1"));
	log_measure(m, 7, FH_EV_SEPARATOR, FH_SPAN_LIT("\0\0\0\0"));
	log_measure(m, 0, FH_EV_SEPARATOR, FH_SPAN_LIT("\0\0\0\0"));
}

static struct made_log *agile(void)
{
	static struct made_log m;

	log_begin(&m, two, 2);
	fill(&m);
	return &m;
}

static struct made_log *legacy(void)
{
	static struct made_log m;

	m = (struct made_log){ 0 };
	log_measure(&m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v1"));
	log_measure(&m, 0, FH_EV_SEPARATOR, FH_SPAN_LIT("\0\0\0\0"));
	return &m;
}

static fh_err replay(const struct made_log *m, struct fh_event_replay *out)
{
	return fh_event_log_replay(log_span(m), FH_BANK_NONE, out, nullptr);
}

static fh_err verdict(const struct made_log *m)
{
	struct fh_event_replay r;

	return replay(m, &r);
}

static void assert_value(const struct fh_event_replay *r, enum fh_bank bank, unsigned pcr,
			 struct fh_digest expected)
{
	const struct fh_event_bank *b = fh_event_replay_bank(r, bank);

	assert_non_null(b);
	assert_true(fh_span_equal(fh_digest_span(&b->value[pcr]), fh_digest_span(&expected)));
}

static struct fh_digest extended(enum fh_bank bank, struct fh_digest pcr, struct fh_span data)
{
	struct fh_digest d = fh_bank_digest(bank, data);

	fh_bank_extend(bank, &pcr, fh_digest_span(&d));
	return pcr;
}

static void replays_every_bank_from_the_startup_locality(void **state)
{
	(void)state;
	struct fh_event_replay r;

	assert_int_equal(replay(agile(), &r), FH_ERR_OK);
	assert_int_equal(r.banks, 2);
	assert_int_equal(r.records, 5);
	assert_int_equal(r.events, 1U << 0 | 1U << 7);
	assert_int_equal(r.count[0], 2);
	assert_true(r.locality);
	for (size_t i = 0; i < 2; i++) {
		struct fh_digest pcr = fh_bank_reset(two[i]);

		assert_value(&r, two[i], 7, extended(two[i], pcr, FH_SPAN_LIT("\0\0\0\0")));
		pcr.bytes[pcr.n - 1] = 3;
		pcr = extended(two[i], pcr, FH_SPAN_LIT("v1"));
		assert_value(&r, two[i], 0, extended(two[i], pcr, FH_SPAN_LIT("\0\0\0\0")));
	}
}

/* What is told late is told of the first value all the same; that it was late is a
 * finding of event_check.h.  */
static void replays_a_late_startup_locality_from_the_beginning(void **state)
{
	(void)state;
	static struct made_log m;
	struct fh_digest pcr = fh_bank_reset(FH_BANK_SHA256);
	struct fh_event_replay r;

	log_begin(&m, two, 2);
	log_measure(&m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v1"));
	log_record(&m, 0, FH_EV_NO_ACTION, nullptr, FH_SPAN_LIT("StartupLocality\0\3"));
	pcr.bytes[pcr.n - 1] = 3;
	assert_int_equal(replay(&m, &r), FH_ERR_OK);
	assert_int_equal(r.records, 3);
	assert_int_equal(r.count[0], 1);
	assert_value(&r, FH_BANK_SHA256, 0, extended(FH_BANK_SHA256, pcr, FH_SPAN_LIT("v1")));
}

/* Which leaves 4 in PCR 0 first; the locality that TPM2_Startup came from later is another
 * thing.  */
static void replays_what_hardware_measured_from_4(void **state)
{
	(void)state;
	static const char *const told[] = { nullptr, "StartupLocality\0\4",
					    "StartupLocality\0\3" };
	struct fh_digest pcr = fh_bank_reset(FH_BANK_SHA256);
	struct fh_span code = FH_SPAN_LIT("code");
	struct fh_event_replay r;

	pcr.bytes[pcr.n - 1] = 4;
	pcr = extended(FH_BANK_SHA256, pcr, code);
	for (size_t i = 0; i < 2 * sizeof(told) / sizeof(told[0]); i++) {
		const char *says = told[i / 2];
		static struct made_log m;

		log_begin(&m, two, 2);
		if (says != nullptr && i % 2 == 0)
			log_record(&m, 0, FH_EV_NO_ACTION, nullptr, fh_span_of(says, 17));
		log_record(&m, 0, FH_EV_EFI_HCRTM_EVENT, &code, FH_SPAN_LIT("HCRTM"));
		if (says != nullptr && i % 2 == 1)
			log_record(&m, 0, FH_EV_NO_ACTION, nullptr, fh_span_of(says, 17));
		assert_int_equal(replay(&m, &r), FH_ERR_OK);
		assert_true(r.locality && r.hcrtm && r.first == 4);
		assert_value(&r, FH_BANK_SHA256, 0, pcr);
	}
}

static void replays_the_form_with_sha1_alone(void **state)
{
	(void)state;
	struct fh_digest pcr = extended(FH_BANK_SHA1, fh_bank_reset(FH_BANK_SHA1),
					FH_SPAN_LIT("v1"));
	struct fh_event_replay r;

	assert_int_equal(replay(legacy(), &r), FH_ERR_OK);
	assert_int_equal(r.banks, 1);
	assert_false(r.locality);
	assert_value(&r, FH_BANK_SHA1, 0, extended(FH_BANK_SHA1, pcr, FH_SPAN_LIT("\0\0\0\0")));
	assert_null(fh_event_replay_bank(&r, FH_BANK_SHA256));
}

static void replays_one_bank_on_demand_and_misses_others(void **state)
{
	(void)state;
	struct fh_event_replay r;
	struct fh_span log = log_span(agile());

	assert_int_equal(fh_event_log_replay(log, FH_BANK_SHA256, &r, nullptr), FH_ERR_OK);
	assert_int_equal(r.banks, 1);
	assert_int_equal(fh_event_log_replay(log, FH_BANK_SHA384, &r, nullptr), FH_ERR_MISSING);
}

static void a_dynamic_launch_starts_from_ones(void **state)
{
	(void)state;
	struct fh_digest ones = { .n = 32 };
	struct made_log *m = agile();
	struct fh_event_replay r;

	memset(ones.bytes, 0xff, ones.n);
	log_measure(m, 17, FH_EV_ACTION, FH_SPAN_LIT("launch"));
	assert_int_equal(replay(m, &r), FH_ERR_OK);
	assert_value(&r, FH_BANK_SHA256, 17,
		     extended(FH_BANK_SHA256, ones, FH_SPAN_LIT("launch")));
	assert_value(&r, FH_BANK_SHA256, 22, ones);
	assert_value(&r, FH_BANK_SHA256, 23, fh_bank_reset(FH_BANK_SHA256));
}

static void no_action_never_extends(void **state)
{
	(void)state;
	struct made_log *m = agile();
	struct fh_event_replay before, after;

	assert_int_equal(replay(m, &before), FH_ERR_OK);
	log_measure(m, 0, FH_EV_NO_ACTION, FH_SPAN_LIT("nothing"));
	log_measure(m, UINT32_MAX, FH_EV_NO_ACTION, FH_SPAN_LIT("nothing"));
	assert_int_equal(replay(m, &after), FH_ERR_OK);
	assert_int_equal(before.events, after.events);
	assert_value(&after, FH_BANK_SHA1, 0, before.bank[0].value[0]);
}

static void two_startup_localities_contradict(void **state)
{
	(void)state;
	struct made_log *m = agile();

	log_record(m, 0, FH_EV_NO_ACTION, nullptr, FH_SPAN_LIT("StartupLocality\0\0"));
	assert_int_equal(verdict(m), FH_ERR_CONFLICT);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	struct fh_event_replay whole, part;
	struct made_log *m = agile();

	for (int form = 0; form < 2; form++, m = legacy()) {
		assert_int_equal(replay(m, &whole), FH_ERR_OK);
		for (size_t n = 0; n < m->n; n++) {
			fh_err e = fh_event_log_replay(fh_span_of(m->bytes, n), FH_BANK_NONE, &part,
						       nullptr);

			/* Between two records nothing is missing.  */
			if (e == FH_ERR_OK)
				assert_true(part.records < whole.records);
			else
				assert_true(e == FH_ERR_TORN || e == FH_ERR_FORMAT);
			assert_true(e != FH_ERR_OK || part.records == 1 || n > 40);
		}
	}
}

static void every_byte_changed_is_read_or_refused(void **state)
{
	(void)state;
	struct made_log *m = agile();
	struct fh_event_replay r;

	for (size_t i = 0; i < m->n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			m->bytes[i] ^= (uint8_t)(1 << bit);
			if (replay(m, &r) == FH_ERR_OK)
				assert_true(r.banks > 0 && r.records <= 5);
			m->bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
}

static void refuses_lengths_beyond_the_log(void **state)
{
	(void)state;
	static const uint32_t lengths[] = { 5, 0x7fffffff, 0xffffffff, FH_EVENT_DATA_MAX + 1 };
	struct made_log *m = agile();
	size_t at = m->n - 8;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		m->n = at;
		log_number(m, lengths[i], 4);
		m->n += 4;
		assert_int_not_equal(verdict(m), FH_ERR_OK);
	}
}

static void refuses_digests_that_are_not_one_of_each(void **state)
{
	(void)state;
	static const enum fh_bank same[] = { FH_BANK_SHA256, FH_BANK_SHA256 };
	static const enum fh_bank other[] = { FH_BANK_SHA256, FH_BANK_SHA384 };
	static const enum fh_bank turned[] = { FH_BANK_SHA256, FH_BANK_SHA1 };
	struct made_log *m = agile();

	m->banks = 1;
	log_measure(m, 1, FH_EV_ACTION, FH_SPAN_LIT("x"));
	assert_int_equal(verdict(m), FH_ERR_FORMAT);
	m = agile();
	memcpy(m->bank, same, sizeof(same));
	log_measure(m, 1, FH_EV_ACTION, FH_SPAN_LIT("x"));
	assert_int_equal(verdict(m), FH_ERR_FORMAT);
	m = agile();
	memcpy(m->bank, other, sizeof(other));
	log_measure(m, 1, FH_EV_ACTION, FH_SPAN_LIT("x"));
	assert_int_equal(verdict(m), FH_ERR_FORMAT);
	m = agile();
	memcpy(m->bank, turned, sizeof(turned));
	log_measure(m, 1, FH_EV_ACTION, FH_SPAN_LIT("x"));
	assert_int_equal(verdict(m), FH_ERR_OK);
}

static void refuses_lists_of_algorithms_that_lie(void **state)
{
	(void)state;
	static const enum fh_bank same[] = { FH_BANK_SHA1, FH_BANK_SHA1 };
	static const enum fh_bank unknown[] = { (enum fh_bank)0x4242 };
	struct made_log m;

	log_begin(&m, same, 2);
	assert_int_equal(verdict(&m), FH_ERR_FORMAT);
	log_begin(&m, unknown, 1);
	assert_int_equal(verdict(&m), FH_ERR_UNSUPPORTED);
	log_begin(&m, two, 0);
	assert_int_equal(verdict(&m), FH_ERR_FORMAT);
	log_begin(&m, two, 2);
	m.bytes[62]++; /* the size of SHA-1 */
	assert_int_equal(verdict(&m), FH_ERR_FORMAT);
}

static void refuses_what_is_no_log(void **state)
{
	(void)state;
	struct made_log m = { 0 };
	struct fh_trace t;
	struct fh_event_replay r;

	assert_int_equal(verdict(&m), FH_ERR_FORMAT);
	log_put(&m, FH_SPAN_LIT("some text that is as long as a record of the older form"));
	assert_int_not_equal(fh_event_log_replay(log_span(&m), FH_BANK_NONE, &r, &t), FH_ERR_OK);
	assert_string_equal(t.where, "event 0");
	assert_int_not_equal(t.what[0], 0);
	m.n = 0;
	log_record(&m, 0, FH_EV_NO_ACTION, nullptr, FH_SPAN_LIT("StartupLocality\0\3"));
	assert_int_equal(verdict(&m), FH_ERR_FORMAT);
}

static void the_unused_end_of_a_table_is_no_record(void **state)
{
	(void)state;
	struct made_log *m = agile();
	struct fh_event_replay r;
	size_t n = m->n;

	m->n = n + 100;
	memset(m->bytes + n, 0, 100);
	assert_int_equal(replay(m, &r), FH_ERR_OK);
	assert_int_equal(r.records, 5);
	memset(m->bytes + n, 0xff, 100);
	assert_int_equal(verdict(m), FH_ERR_OK);
	m->bytes[n + 99] = 1;
	assert_int_not_equal(verdict(m), FH_ERR_OK);
	m->n = n + 11;
	assert_int_not_equal(verdict(m), FH_ERR_OK);
	m->n = n + 1;
	assert_int_not_equal(verdict(m), FH_ERR_OK);
}

static void refuses_pcrs_that_no_tpm_has(void **state)
{
	(void)state;
	struct made_log *m = agile();

	log_measure(m, 32, FH_EV_ACTION, FH_SPAN_LIT("x"));
	assert_int_equal(verdict(m), FH_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays_every_bank_from_the_startup_locality),
		cmocka_unit_test(replays_a_late_startup_locality_from_the_beginning),
		cmocka_unit_test(replays_what_hardware_measured_from_4),
		cmocka_unit_test(replays_the_form_with_sha1_alone),
		cmocka_unit_test(replays_one_bank_on_demand_and_misses_others),
		cmocka_unit_test(a_dynamic_launch_starts_from_ones),
		cmocka_unit_test(no_action_never_extends),
		cmocka_unit_test(two_startup_localities_contradict),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(every_byte_changed_is_read_or_refused),
		cmocka_unit_test(refuses_lengths_beyond_the_log),
		cmocka_unit_test(refuses_digests_that_are_not_one_of_each),
		cmocka_unit_test(refuses_lists_of_algorithms_that_lie),
		cmocka_unit_test(refuses_what_is_no_log),
		cmocka_unit_test(the_unused_end_of_a_table_is_no_record),
		cmocka_unit_test(refuses_pcrs_that_no_tpm_has),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
