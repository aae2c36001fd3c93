/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_CORE_H
#define FH_ROLE_CORE_H

#include "base/limits.h"
#include "chain/chain.h"
#include "chain/pins.h"
#include "entry/carried.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/seal.h"
#include "entry/told.h"
#include "evidence/document.h"
#include "journal/journal.h"
#include "journal/resume.h"
#include "os/memory.h"
#include "policy/decision.h"
#include "policy/question.h"
#include "policy/set.h"
#include "role/ask.h"
#include "role/check_bound.h"
#include "role/core_act.h"
#include "role/core_flood.h"
#include "role/core_metrics.h"
#include "role/core_submit.h"
#include "role/door.h"
#include "role/flood.h"
#include "role/held.h"
#include "role/frame.h"
#include "role/outbox.h"
#include "role/permit.h"
#include "role/role.h"
#include "state/fold.h"
#include "state/lease.h"
#include "state/reserve.h"
#include "state/moment.h"
#include "store/chain_files.h"

/* What the files of core share.  One thread, one loop: read what the gates and
 * workers say, decide, append, and only when the batch is durable and signed
 * let the answers go.  */

/* Descriptors of core besides the control pair.  */
enum fh_core_fd {
	FH_CORE_KEEPER = FH_FD_CORE, /* the pair with the keeper */
	FH_CORE_REACH = FH_FD_FIRST, /* the pair with reach */
	FH_CORE_LOG = FH_FD_FIRST + 1, /* the firmware's event log, or absent */
	FH_CORE_END = FH_FD_FIRST + 1,
};

constexpr size_t FH_CORE_OUTBOX = 5 * FH_FRAME_MAX;  /* what may wait for one peer */
constexpr size_t FH_CORE_HELD = 16 << 20;            /* that waits its time; more does not wait */
constexpr size_t FH_CORE_ROOM = 2 * FH_FRAME_MAX;    /* with less left, it must take some first */
constexpr size_t FH_CORE_CALLS_MAX = 64;             /* calls of one session at one time */
constexpr size_t FH_CORE_OPENED_MAX = 256 << 10;     /* a pinned server's answer to initialize */
constexpr size_t FH_CORE_PINS_ARENA = 64 << 20;      /* all pins,
	read; and one check of arguments */
constexpr size_t FH_CORE_PARAMS_MAX = 4096;          /* initialize params, which name the client */

/* A gate: one pair, one kernel-named peer (or the network).  */
struct fh_core_gate {
	bool used;
	struct fh_arena memory;      /* of its pipe and outbox */
	struct fh_fd fd;
	struct fh_pipe in;
	struct fh_outbox out;
	bool cut;                    /* its outbox overflowed: to be dropped */
	struct fh_peer peer;         /* executable looks into the next member */
	uint8_t executable[FH_HASH_SIZE];
	uint64_t last_exchange;      /* exchanges only rise */
	uint64_t second;             /* of the refusals counted below */
	uint32_t refusals;           /* entries written in that second */
	uint64_t suppressed;         /* refusals not written yet, for the next entry */
	uint32_t counted;            /* refusals of its own counted since it rested last */
	uint64_t rest_ms;            /* boot clock, until which it is not read */
	uint64_t busy_us;            /* the same, until when what was counted keeps nobody */
	uint64_t answer_ms;          /* the same, until when what is replied now is held */
	struct fh_held held;         /* replies to what was counted, until their time */
};

/* A permitted call whose outcome is awaited.  */
struct fh_core_call {
	uint64_t index;    /* of its intent; FH_NO_INDEX: free */
	uint64_t exchange; /* of the gate's ask */
	bool list;         /* tools/list: its result is filtered */
	bool fallback;     /* goes on without the operator's lease */
	uint32_t reserve;  /* what it may give back (core_quota.c), or 0 */
	uint64_t retain_ms; /* its entries' class */
	bool progress;     /* the client wants to hear how far it is */
	struct fh_told told; /* so far; what was dropped is its session's */
};

/* What of an open call's charges is known only afterwards.  */
struct fh_core_reserve {
	struct fh_reserve of;
	bool taken; /* false: free */
};
constexpr size_t FH_CORE_RESERVES = 2048; /* of the calls beyond it all stays charged */

enum fh_session_state {
	FH_SESSION_FREE = 0,
	FH_SESSION_STARTING, /* reach was told to start the server */
	FH_SESSION_OPENING,  /* the server runs and is being initialised */
	FH_SESSION_PINNING,  /* it is being asked for its tools, which are pinned */
	FH_SESSION_LIVE,
};

