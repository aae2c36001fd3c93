/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_QUORUM_H
#define FH_MERKLE_QUORUM_H

#include "base/trace.h"
#include "freehold/verdict.h"
#include "merkle/cosignature.h"

/* C2SP tlog-policy: which logs are meant, who witnesses them, and how many of those it
 * takes.  docs/spec/WITNESS.  */

constexpr size_t FH_QUORUM_TEXT_MAX = 256 << 10; /* 64 ML-DSA-44 keys and more */
constexpr size_t FH_QUORUM_LOGS_MAX = 64;
constexpr size_t FH_QUORUM_WITNESSES_MAX = 32;
constexpr size_t FH_QUORUM_GROUPS_MAX = 32;
constexpr size_t FH_QUORUM_NAME_MAX = 255;
constexpr size_t FH_QUORUM_URL_MAX = 512;
constexpr size_t FH_QUORUM_NODES_MAX = FH_QUORUM_WITNESSES_MAX + FH_QUORUM_GROUPS_MAX;

struct fh_quorum_log {
	struct fh_note_key key;  /* its name is the log's origin */
	bool supported;          /* the key can be checked here */
	struct fh_span url;      /* may be empty */
};

/* A witness or a group, in the order of the text.  */
struct fh_quorum_node {
	struct fh_span name;     /* within the policy */
	bool group;
	bool member;             /* of a group */
	size_t parent;           /* that group */
	/* A witness.  */
	struct fh_note_key key;
	bool supported;
	struct fh_span url;      /* submission prefix; may be empty */
	/* A group.  */
	size_t members, threshold;
};

struct fh_quorum {
	struct fh_quorum_log log[FH_QUORUM_LOGS_MAX];
	size_t logs;
	struct fh_quorum_node node[FH_QUORUM_NODES_MAX];
	size_t nodes, witnesses, groups;
	bool none;               /* no cosignature is needed */
	size_t root;             /* the node that is the quorum, unless none */
};

/* Reads a policy; spans look into TEXT.  FH_ERR_FORMAT or FH_ERR_LIMIT, and the line and
 * what is wrong with it in T.  Keys of types that cannot be checked are kept.  */
fh_err fh_quorum_read(struct fh_span text, struct fh_quorum *out, struct fh_trace *t);

/* Whether the quorum is reached, if WITNESSED says it of each node that is a witness (of
 * groups it is filled in here).  Unchecked if that depends on what is unchecked.  */
enum fh_answer fh_quorum_reached(const struct fh_quorum *q,
				 enum fh_answer witnessed[static FH_QUORUM_NODES_MAX]);

/* What a policy says of a checkpoint.  */
struct fh_quorum_verdict {
	enum fh_answer log;      /* one of the logs has signed it */
	bool log_named;          /* the policy has a log of this origin, or no logs */
	enum fh_answer quorum;
	enum fh_answer witnessed[FH_QUORUM_NODES_MAX];
	uint64_t time[FH_QUORUM_NODES_MAX]; /* Unix seconds; 0: none */
	size_t cosigned;         /* witnesses */
	size_t wrong;            /* nodes and logs whose line is there and wrong */
};

/* Checks NOTE, whose text is a checkpoint.  FH_ERR_FORMAT if it is none; FH_ERR_CRYPTO.  */
fh_err fh_quorum_judge(const struct fh_quorum *q, const struct fh_note *note,
		       struct fh_quorum_verdict *out);

#endif
