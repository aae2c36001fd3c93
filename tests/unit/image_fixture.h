/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_IMAGE_FIXTURE_H
#define FH_TESTS_IMAGE_FIXTURE_H

#include <string.h>

#include "base/span.h"

/* PE32+ images made for tests: one page of headers in memory, sections one behind the
 * other in the file and in memory, aligned to 512 and 4096 bytes.  */

constexpr size_t IMAGE_PE = 0x40;               /* where the PE header begins */
constexpr size_t IMAGE_OPTIONAL = IMAGE_PE + 24;
constexpr size_t IMAGE_CHECKSUM = IMAGE_OPTIONAL + 64;
constexpr size_t IMAGE_DIRECTORIES = IMAGE_OPTIONAL + 112;
constexpr size_t IMAGE_CERTIFICATE = IMAGE_DIRECTORIES + 4 * 8;
constexpr size_t IMAGE_TABLE = IMAGE_DIRECTORIES + 16 * 8;

struct image_section {
	const char *name;
	struct fh_span bytes;
};

static inline void image_le(uint8_t *image, size_t at, size_t width, uint64_t v)
{
	for (size_t i = 0; i < width; i++)
		image[at + i] = (uint8_t)(v >> 8 * i);
}

static inline size_t image_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* The image in IMAGE, which has room for it; its size.  */
static inline size_t image_make(uint8_t *image, const struct image_section *s, size_t n)
{
	size_t headers = image_up(IMAGE_TABLE + 40 * n, 512), at = headers, address = 4096;

	memset(image, 0, headers);
	memcpy(image, "MZ", 2);
	image_le(image, 0x3c, 4, IMAGE_PE);
	memcpy(image + IMAGE_PE, "PE\0\0", 4);
	image_le(image, IMAGE_PE + 4, 2, 0x8664);
	image_le(image, IMAGE_PE + 6, 2, n);
	image_le(image, IMAGE_PE + 20, 2, IMAGE_TABLE - IMAGE_OPTIONAL);
	image_le(image, IMAGE_OPTIONAL, 2, 0x20b);
	image_le(image, IMAGE_OPTIONAL + 60, 4, headers);
	image_le(image, IMAGE_OPTIONAL + 108, 4, 16);
	for (size_t i = 0; i < n; i++) {
		uint8_t *row = image + IMAGE_TABLE + 40 * i;
		size_t size = image_up(s[i].bytes.n, 512);

		memcpy(row, s[i].name, strnlen(s[i].name, 8));
		image_le(row, 8, 4, s[i].bytes.n);
		image_le(row, 12, 4, address);
		image_le(row, 16, 4, size);
		image_le(row, 20, 4, size > 0 ? at : 0);
		memset(image + at, 0, size);
		if (size > 0)
			memcpy(image + at, s[i].bytes.p, s[i].bytes.n);
		at += size;
		address += image_up(s[i].bytes.n, 4096);
	}
	image_le(image, IMAGE_OPTIONAL + 56, 4, address);
	return at;
}

/* What a signature adds: N bytes at the end, and where they are.  */
static inline size_t image_sign(uint8_t *image, size_t size, size_t n)
{
	image_le(image, IMAGE_CHECKSUM, 4, 0x12345678);
	image_le(image, IMAGE_CERTIFICATE, 4, size);
	image_le(image, IMAGE_CERTIFICATE + 4, 4, n);
	memset(image + size, 0xce, n);
	return size + n;
}

#endif
