/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_check.h"

#include "evidence/event_describe.h"

constexpr unsigned firmware_pcrs = 8;
constexpr unsigned exit_pcr = 5;
constexpr uint8_t locality_hcrtm = 4; /* the greatest first value of PCR 0 */

static const struct {
	const char *code, *text;
} findings[] = {
#define FH_EVENT_FINDING_ROW(name, code, text) { code, text },
	FH_EVENT_FINDING_LIST(FH_EVENT_FINDING_ROW)
#undef FH_EVENT_FINDING_ROW
};

const char *fh_event_finding_code(enum fh_event_finding f)
{
	return findings[f].code;
}

const char *fh_event_finding_text(enum fh_event_finding f)
{
	return findings[f].text;
}

/* All digests of E that can be computed are of BYTES, and there is one.  What cannot be is
 * left to the replay, which names the bank.  */
static bool digests_are_of(const struct fh_event *e, struct fh_span bytes)
{
	bool one = false;

	for (size_t i = 0; i < e->digests; i++) {
		enum fh_bank bank = (enum fh_bank)e->digest[i].algorithm;

		struct fh_digest d = fh_bank_digest(bank, bytes);

		if (d.n == 0)
			continue;
		if (!fh_span_equal(fh_digest_span(&d), e->digest[i].bytes))
			return false;
		one = true;
	}
	return one;
}

static bool zeros(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != 0)
			return false;
	}
	return true;
}

static bool digests_are_zero(const struct fh_event *e)
{
	for (size_t i = 0; i < e->digests; i++) {
		if (!zeros(e->digest[i].bytes))
			return false;
	}
	return true;
}

/* What a separator's digests are by E's algorithm I; computed once for a log.  */
static const struct fh_event_separator *separator_of(struct fh_event_check *c,
						     const struct fh_event *e, size_t i)
{
	struct fh_event_separator *s = &c->separator[i];
	enum fh_bank bank = (enum fh_bank)e->digest[i].algorithm;

	if (s->bank != bank) {
		s->bank = bank;
		s->zeros = fh_bank_digest(bank, FH_SPAN_LIT("\0\0\0\0"));
		s->ones = fh_bank_digest(bank, FH_SPAN_LIT("\xff\xff\xff\xff"));
	}
	return s;
}

/* A digest in any bank tells a separator, whatever the type says, and whatever stands in the
 * others: only one of them was quoted.  */
static bool has_separator_digest(struct fh_event_check *c, const struct fh_event *e)
{
	for (size_t i = 0; i < e->digests; i++) {
		const struct fh_event_separator *s = separator_of(c, e, i);

		if (fh_span_equal(fh_digest_span(&s->zeros), e->digest[i].bytes) ||
		    fh_span_equal(fh_digest_span(&s->ones), e->digest[i].bytes))
			return true;
	}
	return false;
}

static bool is_text_digest(const struct fh_event *e)
{
	struct fh_span s = e->data;

	/* Some firmware logs a zero that it did not measure.  */
	while (s.n > 0 && s.p[s.n - 1] == 0)
		s.n--;
	return digests_are_of(e, e->data) || digests_are_of(e, s);
}

/* A fixed text; what was digested is the code that hardware measured before the processor's
 * first instruction.  */
static bool is_hcrtm(struct fh_span data)
{
	return fh_span_equal(data, FH_SPAN_LIT("HCRTM")) ||
	       fh_span_equal(data, FH_SPAN_LIT("HCRTM\0"));
}

/* Firmware of the first profiles measured a boot variable's value alone; the older
 * type is used for both.  */
static uint32_t check_variable(const struct fh_event *e)
{
	struct fh_event_variable v;

	if (!fh_event_variable_read(e->data, &v))
		return 1U << FH_EVENT_DATA;
	/* With as much of the slack as its writer took for the structure.  */
	for (size_t n = v.whole.n; n <= e->data.n; n++) {
		if (digests_are_of(e, fh_span_first(e->data, n)))
			return 0;
	}
	if (e->type == FH_EV_EFI_VARIABLE_BOOT && digests_are_of(e, v.value))
		return 0;
	return 1U << FH_EVENT_DIGEST;
}

