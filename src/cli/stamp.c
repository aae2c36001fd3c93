/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stamp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/decimal.h"
#include "cli/time.h"
#include "crypto/sign.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/view.h"
#include "stamp/gather.h"
#include "stamp/request.h"
#include "stamp/transaction.h"

constexpr int go_on = -1;
constexpr mode_t proof_mode = 0644;

static const struct fh_option options[] = {
	FH_STAMP_MAKE_OPTIONS,
};
static const struct fh_usage usage = {
	.verb = "stamp make",
	.operands = "FILE...",
	.summary = "Makes FILE.ots, a proof that FILE exists, to be completed later",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = FH_GATHER_MAX,
	.text = "One hash for all files, nonced so that nobody can tell of what, goes to calendars,"
		"\nor into a transaction that the operator's own Bitcoin node makes and sends.\n"
		"With --request it goes nowhere: stamp the file that is written on a machine with\n"
		"a network, and bring its proof back to `freehold stamp import`.\n"
		"The word `make` may be left out.\n",
	.examples = "freehold stamp report.pdf --calendar https://calendar.example\n"
		    "freehold stamp report.pdf --bitcoin http://127.0.0.1:8332 --login .cookie\n",
};

/* Everything that making takes.  */
struct making {
	const struct fh_cli *cli;
	const char *request; /* where the hash goes that is carried out; or NULL */
	char *const *file;
	struct fh_arena memory;
	struct fh_calendar_list calendars;
	struct fh_login login;
	uint64_t enough, fee_max;
	size_t files, written;
	struct fh_stamp **root, **tip;
	struct fh_stamp *commitment; /* the tree behind it, which all of them share */
};

static void making_drop(struct making *m)
{
	fh_arena_drop(&m->memory);
	fh_login_drop(&m->login);
}

static int read_number(const struct fh_usage *u, const struct fh_arguments *a, const char *name,
		       uint64_t *out)
{
	const char *text = fh_argument(a, name);

	if (text != nullptr && fh_decimal_read(fh_span_str(text), out) != FH_ERR_OK)
		return fh_usage_error(u, "--%s takes a number", name);
	return go_on;
}

/* One way of the three.  */
static int read_way(const struct fh_usage *u, const struct fh_arguments *a, struct making *m)
{
	int named = (m->request != nullptr) + (fh_argument(a, "calendar") != nullptr)
		    + (fh_argument(a, "bitcoin") != nullptr);

	if (named > 1)
		return fh_usage_error(u, "takes one of --calendar, --bitcoin and --request");
	/* Where one is named, the configuration's node is not meant.  */
	if (m->request == nullptr && fh_argument(a, "calendar") == nullptr)
		return fh_login_begin(m->cli, u, a, &m->login);
	return go_on;
}

static int read_making(const struct fh_usage *u, const struct fh_arguments *a, struct making *m)
{
	int done = read_number(u, a, "enough", &m->enough);

	if (done == go_on)
		done = read_number(u, a, "fee-max", &m->fee_max);
	if (done == go_on)
		done = fh_calendar_list_read(m->cli, u, a, &m->calendars);
	if (done == go_on)
		done = read_way(u, a, m);
	if (done != go_on)
		return done;
	if (m->request == nullptr && m->login.node.url == nullptr && m->calendars.n == 0)
		return fh_usage_error(u, "name a --calendar, a --bitcoin node or a --request");
	return go_on;
}

/* The name of the proof of FILE.  */
static bool proof_name(const char *file, char out[FH_PATH_MAX])
{
	return snprintf(out, FH_PATH_MAX, "%s.ots", file) < (int)FH_PATH_MAX;
}

