// What the token endpoint may answer, or not answer, to a code and to a refresh token (RFC 6749 sections
// 5.1 and 5.2, and EVE's habits): each has its error, and costs nobody a session.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { ENGINE } from "../helpers/engine.js";
import { ILMARI, openPage, SAPHRA } from "../helpers/page.js";

const NETWORK = { code: "network_error", retryable: true, cause: /^TypeError: / };
const UNUSABLE = { code: "invalid_response", retryable: true };
const http = (status) => ({ code: "http_error", retryable: true, status });

/** What is answered in place of the server: the code or refresh token was not used. */
const NOT_SERVED = [
  [{ kind: "downtime" }, NETWORK],
  [{ kind: "error-500-no-cors" }, NETWORK],
  [{ kind: "error-500" }, http(500)],
  [{ kind: "error-502-html" }, http(502)],
  [{ kind: "error-503" }, { code: "oauth_error", retryable: true, status: 503, error: "temporarily_unavailable" }],
  [{ kind: "rate-limited" }, { code: "rate_limited", retryable: true, status: 429 }],
  [{ kind: "html" }, UNUSABLE],
  [{ kind: "empty" }, UNUSABLE],
];

/** What is lost or broken on the way back: the code or refresh token has been used. */
const LOST = [
  [{ kind: "truncated" }, UNUSABLE],
  [{ kind: "drop-after" }, NETWORK],
];

/** What arrives whole, but without what makes it a token response. */
const BROKEN = [[{ kind: "no-access-token" }, { ...UNUSABLE, message: /access_token/ }]];

/** The server's own refusals, which another try would not change. */
const REFUSED = [
  [401, "invalid_client"],
  [400, "invalid_request"],
  [400, "unauthorized_client"],
  [403, "access_denied"],
].map(([status, error]) => [
  { kind: "oauth-error", status, error, description: "Said by the server." },
  { code: "oauth_error", retryable: false, status, error, errorDescription: "Said by the server." },
]);

const characterId = (page) => page.run(async ({ security }) => (await security.verify()).characterId);

test("a code whose exchange did not get through can be tried again", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [fault, expected] of NOT_SERVED) {
    const callback = await page.authorize({ characterId: SAPHRA });
    page.sso.faults.set({ token: fault });
    await page.open(callback);
    await page.keepsTokens(() => assert.rejects(page.handleRedirect(), { phase: "token", ...expected }, fault.kind));
    assert.equal(await page.address(), callback, "for a reload");
    page.sso.faults.clear();
    await page.open(callback);
    assert.ok(await page.handleRedirect(), fault.kind);
    assert.equal(await characterId(page), SAPHRA);
    assert.equal(await page.address(), page.redirectUri);
  }
});

test("a code whose answer was lost or broken is not used again without being asked", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [fault, expected] of [...LOST, ...BROKEN]) {
    const callback = await page.authorize({ characterId: SAPHRA });
    const sent = page.tokenRequests.length;
    page.sso.faults.set({ token: fault });
    await page.open(callback);
    await page.keepsTokens(() => assert.rejects(page.handleRedirect(), { phase: "token", ...expected }, fault.kind));
    assert.equal(page.tokenRequests.length, sent + 1);
    page.sso.faults.clear();
    // The server says so itself, or the token worker gives its answer again.
    await page.keepsTokens(() =>
      assert.rejects(page.handleRedirect(), ({ code, phase }) => {
        assert.ok(["invalid_grant", expected.code].includes(code), code);
        return phase === "token";
      }),
    );
  }
  await page.logIn({ characterId: SAPHRA });
  assert.equal(await characterId(page), SAPHRA);
});

test("a code that the server refuses ends its login, and no other", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [fault, expected] of REFUSED) {
    const callback = await page.authorize();
    page.sso.faults.set({ token: fault });
    await page.open(callback);
    await page.keepsTokens(async () => {
      await assert.rejects(page.handleRedirect(), { phase: "token", ...expected });
      await assert.rejects(page.handleRedirect(callback), { code: "state_reused", phase: "redirect" });
    });
    page.sso.faults.clear();
  }
  await page.logIn({ characterId: SAPHRA });
  assert.equal(await characterId(page), SAPHRA);
});

test("a refresh that did not get through keeps the tokens, and works afterwards", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [fault, expected] of [...NOT_SERVED, ...REFUSED]) {
    page.sso.faults.set({ token: fault });
    await page.keepsTokens(() => assert.rejects(page.refresh(), { phase: "refresh", ...expected }, fault.kind));
    page.sso.faults.clear();
    await page.refresh();
  }
});

