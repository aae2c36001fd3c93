/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/body_private.h"
#include "merkle/quorum.h"

static struct fh_span read_policy(struct fh_members *m, const char *name, struct fh_quorum *q)
{
	struct fh_span text = fh_members_text(m, name, FH_QUORUM_TEXT_MAX);
	struct fh_trace why = { 0 };

	if (!fh_cursor_bad(&m->c) && fh_quorum_read(text, q, &why) != FH_ERR_OK) {
		fh_members_refuse(m, name, "is no witness policy");
		fh_trace_what(m->t, "%s: `%s`: %s: %s", m->what, name, why.where, why.what);
	}
	return text;
}

fh_err fh_witness_read(struct fh_span body, struct fh_witness_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "witness", t);
	struct fh_witness_body w = { 0 };
	struct fh_quorum q;
	size_t asked = 0;

	w.logs = read_policy(&m, "logs", &q);
	w.policy = read_policy(&m, "policy", &q);
	for (size_t i = 0; i < q.nodes && !fh_cursor_bad(&m.c); i++)
		asked += !q.node[i].group && q.node[i].url.n > 0;
	if (asked > FH_WITNESSES_ASKED_MAX)
		fh_members_refuse(&m, "policy", "has more than 12 witnesses with a URL");
	if (fh_members_has(&m, "resolved")) {
		struct fh_cursor inside = m.c;

		w.resolved = fh_cbor_item(&m.c);
		size_t n = fh_cbor_array(&inside, FH_WITNESS_RESOLVED_MAX);

		for (size_t i = 0; i < n; i++)
			(void)fh_cbor_bytes_exact(&inside, FH_HASH_SIZE);
		if (fh_cursor_bad(&inside) || n == 0)
			fh_members_refuse(&m, "resolved", "must be a list of hashes");
	}

	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = w;
	return e;
}

void fh_witness_put(struct fh_builder *b, const struct fh_witness_body *w)
{
	fh_cbor_put_map(b, w->resolved.n > 0 ? 3 : 2);
	fh_put_name(b, "logs");
	fh_cbor_put_text(b, w->logs);
	fh_put_name(b, "policy");
	fh_cbor_put_text(b, w->policy);
	if (w->resolved.n > 0) {
		fh_put_name(b, "resolved");
		fh_builder_bytes(b, w->resolved);
	}
}

bool fh_witness_resolves(const struct fh_witness_body *w, const struct fh_hash *conflict)
{
	struct fh_cursor c = fh_cursor_of(w->resolved);
	size_t n = w->resolved.n == 0 ? 0 : fh_cbor_array(&c, FH_WITNESS_RESOLVED_MAX);
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		struct fh_hash h = fh_cbor_hash(&c);

		found |= fh_hash_equal(&h, conflict);
	}
	return found && !fh_cursor_bad(&c);
}
