// Many tabs, one rotating refresh token, and a server that ends the grant when a used one comes again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { count } from "../helpers/counts.js";
import { authorizeByForm } from "../helpers/login.js";
import { ILMARI, openPage, sendFromPage } from "../helpers/page.js";
import { openTabs } from "../helpers/tabs.js";

const ROUNDS = count({ few: 5, full: 50 });

const refresh = ({ security }) => security.refresh();

/** The token requests that the SSO refused: a used refresh token is one. */
const refusals = (page) => page.tokenRequests.filter(({ status }) => status !== 200);

for (const size of count({ few: [2], full: [2, 10] })) {
  test(`${size} tabs with the same copied storage refresh at the same moment, ${ROUNDS} times`, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    const tabs = await openTabs(t, page, size);
    // The shared worker would answer the same request twice, and hide that there were two.
    await tabs.runInEach(sendFromPage);
    const slowest = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const begin = performance.now();
      const outcomes = await tabs.runAtOnce(refresh);
      slowest.push(performance.now() - begin);
      assert.equal(page.tokenRequests.length, 1 + round, `round ${round}`);
      const newest = page.tokenRequests.at(-1).json;
      assert.ok(newest.access_token);
      for (const { value, error } of outcomes) {
        assert.equal(error, undefined);
        assert.equal(value.access_token, newest.access_token);
        assert.equal(value.refresh_token, newest.refresh_token);
      }
    }
    assert.deepEqual(refusals(page), []);
    const [newest, ...others] = await tabs.runInEach(async ({ security }) => [
      (await security.verify()).characterId,
      await security.getAccessToken(),
      JSON.parse(Object.entries(sessionStorage).find(([key]) => key.includes("/session/"))[1]).refresh_token,
    ]);
    for (const other of others) assert.deepEqual(other, newest);
    t.diagnostic(
      `${size} tabs, ${ROUNDS} rounds: ${page.tokenRequests.length - 1} token requests, 0 sessions lost, ` +
        `slowest round ${Math.round(Math.max(...slowest))} ms`,
    );
  });
}

test("ten tabs send one request to a server that is in trouble, and each of them knows why", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 10);
  await tabs.runInEach(sendFromPage);
  await tabs.runBareInEach((others) => {
    const { fetch } = globalThis;
    // The first one is not sent before all others wait for their turn.
    globalThis.fetch = async (request) => {
      const isWaiting = ({ name }) => name.includes("/refresh/");
      const waiting = async () => (await navigator.locks.query()).pending.filter(isWaiting).length;
      while (request.method === "POST" && (await waiting()) < others) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return fetch(request);
    };
  }, tabs.length - 1);
  page.sso.faults.set({ token: { kind: "error-502-html" } });
  const outcomes = await tabs.runAtOnce(refresh);
  assert.equal(page.tokenRequests.length, 2, "the login's, and one more");
  for (const { error } of outcomes) assert.deepEqual([error?.code, error?.phase], ["http_error", "refresh"]);
  page.sso.faults.clear();
  const again = await tabs.runAtOnce(refresh);
  const newest = page.tokenRequests.at(-1).json.access_token;
  for (const { value } of again) assert.equal(value?.access_token, newest);
  assert.equal(page.tokenRequests.length, 3);
});

test("a tab that cannot reach the server does not keep another from refreshing", async (t) => {
  const page = await openPage(t, { sso: { accessTokenTtl: 4 } });
  await page.logIn();
  const tabs = await openTabs(t, page, 2);
  await tabs.run(1, sendFromPage);
  await tabs.run(1, () => {
    const { fetch } = globalThis;
    globalThis.fetch = async (request) => {
      if (request.method === "POST") throw new TypeError("blocked");
      return fetch(request);
    };
  });
  await tabs.run(0, () => {});
  // Its next request may be under way by then.
  const answers = () => page.tokenRequests.flatMap(({ status }) => status ?? []);
  await page.driver.wait(() => answers().length >= 6, 120_000, "the other one refreshes five times");
  assert.deepEqual(new Set(answers()), new Set([200]));
});

test("a tab that refreshes again at once waits for nobody, since it held the lock itself", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 2);
  const told = await tabs.run(0, async ({ security }) => {
    const { prototype } = BroadcastChannel;
    const { postMessage } = prototype;
    const kinds = [];
    prototype.postMessage = function (message) {
      kinds.push(...Object.keys(JSON.parse(message)));
      postMessage.call(this, message);
    };
    for (let round = 0; round < 20; round += 1) await security.refresh();
    return kinds;
  });
  assert.deepEqual(told, Array(20).fill("tokens"));
});

