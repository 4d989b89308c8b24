// Every fault of the local SSO at every call that meets it: what the caller gets, what is in storage afterwards, and
// what helps once the fault is gone. The faults are those that the SSO itself names. What is expected stands in
// fault-matrix.txt, as it is printed here; and whatever stands there, a session ends only when the server ends it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { FAULT_KINDS, UNUSABLE_KEYS } from "../../sso/faults.js";
import { count } from "../helpers/counts.js";
import { ILMARI, openPage, SAPHRA } from "../helpers/page.js";

const text = await readFile(new URL("fault-matrix.txt", import.meta.url), "utf8");
const [HEAD, ...EXPECTED] = text
  .trimEnd()
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()));

/** Longer than any answer is waited for in a hurry, in milliseconds. */
const TOO_LATE = 10_000;

const values = (...given) => given.map((value) => ({ value }));

/** What a fault is set with where its kind does not say all. */
const MEMBERS = {
  slow: [{ delayMs: 50 }, { delayMs: TOO_LATE }],
  "drop-after": [{}, { times: 1 }],
  "oauth-error": [
    { status: 400, error: "invalid_grant" },
    { status: 400, error: "invalid_grant: Token is expired or invalid." },
    { status: 400, error: "invalid_token" },
    { status: 400, error: "invalid_token", times: 1 },
    { status: 400, error: "invalid_request" },
    { status: 401, error: "invalid_client" },
    { status: 401, error: "invalid_grant" },
    { status: 403, error: "access_denied" },
    { status: 429, error: "slow_down" },
    { status: 500, error: "invalid_grant" },
  ],
  "expires-in": values("1199", -1, null),
  "refresh-token": values(null, 7),
  claims: values({ aud: ["EVE Online"] }, { exp: 1 }),
  "unusable-keys": values(...UNUSABLE_KEYS),
};

/** As it stands in the table. */
function nameOf({ kind, times, ...members }) {
  const told = Object.entries(members).map(([name, member]) => (name === "error" ? member : JSON.stringify(member)));
  return [kind, ...told, ...(times ? ["once"] : [])].join(" ");
}

const faultsAt = (endpoint) =>
  FAULT_KINDS[endpoint].flatMap((kind) => (MEMBERS[kind] ?? [{}]).map((members) => ({ kind, ...members })));

/** No answer comes to its end, so that the browser's time-outs may be as quick as they like. */
const isEndless = ({ kind, delayMs }) => kind === "stalled-body" || delayMs === TOO_LATE;

/** What the server gives is lost on the way. */
const isLost = ({ kind }) => ["slow", "truncated", "stalled-body", "drop-after", "refresh-token"].includes(kind);

const perform = (page, method) => page.run(({ security }, name) => security[name](), method);

/** Does what brings a token, and verifies what it has brought. */
const verified = (page, method, ...args) =>
  page.run(
    async ({ security }, name, given) => {
      const result = await security[name](...given);
      await security.verify();
      return result;
    },
    method,
    args,
  );

/** In this document other tabs are not waited for: there are none. */
const waitForNoTab = (page) =>
  page.runBare(() => {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (work, delay, ...args) => setTimeout(work, delay === 1000 ? 0 : delay, ...args);
  });

const getAuthUri = { call: (page) => perform(page, "getAuthUri") };
const verify = { call: (page) => perform(page, "verify") };
const refresh = { prepare: waitForNoTab, call: (page) => verified(page, "refresh") };

/** While another session stands. */
const handleRedirect = {
  begin: (page) => page.authorize({ characterId: SAPHRA }),
  prepare: (page, callback) => page.open(callback),
  call: async (page, callback) => assert.ok(await verified(page, "handleRedirect", callback)),
};

/** With an access token that has expired, by a clock that stands: callers are put off for a while after a failure. */
const getAccessToken = {
  async prepare(page) {
    if (await errorOf(() => page.refresh())) await page.logIn();
    await waitForNoTab(page);
    await page.stopClock();
    await page.shiftClock(1200);
  },
  call: (page) => verified(page, "getAccessToken"),
};

