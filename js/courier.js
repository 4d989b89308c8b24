// A shared worker, which outlives the tab that asks: it sends token requests, so that an answer with a rotated
// refresh token in it is not lost with a tab that is closed, or reloaded, before it came. Whoever asks the same
// again meanwhile, with the same refresh token or code, gets the same answer.

/**
 * For how many milliseconds an answer is kept that has used up what was sent for it: for longer than any tab waits for
 * its turn, since the one whose turn it was may hang, and the next sends the same.
 */
const MEMORY = 300_000;

const answers = new Map();

async function send({ url, headers, body, patience }) {
  const response = await fetch(url, {
    method: "POST",
    headers,
    body,
    credentials: "omit",
    referrerPolicy: "no-referrer",
    cache: "no-store",
    // A redirect would carry the form, with what is secret in it, to another place.
    redirect: "error",
    signal: AbortSignal.timeout(patience),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.text() };
}

/** True if what was sent is good for nothing any more: a code, or a refresh token that was replaced. */
function isUsedUp(form, { status, body }) {
  const sent = new URLSearchParams(form).get("refresh_token");
  try {
    const { access_token: access, refresh_token: replacement } = JSON.parse(body);
    const isNew = typeof replacement === "string" && replacement !== "" && replacement !== sent;
    return status === 200 && (sent === null ? typeof access === "string" : isNew);
  } catch {
    return false;
  }
}

function answer(request) {
  const key = JSON.stringify(request);
  const known = answers.get(key);
  if (known) return known;
  const asked = send(request);
  const forget = () => answers.delete(key);
  answers.set(key, asked);
  asked.then((answered) => {
    if (isUsedUp(request.body, answered)) setTimeout(forget, MEMORY);
    else forget();
  }, forget);
  return asked;
}

globalThis.onconnect = ({ ports: [tab] }) => {
  tab.onmessage = async ({ data, ports: [reply] }) => {
    try {
      reply.postMessage(await answer(data));
    } catch ({ name, message }) {
      reply.postMessage({ name, message });
    }
  };
  tab.postMessage("here");
};
