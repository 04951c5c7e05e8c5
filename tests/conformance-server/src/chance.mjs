/**
 * Seeded pseudo-random numbers (mulberry32), so that a run can be repeated:
 * which kind of echo a send gets, message ids, how ties are ordered.
 */
export function createChance(seed) {
  let word = seed >>> 0;

  /** A number in [0, 1). */
  function next() {
    word = (word + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(word ^ (word >>> 15), word | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `low` to `high`, both included. */
  function between(low, high) {
    return low + Math.floor(next() * (high - low + 1));
  }

  /** `length` characters out of `alphabet`. */
  function text(length, alphabet) {
    return Array.from({ length }, () => alphabet[between(0, alphabet.length - 1)]).join('');
  }

  return { next, between, text };
}
