// A page that uses the built package, in a real browser, with a local SSO of its own. When a test ends,
// nothing secret may have got out of the page: see `Page.leaks`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after } from "node:test";
import { By, until } from "selenium-webdriver";
import { startSso } from "../../sso/index.js";
import { openBrowser } from "./browser.js";
import { authorizeByForm } from "./login.js";
import { recordTraffic } from "./traffic.js";

export const CLIENT_ID = "esi-security-demo";
export const LOCATION = "esi-location.read_location.v1";
export const SKILLS = "esi-skills.read_skills.v1";
export const ILMARI = 2119000101;
export const SAPHRA = 2119000102;

/** How long a condition may take, in milliseconds. */
const PATIENCE = 10_000;

/** How long the package waits for an answer: as long as it takes, and where another document will do. */
const ANSWER_TIMEOUTS_MS = [30_000, 5_000];

const ROOT = new URL("../../", import.meta.url);
const MEDIA_TYPES = { js: "text/javascript", wasm: "application/wasm" };

/**
 * Serves the package, with what was built into the folder `pkg`, and once more under `/copy/`; any other path is an
 * empty page, and one under `/sandboxed/` has no origin, so no storage.
 */
async function serveFile({ pkg, moved, serve }, { url }, response) {
  const { pathname, search } = new URL(url, "http://localhost");
  if (moved?.[pathname]) {
    const [status, path] = moved[pathname];
    response.writeHead(status, { Location: path + search }).end();
    return;
  }
  const { status = 200, headers = {}, change = (text) => text } = serve(pathname) ?? {};
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // Asked for each time, and yet fit for the bfcache.
  response.setHeader("Cache-Control", "no-cache");
  const [, name] = /^(?:\/copy)?\/((?:js|pkg)\/[\w.-]+)$/.exec(pathname) ?? [];
  if (!name) {
    if (pathname.startsWith("/sandboxed/")) response.setHeader("Content-Security-Policy", "sandbox allow-scripts");
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(await change("<!DOCTYPE html><title>A page</title><link rel=icon href=data:,>"));
    return;
  }
  response.setHeader("Access-Control-Allow-Origin", "*");
  response.setHeader("Content-Type", MEDIA_TYPES[pathname.split(".").at(-1)]);
  const file = await readFile(name.startsWith("pkg/") ? new URL(name.slice(4), pkg) : new URL(name, ROOT));
  response.end(name.endsWith(".js") ? await change(file.toString()) : file);
}

async function startServer(site) {
  const server = createServer((request, response) => serveFile(site, request, response));
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { origin: `http://localhost:${server.address().port}`, close };
}

let browser;
after(() => browser?.close());

/** Ends the page that is open, if one is. */
let endPage;

/** Runs in the page: runs `WORK` and tells how it ended, as text, with errors taken apart. */
const HARNESS = `async (args, options) => {
  const describe = (error) => ({
    thrown: true,
    message: error.message,
    // For Firefox the test's own code comes from the page's address, with what stands in its query.
    stack: error.stack?.replace(/[?#]\\S*(?=:\\d+:\\d+$)/gm, ""),
    ...error,
    name: error.name,
    ...(error.cause !== undefined && { cause: String(error.cause) }),
  });
  const replace = (_key, value) => (value instanceof Error ? describe(value) : value);
  const tell = (outcome) => JSON.stringify(outcome, replace);
  const perform = async () => {
    const work = WORK;
    if (!options) return work(...args);
    const { EsiSecurity, ...others } = await import("/js/index.js");
    const given = { ...options, ...globalThis.documentOptions };
    globalThis.security ??= await EsiSecurity.create(given);
    return work({ EsiSecurity, ...others, options: given, security: globalThis.security }, ...args);
  };
  return perform().then(
    (value) => tell({ value }),
    (reason) => tell({ error: reason instanceof Error ? reason : new Error("not an Error: " + reason) }),
  );
}`;

/** Runs in a page: from now on this document's object sends its requests itself, so that a patched `fetch` sees them. */
export async function sendFromPage({ EsiSecurity, options, security }) {
  if (security.tokenWorker === "off") return;
  globalThis.documentOptions = { tokenWorker: false };
  // The next one shares the session with this one, so nothing of it is lost.
  globalThis.security = await EsiSecurity.create({ ...options, tokenWorker: false });
  security.free();
}

class Page {
  #errors = [];
  #console = [];
  #browser;
  #traffic;
  #server;

  constructor({ browser, sso, server, traffic, options }) {
    this.driver = browser.driver;
    this.#browser = browser;
    this.sso = sso;
    this.origin = server.origin;
    this.redirectUri = `${server.origin}/callback`;
    this.#traffic = traffic;
    this.#server = server;
    this.options = {
      clientId: CLIENT_ID,
      redirectUri: this.redirectUri,
      scopes: [LOCATION, SKILLS],
      ssoEndpointsUrl: sso.discoveryUrl,
      apiOrigins: [sso.esiUrl],
      headers: { "User-Agent": "EndToEnd/1.0 (tests@example.com)" },
      ...options,
    };
  }

