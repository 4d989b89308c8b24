// A pilot's portrait, drawn from the character id: a helmet before a planet. The same id gives the same
// picture on every machine, and no image server learns who looks at whom.
import { svg } from "./dom.js";
import { randomFrom } from "./random.js";

const WIDTH = 200;
const HEIGHT = 240;

/** Rust, amber, jade, sea, ice, steel, dusk, violet, rose: hues that stay calm on a dark page. */
const HUES = [10, 30, 42, 164, 186, 204, 224, 262, 334];

const tint = (hue, saturation, lightness, alpha = 1) => `hsl(${hue} ${saturation}% ${lightness}% / ${alpha})`;

/** Colour stops: `[offset, colour]`. */
function gradient(kind, id, attributes, stops) {
  const children = stops.map(([offset, colour]) => svg("stop", { offset, "stop-color": colour }));
  return svg(kind, { id, ...attributes }, ...children);
}

function definitions(key, hue, suit, random) {
  const down = { x1: 0, y1: 0, x2: 0, y2: 1 };
  const across = { x1: 0, y1: 0, x2: 1, y2: 0.35 };
  return svg(
    "defs",
    {},
    gradient("linearGradient", `${key}-sky`, down, [
      [0, tint(hue, 34, 13)],
      [0.7, tint(hue + 14, 30, 7)],
      [1, tint(hue, 30, 4)],
    ]),
    gradient("radialGradient", `${key}-planet`, { cx: 0.24, cy: 0.26, r: 0.85 }, [
      [0, tint(hue + 8, 52, 66)],
      [0.4, tint(hue, 44, 38)],
      [0.78, tint(hue - 8, 42, 14)],
      [1, tint(hue, 40, 6)],
    ]),
    gradient("linearGradient", `${key}-metal`, across, [
      [0, tint(suit, 10, 54)],
      [0.28, tint(suit, 10, 30)],
      [0.72, tint(suit, 13, 15)],
      [1, tint(suit, 15, 8)],
    ]),
    gradient("linearGradient", `${key}-cloth`, across, [
      [0, tint(suit, 14, 25)],
      [0.5, tint(suit, 16, 13)],
      [1, tint(suit, 18, 6)],
    ]),
    gradient("linearGradient", `${key}-visor`, { x1: 0, y1: 0, x2: 0.75, y2: 1 }, [
      [0, tint(hue, 50, 82)],
      [0.3, tint(hue + 6, 44, 48)],
      [0.62, tint(hue + 12, 46, 21)],
      [1, tint(hue + 18, 46, 9)],
    ]),
    gradient("radialGradient", `${key}-shade`, { cx: 0.5, cy: 0.42, r: 0.75 }, [
      [0.55, "rgb(0 0 0 / 0)"],
      [1, "rgb(0 0 0 / 0.55)"],
    ]),
    svg(
      "filter",
      { id: `${key}-soft`, x: "-60%", y: "-60%", width: "220%", height: "220%" },
      svg("feGaussianBlur", { stdDeviation: random(11, 15) }),
    ),
  );
}

function sky(key, hue, random) {
  const stars = Array.from({ length: 46 }, () =>
    svg("circle", {
      cx: random(0, WIDTH),
      cy: random(0, 170),
      r: random(0.25, 0.95),
      fill: tint(hue, 40, 90, random(0.25, 0.95)),
    }),
  );
  const clouds = Array.from({ length: 3 }, (_, index) =>
    svg("ellipse", {
      cx: random(20, 180),
      cy: random(20, 130),
      rx: random(30, 70),
      ry: random(10, 26),
      transform: `rotate(${random(-35, 35)} 100 80)`,
      fill: tint(hue + (index - 1) * 26, 46, 42, 0.34),
      filter: `url(#${key}-soft)`,
    }),
  );
  const radius = random(44, 74);
  const [x, y] = [random(24, 60), random(44, 82)];
  const planet = svg("circle", { cx: x, cy: y, r: radius, fill: `url(#${key}-planet)` });
  const haze = svg("circle", {
    cx: x,
    cy: y,
    r: radius + 1.6,
    fill: "none",
    stroke: tint(hue, 60, 74, 0.28),
    "stroke-width": 1.6,
  });
  return svg(
    "g",
    {},
    svg("rect", { width: WIDTH, height: HEIGHT, fill: `url(#${key}-sky)` }),
    ...clouds,
    ...stars,
    planet,
    haze,
  );
}

function shoulders(key, light, random) {
  const slope = random(184, 192);
  const lamps = [-1, 0, 1].map((place) =>
    svg("circle", { cx: 100 + place * 9, cy: 213 - Math.abs(place) * 1.5, r: 1.5, fill: light }),
  );
  const seam = { fill: "none", stroke: "rgb(255 255 255 / 0.11)", "stroke-width": 1.2 };
  return svg(
    "g",
    {},
    svg("path", {
      d: `M-6 250 C-2 214 26 ${slope + 6} 62 ${slope - 2} L138 ${slope - 2} C174 ${slope + 6} 202 214 206 250Z`,
      fill: `url(#${key}-cloth)`,
    }),
    svg("path", { d: `M30 240 C34 218 44 204 64 ${slope + 3}`, ...seam }),
    svg("path", { d: `M170 240 C166 218 156 204 136 ${slope + 3}`, ...seam }),
    svg("path", {
      d: "M56 188 C58 172 76 164 100 164 S142 172 144 188 C146 204 128 220 100 220 S54 204 56 188Z",
      fill: `url(#${key}-metal)`,
    }),
    svg("path", {
      d: "M67 184 C68 173 82 168 100 168 S132 173 133 184 C133 196 120 204 100 204 S67 196 67 184Z",
      fill: "rgb(3 6 8 / 0.82)",
    }),
    ...lamps,
  );
}