const revoke = {
  forgets: true,
  async call(page) {
    const { revoked, error } = await perform(page, "revoke");
    if (!revoked) throw Object.assign(new Error(), error);
  },
};

const withoutMetadata = (call) => ({ ...call, forget: (page) => page.forgetDocuments() });

const withoutKeys = (call) => ({
  ...call,
  async forget(page) {
    await page.forgetDocuments();
    await perform(page, "getAuthUri");
  },
});

/** Who meets the faults of which endpoint. */
const GROUPS = [
  { endpoint: "token", calls: { handleRedirect, refresh, getAccessToken } },
  { endpoint: "token", sso: { rotate: false }, meets: isLost, calls: { "refresh, not rotated": refresh } },
  { endpoint: "revoke", calls: { revoke } },
  {
    endpoint: "discovery",
    calls: {
      "getAuthUri, no metadata": withoutMetadata(getAuthUri),
      "handleRedirect, no metadata": withoutMetadata(handleRedirect),
      "refresh, no metadata": withoutMetadata(refresh),
      "verify, no metadata": withoutMetadata(verify),
      "revoke, no metadata": withoutMetadata(revoke),
    },
  },
  { endpoint: "jwks", calls: { verify: withoutKeys(verify) } },
];

/** Not asked by the package: the browser goes to the one, and the application asks the other. */
const OTHER_ENDPOINTS = ["authorize", "esi"];

/** The error that it ended with, or null. */
async function errorOf(work) {
  try {
    await work();
    return null;
  } catch (error) {
    if (error.name !== "EsiError") throw error;
    return error;
  }
}

const storedSession = async (page) => (await page.stored("/session/"))[0];

async function storedLogin(page, callback) {
  const logins = (await page.stored("/logins/")).flat();
  return logins.find(({ state }) => state === new URL(callback).searchParams.get("state"));
}

/** What became of a session's row. */
function describeSession(before, now) {
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  if (!now) return "none";
  if (same(now, before)) return "kept";
  if (same(now.access, before.access)) return now.refresh_token ? "rotated" : "ended";
  return now.refresh_token ? "new" : "new, no refresh";
}

/** What became of a login's record. */
function describeLogin(login) {
  if (!login) return "forgotten";
  if (login.verifier) return "open";
  return login.answer ? "finished" : "ended";
}

/** Of requests, how many got this error with status 400. */
const refusals = (requests, error) =>
  requests.filter(({ status, json }) => status === 400 && json.error?.startsWith(error)).length;

/** True if the server has told whoever refreshed that the session is over. */
function isEnded(requests) {
  const refreshes = requests.filter(({ form }) => form.has("refresh_token"));
  return refusals(refreshes, "invalid_grant") > 0 || refusals(refreshes, "invalid_token") > 1;
}

/** True if the server has taken a code, whatever became of its answer. */
function isUsedUp(requests) {
  const exchanges = requests.filter(({ form }) => form.has("code"));
  return refusals(exchanges, "invalid_grant") > 0 || exchanges.some(({ status }) => status === 200);
}

/** What a fault must leave of a session, wherever it was met. */
function checkSession({ now, requests, error, session, where }) {
  const lost = session === "ended" || session === "none";
  assert.equal(lost, isEnded(requests), `a session is lost when the server has ended it, and only then: ${where}`);
  if (lost) return;
  if (error && error.phase !== "verify")
    assert.match(session, /^kept$|^rotated$/, `a failure takes nothing away: ${where}`);
  const answers = requests.filter(({ form, status }) => form.has("refresh_token") && status === 200);
  const rotated = answers.map(({ json }) => json.refresh_token).findLast((token) => token && typeof token === "string");
  if (rotated) assert.equal(now.refresh_token, rotated, `a refresh token that came is kept: ${where}`);
}

/** No time helps against these. */
const HOPELESS = ["no_token", "needs_login", "state_unknown"];

