/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "os/file.h"

constexpr unsigned waits_max = 500; /* times 20 ms: longer than a start on any machine */

static void wait_a_little(void)
{
	const struct timespec t = { .tv_nsec = 20000000 };

	nanosleep(&t, nullptr);
}

static void run_swtpm(const char *directory)
{
	char state[96], control[128], server[128];
	int null = open("/dev/null", O_RDWR);

	snprintf(state, sizeof(state), "dir=%s", directory);
	snprintf(control, sizeof(control), "type=unixio,path=%s/sock.ctrl", directory);
	snprintf(server, sizeof(server), "type=unixio,path=%s/sock", directory);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--ctrl", control,
	       "--server", server, "--flags", "not-need-init,startup-clear", (char *)nullptr);
	_exit(127);
}

/* Somebody listens at AT: on a busy machine its socket is there, by bind(), long
 * before listen().  swtpm serves the next connection when this one has ended.  */
static bool listens(const struct sockaddr_un *at)
{
	FH_OWN(fh_fd) fd = fh_fd_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	return connect(fh_fd_get(fd), (const struct sockaddr *)at, sizeof(*at)) == 0;
}

void simulator_on(struct simulator *s)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/sock", s->directory);
	unlink(at.sun_path);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0)
		run_swtpm(s->directory);
	for (unsigned i = 0; !listens(&at); i++) {
		assert_true(i < waits_max);
		assert_int_equal(waitpid(s->pid, nullptr, WNOHANG), 0);
		wait_a_little();
	}
}

void simulator_off(struct simulator *s)
{
	if (s->pid == 0)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, nullptr, 0);
	s->pid = 0;
}

static void make_directory(struct simulator *s)
{
	*s = (struct simulator){ .directory = "/tmp/freehold-swtpm-XXXXXX" };
	setenv("TSS2_LOG", "all+NONE", 0);
	assert_non_null(mkdtemp(s->directory));
	snprintf(s->tcti, sizeof(s->tcti), "swtpm:path=%s/sock", s->directory);
}

void simulator_new(struct simulator *s)
{
	make_directory(s);
	simulator_on(s);
}

/* Configuration of swtpm_setup and of the authority it calls, all in $1.  */
static const char certify_script[] =
	"set -e; cd \"$1\"; mkdir made\n"
	"printf 'statedir = %s\\nsigningkey = %s/key\\nissuercert = %s/issuer\\n"
	"certserial = %s/serial\\n' \"$1/made\" \"$1/made\" \"$1/made\" \"$1/made\" \\\n"
	"	>made/authority\n"
	": >made/options\n"
	"printf 'create_certs_tool = swtpm_localca\\ncreate_certs_tool_config = %s\\n"
	"create_certs_tool_options = %s\\n' \"$1/made/authority\" \"$1/made/options\" \\\n"
	"	>made/setup\n"
	"swtpm_setup --tpm2 --tpmstate \"$1\" --create-ek-cert --config made/setup \\\n"
	"	>/dev/null 2>&1\n"
	"rm -r made\n";

void simulator_new_certified(struct simulator *s)
{
	int status = -1;

	make_directory(s);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", certify_script, "sh", s->directory, (char *)nullptr);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	simulator_on(s);
}

void simulator_drop(struct simulator *s)
{
	static const char *const names[] = { "sock", "sock.ctrl", "tpm2-00.permall", ".lock",
					     "tpm2-00.volatilestate" };
	char path[128];

	simulator_off(s);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->directory, names[i]);
		unlink(path);
	}
	rmdir(s->directory);
}

/* --- a connection of the test's own ----------------------------------- */

struct line {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
};

static struct line line_open(const struct simulator *s)
{
	struct line l = { 0 };

	assert_int_equal(Tss2_TctiLdr_Initialize(s->tcti, &l.tcti), 0);
	assert_int_equal(Esys_Initialize(&l.esys, l.tcti, nullptr), 0);
	return l;
}

static void line_close(struct line *l)
{
	Esys_Finalize(&l->esys);
	Tss2_TctiLdr_Finalize(&l->tcti);
}

