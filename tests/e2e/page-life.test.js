// What a session must not do to its page: keep it out of the bfcache, send requests before it is shown, or keep zone.js
// from ever being stable.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { ENGINE, needs } from "../helpers/engine.js";
import { ILMARI, openPage, SAPHRA } from "../helpers/page.js";

/** A page of another origin. */
async function openElsewhere(t) {
  const server = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!DOCTYPE html><title>Elsewhere</title><link rel=icon href=data:,>");
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  t.after(() => server.close());
  return `http://localhost:${server.address().port}/`;
}

for (const tokenWorker of [true, false]) {
  test(`a page with a session is kept in the bfcache, ${tokenWorker ? "with" : "without"} the token worker`, async (t) => {
    const elsewhere = await openElsewhere(t);
    const page = await openPage(t, { options: { tokenWorker } });
    await page.logIn();
    await page.refresh();
    const locks = async () => (await navigator.locks.query()).held.length;
    await page.driver.wait(async () => (await page.runBare(locks)) === 0, 10_000, "the refresh lock is released");
    await page.runBare((address) => {
      addEventListener("pageshow", ({ persisted }) => {
        globalThis.persisted = persisted;
      });
      location.href = address;
    }, elsewhere);
    await page.waitForAddress(elsewhere);
    await page.driver.navigate().back();
    await page.waitForAddress(page.origin);
    assert.equal(await page.runBare(() => globalThis.persisted), true, "it was kept");
    // What was closed is open again.
    await page.refresh();
    assert.deepEqual(
      page.tokenRequests.map(({ status }) => status),
      [200, 200, 200],
    );
  });
}

for (const characterId of [ILMARI, null]) {
  const what = characterId ? "another character" : "no session";
  test(`a page that was left with ${what} has the session of a later login when the user goes back`, async (t) => {
    const page = await openPage(t);
    const verify = () => page.run(({ security }) => security.verify());
    if (characterId) await page.logIn({ characterId });
    else await page.open("/callback");
    assert.equal(await page.run(({ security }) => security.state), characterId ? "active" : "signed-out");
    await page.runBare(() => {
      addEventListener("pageshow", ({ persisted }) => {
        globalThis.isBack = persisted;
      });
      location.href = "/another";
    });
    await page.waitForAddress(`${page.origin}/another`);
    await page.handleRedirect(await page.authorize({ characterId: SAPHRA }));
    assert.equal((await verify()).characterId, SAPHRA);
    await page.driver.navigate().back();
    await page.waitForAddress(page.redirectUri);
    // Firefox would give it its old sessionStorage. WebKit keeps the page, which reads its record again.
    assert.equal(await page.runBare(() => globalThis.isBack === true), ENGINE === "webkit");
    assert.equal((await verify()).characterId, SAPHRA);
    await page.refresh();
    assert.ok(page.tokenRequests.every(({ status }) => status === 200));
    assert.equal(page.tokenRequests.length, characterId ? 3 : 2);
  });
}

/** How long nothing must happen, in milliseconds: longer than a page takes to begin a refresh. */
const QUIET_MS = 1500;

/** The same where Chromium holds back locks and the worker, which are waited for before the page sends by itself. */
const HELD_BACK_MS = 12_000;

/** Longer than EVE's access tokens live, in seconds. */
const LIFETIME = 1300;

const quiet = (milliseconds = QUIET_MS) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a prerendered page refreshes nothing before it is shown, and then at once", needs("prerendering"), async (t) => {
  let script = "";
  const serve = (path) => (path === "/prerendered" ? { change: (html) => html + script } : undefined);
  const page = await openPage(t, { serve });
  await page.logIn();
  script = `<script type="module">
    const { now } = Date;
    Date.now = () => now() + ${LIFETIME} * 1000;
    const { EsiSecurity } = await import("/js/index.js");
    globalThis.security = await EsiSecurity.create(${JSON.stringify(page.options)});
    await fetch("/created");
  </script>`;
  await page.runBare(() => {
    const rules = document.createElement("script");
    rules.type = "speculationrules";
    rules.textContent = JSON.stringify({ prerender: [{ urls: ["/prerendered"], eagerness: "immediate" }] });
    document.head.append(rules);
  });
  await page.waitForTraffic((seen) => seen.requests("/created").length > 0);
  await quiet(HELD_BACK_MS);
  assert.equal(page.tokenRequests.length, 1, "the login's alone");
  await page.runBare(() => {
    location.href = "/prerendered";
  });
  await page.waitForAddress(`${page.origin}/prerendered`);
  const activationStart = () => performance.getEntriesByType("navigation")[0].activationStart;
  assert.ok((await page.runBare(activationStart)) > 0, "it was prerendered");
  assert.equal(page.requests("/created").length, 1, "and is the same document");
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
  await page.driver.wait(() => page.runBare(() => globalThis.security.state === "active"), 10_000, "it is refreshed");
  assert.deepEqual(
    page.tokenRequests.map(({ status }) => status),
    [200, 200],
  );
});

