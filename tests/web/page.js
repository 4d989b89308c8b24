// What the tests of the browser floor do to their page, and how it is undone: a test that fails ends
// without a word, so the next one undoes what is left.

const undo = [];
const warned = [];
let asked = [];
let told = [];
let reported = [];

function replace(target, name, descriptor) {
  const before = Object.getOwnPropertyDescriptor(target, name);
  undo.push(() => (before ? Object.defineProperty(target, name, before) : delete target[name]));
  Object.defineProperty(target, name, { configurable: true, ...descriptor });
}

/** Puts everything back that was replaced. */
export function restore() {
  while (undo.length > 0) undo.pop()();
}

/**
 * The page as it was when it was loaded, but for the clock, which stands still until `shiftClock`, and with
 * an ear on the errors of listeners and on the console, which throws at a warning, as some test runners' do: no
 * warning may stop anything.
 */
export function begin() {
  restore();
  sessionStorage.clear();
  localStorage.clear();
  kept.clear();
  operations.length = 0;
  asked = [];
  told = [];
  reported = [];
  const address = location.href;
  const state = history.state;
  undo.push(() => history.replaceState(state, "", address));
  const now = Date.now();
  replace(Date, "now", { value: () => now, writable: true });
  const warn = (text) => {
    warned.push(String(text));
    throw new Error("no warnings here");
  };
  replace(console, "warn", { value: warn });
  const hear = (event) => {
    reported.push(String(event.message));
    event.preventDefault();
  };
  addEventListener("error", hear);
  undo.push(() => removeEventListener("error", hear));
  const hearRejection = (event) => reported.push(String(event.reason));
  addEventListener("unhandledrejection", hearRejection);
  undo.push(() => removeEventListener("unhandledrejection", hearRejection));
}

/** How many warnings in the life of this page, not only of this test, hold `text`. */
export function warnings(text) {
  return warned.filter((warning) => warning.includes(text)).length;
}

/** Every warning in the life of this page. */
export function allWarnings() {
  return warned;
}

/** Errors that the browser reported, since nobody caught them. */
export function uncaught() {
  return reported;
}

// --- fetch

const nativeFetch = globalThis.fetch;

const thrower = (reason) => () => {
  throw reason;
};

/** Real promises with members that no promise has. */
const oddPromises = [
  ["constructor", { get: thrower(new Error("no constructor")) }],
  ["then", { value: thrower(new Error("no then")) }],
  ["then", { value: undefined }],
  ["then", { get: thrower(new Error("no then")) }],
  ["then", { value: (resolve) => resolve("at once") }],
].map(
  ([name, member]) =>
    () =>
      Object.defineProperty(Promise.resolve(true), name, member),
);

const failures = {
  ...Object.fromEntries(oddPromises.map((odd, index) => [`odd promise ${index}`, odd])),
  "a string": () => Promise.reject("no network"),
  "an empty string": () => Promise.reject(""),
  null: () => Promise.reject(null),
  undefined: () => Promise.reject(undefined),
  "a number": () => Promise.reject(0),
  "a symbol": () => Promise.reject(Symbol("no network")),
  "a function": () => Promise.reject(() => {}),
  "an object": () => Promise.reject({ message: "no network" }),
  "an object without a prototype": () => Promise.reject(Object.create(null)),
  "a list": () => Promise.reject(["no network"]),
  "a TypeError": () => Promise.reject(new TypeError("Failed to fetch")),
  "an AbortError": () => Promise.reject(new DOMException("gone", "AbortError")),
  "what cannot be a string": () =>
    Promise.reject({
      toString() {
        throw new Error("no string");
      },
    }),
  "an Error without a message": () => Promise.reject(Object.assign(new Error(), { message: undefined, name: null })),
  "an Error whose message is an object": () => Promise.reject(Object.assign(new Error(), { message: {}, name: [] })),
  "an Error whose message throws": () =>
    Promise.reject(
      Object.defineProperty(new Error(), "message", {
        get() {
          throw new Error("no message");
        },
      }),
    ),
  "an Error whose name throws": () =>
    Promise.reject(
      Object.defineProperty(new Error(), "name", {
        get() {
          throw new Error("no name");
        },
      }),
    ),
  "what only looks like a DOMException": () => Promise.reject(Object.create(DOMException.prototype)),
  "a Proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return Promise.reject(proxy);
  },
  "it throws at once": () => {
    throw new Error("no network");
  },
  "it throws null at once": () => {
    throw null;
  },
  "no promise": () => undefined,
  "a promise of nothing": () => Promise.resolve(),
  "a promise of something else": () => Promise.resolve({ status: 200, text: () => "{}" }),
  "a thenable that throws": () => ({
    // biome-ignore lint/suspicious/noThenProperty: this is what is tried.
    get then() {
      throw new Error("no then");
    },
  }),
  "a body that breaks off": () => {
    const start = (controller) => {
      controller.enqueue(new TextEncoder().encode('{"access_token":"a'));
      controller.error(new TypeError("network error"));
    };
    return Promise.resolve(new Response(new ReadableStream({ start })));
  },
  "a Response whose text is no promise": () => {
    const response = new Response("{}");
    return Promise.resolve(Object.assign(response, { text: () => undefined }));
  },
  "a Response whose text throws": () => {
    const text = () => {
      throw new Error("no text");
    };
    return Promise.resolve(Object.assign(new Response("{}"), { text }));
  },
  "a Response whose status throws": () => {
    const get = () => {
      throw new Error("no status");
    };
    return Promise.resolve(Object.defineProperty(new Response("{}"), "status", { get }));
  },
  "a Response without headers": () =>
    Promise.resolve(Object.defineProperty(new Response("{}"), "headers", { value: undefined })),
  "what only looks like a Response": () => Promise.resolve(Object.create(Response.prototype)),
  "a body that was read": async () => {
    const response = new Response("{}");
    await response.text();
    return response;
  },
};

