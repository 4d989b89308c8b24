// What a session must not do to its page: keep it out of the bfcache, or keep zone.js from ever being stable.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { ENGINE } from "../helpers/engine.js";
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
