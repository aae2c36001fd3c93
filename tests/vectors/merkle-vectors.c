/* SPDX-License-Identifier: Apache-2.0 */
/* Accumulated Merkle vectors: every subtree hash, inclusion proof and
 * consistency proof of trees up to 130 one-byte leaves, each list as one digest
 * in a Markdown table.  Every proof is also checked.
 *
 *	merkle-vectors merkle.md
 *
 * Prints "FAIL name: why" and, last, "N passed, N failed, N skipped".  */
#include "base/builder.h"
#include "base/hex.h"
#include "merkle/proof.h"

#include <stdio.h>
#include <string.h>

constexpr uint64_t leaves = 130;

static fh_err read_node(void *context, int level, uint64_t index, struct fh_hash *out)
{
	uint64_t first = index << level, n = UINT64_C(1) << level;
	struct fh_tree t = { 0 };

	(void)context;
	if (first + n > leaves)
		return FH_ERR_MISSING;
	for (uint64_t i = first; i < first + n; i++) {
		uint8_t entry = (uint8_t)i;
		struct fh_hash leaf = fh_leaf_hash(fh_span_of(&entry, 1));

		fh_tree_add(&t, &leaf);
	}
	*out = fh_tree_root(&t);
	return FH_ERR_OK;
}

static const struct fh_subtree_source source = { read_node, nullptr };

/* A list that is digested line by line.  */
struct list {
	struct fh_sha256 digest;
	const char *wrong; /* what did not work, or NULL */
};

static void add_line(struct list *l, const char *head, const struct fh_proof *p)
{
	uint8_t line[8192];
	struct fh_builder b = FH_BUILDER_ARRAY(line);

	fh_builder_text(&b, head);
	for (size_t i = 0; i < p->n; i++) {
		fh_builder_u8(&b, ' ');
		fh_builder_hex(&b, fh_hash_span(&p->hash[i]));
	}
	fh_builder_u8(&b, '\n');
	fh_sha256_add(&l->digest, fh_builder_span(&b));
}

static void list_subtrees(struct list *l)
{
	for (uint64_t end = 0; end <= leaves; end++) {
		for (uint64_t start = 0; start <= end; start++) {
			struct fh_proof one = { .n = 1 };
			char head[64];

			if (!fh_subtree_valid(start, end))
				continue;
			if (fh_subtree_hash(&source, start, end, &one.hash[0]) != FH_ERR_OK)
				l->wrong = "a subtree hash could not be built";
			snprintf(head, sizeof(head), "[%lu, %lu)", start, end);
			add_line(l, head, &one);
		}
	}
}

static void list_inclusion(struct list *l, uint64_t start, uint64_t end)
{
	struct fh_hash root, leaf;

	if (fh_subtree_hash(&source, start, end, &root) != FH_ERR_OK)
		l->wrong = "a subtree hash could not be built";
	for (uint64_t index = start; index < end; index++) {
		struct fh_proof p;
		char head[64];

		if (read_node(nullptr, 0, index, &leaf) != FH_ERR_OK ||
		    fh_inclusion_build(&source, index, start, end, &p) != FH_ERR_OK)
			l->wrong = "a proof could not be built";
		else if (fh_inclusion_check(&p, index, start, end, &leaf, &root) != FH_ERR_OK)
			l->wrong = "a proof was refused";
		snprintf(head, sizeof(head), "%lu [%lu, %lu)", index, start, end);
		add_line(l, head, &p);
	}
}

static void list_inclusions(struct list *l)
{
	for (uint64_t end = 0; end <= leaves; end++) {
		for (uint64_t start = 0; start < end; start++) {
			if (fh_subtree_valid(start, end))
				list_inclusion(l, start, end);
		}
	}
}

static void list_consistency(struct list *l, uint64_t size, const struct fh_hash *root,
			     uint64_t start, uint64_t end)
{
	struct fh_proof p;
	struct fh_hash part;
	char head[64];

	if (fh_subtree_hash(&source, start, end, &part) != FH_ERR_OK ||
	    fh_consistency_build(&source, start, end, size, &p) != FH_ERR_OK)
		l->wrong = "a proof could not be built";
	else if (fh_consistency_check(&p, start, end, size, &part, root) != FH_ERR_OK)
		l->wrong = "a proof was refused";
	snprintf(head, sizeof(head), "[%lu, %lu) %lu", start, end, size);
	add_line(l, head, &p);
}

static void list_consistencies(struct list *l)
{
	for (uint64_t size = 0; size <= leaves; size++) {
		struct fh_hash root;

		if (fh_subtree_hash(&source, 0, size, &root) != FH_ERR_OK)
			l->wrong = "a root could not be built";
		for (uint64_t end = 0; end <= size; end++) {
			for (uint64_t start = 0; start <= end; start++) {
				if (fh_subtree_valid(start, end))
					list_consistency(l, size, &root, start, end);
			}
		}
	}
}

static const struct {
	const char *name;
	const char *row; /* how its row in the table begins */
	void (*fill)(struct list *);
} lists[] = {
	{ "subtree hashes", "| `[START, END) HASH`", list_subtrees },
	{ "inclusion proofs", "| `INDEX [START, END) PROOF", list_inclusions },
	{ "consistency proofs", "| `[START, END) N PROOF", list_consistencies },
};

/* The digest in the row of TEXT that begins with ROW.  */
static bool expected_digest(const char *text, const char *row, struct fh_hash *out)
{
	const char *at = strstr(text, row);
	const char *end = at == nullptr ? nullptr : strchr(at, '\n');

	if (end == nullptr)
		return false;
	for (const char *bar = strchr(at, '|'); bar != nullptr && bar < end;
	     bar = strchr(bar + 1, '|')) {
		if (end - bar >= 66 &&
		    fh_hex_read(fh_span_of(bar + 2, 64), out->bytes, FH_HASH_SIZE) == FH_ERR_OK)
			return true;
	}
	return false;
}

/* Why the list does not match, or NULL.  */
static const char *compare(size_t i, const struct fh_hash *expected)
{
	struct list l = { 0 };

	fh_sha256_begin(&l.digest);
	lists[i].fill(&l);
	struct fh_hash got = fh_sha256_end(&l.digest);

	if (l.wrong == nullptr && !fh_hash_equal(&got, expected))
		return "the digest differs";
	return l.wrong;
}

int main(int argc, char **argv)
{
	static char text[65536];
	int passed = 0, failed = 0, skipped = 0;
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : nullptr;

	if (f == nullptr) {
		fprintf(stderr, "usage: merkle-vectors merkle.md\n");
		return 64;
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct fh_hash expected;
		const char *why = nullptr;

		if (!expected_digest(text, lists[i].row, &expected)) {
			printf("SKIP %s: the file has no such row\n", lists[i].name);
			skipped++;
			continue;
		}
		why = compare(i, &expected);
		if (why != nullptr)
			printf("FAIL %s: %s\n", lists[i].name, why);
		passed += why == nullptr;
		failed += why != nullptr;
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return passed > 0 && failed == 0 && skipped == 0 ? 0 : 1;
}
