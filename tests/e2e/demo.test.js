// The demo in a real browser against the local SSO: what a pilot can do with it by mouse, by keyboard and on
// a phone, and what it must never show.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Key } from "selenium-webdriver";
import { FAULT_KINDS } from "../../sso/faults.js";
import { openDemo } from "../helpers/demo.js";
import { needs } from "../helpers/engine.js";

const ILMARI = "2119000101";

test("login, verify, refresh, ESI and logout by clicking", async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  assert.equal(await demo.address(), `${demo.origin}/`);
  assert.equal(await demo.text("character-name"), "Ilmari Vesk");
  assert.equal(await demo.text("character-id"), ILMARI);
  assert.equal(await demo.text("state"), "active");
  assert.match(await demo.text("time-left"), /^(20:00|19:5\d)$/);
  assert.match(await demo.text("granted-scopes"), /esi-location\.read_location\.v1[\s\S]*esi-skills\.read_skills\.v1/);
  const portrait = await (await demo.find("#portrait svg")).getRect();
  assert.ok(portrait.width > 50 && portrait.height > 50, "the portrait can be seen");
  assert.ok((await demo.findAll("#portrait svg :is(circle, ellipse, path, rect)")).length > 10, "and is drawn");
  assert.equal(await demo.isVisible("refused"), false);

  await demo.click("clear-log");
  await demo.click("verify");
  await demo.waitForLog(/^Verified$/m);
  await demo.click("clear-log");
  await demo.click("refresh");
  await demo.waitForLog(/^Verified$[\s\S]*^esi:token-refreshed$/m);
  assert.equal(demo.requests("/v2/oauth/token").length, 2);

  await demo.choose("esi-route", "Location");
  await demo.click("call-esi");
  await demo.waitForText(
    "esi-result",
    /GET \/characters\/2119000101\/location\/\s+200[\s\S]*"solar_system_id": 30000142/,
  );

  await demo.click("logout");
  await demo.waitForText("state", /^signed-out$/);
  await demo.waitForText("notice", /You are logged out/);
  assert.equal(await demo.focused(), "login");
  assert.deepEqual(
    demo.requests("/v2/oauth/revoke").map(({ status }) => status),
    [200],
  );
  assert.equal((await demo.tokens()).length, 0);
  assert.deepEqual(await demo.complaints(), []);
});

test("a session is still there after a reload, and verified anew", async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: "2119000102" });
  await demo.open("/");
  await demo.waitForVerdict("verified");
  assert.equal(await demo.text("character-name"), "Saphra Tolon");
  assert.equal(demo.requests("/v2/oauth/token").length, 1);
  assert.deepEqual(await demo.complaints(), []);
});

test("a login without scopes says so, and that it cannot be refreshed", async (t) => {
  const demo = await openDemo(t);
  for (const box of await demo.findAll("#scopes input:checked")) await box.click();
  assert.match(await demo.text("scope-hint"), /without scopes/);
  await demo.logIn({ character: ILMARI });
  assert.match(await demo.text("granted-scopes"), /None/);
  await demo.click("refresh");
  await demo.waitForText("notice", /cannot be refreshed/);
  assert.match(await demo.text("log"), /needs_login/);
  assert.equal(await demo.text("character-name"), "Ilmari Vesk");
});

test("a route whose scope was not granted is announced, and refused by ESI", async (t) => {
  const demo = await openDemo(t);
  await demo.findAll("#scopes input:checked").then(([location]) => location.click());
  await demo.logIn({ character: ILMARI });
  await demo.choose("esi-route", "Location");
  assert.match(await demo.text("esi-hint"), /esi-location\.read_location\.v1, which was not granted/);
  await demo.click("call-esi");
  await demo.waitForText("esi-result", /403/);
});

