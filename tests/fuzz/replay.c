/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz harness over the files named on the command line, and over every
 * truncation and every single flipped bit of those below 2 KiB.  */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t mutate_below = 2048;
constexpr size_t input_max = 8 << 20;

static void mutate(uint8_t *bytes, size_t n)
{
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *copy = malloc(cut == 0 ? 1 : cut);

		for (size_t i = 0; copy != nullptr && i < cut; i++)
			copy[i] = bytes[i];
		if (copy != nullptr)
			(void)LLVMFuzzerTestOneInput(copy, cut);
		free(copy);
	}
	for (size_t bit = 0; bit < 8 * n; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		(void)LLVMFuzzerTestOneInput(bytes, n);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(int argc, char **argv)
{
	uint8_t *bytes = malloc(input_max);

	if (bytes == nullptr || argc < 2) {
		fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 64;
	}
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (f == nullptr) {
			fprintf(stderr, "%s: cannot open %s\n", argv[0], argv[i]);
			return 2;
		}
		size_t n = fread(bytes, 1, input_max, f);

		fclose(f);
		(void)LLVMFuzzerTestOneInput(bytes, n);
		if (n < mutate_below)
			mutate(bytes, n);
	}
	free(bytes);
	printf("%d inputs replayed\n", argc - 1);
	return 0;
}
