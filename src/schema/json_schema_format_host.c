/* SPDX-License-Identifier: Apache-2.0 */
/* Host names and mailboxes.  */
#include "schema/json_schema_format.h"
#include "schema/json_schema_host.h"

/* A name while its labels are read.  */
struct name {
	bool international; /* labels may be of any script */
	bool bidi;          /* one is from right to left */
	bool fits;          /* all could stand beside such a one */
	size_t n;           /* octets as ASCII, dots included */
};

static bool is_ascii(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= 0x80)
			return false;
	}
	return true;
}

/* Letters, digits and hyphens, of which none begins or ends it.  */
static bool is_ldh(struct fh_span s)
{
	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!fh_format_is_letter(s.p[i]) && !fh_format_is_digit(s.p[i]) && s.p[i] != '-')
			return false;
	}
	return true;
}

static bool has_prefix(struct fh_span s)
{
	return s.n >= 4 && (s.p[0] | 0x20) == 'x' && (s.p[1] | 0x20) == 'n' && s.p[2] == '-' &&
	       s.p[3] == '-';
}

/* All code points of S; false if there are more than a label has.  */
static bool spread(struct fh_span s, uint32_t c[FH_LABEL_MAX], size_t *n)
{
	for (*n = 0; s.n > 0; (*n)++) {
		if (*n == FH_LABEL_MAX)
			return false;
		c[*n] = fh_format_next(&s);
	}
	return true;
}

static bool read_label(struct name *name, struct fh_span s)
{
	uint32_t c[FH_LABEL_MAX];
	bool ascii = is_ascii(s), encoded = ascii && has_prefix(s);
	size_t n = 0, octets = s.n;

	if (ascii && (!is_ldh(s) || s.n > FH_LABEL_MAX))
		return false;
	if (encoded) {
		struct fh_span code = fh_span_skip(s, 4);

		if (!fh_punycode_read(code.p, code.n, c, &n) || code.n == 0)
			return false;
	} else if ((!ascii && !name->international) || !spread(s, c, &n)) {
		return false;
	}
	if (!ascii) {
		size_t length = fh_punycode_length(c, n);

		if (length > FH_LABEL_MAX - 4)
			return false;
		octets = length + 4;
	}
	if (!ascii || encoded) {
		bool other = false;

		for (size_t i = 0; i < n; i++)
			other |= c[i] >= 0x80;
		if (!other || !fh_host_is_u_label(c, n))
			return false;
	} else if (name->international && n >= 4 && c[2] == '-' && c[3] == '-') {
		return false;
	}
	name->bidi |= fh_host_is_bidi(c, n);
	name->fits &= fh_host_bidi_fits(c, n);
	name->n += octets + (name->n > 0);
	return true;
}

/* The label at the beginning of *S, taken off it with what ends it; *MORE: a dot did.  */
static struct fh_span next_label(struct fh_span *s, bool international, bool *more)
{
	struct fh_span whole = *s;

	*more = false;
	while (s->n > 0) {
		size_t left = s->n;
		uint32_t c = fh_format_next(s);

		*more = c == '.' || (international && (c == 0x3002 || c == 0xff0e || c == 0xff61));
		if (*more)
			return fh_span_first(whole, whole.n - left);
	}
	return whole;
}

static bool is_name(struct fh_span s, bool international)
{
	struct name name = { .international = international, .fits = true };
	bool more = true;

	while (more) {
		if (!read_label(&name, next_label(&s, international, &more)))
			return false;
	}
	return name.n <= FH_HOST_NAME_MAX && (!name.bidi || name.fits);
}

bool fh_format_hostname(struct fh_span s)
{
	return is_name(s, false);
}

bool fh_format_idn_hostname(struct fh_span s)
{
	return is_name(s, true);
}

/* --- mailboxes ------------------------------------------------------------ */

constexpr size_t local_max = 64; /* RFC 5321, section 4.5.3.1.1 */

/* Length of a local part in quotes, or 0.  */
static size_t quoted_length(struct fh_span s, bool international)
{
	for (size_t i = 1; i < s.n; i++) {
		uint8_t b = s.p[i];

		if (b == '"')
			return i + 1;
		if (b == '\\')
			b = ++i < s.n ? s.p[i] : 0;
		if (b < 0x20 || b == 0x7f || (b >= 0x80 && !international))
			return 0;
	}
	return 0;
}

/* Length of words with single dots between them, or 0.  */
static size_t dotted_length(struct fh_span s, bool international)
{
	bool dot = true;
	size_t i = 0;

	for (; i < s.n && s.p[i] != '@'; i++) {
		uint8_t b = s.p[i];
		bool word = fh_format_is_letter(b) || fh_format_is_digit(b) ||
			    fh_format_is_among(b, "!#$%&'*+-/=?^_`{|}~") ||
			    (b >= 0x80 && international);

		if (!word && (b != '.' || dot))
			return 0;
		dot = !word;
	}
	return dot ? 0 : i;
}

/* Whose labels may hold anything that is not ASCII.  */
static bool is_domain(struct fh_span s, bool international)
{
	bool more = true;

	if (s.n > FH_HOST_NAME_MAX)
		return false;
	while (more) {
		struct fh_span label = next_label(&s, international, &more);
		bool ends = label.n > 0 && label.p[0] != '-' && label.p[label.n - 1] != '-';

		if (is_ascii(label) || !international ? !is_ldh(label) ||
			label.n > FH_LABEL_MAX : !ends)
			return false;
	}
	return true;
}

static bool is_mailbox(struct fh_span s, bool international)
{
	bool quoted = s.n > 0 && s.p[0] == '"';
	size_t n = quoted ? quoted_length(s, international) : dotted_length(s, international);

	if (n == 0 || n > local_max || n >= s.n || s.p[n] != '@')
		return false;
	struct fh_span domain = fh_span_skip(s, n + 1);

	if (domain.n < 2 || domain.p[0] != '[' || domain.p[domain.n - 1] != ']')
		return is_domain(domain, international);
	struct fh_span address = fh_span_skip(fh_span_first(domain, domain.n - 1), 1);

	return fh_span_starts(address,
		FH_SPAN_LIT("IPv6:")) ? fh_format_ipv6(fh_span_skip(address, 5))
							     : fh_format_ipv4(address);
}

bool fh_format_email(struct fh_span s)
{
	return is_mailbox(s, false);
}

bool fh_format_idn_email(struct fh_span s)
{
	return is_mailbox(s, true);
}