static unsigned count_from(ESYS_CONTEXT *esys, uint32_t first)
{
	TPMS_CAPABILITY_DATA *got;
	TPMI_YES_NO more;
	unsigned n;

	assert_int_equal(Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					    TPM2_CAP_HANDLES, first, TPM2_MAX_CAP_HANDLES, &more,
					    &got),
			 0);
	n = got->data.handles.count;
	Esys_Free(got);
	return n;
}

unsigned simulator_handles(const struct simulator *s)
{
	struct line l = line_open(s);
	unsigned n = count_from(l.esys, TPM2_TRANSIENT_FIRST) +
		     count_from(l.esys, TPM2_LOADED_SESSION_FIRST) +
		     count_from(l.esys, TPM2_ACTIVE_SESSION_FIRST);

	line_close(&l);
	return n;
}

void simulator_own(const struct simulator *s)
{
	const TPM2B_AUTH one = { .size = 1, .buffer = { 0x31 } };
	struct line l = line_open(s);

	assert_int_equal(Esys_HierarchyChangeAuth(l.esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
						  ESYS_TR_NONE, ESYS_TR_NONE, &one),
			 0);
	line_close(&l);
}

bool simulator_define(const struct simulator *s, uint32_t handle, uint16_t size, bool counter)
{
	const TPM2B_AUTH none = { 0 };
	const TPM2B_NV_PUBLIC public = { .nvPublic = {
		.nvIndex = handle,
		.nameAlg = TPM2_ALG_SHA256,
		.attributes = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE |
			      (counter ? TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT : 0),
		.dataSize = size,
	} };
	struct line l = line_open(s);
	ESYS_TR index;
	TSS2_RC rc = Esys_NV_DefineSpace(l.esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
					 ESYS_TR_NONE, &none, &public, &index);

	line_close(&l);
	assert_true(rc == 0 || rc == TPM2_RC_NV_SPACE);
	return rc == 0;
}

void simulator_fill(const struct simulator *s, uint32_t handle, const uint8_t *p, size_t n)
{
	const TPM2B_AUTH none = { 0 };
	const TPM2B_NV_PUBLIC public = { .nvPublic = {
		.nvIndex = handle,
		.nameAlg = TPM2_ALG_SHA256,
		.attributes = TPMA_NV_AUTHREAD | TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE |
			      TPMA_NV_NO_DA,
		.dataSize = (UINT16)n,
	} };
	struct line l = line_open(s);
	ESYS_TR index;

	assert_int_equal(Esys_NV_DefineSpace(l.esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
					     ESYS_TR_NONE, ESYS_TR_NONE, &none, &public, &index),
			 0);
	for (size_t at = 0; at < n;) {
		TPM2B_MAX_NV_BUFFER part = { .size = (UINT16)(n - at < 512 ? n - at : 512) };

		memcpy(part.buffer, p + at, part.size);
		assert_int_equal(Esys_NV_Write(l.esys, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD,
					       ESYS_TR_NONE, ESYS_TR_NONE, &part, (UINT16)at),
				 0);
		at += part.size;
	}
	line_close(&l);
}

void simulator_clear(const struct simulator *s)
{
	struct line l = line_open(s);

	assert_int_equal(Esys_Clear(l.esys, ESYS_TR_RH_PLATFORM, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				    ESYS_TR_NONE),
			 0);
	line_close(&l);
}

void simulator_persist(const struct simulator *s, bool signing)
{
	const TPM2B_SENSITIVE_CREATE nothing_secret = { 0 };
	const TPM2B_DATA nothing = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	const TPM2B_PUBLIC storage = { .publicArea = {
		.type = TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
				    (signing ? TPMA_OBJECT_SIGN_ENCRYPT :
					       TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT),
		.parameters.rsaDetail = {
			.symmetric = {
				.algorithm = signing ? TPM2_ALG_NULL : TPM2_ALG_AES,
				.keyBits.aes = 128,
				.mode.aes = TPM2_ALG_CFB,
			},
			.scheme.scheme = TPM2_ALG_NULL,
			.keyBits = 2048,
		},
	} };
	struct line l = line_open(s);
	TPM2B_PUBLIC *public;
	TPM2B_CREATION_DATA *creation;
	TPM2B_DIGEST *hash;
	TPMT_TK_CREATION *ticket;
	ESYS_TR key, kept;

	assert_int_equal(Esys_CreatePrimary(l.esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
					    ESYS_TR_NONE, ESYS_TR_NONE, &nothing_secret, &storage,
					    &nothing, &no_pcr, &key, &public, &creation, &hash,
					    &ticket),
			 0);
	assert_int_equal(Esys_EvictControl(l.esys, ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD,
					   ESYS_TR_NONE, ESYS_TR_NONE, 0x81000001, &kept),
			 0);
	assert_int_equal(Esys_FlushContext(l.esys, key), 0);
	Esys_Free(public);
	Esys_Free(creation);
	Esys_Free(hash);
	Esys_Free(ticket);
	line_close(&l);
}

