// The small ESI: which routes there are, and which tokens they let in.
import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { logIn } from "../helpers/oauth.js";

const ID = 2119000101;
const LOCATION = "esi-location.read_location.v1";
const SKILLS = "esi-skills.read_skills.v1";

let sso;
before(async () => {
  sso = await startSso();
});
after(() => sso.close());

const get = (path, token) => fetch(sso.esiUrl + path, { headers: token ? { authorization: `Bearer ${token}` } : {} });

async function refused(response, status, message) {
  assert.equal(response.status, status);
  assert.deepEqual(await response.json(), { error: message });
}

/** A token with other claims, signed like the rest. */
async function tokenWith(claims, server = sso) {
  server.faults.set({ token: { kind: "claims", value: claims, times: 1 } });
  return (await logIn(server)).access_token;
}

test("public routes need no token, and answer under /latest too", async () => {
  for (const prefix of ["", "/latest"]) {
    const status = await get(`${prefix}/status/`);
    assert.equal(status.status, 200);
    assert.deepEqual(Object.keys(await status.json()), ["players", "server_version", "start_time"]);
    const sheet = await (await get(`${prefix}/characters/91000203/`)).json();
    assert.equal(sheet.name, "Þórhildur Snæfell");
    assert.ok(Number.isInteger(sheet.corporation_id) && sheet.birthday && sheet.gender);
    for (const hidden of ["owner", "location", "skills"]) assert.ok(!(hidden in sheet), hidden);
  }
});

test("a token with the scope reads its own character", async () => {
  const { access_token: token } = await logIn(sso, { characterId: ID });
  const location = await get(`/characters/${ID}/location/`, token);
  assert.equal(location.status, 200);
  assert.deepEqual(await location.json(), { solar_system_id: 30000142, station_id: 60003760 });
  const skills = await (await get(`/latest/characters/${ID}/skills/`, token)).json();
  assert.equal(skills.skills.length, 2);
  assert.equal(skills.total_sp, 437020);
});

test("no token, or one in a wrong scheme, is a 401", async () => {
  await refused(await get(`/characters/${ID}/skills/`), 401, "authorization not provided");
  const basic = await fetch(`${sso.esiUrl}/characters/${ID}/skills/`, { headers: { authorization: "Basic eDp5" } });
  await refused(basic, 401, "authorization not provided");
});

test("a token that is none, or was tampered with, is a 401", async () => {
  const { access_token: token, refresh_token: other } = await logIn(sso);
  const [header, payload, signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: "CHARACTER:EVE:91000203" })).toString("base64url");
  const none = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
  for (const bad of ["x", other, `${header}.${forged}.${signature}`, `${none}.${payload}.`, `${header}.${payload}.`]) {
    await refused(await get(`/characters/${ID}/skills/`, bad), 401, "token is not valid");
  }
});

test("each claim that matters is checked", async () => {
  const path = `/characters/${ID}/skills/`;
  assert.equal((await get(path, await tokenWith({}))).status, 200);
  for (const claims of [
    { iss: "http://localhost:1" },
    { aud: ["esi-security-demo"] },
    { aud: "another" },
    { exp: null },
    { sub: null },
    { azp: null },
  ]) {
    const response = await get(path, await tokenWith(claims));
    assert.deepEqual(
      [response.status, await response.json()],
      [401, { error: "token is not valid" }],
      JSON.stringify(claims),
    );
  }
  await refused(await get(path, await tokenWith({ azp: "x" })), 401, "token audience is not valid");
  await refused(await get(path, await tokenWith({ aud: "EVE Online" })), 401, "token audience is not valid");
});

test("a token expires", async () => {
  const { access_token: token } = await logIn(sso);
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  try {
    mock.timers.tick(1_199_000 - (Date.now() % 1000));
    assert.equal((await get(`/characters/${ID}/skills/`, token)).status, 200);
    mock.timers.tick(2_000);
    await refused(await get(`/characters/${ID}/skills/`, token), 401, "token is expired");
  } finally {
    mock.timers.reset();
  }
});

test("a key that left the set lets nobody in", async () => {
  const rotating = await startSso();
  try {
    const { access_token: token } = await logIn(rotating);
    const url = `${rotating.esiUrl}/characters/${ID}/skills/`;
    await rotating.rotateKeys({ keepOld: true });
    assert.equal((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status, 200);
    const { access_token: second } = await logIn(rotating);
    await rotating.rotateKeys();
    assert.equal((await fetch(url, { headers: { authorization: `Bearer ${second}` } })).status, 401);
  } finally {
    await rotating.close();
  }
});

test("without the scope, or for another character, it is a 403", async () => {
  const { access_token: skills } = await logIn(sso, { scope: SKILLS });
  await refused(await get(`/characters/${ID}/location/`, skills), 403, `token is not valid for scope: ${LOCATION}`);
  const { access_token: none } = await logIn(sso, { scope: undefined });
  await refused(await get(`/characters/${ID}/skills/`, none), 403, `token is not valid for scope: ${SKILLS}`);
  await refused(await get("/characters/91000203/skills/", skills), 403, "token is not valid for this character");
});

test("what does not exist is a 404, and only GET is there", async () => {
  await refused(await get("/characters/1/"), 404, "Character not found");
  await refused(await get("/markets/"), 404, "Requested page does not exist");
  await refused(await get("/latest"), 404, "Requested page does not exist");
  await refused(await fetch(`${sso.esiUrl}/status/`, { method: "POST" }), 405, "method not allowed");
});

test("answers carry an Etag of their content, and the error budget, which errors use up", async () => {
  const budget = (response) => Number(response.headers.get("x-esi-error-limit-remain"));
  // Date stands still, so that the budget's minute cannot end between two requests.
  mock.timers.enable({ apis: ["Date"], now: Date.UTC(2030, 0, 1, 12, 0, 15) });
  try {
    const [one, two] = [await get("/characters/91000203/"), await get("/characters/95000304/")];
    assert.match(one.headers.get("etag"), /^"[\da-f]{32}"$/);
    assert.notEqual(one.headers.get("etag"), two.headers.get("etag"));
    assert.equal(budget(one), 100);
    assert.equal(one.headers.get("x-esi-error-limit-reset"), "45");
    assert.equal(budget(await get("/nothing")), 99);
    assert.equal(budget(await get("/status/")), 99);
    mock.timers.tick(60_000);
    assert.equal(budget(await get("/status/")), 100);
  } finally {
    mock.timers.reset();
  }
});
