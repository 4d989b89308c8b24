// Who sends the token and revocation requests: the token worker, or the page where it is not to be used or cannot be.
// Whatever stands in the worker's way, no request is lost or sent twice, and the page's developer is told.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { needs } from "../helpers/engine.js";
import { openPage } from "../helpers/page.js";

const TOKEN = "/v2/oauth/token";
const REVOKE = "/v2/oauth/revoke";
const KEYS = "/oauth/jwks";
const WORKER = "/js/token-worker.js";
const CLIENT = "/js/token-client.js";

const ofTokens = (path) => [TOKEN, REVOKE].includes(path);

const workerStatus = (page) => page.run(({ security }) => security.tokenWorker);

const statuses = (page) => page.tokenRequests.map(({ status }) => status);

/** The console's lines about a worker that is not in use. */
const warnings = async (page) =>
  (await page.console()).filter((line) => line.includes("the token worker is not in use"));

/** Runs in a page: its `fetch` becomes what `make` makes of it, and `seen` has the paths that it was asked for. */
function wrapFetch(make) {
  const native = globalThis.fetch;
  globalThis.seen = [];
  const watched = (...request) => {
    globalThis.seen.push(new URL(request[0].url ?? request[0], location).pathname);
    return native(...request);
  };
  globalThis.fetch = make(watched);
}

const wrap = (page, make) => page.runBare(`() => (${wrapFetch})(${make})`);

/** The paths of the SSO that the page's `fetch` was asked for. */
const seen = (page) => page.runBare(() => globalThis.seen.filter((path) => /oauth/.test(path)));

/** A login, a refresh, a verification and a revocation, in one document. */
async function doEverything(page) {
  const callback = await page.authorize();
  await page.handleRedirect(callback);
  await page.refresh();
  await page.run(({ security }) => security.verify());
  const status = await workerStatus(page);
  assert.equal((await page.run(({ security }) => security.revoke())).revoked, true);
  return status;
}

const WRAPPERS = {
  "as it is": (fetch) => fetch,
  bound: (fetch) => fetch.bind(globalThis),
  "in a Proxy": (fetch) => new Proxy(fetch, {}),
  "wrapped as zone.js and Sentry do": (fetch) =>
    function wrapped(...args) {
      return fetch.apply(this, args);
    },
  "wrapped so that it looks native": (fetch) => {
    const wrapped = (...args) => fetch(...args);
    wrapped.toString = () => "function fetch() { [native code] }";
    return wrapped;
  },
};

for (const [how, make] of Object.entries(WRAPPERS)) {
  test(`\`fetch\` ${how}: the worker sends tokens' requests, and \`fetch\` sees the others`, async (t) => {
    const page = await openPage(t);
    await wrap(page, make);
    assert.equal(await doEverything(page), "connected");
    const paths = await seen(page);
    assert.deepEqual(paths.filter(ofTokens), []);
    assert.ok(paths.includes(KEYS));
    assert.deepEqual(statuses(page), [200, 200]);
    assert.deepEqual(await warnings(page), []);
  });
}

test("`tokenWorker: false`: the page's `fetch` sees every request, also if it was replaced later", async (t) => {
  const page = await openPage(t, { options: { tokenWorker: false } });
  await page.run(() => {});
  await wrap(page, (fetch) => fetch);
  assert.equal(await doEverything(page), "off");
  assert.deepEqual((await seen(page)).filter(ofTokens), [TOKEN, TOKEN, REVOKE]);
  assert.deepEqual(statuses(page), [200, 200]);
  assert.deepEqual(await warnings(page), []);
});

