/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cli/device_key.h"
#include "cli/signing.h"
#include "os/memory.h"

constexpr int go_on = -1;
/* Period keys and their index, of two files.  */
constexpr size_t keys_memory = 2 * FH_DATA_KEYS_MAX * (sizeof(struct fh_data_key) + 16) + 4096;

void fh_recovery_drop(struct fh_recovery *r)
{
	for (size_t i = 0; i < 2; i++) {
		fh_data_keys_drop(&r->file[i].keys);
		fh_fd_drop(&r->file[i].fd);
	}
	fh_operator_key_drop(&r->key);
	fh_arena_drop(&r->memory);
	fh_state_drop(&r->state);
}

static fh_err open_file(const struct fh_cli *cli, int i, struct fh_recovery *r)
{
	struct fh_recovery_file *f = &r->file[i];
	char path[FH_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/keys/data.%d", cli->config.state, i)
	    >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fh_trace_where(&f->t, "keys/data.%d", i);
		return fh_errno_err(errno);
	}
	f->fd = fh_fd_of(fd);
	return FH_ERR_OK;
}

/* What one of the files says for the key.  */
static fh_err recover(struct fh_recovery *r, int i, const struct fh_hash *device)
{
	struct fh_recovery_file *f = &r->file[i];
	fh_err e = fh_data_keys_begin(&r->memory, &f->keys);

	return e != FH_ERR_OK ? e
	       : fh_data_keys_recover(&f->keys, fh_fd_get(f->fd), /* even= */ i == 0,
				      &r->state.chain.id, device, &r->key.seed, &f->t);
}

static bool says_nothing(const struct fh_recovery_file *f)
{
	return f->e == FH_ERR_MISSING && f->t.what[0] == '\0';
}

/* If the head in force is damaged, what opens without its sum has to do.  */
static void look(struct fh_recovery *r)
{
	bool odd = r->file[1].e == FH_ERR_OK || says_nothing(&r->file[0]);
	const struct fh_recovery_file *f = &r->file[odd ? 1 : 0];

	if (fh_data_keys_look(fh_fd_get(r->file[0].fd), fh_fd_get(r->file[1].fd), &r->look)
	    != FH_ERR_OK)
		r->look = (struct fh_data_look){ .epoch = f->keys.epoch, .keys = f->keys.n,
						 .slot = f->e == FH_ERR_OK,
						 .slot_key = r->key_id };
}

static int open_both(const struct fh_cli *cli, struct fh_recovery *r)
{
	struct fh_device_file device;
	const struct fh_hash *known = nullptr;

	for (int i = 0; i < 2; i++) {
		fh_err e = open_file(cli, i, r);

		if (e != FH_ERR_OK)
			return fh_cli_fail_trace(e, cli->config.state, &r->file[i].t);
	}
	/* Where it is gone the rest of the checks stand.  */
	if (fh_device_key_held(&r->state, &device, /* trace: */ nullptr) == FH_ERR_OK)
		known = &device.release.device_id;
	for (int i = 0; i < 2; i++)
		r->file[i].e = recover(r, i, known);
	look(r);
	return says_nothing(&r->file[0]) && says_nothing(&r->file[1])
		       ? fh_cli_fail(FH_ERR_MISSING, cli->config.state, "it has no data keys",
				     "name a state directory in which `freehold serve` has "
				     "recorded something")
		       : FH_EXIT_YES;
}

int fh_recovery_begin(const struct fh_cli *cli, const struct fh_usage *u,
		      const struct fh_arguments *a, struct fh_recovery *out)
{
	const char *path = fh_argument(a, "key");
	struct fh_trace t = { 0 };

	if (path == nullptr)
		return fh_usage_error(u, "needs --key FILE");
	fh_err e = fh_state_open(cli, &out->state, &t);

	if (e == FH_ERR_OK)
		e = fh_arena_map(keys_memory, &out->memory);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	int done = fh_signing_open_one(cli, u, a, path, /* create= */ false, FH_PLACEMENT_OFFLINE,
				       &out->key);

	if (done != go_on)
		return done;
	out->key_id = fh_recovery_key_id(FH_SPAN_ARRAY(out->key.public.recipient.bytes));
	return open_both(cli, out);
}

struct fh_recovery_file *fh_recovery_in_force(struct fh_recovery *r)
{
	return &r->file[r->look.epoch % 2];
}

/* That of the file in force first: while a shred is under way the other has most of them, too.  */
fh_err fh_recovery_find(struct fh_recovery *r, struct fh_span name, struct fh_secret *key,
			struct fh_trace *t)
{
	struct fh_recovery_file *first = fh_recovery_in_force(r);
	struct fh_recovery_file *order[2] = { first, &r->file[first == &r->file[0] ? 1 : 0] };
	fh_err e = FH_ERR_MISSING;

	for (size_t i = 0; i < 2 && e == FH_ERR_MISSING; i++) {
		if (order[i]->e == FH_ERR_OK)
			e = fh_data_keys_find(&order[i]->keys, name, key, t);
	}
	return e;
}
