/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_witnesses.h"

#include <stdio.h>

#include "cli/time.h"
#include "codec/json.h"
#include "os/file.h"

int fh_given_witnesses_read(const struct fh_arguments *a, struct fh_arena *room,
			    struct fh_given_witnesses *out)
{
	const char *path = fh_argument(a, "witnesses");
	struct fh_trace why = { 0 };
	struct fh_span text;

	*out = (struct fh_given_witnesses){ .answer = FH_ANSWER_YES };
	if (path == nullptr)
		return -1;
	out->quorum = fh_arena_take(room, sizeof(*out->quorum));
	fh_err e = out->quorum == nullptr ? FH_ERR_NOMEM
					  : fh_file_read(path, FH_QUORUM_TEXT_MAX, room, &text);

	if (e == FH_ERR_OK)
		e = fh_quorum_read(text, out->quorum, &why);
	return e == FH_ERR_OK ? -1
			      : fh_cli_fail(e, path, why.what[0] != '\0' ? why.what : nullptr,
					    "give a witness policy (C2SP tlog-policy)");
}

fh_err fh_given_witnesses_judge(struct fh_given_witnesses *w, struct fh_span note)
{
	struct fh_note read;

	if (w->quorum == nullptr)
		return FH_ERR_OK;
	fh_err e = fh_note_parse(note, &read);

	if (e == FH_ERR_OK)
		e = fh_quorum_judge(w->quorum, &read, &w->v);
	w->noted = e == FH_ERR_OK;
	w->answer = FH_ANSWER_UNCHECKED;
	/* Ours is the line that counts, but a wrong one of a key that is named is a lie.  */
	if (w->noted && w->v.log_named)
		w->answer = w->v.wrong > 0 ? FH_ANSWER_NO : w->v.quorum;
	return e == FH_ERR_CRYPTO ? e : FH_ERR_OK;
}

void fh_given_witnesses_say(const struct fh_given_witnesses *w, struct fh_finding *f)
{
	if (w->answer == FH_ANSWER_YES)
		return;
	if (!w->noted)
		fh_trace_what(fh_finding_say(f, "no-witnesses"),
			      "there is no checkpoint that could be witnessed");
	else if (!w->v.log_named)
		fh_trace_what(fh_finding_say(f, "other-log"),
			      "the witness policy is not about this record: it names other logs");
	else if (w->v.wrong > 0)
		fh_trace_what(fh_finding_say(f, "cosignature"),
			      "%zu of the lines that the witness policy names are wrong",
			      w->v.wrong);
	else if (w->answer == FH_ANSWER_NO)
		fh_trace_what(fh_finding_say(f, "no-quorum"),
			      "%zu witnesses have cosigned it, which are not the quorum",
			      w->v.cosigned);
	else
		fh_trace_what(fh_finding_say(f, "unknown-witness"),
			      "the quorum rests on keys of types that cannot be checked here");
}

static bool has_cosigned(const struct fh_given_witnesses *w, size_t i)
{
	return w->v.witnessed[i] == FH_ANSWER_YES && !w->quorum->node[i].group;
}

void fh_given_witnesses_print(const struct fh_given_witnesses *w, uint64_t size)
{
	printf("witnessed   %llu entries", (unsigned long long)size);
	for (size_t i = 0; i < w->quorum->nodes; i++) {
		const struct fh_span *name = &w->quorum->node[i].name;
		char when[FH_TIME_TEXT] = "";

		if (!has_cosigned(w, i))
			continue;
		if (w->v.time[i] > 0)
			fh_time_text(UINT64_C(1000) * w->v.time[i], when);
		printf(", by %.*s%s%s", (int)name->n, (const char *)name->p,
		       when[0] != '\0' ? " at " : "", when);
	}
	printf("\n");
}

void fh_given_witnesses_put(const struct fh_given_witnesses *w, uint64_t size,
			    struct fh_builder *b)
{
	size_t said = 0;

	fh_builder_text(b, "{\"size\":");
	fh_builder_decimal(b, size);
	fh_builder_text(b, ",\"by\":[");
	for (size_t i = 0; i < w->quorum->nodes; i++) {
		if (!has_cosigned(w, i))
			continue;
		fh_builder_text(b, said++ > 0 ? ",{\"name\":" : "{\"name\":");
		fh_json_put_string(b, w->quorum->node[i].name);
		fh_builder_text(b, ",\"time\":");
		fh_builder_decimal(b, w->v.time[i]);
		fh_builder_u8(b, '}');
	}
	fh_builder_text(b, "]}");
}
