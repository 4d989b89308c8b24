// Claims of every kind that must be accepted, at random, and again the same ones from the same seed.

const MAX_SCOPES = 70;
const YEAR_2100 = 4_102_444_800;
/** Letters of many lengths in UTF-8 and UTF-16, what JSON escapes, and what ends a part of a token. */
const LETTERS = [...'aZ09 ._-+/=~%"\\\b\n\t\0\u007f\u2028þŜøİſßﬁ日本語한글Ωжעב\u202e👩\u200d🚀𝔘e\u0301\uffff'];
/** Member names that an object may have a meaning of its own for. */
const MEMBERS = ["", "__proto__", "constructor", "toString", "scp.", "Sub", "keys", "0", "ünï"];
const NUMBERS = [0, -1, 2 ** 53, -(2 ** 53) - 2, 2 ** 64, 1e21, 1e-7, 0.1, -1.5e300, 5e-324, Number.MAX_VALUE];

/** mulberry32: enough to be different every time, and the same on every machine. */
export class Random {
  #state;

  /** @param {number} seed a whole number of 32 bits */
  constructor(seed) {
    this.#state = seed;
  }

  /** From 0 to below 1. */
  fraction() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit) {
    return Math.floor(this.fraction() * limit);
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  /** As many of what `make` makes, up to `limit`. */
  list(limit, make) {
    return Array.from({ length: this.below(limit + 1) }, make);
  }

  text(limit = 40) {
    return this.list(limit, () => this.pick(LETTERS)).join("");
  }

  shuffle(items) {
    const order = new Map(items.map((item) => [item, this.fraction()]));
    return items.toSorted((one, other) => order.get(one) - order.get(other));
  }
}

function number(random) {
  return random.pick([
    random.pick(NUMBERS),
    random.below(2 ** 32) * random.below(2 ** 21),
    (random.fraction() - 0.5) * 10 ** random.below(40),
  ]);
}

/** Anything that JSON can say. */
function value(random, depth) {
  const inner = () => value(random, depth - 1);
  const kind = random.below(depth > 0 ? 6 : 4);
  if (kind === 0) return random.text();
  if (kind === 1) return number(random);
  if (kind === 2) return random.pick([true, false, null]);
  if (kind === 3) return [];
  if (kind === 4) return random.list(4, inner);
  return members(random, inner);
}

const members = (random, make) =>
  Object.fromEntries(random.list(4, () => [random.pick([random.pick(MEMBERS), random.text(8)]), make()]));

function nest(random, depth) {
  let inner = value(random, 3);
  for (let level = 0; level < depth; level += 1) inner = random.pick([[inner], { deeper: inner }]);
  return inner;
}

const scope = (random) => `esi-${random.below(1e6)}.${random.pick(["read", "write"])}_${random.below(1e6)}.v1`;

function scopeClaim(random) {
  const scopes = random.list(MAX_SCOPES, () => scope(random));
  return random.pick([{}, { scp: scopes }, { scp: scopes }, { scp: scope(random) }, { scope: scopes.join(" ") }]);
}

/**
 * Claims that the rules for another server than EVE's accept.
 *
 * @param {Random} random
 * @param {{ issuer: string, audience: string, clientId: string }} parties
 */
export function makeClaims(random, { issuer, audience, clientId }) {
  const past = () => random.below(1.7e9) + random.pick([0, random.fraction()]);
  const maybe = (claim, make) => (random.below(4) > 0 ? { [claim]: make() } : {});
  const description = () => random.pick([random.text(), random.text(), null]);
  const others = random.list(3, () => random.text());
  const character = `CHARACTER:EVE:${random.below(2 ** 53 - 1) + 1}`;
  const claims = {
    ...members(random, () => value(random, 3)),
    nested: nest(random, random.below(40)),
    iss: issuer,
    aud: random.pick([audience, [audience], random.shuffle([...new Set([audience, clientId, ...others])])]),
    sub: random.pick([character, character, `x${random.text()}`]),
    exp: YEAR_2100 + random.below(1e9) + random.pick([0, random.fraction()]),
    ...scopeClaim(random),
    ...maybe("azp", () => clientId),
    ...maybe("iat", past),
    ...maybe("nbf", past),
    ...maybe("jti", () => random.text()),
    ...maybe("name", description),
    ...maybe("owner", description),
    ...maybe("tenant", description),
    ...maybe("tier", description),
    ...maybe("region", description),
  };
  return Object.fromEntries(random.shuffle(Object.entries(claims)));
}