/* A client session: one gate, one principal, one tool server process.  */
struct fh_core_session {
	enum fh_session_state state;
	uint8_t id[FH_SESSION_ID_SIZE];
	size_t gate;
	char principal[FH_NAME_MAX + 1]; /* Actor::"..." id */
	size_t principal_n;
	uint64_t principal_sequence;     /* of its statement; 0 for anonymous */
	char server[FH_SERVER_NAME_MAX + 1];
	size_t server_n;
	uint64_t server_sequence;        /* of the statement it was started by */
	uint64_t pins_sequence;          /* of the pins it was opened under; 0: none */
	uint8_t pin_seen[FH_PINS_TOOLS_MAX / 8];    /* by pin: defined as pinned */
	uint8_t pin_changed[FH_PINS_TOOLS_MAX / 8]; /* by pin: defined otherwise, once */
	uint64_t list_index;             /* PINNING: the intent that waits */
	uint32_t pages;                  /* lists asked for so far */
	struct fh_span opened;           /* PINNING: the answer to initialize, in its memory */
	uint64_t used_ms;                /* boot clock, of the last thing asked of it */
	uint64_t dropped;                /* messages of its server that nobody had asked for, since
					    the last outcome */
	uint64_t open_exchange;          /* the initialize that waits */
	uint64_t open_index;             /* its intent */
	uint32_t open_reserve;           /* as a call's */
	bool open_fallback;
	uint64_t open_retain_ms;
	uint64_t start_index;            /* the intent server.start */
	uint8_t params[FH_CORE_PARAMS_MAX]; /* of the initialize, for the server */
	size_t params_n;
	struct fh_arena memory;
	struct fh_fd fd;                 /* the worker's pair */
	struct fh_pipe in;
	struct fh_outbox out;
	struct fh_core_call call[FH_CORE_CALLS_MAX];
};

/* A statement that was accepted and is yet to be recorded.  */
struct fh_core_unrecorded {
	struct fh_chain_file file;
	struct fh_hash head;          /* the chain's, behind it */
};

/* The pins of one server, read.  */
struct fh_core_pinned {
	char server[FH_SERVER_NAME_MAX + 1];
	size_t server_n;
	uint64_t sequence;               /* of their statement */
	struct fh_pin *pin;              /* without a schema: it cannot be used */
	size_t pins;
};

/* What goes into record/resume (core_resume.c).  */
struct fh_core_resume {
	/* To write in: FH_RESUME_FOLD_MAX, FH_RESUME_MAX and FH_TILES_PARTIAL_MAX bytes.  */
	uint8_t *fold, *file, *partial;
	uint64_t *authority;         /* indexes of session, chain and lease entries, rising */
	size_t authorities;          /* more than FH_RESUME_AUTHORITY_MAX: too many to say */
	uint64_t saved;              /* entries at the last file */
	bool told;                   /* the log says that it cannot be written */
};

/* A file that has been proved: where to begin, and what lies before.  */
struct fh_core_resumption {
	struct fh_resume file;
	struct fh_journal_point point;
	struct fh_hash authority;    /* of the fold, */
	struct fh_hash said;         /* and its hash, as the state entry says */
	uint64_t torn;               /* cut off the journal's tail while it was proved */
};

/* A batch key, from the keeper.  */
struct fh_core_key {
	char subject[FH_SUBJECT_MAX];
	char class[FH_CLASS_MAX];
	size_t subject_n, class_n;
	uint64_t period, batch;
	uint8_t name[FH_SEAL_NAME_SIZE]; /* of its period key */
	struct fh_secret key;            /* of no bytes: free */
	uint64_t used;                   /* number of the entry it sealed last */
};
constexpr size_t FH_CORE_KEYS = 64; /* of one batch; of more the oldest is asked for again */

/* An entry as it was stored.  */
struct fh_core_stored {
	uint8_t leaf[FH_LEAF_MAX];
	size_t leaf_n;
	struct fh_span payload;      /* in the scratch arena */
};

/* Keys that end (core_shred.c).  */
struct fh_core_shred {
	bool look;                   /* who may be shredded has to be asked again */
	bool begun;                  /* the keeper takes along what stays */
	uint64_t next_lo_ms;         /* lo at which the next key is due; UINT64_MAX: none */
	uint64_t rest_ms;            /* boot clock, until which age alone shreds nothing */
	uint64_t epoch;              /* that it ends */
	/* The list of keys; before the first one of this start the payload of the last entry
	 * in the record, with its leaf.  */
	uint8_t *room;               /* FH_SHRED_PAYLOAD_MAX bytes */
	size_t room_n;
	uint8_t slots[FH_SHRED_SLOT_LIST_MAX]; /* what else opens those keys */
	size_t slots_n;
	struct fh_core_stored last;
	uint64_t index, keys;        /* of that entry; no keys: there is none */
};

/* What is to be sealed, and for whom.  */
struct fh_core_sealing {
	const struct fh_leaf *leaf; /* all of it but the hash of the payload */
	struct fh_span subject;
};

/* Where computing the fold goes on.  */
struct fh_core_folded {
	struct fh_place place; /* of the batch in which reading begins, */
	uint64_t from;         /* with this entry */
	uint64_t next;         /* those before it are in the fold already, */
	struct fh_span sealed; /* which record/resume has, sealed; empty: it is read already */
	struct fh_hash said;   /* the hash of it, as the state entry NEXT says */
};

struct fh_core {
	struct fh_arena memory;       /* everything that lives as long as core */
	struct fh_arena scratch;      /* of one frame */
	struct fh_arena chain_arena[2], chain_scratch;
	struct fh_arena policy_arena;
	struct fh_arena pins_arena, pins_scratch;
	struct fh_core_pinned *pinned;
	size_t pinned_n;
	struct fh_check_bound checks; /* of arguments: who had how much work done */
	struct fh_flood flood;        /* refusals of actors: who had how many recorded */
	struct fh_chain chain;
	struct fh_policy_set policy;
	bool policy_ready;            /* policy is the chain's current one */
	struct fh_hash policy_hash;   /* of its statement */

