/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_POLICY_H
#define TEST_POLICY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/decision.h"

/* What decisions without limits are made in.  */
static const struct fh_circumstances leased = { .leased = true };

/* A document, its memory and its refusal.  */
struct document {
	uint8_t *memory;
	struct fh_arena arena;
	struct fh_trace trace;
	struct fh_policy_set set;
	fh_err e;
};

static inline void document_drop(struct document *d)
{
	free(d->memory);
	d->memory = nullptr;
}

#define OWN_DOCUMENT __attribute__((cleanup(document_drop))) struct document

static inline struct document document_of(const char *cedar, const char *schema)
{
	struct document d = { .memory = malloc(FH_POLICY_ARENA) };

	assert_non_null(d.memory);
	d.arena = fh_arena_of(d.memory, FH_POLICY_ARENA);
	d.e = fh_policy_check(fh_span_str(cedar), fh_span_str(schema), &d.arena, &d.set, &d.trace);
	return d;
}

/* The document is refused as E at WHERE, with WHAT in its reason.  */
static inline void assert_refused(const char *cedar, const char *schema, fh_err e,
				  const char *where, const char *what)
{
	OWN_DOCUMENT d = document_of(cedar, schema);

	if (d.e != e || strcmp(d.trace.where, where) != 0 || strstr(d.trace.what, what) == nullptr)
		fail_msg("%s\n%s\n-> %s: %s: %s; %s", cedar, schema, fh_err_text(d.e),
			 d.trace.where, d.trace.what, d.trace.cure);
	assert_true(d.trace.cure[0] != '\0');
	assert_null(d.set.policies);
}

static inline void assert_accepted(const char *cedar, const char *schema)
{
	OWN_DOCUMENT d = document_of(cedar, schema);

	if (d.e != FH_ERR_OK)
		fail_msg("%s\n%s\n-> %s: %s: %s; %s", cedar, schema, fh_err_text(d.e),
			 d.trace.where, d.trace.what, d.trace.cure);
}

static const char files_schema[] =
	"entity Folder in [Folder];\n"
	"entity File in [Folder];\n"
	"entity Ticket;\n"
	"action \"read\"; action \"files\" in [\"read\"]; action \"health\" in [\"read\"];\n"
	"@doc(\"Reads a file\") @mcp(\"files/read_file; files/read_text_file\")\n"
	"@resource(\"/path\", \"posix-path\")\n"
	"action \"files.read\" in [\"files\"]\n"
	"  appliesTo { principal: [Actor], resource: [File] };\n"
	"@mcp(\"files/write_file\") @resource(\"/path; posix-path\")\n"
	"action \"files.write\" appliesTo { principal: Actor, resource: File, context: {} };\n"
	"@mcp(\"desk/close\") @resource(\"/ticket/id\", \"text\")\n"
	"action close appliesTo { principal: [Actor], resource: [Ticket] };\n"
	"@mcp(\"desk/ping\")\n"
	"action \"ping\" in [\"health\", \"files\"]\n"
	"  appliesTo { principal: [Actor, Device], resource: [Server] };\n";

static inline struct fh_entity_uid uid(const char *type, const char *id)
{
	return fh_entity_uid_of(type, fh_span_str(id));
}

#endif
