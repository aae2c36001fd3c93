/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_LIMITS_H
#define FH_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* Every bound on what others may make us read, hold or write, in one place,
 * each with its reason.  Sizes are bytes unless the name says otherwise.  */

/* Codecs */
constexpr int FH_CBOR_DEPTH_MAX = 32;         /* deepest nesting; MCP payloads rarely pass 10 */
constexpr size_t FH_CBOR_ITEMS_MAX = 1 << 20; /* elements of one array or map */
constexpr int FH_JSON_DEPTH_MAX = 32;         /* as CBOR: each converts to the other */
constexpr size_t FH_JSON_MAX = 4 << 20;       /* one JSON text; a 3 MiB file in base64 fits */
constexpr size_t FH_NOTE_MAX = 64 << 10;      /* a signed note: 16 signatures of our size */
constexpr size_t FH_NOTE_SIGNATURES_MAX = 16; /* C2SP signed-note: verifiers accept at least 16 */
constexpr size_t FH_NOTE_SIGNATURE_MAX = 8192;  /* one signature we decode; ML-DSA-87's 4,627 fit */
constexpr size_t FH_NOTE_NAME_MAX = 255;      /* a key name on a signature line */

/* JSON Schema */
constexpr size_t FH_SCHEMA_NODES_MAX = 65536;     /* schemas in one; the meta-schemas have 200 */
constexpr int FH_SCHEMA_DEPTH_MAX = 512;          /* schemas that lead into each other: the stack */
constexpr uint64_t FH_SCHEMA_STEPS_MAX = 20000000; /* work of one check: some 0.2 s */
constexpr int64_t FH_SCHEMA_EXPONENT_MAX = 1000000000; /* so that sums of exponents fit */
constexpr size_t FH_SCHEMA_MULTIPLE_DIGITS_MAX = 18;   /* of multipleOf: a rest, times 10, fits */
constexpr size_t FH_REGEX_PATTERN_MAX = 4096;    /* bytes of one pattern; the usual have 50 */
constexpr int FH_REGEX_NESTING_MAX = 64;         /* groups in each other: the parser's stack */
constexpr size_t FH_REGEX_STATES_MAX = 16384;    /* counts written out; times a text's length */

/* Anchors (docs/spec/ANCHOR) */
constexpr size_t FH_ANCHORS_MAX = 1 << 16; /* of one record: one an hour for seven years */
constexpr size_t FH_ANCHORS_LIST_MAX = FH_ANCHORS_MAX * 21; /* 20 digits a line */

/* The authority chain */
constexpr size_t FH_STATEMENT_MAX = 1 << 20;     /* one statement; a policy of 10,000 rules fits */
constexpr size_t FH_STATEMENT_SIGNATURES_MAX = 32; /* signatures under one statement */
constexpr size_t FH_SIGNERS_MAX = 16;            /* operator keys of one chain */
constexpr size_t FH_CHAIN_MAX = 100000;          /* statements in one chain */
constexpr size_t FH_CHAIN_OBJECTS_MAX = 4096;    /* devices, actors or servers alive in one chain */
constexpr size_t FH_APPROVALS_MAX = 4096;        /* in one statement: 213 bytes each */
constexpr uint64_t FH_EPOCHS_BEHIND_MAX = 16;    /* approvals of older boot epochs are over */
constexpr size_t FH_NAME_MAX = 128;              /* a name the operator gave */
constexpr size_t FH_FUNCTION_NAME_MAX = 64;      /* of a function that a model calls */
constexpr size_t FH_ASKS_TYPES_MAX = 64;         /* types of subjects one actor may ask about */
constexpr size_t FH_ASKS_IDS_MAX = 1024;         /* of one type, named one by one */
constexpr size_t FH_SERVER_ARGUMENTS_MAX = 64;   /* words of one tool server's command */
constexpr size_t FH_SERVER_ENVIRONMENT_MAX = 64; /* variables of one tool server */
constexpr size_t FH_PINS_TOOLS_MAX = 1024;       /* pinned tools of one server */
constexpr size_t FH_TOOLS_LISTED_MAX = 4096;     /* definitions in one answer that are compared */
constexpr size_t FH_PATH_MAX = 4096;             /* a path, as Linux has it */

