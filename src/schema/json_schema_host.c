/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/json_schema_host.h"

struct fh_host_property fh_host_property(uint32_t c)
{
	size_t low_end = 0, high_end = fh_host_run_n;

	while (high_end - low_end > 1) {
		size_t middle = low_end + (high_end - low_end) / 2;

		if (fh_host_run[middle] / 2048 <= c)
			low_end = middle;
		else
			high_end = middle;
	}
	uint32_t bits = fh_host_run[low_end] % 2048;

	return (struct fh_host_property){
		.valid = bits & 1,
		.combining = bits >> 1 & 1,
		.virama = bits >> 2 & 1,
		.bidi = (enum fh_host_bidi)(bits >> 3 & 7),
		.joining = (enum fh_host_joining)(bits >> 6 & 7),
		.script = (enum fh_host_script)(bits >> 9 & 3),
	};
}

/* --- characters that depend on those around them (RFC 5892, appendix A) ------ */

/* From I, in steps of STEP over what is transparent, to one that joins as SIDE or both.  */
static bool joins(const uint32_t *c, size_t n, size_t i, size_t step, enum fh_host_joining side)
{
	for (i += step; i < n; i += step) {
		enum fh_host_joining j = fh_host_property(c[i]).joining;

		if (j != FH_JOIN_T)
			return j == side || j == FH_JOIN_D;
	}
	return false;
}

static bool has_between(const uint32_t *c, size_t n, uint32_t first, uint32_t last)
{
	for (size_t i = 0; i < n; i++) {
		if (c[i] >= first && c[i] <= last)
			return true;
	}
	return false;
}

static bool has_japanese(const uint32_t *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c[i] != 0x30fb && fh_host_property(c[i]).script == FH_SCRIPT_JAPANESE)
			return true;
	}
	return false;
}

/* Whether the character at I may stand there, if its place decides; *DECIDES otherwise is
 * false.  */
static bool context_fits(const uint32_t *c, size_t n, size_t i, bool *decides)
{
	constexpr size_t back = SIZE_MAX; /* adding it subtracts 1 */
	struct fh_host_property before = { .script = FH_SCRIPT_OTHER };

	if (i > 0)
		before = fh_host_property(c[i - 1]);
	*decides = true;
	switch (c[i]) {
	case 0x200c:
		return before.virama || (joins(c, n, i, back, FH_JOIN_L) &&
					 joins(c, n, i, 1, FH_JOIN_R));
	case 0x200d:
		return before.virama;
	case 0xb7:
		return i > 0 && c[i - 1] == 'l' && i + 1 < n && c[i + 1] == 'l';
	case 0x375:
		return i + 1 < n && fh_host_property(c[i + 1]).script == FH_SCRIPT_GREEK;
	case 0x5f3:
	case 0x5f4:
		return before.script == FH_SCRIPT_HEBREW;
	case 0x30fb:
		return has_japanese(c, n);
	default:
		if (c[i] >= 0x660 && c[i] <= 0x669)
			return !has_between(c, n, 0x6f0, 0x6f9);
		if (c[i] >= 0x6f0 && c[i] <= 0x6f9)
			return !has_between(c, n, 0x660, 0x669);
		*decides = false;
		return false;
	}
}

bool fh_host_is_u_label(const uint32_t *c, size_t n)
{
	if (n == 0 || c[0] == '-' || c[n - 1] == '-' || fh_host_property(c[0]).combining ||
	    (n >= 4 && c[2] == '-' && c[3] == '-'))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool decides, fits = context_fits(c, n, i, &decides);

		if (decides ? !fits : !fh_host_property(c[i]).valid)
			return false;
	}
	return true;
}

/* --- direction ------------------------------------------------------------ */

bool fh_host_is_bidi(const uint32_t *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum fh_host_bidi b = fh_host_property(c[i]).bidi;

		if (b == FH_BIDI_R || b == FH_BIDI_AL || b == FH_BIDI_AN)
			return true;
	}
	return false;
}

bool fh_host_bidi_fits(const uint32_t *c, size_t n)
{
	enum fh_host_bidi first = fh_host_property(c[0]).bidi, last = first;
	bool right = first == FH_BIDI_R || first == FH_BIDI_AL, european = false, arabic = false;

	if (!right && first != FH_BIDI_L)
		return false;
	for (size_t i = 0; i < n; i++) {
		enum fh_host_bidi b = fh_host_property(c[i]).bidi;

		european |= b == FH_BIDI_EN;
		arabic |= b == FH_BIDI_AN;
		if (b == FH_BIDI_NONE || (right && b == FH_BIDI_L) ||
		    (!right && (b == FH_BIDI_R || b == FH_BIDI_AL || b == FH_BIDI_AN)))
			return false;
		last = b == FH_BIDI_NSM ? last : b;
	}
	return last != FH_BIDI_NEUTRAL && !(right && european && arabic);
}
