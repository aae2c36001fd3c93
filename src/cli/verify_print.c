/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_print.h"

#include <stdio.h>

#include "cli/report_value.h"
#include "cli/time.h"
#include "codec/json.h"

static void text_member(struct fh_builder *b, const char *key, const char *value)
{
	fh_json_put_name(b, key);
	fh_json_put_string(b, fh_span_str(value));
}

static void number_member(struct fh_builder *b, const char *key, uint64_t value)
{
	fh_json_put_name(b, key);
	fh_builder_decimal(b, value);
}

static void hash_member(struct fh_builder *b, const char *key, const struct fh_hash *h)
{
	fh_json_put_name(b, key);
	fh_builder_u8(b, '"');
	fh_builder_hex(b, fh_hash_span(h));
	fh_builder_u8(b, '"');
}

/* {"code","where","text"} of one reason or one place.  */
static void why_object(struct fh_builder *b, const char *code, const struct fh_trace *t)
{
	if (b->p[b->n - 1] != '[')
		fh_builder_u8(b, ',');
	fh_builder_u8(b, '{');
	text_member(b, "code", code);
	text_member(b, "where", t->where);
	text_member(b, "text", t->what);
	if (t->cure[0] != '\0')
		text_member(b, "cure", t->cure);
	fh_builder_u8(b, '}');
}

static const char *grade_of(const struct fh_finding *f)
{
	return f->graded ? fh_grade_text(f->grade) : "unknown";
}

static void print_reason(const char *code, const struct fh_trace *t)
{
	printf("  %-12s %s%s%s%s%s\n", code, t->where, t->where[0] != '\0' ? ": " : "", t->what,
	       t->cure[0] != '\0' ? "; " : "", t->cure);
}

static void print_verdict(enum fh_answer v)
{
	bool colours = fh_cli_colours();
	const char *colour = v == FH_ANSWER_YES ? "\033[32m" : v == FH_ANSWER_NO ? "\033[31m"
										  : "\033[33m";

	printf("verdict     %s%s%s\n", colours ? colour : "", fh_answer_text(v),
	       colours ? "\033[0m" : "");
}

static void print_reasons(const struct fh_finding *f)
{
	printf("reasons\n");
	for (size_t i = 0; i < f->reasons; i++)
		print_reason(f->reason[i].code, &f->reason[i].why);
	if (f->more > 0)
		printf("  and %llu more\n", (unsigned long long)f->more);
}

static void print_finding(enum fh_answer v, const struct fh_finding *f)
{
	print_verdict(v);
	for (int i = 0; i < FH_QUESTIONS; i++)
		printf("%-11s %s\n", fh_question_text(i), fh_answer_text(f->answer[i]));
	printf("grade       %s, operator key %s\n", grade_of(f),
	       f->placed ? fh_placement_text(f->placement) : "unknown");
	print_reasons(f);
}

void fh_report_finding(struct fh_report *r, const char *kind, enum fh_answer v,
		       const struct fh_finding *f)
{
	struct fh_builder *b = &r->json;

	if (!r->cli->json) {
		if (!r->cli->quiet)
			print_finding(v, f);
		return;
	}
	fh_builder_u8(b, '{');
	text_member(b, "kind", kind);
	text_member(b, "verdict", fh_answer_text(v));
	for (int i = 0; i < FH_QUESTIONS; i++)
		text_member(b, fh_question_text(i), fh_answer_text(f->answer[i]));
	text_member(b, "grade", grade_of(f));
	text_member(b, "anchor", r->anchor != nullptr ? r->anchor : "none");
	fh_json_put_name(b, "reasons");
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < f->reasons; i++)
		why_object(b, f->reason[i].code, &f->reason[i].why);
	fh_builder_u8(b, ']');
	text_member(b, "operator-key", f->placed ? fh_placement_text(f->placement) : "unknown");
}

static void print_hash(const char *label, const struct fh_hash *h)
{
	printf("%-11s ", label);
	for (size_t i = 0; i < FH_HASH_SIZE; i++)
		printf("%02x", h->bytes[i]);
	printf("\n");
}

/* --- time stamps ------------------------------------------------------------- */

/* Block hashes are read with the last byte first.  */
static struct fh_hash reversed(const struct fh_hash *h)
{
	struct fh_hash out;

	for (size_t i = 0; i < FH_HASH_SIZE; i++)
		out.bytes[i] = h->bytes[FH_HASH_SIZE - 1 - i];
	return out;
}

