/* SPDX-License-Identifier: Apache-2.0 */
/* `\p{...}`: the values of General_Category by their names in Unicode's
 * PropertyValueAliases.txt, and what ECMA-262 adds (table 69).  */
#include "schema/regex_private.h"

/* In the order of the numbers in regex_table.c.  */
enum category { LU, LL, LT, LM, LO, MN, MC, ME, ND, NL, NO, PC, PD, PS, PE, PI, PF, PO, SM, SC,
		SK, SO, ZS, ZL, ZP, CC, CF, CS, CO, CN };

#define BIT(c) (UINT32_C(1) << (c))

static const struct {
	const char *name, *longer, *other;
	uint32_t categories;
} values[] = {
	{ "Lu", "Uppercase_Letter", nullptr, BIT(LU) },
	{ "Ll", "Lowercase_Letter", nullptr, BIT(LL) },
	{ "Lt", "Titlecase_Letter", nullptr, BIT(LT) },
	{ "LC", "Cased_Letter", nullptr, BIT(LU) | BIT(LL) | BIT(LT) },
	{ "Lm", "Modifier_Letter", nullptr, BIT(LM) },
	{ "Lo", "Other_Letter", nullptr, BIT(LO) },
	{ "L", "Letter", nullptr, BIT(LU) | BIT(LL) | BIT(LT) | BIT(LM) | BIT(LO) },
	{ "Mn", "Nonspacing_Mark", nullptr, BIT(MN) },
	{ "Mc", "Spacing_Mark", nullptr, BIT(MC) },
	{ "Me", "Enclosing_Mark", nullptr, BIT(ME) },
	{ "M", "Mark", "Combining_Mark", BIT(MN) | BIT(MC) | BIT(ME) },
	{ "Nd", "Decimal_Number", "digit", BIT(ND) },
	{ "Nl", "Letter_Number", nullptr, BIT(NL) },
	{ "No", "Other_Number", nullptr, BIT(NO) },
	{ "N", "Number", nullptr, BIT(ND) | BIT(NL) | BIT(NO) },
	{ "Pc", "Connector_Punctuation", nullptr, BIT(PC) },
	{ "Pd", "Dash_Punctuation", nullptr, BIT(PD) },
	{ "Ps", "Open_Punctuation", nullptr, BIT(PS) },
	{ "Pe", "Close_Punctuation", nullptr, BIT(PE) },
	{ "Pi", "Initial_Punctuation", nullptr, BIT(PI) },
	{ "Pf", "Final_Punctuation", nullptr, BIT(PF) },
	{ "Po", "Other_Punctuation", nullptr, BIT(PO) },
	{ "P", "Punctuation", "punct",
	  BIT(PC) | BIT(PD) | BIT(PS) | BIT(PE) | BIT(PI) | BIT(PF) | BIT(PO) },
	{ "Sm", "Math_Symbol", nullptr, BIT(SM) },
	{ "Sc", "Currency_Symbol", nullptr, BIT(SC) },
	{ "Sk", "Modifier_Symbol", nullptr, BIT(SK) },
	{ "So", "Other_Symbol", nullptr, BIT(SO) },
	{ "S", "Symbol", nullptr, BIT(SM) | BIT(SC) | BIT(SK) | BIT(SO) },
	{ "Zs", "Space_Separator", nullptr, BIT(ZS) },
	{ "Zl", "Line_Separator", nullptr, BIT(ZL) },
	{ "Zp", "Paragraph_Separator", nullptr, BIT(ZP) },
	{ "Z", "Separator", nullptr, BIT(ZS) | BIT(ZL) | BIT(ZP) },
	{ "Cc", "Control", "cntrl", BIT(CC) },
	{ "Cf", "Format", nullptr, BIT(CF) },
	{ "Cs", "Surrogate", nullptr, BIT(CS) },
	{ "Co", "Private_Use", nullptr, BIT(CO) },
	{ "Cn", "Unassigned", nullptr, BIT(CN) },
	{ "C", "Other", nullptr, BIT(CC) | BIT(CF) | BIT(CS) | BIT(CO) | BIT(CN) },
};

static bool is(struct fh_span name, const char *other)
{
	return other != nullptr && fh_span_equal(name, fh_span_str(other));
}

static bool find_value(struct fh_span name, uint32_t *out)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (is(name, values[i].name) || is(name, values[i].longer) ||
		    is(name, values[i].other)) {
			*out = values[i].categories;
			return true;
		}
	}
	return false;
}

static bool find(struct fh_span name, uint32_t *out)
{
	static const char *const prefix[] = { "gc=", "General_Category=" };

	for (size_t i = 0; i < 2; i++) {
		struct fh_span p = fh_span_str(prefix[i]);

		if (fh_span_starts(name, p))
			return find_value(fh_span_skip(name, p.n), out);
	}
	*out = UINT32_MAX;
	if (is(name, "Any"))
		return true;
	*out = ~BIT(CN);
	return is(name, "Assigned") || find_value(name, out);
}

bool fh_code_draft_property(struct fh_code_draft *d, struct fh_span name, bool negated)
{
	static const struct fh_code_range ascii = { 0, 0x7f };
	uint32_t wanted;

	if (is(name, "ASCII")) {
		fh_code_draft_list(d, &ascii, 1, negated);
		return true;
	}
	if (!find(name, &wanted))
		return fh_code_draft_script(d, name, negated);
	wanted = negated ? ~wanted : wanted;
	for (size_t i = 0; i < fh_category_run_n; i++) {
		uint32_t next = i + 1 < fh_category_run_n ? fh_category_run[i + 1] / 32
							  : FH_CODE_POINT_MAX + 1;

		if (wanted & BIT(fh_category_run[i] % 32))
			fh_code_draft_add(d, fh_category_run[i] / 32, next - 1);
	}
	return true;
}
