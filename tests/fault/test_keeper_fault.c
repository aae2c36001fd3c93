/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th write or sync of the keeper fails, for every k: it never gives a
 * signature for a tree that was not durably noted before, and whatever of its
 * files survives, it signs no second tree of a size.  The keeper runs in a
 * process of its own, as it always does, but for its confinement, which the
 * sanitizers could not live in (tests/sandbox looks at that).  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chip/soft.h"
#include "crypto/sign.h"
#include "fault.h"
#include "os/memory.h"
#include "os/slots.h"
#include "role/confine.h"
#include "role/door.h"
#include "role/frame.h"
#include "chip/device_file.h"
#include "entry/shredded.h"
#include "entry/field.h"
#include "role/keeper.h"
#include "role/role.h"
#include "../unit/chain_fixture.h"

fh_err __wrap_fh_confine(const struct fh_confinement *what, int *landlock, struct fh_trace *t);

fh_err __wrap_fh_confine(const struct fh_confinement *what, int *landlock, struct fh_trace *t)
{
	(void)what;
	(void)t;
	*landlock = 0;
	return FH_ERR_OK;
}

#define BOOT_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const int errors[] = { EIO, ENOSPC, EINTR, FAULT_SHORT };
static const uint64_t sizes[] = { 1, 3, 8 };
constexpr size_t sizes_n = sizeof(sizes) / sizeof(sizes[0]);
constexpr uint64_t no_fork = UINT64_MAX;

/* What the keeper's process leaves for ours to see.  */
struct shared {
	bool met;
	size_t n;                        /* of the file with what was signed, when it */
	uint8_t durable[2 * FH_SLOT_SIZE]; /* was last synced */
};

enum { SIGNED, DEVICE, SESSION, CHIP, WITNESSED, DATA_EVEN, DATA_ODD, FILES };

struct bench {
	struct fault_place place;
	int file[FILES];
	struct shared *shared;
	struct fh_arena arena;
	struct fh_pipe in;
	int pair;
	pid_t keeper;
	uint64_t acknowledged;      /* size of the last tree with a signature */
	struct fh_hash root;        /* and its root */
	uint64_t fork_at;           /* the leaf that differs in it, or no_fork */
	struct fh_hash chain;       /* that the device key is for */
};

/* --- trees ---------------------------------------------------------------------- */

static fh_err read_subtree(void *context, int level, uint64_t index, struct fh_hash *out)
{
	const uint64_t *fork_at = context;
	uint64_t leaf[2] = { index, *fork_at == index };
	struct fh_hash left, right;

	if (level == 0) {
		*out = fh_leaf_hash(fh_span_of(leaf, sizeof(leaf)));
		return FH_ERR_OK;
	}
	fh_err e = read_subtree(context, level - 1, 2 * index, &left);

	if (e == FH_ERR_OK)
		e = read_subtree(context, level - 1, 2 * index + 1, &right);
	if (e == FH_ERR_OK)
		*out = fh_node_hash(&left, &right);
	return e;
}

static struct fh_hash root_of(uint64_t size, uint64_t fork_at)
{
	struct fh_tree t = { 0 };

	for (uint64_t i = 0; i < size; i++) {
		struct fh_hash leaf;

		assert_int_equal(read_subtree(&fork_at, 0, i, &leaf), FH_ERR_OK);
		fh_tree_add(&t, &leaf);
	}
	return fh_tree_root(&t);
}

/* --- the keeper's process -------------------------------------------------------- */

static struct shared **shared_of_keeper(void)
{
	static struct shared *s;

	return &s;
}

static void note_synced(int fd)
{
	struct shared *s = *shared_of_keeper();

	if (fd != FH_KEEPER_SIGNED)
		return;
	ssize_t n = pread(fd, s->durable, sizeof(s->durable), 0);

	s->n = n > 0 ? (size_t)n : 0;
}

static bool is_write(const char *call)
{
	return strcmp(call, "pwrite") == 0 || strcmp(call, "fdatasync") == 0;
}

