/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification goes on from, with the digest that the bytes should have.  What can be read
 * is written again as the very same bytes, and leads to the root of its checkpoint.  */
#include <stddef.h>
#include <stdlib.h>

#include "verify/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t in[1 << 20], room[1 << 20];
	struct fh_builder file = FH_BUILDER_ARRAY(in), b = FH_BUILDER_ARRAY(room);
	struct fh_span text = fh_span_of(bytes, n);
	struct fh_hash sum = fh_hash_of(text);
	struct fh_saved s;

	fh_builder_bytes(&file, text);
	fh_builder_bytes(&file, fh_hash_span(&sum));
	if (file.bad)
		return 0;
	fh_err e = fh_saved_read(fh_builder_span(&file), &s);

	if (e != FH_ERR_OK && e != FH_ERR_FORMAT && e != FH_ERR_LIMIT && e != FH_ERR_VERSION)
		abort();
	if (e != FH_ERR_OK)
		return 0;
	struct fh_hash root = fh_tree_root(&s.tree);

	if (s.tree.size == 0 || !fh_hash_equal(&root, &s.at.root))
		abort();
	fh_saved_put(&b, &s);
	if (b.bad || !fh_span_equal(fh_builder_span(&b), fh_builder_span(&file)))
		abort();
	return 0;
}