test("a cancelled login is no error", async (t) => {
  const demo = await openDemo(t);
  await demo.click("login");
  await demo.answerLogin({ cancel: true });
  await demo.waitForText("notice", /You cancelled the login/);
  assert.equal(await demo.attribute("notice", "data-kind"), "info");
  assert.equal(await demo.address(), `${demo.origin}/`);
  assert.equal(await demo.text("state"), "signed-out");
  assert.deepEqual(await demo.complaints(), []);
});

test("a login whose last step failed can be finished", async (t) => {
  const demo = await openDemo(t);
  demo.sso.faults.set({ token: { kind: "error-500-no-cors", times: 1 } });
  await demo.click("login");
  await demo.answerLogin({ character: ILMARI });
  await demo.waitForText("notice", /can still be done/);
  assert.match(await demo.text("log"), /network_error[\s\S]*phase[\s\S]*token[\s\S]*retryable[\s\S]*yes/);
  assert.equal(await demo.text("state"), "signed-out");
  await (await demo.find("#notice button")).click();
  await demo.waitForVerdict("verified");
  assert.equal(await demo.address(), `${demo.origin}/`);
});

test("a callback that is not ours is refused, and leaves the address clean", async (t) => {
  const demo = await openDemo(t);
  await demo.open("/callback?code=somebody-elses&state=never-made-here");
  await demo.waitForText("notice", /The login did not work/);
  assert.match(await demo.text("log"), /state_unknown/);
  assert.equal(await demo.address(), `${demo.origin}/`);
  assert.equal(demo.requests("/v2/oauth/token").length, 0);
});

test("a token that cannot be verified gets no licence", async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  demo.sso.faults.set({ token: { kind: "claims", value: { aud: ["another-app", "EVE Online"] }, times: 1 } });
  await demo.click("refresh");
  await demo.waitForVerdict("unverified");
  assert.match(await demo.text("licence"), /Not verified[\s\S]*aud[\s\S]*Do not trust/);
  await demo.click("clear-log");
  assert.doesNotMatch(await demo.html(), /Ilmari|2119000101/);
  assert.doesNotMatch(await demo.title(), /Ilmari/);

  await demo.click("refresh");
  await demo.waitForVerdict("verified");
  assert.equal(await demo.text("character-name"), "Ilmari Vesk");
});

test("a login asks for scopes, and the licence tells which were not granted", async (t) => {
  const demo = await openDemo(t);
  demo.sso.faults.set({ token: { kind: "claims", value: { scp: "esi-skills.read_skills.v1" }, times: 1 } });
  await demo.logIn({ character: ILMARI });
  assert.doesNotMatch(await demo.text("granted-scopes"), /location/);
  assert.match(await demo.text("refused-scopes"), /esi-location\.read_location\.v1/);
});

test("faults are switched on, used up and cleared; keys are rotated", async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  await demo.choose("fault-endpoint", "Token");
  await demo.choose("fault-kind", "503");
  await demo.click("apply-fault");
  await demo.waitForText("active-faults", /Token: 503\s+1 left/);
  await demo.click("refresh");
  await demo.waitForText("notice", /Refresh did not work/);
  assert.match(await demo.text("log"), /phase\s+refresh\s+retryable\s+yes\s+status\s+503/);
  await demo.waitForText("active-faults", /^$/);

  await demo.choose("fault-endpoint", "ESI");
  await demo.choose("fault-kind", "429, too many requests");
  await demo.click("apply-fault");
  await demo.waitForText("active-faults", /ESI/);
  await demo.click("clear-faults");
  await demo.waitForText("active-faults", /^$/);
  assert.deepEqual(demo.sso.faults.get(), {});

  await demo.click("keep-old-key");
  await demo.click("rotate-keys");
  await demo.waitForLog(/JWT-Signature-Key-2/);
  await demo.click("refresh");
  await demo.waitForIdle("refresh");
  await demo.waitForVerdict("verified");
});