[[noreturn]] static void be_keeper(struct bench *b, int pair, size_t k, int error)
{
	char *arguments[] = { (char[]){ "keeper" }, (char[]){ "soft" }, (char[]){ BOOT_ID },
			      nullptr };
	int fd[1 + FILES] = { pair }, quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memcpy(&fd[1], b->file, sizeof(b->file));
	for (size_t i = 0; i < 1 + FILES; i++)
		fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 32);
	(void)dup2(quiet, STDERR_FILENO); /* what it logs about the faults */
	for (int i = 0; i < 1 + FILES; i++)
		(void)dup2(fd[i], FH_FD_CORE + i);
	(void)close_range(FH_FD_CORE + 1 + FILES, ~0u, 0);
	*shared_of_keeper() = b->shared;
	fault_arm(k, error, is_write);
	fault_now()->synced = note_synced;
	int code = fh_role_keeper(3, arguments);

	b->shared->met = fault_end();
	_exit(code);
}

static void start(struct bench *b, size_t k, int error)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fh_arena_reset(&b->arena);
	b->shared->met = false;
	b->keeper = fork();
	assert_true(b->keeper >= 0);
	if (b->keeper == 0)
		be_keeper(b, pair[1], k, error);
	(void)close(pair[1]);
	b->pair = pair[0];
	assert_int_equal(fh_pipe_open(b->pair, FH_DOOR_ANSWER_MAX, &b->arena, &b->in), FH_ERR_OK);
}

static bool stop(struct bench *b)
{
	int status = -1;

	(void)close(b->pair);
	assert_int_equal(waitpid(b->keeper, &status, 0), b->keeper);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 2);
	return b->shared->met;
}

/* --- its files ------------------------------------------------------------------ */

static void make_device(struct bench *b)
{
	uint8_t plain[FH_MLDSA65_SEED_SIZE + 2 * FH_HASH_SIZE] = { 5 }, boot_id[32];
	uint8_t blob[FH_CHIP_BLOB_MAX], value[FH_DEVICE_FILE_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(blob), file = FH_BUILDER_ARRAY(value);
	struct fh_device_file f = { .release.epoch = 1, .blobs = 1 };
	struct fh_slots slots = { .fd = b->file[DEVICE] };
	static const uint8_t nothing[FH_CHIP_NOTE_SIZE];
	struct fh_secret seed;
	struct fh_signer signer = { 0 };
	struct fh_public_key key;
	struct fh_chip chip = { 0 };

	memset(boot_id, 7, sizeof(boot_id));
	assert_int_equal(fh_secret_from(fh_span_of(plain, FH_MLDSA65_SEED_SIZE), &seed), FH_ERR_OK);
	assert_int_equal(fh_signer_new(&seed, &signer), FH_ERR_OK);
	assert_int_equal(fh_signer_public(&signer, &key), FH_ERR_OK);
	fh_signer_drop(&signer);
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(key.bytes));

	memcpy(plain + FH_MLDSA65_SEED_SIZE + FH_HASH_SIZE, id.bytes, FH_HASH_SIZE);
	assert_int_equal(fh_chip_soft_open(b->file[CHIP], boot_id, &b->arena, nullptr, &chip),
			 FH_ERR_OK);
	assert_int_equal(chip.class->counter_create(&chip, FH_CHIP_STARTS), FH_ERR_OK);
	assert_int_equal(chip.class->counter_create(&chip, FH_CHIP_EPOCH), FH_ERR_OK);
	assert_int_equal(chip.class->counter_create(&chip, FH_CHIP_DATA), FH_ERR_OK);
	assert_int_equal(chip.class->note_write(&chip, /* key: any */ nullptr,
						FH_SPAN_ARRAY(nothing)),
			 FH_ERR_OK);
	memcpy(plain + FH_MLDSA65_SEED_SIZE, b->chain.bytes, FH_HASH_SIZE);
	f.release.chain_id = b->chain;
	f.release.device_id = id;
	assert_int_equal(chip.class->seal_device(&chip, &f.release, FH_SPAN_ARRAY(plain), &out),
			 FH_ERR_OK);
	f.blob[0] = fh_builder_span(&out);
	fh_device_file_put(&file, &f);
	assert_int_equal(fh_slots_write(&slots, fh_builder_span(&file)), FH_ERR_OK);
	fh_chip_drop(&chip);
}

