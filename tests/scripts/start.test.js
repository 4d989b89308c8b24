// `npm start`, as a person has it in a terminal: one address, and after Ctrl-C nothing is left.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { ROOT } from "../../scripts/run.js";

const PATIENCE = { timeout: 300_000 };

/** Holds a port; `taken` is one that nobody held before, unless it is named. */
async function hold(port = 0) {
  const server = createServer().listen(port, "localhost");
  await once(server, "listening");
  return { port: server.address().port, free: () => new Promise((resolve) => server.close(resolve)) };
}

async function freePort() {
  const { port, free } = await hold();
  await free();
  return port;
}

/** Whether any process of this group is there. */
function lives(group) {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
}

/** Runs the command in a process group of its own, as a shell does, until its address is there. */
async function start(t, ...args) {
  const child = spawn("npm", ["start", "--silent", "--", ...args], { cwd: ROOT, detached: true });
  const started = { child, out: "", err: "", ended: once(child, "close") };
  t.after(() => lives(child.pid) && process.kill(-child.pid, "SIGKILL"));
  child.stderr.on("data", (chunk) => {
    started.err += chunk;
  });
  child.stdout.on("data", (chunk) => {
    started.out += chunk;
  });
  while (!/Ctrl-C/.test(started.out)) {
    const more = await Promise.race([once(child.stdout, "data"), started.ended.then(() => null)]);
    if (!more) assert.fail(`it ended: ${started.out}${started.err}`);
  }
  return started;
}

/** What Ctrl-C does: the signal goes to the whole group. */
async function interrupt({ child, ended }) {
  process.kill(-child.pid, "SIGINT");
  await ended;
  while (lives(child.pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("it prints one address, serves the demo there, and Ctrl-C ends all of it", PATIENCE, async (t) => {
  const port = await freePort();
  const started = await start(t, "--port", String(port));
  const addresses = started.out.match(/https?:\/\/\S+/g);
  assert.deepEqual(addresses, [`http://localhost:${port}/`]);
  assert.match(await (await fetch(addresses[0])).text(), /<title>/);
  const { ssoEndpointsUrl, apiOrigin } = await (await fetch(`${addresses[0]}config.json`)).json();
  assert.equal((await fetch(ssoEndpointsUrl)).status, 200);
  await interrupt(started);
  for (const address of [addresses[0], ssoEndpointsUrl, apiOrigin]) {
    await assert.rejects(fetch(address), TypeError, address);
    await (await hold(Number(new URL(address).port))).free();
  }
});

test("a taken port is said, and the next free one is taken", PATIENCE, async (t) => {
  const { port, free } = await hold();
  t.after(free);
  const started = await start(t, "--port", String(port));
  assert.match(started.out, new RegExp(`^Port ${port} is taken: trying ${port + 1}\\.$`, "m"));
  const [address, ...others] = started.out.match(/https?:\/\/\S+/g);
  assert.deepEqual(others, []);
  assert.ok(Number(new URL(address).port) > port);
  assert.equal((await fetch(address)).status, 200);
  await interrupt(started);
});

test("what is no port is said before anything is built", PATIENCE, async (t) => {
  for (const args of [
    ["--port", "many"],
    ["--port", "70000"],
    ["--prot", "1"],
  ]) {
    await assert.rejects(start(t, ...args), { message: /--port many: no port|--port 70000: no port|'--prot'/ });
  }
});
