/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_TPM2_ENDORSE_H
#define FH_CHIP_TPM2_ENDORSE_H

#include "chip/chip.h"
#include "crypto/x509.h"

/* What enrolment needs of a TPM: who endorses it, which key attests for it, and
 * the proof that both live in the same chip (credential activation).  Only for
 * a chip from fh_chip_tpm2_open(); FH_ERR_UNSUPPORTED for another.
 *
 * Both keys are primaries of the endorsement hierarchy, made again from their
 * templates each time and never stored: the EK is the TCG's P-256 one, or its
 * RSA-2048 one if the TPM holds a certificate for that alone; the AK is P-256.
 * docs/spec/CHIP.md.  */

constexpr size_t FH_EK_CERTIFICATE_MAX = 4096; /* bytes; those seen in the field are below 2048 */
constexpr size_t FH_AK_PUBLIC_MAX = 128;       /* bytes of its TPMT_PUBLIC */
constexpr size_t FH_AK_NAME_SIZE = 34;         /* SHA-256's id, then the digest */

struct fh_endorsement {
	uint8_t certificate[FH_EK_CERTIFICATE_MAX]; /* the EK's, DER */
	size_t certificate_n;                       /* 0 if the TPM holds none (simulators) */
	struct fh_x509_key ek;                      /* made from the TCG's template */
	uint8_t ak[FH_AK_PUBLIC_MAX];               /* the AK's TPMT_PUBLIC */
	size_t ak_n;                                /* bytes of it */
	uint8_t ak_name[FH_AK_NAME_SIZE];           /* what a credential is made for */
};

/* FH_ERR_CONFLICT if the certificate is for another key than the TPM makes,
 * FH_ERR_FORMAT if what is in its place is no certificate.  */
fh_err fh_endorsement_read(struct fh_chip *c, struct fh_endorsement *out);

/* Opens the credential that the operator made for this EK and AK, of the parts
 * OBJECT and SEED (crypto/credential.h).  FH_ERR_SIGNATURE if it was made for
 * others, or altered.  */
fh_err fh_endorsement_activate(struct fh_chip *c, struct fh_span object, struct fh_span seed,
			       struct fh_secret *out);

/* As seal_device() of the class, and has the AK certify what was made, and the epoch counter
 * (evidence/certified.h): at most FH_CERTIFIED_MAX bytes into CERTIFIED.  On an error BLOB
 * is empty.  */
fh_err fh_endorsement_seal(struct fh_chip *c, const struct fh_release *r, struct fh_span plain,
			   struct fh_builder *blob, struct fh_builder *certified);

#endif
