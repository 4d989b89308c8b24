// A tab that is out of sight gets the timers that set one another once a minute, and those of a session that has only just
// been looked at once a second: it is refreshed in time all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../helpers/page.js";

/** Tokens that are to be refreshed twenty seconds before their end. */
const TTL = 40;

/** Runs in a page: from now on it says what has become of it when it is asked, which takes no timer. */
const answer = ({ security }) => {
  const channel = new BroadcastChannel("the tests' own");
  let ticks = 0;
  const states = new Set();
  const tick = () => {
    ticks += 1;
    setTimeout(tick, 10);
  };
  tick();
  security.subscribe(() => states.add(security.state));
  channel.onmessage = ({ data }) => {
    if (data !== "how are you?") return;
    const { hidden } = document;
    channel.postMessage({ hidden, ticks, states: [...states], isExpired: security.isTokenExpired() });
  };
};

/** Runs in another page. */
const ask = () =>
  new Promise((resolve) => {
    const channel = new BroadcastChannel("the tests' own");
    channel.onmessage = ({ data }) => resolve(data);
    channel.postMessage("how are you?");
  });

test("a tab that is out of sight, whose timers the browser holds back, is refreshed before its token ends", async (t) => {
  const page = await openPage(t, { sso: { accessTokenTtl: TTL }, throttled: true });
  const { driver } = page;
  await page.logIn();
  await page.run(answer);
  const first = await driver.getWindowHandle();
  await driver.switchTo().newWindow("tab");
  await page.open("/other");
  const before = await page.runBare(ask);
  const begin = performance.now();
  const told = [];
  await driver.wait(async () => {
    told.push(await page.runBare(ask));
    return page.tokenRequests.length >= 3;
  }, 120_000);
  const seconds = (performance.now() - begin) / 1000;
  for (const { hidden, isExpired } of told) assert.deepEqual([hidden, isExpired], [true, false]);
  const { ticks, states } = told.at(-1);
  assert.ok(!states.includes("needs-login"), `${states}`);
  // A hundred in a second would be due.
  const rate = (ticks - before.ticks) / seconds;
  assert.ok(rate < 10, `${rate} timers in a second are not few`);
  t.diagnostic(
    `${page.tokenRequests.length - 1} refreshes out of sight, with ${rate.toFixed(2)} chained timers in a second`,
  );
  await driver.close();
  await driver.switchTo().window(first);
});
