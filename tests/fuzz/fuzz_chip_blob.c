/* SPDX-License-Identifier: Apache-2.0 */
/* A blob that the chip without a chip is asked to open, for either scope.  */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chip/soft.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static alignas(max_align_t) uint8_t memory[64 << 10];
	uint8_t boot[32] = { 1 }, plain[FH_CHIP_SECRET_MAX];
	struct fh_arena arena = fh_arena_of(memory, sizeof(memory));
	struct fh_chip chip = { 0 };
	int counter = memfd_create("counter", 0);

	if (counter < 0 || fh_chip_soft_open(counter, boot, &arena, nullptr, &chip) != FH_ERR_OK)
		abort();
	struct fh_builder device = FH_BUILDER_ARRAY(plain), here = FH_BUILDER_ARRAY(plain);

	(void)!chip.class->unseal_device(&chip, nullptr, nullptr, fh_span_of(bytes, n), &device);
	(void)!chip.class->unseal_boot(&chip, fh_span_of(bytes, n), &here);
	fh_chip_drop(&chip);
	(void)close(counter);
	return 0;
}
