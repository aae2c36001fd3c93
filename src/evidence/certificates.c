/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/certificates.h"

#include "codec/pem.h"

static fh_err refuse(struct fh_trace *t, size_t number, const char *what, fh_err e)
{
	fh_trace_where(t, "certificate %zu", number);
	fh_trace_what(t, "%s", what);
	return e;
}

fh_err fh_certificates_read(struct fh_span file, struct fh_builder *room, struct fh_span *der,
			    size_t max, size_t *n, struct fh_trace *t)
{
	struct fh_cursor text = fh_cursor_of(file);
	size_t found = 0;

	if (!fh_pem_is(file)) {
		if (file.n == 0 || max == 0)
			return refuse(t, 1, "there is none", FH_ERR_FORMAT);
		der[0] = file;
		*n = 1;
		return FH_ERR_OK;
	}
	for (;;) {
		struct fh_span label, block;
		fh_err e = fh_pem_next(&text, room, &label, &block);

		if (e == FH_ERR_MISSING)
			break;
		if (e != FH_ERR_OK)
			return refuse(t, found + 1, e == FH_ERR_LIMIT ? "is too much"
							      : "is no whole block of PEM", e);
		if (!fh_span_equal(label, FH_SPAN_LIT("CERTIFICATE")))
			return refuse(t, found + 1, "is a block of PEM that is no certificate",
				      FH_ERR_FORMAT);
		if (found == max)
			return refuse(t, found + 1, "is one too many", FH_ERR_LIMIT);
		der[found++] = block;
	}
	*n = found;
	return FH_ERR_OK;
}
