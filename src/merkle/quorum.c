/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/quorum.h"

#include "base/cursor.h"
#include "base/decimal.h"

/* --- words ------------------------------------------------------------ */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Takes the next word off *LINE; empty behind the last.  */
static struct fh_span word(struct fh_span *line)
{
	size_t n = 0;

	while (line->n > 0 && is_blank(line->p[0]))
		*line = fh_span_skip(*line, 1);
	while (n < line->n && !is_blank(line->p[n]))
		n++;
	struct fh_span w = fh_span_first(*line, n);

	*line = fh_span_skip(*line, n);
	return w;
}

static fh_err wrong(struct fh_trace *t, const char *what)
{
	fh_trace_what(t, "%s", what);
	return FH_ERR_FORMAT;
}

static fh_err too_many(struct fh_trace *t, const char *what, size_t max)
{
	fh_trace_what(t, "there are more than %zu %s", max, what);
	return FH_ERR_LIMIT;
}

/* --- nodes ------------------------------------------------------------ */

static struct fh_quorum_node *find(struct fh_quorum *q, struct fh_span name)
{
	for (size_t i = 0; i < q->nodes; i++) {
		if (fh_span_equal(q->node[i].name, name))
			return &q->node[i];
	}
	return nullptr;
}

/* A name that may be given to something new.  */
static fh_err new_name(struct fh_quorum *q, struct fh_span name, struct fh_trace *t)
{
	if (name.n == 0)
		return wrong(t, "a name is missing");
	if (name.n > FH_QUORUM_NAME_MAX)
		return too_many(t, "bytes in a name", FH_QUORUM_NAME_MAX);
	if (fh_span_equal(name, FH_SPAN_LIT("none")))
		return wrong(t, "the name `none` is taken");
	return find(q, name) == nullptr ? FH_ERR_OK : wrong(t, "this name was defined before");
}

static fh_err key_read(struct fh_span vkey, struct fh_note_key *key, bool *supported,
		       struct fh_trace *t)
{
	if (vkey.n == 0)
		return wrong(t, "a verifier key is missing");
	fh_err e = fh_note_key_read(vkey, key);

	*supported = e == FH_ERR_OK;
	if (e == FH_ERR_OK || e == FH_ERR_UNSUPPORTED)
		return FH_ERR_OK;
	return wrong(t, "the verifier key is none: NAME+ID+KEY, where ID is the key's own");
}

static fh_err url_read(struct fh_span *line, struct fh_span *out, struct fh_trace *t)
{
	*out = word(line);
	if (out->n > FH_QUORUM_URL_MAX)
		return too_many(t, "bytes in a URL", FH_QUORUM_URL_MAX);
	return word(line).n == 0 ? FH_ERR_OK : wrong(t, "there is a word too many");
}

static fh_err log_line(struct fh_quorum *q, struct fh_span line, struct fh_trace *t)
{
	struct fh_quorum_log l = { 0 };

	if (q->logs == FH_QUORUM_LOGS_MAX)
		return too_many(t, "logs", FH_QUORUM_LOGS_MAX);
	fh_err e = key_read(word(&line), &l.key, &l.supported, t);

	if (e == FH_ERR_OK)
		e = url_read(&line, &l.url, t);
	for (size_t i = 0; i < q->logs && e == FH_ERR_OK; i++) {
		if (fh_hash_equal(&q->log[i].key.hash, &l.key.hash))
			e = wrong(t, "a log with this key was defined before");
	}
	if (e == FH_ERR_OK)
		q->log[q->logs++] = l;
	return e;
}

static fh_err witness_line(struct fh_quorum *q, struct fh_span line, struct fh_trace *t)
{
	struct fh_quorum_node n = { .name = word(&line) };
	fh_err e = new_name(q, n.name, t);

	if (e == FH_ERR_OK && q->witnesses == FH_QUORUM_WITNESSES_MAX)
		return too_many(t, "witnesses", FH_QUORUM_WITNESSES_MAX);
	if (e == FH_ERR_OK)
		e = key_read(word(&line), &n.key, &n.supported, t);
	if (e == FH_ERR_OK)
		e = url_read(&line, &n.url, t);
	for (size_t i = 0; i < q->nodes && e == FH_ERR_OK; i++) {
		if (!q->node[i].group && fh_hash_equal(&q->node[i].key.hash, &n.key.hash))
			e = wrong(t, "a witness with this key was defined before");
	}
	if (e == FH_ERR_OK) {
		q->node[q->nodes++] = n;
		q->witnesses++;
	}
	return e;
}