test("every fault that the SSO knows can be switched on, and has a name", async (t) => {
  const demo = await openDemo(t);
  const places = new Map();
  for (const [endpoint, kinds] of Object.entries(FAULT_KINDS)) for (const kind of kinds) places.set(kind, endpoint);
  for (const [kind, endpoint] of places) {
    await (await demo.find(`#fault-endpoint option[value="${endpoint}"]`)).click();
    const option = await demo.find(`#fault-kind option[value="${kind}"]`);
    assert.notEqual(await option.getText(), kind);
    await option.click();
    await demo.click("apply-fault");
    await demo.waitFor(
      () => demo.sso.faults.get()[endpoint]?.kind,
      (seen) => seen === kind,
      `${kind} is not on`,
    );
    await demo.waitForIdle("apply-fault");
  }
});

test("the SSO ends the session: the token at hand stays, and the pilot is told", async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  demo.sso.faults.set({ token: { kind: "oauth-error", error: "invalid_grant", times: 1 } });
  await demo.click("refresh");
  await demo.waitForText("notice", /has ended this session/);
  assert.match(await demo.text("log"), /invalid_grant/);
  assert.equal(await demo.text("verdict"), "Verified");
});

test("a logout that the SSO does not confirm still leaves nothing here", async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  demo.sso.faults.set({ revoke: { kind: "downtime", times: 1 } });
  await demo.click("logout");
  await demo.waitForText("notice", /did not confirm/);
  assert.equal(await demo.text("state"), "signed-out");
  assert.equal((await demo.tokens()).length, 0);
});

test("the ring follows the token to its end", async (t) => {
  const demo = await openDemo(t);
  demo.sso.faults.set({ token: { kind: "expires-in", value: 3, times: 1 } });
  await demo.logIn({ character: ILMARI });
  demo.sso.faults.set({ token: { kind: "downtime" } });
  await demo.waitForText("state", /^offline$/);
  await demo.waitForText("time-left", /^0:00$/);
  await demo.waitForVerdict("expired");
  demo.sso.faults.clear();
  await demo.click("refresh");
  await demo.waitForVerdict("verified");
  assert.match(await demo.text("time-left"), /^(20:00|19:5\d)$/);
});

test("a token is refreshed by itself before it ends, and the log tells why", async (t) => {
  const demo = await openDemo(t);
  demo.sso.faults.set({ token: { kind: "expires-in", value: 4, times: 1 } });
  await demo.logIn({ character: ILMARI });
  await demo.waitForText("time-left", /^(20:00|19:5\d)$/);
  await demo.waitForVerdict("verified");
  await demo.waitForLog(/^esi:token-expiring$/m);
  await demo.waitForLog(/from\s+active\s+to\s+expiring\s+because of\s+time/);
});

test("a session of which nothing is left asks for a login", async (t) => {
  const demo = await openDemo(t);
  for (const box of await demo.findAll("#scopes input:checked")) await box.click();
  demo.sso.faults.set({ token: { kind: "expires-in", value: 2, times: 1 } });
  await demo.click("login");
  await demo.answerLogin({ character: ILMARI });
  await demo.waitForText("notice", /session has ended/);
  await demo.waitForText("state", /^needs-login$/);
  assert.equal(await demo.isVisible("login"), true);
});

test("everything from login to logout works by keyboard alone, with the focus in sight", async (t) => {
  const demo = await openDemo(t);
  await demo.tabTo("login");
  await demo.press(Key.ENTER);
  await demo.waitForLoginPage();
  await demo.tabToSelector("button[value=authorize]");
  await demo.press(Key.ENTER);
  await demo.waitForVerdict("verified");
  await demo.tabTo("refresh");
  await demo.press(Key.SPACE);
  await demo.waitForLog(/^esi:token-refreshed$[\s\S]*^esi:token-refreshed$/m);
  assert.equal(await demo.focused(), "refresh", "a button that works keeps the focus");
  await demo.tabTo("esi-route");
  await demo.press("Skills");
  await demo.tabTo("call-esi");
  await demo.press(Key.ENTER);
  await demo.waitForText("esi-result", /200[\s\S]*total_sp/);

  await demo.tabTo("open-settings", { backwards: true });
  await demo.press(Key.ENTER);
  await demo.waitForText("settings", /^Where to log in/);
  await demo.press(Key.ESCAPE);
  await demo.waitForText("settings", /^$/);
  assert.equal(await demo.focused(), "open-settings");
  await demo.tabTo("logout");
  await demo.press(Key.ENTER);
  await demo.waitForText("state", /^signed-out$/);
});