/* Enrolment */
/* event log in a request: those seen have 64 KiB */
constexpr size_t FH_REQUEST_LOG_MAX = 256 << 10;
/* with the largest EK certificate */
constexpr size_t FH_REQUEST_MAX = FH_REQUEST_LOG_MAX + (32 << 10);
constexpr size_t FH_SEALED_ANSWER_MAX = 16 << 20; /* an answer: 15 of the largest statements */
constexpr size_t FH_SEALED_OVERHEAD = 1024;       /* of it, what is not statements */
constexpr size_t FH_SEALED_STATEMENTS_MAX = 4096; /* statements in one answer: 4 KiB each */

/* The evidence document (docs/spec/EVIDENCE) */
constexpr size_t FH_DOCUMENT_MAX = 3 << 20;          /* as it is served: fits one frame */
constexpr size_t FH_DOCUMENT_PAYLOAD_MAX = 2 << 20;  /* before the second base64: 2.8 MB then */
constexpr size_t FH_DOCUMENT_CHAIN_MAX = 1 << 20;    /* statements in it: 1.4 MB in base64 */
constexpr size_t FH_DOCUMENT_STATEMENTS_MAX = 4096;  /* of them */
constexpr size_t FH_DOCUMENT_LOG_MAX = 192 << 10;    /* each of two event logs: usual are 40 KiB */
constexpr size_t FH_DOCUMENT_STARTS_MAX = 64;        /* earlier cold starts told */
constexpr size_t FH_ENDORSEMENTS_MAX = 4;            /* an EK certificate and those above it */
constexpr uint32_t FH_LIVE_BURST = 4;                /* quotes that askers get at once ... */
constexpr uint32_t FH_LIVE_INTERVAL_MS = 5000;       /* ... then one each: TPMs are slow */

/* Policy */
constexpr size_t FH_POLICY_TEXT_MAX = 512 << 10; /* Cedar text in one statement */
constexpr size_t FH_POLICY_RULES_MAX = 10000;    /* permits and forbids in one statement */
constexpr size_t FH_CEDAR_TEXT_MAX = 16 << 20;   /* policies for others: parsed in a second */
constexpr size_t FH_CEDAR_STRING_MAX = 1 << 20;  /* one string in Cedar text, as written */
constexpr size_t FH_ANNOTATIONS_MAX = 256;       /* of one policy: compared in pairs */
constexpr size_t FH_RECORD_FIELDS_MAX = 512;     /* of a record in a policy: compared in pairs */
constexpr int FH_EXPR_NESTING_MAX = 256;         /* brackets and ifs: the parser's stack */
constexpr int FH_EXPR_DEPTH_MAX = 1000;          /* a condition's tree: all other stacks */
constexpr size_t FH_POLICY_PARENTS_MAX = 64;     /* direct groups of one entity */
constexpr size_t FH_POLICY_REASONS_MAX = 16;     /* policies named in one decision */
constexpr size_t FH_LIMITS_MAX = 8;              /* parts of one @quota */
constexpr size_t FH_CHARGES_MAX = 16;            /* budgets that one request is charged to */
constexpr size_t FH_ENTITY_ID_MAX = 4096;        /* the id of an entity: a path fits */
constexpr size_t FH_ENTITIES_JSON_MAX = 64 << 20; /* entities as JSON: 100,000 of 640 bytes */
constexpr size_t FH_ENTITIES_LIST_MAX = 1 << 17; /* entities of one document */
constexpr size_t FH_CLOSURE_MAX = 1 << 22;       /* ancestors looked at to close them all */
constexpr int FH_CEDAR_JSON_DEPTH_MAX = 64;      /* a value in JSON; bounds comparing two */
constexpr size_t FH_POLICY_NAME_MAX = 256;       /* a Cedar name with its namespaces */
constexpr size_t FH_CONTEXT_MAX = 64 << 10;      /* arguments of a call that policies may read:
						    as values 3 MiB at most */
