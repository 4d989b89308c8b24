// Starting and ending: ports, options, several servers side by side, and nothing left behind.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { startSso } from "../../sso/index.js";
import { logIn, refresh } from "../helpers/oauth.js";

async function occupied(work) {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  try {
    return await work(server.address().port);
  } finally {
    server.close();
    await once(server, "close");
  }
}

/** A port that was free a moment ago. */
const freePort = () => occupied((port) => port);

/** Two of them, held both until both are known: so they differ. */
const freePorts = () => occupied((one) => occupied((other) => [one, other]));

test("it listens on this machine alone, on free ports or on those it is given", async () => {
  const ports = await freePorts();
  const sso = await startSso({ port: ports[0], esiPort: ports[1], host: "127.0.0.1" });
  try {
    assert.equal(sso.issuer, `http://127.0.0.1:${ports[0]}`);
    assert.equal(sso.esiUrl, `http://127.0.0.1:${ports[1]}`);
    assert.equal((await fetch(sso.discoveryUrl)).status, 200);
  } finally {
    await sso.close();
  }
});

test("a taken port is an error, and then neither server stays", async () => {
  await occupied(async (taken) => {
    await assert.rejects(startSso({ port: taken }), { code: "EADDRINUSE", port: taken });
    const port = await freePort();
    await assert.rejects(startSso({ port, esiPort: taken }), { code: "EADDRINUSE", port: taken });
    await (await startSso({ port })).close();
  });
});

test("close ends both servers at once, with connections open, and frees the ports", { timeout: 60_000 }, async () => {
  const sso = await startSso();
  const sockets = [sso.issuer, sso.esiUrl].map((base) => {
    const socket = connect(Number(new URL(base).port), "localhost");
    return { socket, closed: new Promise((resolve) => socket.on("error", () => {}).on("close", resolve)) };
  });
  await Promise.all(sockets.map(({ socket }) => once(socket, "connect")));
  sockets[0].socket.write("POST /v2/oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n12");
  await sso.close();
  await Promise.all(sockets.map(({ closed }) => closed));
  await assert.rejects(fetch(sso.discoveryUrl), TypeError);
  await assert.rejects(fetch(`${sso.esiUrl}/status/`), TypeError);
});

test("every connection serves one request, so that a browser never repeats one behind a fault's back", async () => {
  const sso = await startSso();
  try {
    for (const url of [sso.discoveryUrl, `${sso.esiUrl}/status/`]) {
      assert.equal((await fetch(url)).headers.get("connection"), "close");
    }
  } finally {
    await sso.close();
  }
});

test("servers side by side know nothing of each other", async () => {
  const [one, other] = await Promise.all([startSso(), startSso()]);
  try {
    const { refresh_token: token, access_token: access } = await logIn(one);
    assert.equal((await refresh(other, token)).status, 400);
    const headers = { authorization: `Bearer ${access}` };
    assert.equal((await fetch(`${other.esiUrl}/characters/2119000101/skills/`, { headers })).status, 401);
    one.faults.set({ discovery: { kind: "error-500" } });
    assert.equal((await fetch(other.discoveryUrl)).status, 200);
    assert.ok(one.requests.length > 0);
    assert.ok(other.requests.every(({ path }) => path !== "/v2/oauth/authorize"));
    assert.equal((await refresh(one, token)).status, 200);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});

test("the record of requests is live, oldest first, with both servers in it, and has an end", async () => {
  const sso = await startSso();
  try {
    await fetch(`${sso.discoveryUrl}?secret=1`);
    await fetch(`${sso.esiUrl}/latest/status/`);
    assert.deepEqual(
      sso.requests.map(({ method, path, status }) => [method, path, status]),
      [
        ["GET", "/.well-known/oauth-authorization-server", 200],
        ["GET", "/latest/status/", 200],
      ],
    );
    for (let asked = 0; asked < 1000; asked += 100) {
      await Promise.all(Array.from({ length: 100 }, () => fetch(sso.discoveryUrl)));
    }
    assert.equal(sso.requests.length, 1000);
    sso.requests.clear();
    assert.equal(sso.requests.length, 0);
  } finally {
    await sso.close();
  }
});

test("a start that fails leaves its ports free", async () => {
  const port = await freePort();
  const clients = [{ clientId: "twice" }, { clientId: "twice" }];
  await assert.rejects(startSso({ port, clients }));
  await (await startSso({ port })).close();
});

test("options that cannot be are refused by name", async () => {
  for (const [options, message] of [
    [{ prot: 1 }, /no option is called "prot"; there are: port, esiPort/],
    [{ toString: 1 }, /no option is called "toString"/],
    [{ host: "0.0.0.0" }, /^host: /],
    [{ accessTokenTtl: 0 }, /^accessTokenTtl: /],
    [{ accessTokenTtl: "60" }, /^accessTokenTtl: /],
    [{ algorithm: "HS256" }, /^algorithm: /],
    [{ scopeClaim: "none" }, /^scopeClaim: auto, array, string/],
    [{ clients: [{ client_id: "x" }] }, /no member of a client is called "client_id"/],
    [{ port: "80" }, /^port: /],
    [{ esiPort: 70_000 }, /^esiPort: /],
    [{ clients: [{}] }, /^clients: each needs a clientId/],
    [{ clients: [{ clientId: "x", redirectUris: ["no address"] }] }, /^clients: a redirect URI of "x"/],
    [{ clients: [{ clientId: "x", redirectUris: ["http://localhost/#here"] }] }, /^clients: a redirect URI of "x"/],
  ]) {
    await assert.rejects(startSso(options), { message });
  }
});
