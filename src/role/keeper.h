/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_KEEPER_H
#define FH_ROLE_KEEPER_H

#include "role/role.h"

/* Files that the supervisor opens for the keeper, behind the pair with core.  */
enum fh_keeper_fd {
	FH_KEEPER_SIGNED = FH_FD_FIRST,      /* keys/signed: what was signed last */
	FH_KEEPER_DEVICE = FH_FD_FIRST + 1,  /* keys/device: the sealed device key */
	FH_KEEPER_SESSION = FH_FD_FIRST + 2, /* keys/session: this boot's session */
	FH_KEEPER_CHIP = FH_FD_FIRST + 3,    /* the TPM; without a chip, keys/counter */
	FH_KEEPER_WITNESSED = FH_FD_FIRST + 4, /* keys/witnessed: of other logs */
	FH_KEEPER_DATA = FH_FD_FIRST + 5,    /* keys/data.0, and behind it keys/data.1: what the */
	FH_KEEPER_END = FH_FD_FIRST + 7,     /* record is sealed with, of even and odd epochs */
};

#endif
