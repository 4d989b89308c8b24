// The token worker has ended, or hangs, or its answer is not read. A worker that has ended says nothing of that: the page
// notices when it connects anew, and then uses another one, or sends by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../helpers/engine.js";
import { openPage } from "../helpers/page.js";
import { openTabs } from "../helpers/tabs.js";

/** How long a page waits for an answer of the worker: a little longer than the worker for the server's. */
const ANSWER_TIMEOUT_MS = 33_000;

/** How long the worker waits for the server's. */
const RESPONSE_TIMEOUT_MS = 30_000;

const refresh = ({ security }) => security.refresh();

const devTools = (page, command, parameters = {}) => page.driver.sendAndGetDevToolsCommand(command, parameters);

/** The browser's name for the worker; undefined if there is none. */
async function findWorker(page) {
  const { targetInfos } = await devTools(page, "Target.getTargets");
  return targetInfos.find(({ type, url }) => type === "shared_worker" && url.startsWith(page.origin))?.targetId;
}

/** Ends it from outside, as when its process crashes. */
async function kill(page) {
  const targetId = await findWorker(page);
  assert.ok(targetId, "there is a worker");
  await devTools(page, "Target.closeTarget", { targetId });
  await page.driver.wait(async () => !(await findWorker(page)), 10_000, "it has ended");
}

/** Runs in the worker, before its script: the time of the second form has passed when its answer is there, but unread. */
function oversleep(timeout) {
  const { fetch: ask, setTimeout: later } = globalThis;
  let forms = 0;
  let giveUp;
  globalThis.setTimeout = (work, milliseconds, ...rest) => {
    if (milliseconds === timeout) giveUp = () => work(...rest);
    return later(work, milliseconds, ...rest);
  };
  globalThis.fetch = async (request) => {
    const response = await ask(request);
    forms += 1;
    if (forms === 2) giveUp();
    return response;
  };
}

/** Lets it do nothing else any more. */
async function hang(page) {
  const { sessionId } = await devTools(page, "Target.attachToTarget", {
    targetId: await findWorker(page),
    flatten: false,
  });
  const message = JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: "for (;;);" } });
  await devTools(page, "Target.sendMessageToTarget", { sessionId, message });
}

/**
 * Runs in a tab: the worker's next answer stays unread until `readAnswer`. `forms` counts what goes to the worker, and
 * `giveUp` ends the wait for the answer, as after a sleep in which its time has passed.
 */
function leaveUnread(timeout) {
  const { postMessage } = MessagePort.prototype;
  const { get, set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
  globalThis.forms = 0;
  MessagePort.prototype.postMessage = function (message, ...rest) {
    if (message.type === "send") globalThis.forms += 1;
    return postMessage.call(this, message, ...rest);
  };
  globalThis.unread = new Promise((resolve) => {
    const listen = function (listener) {
      set.call(this, (event) => {
        if (event.data.type !== "response" || globalThis.readAnswer) return listener(event);
        globalThis.readAnswer = () => listener(event);
        resolve();
      });
    };
    Object.defineProperty(MessagePort.prototype, "onmessage", { configurable: true, get, set: listen });
  });
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (work, milliseconds, ...rest) => {
    if (milliseconds === timeout) globalThis.giveUp ??= () => work(...rest);
    return later(work, milliseconds, ...rest);
  };
}

const workerStatus = (page) => page.run(({ security }) => security.tokenWorker);

/** The console's lines about the token worker. */
const warnings = async (page) =>
  (await page.console()).filter((line) => line.includes("the token worker is not in use"));

const statuses = (page) => page.tokenRequests.map(({ status }) => status);

test(
  "a worker that has ended is replaced at the next request, and the refresh gets through at once",
  needs("worker-targets"),
  async (t) => {
    const page = await openPage(t);
    await page.logIn();
    await page.refresh();
    await kill(page);
    const { access_token: access } = await page.refresh();
    assert.ok(await findWorker(page), "there is another one");
    assert.deepEqual(statuses(page), [200, 200, 200]);
    assert.equal(access, page.tokenRequests[2].json.access_token);
    assert.equal(await workerStatus(page), "connected");
    assert.deepEqual(await warnings(page), []);
  },
);

test("so it is for each of many tabs, with one request for all", needs("worker-targets"), async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const tabs = await openTabs(t, page, 4);
  // Each has its own connection to the worker.
  await tabs.runInEach(refresh);
  const before = page.tokenRequests.length;
  await kill(page);
  const outcomes = await tabs.runAtOnce(refresh);
  const newest = page.tokenRequests.at(-1).json.access_token;
  for (const { value, error } of outcomes) assert.equal(value?.access_token, newest, error?.message);
  assert.equal(page.tokenRequests.length, before + 1);
  for (const { access_token: access } of await tabs.runInEach(refresh)) assert.ok(access);
  assert.deepEqual(statuses(page), Array(before + 5).fill(200));
});

