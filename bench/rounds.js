// How long works take, in rounds in which each has its turn, so that whatever slows the machine down meets them all.
// Runs in a page too.

/** All with their indices; whoever comes first in one round comes last in the next. */
export function turns(all, round) {
  const entries = [...all.entries()];
  return round % 2 === 1 ? entries.reverse() : entries;
}

/** Lets what a call has left to do be done before the clock starts. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

/**
 * @param {number} rounds
 * @param {{ work: (round: number) => unknown, prepare?: (round: number) => unknown, calls?: number }[]} works `prepare`
 *   takes no part in the time, and `work` is called so many times in a round
 * @returns {Promise<number[][]>} by work, milliseconds for one call in each round
 */
export async function interleave(rounds, works) {
  const times = works.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { work, prepare, calls = 1 }] of turns(works, round)) {
      await prepare?.(round);
      await settle();
      const begin = performance.now();
      for (let call = 0; call < calls; call += 1) await work(round);
      times[index].push((performance.now() - begin) / calls);
    }
  }
  return times;
}
