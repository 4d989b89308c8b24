// How often a test that repeats itself does so: a few times in the everyday run, and as often as it takes to find what
// is rare in `npm run test:all`, or with ESI_SECURITY_COUNTS=full for a single file:
//
//   const ROUNDS = count({ few: 5, full: 50 });

const IS_FULL = process.env.ESI_SECURITY_COUNTS === "full";

/**
 * @template Value
 * @param {{ few: Value, full: Value }} values of the everyday run, and of the whole one
 * @returns {Value}
 */
export const count = ({ few, full }) => (IS_FULL ? full : few);
