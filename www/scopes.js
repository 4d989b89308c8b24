// The scopes that this page offers, in a pilot's words.

export const SCOPES = [
  { name: "esi-location.read_location.v1", label: "Where you are", preset: true },
  { name: "esi-skills.read_skills.v1", label: "What you have trained", preset: true },
  { name: "esi-skills.read_skillqueue.v1", label: "What you are training" },
  { name: "esi-wallet.read_character_wallet.v1", label: "How much ISK you have" },
];

/** @param {string} name */
export function scopeLabel(name) {
  return SCOPES.find((scope) => scope.name === name)?.label ?? name;
}
