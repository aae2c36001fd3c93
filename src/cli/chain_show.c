/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain_show.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/time.h"
#include "codec/json.h"
#include "entry/recovery.h"

constexpr size_t json_max = 32 << 20;
constexpr size_t short_hash = 8; /* bytes shown of a hash to people */

static void print_hex(struct fh_span s)
{
	for (; s.n > 0; s = fh_span_skip(s, 1))
		printf("%02x", s.p[0]);
}

static void print_span(struct fh_span s)
{
	/* Names have been checked to be printable when they were accepted.  */
	(void)fwrite(s.p, 1, s.n, stdout);
}

static void text_head(const struct fh_chain *c)
{
	bool colours = fh_cli_colours(), live = c->state == FH_CHAIN_LIVE;
	char when[FH_TIME_TEXT];

	fh_time_text(c->head.issued_ms, when);
	printf("chain    ");
	print_hex(fh_hash_span(&c->id));
	printf("\nname     ");
	print_span(c->name);
	printf("\nstate    %s%s%s\nhead     %llu ", colours ? live ? "\033[32m" : "\033[31m" : "",
	       fh_chain_state_text(c->state), colours ? "\033[0m" : "",
	       (unsigned long long)c->head.sequence);
	print_hex(fh_hash_span(&c->head.hash));
	printf("\nissued   %s\noperator %s\n", when, fh_placement_text(c->placement));
	if (!live)
		printf("why      %s; %s\n", c->why.what, c->why.cure);
	for (size_t i = 0; i < c->head.authority->signers; i++) {
		printf("signer   ");
		print_hex(fh_hash_span(&c->head.authority->signer[i].id));
		printf("\n");
	}
}

static void text_actor(const struct fh_actor *a)
{
	struct fh_span group[FH_ACTOR_GROUPS_MAX];
	size_t n = fh_texts(a->body.groups, group, FH_ACTOR_GROUPS_MAX);

	printf("actor    ");
	print_span(a->body.name);
	if (a->body.credential == FH_CREDENTIAL_PEER)
		printf("  uid %u%s", a->body.uid,
		       a->body.executable.n > 0 ? ", one executable" : "");
	else
		printf("  bearer");
	for (size_t i = 0; i < n; i++) {
		printf("%s", i == 0 ? "  in " : ", ");
		print_span(group[i]);
	}
	printf("\n");
}

static void text_pins(const struct fh_pins_held *p)
{
	printf("pins     ");
	print_span(p->body.server);
	printf("  %zu tool%s\n", p->body.tools_n, p->body.tools_n == 1 ? "" : "s");
}

static void text_server(const struct fh_server *s)
{
	struct fh_span word[FH_SERVER_ARGUMENTS_MAX];
	size_t n = fh_texts(s->body.command, word, FH_SERVER_ARGUMENTS_MAX);

	printf("server   ");
	print_span(s->body.name);
	printf("  uid %u, gid %u:", s->body.uid, s->body.gid);
	for (size_t i = 0; i < n; i++) {
		struct fh_trace t;

		/* The trace makes it printable.  */
		fh_trace_what(&t, "%.*s", (int)word[i].n, (const char *)word[i].p);
		printf(" %s", t.what);
	}
	printf("\n");
}

/* What is not to be erased, and what is.  */
static void text_erasure(const struct fh_chain *c)
{
	const struct fh_shred_held *s;
	const struct fh_hold_held *h;
	size_t at = 0;

	while ((h = fh_chain_hold_next(c, &at)) != nullptr) {
		printf("hold     ");
		print_span(h->body.name);
		printf("  ");
		print_span(h->body.subject.n > 0 ? h->body.subject : FH_SPAN_LIT("everything"));
		printf("%s", h->body.reason.n > 0 ? ": " : "");
		print_span(h->body.reason);
		printf("\n");
	}
	for (at = 0; (s = fh_chain_shred_next(c, &at)) != nullptr;) {
		printf("shred    ");
		print_span(s->body.subject);
		printf("  what was recorded before statement %llu%s",
		       (unsigned long long)s->sequence, s->body.reason.n > 0 ? ": " : "");
		print_span(s->body.reason);
		printf("\n");
	}
}

