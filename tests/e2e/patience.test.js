// Tabs that wait for the refresh lock. If several have waited too long for one holder, one of them steals the lock, and the
// others wait for that one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { count } from "../helpers/counts.js";
import { openPage } from "../helpers/page.js";
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

/** Runs in a tab. */
const begin = ({ security }) => {
  globalThis.refreshed = security.refresh();
};

/** Runs in a tab: how many wait for the refresh lock. */
const waiting = async () => {
  const { pending } = await navigator.locks.query();
  return pending.filter(({ name }) => name.includes("/refresh/")).length;
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
    await page.driver.wait(async () => (await tabs.run(0, waiting)) === others.length, 10_000, "they wait");
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