	struct fh_pipe control, keeper, reach;
	struct fh_outbox reach_out;
	int watch;                    /* inotify on chain/ */
	const char *chain_path, *record_path;

	struct fh_journal journal;
	struct fh_fold fold;          /* of all entries of the record */
	struct fh_lease_taken lease;  /* the last one of the operator */
	struct fh_core_folded folded; /* when the journal was opened */
	uint64_t fold_period;         /* of the class `fold`, in which entries are sealed now */
	bool carry;                   /* the next state entry is to carry the fold */
	struct fh_core_key *key;      /* FH_CORE_KEYS, of the batch that is written */
	struct fh_core_key opening;   /* and the one that opened something last */
	struct fh_aead aead;          /* for what is sealed, one after another */
	struct fh_core_shred shred;
	struct fh_core_prune prune;
	uint64_t stated;              /* entries up to and with the last state entry */
	struct fh_core_resume resume;
	struct fh_core_reserve *reserve; /* FH_CORE_RESERVES */
	struct fh_hash device_id;
	struct fh_hash key_chain;     /* the chain that the device key serves */
	struct fh_hash session_id;    /* SHA-256 of the session key */
	uint64_t boot, start;
	uint64_t lo_base_ms, boot_base_ms; /* lo = base + time since */
	uint64_t hi_ms;               /* latched */
	int landlock;                 /* the kernel's level; 0: none */
	bool measured;                /* the chip has PCRs */
	uint64_t epoch;               /* of the chip */
	uint64_t first_epoch, epochs; /* for which the device key is sealed */
	struct fh_span companions;    /* by whose approval it is released: points, */
	uint64_t needed;              /* and how many of them it takes */
	fh_err approval_missing;      /* why the keeper could not release the key anew */
	struct fh_trace approval_trace;
	struct fh_span accepted_log;   /* of the newest session in the record, or empty */
	uint8_t *accepted_log_room;
	uint64_t quoted_ms;           /* boot clock, of the last scheduled quote */
	uint64_t looked_ms;           /* the same, when the chip was looked at */
	const char *lost;             /* the chip is: the state's name; NULL while it is not */
	uint64_t lost_ms;             /* since then, by the boot clock */
	bool again;                   /* another start may cure it */
	fh_err lost_why;
	struct fh_trace lost_trace;
	struct fh_core_unrecorded *unrecorded; /* taken before there was a session */
	size_t unrecorded_n;
	struct fh_hash recorded_head; /* the chain's head as far as the record tells */
	bool roomless_told;           /* that budgets are too many, in the log */
	bool nearly_full;             /* only chain and shutdown entries are still written */
	uint64_t key_room;            /* period keys that can still be made */
	bool signing;                 /* the keeper signs the durable tree; nothing else is asked */
	uint64_t sync_ns, asked_ns;   /* of that batch: its sync took; the boot clock then */
	uint64_t gather_size;         /* entries with which nobody is waited for any more */
	uint64_t gather_until_ns;     /* boot clock, after which neither */

	struct fh_core_metrics metrics; /* of this start */
	struct fh_tiles tiles;        /* what the record is served as */
	bool tiles_told;              /* the log says that they are broken */
	uint64_t receipt_ms;          /* boot clock, of the last root signed for receipts */
	uint64_t receipt_size;        /* entries under it */

	struct fh_core_submit submit; /* the record's witnesses */
	uint64_t cosign_second;       /* of the requests of other logs counted below */
	uint32_t cosign_count;

	/* What the document says (core_document.c).  */
	struct fh_span certificate;   /* of this session */
	enum fh_grade grade;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX]; /* the newest checkpoint */
	size_t note_n;
	uint64_t kept_size;           /* of the tree that the keeper signed last */
	struct fh_hash kept_root;
	struct fh_quote_subject quoted; /* what the newest quote is about */
	uint8_t quote[FH_MACHINE_QUOTE_MAX];
	size_t quote_n;               /* 0: there is none */
	uint32_t live_tokens;         /* quotes that askers may still have */
	uint64_t live_ms;             /* boot clock, of the last one given back */
	struct fh_document_start cold_start[FH_DOCUMENT_STARTS_MAX]; /* newest first */
	size_t cold_starts;
	struct fh_arena document_memory;
	struct fh_span document;      /* as it is served; empty: none yet */
	uint64_t document_serial;
	bool document_due;            /* something in it has changed */

	struct fh_core_gate gate[FH_GATES_MAX];
	struct fh_core_session session[FH_SESSIONS_MAX];
	struct fh_trace trace;
	bool stopping;
};

/* --- core_record.c: entries ------------------------------------------- */

/* The present.  */
struct fh_time fh_core_now(struct fh_core *c);

/* Appends one entry of FIELDS (salts are filled in here); its index in *INDEX
 * (may be NULL).  Commits first if the batch is full.  FH_ERR_STATE, FH_ERR_IO and
 * FH_ERR_FULL if it could not be appended, or the fold cannot take it: final.  */
fh_err fh_core_append(struct fh_core *c, enum fh_entry_kind kind, const char *class,
		      struct fh_fields *fields, uint64_t *index);

