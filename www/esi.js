// Calling ESI: the routes that this page knows, a call signed with the session's token, and the answer.
import { element, find } from "./dom.js";
import { formatJson } from "./json.js";

export const ROUTES = [
  { id: "character", label: "Character, public sheet", path: (id) => `/characters/${id}/` },
  {
    id: "location",
    label: "Location",
    path: (id) => `/characters/${id}/location/`,
    scope: "esi-location.read_location.v1",
  },
  { id: "skills", label: "Skills", path: (id) => `/characters/${id}/skills/`, scope: "esi-skills.read_skills.v1" },
  { id: "status", label: "Server status", path: () => "/status/" },
];

/**
 * @param {import("esi-security").EsiSecurity} security
 * @param {string} url
 * @param {string} [scope] that the route needs; a public one is sent without a token
 */
export async function callEsi(security, url, scope) {
  const requirements = scope ? [{ evesso: [scope] }] : [];
  const request = await security.authorize(new Request(url), { security: requirements });
  const response = await fetch(request);
  const text = await response.text();
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: shown as it is.
  }
  return { status: response.status, ok: response.ok, body };
}

/** @param {string} path @param {Awaited<ReturnType<typeof callEsi>>} answer */
export function showAnswer(path, { status, ok, body }) {
  const head = element(
    "p",
    { class: "answer-head" },
    element("code", {}, `GET ${path}`),
    element("span", { class: "badge", "data-ok": ok }, String(status)),
  );
  const content = typeof body === "string" ? [body] : formatJson(body);
  const text = element("pre", { tabindex: "0", "aria-label": "Body" }, ...content);
  find("esi-result").replaceChildren(head, text);
}
