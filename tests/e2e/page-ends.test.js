// A page that is reloaded, left or closed while its refresh is in flight: the server has replaced the refresh token, and
// the answer would be lost with the page, and the session with the answer. The token worker keeps it for the next page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGINE } from "../helpers/engine.js";
import { openPage } from "../helpers/page.js";
import { openTabs } from "../helpers/tabs.js";

/** How long the server takes for its answer: longer than a page takes to be reloaded. */
const DELAY_MS = 2500;

const ROUNDS = 4;

const refresh = ({ security }) => security.refresh();

/** The answers of the token endpoint; the browser has ended the requests that have none. */
const statuses = (page) => page.tokenRequests.flatMap(({ status }) => status ?? []);

/** Runs in a page: waits until it is connected to the worker. */
const connect = async ({ security }) => {
  while (security.tokenWorker !== "connected") await new Promise((resolve) => setTimeout(resolve, 10));
};

/** Begins a refresh in the tab that the driver speaks to, whose answer is out for a while. */
async function beginRefresh(page) {
  await page.run(connect);
  const before = page.tokenRequests.length;
  page.sso.faults.set({ token: { kind: "slow", delayMs: DELAY_MS, times: 1 } });
  await page.run(({ security }) => {
    security.refresh();
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length > before);
}

/** The session lives, and no used refresh token was sent. */
async function assertAlive(page) {
  assert.ok((await page.run(refresh)).access_token);
  assert.deepEqual(new Set(statuses(page)), new Set([200]));
}

/**
 * How a page ends, and the engines in which the worker outlives it if no other page is connected. Firefox and WebKit end a
 * worker with its last page, and its requests with it; WebKit keeps both for a page in the bfcache.
 */
const ENDS = [
  { how: "reloaded", outlives: ["chromium"], end: (page) => page.driver.navigate().refresh() },
  { how: "left for another one of the app", outlives: ["chromium", "webkit"], end: (page) => page.open("/another") },
];

for (const { how, outlives, end } of ENDS) {
  test(`a page is ${how} during a refresh, and another tab has the session: it lives, ${ROUNDS} of ${ROUNDS} times`, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    const tabs = await openTabs(t, page, 2);
    // It has never sent anything itself.
    await tabs.run(1, connect);
    for (let round = 0; round < ROUNDS; round += 1) {
      await tabs.switchTo(0);
      await beginRefresh(page);
      await end(page);
      await assertAlive(page);
    }
    await tabs.switchTo(1);
    await assertAlive(page);
  });

  const lives = outlives.includes(ENGINE);
  test(`a page is ${how} during a refresh, alone: the session ${lives ? "lives" : "is lost in this engine"}`, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    await beginRefresh(page);
    await end(page);
    if (lives) return assertAlive(page);
    // The server takes the used refresh token for a stolen one.
    await assert.rejects(page.run(refresh), { code: "invalid_grant" });
    assert.equal(await page.run(({ security }) => security.getSnapshot().reason), "ended");
  });
}

test("a refresh that begins while its page is being left is not sent", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.run(connect);
  await page.run(({ security }) => {
    for (const kind of ["pagehide", "unload"]) addEventListener(kind, () => void security.refresh());
  });
  await page.driver.navigate().refresh();
  await assertAlive(page);
  assert.equal(page.tokenRequests.length, 2, "the login's, and the next page's");
});

test(`a tab is closed during a refresh, and another one has the session: it lives, ${ROUNDS} of ${ROUNDS} times`, async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 1);
  await tabs.run(0, connect);
  for (let round = 0; round < ROUNDS; round += 1) {
    const asking = await tabs.open();
    await tabs.switchTo(asking);
    await beginRefresh(page);
    await tabs.close(asking);
    await assertAlive(page);
  }
});