/* For whom recovery slots are, if the operators said so; else for genesis' recipient.  */
static void text_slot(const struct fh_chain *c)
{
	const struct fh_slot_held *s = fh_chain_slot(c);
	char hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = fh_builder_of(hex, 2 * FH_HASH_SIZE);

	if (s == nullptr)
		return;
	const struct fh_hash id = fh_recovery_key_id(s->body.key);

	fh_builder_hex(&b, fh_hash_span(&id));
	printf("recovery %s%s", s->body.key.n > 0 ? hex : "no slots",
	       s->body.reason.n > 0 ? ": " : "");
	print_span(s->body.reason);
	printf("\n");
}

fh_err fh_chain_show_text(const struct fh_chain *c)
{
	const struct fh_policy_held *p = fh_chain_policy(c);
	const struct fh_device *d;
	const struct fh_actor *a;
	const struct fh_pins_held *pins;
	const struct fh_server *s;
	char when[FH_TIME_TEXT];
	size_t at = 0;

	if (c->state == FH_CHAIN_EMPTY) {
		printf("state    empty\n");
		return FH_ERR_OK;
	}
	text_head(c);
	while ((d = fh_chain_device_next(c, &at)) != nullptr) {
		printf("device   ");
		print_hex(fh_hash_span(&d->id));
		printf("  ");
		print_span(d->body.name);
		printf("  ");
		print_span(d->body.grade);
		printf("%s\n", d->revoked ? "  REVOKED" : "");
	}
	for (at = 0; (a = fh_chain_actor_next(c, &at)) != nullptr;)
		text_actor(a);
	for (at = 0; (s = fh_chain_server_next(c, &at)) != nullptr;)
		text_server(s);
	for (at = 0; (pins = fh_chain_pins_next(c, &at)) != nullptr;)
		text_pins(pins);
	text_erasure(c);
	text_slot(c);
	if (p == nullptr) {
		printf("policy   none: nothing is permitted\n");
		return FH_ERR_OK;
	}
	fh_time_text(p->body.expires_ms, when);
	printf("policy   ");
	print_hex(fh_span_first(fh_hash_span(&p->hash), short_hash));
	printf("...  expires %s\n", when);
	return FH_ERR_OK;
}

/* --- JSON --------------------------------------------------------------- */

static void json_text(struct fh_builder *b, const char *name, struct fh_span s)
{
	fh_builder_text(b, "\"");
	fh_builder_text(b, name);
	fh_builder_text(b, "\":");
	fh_json_put_string(b, s);
}

static void json_hex(struct fh_builder *b, const char *name, struct fh_span s)
{
	fh_builder_text(b, "\"");
	fh_builder_text(b, name);
	fh_builder_text(b, "\":\"");
	fh_builder_hex(b, s);
	fh_builder_text(b, "\"");
}

static void json_number(struct fh_builder *b, const char *name, uint64_t v)
{
	fh_builder_text(b, "\"");
	fh_builder_text(b, name);
	fh_builder_text(b, "\":");
	fh_builder_decimal(b, v);
}

static void json_texts(struct fh_builder *b, const char *name, struct fh_span array, size_t max)
{
	struct fh_span text[FH_ACTOR_GROUPS_MAX];
	size_t n = fh_texts(array, text, max);

	fh_builder_text(b, ",\"");
	fh_builder_text(b, name);
	fh_builder_text(b, "\":[");
	for (size_t i = 0; i < n; i++) {
		fh_builder_text(b, i == 0 ? "" : ",");
		fh_json_put_string(b, text[i]);
	}
	fh_builder_text(b, "]");
}

