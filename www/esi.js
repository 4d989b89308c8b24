// Calling ESI: the routes that this page knows, a call signed with the session's token, and the answer.
import { element, find } from "./dom.js";
import { formatJson } from "./json.js";

const ROUTES = [
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

export function offerRoutes() {
  find("esi-route").append(...ROUTES.map(({ id, label }) => element("option", { value: id }, label)));
}

export function chosenRoute() {
  return ROUTES.find(({ id }) => id === find("esi-route").value);
}

/** @param {import("esi-security").EsiClaims | undefined} claims */
function hint(claims) {
  if (!claims) return "Whom to ask about is known once the token is verified.";
  const { scope } = chosenRoute();
  return scope && !claims.scopes.includes(scope) ? `Needs ${scope}, which was not granted.` : "";
}

/** @param {import("esi-security").EsiClaims | undefined} claims */
export function showRouteHint(claims) {
  find("esi-hint").textContent = hint(claims);
}

async function readBody(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // An answer that is not JSON is shown as it is.
    return text;
  }
}

/**
 * @param {import("esi-security").EsiSecurity} security
 * @param {string} url
 * @param {string} [scope] that the route needs; a public one is asked without a token
 */
export async function callEsi(security, url, scope) {
  const requirements = scope ? [{ evesso: [scope] }] : [];
  const request = await security.authorize(new Request(url), { security: requirements });
  const response = await fetch(request);
  return { status: response.status, ok: response.ok, body: await readBody(response) };
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
  find("esi-result").replaceChildren(head, element("pre", { tabindex: "0", "aria-label": "Body" }, ...content));
}

export function clearAnswer() {
  find("esi-result").replaceChildren();
}