test("nothing is wider than a phone", needs("narrow-window"), async (t) => {
  const demo = await openDemo(t, { width: 390, height: 844 });
  const check = async (where) => {
    assert.deepEqual(await demo.width(), { viewport: 390, overflow: 0 }, where);
    assert.deepEqual(await demo.sidewaysScrollers(), [], where);
  };
  await check("signed out");
  await demo.click("open-settings");
  await (await demo.find("input[value=eve]")).click();
  await check("settings");
  await demo.click("close-settings");
  for (const box of await demo.findAll("#scopes input:not(:checked)")) await box.click();
  await demo.logIn({ character: "91000203" });
  await check("signed in");
  await demo.choose("esi-route", "Skills");
  await demo.click("call-esi");
  await demo.waitForText("esi-result", /200/);
  demo.sso.faults.set({
    token: { kind: "oauth-error", error: "invalid_grant", description: "x".repeat(200), times: 1 },
  });
  await demo.click("refresh");
  await demo.waitForText("log", /x{200}/);
  await check("after an error");
});

test("no token is in the document, the address or the console", async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  const seen = await demo.tokens();
  await demo.choose("esi-route", "Skills");
  await demo.click("call-esi");
  await demo.waitForText("esi-result", /200/);
  await demo.click("refresh");
  await demo.waitForLog(/^esi:token-refreshed$[\s\S]*^esi:token-refreshed$/m);
  demo.sso.faults.set({ token: { kind: "truncated", times: 1 } });
  await demo.click("refresh");
  await demo.waitForText("notice", /Refresh did not work/);
  seen.push(...(await demo.tokens()));
  assert.equal(seen.length, 4, "two access tokens and two refresh tokens");
  const shown = [await demo.html(), await demo.address(), ...(await demo.console())].join("\n");
  for (const token of seen) {
    assert.ok(token.length >= 16);
    assert.ok(!shown.includes(token));
    // Nor the secret part of it.
    assert.ok(!shown.includes(token.split(".").at(-1)));
  }
});

test(
  "another server: EVE's, with one's own client id, remembered in this browser",
  needs("blocked-urls"),
  async (t) => {
    const demo = await openDemo(t);
    await demo.forbid("*://login.eveonline.com/*");
    await demo.click("open-settings");
    await (await demo.find("input[value=eve]")).click();
    assert.equal(await demo.text("callback"), `${demo.origin}/callback`);
    await demo.click("save-settings");
    assert.match(await demo.text("client-id-problem"), /client ID/);
    assert.equal(await demo.focused(), "client-id");
    await demo.press("my-own-client");
    await demo.click("save-settings");
    await demo.waitForText("server-name", /^EVE Online$/);
    assert.equal(await demo.isVisible("faults"), false);

    await demo.open("/");
    assert.equal(await demo.text("server-name"), "EVE Online");
    await demo.click("login");
    const address = new URL(await demo.waitForAddress("https://login.eveonline.com/"));
    assert.equal(address.pathname, "/v2/oauth/authorize");
    assert.equal(address.searchParams.get("client_id"), "my-own-client");
    assert.equal(address.searchParams.get("redirect_uri"), `${demo.origin}/callback`);
  },
);

test("the callback address can be copied", async (t) => {
  const demo = await openDemo(t);
  await demo.click("open-settings");
  await (await demo.find("input[value=eve]")).click();
  await demo.click("copy-callback");
  await demo.waitForText("copy-callback", /^(Copied|Selected)$/);
  await demo.waitForText("copy-callback", /^Copy$/);
});

