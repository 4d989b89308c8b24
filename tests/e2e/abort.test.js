// `signal`: who aborts leaves at once, and alone. What had begun is carried to its end and stored. The
// answers are held back, so that whatever rejects has not waited for them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, SAPHRA } from "../helpers/page.js";

const REVOKE = "/v2/oauth/revoke";
const DISCOVERY = "/.well-known/oauth-authorization-server";

/** The phase of each call that takes a signal. */
const PHASES = {
  getAuthUri: "login",
  login: "login",
  handleRedirect: "redirect",
  auth: "token",
  refresh: "refresh",
  getAccessToken: "refresh",
  revoke: "revoke",
  verify: "verify",
  authorize: "authorize",
};
const METHODS = Object.keys(PHASES);

/** The page sends, so that its answers can be held back. */
const PAGE_ALONE = { tokenWorker: false };

/** Puts into the page `call(name, options)` and, for what they need, a callback address and ESI's origin. */
const install = (page, callback) =>
  page.run(
    (_, url, esi) => {
      const { code, state } = Object.fromEntries(new URL(url ?? location).searchParams);
      const calls = {
        handleRedirect: (options) => globalThis.security.handleRedirect(url ?? undefined, options),
        auth: (options) => globalThis.security.auth(code, state, options),
        refresh: (options) => globalThis.security.refresh(undefined, options),
        authorize: (options) => globalThis.security.authorize(new Request(esi), options),
      };
      globalThis.call = (name, options) =>
        (calls[name] ?? globalThis.security[name].bind(globalThis.security))(options);
    },
    callback,
    page.sso.esiUrl,
  );

/** Logged in, no documents, the access token over, and a further login under way: whatever is called has to ask. */
async function openNeedy(t) {
  const page = await openPage(t, { options: PAGE_ALONE, sso: { accessTokenTtl: 300 } });
  await page.logIn();
  const callback = await page.authorize({ characterId: SAPHRA });
  await page.forgetDocuments();
  await install(page, callback);
  await page.shiftClock(300);
  return page;
}

/** Everything that a call could have changed, and how often the servers were asked. */
const look = async (page) => [
  await page.runBare(() => ({ ...sessionStorage })),
  await page.run(({ security }) => security.state),
  await page.address(),
  [page.tokenRequests, page.requests(REVOKE), page.requests(DISCOVERY)].map(({ length }) => length),
];

/** Calls with a signal of its own, which `abort` aborts. */
const begin = (page, name) =>
  page.runBare((method) => {
    const controller = new AbortController();
    globalThis.abort = (reason) => controller.abort(reason);
    globalThis.calling = globalThis.call(method, { signal: controller.signal });
    globalThis.calling.catch(() => {});
  }, name);

/** Aborts: how the call ends. */
const abort = (page, reason) =>
  page.runBare((given) => {
    globalThis.abort(given);
    return globalThis.calling;
  }, reason);

const aborted = (name, cause = "enough") => ({
  name: "EsiError",
  code: "aborted",
  phase: PHASES[name],
  retryable: false,
  message: "the signal of this call was aborted",
  cause,
});

/** Counts, from now on, the listeners on signals. */
const countListeners = (page) =>
  page.runBare(() => {
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const held = [];
    globalThis.listeners = { held, added: 0 };
    AbortSignal.prototype.addEventListener = function add(...listener) {
      held.push([this, ...listener]);
      globalThis.listeners.added += 1;
      return addEventListener.apply(this, listener);
    };
    AbortSignal.prototype.removeEventListener = function remove(...listener) {
      const at = held.findIndex((other) => [this, ...listener].every((part, index) => part === other[index]));
      if (at >= 0) held.splice(at, 1);
      return removeEventListener.apply(this, listener);
    };
  });

/** How many listeners there are now, and how many there were ever. */
const listeners = (page) => page.runBare(() => [globalThis.listeners.held.length, globalThis.listeners.added]);

test("after the signal nothing is done at all, whichever call it is", async (t) => {
  const page = await openNeedy(t);
  const before = await look(page);
  for (const name of METHODS) {
    const calling = page.runBare((method) => globalThis.call(method, { signal: AbortSignal.abort("enough") }), name);
    await assert.rejects(calling, aborted(name), name);
    assert.deepEqual(await look(page), before, name);
  }
});

test("aborted in the same breath, nothing has begun but the revocation", async (t) => {
  const page = await openNeedy(t);
  const before = await look(page);
  const callAndAbort = (name) =>
    page.runBare((method) => {
      const controller = new AbortController();
      const calling = globalThis.call(method, { signal: controller.signal });
      controller.abort("enough");
      return calling;
    }, name);
  for (const name of METHODS.filter((method) => method !== "revoke")) {
    await assert.rejects(callAndAbort(name), aborted(name), name);
    assert.deepEqual(await look(page), before, name);
  }
  await assert.rejects(callAndAbort("revoke"), aborted("revoke"));
  assert.deepEqual(await page.stored("/session/"), []);
  await page.waitForTraffic(() => page.requests(REVOKE)[0]?.status === 200);
});