/** Without the fault: the same call, at once or later; if that is of no use, a refresh; and else a login. */
async function help(page, call, callback, session) {
  for (const seconds of [0, 5, 60]) {
    if (seconds) await page.shiftClock(seconds);
    const error = await errorOf(() => call.call(page, callback));
    if (!error) return seconds ? `after ${seconds} s` : "at once";
    if (HOPELESS.includes(error.code)) break;
  }
  if (session === "new" && !(await errorOf(() => refresh.call(page)))) return "a refresh";
  await page.open("/");
  await page.logIn({ characterId: callback ? SAPHRA : ILMARI });
  await verify.call(page);
  return "a login";
}

/** A row of the table, from the fault on. */
async function meet(page, endpoint, [name, call], fault) {
  const where = `${name}, ${nameOf(fault)}`;
  const callback = await call.begin?.(page);
  await call.forget?.(page);
  await call.prepare?.(page, callback);
  const before = await storedSession(page);
  const sent = page.tokenRequests.length;
  const requests = async () => {
    await page.waitForTraffic(({ tokenRequests }) => tokenRequests.every(({ ended }) => ended));
    return page.tokenRequests.slice(sent);
  };

  page.sso.faults.set({ [endpoint]: fault });
  if (isEndless(fault)) await page.hurry();
  const error = await errorOf(() => call.call(page, callback));
  if (isEndless(fault)) await page.calm();
  page.sso.faults.clear();

  const now = await storedSession(page);
  const session = describeSession(before, now);
  if (call.forgets) assert.equal(session, "none", where);
  else checkSession({ now, requests: await requests(), error, session, where });
  const login = callback ? describeLogin(await storedLogin(page, callback)) : "";
  if (callback) assert.equal(await page.address(), login === "open" ? callback : page.redirectUri, where);

  const helps = await help(page, call, callback, session);
  if (helps === "a login") {
    const all = await requests();
    if (callback)
      assert.ok(isUsedUp(all) || !error.retryable, `a code that was not used is as good as before: ${where}`);
    else if (!call.forgets) assert.ok(isEnded(all), `a session that was kept goes on: ${where}`);
  }
  // Its clock was moved, or it sends its requests itself.
  const isWorn = helps.startsWith("after") || helps === "a refresh" || isEndless(fault) || call === getAccessToken;
  if (isWorn) await page.open("/");
  const told = error ? [error.code, error.phase, String(error.retryable)] : ["", "", ""];
  return [name, nameOf(fault), ...told, session, login, helps];
}

/** Of the faults of an endpoint, the everyday run meets each sixth. */
const EACH = count({ few: 6, full: 1 });

const table = [];

after(() => {
  const widths = HEAD.map((_, column) => Math.max(...[HEAD, ...table].map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join(" | ")
      .trimEnd();
  console.log([HEAD, ...table].map(line).join("\n"));
});

test("every endpoint is asked, and nothing is expected of other calls", () => {
  const asked = new Set(GROUPS.map(({ endpoint }) => endpoint));
  assert.deepEqual(Object.keys(FAULT_KINDS).sort(), [...asked, ...OTHER_ENDPOINTS].sort());
  const calls = new Set(GROUPS.flatMap((group) => Object.keys(group.calls)));
  assert.deepEqual(new Set(EXPECTED.map(([name]) => name)), calls);
});

for (const { endpoint, sso, meets = () => true, calls } of GROUPS) {
  test(`every fault of ${endpoint}: ${Object.keys(calls).join("; ")}`, async (t) => {
    // Nothing is tried again but what the matrix tries.
    const page = await openPage(t, { sso, options: { autoRefresh: false } });
    const faults = faultsAt(endpoint)
      .filter(meets)
      .filter((_, index) => index % EACH === 0);
    const names = faults.map(nameOf);
    const met = [];
    for (const [name, call] of Object.entries(calls)) {
      await page.logIn();
      for (const fault of faults) {
        const row = await meet(page, endpoint, [name, call], fault);
        met.push(row);
        table.push(row);
      }
    }
    const expected = EXPECTED.filter(([name, fault]) => Object.hasOwn(calls, name) && names.includes(fault));
    assert.deepEqual(met, expected);
  });
}
