// The token worker in Node, with a clock that is set.
import assert from "node:assert/strict";
import { mock, test } from "node:test";

const REQUEST = { url: "https://sso.example/token", headers: {}, body: "refresh_token=one", timeoutMs: 30_000 };

/** Loads the worker. Gives a function with which a page sends a request. */
async function startWorker() {
  globalThis.addEventListener = () => {};
  globalThis.fetch = async () => new Response('{"access_token":"a","refresh_token":"two"}');
  await import("../../js/token-worker.js");
  const page = { postMessage: () => {} };
  globalThis.onconnect({ ports: [page] });
  return () => new Promise((postMessage) => page.onmessage({ data: REQUEST, ports: [{ postMessage }] }));
}

test("a kept answer says how old it is, and is not new after the clock was set back", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1_700_000_000_000;
  mock.method(Date, "now", () => now);
  const send = await startWorker();
  const fresh = await send();
  assert.deepEqual([fresh.type, fresh.age], ["response", 0]);
  now += 90_000;
  assert.deepEqual(await send(), { ...fresh, age: 90 });
  now -= 3_690_000;
  assert.deepEqual(await send(), { ...fresh, age: 3_600 });
  mock.reset();
});