/** The ways in which `fetch` can be made to fail. */
export function failureNames() {
  return Object.keys(failures);
}

function replaceFetch(answer) {
  const value = (request) => {
    asked.push(request);
    return answer(request);
  };
  replace(globalThis, "fetch", { value, writable: true });
}

/** From now on every `fetch` fails in this way. */
export function breakFetch(name) {
  replaceFetch(failures[name]);
}

/** From now on every `fetch` rejects with an error of this name and message. */
export function rejectFetch(name, message) {
  replaceFetch(() => Promise.reject(new DOMException(message, name)));
}

/** From now on every `fetch` rejects with what it was sent, as a text. */
export function echoFetch() {
  replaceFetch(async (request) => Promise.reject(new Error(`could not send ${await request.text()}`)));
}

/** From now on every `fetch` is answered with this body. */
export function answerFetch(body) {
  replaceFetch(async () => new Response(body));
}

let wake = () => {};

/**
 * The machine sleeps when the next timer of so many milliseconds is set. When it wakes, that timer comes first, and then
 * what `answerOnWaking` or `grantOnWaking` hold back.
 */
export function oversleep(milliseconds) {
  const native = nativeTimeout;
  let hasSlept = false;
  const value = (work, delay, ...rest) => {
    if (hasSlept || delay !== milliseconds) return native(work, delay, ...rest);
    hasSlept = true;
    return native(() => {
      shiftClock((2 * milliseconds) / 1000);
      work(...rest);
      native(wake);
    });
  };
  replace(globalThis, "setTimeout", { value, writable: true });
}

/** The next `fetch` is answered with this body when the machine wakes. */
export function answerOnWaking(body) {
  const answer = new Promise((resolve) => {
    wake = () => resolve(new Response(body));
  });
  replaceFetch(() => answer);
}

/** Locks are requested when the machine wakes. */
export function grantOnWaking() {
  const { request } = LockManager.prototype;
  const awake = new Promise((resolve) => {
    wake = resolve;
  });
  async function value(...given) {
    await awake;
    return request.apply(this, given);
  }
  replace(LockManager.prototype, "request", { value, writable: true });
}

let held = [];

/** From now on every `fetch` fails, and the locks are noted that this origin holds at that moment. */
export function watchLocks() {
  replaceFetch(async () => {
    held = (await navigator.locks.query()).held.map(({ name }) => name);
    throw new TypeError("Failed to fetch");
  });
}

export function heldLocks() {
  return held;
}

/** From now on every `fetch` waits until `settleFetch`, and then fails. */
export function holdFetch() {
  const waiting = new Promise((_, reject) => {
    undo.push(() => reject(new Error("the test is over")));
    settle = () => reject(new TypeError("Failed to fetch"));
  });
  waiting.catch(() => {});
  replaceFetch(() => waiting);
}

