// Everything that the servers of this process are asked and answer, as it goes over the wire: the local
// SSO keeps only paths, and tests want to see forms, headers and every secret that was ever issued.
import diagnostics from "node:diagnostics_channel";
import { ENGINE } from "./engine.js";

const STARTED = "http.server.request.start";
const CONNECTED = "net.server.socket";
const FORM = "application/x-www-form-urlencoded";

/** Members of forms, JSON answers and callback addresses that nobody else may see. */
const SECRET_NAMES = ["access_token", "refresh_token", "code", "code_verifier", "client_secret", "token"];

/** Calls `seen` with each chunk that goes through `stream[method]`. */
function tap(stream, method, seen) {
  const original = stream[method];
  stream[method] = function tapped(chunk, ...rest) {
    if (chunk && typeof chunk !== "function") seen(Buffer.from(chunk));
    return original.call(this, chunk, ...rest);
  };
}

function textOf(chunks) {
  return Buffer.concat(chunks).toString();
}

/** One request and its answer. `began` and `ended` count all beginnings and ends of the recording. */
class Exchange {
  #sent = [];
  #answered = [];

  constructor(request, response, count) {
    this.method = request.method;
    this.url = new URL(request.url, `http://${request.headers.host}`);
    this.path = this.url.pathname;
    this.headers = request.headers;
    this.began = count();
    this.ended = null;
    this.status = null;
    tap(request, "push", (chunk) => this.#sent.push(chunk));
    for (const method of ["write", "end"]) tap(response, method, (chunk) => this.#answered.push(chunk));
    response.once("close", () => {
      this.ended = count();
      if (response.writableFinished) this.status = response.statusCode;
      this.location = response.getHeader("location");
    });
  }

  /** The form that was sent. */
  get form() {
    return new URLSearchParams(this.headers["content-type"]?.startsWith(FORM) ? textOf(this.#sent) : "");
  }

  /** The answer's text. */
  get text() {
    return textOf(this.#answered);
  }

  /** The answer's JSON; an empty object if it is something else. */
  get json() {
    try {
      return Object(JSON.parse(this.text));
    } catch {
      return {};
    }
  }

  get secrets() {
    const places = [this.form, this.url.searchParams];
    if (URL.canParse(this.location)) {
      const { searchParams, hash } = new URL(this.location);
      places.push(searchParams, new URLSearchParams(hash.slice(1)));
    }
    const values = places.map((place) => Object.fromEntries(place)).concat(this.json);
    return values.flatMap((object) => SECRET_NAMES.map((name) => object[name])).filter((value) => value?.length > 7);
  }
}

/**
 * Records until `stop` is called. `setOffline(true)` ends each connection to a server of this process, new ones too,
 * until `setOffline(false)`.
 *
 * @returns {{ exchanges: Exchange[], setOffline(offline: boolean): void, stop(): void }} exchanges: oldest first
 */
export function recordTraffic() {
  const exchanges = [];
  const sockets = new Set();
  let isOffline = false;
  let counted = 0;
  const listen = ({ request, response }) => {
    // Firefox is kept from sending a request again that dies unanswered (`engines/firefox.js`). So no connection may be
    // kept that the server might close under a request.
    if (ENGINE === "firefox") response.shouldKeepAlive = false;
    exchanges.push(
      new Exchange(request, response, () => {
        counted += 1;
        return counted;
      }),
    );
  };
  const connect = ({ socket }) => {
    if (isOffline) socket.destroy();
    else sockets.add(socket.once("close", () => sockets.delete(socket)));
  };
  diagnostics.subscribe(STARTED, listen);
  diagnostics.subscribe(CONNECTED, connect);
  return {
    exchanges,
    setOffline: (offline) => {
      isOffline = offline;
      if (offline) for (const socket of sockets) socket.destroy();
    },
    stop: () => {
      diagnostics.unsubscribe(STARTED, listen);
      diagnostics.unsubscribe(CONNECTED, connect);
    },
  };
}
