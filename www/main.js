// The page: which session it shows, what its buttons do, and what it says when something goes wrong.
import { whileBusy } from "./busy.js";
import { element, find } from "./dom.js";
import { callEsi, ROUTES, showAnswer } from "./esi.js";
import { FaultPanel } from "./faults.js";
import { guilloche } from "./guilloche.js";
import { showChecking, showExpired, showUnverified, showVerified } from "./licence.js";
import { Log } from "./log.js";
import { Notice } from "./notice.js";
import { portrait } from "./portrait.js";
import { Ring } from "./ring.js";
import { SCOPES } from "./scopes.js";
import { findLocalServer } from "./server.js";
import { finishLogin, isSignedIn, openSession, requestedScopes } from "./session.js";
import { Settings } from "./settings.js";

const USUAL_LIFE = 1200;

const log = new Log(find("log"));
const notice = new Notice(find("notice"));
const ring = new Ring(find("ring"), find("time-left"));
const local = await findLocalServer();
const settings = new Settings(local, open);

/** @type {import("esi-security").EsiSecurity | undefined} */
let security;
/** @type {import("esi-security").EsiClaims | undefined} of the token at hand, once it is verified */
let claims;
/** @type {FaultPanel} */
let faults;
/** True from the opening of a session until it is known what to show. */
let opening = true;

// What stands on the page, brought up to date after everything that happens and each second.

function timeLeft() {
  return security.tokenExpiry === null ? null : security.tokenExpiry - Math.floor(Date.now() / 1000);
}

/** How long the token lives in all. */
function lifeOf({ issuedAt, expiresAt } = {}) {
  return issuedAt && expiresAt ? expiresAt - issuedAt : USUAL_LIFE;
}

function lifeWord(state, left) {
  if (state === "refreshing" || state === "offline") return state;
  if (left === null) return "unknown";
  return left > 0 ? "left" : "expired";
}

function show(view) {
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== view;
}

function render() {
  const state = security?.state ?? "signed-out";
  const signedIn = security !== undefined && isSignedIn(security);
  find("state").textContent = state;
  find("state").dataset.state = state;
  document.title = signedIn && claims?.name ? `${claims.name} · Pilot licence` : "Pilot licence · esi-security";
  show(opening ? "loading" : signedIn ? "signed-in" : "signed-out");
  if (!signedIn) return;
  const left = timeLeft();
  ring.show(left, lifeOf(claims));
  find("life-word").textContent = lifeWord(state, left);
  find("licence").dataset.state = state;
  if (left !== null && left <= 0) showExpired();
}

function chosenRoute() {
  return ROUTES.find(({ id }) => id === find("esi-route").value);
}

function showRouteHint() {
  const { scope } = chosenRoute();
  if (!claims) find("esi-hint").textContent = "Whom to ask about is known once the token is verified.";
  else if (scope && !claims.scopes.includes(scope)) find("esi-hint").textContent = `Needs ${scope}, which was not granted.`;
  else find("esi-hint").textContent = "";
}

function chosenScopes() {
  return [...document.querySelectorAll("#scopes input:checked")].map(({ value }) => value);
}

function showScopeHint() {
  const none = chosenScopes().length === 0;
  find("scope-hint").textContent = none ? "Nothing but who you are: your name, and that it is you." : "";
}

// What is done, and what is said when it fails.

/** Does it, and logs the error if there is one. @returns {Promise<boolean>} whether it went well */
async function attempt(what, work) {
  try {
    const done = work();
    render();
    await done;
    return true;
  } catch (error) {
    log.fail(what, error);
    explain(error);
    return false;
  } finally {
    render();
    // Without its local SSO the page has said so already, at the call that failed.
    await faults?.update().catch(() => {});
  }
}

/** What a pilot should know without reading the log. */
function explain(error) {
  if (error.code === "invalid_grant" || error.code === "needs_login") {
    notice.show("warning", "The SSO has ended this session. What you hold works until it expires; then log in again.");
  }
}

/** @type {Promise<import("esi-security").EsiClaims> | undefined} the verification that has the last word */
let verifying;

/** Shows what the token at hand says, if it is what it claims to be. */
async function verify() {
  const mine = security.verify();
  verifying = mine;
  claims = undefined;
  showChecking();
  try {
    const verified = await mine;
    // Another token came meanwhile.
    if (mine !== verifying) return;
    claims = verified;
    showVerified(claims, requestedScopes());
    log.add("done", "Verified", [
      ["character", claims.name],
      ["issuer", claims.issuer],
    ]);
  } catch (error) {
    if (mine === verifying) showUnverified(error.message);
    throw error;
  } finally {
    showRouteHint();
  }
}

async function refresh() {
  await security.refresh();
  notice.hide();
}