/** So many sessions, each in a tab of its own, and so many times that all of these tabs end. */
const SESSIONS = 5;
const BATCHES = count({ few: 1, full: 20 });

/** In a tab: refreshes the sessions of these characters. */
const refreshEach = async ({ EsiSecurity, options }, characters) => {
  globalThis.sessions ??= await Promise.all(
    characters.map((character) => EsiSecurity.create({ ...options, tokenIdentifier: `character ${character}` })),
  );
  return Promise.all(globalThis.sessions.map((session) => session.refresh()));
};

/** In a tab: the same, where it fails: how. */
const failEach = async ({ EsiSecurity, options }, characters) => {
  globalThis.sessions ??= await Promise.all(
    characters.map((character) =>
      EsiSecurity.create({ ...options, autoRefresh: false, tokenIdentifier: `character ${character}` }),
    ),
  );
  const outcomes = await Promise.allSettled(globalThis.sessions.map((session) => session.refresh()));
  return outcomes.map(({ reason }) => reason?.code);
};

const CHARACTERS = Array.from({ length: SESSIONS }, (_, index) => index);

/** Logs in as many characters as there are sessions. */
async function logInAll(page) {
  for (const character of CHARACTERS) {
    const uri = await page.run(async ({ EsiSecurity, options }, tokenIdentifier) => {
      globalThis.loggingIn = await EsiSecurity.create({ ...options, tokenIdentifier });
      return globalThis.loggingIn.getAuthUri();
    }, `character ${character}`);
    const callback = await authorizeByForm({ authorizeUrl: uri, characterId: ILMARI });
    assert.ok(await page.run((_, url) => globalThis.loggingIn.handleRedirect(url), callback));
  }
}

/** Moments at which a tab may end: what keeps it from getting further, and how it is known to be there. */
const MOMENTS = {
  "during the request": {
    stop: () => {},
    isThere: () => true,
    // The answer comes when the tabs have ended, and the fault with them.
    fault: { kind: "slow", delayMs: 60_000 },
  },
  "before the answer is stored": {
    stop: () => {
      const { prototype } = MessagePort;
      const { set } = Object.getOwnPropertyDescriptor(prototype, "onmessage");
      globalThis.withheld = 0;
      Object.defineProperty(prototype, "onmessage", {
        set(handler) {
          set.call(this, (event) => {
            if (event.data.body) globalThis.withheld += 1;
            else handler.call(this, event);
          });
        },
      });
    },
    isThere: () => globalThis.withheld === 1,
  },
  "after the answer is stored and before it is handed over": {
    stop: () => {
      const { prototype } = BroadcastChannel;
      const { postMessage } = prototype;
      globalThis.withheld = 0;
      prototype.postMessage = function (message) {
        if (message.includes("access")) globalThis.withheld += 1;
        else postMessage.call(this, message);
      };
    },
    isThere: () => globalThis.withheld === 1,
    // That there are newer tokens is known, and nobody knows that their tab is closed: they are waited for twice.
    waits: 2,
    batches: 1,
  },
};

for (const [moment, { stop, isThere, fault, batches = BATCHES, waits = 0 }] of Object.entries(MOMENTS)) {
  test(`${SESSIONS * batches} tabs that end ${moment} take no session with them`, async (t) => {
    const page = await openPage(t);
    await logInAll(page);
    const logins = page.tokenRequests.length;
    const tabs = await openTabs(t, page, 1);
    for (let batch = 1; batch <= batches; batch += 1) {
      page.sso.faults.set(fault ? { token: fault } : {});
      const sent = logins + SESSIONS * batch;
      while (tabs.length <= SESSIONS) await tabs.run(await tabs.open(), stop);
      for (const character of CHARACTERS) {
        await tabs.run(1 + character, `(given) => { (${refreshEach})(given, [${character}]); }`);
      }
      await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length === sent);
      for (const character of CHARACTERS) {
        await page.driver.wait(() => tabs.run(1 + character, isThere), 10_000, moment);
      }
      while (tabs.length > 1) await tabs.crash(1);
      page.sso.faults.clear();
      for (let times = 0; times < waits; times += 1) {
        assert.deepEqual(await tabs.run(0, failEach, CHARACTERS), Array(SESSIONS).fill("timeout"));
      }
      const tokens = await tabs.run(0, refreshEach, CHARACTERS);
      assert.equal(tokens.length, SESSIONS);
      assert.ok(tokens.every(({ access_token: access }) => access));
      assert.equal(page.tokenRequests.length, sent, "what was sent once was not sent again");
    }
    assert.deepEqual(refusals(page), []);
    t.diagnostic(`${SESSIONS * batches} tabs that ended ${moment}: 0 sessions lost`);
  });
}
