/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte is the size of the pieces in which the rest arrives.  Whatever
 * the pieces, the same requests come out; each is routed.  */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "net/http_read.h"
#include "net/route.h"
#include "os/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t input_max = 64 << 10;
constexpr size_t memory_max = 64 << 10;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* What one way of cutting led to.  */
struct outcome {
	size_t whole; /* requests */
	bool bad;
	size_t sum;   /* over what was read, so that two ways can be compared */
};

static void route(const struct fh_http_request *r, struct outcome *o)
{
	static const struct fh_authorities names = {
		.name = { { (const uint8_t *)"localhost:80", 12 } }, .names = 1,
	};
	struct fh_route out;

	fh_route(r, &names, &out);
	demand(out.kind != FH_ROUTE_REFUSE || (out.reason != nullptr && out.status >= 400));
	demand(r->body.n <= FH_JSON_MAX && r->headers <= FH_HTTP_HEADERS_MAX);
	o->sum = o->sum * 31 + r->body.n * 7 + r->target.n * 5 + r->headers * 3 + out.status;
}

static struct outcome feed(struct fh_http *h, struct fh_span rest, size_t piece)
{
	struct outcome o = { 0 };

	fh_http_start(h);
	while (rest.n > 0 && !o.bad) {
		size_t used;
		enum fh_http_step step = fh_http_feed(h, fh_span_first(rest, piece), &used);

		demand(used <= rest.n);
		if (step == FH_HTTP_WHOLE) {
			o.whole++;
			route(&h->request, &o);
		}
		o.bad = step == FH_HTTP_BAD;
		demand(!o.bad || (h->reason != nullptr && h->status >= 400));
		rest = fh_span_skip(rest, used);
	}
	fh_http_stop(h);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	alignas(max_align_t) static uint8_t memory[memory_max];
	static struct fh_http h;
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_large count = { .max = 1 };

	if (n < 2 || n > input_max)
		return 0;
	demand(fh_http_prepare(&h, &count, &a) == FH_ERR_OK);
	struct fh_span rest = fh_span_of(bytes + 1, n - 1);
	struct outcome once = feed(&h, rest, rest.n);
	struct outcome pieces = feed(&h, rest, bytes[0] % 61 + 1);

	demand(once.whole == pieces.whole && once.bad == pieces.bad && once.sum == pieces.sum);
	demand(count.used == 0);
	return 0;
}
