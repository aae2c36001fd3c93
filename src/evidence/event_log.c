/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_log.h"

constexpr size_t legacy_fixed = 32;     /* TCG_PCClientPCREvent without its data */
constexpr size_t agile_fixed = 12;      /* TCG_PCR_EVENT2 up to its digests */
constexpr size_t sha1_size = 20;
constexpr size_t platform_class_size = 4;
constexpr size_t versions_size = 4;     /* minor, major, errata, size of UINTN */

static void fail(struct fh_event_log *log, fh_err why, const char *what)
{
	fh_cursor_fail(&log->rest, why);
	if (log->t == nullptr || log->t->what[0] != '\0')
		return;
	fh_trace_where(log->t, "event %zu", log->number);
	fh_trace_what(log->t, "%s", what);
	fh_trace_cure(log->t, "give the whole log, as binary_bios_measurements in "
			      "/sys/kernel/security/tpm0 has it");
}

static bool listed(const struct fh_event_log *log, uint16_t id)
{
	for (size_t i = 0; i < log->algorithms; i++) {
		if (log->algorithm[i].id == id)
			return true;
	}
	return false;
}

/* --- records --------------------------------------------------------------------- */

static void read_data(struct fh_event_log *log, struct fh_event *e)
{
	uint32_t n = fh_cursor_le32(&log->rest);

	if (n > FH_EVENT_DATA_MAX)
		fail(log, FH_ERR_LIMIT, "its data is larger than 1 MiB");
	else if (n > log->rest.rest.n)
		fail(log, FH_ERR_TORN, "the log ends within it");
	e->data = fh_cursor_take(&log->rest, n);
}

static void read_legacy(struct fh_event_log *log, struct fh_event *e)
{
	if (log->rest.rest.n < legacy_fixed)
		fail(log, FH_ERR_TORN, "the log ends within it");
	e->pcr = fh_cursor_le32(&log->rest);
	e->type = fh_cursor_le32(&log->rest);
	e->digests = 1;
	e->digest[0].algorithm = FH_BANK_SHA1;
	e->digest[0].bytes = fh_cursor_take(&log->rest, sha1_size);
	read_data(log, e);
}

/* One digest into the place that the log's list of algorithms gives it.  */
static void read_digest(struct fh_event_log *log, struct fh_event *e)
{
	uint16_t id = fh_cursor_le16(&log->rest);

	for (size_t i = 0; i < log->algorithms; i++) {
		if (log->algorithm[i].id != id)
			continue;
		if (e->digest[i].algorithm != 0)
			fail(log, FH_ERR_FORMAT, "it has two digests of one algorithm");
		e->digest[i].algorithm = id;
		e->digest[i].bytes = fh_cursor_take(&log->rest, log->algorithm[i].size);
		return;
	}
	if (fh_cursor_bad(&log->rest))
		fail(log, FH_ERR_TORN, "the log ends within it");
	fail(log, FH_ERR_FORMAT, "it has a digest of an algorithm that the log does not list");
}

/* As many digests as algorithms, none twice: so each algorithm has one.  */
static void read_agile(struct fh_event_log *log, struct fh_event *e)
{
	if (log->rest.rest.n < agile_fixed)
		fail(log, FH_ERR_TORN, "the log ends within it");
	e->pcr = fh_cursor_le32(&log->rest);
	e->type = fh_cursor_le32(&log->rest);
	e->digests = fh_cursor_le32(&log->rest);
	if (!fh_cursor_bad(&log->rest) && e->digests != log->algorithms)
		fail(log, FH_ERR_FORMAT, "it has not one digest for each algorithm of the log");
	for (size_t i = 0; i < log->algorithms && !fh_cursor_bad(&log->rest); i++)
		read_digest(log, e);
	read_data(log, e);
}

/* --- the first record ------------------------------------------------------------ */

static void read_algorithm(struct fh_event_log *log, struct fh_cursor *c)
{
	struct fh_event_algorithm a = { 0 };

	a.id = fh_cursor_le16(c);
	a.size = fh_cursor_le16(c);
	if (fh_cursor_bad(c))
		return;
	if (listed(log, a.id))
		fail(log, FH_ERR_FORMAT, "it lists an algorithm twice");
	else if (fh_bank_size((enum fh_bank)a.id) == 0)
		fail(log, FH_ERR_UNSUPPORTED, "it lists an algorithm that is no known hash");
	else if (fh_bank_size((enum fh_bank)a.id) != a.size)
		fail(log, FH_ERR_FORMAT, "it gives an algorithm another size than it has");
	else
		log->algorithm[log->algorithms++] = a;
}