test("where the worker hangs the page sends by itself, and says so once", needs("worker-targets"), async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.refresh();
  await hang(page);
  const { access_token: access } = await page.refresh();
  assert.deepEqual(statuses(page), [200, 200, 200]);
  assert.equal(access, page.tokenRequests[2].json.access_token);
  assert.equal(await workerStatus(page), "unavailable");
  assert.ok(await page.refresh());
  assert.deepEqual(statuses(page), [200, 200, 200, 200]);
  const [warning, ...more] = await warnings(page);
  assert.match(warning, /it did not start within 3 seconds/);
  assert.deepEqual(more, []);
  await kill(page);
});

test("an answer that nobody has read is there for whoever asks the same, after half a minute too", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.runBare(leaveUnread, ANSWER_TIMEOUT_MS);
  await page.run(({ security }) => {
    globalThis.refreshed = security.refresh();
  });
  await page.driver.wait(() => page.runBare(() => globalThis.forms === 2), 60_000, "it asks again");
  const { access_token: access } = await page.runBare(() => globalThis.refreshed);
  assert.deepEqual(statuses(page), [200, 200]);
  assert.equal(access, page.tokenRequests[1].json.access_token);
  assert.ok(await page.refresh());
});

test("an answer that came while the page stood still is read, though its time has passed", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.runBare(leaveUnread, ANSWER_TIMEOUT_MS);
  const [forms, access] = await page.run(async ({ security }) => {
    const refreshed = security.refresh();
    await globalThis.unread;
    globalThis.giveUp();
    setTimeout(globalThis.readAnswer);
    const { access_token } = await refreshed;
    return [globalThis.forms, access_token];
  });
  assert.equal(forms, 1);
  assert.equal(access, page.tokenRequests[1].json.access_token);
  assert.deepEqual(statuses(page), [200, 200]);
});

test("so it is for an answer that came while the worker stood still", async (t) => {
  const change = (text) => `(${oversleep})(${RESPONSE_TIMEOUT_MS});${text}`;
  const serve = (path) => (path === "/js/token-worker.js" ? { change } : undefined);
  const page = await openPage(t, { serve });
  await page.logIn();
  const { access_token: access } = await page.refresh();
  assert.equal(access, page.tokenRequests[1].json.access_token);
  assert.deepEqual(statuses(page), [200, 200]);
  assert.equal(await workerStatus(page), "connected");
});

test("the age of an answer that the worker had kept is added to the time that the page stood still", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const { expires_in: left } = await page.run(async ({ security }) => {
    const { get, set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
    const listen = function (listener) {
      set.call(this, (event) => {
        if (event.data.type !== "response") return listener(event);
        const { now } = Date;
        Date.now = () => now() + 300_000;
        listener({ data: { ...event.data, age: 100 } });
      });
    };
    Object.defineProperty(MessagePort.prototype, "onmessage", { configurable: true, get, set: listen });
    return security.refresh();
  });
  const life = page.tokenRequests[1].json.expires_in;
  assert.ok(left <= life - 400 && left > life - 440, `${left} of ${life} seconds`);
});