test("`customFetch` sends every request of its object, and `fetch` and the worker none", async (t) => {
  const page = await openPage(t);
  await page.run(async ({ EsiSecurity, options }) => {
    const { fetch } = globalThis;
    globalThis.own = [];
    const customFetch = (request, ...more) => {
      globalThis.own.push([new URL(request.url).pathname, request instanceof Request, more.length]);
      return fetch(request);
    };
    globalThis.security = await EsiSecurity.create({ ...options, customFetch });
  });
  await wrap(page, (fetch) => fetch);
  assert.equal(await doEverything(page), "off");
  assert.deepEqual(await seen(page), []);
  const paths = await page.runBare(() => globalThis.own);
  assert.deepEqual(
    paths.map(([path]) => path),
    [new URL(page.sso.discoveryUrl).pathname, TOKEN, TOKEN, KEYS, REVOKE],
  );
  for (const [, isRequest, more] of paths) assert.deepEqual([isRequest, more], [true, 0]);
});

test("what mocks answer is what the library gets, without any request", async (t) => {
  const page = await openPage(t, { options: { tokenWorker: false } });
  await page.logIn();
  const before = page.tokenRequests.length;
  const answer = { access_token: "mocked", expires_in: 1199, token_type: "Bearer", refresh_token: "mocked-too" };
  await page.runBare((json) => {
    globalThis.fetch = async () => Response.json(json);
  }, answer);
  assert.equal((await page.refresh()).access_token, "mocked");
  assert.equal(page.tokenRequests.length, before);
});

test("what is neither a function nor an address of this origin is refused by its name", async (t) => {
  const page = await openPage(t);
  const refused = (given) =>
    page.run(async ({ EsiSecurity, options }, more) => {
      await EsiSecurity.create({ ...options, ...more });
    }, given);
  for (const tokenWorker of [
    "https://elsewhere.example/token-worker.js",
    "//elsewhere.example/",
    7,
    {},
    "data:text/javascript,",
  ]) {
    await assert.rejects(
      refused({ tokenWorker }),
      { code: "invalid_argument", message: /tokenWorker/ },
      `${tokenWorker}`,
    );
  }
  await assert.rejects(refused({ customFetch: "fetch" }), { code: "invalid_argument", message: /customFetch/ });
});

test("a worker's script at an address of the page's own is used", async (t) => {
  const page = await openPage(t);
  const opened = await page.run(async ({ EsiSecurity, options }) => {
    const { SharedWorker: native } = globalThis;
    const addresses = [];
    globalThis.SharedWorker = class extends native {
      constructor(url, given) {
        super(url, given);
        // The page's own object may have a session too.
        if (String(url).includes("/copy/")) addresses.push(String(url));
      }
    };
    const at = (tokenWorker) => EsiSecurity.create({ ...options, tokenWorker });
    for (const address of ["/copy/js/token-worker.js", new URL("/copy/js/token-worker.js?1", location)]) {
      const security = await at(address);
      await security.updateToken({ refresh_token: "brought-from-elsewhere" });
      await security.refresh().catch(() => {});
      addresses.push(security.tokenWorker);
      security.free();
    }
    return addresses;
  });
  assert.deepEqual(
    [...new Set(opened)],
    [`${page.origin}/copy/js/token-worker.js`, "connected", `${page.origin}/copy/js/token-worker.js?1`],
  );
});

test("a page connects to the worker as soon as it has a session, and not before", async (t) => {
  const page = await openPage(t);
  const waitFor = (status) => page.driver.wait(async () => (await workerStatus(page)) === status, 10_000, status);
  assert.equal(await workerStatus(page), "idle");
  await page.run(({ security }) => security.updateToken({ refresh_token: "brought-from-elsewhere" }));
  await waitFor("connected");
  await page.open("/");
  // The session was found in storage.
  await waitFor("connected");
});

const INLINE = `new URL("./token-worker.js", import.meta.url)`;
const source = await readFile(new URL("../../js/token-worker.js", import.meta.url), "base64");
const CSP = "Content-Security-Policy";

