/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_DOCUMENT_PRIVATE_H
#define FH_VERIFY_DOCUMENT_PRIVATE_H

#include "verify/document.h"

/* Of document.c, document_quote.c and document_endorsement.c.  */

/* Authentic is no, for CODE at WHERE; returns where to write what is wrong.  */
struct fh_trace *fh_document_refuse(struct fh_document_check *c, const char *code,
				    const char *where);
bool fh_document_refused(const struct fh_document_check *c);

/* CODE is one of the reasons, at WHERE; returns where to write what there is to say.  */
struct fh_trace *fh_document_say(struct fh_document_check *c, const char *code, const char *where);

/* The endorsement certificate leads to a root of the operator's and of the asker's, as far as
 * there are any.  */
fh_err fh_document_check_endorsement(struct fh_document_check *c,
				     const struct fh_document_options *o);

/* How the device key is kept, in the TPM's words, if the chain has them.  */
fh_err fh_document_check_sealed(struct fh_document_check *c);

/* What the chip says: the quote, the event log, the endorsement, the live answer.  */
fh_err fh_document_check_chip(struct fh_document_check *c, const struct fh_document_options *o);

#endif
