// JSON for reading: indented, with names, texts and numbers told apart by colour.
import { element } from "./dom.js";

const PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

/** @param {unknown} value @returns {(string | HTMLElement)[]} */
export function formatJson(value) {
  const text = JSON.stringify(value, null, 2);
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(PARTS)) {
    const [whole, string, colon, number] = match;
    nodes.push(text.slice(end, match.index));
    const kind = string ? (colon ? "name" : "text") : number ? "number" : "word";
    nodes.push(element("span", { class: `json-${kind}` }, string ?? whole), colon ?? "");
    end = match.index + whole.length;
  }
  return [...nodes, text.slice(end)];
}
