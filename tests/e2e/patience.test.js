// Tabs that stand in line for their turn. One that has waited for too long takes the turn away, but only from a tab that has
// had it all the while: that one hangs. One that has come to its turn meanwhile may have sent its refresh token.
import assert from "node:assert/strict";
import { test } from "node:test";
import { count } from "../helpers/counts.js";
import { LOCATION, openPage } from "../helpers/page.js";
import { openTabs } from "../helpers/tabs.js";

/** How long a tab waits for one and the same other one, in milliseconds. */
const PATIENCE = 75_000;

const ROUNDS = count({ few: 2, full: 10 });

/** Runs in a tab: from now on it waits for its turn until it hears the word, however long that takes. */
function waitForTheWord(patience) {
  const { timeout } = AbortSignal;
  const channel = new BroadcastChannel("the tests' own");
  globalThis.waits = 0;
  AbortSignal.timeout = (milliseconds) => {
    if (milliseconds !== patience) return timeout.call(AbortSignal, milliseconds);
    globalThis.waits += 1;
    const controller = new AbortController();
    channel.onmessage = () => controller.abort(new DOMException("", "TimeoutError"));
    return controller.signal;
  };
}

/** Runs in a tab: it is the others that hear the word. */
const speak = () => new BroadcastChannel("the tests' own").postMessage("that is too long");

/** Runs in a tab: a refresh that no other tab can do for it, since the server is asked for other scopes. */
const begin = ({ security }, scopes) => {
  globalThis.refreshed = security.refresh(scopes);
};

/** Runs in a tab: who has the turn, and how many wait for it. */
const line = async () => {
  const { held, pending } = await navigator.locks.query();
  const isTurn = ({ name }) => name.includes("/refresh/");
  return { holder: held.find(isTurn)?.clientId, waiting: pending.filter(isTurn).length };
};

/** Runs in a tab: the name of the refresh lock of its grant. */
const nameOfLock = async () => {
  const [, record] = Object.entries(sessionStorage).find(([key]) => key.includes("/session/"));
  const text = new TextEncoder().encode(`refresh/${JSON.parse(record).lineage.grant}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const base64 = btoa(String.fromCharCode(...digest));
  return `esi-security/1/refresh/${base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
};

const statuses = (page) => page.tokenRequests.map(({ status }) => status);

test("tabs that wait for long in line do not rob one that has just come to its turn", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 5);
  const [first, second, ...others] = [0, 1, 2, 3, 4];
  const isWaiting = (count) =>
    page.driver.wait(async () => (await tabs.run(first, line)).waiting === count, 10_000, `${count} wait`);
  for (const tab of [first, second, ...others]) {
    await tabs.run(tab, `(_, patience) => (${waitForTheWord})(patience)`, PATIENCE);
    if (others.includes(tab)) await page.sendFromPage();
    // The server has answered, and replaced the refresh token, but the tab does not know yet.
    else await page.holdAnswers();
    await page.run(begin, [LOCATION]);
    await isWaiting(tab);
  }
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length === 2);
  const before = await tabs.run(first, line);
  await page.releaseAnswers();
  await tabs.run(first, () => globalThis.refreshed);
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length === 3);
  const after = await tabs.run(first, line);
  assert.notEqual(after.holder, before.holder);
  // The others have waited since the first one had its turn.
  await tabs.run(first, speak);
  for (const tab of others) {
    await page.driver.wait(() => tabs.run(tab, () => globalThis.waits === 2), 10_000, "it waits once more");
  }
  assert.deepEqual(await tabs.run(first, line), { ...after, waiting: others.length });
  assert.deepEqual(statuses(page), Array(3).fill(200));
  await tabs.switchTo(second);
  await page.releaseAnswers();
  const tokens = await tabs.runInEach(() => globalThis.refreshed);
  assert.deepEqual(
    tokens.map(({ access_token: access }) => access).sort(),
    page.tokenRequests
      .slice(1)
      .map(({ json }) => json.access_token)
      .sort(),
  );
  assert.deepEqual(statuses(page), Array(6).fill(200));
  assert.ok(await tabs.run(others[0], ({ security }) => security.refresh()), "the session lives");
});

test("of tabs that lose their patience with the same one at the same moment, one sends", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 6);
  const others = [1, 2, 3, 4, 5];
  await tabs.runBareInEach(waitForTheWord, PATIENCE);
  for (const tab of others) {
    await tabs.switchTo(tab);
    await page.sendFromPage();
  }
  const lock = await tabs.run(0, nameOfLock);
  for (let round = 1; round <= ROUNDS; round += 1) {
    // It has its turn, and does nothing.
    await tabs.run(
      0,
      (_, name) =>
        new Promise((resolve) => {
          const hang = () => {
            resolve();
            return new Promise(() => {});
          };
          navigator.locks.request(name, hang).catch(() => {});
        }),
      lock,
    );
    for (const tab of others) await tabs.run(tab, begin);
    await page.driver.wait(async () => (await tabs.run(0, line)).waiting === others.length, 10_000, "they wait");
    await tabs.run(0, speak);
    const accesses = [];
    for (const tab of others) accesses.push((await tabs.run(tab, () => globalThis.refreshed)).access_token);
    assert.deepEqual(statuses(page), Array(1 + round).fill(200), `round ${round}`);
    assert.deepEqual(new Set(accesses), new Set([page.tokenRequests.at(-1).json.access_token]));
  }
  let again = -ROUNDS * others.length;
  for (const tab of others) again += await tabs.run(tab, () => globalThis.waits);
  t.diagnostic(
    `${ROUNDS} rounds, ${ROUNDS} token requests; ${again} times a tab waited again for one that was quicker`,
  );
});
