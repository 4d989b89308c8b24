// The page's side of the token worker. The messages are documented in token-worker.js.
//
// `script` is the address of the worker's script; "" is the package's own file.

import { outsideZone } from "./zone.js";

/** How long a worker is waited for that is being started. */
const HANDSHAKE_TIMEOUT_MS = 3_000;

/** How much longer than the worker itself the page waits for an answer. */
const ANSWER_MARGIN_MS = 3_000;

/** How long after that an answer is waited for that came while the page was frozen, and is still to be read. */
const UNREAD_MARGIN_MS = 1_000;

/** The worker of each script, and its status. The worker is kept, because a browser may end one that no page refers to. */
const connections = new Map();

/** The package worker's address as a Trusted Type: a page can create a policy once, however many copies of this package it has. */
const TRUSTED_URL = Symbol.for("esi-security.token-worker-url/1");

let policy;

let hasWarned = false;

const SERVE_IT =
  "Where the bundler emits no file for it, copy `token-worker.js` out of the package beside the bundle, or serve it from " +
  "this origin and name its address in `tokenWorker`. The page's policy has to allow it: `worker-src 'self'`, and with " +
  "Trusted Types `trusted-types esi-security`.";

/** Why the worker is not in use, and what helps. */
const REASONS = {
  missing: ["this browser has no SharedWorker"],
  refused: ["the browser refuses its script", SERVE_IT],
  unloadable: ["its script could not be loaded", SERVE_IT],
  silent: ["it did not start within 3 seconds", SERVE_IT],
  foreign: ["it runs on another origin than the page, as an inlined `data:` script does", SERVE_IT],
  unable: ["it cannot send requests", "Name a worker's script in `tokenWorker` that can."],
  blocked: [
    "its own Content-Security-Policy blocks the request",
    "Serve its script with a policy whose `connect-src` allows the token endpoint.",
  ],
};

/** Tells the developer, once. Outside a page, in a worker or on a server, there are no shared workers to be had. */
function warn(reason) {
  if (hasWarned || !globalThis.document) return;
  hasWarned = true;
  const [why, ...help] = REASONS[reason] ?? REASONS.unable;
  const sentences = [
    `esi-security: the token worker is not in use, because ${why}.`,
    "Token requests are sent by the page, which may lose the session if it is reloaded or closed during one.",
    ...help,
    "`tokenWorker: false` turns the worker and this warning off.",
  ];
  try {
    console.warn(sentences.join(" "));
  } catch {
    // A test runner's console may throw at a warning.
  }
}

/** The address as a Trusted Type, or as it is where the page does not allow the policy. */
function trusted(url) {
  try {
    policy ??= globalThis.trustedTypes.createPolicy("esi-security", { createScriptURL: (given) => given });
    return policy.createScriptURL(String(url));
  } catch {
    return url;
  }
}

/** The same for the package's own script, one for all copies: one of them has created the policy. */
function trustedOnce(url) {
  if (globalThis[TRUSTED_URL]) return globalThis[TRUSTED_URL];
  const made = trusted(url);
  if (made !== url) globalThis[TRUSTED_URL] = made;
  return made;
}

/**
 * Bundlers know this expression, with these literals, and emit a file for it. Trusted Types would refuse its address,
 * so it calls a stand-in for the constructor there.
 */
function openPackageWorker() {
  const { SharedWorker: native, trustedTypes } = globalThis;
  const set = (work) => Reflect.set(globalThis, "SharedWorker", work);
  if (trustedTypes) {
    set(function standIn(url, options) {
      return new native(trustedOnce(url), options);
    });
  }
  try {
    return new SharedWorker(new URL("./token-worker.js", import.meta.url), {
      type: "module",
      name: "esi-security-token-worker",
      extendedLifetime: true,
    });
  } finally {
    if (trustedTypes) set(native);
  }
}

