// The ring of an access token's remaining life: sixty marks like a watch's, and an arc that shrinks.
import { svg } from "./dom.js";

const CENTRE = 60;
const RADIUS = 46;

function marks() {
  return Array.from({ length: 60 }, (_, index) => {
    const attributes = { x1: CENTRE, x2: CENTRE, y1: 3, y2: index % 5 === 0 ? 7.5 : 5 };
    return svg("line", { ...attributes, transform: `rotate(${index * 6} ${CENTRE} ${CENTRE})` });
  });
}

export class Ring {
  #arc;
  #text;

  /** @param {HTMLElement} place gets the drawing @param {HTMLElement} text gets minutes and seconds */
  constructor(place, text) {
    const circle = { cx: CENTRE, cy: CENTRE, r: RADIUS, pathLength: 1 };
    this.#arc = svg("circle", { ...circle, class: "ring-arc", transform: `rotate(-90 ${CENTRE} ${CENTRE})` });
    this.#text = text;
    place.replaceChildren(
      svg(
        "svg",
        { viewBox: "0 0 120 120", "aria-hidden": "true" },
        svg("g", { class: "ring-marks" }, ...marks()),
        svg("circle", { ...circle, class: "ring-track" }),
        this.#arc,
      ),
    );
  }

  /** @param {number | null} left seconds; null where nobody knows @param {number} life seconds in all */
  show(left, life) {
    const known = left !== null;
    const seconds = Math.max(0, left ?? 0);
    const share = known ? Math.min(1, seconds / life) : 0;
    // Nothing at all, not even the round cap of an arc without length.
    this.#arc.toggleAttribute("hidden", share === 0);
    this.#arc.setAttribute("stroke-dasharray", `${share} 1`);
    const minutes = Math.floor(seconds / 60);
    this.#text.textContent = known ? `${minutes}:${String(seconds % 60).padStart(2, "0")}` : "–:––";
  }
}