async function logOut() {
  const { revoked, status, tokenTypeHint, error } = await security.revoke();
  claims = undefined;
  find("esi-result").replaceChildren();
  if (revoked) {
    const details = [
      ["revoked", tokenTypeHint],
      ["status", status],
    ];
    log.add("done", "Logged out", details);
    notice.show("info", "You are logged out, and the SSO has forgotten your tokens.");
  } else {
    log.fail("Log out", error);
    notice.show("warning", "Your tokens are gone from here, but the SSO did not confirm that it has forgotten them.");
  }
  render();
  find("login").focus();
}

async function call() {
  if (!claims) return;
  const route = chosenRoute();
  const path = route.path(claims.characterId);
  const answer = await callEsi(security, settings.server.apiOrigin + path, route.scope);
  showAnswer(path, answer);
  log.add(answer.ok ? "done" : "error", `ESI: ${route.label}`, [["status", answer.status]]);
}

// Opening a session: at the start, after a login, and when another server was chosen.

/** Finishes the login that this address is the answer to, if it is one. */
async function finish() {
  try {
    if (!(await finishLogin(security))) return;
    log.add("done", "Logged in");
    notice.hide();
  } catch (error) {
    log.fail("Login", error);
    if (error.retryable) {
      const help = { label: "Try again", onClick: resume };
      notice.show("warning", "EVE has let you in, but the last step did not get through. It can still be finished.", help);
      return;
    }
    // The address holds nothing any more that a reload could use.
    history.replaceState(null, "", "/");
    if (error.code === "access_denied") {
      notice.show("info", "You cancelled the login, and nothing was shared. Try again whenever you like.");
    } else {
      notice.show("warning", `The login did not work: ${error.message}.`);
    }
  }
}

/** A session from before a reload: makes sure that its token is good, and shows it. */
async function takeUp() {
  if (security.state === "needs-login") {
    notice.show("info", "Your last session has ended. Log in again to go on.");
  } else if (security.isTokenExpired()) {
    // The event below verifies the new token.
    await security.refresh().catch((error) => {
      showUnverified(error.message);
      throw error;
    });
  } else {
    await verify();
  }
}

async function resume() {
  opening = true;
  render();
  updated = undefined;
  await finish();
  // Tokens that came just now are being verified already.
  await (updated ?? (security.state !== "signed-out" && attempt("Session", takeUp)));
  opening = false;
  render();
}

async function open() {
  notice.hide();
  claims = undefined;
  security?.free();
  security = undefined;
  const { server } = settings;
  find("server-name").textContent = server?.id === "local" ? "Local SSO" : "EVE Online";
  faults = new FaultPanel(server?.adminUrl);
  const opened = await attempt("Opening", async () => {
    if (server) security = await openSession(server);
  });
  if (security) return resume();
  opening = false;
  render();
  if (!opened) notice.show("warning", "The package could not be opened.", { label: "Try again", onClick: open });
}

/** @type {Promise<boolean> | undefined} the verification of the tokens that came last */
let updated;

window.addEventListener("esi:token-refreshed", ({ detail }) => {
  log.add("event", "esi:token-refreshed", [
    ["expires in", `${detail.expires_in} s`],
    ["type", detail.token_type],
    ["refresh token", detail.refresh_token ? "yes" : "none"],
  ]);
  updated = attempt("Verify", verify);
});

// The page as the browser keeps it for its Back button still waits for the login that it left for.
window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

// What the pilot can do.

function onClick(id, what, work) {
  const button = find(id);
  button.addEventListener("click", () => whileBusy(button, () => attempt(what, work)));
}

function onSubmit(form, id, what, work) {
  find(form).addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(find(id), () => attempt(what, work));
  });
}

onSubmit("login-form", "login", "Login", async () => {
  if (!security) return settings.open();
  await security.login({ scopes: chosenScopes(), returnTo: "/" });
});
onClick("refresh", "Refresh", refresh);
onClick("verify", "Verify", verify);
onClick("logout", "Log out", logOut);
onSubmit("esi-form", "call-esi", "Call ESI", call);
onSubmit("fault-form", "apply-fault", "Fault", async () => log.add("note", "Fault on", [], await faults.apply()));
onClick("clear-faults", "Faults", async () => {
  await faults.clear();
  log.add("note", "Faults cleared");
});
onClick("rotate-keys", "Keys", async () => log.add("note", "Keys rotated", [["new key", (await faults.rotateKeys()).kid]]));
find("clear-log").addEventListener("click", () => log.clear());
find("esi-route").addEventListener("change", showRouteHint);
find("fault-endpoint").addEventListener("change", () => faults.showKinds());
find("scopes").addEventListener("change", showScopeHint);

find("scopes").append(
  ...SCOPES.map(({ name, label, preset }) => {
    const box = element("input", { type: "checkbox", name: "scope", value: name, ...(preset && { checked: "" }) });
    return element("label", { class: "scope" }, box, element("span", {}, label, element("code", {}, name)));
  }),
);
find("esi-route").append(...ROUTES.map(({ id, label }) => element("option", { value: id }, label)));
find("specimen").append(guilloche(7), portrait(0));

setInterval(render, 1000);
await open();
