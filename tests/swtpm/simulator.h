/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TEST_SWTPM_SIMULATOR_H
#define FH_TEST_SWTPM_SIMULATOR_H

#include <stdint.h>
#include <sys/types.h>

#include <tss2/tss2_tcti.h>

/* A swtpm of one's own: its state in a fresh directory, reached over a unix
 * socket, ended by its process id.  All functions fail the test instead of
 * returning an error.  */
struct simulator {
	char directory[64]; /* its state; removed in the end */
	char tcti[96];      /* what tpm2-tss calls it */
	pid_t pid;          /* 0 while it is off */
};

/* Makes a new TPM and switches it on.  */
void simulator_new(struct simulator *s);

/* The same, endorsed by a local authority of swtpm_setup.  */
void simulator_new_certified(struct simulator *s);

/* Switches it off (a power failure: no TPM2_Shutdown) and on again.  */
void simulator_off(struct simulator *s);
void simulator_on(struct simulator *s);

void simulator_drop(struct simulator *s);

/* Number of transient objects and loaded sessions, over a connection of its
 * own: nothing else may be connected.  */
unsigned simulator_handles(const struct simulator *s);

/* Sets the owner authorisation to one byte, and defines an index of SIZE bytes
 * at HANDLE (false if the TPM's NV is full).  As above.  */
void simulator_own(const struct simulator *s);
bool simulator_define(const struct simulator *s, uint32_t handle, uint16_t size, bool counter);

/* Makes an index at HANDLE that anybody may read, with the N bytes at P in it.
 * As above.  */
void simulator_fill(const struct simulator *s, uint32_t handle, const uint8_t *p, size_t n);

/* TPM2_Clear, as the firmware's menu does it: whatever authorisations are set.  As above.  */
void simulator_clear(const struct simulator *s);

/* Makes a persistent key at 0x81000001: a storage key unless SIGNING.  */
void simulator_persist(const struct simulator *s, bool signing);

/* What happens to one command, the one after LEFT others.  */
enum fault {
	FAULT_NONE,
	FAULT_LOST,     /* it does not reach the TPM */
	FAULT_UNHEARD,  /* it reaches the TPM, its answer is lost */
	FAULT_REFUSED,  /* the TPM answers TPM_RC_FAILURE */
	FAULT_BUSY,     /* the TPM answers TPM_RC_RETRY */
	FAULT_RATE,     /* the TPM answers TPM_RC_NV_RATE */
	FAULT_LOCKOUT,  /* the TPM answers TPM_RC_LOCKOUT */
	FAULT_CUT,      /* the answer loses its last byte */
	FAULT_ALTERED,  /* one bit of the answer's byte AT is another, if it has so many */
};

/* A connection through which one command meets a fault.  */
struct faulty {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti; /* first: what tpm2-tss is given */
	TSS2_TCTI_CONTEXT *inner;         /* the real one */
	enum fault fault;
	uint32_t only;                    /* only this command code counts; 0: all */
	unsigned left;                    /* commands before the fault */
	size_t at;                        /* ALTERED: from 10 on, behind the response code */
	bool met;                         /* the fault has happened */
	bool pending;                     /* its answer is still to be received */
};

void faulty_open(struct faulty *f, const struct simulator *s);
void faulty_drop(struct faulty *f);

#endif
