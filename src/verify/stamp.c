/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/stamp.h"

/* What an attestation came to.  */
enum outcome {
	OPEN,         /* it could not be checked */
	WEAK,         /* it holds, but its header is not trusted enough */
	CONTRADICTED, /* the block has another Merkle root */
	HOLDS,
};

static struct fh_trace *say(struct fh_stamp_check *c, const char *code, const char *what)
{
	struct fh_trace *t = fh_finding_say(&c->finding, code);

	fh_trace_what(t, "%s", what);
	return t;
}

/* The proof is readable and begins with the digest of FILE.  */
static fh_err check_file(struct fh_span ots, struct fh_span file, struct fh_arena *a,
			 struct fh_stamp_check *c)
{
	uint8_t digest[FH_HASH_SIZE];
	struct fh_trace why = { 0 };
	fh_err e = fh_stamp_read(ots, a, &c->stamp, &why);

	if (e == FH_ERR_OK)
		e = fh_stamp_op_digest(c->stamp.op, file, digest);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	if (e == FH_ERR_UNSUPPORTED) {
		say(c, "unsupported", "OpenSSL was built without a hash that it needs");
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK) {
		struct fh_trace *t = fh_finding_say(&c->finding, "malformed");

		fh_trace_where(t, "%s", why.where);
		fh_trace_what(t, "%s", why.what);
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
		return FH_ERR_OK;
	}
	if (fh_span_equal(c->stamp.root->message,
			  fh_span_of(digest, fh_stamp_op_digest_size(c->stamp.op))))
		return fh_stamp_claims(c->stamp.root, a, &c->claim, &c->claims);
	say(c, "other-file", "the proof is of another file, or the file was changed");
	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	return FH_ERR_OK;
}

static enum outcome judge(const struct fh_stamp_claim *claim, const struct fh_headers *headers,
			  struct fh_header_place *p)
{
	struct fh_span message = claim->at->message;
	uint64_t height = claim->attestation->height;
	struct fh_hash root;

	if (message.n != FH_HASH_SIZE)
		return CONTRADICTED;
	for (size_t i = 0; i < FH_HASH_SIZE; i++)
		root.bytes[i] = message.p[i];
	if (headers == nullptr)
		return OPEN;
	if (fh_headers_find(headers, height, p))
		return fh_hash_equal(&p->header.root, &root) ? HOLDS : CONTRADICTED;
	if (fh_headers_find_root(headers, &root, p) &&
	    fh_header_hard_enough(&p->header, headers->network, height))
		return HOLDS;
	/* One alone is meant for this proof.  */
	return fh_headers_is_single(headers) ? CONTRADICTED : OPEN;
}

/* P speaks louder than what was found before, or as loud for an earlier time.  */
static bool is_better(const struct fh_stamp_check *c, const struct fh_header_place *p,
		      uint64_t height)
{
	if (!c->existed || p->trust != c->place.trust)
		return !c->existed || p->trust > c->place.trust;
	return height < c->height;
}

static void say_missed(struct fh_stamp_check *c, enum outcome o, uint64_t height)
{
	static const struct {
		const char *code, *what, *cure;
	} rows[] = {
		[OPEN] = { "no-header", "its header is not among those that were given",
			   "give one with --headers" },
		[WEAK] = { "weak-header", "its header is trusted less than --trust demands",
			   "give the headers from the genesis block on" },
		[CONTRADICTED] = { "other-root", "the proof leads to another Merkle root", "" },
	};
	struct fh_trace *t = fh_finding_say(&c->finding, rows[o].code);

	fh_trace_where(t, "block %llu", (unsigned long long)height);
	fh_trace_what(t, "%s", rows[o].what);
	fh_trace_cure(t, "%s", rows[o].cure);
}

static enum outcome judge_bitcoin(const struct fh_stamp_claim *claim,
				  const struct fh_headers *headers, enum fh_header_trust least,
				  struct fh_stamp_check *c)
{
	uint64_t height = claim->attestation->height;
	struct fh_header_place p;
	enum outcome o = judge(claim, headers, &p);