/* What is shown by the block at HEIGHT, whose header is at P.  */
static void print_existed(enum fh_network network, uint64_t height,
			  const struct fh_header_place *p)
{
	struct fh_hash hash = reversed(&p->header.hash);
	char when[FH_TIME_TEXT];

	fh_time_text(UINT64_C(1000) * p->header.time, when);
	printf("existed by  %s of block %llu, give or take two hours%s\n", when,
	       (unsigned long long)height,
	       network == FH_NETWORK_MAIN ? "" : ", of a network for tests");
	print_hash("block", &hash);
	printf("trust       %s, %llu headers follow, 2^%d hashes to make it again\n",
	       fh_header_trust_text(p->trust), (unsigned long long)p->following,
	       fh_number_log2(&p->work));
}

static void existed_members(struct fh_builder *b, uint64_t height,
			    const struct fh_header_place *p)
{
	struct fh_hash hash = reversed(&p->header.hash);

	number_member(b, "height", height);
	number_member(b, "time", p->header.time);
	hash_member(b, "block", &hash);
	text_member(b, "trust", fh_header_trust_text(p->trust));
	number_member(b, "following", p->following);
	number_member(b, "work-log2", (uint64_t)fh_number_log2(&p->work));
}

/* --- records ----------------------------------------------------------------- */

const char *fh_report_anchor(enum fh_network n)
{
	return n == FH_NETWORK_MAIN ? "bitcoin" : fh_network_text(n);
}

static bool is_authentic(const struct fh_record_check *c)
{
	return fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_YES;
}

/* The anchor that dates the record; NULL for one that is not authentic.  */
static const struct fh_anchor *dated(const struct fh_record_check *c)
{
	return is_authentic(c) ? c->dated : nullptr;
}

/* Entries that others know of, and that this record reaches: nothing before is left out.  0
 * if nobody does.  */
static uint64_t complete_to(const struct fh_record_check *c)
{
	uint64_t to = dated(c) ? c->dated->size : 0;

	if (is_authentic(c) && c->least.given && c->least.at.size > to)
		to = c->least.at.size;
	if (is_authentic(c) && c->witnessed.given && c->witnessed.at.size > to)
		to = c->witnessed.at.size;
	return to;
}

static void print_complete(const struct fh_record_check *c)
{
	uint64_t to = complete_to(c);

	if (to > 0)
		printf("complete    to %llu entries, by %s\n", (unsigned long long)to,
		       c->least.given && to == c->least.at.size ? "the checkpoint given"
		       : c->witnessed.given && to == c->witnessed.at.size ? "witnesses"
									  : "an anchor");
	else
		printf("complete    unknown: a checkpoint kept elsewhere (--at-least), "
		       "--witnesses or an"
		       " anchor would tell\n");
}

/* How many anchors there are, by what they came to.  */
static void print_anchors(const struct fh_record_check *c)
{
	size_t n[FH_ANCHOR_STATES] = { 0 }, said = 0;

	for (size_t i = 0; i < c->options.anchors; i++)
		n[c->options.anchor[i].state]++;
	printf("anchors     %s", c->options.anchors == 0 ? "none" : "");
	for (int s = FH_ANCHOR_STATES - 1; s >= 0; s--) {
		if (n[s] > 0)
			printf("%s%zu %s", said++ > 0 ? ", " : "", n[s],
			       fh_anchor_state_text((enum fh_anchor_state)s));
	}
	printf("\n");
}

static void print_dated(const struct fh_anchor *a)
{
	printf("anchored    to %llu entries\n", (unsigned long long)a->size);
	print_existed(a->network, a->height, &a->place);
}

static bool quotas_checked(const struct fh_record_check *c)
{
	return c->counts.sealed_intents == 0 && c->uncharged == 0;
}

/* What all entries add up to, as the record says from time to time.  */
static void print_fold(const struct fh_record_check *c)
{
	if (c->counts.sealed > 0 && c->fold_lost)
		printf("fold        unchecked: it is sealed\n");
	else if (c->fold_lost)
		printf("fold        unchecked: it holds more than it can be computed for\n");
	else if (c->states == 0)
		printf("fold        not stated yet\n");
	else
		printf("fold        computed again, as stated in %llu entr%s\n",
		       (unsigned long long)c->states, c->states == 1 ? "y" : "ies");
}

