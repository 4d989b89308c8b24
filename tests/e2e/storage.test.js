// Where a session is kept: in which storage, and what happens where that is full, blocked, spoiled, slow or
// broken. A page's session then lives in memory, and only what cannot work without storage is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGINE } from "../helpers/engine.js";
import { authorizeByForm } from "../helpers/login.js";
import { ILMARI, openPage } from "../helpers/page.js";
import { openTabs } from "../helpers/tabs.js";

const NO_LOGIN = { code: "storage_unavailable", phase: "login", retryable: false };
const ONLY_MEMORY = /the session lives in this page's memory/;

const refresh = ({ security }) => security.refresh();

const getAuthUri = (page) => page.run(({ security }) => security.getAuthUri());

/** Fills what is left of a storage, to the last character. */
const fill = (page, name = "sessionStorage") =>
  page.runBare((filled) => {
    const storage = globalThis[filled];
    for (let size = 1 << 22; size >= 1; size >>= 1) {
      try {
        for (let row = 0; ; row += 1) storage.setItem(`filler-${size}-${row}`.padEnd(32), "x".repeat(size));
      } catch (error) {
        if (error.name !== "QuotaExceededError") throw error;
      }
    }
  }, name);

/** The sessions' rows that are not empty. */
const sessionRows = async (page, name) => {
  const rows = await page.runBare((kept) => ({ ...globalThis[kept] }), name);
  return Object.entries(rows).filter(([key, row]) => key.includes("/session/") && row);
};

const empty = (page) =>
  page.runBare(() => {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("filler")) sessionStorage.removeItem(key);
  });

test("with a full storage a login is refused before anybody leaves, and the session goes on", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await fill(page);
  await page.keepsTokens(async () => {
    await assert.rejects(getAuthUri(page), NO_LOGIN);
    await assert.rejects(
      page.run(({ security }) => security.login({ returnTo: "/" })),
      NO_LOGIN,
    );
  });
  assert.equal(await page.address(), page.redirectUri);
  await empty(page);
  assert.ok(await getAuthUri(page));
});

test("a session that no longer fits lives on in memory, with one warning", async (t) => {
  const page = await openPage(t);
  const callback = await page.authorize();
  await page.open(callback);
  await fill(page);
  assert.ok(await page.handleRedirect());
  await page.refresh();
  await page.refresh();
  assert.equal(await page.run(({ security }) => security.state), "active");
  assert.deepEqual(await page.stored("/session/"), []);
  const lines = await page.console();
  assert.equal(lines.length, 1);
  assert.match(lines[0], ONLY_MEMORY);
  await empty(page);
  await page.refresh();
  await page.open("/");
  assert.equal(await page.run(({ security }) => security.state), "active", "once there is room it is stored");
});

test("where the new tokens no longer fit, older ones stay behind only if their refresh token is still good", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const before = await page.stored("/session/");
  await fill(page);
  const longer = "x".repeat(5000);
  const update = (tokens) =>
    page.run(({ security }, given) => security.updateToken({ expires_in: 1199, ...given }), tokens);
  await update({ access_token: longer });
  assert.equal(await page.run(({ security }) => security.getAccessToken()), longer);
  assert.deepEqual(await page.stored("/session/"), before);
  await update({ access_token: longer, refresh_token: "another" });
  assert.equal(await page.run(({ security }) => security.getAccessToken()), longer);
  assert.deepEqual(await sessionRows(page, "sessionStorage"), []);
  assert.match((await page.console())[0], ONLY_MEMORY);
});

test("where storage is blocked everything but the login works", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [{ refresh_token }] = await page.stored("/session/");
  await page.runBare(() => sessionStorage.clear());
  // There are no shared workers either.
  page.options.tokenWorker = false;
  await page.open("/sandboxed/");
  await assert.rejects(
    page.runBare(() => sessionStorage.length),
    { name: "SecurityError" },
  );
  assert.equal(await page.run(({ security }) => security.state), "signed-out");
  assert.equal(await page.handleRedirect(), null);
  await assert.rejects(getAuthUri(page), NO_LOGIN);
  await page.run(({ security }, token) => security.updateToken({ refresh_token: token }), refresh_token);
  const getAccessToken = () => page.run(({ security }) => security.getAccessToken());
  const brought = await getAccessToken();
  await assert.rejects(getAuthUri(page), NO_LOGIN);
  assert.equal(await getAccessToken(), brought);
  const { access_token: refreshed } = await page.refresh();
  await assert.rejects(getAuthUri(page), NO_LOGIN);
  assert.equal(await getAccessToken(), refreshed);
  assert.equal((await page.run(({ security }) => security.verify())).verified, true);
  assert.equal((await page.run(({ security }) => security.revoke())).revoked, true);
  const lines = await page.console();
  assert.equal(lines.length, 1);
  assert.match(lines[0], ONLY_MEMORY);
});

