/* SPDX-License-Identifier: Apache-2.0 */
/* Frames between core, keeper, reach, workers and the supervisor.  What is read
 * is written back to the same bytes: there is one encoding.  */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "role/courier.h"
#include "role/door.h"
#include "role/door_cosign.h"
#include "role/permit.h"
#include "role/witness_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t input_max = 64 << 10;

static void demand_same(const struct fh_builder *b, struct fh_span frame)
{
	if (!fh_span_equal(fh_builder_span(b), frame))
		abort();
}

static void fuzz_keeper(struct fh_span frame, struct fh_builder b)
{
	struct fh_door_opened opened;
	struct fh_door_begun begun;
	struct fh_trace t = { 0 };
	struct fh_span note;
	struct fh_proof proof;
	struct fh_hash root;
	uint64_t size;

	(void)!fh_door_read_opened(frame, &opened, &t);
	if (fh_door_read_begun(frame, &begun, &t) == FH_ERR_OK) {
		fh_door_put_begun(&b, &begun);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_door_read_note(frame, &note, &t) == FH_ERR_OK) {
		fh_door_put_note(&b, note);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_door_read_checkpoint(frame, &size, &root, &proof) == FH_ERR_OK) {
		fh_door_put_checkpoint(&b, size, &root, &proof);
		demand_same(&b, frame);
	}
}

static void fuzz_cosigning(struct fh_span frame, struct fh_builder b)
{
	struct fh_cosign_request request;
	struct fh_cosign_answer answer;
	struct fh_trace t = { 0 };
	struct fh_span text;
	uint64_t time;

	if (fh_door_read_lines_of(frame, &time) == FH_ERR_OK) {
		fh_door_put_lines_of(&b, time);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_door_read_cosigning(frame, &request) == FH_ERR_OK) {
		fh_door_put_cosigning(&b, &request);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_door_read_cosigned(frame, &answer, &t) == FH_ERR_OK) {
		fh_door_put_cosigned(&b, &answer);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_door_read_text(frame, &text, &t) == FH_ERR_OK) {
		fh_door_put_text(&b, text);
		demand_same(&b, frame);
	}
}

static void fuzz_courier(struct fh_span frame, struct fh_builder b)
{
	struct fh_errand_answer answer;
	struct fh_witness_reply reply;
	struct fh_witness_ask ask;
	struct fh_errand errand;

	if (fh_errand_read(frame, &errand) == FH_ERR_OK) {
		fh_errand_put(&b, &errand);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_errand_answer_read(frame, &answer) == FH_ERR_OK) {
		fh_errand_answer_put(&b, &answer);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_witness_ask_read(frame, &ask) == FH_ERR_OK) {
		fh_witness_ask_put(&b, &ask);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_witness_reply_read(frame, &reply) == FH_ERR_OK) {
		fh_witness_reply_put(&b, &reply);
		demand_same(&b, frame);
	}
}

static void fuzz_reach(struct fh_span frame, struct fh_builder b)
{
	static struct fh_start start;
	enum fh_reach_order order;
	struct fh_started started;

	if (fh_reach_order_read(frame, &order, &start) == FH_ERR_OK) {
		if (order == FH_REACH_START)
			fh_start_put(&b, &start);
		else if (order == FH_REACH_STOP)
			fh_stop_put(&b, start.session);
		else
			fh_courier_put(&b, start.session);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_started_read(frame, &started) == FH_ERR_OK) {
		fh_started_put(&b, &started);
		demand_same(&b, frame);
	}
}

static void fuzz_worker(struct fh_span frame, struct fh_builder b)
{
	enum fh_control_order order;
	struct fh_outcome outcome;
	struct fh_permit permit;
	struct fh_peer peer;

	if (fh_permit_read(frame, &permit) == FH_ERR_OK) {
		fh_permit_put(&b, &permit);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_outcome_read(frame, &outcome) == FH_ERR_OK) {
		fh_outcome_put(&b, &outcome);
		demand_same(&b, frame);
	}
	b.n = 0;
	if (fh_control_read(frame, &order, &peer) == FH_ERR_OK) {
		fh_control_put(&b, order, &peer);
		demand_same(&b, frame);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t memory[input_max];
	struct fh_span frame = fh_span_of(bytes, n);
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	if (n > input_max)
		return 0;
	fuzz_keeper(frame, b);
	fuzz_cosigning(frame, b);
	fuzz_courier(frame, b);
	fuzz_reach(frame, b);
	fuzz_worker(frame, b);
	return 0;
}