/* What permitted intents were charged, held to the quotas of the policies that permitted them.  */
static void print_quotas(const struct fh_record_check *c)
{
	if (quotas_checked(c))
		printf("quotas      kept by all of %llu intents that policies permitted\n",
		       (unsigned long long)c->charged);
	else if (c->counts.sealed_intents > 0)
		printf("quotas      unchecked: intents sealed: %llu\n",
		       (unsigned long long)c->counts.sealed_intents);
	else
		printf("quotas      unchecked for %llu of %llu intents that policies permitted\n",
		       (unsigned long long)c->uncharged,
		       (unsigned long long)(c->charged + c->uncharged));
}

/* What was recorded is there, or was shredded, and perhaps pruned, with a record of it, or is
 * missing.  */
static void print_payloads(const struct fh_record_check *c)
{
	uint64_t missing, gone = c->counts.erased, behind = c->counts.unreached;
	bool known = fh_record_missing(c, &missing);

	printf("payloads    %llu present, %llu shredded with a record of it, ",
	       (unsigned long long)(c->tree.size - gone - behind - (known ? missing : 0)),
	       (unsigned long long)(gone - c->counts.pruned));
	if (c->counts.pruned > 0)
		printf("%llu pruned with a record of it, ", (unsigned long long)c->counts.pruned);
	if (known && behind > 0)
		printf("%llu missing, %llu behind what was opened whole\n",
		       (unsigned long long)missing, (unsigned long long)behind);
	else if (known)
		printf("%llu missing\n", (unsigned long long)missing);
	else
		printf("whether others are missing is unchecked (--openings, --whole)\n");
}

/* What a shred leaves open: a copy from before, to whoever has such a key.  */
static void print_slots(const struct fh_record_slots *all)
{
	for (size_t i = 0; i < all->n; i++)
		printf("recovery    until %.*s is destroyed, a copy from before a shred can be "
		       "opened with it\n", (int)all->slot[i].n, all->slot[i].text);
	if (all->more)
		printf("recovery    and others: freehold record search --kind shred\n");
}

static void print_record(const struct fh_record_check *c, const struct fh_unread *u,
			 const struct fh_given_witnesses *w)
{
	char when[FH_TIME_TEXT];

	print_hash("chain", &c->chain_id);
	print_hash("device", &c->device_id);
	fh_time_text(c->covered.lo_ms, when);
	printf("consistent  to %llu entries of %llu%s%s\n", (unsigned long long)c->covered.size,
	       (unsigned long long)c->tree.size, c->covered.size > 0 ? ", not made before " : "",
	       c->covered.size > 0 ? when : "");
	if (c->since > 0)
		printf("not read    entries before %llu: verified before, as the file given says\n",
		       (unsigned long long)c->since);
	print_complete(c);
	if (is_authentic(c) && c->witnessed.given)
		fh_given_witnesses_print(w, c->witnessed.at.size);
	print_anchors(c);
	if (dated(c) != nullptr)
		print_dated(c->dated);
	print_hash("root", &c->covered.root);
	printf("entries     ");
	for (int k = 1; k < FH_ENTRY_KINDS; k++)
		printf("%s%llu %s", k > 1 ? ", " : "", (unsigned long long)c->counts.kind[k],
		       fh_entry_kind_text((enum fh_entry_kind)k));
	printf("\nintents     %llu permitted (%llu without outcome), %llu denied, %llu sealed\n",
	       (unsigned long long)c->counts.permitted, (unsigned long long)c->counts.open,
	       (unsigned long long)c->counts.denied,
	       (unsigned long long)c->counts.sealed_intents);
	if (c->counts.counted > 0)
		printf("refusals    %llu counted, not recorded one by one\n",
		       (unsigned long long)c->counts.counted);
	print_payloads(c);
	print_slots(&c->slots);
	print_fold(c);
	print_quotas(c);
	if (c->uncovered_n + u->n > 0)
		printf("not covered\n");
	for (size_t i = 0; i < c->uncovered_n; i++)
		print_reason(c->uncovered[i].code, &c->uncovered[i].why);
	for (size_t i = 0; i < u->n; i++)
		print_reason(u->place[i].code, &u->place[i].why);
	if (u->more > 0)
		printf("  and %llu more names that were not read\n", (unsigned long long)u->more);
}

static void counts_member(struct fh_builder *b, const struct fh_record_counts *n)
{
	fh_json_put_name(b, "entries");
	fh_builder_u8(b, '{');
	for (int k = 1; k < FH_ENTRY_KINDS; k++)
		number_member(b, fh_entry_kind_text((enum fh_entry_kind)k), n->kind[k]);
	fh_builder_u8(b, '}');
	fh_json_put_name(b, "intents");
	fh_builder_u8(b, '{');
	number_member(b, "permitted", n->permitted);
	number_member(b, "denied", n->denied);
	number_member(b, "open", n->open);
	number_member(b, "sealed", n->sealed_intents);
	fh_builder_u8(b, '}');
	number_member(b, "refusals-counted", n->counted);
	number_member(b, "sessions", n->sessions);
	number_member(b, "checkpoints", n->checkpoints);
	number_member(b, "segments", n->segments);
	number_member(b, "bytes", n->bytes);
}

