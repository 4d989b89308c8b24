// Numbers that look random and are always the same for one seed (xorshift), so that a pilot's portrait
// never changes.

/** @param {number} seed @returns {(from: number, to: number) => number} */
export function randomFrom(seed) {
  let state = (seed ^ 0x5bd1e995) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Seeds that lie side by side need some rounds to part.
  for (let round = 0; round < 12; round += 1) next();
  return (from, to) => Math.round((from + next() * (to - from)) * 100) / 100;
}
