// The adapter between the synchronous storage of the WebAssembly module and a storage of the page's own: one that answers at
// once, one that takes its time, and one that breaks its word in every way.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { adapt } from "../../js/storage.js";

const KEY = "esi-security/1/session/server/client/";
const TIMEOUT_MS = 5_000;

/** Lets everything happen that waits for no timer. */
const settle = () => setImmediate();

/** Records are strings such as `r2 a1`: the refresh token's version and the access token's. */
const version = (record) => Number(/^r(\d+)/.exec(record)?.[1] ?? -1);

/** What the WebAssembly module offers to the adapter; counts the changes that it is told of. */
function createCore(grantOf = () => "one") {
  return {
    changes: 0,
    compareRecords(stored, ours) {
      assert.deepEqual([typeof stored, typeof ours], ["string", "string"]);
      if (grantOf(stored) !== grantOf(ours)) return -1;
      return Math.sign(version(stored) - version(ours));
    },
    storageChanged() {
      this.changes += 1;
    },
  };
}

/** A storage of the page's own. `answer` gets what it is asked and the work, and decides how it is done. */
function createStorage(answer = (_name, work) => work()) {
  const records = new Map();
  const calls = [];
  const call = (name, key, record, work) => {
    calls.push([name, ...(record === undefined ? [] : [record])].join(" "));
    return answer(name, work, key);
  };
  return {
    records,
    calls,
    getItem: (key) => call("getItem", key, undefined, () => records.get(key)),
    setItem: (key, record) => call("setItem", key, record, () => void records.set(key, record)),
    removeItem: (key) => call("removeItem", key, undefined, () => void records.delete(key)),
  };
}

const later = async (_name, work) => {
  await setImmediate();
  return work();
};
const never = () => new Promise(() => {});
const reject = () => Promise.reject(new Error("no storage"));

/** An `answer` that does nothing until it is released, call by call. */
function hold() {
  const held = [];
  const answer = (_name, work) => new Promise((resolve) => held.push(() => resolve(work())));
  const release = async () => {
    while (held.length > 0) {
      held.shift()();
      await settle();
    }
  };
  return { answer, held, release };
}

function open(answer, core = createCore()) {
  const storage = createStorage(answer);
  return { storage, core, adapter: adapt(storage, core) };
}

/** Time stands still but for this. */
function stopTime(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  return (milliseconds) => t.mock.timers.tick(milliseconds);
}

const isSettled = async (promise) => {
  const pending = Symbol("pending");
  await settle();
  return (await Promise.race([promise, pending])) !== pending;
};

test("one storage has one adapter, another one another", () => {
  const core = createCore();
  const storage = createStorage();
  assert.equal(adapt(storage, core), adapt(storage, core));
  assert.notEqual(adapt(storage, core), adapt(createStorage(), core));
});

test("a storage that answers at once is read when it is opened, and written in a microtask", async () => {
  const { storage, adapter } = open();
  storage.records.set(KEY, "r1");
  assert.equal(adapter.open(KEY), true);
  assert.equal(adapter.getItem(KEY), "r1");
  adapter.setItem(KEY, "r2");
  assert.equal(adapter.getItem(KEY), "r2", "from the copy");
  assert.deepEqual(storage.calls, ["getItem"], "nothing of the page runs in the caller's stack");
  assert.equal(await adapter.written, true);
  assert.equal(storage.records.get(KEY), "r2");
  assert.equal(adapter.written, undefined, "there is nothing to wait for");
  adapter.removeItem(KEY);
  assert.equal(adapter.getItem(KEY), null);
  assert.equal(await adapter.written, true);
  assert.equal(storage.records.has(KEY), false);
});

