// An app with the packed package in it: made in a folder of its own, built by its bundler, served under a strict policy,
// and used in a browser for a whole login against a local SSO.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { after } from "node:test";
import { By, until } from "selenium-webdriver";
import { pack } from "../../scripts/pack.js";
import { ROOT, run } from "../../scripts/run.js";
import { startSso } from "../../sso/index.js";
import { openBrowser } from "../helpers/browser.js";
import { ENGINE } from "../helpers/engine.js";
import { recordTraffic } from "../helpers/traffic.js";
import { serve } from "./serve.js";

const FOLDER = join(ROOT, "tests/package");

/** Beside `node_modules`, so that the apps find their bundlers there. */
const APPS = join(FOLDER, ".apps");

export const CHARACTER = { id: 2119000101, name: "Ilmari Vesk" };

/** How long the browser may take for a step, in milliseconds. */
const STEP_TIMEOUT_MS = 20_000;

/** The local SSO's pages have none, and Firefox says that their policy would forbid it. */
const SSO_ICON = "/favicon.ico";

/** What each app does: a login, the verified claims, a refresh. */
const MAIN = `
import { EsiSecurity } from "esi-security";
import { options } from "./options.js";

const show = (text) => {
  document.querySelector("#status").textContent = text;
};

async function run() {
  const security = await EsiSecurity.create({ ...options, redirectUri: location.origin + "/callback" });
  await security.handleRedirect();
  if (security.state === "signed-out") {
    document.querySelector("#login").addEventListener("click", () => security.login());
    return show("signed out");
  }
  const { name } = await security.verify();
  await security.refresh();
  return show("logged in: " + name);
}

export const start = () => run().catch((error) => show(error.code + ": " + error.message));
`;

export const BODY = '<button id="login">Log in</button><p id="status"></p>';

/** A page for bundlers, with its script. */
export const page = (script) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,"></head>` +
  `<body>${BODY}${script}</body></html>`;

/** A folder for everything of this process, which the apps of others do not meet. */
let folder;
let tarball;
let browser;
after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function packAnew() {
  await mkdir(APPS, { recursive: true });
  folder = await mkdtemp(join(APPS, "run-"));
  return pack(folder);
}

/** Packs, once in each process. */
export function packOnce() {
  tarball ??= packAnew();
  return tarball;
}

const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };

/** Runs a script of an installed package. */
export function runTool(script, args, cwd = FOLDER) {
  return run(process.execPath, [join(FOLDER, "node_modules", script), ...args], { cwd, env, shown: false });
}

class App {
  constructor(folder, sso) {
    this.folder = folder;
    this.sso = sso;
  }

  async write(files) {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, name)), { recursive: true });
      await writeFile(join(this.folder, name), text);
    }
  }

  /** Runs a script of an installed package in the app's folder. */
  run(script, ...args) {
    return runTool(script, args, this.folder);
  }

  /** Starts a server by such a script; gives its origin once it says which. */
  async start(t, script, ...args) {
    const given = [join(FOLDER, "node_modules", script), ...args];
    const server = spawn(process.execPath, given, { cwd: this.folder, env, stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => server.kill() && once(server, "exit"));
    return new Promise((resolve, reject) => {
      let printed = "";
      server.stdout.on("data", (chunk) => {
        printed += chunk;
        const [origin] = printed.match(/http:\/\/localhost:\d+/) ?? [];
        if (origin) resolve(origin);
      });
      server.once("exit", () => reject(new Error(`The server has ended: ${printed}`)));
    });
  }

  /** Runs what a document tells to type. */
  runCommands(commands) {
    const path = `${join(FOLDER, "node_modules/.bin")}${delimiter}${process.env.PATH}`;
    return run("sh", ["-e", "-c", commands], { cwd: this.folder, env: { ...process.env, PATH: path }, shown: false });
  }

  /** The files below a folder whose names end so. */
  async files(folder, end) {
    const all = await readdir(join(this.folder, folder), { recursive: true });
    return all.filter((name) => name.endsWith(end));
  }

  /** Serves what was built, with one WebAssembly file in it, and logs in there. */
  async serveAndLogIn(t, folder, initiators) {
    const modules = await this.files(folder, ".wasm");
    assert.equal(modules.length, 1, modules.join(", "));
    const server = await serve(join(this.folder, folder));
    t.after(() => server.close());
    await this.logIn(server.origin, initiators);
  }

  /** A whole login at an origin, with the token worker in use; the module is asked for by what `initiators` names. */
  async logIn(origin, initiators = ["fetch"]) {
    const { driver, console } = await openOnce();
    const traffic = recordTraffic();
    try {
      await console();
      await driver.get(`${origin}/`);
      assert.equal(await readStatus(), "signed out");
      await driver.findElement(By.id("login")).click();
      const card = By.css(`input[value="${CHARACTER.id}"]`);
      await driver.wait(until.elementLocated(card), STEP_TIMEOUT_MS).click();
      await driver.findElement(By.css("button[value=authorize]")).click();
      await driver.wait(until.urlContains(`${origin}/callback`), STEP_TIMEOUT_MS);
      assert.equal(await readStatus(), `logged in: ${CHARACTER.name}`);
      await checkRequests(origin, traffic.exchanges);
      assert.deepEqual(await initiatorsOf(".wasm"), initiators);
      // The console says where a policy blocks something, and where the worker is not in use.
      assert.deepEqual(
        (await console()).filter(({ level, text }) => level !== "info" && !text.includes(SSO_ICON)),
        [],
      );
    } finally {
      traffic.stop();
    }
  }

  /** Opens the app where it cannot load the package: the error names what mends that. */
  async failsToLoad(origin, remedy) {
    const { driver } = await openOnce();
    await driver.get(`${origin}/`);
    const status = await readStatus();
    assert.ok(status.startsWith("load_failed: ") && status.includes(remedy), status);
  }
}