test("rows that somebody spoiled count as none", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.authorize();
  const keys = await page.runBare(() => Object.keys(sessionStorage));
  assert.equal(keys.length, 3, "session, logins, metadata");
  for (const row of ["", "{", "null", "[]", "7", '{"access":7}', '[{"state":7}]', '"text"', "[".repeat(10_000)]) {
    // A page that lives would put it right.
    await page.open("/");
    await page.runBare(
      (names, value) => {
        for (const name of names) sessionStorage.setItem(name, value);
      },
      keys,
      row,
    );
    await page.open("/callback?code=a-code-of-nobody&state=a-state-of-nobody");
    assert.equal(await page.run(({ security }) => security.state), "signed-out", row);
    await assert.rejects(page.handleRedirect(), { code: "state_unknown", phase: "redirect" });
  }
  await page.logIn();
  assert.equal(await page.run(({ security }) => security.state), "active");
});

test("rows of others are left alone", async (t) => {
  const page = await openPage(t);
  await page.runBare(() => sessionStorage.setItem("theirs", "untouched"));
  await page.logIn();
  await page.run(({ security }) => security.revoke());
  assert.equal(await page.runBare(() => sessionStorage.theirs), "untouched");
});

const state = (page) => page.run(({ security }) => security.state);

/** The keys of both storages, without what is the same in all of them. */
const keys = (page) =>
  page.runBare(() => {
    const kinds = (storage) => Object.keys(storage).map((key) => key.replace(/^esi-security\/1\/(\w+)\/.*$/, "$1"));
    return { session: kinds(sessionStorage).sort(), local: kinds(localStorage).sort() };
  });

test("a damaged record is copied, the newest one only, and records of other versions stay", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [key] = await page.runBare(() => Object.keys(sessionStorage).filter((name) => name.includes("/session/")));
  const foreign = [key.replace("/1/", "/2/"), key.replace("/1/", "/0/"), key.replace("esi-security/", "esi-")];
  await page.runBare((names) => {
    for (const name of names) sessionStorage.setItem(name, "{");
  }, foreign);
  for (const damaged of ['{"access":', '{"access":{}}']) {
    // A page that lives would put it right.
    await page.open("/");
    await page.runBare((name, row) => sessionStorage.setItem(name, row), key, damaged);
    await page.open("/");
    assert.equal(await state(page), "signed-out");
    const rows = await page.runBare(() => ({ ...sessionStorage }));
    assert.equal(rows[key], damaged);
    assert.equal(rows[`${key}/damaged`], damaged);
    assert.equal(Object.keys(rows).filter((name) => name.endsWith("/damaged")).length, 1);
    for (const name of foreign) assert.equal(rows[name], "{");
  }
  await page.logIn();
  assert.equal(await state(page), "active");
  const warnings = await page.console();
  assert.ok(warnings.length > 0 && warnings.every((text) => text.includes("/damaged")), warnings.join());
});

test("`local` is one session for two tabs, and outlives both", async (t) => {
  const page = await openPage(t, { options: { storage: "local" } });
  const { driver } = page;
  const first = await driver.getWindowHandle();
  const second = await page.newTab();
  await page.open("/");
  assert.equal(await state(page), "signed-out");
  await driver.switchTo().window(first);
  await page.logIn();
  assert.deepEqual(await keys(page), { session: ["document", "logins"], local: ["session"] });
  const token = await page.run(({ security }) => security.getAccessToken());

  await driver.switchTo().window(second);
  assert.equal(await state(page), "active", "without a reload");
  assert.equal(await page.run(({ security }) => security.getAccessToken()), token);
  const { access_token: newer } = await page.refresh();
  assert.notEqual(newer, token);
  await driver.close();

  await driver.switchTo().window(first);
  assert.equal(await page.run(({ security }) => security.getAccessToken()), newer);
  await page.newTab();
  await page.open("/");
  assert.equal(await page.run(({ security }) => security.getAccessToken()), newer);
  await page.run(({ security }) => security.revoke());
  await driver.close();
  await driver.switchTo().window(first);
  assert.equal(await state(page), "signed-out");
  assert.deepEqual((await keys(page)).local, []);
});

