/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/tpm2/tpm2_private.h"

#include <stdlib.h>

#include <tss2/tss2_tctildr.h>

#include "os/file.h"

bool fh_tpm2_is(const struct fh_chip *c)
{
	return c->class != nullptr && c->class->seal_boot == fh_tpm2_seal_boot;
}

struct fh_tpm2 *fh_tpm2_of(struct fh_chip *c)
{
	struct fh_tpm2 *t = c->state;

	c->trace = (struct fh_trace){ 0 };
	t->trace = &c->trace;
	return t;
}

static void give_back(struct fh_tpm2 *t)
{
	struct fh_tpm2_handle srk = { .tpm = t, .tr = t->srk, .keep = t->srk_persistent };

	if (t->srk_loaded)
		fh_tpm2_handle_drop(&srk);
	t->srk_loaded = false;
	Esys_Finalize(&t->esys);
	if (t->loaded)
		Tss2_TctiLdr_Finalize(&t->tcti);
	else if (t->tcti == fh_tpm2_line_tcti(&t->line))
		Tss2_Tcti_Finalize(t->tcti);
	t->tcti = nullptr;
}

static void close_tpm2(struct fh_chip *c)
{
	give_back(fh_tpm2_of(c));
}

static const struct fh_chip_class tpm2_class = {
	.seal_device = fh_tpm2_seal_device,
	.unseal_device = fh_tpm2_unseal_device,
	.joint_prepare = fh_tpm2_joint_prepare,
	.unseal_1 = fh_tpm2_unseal_1,
	.belongs = fh_tpm2_belongs,
	.identity = fh_tpm2_identity,
	.seal_boot = fh_tpm2_seal_boot,
	.unseal_boot = fh_tpm2_unseal_boot,
	.seal_data = fh_tpm2_seal_data,
	.unseal_data = fh_tpm2_unseal_data,
	.counter_create = fh_tpm2_counter_create,
	.counter_increment = fh_tpm2_counter_increment,
	.counter_read = fh_tpm2_counter_read,
	.note_create = fh_tpm2_note_create,
	.note_write = fh_tpm2_note_write,
	.note_read = fh_tpm2_note_read,
	.pcrs = fh_tpm2_pcrs,
	.lock = fh_tpm2_lock,
	.quote = fh_tpm2_quote,
	.boot = fh_tpm2_boot,
	.look = fh_tpm2_look,
	.close = close_tpm2,
};

/* Waits for a TPM that is still testing itself, so that later commands need
 * not.  */
static fh_err wake(struct fh_tpm2 *t)
{
	unsigned tries = 0;
	TSS2_RC rc;

	do {
		rc = Esys_SelfTest(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   /* fullTest: */ TPM2_NO);
	} while (fh_tpm2_again(&tries, rc));
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_SelfTest", rc);
	return FH_ERR_OK;
}

static fh_err begin(struct fh_tpm2 *t, struct fh_chip *out)
{
	struct fh_chip c = { .class = &tpm2_class, .state = t };
	TSS2_RC rc;
	fh_err e;

	rc = Esys_Initialize(&t->esys, t->tcti, /* abiVersion: */ nullptr);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "ESYS", rc);
	e = wake(t);
	if (e == FH_ERR_OK)
		e = fh_tpm2_identify(t, &c.grade, c.name);
	if (e == FH_ERR_OK)
		e = fh_tpm2_srk_open(t);
	if (e != FH_ERR_OK)
		return e;
	*out = c;
	return FH_ERR_OK;
}

/* T has its connection; all that is missing is the chip over it.  */
static fh_err begin_or_end(struct fh_tpm2 *t, struct fh_trace *trace, struct fh_chip *out)
{
	fh_err e;

	/* tpm2-tss would write to stderr what it thinks of every refusal.  We say
	 * it once, in the trace; who set TSS2_LOG himself wants to see more.  */
	(void)setenv("TSS2_LOG", "all+NONE", /* overwrite: */ 0);
	t->trace = trace;
	e = begin(t, out);
	if (e != FH_ERR_OK)
		give_back(t);
	return e;
}

fh_err fh_chip_tpm2_over(TSS2_TCTI_CONTEXT *tcti, struct fh_arena *arena, struct fh_trace *trace,
			 struct fh_chip *out)
{
	struct fh_tpm2 *t = fh_arena_take(arena, sizeof(*t));

	if (t == nullptr)
		return FH_ERR_NOMEM;
	t->tcti = tcti;
	return begin_or_end(t, trace, out);
}

fh_err fh_chip_tpm2_on(int fd, struct fh_arena *arena, struct fh_trace *trace,
		       struct fh_chip *out)
{
	FH_OWN(fh_fd) held = fh_fd_of(fd);
	struct fh_tpm2 *t = fh_arena_take(arena, sizeof(*t));

	if (t == nullptr)
		return FH_ERR_NOMEM;
	held = (struct fh_fd){ 0 };
	fh_tpm2_line_begin(&t->line, fd);
	t->tcti = fh_tpm2_line_tcti(&t->line);
	return begin_or_end(t, trace, out);
}

static fh_err open_by_loader(const char *tcti, struct fh_arena *arena, struct fh_trace *trace,
			     struct fh_chip *out)
{
	struct fh_tpm2 *t = fh_arena_take(arena, sizeof(*t));
	TSS2_RC rc;

	if (t == nullptr)
		return FH_ERR_NOMEM;
	(void)setenv("TSS2_LOG", "all+NONE", /* overwrite: */ 0);
	t->trace = trace;
	rc = Tss2_TctiLdr_Initialize(tcti, &t->tcti);
	if (rc != TSS2_RC_SUCCESS) {
		(void)fh_tpm2_fail(t, "connection", rc);
		fh_trace_where(trace, "%s", tcti);
		fh_trace_cure(trace, "check the TCTI in freehold.conf, that the TPM is there, and "
				     "that freehold may open it");
		return FH_ERR_GONE;
	}
	t->loaded = true;
	return begin_or_end(t, trace, out);
}

fh_err fh_chip_tpm2_open(const char *tcti, struct fh_arena *arena, struct fh_trace *trace,
			 struct fh_chip *out)
{
	int fd;
	fh_err e;

	e = fh_chip_tpm2_connect(tcti, trace, &fd);
	if (e == FH_ERR_OK)
		return fh_chip_tpm2_on(fd, arena, trace, out);
	if (e == FH_ERR_UNSUPPORTED)
		return open_by_loader(tcti, arena, trace, out);
	return e;
}