static void make_bench_for(struct bench *b, const struct fh_hash *chain)
{
	static const char *const names[FILES] = { "signed", "device", "session", "counter",
						 "witnessed", "data.0", "data.1" };
	char path[128];

	*b = (struct bench){ .fork_at = no_fork, .chain = *chain };
	fault_place_make(&b->place);
	assert_int_equal(fh_arena_map(2 << 20, &b->arena), FH_ERR_OK);
	for (size_t i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", b->place.path, names[i]);
		b->file[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		assert_true(b->file[i] >= 0);
	}
	b->shared = mmap(nullptr, sizeof(*b->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(b->shared != MAP_FAILED);
	make_device(b);
}

static void make_bench(struct bench *b)
{
	make_bench_for(b, &(struct fh_hash){ 0 });
}

static void drop_bench(struct bench *b)
{
	for (size_t i = 0; i < FILES; i++)
		(void)close(b->file[i]);
	(void)munmap(b->shared, sizeof(*b->shared));
	fh_arena_drop(&b->arena);
	fault_place_drop(&b->place);
}

/* After a crash nothing may be left of what was not synced.  */
static void lose_what_was_not_synced(struct bench *b)
{
	struct fh_span s = fh_span_of(b->shared->durable, b->shared->n);

	assert_int_equal(ftruncate(b->file[SIGNED], 0), 0);
	assert_int_equal(fh_fd_pwrite(b->file[SIGNED], s, 0), FH_ERR_OK);
}

/* What the file said when it was last synced.  */
static void durable_tree(struct bench *b, uint64_t *size, struct fh_hash *root)
{
	uint8_t value[256];
	struct fh_builder out = FH_BUILDER_ARRAY(value);
	int fd = memfd_create("durable", MFD_CLOEXEC);
	struct fh_slots s;

	assert_true(fd >= 0);
	assert_int_equal(fh_fd_pwrite(fd, fh_span_of(b->shared->durable, b->shared->n), 0),
			 FH_ERR_OK);
	assert_int_equal(fh_slots_open(fd, &s, &out), FH_ERR_OK);
	(void)close(fd);
	struct fh_cursor c = fh_cursor_of(fh_builder_span(&out));

	fh_cbor_array_exact(&c, 3);
	(void)fh_cbor_bytes_exact(&c, FH_HASH_SIZE);
	*size = fh_cbor_uint(&c);
	*root = fh_cbor_hash(&c);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
}

/* --- core's side ---------------------------------------------------------------- */

static fh_err ask(struct bench *b, struct fh_span request, struct fh_span *answer)
{
	fh_err e = fh_frame_send(b->pair, request, /* pass= */ -1);

	return e == FH_ERR_OK ? fh_pipe_wait(&b->in, answer) : e;
}

static fh_err ask_plain(struct bench *b, enum fh_door_request r, struct fh_span *answer)
{
	uint8_t bytes[16];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);

	fh_door_put_request(&request, r);
	return ask(b, fh_builder_span(&request), answer);
}

static fh_err ask_open(struct bench *b, struct fh_door_opened *o)
{
	struct fh_trace t;
	struct fh_span answer;
	fh_err e = ask_plain(b, FH_DOOR_OPEN, &answer);

	return e == FH_ERR_OK ? fh_door_read_opened(answer, o, &t) : e;
}

static fh_err ask_begin(struct bench *b)
{
	const struct fh_door_begin asked = { 0 };
	uint8_t bytes[FH_DOOR_BEGIN_MAX];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	struct fh_door_begun g;
	struct fh_trace t;
	struct fh_span answer;

	fh_door_put_begin(&request, &asked);
	fh_err e = ask(b, fh_builder_span(&request), &answer);

	return e == FH_ERR_OK ? fh_door_read_begun(answer, &g, &t) : e;
}

/* Asks for a signature under the tree of SIZE, which extends the one of SINCE;
 * one that comes is for what is durable.  */
static fh_err ask_checkpoint(struct bench *b, uint64_t since, uint64_t size, uint64_t fork_at)
{
	uint8_t bytes[FH_DOOR_CHECKPOINT_MAX];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	struct fh_subtree_source from = { read_subtree, &fork_at };
	struct fh_hash root = root_of(size, fork_at), durable_root;
	struct fh_proof proof = { 0 };
	struct fh_span answer, note;
	struct fh_trace t;
	uint64_t durable_size;

	if (since > 0 && since < size)
		assert_int_equal(fh_consistency_build(&from, 0, since, size, &proof), FH_ERR_OK);
	fh_door_put_checkpoint(&request, size, &root, &proof);
	fh_err e = ask(b, fh_builder_span(&request), &answer);

	if (e == FH_ERR_OK)
		e = fh_door_read_note(answer, &note, &t);
	if (e != FH_ERR_OK)
		return e;
	durable_tree(b, &durable_size, &durable_root);
	assert_int_equal(durable_size, size);
	assert_true(fh_hash_equal(&durable_root, &root));
	b->acknowledged = size;
	b->root = root;
	b->fork_at = fork_at;
	return FH_ERR_OK;
}

/* A first start with some checkpoints.  When one fails, another tree of that
 * size is asked for, as a core that was taken over would.  */
static fh_err live(struct bench *b)
{
	struct fh_door_opened o;
	fh_err e = ask_open(b, &o), failed = FH_ERR_OK;

	if (e == FH_ERR_OK)
		e = ask_begin(b);
	if (e != FH_ERR_OK)
		return e;
	for (size_t i = 0; i < sizes_n; i++) {
		e = ask_checkpoint(b, b->acknowledged, sizes[i], b->fork_at);
		if (e == FH_ERR_OK)
			continue;
		failed = e;
		e = ask_checkpoint(b, b->acknowledged, sizes[i], sizes[i] - 1);
		if (e != FH_ERR_OK)
			return e;
	}
	return failed;
}

/* Another start on the same files.  */
static void start_again(struct bench *b)
{
	struct fh_door_opened o = { 0 };

	start(b, SIZE_MAX, EIO);
	assert_int_equal(ask_open(b, &o), FH_ERR_OK);
	assert_true(o.signed_size >= b->acknowledged);
	if (o.signed_size == b->acknowledged && o.signed_size > 0)
		assert_true(fh_hash_equal(&o.signed_root, &b->root));
	assert_int_equal(ask_begin(b), FH_ERR_OK);
	uint64_t size = b->acknowledged, fork_at = b->fork_at;

	if (size > 0) {
		uint64_t other = fork_at == size - 1 ? no_fork : size - 1;

		assert_int_equal(ask_checkpoint(b, size, size, other), FH_ERR_CONFLICT);
	}
	/* What was noted and not signed is signed now, or nothing else.  */
	if (o.signed_size > size) {
		struct fh_hash noted = root_of(o.signed_size, fork_at);

		if (!fh_hash_equal(&noted, &o.signed_root))
			fork_at = o.signed_size - 1;
		noted = root_of(o.signed_size, fork_at);
		assert_true(fh_hash_equal(&noted, &o.signed_root));
	}
	assert_int_equal(ask_checkpoint(b, o.signed_size, 20, fork_at), FH_ERR_OK);
	(void)stop(b);
}

static bool fail_one(size_t k, int error, bool crash)
{
	struct bench b;

	make_bench(&b);
	start(&b, k, error);
	fh_err e = live(&b);
	bool met = stop(&b);

	if (!met || error == FAULT_SHORT)
		assert_int_equal(e, FH_ERR_OK);
	if (met && (error == EIO || error == ENOSPC))
		assert_int_not_equal(e, FH_ERR_OK);
	if (e == FH_ERR_OK)
		assert_int_equal(b.acknowledged, sizes[sizes_n - 1]);
	if (crash)
		lose_what_was_not_synced(&b);
	start_again(&b);
	assert_int_equal(b.acknowledged, 20);
	drop_bench(&b);
	return met;
}

static void fail_each(bool crash)
{
	size_t faults = 0;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		size_t k = 0;

		while (fail_one(k, errors[i], crash))
			k++;
		assert_true(k >= 2 * sizes_n + 6);
		faults += k;
	}
	print_message("# keeper: %zu faults\n", faults);
}

static void signs_no_second_tree_after_a_failed_write(void **state)
{
	(void)state;
	fail_each(/* crash= */ false);
}

static void signs_no_second_tree_after_a_failed_write_and_a_crash(void **state)
{
	(void)state;
	fail_each(/* crash= */ true);
}

/* --- keys that end ---------------------------------------------------------------- */

struct shred_entry {
	uint8_t leaf_bytes[FH_LEAF_MAX], payload_bytes[1024];
	struct fh_builder leaf, payload;
	struct fh_proof proof;
	struct fh_span slots;       /* that it names; empty: none */
};

static fh_err ask_done(struct bench *b, const struct fh_builder *request)
{
	struct fh_span answer;
	struct fh_trace t;
	fh_err e = ask(b, fh_builder_span(request), &answer);

	return e == FH_ERR_OK ? fh_door_read_done(answer, &t) : e;
}

/* A key of class `16s`, period 0, is made; what it is called.  */
static void make_key(struct bench *b, uint8_t name[FH_SEAL_NAME_SIZE])
{
	const struct fh_door_sealing s = { { FH_SPAN_LIT("amy"), FH_SPAN_LIT("16s"), 0 }, 0, 1 };
	uint8_t bytes[FH_DOOR_SEAL_MAX];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	struct fh_secret key;
	uint64_t room;
	struct fh_span answer;
	struct fh_trace t;

	fh_door_put_sealing(&request, &s);
	assert_int_equal(ask(b, fh_builder_span(&request), &answer), FH_ERR_OK);
	assert_int_equal(fh_door_read_key(answer, name, &key, &room, &t), FH_ERR_OK);
	assert_true(room < FH_DATA_KEYS_MAX);
}

static fh_err ask_key(struct bench *b, const uint8_t *name)
{
	uint8_t bytes[FH_DOOR_UNSEAL_MAX], called[FH_SEAL_NAME_SIZE];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	struct fh_secret key;
	uint64_t room;
	struct fh_span answer;
	struct fh_trace t;

	fh_door_put_unsealing(&request, fh_span_of(name, FH_SEAL_NAME_SIZE), 0);
	assert_int_equal(ask(b, fh_builder_span(&request), &answer), FH_ERR_OK);
	return fh_door_read_key(answer, called, &key, &room, &t);
}

/* Begins to end what is due at 16 s, and takes all others along.  */
static uint64_t begin_shred(struct bench *b, struct fh_builder *list)
{
	uint8_t bytes[16];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	struct fh_door_doomed doomed;
	struct fh_span answer;
	uint64_t left = 1;
	struct fh_trace t;

	fh_door_put_lo(&request, FH_DOOR_SHRED, 16000);
	assert_int_equal(ask(b, fh_builder_span(&request), &answer), FH_ERR_OK);
	assert_int_equal(fh_door_read_doomed(answer, &doomed, &t), FH_ERR_OK);
	const uint64_t epoch = doomed.epoch;

	fh_builder_bytes(list, doomed.keys);
	while (left > 0) {
		assert_int_equal(ask_plain(b, FH_DOOR_REWRAP, &answer), FH_ERR_OK);
		assert_int_equal(fh_door_read_left(answer, &left, &t), FH_ERR_OK);
	}
	return epoch;
}

/* Entry 2 of a record, which says that the keys of LIST ended with EPOCH.  */
static void make_entry(struct shred_entry *s, struct fh_span list, uint64_t epoch,
		       enum fh_entry_kind kind)
{
	static const uint8_t salt[FH_SALT_SIZE];
	uint8_t detail[512];
	struct fh_builder d = FH_BUILDER_ARRAY(detail);
	struct fh_fields f = { .n = 1 };
	uint64_t fork_at = no_fork;
	struct fh_tree t = { 0 };

	s->leaf = FH_BUILDER_ARRAY(s->leaf_bytes);
	s->payload = FH_BUILDER_ARRAY(s->payload_bytes);
	fh_shred_put(&d, list, epoch, s->slots);
	f.field[0] = (struct fh_field){ FH_FIELD_DETAIL, FH_SPAN_ARRAY(salt), fh_builder_span(&d) };
	fh_payload_put(&s->payload, &f);
	const struct fh_leaf l = { .index = 2, .kind = kind, .class = FH_SPAN_LIT(FH_CLASS_PUBLIC),
				   .payload = fh_hash_of(fh_builder_span(&s->payload)),
				   .fields = fh_fields_root(&f) };

	fh_leaf_put(&s->leaf, &l);
	for (uint64_t i = 0; i < 2; i++) {
		struct fh_hash leaf;

		assert_int_equal(read_subtree(&fork_at, 0, i, &leaf), FH_ERR_OK);
		fh_tree_add(&t, &leaf);
	}
	s->proof = (struct fh_proof){ .hash = { t.stack[0] }, .n = 1 };
}

static fh_err ask_shredded(struct bench *b, const struct shred_entry *s)
{
	static uint8_t bytes[FH_DOOR_SHREDDED_MAX];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	const struct fh_door_shredded x = { fh_builder_span(&s->leaf), fh_builder_span(&s->payload),
					    s->proof };

	fh_door_put_shredded(&request, &x);
	return ask_done(b, &request);
}

/* The tree of three entries, of which S is the last, is signed.  */
static void sign_entry(struct bench *b, const struct shred_entry *s)
{
	uint8_t bytes[FH_DOOR_CHECKPOINT_MAX];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	struct fh_hash leaf = fh_leaf_hash(fh_builder_span(&s->leaf));
	struct fh_hash root = fh_node_hash(&s->proof.hash[0], &leaf);
	const struct fh_proof nothing = { 0 };
	struct fh_span answer, note;
	struct fh_trace t;

	fh_door_put_checkpoint(&request, 3, &root, &nothing);
	assert_int_equal(ask(b, fh_builder_span(&request), &answer), FH_ERR_OK);
	assert_int_equal(fh_door_read_note(answer, &note, &t), FH_ERR_OK);
}

/* A keeper that has begun, and a key NAME that something could be sealed with.  */
static void make_bench_with_key(struct bench *b, uint8_t name[FH_SEAL_NAME_SIZE])
{
	struct fh_door_opened o;

	make_bench(b);
	start(b, SIZE_MAX, EIO);
	assert_int_equal(ask_open(b, &o), FH_ERR_OK);
	assert_int_equal(ask_begin(b), FH_ERR_OK);
	make_key(b, name);
}

/* Whatever core says: a key ends when an entry that was signed names it, and no other does.  */
static void no_key_ends_without_its_entry(void **state)
{
	static struct shred_entry right, other, kind, late;
	uint8_t name[FH_SEAL_NAME_SIZE], list_bytes[256], stranger_bytes[256];
	struct fh_builder list = FH_BUILDER_ARRAY(list_bytes);
	struct fh_builder stranger = FH_BUILDER_ARRAY(stranger_bytes);
	static const uint8_t nobody[FH_SEAL_NAME_SIZE] = { 9 };
	const struct fh_shred_key key = { FH_SPAN_ARRAY(nobody), FH_SPAN_LIT("16s"), 0, 0 };
	struct bench b;

	(void)state;
	make_bench_with_key(&b, name);
	uint64_t epoch = begin_shred(&b, &list);

	fh_shred_begin(&stranger, 1);
	fh_shred_put_key(&stranger, &key);
	make_entry(&right, fh_builder_span(&list), epoch, FH_ENTRY_SHRED);
	make_entry(&other, fh_builder_span(&stranger), epoch, FH_ENTRY_SHRED);
	make_entry(&kind, fh_builder_span(&list), epoch, FH_ENTRY_STATE);
	make_entry(&late, fh_builder_span(&list), epoch + 1, FH_ENTRY_SHRED);
	assert_int_equal(ask_shredded(&b, &right), FH_ERR_CONFLICT); /* nothing was signed */
	sign_entry(&b, &right);
	assert_int_equal(ask_shredded(&b, &other), FH_ERR_CONFLICT);
	assert_int_equal(ask_shredded(&b, &kind), FH_ERR_CONFLICT);
	assert_int_equal(ask_shredded(&b, &late), FH_ERR_CONFLICT);
	right.proof.hash[0].bytes[0] ^= 1;
	assert_int_equal(ask_shredded(&b, &right), FH_ERR_CONFLICT);
	right.proof.hash[0].bytes[0] ^= 1;
	assert_int_equal(ask_key(&b, name), FH_ERR_OK);
	assert_int_equal(ask_shredded(&b, &right), FH_ERR_OK);
	assert_int_equal(ask_key(&b, name), FH_ERR_MISSING);
	assert_int_equal(ask_shredded(&b, &right), FH_ERR_CONFLICT); /* its epoch is over */
	(void)stop(&b);
	drop_bench(&b);
}

/* One that was acknowledged and cut off is finished by the keeper of the next start, which knows
 * nothing but the entry.  */
static void what_was_acknowledged_is_finished(void **state)
{
	static struct shred_entry right;
	uint8_t name[FH_SEAL_NAME_SIZE], list_bytes[256];
	struct fh_builder list = FH_BUILDER_ARRAY(list_bytes);
	struct fh_door_opened o;
	struct bench b;

	(void)state;
	make_bench_with_key(&b, name);
	make_entry(&right, (begin_shred(&b, &list), fh_builder_span(&list)), 1, FH_ENTRY_SHRED);
	sign_entry(&b, &right);
	(void)stop(&b);
	start(&b, SIZE_MAX, EIO);
	assert_int_equal(ask_open(&b, &o), FH_ERR_OK);
	assert_int_equal(ask_begin(&b), FH_ERR_OK);
	assert_int_equal(ask_key(&b, name), FH_ERR_OK);
	assert_int_equal(ask_shredded(&b, &right), FH_ERR_OK);
	assert_int_equal(ask_key(&b, name), FH_ERR_MISSING);
	(void)stop(&b);
	drop_bench(&b);
}

/* --- recovery slots --------------------------------------------------------------- */

/* The keeper is shown genesis, whose hash its device key was sealed with, and makes a slot.  */
static void start_with(struct bench *b, struct fixture *f, struct fh_span genesis)
{
	static uint8_t bytes[FH_DOOR_AUTHORITY_MAX];
	struct fh_builder request = FH_BUILDER_ARRAY(bytes);
	const struct fh_hash key = fh_recovery_key_id(FH_SPAN_ARRAY(f->key[0].public.recipient
									    .bytes));
	struct fh_door_recovery r;
	struct fh_door_opened o;
	struct fh_span answer;
	struct fh_trace t;

	make_bench_for(b, &f->chain.id);
	start(b, SIZE_MAX, EIO);
	assert_int_equal(ask_open(b, &o), FH_ERR_OK);
	fh_door_put_authority(&request, genesis);
	assert_int_equal(ask_done(b, &request), FH_ERR_OK);
	assert_int_equal(ask_begin(b), FH_ERR_OK);
	assert_int_equal(ask_plain(b, FH_DOOR_RECOVERY, &answer), FH_ERR_OK);
	assert_int_equal(fh_door_read_recovery(answer, &r, &t), FH_ERR_OK);
	assert_true(r.held && !r.renewed && !r.useless && fh_hash_equal(&r.key, &key));
}

/* Core writes the entry, and cannot keep to itself who else opens what ended.  */
static void an_entry_says_who_opens_a_copy(void **state)
{
	static struct shred_entry entry;
	uint8_t name[FH_SEAL_NAME_SIZE], list_bytes[256], slot_bytes[FH_SHRED_SLOT_LIST_MAX];
	struct fixture *f;

	(void)state;
	fixture_set_up((void **)&f);
	struct fh_span genesis = fixture_genesis(f, 1, 1, 1);
	const struct fh_hash key = fh_recovery_key_id(FH_SPAN_ARRAY(f->key[0].public.recipient
									    .bytes));
	struct fh_builder slots = FH_BUILDER_ARRAY(slot_bytes);

	fixture_must(f, genesis);
	fh_shred_slots_begin(&slots, 1);
	fh_shred_put_slot(&slots, &key);
	for (int honest = 0; honest < 2; honest++) {
		struct fh_builder list = FH_BUILDER_ARRAY(list_bytes);
		struct bench b;

		start_with(&b, f, genesis);
		make_key(&b, name);
		entry.slots = honest ? fh_builder_span(&slots) : (struct fh_span){ 0 };
		uint64_t epoch = begin_shred(&b, &list);

		make_entry(&entry, fh_builder_span(&list), epoch, FH_ENTRY_SHRED);
		sign_entry(&b, &entry);
		assert_int_equal(ask_shredded(&b, &entry), honest ? FH_ERR_OK : FH_ERR_CONFLICT);
		assert_int_equal(ask_key(&b, name), honest ? FH_ERR_MISSING : FH_ERR_OK);
		(void)stop(&b);
		drop_bench(&b);
	}
	fixture_tear_down((void **)&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_no_second_tree_after_a_failed_write),
		cmocka_unit_test(signs_no_second_tree_after_a_failed_write_and_a_crash),
		cmocka_unit_test(no_key_ends_without_its_entry),
		cmocka_unit_test(an_entry_says_who_opens_a_copy),
		cmocka_unit_test(what_was_acknowledged_is_finished),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
