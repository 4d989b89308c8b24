// Where a chapter is measured: the clients' pages, of an origin of their own, in a headless Chromium, and a local SSO.
import { startSso } from "../sso/index.js";
import { authorizeByForm } from "../tests/helpers/login.js";
import { CHARACTER_ID, CLIENT_ID, SCOPES } from "../tests/helpers/oauth.js";
import { serveBundles } from "./server.js";

/** How long a script in the page may take, in milliseconds. */
const PATIENCE = 300_000;

/** Sent into the page: runs `WORK` and tells how it ended. */
const HARNESS = `
  const done = arguments[arguments.length - 1];
  (async () => (WORK)(...arguments[0]))().then(
    (value) => done({ value }),
    (error) => done({ failure: [error?.error ?? error?.code, error?.message ?? error].filter(Boolean).join(": ") }),
  );
`;

/** @returns {Omit<import("./clients.js").Settings, "redirectUri">} */
export const settingsFor = (sso) => ({
  issuer: sso.issuer,
  discoveryUrl: sso.discoveryUrl,
  jwksUri: new URL("/oauth/jwks", sso.discoveryUrl).href,
  clientId: CLIENT_ID,
  scopes: SCOPES,
});

class Stage {
  constructor({ driver, sso, server, bundles, effort }) {
    this.driver = driver;
    this.sso = sso;
    this.server = server;
    this.settings = settingsFor(sso);
    this.bundles = bundles;
    this.effort = effort;
  }

  /** Of these clients the ones that there are. */
  among(...names) {
    return names.filter((name) => this.bundles.has(name));
  }

  /**
   * Runs a function in the page.
   *
   * @param {Function} work its text is what is sent
   * @param {...unknown} args plain data
   */
  async run(work, ...args) {
    const script = HARNESS.replace("WORK", () => String(work));
    const { value, failure } = await this.driver.executeAsyncScript(script, args);
    if (failure) throw new Error(failure);
    return value;
  }

  /** A page with nothing in it. */
  async openBlank() {
    await this.driver.get(`${this.server.origin}/`);
  }

  /** A client's page, or with an address its redirect URI; gives the time until there was an object to use. */
  async open(client, address = this.server.redirectUri(client)) {
    await this.driver.get(address);
    return this.run(() => globalThis.ready);
  }

  /** Begins a login in the page that is open, and answers the SSO as a pilot would: where that leads. */
  async authorize() {
    const authorizeUrl = await this.run(() => globalThis.client.login());
    const back = await authorizeByForm({ authorizeUrl, characterId: CHARACTER_ID });
    const { searchParams } = new URL(back);
    if (searchParams.has("error")) {
      throw new Error(`${searchParams.get("error")}: ${searchParams.get("error_description")}`);
    }
    return back;
  }

  /** As a browser that has never been here. */
  async forget() {
    await this.openBlank();
    await this.run(() => {
      sessionStorage.clear();
      localStorage.clear();
    });
    await this.clearCache();
  }

  clearCache() {
    return this.driver.sendDevToolsCommand("Network.clearBrowserCache");
  }
}

/**
 * @template Result
 * @param {{ driver: import("selenium-webdriver").WebDriver, bundles: import("./bundles.js").Bundles, effort: object }} given
 *   `effort` is how much is done, see index.js
 * @param {(stage: Stage) => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withStage({ driver, bundles, effort }, work) {
  const sso = await startSso();
  const server = await serveBundles(bundles, settingsFor(sso));
  try {
    await driver.manage().setTimeouts({ script: PATIENCE });
    return await work(new Stage({ driver, sso, server, bundles, effort }));
  } finally {
    await driver.get("about:blank");
    await Promise.all([sso.close(), server.close()]);
  }
}