test("`memory` leaves nothing in storage but logins, and a reload signs out", async (t) => {
  const page = await openPage(t, { options: { storage: "memory" } });
  await page.logIn();
  await page.refresh();
  assert.equal(await state(page), "active");
  assert.deepEqual(await keys(page), { session: ["document", "logins"], local: [] });
  const held = await page.runBare(() => JSON.stringify({ ...sessionStorage }));
  for (const secret of await page.secrets()) assert.equal(held.includes(secret), false);
  const again = await page.run(async ({ EsiSecurity, options }) => (await EsiSecurity.create(options)).state);
  assert.equal(again, "active", "it is the page's, not one object's");
  await page.open("/");
  assert.equal(await state(page), "signed-out");
  assert.deepEqual(await page.console(), []);
});

for (const storage of ["session", "local"]) {
  test(`\`${storage}\` that is blocked falls back to memory, with one warning`, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    const [{ refresh_token }] = await page.stored("/session/");
    await page.runBare(() => sessionStorage.clear());
    // There are no shared workers either.
    Object.assign(page.options, { storage, tokenWorker: false });
    await page.open("/sandboxed/");
    assert.equal(await state(page), "signed-out");
    await page.run(({ security }, token) => security.updateToken({ refresh_token: token }), refresh_token);
    await page.refresh();
    await page.refresh();
    assert.equal(await state(page), "active");
    const lines = await page.console();
    assert.equal(lines.length, 1);
    assert.match(lines[0], ONLY_MEMORY);
  });
}

test("`local` that is full falls back to memory, and older tokens do not stay", async (t) => {
  const page = await openPage(t, { options: { storage: "local" } });
  await page.logIn();
  await fill(page, "localStorage");
  const longer = "x".repeat(5000);
  const tokens = { access_token: longer, refresh_token: "another", expires_in: 1199 };
  await page.run(({ security }, given) => security.updateToken(given), tokens);
  assert.equal(await page.run(({ security }) => security.getAccessToken()), longer);
  assert.deepEqual(await sessionRows(page, "localStorage"), []);
  assert.match((await page.console())[0], ONLY_MEMORY);
});

test("a tab that cannot write to `local` signs nobody out, and the others store its tokens", async (t) => {
  const page = await openPage(t, { options: { storage: "local" } });
  await page.logIn();
  const tabs = await openTabs(t, page, 3);
  const told = await tabs.runInEach(() => {
    addEventListener("esi:session-changed", ({ detail }) => {
      if (detail.to === "signed-out") globalThis.isSignedOut = true;
    });
  });
  await tabs.run(0, () => {
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (key, row) {
      if (row) throw new DOMException("full", "QuotaExceededError");
      setItem.call(this, key, row);
    };
  });
  const { access_token: newest } = await tabs.run(0, refresh);
  await tabs.switchTo(1);
  const isNewest = (token) => Object.values({ ...localStorage }).some((row) => row.includes(token));
  await page.driver.wait(() => page.runBare(isNewest, newest), 10_000, "another tab stores them");
  const held = await tabs.runInEach(async ({ security }) => [
    await security.getAccessToken(),
    globalThis.isSignedOut ?? false,
  ]);
  assert.deepEqual(
    held,
    told.map(() => [newest, false]),
  );
  assert.equal(page.tokenRequests.length, 2);
  await tabs.switchTo(0);
  assert.match((await page.console())[0], ONLY_MEMORY);
  await page.open("/");
  assert.equal(await page.run(({ security }) => security.getAccessToken()), newest, "after a reload");
  await page.run(({ security }) => security.revoke());
});

