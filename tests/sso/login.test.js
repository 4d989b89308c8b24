// The login page: what it shows, what it sends, and that no login remembers the one before.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { answerLogin, authorizeByForm, CookieJar, openLogin } from "../helpers/login.js";
import { authorizeUrl, getCode, postToken, readJwt } from "../helpers/oauth.js";

const IDS = ["2119000101", "2119000102", "91000203", "95000304"];

let sso;
before(async () => {
  sso = await startSso({
    clients: [{ clientId: "esi-security-demo" }, { clientId: "<b>client & co</b>" }],
  });
});
after(() => sso.close());

const pageOf = async (parameters) => (await openLogin(authorizeUrl(sso, parameters))).response;

test("it offers the characters, shows the scopes, and can be driven by its form", async () => {
  const response = await pageOf();
  assert.equal(response.status, 200);
  const html = await response.text();
  assert.deepEqual(
    [...html.matchAll(/<input type="radio" name="character" value="(\d+)"/g)].map(([, id]) => id),
    IDS,
  );
  assert.deepEqual(
    html.match(/value="\d+" required checked/g),
    [`value="${IDS[0]}" required checked`],
    "the first is picked",
  );
  assert.equal(html.match(/<svg viewBox="0 0 96 96"/g).length, IDS.length);
  for (const text of ["Þórhildur Snæfell", "Korr&#39;an Dast", "esi-location.read_location.v1", "Read skills"]) {
    assert.ok(html.includes(text), text);
  }
  assert.match(html, /<form method="post">/);
  assert.match(html, /<button name="action" value="authorize">[\s\S]*<button name="action" value="cancel"/);
});

test("it has no scripts and no files beside it, and is not for frames or caches", async () => {
  const response = await pageOf();
  const html = await response.text();
  assert.doesNotMatch(html, /<script|<link(?! rel="icon" href="data:,">)|\ssrc=|@import|url\((?!#)/);
  assert.match(html, /<meta name="viewport" content="width=device-width/);
  assert.equal(
    response.headers.get("content-security-policy"),
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  );
  assert.equal(response.headers.get("cache-control"), "no-store");
});

test("what the application sent is text on it, never markup", async () => {
  const html = await (await pageOf({ client_id: "<b>client & co</b>", redirect_uri: "http://localhost/?<i>" })).text();
  assert.ok(html.includes("&lt;b&gt;client &amp; co&lt;/b&gt;"));
  assert.ok(!html.includes("<b>client"));
  assert.ok(!html.includes("<i>"));
});

test("a login without scopes says so", async () => {
  assert.match(await (await pageOf({ scope: undefined })).text(), /It asks for no scopes/);
  assert.match(await (await pageOf({ scope: "publicData" })).text(), /It asks for one scope</);
});

test("each character can be picked, and the token is that character's", async () => {
  const seen = await Promise.all(
    IDS.map(async (characterId) => {
      const response = await postToken(sso, await getCode(sso, { characterId }));
      const { sub, name, owner } = readJwt((await response.json()).access_token);
      assert.equal(sub, `CHARACTER:EVE:${characterId}`);
      assert.match(owner, /^[A-Za-z0-9+/]{27}=$/);
      return { name, owner };
    }),
  );
  assert.ok(seen.some(({ name }) => name === "Þórhildur Snæfell"));
  assert.equal(new Set(seen.map(({ owner }) => owner)).size, IDS.length);
});

test("cancel sends the browser back with access_denied and the state alone", async () => {
  const back = await authorizeByForm({ authorizeUrl: authorizeUrl(sso, { state: "st&te=1" }), cancel: true });
  assert.equal(back, "http://localhost:4999/callback?error=access_denied&state=st%26te%3D1");
});

test("an answer that names no character, or no action, goes nowhere", async () => {
  for (const body of ["action=authorize", "action=authorize&character=1", "character=91000203", ""]) {
    const jar = new CookieJar();
    const { here } = await openLogin(authorizeUrl(sso), jar);
    const response = await fetch(here, {
      method: "POST",
      redirect: "manual",
      headers: { cookie: jar.header(here), "content-type": "application/x-www-form-urlencoded" },
      body,
    });
    assert.equal(response.status, 400, body);
    assert.match(await response.text(), /No such character/);
  }
});

test("each login asks again, in the same browser", async () => {
  const jar = new CookieJar();
  for (const characterId of [91000203, 95000304]) {
    const page = await openLogin(authorizeUrl(sso), jar);
    assert.equal(page.response?.status, 200, "the page was shown");
    assert.match(await page.response.text(), /Choose a character/);
    const { away } = await answerLogin(page, jar, { characterId });
    assert.ok(new URL(away).searchParams.get("code"));
  }
});

test("two logins under way in one browser do not disturb each other", async () => {
  const jar = new CookieJar();
  const first = await openLogin(authorizeUrl(sso, { state: "first-state" }), jar);
  const second = await openLogin(authorizeUrl(sso, { state: "second-state" }), jar);
  const one = await answerLogin(first, jar, { characterId: 91000203 });
  const two = await answerLogin(second, jar, { characterId: 95000304 });
  assert.equal(new URL(one.away).searchParams.get("state"), "first-state");
  assert.equal(new URL(two.away).searchParams.get("state"), "second-state");
});

test("a login page serves its own browser, once", async () => {
  const jar = new CookieJar();
  const page = await openLogin(authorizeUrl(sso), jar);
  const stranger = await answerLogin(page, new CookieJar(), { characterId: 91000203 });
  assert.equal(stranger.response.status, 400);
  await answerLogin(page, jar, { characterId: 91000203 });
  const again = await answerLogin(page, jar, { characterId: 91000203 });
  assert.equal(again.response.status, 400);
  assert.match(await again.response.text(), /This login has ended/);
});
