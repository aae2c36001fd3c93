/* SPDX-License-Identifier: Apache-2.0 */
#include "freehold/error.h"

static const char *const texts[] = {
#define FH_ERR_ROW(name, text) [FH_ERR_##name] = text,
	FH_ERR_LIST(FH_ERR_ROW)
#undef FH_ERR_ROW
};

const char *fh_err_text(fh_err e)
{
	if ((unsigned)e >= FH_ERR_COUNT)
		return "unknown error";
	return texts[e];
}