/** Runs in a page: its own `setItem` makes `change` of the session when that is written next, before or after the write. */
function changeWhileWriting(change, when) {
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = function (key, row) {
    const isSession = key.includes("/session/");
    if (isSession) Storage.prototype.setItem = setItem;
    if (isSession && when === "before") change();
    setItem.call(this, key, row);
    if (isSession && when === "after") change();
  };
}

const FIRST = { access_token: "first", expires_in: 1199, refresh_token: "first-too" };
const SECOND = { access_token: "second", expires_in: 1199, refresh_token: "second-too" };

for (const area of ["session", "local"]) {
  for (const when of ["before", "after"]) {
    test(`\`${area}\`: tokens that the page's own \`setItem\` brings ${when} a write are those that stay`, async (t) => {
      const page = await openPage(t, { options: { storage: area } });
      const bring = `({ security }, first, second) => {
        (${changeWhileWriting})(() => security.updateToken(second), "${when}");
        security.updateToken(first);
        return security.getAccessToken();
      }`;
      assert.equal(await page.run(bring, FIRST, SECOND), SECOND.access_token);
      const [[, row], ...more] = await sessionRows(page, `${area}Storage`);
      assert.equal(JSON.parse(row).refresh_token, SECOND.refresh_token);
      assert.deepEqual(more, []);
      await page.open("/");
      const held = await page.run(({ security }) => security.getAccessToken());
      assert.equal(held, SECOND.access_token, "after a reload");
    });

    test(`\`${area}\`: a session that the page's own \`setItem\` revokes ${when} a write is gone`, async (t) => {
      const page = await openPage(t, { options: { storage: area } });
      const bring = `({ security }, first) => {
        let revoking;
        (${changeWhileWriting})(() => { revoking = security.revoke(); }, "${when}");
        security.updateToken(first);
        return revoking;
      }`;
      assert.equal((await page.run(bring, FIRST)).tokenTypeHint, "refresh_token");
      assert.deepEqual(await sessionRows(page, `${area}Storage`), []);
      assert.equal(page.requests("/v2/oauth/revoke")[0].form.get("token"), FIRST.refresh_token);
      await page.open("/");
      assert.equal(await page.run(({ security }) => security.state), "signed-out", "after a reload");
    });
  }
}

test("every tab on `local` hears of tokens that another one was given", async (t) => {
  const page = await openPage(t, { options: { storage: "local" } });
  await page.logIn();
  const tabs = await openTabs(t, page, 3);
  await tabs.runInEach(() => {
    globalThis.heard = [];
    addEventListener("esi:token-refreshed", ({ detail }) => globalThis.heard.push(detail.access_token));
  });
  const { access_token: newest } = await tabs.run(0, refresh);
  for (const tab of [0, 1, 2]) {
    await tabs.switchTo(tab);
    await page.driver.wait(() => page.runBare(() => globalThis.heard.length > 0), 10_000);
    assert.deepEqual(await page.runBare(() => globalThis.heard), [newest], `${tab}`);
  }
  await page.run(({ security }) => security.revoke());
});

test("a page that comes back from the bfcache has what another one has stored asynchronously meanwhile", async (t) => {
  const page = await openPage(t);
  const create = async ({ EsiSecurity, options }) => {
    const name = (key) => `own ${key}`;
    const storage = {
      getItem: async (key) => sessionStorage.getItem(name(key)),
      setItem: async (key, row) => sessionStorage.setItem(name(key), row),
      removeItem: async (key) => sessionStorage.removeItem(name(key)),
    };
    globalThis.own = await EsiSecurity.create({ ...options, storage, tokenWorker: false });
    addEventListener("pageshow", ({ persisted }) => {
      globalThis.isBack = persisted;
    });
  };
  const refreshOwn = () => globalThis.own.refresh();
  await page.open("/one");
  await page.run(create);
  const uri = await page.run(() => globalThis.own.getAuthUri());
  const callback = await authorizeByForm({ authorizeUrl: uri, characterId: ILMARI });
  await page.run((_, url) => globalThis.own.handleRedirect(url), callback);
  await page.runBare(() => {
    location.href = "/two";
  });
  await page.waitForAddress(`${page.origin}/two`);
  await page.run(create);
  await page.run(refreshOwn);
  await page.driver.navigate().back();
  await page.waitForAddress(`${page.origin}/one`);
  // Chromium and Firefox drop it as soon as there are other tokens, and so it begins anew.
  const isKept = await page.runBare(() => globalThis.isBack === true);
  assert.equal(isKept, ENGINE === "webkit");
  if (!isKept) await page.run(create);
  await page.run(refreshOwn);
  assert.deepEqual(
    page.tokenRequests.map(({ status }) => status),
    [200, 200, 200],
  );
});

