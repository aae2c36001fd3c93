/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM answers, one after the other, while it is opened, asked to open a blob and counted:
 * length (2 bytes) and answer, repeated.  The answers come over a real connection.  */
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "chip/tpm2/endorse.h"
#include "chip/tpm2/tpm2.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t answers_max = 64;

/* Everything that the TPM will ever say; then it is gone.  A TPM that says "later" is asked again
 * and again, with waits that a harness has no time for.  */
static void prepare(struct fh_cursor c, int tpm)
{
	for (size_t i = 0; i < answers_max && c.rest.n > 0; i++) {
		struct fh_span answer = fh_cursor_take(&c, fh_cursor_be16(&c));
		struct fh_cursor head = fh_cursor_of(answer);

		(void)fh_cursor_take(&head, 2 + 4 + 2);
		uint16_t code = fh_cursor_be16(&head) & 0xfff;

		if (fh_cursor_bad(&c) || answer.n == 0 || (code & 0xf00) == 0x900)
			break;
		if (send(tpm, answer.p, answer.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
	}
	(void)shutdown(tpm, SHUT_WR);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static alignas(max_align_t) uint8_t memory[1 << 20];
	uint8_t blob[64] = { 0 }, plain[FH_CHIP_SECRET_MAX];
	struct fh_arena arena = fh_arena_of(memory, sizeof(memory));
	struct fh_builder out = FH_BUILDER_ARRAY(plain);
	uint8_t note[FH_CHIP_NOTE_SIZE];
	struct fh_hash qualifying = { 0 };
	struct fh_pcr_state pcrs;
	struct fh_chip_quote quote;
	struct fh_endorsement endorsement;
	struct fh_chip chip = { 0 };
	struct fh_trace trace = { 0 };
	uint64_t count;
	int line[2]; /* one message per answer, as a device gives it */

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, line) != 0)
		abort();
	prepare(fh_cursor_of(fh_span_of(bytes, n)), line[1]);
	if (fh_chip_tpm2_on(line[0], &arena, &trace, &chip) == FH_ERR_OK) {
		(void)!chip.class->unseal_boot(&chip, FH_SPAN_ARRAY(blob), &out);
		(void)!chip.class->counter_read(&chip, FH_CHIP_STARTS, &count);
		(void)!chip.class->pcrs(&chip, &pcrs);
		(void)!chip.class->note_read(&chip, note);
		(void)!chip.class->quote(&chip, &qualifying, FH_PCRS_STATIC, &quote);
		(void)!fh_endorsement_read(&chip, &endorsement);
		fh_chip_drop(&chip);
	}
	(void)close(line[1]);
	return 0;
}
