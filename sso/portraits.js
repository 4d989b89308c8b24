// A portrait for each character, drawn from its id: a helmeted pilot in front of a nebula. SVG markup,
// so that the login page needs no file beside it.

const SKIES = [
  ["#0b2530", "#3fb6c6"],
  ["#2a1030", "#c468d8"],
  ["#0d2a1a", "#62c98a"],
  ["#33200a", "#e2a13f"],
  ["#101a3a", "#6d8cf0"],
];

/** A small generator of numbers between 0 and 1, the same for the same seed. */
function* numbers(seed) {
  let state = seed >>> 0;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** @param {{ id: number }} character */
export function portrait({ id }) {
  const random = numbers(id);
  const next = (from, to) => Math.round(from + random.next().value * (to - from));
  const [dark, light] = SKIES[id % SKIES.length];
  const sky = `sky-${id}`;
  const stars = Array.from(
    { length: 14 },
    () => `<circle cx="${next(2, 94)}" cy="${next(2, 60)}" r="${next(3, 9) / 10}" fill="#fff" opacity="0.8"/>`,
  );
  const half = next(19, 23);
  const [left, right] = [48 - half, 48 + half];
  const crown = next(17, 22);
  const visor = next(42, 46);
  const crest = next(6, 13);
  return `<svg viewBox="0 0 96 96" aria-hidden="true" focusable="false">
<defs><radialGradient id="${sky}" cx="${next(20, 80)}%" cy="${next(5, 40)}%" r="90%">
<stop offset="0" stop-color="${light}"/><stop offset="0.6" stop-color="${dark}"/><stop offset="1" stop-color="#05080b"/>
</radialGradient></defs>
<rect width="96" height="96" fill="url(#${sky})"/>${stars.join("")}
<path d="M6 96C8 78 28 73 48 73s40 5 42 23z" fill="#161d24"/>
<path d="M30 76l18 12 18-12" fill="none" stroke="${light}" stroke-width="2" opacity="0.7"/>
<path d="M${48 - crest} ${crown + 8}L48 ${crown - 9}l${crest} 17z" fill="${light}" opacity="0.85"/>
<path d="M${left} 54C${left} ${crown + 4} 40 ${crown} 48 ${crown}S${right} ${crown + 4} ${right} 54C${right} 70 60 81 48 81S${left} 70 ${left} 54z" fill="#2b343d"/>
<path d="M48 ${crown + 1}V${visor - 5}M44 73h8" stroke="${dark}" stroke-width="1.5"/>
<path d="M${left + 2} ${visor}Q48 ${visor - 8} ${right - 2} ${visor}l-3 13Q48 ${visor + 20} ${left + 5} ${visor + 13}z" fill="${light}"/>
<path d="M${left + 5} ${visor + 1}q10-5 18-4l-5 12q-6 0-10-2z" fill="#fff" opacity="0.35"/>
</svg>`;
}
