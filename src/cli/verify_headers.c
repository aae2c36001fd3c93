/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_headers.h"

#include <stdio.h>

#include "os/memory.h"

constexpr int go_on = -1;

int fh_given_headers_options(const struct fh_usage *u, const struct fh_arguments *a,
			     struct fh_given_headers *out)
{
	const char *network = fh_argument(a, "network"), *trust = fh_argument(a, "trust");

	out->path = fh_argument(a, "headers");
	if (network != nullptr
	    && fh_network_parse(fh_span_str(network), &out->network) != FH_ERR_OK)
		return fh_usage_error(u, "--network takes main, testnet or regtest");
	if (trust != nullptr
	    && fh_header_trust_parse(fh_span_str(trust), &out->least) != FH_ERR_OK)
		return fh_usage_error(u, "--trust takes one of its levels");
	return go_on;
}

int fh_given_headers_read(struct fh_given_headers *h)
{
	char where[FH_PATH_MAX];
	struct fh_trace why = { 0 };

	if (h->path == nullptr)
		return go_on;
	fh_err e = fh_view_open(h->path, &h->file);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, h->path, nullptr,
				   "name a file with headers of Bitcoin blocks");
	e = fh_arena_map(fh_headers_memory(fh_headers_count(h->file.bytes)) + 4096, &h->memory);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, h->path, nullptr, nullptr);
	e = fh_headers_read(h->file.bytes, h->network, &h->memory, &h->headers, &why);
	if (e == FH_ERR_OK) {
		h->read = &h->headers;
		return go_on;
	}
	(void)snprintf(where, sizeof(where), "%s%s%s", h->path,
		       why.where[0] != '\0' ? ": " : "", why.where);
	return fh_cli_fail(e, where, why.what[0] != '\0' ? why.what : nullptr,
			   "give headers of the network that --network names (main, if it is not"
			   " given)");
}

void fh_given_headers_drop(struct fh_given_headers *h)
{
	fh_view_drop(&h->file);
	fh_arena_drop(&h->memory);
	*h = (struct fh_given_headers){ 0 };
}
