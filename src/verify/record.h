/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_RECORD_H
#define FH_VERIFY_RECORD_H

#include "chain/chain.h"
#include "crypto/x509_roots.h"
#include "entry/carried.h"
#include "entry/certificate.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/opened.h"
#include "entry/pruned.h"
#include "entry/seal.h"
#include "entry/segment.h"
#include "entry/shred.h"
#include "merkle/checkpoint.h"
#include "state/fold.h"
#include "state/lease.h"
#include "verify/anchor.h"
#include "verify/finding.h"
#include "verify/firmware.h"
#include "verify/record_ahead.h"
#include "verify/saved.h"

/* The streaming verifier of a record: the segments of a journal go in one after
 * the other, in order; what comes out are four answers, how far the record is
 * consistent, and what is not covered.  It needs nothing but the bytes: keys
 * come from the authority chain that the record itself carries, and that chain
 * is believed only as far as the caller's genesis hash goes.  Nothing is
 * allocated for an entry.  The first refusal ends the work.  docs/spec/JOURNAL
 * lists the rules.  */

constexpr size_t FH_UNCOVERED_MAX = 8; /* places listed as not covered */
/* Ends of batches remembered since the last checkpoint: as many entries as the
 * journal lets wait for one, each a batch of its own.  */
constexpr size_t FH_BOUNDARIES_MAX = 2 * FH_BATCH_ENTRIES_MAX + 1;
/* Pages of the map of open intents, and entries on each.  */
constexpr size_t FH_INTENT_PAGES_MAX = 1 << 14;
constexpr uint64_t FH_INTENT_PAGE_ENTRIES = 1 << 20;

/* Period keys that entries are sealed with at one time: twice what a device can hold.  */
constexpr size_t FH_RECORD_KEYS_MAX = 32768;

struct fh_record_options {
	bool genesis_given;              /* genesis holds */
	struct fh_hash genesis;          /* the chain id that is trusted */
	struct fh_span at_least;         /* a checkpoint note saved earlier, or empty */
	bool trusted;                    /* and this record was verified up to it then */
	const struct fh_saved *saved;    /* what a verifier left, to go on from; or NULL.  Then
					    at_least is the checkpoint in it */
	struct fh_builder *keep;         /* where the chain's statements are kept, so that
					    fh_record_save() can be called; or NULL */
	struct fh_span witnessed;        /* a checkpoint note that the quorum of those has cosigned
					    whom who asks trusts, or empty */
	struct fh_opened *openings;      /* of what is sealed, or NULL */
	struct fh_anchor *anchor;        /* judged and sorted; what the record holds is filled in */
	size_t anchors;
	uint64_t whole;                  /* they are of all of the first entries, this many: what
					    they lack and no shred entry explains is missing, and
					    refused; 0: nobody says so */
	struct fh_chain_checks checks;   /* as for fh_chain_begin() */
	const struct fh_record_aid *aid; /* what others do of it; or NULL */
};

/* Memory of one verification.  LIVE and SPARE are equally large
 * (FH_CHAIN_ARENA), SCRATCH has FH_CHAIN_SCRATCH, OWN what
 * fh_record_memory_size() says.  */
struct fh_record_memory {
	struct fh_arena *live, *spare, *scratch, *own;
};

/* Bytes of the OWN arena for BYTES bytes of a record, behind BEFORE entries that are not read.  */
size_t fh_record_memory_size(uint64_t bytes, uint64_t before);

/* A tree that all before it leads to.  */
struct fh_boundary {
	uint64_t size;       /* entries */
	struct fh_hash root; /* over them */
	uint64_t lo_ms;      /* the last one's time, its start */
};

/* A place that no checkpoint vouches for.  */
struct fh_uncovered {
	const char *code; /* stable, for programs; static */
	struct fh_trace why;
};

struct fh_record_counts {
	uint64_t kind[FH_ENTRY_KINDS]; /* entries of each kind */
	uint64_t permitted, denied;    /* intents by their decision */
	uint64_t counted;              /* refusals that entries only tell the number of */
	uint64_t sealed;               /* entries of which nothing was opened */
	uint64_t sealed_intents;       /* those among them */
	uint64_t unreached;            /* and those behind what openings are whole to */
	uint64_t shredded;             /* entries whose key has ended, with a record of it */
	uint64_t erased;               /* those of them of which nothing was opened, as far as
					  openings are whole */
	uint64_t pruned;               /* those of them of which only a stub is stored */
	uint64_t open;                 /* permitted ones without an outcome: unknown */
	uint64_t sessions, checkpoints, segments, bytes;
};

