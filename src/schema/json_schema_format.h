/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SCHEMA_JSON_SCHEMA_FORMAT_H
#define FH_SCHEMA_JSON_SCHEMA_FORMAT_H

#include "base/cursor.h"

/* The formats of JSON Schema 2020-12 (Validation, section 7.3).  Each says whether S, valid
 * UTF-8, is one.  */

bool fh_format_date(struct fh_span s);      /* RFC 3339: full-date */
bool fh_format_time(struct fh_span s);      /* full-time */
bool fh_format_date_time(struct fh_span s);
bool fh_format_duration(struct fh_span s);  /* appendix A */
bool fh_format_uuid(struct fh_span s);      /* RFC 4122 */
bool fh_format_json_pointer(struct fh_span s); /* RFC 6901 */
bool fh_format_relative_json_pointer(struct fh_span s);
bool fh_format_ipv4(struct fh_span s);      /* RFC 2673, section 3.2 */
bool fh_format_ipv6(struct fh_span s);      /* RFC 4291, section 2.2 */
bool fh_format_uri(struct fh_span s);       /* RFC 3986 */
bool fh_format_uri_reference(struct fh_span s);
bool fh_format_iri(struct fh_span s);       /* RFC 3987 */
bool fh_format_iri_reference(struct fh_span s);
bool fh_format_uri_template(struct fh_span s); /* RFC 6570 */
bool fh_format_hostname(struct fh_span s);  /* RFC 1123, with A-labels as RFC 5891 has them */
bool fh_format_idn_hostname(struct fh_span s); /* RFC 5890 */
bool fh_format_email(struct fh_span s);     /* RFC 5321: Mailbox */
bool fh_format_idn_email(struct fh_span s); /* RFC 6531 */

/* --- what several of them read ------------------------------------------- */

static inline bool fh_format_is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool fh_format_is_hex(uint32_t c)
{
	return fh_format_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static inline bool fh_format_is_letter(uint32_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* C is among the characters of SET.  */
bool fh_format_is_among(uint32_t c, const char *set);

/* The code point at the beginning of *S, taken off it; S is not empty.  */
uint32_t fh_format_next(struct fh_span *s);

/* What stands in *S before the next byte B, both taken off it; all of it if there is none.  */
struct fh_span fh_format_until(struct fh_span *s, uint8_t b);

#endif
