// What a session does by itself: it is refreshed in time, whatever the machine and the browser do meanwhile, and the
// page hears of it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { needs } from "../helpers/engine.js";
import { openPage } from "../helpers/page.js";

/** Tokens that are to be refreshed two seconds before their end, which is half their life. */
const SHORT = { accessTokenTtl: 4 };

const HOUR = 3600;

const stateOf = (page) => page.run(({ security }) => security.state);

/** From now on this document keeps what it is told, but for tokens. */
const record = (page) =>
  page.runBare(() => {
    globalThis.told = [];
    const keep = ({ type, detail }) => {
      globalThis.told.push(type === "esi:token-refreshed" ? [type] : [type, detail]);
    };
    for (const kind of ["token-refreshed", "token-expiring", "session-changed"]) addEventListener(`esi:${kind}`, keep);
  });

const told = (page) => page.runBare(() => globalThis.told);

const changed = (from, to, reason) => ["esi:session-changed", { tokenIdentifier: null, from, to, reason }];

/** A login that does not leave this document. */
const logInHere = async (page) => page.handleRedirect(await page.authorize());

/** Waits for so many token requests, and until the last answer is stored. */
async function refreshes(page, count) {
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length >= count);
  await page.driver.wait(async () => (await stateOf(page)) === "active", 10_000);
  assert.equal(page.tokenRequests.length, count);
}

/** Of a browser that has been at rest for so long: its clock goes on, its timers do not. */
const sleep = (page, seconds) => page.shiftClock(seconds);

const devTools = (page, command, parameters = {}) => page.driver.sendDevToolsCommand(command, parameters);

test("it is refreshed before its token ends, and the page is told step by step", async (t) => {
  const page = await openPage(t, { sso: SHORT });
  await record(page);
  await logInHere(page);
  await refreshes(page, 2);
  const [, expiring] = (await told(page)).find(([type]) => type === "esi:token-expiring");
  const { tokenExpiry } = expiring;
  assert.ok(Math.abs(tokenExpiry - Date.now() / 1000) < 60, `${tokenExpiry}`);
  const seen = (await told(page)).slice(0, 7);
  assert.deepEqual(
    seen.filter(([type]) => type !== "esi:token-refreshed"),
    [
      changed("signed-out", "active", "login"),
      changed("active", "expiring", "time"),
      ["esi:token-expiring", { tokenIdentifier: null, tokenExpiry }],
      changed("expiring", "refreshing", "refresh"),
      changed("refreshing", "active", "refresh"),
    ],
  );
  assert.equal(seen.length, 7, "and of the tokens, twice");
});

test("it goes on for as long as the page lives", async (t) => {
  const page = await openPage(t, { sso: { accessTokenTtl: 2 } });
  await page.logIn();
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length >= 5);
});

test("a session that is found in storage when it is due is refreshed at once", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.open("/");
  await page.shiftClock(1199);
  await record(page);
  await page.run(() => {});
  await refreshes(page, 2);
  assert.ok(!(await told(page)).some(([type]) => type === "esi:token-expiring"));
});

test("without `autoRefresh` it is left alone until somebody needs a token", async (t) => {
  const page = await openPage(t, { options: { autoRefresh: false } });
  await page.logIn();
  await record(page);
  await page.shiftClock(1150);
  await page.runBare(() => dispatchEvent(new Event("online")));
  assert.equal(await stateOf(page), "expiring");
  await page.driver.wait(async () => (await told(page)).length === 2, 10_000);
  assert.deepEqual(
    (await told(page)).map(([type]) => type),
    ["esi:session-changed", "esi:token-expiring"],
  );
  assert.equal(page.tokenRequests.length, 1);
  // A verification needs no new token.
  await page.run(({ security }) => security.verify());
  assert.equal(page.tokenRequests.length, 1);
  await page.run(({ security }) => security.getAccessToken());
  assert.equal(page.tokenRequests.length, 2);
  await page.shiftClock(1150);
  await page.run(({ security, options }) => security.authorize(new Request(options.apiOrigins[0])));
  assert.equal(page.tokenRequests.length, 3);
  // By a call at any time.
  await page.refresh();
  assert.equal(page.tokenRequests.length, 4);
});

test("the margin is an option", async (t) => {
  const page = await openPage(t, { options: { refreshMargin: 500 } });
  await page.logIn();
  await page.shiftClock(690);
  assert.equal(await stateOf(page), "active");
  await page.shiftClock(20);
  await page.runBare(() => dispatchEvent(new Event("online")));
  await refreshes(page, 2);
});

test("a clock that is set forward or back by ten minutes costs one refresh at most, and no session", async (t) => {
  for (const shift of [600, -600]) {
    const page = await openPage(t);
    await page.logIn();
    await page.shiftClock(shift);
    await page.runBare(() => dispatchEvent(new Event("online")));
    const token = await page.run(({ security }) => security.getAccessToken());
    assert.ok(token);
    assert.equal(await stateOf(page), "active", `${shift} s`);
    // Set back, nobody knows any more when it ends; set forward, ten of its twenty minutes are left.
    assert.equal(page.tokenRequests.length, shift > 0 ? 1 : 2, `${shift} s`);
    // Right again.
    await page.shiftClock(-shift);
    await page.run(({ security }) => security.getAccessToken());
    assert.equal(await stateOf(page), "active");
    assert.ok(page.tokenRequests.length <= 3);
  }
});