/** What may stand in the worker's way, and what the page's developer is told. */
const OBSTACLES = {
  "a bundler has inlined it, so its origin is not the page's": {
    serve: (path) =>
      path === CLIENT && {
        change: (text) => {
          assert.ok(text.includes(INLINE));
          return text.replace(INLINE, `new URL("data:text/javascript;base64,${source}", import.meta.url)`);
        },
      },
    warning: /it runs on another origin/,
  },
  "it has no `fetch`": {
    serve: (path) => path === WORKER && { change: (text) => `Object.defineProperty(self, "fetch", {});${text}` },
    warning: /it cannot send requests/,
  },
  "it cannot make the request": {
    serve: (path) =>
      path === WORKER && { change: (text) => `Object.defineProperty(self, "Request", { value: undefined });${text}` },
    warning: /it cannot send requests/,
  },
  "its response has a policy that blocks every request": {
    serve: (path) => path === WORKER && { headers: { [CSP]: "default-src 'none'" } },
    warning: /its own Content-Security-Policy blocks the request/,
  },
  "its script is not there": {
    serve: (path) => path === WORKER && { status: 404, change: () => "" },
    warning: /its script could not be loaded/,
  },
  "its script is a page, as dev servers answer": {
    serve: (path) =>
      path === WORKER && { headers: { "X-Content-Type-Options": "nosniff" }, change: () => "<!DOCTYPE html>" },
    warning: /its script could not be loaded|it did not start/,
  },
  "the page's policy forbids it": {
    serve: (path) => path === "/callback" && { headers: { [CSP]: "worker-src 'none'" } },
    warning: /its script could not be loaded|the browser refuses its script/,
  },
  "it throws at once": {
    serve: (path) => path === WORKER && { change: () => `throw new Error("broken")` },
    warning: /its script could not be loaded|it did not start/,
  },
  "it never answers": {
    serve: (path) => path === WORKER && { change: () => "" },
    warning: /it did not start within 3 seconds/,
  },
};

for (const [obstacle, { serve, warning }] of Object.entries(OBSTACLES)) {
  test(`${obstacle}: the page sends, nothing twice, and one warning says why`, async (t) => {
    // Its tokens are readable for the page's origin alone.
    const sso = ({ origin }) => ({ allowedOrigin: origin });
    const page = await openPage(t, { sso, serve: (path) => serve(path) || undefined });
    await page.logIn();
    const tokens = await page.refresh();
    assert.equal(tokens.access_token, page.tokenRequests.at(-1).json.access_token);
    assert.deepEqual(statuses(page), [200, 200]);
    for (const { headers } of page.tokenRequests) assert.equal(headers.origin, page.origin);
    assert.equal(await workerStatus(page), "unavailable");
    const [said, ...more] = await warnings(page);
    assert.match(said, warning);
    assert.match(said, /`tokenWorker: false` turns the worker and this warning off/);
    assert.deepEqual(more, []);
  });
}

test("a worker that starts late is not waited for, and sends what comes later", async (t) => {
  let start;
  const started = new Promise((resolve) => {
    start = resolve;
  });
  const serve = (path) =>
    path === WORKER && {
      change: async (text) => {
        await started;
        return text;
      },
    };
  const page = await openPage(t, { serve: (path) => serve(path) || undefined });
  t.after(start);
  const callback = await page.authorize();
  await wrap(page, (fetch) => fetch);
  await page.handleRedirect(callback);
  assert.equal(await workerStatus(page), "unavailable");
  assert.deepEqual((await seen(page)).filter(ofTokens), [TOKEN]);
  start();
  await page.driver.wait(async () => (await workerStatus(page)) === "connected", 10_000, "it is connected");
  await page.refresh();
  assert.deepEqual((await seen(page)).filter(ofTokens), [TOKEN], "the worker has sent the second one");
  assert.deepEqual(statuses(page), [200, 200]);
  const [said, ...more] = await warnings(page);
  assert.match(said, /it did not start within 3 seconds/);
  assert.deepEqual(more, []);
});