/* The same of what SUBJECT, an actor's name, did or was told: sealed so that it can be erased
 * without what others did.  */
fh_err fh_core_append_about(struct fh_core *c, struct fh_span subject, enum fh_entry_kind kind,
			    const char *class, struct fh_fields *fields, uint64_t *index);

/* The same of a public entry, whose leaf and payload are told.  */
fh_err fh_core_append_stored(struct fh_core *c, enum fh_entry_kind kind, struct fh_fields *fields,
			     struct fh_core_stored *stored);

/* Makes everything appended durable, has it signed, and releases what waits
 * for it.  An error is final: nothing more may be permitted.  */
fh_err fh_core_commit(struct fh_core *c);

/* The same in two steps, so that the next batch is gathered while this one is signed.
 * BEGIN makes everything appended durable and asks for its signature; it does nothing while
 * one is awaited.  END waits for that, files the checkpoint and releases what waited for
 * that batch, and nothing that was put in since; without one it does nothing.  Whoever asks
 * the keeper anything else, or speaks of the newest checkpoint, calls END first.  */
fh_err fh_core_commit_begin(struct fh_core *c);
fh_err fh_core_commit_end(struct fh_core *c);

/* How long, in nanoseconds, what was appended should wait for more before it is committed;
 * 0: not at all.  The batch let go last had as many answers and permits as entries; their
 * receivers are about to send as many frames, and who comes too late for this batch waits
 * for two signatures.  So with few callers all of them go into one batch, and with many
 * (or one) nothing waits.  */
uint64_t fh_core_gather_ns(const struct fh_core *c);

/* Adds a field to F: bytes, a text, a number, or an item already encoded.
 * Values live in the scratch arena.  FH_ERR_NOMEM.  */
fh_err fh_core_field(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
		     struct fh_span item);
fh_err fh_core_field_text(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			  struct fh_span text);
fh_err fh_core_field_bytes(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			   struct fh_span bytes);
fh_err fh_core_field_uint(struct fh_core *c, struct fh_fields *f, enum fh_field_id id, uint64_t v);
/* ITEM itself, or [length, SHA-256] if it is too large to keep.  */
fh_err fh_core_field_large(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			   struct fh_span item);
/* Cedar's Type::"id", escaped.  */
fh_err fh_core_field_entity(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			    struct fh_entity_uid e);

/* Why nothing more may be recorded of others, so that nothing is permitted: `record-full`,
 * `keys-full`; NULL: it may.  In words, for people.  */
const char *fh_core_full(const struct fh_core *c);
const char *fh_core_full_text(const struct fh_core *c);

/* --- core_seal.c: what the record is sealed with ------------------------ */

fh_err fh_core_seal_begin(struct fh_core *c);
/* What is stored of the entry INDEX, of LO_MS: its fields F, sealed.  Into the scratch arena. */
fh_err fh_core_seal(struct fh_core *c, const struct fh_core_sealing *s, const struct fh_fields *f,
		    struct fh_span *payload);
/* Opens the part P of the entry LEAF and adds what is in it to *OUT; it lies in the scratch
 * arena.  FH_ERR_MISSING: its key is gone.  */
fh_err fh_core_unseal(struct fh_core *c, const struct fh_sealed_part *p,
		      const struct fh_leaf *leaf, struct fh_fields *out);
/* Seals TEXT, which is of no entry, into the scratch arena, under a key of the class `fold`, of
 * PERIOD and of the entry INDEX's batch; and opens it again, if it has at most MAX bytes.  */
fh_err fh_core_seal_text(struct fh_core *c, uint64_t index, uint64_t period, struct fh_span text,
			 struct fh_span *out);
fh_err fh_core_unseal_text(struct fh_core *c, uint64_t index, struct fh_span sealed, size_t max,
			   struct fh_span *out);
/* Computes the fold of what the journal holds: only the session can open what it needs.  */
fh_err fh_core_read_fold(struct fh_core *c);
/* Wipes what is held of keys.  */
void fh_core_seal_drop(struct fh_core *c);

/* --- core_shred.c: keys that end ---------------------------------------- */

fh_err fh_core_shred_memory(struct fh_core *c);
/* Takes the next step, if it is time for one.  An error is final.  */
fh_err fh_core_shred(struct fh_core *c);
/* When that is, on the boot clock; UINT64_MAX: not of itself.  */
uint64_t fh_core_shred_due_ms(const struct fh_core *c);
/* A key for PERIOD of CLASS may have been made.  */
void fh_core_shred_made(struct fh_core *c, struct fh_span class, uint64_t period);
/* Remembers a shred entry of the record; finishes the last one if the chip is still in the data
 * epoch that it ends.  Before anything else is appended.  */
fh_err fh_core_shred_recorded(struct fh_core *c, const struct fh_leaf *leaf,
			      struct fh_span payload);
fh_err fh_core_shred_finish(struct fh_core *c, uint64_t data_epoch);
/* Has the data epoch's recovery slot made as the chain wants it, and says so; at the START also
 * that there can be none.  */
fh_err fh_core_recovery(struct fh_core *c, bool start);

/* --- core_begin.c: from nothing to serving ---------------------------- */

/* Opens the keeper's door and the journal, takes the chain from both the
 * record and chain/, and writes the first entries of this start.  */