/** Runs in a page: to its scripts it is prerendered, or shown now. */
function prerender(prerendering) {
  Object.defineProperty(document, "prerendering", { configurable: true, value: prerendering });
  if (!prerendering) document.dispatchEvent(new Event("prerenderingchange"));
}

test("a page whose `document.prerendering` is true has no worker and sends nothing by itself", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.open("/");
  await page.runBare(prerender, true);
  await page.shiftClock(LIFETIME);
  const status = ({ security }) => security.tokenWorker;
  assert.equal(await page.run(status), "idle");
  await page.runBare(() => dispatchEvent(new Event("online")));
  await quiet();
  assert.equal(await page.run(status), "idle");
  assert.equal(page.tokenRequests.length, 1, "the login's alone");
  await page.runBare(prerender, false);
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
  await page.driver.wait(() => page.run(({ security }) => security.state === "active"), 10_000, "it is refreshed");
  assert.equal(await page.run(status), "connected");
  assert.equal(page.tokenRequests.length, 2);
});

test("a login that a prerendered page finishes is exchanged once", async (t) => {
  const page = await openPage(t);
  await page.open(await page.authorize());
  await page.runBare(prerender, true);
  const callback = await page.address();
  const { state } = await page.handleRedirect(callback);
  await page.runBare(prerender, false);
  assert.equal((await page.handleRedirect(callback)).state, state);
  await quiet();
  assert.deepEqual(
    page.tokenRequests.map(({ status }) => status),
    [200],
  );
});

/** Runs in a page with zone.js: a zone as Angular's, in which an object is created and refreshed. */
async function inZone({ EsiSecurity, options }) {
  const { Zone } = globalThis;
  const seen = [];
  const pending = { macroTask: false, microTask: false };
  const zone = Zone.root.fork({
    name: "an app",
    onHasTask(parent, current, target, state) {
      parent.hasTask(target, state);
      if (current !== target) return;
      pending[state.change] = state[state.change];
      seen.push(state.change);
    },
  });
  /** As NgZone's `isStable`: everything that is under way has ended. A timer that is cleared ends too. */
  const settle = () => Zone.root.run(() => new Promise((resolve) => setTimeout(resolve, 500)));
  const states = {};
  const security = await zone.run(() => EsiSecurity.create(options));
  await settle();
  states.created = { ...pending, state: security.state };
  await zone.run(() => security.refresh());
  await settle();
  states.refreshed = { ...pending, state: security.state };
  await zone.run(() => security.getAccessToken());
  await zone.run(() => security.verify());
  const unsubscribe = zone.run(() => security.subscribe(() => {}));
  await settle();
  states.used = { ...pending, state: security.state };
  unsubscribe();
  return { ...states, zones: Zone.current.name, seen: seen.length > 0 };
}

for (const tokenWorker of [true, false])
  test(`with zone.js no task stays pending, ${tokenWorker ? "with" : "without"} the token worker: Angular is stable`, async (t) => {
    const page = await openPage(t, { options: { tokenWorker } });
    await page.logIn();
    await page.open("/");
    const script = await readFile(new URL("../../node_modules/zone.js/bundles/zone.umd.js", import.meta.url), "utf8");
    await page.runBare((text) => {
      const element = document.createElement("script");
      element.textContent = text;
      document.head.append(element);
    }, script);
    const { created, refreshed, used, seen } = await page.run(inZone);
    const stable = { macroTask: false, microTask: false, state: "active" };
    assert.deepEqual(created, stable);
    assert.deepEqual(refreshed, stable);
    assert.deepEqual(used, stable);
    assert.ok(seen, "the zone sees what is done in it");
    assert.equal(page.tokenRequests.length, 2);
  });