constexpr size_t FH_SCHEMA_TEXT_MAX = 512 << 10; /* Cedar schema text in one statement */
constexpr size_t FH_SCHEMA_TYPES_MAX = 1024;     /* entity types of one schema */
constexpr size_t FH_SCHEMA_ALIASES_MAX = 4096;   /* common types of one schema */
constexpr size_t FH_SCHEMA_SPACES_MAX = 256;     /* namespaces of one schema: compared in pairs */
constexpr int FH_SCHEMA_NESTING_MAX = 64;        /* sets and records written in each other */
constexpr int FH_TYPE_DEPTH_MAX = 128;           /* the same, common types resolved: stacks */
constexpr size_t FH_SCHEMA_ACTIONS_MAX = 4096;   /* actions of one schema */
constexpr uint64_t FH_VALIDATION_STEPS_MAX = 1 << 26; /* of one document: some seconds */
constexpr size_t FH_CAPABILITIES_MAX = 512;      /* `has` tests of one policy that differ: a set */
constexpr size_t FH_TOKENS_POINTER_MAX = 128;    /* where a result says what it used */
constexpr uint64_t FH_TOKENS_MAX = 1000000000;   /* of one call */
constexpr size_t FH_SCHEMA_CALLS_MAX = 16384;    /* wire calls that one schema maps */

constexpr uint64_t FH_STATE_INTERVAL = 4096;     /* entries from one state entry to the next */
constexpr uint64_t FH_RESUME_INTERVAL = 65536;   /* entries from one record/resume to the next */
constexpr size_t FH_BUDGETS_MAX = 4096;          /* budgets in use at one time: 600 bytes each */

/* The record */
constexpr size_t FH_LEAF_MAX = 512;               /* a leaf; C2SP caps entries at 65,535 */
constexpr size_t FH_FIELDS_MAX = 16;              /* committed fields of one entry */
constexpr size_t FH_PAYLOAD_MAX = 2 * FH_STATEMENT_MAX; /* sealed beside a leaf: an envelope fits */
constexpr size_t FH_PAYLOAD_ARGUMENTS_MAX = 64 << 10; /* arguments kept whole; above: digest */
constexpr size_t FH_BATCH_ENTRIES_MAX = 4096;     /* entries under one checkpoint signature */
constexpr size_t FH_BATCH_MAX = 8 << 20;          /* bytes of one batch in the journal */
constexpr size_t FH_SEGMENT_MAX = 256 << 20;      /* bytes of a segment before the next begins */
constexpr size_t FH_SEGMENT_FILE_MAX = 264 << 20; /* bytes of one that a reader takes */
constexpr size_t FH_SAVED_MAX = 256 << 20;        /* what a verifier goes on from: nearly all of it
						     statements, of which 50,000 usual ones fit */
constexpr uint64_t FH_RECORD_RESERVE = 4 << 20;   /* kept free for chain, boot, shutdown entries */

/* Processes */
constexpr size_t FH_FRAME_MAX = FH_JSON_MAX + 65536; /* one frame between roles */
constexpr size_t FH_GATES_MAX = 64;               /* peer identities at one time */
constexpr size_t FH_GATES_PER_USER_MAX = 8;       /* so that one user cannot take all gates */
constexpr size_t FH_SESSIONS_PER_ACTOR_MAX = 32;  /* so that one actor cannot take all sessions */
constexpr uint64_t FH_SESSION_IDLE_MS = 30 * 60 * 1000; /* a session without calls ends then */
constexpr size_t FH_SESSIONS_MAX = 256;           /* client sessions, each a tool server process */
constexpr size_t FH_CONNECTIONS_MAX = 1024;       /* client connections of one gate */
constexpr size_t FH_INFLIGHT_MAX = 4096;          /* requests core holds at one time */
constexpr size_t FH_OPEN_MAX = 20000;             /* permitted intents without an outcome: more
						     than all calls of all sessions */
constexpr size_t FH_EXECUTABLE_MAX = 256 << 20;   /* a peer's executable, hashed at accept */
constexpr size_t FH_EXECUTABLES_MAX = 64;         /* digests remembered: one for each gate */
constexpr int FH_SERVER_LAUNCH_MS = 10000;        /* from fork to exec; 256 MiB hashed on the way */
constexpr uint32_t FH_SERVER_START_MS = 20000;    /* a tool server's time to answer initialize */
constexpr size_t FH_PROGRESS_MAX = 4096;         /* one notification of a call's progress, CBOR */
constexpr size_t FH_PROGRESS_ALL_MAX = FH_FRAME_MAX - FH_JSON_MAX; /* of one call; quotas of bytes
						     reserve a frame for them and the result */