	if (o == HOLDS && p.trust < least)
		o = WEAK;
	if (o == HOLDS && is_better(c, &p, height)) {
		c->existed = true;
		c->network = headers->network;
		c->height = height;
		c->place = p;
	}
	if (o != HOLDS)
		say_missed(c, o, height);
	return o;
}

static void say_open(struct fh_stamp_check *c, const struct fh_attestation *x)
{
	struct fh_trace *t;
	const uint8_t *p = x->tag;

	switch (x->notary) {
	case FH_NOTARY_PENDING:
		t = say(c, "pending", "this calendar has promised to put it into a block");
		fh_trace_where(t, "%.*s", (int)x->uri.n, (const char *)x->uri.p);
		fh_trace_cure(t, "run `freehold stamp upgrade` some hours after it was made");
		break;
	case FH_NOTARY_TRANSACTION:
		t = say(c, "pending", "its transaction is not yet known to be in a block");
		fh_trace_where(t, "%.*s", (int)x->uri.n, (const char *)x->uri.p);
		fh_trace_cure(t, "run `freehold stamp upgrade` after six blocks");
		break;
	case FH_NOTARY_REQUEST:
		t = say(c, "pending", "it was carried out to be stamped by hand");
		fh_trace_cure(t, "run `freehold stamp import` with the proof that comes back, "
				 "or, of a "
			      "record, `freehold record anchor --import`");
		break;
	case FH_NOTARY_LITECOIN:
		t = say(c, "unsupported", "blocks of Litecoin are not checked");
		fh_trace_where(t, "litecoin block %llu", (unsigned long long)x->height);
		break;
	default:
		t = say(c, "unsupported", "this kind of attestation is not known");
		fh_trace_where(t, "attestation %02x%02x%02x%02x%02x%02x%02x%02x", p[0], p[1], p[2],
			       p[3], p[4], p[5], p[6], p[7]);
	}
}

static const char *what_of(enum fh_header_trust trust)
{
	switch (trust) {
	case FH_HEADER_GENESIS:
		return "every header since the genesis block was checked";
	case FH_HEADER_PINNED:
		return "its header is linked with a block that this program knows";
	case FH_HEADER_SHORT:
		return "its chain ends before the next block that this program knows: only its "
		       "work speaks for it";
	case FH_HEADER_ALONE:
		return "its header has the work it needs, but hangs from nothing that is known: "
		       "whoever gave it is trusted that it is of the chain";
	default:
		return "its header has the work it needs, but nobody said at what height: whoever "
		       "gave it is trusted that it is of the chain";
	}
}

static void conclude(struct fh_stamp_check *c, bool contradicted)
{
	struct fh_trace *t;

	if (c->existed) {
		t = say(c, fh_header_trust_text(c->place.trust), what_of(c->place.trust));
		fh_trace_where(t, "block %llu", (unsigned long long)c->height);
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_YES);
	} else if (contradicted) {
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	}
}

fh_err fh_stamp_verify(struct fh_span ots, struct fh_span file, const struct fh_headers *headers,
		       enum fh_header_trust least, struct fh_arena *a, struct fh_stamp_check *out)
{
	bool contradicted = false;

	*out = (struct fh_stamp_check){ 0 };
	fh_finding_begin(&out->finding);

	fh_err e = check_file(ots, file, a, out);

	for (size_t i = 0; e == FH_ERR_OK && i < out->claims; i++) {
		if (out->claim[i].attestation->notary == FH_NOTARY_BITCOIN)
			contradicted |= judge_bitcoin(&out->claim[i], headers, least, out) ==
					CONTRADICTED;
		else
			say_open(out, out->claim[i].attestation);
	}
	if (e == FH_ERR_OK)
		conclude(out, contradicted);
	return e;
}
