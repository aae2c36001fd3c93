/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/est_form.h"

static const struct fh_est_form forms[] = {
	{ FH_TEXT_INIT("Var"), FH_EXPR_VARIABLE, FH_EST_VARIABLE },
	{ FH_TEXT_INIT("!"), FH_EXPR_NOT, FH_EST_UNARY },
	{ FH_TEXT_INIT("neg"), FH_EXPR_NEGATE, FH_EST_UNARY },
	{ FH_TEXT_INIT("isEmpty"), FH_EXPR_IS_EMPTY, FH_EST_UNARY },
	{ FH_TEXT_INIT("&&"), FH_EXPR_AND, FH_EST_BINARY },
	{ FH_TEXT_INIT("||"), FH_EXPR_OR, FH_EST_BINARY },
	{ FH_TEXT_INIT("=="), FH_EXPR_EQUAL, FH_EST_BINARY },
	{ FH_TEXT_INIT("!="), FH_EXPR_UNEQUAL, FH_EST_BINARY },
	{ FH_TEXT_INIT("<"), FH_EXPR_LESS, FH_EST_BINARY },
	{ FH_TEXT_INIT("<="), FH_EXPR_LESS_EQUAL, FH_EST_BINARY },
	{ FH_TEXT_INIT(">"), FH_EXPR_MORE, FH_EST_BINARY },
	{ FH_TEXT_INIT(">="), FH_EXPR_MORE_EQUAL, FH_EST_BINARY },
	{ FH_TEXT_INIT("+"), FH_EXPR_ADD, FH_EST_BINARY },
	{ FH_TEXT_INIT("-"), FH_EXPR_SUBTRACT, FH_EST_BINARY },
	{ FH_TEXT_INIT("*"), FH_EXPR_MULTIPLY, FH_EST_BINARY },
	{ FH_TEXT_INIT("in"), FH_EXPR_IN, FH_EST_BINARY },
	{ FH_TEXT_INIT("contains"), FH_EXPR_CONTAINS, FH_EST_BINARY },
	{ FH_TEXT_INIT("containsAll"), FH_EXPR_CONTAINS_ALL, FH_EST_BINARY },
	{ FH_TEXT_INIT("containsAny"), FH_EXPR_CONTAINS_ANY, FH_EST_BINARY },
	{ FH_TEXT_INIT("hasTag"), FH_EXPR_HAS_TAG, FH_EST_BINARY },
	{ FH_TEXT_INIT("getTag"), FH_EXPR_GET_TAG, FH_EST_BINARY },
	{ FH_TEXT_INIT("."), FH_EXPR_GET, FH_EST_ATTRIBUTE },
	{ FH_TEXT_INIT("has"), FH_EXPR_HAS, FH_EST_ATTRIBUTE },
	{ FH_TEXT_INIT("like"), FH_EXPR_LIKE, FH_EST_PATTERN },
	{ FH_TEXT_INIT("is"), FH_EXPR_IS, FH_EST_TYPE },
	{ FH_TEXT_INIT("is"), FH_EXPR_IS_IN, FH_EST_TYPE },
	{ FH_TEXT_INIT("if-then-else"), FH_EXPR_IF, FH_EST_CHOICE },
	{ FH_TEXT_INIT("Set"), FH_EXPR_SET, FH_EST_LIST },
	{ FH_TEXT_INIT("Record"), FH_EXPR_RECORD, FH_EST_FIELDS },
};

constexpr size_t forms_n = sizeof(forms) / sizeof(forms[0]);

const struct fh_est_form *fh_est_form_named(struct fh_span name)
{
	for (size_t i = 0; i < forms_n; i++) {
		if (fh_span_equal(forms[i].name, name))
			return &forms[i];
	}
	return nullptr;
}

const struct fh_est_form *fh_est_form_of(enum fh_expr_kind kind)
{
	for (size_t i = 0; i < forms_n; i++) {
		if (forms[i].kind == kind)
			return &forms[i];
	}
	return nullptr;
}

struct fh_span fh_variable_name(enum fh_variable v)
{
	static const struct fh_span names[] = { FH_TEXT_INIT("principal"), FH_TEXT_INIT("action"),
						FH_TEXT_INIT("resource"),
						FH_TEXT_INIT("context") };

	return names[v];
}
