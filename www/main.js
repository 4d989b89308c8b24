// The page: what its buttons do, and what it says when something goes wrong.
import { whileBusy } from "./busy.js";
import { find } from "./dom.js";
import { callEsi, chosenRoute, clearAnswer, offerRoutes, showAnswer, showRouteHint } from "./esi.js";
import { FaultPanel } from "./faults.js";
import { drawBlank, showChecking, showUnverified, showVerified } from "./licence.js";
import { Log } from "./log.js";
import { Notice } from "./notice.js";
import { chosenScopes, offerScopes } from "./scopes.js";
import { findLocalServer } from "./server.js";
import { Session } from "./session.js";
import { Settings } from "./settings.js";
import { render } from "./view.js";

const log = new Log(find("log"));
const notice = new Notice(find("notice"));
const settings = new Settings(await findLocalServer(), open);

/** @type {Session | undefined} */
let session;
/** @type {FaultPanel} */
let faults;
/** True until it is known what to show. */
let opening = true;
/** @type {Promise<boolean> | undefined} the verification of the tokens that came last */
let verification;

// What is done, and what is said about it.

/** Does it, and tells of the error if there is one. @returns {Promise<boolean>} whether it went well */
async function attempt(what, work) {
  try {
    const done = work();
    render(session, opening);
    await done;
    return true;
  } catch (error) {
    log.fail(what, error);
    explain(what, error);
    return false;
  } finally {
    update();
  }
}

/** Brings the page up to date after something happened. */
function update() {
  render(session, opening);
  // If the local SSO is gone, the call that failed has said so.
  faults?.update().catch(() => {});
}

/** What a pilot should know without reading the log. */
function explain(what, error) {
  if (error.code === "invalid_grant") {
    notice.show("warning", "The SSO has ended this session. What you hold works until it expires; then log in again.");
  } else if (error.code === "needs_login") {
    notice.show(
      "warning",
      "This session cannot be refreshed. What you hold works until it expires; then log in again.",
    );
  } else if (what !== "Verify") {
    // That one has its place on the licence.
    notice.show("warning", `${what} did not work: ${error.message}.`);
  }
}

async function verify() {
  // Another server may be chosen meanwhile: then this answer is about a session that is gone.
  const mine = session;
  const verifying = mine.verify();
  showChecking();
  try {
    if (!(await verifying) || session !== mine) return;
    const { claims, requestedScopes } = mine;
    showVerified(claims, requestedScopes);
    log.add("done", "Verified", [
      ["character", claims.name],
      ["issuer", claims.issuer],
    ]);
  } catch (error) {
    if (session !== mine) return;
    showUnverified(error.message);
    clearAnswer();
    throw error;
  } finally {
    if (session === mine) showRouteHint(mine.claims);
  }
}

async function logOut() {
  const { revoked, status, tokenTypeHint, error } = await session.logOut();
  clearAnswer();
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
  render(session, opening);
  find("login").focus();
}

async function call() {
  if (!session.claims) return;
  const { label, path, scope } = chosenRoute();
  const address = path(session.claims.characterId);
  const answer = await callEsi(session.security, settings.server.apiOrigin + address, scope);
  showAnswer(address, answer);
  log.add(answer.ok ? "done" : "error", `ESI: ${label}`, [["status", answer.status]]);
}

// Opening a session: at the start, after a login, and when another server was chosen.

/** Finishes the login that this address is the answer to, if it is one. */
async function finishLogin() {
  try {
    if (await session.finishLogin()) log.add("done", "Logged in");
  } catch (error) {
    log.fail("Login", error);
    if (error.retryable) {
      const text = "The SSO has let you in, but the last step did not get through. It can still be done.";
      notice.show("warning", text, { label: "Try again", onClick: retryLogin });
      return;
    }
    // Nothing in the address is of use to a reload any more.
    history.replaceState(null, "", "/");
    if (error.code === "access_denied") {
      notice.show("info", "You cancelled the login, and nothing was shared. Try again whenever you like.");
    } else {
      notice.show("warning", `The login did not work: ${error.message}.`);
    }
  }
}

