/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_BODY_H
#define FH_CHAIN_BODY_H

#include "chain/approval.h"
#include "chain/statement.h"
#include "crypto/companion.h"
#include "crypto/kem.h"

/* The bodies of statements (docs/spec/STATEMENT): for each kind a struct, its
 * reader and its writer.  Readers check everything that the body alone can
 * tell and say in T (which may be NULL) what is wrong.  Spans look into the
 * body.  Writers put map keys in deterministic order.  */

constexpr size_t FH_THRESHOLDS_MAX = 32;       /* one per kind, and "default" */
constexpr size_t FH_SERVER_NAME_MAX = 32;      /* it becomes part of URLs and file names */
constexpr size_t FH_ACTOR_GROUPS_MAX = FH_POLICY_PARENTS_MAX;

/* Where the operator keeps the operator key, as declared in genesis.  */
enum fh_placement {
	FH_PLACEMENT_CO_LOCATED = 0, /* on the governed machine itself: every verdict says so */
	FH_PLACEMENT_OFFLINE = 1,    /* a file on another machine */
	FH_PLACEMENT_HSM = 2,        /* a hardware module, as the operator says */
	FH_PLACEMENT_ENCLAVE = 3,    /* a secure enclave, as the operator says */
};
/* "co-located", ...; an unknown value reads "co-located".  */
const char *fh_placement_text(enum fh_placement p);
fh_err fh_placement_parse(struct fh_span text, enum fh_placement *out);

/* One operator key.  */
struct fh_signer_key {
	struct fh_span key;       /* ML-DSA-65 public key, 1952 bytes */
	struct fh_span companion; /* P-256 public point, 65 bytes */
	struct fh_hash id;        /* SHA-256 of key */
};

/* How many signatures a kind of statement needs.  */
struct fh_threshold {
	struct fh_span kind; /* a kind, or "default" */
	uint32_t count;      /* 1 .. number of signers */
};

/* Who may sign: part of genesis and the whole of `signers`.  */
struct fh_authority {
	struct fh_signer_key signer[FH_SIGNERS_MAX]; /* rising ids */
	size_t signers;
	struct fh_threshold threshold[FH_THRESHOLDS_MAX]; /* has "default" */
	size_t thresholds;
	struct fh_span recovery[FH_SIGNERS_MAX]; /* public keys that may only sign `recover` */
	size_t recoveries;
};

/* Signatures that a statement of kind KIND needs under A.  */
uint32_t fh_authority_threshold(const struct fh_authority *a, struct fh_span kind);
/* The signer with this key id, or NULL.  */
const struct fh_signer_key *fh_authority_signer(const struct fh_authority *a,
						const struct fh_hash *id);

struct fh_genesis {
	struct fh_span nonce;         /* 32 random bytes: no two chains are alike */
	struct fh_span name;          /* what the operator calls this chain */
	enum fh_placement placement;  /* where the operator key is kept */
	struct fh_authority authority;
	struct fh_span recipient;     /* what is encrypted to the operator: a KEM public key */
};
fh_err fh_genesis_read(struct fh_span body, struct fh_genesis *out, struct fh_trace *t);
void fh_genesis_put(struct fh_builder *b, const struct fh_genesis *g);

fh_err fh_signers_read(struct fh_span body, struct fh_authority *out, struct fh_trace *t);
void fh_signers_put(struct fh_builder *b, const struct fh_authority *a);

struct fh_device_body {
	struct fh_span key;            /* ML-DSA-65 public key, 1952 bytes */
	struct fh_span name;           /* what the operator calls the machine */
	struct fh_span grade;          /* as entry/grade.h writes it, seen at enrolment */
	struct fh_span possession;     /* COSE_Sign1 by key; see fh_device_possession_put() */
	struct fh_span ek_certificate; /* the TPM's endorsement certificate (DER), or empty */
	struct fh_span ak;             /* the TPM's attestation key (TPMT_PUBLIC), or empty */
	uint64_t epoch;                /* boot epoch at enrolment; 0 without a TPM */
	struct fh_span certified;      /* what the AK certifies of how the key is sealed
					  (evidence/certified.h), or empty */
};
fh_err fh_device_read(struct fh_span body, struct fh_device_body *out, struct fh_trace *t);
void fh_device_put(struct fh_builder *b, const struct fh_device_body *d);

/* What the device key signs to prove that it is held: CHAIN_ID || device id,
 * detached, with FH_DEVICE_POSSESSION_AAD.  64 bytes.  */
void fh_device_possession_put(struct fh_builder *b, const struct fh_hash *chain_id,
			      struct fh_span key);
/* D's proof is right for the chain.  FH_ERR_SIGNATURE if it is not.  */
fh_err fh_device_possession_check(const struct fh_device_body *d, const struct fh_hash *chain_id);

/* How an actor is recognised.  */
enum fh_actor_credential {
	FH_CREDENTIAL_PEER,   /* Unix socket: what the kernel says */
	FH_CREDENTIAL_BEARER, /* HTTP: who holds the token */
};

