/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_ROLE_H
#define FH_ROLE_ROLE_H

/* The roles of `freehold serve` (docs/spec/DOOR).  The supervisor executes the
 * same program again for each: "freehold role NAME", with its descriptors in
 * fixed places.  Each entry runs until its process ends and returns its exit
 * code.  */

/* Descriptors that every role finds open.  */
enum fh_role_fd {
	FH_FD_CONTROL = 3, /* supervisor's pair with this role */
	FH_FD_CORE = 4,    /* gate, keeper, reach: the pair with core */
	FH_FD_FIRST = 5,   /* role-specific ones follow */
};

/* gate: FH_FD_FIRST is the listening TCP socket, or absent (a gate of one
 * kernel-named peer, whose connections come over the control pair).  */
int fh_role_gate(int argc, char **argv);
int fh_role_core(int argc, char **argv);
/* reach and courier: an argument is the file of authorities of https servers.  */
int fh_role_reach(int argc, char **argv);
int fh_role_keeper(int argc, char **argv);
/* One confined process per tool server session; reach starts it.  */
int fh_role_worker(int argc, char **argv);
/* One confined process per request to a witness; reach starts it.  */
int fh_role_courier(int argc, char **argv);

#endif
