// Signing requests (RFC 6750 section 2.1), which is EsiPy's `__call__`: what is signed, what is left as it
// is, and where a token never goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ILMARI, openPage } from "../helpers/page.js";

const path = `/characters/${ILMARI}/location/`;

/** Signs a request and tells what became of it. */
const sign = (page, url, init, options) =>
  page.run(
    async ({ security }, address, given, how) => {
      const request = new Request(address, given);
      const signed = await security.authorize(request, how);
      return {
        same: signed === request,
        bearer: signed.headers.get("authorization"),
        headers: Object.fromEntries(signed.headers),
        method: signed.method,
        url: signed.url,
        body: await signed.text(),
        original: { headers: Object.fromEntries(request.headers), bodyUsed: request.bodyUsed },
      };
    },
    url,
    init,
    options,
  );

const getAccessToken = (page) => page.run(({ security }) => security.getAccessToken());

test("a signed request is answered by ESI, which sees who is asking", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const answer = await page.run(async ({ security }, url) => {
    const response = await fetch(await security.authorize(new Request(url)));
    return [response.status, await response.json()];
  }, page.sso.esiUrl + path);
  assert.deepEqual(answer, [200, { solar_system_id: 30000142, station_id: 60003760 }]);
  const [{ headers }] = page.requests(path);
  assert.equal(headers.authorization, `Bearer ${await getAccessToken(page)}`);
  assert.equal(headers["x-user-agent"], "EndToEnd/1.0 (tests@example.com)");
});

test("method, address, headers and body are kept, and the original stays as it was", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const url = `${page.sso.esiUrl}/characters/${ILMARI}/mail/?a=%20b&c`;
  const init = {
    method: "POST",
    body: '{"to":["þ"]}',
    headers: { "X-Compatibility-Date": "2026-01-01", "Content-Type": "application/json" },
  };
  const signed = await sign(page, url, init);
  assert.deepEqual(signed, {
    same: false,
    bearer: `Bearer ${await getAccessToken(page)}`,
    method: "POST",
    url,
    body: '{"to":["þ"]}',
    headers: {
      authorization: `Bearer ${await getAccessToken(page)}`,
      "content-type": "application/json",
      "x-compatibility-date": "2026-01-01",
      "x-user-agent": "EndToEnd/1.0 (tests@example.com)",
    },
    original: {
      headers: { "content-type": "application/json", "x-compatibility-date": "2026-01-01" },
      bodyUsed: false,
    },
  });
});

test("a request's own `X-User-Agent` wins, and an `Authorization` of its own is replaced", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const { headers } = await sign(page, page.sso.esiUrl, {
    headers: { "X-User-Agent": "mine", Authorization: "Basic x" },
  });
  assert.equal(headers["x-user-agent"], "mine");
  assert.equal(headers.authorization, `Bearer ${await getAccessToken(page)}`);
});

test("a token at its end is refreshed first", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.shiftClock(1150);
  const { bearer } = await sign(page, page.sso.esiUrl);
  assert.equal(page.tokenRequests.length, 2);
  assert.equal(bearer, `Bearer ${page.tokenRequests[1].json.access_token}`);
});

test("if that refresh fails, so does the signing, and no token is lost", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.shiftClock(1200);
  page.sso.faults.set({ token: { kind: "error-500" } });
  await assert.rejects(sign(page, page.sso.esiUrl), { code: "http_error", phase: "refresh", retryable: true });
  page.sso.faults.clear();
  // Within five seconds nobody asks again.
  await assert.rejects(sign(page, page.sso.esiUrl), { code: "http_error", phase: "refresh" });
  assert.equal(page.tokenRequests.length, 2);
  await page.shiftClock(6);
  assert.match((await sign(page, page.sso.esiUrl)).bearer, /^Bearer ey/);
});

test("without a login there is nothing to sign with", async (t) => {
  const page = await openPage(t);
  await assert.rejects(sign(page, page.sso.esiUrl), { code: "no_token", retryable: false });
});