for (const isRefreshed of [false, true]) {
  const what = isRefreshed ? "has the tokens that have replaced its own meanwhile" : "is kept there, with its session";
  test(`a page that comes back from the bfcache ${what}`, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    await page.runBare(() => {
      addEventListener("pageshow", ({ persisted }) => {
        globalThis.isBack = persisted;
      });
      location.href = "/another";
    });
    await page.waitForAddress(`${page.origin}/another`);
    await (isRefreshed ? page.refresh() : state(page).then((now) => assert.equal(now, "active")));
    await page.driver.navigate().back();
    await page.waitForAddress(page.redirectUri);
    // Firefox would give it its old sessionStorage.
    const isKept = await page.runBare(() => globalThis.isBack === true);
    assert.equal(isKept, !isRefreshed || ENGINE === "webkit");
    await page.refresh();
    assert.ok(page.tokenRequests.every(({ status }) => status === 200));
    assert.equal(page.tokenRequests.length, isRefreshed ? 3 : 2);
  });
}

/** Storages of the page's own, as what they are made with in the page. */
const OWN = {
  map: `({
    getItem: (key) => globalThis.map.get(key),
    setItem: (key, value) => globalThis.map.set(key, value),
    removeItem: (key) => globalThis.map.delete(key),
  })`,
  database: `(() => {
    const opening = new Promise((resolve, reject) => {
      const request = indexedDB.open("tokens", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("rows");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const ask = async (mode, work) => {
      const transaction = (await opening).transaction("rows", mode);
      return new Promise((resolve, reject) => {
        const request = work(transaction.objectStore("rows"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error);
      });
    };
    return {
      getItem: (key) => ask("readonly", (rows) => rows.get(key)),
      setItem: (key, value) => ask("readwrite", (rows) => rows.put(value, key)),
      removeItem: (key) => ask("readwrite", (rows) => rows.delete(key)),
    };
  })()`,
  silent: "({ getItem: () => new Promise(() => {}), setItem: () => new Promise(() => {}), removeItem() {} })",
  unwritable: "({ getItem: async () => null, setItem: () => new Promise(() => {}), removeItem: async () => {} })",
  rejecting: `(() => {
    const reject = async () => { throw new DOMException("no", "UnknownError"); };
    return { getItem: reject, setItem: reject, removeItem: reject };
  })()`,
  throwing: `(() => {
    const raise = () => { throw new DOMException("no", "UnknownError"); };
    return { getItem: raise, setItem: raise, removeItem: raise };
  })()`,
};

/** Makes this document's `security` with such a storage. */
const keepIn = (page, own) =>
  page.runBare(
    `async (options) => {
      const { EsiSecurity } = await import("/js/index.js");
      globalThis.map ??= new Map();
      globalThis.storage = ${OWN[own]};
      globalThis.security = await EsiSecurity.create({ ...options, storage: globalThis.storage });
      return globalThis.security.state;
    }`,
    page.options,
  );

/** A whole login, with such a storage in both documents. */
const logInWith = async (page, own) => {
  await keepIn(page, own);
  await page.open(await page.authorize());
  await keepIn(page, own);
  return page.handleRedirect();
};

