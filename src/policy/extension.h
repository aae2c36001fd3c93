/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EXTENSION_H
#define FH_POLICY_EXTENSION_H

#include "policy/value.h"

/* The texts of Cedar's extension types.  Each is refused with FH_ERR_FORMAT if it
 * is malformed and with FH_ERR_LIMIT if it does not fit; outputs as in
 * struct fh_value.  */

/* "-12.3456": at least one digit on both sides of the point, four behind it at
 * most, within 64 bits when multiplied by 10,000.  */
fh_err fh_decimal_parse(struct fh_span text, int64_t *out);

/* "10.0.0.1", "10.0.0.0/8", "::1", "fe80::/10"; no IPv4 inside of IPv6, no zone,
 * no leading zeros in IPv4 and in prefixes.  */
fh_err fh_ip_parse(struct fh_span text, struct fh_ip *out);

/* "2024-10-15", or with a time "2024-10-15T11:38:02[.101](Z|+0100|-0100)".  */
fh_err fh_datetime_parse(struct fh_span text, int64_t *out);

/* "-1d2h3m4s5ms": each unit at most once and in this order.  */
fh_err fh_duration_parse(struct fh_span text, int64_t *out);

/* All of INNER is in OUTER.  */
bool fh_ip_in_range(const struct fh_ip *inner, const struct fh_ip *outer);

/* All of IP is in 127.0.0.0/8 or is ::1; all of it is in 224.0.0.0/4 or ff00::/8.  */
bool fh_ip_is_loopback(const struct fh_ip *ip);
bool fh_ip_is_multicast(const struct fh_ip *ip);

/* TEXT matches PATTERN, in which FH_WILDCARD stands for any text.  Linear time.  */
bool fh_pattern_matches(struct fh_span pattern, struct fh_span text);

#endif
