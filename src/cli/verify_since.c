/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_since.h"

#include "cli/command.h"
#include "os/file.h"
#include "os/memory.h"
#include "verify/document.h"

constexpr size_t document_memory = 8 * FH_DOCUMENT_MAX;
constexpr mode_t saved_mode = 0600; /* it tells who used how much, which a record may seal */

void fh_given_since_drop(struct fh_given_since *s)
{
	fh_view_drop(&s->view);
	fh_arena_drop(&s->memory);
	fh_arena_drop(&s->room);
	fh_arena_drop(&s->file);
	*s = (struct fh_given_since){ 0 };
}

/* A document that the machine published holds the checkpoint that its quote is over.  */
static fh_err read_note(struct fh_given_since *s)
{
	struct fh_document d;
	fh_err e = s->view.bytes.n > FH_DOCUMENT_MAX ? FH_ERR_LIMIT
						     : fh_arena_map(document_memory, &s->memory);

	s->note = s->view.bytes;
	if (e == FH_ERR_OK && fh_span_starts(s->note, FH_SPAN_LIT("{"))) {
		e = fh_document_peek(s->view.bytes, &s->memory, &d);
		s->note = d.checkpoint;
	}
	return e == FH_ERR_OK && s->note.n > FH_SINCE_NOTE_MAX ? FH_ERR_LIMIT : e;
}

static int refuse(const char *path, fh_err e)
{
	const char *what = e == FH_ERR_VERSION ? "was saved by another version of Freehold"
			   : e == FH_ERR_TORN  ? "is damaged: it is not as it was saved"
					       : "is no saved verification";

	return fh_cli_fail(e, path, what, "verify the whole record, and --save it anew");
}

int fh_given_since_read(const char *path, bool whole, struct fh_given_since *out)
{
	if (path == nullptr)
		return -1;
	fh_err e = fh_view_open(path, &out->view);

	out->goes_on = e == FH_ERR_OK && fh_saved_is(out->view.bytes);
	if (out->goes_on && whole)
		return fh_cli_fail(FH_ERR_UNSUPPORTED, path, "is a saved verification",
				   "give it to --since, or a checkpoint to --at-least");
	if (out->goes_on) {
		e = fh_saved_read(out->view.bytes, &out->saved);
		return e == FH_ERR_OK ? -1 : refuse(path, e);
	}
	if (e == FH_ERR_OK)
		e = read_note(out);
	if (e == FH_ERR_OK)
		return -1;
	return fh_cli_fail(e, path, nullptr, "name a checkpoint saved earlier");
}

void fh_given_since_get(struct fh_given_since *s, struct fh_record_options *o)
{
	o->at_least = s->note;
	o->saved = s->goes_on ? &s->saved : nullptr;
	o->keep = s->file.cap > 0 ? &s->keep : nullptr;
}

fh_err fh_given_since_save_begin(struct fh_given_since *s)
{
	/* Mapped, so what is not needed costs nothing.  */
	fh_err e = fh_arena_map(FH_SAVED_MAX + FH_RECORD_SAVE_ROOM, &s->room);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_SAVED_MAX + 4096, &s->file);
	if (e != FH_ERR_OK)
		return e;
	void *p = fh_arena_space(&s->room, FH_SAVED_MAX);

	s->keep = fh_builder_of(p, FH_SAVED_MAX);
	return p == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

int fh_given_since_save(struct fh_given_since *s, struct fh_record_check *c, enum fh_answer v,
			int status, const char *path)
{
	struct fh_arena rest = fh_arena_of((uint8_t *)s->keep.p + FH_SAVED_MAX,
					   FH_RECORD_SAVE_ROOM);
	struct fh_builder b = fh_builder_of(fh_arena_space(&s->file, FH_SAVED_MAX), FH_SAVED_MAX);

	fh_err e = v == FH_ANSWER_YES ? fh_record_save(c, &rest, &b) : FH_ERR_STATE;

	if (e == FH_ERR_STATE) {
		(void)fh_cli_fail(e, path, "not saved: the verdict is not yes",
				  "what it says has to be cleared up first");
		return status;
	}
	if (e == FH_ERR_LIMIT)
		return fh_cli_fail(e, path, "not saved: the record has more statements or open "
					    "intents than a file holds",
				   "verify the whole record each time");
	if (e == FH_ERR_OK)
		e = fh_file_replace(path, fh_builder_span(&b), saved_mode);
	if (e == FH_ERR_OK)
		return status;
	return fh_cli_fail(e, path, "not saved", "name a file in a directory where one can be "
						 "written");
}