test("a storage of the page's own that answers at once", async (t) => {
  const page = await openPage(t);
  await logInWith(page, "map");
  assert.deepEqual(await keys(page), { session: ["document", "logins"], local: ["version"] });
  const kept = await page.run(({ options, EsiSecurity }) => {
    const { map, storage, security } = globalThis;
    const [[key, row]] = map;
    const open = () => new EsiSecurity({ ...options, storage }).state;
    const fresh = open();
    map.delete(key);
    // It is read when an object is made, not at each use.
    const kept = security.state;
    const gone = [open(), security.state];
    map.set(key, row);
    return { size: map.size, row, fresh, kept, gone, back: [open(), security.state] };
  });
  const { row, ...others } = kept;
  const [gone, back] = ["signed-out", "active"].map((state) => [state, state]);
  assert.deepEqual(others, { size: 1, fresh: "active", kept: "active", gone, back });
  assert.equal(JSON.parse(row).access.token, page.tokenRequests.at(-1).json.access_token);
  await page.refresh();
  await page.run(({ security }) => security.revoke());
  assert.equal(await page.runBare(() => globalThis.map.size), 0);
  assert.deepEqual((await keys(page)).local, [], "the version marker ends with the grant");
});

test("a session in IndexedDB is there right after `create`, after every reload", async (t) => {
  const page = await openPage(t);
  await logInWith(page, "database");
  assert.deepEqual(await keys(page), { session: ["document", "logins"], local: ["version"] });
  const newest = () => page.tokenRequests.at(-1).json.access_token;
  for (let round = 0; round < 3; round += 1) {
    await page.open("/");
    assert.equal(await keepIn(page, "database"), "active");
    assert.equal(await page.run(({ security }) => security.getAccessToken()), newest());
    await page.refresh();
  }
  assert.equal(page.tokenRequests.length, 4);
  // Only `create` can wait for it; afterwards it is known to the page.
  await page.open("/");
  const direct = await page.runBare(
    `async (options) => {
      const { EsiSecurity, init } = await import("/js/index.js");
      await init();
      const given = { ...options, storage: ${OWN.database} };
      const refusal = (make) => {
        try {
          make();
        } catch ({ code, phase, message }) {
          return [code, phase, message];
        }
      };
      const refused = refusal(() => new EsiSecurity(given));
      const security = await EsiSecurity.create(given);
      const again = new EsiSecurity(given);
      const tokens = { access_token: "a", expires_in: 1200 };
      const update = (more) => again.updateToken({ ...tokens, ...more }, { tokenIdentifier: "another" });
      const unread = refusal(update);
      const token = await again.getAccessToken();
      update({ refresh_token: "r" });
      return { refused, unread, token, state: security.state, another: await again.getAccessToken() };
    }`,
    page.options,
  );
  const { refused, unread, ...others } = direct;
  assert.deepEqual(others, { token: newest(), state: "active", another: "a" });
  assert.deepEqual(refused.slice(0, 2), ["invalid_argument", "create"]);
  assert.match(refused[2], /^`storage` returns promises.*`EsiSecurity.create`/);
  assert.deepEqual(unread.slice(0, 2), ["invalid_argument", "update"]);
  assert.match(unread[2], /^`tokenIdentifier` .*`EsiSecurity.create`/);
  await page.open("/");
  await keepIn(page, "database");
  await page.run(({ security }) => security.revoke());
  await page.open("/");
  assert.equal(await keepIn(page, "database"), "signed-out");
  assert.deepEqual(await page.console(), []);
});

test("a login does not inherit from the session before, and is told once it is written", async (t) => {
  const page = await openPage(t, { options: { scopes: [] } });
  await keepIn(page, "database");
  await page.run(async ({ security }) => {
    security.updateToken({ refresh_token: "of-another-login" });
    await security.getAuthUri();
  });
  await page.open(await page.authorize());
  const kept = await page.runBare(
    `async (options) => {
      const { EsiSecurity } = await import("/js/index.js");
      const storage = ${OWN.database};
      const order = [];
      const { getItem, setItem } = storage;
      const late = (result) => new Promise((resolve) => setTimeout(() => resolve(result), 200));
      let key;
      storage.getItem = async (name) => late(await getItem((key = name)));
      storage.setItem = async (...row) => {
        await late(await setItem(...row));
        order.push("written");
      };
      addEventListener("esi:token-refreshed", () => order.push("event"));
      await (await EsiSecurity.create({ ...options, storage })).handleRedirect();
      return { order, row: await getItem(key) };
    }`,
    page.options,
  );
  assert.deepEqual(kept.order, ["written", "event"]);
  assert.deepEqual(Object.keys(JSON.parse(kept.row)), ["access"]);
});

