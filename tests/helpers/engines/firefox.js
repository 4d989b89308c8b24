// Firefox, by geckodriver, which set-up puts on PATH or into `.tools`. FIREFOX_BIN names another place than Debian's.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Browser, Builder } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/firefox.js";
import { TOOLS, which } from "../../../scripts/toolchain.js";

const FIREFOX = process.env.FIREFOX_BIN ?? "/usr/bin/firefox-esr";
const [GECKODRIVER = which("geckodriver")] = [join(TOOLS, "bin/geckodriver")].filter(existsSync);

export const INSECURE_HOST = "insecure.example";

const PREFERENCES = {
  "network.dns.localDomains": INSECURE_HOST,
  // It sends a request again that dies unanswered, a GET ten times and a POST once: tests count what the page has sent.
  "network.http.request.max-attempts": 1,
  // Pages behind others run as fast as the one in front.
  "dom.min_background_timeout_value": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
};

const LEVELS = { error: "error", warn: "warning" };

/** @returns {Promise<import("../browser.js").Browser>} */
export async function open(directory, { width, height }) {
  const options = new Options().setBinary(FIREFOX).addArguments("-headless").enableBidi();
  for (const [name, value] of Object.entries(PREFERENCES)) options.setPreference(name, value);
  // geckodriver puts the profile into the directory for temporary files.
  const service = new ServiceBuilder(GECKODRIVER).setEnvironment({ ...process.env, TMPDIR: directory });
  const driver = await new Builder()
    .forBrowser(Browser.FIREFOX)
    .setFirefoxService(service)
    .setFirefoxOptions(options)
    .build();
  const bidi = await driver.getBidi();
  const send = async (method, params) => {
    const { type, result, message } = await bidi.send({ method, params });
    if (type === "error") throw new Error(message);
    return result;
  };
  const lines = [];
  bidi.on("log.entryAdded", ({ level, text }) => lines.push({ level: LEVELS[level] ?? "info", text }));
  await bidi.subscribe("log.entryAdded");

  /** Classic WebDriver would run it in a sandbox, whose `globalThis` is not the page's. */
  async function call(work, ...args) {
    const { result, exceptionDetails } = await send("script.callFunction", {
      functionDeclaration: `async (args) => JSON.stringify({ value: await (${work})(...JSON.parse(args)) })`,
      arguments: [{ type: "string", value: JSON.stringify(args) }],
      target: { context: await driver.getWindowHandle() },
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return JSON.parse(result.value).value;
  }

  async function setViewport() {
    const context = await driver.getWindowHandle();
    await send("browsingContext.setViewport", { context, viewport: { width, height } });
    return context;
  }

  await setViewport();
  return {
    driver,
    call,
    console: async () => lines.splice(0),
    newTab: async () => {
      await driver.switchTo().newWindow("tab");
      return setViewport();
    },
    close: () => driver.quit(),
  };
}