test("opened again, a storage that answers at once is read again, unless the session has just written", async () => {
  const { storage, adapter } = open();
  adapter.open(KEY);
  assert.equal(adapter.getItem(KEY), null);
  storage.records.set(KEY, "r1");
  assert.equal(adapter.getItem(KEY), null);
  adapter.open(KEY);
  assert.equal(adapter.getItem(KEY), "r1");
  adapter.setItem(KEY, "r2");
  adapter.open(KEY);
  assert.equal(adapter.getItem(KEY), "r2");
  await adapter.written;
  storage.records.delete(KEY);
  adapter.open(KEY);
  assert.equal(adapter.getItem(KEY), null);
});

test("a storage that is read at once and written later is not asked for what is being written", async () => {
  const { answer, release } = hold();
  const { storage, adapter } = open((name, work) => (name === "setItem" ? answer(name, work) : work()));
  storage.records.set(KEY, "r1");
  adapter.open(KEY);
  adapter.setItem(KEY, "r2");
  await settle();
  adapter.open(KEY);
  const read = adapter.read(KEY);
  assert.equal(adapter.getItem(KEY), "r2");
  await release();
  await read;
  assert.equal(adapter.getItem(KEY), "r2");
  assert.equal(storage.records.get(KEY), "r2");
});

for (const [manner, answer] of Object.entries({
  "a promise": later,
  // biome-ignore lint/suspicious/noThenProperty: a promise of another make.
  "a thenable": (_name, work) => ({ then: (resolve) => setTimeout(() => resolve(work())) }),
})) {
  test(`a storage that gives ${manner} is read once, by \`read\` alone`, async () => {
    const { storage, adapter } = open(answer);
    storage.records.set(KEY, "r1");
    assert.equal(adapter.open(KEY), false, "only a promise would tell");
    assert.throws(() => adapter.getItem(KEY));
    assert.equal(adapter.open(KEY), false);
    assert.equal(storage.calls.length, 1, "it is not asked in vain again");
    await adapter.read(KEY);
    assert.equal(adapter.open(KEY), true);
    assert.equal(adapter.getItem(KEY), "r1");
    assert.equal(storage.calls.length, 2);
    adapter.setItem(KEY, "r2");
    await adapter.written;
    assert.equal(storage.records.get(KEY), "r2");
    assert.equal(adapter.open(`${KEY}other`), false, "each key by itself");
  });
}

test("a rejection of a promise that nobody waits for is not reported", async () => {
  const unhandled = mock.fn();
  process.on("unhandledRejection", unhandled);
  const { adapter } = open(reject);
  assert.equal(adapter.open(KEY), false);
  await settle();
  process.off("unhandledRejection", unhandled);
  assert.equal(unhandled.mock.callCount(), 0);
});

test("what has been read anew is told of, if it is new", async () => {
  const { storage, core, adapter } = open(later);
  await adapter.read(KEY);
  assert.equal(core.changes, 0, "there is none");
  storage.records.set(KEY, "r1");
  await adapter.read(KEY);
  assert.equal(adapter.getItem(KEY), "r1");
  storage.records.delete(KEY);
  await adapter.read(KEY);
  assert.equal(adapter.getItem(KEY), null, "another page has signed out");
  assert.equal(core.changes, 2);
  await adapter.read(KEY);
  assert.equal(core.changes, 2);
});

test("writes keep their order, never two at once, and the newest alone of those that wait", async () => {
  const { answer, held, release } = hold();
  const { storage, adapter } = open(answer);
  for (const record of ["r1", "r2", "r3"]) {
    adapter.setItem(KEY, record);
    await settle();
    assert.deepEqual(storage.calls, ["setItem r1"]);
    assert.equal(adapter.getItem(KEY), record);
  }
  const { written } = adapter;
  held.shift()();
  await settle();
  assert.deepEqual(storage.calls, ["setItem r1", "setItem r3"]);
  assert.equal(await isSettled(written), false, "all of it");
  adapter.removeItem(KEY);
  await release();
  assert.equal(await written, true);
  assert.deepEqual(storage.calls, ["setItem r1", "setItem r3", "removeItem"]);
  assert.equal(storage.records.has(KEY), false);
});

