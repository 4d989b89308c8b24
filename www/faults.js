// The local SSO's faults, by its admin routes: a fault takes the place of an endpoint's answer for some
// requests, or until it is cleared.
import { element, find } from "./dom.js";

const ENDPOINTS = {
  token: "Token",
  revoke: "Revocation",
  jwks: "Key set",
  discovery: "Metadata",
  authorize: "Login page",
  esi: "ESI",
};

/** What each kind looks like from here, and what must be said beside its name to get that. */
const KINDS = {
  downtime: { label: "No answer at all" },
  "error-500": { label: "500" },
  "error-500-no-cors": { label: "500 that may not be read" },
  "error-502-html": { label: "502 with a page" },
  "error-503": { label: "503" },
  "empty-400": { label: "400 without a reason" },
  "rate-limited": { label: "429, too many requests" },
  slow: { label: "Slow by three seconds" },
  html: { label: "A page instead of JSON" },
  empty: { label: "An empty answer" },
  truncated: { label: "Half an answer" },
  "stalled-body": { label: "Half an answer, and then silence" },
  "drop-after": { label: "Done, but the answer is lost" },
  "oauth-error": { label: "Refused: invalid_grant", members: { error: "invalid_grant" } },
  "no-access-token": { label: "No access token" },
  "refresh-token": { label: "No refresh token", members: { value: null } },
  "expires-in": { label: "A token for 75 seconds", members: { value: 75 } },
  claims: {
    label: "Another app’s token",
    members: { value: { aud: ["another-app", "EVE Online"], azp: "another-app" } },
  },
  "bad-signature": { label: "A forged signature" },
  "wrong-issuer": { label: "Another issuer" },
  "unusable-keys": { label: "Damaged keys" },
};

const option = (value, text) => element("option", { value }, text);

/** What a fault does, in words; the server may know more kinds than this page. */
const label = (kind) => KINDS[kind]?.label ?? kind;

export class FaultPanel {
  #adminUrl;
  #kinds = {};

  /** @param {string | undefined} adminUrl without one there is no panel */
  constructor(adminUrl) {
    this.#adminUrl = adminUrl;
    find("faults").hidden = !adminUrl;
  }

  async #ask(method, path, body) {
    const response = await fetch(this.#adminUrl + path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  }

  #show({ faults, kinds }) {
    if (Object.keys(this.#kinds).length === 0) {
      this.#kinds = kinds;
      find("fault-endpoint").replaceChildren(
        ...Object.keys(kinds).map((name) => option(name, ENDPOINTS[name] ?? name)),
      );
      find("fault-endpoint").value = "token";
      this.showKinds();
    }
    const chips = Object.entries(faults).map(([endpoint, { kind, times }]) =>
      element(
        "li",
        {},
        element("span", {}, `${ENDPOINTS[endpoint] ?? endpoint}: ${label(kind)}`),
        element("code", {}, times ? `${times} left` : "until cleared"),
      ),
    );
    find("active-faults").replaceChildren(...chips);
  }

  /** The kinds that the chosen endpoint knows. */
  showKinds() {
    const kinds = this.#kinds[find("fault-endpoint").value] ?? [];
    find("fault-kind").replaceChildren(...kinds.map((kind) => option(kind, label(kind))));
  }

  /** Asks which faults are on: each request that meets one uses it up. */
  async update() {
    if (this.#adminUrl) this.#show(await this.#ask("GET", "/faults"));
  }

  /** Adds the chosen fault to those that are on. @returns {Promise<string>} what it is, in words */
  async apply() {
    const endpoint = find("fault-endpoint").value;
    const kind = find("fault-kind").value;
    const times = Number(find("fault-times").value);
    const fault = { kind, ...KINDS[kind]?.members, ...(times > 0 && { times }) };
    const { faults } = await this.#ask("GET", "/faults");
    this.#show(await this.#ask("PUT", "/faults", { ...faults, [endpoint]: fault }));
    return `${ENDPOINTS[endpoint] ?? endpoint}: ${label(kind)}`;
  }

  async clear() {
    this.#show(await this.#ask("DELETE", "/faults"));
  }

  /** @returns {Promise<{ kid: string }>} the key that signs from now on */
  rotateKeys() {
    return this.#ask("POST", "/rotate-keys", { keepOld: find("keep-old-key").checked });
  }
}