struct fh_actor_body {
	struct fh_span name;           /* Cedar Actor::"name" */
	struct fh_span groups;         /* CBOR array of texts: Cedar Team::"..." */
	struct fh_span asks;           /* CBOR map, whom it may ask questions about; or empty */
	enum fh_actor_credential credential;
	uint32_t uid;                  /* peer: user id */
	struct fh_span executable;     /* peer: SHA-256 of its program, or empty: any */
	struct fh_span bearer;         /* bearer: SHA-256 of the token */
	bool expires;                  /* expires_ms holds */
	uint64_t expires_ms;           /* recognised only before: Unix ms */
};
fh_err fh_actor_read(struct fh_span body, struct fh_actor_body *out, struct fh_trace *t);
void fh_actor_put(struct fh_builder *b, const struct fh_actor_body *a);
/* ASKS, as a reader has accepted it, has the subject ID of TYPE; with an empty ID: some of
 * that type.  */
bool fh_asks_about(struct fh_span asks, struct fh_span type, struct fh_span id);

struct fh_server_body {
	struct fh_span name;        /* [a-z0-9-]{1,32} */
	struct fh_span command;     /* CBOR array of 1 .. texts; the first an absolute path */
	struct fh_span environment; /* CBOR map of texts to texts */
	struct fh_span directory;   /* absolute path it starts in */
	uint32_t uid, gid;          /* who it runs as */
	struct fh_span executable;  /* SHA-256 of its program, or empty: any */
};
/* NAME is 1 to 32 of a-z, 0-9 and -.  */
bool fh_server_name_fits(struct fh_span name);
fh_err fh_server_read(struct fh_span body, struct fh_server_body *out, struct fh_trace *t);
void fh_server_put(struct fh_builder *b, const struct fh_server_body *s);

/* The definitions that a server's tools had when the operator looked at them.  */
struct fh_pins_body {
	struct fh_span server;
	struct fh_span tools;       /* CBOR map of names to definitions: bytes of JSON */
	size_t tools_n;
};
/* Form only; what the definitions say is read by pins.h.  */
fh_err fh_pins_read(struct fh_span body, struct fh_pins_body *out, struct fh_trace *t);
/* Walks TOOLS as the reader has accepted them; *AT starts at 0.  */
bool fh_pins_next(struct fh_span tools, size_t *at, struct fh_span *name,
		  struct fh_span *definition);
/* A body is begun, gets its N tools in the order of map keys, and is ended.  */
void fh_pins_begin(struct fh_builder *b, size_t n);
void fh_pins_put_tool(struct fh_builder *b, struct fh_span name, struct fh_span definition);
void fh_pins_end(struct fh_builder *b, struct fh_span server);

struct fh_policy_body {
	struct fh_span cedar;  /* policy text */
	struct fh_span schema; /* Cedar schema text */
	struct fh_span entities; /* entities in Cedar's JSON; empty: none are listed */
	uint64_t expires_ms;   /* permits nothing from then on: Unix ms */
	uint64_t lease_ms;     /* from its signing on it permits so long without a lease (but
				  what is @fallback); 0: until it expires */
	uint64_t retain_ms;    /* entries that no @retain covers are kept no longer; 0: until
				  they are shredded.  Whole seconds */
};
/* Form only; the texts are checked by policy/ (see fh_chain_checks).  */
fh_err fh_policy_read(struct fh_span body, struct fh_policy_body *out, struct fh_trace *t);
void fh_policy_put(struct fh_builder *b, const struct fh_policy_body *p);

/* Who witnesses the records of this chain's devices, and whose logs these witness
 * (docs/spec/WITNESS).  */
constexpr size_t FH_WITNESSES_ASKED_MAX = 12;  /* with a URL: their lines and ours fit a note */
constexpr size_t FH_WITNESS_RESOLVED_MAX = 64; /* conflicts that the operator has looked at */

struct fh_witness_body {
	struct fh_span logs;     /* a witness policy: its logs are cosigned when they ask */
	struct fh_span policy;   /* a witness policy: its witnesses are asked */
	struct fh_span resolved; /* CBOR array of SHA-256 of conflicting notes; or empty */
};
fh_err fh_witness_read(struct fh_span body, struct fh_witness_body *out, struct fh_trace *t);
void fh_witness_put(struct fh_builder *b, const struct fh_witness_body *w);
/* The operator has looked at the note with this SHA-256, and the record goes on.  */
bool fh_witness_resolves(const struct fh_witness_body *w, const struct fh_hash *conflict);

/* Whose TPMs are believed to be TPMs (docs/spec/EVIDENCE, "Endorsement").  The body fits a
 * machine's document with all of its chain.  */
constexpr size_t FH_ROOTS_CERTIFICATES_MAX = 256;
constexpr size_t FH_ROOTS_LISTS_MAX = 64;
constexpr size_t FH_ROOTS_BODY_MAX = 512 << 10;