constexpr uint32_t FH_SERVER_CALL_MS = 120000;    /* a tool server's time to answer a call */

constexpr uint64_t FH_CHIP_LOOK_MS = 10 * 1000;      /* between two looks whether it is there */
constexpr uint64_t FH_CHIP_LOOKS = 6; /* of which one is by the chip itself: a session is slow */
constexpr uint64_t FH_CHIP_LOST_MS = 60 * 1000;      /* then it ends, for another start */
constexpr uint64_t FH_QUOTE_INTERVAL_MS = 60 * 60 * 1000; /* between two quotes of one session */
constexpr uint64_t FH_SHRED_INTERVAL_MS = 60 * 1000; /* between two shreds that age asks for */
constexpr uint64_t FH_RECEIPT_INTERVAL_MS = 10 * 1000; /* between two roots signed for receipts */

/* HTTP */
constexpr size_t FH_HTTP_HEADERS_MAX = 64;        /* header lines of one request */
constexpr size_t FH_HTTP_HEADER_MAX = 16 << 10;   /* bytes of all header lines together */
constexpr size_t FH_HTTP_TARGET_MAX = 2048;       /* the request target */
constexpr uint32_t FH_HTTP_IDLE_MS = 60000;       /* a connection that says nothing */

/* AuthZEN */
constexpr size_t FH_AUTHZEN_BODY_MAX = 256 << 10;   /* one request: 64 evaluations of 4 KiB */
constexpr size_t FH_AUTHZEN_PARAMS_MAX = 1 << 20;   /* with what is said once written to each */
constexpr size_t FH_AUTHZEN_EVALUATIONS_MAX = 64;   /* of one request; each yes is an entry */
constexpr size_t FH_AUTHZEN_WORK_MAX = 1 << 16;     /* policies asked for one request: core decides
						       nothing else meanwhile */
constexpr size_t FH_FUNCTION_ARGUMENTS_MAX = 128 << 10; /* as JSON; half of a body */
constexpr int FH_FUNCTION_ARGUMENTS_DEPTH_MAX = FH_CBOR_DEPTH_MAX - 4; /* they cross to core
									   inside four others */
constexpr size_t FH_FUNCTION_CALL_ID_MAX = 128;     /* of a call; OpenAI's have up to 64 */
constexpr size_t FH_AUTHZEN_PAGE = 100;             /* results of a search without a limit */
constexpr size_t FH_AUTHZEN_PAGE_MAX = 1000;        /* and with one */
constexpr size_t FH_AUTHZEN_ANSWER_MAX = 1 << 20;   /* as CBOR: every id of a document fits */
constexpr size_t FH_HTTP_REQUEST_ID_MAX = 256;      /* X-Request-ID, which is told back */

/* Clients of a gate */
constexpr size_t FH_MCP_ID_MAX = 128;             /* a JSON-RPC id as CBOR; a UUID takes 38 */
constexpr size_t FH_ANSWER_MAX = 6 * FH_JSON_MAX + 65536; /* a body as JSON: six for one */
constexpr size_t FH_CLIENT_INFLIGHT_MAX = 64;     /* requests one stdio client has open */
constexpr size_t FH_CLIENT_SMALL = 16 << 10;      /* memory of a client, each direction */
constexpr size_t FH_LARGE_MAX = 32;               /* clients with more than that at one time */
constexpr uint32_t FH_CLIENT_LARGE_MS = 1000;     /* to read a large answer that others' need */
constexpr uint32_t FH_HTTP_REQUEST_MS = 30000;    /* a request from its first byte to its last */
constexpr uint32_t FH_CLIENT_HELLO_MS = 10000;    /* a stdio client's time to name its server */
constexpr uint32_t FH_CLIENT_LINGER_MS = 1000;    /* for a client to read our last words */
constexpr uint32_t FH_HEALTH_MS = 2000;           /* core's time to say that it is there */

#endif
