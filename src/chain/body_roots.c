/* SPDX-License-Identifier: Apache-2.0 */
/* Whose TPMs the operator believes to be TPMs: the body `roots`.  */
#include "chain/body_private.h"
#include "crypto/x509_roots.h"

/* The value of NAME: an array of 1 .. N_MAX byte strings of at most MAX bytes, rising.  */
static struct fh_span read_array(struct fh_members *m, const char *name, size_t n_max, size_t max,
				 const char *must)
{
	struct fh_cursor inside = m->c;
	struct fh_span last = { 0 }, array = fh_cbor_item(&m->c);
	size_t n = fh_cbor_array(&inside, n_max);

	for (size_t i = 0; i < n && !fh_cursor_bad(&inside); i++) {
		struct fh_span s = fh_cbor_bytes(&inside, max);

		if (!fh_rises(last, s))
			fh_cursor_fail(&inside, FH_ERR_FORMAT);
		last = s;
	}
	if (fh_cursor_bad(&inside) || n == 0)
		fh_members_refuse(m, name, must);
	return array;
}

fh_err fh_roots_body_read(struct fh_span body, struct fh_roots_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "roots", t);
	struct fh_roots_body r = { 0 };

	if (fh_members_has(&m, "lists"))
		r.lists = read_array(&m, "lists", FH_ROOTS_LISTS_MAX, FH_ROOTS_BODY_MAX,
				     "must be 1 to 64 lists, rising");
	fh_members_need(&m, "certificates");
	r.certificates = read_array(&m, "certificates", FH_ROOTS_CERTIFICATES_MAX, FH_X509_MAX,
				    "must be 1 to 256 certificates, rising");
	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK && body.n > FH_ROOTS_BODY_MAX) {
		fh_trace_what(t, "roots: more than %zu bytes", FH_ROOTS_BODY_MAX);
		e = FH_ERR_LIMIT;
	}
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}

static void put_array(struct fh_builder *b, const char *name, const struct fh_span *item, size_t n)
{
	fh_put_name(b, name);
	fh_cbor_put_array(b, n);
	for (size_t i = 0; i < n; i++)
		fh_cbor_put_bytes(b, item[i]);
}

void fh_roots_body_put(struct fh_builder *b, const struct fh_span *certificate, size_t certificates,
		       const struct fh_span *list, size_t lists)
{
	fh_cbor_put_map(b, lists > 0 ? 2 : 1);
	if (lists > 0)
		put_array(b, "lists", list, lists);
	put_array(b, "certificates", certificate, certificates);
}

size_t fh_roots_members(struct fh_span array, struct fh_span *out, size_t max)
{
	struct fh_cursor c = fh_cursor_of(array);
	size_t n = array.n == 0 ? 0 : fh_cbor_array(&c, max);

	for (size_t i = 0; i < n; i++)
		out[i] = fh_cbor_bytes(&c, FH_ROOTS_BODY_MAX);
	return fh_cursor_bad(&c) ? 0 : n;
}