fh_err fh_core_begin(struct fh_core *c);

/* --- core_boot.c: the boot window, quotes and notes --------------------- */

/* One request of the door and its answer.  */
fh_err fh_core_keeper_ask(struct fh_core *c, struct fh_span request, struct fh_span *frame);
/* The same, where the answer is only that it is done.  */
fh_err fh_core_keeper_do(struct fh_core *c, const struct fh_builder *request);
/* Has it give back what it holds in the chip; if it is there.  */
void fh_core_close_keeper(struct fh_core *c);
/* Tells the keeper who may sign, if the accepted statement ENVELOPE says so.  */
fh_err fh_core_tell_authority(struct fh_core *c, struct fh_span envelope);
/* Brings the keeper the approvals of this device until one fits.  If none does,
 * c->approval_missing and its trace say so: only a new session needs one.  */
fh_err fh_core_bring_approvals(struct fh_core *c, bool needed);
/* Writes record/pending, from the trace (refused.h); makes an entry of it; removes it.  */
void fh_core_leave_word(struct fh_core *c, const char *state);
fh_err fh_core_record_pending(struct fh_core *c);
void fh_core_drop_pending(struct fh_core *c);
/* The firmware's event log, into the scratch arena.  FH_ERR_MISSING: there is none,
 * or it is larger than what is kept.  */
fh_err fh_core_event_log(struct fh_core *c, struct fh_span *out);
/* Keeps the event log in the fields F of a session that was recorded.  */
void fh_core_remember_log(struct fh_core *c, const struct fh_fields *f);
/* Appends in which event the first of PCRS that has one is other than in that log.  */
void fh_core_put_difference(struct fh_core *c, uint32_t pcrs, struct fh_builder *b);
/* A quote about S, of which the keeper tells the ids, the place in the record, boot and
 * start itself; into the frame read last.  */
fh_err fh_core_quote(struct fh_core *c, const struct fh_quote_subject *s, struct fh_span *quote);
/* The same for PURPOSE alone, which the document then shows.  */
fh_err fh_core_quote_shown(struct fh_core *c, enum fh_quote_purpose purpose,
			   struct fh_span *quote);
/* The same as an entry.  */
fh_err fh_core_record_quote(struct fh_core *c);
/* Has the chip note how far the record and the chain are.  */
fh_err fh_core_note(struct fh_core *c);

/* --- core_chip.c: the chip while the machine serves ---------------------- */

/* E is what a request that takes the chip ended with.  If the chip is lost to us by that,
 * it is told once, nothing is permitted from now on (c->lost), and there is no error.  */
fh_err fh_core_chip_lost(struct fh_core *c, fh_err e);
/* Looks whether it is there still, if that is due: at the time given, by the boot clock.
 * If it is lost for long enough, ends in order (c->again): the next start may find it, and
 * if it does not it says so and is not repeated.  */
uint64_t fh_core_chip_due_ms(const struct fh_core *c);
fh_err fh_core_chip_look(struct fh_core *c);

/* --- core_epoch.c ------------------------------------------------------- */

/* Has the chip follow the chain to a later boot epoch as far as this boot can.  What
 * it cannot, the next boot's first start does: said in the log, and no error.  */
fh_err fh_core_advance_epoch(struct fh_core *c);

/* --- core_chain.c: the authority chain -------------------------------- */

/* Accepts what is new in chain/ and records it; cuts off what it revokes.  */
fh_err fh_core_chain_refresh(struct fh_core *c);

/* The chain holds the statement of the file F.  */
struct fh_chain_file;
bool fh_core_chain_holds(const struct fh_core *c, const struct fh_chain_file *f);
/* Accepts what is new in chain/ before there is a session to record it with, and
 * records it afterwards.  */
fh_err fh_core_chain_load(struct fh_core *c);
fh_err fh_core_chain_record(struct fh_core *c);

/* Accepts one statement that the record holds already.  */
fh_err fh_core_chain_recorded(struct fh_core *c, struct fh_span envelope);

/* Says so in the log if the file NAME in chain/ is not as RECORDED.  */
void fh_core_chain_compare(const struct fh_core *c, const char *name, struct fh_span recorded);

/* Compiles the policy in force, if it is another one now.  */
fh_err fh_core_policy_refresh(struct fh_core *c);

/* --- core_pins.c: tools whose definitions are pinned -------------------- */

/* Reads what the chain pins, if it is something else now.  */
void fh_core_pins_refresh(struct fh_core *c);
const struct fh_core_pinned *fh_core_pinned(const struct fh_core *c, struct fh_span server);

/* Orders S to list its tools from CURSOR on (empty: the first), as an intent of the
 * device; S is PINNING then.  FH_ERR_LIMIT after too many pages.  */
fh_err fh_core_pins_ask(struct fh_core *c, struct fh_core_session *s, struct fh_span cursor);
/* Compares the tools/list result BODY with the pins of S, and records what has changed.
 * DIGESTS are those of its definitions.  */
fh_err fh_core_pins_note(struct fh_core *c, struct fh_core_session *s, struct fh_span body,
			 struct fh_span digests);
/* Whether the definition ITEM, number I of a result noted before, may be shown.  */
bool fh_core_pins_show(const struct fh_core *c, const struct fh_core_session *s,
		       struct fh_span item, struct fh_span digests, size_t i);
