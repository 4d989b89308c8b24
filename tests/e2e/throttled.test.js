// A tab that is out of sight gets the timers that set one another once a minute, any other once a second: a session
// there is refreshed in time all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../helpers/engine.js";
import { openPage } from "../helpers/page.js";

/** So many milliseconds between two timers show that the browser holds them back. */
const LONG = 5000;

/**
 * Runs in a page: as soon as its own timers are held back, one of them brings a token that is to be refreshed in twenty
 * seconds, and ends in forty. When the page is asked it says what has become of that, which takes no timer.
 */
const answer = ({ security }, long) => {
  const channel = new BroadcastChannel("the tests' own");
  const states = new Set();
  let last = performance.now();
  const tick = () => {
    const begin = last;
    last = performance.now();
    if (!document.hidden || last - begin < long) setTimeout(tick, 10);
    else security.updateToken({ access_token: "brought.by.page", expires_in: 40 });
  };
  tick();
  security.subscribe(() => states.add(security.state));
  channel.onmessage = ({ data }) => {
    if (data !== "how are you?") return;
    channel.postMessage({ hidden: document.hidden, states: [...states], isExpired: security.isTokenExpired() });
  };
};

/** Runs in another page. */
const ask = () =>
  new Promise((resolve) => {
    const channel = new BroadcastChannel("the tests' own");
    channel.onmessage = ({ data }) => resolve(data);
    channel.postMessage("how are you?");
  });

test(
  "a tab that is out of sight, whose timers the browser holds back, is refreshed before its token ends",
  needs("throttling"),
  async (t) => {
    const page = await openPage(t, { options: { refreshMargin: 20 }, throttled: true });
    const { driver } = page;
    await page.logIn();
    await page.run(answer, LONG);
    const first = await driver.getWindowHandle();
    await page.newTab();
    await page.open("/other");
    await driver.wait(async () => {
      const { hidden, isExpired, states } = await page.runBare(ask);
      assert.deepEqual([hidden, isExpired], [true, false]);
      assert.ok(!states.includes("needs-login"), `${states}`);
      return Number.isInteger(page.tokenRequests[1]?.status);
    }, 200_000);
    assert.deepEqual(
      page.tokenRequests.map(({ status }) => status),
      [200, 200],
    );
    await driver.close();
    await driver.switchTo().window(first);
  },
);
