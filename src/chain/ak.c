/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/ak.h"

#include "base/builder.h"
#include "base/cursor.h"

constexpr uint16_t alg_sha256 = 0x000b;
constexpr size_t half_max = 32; /* some TPMs leave out leading zeros */

/* All of the template but the point: type ECC, nameAlg SHA-256, fixedTPM
 * fixedParent sensitiveDataOrigin userWithAuth noDA restricted sign, no policy,
 * symmetric NULL, ECDSA with SHA-256, curve P-256, kdf NULL.  */
static const uint8_t template[] = {
	0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04, 0x72, 0x00, 0x00,
	0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10,
};

fh_err fh_ak_name_of(struct fh_span ak, struct fh_ak_name *out)
{
	struct fh_cursor c = fh_cursor_of(ak);

	fh_cursor_expect(&c, FH_SPAN_ARRAY(template));

	struct fh_span x = fh_cursor_vec16(&c, half_max);
	struct fh_span y = fh_cursor_vec16(&c, half_max);

	if (fh_cursor_end(&c) != FH_ERR_OK || x.n == 0 || y.n == 0)
		return FH_ERR_FORMAT;

	struct fh_hash digest = fh_hash_of(ak);
	struct fh_builder b = FH_BUILDER_ARRAY(out->bytes);

	fh_builder_be16(&b, alg_sha256);
	fh_builder_bytes(&b, fh_hash_span(&digest));
	return FH_ERR_OK;
}