function openWorker(script) {
  if (script === "") return openPackageWorker();
  const options = { type: "module", name: "esi-security-token-worker", extendedLifetime: true };
  if (!globalThis.trustedTypes) return new SharedWorker(script, options);
  const made = trusted(script);
  if (made !== script) globalThis[TRUSTED_URL] ??= made;
  // Where another copy has created the policy, its worker serves this one too.
  return new SharedWorker(made === script ? (globalThis[TRUSTED_URL] ?? script) : made, options);
}

/** What is wrong with a worker that has sent this; undefined if nothing is. */
function objectionTo({ origin, canSend }) {
  // A page may have a variable of its own that is called `origin`.
  if (origin !== globalThis.location.origin) return "foreign";
  return canSend ? undefined : "unable";
}

/** A page may have replaced `clearTimeout`. Then the timer comes, and finds nothing to do. */
function stop(timer) {
  try {
    clearTimeout(timer);
  } catch {
    // It is the page's.
  }
}

/** Gives a worker that has answered, or the reason why there is none. One that answers late is for later requests. */
function handshake(script) {
  return new Promise((resolve) => {
    let timer;
    const end = (outcome) => {
      resolve(outcome);
      stop(timer);
    };
    if (typeof SharedWorker !== "function") return end({ reason: "missing" });
    const giveUp = () => {
      timer = setTimeout(end, UNREAD_MARGIN_MS, { reason: "silent" });
    };
    try {
      timer = setTimeout(giveUp, HANDSHAKE_TIMEOUT_MS);
      const worker = openWorker(script);
      setStatus(script, { worker });
      worker.onerror = () => end({ reason: "unloadable" });
      worker.port.onmessage = ({ data }) => {
        if (data?.type !== "ready") return;
        const reason = objectionTo(data);
        if (!reason) setStatus(script, { status: "connected" });
        end({ worker, reason });
      };
    } catch {
      end({ reason: "refused" });
    }
  });
}

/** `idle`, `connecting`, `connected` or `unavailable`. */
export function status(script) {
  return connections.get(script)?.status ?? "idle";
}

function setStatus(script, change) {
  connections.set(script, { ...connections.get(script), ...change });
}

function setUnavailable(script, reason) {
  setStatus(script, { status: "unavailable" });
  warn(reason);
}

/** Connects this page to the worker, which then lives at least as long as the page. Gives null if it cannot be used. */
export function connect(script) {
  return outsideZone(async () => {
    if (status(script) !== "connected") setStatus(script, { status: "connecting" });
    const { worker, reason } = await handshake(script);
    if (reason) {
      setUnavailable(script, reason);
      return null;
    }
    return worker;
  });
}

function createChannel() {
  try {
    return new MessageChannel();
  } catch {
    return null;
  }
}

function ask({ port }, request) {
  return new Promise((resolve) => {
    const channel = createChannel();
    if (!channel) return resolve({ type: "not-sent", reason: "unable" });
    const { port1, port2 } = channel;
    let timer;
    const end = (answer) => {
      resolve(answer);
      stop(timer);
      port1.close();
    };
    const wait = (work, milliseconds) => {
      timer = setTimeout(work, milliseconds);
    };
    const giveUp = () => wait(() => end({ type: "timeout" }), UNREAD_MARGIN_MS);
    try {
      wait(giveUp, request.timeoutMs + ANSWER_MARGIN_MS);
      port1.onmessage = ({ data }) => end(data);
      port.postMessage({ type: "send", ...request }, [port2]);
    } catch {
      // What throws has sent nothing.
      end({ type: "not-sent", reason: "unable" });
    }
  });
}

/**
 * Sends a form by the worker. Gives its `response`, `timeout` or `network-error` message, or null if nothing was sent.
 * Connects for each request, because a worker may have ended since: what is sent to that gets no answer.
 */
export function send(script, url, headers, body, timeoutMs) {
  return outsideZone(async () => {
    const worker = await connect(script);
    if (!worker) return null;
    const answer = await ask(worker, { url, headers, body, timeoutMs });
    if (answer.type !== "not-sent") return answer;
    setUnavailable(script, answer.reason);
    return null;
  });
}