/* Why TOOL may not be called with ARGUMENTS (CBOR, or empty), as a stable code with a
 * sentence in *WHY; NULL if nothing stands against it.  It can take FH_SCHEMA_STEPS_MAX, so
 * it is asked about permitted calls only, and bounded for each actor.  */
const char *fh_core_pins_obstacle(struct fh_core *c, const struct fh_core_session *s,
				  struct fh_span tool, struct fh_span arguments,
				  struct fh_trace *why);

/* --- core_document.c: what this machine shows of itself --------------- */

/* Notes a session of the record for the document.  */
void fh_core_cold_start(struct fh_core *c, const struct fh_leaf *leaf,
			const struct fh_certificate *certificate);

/* Makes the document anew over the newest checkpoint, has it signed and hands it to
 * the network's gate.  What cannot be made is said in the log: the one before it is
 * served on.  An error is of the keeper, and final.  */
fh_err fh_core_document(struct fh_core *c);

/* QUOTE, which is about S, is what the document shows from now on.  */
void fh_core_document_quote(struct fh_core *c, const struct fh_quote_subject *s,
			    struct fh_span quote);

/* An asker may have a quote now; takes it from what there is for all of them.  */
bool fh_core_live_allowed(struct fh_core *c);
/* What an asker wants: a quote for his NONCE, asked at ORIGIN, and perhaps that his
 * credential of OBJECT and SECRET is opened.  */
struct fh_core_question {
	struct fh_span nonce, origin;
	struct fh_span object, secret; /* empty: no credential */
};
/* Does it, records it, and makes the answer, JSON.  FH_ERR_TPM and FH_ERR_SIGNATURE if the
 * chip would not.  */
fh_err fh_core_live(struct fh_core *c, const struct fh_core_question *q, struct fh_span *json,
		    uint64_t *index);

/* Hands the document to gate I, if that is the network's.  */
void fh_core_document_hand(struct fh_core *c, size_t i);

/* --- core_receipt.c: what COSE receipts are made from ------------------ */

/* When the next root is to be signed for them, on the boot clock; UINT64_MAX if nothing
 * has been recorded since the last one.  */
uint64_t fh_core_receipt_due_ms(const struct fh_core *c);
/* Has the newest root signed and writes record/receipt.  An error is of the keeper, and
 * final; a file that cannot be written is said in the log.  */
fh_err fh_core_receipt(struct fh_core *c);
/* Writes the derived file NAME below record/.  */
fh_err fh_core_file_write(const struct fh_core *c, const char *name, struct fh_span bytes);

/* --- core_witness.c: as a witness of other logs ------------------------- */

/* Answers what a gate asks of it.  FH_ERR_FORMAT cuts that gate off.  */
fh_err fh_core_witness(struct fh_core *c, size_t gate, const struct fh_ask *ask);

/* --- core_submit.c, core_submit_judge.c: the record's witnesses --------- */

/* Asks the keeper for our keys and writes record/cosigners.  An error is of the keeper's
 * pair, and final.  */
fh_err fh_core_cosigners(struct fh_core *c);
/* The newest checkpoint with our lines for others, or, if there were lines a moment ago for
 * an older one, without.  An error as above.  */
fh_err fh_core_lined(struct fh_core *c, struct fh_span *out);
/* Asks those that are to be asked; and when to be called again, on the boot clock.  */
fh_err fh_core_submit(struct fh_core *c);
uint64_t fh_core_submit_due_ms(const struct fh_core *c);
/* Takes PAIR if STARTED is of a courier; false: it is not.  */
bool fh_core_courier_started(struct fh_core *c, const struct fh_started *started,
			     struct fh_fd *pair);
/* There is something to be heard of W's courier.  FH_ERR_FORK: the record must end.  */
fh_err fh_core_courier_heard(struct fh_core *c, struct fh_core_witness *w);
void fh_core_courier_done(struct fh_core_witness *w);
/* What W answered; that it did not.  */
struct fh_errand_answer;
fh_err fh_core_witness_said(struct fh_core *c, struct fh_core_witness *w,
			    const struct fh_errand_answer *a);
void fh_core_witness_away(struct fh_core *c, struct fh_core_witness *w, const char *why);
/* FH_ERR_FORK: a conflict was found before, and the operator has not resolved it.  */
fh_err fh_core_conflict_check(struct fh_core *c);

/* --- core_tiles.c: the record for whoever reads it --------------------- */

/* Answers what a gate asks of the record.  FH_ERR_FORMAT cuts that gate off.  */
fh_err fh_core_record_part(struct fh_core *c, size_t gate, const struct fh_ask *ask);
/* The entries FROM to END - 1, which are signed, by V.  */
fh_err fh_core_read_entries(struct fh_core *c, uint64_t from, uint64_t end,
			    const struct fh_entry_visitor *v);
/* core_metrics.c: what core has counted, in Prometheus' text format.  */
void fh_core_put_metrics(struct fh_builder *b, const struct fh_core *c);
/* Says once in the log if the tiles are broken.  */
void fh_core_tiles_watch(struct fh_core *c);

/* --- core_decide.c ---------------------------------------------------- */