static void json_head(struct fh_builder *b, const struct fh_chain *c)
{
	json_text(b, "state", fh_span_str(fh_chain_state_text(c->state)));
	fh_builder_text(b, ",");
	json_hex(b, "chain", fh_hash_span(&c->id));
	fh_builder_text(b, ",");
	json_text(b, "name", c->name);
	fh_builder_text(b, ",");
	json_text(b, "placement", fh_span_str(fh_placement_text(c->placement)));
	fh_builder_text(b, ",");
	json_number(b, "sequence", c->head.sequence);
	fh_builder_text(b, ",");
	json_hex(b, "head", fh_hash_span(&c->head.hash));
	fh_builder_text(b, ",");
	json_number(b, "issued_ms", c->head.issued_ms);
	fh_builder_text(b, ",");
	json_text(b, "why", fh_span_str(c->why.what));
	fh_builder_text(b, ",\"branches\":[");
	for (size_t i = 0; i < c->branches; i++) {
		fh_builder_text(b, i == 0 ? "\"" : ",\"");
		fh_builder_hex(b, fh_hash_span(&c->branch[i].hash));
		fh_builder_text(b, "\"");
	}
	fh_builder_text(b, "],\"signers\":[");
	for (size_t i = 0; i < c->head.authority->signers; i++) {
		fh_builder_text(b, i == 0 ? "\"" : ",\"");
		fh_builder_hex(b, fh_hash_span(&c->head.authority->signer[i].id));
		fh_builder_text(b, "\"");
	}
	fh_builder_text(b, "]");
}

static void json_devices(struct fh_builder *b, const struct fh_chain *c)
{
	const struct fh_device *d;
	size_t at = 0, n = 0;

	fh_builder_text(b, ",\"devices\":[");
	while ((d = fh_chain_device_next(c, &at)) != nullptr) {
		fh_builder_text(b, n++ == 0 ? "{" : ",{");
		json_hex(b, "id", fh_hash_span(&d->id));
		fh_builder_text(b, ",");
		json_text(b, "name", d->body.name);
		fh_builder_text(b, ",");
		json_text(b, "grade", d->body.grade);
		fh_builder_text(b, d->revoked ? ",\"revoked\":true}" : ",\"revoked\":false}");
	}
	fh_builder_text(b, "]");
}

static void json_actors(struct fh_builder *b, const struct fh_chain *c)
{
	const struct fh_actor *a;
	size_t at = 0, n = 0;

	fh_builder_text(b, ",\"actors\":[");
	while ((a = fh_chain_actor_next(c, &at)) != nullptr) {
		fh_builder_text(b, n++ == 0 ? "{" : ",{");
		json_text(b, "name", a->body.name);
		json_texts(b, "groups", a->body.groups, FH_ACTOR_GROUPS_MAX);
		if (a->body.credential == FH_CREDENTIAL_PEER) {
			fh_builder_text(b, ",");
			json_number(b, "uid", a->body.uid);
			fh_builder_text(b, ",");
			json_hex(b, "executable", a->body.executable);
		}
		fh_builder_text(b, ",\"credential\":");
		fh_builder_text(b, a->body.credential == FH_CREDENTIAL_PEER ? "\"peer\"}"
									   : "\"bearer\"}");
	}
	fh_builder_text(b, "]");
}

static void json_servers(struct fh_builder *b, const struct fh_chain *c)
{
	const struct fh_server *s;
	size_t at = 0, n = 0;

	fh_builder_text(b, ",\"servers\":[");
	while ((s = fh_chain_server_next(c, &at)) != nullptr) {
		fh_builder_text(b, n++ == 0 ? "{" : ",{");
		json_text(b, "name", s->body.name);
		fh_builder_text(b, ",");
		json_number(b, "uid", s->body.uid);
		fh_builder_text(b, ",");
		json_number(b, "gid", s->body.gid);
		json_texts(b, "command", s->body.command, FH_SERVER_ARGUMENTS_MAX);
		fh_builder_text(b, "}");
	}
	fh_builder_text(b, "]");
}

