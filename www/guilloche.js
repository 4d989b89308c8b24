// The fine lines behind a licence, as on banknotes: one rosette, drawn from the character id.
import { svg } from "./dom.js";
import { randomFrom } from "./random.js";

const LINES = 11;
const POINTS = 300;

function curve(waves, depth, radius, phase) {
  const points = Array.from({ length: POINTS }, (_, index) => {
    const angle = (index / POINTS) * 2 * Math.PI;
    const distance = radius + depth * Math.sin(waves * angle + phase);
    return `${(200 + distance * Math.cos(angle)).toFixed(1)} ${(200 + distance * Math.sin(angle)).toFixed(1)}`;
  });
  return svg("path", { d: `M${points.join("L")}Z` });
}

/** @param {number} seed */
export function guilloche(seed) {
  const random = randomFrom(seed);
  const waves = Math.round(random(9, 15));
  const bands = [
    { radius: 68, depth: 26, waves },
    { radius: 116, depth: 34, waves: waves * 2 },
    { radius: 162, depth: 26, waves },
  ];
  const lines = bands.flatMap(({ radius, depth, waves: count }) =>
    Array.from({ length: LINES }, (_, index) =>
      curve(count, depth * (1 - index / LINES / 1.6), radius, (index / LINES) * Math.PI * 1.5),
    ),
  );
  return svg("svg", { viewBox: "0 0 400 400", "aria-hidden": "true" }, ...lines);
}