test("new tokens are told only once they are in IndexedDB", async (t) => {
  const page = await openPage(t);
  await logInWith(page, "database");
  const told = await page.run(async ({ security }) => {
    const { storage } = globalThis;
    const { setItem } = storage;
    const order = [];
    storage.setItem = async (...row) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      const result = await setItem(...row);
      order.push("written");
      return result;
    };
    addEventListener("esi:token-refreshed", () => order.push("event"));
    await Promise.all([
      security.refresh().then(() => order.push("refresh")),
      security.getAccessToken().then(() => order.push("before")),
      new Promise((resolve) => setTimeout(resolve, 200)).then(async () => {
        await security.getAccessToken();
        order.push("token");
      }),
    ]);
    return order;
  });
  assert.deepEqual(told.slice(0, 3), ["before", "written", "event"]);
  assert.deepEqual(told.slice(3).sort(), ["refresh", "token"]);
});

test("a storage that fails once loses no session, even if the page ends then", async (t) => {
  const page = await openPage(t);
  await logInWith(page, "database");
  await page.run(async ({ security }) => {
    const { storage } = globalThis;
    const { setItem } = storage;
    storage.setItem = async (...row) => {
      storage.setItem = setItem;
      throw new DOMException(`no ${row.length}`, "AbortError");
    };
    await security.refresh();
  });
  await page.open("/");
  assert.equal(await keepIn(page, "database"), "active");
  assert.ok(await page.refresh());
});

test("a full storage of the page's own keeps an older record only where its refresh token is still good", async (t) => {
  const page = await openPage(t);
  await logInWith(page, "map");
  const [before, good, usedUp] = await page.run(async ({ security }) => {
    const { map, storage } = globalThis;
    const { setItem } = storage;
    storage.setItem = (key, row) => {
      if (row) throw new DOMException("full", "QuotaExceededError");
      setItem(key, row);
    };
    const rows = [[...map.values()]];
    for (const tokens of [{}, { refresh_token: "another" }]) {
      security.updateToken({ access_token: "brought", expires_in: 1199, ...tokens });
      await security.getAccessToken();
      rows.push([...map.values()]);
    }
    return rows;
  });
  assert.deepEqual(good, before);
  assert.deepEqual(usedUp, [""]);
  assert.equal(await state(page), "active");
  const lines = await page.console();
  assert.equal(lines.length, 1);
  assert.match(lines[0], ONLY_MEMORY);
});

test("what was read before the session changed does not come back", async (t) => {
  const page = await openPage(t);
  await logInWith(page, "map");
  const states = await page.run(async ({ EsiSecurity, options }) => {
    const { map } = globalThis;
    let wait = 0;
    const storage = {
      getItem: (key) => {
        const row = map.get(key) ?? null;
        return new Promise((resolve) => setTimeout(resolve, wait, row));
      },
      setItem: async (key, row) => void map.set(key, row),
      removeItem: async (key) => void map.delete(key),
    };
    const slow = await EsiSecurity.create({ ...options, storage });
    const before = slow.state;
    wait = 1000;
    const refreshed = slow.refresh().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    await slow.revoke();
    await refreshed;
    return [before, slow.state];
  });
  assert.deepEqual(states, ["active", "signed-out"]);
});

test("a storage that answers late brings the session late", async (t) => {
  const page = await openPage(t);
  await logInWith(page, "database");
  await page.open("/");
  const told = await page.runBare(
    `async (options) => {
      const { EsiSecurity } = await import("/js/index.js");
      const storage = ${OWN.database};
      const { getItem } = storage;
      let answer;
      const asked = new Promise((resolve) => (answer = resolve));
      storage.getItem = async (key) => {
        await asked;
        return getItem(key);
      };
      const security = await EsiSecurity.create({ ...options, storage });
      const states = [];
      const active = new Promise((resolve) => {
        security.subscribe(({ state }) => {
          states.push(state);
          if (state === "active") resolve();
        });
      });
      answer();
      await active;
      await security.refresh();
      return states;
    }`,
    page.options,
  );
  assert.deepEqual(told.slice(0, 2), ["signed-out", "active"]);
  assert.match((await page.console())[0], ONLY_MEMORY);
  await page.open("/");
  assert.equal(await keepIn(page, "database"), "active");
});