/* Who names nobody.  */
struct fh_core_actor fh_core_anonymous(void);

struct fh_core_actor fh_core_identify(struct fh_core *c, const struct fh_core_gate *g,
				      struct fh_span bearer);

/* Decides ACTION on RESOURCE in CONTEXT for ACTOR under the policy in force now.  Never
 * an error: what cannot be decided is a refusal that says so.  The request has SENT bytes
 * of arguments.  */
struct fh_decision fh_core_decide(struct fh_core *c, const struct fh_core_actor *actor,
				  struct fh_entity_uid action, struct fh_entity_uid resource,
				  struct fh_value context, size_t sent);

/* What a decision depends on now; holds until the next entry.  */
struct fh_moment fh_core_moment(struct fh_core *c);

/* The same for a question, whose context and properties are what the asker says, or which is a
 * call of a function: then its action and resource are filled in, unless the call has none.  *T
 * says why one is malformed.  Nothing is charged.  */
struct fh_decision fh_core_decide_question(struct fh_core *c, struct fh_question *q,
					   struct fh_trace *t);

/* --- core_question.c: what others want to know -------------------------- */

/* Answers the question ASK of ACTOR at GATE.  Errors as fh_core_ask().  */
fh_err fh_core_question(struct fh_core *c, size_t gate, const struct fh_ask *ask,
			const struct fh_core_actor *actor);

/* --- core_open.c: opening what is sealed ---------------------------------- */

/* Opens for ACTOR at GATE what ASK names, if the policy lets him, between two entries that say
 * so.  Errors as fh_core_ask().  */
fh_err fh_core_open(struct fh_core *c, size_t gate, const struct fh_ask *ask,
		    const struct fh_core_actor *actor);

/* --- core_lease.c: the operator's lease --------------------------------- */

/* Takes a lease that the record holds already; what is new in chain/, and records it.  */
fh_err fh_core_lease_recorded(struct fh_core *c, struct fh_span file);
fh_err fh_core_lease_refresh(struct fh_core *c);
/* Permits that are not @fallback may be effective now.  */
bool fh_core_leased(struct fh_core *c);
/* Ends what is under way and not permitted any more: without a lease all but what is
 * @fallback, without a policy everything.  An error is of the record, and final.  */
fh_err fh_core_lease_cut(struct fh_core *c);
/* The same for what S has under way.  */
fh_err fh_core_lease_cut_session(struct fh_core *c, struct fh_core_session *s);
/* When that is to be looked at next, on the boot clock; UINT64_MAX: not of itself.  */
uint64_t fh_core_lease_due_ms(struct fh_core *c);

/* --- core_quota.c: budgets ---------------------------------------------- */

/* Takes what remembers them from c->memory.  FH_ERR_NOMEM.  */
fh_err fh_core_quota_begin(struct fh_core *c);
/* D was decided: that budgets are too many is counted, and said in the log once.  */
void fh_core_quota_decided(struct fh_core *c, const struct fh_decision *d);
/* Adds to F what the permitted intent of D does to the fold.  */
fh_err fh_core_field_opened(struct fh_core *c, struct fh_fields *f, const struct fh_decision *d);
/* Remembers what of D's charges for ACTION may be given back; 0 if nothing.  */
uint32_t fh_core_reserve(struct fh_core *c, const struct fh_decision *d,
			 struct fh_entity_uid action, size_t sent);
/* Adds to F what an outcome does: if the WHOLE answer came, which is BODY, with TOLD bytes before
 * it, what was not used of RESERVE is given back, otherwise nothing; of tokens, what it says that
 * it used.  */
fh_err fh_core_field_closed(struct fh_core *c, struct fh_fields *f, uint32_t reserve, bool whole,
			    uint64_t told, struct fh_span body);
/* Says in an entry what all before it add up to, if FH_STATE_INTERVAL have come since the
 * last time, or any at all and it is the LAST of this start.  */
fh_err fh_core_state(struct fh_core *c, bool last);
/* The outcome has been appended.  */
void fh_core_reserve_drop(struct fh_core *c, uint32_t *reserve);
/* The retention class of entries kept no longer than RETAIN_MS, in OUT; 0: as long as the policy
 * in force says of what no @retain covers.  */
const char *fh_core_class(const struct fh_core *c, uint64_t retain_ms,
			  char out[FH_CLASS_MAX + 1]);

/* --- core_progress.c: what is told before an outcome ----------------------- */

/* Passes BODY on, by which the server of S says how far CALL is.  FH_ERR_FORMAT: it may not, or
 * not so much.  */
fh_err fh_core_progress(struct fh_core *c, const struct fh_core_session *s,
			struct fh_core_call *call, struct fh_span body);
/* Adds to F what an outcome says of it; nothing if there is nothing to say.  */
fh_err fh_core_field_told(struct fh_core *c, struct fh_fields *f, const struct fh_told *told);

/* --- core_resume.c: starting without reading everything -------------------- */

constexpr size_t FH_CORE_RESUME_ARENA = FH_RESUME_FOLD_MAX + FH_RESUME_MAX
					+ FH_TILES_PARTIAL_MAX
					+ FH_RESUME_AUTHORITY_MAX * sizeof(uint64_t) + 256;