/* The session that entries name, and its certificate once it has come.  */
struct fh_record_session {
	struct fh_hash id;           /* SHA-256 of the session public key */
	bool named;                  /* an entry has named it */
	bool certified;              /* its certificate has come and is right */
	uint64_t boot;               /* the boot it belongs to */
	uint64_t start;              /* the one that made it */
	bool quoted;                 /* its certificate carries a quote */
	struct fh_verifier verifier; /* its key, once certified */
	struct fh_public_key key;    /* the same */
	uint32_t key_id;             /* on its note lines */
};

/* Recovery keys that open what was shredded in a copy from before (entry/shred.h); of more of
 * them none is named.  */
constexpr size_t FH_RECORD_SLOTS_MAX = 32;
struct fh_record_slots {
	struct {
		char text[FH_SHRED_SLOT_MAX];
		size_t n;
	} slot[FH_RECORD_SLOTS_MAX];
	size_t n;
	bool more;                  /* than there is room for */
};

/* What entries were sealed with that has not ended.  */
struct fh_record_key {
	uint8_t name[FH_SEAL_NAME_SIZE];
	uint64_t entries, unopened; /* no entries: free */
	uint64_t period;            /* of the first of them, and its class */
	uint8_t class[FH_CLASS_MAX], class_n;
	bool fold;                   /* what the fold needs of them */
	uint64_t stubs, stub;        /* of which stubs are left; the first of those, */
	uint64_t unopened_stubs;     /* and those among the unopened */
};

/* Segments of one record in which something may be pruned.  */
constexpr size_t FH_RECORD_PRUNED_MAX = 1 << 16;

/* A segment that holds stubs.  */
struct fh_record_pruned {
	uint64_t first, end;         /* its entries */
	struct fh_stubs_sum stubs;
	bool covered;                /* a prune entry says so */
};

/* A checkpoint from elsewhere, which the record has to lead to.  */
struct fh_record_point {
	struct fh_note note;
	struct fh_checkpoint at;
	bool given;
	bool reached, equal; /* so many entries were read, and with that root */
	bool signed_here;    /* by a session of this record */
	uint64_t lo_ms;      /* the last one's time, its start, once reached */
};

struct fh_record_check {
	/* To be read at the end.  */
	struct fh_finding finding;
	struct fh_boundary covered;  /* the last valid checkpoint: consistent up to here */
	struct fh_tree tree;         /* all that was read */
	struct fh_hash chain_id;     /* as the segments say; proven once covered.size > 0 */
	struct fh_hash device_id;
	struct fh_record_counts counts;
	struct fh_uncovered uncovered[FH_UNCOVERED_MAX];
	size_t uncovered_n;
	bool refused;                /* the record is wrong: nothing more is read */
	uint64_t states;             /* state entries that say what the fold is */
	bool fold_lost;              /* it was too large, so later ones are unchecked */
	const struct fh_anchor *dated; /* the largest that holds, and fits; or NULL */
	bool anchors_unreadable;     /* some could not be read, so what they say is not known */
	uint64_t charged;            /* permitted intents whose charges are within the quotas */
	uint64_t uncharged;          /* those of which that is not known, sealed ones apart */
	struct fh_record_slots slots; /* that open what was shredded in a copy from before */
	bool keys_lost;              /* too many keys: what is shredded is not known */
	uint64_t since;              /* entries that were verified before, and not read now */
	struct fh_chain chain;