struct fh_roots_body {
	struct fh_span certificates; /* CBOR array of X.509 certificates in DER */
	struct fh_span lists;        /* the same of lists of revoked ones (CRL); or empty */
};
/* Form only; what is no certificate is for whoever uses it to refuse.  */
fh_err fh_roots_body_read(struct fh_span body, struct fh_roots_body *out, struct fh_trace *t);
/* Both arrays rise: shorter ones first, then bytewise, no two alike.  */
void fh_roots_body_put(struct fh_builder *b, const struct fh_span *certificate,
		       size_t certificates, const struct fh_span *list, size_t lists);
/* Members of such an array, as the reader has accepted it, up to MAX into OUT; how many.  */
size_t fh_roots_members(struct fh_span array, struct fh_span *out, size_t max);

/* That one device may boot in a state: the companion's signature over
 * fh_approval_digest().  */
struct fh_approval {
	struct fh_hash renews;       /* in a revocation: the reference statement it is for */
	struct fh_hash device;       /* device id */
	uint64_t epoch;              /* of that device */
	struct fh_span companion;    /* P-256 point, 65 bytes */
	struct fh_span signature;    /* r || s, 64 bytes */
};

struct fh_reference_body {
	struct fh_span label;        /* what the operator calls the state */
	struct fh_pcr_state state;
	struct fh_span approvals;    /* CBOR; empty: a state to recognise, released to nobody */
};
fh_err fh_reference_body_read(struct fh_span body, struct fh_reference_body *out,
			      struct fh_trace *t);
/* The body up to its approvals, which follow by fh_approvals_begin() and
 * fh_approval_put() if it APPROVES.  */
void fh_reference_put_head(struct fh_builder *b, const struct fh_reference_body *r, bool approves);
void fh_approvals_begin(struct fh_builder *b, size_t n);
void fh_approval_put(struct fh_builder *b, const struct fh_approval *a, bool renewing);
/* Walks APPROVALS as a reader has accepted them; *AT starts at 0.  */
bool fh_approval_next(struct fh_span approvals, bool renewing, size_t *at,
		      struct fh_approval *out);

/* To which boot epoch a revocation takes a device.  */
struct fh_device_epoch {
	struct fh_hash device; /* device id */
	uint64_t epoch;
};

struct fh_revoke_body {
	enum fh_statement_kind what; /* of those kinds that can be revoked */
	struct fh_span id;           /* its name; 32-byte device id or statement hash */
	/* REFERENCE: CBOR of the boot epochs that devices come to, and of approvals of
	 * the other states in them; or empty */
	struct fh_span epochs;
	struct fh_span approvals;
};
fh_err fh_revoke_read(struct fh_span body, struct fh_revoke_body *out, struct fh_trace *t);
/* All of it but the approvals, of which N follow as above.  R's epochs are what
 * fh_device_epochs_put() made.  */
void fh_revoke_put(struct fh_builder *b, const struct fh_revoke_body *r, size_t n);
void fh_device_epochs_put(struct fh_builder *b, const struct fh_device_epoch *e, size_t n);
/* Walks EPOCHS as a reader has accepted them; *AT starts at 0.  */
bool fh_device_epoch_next(struct fh_span epochs, size_t *at, struct fh_device_epoch *out);

/* Nothing of a subject ends while this is in force, whatever its age and whoever asked.  */
constexpr size_t FH_HOLD_REASON_MAX = 1024;

struct fh_hold_body {
	struct fh_span name;    /* by which it is revoked */
	struct fh_span subject; /* an actor's name; empty: everything */
	struct fh_span reason;  /* for people; may be empty */
};
fh_err fh_hold_read(struct fh_span body, struct fh_hold_body *out, struct fh_trace *t);
void fh_hold_put(struct fh_builder *b, const struct fh_hold_body *h);

/* All that was recorded of a subject before this is to end.  */
struct fh_shred_body {
	struct fh_span subject; /* an actor's name */
	struct fh_span reason;  /* for people; may be empty */
};
fh_err fh_shred_body_read(struct fh_span body, struct fh_shred_body *out, struct fh_trace *t);
void fh_shred_body_put(struct fh_builder *b, const struct fh_shred_body *s);

/* For whom the recovery slots of the record are, from then on, in place of genesis' recipient.  */
struct fh_slot_body {
	struct fh_span key;    /* a KEM's public key; empty: no slots are made */
	struct fh_span reason; /* for people; may be empty */
};
fh_err fh_slot_body_read(struct fh_span body, struct fh_slot_body *out, struct fh_trace *t);
void fh_slot_body_put(struct fh_builder *b, const struct fh_slot_body *s);

/* Members of a CBOR array of texts that a reader above has accepted (groups,
 * command): up to MAX of them into OUT; returns how many.  */
size_t fh_texts(struct fh_span array, struct fh_span *out, size_t max);
/* Members of a CBOR map of texts to texts (environment).  */
size_t fh_text_pairs(struct fh_span map, struct fh_span (*out)[2], size_t max);

#endif
