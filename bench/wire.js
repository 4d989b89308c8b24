// Requests on the wire: the page's files and, preflights among them, those to the SSO; not those of the pilot, who
// picks a character there.
import { recordTraffic } from "../tests/helpers/traffic.js";
import { OURS, PEERS, withJose } from "./clients.js";

/** The paths of the SSO that a client asks by itself. */
const ASKED = /^\/(\.well-known|oauth)\/|^\/v2\/oauth\/(token|revoke)$/;

/** One tab with one client, and what is asked in it. */
class Visit {
  #stage;
  #client;
  #exchanges;
  #seen = 0;

  constructor(stage, client, exchanges) {
    this.#stage = stage;
    this.#client = client;
    this.#exchanges = exchanges;
  }

  /** What was asked since the last call. */
  #count() {
    const { origin } = this.#stage.server;
    const fresh = this.#exchanges.slice(this.#seen);
    this.#seen = this.#exchanges.length;
    return {
      files: fresh.filter(({ url, path }) => url.origin === origin && /\.\w+$/.test(path)).length,
      sso: fresh.filter(({ url, path }) => url.origin !== origin && ASKED.test(path)).length,
    };
  }

  /** What a step asks. */
  async #step(work) {
    this.#count();
    const result = await work();
    return { result, ...this.#count() };
  }

  /** A login: before the redirect, and after it with the verified claims. */
  async logIn() {
    const stage = this.#stage;
    const before = await this.#step(async () => {
      await stage.open(this.#client);
      return stage.authorize();
    });
    const after = await this.#step(async () => {
      await stage.open(this.#client, before.result);
      await stage.run(async () => {
        await globalThis.client.finish(location.href);
        await globalThis.client.verify();
      });
    });
    return { files: [before.files, after.files], sso: [before.sso, after.sso] };
  }

  /** The pilot reloads the page, which asks for a token and the verified claims. */
  async reload() {
    const { sso } = await this.#step(async () => {
      await this.#stage.open(this.#client);
      await this.#stage.run(async () => {
        await globalThis.client.token();
        await globalThis.client.verify();
      });
    });
    return [sso];
  }
}

async function measure(stage, client) {
  await stage.forget();
  const traffic = recordTraffic();
  try {
    const visit = new Visit(stage, client, traffic.exchanges);
    const first = await visit.logIn();
    const second = await visit.logIn();
    return {
      "first login: files, before + after the redirect": first.files,
      "first login: requests to the SSO, before + after": first.sso,
      "second login: requests to the SSO, before + after": second.sso,
      "reload: requests to the SSO": await visit.reload(),
    };
  } finally {
    traffic.stop();
  }
}

export async function wire(stage) {
  const ours = await measure(stage, OURS);
  const rows = [];
  const put = (theirs, more) => {
    for (const [what, count] of Object.entries(ours)) {
      rows.push({ what, unit: "requests", ours: count, theirs: theirs?.[what], ...more });
    }
  };
  const peers = stage.among(...Object.keys(PEERS).map(withJose));
  if (peers.length === 0) put();
  for (const beside of peers) {
    try {
      put(await measure(stage, beside), { beside });
    } catch (error) {
      rows.push({ what: "login", unit: "requests", beside, note: `does not get that far: ${error.message}` });
    }
  }
  return rows;
}