static void anchor_object(struct fh_builder *b, const struct fh_anchor *a)
{
	fh_builder_u8(b, '{');
	number_member(b, "size", a->size);
	text_member(b, "state", fh_anchor_state_text(a->state));
	/* So far as the record came.  */
	if (a->reached)
		text_member(b, "prefix", a->equal ? "yes" : "no");
	if (a->state == FH_ANCHOR_HOLDS) {
		text_member(b, "network", fh_report_anchor(a->network));
		existed_members(b, a->height, &a->place);
	}
	fh_builder_u8(b, '}');
}

static void anchors_members(struct fh_builder *b, const struct fh_record_check *c)
{
	fh_json_put_name(b, "anchored-to");
	if (dated(c) != nullptr)
		anchor_object(b, c->dated);
	else
		fh_builder_text(b, "\"unknown\"");
	fh_json_put_name(b, "anchors");
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < c->options.anchors; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		anchor_object(b, &c->options.anchor[i]);
	}
	fh_builder_u8(b, ']');
}

static void payloads_member(struct fh_builder *b, const struct fh_record_check *c)
{
	uint64_t missing, gone = c->counts.erased, behind = c->counts.unreached;
	bool known = fh_record_missing(c, &missing);

	fh_json_put_name(b, "payloads");
	fh_builder_u8(b, '{');
	number_member(b, "present", c->tree.size - gone - behind - (known ? missing : 0));
	number_member(b, "shredded", gone - c->counts.pruned);
	number_member(b, "pruned", c->counts.pruned);
	number_member(b, "behind", behind);
	if (known)
		number_member(b, "missing", missing);
	else
		text_member(b, "missing", "unchecked");
	fh_builder_u8(b, '}');
}

static void slots_member(struct fh_builder *b, const struct fh_record_slots *all)
{
	fh_json_put_name(b, "opened-from-copies-by");
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < all->n; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		fh_json_put_string(b, fh_span_of(all->slot[i].text, all->slot[i].n));
	}
	if (all->more)
		fh_builder_text(b, ",null");
	fh_builder_u8(b, ']');
}

void fh_report_record(struct fh_report *r, const struct fh_record_check *c,
		      const struct fh_unread *u, const struct fh_given_witnesses *w)
{
	struct fh_builder *b = &r->json;

	if (!r->cli->json) {
		if (!r->cli->quiet)
			print_record(c, u, w);
		return;
	}
	hash_member(b, "chain", &c->chain_id);
	hash_member(b, "device", &c->device_id);
	fh_json_put_name(b, "consistent-to");
	fh_builder_u8(b, '{');
	number_member(b, "size", c->covered.size);
	hash_member(b, "root", &c->covered.root);
	number_member(b, "not-before-ms", c->covered.lo_ms);
	fh_builder_u8(b, '}');
	fh_json_put_name(b, "complete-to");
	if (complete_to(c) > 0)
		fh_builder_decimal(b, complete_to(c));
	else
		fh_builder_text(b, "\"unknown\"");
	anchors_members(b, c);
	fh_json_put_name(b, "witnessed");
	if (is_authentic(c) && c->witnessed.given)
		fh_given_witnesses_put(w, c->witnessed.at.size, b);
	else
		fh_builder_text(b, "\"unknown\"");
	number_member(b, "size", c->tree.size);
	number_member(b, "read-from", c->since);
	counts_member(b, &c->counts);
	payloads_member(b, c);
	slots_member(b, &c->slots);
	fh_json_put_name(b, "fold");
	fh_builder_text(b, c->fold_lost ? "{\"checked\":false" : "{\"checked\":true");
	number_member(b, "states", c->states);
	fh_builder_u8(b, '}');
	fh_json_put_name(b, "quotas");
	fh_builder_text(b, quotas_checked(c) ? "\"checked\"" : "\"unchecked\"");
	fh_json_put_name(b, "not-covered");
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < c->uncovered_n; i++)
		why_object(b, c->uncovered[i].code, &c->uncovered[i].why);
	for (size_t i = 0; i < u->n; i++)
		why_object(b, u->place[i].code, &u->place[i].why);
	fh_builder_u8(b, ']');
	number_member(b, "not-covered-more", u->more);
}