test("only the API's origins get the token", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const { port } = new URL(page.sso.esiUrl);
  await page.keepsTokens(async () => {
    for (const url of [
      "https://esi.evetech.net/status/",
      "https://evil.example/",
      `https://localhost:${port}/`,
      `http://127.0.0.1:${port}/`,
      `http://localhost.evil.example:${port}/`,
      `${page.origin}/`,
    ]) {
      const refused = {
        code: "origin_not_allowed",
        phase: "authorize",
        retryable: false,
        message: new RegExp(new URL(url).origin),
      };
      await assert.rejects(sign(page, url), refused, url);
    }
  });
});

test("a request is judged by where it really goes, not by what it says of itself", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const liar = page.run(({ security }, told) => {
    class Liar extends Request {
      get url() {
        return told;
      }
      clone() {
        return this;
      }
    }
    return security.authorize(new Liar("https://evil.example/"));
  }, page.sso.esiUrl);
  await assert.rejects(liar, { code: "origin_not_allowed", message: /evil\.example/ });
});

test("ESI's origin is the one that is allowed by default", async (t) => {
  const page = await openPage(t, { options: { apiOrigins: undefined } });
  await page.logIn();
  assert.match((await sign(page, "https://esi.evetech.net/status/")).bearer, /^Bearer ey/);
  await assert.rejects(sign(page, page.sso.esiUrl), { code: "origin_not_allowed" });
});

test("a request that would drop the header, has been sent, or is none is refused", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const refused = (message) => ({ code: "invalid_argument", phase: "authorize", retryable: false, message });
  await assert.rejects(sign(page, page.sso.esiUrl, { mode: "no-cors" }), refused(/`request` must be of mode/));
  const used = page.run(async ({ security }, url) => {
    const request = new Request(url, { method: "POST", body: "x" });
    await request.text();
    return security.authorize(request);
  }, page.sso.esiUrl);
  await assert.rejects(used, refused(/`request` must be a request that was not sent yet/));
  await page.keepsTokens(async () => {
    for (const value of [page.sso.esiUrl, null, {}, 7, []]) {
      await assert.rejects(
        page.run(({ security }, given) => security.authorize(given), value),
        refused(/`request` must be a Request/),
      );
    }
  });
});

test("a request whose description does not ask for this security is given back untouched", async (t) => {
  const page = await openPage(t);
  const elsewhere = "https://evil.example/";
  for (const security of [[], [{}], [{ api_key: [] }], [{ evesso2: ["x"] }]]) {
    const { same, bearer } = await sign(page, elsewhere, {}, { security });
    assert.deepEqual([same, bearer], [true, null], JSON.stringify(security));
  }
});

test("a request whose description asks for it is signed, in Swagger 2 and in OpenAPI 3", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const bearer = `Bearer ${await getAccessToken(page)}`;
  for (const security of [
    [{ evesso: ["esi-location.read_location.v1"] }],
    [{ OAuth2: ["esi-location.read_location.v1"] }],
    [{}, { OAuth2: [] }],
    [{ api_key: [], evesso: [] }],
  ]) {
    const signed = await sign(page, page.sso.esiUrl, {}, { security });
    assert.equal(signed.bearer, bearer, JSON.stringify(security));
  }
});

test("`securityName` is the name that counts", async (t) => {
  const page = await openPage(t, { options: { securityName: "house" } });
  await page.logIn();
  const bearerFor = async (name) => (await sign(page, page.sso.esiUrl, {}, { security: [{ [name]: [] }] })).bearer;
  assert.match(await bearerFor("house"), /^Bearer ey/);
  assert.equal(await bearerFor("evesso"), null);
  assert.equal(await bearerFor("OAuth2"), null);
});

test("options of the wrong shape are refused", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const bad = [
    [{ security: "evesso" }, "invalid_argument", /`security`/],
    [{ security: { evesso: [] } }, "invalid_argument", /`security`/],
    [{ security: ["evesso"] }, "invalid_argument", /`security`/],
    [{ Security: [] }, "unknown_option", /did you mean `security`/],
    ["evesso", "invalid_argument", /`options`/],
  ];
  await page.keepsTokens(async () => {
    for (const [options, code, message] of bad) {
      const refused = { code, phase: "authorize", retryable: false, message };
      await assert.rejects(sign(page, page.sso.esiUrl, {}, options), refused, JSON.stringify(options));
    }
  });
});
