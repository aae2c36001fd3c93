/* SPDX-License-Identifier: Apache-2.0 */
/* Statement files: the envelope, the payload, and every body that the payload's
 * kind names.  What is read must be written back to the same bytes.  */
#include <stdint.h>
#include <stdlib.h>

#include "chain/body.h"

static void walk_pins(const struct fh_pins_body *p)
{
	struct fh_span name, definition;
	size_t at = 0, n = 0;

	while (fh_pins_next(p->tools, &at, &name, &definition))
		n++;
	if (n != p->tools_n)
		abort();
}

/* There is one encoding of a list of roots.  */
static void walk_roots(struct fh_span body, const struct fh_roots_body *r)
{
	static struct fh_span certificate[FH_ROOTS_CERTIFICATES_MAX], list[FH_ROOTS_LISTS_MAX];
	static uint8_t again[FH_ROOTS_BODY_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(again);
	size_t n = fh_roots_members(r->certificates, certificate, FH_ROOTS_CERTIFICATES_MAX);
	size_t lists = fh_roots_members(r->lists, list, FH_ROOTS_LISTS_MAX);

	fh_roots_body_put(&b, certificate, n, list, lists);
	if (n == 0 || !fh_span_equal(fh_builder_span(&b), body))
		abort();
}

static void read_bodies(struct fh_span body)
{
	struct fh_genesis genesis;
	struct fh_authority authority;
	struct fh_device_body device;
	struct fh_actor_body actor;
	struct fh_server_body server;
	struct fh_pins_body pins;
	struct fh_policy_body policy;
	struct fh_revoke_body revoke;
	struct fh_roots_body roots;
	struct fh_trace t = { 0 };
	struct fh_hash chain = { 0 };

	(void)!fh_genesis_read(body, &genesis, &t);
	(void)!fh_signers_read(body, &authority, &t);
	if (fh_device_read(body, &device, &t) == FH_ERR_OK)
		(void)!fh_device_possession_check(&device, &chain);
	(void)!fh_actor_read(body, &actor, &t);
	(void)!fh_server_read(body, &server, &t);
	if (fh_pins_read(body, &pins, &t) == FH_ERR_OK)
		walk_pins(&pins);
	(void)!fh_policy_read(body, &policy, &t);
	(void)!fh_revoke_read(body, &revoke, &t);
	if (fh_roots_body_read(body, &roots, &t) == FH_ERR_OK)
		walk_roots(body, &roots);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t again[FH_STATEMENT_MAX + 64];
	struct fh_builder b = FH_BUILDER_ARRAY(again);
	struct fh_span input = fh_span_of(bytes, n);
	struct fh_envelope v;
	struct fh_statement s;
	struct fh_trace t = { 0 };

	(void)!fh_envelope_parse(input, &v, &t);
	read_bodies(input);
	if (fh_statement_parse(input, &s, &t) != FH_ERR_OK)
		return 0;
	read_bodies(s.body);
	fh_statement_put(&b, &s);
	if (!fh_span_equal(fh_builder_span(&b), input))
		abort();
	return 0;
}
