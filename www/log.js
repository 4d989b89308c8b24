// The running log: what happened and when, newest first. What is written here is on screen, so it takes
// names and numbers, and never a token.
import { isEsiError } from "esi-security";
import { element } from "./dom.js";

const KEPT = 100;

/** The parts of an error that tell somebody what to do about it. */
function errorDetails(error) {
  if (!isEsiError(error)) return [["kind", error.name]];
  return [
    ["code", error.code],
    ["phase", error.phase],
    ["retryable", error.retryable ? "yes" : "no"],
    ["status", error.status],
    ["claim", error.claim],
    ["server says", error.errorDescription ?? error.error],
    ["retry after", error.retryAfter && `${error.retryAfter} s`],
  ];
}

export class Log {
  #list;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
  }

  /**
   * @param {"done" | "event" | "error" | "note"} kind
   * @param {string} title
   * @param {[string, unknown][]} [details] names and values; those without a value are left out
   * @param {string} [text]
   */
  add(kind, title, details = [], text = "") {
    const now = new Date();
    const shown = details.filter(([, value]) => value !== undefined && value !== null && value !== "");
    const entry = element(
      "li",
      { class: "entry", "data-kind": kind },
      element("time", { datetime: now.toISOString() }, now.toLocaleTimeString("en-GB")),
      element("strong", {}, title),
      ...(text ? [element("p", {}, text)] : []),
    );
    if (shown.length > 0) {
      const pairs = shown.map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, String(value))),
      );
      entry.append(element("dl", {}, ...pairs));
    }
    this.#list.prepend(entry);
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild.remove();
  }

  /** @param {string} what was tried @param {Error} error */
  fail(what, error) {
    this.add("error", what, errorDetails(error), error.message);
  }

  clear() {
    this.#list.replaceChildren();
  }
}