test("where there are no shared workers the page sends, and says so once there is a session", async (t) => {
  const page = await openPage(t);
  const callback = await page.authorize();
  await page.open("/callback");
  await page.runBare(() => {
    delete globalThis.SharedWorker;
  });
  assert.equal(await workerStatus(page), "idle");
  assert.deepEqual(await warnings(page), []);
  await page.handleRedirect(callback);
  await page.refresh();
  assert.deepEqual(statuses(page), [200, 200]);
  assert.equal(await workerStatus(page), "unavailable");
  const [said, ...more] = await warnings(page);
  assert.match(said, /this browser has no SharedWorker/);
  assert.deepEqual(more, []);
});

test("neither page nor worker needs `AbortSignal.timeout`, which Chrome has since version 103", async (t) => {
  const remove = "delete AbortSignal.timeout;";
  const serve = (path) => (path === WORKER ? { change: (text) => remove + text } : undefined);
  for (const tokenWorker of [true, false]) {
    const page = await openPage(t, { serve, options: { tokenWorker } });
    await page.runBare(() => {
      delete AbortSignal.timeout;
    });
    assert.equal(await doEverything(page), tokenWorker ? "connected" : "off");
    assert.deepEqual(statuses(page), [200, 200]);
  }
});

const OVERRIDES = {
  "`clearTimeout` throws": {
    override: () => {
      globalThis.clearTimeout = () => {
        throw new Error("the page's own");
      };
    },
    status: "connected",
    needed: "own-timers",
  },
  "`setTimeout` throws": {
    override: () => {
      globalThis.setTimeout = () => {
        throw new Error("the page's own");
      };
    },
    status: "unavailable",
    needed: "own-timers",
  },
  "a port's `postMessage` throws": {
    override: () => {
      MessagePort.prototype.postMessage = () => {
        throw new Error("the page's own");
      };
    },
    status: "unavailable",
  },
};

for (const [name, { override, status, needed }] of Object.entries(OVERRIDES)) {
  test(`in a page whose ${name} every request is sent once`, needed ? needs(needed) : {}, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    await page.runBare(override);
    for (let number = 1; number <= 2; number += 1) {
      const tokens = await page.refresh();
      assert.equal(tokens.access_token, page.tokenRequests.at(-1).json.access_token);
    }
    assert.deepEqual(statuses(page), [200, 200, 200]);
    assert.equal(await workerStatus(page), status);
  });
}

test("a variable of the page's that is called `origin` keeps no worker out", async (t) => {
  const page = await openPage(t);
  await page.runBare(() => {
    globalThis.origin = { x: 0, y: 0 };
  });
  assert.equal(await doEverything(page), "connected");
  assert.deepEqual(await warnings(page), []);
});

test("a `Content-Type` among the headers changes no form", async (t) => {
  for (const name of ["Content-Type", "content-type"]) {
    const headers = { "User-Agent": "Tests/1.0 (tests@example.com)", [name]: "application/json" };
    const page = await openPage(t, { options: { headers } });
    assert.equal(await doEverything(page), "connected");
    assert.deepEqual(statuses(page), [200, 200], name);
  }
});

/** Runs in a page: who sends waits for half a second, not for thirty. */
function waitBriefly() {
  const { setTimeout: later } = globalThis;
  const { postMessage } = MessagePort.prototype;
  const brief = (milliseconds) => (milliseconds === 30_000 ? 500 : milliseconds);
  globalThis.setTimeout = (work, milliseconds, ...rest) => later(work, brief(milliseconds), ...rest);
  MessagePort.prototype.postMessage = function (message, ...rest) {
    const changed = message?.type === "send" ? { ...message, timeoutMs: brief(message.timeoutMs) } : message;
    return postMessage.call(this, changed, ...rest);
  };
}