/** Outlines of visors; `w` is half their width, `y` their upper edge. */
const VISORS = [
  (w, y) =>
    `M${100 - w} ${y + 8} Q100 ${y - 12} ${100 + w} ${y + 8} L${100 + w - 5} ${y + 34} Q100 ${y + 58} ${100 - w + 5} ${y + 34}Z`,
  (w, y) =>
    `M${100 - w} ${y + 4} Q100 ${y - 8} ${100 + w} ${y + 4} L${100 + w - 3} ${y + 24} L114 ${y + 32} L108 ${y + 56} L92 ${y + 56} L86 ${y + 32} L${100 - w + 3} ${y + 24}Z`,
  (w, y) =>
    `M${100 - w} ${y + 14} Q${100 - w + 8} ${y - 6} 100 ${y - 6} T${100 + w} ${y + 14} Q${100 + w - 4} ${y + 50} 100 ${y + 54} Q${100 - w + 4} ${y + 50} ${100 - w} ${y + 14}Z`,
  (w, y) =>
    `M${100 - w} ${y + 6} L100 ${y + 1} L${100 + w} ${y + 6} L${100 + w - 6} ${y + 27} L100 ${y + 36} L${100 - w + 6} ${y + 27}Z`,
];

function helmet(key, hue, light, random) {
  const half = random(45, 51);
  const crown = random(62, 70);
  const [left, right] = [100 - half, 100 + half];
  const shell =
    `M${left} 122 C${left} ${crown + 14} ${left + 22} ${crown} 100 ${crown} ` +
    `S${right} ${crown + 14} ${right} 122 C${right} 152 ${right - 10} 172 124 186 L76 186 C${left + 10} 172 ${left} 152 ${left} 122Z`;
  const visor = VISORS[Math.floor(random(0, VISORS.length - 0.01))](half - 9, random(102, 109));
  const fin = random(5, 12);
  const seam = { fill: "none", stroke: "rgb(0 0 0 / 0.38)", "stroke-width": 1.4 };
  const clip = `${key}-glass`;
  const ear = (x, width) => [
    svg("rect", { x, y: 116, width, height: 40, rx: 5, fill: `url(#${key}-metal)` }),
    svg("rect", { x: x + width / 2 - 1.4, y: 122, width: 2.8, height: 13, rx: 1.4, fill: light, opacity: 0.9 }),
  ];
  return svg(
    "g",
    {},
    ...ear(left - 7, 14),
    ...ear(right - 7, 14),
    svg("path", { d: shell, fill: `url(#${key}-metal)` }),
    svg("path", {
      d: `M${100 - fin} ${crown + 24} L${100 - fin * 0.45} ${crown - 3} L${100 + fin * 0.45} ${crown - 3} L${100 + fin} ${crown + 24}Z`,
      fill: "rgb(0 0 0 / 0.26)",
    }),
    svg("path", { d: `M100 ${crown - 2} V${crown + 22}`, stroke: light, "stroke-width": 1.6, opacity: 0.75 }),
    svg("path", { d: `M${left + 5} 158 Q100 176 ${right - 5} 158`, ...seam }),
    svg("path", { d: "M84 186 L88 171 H112 L116 186", ...seam }),
    svg("path", { d: visor, fill: "rgb(2 4 6)", stroke: "rgb(2 4 6)", "stroke-width": 6, "stroke-linejoin": "round" }),
    svg("path", {
      d: visor,
      fill: `url(#${key}-visor)`,
      stroke: tint(hue, 50, 78, 0.5),
      "stroke-width": 0.8,
      "stroke-linejoin": "round",
    }),
    svg("clipPath", { id: clip }, svg("path", { d: visor })),
    svg(
      "g",
      { "clip-path": `url(#${clip})` },
      svg("path", {
        d: `M${left} 90 H${100 - random(2, 14)} L${left + 16} 170 H${left - 20}Z`,
        fill: "rgb(255 255 255 / 0.17)",
      }),
      svg("ellipse", { cx: 118, cy: 168, rx: 62, ry: 25, fill: tint(hue + 10, 62, 60, 0.24) }),
    ),
    // The planet's light along one edge.
    svg("path", {
      d: `M${left + 1} 128 C${left + 1} ${crown + 16} ${left + 22} ${crown + 1.5} 100 ${crown + 1.5}`,
      fill: "none",
      stroke: tint(hue, 70, 86, 0.6),
      "stroke-width": 1.8,
      "stroke-linecap": "round",
    }),
  );
}

/** Gradients are found by id, so no two drawings of a page may share any. */
let drawings = 0;

/** @param {number} characterId */
export function portrait(characterId) {
  drawings += 1;
  const random = randomFrom(characterId);
  const key = `portrait-${drawings}`;
  const hue = HUES[Math.floor(random(0, HUES.length - 0.01))] + random(-6, 6);
  const suit = hue + random(-30, 30);
  const light = tint(hue + 20, 80, 74);
  const scene = svg(
    "g",
    // Some pilots look at their planet from the other side.
    random(0, 1) < 0.5 ? {} : { transform: `translate(${WIDTH} 0) scale(-1 1)` },
    sky(key, hue, random),
    shoulders(key, light, random),
    helmet(key, hue, light, random),
    svg("rect", { width: WIDTH, height: HEIGHT, fill: `url(#${key}-shade)` }),
  );
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" },
    definitions(key, hue, suit, random),
    scene,
  );
}
