// The one message that matters now, above everything else; sometimes with a button that helps.
import { element } from "./dom.js";

export class Notice {
  #place;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** What is shown: another object after each message, null for none. */
  get current() {
    return this.#place.firstElementChild;
  }

  /**
   * @param {"info" | "warning"} kind
   * @param {string} text
   * @param {{ label: string, onClick: () => void }} [help]
   */
  show(kind, text, help) {
    this.#place.dataset.kind = kind;
    this.#place.replaceChildren(element("p", {}, text));
    if (!help) return;
    const button = element("button", { class: "button small", type: "button" }, help.label);
    button.addEventListener("click", help.onClick);
    this.#place.append(button);
  }

  hide() {
    this.#place.replaceChildren();
  }
}