static int begin_file(struct making *m, size_t i)
{
	FH_OWN(fh_view) view = { 0 };
	const char *file = m->file[i];
	char name[FH_PATH_MAX];
	struct fh_hash digest;
	struct fh_span kept;

	if (!proof_name(file, name))
		return fh_cli_fail(FH_ERR_LIMIT, file, "its name is too long", nullptr);
	if (access(name, F_OK) == 0)
		return fh_cli_fail(FH_ERR_EXISTS, name, nullptr, "rename it, or upgrade it");

	fh_err e = fh_view_open(file, &view);

	if (e == FH_ERR_OK) {
		digest = fh_hash_of(view.bytes);
		e = fh_arena_copy(&m->memory, fh_hash_span(&digest), &kept);
	}
	if (e == FH_ERR_OK)
		e = fh_stamp_begin(kept, &m->memory, &m->root[i]);
	return e == FH_ERR_OK ? go_on
			      : fh_cli_fail(e, file, nullptr, "name the file to be stamped");
}

/* All files under one commitment.  */
static int gather(struct making *m)
{
	fh_err e = fh_arena_map(FH_GATHER_MEMORY + FH_STAMP_MEMORY, &m->memory);
	struct fh_stamp_nonce *nonce = nullptr;
	struct fh_hash commitment;
	struct fh_span kept;

	if (e == FH_ERR_OK) {
		m->root = fh_arena_array(&m->memory, m->files, sizeof(struct fh_stamp *));
		m->tip = fh_arena_array(&m->memory, m->files, sizeof(struct fh_stamp *));
		nonce = fh_arena_array(&m->memory, m->files, sizeof(*nonce));
	}
	if (m->root == nullptr || m->tip == nullptr || nonce == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "stamp", nullptr, nullptr);
	for (size_t i = 0; i < m->files; i++) {
		int done = begin_file(m, i);

		if (done != go_on)
			return done;
	}
	e = fh_random((uint8_t *)nonce, m->files * sizeof(*nonce));
	if (e == FH_ERR_OK)
		e = fh_stamp_gather(m->root, nonce, m->files, &m->memory, m->tip, &commitment);
	if (e == FH_ERR_OK)
		e = fh_arena_copy(&m->memory, fh_hash_span(&commitment), &kept);
	if (e == FH_ERR_OK)
		e = fh_stamp_begin(kept, &m->memory, &m->commitment);
	return e != FH_ERR_OK ? fh_cli_fail(e, "stamp", nullptr, nullptr) : go_on;
}

/* --- writing --- */

static void take_back(struct making *m)
{
	char name[FH_PATH_MAX];

	for (size_t i = 0; i < m->written; i++) {
		if (proof_name(m->file[i], name))
			(void)unlink(name);
	}
}

static fh_err write_proof(struct making *m, size_t i, const char *name)
{
	struct fh_stamp_file f = { FH_STAMP_SHA256, m->root[i] };
	struct fh_span bytes;
	fh_err e = fh_stamp_merge(m->tip[i], m->commitment, &m->memory);
	struct fh_arena room = m->memory; /* what is taken from the copy is given back */
	struct fh_builder b = fh_builder_of(fh_arena_space(&room, FH_STAMP_FILE_MAX),
					    FH_STAMP_FILE_MAX);

	if (e == FH_ERR_OK && b.p == nullptr)
		e = FH_ERR_NOMEM;
	if (e == FH_ERR_OK)
		fh_stamp_put(&b, &f);
	if (e == FH_ERR_OK)
		e = fh_builder_end(&b, &bytes);
	/* At once, so that a crash leaves none that is cut off.  */
	return e != FH_ERR_OK ? e : fh_file_replace(name, bytes, proof_mode);
}

static int write_proofs(struct making *m)
{
	for (size_t i = 0; i < m->files; i++) {
		char name[FH_PATH_MAX];
		fh_err e = proof_name(m->file[i], name) ? FH_ERR_OK : FH_ERR_LIMIT;

		/* After an error it may be there all the same.  */
		m->written++;
		if (e == FH_ERR_OK)
			e = write_proof(m, i, name);
		if (e != FH_ERR_OK) {
			take_back(m);
			return fh_cli_fail(e, name, nullptr, nullptr);
		}
	}
	return go_on;
}

static int tell(const struct making *m, const char *state, const char *text)
{
	char name[FH_PATH_MAX];

	for (size_t i = 0; i < m->files; i++) {
		if (proof_name(m->file[i], name))
			fh_stamp_say(m->cli, name, state, text);
	}
	return FH_EXIT_YES;
}