/* Takes its FH_CORE_RESUME_ARENA bytes from c->memory.  FH_ERR_NOMEM.  */
fh_err fh_core_resume_begin(struct fh_core *c);
/* LEAF is of the record; only some kinds matter.  */
void fh_core_resume_remember(struct fh_core *c, const struct fh_leaf *leaf);
/* The fold as a text, in its memory; empty if it does not fit.  */
struct fh_span fh_core_resume_fold(struct fh_core *c);
/* It is time for a file, be it that the state entry is the LAST of this start.  */
bool fh_core_resume_due(const struct fh_core *c, bool last);
/* Takes the fold that the file holds, sealed, if it is what the state entry says; otherwise
 * what is to be read of the record begins with its beginning.  */
void fh_core_resume_take_fold(struct fh_core *c);
/* Writes the file as of the state entry INDEX, before which the fold is FOLD.  */
void fh_core_resume_save(struct fh_core *c, uint64_t index, struct fh_span fold);
/* Takes the fold that the last state entry which carries one holds: where there is no such file,
 * and the keys of what came before may have ended.  */
fh_err fh_core_carried_take(struct fh_core *c);
/* Reads and proves the file against what the keeper says in O; c->tiles are then at its
 * point.  Anything but FH_ERR_OK: the record is to be read from its beginning.  */
fh_err fh_core_resume_load(struct fh_core *c, const struct fh_door_opened *o,
			   struct fh_core_resumption *out);
/* Hands V each session, chain and lease entry before the point of R, in order.  */
fh_err fh_core_resume_read(struct fh_core *c, const struct fh_core_resumption *r,
			   const struct fh_entry_visitor *v);

/* --- core_ask.c: gates ------------------------------------------------ */

/* Acts on one frame of gate I.  An error cuts that gate off, FH_ERR_IO and
 * FH_ERR_STATE end core.  */
fh_err fh_core_ask(struct fh_core *c, size_t i, struct fh_span frame);

/* Says in the outbox of gate I that ASK was decided by D, and no, in the entry INDEX.  SESSION
 * may be empty.  */
void fh_core_reply_denied(struct fh_core *c, size_t i, const struct fh_ask *ask,
			  const struct fh_decision *d, uint64_t index, struct fh_span session);

/* Refuses ASK of ACTOR at gate I, which never became an action, and records that.  */
fh_err fh_core_refuse(struct fh_core *c, size_t i, const struct fh_ask *ask,
		      const struct fh_core_actor *actor, const char *code, const char *text);
/* Adds to F who ACTOR at gate I is, and the decision D.  */
fh_err fh_core_field_asker(struct fh_core *c, struct fh_fields *f, size_t i,
			   const struct fh_core_actor *actor);
fh_err fh_core_field_decision(struct fh_core *c, struct fh_fields *f,
			      const struct fh_decision *d);

/* Records the refusals of gate I that were counted and not written.  */
fh_err fh_core_ask_flush(struct fh_core *c, size_t i);

/* Puts REPLY into gate I's outbox, held until the next commit.  */
void fh_core_reply(struct fh_core *c, size_t i, const struct fh_reply *r);

/* --- core_gate.c ------------------------------------------------------ */

void fh_core_gate_add(struct fh_core *c, const struct fh_peer *peer, struct fh_fd pair);
/* Gate I has room for whatever one more frame may lead to, and does not rest.  */
bool fh_core_gate_has_room(const struct fh_core *c, size_t i);
/* FRAME goes to gate G with the next commit, or, while answers are held, later.  FH_ERR_FULL if it
 * takes too few.  */
fh_err fh_core_gate_say(struct fh_core_gate *g, struct fh_span frame);
/* What was held and is due at NOW_MS goes with the next commit.  */
void fh_core_gates_move(struct fh_core *c, uint64_t now_ms);
/* When that is to be done next, on the boot clock; UINT64_MAX: not of itself.  */
uint64_t fh_core_gates_due_ms(const struct fh_core *c);
/* Ends its sessions and forgets it.  An error is of the record, and final.  */
fh_err fh_core_gate_drop(struct fh_core *c, size_t i);

/* --- core_session.c: workers ------------------------------------------ */

/* A free session for this gate and principal, or NULL if they are used up.  */
struct fh_core_session *fh_core_session_new(struct fh_core *c, size_t gate,
					    struct fh_span principal);
/* Ends the sessions that nobody has used for FH_SESSION_IDLE_MS.  */
fh_err fh_core_session_expire(struct fh_core *c);
/* The live session ID of this gate and principal (empty: whoever's), or NULL.  */
struct fh_core_session *fh_core_session_find(struct fh_core *c, size_t gate, struct fh_span id,
					     struct fh_span principal);
/* Reach answered an order; PAIR is the worker's pair, if a server runs.  */
fh_err fh_core_started(struct fh_core *c, struct fh_span frame, struct fh_fd pair);
/* Acts on one frame of the worker of S.  An error ends the session.  */
fh_err fh_core_outcome(struct fh_core *c, struct fh_core_session *s, struct fh_span frame);
/* Ends S: open calls get the outcome STATUS with WHY, reach stops the server,
 * and the gate is told.  */
fh_err fh_core_session_end(struct fh_core *c, struct fh_core_session *s,
			   enum fh_outcome_status status, const char *why);

#endif