	/* The verifier's own.  */
	struct fh_record_options options;
	struct fh_record_memory memory;
	const char *segment;         /* name of the one being read */
	uint64_t offset;             /* of the frame being read */
	struct fh_record_session session;
	struct fh_lease_taken lease; /* the last one that was taken */
	struct fh_record_permits *permits; /* of the policy in force */
	struct fh_record_taken *taken; /* what open intents took of budgets */
	uint64_t opening_behind;     /* index behind the last permitted initialize ... */
	struct fh_hash opening;      /* ... and whose session it opens */
	uint64_t sealed_behind;      /* index behind the last intent of which nothing is known */
	struct fh_record_key *key;   /* by name */
	size_t keys;
	uint64_t segment_first;      /* first entry of the segment being read */
	uint64_t segment_bytes;      /* of it */
	uint64_t repeated;           /* checkpoints in it over just the entries that are covered */
	bool resumed;                /* the place where `since` ends was found */
	bool sealed_before;          /* entries before it were neither opened nor shredded */
	struct fh_span note;         /* the last checkpoint, if there is somewhere to keep it */
	uint8_t *note_room;          /* FH_NOTE_MAX, or NULL */
	size_t kept;                 /* statements in options.keep */
	struct fh_stubs stubs;       /* in it */
	struct fh_record_pruned *pruned; /* segments before it that hold some, in order */
	size_t pruned_n;
	bool pruned_lost;            /* too many of them */
	uint64_t shred_epoch;        /* data epoch that the last shred entry ended */
	struct fh_fold fold;         /* of the entries so far, unless fold_lost */
	uint64_t fold_period;        /* of the class `fold`, that entries are sealed in */
	bool may_permit;             /* the chain lets this device permit */
	uint64_t quotes;             /* that hold */
	struct fh_firmware_seen firmware; /* that they tell */
	uint64_t unquoted;           /* sessions whose certificate carries none */
	uint64_t starts_unquoted;    /* later starts in a boot that carry none */
	uint64_t unapproved;         /* quotes of a state that was not approved */
	const struct fh_entry_ahead *ahead; /* of the entry being judged; or NULL */
	struct fh_leaf last;         /* the entry before this one */
	uint64_t began;              /* the first entry of its start */
	struct fh_boundary *boundary; /* since and with the last checkpoint */
	size_t boundaries;
	uint64_t **intents;          /* bits of open intents, by page */
	char origin[16 + 2 * FH_HASH_SIZE]; /* of checkpoints */
	size_t origin_n;
	struct fh_record_point least, witnessed; /* those of options, read */
	size_t anchors_passed;       /* that the tree has come to */
	bool ended;                  /* fh_record_check_end() was called */
};

/* Begins.  FH_ERR_FORMAT: at_least or witnessed is no checkpoint; FH_ERR_CONFLICT: what is in
 * `saved` contradicts itself.  FH_ERR_NOMEM, FH_ERR_CRYPTO.  */
fh_err fh_record_check_begin(const struct fh_record_options *o,
			     const struct fh_record_memory *memory, struct fh_record_check *out);

/* Reads the next segment; NAME (which stays) is its file's, LAST says that no
 * other follows.  What is wrong with the record is said in C->finding; an error
 * means that it could not be told: FH_ERR_NOMEM, FH_ERR_CRYPTO.  */
fh_err fh_record_check_segment(struct fh_record_check *c, struct fh_span bytes, const char *name,
			       bool last);

/* The first entry of the segment that goes in next: where the tree ends, but at the beginning of a
 * verification that goes on.  */
uint64_t fh_record_check_next(const struct fh_record_check *c);
/* How many bytes of that one, which are BYTES, need not be looked at ahead.  */
size_t fh_record_check_passed(const struct fh_record_check *c, struct fh_span bytes);

/* N more segments lie beside those that were read, which no longer lead to
 * them: entries between are missing.  Called before the end.  */
void fh_record_check_strays(struct fh_record_check *c, uint64_t n);

/* Sealed entries of which nothing was opened and no shred entry tells, as far as openings are
 * whole: they are missing then.  False if nobody says that, or it is not known.  */
bool fh_record_missing(const struct fh_record_check *c, uint64_t *n);

/* Answers.  */
void fh_record_check_end(struct fh_record_check *c);

/* Judges the TPM of the record's device, after the end: its endorsement certificate by OWN roots
 * and by those that the operator signed in the record's chain, if that is the trusted one, as of
 * AT_MS; and how it keeps the device key.  Says nothing of a device without a TPM, nor of a
 * record that is wrong.  FH_ERR_CRYPTO, FH_ERR_NOMEM.  */
fh_err fh_record_check_device(struct fh_record_check *c, const struct fh_x509_roots *own,
			      uint64_t at_ms);

/* What another verification goes on from, behind the last entry, appended to B: after the end, of
 * a record that is authentic and of which no other answer is no; else FH_ERR_STATE.  ROOM lends
 * FH_RECORD_SAVE_ROOM.  FH_ERR_LIMIT if something is more than struct fh_saved holds,
 * FH_ERR_NOMEM.  */
fh_err fh_record_save(struct fh_record_check *c, struct fh_arena *room, struct fh_builder *b);
constexpr size_t FH_RECORD_SAVE_ROOM = 64 << 20;

void fh_record_check_drop(struct fh_record_check *c);

#endif
