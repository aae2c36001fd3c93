/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"

#include <stdint.h>

struct sorting {
	uint8_t *p;
	size_t size;
	int (*order)(const void *a, const void *b);
};

static void *at(const struct sorting *s, size_t i)
{
	return &s->p[i * s->size];
}

static void swap(const struct sorting *s, size_t i, size_t k)
{
	uint8_t *a = at(s, i), *b = at(s, k);

	for (size_t byte = 0; byte < s->size; byte++) {
		uint8_t kept = a[byte];

		a[byte] = b[byte];
		b[byte] = kept;
	}
}

/* Few objects, or those that are nearly in order.  */
static void insert_all(const struct sorting *s, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k > 0 && s->order(at(s, k - 1), at(s, k)) > 0; k--)
			swap(s, k - 1, k);
	}
}

/* Lets the object at ROOT sink to its place in the heap of N.  */
static void sink(const struct sorting *s, size_t root, size_t n)
{
	for (size_t child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && s->order(at(s, child), at(s, child + 1)) < 0)
			child++;
		if (s->order(at(s, root), at(s, child)) >= 0)
			return;
		swap(s, root, child);
	}
}

void fh_sort(void *p, size_t n, size_t size, int (*order)(const void *a, const void *b))
{
	constexpr size_t few = 12; /* up to here insertion is faster than a heap */
	const struct sorting s = { p, size, order };

	if (n <= few) {
		insert_all(&s, n);
		return;
	}
	for (size_t i = n / 2; i > 0; i--)
		sink(&s, i - 1, n);
	for (size_t end = n - 1; end > 0; end--) {
		swap(&s, 0, end);
		sink(&s, 0, end);
	}
}