test("three refusals without a reason, with pauses between, ask for a login and keep the record", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [before, sent] = [await page.stored("/session/"), page.tokenRequests.length];
  page.sso.faults.set({ token: { kind: "empty-400" } });
  await page.shiftClock(1200);
  const told = await page.run(
    ({ security }) =>
      new Promise((resolve) => {
        const seen = [];
        addEventListener("esi:session-changed", ({ detail }) => {
          seen.push(`${detail.to}: ${detail.reason}`);
          if (detail.to === "needs-login") resolve(seen);
        });
        security.refresh().catch((error) => seen.push(`${error.code} ${error.status} ${error.retryable}`));
      }),
  );
  assert.ok(told.includes("http_error 400 false"), told);
  assert.deepEqual(
    [told.at(-1), told.filter((change) => change === "offline: failure").length],
    ["needs-login: ended", 2],
  );
  assert.equal(page.tokenRequests.length, sent + 3);
  assert.deepEqual(await page.stored("/session/"), before);
  await assert.rejects(
    page.run(({ security }) => security.getAccessToken()),
    { code: "needs_login", phase: "refresh" },
  );
  assert.equal(page.tokenRequests.length, sent + 3);
  // A gateway may have answered: a call to `refresh` tries once more.
  page.sso.faults.clear();
  await page.refresh();
  assert.equal(await page.run(({ security }) => security.state), "active");
});

/** How often the page has sent a form. Firefox may send one again by itself if its connection dies unanswered. */
function checkSent(count, expected) {
  if (ENGINE === "firefox") assert.ok(count >= expected && count <= 2 * expected, `${count} for ${expected}`);
  else assert.equal(count, expected);
}

test("a refresh is repeated once if nobody knows whether it was served, and keeps the tokens", async (t) => {
  const page = await openPage(t, { sso: { rotate: false } });
  await page.logIn();
  for (const [fault, expected] of LOST) {
    const sent = page.tokenRequests.length;
    page.sso.faults.set({ token: fault });
    await page.keepsTokens(() => assert.rejects(page.refresh(), { phase: "refresh", ...expected }, fault.kind));
    checkSent(page.tokenRequests.length - sent, expected === NETWORK ? 2 : 1);
    page.sso.faults.clear();
    await page.refresh();
  }
  const sent = page.tokenRequests.length;
  page.sso.faults.set({ token: { kind: "drop-after", times: 1 } });
  await page.refresh();
  checkSent(page.tokenRequests.length - sent, 2);
});

test("a rotated refresh token in an unusable answer is kept, in memory and in storage", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [fault, expected] of BROKEN) {
    const before = await page.tokens();
    page.sso.faults.set({ token: fault });
    await assert.rejects(page.refresh(), { phase: "refresh", ...expected });
    page.sso.faults.clear();
    const { refresh_token: rotated } = page.tokenRequests.at(-1).json;
    const { access, stored } = await page.tokens();
    assert.equal(access, before.access);
    const [{ lineage, ...others }] = before.stored;
    const renewed = { ...lineage, rotation: lineage.rotation + 1 };
    assert.deepEqual(stored, [{ ...others, refresh_token: rotated, lineage: renewed }]);
    await page.open("/");
    await page.refresh();
    await page.refresh();
  }
});

test("a life that is written as a string or a float is read, when a code is exchanged and at a refresh", async (t) => {
  const page = await openPage(t);
  for (const value of ["1199", 1199.9]) {
    page.sso.faults.set({ token: { kind: "expires-in", value } });
    await page.logIn();
    assert.equal(await page.run(({ security }) => security.state), "active");
    assert.equal((await page.refresh()).expires_in, 1199);
  }
});

test("an unknown life is no error: the token counts as expired", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const value of [null, 0, true, "soon"]) {
    page.sso.faults.set({ token: { kind: "expires-in", value } });
    assert.equal("expires_in" in (await page.refresh()), false);
  }
  const look = ({ security }) => [
    security.isTokenExpired(),
    security.isTokenExpired(-1e9),
    security.tokenExpiry,
    security.state,
  ];
  assert.deepEqual(await page.run(look), [true, true, null, "expiring"]);
});