test("two servers keep their sessions apart", needs("blocked-urls"), async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  await demo.forbid("*://login.eveonline.com/*");
  await demo.click("open-settings");
  await (await demo.find("input[value=eve]")).click();
  await (await demo.find("#client-id")).sendKeys("my-own-client");
  await demo.click("save-settings");
  await demo.waitForText("state", /^signed-out$/);
  await demo.click("open-settings");
  await (await demo.find("input[value=local]")).click();
  await demo.click("save-settings");
  await demo.waitForVerdict("verified");
  assert.equal(await demo.text("character-name"), "Ilmari Vesk");
});

test("another server can be chosen while a token is being verified", needs("blocked-urls"), async (t) => {
  const demo = await openDemo(t);
  await demo.logIn({ character: ILMARI });
  await demo.forbid("*://login.eveonline.com/*");
  await demo.holdAnswers("/oauth/jwks");
  await demo.sso.rotateKeys();
  await demo.click("refresh");
  await demo.waitForHeldAnswers();
  await demo.waitForVerdict("checking");
  await demo.click("verify");
  await demo.click("open-settings");
  await (await demo.find("input[value=eve]")).click();
  await (await demo.find("#client-id")).sendKeys("my-own-client");
  await demo.click("save-settings");
  await demo.waitForText("state", /^signed-out$/);
  await demo.waitForText("server-name", /^EVE Online$/);
  await demo.console();
  await demo.click("clear-log");
  await demo.releaseAnswers();
  await demo.waitForIdle("verify");
  assert.doesNotMatch(await demo.text("log"), /Verif/);
  assert.deepEqual(await demo.complaints(), []);
  assert.equal(await demo.text("state"), "signed-out");

  await demo.click("open-settings");
  await (await demo.find("input[value=local]")).click();
  await demo.click("save-settings");
  await demo.waitForVerdict("verified");
  assert.equal(await demo.text("character-name"), "Ilmari Vesk");
});

test("Back from the login page finds a page that works", needs("back-by-load"), async (t) => {
  const demo = await openDemo(t);
  await demo.click("login");
  await demo.waitForLoginPage();
  await demo.back();
  await demo.logIn({ character: ILMARI });
  assert.equal(await demo.text("character-name"), "Ilmari Vesk");
});

test("a page that the browser kept for Back starts anew", needs("back-by-load"), async (t) => {
  const demo = await openDemo(t);
  await demo.click("login");
  await demo.waitForLoginPage();
  await demo.back();
  await demo.markDocument();
  await demo.returnFromCache();
  await demo.waitForNewDocument();
});

test("a package that could not be loaded can be loaded again", needs("blocked-urls"), async (t) => {
  const demo = await openDemo(t);
  await demo.forbid("*.wasm");
  await demo.open("/");
  await demo.waitForText("notice", /could not be loaded/);
  assert.match(await demo.text("log"), /load_failed/);
  await demo.forbid();
  await (await demo.find("#notice button")).click();
  await demo.waitForText("notice", /^$/);
  await demo.logIn({ character: ILMARI });
});

test("without a local SSO there is EVE's, and a login asks for a client id first", needs("blocked-urls"), async (t) => {
  const demo = await openDemo(t);
  await demo.forbid("*/config.json", "*://login.eveonline.com/*");
  await demo.open("/");
  assert.equal(await demo.text("server-name"), "EVE Online");
  assert.equal(await demo.isVisible("faults"), false);
  await demo.click("login");
  await demo.waitForText("settings", /Client ID/);
  assert.equal(await (await demo.find("input[value=local]")).isEnabled(), false);
});

test("who wants less motion gets none", needs("media-emulation"), async (t) => {
  const demo = await openDemo(t);
  await demo.preferReducedMotion();
  await demo.logIn({ character: ILMARI });
  assert.equal(await demo.runningAnimations(), 0);
  assert.equal(await demo.longestMotion(), 0);
});
