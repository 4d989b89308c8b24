// The command: what it prints, what it takes, and how it ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { getCode, logIn, postToken } from "../helpers/oauth.js";

const CLI = fileURLToPath(new URL("../../sso/cli.js", import.meta.url));

function start(...args) {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    output.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.err += chunk;
  });
  return { child, output, ended: once(child, "close") };
}

/** Runs until the addresses stand there. */
async function running(args, work) {
  const { child, output, ended } = start("--port", "0", "--esi-port", "0", ...args);
  try {
    while (!output.out.includes("Ctrl-C")) await Promise.race([once(child.stdout, "data"), ended]);
    const [issuer, discoveryUrl, esiUrl] = output.out.match(/http:\S+/g);
    await work({ issuer, discoveryUrl, esiUrl });
  } finally {
    child.kill("SIGINT");
  }
  assert.deepEqual(await ended, [0, null], "Ctrl-C ends it well");
}

test("it prints addresses that work, and ends with Ctrl-C", { timeout: 60_000 }, () =>
  running(["--ttl", "90"], async (sso) => {
    const { expires_in: expiresIn } = await logIn(sso);
    assert.equal(expiresIn, 89);
    assert.equal((await fetch(`${sso.esiUrl}/status/`)).status, 200);
    assert.equal((await (await fetch(sso.discoveryUrl)).json()).issuer, sso.issuer);
  }),
);

test("clients can be named, with a secret or without", { timeout: 60_000 }, () =>
  running(["--client", "mine", "--client", "backend:s3:cret"], async (sso) => {
    const exchange = (client_id, fields) =>
      getCode(sso, { client_id }).then((code) => postToken(sso, { ...code, client_id, ...fields }));
    assert.equal((await exchange("mine")).status, 200);
    assert.equal((await exchange("backend", { client_secret: "s3:cret" })).status, 200);
    assert.equal((await exchange("backend")).status, 401);
    assert.equal((await postToken(sso, { grant_type: "refresh_token", refresh_token: "x" })).status, 401);
  }),
);

test("a taken port is one line and exit code 1", { timeout: 60_000 }, async () => {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address();
  const { output, ended } = start("--port", String(port));
  const [code] = await ended;
  server.close();
  assert.equal(code, 1);
  // And nothing else: no warning of oidc-provider's either.
  assert.equal(output.err, `Port ${port} is taken. Name another with --port or --esi-port; 0 takes a free one.\n`);
});

test("what it does not know is exit code 1, and help is not", { timeout: 60_000 }, async () => {
  for (const args of [["--prot", "1"], ["--ttl", "soon"], ["--port", "x"], ["--esi-port=-1"]]) {
    const { output, ended } = start(...args);
    assert.equal((await ended)[0], 1, args.join(" "));
    assert.match(output.err, /--prot|accessTokenTtl:|port:|esiPort:/);
  }
  const { output, ended } = start("--help");
  assert.equal((await ended)[0], 0);
  assert.match(output.out, /--esi-port <n>/);
});