function retryLogin() {
  notice.hide();
  find("main").focus();
  return resume();
}

/** A session from before a reload: sees to it that its token is good, and shows it. */
async function takeUp() {
  const { security } = session;
  if (security.state === "needs-login") {
    notice.show("info", "Your last session has ended. Log in again to go on.");
  } else if (security.isTokenExpired()) {
    await security.refresh().catch((error) => {
      showUnverified(error.message);
      throw error;
    });
    await verification;
  } else {
    await verify();
  }
}

async function resume() {
  const mine = session;
  opening = true;
  render(session, opening);
  verification = undefined;
  await finishLogin();
  if (session !== mine) return;
  if (verification) await verification;
  else if (session.security.state !== "signed-out") await attempt("Session", takeUp);
  if (session !== mine) return;
  opening = false;
  update();
}

async function open() {
  const { server } = settings;
  notice.hide();
  session?.close();
  session = undefined;
  find("server-name").textContent = server?.id === "local" ? "Local SSO" : "EVE Online";
  faults = new FaultPanel(server?.adminUrl);
  const opened = await attempt("Opening", async () => {
    if (server) session = await Session.open(server);
  });
  if (session) return resume();
  opening = false;
  render(session, opening);
  if (!opened) notice.show("warning", "The package could not be loaded.", { label: "Try again", onClick: open });
}

// Tokens changed: by a login, by a refresh, or because a call needed a fresh one.
window.addEventListener("esi:token-refreshed", ({ detail }) => {
  log.add("event", "esi:token-refreshed", [
    ["expires in", detail.expires_in === null ? "unknown" : `${detail.expires_in} s`],
    ["type", detail.token_type],
    ["refresh token", detail.refresh_token ? "yes" : "none"],
  ]);
  // It may be about a session that was left for another server.
  if (session?.isSignedIn) verification = attempt("Verify", verify);
});

window.addEventListener("esi:token-expiring", () => log.add("event", "esi:token-expiring"));

window.addEventListener("esi:session-changed", ({ detail }) => {
  log.add("event", "esi:session-changed", [
    ["from", detail.from],
    ["to", detail.to],
    ["because of", detail.reason],
  ]);
  render(session, opening);
  if (detail.to === "needs-login" && !opening) {
    notice.show("info", "Your session has ended. Log in again to go on.");
  }
});

// A page that the browser kept for its Back button still waits for the login that it left for.
window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

/** Once a second: the ring. */
function tick() {
  render(session, opening);
}

// What the pilot can do.

/** Lets a button work, and takes an old message away when it went well. */
function act(button, what, work) {
  return whileBusy(button, async () => {
    const before = notice.current;
    if ((await attempt(what, work)) && notice.current === before) notice.hide();
  });
}

function onClick(id, what, work) {
  find(id).addEventListener("click", (event) => act(event.currentTarget, what, work));
}

function onSubmit(id, what, work) {
  find(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act(event.currentTarget.querySelector("[type=submit]"), what, work);
  });
}

onSubmit("login-form", "Login", async () => {
  if (!session) return settings.open();
  await session.security.login({ scopes: chosenScopes(), returnTo: "/" });
});
onClick("refresh", "Refresh", () => session.security.refresh());
onClick("verify", "Verify", verify);
onClick("logout", "Log out", logOut);
onSubmit("esi-form", "Call ESI", call);
onSubmit("fault-form", "Fault", async () => log.add("note", "Fault on", [], await faults.apply()));
onClick("clear-faults", "Clear faults", async () => {
  await faults.clear();
  log.add("note", "Faults cleared");
});
onClick("rotate-keys", "Rotate keys", async () => {
  const { kid } = await faults.rotateKeys();
  log.add("note", "Keys rotated", [["new key", kid]]);
});
find("clear-log").addEventListener("click", () => log.clear());
find("esi-route").addEventListener("change", () => showRouteHint(session.claims));
find("fault-endpoint").addEventListener("change", () => faults.showKinds());

offerScopes();
offerRoutes();
drawBlank();
setInterval(tick, 1000);
await open();
