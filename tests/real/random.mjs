// SPDX-License-Identifier: Apache-2.0
// A small generator of our own, so that a seed means the same everywhere.
export function seeded(seed) {
	let state = Number(seed) >>> 0 || 1;
	// A number from 0 to below N.
	const random = (n) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		state >>>= 0;
		return state % n;
	};
	return { random, pick: (list) => list[random(list.length)] };
}