let settle = () => {};
export function settleFetch() {
  settle();
}

/** The addresses that were asked for since the test began, or since the last look. */
export function fetched() {
  const addresses = asked.map(({ url }) => url);
  asked = [];
  return addresses;
}

/** How many those are, without looking. */
export function fetches() {
  return asked.length;
}

/** The last request, as far as a page can see it. */
export function lastRequest() {
  const { url, method, mode, credentials, cache, redirect, referrerPolicy, headers } = asked.at(-1);
  const shown = { url, method, mode, credentials, cache, redirect, referrerPolicy };
  return JSON.stringify({ ...shown, headers: Object.fromEntries(headers) });
}

/** How long an answer may be waited for, in milliseconds. */
const ANSWER_TIMEOUTS_MS = [30_000, 5_000];

/** Keeps how long answers are waited for. */
const timeouts = [];
export function watchTimeouts() {
  const native = globalThis.setTimeout;
  timeouts.length = 0;
  const value = (work, milliseconds, ...rest) => {
    if (ANSWER_TIMEOUTS_MS.includes(milliseconds)) timeouts.push(milliseconds);
    return native(work, milliseconds, ...rest);
  };
  replace(globalThis, "setTimeout", { value, writable: true });
}

export function lastTimeout() {
  return timeouts.at(-1);
}

/** True if the library has aborted the last request. */
export function isLastRequestAborted() {
  return asked.at(-1).signal.aborted;
}

/** Takes the signals that abort by themselves away from the browser. */
export function removeTimeouts() {
  replace(AbortSignal, "timeout", { value: undefined, writable: true });
}

export function fetchIsNative() {
  return globalThis.fetch === nativeFetch;
}

/** Lets everything happen that is waiting to. */
export function tick() {
  return new Promise((resolve) => setTimeout(resolve));
}

/** A request that a browser sends without the headers that matter. */
export function requestWithoutCors(url) {
  return new Request(url, { mode: "no-cors" });
}

/** A request that says one address and goes to another. */
export function requestThatLies(shown, real) {
  return Object.defineProperty(new Request(real), "url", { get: () => shown });
}

/** A request whose body is gone. */
export function requestThatWasSent(url) {
  const request = new Request(url, { method: "POST", body: "{}" });
  request.text();
  return request;
}

// --- sessionStorage

const storage = () => Object.getPrototypeOf(sessionStorage);

/** Nothing can be written any more; `attempts` gets what was tried. */
const attempts = [];
export function fillStorage() {
  const value = (_key, text) => {
    attempts.push(text);
    throw new DOMException("no room", "QuotaExceededError");
  };
  replace(storage(), "setItem", { value, writable: true });
}

/** Nothing can be written or removed any more, but what is there can be read. */
export function sealStorage() {
  const value = () => {
    throw new DOMException("sealed", "InvalidAccessError");
  };
  for (const name of ["setItem", "removeItem"]) replace(storage(), name, { value, writable: true });
}

/** What was last tried to write into a full storage. */
export function lastAttempt() {
  return attempts.at(-1);
}

/** Every access throws, as where a browser blocks storage. */
export function blockStorage() {
  const get = () => {
    throw new DOMException("denied", "SecurityError");
  };
  replace(globalThis, "sessionStorage", { get });
}

/** There is none, as in a browser that has it switched off. */
export function removeStorage() {
  replace(globalThis, "sessionStorage", { get: () => null });
}

/** Reading throws too. */
export function breakStorage() {
  const value = () => {
    throw new DOMException("denied", "SecurityError");
  };
  for (const name of ["getItem", "setItem", "removeItem"]) replace(storage(), name, { value, writable: true });
}

/** The rows whose keys hold `part`, in the order of their keys. */
export function rows(part) {
  const keys = Object.keys(sessionStorage).filter((key) => key.includes(part));
  return keys.sort().map((key) => sessionStorage.getItem(key));
}

/** What the version markers of all grants say from now on. */
export function setMarkers(text) {
  for (const key of Object.keys(localStorage)) if (key.includes("/version/")) localStorage.setItem(key, text);
}

/** Every access to localStorage throws, as where a browser blocks it. */
export function blockLocalStorage() {
  replace(globalThis, "localStorage", { get: thrower(new DOMException("denied", "SecurityError")) });
}

/** The rows of localStorage whose keys hold `part`. */
export function localRows(part) {
  const keys = Object.keys(localStorage).filter((key) => key.includes(part));
  return keys.sort().map((key) => localStorage.getItem(key));
}

