/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/record.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cbor.h"
#include "entry/opened.h"
#include "entry/segment.h"
#include "os/file.h"

constexpr size_t memory_size = 1 << 30; /* mapped, so what is not used costs nothing */
constexpr size_t segments_max = 4;

static void must(bool so, const char *what)
{
	if (so)
		return;
	(void)fprintf(stderr, "# the record cannot be read: %s\n", what);
	exit(99);
}

static void see_batch(struct fh_seen *s, struct fh_opened *opened, struct fh_span body)
{
	struct fh_batch batch;
	struct fh_stored stored;
	struct fh_leaf leaf;
	bool sealed;

	must(fh_batch_read(body, &batch) == FH_ERR_OK, "batch");
	while (fh_batch_next(&batch, &stored) == FH_ERR_OK && s->n < FH_SEEN_MAX) {
		must(fh_leaf_read(stored.leaf, &leaf) == FH_ERR_OK && leaf.index == s->n, "leaf");
		s->entry[s->n].kind = leaf.kind;
		fh_err e = fh_opened_fields(opened, &leaf, stored.payload,
					    &s->entry[s->n].fields, &sealed);

		must(e == FH_ERR_OK && !sealed, "payload");
		s->n++;
	}
}

static void see_segment(struct fh_seen *s, struct fh_opened *opened, struct fh_span bytes)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	enum fh_segment_frame type;
	struct fh_span body;

	while (fh_segment_next(&c, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH)
			see_batch(s, opened, body);
	}
}

static int is_segment(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 4 && strcmp(d->d_name + n - 4, ".fhj") == 0;
}

/* The segments as they are now.  */
static size_t read_segments(const struct fh_house *h, struct fh_arena *a,
			    struct fh_span out[segments_max])
{
	char path[3 * FH_HOUSE_PATH];
	struct dirent **entry;

	(void)snprintf(path, sizeof(path), "%s/record/journal", h->state);
	int n = scandir(path, &entry, is_segment, alphasort);

	must(n >= 0 && n <= (int)segments_max, path);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/record/journal/%.40s", h->state,
			       entry[i]->d_name);
		must(fh_file_read(path, memory_size / 4, a, &out[i]) == FH_ERR_OK, path);
		free(entry[i]);
	}
	free(entry);
	return (size_t)n;
}

/* What is opened behind that has at least as many entries.  */
static void see_all(const struct fh_house *h, struct fh_seen *s)
{
	struct fh_span segment[segments_max], openings;
	char path[FH_HOUSE_PATH];
	struct fh_opened opened;
	size_t n = read_segments(h, &s->arena, segment);

	fh_house_open_record(h, path);
	must(fh_file_read(path, memory_size / 4, &s->arena, &openings) == FH_ERR_OK
	     && fh_opened_begin(openings, &opened) == FH_ERR_OK, path);
	for (size_t i = 0; i < n; i++)
		see_segment(s, &opened, segment[i]);
}

void fh_seen_read(const struct fh_house *h, struct fh_seen *s)
{
	*s = (struct fh_seen){ 0 };
	must(fh_arena_map(memory_size, &s->arena) == FH_ERR_OK, "memory");
	s->entry = fh_arena_array(&s->arena, FH_SEEN_MAX, sizeof(*s->entry));
	must(s->entry != nullptr, "memory");
	see_all(h, s);
}

void fh_seen_drop(struct fh_seen *s)
{
	fh_arena_drop(&s->arena);
}

static struct fh_cursor value_of(const struct fh_seen *s, uint64_t index, enum fh_field_id id)
{
	const struct fh_field *f = nullptr;

	if (index < s->n)
		f = fh_fields_get(&s->entry[index].fields, id);
	return fh_cursor_of(f == nullptr ? (struct fh_span){ 0 } : f->value);
}

bool fh_seen_permitted(const struct fh_seen *s, uint64_t index)
{
	struct fh_cursor c = value_of(s, index, FH_FIELD_DECISION);

	(void)fh_cbor_array(&c, 3);
	return index < s->n && s->entry[index].kind == FH_ENTRY_INTENT && fh_cbor_bool(&c);
}

const char *fh_seen_text(const struct fh_seen *s, uint64_t index, enum fh_field_id id)
{
	static char text[512];
	struct fh_cursor c = value_of(s, index, id);
	struct fh_span t = fh_cbor_text(&c, sizeof(text) - 1);

	(void)snprintf(text, sizeof(text), "%.*s", (int)t.n, t.n == 0 ? "" : (const char *)t.p);
	return text;
}

const char *fh_seen_status(const struct fh_seen *s, uint64_t index)
{
	for (size_t i = 0; i < s->n; i++) {
		struct fh_cursor c = value_of(s, i, FH_FIELD_INTENT);

		if (s->entry[i].kind == FH_ENTRY_OUTCOME && fh_cbor_uint(&c) == index
		    && fh_cursor_end(&c) == FH_ERR_OK)
			return fh_seen_text(s, i, FH_FIELD_STATUS);
	}
	return "";
}

size_t fh_seen_count(const struct fh_house *h)
{
	struct fh_seen s;

	fh_seen_read(h, &s);
	size_t n = s.n;

	fh_seen_drop(&s);
	return n;
}
