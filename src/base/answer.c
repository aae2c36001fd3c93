/* SPDX-License-Identifier: Apache-2.0 */
#include "freehold/verdict.h"

const char *fh_answer_text(enum fh_answer a)
{
	switch (a) {
	case FH_ANSWER_YES:
		return "yes";
	case FH_ANSWER_UNCHECKED:
		return "unchecked";
	case FH_ANSWER_NO:
		break;
	}
	return "no";
}
