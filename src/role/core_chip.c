/* SPDX-License-Identifier: Apache-2.0 */
/* The chip while the machine serves.  What it is needed for comes seldom, so core has the
 * keeper look at it; once it is lost, nothing is permitted any more: no revocation of a
 * state would take hold, and no quote could say that this is still the same boot.  The
 * record goes on, and says what was refused, until somebody ends it.  */
#include "role/core.h"

#include <string.h>

#include "os/clock.h"
#include "role/log.h"
#include "role/refused.h"

fh_err fh_core_chip_lost(struct fh_core *c, fh_err e)
{
	const char *state = fh_refused_state(e);

	if (state == nullptr || strncmp(state, "chip-", strlen("chip-")) != 0)
		return e;
	if (c->lost != nullptr)
		return FH_ERR_OK;
	c->lost = state;
	c->lost_ms = fh_clock_boot_ms();
	c->lost_why = e;
	if (c->trace.cure[0] == '\0')
		fh_trace_cure(&c->trace, "start freehold again; if it stays so, switch the machine "
					 "off and on");
	c->lost_trace = c->trace;
	fh_log_error("core", e, &c->trace);
	fh_log(FH_LOG_PRIORITY_ERROR, "core", "%s: nothing is permitted until freehold is started "
	       "again", state);
	fh_core_leave_word(c, state);
	return FH_ERR_OK;
}

uint64_t fh_core_chip_due_ms(const struct fh_core *c)
{
	if (c->lost != nullptr)
		return c->lost_ms + FH_CHIP_LOST_MS;
	return c->measured ? c->looked_ms + FH_CHIP_LOOK_MS : UINT64_MAX;
}

/* Only between two signatures: whoever waits for one is not kept waiting by a TPM.  */
fh_err fh_core_chip_look(struct fh_core *c)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	uint64_t now_ms = fh_clock_boot_ms();

	if (c->signing || now_ms < fh_core_chip_due_ms(c))
		return FH_ERR_OK;
	if (c->lost != nullptr) {
		c->again = c->stopping = true;
		return FH_ERR_OK;
	}
	c->looked_ms = now_ms;
	fh_door_put_request(&b, FH_DOOR_LOOK);
	return fh_core_chip_lost(c, fh_core_keeper_do(c, &b));
}
