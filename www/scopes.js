// The scopes that this page offers, in a pilot's words, and those that are ticked.
import { element, find } from "./dom.js";

const SCOPES = [
  { name: "esi-location.read_location.v1", label: "Where you are", preset: true },
  { name: "esi-skills.read_skills.v1", label: "What you have trained", preset: true },
  { name: "esi-skills.read_skillqueue.v1", label: "What you are training" },
  { name: "esi-wallet.read_character_wallet.v1", label: "How much ISK you have" },
];

/** @param {string} name */
export function scopeLabel(name) {
  return SCOPES.find((scope) => scope.name === name)?.label ?? name;
}

export function chosenScopes() {
  return [...document.querySelectorAll("#scopes input:checked")].map(({ value }) => value);
}

function showHint() {
  const none = chosenScopes().length === 0;
  find("scope-hint").textContent = none ? "Nothing but who you are: a login without scopes." : "";
}

export function offerScopes() {
  const choices = SCOPES.map(({ name, label, preset }) => {
    const box = element("input", { type: "checkbox", value: name, ...(preset && { checked: "" }) });
    return element("label", { class: "scope" }, box, element("span", {}, label, element("code", {}, name)));
  });
  find("scopes").append(...choices);
  find("scopes").addEventListener("change", showHint);
}
