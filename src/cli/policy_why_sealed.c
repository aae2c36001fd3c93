/* SPDX-License-Identifier: Apache-2.0 */
/* What is lacking of an entry that is to be explained, and who would open it.  */
#include "cli/policy_why.h"

#include "base/builder.h"

/* The names of the fields that E shows: "action, decision".  */
static struct fh_span put_shown(struct fh_builder *b, const struct fh_opened_entry *e)
{
	for (size_t i = 0; i < e->shown.n; i++) {
		fh_builder_text(b, i > 0 ? ", " : "");
		fh_builder_text(b, fh_field_text(e->shown.field[i].id));
	}
	return fh_builder_span(b);
}

void fh_why_sealed(const struct fh_why *w, uint64_t index, struct fh_trace *t)
{
	struct fh_opened *opened = w->past->opened;
	const char *file = w->openings;
	unsigned long long n = index;
	uint8_t names[256];
	struct fh_builder b = FH_BUILDER_ARRAY(names);
	struct fh_opened_entry e;

	if (w->past->pruned) {
		fh_trace_what(t, "it was pruned: the key that it was sealed with has ended, and "
			      "what it said is not in the record any more");
		fh_trace_cure(t, "`freehold record show --from %llu --to %llu` names the record of "
			      "that; what was opened of it before can be given with --openings",
			      n, n);
		return;
	}
	fh_trace_what(t, "it is sealed");
	fh_trace_cure(t, "have the daemon open it with --open, or give what was opened of it "
		      "(`freehold record open %llu -o FILE`) with --openings", n);
	if (file == nullptr || opened == nullptr)
		return;
	fh_trace_cure(t, "`freehold record open %llu -o FILE` opens all of it; give that with "
		      "--openings", n);
	if (fh_opened_get(opened, index, &e) != FH_ERR_OK) {
		fh_trace_what(t, "it is sealed, and %s holds nothing of it", file);
		return;
	}
	struct fh_span shown = put_shown(&b, &e);

	fh_trace_what(t, "%s opens %zu of its %zu fields (%.*s), and the others are needed, too",
		      file, e.shown.n, e.n, (int)shown.n, (const char *)shown.p);
}
