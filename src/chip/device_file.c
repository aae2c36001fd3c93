/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/device_file.h"

#include <string.h>

#include "chain/joint.h"
#include "codec/cbor.h"

constexpr size_t members = 7;
constexpr size_t members_joint = 8;

void fh_device_file_put(struct fh_builder *b, const struct fh_device_file *f)
{
	const struct fh_release *r = &f->release;

	bool joint = fh_release_joint(r);

	fh_cbor_put_array(b, joint ? members_joint : members);
	fh_cbor_put_uint(b, joint ? FH_DEVICE_FILE_JOINT : FH_DEVICE_FILE_VERSION);
	fh_cbor_put_hash(b, &r->chain_id);
	fh_cbor_put_hash(b, &r->device_id);
	fh_cbor_put_bytes(b, f->identity);
	fh_cbor_put_uint(b, r->epoch);
	if (joint)
		fh_cbor_put_uint(b, r->needed);
	fh_cbor_put_array(b, r->companions);
	for (size_t i = 0; i < r->companions; i++)
		fh_cbor_put_bytes(b, FH_SPAN_ARRAY(r->companion[i].bytes));
	fh_cbor_put_array(b, f->blobs);
	for (size_t i = 0; i < f->blobs; i++)
		fh_cbor_put_bytes(b, f->blob[i]);
}

static void read_companions(struct fh_cursor *c, struct fh_release *r)
{
	r->companions = fh_cbor_array(c, FH_COMPANIONS_MAX);
	for (size_t i = 0; i < r->companions; i++) {
		struct fh_span point = fh_cbor_bytes_exact(c, FH_P256_PUBLIC_SIZE);

		if (point.n == FH_P256_PUBLIC_SIZE)
			memcpy(r->companion[i].bytes, point.p, point.n);
	}
}

fh_err fh_device_file_read(struct fh_span bytes, struct fh_device_file *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_device_file f = { 0 };

	size_t n = fh_cbor_array(&c, members_joint);
	uint64_t version = fh_cbor_uint(&c);
	bool joint = version == FH_DEVICE_FILE_JOINT;

	if (!fh_cursor_bad(&c) && version != FH_DEVICE_FILE_VERSION && !joint)
		return FH_ERR_VERSION;
	if (n != (joint ? members_joint : members))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	f.release.chain_id = fh_cbor_hash(&c);
	f.release.device_id = fh_cbor_hash(&c);
	f.identity = fh_cbor_bytes(&c, FH_CHIP_IDENTITY_MAX);
	f.release.epoch = fh_cbor_uint(&c);
	if (joint)
		f.release.needed = fh_cbor_uint(&c);
	read_companions(&c, &f.release);
	if (joint && (f.release.needed < 2 || f.release.needed > f.release.companions))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	f.blobs = fh_cbor_array(&c, FH_DEVICE_EPOCHS_MAX);
	for (size_t i = 0; i < f.blobs; i++)
		f.blob[i] = fh_cbor_bytes(&c, FH_CHIP_BLOB_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && (f.blobs == 0 || f.release.epoch == UINT64_MAX))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = f;
	return e;
}