test("several keys are written one after the other, in the order in which they changed", async () => {
  const { answer, release } = hold();
  const { storage, adapter } = open(answer);
  adapter.setItem(`${KEY}/damaged`, "{");
  adapter.removeItem(KEY);
  adapter.setItem(`${KEY}other`, "r1");
  await settle();
  assert.deepEqual(storage.calls, ["setItem {"]);
  await release();
  assert.deepEqual(storage.calls, ["setItem {", "removeItem", "setItem r1"]);
});

test("what was read before the session changed does not come back", async () => {
  for (const change of ["r2", null]) {
    const { answer, release } = hold();
    const { storage, core, adapter } = open(answer);
    storage.records.set(KEY, "r1");
    const read = adapter.read(KEY);
    await settle();
    if (change) adapter.setItem(KEY, change);
    else adapter.removeItem(KEY);
    await release();
    await read;
    assert.equal(adapter.getItem(KEY), change);
    assert.equal(storage.records.get(KEY) ?? null, change);
    assert.equal(core.changes, 0);
  }
});

test("a read that would come after a write of the same key is left out", async () => {
  const { answer, release } = hold();
  const { storage, adapter } = open(answer);
  adapter.setItem(KEY, "r1");
  const read = adapter.read(KEY);
  await settle();
  await release();
  assert.equal(await read, true);
  assert.deepEqual(storage.calls, ["setItem r1"]);
});

test("a write that fails once is tried again", async () => {
  let failures = 1;
  const { storage, adapter } = open((name, work) => (name === "setItem" && failures-- > 0 ? reject() : work()));
  adapter.setItem(KEY, "r1");
  assert.equal(await adapter.written, true);
  assert.equal(storage.records.get(KEY), "r1");
});

test("where a write fails the session is in memory, and an older record stays only if it is good still", async () => {
  for (const [answer, ours, left] of [
    [reject, "r1 a2", "r1 a1"],
    [reject, "r2 a2", ""],
    // Not even an empty one can be written.
    [() => Promise.reject(new Error("sealed")), "r2 a2", undefined],
  ]) {
    const isSealed = left === undefined;
    const { storage, core, adapter } = open((name, work, key) => {
      const isFull = name === "setItem" && (isSealed || storage.calls.at(-1) !== "setItem ");
      return isFull ? answer(name, work, key) : later(name, work);
    });
    storage.records.set(KEY, "r1 a1");
    await adapter.read(KEY);
    const { changes } = core;
    adapter.setItem(KEY, ours);
    assert.equal(await adapter.written, false);
    assert.equal(storage.records.get(KEY), left);
    assert.equal(adapter.getItem(KEY), ours);
    // What is left there is no news, and no sign-out.
    await adapter.read(KEY);
    assert.equal(adapter.getItem(KEY), ours);
    assert.equal(core.changes, changes);
  }
});

test("once there is room again, the session is written", async () => {
  let isFull = true;
  const { storage, adapter } = open((name, work) => (isFull && name === "setItem" ? reject() : later(name, work)));
  adapter.setItem(KEY, "r1");
  assert.equal(await adapter.written, false);
  isFull = false;
  adapter.setItem(KEY, "r2");
  assert.equal(await adapter.written, true);
  assert.equal(storage.records.get(KEY), "r2");
});

test("a newer record of another page stays, and is taken over", async () => {
  const { storage, core, adapter } = open((name, work) => (name === "setItem" ? reject() : later(name, work)));
  await adapter.read(KEY);
  const { changes } = core;
  adapter.setItem(KEY, "r1");
  storage.records.set(KEY, "r2");
  assert.equal(await adapter.written, true, "nothing is in memory alone");
  assert.equal(storage.records.get(KEY), "r2");
  assert.equal(adapter.getItem(KEY), "r2");
  assert.equal(core.changes, changes + 1);
});