test("each call rejects while its answer is still out", async (t) => {
  for (const name of METHODS) {
    const page = await openNeedy(t);
    const before = page.requests(DISCOVERY).length;
    await countListeners(page);
    await page.holdAnswers();
    await begin(page, name);
    await page.waitForTraffic(() => page.requests(DISCOVERY)[before]?.ended);
    assert.deepEqual(await listeners(page), [1, 1], name);
    await assert.rejects(abort(page, "enough"), aborted(name), name);
    assert.deepEqual(await listeners(page), [0, 1], name);
  }
});

test("an address that comes too late is gone to by nobody, and belongs to no login", async (t) => {
  const page = await openPage(t);
  await install(page);
  for (const name of ["login", "getAuthUri"]) {
    await page.forgetDocuments();
    await install(page);
    const before = page.requests(DISCOVERY).length;
    await page.holdAnswers();
    await begin(page, name);
    await page.waitForTraffic(() => page.requests(DISCOVERY)[before]?.ended);
    await assert.rejects(abort(page, "enough"), aborted(name), name);
    await page.run(({ security }) => {
      globalThis.later = security.getAuthUri({ state: "of-the-later-one" });
    });
    await page.releaseAnswers();
    await page.runBare(() => globalThis.later);
    assert.equal(await page.address(), `${page.origin}/`);
    const logins = (await page.stored("/logins/")).flat();
    assert.deepEqual(
      logins.map(({ state }) => state),
      ["of-the-later-one"],
      name,
    );
    await page.runBare(() => sessionStorage.clear());
  }
});

/** Waits in the page for tokens. */
const awaitTokens = (page) =>
  page.runBare(() => {
    globalThis.told = new Promise((resolve) => {
      addEventListener("esi:token-refreshed", () => resolve(), { once: true });
    });
  });

/** What is stored of the tokens of the answer to a token request. */
async function assertStored(page, index) {
  const [{ access, refresh_token }] = await page.stored("/session/");
  const answer = page.tokenRequests[index].json;
  assert.deepEqual([access.token, refresh_token], [answer.access_token, answer.refresh_token]);
}

for (const name of ["refresh", "getAccessToken", "authorize"]) {
  test(`${name}: the refresh is stored although the caller has left, and others get it`, async (t) => {
    for (const others of [0, 1]) {
      // Over before the metadata are.
      const page = await openPage(t, { options: PAGE_ALONE, sso: { accessTokenTtl: 200 } });
      await page.logIn();
      await install(page);
      await page.shiftClock(200);
      await awaitTokens(page);
      await page.holdAnswers();
      await begin(page, name);
      await page.run(({ security }, count) => {
        globalThis.others = Array.from({ length: count }, () => security.getAccessToken());
      }, others);
      await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
      await assert.rejects(abort(page, "enough"), aborted(name));
      await assertStored(page, 0);
      await page.releaseAnswers();
      await page.runBare(() => globalThis.told);
      await assertStored(page, 1);
      const served = await page.runBare(() => Promise.all(globalThis.others));
      assert.deepEqual(served, Array(others).fill(page.tokenRequests[1].json.access_token));
      assert.equal(page.tokenRequests.length, 2);
      assert.equal((await page.tokens()).access, page.tokenRequests[1].json.access_token);
    }
  });
}

for (const name of ["handleRedirect", "auth"]) {
  test(`${name}: the exchange is stored although the caller has left, and its login can be asked for again`, async (t) => {
    const page = await openPage(t);
    const callback = await page.authorize();
    await page.open(callback);
    await install(page);
    await awaitTokens(page);
    await page.holdAnswers();
    await begin(page, name);
    await page.waitForTraffic(({ tokenRequests }) => tokenRequests[0]?.ended);
    await assert.rejects(abort(page, "enough"), aborted(name));
    assert.deepEqual(await page.stored("/session/"), []);
    await page.releaseAnswers();
    await page.runBare(() => globalThis.told);
    await assertStored(page, 0);
    assert.equal(await page.address(), callback);
    assert.equal((await page.handleRedirect()).state, new URL(callback).searchParams.get("state"));
    assert.equal(await page.address(), page.redirectUri);
    assert.equal(page.tokenRequests.length, 1);
  });
}

test("revoke: the tokens are gone, and the server is told although the caller has left", async (t) => {
  const page = await openPage(t);
  for (const waiting of [true, false]) {
    await page.logIn();
    await install(page);
    const [refreshes, revocations] = [page.tokenRequests.length, page.requests(REVOKE).length];
    await page.holdAnswers();
    if (waiting) {
      await page.run(({ security }) => security.refresh().catch(() => {}) && undefined);
      await page.waitForTraffic(({ tokenRequests }) => tokenRequests[refreshes]?.ended);
    }
    await begin(page, "revoke");
    if (!waiting) await page.waitForTraffic(() => page.requests(REVOKE)[revocations]?.ended);
    await assert.rejects(abort(page, "enough"), aborted("revoke"));
    assert.deepEqual(await page.stored("/session/"), []);
    assert.equal(await page.run(({ security }) => security.state), "signed-out");
    await page.releaseAnswers();
    await page.waitForTraffic(() => page.requests(REVOKE)[revocations]?.ended);
    const sent = page.requests(REVOKE).map(({ form }) => form.get("token"));
    assert.equal(sent.length, revocations + 1);
    assert.equal(sent.at(-1), page.tokenRequests.at(-1).json.refresh_token);
  }
});