static fh_err threshold_of(struct fh_span text, size_t members, size_t *out, struct fh_trace *t)
{
	uint64_t k = 0;

	if (members == 0)
		return wrong(t, "a group has no members");
	if (fh_span_equal(text, FH_SPAN_LIT("all")))
		k = members;
	else if (fh_span_equal(text, FH_SPAN_LIT("any")))
		k = 1;
	else if (fh_decimal_read(text, &k) != FH_ERR_OK)
		k = 0;
	if (k < 1 || k > members)
		return wrong(t, "a group needs `all`, `any` or from 1 to all of its members");
	*out = (size_t)k;
	return FH_ERR_OK;
}

static fh_err group_line(struct fh_quorum *q, struct fh_span line, struct fh_trace *t)
{
	struct fh_quorum_node n = { .name = word(&line), .group = true };
	struct fh_span threshold = word(&line);
	fh_err e = new_name(q, n.name, t);

	if (e == FH_ERR_OK && q->groups == FH_QUORUM_GROUPS_MAX)
		return too_many(t, "groups", FH_QUORUM_GROUPS_MAX);
	for (struct fh_span name = word(&line); name.n > 0 && e == FH_ERR_OK; name = word(&line)) {
		struct fh_quorum_node *m = find(q, name);

		if (m == nullptr)
			return wrong(t, "a member is not defined above");
		if (m->member)
			return wrong(t, "a member is in a group before");
		m->member = true;
		m->parent = q->nodes;
		n.members++;
	}
	if (e == FH_ERR_OK)
		e = threshold_of(threshold, n.members, &n.threshold, t);
	if (e == FH_ERR_OK) {
		q->node[q->nodes++] = n;
		q->groups++;
	}
	return e;
}

static fh_err quorum_line(struct fh_quorum *q, bool *seen, struct fh_span line, struct fh_trace *t)
{
	struct fh_span name = word(&line);

	if (*seen)
		return wrong(t, "there is a second quorum");
	if (word(&line).n > 0)
		return wrong(t, "there is a word too many");
	*seen = true;
	q->none = fh_span_equal(name, FH_SPAN_LIT("none"));
	if (q->none)
		return FH_ERR_OK;
	struct fh_quorum_node *n = find(q, name);

	if (n == nullptr)
		return wrong(t, "the quorum is not defined above");
	q->root = (size_t)(n - q->node);
	return FH_ERR_OK;
}

/* --- reading ---------------------------------------------------------- */

static bool allowed(struct fh_span line)
{
	for (size_t i = 0; i < line.n; i++) {
		if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	}
	return true;
}

static fh_err line_read(struct fh_quorum *q, bool *seen, struct fh_span line, struct fh_trace *t)
{
	if (!allowed(line))
		return wrong(t, "there is a control character");
	struct fh_span first = word(&line);

	if (first.n == 0 || first.p[0] == '#')
		return FH_ERR_OK;
	if (fh_span_equal(first, FH_SPAN_LIT("log")))
		return log_line(q, line, t);
	if (fh_span_equal(first, FH_SPAN_LIT("witness")))
		return witness_line(q, line, t);
	if (fh_span_equal(first, FH_SPAN_LIT("group")))
		return group_line(q, line, t);
	if (fh_span_equal(first, FH_SPAN_LIT("quorum")))
		return quorum_line(q, seen, line, t);
	return wrong(t, "a line begins with `log`, `witness`, `group`, `quorum` or `#`");
}