test("a page that was frozen for an hour refreshes when it thaws", needs("freeze"), async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await record(page);
  await page.runBare((seconds) => {
    // The page sees nothing of the time between.
    document.addEventListener("freeze", () => {
      const { now } = Date;
      Date.now = () => now() + seconds * 1000;
    });
  }, HOUR);
  await devTools(page, "Page.setWebLifecycleState", { state: "frozen" });
  await devTools(page, "Page.setWebLifecycleState", { state: "active" });
  await refreshes(page, 2);
  assert.deepEqual((await told(page)).slice(0, 1), [changed("active", "expiring", "time")]);
});

test("so does one that looks at the clock for the first time after a sleep", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await sleep(page, HOUR);
  // The user looks at the page.
  await page.runBare(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
  await refreshes(page, 2);
});

test("a page that comes back from the bfcache after an hour refreshes, once", async (t) => {
  const elsewhere = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!DOCTYPE html><title>Elsewhere</title><link rel=icon href=data:,>");
  });
  await new Promise((resolve) => elsewhere.listen(0, "localhost", resolve));
  t.after(() => elsewhere.close());
  const page = await openPage(t);
  await page.logIn();
  await page.runBare((seconds) => {
    addEventListener("pagehide", () => {
      const { now } = Date;
      Date.now = () => now() + seconds * 1000;
    });
    addEventListener("pageshow", ({ persisted }) => {
      globalThis.persisted = persisted;
    });
  }, HOUR);
  await page.open(`http://localhost:${elsewhere.address().port}/`);
  await page.driver.navigate().back();
  await page.waitForAddress(page.origin);
  assert.equal(await page.runBare(() => globalThis.persisted), true, "it was kept");
  await refreshes(page, 2);
});

test("a token that lives longer than a timer can be set for is not refreshed at once", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.run(({ security }) => {
    // 2^31 milliseconds are 24.8 days.
    security.updateToken({ access_token: "a.long.life", expires_in: 30 * 86_400 });
  });
  await page.runBare(() => new Promise((resolve) => setTimeout(resolve, 1000)));
  assert.equal(page.tokenRequests.length, 1);
  assert.equal(await stateOf(page), "active");
});

test("a snapshot is one frozen object until something changes", async (t) => {
  const page = await openPage(t, { options: { tokenWorker: false } });
  const look = () =>
    page.run(({ security }) => {
      // As React passes them on: without the object.
      const { getSnapshot } = security;
      const snapshot = getSnapshot();
      const same = globalThis.last === snapshot;
      globalThis.last = snapshot;
      return { snapshot, same, stable: getSnapshot() === snapshot, frozen: Object.isFrozen(snapshot) };
    });
  const nothing = { state: "signed-out", reason: "storage", tokenIdentifier: null, tokenExpiry: null };
  assert.deepEqual(await look(), { snapshot: nothing, same: false, stable: true, frozen: true });
  assert.deepEqual(await look(), { snapshot: nothing, same: true, stable: true, frozen: true });
  await page.logIn();
  const { snapshot, ...how } = await look();
  assert.deepEqual(how, { same: false, stable: true, frozen: true });
  const tokenExpiry = await page.run(({ security }) => security.tokenExpiry);
  assert.deepEqual(snapshot, { state: "active", reason: "login", tokenIdentifier: null, tokenExpiry });
  await page.shiftClock(1150);
  await page.runBare(() => {
    globalThis.fetch = () => new Promise(() => {});
  });
  assert.equal((await look()).same, false);
});

test("who subscribes is told at once and of each change, until they leave", needs("garbage-collection"), async (t) => {
  const page = await openPage(t);
  await page.run(({ security }) => {
    const { subscribe, getSnapshot } = security;
    globalThis.seen = [];
    globalThis.reported = 0;
    addEventListener("error", () => {
      globalThis.reported += 1;
    });
    subscribe(() => {
      throw new Error("a listener that is out of order");
    });
    globalThis.leave = subscribe((snapshot) => {
      globalThis.seen.push([snapshot.state, snapshot === getSnapshot()]);
    });
    // Nobody keeps the function that ends this one.
    globalThis.unkept = 0;
    subscribe(() => {
      globalThis.unkept += 1;
    });
  });
  await devTools(page, "HeapProfiler.collectGarbage");
  const seen = () => page.runBare(() => globalThis.seen);
  assert.deepEqual(await seen(), [["signed-out", true]]);
  await logInHere(page);
  assert.deepEqual(await seen(), [
    ["signed-out", true],
    ["active", true],
  ]);
  assert.equal(await page.runBare(() => globalThis.unkept), 2);
  assert.equal(await page.runBare(() => globalThis.reported), 2, "one that throws harms nobody else");
  await page.run(({ security }) => {
    globalThis.leave();
    globalThis.leave();
    return security.revoke();
  });
  assert.equal((await seen()).length, 2);
  assert.equal(await page.runBare(() => globalThis.unkept), 3);
  await page.run(({ security }) => {
    const late = security.subscribe(() => {});
    security.free();
    late();
  });
});

test("what is no function cannot subscribe", async (t) => {
  const page = await openPage(t);
  for (const listener of ["undefined", "null", "7", "({})", '"listener"']) {
    await assert.rejects(page.run(`({ security }) => security.subscribe(${listener})`), {
      code: "invalid_argument",
      phase: "subscribe",
    });
  }
});