test("verify: the keys are kept although the caller has left", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await install(page);
  await page.holdAnswers();
  await begin(page, "verify");
  await page.waitForTraffic(() => page.requests("/oauth/jwks")[0]?.ended);
  await assert.rejects(abort(page, "enough"), aborted("verify"));
  await page.releaseAnswers();
  assert.equal((await page.run(({ security }) => security.verify())).verified, true);
  assert.equal(page.requests("/oauth/jwks").length, 1);
});

test("who aborts when tokens come has them, but not the answer", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await install(page);
  await assert.rejects(
    page.runBare(() => {
      const controller = new AbortController();
      addEventListener("esi:token-refreshed", () => controller.abort("enough"), { once: true });
      return globalThis.call("refresh", { signal: controller.signal });
    }),
    aborted("refresh"),
  );
  await assertStored(page, 1);
});

test("one signal serves thousands of calls, however they end, and holds on to none of them", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await install(page);
  await countListeners(page);
  await page.runBare(async () => {
    globalThis.controller = new AbortController();
    const how = { signal: globalThis.controller.signal };
    const calls = Array.from({ length: 2000 }, () => globalThis.call("getAccessToken", how));
    calls.push(globalThis.call("verify", how), globalThis.call("getAuthUri", how), globalThis.call("refresh", how));
    await Promise.all(calls);
    await globalThis.call("authorize", how);
    await globalThis.call("handleRedirect", how);
  });
  assert.deepEqual(await listeners(page), [0, 2005]);
  page.sso.faults.set({ token: { kind: "error-500" } });
  await assert.rejects(
    page.runBare(() => globalThis.call("refresh", { signal: globalThis.controller.signal })),
    { code: "http_error" },
  );
  assert.deepEqual(await listeners(page), [0, 2006]);
  await page.keepsTokens(() => page.runBare(() => globalThis.controller.abort("too late")));
});

test("the reason comes back as it is, if it is a text or an Error", async (t) => {
  const page = await openPage(t);
  await install(page);
  const causes = await page.runBare(async () => {
    const cause = async (reason) => {
      const signal = AbortSignal.abort(reason);
      const error = await globalThis.call("getAccessToken", { signal }).catch((rejection) => rejection);
      return ["cause" in error, error.cause === signal.reason, error.cause?.name];
    };
    class Left extends Error {
      name = "Left";
    }
    const reasons = ["", "gone", new Left(), undefined, 7, null, {}, Symbol("gone")];
    return Promise.all(reasons.map(cause));
  });
  const none = [false, false, null];
  assert.deepEqual(causes, [
    [true, true, null],
    [true, true, null],
    [true, true, "Left"],
    [true, true, "AbortError"],
    ...Array(4).fill(none),
  ]);
});

test("what is no AbortSignal is refused, and `null` is nothing", async (t) => {
  const page = await openNeedy(t);
  const before = await look(page);
  for (const name of METHODS) {
    for (const signal of [
      "'signal'",
      "7",
      "true",
      "{}",
      "{ aborted: false, addEventListener() {}, removeEventListener() {} }",
      "new AbortController()",
      "new EventTarget()",
      "Object.create(AbortSignal.prototype)",
      "new Proxy(AbortSignal.abort(), {})",
    ]) {
      await assert.rejects(
        page.runBare(`() => globalThis.call("${name}", { signal: ${signal} })`),
        {
          name: "EsiError",
          code: "invalid_argument",
          phase: PHASES[name],
          retryable: false,
          message: "`signal` must be an AbortSignal",
        },
        `${name}: ${signal}`,
      );
    }
    const throwing = "{ get signal() { throw new Error('no'); } }";
    await assert.rejects(page.runBare(`() => globalThis.call("${name}", ${throwing})`), {
      code: "invalid_argument",
      message: "`signal` could not be read",
    });
    await assert.rejects(
      page.runBare((method) => globalThis.call(method, { singal: null }), name),
      { code: "unknown_option", phase: PHASES[name], message: "unknown option `singal`; did you mean `signal`?" },
      name,
    );
  }
  assert.deepEqual(await look(page), before);
  const nothing = await page.runBare(() =>
    Promise.all([
      globalThis.call("refresh", { signal: null }),
      globalThis.call("getAccessToken", { signal: undefined }),
      globalThis.call("getAccessToken", null),
    ]),
  );
  assert.equal(nothing[1], page.tokenRequests[1].json.access_token);
});
