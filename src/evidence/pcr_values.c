/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pcr_values.h"

#include "base/cursor.h"

/* The structures of <tss2/tss2_tpm2_types.h> as C lays them out, each number
 * little-endian whatever the machine: this is how tpm2-tools write them.  */
constexpr size_t select_bytes = 4;         /* TPMS_PCR_SELECTION.pcrSelect */
constexpr size_t select_padding = 1;       /* to the alignment of its hash */
constexpr size_t digests_max = 8;          /* TPML_DIGEST.digests */
constexpr size_t digest_room = FH_DIGEST_MAX; /* TPM2B_DIGEST.buffer */
constexpr size_t lists_max = FH_PCR_VALUES_MAX;
constexpr int bits_of_byte = 8;

/* TPML_PCR_SELECTION.  What is behind its count is what was in the memory.  */
static void read_selection(struct fh_cursor *c, struct fh_pcr_selection *s)
{
	uint32_t n = fh_cursor_le32(c);

	if (n > FH_TPM_SELECTIONS_MAX)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	for (size_t i = 0; i < FH_TPM_SELECTIONS_MAX && !fh_cursor_bad(c); i++) {
		uint16_t hash = fh_cursor_le16(c);
		size_t size = fh_cursor_u8(c);
		struct fh_span select = fh_cursor_take(c, select_bytes);
		uint32_t mask = 0;

		(void)fh_cursor_take(c, select_padding);
		if (i >= n)
			continue;
		if (hash == 0 || size > select_bytes)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		for (size_t k = 0; k < select.n && k < size; k++)
			mask |= (uint32_t)select.p[k] << (k * bits_of_byte);
		s->bank[i].hash = hash;
		s->bank[i].mask = mask;
		s->n = i + 1;
	}
}

/* Beyond what is used there is nothing: else a file could be changed unseen.  */
static void expect_zeros(struct fh_cursor *c, struct fh_span room)
{
	for (size_t i = 0; i < room.n; i++) {
		if (room.p[i] != 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
	}
}

/* TPML_DIGEST: its values behind those that V has.  */
static void read_list(struct fh_cursor *c, struct fh_pcr_values *v)
{
	uint32_t n = fh_cursor_le32(c);

	if (n > digests_max)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	for (size_t i = 0; i < digests_max && !fh_cursor_bad(c); i++) {
		size_t size = fh_cursor_le16(c);
		struct fh_span room = fh_cursor_take(c, digest_room);

		if (size > (i < n ? digest_room : 0)) {
			fh_cursor_fail(c, FH_ERR_FORMAT);
			return;
		}
		expect_zeros(c, fh_span_skip(room, size));
		if (i >= n)
			continue;
		if (v->n == FH_PCR_VALUES_MAX)
			fh_cursor_fail(c, FH_ERR_LIMIT);
		else
			v->value[v->n++] = fh_span_first(room, size);
	}
}

static fh_err read_serialized(struct fh_span file, struct fh_pcr_values *v)
{
	struct fh_cursor c = fh_cursor_of(file);

	read_selection(&c, &v->select);
	uint32_t lists = fh_cursor_le32(&c);

	if (lists > lists_max)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	for (uint32_t i = 0; i < lists && !fh_cursor_bad(&c); i++)
		read_list(&c, v);
	return fh_cursor_end(&c);
}

/* The values alone, in the order of V's selection.  */
static fh_err read_plain(struct fh_span file, struct fh_pcr_values *v)
{
	struct fh_cursor c = fh_cursor_of(file);

	for (size_t i = 0; i < v->select.n; i++) {
		size_t size = fh_bank_size((enum fh_bank)v->select.bank[i].hash);

		for (unsigned pcr = 0; pcr < FH_PCRS_MAX && !fh_cursor_bad(&c); pcr++) {
			if ((v->select.bank[i].mask & 1U << pcr) == 0)
				continue;
			if (v->n == FH_PCR_VALUES_MAX)
				return FH_ERR_LIMIT;
			v->value[v->n++] = fh_cursor_take(&c, size);
		}
	}
	return fh_cursor_end(&c);
}

/* As many values as V selects, each of its bank's size.  */
static fh_err settle(const struct fh_pcr_values *v)
{
	size_t next = 0;

	for (size_t i = 0; i < v->select.n; i++) {
		size_t size = fh_bank_size((enum fh_bank)v->select.bank[i].hash);
		size_t n = (size_t)__builtin_popcount(v->select.bank[i].mask);

		if (n > 0 && size == 0)
			return FH_ERR_UNSUPPORTED;
		for (; n > 0; n--, next++) {
			if (next == v->n || v->value[next].n != size)
				return FH_ERR_FORMAT;
		}
	}
	return next == v->n ? FH_ERR_OK : FH_ERR_FORMAT;
}

fh_err fh_pcr_values_read(struct fh_span file, const struct fh_pcr_selection *quoted,
			  struct fh_pcr_values *out)
{
	struct fh_pcr_values v = { 0 };

	if (file.n > FH_PCR_FILE_MAX)
		return FH_ERR_LIMIT;
	/* A file may fit both forms only if a PCR begins like a selection, and then
	 * its digest decides.  */
	if (read_serialized(file, &v) != FH_ERR_OK) {
		v = (struct fh_pcr_values){ .select = *quoted };
		fh_err e = read_plain(file, &v);

		if (e != FH_ERR_OK)
			return e;
	}
	fh_err e = settle(&v);

	if (e == FH_ERR_OK)
		*out = v;
	return e;
}

fh_err fh_pcr_values_of(enum fh_bank bank, uint32_t mask, const struct fh_span *values,
			struct fh_pcr_values *out)
{
	struct fh_pcr_values v = { .select = { .n = 1 } };

	v.select.bank[0].hash = bank;
	v.select.bank[0].mask = mask;
	v.n = (size_t)__builtin_popcount(mask);
	for (size_t i = 0; i < v.n; i++)
		v.value[i] = values[i];
	fh_err e = settle(&v);

	if (e == FH_ERR_OK)
		*out = v;
	return e;
}

struct fh_digest fh_pcr_values_digest(const struct fh_pcr_values *v, enum fh_bank hash)
{
	struct fh_bank_hash h;

	fh_bank_hash_begin(&h, hash);
	for (size_t i = 0; i < v->n; i++)
		fh_bank_hash_add(&h, v->value[i]);
	return fh_bank_hash_end(&h);
}

struct fh_span fh_pcr_values_find(const struct fh_pcr_values *v, enum fh_bank bank, unsigned pcr)
{
	size_t next = 0;

	for (size_t i = 0; i < v->select.n; i++) {
		uint32_t mask = v->select.bank[i].mask;

		if (v->select.bank[i].hash == bank && pcr < FH_PCRS_MAX && (mask & 1U << pcr) != 0)
			return v->value[next + (size_t)__builtin_popcount(mask &
									  ((1U << pcr) - 1))];
		next += (size_t)__builtin_popcount(mask);
	}
	return (struct fh_span){ 0 };
}
