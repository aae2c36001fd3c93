/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/body_private.h"

/* Values of time and of identifiers stay below 2^63, so that every reader in
 * every language can hold them.  */
constexpr uint64_t time_max = INT64_MAX;

static void read_peer(struct fh_members *m, struct fh_actor_body *a)
{
	struct fh_members inside = fh_members_within(fh_cbor_item(&m->c), "actor peer", m->t);

	a->credential = FH_CREDENTIAL_PEER;
	a->uid = (uint32_t)fh_members_uint(&inside, "uid", UINT32_MAX - 1);
	if (fh_members_has(&inside, "executable"))
		a->executable = fh_cbor_bytes_exact(&inside.c, FH_HASH_SIZE);

	fh_err e = fh_members_end(&inside);

	if (e != FH_ERR_OK)
		fh_cursor_fail(&m->c, e);
}

static void read_credential(struct fh_members *m, struct fh_actor_body *a)
{
	fh_members_need(m, "credential");

	struct fh_span item = fh_cbor_item(&m->c);

	if (fh_cursor_bad(&m->c))
		return;

	struct fh_members inside = fh_members_within(item, "actor credential", m->t);

	if (fh_members_has(&inside, "peer")) {
		read_peer(&inside, a);
	} else if (fh_members_has(&inside, "bearer")) {
		a->credential = FH_CREDENTIAL_BEARER;
		a->bearer = fh_cbor_bytes_exact(&inside.c, FH_HASH_SIZE);
	} else {
		fh_members_refuse(m, "credential", "must be `peer` or `bearer`");
		return;
	}

	fh_err e = fh_members_end(&inside);

	if (e != FH_ERR_OK)
		fh_cursor_fail(&m->c, e);
}

static void check_groups(struct fh_members *m, struct fh_span groups)
{
	struct fh_cursor c = fh_cursor_of(groups);
	size_t n = fh_cbor_array(&c, FH_ACTOR_GROUPS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct fh_span group = fh_cbor_text(&c, FH_NAME_MAX);

		if (group.n == 0 || !fh_text_printable(group))
			fh_members_refuse(m, "groups", "must be names of 1 to 128 printable bytes");
	}
}

/* C's next text, which rises above *LAST.  */
static struct fh_span rising(struct fh_cursor *c, struct fh_span *last, size_t max)
{
	struct fh_span text = fh_cbor_text(c, max);

	if (!fh_rises(*last, text))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	*last = text;
	return text;
}

/* {type: [id, ...]}, ids rising; of a type without any every subject.  */
static void read_asks(struct fh_members *m, struct fh_actor_body *a)
{
	struct fh_cursor c = m->c;
	size_t types = fh_cbor_map(&c, FH_ASKS_TYPES_MAX);
	struct fh_span type = { 0 };

	a->asks = fh_cbor_item(&m->c);
	for (size_t i = 0; i < types && !fh_cursor_bad(&c); i++) {
		(void)rising(&c, &type, FH_POLICY_NAME_MAX);
		size_t ids = fh_cbor_array(&c, FH_ASKS_IDS_MAX);
		struct fh_span id = { 0 };

		for (size_t k = 0; k < ids && !fh_cursor_bad(&c); k++)
			(void)rising(&c, &id, FH_ENTITY_ID_MAX);
	}
	if (types == 0 || fh_cursor_bad(&c))
		fh_members_refuse(m, "asks", "must name types, and of each no subject twice");
}

bool fh_asks_about(struct fh_span asks, struct fh_span type, struct fh_span id)
{
	struct fh_cursor c = fh_cursor_of(asks);
	size_t types = asks.n == 0 ? 0 : fh_cbor_map(&c, FH_ASKS_TYPES_MAX);

	for (size_t i = 0; i < types; i++) {
		bool right = fh_span_equal(fh_cbor_text(&c, FH_POLICY_NAME_MAX), type);
		size_t ids = fh_cbor_array(&c, FH_ASKS_IDS_MAX);
		bool named = ids == 0 || id.n == 0;

		for (size_t k = 0; k < ids; k++)
			named |= fh_span_equal(fh_cbor_text(&c, FH_ENTITY_ID_MAX), id);
		if (right)
			return named && !fh_cursor_bad(&c);
	}
	return false;
}

fh_err fh_actor_read(struct fh_span body, struct fh_actor_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "actor", t);
	struct fh_actor_body a = { 0 };

	if (fh_members_has(&m, "asks"))
		read_asks(&m, &a);
	a.name = fh_members_name(&m, "name");
	a.groups = fh_members_texts(&m, "groups", 0, FH_ACTOR_GROUPS_MAX);
	check_groups(&m, a.groups);
	if (fh_members_has(&m, "expires")) {
		a.expires = true;
		a.expires_ms = fh_cbor_uint(&m.c);
		if (a.expires_ms > time_max)
			fh_members_refuse(&m, "expires", "is too far away");
	}
	read_credential(&m, &a);

	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}

static void put_credential(struct fh_builder *b, const struct fh_actor_body *a)
{
	fh_put_name(b, "credential");
	fh_cbor_put_map(b, 1);
	if (a->credential == FH_CREDENTIAL_BEARER) {
		fh_put_name(b, "bearer");
		fh_cbor_put_bytes(b, a->bearer);
		return;
	}
	fh_put_name(b, "peer");
	fh_cbor_put_map(b, a->executable.n > 0 ? 2 : 1);
	fh_put_name(b, "uid");
	fh_cbor_put_uint(b, a->uid);
	if (a->executable.n > 0) {
		fh_put_name(b, "executable");
		fh_cbor_put_bytes(b, a->executable);
	}
}

void fh_actor_put(struct fh_builder *b, const struct fh_actor_body *a)
{
	fh_cbor_put_map(b, 3 + (size_t)a->expires + (size_t)(a->asks.n > 0));
	if (a->asks.n > 0) {
		fh_put_name(b, "asks");
		fh_builder_bytes(b, a->asks);
	}
	fh_put_name(b, "name");
	fh_cbor_put_text(b, a->name);
	fh_put_name(b, "groups");
	fh_builder_bytes(b, a->groups);
	if (a->expires) {
		fh_put_name(b, "expires");
		fh_cbor_put_uint(b, a->expires_ms);
	}
	put_credential(b, a);
}
