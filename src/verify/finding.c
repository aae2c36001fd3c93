/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/finding.h"

static const char *const questions[FH_QUESTIONS] = { "authentic", "fresh", "enrolled",
						     "accepted" };

const char *fh_question_text(int i)
{
	return i >= 0 && i < FH_QUESTIONS ? questions[i] : "unknown";
}

fh_err fh_question_parse(struct fh_span text, enum fh_aspect *out)
{
	for (int i = 0; i < FH_QUESTIONS; i++) {
		if (fh_span_equal(text, fh_span_str(questions[i]))) {
			*out = (enum fh_aspect)(1 << i);
			return FH_ERR_OK;
		}
	}
	return FH_ERR_UNKNOWN;
}

fh_err fh_weakness_parse(struct fh_span text, enum fh_weakness *out)
{
	if (fh_span_equal(text, FH_SPAN_LIT("none")))
		*out = FH_WEAK_NONE;
	else if (fh_span_equal(text, FH_SPAN_LIT("simulated")))
		*out = FH_WEAK_SIMULATED;
	else if (fh_span_equal(text, FH_SPAN_LIT("co-located")))
		*out = FH_WEAK_CO_LOCATED;
	else if (fh_span_equal(text, FH_SPAN_LIT("weak-firmware")))
		*out = FH_WEAK_FIRMWARE;
	else
		return FH_ERR_UNKNOWN;
	return FH_ERR_OK;
}

void fh_finding_begin(struct fh_finding *f)
{
	*f = (struct fh_finding){ 0 };
	for (int i = 0; i < FH_QUESTIONS; i++)
		f->answer[i] = FH_ANSWER_UNCHECKED;
}

struct fh_trace *fh_finding_say(struct fh_finding *f, const char *code)
{
	if (f->reasons == FH_REASONS_MAX) {
		f->more++;
		return nullptr;
	}
	struct fh_grounds *r = &f->reason[f->reasons++];

	*r = (struct fh_grounds){ .code = code };
	return &r->why;
}

void fh_finding_say_why(struct fh_finding *f, const char *code, const struct fh_trace *why)
{
	struct fh_trace *t = fh_finding_say(f, code);

	if (t != nullptr)
		*t = *why;
}

void fh_finding_say_static(struct fh_finding *f, const char *what)
{
	struct fh_trace *t = fh_finding_say(f, "static");

	fh_trace_where(t, "fresh");
	fh_trace_what(t, "not checked: %s says nothing about now", what);
}

static int number_of(enum fh_aspect q)
{
	for (int i = 0; i < FH_QUESTIONS; i++) {
		if ((unsigned)q == 1U << i)
			return i;
	}
	return 0;
}

enum fh_answer fh_finding_answer(const struct fh_finding *f, enum fh_aspect q)
{
	return f->answer[number_of(q)];
}

void fh_finding_set(struct fh_finding *f, enum fh_aspect q, enum fh_answer a)
{
	f->answer[number_of(q)] = a;
}

static void refuse_grade(struct fh_finding *f, const char *name, const char *what)
{
	struct fh_trace *t = fh_finding_say(f, "grade");

	fh_trace_where(t, "%s", name);
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "if that is known and meant, allow it: --allow-grade %s", name);
}

static bool weak(struct fh_finding *f, unsigned allowed)
{
	size_t before = f->reasons + f->more;

	if (f->graded && f->grade == FH_GRADE_NONE && (allowed & FH_WEAK_NONE) == 0)
		refuse_grade(f, "none", "no chip keeps the device key: who read its file can sign");
	if (f->graded && f->grade == FH_GRADE_SIMULATED && (allowed & FH_WEAK_SIMULATED) == 0)
		refuse_grade(f, "simulated", "a software TPM keeps the device key: who read its"
					     " state can sign");
	if (f->placed && f->placement == FH_PLACEMENT_CO_LOCATED &&
	    (allowed & FH_WEAK_CO_LOCATED) == 0)
		refuse_grade(f, "co-located", "the operator key lies on the governed machine: who"
					      " owns the machine may own the rules");
	if (f->weak_firmware && (allowed & FH_WEAK_FIRMWARE) == 0)
		refuse_grade(f, "weak-firmware", "the firmware of the TPM is known to give keys"
						 " away: who has them can sign as it");
	return f->reasons + f->more > before;
}

enum fh_answer fh_finding_settle(struct fh_finding *f, unsigned required, unsigned allowed)
{
	bool no = weak(f, allowed), unchecked = false;

	for (int i = 0; i < FH_QUESTIONS; i++) {
		no |= f->answer[i] != FH_ANSWER_YES && f->answer[i] != FH_ANSWER_UNCHECKED;
		unchecked |= f->answer[i] == FH_ANSWER_UNCHECKED && (required & 1U << i) != 0;
	}
	if (no)
		return FH_ANSWER_NO;
	return unchecked ? FH_ANSWER_UNCHECKED : FH_ANSWER_YES;
}