test("a newer record that another page writes later is taken over too", async () => {
  const { storage, core, adapter } = open((name, work) => (name === "setItem" ? reject() : later(name, work)));
  adapter.setItem(KEY, "r1");
  assert.equal(await adapter.written, false);
  storage.records.set(KEY, "r2");
  assert.equal(await adapter.read(KEY), true, "nothing is in memory alone any more");
  assert.equal(adapter.getItem(KEY), "r2");
  assert.equal(core.changes, 1);
});

test("a record that cannot be read is emptied if nothing can be written in its place", async () => {
  const { storage, adapter } = open((name, work) =>
    name === "getItem" || storage.calls.at(-1) === "setItem r2" ? reject() : work(),
  );
  storage.records.set(KEY, "r1");
  adapter.setItem(KEY, "r2");
  assert.equal(await adapter.written, false);
  assert.deepEqual(storage.calls, ["setItem r2", "setItem r2", "getItem", "setItem "]);
});

test("a record that cannot be removed does not come back", async () => {
  const { storage, core, adapter } = open((name, work) => (name === "removeItem" ? reject() : work()));
  storage.records.set(KEY, "r1");
  adapter.open(KEY);
  adapter.removeItem(KEY);
  assert.equal(await adapter.written, false);
  assert.deepEqual(storage.calls, ["getItem", "removeItem", "removeItem"]);
  await adapter.read(KEY);
  assert.equal(adapter.getItem(KEY), null);
  assert.equal(core.changes, 0);
});