async function openOnce() {
  browser ??= await openBrowser();
  return browser;
}

/** What the app shows, once it does. */
async function readStatus() {
  const { driver } = browser;
  const element = await driver.wait(until.elementLocated(By.id("status")), STEP_TIMEOUT_MS);
  await driver.wait(async () => (await element.getText()) !== "", STEP_TIMEOUT_MS, "the app shows nothing");
  return element.getText();
}

/** Who asks for the module where the page's head does first. WebKit asks again for what `fetch` wants. */
export const PRELOADED = ENGINE === "webkit" ? ["link", "fetch"] : ["link"];

/** What began the requests for files whose names end so, in the page that is open. */
const initiatorsOf = (end) =>
  browser.call(
    (suffix) =>
      performance
        .getEntriesByType("resource")
        .filter(({ name }) => new URL(name).pathname.endsWith(suffix))
        .map(({ initiatorType }) => initiatorType),
    end,
  );

/** The worker has sent both token requests, from the app's own origin. */
async function checkRequests(origin, exchanges) {
  const tokens = exchanges.filter(({ path, method }) => path === "/v2/oauth/token" && method === "POST");
  assert.deepEqual(
    tokens.map(({ status, headers, form }) => [status, headers.origin, form.get("grant_type")]),
    [
      [200, origin, "authorization_code"],
      [200, origin, "refresh_token"],
    ],
  );
  const requested = await browser.call(() => performance.getEntriesByType("resource").map(({ name }) => name));
  assert.deepEqual(
    requested.filter((address) => address.endsWith("/v2/oauth/token")),
    [],
    "the page has sent token requests itself",
  );
  // Only Chromium's DevTools list shared workers.
  if (ENGINE !== "chromium") return;
  const { targetInfos } = await browser.driver.sendAndGetDevToolsCommand("Target.getTargets");
  const workers = targetInfos.filter(({ type, url }) => type === "shared_worker" && url.startsWith(`${origin}/`));
  assert.equal(workers.length, 1, JSON.stringify(targetInfos));
}

/**
 * Makes an app, with the tarball installed in it.
 *
 * @param {import("node:test").TestContext} t
 * @param {Record<string, string>} files by name, beside those that every app has
 */
export async function makeApp(t, files) {
  const { file } = await packOnce();
  const own = await mkdtemp(join(folder, "app-"));
  const sso = await startSso();
  t.after(() => sso.close());
  const app = new App(own, sso);
  const options = {
    clientId: "esi-security-demo",
    scopes: ["esi-skills.read_skills.v1"],
    ssoEndpointsUrl: sso.discoveryUrl,
    headers: { "User-Agent": "App/1.0 (app@example.com)" },
  };
  await app.write({
    "package.json": JSON.stringify({ name: "app", private: true, type: "module" }),
    "src/main.js": MAIN,
    "src/options.js": `export const options = ${JSON.stringify(options)};\n`,
    ...files,
  });
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--no-package-lock", file], {
    cwd: own,
    shown: false,
  });
  return app;
}