  /** Goes to an address, or to a path of this page. */
  async open(address) {
    // Not every engine keeps what a document said once it is gone.
    await this.console();
    await this.driver.get(new URL(address, this.origin).href);
  }

  /** Opens an empty tab and goes there; gives its handle. */
  newTab() {
    return this.#browser.newTab();
  }

  /** The address in the address bar. */
  address() {
    return this.driver.getCurrentUrl();
  }

  async #perform(work, args, options) {
    const harness = HARNESS.replace("WORK", () => `(${work})`);
    const told = await this.#browser.call(harness, args, options);
    const { value, error } = JSON.parse(told, (_key, part) => {
      if (part?.thrown) this.#errors.push(part);
      return part;
    });
    if (!error) return value;
    // As thrown by the page: `assert.rejects` compares its fields.
    const { thrown: _thrown, ...fields } = error;
    throw Object.assign(new Error(), fields);
  }

  /**
   * Runs a function in the page, where it gets the package, this page's `options` and one `security`
   * made from them, which lives as long as the document does.
   *
   * @param {Function | string} work its text is what is sent
   * @param {...unknown} args plain data
   */
  run(work, ...args) {
    return this.#perform(work, args, this.options);
  }

  /** Runs a function in the page without loading the package. */
  runBare(work, ...args) {
    return this.#perform(work, args, null);
  }

  /** The requests that reached a path of the SSO or the ESI, without preflights. */
  requests(path) {
    return this.#traffic.exchanges.filter((exchange) => exchange.path === path && exchange.method !== "OPTIONS");
  }

  /** Firefox may send a GET beside them when the token worker looks whether its policy blocks the address. */
  get tokenRequests() {
    return this.requests("/v2/oauth/token").filter(({ method }) => method === "POST");
  }

  get preflights() {
    return this.#traffic.exchanges.filter(({ method }) => method === "OPTIONS");
  }

  /** Begins a login and answers the SSO's page: the callback address that the SSO sends the pilot to. */
  async authorize({ characterId = ILMARI, cancel, ...options } = {}) {
    const authorizeUrl = await this.run(({ security }, given) => security.getAuthUri(given), options);
    return authorizeByForm({ authorizeUrl, characterId, cancel });
  }

  /** A whole login: what `handleRedirect` gives. */
  async logIn(login) {
    await this.open(await this.authorize(login));
    return this.handleRedirect();
  }

  handleRedirect(url) {
    return this.run(({ security }, given) => security.handleRedirect(given), url);
  }

  refresh(scopes) {
    return this.run(({ security }, given) => security.refresh(given), scopes);
  }

  /** Answers the SSO's login page by hand. */
  async pickCharacter(characterId, callback = this.redirectUri) {
    const card = await this.driver.wait(until.elementLocated(By.css(`input[value="${characterId}"]`)), PATIENCE);
    await card.click();
    await this.driver.findElement(By.css("button[value=authorize]")).click();
    await this.waitForAddress(callback);
  }

  waitForAddress(beginning) {
    return this.driver.wait(async () => (await this.address()).startsWith(beginning), PATIENCE, beginning);
  }

  /** Waits until the servers have seen what is wanted. */
  waitForTraffic(condition) {
    return this.driver.wait(() => condition(this), PATIENCE, String(condition));
  }

  /** From now on this document gets the servers' answers only after `releaseAnswers`. */
  async holdAnswers() {
    await this.sendFromPage();
    return this.runBare(() => {
      const { fetch } = globalThis;
      const released = new Promise((resolve) => {
        globalThis.releaseAnswers = resolve;
      });
      globalThis.fetch = async (...request) => {
        const answer = await fetch(...request);
        await released;
        return answer;
      };
    });
  }

  releaseAnswers() {
    return this.runBare(() => globalThis.releaseAnswers());
  }

  /** From now on answers are waited for a thousandth of the time in this document, until `calm`. */
  async hurry() {
    await this.sendFromPage();
    await this.runBare((timeouts) => {
      const { setTimeout } = globalThis;
      globalThis.calm = () => {
        globalThis.setTimeout = setTimeout;
      };
      globalThis.timeouts = [];
      globalThis.setTimeout = (work, milliseconds, ...args) => {
        if (!timeouts.includes(milliseconds)) return setTimeout(work, milliseconds, ...args);
        globalThis.timeouts.push(milliseconds);
        return setTimeout(work, milliseconds / 1000, ...args);
      };
    }, ANSWER_TIMEOUTS_MS);
  }

  calm() {
    return this.runBare(() => globalThis.calm());
  }

  /** How long answers were to be waited for since `hurry`, in milliseconds. */
  timeouts() {
    return this.runBare(() => globalThis.timeouts);
  }

  /** From now on this document's object sends its requests itself, so that a patched `fetch` sees them. */
  sendFromPage() {
    return this.run(sendFromPage);
  }

  /** Cuts the network off, or gives it back: no server of this process answers anybody, and the page is told. */
  async setOffline(offline) {
    this.#traffic.setOffline(offline);
    await this.runBare((type) => dispatchEvent(new Event(type)), offline ? "offline" : "online");
  }

  /** A new document, which knows neither metadata nor keys; the session stays. */
  async forgetDocuments() {
    await this.runBare(() => {
      for (const key of Object.keys(sessionStorage)) if (key.includes("/document/")) sessionStorage.removeItem(key);
    });
    await this.open("/");
  }

  /** From now on this document's clock moves by `shiftClock` alone. */
  stopClock() {
    return this.runBare(() => {
      const now = Date.now();
      Date.now = () => now;
    });
  }

  /** Moves this document's clock. */
  shiftClock(seconds) {
    return this.runBare((milliseconds) => {
      const { now } = Date;
      Date.now = () => now() + milliseconds;
    }, seconds * 1000);
  }

  /** What sessionStorage holds: rows whose key contains `part`, parsed. */
  async stored(part) {
    const rows = await this.runBare(() => ({ ...sessionStorage }));
    return Object.entries(rows).flatMap(([key, row]) => (key.includes(part) ? [JSON.parse(row)] : []));
  }

  /** The session as it is stored, and the access token as the object in memory has it. */
  async tokens() {
    const access = await this.run(({ security }) => security.getAccessToken());
    return { access, stored: await this.stored("/session/") };
  }

  /** Checks that the tokens from before are there afterwards. */
  async keepsTokens(work) {
    const before = await this.tokens();
    await work();
    assert.deepEqual(await this.tokens(), before);
  }

  /** The console's lines so far. */
  async console() {
    const lines = await this.#browser.console();
    this.#console.push(...lines.map(({ text }) => text));
    return this.#console;
  }

  /** Every secret that this test has seen: given, on the wire, and verifiers that are still to be used. */
  async secrets() {
    // Without an origin there is no storage.
    const logins = await this.stored("/logins/").catch(() => []);
    const verifiers = logins.flat().map((login) => login?.verifier);
    const { secretKey, codeVerifier } = this.options;
    const all = [...this.#traffic.exchanges.flatMap(({ secrets }) => secrets), ...verifiers, secretKey, codeVerifier];
    return [...new Set(all.filter(Boolean))];
  }

  /**
   * Where a secret got out: into an error, the console, the document, or a place that outlives the tab.
   *
   * @returns {Promise<string[]>} the places; empty if all is well
   */
  async leaks() {
    const kept = await this.runBare(() => {
      // Without an origin there is neither storage nor a cookie.
      const attempt = (read) => {
        try {
          return read();
        } catch {
          return "";
        }
      };
      return {
        document: document.documentElement.outerHTML,
        "window.name": window.name,
        localStorage: attempt(() => JSON.stringify(localStorage)),
        cookie: attempt(() => document.cookie),
      };
    });
    const places = { ...kept, errors: JSON.stringify(this.#errors), console: (await this.console()).join("\n") };
    const secrets = await this.secrets();
    const spellings = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]);
    return Object.keys(places).filter((place) => spellings.some((spelling) => places[place].includes(spelling)));
  }

  /** @param {string[]} leaks where secrets may have got out */
  async end(leaks) {
    try {
      assert.deepEqual(await this.leaks(), leaks, "a secret got out");
    } finally {
      await this.driver.get("about:blank");
      this.#traffic.stop();
      await Promise.all([this.sso.close(), this.#server.close()]);
    }
  }
}

/**
 * Opens a page of a fresh origin, with a fresh SSO; both end with the test, or when it opens another.
 *
 * @param {import("node:test").TestContext} t
 * @param {object} [config]
 * @param {object | Function} [config.sso] options for `startSso`, or what makes them of `{ origin }`
 * @param {object | Function} [config.options] options for `EsiSecurity`, or what makes them of `{ sso }`
 * @param {URL} [config.pkg] the folder of another build of the package
 * @param {Record<string, [status: number, path: string]>} [config.moved] paths that the page's server redirects, query kept
 * @param {(pathname: string) => { status?: number, headers?: object, change?: Function } | undefined} [config.serve] what
 *   is different about a response: its status, more headers, and what `change` makes of the text of a script or an empty
 *   page, at once or later
 * @param {string[]} [config.leaks] where the test itself lets secrets out
 * @param {boolean} [config.throttled] for `openBrowser`, by the first page of a file
 * @returns {Promise<Page>}
 */
export async function openPage(
  t,
  { sso: ssoOptions, options, pkg = new URL("pkg/", ROOT), moved, serve = () => {}, leaks = [], throttled } = {},
) {
  await endPage?.();
  browser ??= await openBrowser({ throttled });
  const traffic = recordTraffic();
  const server = await startServer({ pkg, moved, serve });
  const sso = await startSso(typeof ssoOptions === "function" ? ssoOptions(server) : ssoOptions);
  const given = typeof options === "function" ? options({ sso }) : options;
  const page = new Page({ browser, sso, server, traffic, options: given });
  endPage = async () => {
    endPage = undefined;
    await page.end(leaks);
  };
  t.after(() => endPage?.());
  await page.open("/");
  // Another test may have had the same port.
  await page.runBare(() => {
    sessionStorage.clear();
    localStorage.clear();
  });
  return page;
}