test("a storage that never answers is waited for five seconds, once, and the session goes on in memory", async (t) => {
  const page = await openPage(t);
  await page.authorize();
  await page.runBare(() => {
    const { setTimeout } = globalThis;
    globalThis.waits = 0;
    globalThis.setTimeout = (work, milliseconds, ...given) => {
      if (milliseconds === 5000) globalThis.waits += 1;
      return setTimeout(work, milliseconds, ...given);
    };
  });
  await keepIn(page, "silent");
  // Writes come after the read, which has not been answered.
  await page.handleRedirect(await page.authorize());
  assert.equal(await state(page), "active");
  await page.refresh();
  assert.equal(await page.run(async ({ security }) => (await security.verify()).verified), true);
  assert.equal((await page.run(({ security }) => security.revoke())).revoked, true);
  assert.equal(await page.runBare(() => globalThis.waits), 1);
  const lines = await page.console();
  assert.equal(lines.length, 1);
  assert.match(lines[0], ONLY_MEMORY);
});

for (const own of ["rejecting", "throwing", "unwritable"]) {
  test(`a storage that is ${own} loses no session`, async (t) => {
    const page = await openPage(t);
    await logInWith(page, own);
    await page.refresh();
    assert.equal(await state(page), "active");
    assert.equal(await page.run(async ({ security }) => (await security.verify()).verified), true);
    assert.equal((await page.run(({ security }) => security.revoke())).revoked, true);
    assert.equal(await state(page), "signed-out");
    const lines = await page.console();
    // `logInWith` has two documents, each with its own warning; the first one writes nothing. Nothing else is said.
    assert.equal(lines.length, own === "unwritable" ? 1 : 2);
    for (const line of lines) assert.match(line, ONLY_MEMORY);
  });
}

test("in a worker a whole login works, and memory is the default", async (t) => {
  const page = await openPage(t);
  await page.runBare((options) => {
    const source = `
      import { EsiSecurity } from "${location.origin}/js/index.js";
      const options = ${JSON.stringify(options)};
      const security = await EsiSecurity.create(options);
      onmessage = async ({ data: [method, ...given] }) => {
        const again = new EsiSecurity(options);
        try {
          const value = typeof security[method] === "function" ? await security[method](...given) : security[method];
          postMessage({ value, again: again.state });
        } catch ({ code, message }) {
          postMessage({ value: code ?? message, again: again.state });
        }
      };
      postMessage("ready");
    `;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
    const next = () =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
    globalThis.ask = (...message) => {
      worker.postMessage(message);
      return next();
    };
    return next();
  }, page.options);
  const ask = (...message) => page.runBare((...given) => globalThis.ask(...given), ...message);
  assert.deepEqual(await ask("state"), { value: "signed-out", again: "signed-out" });
  const { value: authorizeUrl } = await ask("getAuthUri");
  const callback = new URL(await authorizeByForm({ authorizeUrl, characterId: 2119000101 }));
  const code = callback.searchParams.get("code");
  assert.equal((await ask("auth", code, "a-state-of-nobody")).value, "state_unknown");
  const { value: tokens } = await ask("auth", code, callback.searchParams.get("state"));
  assert.equal(tokens.access_token, page.tokenRequests[0].json.access_token);
  assert.deepEqual(await ask("state"), { value: "active", again: "active" });
  assert.equal((await ask("auth", code)).value, "state_reused");
  await ask("refresh");
  assert.equal((await ask("verify")).value.verified, true);
  assert.equal((await ask("getAccessToken")).value, page.tokenRequests.at(-1).json.access_token);

  // The other way, by the whole address.
  const { value: again } = await ask("getAuthUri");
  const address = await authorizeByForm({ authorizeUrl: again, characterId: 2119000101 });
  assert.deepEqual((await ask("handleRedirect", address)).value.requestedScopes, page.options.scopes);
  assert.equal((await ask("revoke")).value.revoked, true);
  assert.deepEqual(await ask("state"), { value: "signed-out", again: "signed-out" });
  assert.deepEqual(await keys(page), { session: [], local: [] });
  assert.deepEqual(await page.console(), []);
});
