// A tab that loses its turn before its refresh token has left: it was frozen for so long that another tab has taken the
// lock away. That tab may have used the very token that this one is about to send.
import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../helpers/engine.js";
import { openPage, sendFromPage } from "../helpers/page.js";
import { openTabs, withoutLocks } from "../helpers/tabs.js";

const refresh = ({ security }) => security.refresh();

/** Two tabs, of which the first has its turn, and waits for the metadata until `goOn`. */
async function openTurn(t, { locks = true } = {}) {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 2);
  await tabs.run(1, () => {
    new BroadcastChannel("the tests' own").onmessage = ({ data }) => {
      if (data === "freezing") globalThis.isAlone = true;
    };
  });
  await tabs.switchTo(0);
  await page.forgetDocuments();
  if (!locks) await tabs.runBareInEach(withoutLocks);
  await tabs.run(0, sendFromPage);
  await tabs.run(0, ({ security }) => {
    const { fetch } = globalThis;
    const channel = new BroadcastChannel("the tests' own");
    const told = new Promise((resolve) => {
      channel.onmessage = resolve;
    });
    document.addEventListener("freeze", () => channel.postMessage("freezing"));
    globalThis.fetch = async (...request) => {
      const answer = await fetch(...request);
      if (!/well-known/.test(request[0].url)) return answer;
      const text = await answer.text();
      globalThis.isHeld = true;
      await told;
      return new Response(text);
    };
    globalThis.refreshed = security.refresh();
  });
  await page.driver.wait(() => tabs.run(0, () => globalThis.isHeld), 10_000, "the first tab has its turn");
  return { page, tabs };
}

/** Runs in another tab. */
const goOn = () => new BroadcastChannel("the tests' own").postMessage("go on");

/** Runs in a tab: the lock of the turn, as it is `held` or waited for. */
const turns = async () => {
  const { held, pending } = await navigator.locks.query();
  const names = (locks) => locks.map(({ name }) => name).filter((name) => name.includes("/refresh/"));
  return { held: names(held), pending: names(pending) };
};

test("a tab whose lock was stolen does not send, but waits for its turn again", async (t) => {
  const { page, tabs } = await openTurn(t);
  const before = await tabs.run(1, turns);
  assert.equal(before.held.length, 1);
  await tabs.run(
    1,
    (_, name) =>
      new Promise((resolve) => {
        const steal = () =>
          new Promise((release) => {
            globalThis.release = release;
            resolve();
          });
        navigator.locks.request(name, { steal: true }, steal);
      }),
    before.held[0],
  );
  await tabs.run(1, goOn);
  await page.driver.wait(async () => (await tabs.run(1, turns)).pending.length === 1, 10_000, "it waits");
  assert.equal(page.tokenRequests.length, 1, "the login's alone");
  await tabs.run(1, () => globalThis.release());
  const { access_token: access } = await tabs.run(0, () => globalThis.refreshed);
  assert.equal(access, page.tokenRequests[1].json.access_token);
  assert.equal(page.tokenRequests.length, 2);
});

const FROZEN = "a tab that was frozen in its turn takes over what another one has refreshed meanwhile";

for (const locks of [true, false])
  test(`${FROZEN}, ${locks ? "with" : "without"} locks`, needs("freeze"), async (t) => {
    const { page, tabs } = await openTurn(t, { locks });
    const setState = async (state) => {
      await tabs.switchTo(0);
      await page.driver.sendDevToolsCommand("Page.setWebLifecycleState", { state });
    };
    await setState("frozen");
    await page.driver.wait(() => tabs.run(1, () => globalThis.isAlone), 10_000, "it is frozen");
    // What it waits for is there first when it thaws, before it can know of the lock.
    await tabs.run(1, goOn);
    await tabs.run(1, () => {
      const { timeout } = AbortSignal;
      AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds === 75_000 ? 1 : milliseconds);
    });
    const newest = await tabs.run(1, refresh);
    await setState("active");
    const taken = await tabs.run(0, () => globalThis.refreshed);
    assert.equal(taken.access_token, newest.access_token);
    assert.equal(taken.refresh_token, newest.refresh_token);
    assert.deepEqual(
      page.tokenRequests.map(({ status }) => status),
      [200, 200],
    );
    assert.ok(await tabs.run(0, refresh), "the session lives");
  });

test("without locks each tab refreshes by itself, and one warning says so", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 2);
  await tabs.runBareInEach(() => {
    delete Navigator.prototype.locks;
    globalThis.warnings = [];
    console.warn = (text) => globalThis.warnings.push(text);
  });
  await tabs.runInEach(sendFromPage);
  for (const tab of [0, 1, 0]) {
    const { access_token: access } = await tabs.run(tab, refresh);
    assert.equal(access, page.tokenRequests.at(-1).json.access_token);
  }
  // Each had the newest refresh token of the other.
  assert.deepEqual(
    page.tokenRequests.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  for (const tab of [0, 1]) {
    const warnings = await tabs.run(tab, () => globalThis.warnings.filter((text) => text.includes("Web Locks")));
    assert.equal(warnings.length, 1, `tab ${tab}`);
  }
});