/* TCG_EfiSpecIdEvent behind its signature (PFP 10.4.5.1).  */
static void read_spec_id(struct fh_event_log *log, struct fh_span data)
{
	struct fh_cursor c = fh_cursor_of(data);

	(void)fh_cursor_take(&c, platform_class_size + versions_size);
	uint32_t n = fh_cursor_le32(&c);

	if (!fh_cursor_bad(&c) && n == 0)
		fail(log, FH_ERR_FORMAT, "it lists no algorithm");
	if (n > FH_EVENT_ALGORITHMS_MAX)
		fail(log, FH_ERR_LIMIT, "it lists more than 8 algorithms");
	for (uint32_t i = 0; i < n && !fh_cursor_bad(&log->rest) && !fh_cursor_bad(&c); i++)
		read_algorithm(log, &c);
	(void)fh_cursor_take(&c, fh_cursor_u8(&c)); /* vendorInfo */
	if (fh_cursor_end(&c) != FH_ERR_OK)
		fail(log, FH_ERR_FORMAT, "its list of algorithms does not fill it");
}

fh_err fh_event_log_open(struct fh_span file, struct fh_event_log *out, struct fh_trace *t)
{
	struct fh_event_log log = { .rest = fh_cursor_of(file), .t = t };
	struct fh_span id = FH_SPAN_LIT("Spec ID Event03\0");
	struct fh_span any_id = FH_SPAN_LIT("Spec ID Event0");
	struct fh_event first = { 0 };

	if (t != nullptr)
		*t = (struct fh_trace){ 0 };
	if (file.n > FH_EVENT_LOG_MAX)
		fail(&log, FH_ERR_LIMIT, "the log is larger than 4 MiB");
	else if (file.n == 0)
		fail(&log, FH_ERR_FORMAT, "the log is empty");
	read_legacy(&log, &first);
	log.agile = first.type == FH_EV_NO_ACTION && fh_span_starts(first.data, id);
	if (fh_cursor_bad(&log.rest))
		fail(&log, FH_ERR_FORMAT, "this is no event log of firmware");
	else if (first.type == FH_EV_NO_ACTION && !fh_span_starts(first.data, any_id))
		fail(&log, FH_ERR_FORMAT, "it is no Spec ID event and no measurement");
	else if (log.agile)
		read_spec_id(&log, fh_span_skip(first.data, id.n));
	else
		log.algorithm[log.algorithms++] =
			(struct fh_event_algorithm){ FH_BANK_SHA1, sha1_size };
	if (fh_cursor_bad(&log.rest))
		return log.rest.why;
	log.rest = fh_cursor_of(file);
	*out = log;
	return FH_ERR_OK;
}

/* --- one after the other ---------------------------------------------------------- */

static bool only(struct fh_span s, uint8_t byte)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != byte)
			return false;
	}
	return true;
}

/* Zeros are no record of the agile form, which has digests in each, nor is 0xff one
 * of either, for its length; zeros to the end are no record of the older form
 * because firmware means the end by them, as Linux does.  */
static bool unused(const struct fh_event_log *log)
{
	struct fh_span rest = log->rest.rest;

	return rest.n >= (log->agile ? agile_fixed : legacy_fixed) &&
	       (only(rest, 0x00) || only(rest, 0xff));
}

bool fh_event_log_next(struct fh_event_log *log, struct fh_event *out)
{
	struct fh_event e = { .number = log->number };

	if (fh_cursor_bad(&log->rest) || log->rest.rest.n == 0 ||
	    ((log->rest.rest.p[0] == 0x00 || log->rest.rest.p[0] == 0xff) && unused(log)))
		return false;
	if (log->number == FH_EVENTS_MAX)
		fail(log, FH_ERR_LIMIT, "the log has more than 32768 records");
	if (log->agile && log->number > 0)
		read_agile(log, &e);
	else
		read_legacy(log, &e);
	if (e.type != FH_EV_NO_ACTION && e.pcr >= FH_PCRS_MAX)
		fail(log, FH_ERR_FORMAT, "it is of a PCR that no TPM has");
	if (fh_cursor_bad(&log->rest)) {
		fail(log, FH_ERR_TORN, "the log ends within it");
		return false;
	}
	log->number++;
	*out = e;
	return true;
}

struct fh_span fh_event_digest(const struct fh_event *e, uint16_t algorithm)
{
	for (size_t i = 0; i < e->digests; i++) {
		if (e->digest[i].algorithm == algorithm)
			return e->digest[i].bytes;
	}
	return (struct fh_span){ 0 };
}

bool fh_event_startup_locality(const struct fh_event *e, uint8_t *value)
{
	struct fh_span id = FH_SPAN_LIT("StartupLocality\0");

	if (e->type != FH_EV_NO_ACTION || e->pcr != 0 || e->data.n != id.n + 1 ||
	    !fh_span_starts(e->data, id))
		return false;
	*value = e->data.p[id.n];
	return true;
}

bool fh_event_is_hcrtm(const struct fh_event *e)
{
	return e->type == FH_EV_EFI_HCRTM_EVENT && e->pcr == 0;
}