// --- storage of the page's own

const kept = new Map();
const operations = [];

const manners = {
  "at once": (work) => work(),
  "it throws": () => {
    throw new Error("no storage");
  },
  "it throws null": () => {
    throw null;
  },
  "a number": () => 7,
  "a list": () => ["{}"],
  "a symbol": () => Symbol("row"),
  "a Proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

/** Calls back. What goes wrong there is kept: the library may catch what the page throws, and hide a trap. */
function run(callback) {
  try {
    callback();
  } catch (error) {
    reported.push(String(error));
  }
}

let storageCallback = () => {};

/** From now on the page's own storage calls back first. */
export function callBackFromStorage(callback) {
  storageCallback = callback;
  undo.push(() => {
    storageCallback = () => {};
  });
}

/** An object with the three methods, which answers in this manner. */
export function ownStorage(manner) {
  const answer = (name, key, row, work) => {
    const callback = storageCallback;
    storageCallback = () => {};
    run(callback);
    storageCallback = callback;
    operations.push([name, key, row].filter((part) => part !== undefined).join(" "));
    return manners[manner](work);
  };
  return {
    getItem: (key) => answer("getItem", key, undefined, () => kept.get(key)),
    setItem: (key, row) => answer("setItem", key, row, () => kept.set(key, row)),
    removeItem: (key) => answer("removeItem", key, undefined, () => kept.delete(key)),
  };
}

/** The same without one of its methods. */
export function ownStorageWithout(method) {
  return { ...ownStorage("at once"), [method]: undefined };
}

/** The browser's own object of this name. */
export function browserStorage(name) {
  return globalThis[name];
}

let written;
let endWriting = () => {};
let arriving;

/** What the package's adapter is to the library: synchronous, and with a promise to wait for while it writes. */
export function ownAdapter(canOpen) {
  const storage = ownStorage("at once");
  return {
    ...storage,
    open: () => canOpen,
    read: async (key) => {
      operations.push(`read ${key}`);
      if (arriving !== undefined) kept.set(key, arriving);
      arriving = undefined;
    },
    get written() {
      return written;
    },
  };
}

/** From now on the adapter writes, until `releaseStorage`. */
export function holdStorage() {
  written = new Promise((resolve) => {
    endWriting = resolve;
  });
  undo.push(() => releaseStorage(true));
}

/** The adapter has written what it was given, or has failed to. */
export function releaseStorage(isWritten) {
  written = undefined;
  endWriting(isWritten);
}

/** What the adapter finds when it reads next. */
export function arriveInStorage(row) {
  arriving = row;
}

/** What the page's own storage holds under this key. */
export function keptRow(key) {
  return kept.get(key);
}

export function keepRow(key, row) {
  if (row === undefined) kept.delete(key);
  else kept.set(key, row);
}

/** What was asked of the page's own storage since the last look, in its order. */
export function storageOperations() {
  return operations.splice(0);
}

// --- the clock

/** From now on timers come a thousand times as quick; keeps what was asked for, in milliseconds. */
const timers = [];
const nativeTimeout = globalThis.setTimeout;
export function hurryTimers() {
  const native = nativeTimeout;
  timers.length = 0;
  const value = (work, milliseconds, ...rest) => {
    if (milliseconds > 0) timers.push(milliseconds);
    return native(work, milliseconds / 1000, ...rest);
  };
  replace(globalThis, "setTimeout", { value, writable: true });
}

/** From now on timers take their time again. */
export function calmTimers() {
  replace(globalThis, "setTimeout", { value: nativeTimeout, writable: true });
}

/** The timers that were asked for since `hurryTimers`. */
export function longTimers() {
  return timers;
}

/** Sets the clock forward by so many seconds, or back. */
export function shiftClock(seconds) {
  const now = Date.now;
  replace(Date, "now", { value: () => now() + seconds * 1000, writable: true });
}

// --- locks

/** What a page, or a broken browser, may have in place of a method of the lock manager. */
const oddLocks = {
  "never settles": () => new Promise(() => {}),
  rejects: () => Promise.reject(new DOMException("not here", "SecurityError")),
  throws: thrower(new Error("no locks")),
  "gives nothing": () => undefined,
  "is stolen at once": (_name, _options, granted) => {
    granted({});
    return Promise.reject(new DOMException("stolen", "AbortError"));
  },
};

/** From now on these methods of the lock manager, `request` or `query`, answer like this. */
export function breakLocks(methods, manner) {
  const value = oddLocks[manner];
  for (const method of methods.split(" ")) replace(LockManager.prototype, method, { value, writable: true });
}

let opened = 0;

/** From now on the channels are counted that are opened. */
export function countChannels() {
  const Native = BroadcastChannel;
  opened = 0;
  const value = class extends Native {
    constructor(name) {
      super(name);
      opened += 1;
    }
  };
  replace(globalThis, "BroadcastChannel", { value, writable: true });
}

export function channels() {
  return opened;
}

// --- what a page may replace

const owners = {
  "Date.now": [Date, "now"],
  "crypto.getRandomValues": [crypto, "getRandomValues"],
  setTimeout: [globalThis, "setTimeout"],
  clearTimeout: [globalThis, "clearTimeout"],
  dispatchEvent: [EventTarget.prototype, "dispatchEvent"],
  "localStorage.getItem": [Storage.prototype, "getItem"],
  "localStorage.setItem": [Storage.prototype, "setItem"],
  "BroadcastChannel.postMessage": [BroadcastChannel.prototype, "postMessage"],
  "BroadcastChannel.close": [BroadcastChannel.prototype, "close"],
  "MessagePort.postMessage": [MessagePort.prototype, "postMessage"],
  "LockManager.request": [LockManager.prototype, "request"],
  "LockManager.query": [LockManager.prototype, "query"],
  BroadcastChannel: [globalThis, "BroadcastChannel"],
  MessageChannel: [globalThis, "MessageChannel"],
  "AbortSignal.timeout": [AbortSignal, "timeout"],
  CustomEvent: [globalThis, "CustomEvent"],
};

export function replaceableNames() {
  return Object.keys(owners);
}

/** From now on this throws. */
export function throwIn(name) {
  replace(...owners[name], { value: thrower(new Error(`no ${name}`)), writable: true });
}

/** From now on this is not there. */
export function takeAway(name) {
  replace(...owners[name], { value: undefined, writable: true });
}

let busy = false;

/** From now on this calls back first, and then does what it does. */
export function callBackIn(name, callback) {
  const [owner, member] = owners[name];
  const native = owner[member];
  function value(...given) {
    if (!busy) {
      busy = true;
      run(callback);
      busy = false;
    }
    return new.target ? new native(...given) : native.apply(this, given);
  }
  replace(owner, member, { value, writable: true });
}

/** The same, also where the callback itself comes to call it. */
export function callBackEachTimeIn(name, callback) {
  const [owner, member] = owners[name];
  const native = owner[member];
  function value(...given) {
    run(callback);
    return new.target ? new native(...given) : native.apply(this, given);
  }
  replace(owner, member, { value, writable: true });
}

// --- events

const nativeDispatch = EventTarget.prototype.dispatchEvent;

/** As the browser tells the page of it. */
export function happen(kind) {
  const atDocument = ["visibilitychange", "resume"].includes(kind);
  nativeDispatch.call(atDocument ? document : window, new Event(kind));
}

function listen(kind, listener) {
  addEventListener(kind, listener);
  undo.push(() => removeEventListener(kind, listener));
}

/** Keeps each event of this type, with the session's row as it stands at that moment. */
export function record(kind, part) {
  const stored = () => {
    try {
      return rows(part)[0] ?? null;
    } catch {
      return null;
    }
  };
  listen(kind, (event) => told.push(JSON.stringify({ detail: event.detail, stored: stored() })));
}

/** What `record` kept. */
export function events() {
  return told;
}

/** A listener that throws. */
export function listenAndThrow(kind) {
  listen(kind, () => {
    throw new Error("a listener's own");
  });
}

/** A listener that calls back. */
export function listenAndCall(kind, callback) {
  listen(kind, () => callback());
}

// --- addresses

/** One parameter of an address, decoded. */
export function parameter(address, name) {
  return new URL(address).searchParams.get(name) ?? undefined;
}

/** Goes to an address of this page, as the server's redirect would, without loading it. */
export function goTo(address) {
  history.replaceState({ of: "the page" }, "", address);
}

/** The state of the current history entry. */
export function historyState() {
  return JSON.stringify(history.state);
}

// --- tokens

const algorithms = {
  RS256: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
};

const pairs = {};

function base64url(bytes) {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The public key of this page for an algorithm, as JSON; it is named after it. */
export async function publicKey(name) {
  pairs[name] ??= crypto.subtle.generateKey(algorithms[name], true, ["sign", "verify"]);
  const { publicKey } = await pairs[name];
  const { kty, n, e, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  return JSON.stringify({ kty, n, e, crv, x, y, kid: name, alg: name, use: "sig" });
}

/** A token with these claims, signed by that key. */
export async function token(name, claims) {
  await publicKey(name);
  const encode = (text) => base64url(new TextEncoder().encode(text));
  const input = `${encode(JSON.stringify({ alg: name, kid: name, typ: "JWT" }))}.${encode(claims)}`;
  const { privateKey } = await pairs[name];
  const signature = await crypto.subtle.sign(algorithms[name], privateKey, new TextEncoder().encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

/** A page whose random bytes have run out. */
export function removeRandom() {
  const value = () => {
    throw new DOMException("no entropy", "OperationError");
  };
  replace(crypto, "getRandomValues", { value, writable: true });
}

function replaceCrypto(name, value) {
  replace(Object.getPrototypeOf(crypto.subtle), name, { value, writable: true });
}

/** A browser that does not import a key, for this reason. */
export function refuseImporting(reason) {
  replaceCrypto("importKey", () => Promise.reject(new DOMException("no", reason)));
}

/** From now on the keys are kept, as JSON, that the browser is asked to import. */
const imported = [];
export function watchImporting() {
  const native = crypto.subtle.importKey;
  imported.length = 0;
  replaceCrypto("importKey", function (...parameters) {
    imported.push(JSON.stringify(parameters[1]));
    return native.apply(this, parameters);
  });
}

export function lastImported() {
  return imported.at(-1);
}

/** From now on the signatures are counted that the browser has checked. */
let checked = 0;
export function countVerifying() {
  const native = crypto.subtle.verify;
  checked = 0;
  replaceCrypto("verify", async function (...parameters) {
    const answer = await native.apply(this, parameters);
    if (typeof answer === "boolean") checked += 1;
    return answer;
  });
}

export function verifications() {
  return checked;
}

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
/** What is neither a yes nor a no, but may be taken for one. */
const oddAnswers = ["true", "false", "", 1, 0, {}, [], null, undefined, Object(true), Symbol("true"), revoked()];

/** What nobody who checks a signature expects; a DataError of `importKey` alone is not among them. */
const oddReasons = [
  new DOMException("gone", "OperationError"),
  new DOMException("no", "NotSupportedError"),
  new DOMException("no", "InvalidAccessError"),
  new TypeError("importKey is not a function"),
  Object.assign(new Error(), { name: "DataError" }),
  Object.create(DOMException.prototype),
  null,
  undefined,
  "no",
  revoked(),
];

/** What a page or a browser may have in place of a method of WebCrypto. */
const oddMethods = [
  ...oddAnswers.flatMap((answer) => [() => answer, () => Promise.resolve(answer)]),
  ...oddReasons.flatMap((reason) => [thrower(reason), () => Promise.reject(reason)]),
  ...oddPromises,
  undefined,
  "verify",
  // biome-ignore lint/suspicious/noThenProperty: this is what is tried.
  () => Object.defineProperty({}, "then", { get: thrower(new Error("no then")) }),
];

export function oddMethodCount() {
  return oddMethods.length;
}

/** Puts one of them in the place of a method. */
export function breakCrypto(method, index) {
  replaceCrypto(method, oddMethods[index]);
}

const oddSubtles = [thrower(new Error("no subtle")), () => null, () => "subtle", () => ({}), () => revoked()];

export function oddSubtleCount() {
  return oddSubtles.length;
}

/** A method of WebCrypto that never answers. */
export function silenceCrypto(method) {
  replaceCrypto(method, () => new Promise(() => {}));
}

/** A page whose `crypto.subtle` is no WebCrypto. */
export function breakSubtle(index) {
  replace(crypto, "subtle", { get: oddSubtles[index] });
}

/** A page whose `crypto` cannot even be looked at. */
export function blockCrypto() {
  replace(globalThis, "crypto", { get: thrower(new Error("no crypto")) });
}

/** A page without `crypto.subtle`, as one that is served over http. */
export function removeSubtle() {
  replace(crypto, "subtle", { get: () => undefined });
}