for (const tokenWorker of [true, false]) {
  // Engines reject with different names, and with others while the body is read.
  test(`an answer that does not come in time is a timeout, ${tokenWorker ? "in the worker" : "in the page"}`, async (t) => {
    // With another refresh token each time nobody knows what became of the first request.
    const page = await openPage(t, { sso: { rotate: false }, options: { tokenWorker, autoRefresh: false } });
    await page.logIn();
    await page.runBare(waitBriefly);
    for (const fault of [{ kind: "slow", delayMs: 60_000 }, { kind: "stalled-body" }]) {
      page.sso.faults.set({ token: fault });
      await assert.rejects(page.refresh(), { code: "timeout", phase: "refresh", retryable: true }, fault.kind);
      page.sso.faults.clear();
      assert.ok((await page.refresh()).access_token);
    }
  });
}

const STRICT = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
const TRUSTED_TYPES = `${STRICT}; require-trusted-types-for 'script'; trusted-types esi-security`;

/** Opens pages that have this policy, and watches what it forbids. */
async function openUnder(t, policy, options) {
  const isPage = (path) => !/^\/(copy\/)?(js|pkg)\//.test(path);
  const serve = (path) => (isPage(path) ? { headers: { [CSP]: policy } } : undefined);
  const page = await openPage(t, { serve, options });
  await page.runBare(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective, sample }) => {
      globalThis.violations.push([effectiveDirective, sample]);
    });
  });
  return page;
}

/** Refreshes by the other copy of the package, in the same document; its status of the worker. */
const refreshByCopy = (page, options) =>
  page.run(
    async (_, given) => {
      const { EsiSecurity } = await import("/copy/js/index.js");
      const security = await EsiSecurity.create(given);
      await security.refresh();
      return security.tokenWorker;
    },
    { ...page.options, ...options },
  );

test("the worker is used under a strict policy, and by each copy of the package under Trusted Types", async (t) => {
  for (const policy of [STRICT, TRUSTED_TYPES]) {
    const page = await openUnder(t, policy);
    const callback = await page.authorize();
    await page.handleRedirect(callback);
    for (let count = 0; count < 2; count += 1) await page.refresh();
    assert.equal(await workerStatus(page), "connected");
    assert.equal(await refreshByCopy(page), "connected");
    await page.refresh();
    assert.deepEqual(statuses(page), [200, 200, 200, 200, 200]);
    assert.deepEqual(await page.runBare(() => globalThis.violations), []);
    assert.deepEqual(await warnings(page), []);
  }
});

test("under Trusted Types a copy that is given a worker's script shares the policy with the other copy", async (t) => {
  const [own, another] = ["/js/token-worker.js?own", "/copy/js/token-worker.js?another"];
  for (const [first, second] of [
    [true, another],
    [own, true],
    [own, another],
  ]) {
    const page = await openUnder(t, TRUSTED_TYPES, { tokenWorker: first });
    const callback = await page.authorize();
    await wrap(page, (fetch) => fetch);
    await page.handleRedirect(callback);
    assert.equal(await workerStatus(page), "connected", `${first}`);
    assert.equal(await refreshByCopy(page, { tokenWorker: second }), "connected", `${second} after ${first}`);
    await page.refresh();
    assert.deepEqual(statuses(page), [200, 200, 200]);
    assert.deepEqual((await seen(page)).filter(ofTokens), [], "the page sends none itself");
    // The second copy tries, and its policy is refused. No script is.
    for (const violation of await page.runBare(() => globalThis.violations)) {
      assert.deepEqual(violation, ["trusted-types", "esi-security"]);
    }
    assert.deepEqual(await warnings(page), []);
  }
});

test("under Trusted Types that do not allow the policy the page sends, and says what to allow", async (t) => {
  const headers = { [CSP]: "require-trusted-types-for 'script'; trusted-types 'none'" };
  const page = await openPage(t, { serve: (path) => (path === "/callback" ? { headers } : undefined) });
  await page.logIn();
  await page.refresh();
  assert.deepEqual(statuses(page), [200, 200]);
  assert.equal(await workerStatus(page), "unavailable");
  assert.match((await warnings(page))[0], /the browser refuses its script.*trusted-types esi-security/);
});