/* --- the two ways --- */

static int by_calendars(struct making *m)
{
	const struct fh_calendars allowed = fh_calendars_of(m->cli, &m->calendars);
	uint64_t promised = 0;

	for (size_t i = 0; i < allowed.n; i++) {
		struct fh_trace t = { 0 };
		fh_err e = fh_calendar_submit(&allowed, i, m->commitment, &m->memory, &t);

		if (e != FH_ERR_OK)
			(void)fh_cli_fail_trace(e, allowed.url[i], &t);
		promised += e == FH_ERR_OK;
	}
	if (promised == 0 || promised < m->enough)
		return fh_cli_fail(FH_ERR_CLOSED, "stamp", "too few calendars have promised",
				   "try again, or name others");

	int done = write_proofs(m);

	return done != go_on ? done
		: tell(m, "promised", "promised; run `freehold stamp upgrade` on it in some hours");
}

/* The proof is on the disk before anything is paid for.  */
static int by_node(struct making *m)
{
	struct fh_node *n = &m->login.node;
	struct fh_node_payment p;
	struct fh_transaction x;
	struct fh_stamp *at;
	struct fh_hash commitment;
	struct fh_trace t = { 0 };
	enum fh_network network;
	uint64_t height;
	fh_err e = fh_node_network(n, &network, &height, &t);

	memcpy(commitment.bytes, m->commitment->message.p, FH_HASH_SIZE);
	if (e == FH_ERR_OK)
		e = fh_node_pay(n, &commitment, m->fee_max, &m->memory, &p, &t);
	if (e == FH_ERR_OK)
		e = fh_transaction_read(p.raw, &commitment, &m->memory, &x, &t);
	if (e == FH_ERR_OK)
		e = fh_transaction_path(m->commitment, &x, &m->memory, &at);
	if (e == FH_ERR_OK)
		e = fh_stamp_attest_transaction(at, fh_span_str(fh_network_text(network)),
						&m->memory);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, n->url, &t);

	int done = write_proofs(m);

	if (done != go_on)
		return done;
	e = fh_node_send(n, p.raw, &m->memory, &t);
	if (e != FH_ERR_OK) {
		/* It may have arrived all the same: then the proofs are worth keeping.  */
		if (e == FH_ERR_STATE)
			take_back(m);
		return fh_cli_fail_trace(e, n->url, &t);
	}
	if (!m->cli->json)
		fh_cli_say(m->cli, "paid a fee of %llu satoshi", (unsigned long long)p.fee);
	return tell(m, "sent", "sent; run `freehold stamp upgrade` on it after six blocks");
}

/* Nobody is asked: what would be sent is written down, before there are proofs that wait for
 * an answer to it.  */
static int by_hand(struct making *m)
{
	fh_err e = fh_stamp_attest_request(m->commitment, &m->memory);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stamp", nullptr, nullptr);
	e = fh_file_write_new(m->request, m->commitment->message, proof_mode);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, m->request, nullptr, "give another --request");

	int done = write_proofs(m);

	if (done != go_on) {
		(void)unlink(m->request);
		return done;
	}
	return tell(m, "requested", "stamp the request elsewhere, and run `freehold stamp "
				    "import` with the proof, "
		    "or, of a record, `freehold record anchor --import`");
}

int fh_stamp_make_all(const struct fh_cli *cli, const struct fh_usage *u,
		      const struct fh_arguments *a, char *const *file, size_t n)
{
	__attribute__((cleanup(making_drop))) struct making m = {
		.cli = cli, .request = fh_argument(a, "request"), .file = file, .files = n,
		.enough = 1, .fee_max = FH_NODE_FEE_MAX,
	};
	int done = read_making(u, a, &m);

	if (done == go_on)
		done = gather(&m);
	if (done != go_on)
		return done;
	if (m.request != nullptr)
		return by_hand(&m);
	return m.login.node.url != nullptr ? by_node(&m) : by_calendars(&m);
}

int fh_stamp_make(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	return done != go_on ? done
			     : fh_stamp_make_all(cli, &usage, &a, a.operand, (size_t)a.operands);
}
