// The same without Web Locks, as on a page that is served over plain http: tabs agree on their channel whose turn it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { count } from "../helpers/counts.js";
import { openPage, sendFromPage } from "../helpers/page.js";
import { openTabs, withoutLocks } from "../helpers/tabs.js";

const ROUNDS = count({ few: 5, full: 20 });

const refresh = ({ security }) => security.refresh();

const statuses = (page) => page.tokenRequests.map(({ status }) => status);

const successes = (number) => Array(number).fill(200);

/**
 * So many tabs that hold the same grant, and have no locks. Without the shared worker, which would answer the same
 * request twice, each sends what it has to by itself.
 */
async function openTabsWithoutLocks(t, size, { worker = false } = {}) {
  const page = await openPage(t);
  await page.logIn();
  await page.open("/");
  const tabs = await openTabs(t, page, size);
  await tabs.runBareInEach(withoutLocks);
  if (!worker) await tabs.runInEach(sendFromPage);
  assert.deepEqual(await tabs.runInEach(() => typeof navigator.locks), Array(size).fill("undefined"));
  return { page, tabs };
}

for (const size of count({ few: [2], full: [2, 10] })) {
  test(`${size} tabs without locks refresh at the same moment, ${ROUNDS} times`, async (t) => {
    const { page, tabs } = await openTabsWithoutLocks(t, size);
    const slowest = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const begin = performance.now();
      const outcomes = await tabs.runAtOnce(refresh);
      slowest.push(performance.now() - begin);
      assert.deepEqual(statuses(page), successes(1 + round), `round ${round}`);
      const newest = page.tokenRequests.at(-1).json;
      for (const { value, error } of outcomes) {
        assert.equal(error, undefined);
        assert.equal(value.access_token, newest.access_token);
        assert.equal(value.refresh_token, newest.refresh_token);
      }
    }
    t.diagnostic(
      `${size} tabs without locks, ${ROUNDS} rounds: ${page.tokenRequests.length - 1} token requests, 0 sessions lost, ` +
        `slowest round ${Math.round(Math.max(...slowest))} ms`,
    );
  });
}

test("a tab that claims while another one has sent gets what that one is given", async (t) => {
  const { page, tabs } = await openTabsWithoutLocks(t, 3);
  // For longer than a claim waits for its answers, and than it waits for the tokens of the one that comes first.
  page.sso.faults.set({ token: { kind: "slow", delayMs: 8000, times: 1 } });
  await tabs.run(0, ({ security }) => {
    globalThis.refreshed = security.refresh();
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length === 2);
  const late = await tabs.run(1, refresh);
  const { access_token: access } = await tabs.run(0, () => globalThis.refreshed);
  assert.equal(late.access_token, access);
  assert.deepEqual(statuses(page), successes(2));
});

test("a tab that crashes in its turn holds nobody up for long", async (t) => {
  const { page, tabs } = await openTabsWithoutLocks(t, 4);
  await tabs.switchTo(3);
  await page.forgetDocuments();
  await page.runBare(withoutLocks);
  await tabs.run(3, ({ security }) => {
    globalThis.fetch = () => {
      globalThis.isHeld = true;
      return new Promise(() => {});
    };
    security.refresh();
  });
  await page.driver.wait(() => tabs.run(3, () => globalThis.isHeld), 10_000, "it has its turn");
  await tabs.runInEach(({ security }) => {
    globalThis.refreshed ??= security.refresh();
  });
  await tabs.crash(3);
  const outcomes = await tabs.runInEach(() => globalThis.refreshed);
  assert.deepEqual(statuses(page), successes(2));
  for (const { access_token: access } of outcomes) assert.equal(access, page.tokenRequests[1].json.access_token);
});

test("a tab that crashes during its request holds nobody up for long, and takes no session with it", async (t) => {
  const { page, tabs } = await openTabsWithoutLocks(t, 4, { worker: true });
  page.sso.faults.set({ token: { kind: "slow", delayMs: 2000, times: 1 } });
  await tabs.run(3, (given) => {
    given.security.refresh();
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length === 2);
  // The others know whose turn it is before it ends.
  await tabs.runInEach(({ security }) => {
    globalThis.refreshed ??= security.refresh();
  });
  await tabs.crash(3);
  const outcomes = await tabs.runInEach(() => globalThis.refreshed);
  assert.equal(new Set(outcomes.map(({ access_token: access }) => access)).size, 1);
  // The shared worker had the answer for them.
  assert.deepEqual(statuses(page), successes(2));
  assert.equal(outcomes[0].access_token, page.tokenRequests[1].json.access_token);
});
