/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read as a witness policy keeps to its limits, and more cosignatures never
 * make a quorum worse.  */
#include "merkle/quorum.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct fh_quorum q;
	enum fh_answer one[FH_QUORUM_NODES_MAX] = { 0 }, more[FH_QUORUM_NODES_MAX] = { 0 };
	struct fh_trace t = { 0 };

	if (fh_quorum_read(fh_span_of(bytes, n), &q, &t) != FH_ERR_OK) {
		if (t.what[0] == '\0')
			abort();
		return 0;
	}
	if (q.nodes != q.witnesses + q.groups || (!q.none && q.root >= q.nodes))
		abort();
	for (size_t i = 0; i < q.nodes; i++) {
		one[i] = (enum fh_answer)((i * 7 + n) % 3);
		more[i] = one[i] == FH_ANSWER_YES ? FH_ANSWER_YES : (enum fh_answer)(one[i] + 1);
	}
	if (fh_quorum_reached(&q, one) > fh_quorum_reached(&q, more))
		abort();
	return 0;
}
