// The licence: what a verified access token says about its pilot. Nothing is filled in before the
// package has verified the token, and everything is emptied when it could not.
import { element, find } from "./dom.js";
import { guilloche } from "./guilloche.js";
import { portrait } from "./portrait.js";
import { scopeLabel } from "./scopes.js";

const NONE = "—";
const LINE = 120;

const shorten = (text) => (text && text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-5)}` : text);

const capitalise = (text) => text && text[0].toUpperCase() + text.slice(1);

function fill(id, text, title = "") {
  const place = find(id);
  place.textContent = text ?? NONE;
  place.title = title ?? "";
}

function chips(id, names) {
  const list = names.map((name) =>
    element("li", { title: name }, element("span", {}, scopeLabel(name)), element("code", {}, name)),
  );
  find(id).replaceChildren(...list);
}

/** Two lines as on a passport, for the look of it; longer than any screen, which cuts them off. */
function machineLines(...lines) {
  const plain = (text) =>
    text
      .normalize("NFKD")
      .replace(/\p{Mark}/gu, "")
      .toUpperCase()
      .replace(/[^A-Z0-9]/g, "<");
  return lines.map((line) => plain(line).padEnd(LINE, "<")).join("\n");
}

/** The moment as digits: 20260131T2359Z. */
const compact = (seconds) => new Date(seconds * 1000).toISOString().replace(/:\d\d\.\d+|[-:]/g, "");

let drawn;

function draw(characterId) {
  if (drawn === characterId) return;
  drawn = characterId;
  find("portrait").replaceChildren(portrait(characterId));
  find("guilloche").replaceChildren(guilloche(characterId));
}

/** The licence that nobody has asked for yet. */
export function drawBlank() {
  find("blank-portrait").append(portrait(0));
  find("blank-guilloche").append(guilloche(0));
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
  if (claims.scopes.length === 0)
    find("granted-scopes").append(element("li", {}, element("span", {}, "None: only who you are")));
  const refused = requested.filter((name) => !claims.scopes.includes(name));
  chips("refused-scopes", refused);
  find("refused").hidden = refused.length === 0;
  find("granted").hidden = false;
  fill(
    "machine-lines",
    machineLines(
      `LC<${claims.tenant ?? ""}<<${claims.name ?? ""}`,
      `${claims.characterId ?? ""}<<${claims.expiresAt ? compact(claims.expiresAt) : ""}`,
    ),
  );
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
  find("granted").hidden = true;
  fill("machine-lines", machineLines("LC", ""));
  judge("unverified", "Not verified", `${capitalise(reason)}. Do not trust this licence.`);
}