/* --- proofs ----------------------------------------------------------------- */

static void fields_member(struct fh_builder *b, const struct fh_fields *f)
{
	fh_json_put_name(b, "fields");
	fh_builder_u8(b, '{');
	for (size_t i = 0; i < f->n; i++) {
		fh_json_put_name(b, fh_field_text(f->field[i].id));
		fh_report_value(b, f->field[i].value);
	}
	fh_builder_u8(b, '}');
}

/* It says that the entry is there, and nothing of what that says.  */
static bool shows_nothing(const struct fh_proof_check *c)
{
	return !c->shown && c->bundle.shown.n == 0;
}

static void print_proof(const struct fh_proof_check *c, struct fh_builder *room)
{
	char when[FH_TIME_TEXT];

	print_hash("chain", &c->chain.id);
	print_hash("device", &c->device_id);
	fh_time_text(c->leaf.time.lo_ms, when);
	printf("entry       %llu of %llu, %s, not made before %s\n",
	       (unsigned long long)c->leaf.index, (unsigned long long)c->checkpoint.size,
	       fh_entry_kind_text(c->leaf.kind), when);
	for (size_t i = 0; c->shown && i < c->fields.n; i++) {
		room->n = 0;
		fh_report_value(room, c->fields.field[i].value);
		printf("  %-12s %.*s\n", fh_field_text(c->fields.field[i].id), (int)room->n,
		       (const char *)room->p);
	}
	room->n = 0;
	if (shows_nothing(c))
		printf("  (sealed: nothing of what it says is in the file)\n");
	if (c->bundle.shown.n > 0)
		printf("  and %llu fields that are not shown\n",
		       (unsigned long long)(c->bundle.shown.fields - c->bundle.shown.n));
	if (c->stamp.existed)
		print_existed(c->stamp.network, c->stamp.height, &c->stamp.place);
}

void fh_report_proof(struct fh_report *r, const struct fh_proof_check *c)
{
	struct fh_builder *b = &r->json;

	/* What was not proven is not shown as if it were.  */
	if (fh_finding_answer(&c->finding, FH_AUTHENTIC) != FH_ANSWER_YES)
		return;
	if (!r->cli->json) {
		if (!r->cli->quiet)
			print_proof(c, b);
		return;
	}
	hash_member(b, "chain", &c->chain.id);
	hash_member(b, "device", &c->device_id);
	number_member(b, "index", c->leaf.index);
	number_member(b, "size", c->checkpoint.size);
	text_member(b, "entry", fh_entry_kind_text(c->leaf.kind));
	number_member(b, "not-before-ms", c->leaf.time.lo_ms);
	if (c->shown)
		fields_member(b, &c->fields);
	if (shows_nothing(c)) {
		fh_json_put_name(b, "sealed");
		fh_builder_text(b, "true");
	}
	if (c->bundle.shown.n > 0)
		number_member(b, "withheld", c->bundle.shown.fields - c->bundle.shown.n);
	if (c->stamp.existed)
		existed_members(b, c->stamp.height, &c->stamp.place);
}

static void print_stamp(enum fh_answer v, const struct fh_stamp_check *c)
{
	print_verdict(v);
	if (v == FH_ANSWER_YES)
		print_existed(c->network, c->height, &c->place);
	print_reasons(&c->finding);
}

void fh_report_stamp(struct fh_report *r, enum fh_answer v, const struct fh_stamp_check *c)
{
	if (!r->cli->json) {
		if (!r->cli->quiet)
			print_stamp(v, c);
		return;
	}
	if (v == FH_ANSWER_YES)
		r->anchor = fh_report_anchor(c->network);
	fh_report_finding(r, "stamp", v, &c->finding);
	if (v == FH_ANSWER_YES)
		existed_members(&r->json, c->height, &c->place);
}

int fh_exit_of(enum fh_answer v)
{
	if (v == FH_ANSWER_YES)
		return FH_EXIT_YES;
	return v == FH_ANSWER_UNCHECKED ? FH_EXIT_COULD_NOT : FH_EXIT_NO;
}

fh_err fh_report_end(struct fh_report *r)
{
	if (!r->cli->json)
		return FH_ERR_OK;
	fh_builder_text(&r->json, "}\n");
	if (r->json.bad)
		return FH_ERR_LIMIT;
	return fwrite(r->json.p, 1, r->json.n, stdout) == r->json.n ? FH_ERR_OK : FH_ERR_IO;
}
