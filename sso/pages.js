// The pages that a pilot sees: the login, and errors that cannot go back to the application. One
// document without scripts or other files; works by keyboard and at phone width.
import { CHARACTERS } from "./characters.js";
import { portrait } from "./portraits.js";
import { describeScope } from "./scopes.js";

const STYLE = `
:root { color-scheme: dark; --line: #2a3640; --text: #e6edf2; --dim: #9fb0bc; --accent: #5ad1e6; }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px 16px; color: var(--text);
  background: #070b0f radial-gradient(900px 700px at 50% -15%, #17333f, transparent) no-repeat;
  font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 640px; background: #0d141add; border: 1px solid var(--line); border-radius: 14px;
  padding: clamp(18px, 5vw, 36px); }
header { display: flex; align-items: center; gap: 12px; margin-bottom: 22px; }
header svg { width: 36px; flex: none; }
header strong { display: block; letter-spacing: 0.06em; }
header span, .hint, .character small { color: var(--dim); font-size: 0.875rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 4px; }
p { margin: 0 0 20px; overflow-wrap: anywhere; }
.problem { border-left: 3px solid #ff8f6b; padding-left: 12px; }
fieldset { border: 0; margin: 0 0 22px; padding: 0; }
legend, h2 { font-size: 0.875rem; font-weight: 600; color: var(--dim); padding: 0; margin: 0 0 8px; }
.characters { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 10px; }
.character { display: flex; align-items: center; gap: 14px; padding: 10px 14px 10px 10px; border: 1px solid var(--line);
  border-radius: 10px; cursor: pointer; background: #111a21; }
.character:hover { border-color: #46606d; }
.character:has(:checked) { border-color: var(--accent); background: #12252d; }
.character:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
.character svg { width: 56px; border-radius: 8px; flex: none; }
.character span { flex: 1; min-width: 0; }
.character b, .character small { display: block; overflow-wrap: anywhere; }
.character b { font-weight: 600; line-height: 1.3; }
input[type="radio"] { appearance: none; width: 20px; height: 20px; margin: 0; flex: none; border: 2px solid #5b707d;
  border-radius: 50%; outline: 0; }
input[type="radio"]:checked { border: 6px solid var(--accent); }
.scopes { list-style: none; margin: 0 0 24px; padding: 0; border: 1px solid var(--line); border-radius: 10px;
  max-height: 13.5rem; overflow-y: auto; }
.scopes li { padding: 8px 14px; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 16px; }
.scopes li + li { border-top: 1px solid var(--line); }
code { font: 0.8125rem/1.5 ui-monospace, monospace; color: var(--dim); overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: 12px; }
button { flex: 1 1 140px; min-height: 48px; font: inherit; font-weight: 600; border-radius: 10px; cursor: pointer;
  border: 1px solid var(--line); color: var(--text); background: transparent; }
button[value="authorize"] { background: var(--accent); border-color: var(--accent); color: #04222a; flex-grow: 2; }
button:hover { filter: brightness(1.15); }
button:focus-visible, .scopes:focus-visible { outline: 2px solid #fff; outline-offset: 2px; }
.hint { margin: 20px 0 0; }
@media (forced-colors: active) { input[type="radio"] { appearance: auto; } }
`;

const MARK = `<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M16 2l12 7v14l-12 7-12-7V9z" fill="none"
stroke="#5ad1e6" stroke-width="2"/><circle cx="16" cy="14" r="3.5" fill="#5ad1e6"/><path d="M14.5 16h3l1.5 8h-6z"
fill="#5ad1e6"/></svg>`;

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);

function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Local EVE SSO</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<header>${MARK}<div><strong>LOCAL EVE SSO</strong><span>For development on this machine</span></div></header>
${body}
</main>
</body>
</html>
`;
}

/**
 * The login: pick a character, see the scopes, authorize or cancel. It posts `character` (an id) and
 * `action` ("authorize" or "cancel") to its own address.
 *
 * @param {{ clientId: string, redirectUri: string, scopes: string[] }} request
 */
export function loginPage({ clientId, redirectUri, scopes }) {
  const cards = CHARACTERS.map(
    (character, index) => `<label class="character">${portrait(character)}
<span><b>${escapeHtml(character.name)}</b><small>${escapeHtml(character.title)}</small></span>
<input type="radio" name="character" value="${character.id}" required${index === 0 ? " checked" : ""}>
</label>`,
  );
  const rows = scopes.map(
    (scope) => `<li><span>${escapeHtml(describeScope(scope))}</span><code>${escapeHtml(scope)}</code></li>`,
  );
  const asked = scopes.length
    ? `<h2 id="asked">It asks for ${scopes.length === 1 ? "one scope" : `${scopes.length} scopes`}</h2>
<ul class="scopes" aria-labelledby="asked" tabindex="0">${rows.join("\n")}</ul>`
    : `<h2>It asks for no scopes</h2><p>It learns which character you are, and nothing else.</p>`;
  return page(
    "Log in",
    `<h1>Log in to <em>${escapeHtml(clientId)}</em></h1>
<p>You return to <code>${escapeHtml(redirectUri)}</code></p>
<form method="post">
<fieldset>
<legend>Choose a character</legend>
<div class="characters">
${cards.join("\n")}
</div>
</fieldset>
${asked}
<div class="actions">
<button name="action" value="authorize">Authorize</button>
<button name="action" value="cancel" formnovalidate>Cancel</button>
</div>
</form>
<p class="hint">These pilots are invented, and no password is asked for. This page is not EVE Online's.</p>`,
  );
}

/**
 * @param {number} status
 * @param {string} error
 * @param {string} [description]
 */
export function errorPage(status, error, description = "") {
  return page(
    `Error ${status}`,
    `<h1>This cannot go on</h1>
<p class="problem">${escapeHtml(description || error)}</p>
<p class="hint"><code>${status} ${escapeHtml(error)}</code></p>`,
  );
}
