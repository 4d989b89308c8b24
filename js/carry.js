// The way to the courier, the shared worker that sends token requests; where there is none, or the page wants to
// see its requests itself, it is null, and the request is sent from here.

/** For how many milliseconds a courier is waited for that has just been hired. */
const PATIENCE = 3_000;

/** For how many more an answer is, which may have come while the page stood still, and is only to be read yet. */
const GRACE = 1_000;

let courier;

/** The courier's script, also on a page that wants to be told which scripts are to be trusted. */
function script() {
  const url = new URL("./courier.js", import.meta.url).href;
  const policy = globalThis.trustedTypes?.createPolicy("esi-security", { createScriptURL: (given) => given });
  return policy?.createScriptURL(url) ?? url;
}

function hire() {
  return new Promise((resolve) => {
    const options = { type: "module", name: "esi-security", extendedLifetime: true };
    try {
      const worker = new SharedWorker(script(), options);
      worker.onerror = () => resolve(null);
      worker.port.onmessage = () => resolve(worker.port);
      setTimeout(resolve, PATIENCE, null);
    } catch {
      resolve(null);
    }
  });
}

/** A page that has put a `fetch` of its own in place wants to see what is sent. */
const isNative = (work) => /\[native code\]\s*\}$/.test(Function.prototype.toString.call(work));

export async function carry(url, headers, body, patience) {
  if (!isNative(globalThis.fetch)) return null;
  courier ??= hire();
  const port = await courier;
  if (!port) return null;
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    const fail = (name, message) =>
      reject(name === "TimeoutError" ? new DOMException(message, name) : new TypeError(message));
    // It may have crashed: the next request is another one's.
    const giveUp = () => {
      courier = undefined;
      fail("TimeoutError", "no answer");
    };
    let timer = setTimeout(() => {
      timer = setTimeout(giveUp, GRACE);
    }, patience + PATIENCE);
    port1.onmessage = ({ data }) => {
      clearTimeout(timer);
      port1.close();
      if (data.name) fail(data.name, data.message);
      else resolve(data);
    };
    port.postMessage({ url, headers, body, patience }, [port2]);
  });
}
