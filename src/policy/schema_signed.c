/* SPDX-License-Identifier: Apache-2.0 */
/* What every signed document's schema has without declaring it, and what it may not
 * say yet: a document never says more than is enforced.  */
#include "policy/schema_draft.h"

/* --- what there is ---------------------------------------------------- */

/* A list of the N names at P.  */
static struct fh_list listed(const struct fh_draft_name *p, size_t n)
{
	return (struct fh_list){ (void *)(uintptr_t)p, n, n };
}

static const struct fh_draft_name team[] = { { FH_TEXT_INIT(FH_TYPE_TEAM), { 0 } } };
static const struct fh_draft_name device[] = { { FH_TEXT_INIT(FH_TYPE_DEVICE), { 0 } } };
static const struct fh_draft_name server[] = { { FH_TEXT_INIT(FH_TYPE_SERVER), { 0 } } };
static const struct fh_draft_name asker[] = { { FH_TEXT_INIT(FH_TYPE_ACTOR), { 0 } },
					      { FH_TEXT_INIT(FH_TYPE_DEVICE), { 0 } } };

static void add_type(struct fh_draft *d, const char *name, size_t teams)
{
	const struct fh_draft_entity e = { .name = { fh_span_str(name), { 1, 1 } },
					   .builtin = true, .parents = listed(team, teams) };

	fh_draft_add_entity(d, &e);
}

static void add_action(struct fh_draft *d, const char *name, const struct fh_draft_name *who,
		       size_t who_n)
{
	const struct fh_draft_action a = { .name = { fh_span_str(name), { 1, 1 } },
					   .builtin = true, .principals = listed(who, who_n),
					   .resources = listed(server, 1) };

	fh_draft_add_action(d, &a);
}

void fh_draft_add_builtin(struct fh_draft *d)
{
	add_type(d, FH_TYPE_ACTOR, 1);
	add_type(d, FH_TYPE_TEAM, 1);
	add_type(d, FH_TYPE_DEVICE, 0);
	add_type(d, FH_TYPE_SERVER, 0);
	add_action(d, FH_ACTION_MCP_INITIALIZE, asker, 2);
	add_action(d, FH_ACTION_MCP_LIST, asker, 2);
	add_action(d, FH_ACTION_SERVER_START, device, 1);
}

/* --- what there is not ------------------------------------------------ */

static bool is_one_of(struct fh_span name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fh_span_equal(name, fh_span_str(names[i])))
			return true;
	}
	return false;
}

void fh_draft_check_notes(struct fh_draft *d, const struct fh_list *l, bool action)
{
	static const char *const known[] = { "doc", "mcp", "openai", "resource", "tokens" };
	const struct fh_annotation *notes = l->p;

	for (size_t i = 0; d->p.e == FH_ERR_OK && i < l->n; i++) {
		const struct fh_annotation *a = &notes[i];

		if (!is_one_of(a->name, known, 5))
			fh_parse_refuse(&d->p, a->at, FH_ERR_UNSUPPORTED, "remove it",
					"annotation @%.*s is not evaluated yet",
					fh_shown(a->name), (const char *)a->name.p);
		else if (!action && !is_one_of(a->name, known, 1))
			fh_parse_refuse(&d->p, a->at, FH_ERR_CONFLICT, "move them to an action",
					"@mcp, @openai, @resource and @tokens belong to "
					"actions");
		else if (a->bare)
			fh_parse_refuse(&d->p, a->at, FH_ERR_FORMAT, "write @doc(\"...\")",
					"the annotation needs a text");
	}
}

void fh_draft_check_signed(struct fh_draft *d)
{
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->entities.n; i++)
		fh_draft_check_notes(d, &fh_draft_entity(d, i)->notes, false);
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->actions.n; i++)
		fh_draft_check_notes(d, &fh_draft_action(d, i)->notes, true);
}
