/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/extend.h"

#include <errno.h>
#include <unistd.h>

#include "base/builder.h"
#include "base/cursor.h"
#include "os/file.h"

/* TPM 2.0 Library specification, parts 2 and 3; names and numbers are its.  */
constexpr uint16_t TPM_ST_NO_SESSIONS = 0x8001;
constexpr uint16_t TPM_ST_SESSIONS = 0x8002;
constexpr uint32_t TPM_CC_GetCapability = 0x17a;
constexpr uint32_t TPM_CC_PCR_Extend = 0x182;
constexpr uint32_t TPM_CAP_PCRS = 5;
constexpr uint32_t TPM_RS_PW = 0x40000009;
constexpr size_t head_size = 10;    /* tag, size, code */
constexpr size_t command_max = 256; /* an extend of four banks takes 205 */
constexpr size_t answer_max = 4096;
constexpr uint32_t selections_max = 16; /* banks of one TPM */

/* --- one command ------------------------------------------------------ */

static fh_err read_answer(int tpm, uint8_t *answer, size_t *n)
{
	size_t wanted = head_size;

	*n = 0;
	while (*n < wanted) {
		ssize_t got = read(tpm, answer + *n, answer_max - *n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? fh_errno_err(errno) : FH_ERR_IO;
		*n += (size_t)got;
		if (*n >= head_size) {
			struct fh_cursor c = fh_cursor_of(fh_span_of(answer + 2, 4));

			wanted = fh_cursor_be32(&c);
			if (wanted < head_size || wanted > answer_max || wanted < *n)
				return FH_ERR_IO;
		}
	}
	return FH_ERR_OK;
}

/* Sends the command CODE with BODY behind its head; *PARAMETERS is what follows the
 * answer's head and stays in ANSWER.  */
static fh_err run(int tpm, uint16_t tag, uint32_t code, struct fh_span body,
		  uint8_t answer[static answer_max], struct fh_cursor *parameters,
		  struct fh_trace *t)
{
	uint8_t room[command_max];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_cursor c;
	uint32_t rc;
	size_t n;
	fh_err e;

	fh_builder_be16(&b, tag);
	fh_builder_be32(&b, (uint32_t)(head_size + body.n));
	fh_builder_be32(&b, code);
	fh_builder_bytes(&b, body);
	e = b.bad ? FH_ERR_LIMIT : fh_fd_write(tpm, fh_builder_span(&b));
	if (e == FH_ERR_OK)
		e = read_answer(tpm, answer, &n);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "the TPM does not answer");
		return e;
	}
	c = fh_cursor_of(fh_span_of(answer, n));
	fh_cursor_take(&c, 6);
	rc = fh_cursor_be32(&c);
	if (rc != 0) {
		fh_trace_what(t, "the TPM refuses command 0x%03x with code 0x%03x", code, rc);
		return FH_ERR_TPM;
	}
	*parameters = c;
	return FH_ERR_OK;
}

/* --- the two there are ------------------------------------------------ */

/* One TPMS_PCR_SELECTION.  */
static void read_selection(struct fh_cursor *c, unsigned pcr, bool active[static FH_BANKS_PLAIN])
{
	uint16_t bank = fh_cursor_be16(c);
	struct fh_span bits = fh_cursor_take(c, fh_cursor_u8(c));

	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		if (bank == fh_banks[i] && pcr / 8 < bits.n)
			active[i] = (bits.p[pcr / 8] >> pcr % 8 & 1) != 0;
	}
}

fh_err fh_extend_banks(int tpm, unsigned pcr, bool active[static FH_BANKS_PLAIN],
		       struct fh_trace *t)
{
	uint8_t body[12], answer[answer_max];
	struct fh_builder b = FH_BUILDER_ARRAY(body);
	bool found[FH_BANKS_PLAIN] = { 0 }, any = false;
	struct fh_cursor c;
	uint32_t n;
	fh_err e;

	fh_builder_be32(&b, TPM_CAP_PCRS);
	fh_builder_be32(&b, 0);
	fh_builder_be32(&b, 1);
	e = run(tpm, TPM_ST_NO_SESSIONS, TPM_CC_GetCapability, fh_builder_span(&b), answer, &c, t);
	if (e != FH_ERR_OK)
		return e;
	fh_cursor_u8(&c); /* moreData: there is none of this capability */
	if (fh_cursor_be32(&c) != TPM_CAP_PCRS)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	n = fh_cursor_be32(&c);
	for (uint32_t i = 0; i < n && i < selections_max && !fh_cursor_bad(&c); i++)
		read_selection(&c, pcr, found);
	if (n > selections_max || fh_cursor_end(&c) != FH_ERR_OK) {
		fh_trace_what(t, "the TPM does not say which PCRs it has");
		return FH_ERR_TPM;
	}
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		any = any || found[i];
	if (!any) {
		fh_trace_what(t, "the TPM has no PCR %u in a bank that is known here", pcr);
		return FH_ERR_UNSUPPORTED;
	}
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		active[i] = found[i];
	return FH_ERR_OK;
}

/* A handle, the empty password that PCRs have, and TPML_DIGEST_VALUES.  */
fh_err fh_extend(int tpm, unsigned pcr, const bool active[static FH_BANKS_PLAIN],
		 const struct fh_digest digest[static FH_BANKS_PLAIN], struct fh_trace *t)
{
	uint8_t body[command_max - head_size], answer[answer_max];
	struct fh_builder b = FH_BUILDER_ARRAY(body);
	struct fh_cursor ignored;
	uint32_t n = 0;

	for (size_t i = 0; i < FH_BANKS_PLAIN; i++)
		n += active[i];
	fh_builder_be32(&b, pcr);
	fh_builder_be32(&b, 9); /* size of what is authorised by: */
	fh_builder_be32(&b, TPM_RS_PW);
	fh_builder_be16(&b, 0);
	fh_builder_u8(&b, 0);
	fh_builder_be16(&b, 0);
	fh_builder_be32(&b, n);
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		if (!active[i])
			continue;
		fh_builder_be16(&b, fh_banks[i]);
		fh_builder_bytes(&b, fh_digest_span(&digest[i]));
	}
	return run(tpm, TPM_ST_SESSIONS, TPM_CC_PCR_Extend, fh_builder_span(&b), answer, &ignored,
		   t);
}