fh_err fh_quorum_read(struct fh_span text, struct fh_quorum *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(text);
	bool seen = false;
	size_t number = 0;

	*out = (struct fh_quorum){ 0 };
	fh_trace_where(t, "policy");
	if (text.n > FH_QUORUM_TEXT_MAX)
		return too_many(t, "bytes", FH_QUORUM_TEXT_MAX);
	while (c.rest.n > 0) {
		struct fh_span line = fh_cursor_until(&c, '\n');

		fh_trace_where(t, "policy line %zu", ++number);
		if (fh_cursor_bad(&c))
			return wrong(t, "its newline is missing");
		fh_err e = line_read(out, &seen, line, t);

		if (e != FH_ERR_OK)
			return e;
	}
	fh_trace_where(t, "policy");
	return seen ? FH_ERR_OK : wrong(t, "there is no quorum");
}

/* --- judging ---------------------------------------------------------- */

enum fh_answer fh_quorum_reached(const struct fh_quorum *q,
				 enum fh_answer witnessed[static FH_QUORUM_NODES_MAX])
{
	size_t yes[FH_QUORUM_NODES_MAX] = { 0 }, possible[FH_QUORUM_NODES_MAX] = { 0 };

	if (q->none)
		return FH_ANSWER_YES;
	/* Members stand before their group.  */
	for (size_t i = 0; i < q->nodes; i++) {
		const struct fh_quorum_node *n = &q->node[i];

		if (n->group)
			witnessed[i] = yes[i] >= n->threshold        ? FH_ANSWER_YES
				       : possible[i] >= n->threshold ? FH_ANSWER_UNCHECKED
								     : FH_ANSWER_NO;
		if (n->member) {
			yes[n->parent] += witnessed[i] == FH_ANSWER_YES;
			possible[n->parent] += witnessed[i] != FH_ANSWER_NO;
		}
	}
	return witnessed[q->root];
}

/* What a line means: could not be checked is not wrong.  */
static fh_err answer_of(fh_err e, enum fh_answer *out, size_t *wrong_lines)
{
	*out = FH_ANSWER_NO;
	switch (e) {
	case FH_ERR_OK:
		*out = FH_ANSWER_YES;
		return FH_ERR_OK;
	case FH_ERR_UNSUPPORTED:
		*out = FH_ANSWER_UNCHECKED;
		return FH_ERR_OK;
	case FH_ERR_SIGNATURE:
		(*wrong_lines)++;
		return FH_ERR_OK;
	case FH_ERR_MISSING:
		return FH_ERR_OK;
	default:
		return e;
	}
}

static fh_err judge_logs(const struct fh_quorum *q, const struct fh_note *note,
			 struct fh_span origin, struct fh_quorum_verdict *v)
{
	v->log_named = q->logs == 0;
	v->log = q->logs == 0 ? FH_ANSWER_UNCHECKED : FH_ANSWER_NO;
	for (size_t i = 0; i < q->logs; i++) {
		const struct fh_quorum_log *l = &q->log[i];
		enum fh_answer a;

		if (!fh_span_equal(l->key.name, origin))
			continue;
		v->log_named = true;
		fh_err e = answer_of(fh_cosignature_check(&l->key, note, nullptr), &a, &v->wrong);

		if (e != FH_ERR_OK)
			return e;
		if (a > v->log)
			v->log = a;
	}
	return FH_ERR_OK;
}

fh_err fh_quorum_judge(const struct fh_quorum *q, const struct fh_note *note,
		       struct fh_quorum_verdict *out)
{
	struct fh_quorum_verdict v = { 0 };
	struct fh_checkpoint c;
	fh_err e = fh_checkpoint_parse(note->text, &c);

	if (e == FH_ERR_OK)
		e = judge_logs(q, note, c.origin, &v);
	for (size_t i = 0; i < q->nodes && e == FH_ERR_OK; i++) {
		if (q->node[i].group)
			continue;
		e = answer_of(fh_cosignature_check(&q->node[i].key, note, &v.time[i]),
			      &v.witnessed[i], &v.wrong);
		v.cosigned += v.witnessed[i] == FH_ANSWER_YES;
	}
	if (e != FH_ERR_OK)
		return e;
	v.quorum = fh_quorum_reached(q, v.witnessed);
	*out = v;
	return FH_ERR_OK;
}
