// The token worker: a shared worker that sends the page's token and revocation requests. It outlives a page that is
// reloaded or closed, so the answer with the rotated refresh token is not lost. The same request, sent again by
// another page or after a reload, gets the same answer.
//
// Messages between this file and token-client.js. A change of them needs another worker name in token-client.js,
// because pages of an older build may still be connected.
//
//   worker -> page, when a page connects
//     { type: "ready", origin, canSend }     `origin` is the worker's own; `canSend` is false without `fetch`
//   page -> worker, with a MessagePort for the one answer
//     { type: "send", url, headers, body, timeoutMs }
//   worker -> page, on that port
//     { type: "response", status, retryAfter, body, age }   `retryAfter` is the header, or null; `age` tells how many
//                                            seconds ago the answer came
//     { type: "timeout" }                    no complete answer within `timeoutMs`; the server may have served it
//     { type: "network-error", name, message }         `fetch` rejected; the server may have served it
//     { type: "not-sent", reason }           nothing has left the browser; `reason` is `unable` or `blocked` (by CSP)

/**
 * How long an answer is kept that has used up the code or refresh token that was sent: longer than any page waits for
 * the refresh lock, because its holder may hang, and the next one sends the same request.
 */
const ANSWER_LIFETIME_MS = 360_000;

/** How long after its time an answer is waited for that came while the machine slept, and is still to be read. */
const UNREAD_MARGIN_MS = 1_000;

/** How long the report of a blocked request is waited for: it comes after `fetch` has rejected. */
const VIOLATION_WAIT_MS = 100;

/** The answer to each request that is in flight, or has used up what was sent. */
const answers = new Map();

/** The addresses that this worker's Content-Security-Policy has blocked. */
const blocked = new Set();

addEventListener("securitypolicyviolation", ({ disposition, blockedURI }) => {
  if (disposition === "enforce") blocked.add(blockedURI);
});

/**
 * WebKit reports nothing in a worker, but an EventSource refuses such an address there. It is closed at once and sends
 * nothing, or in Firefox now and then a GET without credentials.
 */
function refusesEventSource(url) {
  try {
    new EventSource(url).close();
    return false;
  } catch ({ name }) {
    return name === "SecurityError";
  }
}

/** True if the worker's own policy has blocked a request to this address. */
async function isBlocked(url) {
  if (refusesEventSource(url)) return true;
  await new Promise((resolve) => setTimeout(resolve, VIOLATION_WAIT_MS));
  return blocked.has(url);
}

async function send({ url, headers, body, timeoutMs }) {
  const controller = new AbortController();
  const giveUp = () => {
    timer = setTimeout(() => controller.abort(), UNREAD_MARGIN_MS);
  };
  let timer = setTimeout(giveUp, timeoutMs);
  let request;
  try {
    request = new Request(url, {
      method: "POST",
      headers,
      body,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      // A redirect would carry the form and its secrets to another address.
      redirect: "error",
      signal: controller.signal,
    });
    const response = await fetch(request);
    const retryAfter = response.headers.get("retry-after");
    const text = await response.text();
    return { type: "response", status: response.status, retryAfter, body: text, receivedAt: Date.now() };
  } catch (error) {
    if (!request) return { type: "not-sent", reason: "unable" };
    // Judged by the signal: WebKit, and Firefox during the body, reject with an AbortError.
    if (controller.signal.aborted) return { type: "timeout" };
    if (await isBlocked(request.url)) return { type: "not-sent", reason: "blocked" };
    return { type: "network-error", name: String(error?.name), message: String(error?.message) };
  } finally {
    clearTimeout(timer);
  }
}

/** True if the answer has used up what was sent: a code, or a refresh token that was replaced. */
function isUsedUp(form, { type, status, body }) {
  if (type !== "response" || status !== 200) return false;
  const sent = new URLSearchParams(form).get("refresh_token");
  try {
    const { access_token: access, refresh_token: replacement } = JSON.parse(body);
    const isNew = typeof replacement === "string" && replacement !== "" && replacement !== sent;
    return sent === null ? typeof access === "string" : isNew;
  } catch {
    return false;
  }
}

function answer(request) {
  const key = JSON.stringify(request);
  const known = answers.get(key);
  if (known) return known;
  const asked = send(request);
  answers.set(key, asked);
  asked.then((answered) => {
    setTimeout(() => answers.delete(key), isUsedUp(request.body, answered) ? ANSWER_LIFETIME_MS : 0);
  });
  return asked;
}

/**
 * The message as it is sent: an answer that was kept says how old it is, for its tokens have lived as long. A clock that
 * was set back makes it old too: a page must not take a kept answer for a fresh one.
 */
function withAge({ receivedAt, ...message }) {
  if (receivedAt === undefined) return message;
  return { ...message, age: Math.floor(Math.abs(Date.now() - receivedAt) / 1000) };
}

globalThis.onconnect = ({ ports: [page] }) => {
  page.onmessage = async ({ data, ports: [reply] }) => reply.postMessage(withAge(await answer(data)));
  const canSend = typeof fetch === "function" && typeof AbortController === "function";
  page.postMessage({ type: "ready", origin: globalThis.origin, canSend });
};
