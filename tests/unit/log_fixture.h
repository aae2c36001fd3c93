/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_LOG_FIXTURE_H
#define FH_TESTS_LOG_FIXTURE_H

#include <string.h>

#include "crypto/bank.h"

/* Event logs made for tests, record by record: crypto-agile, with SHA-256 alone.  */

struct log_maker {
	uint8_t *bytes;
	size_t n, cap;
};

static inline void log_put(struct log_maker *l, const void *p, size_t n)
{
	if (n > l->cap - l->n)
		abort();
	if (n > 0)
		memcpy(l->bytes + l->n, p, n);
	l->n += n;
}

static inline void log_le(struct log_maker *l, size_t width, uint64_t v)
{
	for (size_t i = 0; i < width; i++) {
		uint8_t byte = (uint8_t)(v >> 8 * i);

		log_put(l, &byte, 1);
	}
}

/* The record that lists the algorithms.  */
static inline void log_begin(struct log_maker *l)
{
	static const uint8_t zeros[20];

	l->n = 0;
	log_le(l, 4, 0);
	log_le(l, 4, 3);
	log_put(l, zeros, 20);
	log_le(l, 4, 24 + 4 + 4 + 1);
	log_put(l, "Spec ID Event03\0\0\0\0\0\0\2\0\2", 24);
	log_le(l, 4, 1);
	log_le(l, 2, FH_BANK_SHA256);
	log_le(l, 2, 32);
	log_le(l, 1, 0);
}

/* One that measured its own data.  */
static inline void log_event(struct log_maker *l, uint32_t pcr, uint32_t type, struct fh_span data)
{
	struct fh_digest d = fh_bank_digest(FH_BANK_SHA256, data);

	log_le(l, 4, pcr);
	log_le(l, 4, type);
	log_le(l, 4, 1);
	log_le(l, 2, FH_BANK_SHA256);
	log_put(l, d.bytes, 32);
	log_le(l, 4, data.n);
	log_put(l, data.p, data.n);
}

#endif