test("`Retry-After` is told where the server lets a page read it", async (t) => {
  const page = await openPage(t);
  const server = createServer((_request, response) => {
    const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After" };
    response.writeHead(429, { ...headers, "Retry-After": "17", Connection: "close" }).end();
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  t.after(() => server.close());
  const ssoEndpointsUrl = `http://localhost:${server.address().port}/`;
  await assert.rejects(
    page.run(({ EsiSecurity, options }, given) => new EsiSecurity({ ...options, ...given }).getAuthUri(), {
      ssoEndpointsUrl,
    }),
    { code: "rate_limited", phase: "metadata", retryable: true, status: 429, retryAfter: 17 },
  );
});

test("an answer is waited for thirty seconds", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.hurry();
  page.sso.faults.set({ token: { kind: "slow", delayMs: 5000 } });
  await page.keepsTokens(() => assert.rejects(page.refresh(), { code: "timeout", phase: "refresh", retryable: true }));
  assert.deepEqual(await page.timeouts(), [30_000, 30_000]);
});

test("an answer whose body does not come to its end is waited for no longer", async (t) => {
  const page = await openPage(t, { sso: { rotate: false } });
  await page.logIn();
  await page.hurry();
  await page.runBare(() => {
    const { fetch } = globalThis;
    globalThis.fetch = async (request) => {
      globalThis.answered = false;
      const response = await fetch(request);
      globalThis.answered = true;
      return response;
    };
  });
  page.sso.faults.set({ token: { kind: "stalled-body" } });
  const timeout = { code: "timeout", phase: "refresh", retryable: true };
  const answered = () => page.runBare(() => globalThis.answered);
  // In all this hurry the headers may come too late as well: what is asked here is what happens after them.
  for (let attempt = 0; attempt === 0 || !(await answered()); attempt += 1) {
    assert.ok(attempt < 50, "no answer began in time");
    await page.keepsTokens(() => assert.rejects(page.refresh(), timeout));
  }
});

/** What a page's own `fetch` may do. */
const ODD_FETCHES = {
  undefined: () => Promise.reject(undefined),
  null: () => Promise.reject(null),
  text: () => Promise.reject("no more fetch today"),
  number: () => Promise.reject(0),
  object: () => Promise.reject({ toString: () => "[object]" }),
  exception: () => Promise.reject(new DOMException("gone", "AbortError")),
  error: () => Promise.reject(new RangeError("out of sockets")),
  throws: () => {
    throw "at once";
  },
  nothing: () => Promise.resolve(undefined),
  otherThing: () => Promise.resolve({ ok: true, text: async () => "{}" }),
};

/** What of it is told. */
const CAUSES = {
  text: "no more fetch today",
  exception: "AbortError: gone",
  error: "RangeError: out of sockets",
  throws: "at once",
};

/** The error for such a `fetch`. */
const broken = (name, phase) => ({
  code: "network_error",
  phase,
  retryable: true,
  cause: CAUSES[name] ?? "rejected with nothing that may be repeated",
});

/** Does something in a document whose `fetch` is that. */
async function withFetch(page, replacement, work) {
  // The package itself comes by the page's `fetch`.
  await page.sendFromPage();
  await page.runBare(`() => {
    globalThis.realFetch = fetch;
    globalThis.fetch = ${replacement};
  }`);
  await work();
  await page.runBare(() => {
    globalThis.fetch = globalThis.realFetch;
  });
}

test("`fetch` may reject with anything, throw, or give anything", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [name, replacement] of Object.entries(ODD_FETCHES)) {
    await withFetch(page, replacement, () =>
      page.keepsTokens(() => assert.rejects(page.refresh(), broken(name, "refresh"), name)),
    );
    await page.refresh();
  }
});

test("the same for metadata, keys and revocation, which forgets the tokens all the same", async (t) => {
  const page = await openPage(t);
  for (const [name, replacement] of Object.entries(ODD_FETCHES)) {
    await page.logIn();
    await page.forgetDocuments();
    await withFetch(page, replacement, () =>
      page.keepsTokens(async () => {
        const getAuthUri = page.run(({ security }) => security.getAuthUri());
        await assert.rejects(getAuthUri, broken(name, "metadata"), name);
        await assert.rejects(page.refresh(), broken(name, "metadata"), name);
      }),
    );
    await page.run(({ security }) => security.getAuthUri());
    await withFetch(page, replacement, () =>
      page.keepsTokens(() => assert.rejects(characterId(page), broken(name, "keys"), name)),
    );
    assert.equal(await characterId(page), ILMARI, name);
    await withFetch(page, replacement, async () => {
      const { revoked, status, error } = await page.run(({ security }) => security.revoke());
      const { code, phase, retryable, cause } = error;
      assert.deepEqual([revoked, status], [false, null], name);
      assert.deepEqual({ code, phase, retryable, cause }, broken(name, "revoke"), name);
      assert.equal(await page.run(({ security }) => security.state), "signed-out", name);
    });
    assert.deepEqual(await page.stored("/session/"), [], name);
  }
});