const BROKEN = {
  "throws an error": () => {
    throw new Error("no storage");
  },
  "throws null": () => {
    throw null;
  },
  rejects: reject,
  "rejects with nothing": () => Promise.reject(),
  "rejects later": () => setImmediate().then(reject),
  "has a `then` that throws": () => ({
    // biome-ignore lint/suspicious/noThenProperty: this is what is tried.
    then() {
      throw new Error("no then");
    },
  }),
  "has a `then` that cannot be read": () => ({
    // biome-ignore lint/suspicious/noThenProperty: this is what is tried.
    get then() {
      throw new Error("no then");
    },
  }),
  "gives a number": () => 7,
  "gives a list": () => ["{}"],
  "gives a symbol": () => Symbol("record"),
  "gives a promise of an object": () => Promise.resolve({}),
  "gives a Proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

for (const [manner, answer] of Object.entries(BROKEN)) {
  test(`a storage that ${manner} is unreadable, and loses no session`, async () => {
    const { core, adapter } = open(answer);
    await adapter.read(KEY);
    assert.equal(adapter.open(KEY), true, "the session goes on in memory");
    assert.throws(() => adapter.getItem(KEY));
    for (const record of ["r1", "r2"]) {
      adapter.setItem(KEY, record);
      assert.equal(adapter.getItem(KEY), record);
      const isWritten = await adapter.written;
      // What it gives for a write does not matter.
      assert.equal(isWritten, manner.startsWith("gives") && !manner.includes("Proxy"));
      await adapter.read(KEY);
      assert.equal(adapter.getItem(KEY), record);
    }
    adapter.removeItem(KEY);
    await adapter.written;
    assert.equal(adapter.getItem(KEY), null);
    assert.equal(core.changes, 0);
  });
}

for (const [manner, answer] of Object.entries({
  "never answers": never,
  // biome-ignore lint/suspicious/noThenProperty: this is what is tried.
  "has a `then` that is never called back": () => ({ then() {} }),
})) {
  test(`a storage that ${manner} is waited for five seconds, and not again`, async (t) => {
    const wait = stopTime(t);
    const { storage, adapter } = open(answer);
    const read = adapter.read(KEY);
    await settle();
    wait(TIMEOUT_MS - 1);
    assert.equal(await isSettled(read), false);
    wait(1);
    assert.equal(await read, false);
    assert.equal(adapter.open(KEY), true, "the session goes on in memory");
    assert.throws(() => adapter.getItem(KEY));
    adapter.setItem(KEY, "r1");
    assert.equal(adapter.getItem(KEY), "r1");
    assert.equal(adapter.written, undefined);
    assert.equal(await adapter.read(KEY), false);
    assert.deepEqual(storage.calls, ["getItem"]);
  });
}

test("a write that never ends is waited for five seconds, by all who wait for it together", async (t) => {
  const wait = stopTime(t);
  const { adapter } = open((name, work) => (name === "setItem" ? never() : work()));
  adapter.open(KEY);
  adapter.setItem(KEY, "r1");
  const { written } = adapter;
  await settle();
  wait(TIMEOUT_MS / 2);
  adapter.setItem(KEY, "r2");
  assert.equal(adapter.written, written);
  wait(TIMEOUT_MS / 2);
  assert.equal(await written, false);
  assert.equal(adapter.written, undefined);
});

test("a storage that answers late brings its record late", async (t) => {
  const wait = stopTime(t);
  const { answer, release } = hold();
  const { storage, core, adapter } = open(answer);
  storage.records.set(KEY, "r1");
  const read = adapter.read(KEY);
  await settle();
  wait(TIMEOUT_MS);
  assert.equal(await read, false);
  await release();
  assert.equal(adapter.getItem(KEY), "r1");
  assert.equal(core.changes, 1);
  // It is waited for again.
  adapter.setItem(KEY, "r2");
  const { written } = adapter;
  await settle();
  await release();
  assert.equal(await written, true);
});

test("a storage that answers late is written after all, with the newest", async (t) => {
  const wait = stopTime(t);
  const { answer, release } = hold();
  const { storage, adapter } = open(answer);
  adapter.setItem(KEY, "r1");
  const { written } = adapter;
  await settle();
  wait(TIMEOUT_MS);
  assert.equal(await written, false);
  adapter.setItem(KEY, "r2");
  await release();
  assert.deepEqual(storage.calls, ["setItem r1", "setItem r2"]);
});

test("an answer in time leaves no timer behind", async (t) => {
  const { adapter } = open(later);
  const clear = t.mock.method(globalThis, "clearTimeout");
  const set = t.mock.method(globalThis, "setTimeout");
  await adapter.read(KEY);
  adapter.setItem(KEY, "r1");
  await adapter.written;
  assert.deepEqual(
    set.mock.calls.map(({ arguments: [, milliseconds] }) => milliseconds),
    [TIMEOUT_MS, TIMEOUT_MS],
  );
  assert.deepEqual(
    clear.mock.calls.map(({ arguments: [timer] }) => timer),
    set.mock.calls.map(({ result }) => result),
  );
});

test("timers are set outside of the app's zone, and a `setTimeout` that throws is done without", async (t) => {
  let depth = 0;
  globalThis.Zone = {
    root: {
      run(work) {
        depth += 1;
        try {
          return work();
        } finally {
          depth -= 1;
        }
      },
    },
  };
  t.after(() => {
    delete globalThis.Zone;
  });
  const depths = [];
  t.mock.method(globalThis, "setTimeout", () => {
    depths.push(depth);
    throw new Error("no timers");
  });
  const { storage, adapter } = open(later);
  adapter.setItem(KEY, "r1");
  assert.equal(await adapter.written, true);
  assert.equal(storage.records.get(KEY), "r1");
  assert.deepEqual(depths, [1]);
});

test("a storage that throws when it is opened is unreadable too", () => {
  for (const manner of ["throws an error", "throws null", "gives a number", "gives a Proxy that was revoked"]) {
    const { adapter } = open(BROKEN[manner]);
    assert.equal(adapter.open(KEY), true, manner);
    assert.throws(() => adapter.getItem(KEY), manner);
  }
});

test("a storage that calls back into the library may do what it likes", async () => {
  let left = 20;
  const { storage, adapter } = open((_name, work) => {
    if (left-- > 0) adapter.setItem(KEY, `r${left}`);
    return work();
  });
  adapter.open(KEY);
  adapter.setItem(KEY, "r99");
  while (adapter.written) await adapter.written;
  assert.equal(storage.records.get(KEY), "r0");
  assert.equal(adapter.getItem(KEY), "r0");
});