/* --- faults ----------------------------------------------------------- */

static uint32_t answer_of(enum fault f)
{
	switch (f) {
	case FAULT_BUSY:
		return TPM2_RC_RETRY;
	case FAULT_RATE:
		return TPM2_RC_NV_RATE;
	case FAULT_LOCKOUT:
		return TPM2_RC_LOCKOUT;
	default:
		return TPM2_RC_FAILURE;
	}
}

static uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t n, const uint8_t *command)
{
	struct faulty *f = (struct faulty *)context;
	bool counts = f->only == 0 || (n >= 10 && be32_at(command + 6) == f->only);

	if (f->fault == FAULT_NONE || f->met || !counts)
		return Tss2_Tcti_Transmit(f->inner, n, command);
	if (f->left > 0) {
		f->left--;
		return Tss2_Tcti_Transmit(f->inner, n, command);
	}
	f->met = true;
	if (f->fault == FAULT_LOST)
		return TSS2_TCTI_RC_IO_ERROR;
	f->pending = true;
	if (f->fault == FAULT_UNHEARD || f->fault == FAULT_CUT || f->fault == FAULT_ALTERED)
		return Tss2_Tcti_Transmit(f->inner, n, command);
	return TSS2_RC_SUCCESS;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *n, uint8_t *answer, int32_t timeout)
{
	struct faulty *f = (struct faulty *)context;
	uint8_t dropped[4096];
	size_t dropped_size = sizeof(dropped);

	if (!f->pending || answer == nullptr) {
		if (f->pending && n != nullptr)
			*n = 10;
		return f->pending ? TSS2_RC_SUCCESS :
				    Tss2_Tcti_Receive(f->inner, n, answer, timeout);
	}
	f->pending = false;
	if (f->fault == FAULT_UNHEARD) {
		(void)Tss2_Tcti_Receive(f->inner, &dropped_size, dropped, timeout);
		return TSS2_TCTI_RC_IO_ERROR;
	}
	if (f->fault == FAULT_CUT) {
		TSS2_RC rc = Tss2_Tcti_Receive(f->inner, n, answer, timeout);

		if (rc == TSS2_RC_SUCCESS && *n > 0) {
			*n -= 1;
			answer[*n] ^= 0xff;
		}
		return rc;
	}

	if (f->fault == FAULT_ALTERED) {
		TSS2_RC rc = Tss2_Tcti_Receive(f->inner, n, answer, timeout);

		if (rc == TSS2_RC_SUCCESS && *n > f->at)
			answer[f->at] ^= 0x01;
		return rc;
	}

	uint32_t code = answer_of(f->fault);
	const uint8_t bytes[10] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, (uint8_t)(code >> 8),
				    (uint8_t)code };

	if (*n < sizeof(bytes))
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(answer, bytes, sizeof(bytes));
	*n = sizeof(bytes);
	return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *context)
{
	(void)context;
}

static TSS2_RC cancel(TSS2_TCTI_CONTEXT *context)
{
	return Tss2_Tcti_Cancel(((struct faulty *)context)->inner);
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
	return Tss2_Tcti_SetLocality(((struct faulty *)context)->inner, locality);
}

void faulty_open(struct faulty *f, const struct simulator *s)
{
	*f = (struct faulty){ .tcti.v1 = {
		.magic = 0x46484641554c5459,
		.version = 2,
		.transmit = transmit,
		.receive = receive,
		.finalize = finalize,
		.cancel = cancel,
		.setLocality = set_locality,
	} };
	assert_int_equal(Tss2_TctiLdr_Initialize(s->tcti, &f->inner), 0);
}

void faulty_drop(struct faulty *f)
{
	Tss2_TctiLdr_Finalize(&f->inner);
}
