/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_UNIT_EVENT_FIXTURE_H
#define FH_UNIT_EVENT_FIXTURE_H

#include <string.h>

#include "evidence/event_log.h"

/* Event logs as firmware writes them, record by record.  */
struct made_log {
	uint8_t bytes[8192];
	size_t n;
	size_t banks; /* 0: the form with SHA-1 alone */
	enum fh_bank bank[FH_EVENT_ALGORITHMS_MAX];
};

static inline void log_put(struct made_log *m, struct fh_span s)
{
	if (s.n > 0)
		memcpy(m->bytes + m->n, s.p, s.n);
	m->n += s.n;
}

static inline void log_number(struct made_log *m, uint32_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		m->bytes[m->n++] = (uint8_t)(v >> (8 * i));
}

static inline struct fh_span log_span(const struct made_log *m)
{
	return fh_span_of(m->bytes, m->n);
}

/* A record whose digests are of DIGESTED; with none given, zeros.  */
static inline void log_record(struct made_log *m, uint32_t pcr, uint32_t type,
			      const struct fh_span *digested, struct fh_span data)
{
	log_number(m, pcr, 4);
	log_number(m, type, 4);
	if (m->banks > 0)
		log_number(m, (uint32_t)m->banks, 4);
	for (size_t i = 0; i < (m->banks > 0 ? m->banks : 1); i++) {
		enum fh_bank bank = m->banks > 0 ? m->bank[i] : FH_BANK_SHA1;
		struct fh_digest d = digested == nullptr ? fh_bank_reset(bank)
							 : fh_bank_digest(bank, *digested);

		if (m->banks > 0)
			log_number(m, bank, 2);
		log_put(m, fh_digest_span(&d));
	}
	log_number(m, (uint32_t)data.n, 4);
	log_put(m, data);
}

static inline void log_measure(struct made_log *m, uint32_t pcr, uint32_t type, struct fh_span data)
{
	log_record(m, pcr, type, &data, data);
}

/* The first record of the crypto-agile form.  */
static inline void log_begin(struct made_log *m, const enum fh_bank *bank, size_t banks)
{
	*m = (struct made_log){ 0 };
	log_number(m, 0, 4);
	log_number(m, FH_EV_NO_ACTION, 4);
	m->n += 20;
	log_number(m, (uint32_t)(16 + 12 + 4 * banks + 1), 4);
	log_put(m, FH_SPAN_LIT("Spec ID Event03\0"));
	log_number(m, 0, 4);
	log_put(m, FH_SPAN_LIT("\0\2\0\2"));
	log_number(m, (uint32_t)banks, 4);
	for (size_t i = 0; i < banks; i++) {
		log_number(m, bank[i], 2);
		log_number(m, (uint32_t)fh_bank_size(bank[i]), 2);
		m->bank[i] = bank[i];
	}
	log_number(m, 0, 1);
	m->banks = banks;
}

#endif