static void json_pins(struct fh_builder *b, const struct fh_chain *c)
{
	const struct fh_pins_held *p;
	size_t at = 0, n = 0;

	fh_builder_text(b, ",\"pins\":[");
	while ((p = fh_chain_pins_next(c, &at)) != nullptr) {
		fh_builder_text(b, n++ == 0 ? "{" : ",{");
		json_text(b, "server", p->body.server);
		fh_builder_text(b, ",");
		json_number(b, "tools", p->body.tools_n);
		fh_builder_text(b, "}");
	}
	fh_builder_text(b, "]");
}

static void json_erasure(struct fh_builder *b, const struct fh_chain *c)
{
	const struct fh_shred_held *s;
	const struct fh_hold_held *h;
	size_t at = 0, n = 0;

	fh_builder_text(b, ",\"holds\":[");
	while ((h = fh_chain_hold_next(c, &at)) != nullptr) {
		fh_builder_text(b, n++ == 0 ? "{" : ",{");
		json_text(b, "name", h->body.name);
		fh_builder_text(b, ",");
		json_text(b, "subject", h->body.subject);
		fh_builder_text(b, ",");
		json_text(b, "reason", h->body.reason);
		fh_builder_text(b, "}");
	}
	fh_builder_text(b, "],\"shreds\":[");
	for (at = n = 0; (s = fh_chain_shred_next(c, &at)) != nullptr;) {
		fh_builder_text(b, n++ == 0 ? "{" : ",{");
		json_text(b, "subject", s->body.subject);
		fh_builder_text(b, ",");
		json_number(b, "statement", s->sequence);
		fh_builder_text(b, ",");
		json_text(b, "reason", s->body.reason);
		fh_builder_text(b, "}");
	}
	fh_builder_text(b, "]");
}

static void json_slot(struct fh_builder *b, const struct fh_chain *c)
{
	const struct fh_slot_held *s = fh_chain_slot(c);

	if (s == nullptr)
		return;
	const struct fh_hash id = fh_recovery_key_id(s->body.key);

	fh_builder_text(b, ",\"recovery\":{\"key\":");
	if (s->body.key.n > 0) {
		fh_builder_text(b, "\"");
		fh_builder_hex(b, fh_hash_span(&id));
		fh_builder_text(b, "\",");
	} else {
		fh_builder_text(b, "null,");
	}
	json_number(b, "statement", s->sequence);
	fh_builder_text(b, ",");
	json_text(b, "reason", s->body.reason);
	fh_builder_text(b, "}");
}

fh_err fh_chain_show_json(const struct fh_chain *c, struct fh_arena *memory)
{
	const struct fh_policy_held *p = fh_chain_policy(c);
	struct fh_builder b = fh_builder_of(fh_arena_take(memory, json_max), json_max);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	if (c->state == FH_CHAIN_EMPTY) {
		puts("{\"state\":\"empty\"}");
		return FH_ERR_OK;
	}
	fh_builder_text(&b, "{");
	json_head(&b, c);
	json_devices(&b, c);
	json_actors(&b, c);
	json_servers(&b, c);
	json_pins(&b, c);
	json_erasure(&b, c);
	json_slot(&b, c);
	fh_builder_text(&b, ",\"policy\":");
	if (p != nullptr) {
		fh_builder_text(&b, "{");
		json_hex(&b, "hash", fh_hash_span(&p->hash));
		fh_builder_text(&b, ",");
		json_number(&b, "expires_ms", p->body.expires_ms);
		fh_builder_text(&b, "}");
	} else {
		fh_builder_text(&b, "null");
	}
	fh_builder_text(&b, "}\n");
	if (b.bad)
		return FH_ERR_LIMIT;
	(void)fwrite(b.p, 1, b.n, stdout);
	return FH_ERR_OK;
}
