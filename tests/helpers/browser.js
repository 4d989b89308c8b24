// A headless browser of a test's own, with a fresh profile: Chromium, Firefox or WebKitGTK, as `engine.js` says. Tests
// use it through `openPage` and `openDemo`. All engines have the same few members, so that tests need not know which one
// they run in:
//
//   driver               selenium-webdriver's
//   call(work, ...args)  runs a function in the page, among the page's own globals; arguments and result are plain data
//   console()            what the console said since the last call: `{ level: "error" | "warning" | "info", text }`
//   newTab()             opens an empty tab and switches to it; resolves to its handle
//   close()
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ENGINE } from "./engine.js";

const { INSECURE_HOST, open } = await import(`./engines/${ENGINE}.js`);

/** A name for this machine that, unlike `localhost`, is no secure context over http. */
export { INSECURE_HOST };

/**
 * @typedef {object} Browser
 * @property {import("selenium-webdriver").WebDriver} driver
 * @property {(work: Function | string, ...args: unknown[]) => Promise<unknown>} call
 * @property {() => Promise<{ level: string, text: string }[]>} console
 * @property {() => Promise<string>} newTab
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ width?: number, height?: number, throttled?: boolean }} [config] the viewport in CSS pixels, below 600 it is
 *   a phone's; and whether tabs that are out of sight get as few timers as a user's do
 * @returns {Promise<Browser>}
 */
export async function openBrowser({ width = 1280, height = 900, throttled = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "esi-security-browser-"));
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  try {
    const browser = await open(directory, { width, height, throttled });
    return { ...browser, close: () => browser.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
