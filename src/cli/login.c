/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/login.h"

#include "anchor/fetch.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t login_max = 1024;

void fh_login_drop(struct fh_login *l)
{
	fh_arena_drop(&l->node.scratch);
	fh_arena_drop(&l->memory);
}

/* The first line of the file PATH.  */
static int read_login(const char *path, struct fh_login *l)
{
	struct fh_span file;
	fh_err e = fh_file_read(path, login_max, &l->memory, &file);

	if (e == FH_ERR_OK) {
		file = fh_span_first(file, fh_span_find(file, '\n'));
		if (fh_span_find(file, ':') == file.n || fh_span_find(file, 0) != file.n)
			e = FH_ERR_FORMAT;
	}
	if (e == FH_ERR_OK)
		e = fh_arena_copy(&l->memory, file, &file);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, e == FH_ERR_FORMAT ? "no USER:PASSWORD in it" : nullptr,
				   "name the node's cookie, or a file with USER:PASSWORD");
	l->node.login = (const char *)file.p;
	return -1;
}

int fh_login_begin(const struct fh_cli *cli, const struct fh_usage *u, const struct fh_arguments *a,
		   struct fh_login *out)
{
	const char *url = fh_argument(a, "bitcoin"), *login = fh_argument(a, "login");

	if (url == nullptr && cli->config.bitcoin[0] != '\0')
		url = cli->config.bitcoin;
	if (login == nullptr && cli->config.bitcoin_login[0] != '\0')
		login = cli->config.bitcoin_login;
	if (url == nullptr)
		return -1;
	if (!fh_fetch_url_ok(url))
		return fh_usage_error(u, "`%s` is no http or https URL", url);
	out->node.url = url;
	out->node.ca_file = cli->config.ca_file;

	fh_err e = fh_arena_map(FH_NODE_MEMORY, &out->node.scratch);

	if (e == FH_ERR_OK)
		e = fh_arena_map(4 * login_max, &out->memory);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, url, nullptr, nullptr);
	return login != nullptr ? read_login(login, out) : -1;
}
