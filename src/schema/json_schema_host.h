/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SCHEMA_JSON_SCHEMA_HOST_H
#define FH_SCHEMA_JSON_SCHEMA_HOST_H

#include <stddef.h>
#include <stdint.h>

/* Labels of host names in other scripts than Latin (IDNA 2008).  */

constexpr size_t FH_LABEL_MAX = 63;     /* octets of a label */
constexpr size_t FH_HOST_NAME_MAX = 253; /* octets of a name, dots between */

/* Each code point of rising order at which other properties begin: the code point times
 * 2048, plus from the lowest bit: PVALID, a mark, a virama, three bits of enum
 * fh_host_bidi, three of fh_host_joining, two of fh_host_script.  */
extern const uint32_t fh_host_run[];
extern const size_t fh_host_run_n;

enum fh_host_bidi { FH_BIDI_L, FH_BIDI_R, FH_BIDI_AL, FH_BIDI_EN, FH_BIDI_AN, FH_BIDI_NSM,
		    FH_BIDI_NEUTRAL, FH_BIDI_NONE };
enum fh_host_joining { FH_JOIN_NONE, FH_JOIN_L, FH_JOIN_R, FH_JOIN_D, FH_JOIN_T };
enum fh_host_script { FH_SCRIPT_OTHER, FH_SCRIPT_GREEK, FH_SCRIPT_HEBREW, FH_SCRIPT_JAPANESE };

struct fh_host_property {
	bool valid, combining, virama;
	enum fh_host_bidi bidi;
	enum fh_host_joining joining;
	enum fh_host_script script;
};

struct fh_host_property fh_host_property(uint32_t c);

/* The N code points at C are a U-label (RFC 5891, section 5.4; whether it is in NFC is not
 * looked at, and its direction is the name's business).  */
bool fh_host_is_u_label(const uint32_t *c, size_t n);

/* The N code points at C may stand in a name that holds some from right to left (RFC 5893,
 * section 2).  */
bool fh_host_bidi_fits(const uint32_t *c, size_t n);
/* One of them makes it such a name.  */
bool fh_host_is_bidi(const uint32_t *c, size_t n);

/* Punycode (RFC 3492) without its prefix: TEXT of N bytes into OUT of FH_LABEL_MAX code
 * points, *M of them; false if it is none, or not the one form.  */
bool fh_punycode_read(const uint8_t *text, size_t n, uint32_t *out, size_t *m);
/* Bytes that the N code points at C take in it; SIZE_MAX for too many.  */
size_t fh_punycode_length(const uint32_t *c, size_t n);

#endif