static uint32_t check_image(const struct fh_event *e)
{
	uint8_t room[FH_DEVICE_PATH_NODES * FH_EVENT_TEXT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span path;

	if (!fh_event_image_path(e->data, &path) || (path.n > 0 && !fh_device_path_put(&b, path)))
		return 1U << FH_EVENT_DATA;
	return 0;
}

static uint32_t check_separator(struct fh_event_check *c, const struct fh_event *e)
{
	bool again = (c->separators & 1U << e->pcr) != 0;

	c->separators |= 1U << e->pcr;
	if (again)
		return 1U << FH_EVENT_SEPARATOR_AGAIN;
	if (digests_are_of(e, FH_SPAN_LIT("\1\0\0\0")))
		return 1U << FH_EVENT_SEPARATOR_ERROR;
	if (!has_separator_digest(c, e))
		return 1U << FH_EVENT_DIGEST;
	return digests_are_of(e, e->data) ? 0 : 1U << FH_EVENT_DATA;
}

static uint32_t check_no_action(const struct fh_event_check *c, const struct fh_event *e)
{
	uint32_t found = digests_are_zero(e) ? 0 : 1U << FH_EVENT_NO_ACTION;
	uint8_t first;

	if (fh_event_startup_locality(e, &first) &&
	    ((c->extended & 1U) != 0 || first > locality_hcrtm))
		found |= 1U << FH_EVENT_LOCALITY;
	return found;
}

static uint32_t check_hcrtm(const struct fh_event_check *c, const struct fh_event *e)
{
	bool late = fh_event_is_hcrtm(e) && (c->extended & 1U) != 0;

	return (is_hcrtm(e->data) ? 0 : 1U << FH_EVENT_DATA) | (late ? 1U << FH_EVENT_LOCALITY : 0);
}

static uint32_t check_type(struct fh_event_check *c, const struct fh_event *e)
{
	switch (e->type) {
	case FH_EV_SEPARATOR:
		return check_separator(c, e);
	case FH_EV_ACTION:
	case FH_EV_EFI_ACTION:
	case FH_EV_S_CRTM_VERSION:
		return is_text_digest(e) ? 0 : 1U << FH_EVENT_DIGEST;
	case FH_EV_EFI_HCRTM_EVENT:
		return check_hcrtm(c, e);
	case FH_EV_EFI_VARIABLE_DRIVER_CONFIG:
	case FH_EV_EFI_VARIABLE_BOOT:
	case FH_EV_EFI_VARIABLE_BOOT2:
	case FH_EV_EFI_VARIABLE_AUTHORITY:
		return check_variable(e);
	case FH_EV_EFI_BOOT_SERVICES_APPLICATION:
	case FH_EV_EFI_BOOT_SERVICES_DRIVER:
	case FH_EV_EFI_RUNTIME_SERVICES_DRIVER:
		return check_image(e);
	default:
		return fh_event_type_name(e->type) == nullptr ? 1U << FH_EVENT_TYPE : 0;
	}
}

/* Measured by firmware before it looks for something to start.  Boot variables and
 * authorities come later as well: shim and the loaders measure them.  */
static bool is_early(uint32_t type)
{
	return type == FH_EV_S_CRTM_VERSION || type == FH_EV_EFI_HCRTM_EVENT ||
	       type == FH_EV_EFI_PLATFORM_FIRMWARE_BLOB ||
	       type == FH_EV_EFI_PLATFORM_FIRMWARE_BLOB2 ||
	       type == FH_EV_EFI_VARIABLE_DRIVER_CONFIG;
}

static void watch_exit(struct fh_event_check *c, const struct fh_event *e)
{
	if (e->pcr != exit_pcr)
		return;
	if (digests_are_of(e, FH_SPAN_LIT("Exit Boot Services Invocation")))
		c->exit_called = true;
	if (c->exit_called &&
	    digests_are_of(e, FH_SPAN_LIT("Exit Boot Services Returned with Success")))
		c->exit_returned = true;
}

uint32_t fh_event_check(struct fh_event_check *c, const struct fh_event *e)
{
	uint32_t found;

	if (e->type == FH_EV_NO_ACTION) {
		found = check_no_action(c, e);
	} else if (e->pcr >= firmware_pcrs) {
		found = 0; /* the system's own; the profile defines nothing there */
		c->extended |= e->pcr < FH_PCRS_MAX ? 1U << e->pcr : 0;
	} else {
		bool late = (c->separators & 1U << e->pcr) != 0 && is_early(e->type);

		found = check_type(c, e) | (late ? 1U << FH_EVENT_AFTER_SEPARATOR : 0);
		if (e->type != FH_EV_SEPARATOR && has_separator_digest(c, e))
			found |= 1U << FH_EVENT_SEPARATOR_HIDDEN;
		watch_exit(c, e);
		c->extended |= 1U << e->pcr;
	}
	c->findings |= found;
	return found;
}
