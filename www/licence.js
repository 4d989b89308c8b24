// The licence: what a verified access token says about its pilot. Nothing is filled in before the
// package has verified the token, and everything is emptied when it could not.
import { element, find } from "./dom.js";
import { guilloche } from "./guilloche.js";
import { portrait } from "./portrait.js";
import { scopeLabel } from "./scopes.js";

const NONE = "—";
const LINE = 52;

const shorten = (text) => (text && text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-5)}` : text);

const capitalise = (text) => text && text[0].toUpperCase() + text.slice(1);

function fill(id, text, title = "") {
  const place = find(id);
  place.textContent = text ?? NONE;
  place.title = title ?? "";
}

function chips(id, names) {
  const list = names.map((name) => element("li", { title: name }, element("span", {}, scopeLabel(name)), element("code", {}, name)));
  find(id).replaceChildren(...list);
}

/** Two lines as on a passport, for the look of it. */
function machineLines({ name, characterId, tenant, expiresAt }) {
  const plain = (text) => text.normalize("NFKD").replace(/\p{Mark}/gu, "").toUpperCase().replace(/[^A-Z0-9]/g, "<");
  const expiry = expiresAt === null ? "" : new Date(expiresAt * 1000).toISOString().slice(0, 16);
  const lines = [`LC<${tenant ?? ""}<<${name ?? ""}`, `${characterId ?? ""}<<${expiry}<<ESI`];
  return lines.map((line) => plain(line).padEnd(LINE, "<").slice(0, LINE)).join("\n");
}

let drawn;

function draw(characterId) {
  if (drawn === characterId) return;
  drawn = characterId;
  find("portrait").replaceChildren(portrait(characterId));
  find("guilloche").replaceChildren(guilloche(characterId));
}

function judge(verdict, text, reason = "") {
  find("licence").dataset.verdict = verdict;
  fill("verdict", text);
  fill("verdict-reason", reason);
}

/** While the token is being verified; what stood there before is no longer known to be true. */
export function showChecking() {
  judge("checking", "Verifying…");
}

/** @param {import("esi-security").EsiClaims} claims @param {string[]} requested scopes */
export function showVerified(claims, requested) {
  draw(claims.characterId ?? 0);
  fill("character-name", claims.name);
  fill("character-id", claims.characterId?.toString());
  fill("owner", shorten(claims.owner), claims.owner);
  fill("issuer", claims.issuer?.replace(/^https?:\/\//, ""), claims.issuer);
  fill("region", [claims.tenant, claims.region].filter(Boolean).map(capitalise).join(" · ") || null);
  fill("tenant", claims.tier && claims.tier !== "live" ? claims.tier : "");
  chips("granted-scopes", claims.scopes);
  if (claims.scopes.length === 0) find("granted-scopes").append(element("li", {}, element("span", {}, "None: only who you are")));
  const refused = requested.filter((name) => !claims.scopes.includes(name));
  chips("refused-scopes", refused);
  find("refused").hidden = refused.length === 0;
  fill("machine-lines", machineLines(claims));
  judge("verified", "Verified");
}

/** What was verified once is out of date. */
export function showExpired() {
  if (find("licence").dataset.verdict === "verified") judge("expired", "Expired");
}

/** @param {string} reason why the token could not be verified */
export function showUnverified(reason) {
  draw(0);
  fill("character-name", "Unknown pilot");
  for (const id of ["character-id", "owner", "issuer", "region"]) fill(id, null);
  fill("tenant", "");
  chips("granted-scopes", []);
  find("refused").hidden = true;
  fill("machine-lines", "<".repeat(LINE));
  judge("unverified", "Not verified", `${reason}. Do not trust this licence.`);
}
