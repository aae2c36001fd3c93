/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_DOCUMENT_H
#define FH_VERIFY_DOCUMENT_H

#include "chain/chain.h"
#include "crypto/x509_ek.h"
#include "entry/certificate.h"
#include "evidence/document.h"
#include "merkle/checkpoint.h"
#include "verify/finding.h"
#include "verify/machine.h"

/* A verdict over the document of a machine, and over the quote it makes when it is
 * asked with a nonce.  docs/spec/EVIDENCE.  */

/* Who has seen that the attestation key lives in the endorsed TPM.  */
enum fh_binding {
	FH_BINDING_NONE = 0, /* there is no attestation key */
	FH_BINDING_SELF,     /* the machine says so */
	FH_BINDING_OPERATOR, /* the operator enrolled it: the answer opened only there */
	FH_BINDING_LIVE,     /* the asker, just now */
};
/* "none", "self", "operator-witnessed", "live".  */
const char *fh_binding_text(enum fh_binding b);

/* What a live answer says of the connection that it came over.  */
enum fh_channel {
	FH_CHANNEL_UNCHECKED = 0, /* nothing was asked */
	FH_CHANNEL_UNBOUND,       /* nothing: whoever carried it may have been anybody */
};
/* "unchecked", "unbound".  */
const char *fh_channel_text(enum fh_channel c);

/* What became of a credential for the endorsed TPM and the attestation key.  */
enum fh_activation {
	FH_ACTIVATION_NONE = 0, /* none was sent, or it was not answered */
	FH_ACTIVATION_OPENED,
	FH_ACTIVATION_FAILED,   /* what came back is not what was in it, or it was refused */
};

constexpr size_t FH_DOCUMENT_OWN = 32 << 20; /* memory for what is decoded */

struct fh_document_options {
	bool genesis_given;
	struct fh_hash genesis;
	struct fh_chain_checks checks;
	const struct fh_x509_roots *roots;    /* NULL: none */
	uint64_t at_ms;                       /* when certificates have to be valid */
	struct fh_span answer;                /* live: the quote it made; or empty */
	struct fh_span nonce, origin;         /* live: what it was asked, and where */
	enum fh_activation activation;        /* live: of a credential that the asker made */
	struct fh_arena *live, *spare, *scratch; /* of the chain */
	struct fh_arena *own;                 /* FH_DOCUMENT_OWN */
};

struct fh_document_check {
	struct fh_finding finding;
	struct fh_document document;   /* of no worth unless authentic is yes */
	struct fh_certificate certificate;
	struct fh_hash device_id, session_id;
	struct fh_checkpoint checkpoint;
	struct fh_chain chain;
	enum fh_binding binding;
	enum fh_answer sealed;         /* the TPM certifies that it keeps the device key */
	enum fh_channel channel;       /* of the live answer */
	struct fh_machine_result quote; /* the document's, if it has one */
	struct fh_machine_result answer; /* the live one */
	struct fh_ek_result ek;        /* if it has a certificate and there are roots */
};

/* Reads the document TEXT without believing it, into ARENA: for whoever wants to ask the
 * machine something first.  */
fh_err fh_document_peek(struct fh_span text, struct fh_arena *arena, struct fh_document *out);

/* Judges the document TEXT.  FH_ERR_NOMEM, FH_ERR_CRYPTO: could not tell; what is no
 * document is a no like any other.  OUT must stay where it is.  */
fh_err fh_document_verify(struct fh_span text, const struct fh_document_options *o,
			  struct fh_document_check *out);

#endif
