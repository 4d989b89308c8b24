// Several tabs of one browser on one session, whose storage was copied from the first one's, as a browser does for
// a duplicated tab and for `window.open`.
import { ENGINE } from "./engine.js";

/** Runs in a tab: does `work` when the word is given, and tells how it ended. */
function obey(word, work) {
  const channel = new BroadcastChannel("the tests' own");
  channel.onmessage = ({ data }) => {
    if (data !== word) return;
    globalThis.outcome = work().then(
      (value) => ({ value }),
      ({ name, code, phase, message }) => ({ error: { name, code, phase, message } }),
    );
  };
}

/** Runs in a tab: from now on it is as in a browser without Web Locks. */
export function withoutLocks() {
  delete Navigator.prototype.locks;
}

export class Tabs {
  #page;
  #handles;

  constructor(page, handles) {
    this.#page = page;
    this.#handles = handles;
  }

  get length() {
    return this.#handles.length;
  }

  /** Has the driver speak to this tab. */
  switchTo(tab) {
    return this.#page.driver.switchTo().window(this.#handles[tab]);
  }

  /** Runs a function in one tab, as `Page.run` does. */
  async run(tab, work, ...args) {
    await this.switchTo(tab);
    return this.#page.run(work, ...args);
  }

  /** Runs a function in each tab, as `Page.runBare` does. */
  async runBareInEach(work, ...args) {
    for (const tab of this.#handles.keys()) {
      await this.switchTo(tab);
      await this.#page.runBare(work, ...args);
    }
  }

  /** Runs a function in each tab, one after the other. */
  async runInEach(work, ...args) {
    const results = [];
    for (const tab of this.#handles.keys()) results.push(await this.run(tab, work, ...args));
    return results;
  }

  /** Has every tab do the same at the same moment; what it gave, or how it failed, by tab. */
  async runAtOnce(work) {
    const word = crypto.randomUUID();
    await this.runInEach(`(given) => (${obey})(${JSON.stringify(word)}, () => (${work})(given))`);
    await this.#page.runBare((spoken) => {
      // Another object of the same channel hears it too, in this tab.
      new BroadcastChannel("the tests' own").postMessage(spoken);
    }, word);
    const outcomes = [];
    for (const tab of this.#handles.keys()) {
      outcomes.push(
        await this.run(tab, async () => {
          while (!globalThis.outcome) await new Promise((resolve) => setTimeout(resolve, 1));
          const { outcome } = globalThis;
          globalThis.outcome = undefined;
          return outcome;
        }),
      );
    }
    return outcomes;
  }

  /** Opens one more, with the storage of the first one as it stands now. */
  async open() {
    await this.switchTo(0);
    const rows = await this.#page.runBare(() => ({ ...sessionStorage }));
    this.#handles.push(await this.#page.newTab());
    await this.#page.open("/");
    await this.#page.runBare((copied) => {
      for (const [key, row] of Object.entries(copied)) sessionStorage.setItem(key, row);
    }, rows);
    return this.length - 1;
  }

  /** Kills the process of a tab, which can do nothing about it; where only Chromium's DevTools can, the tab is closed. */
  async crash(tab) {
    const { driver } = this.#page;
    await this.switchTo(tab);
    if (ENGINE === "chromium") await driver.sendDevToolsCommand("Page.crash").catch(() => {});
    await this.close(tab);
  }

  /** Closes a tab, whatever it is doing. */
  async close(tab) {
    await this.switchTo(tab);
    await this.#page.driver.close();
    this.#handles.splice(tab, 1);
    await this.switchTo(0);
  }

  /** Closes all but the first. */
  async end() {
    while (this.length > 1) await this.close(this.length - 1);
  }
}

/**
 * Opens tabs beside the one that `page` is, with its storage as it stands now.
 *
 * @param {import("node:test").TestContext} t
 * @param {import("./page.js").Page} page
 * @param {number} count of all tabs; every other one is opened by the page itself, and so shares its process
 */
export async function openTabs(t, page, count) {
  const { driver } = page;
  const first = await driver.getWindowHandle();
  const handles = [first];
  const tabs = new Tabs(page, handles);
  t.after(() => tabs.end());
  while (tabs.length < count) {
    if (tabs.length % 2 === 1) {
      await tabs.open();
      continue;
    }
    await driver.switchTo().window(first);
    await page.runBare(() => {
      window.open("/");
    });
    const findOpened = async () => (await driver.getAllWindowHandles()).find((handle) => !handles.includes(handle));
    const opened = await driver.wait(findOpened, 10_000, "no tab was opened");
    handles.push(opened);
    await driver.switchTo().window(opened);
    await driver.wait(
      () => page.runBare(() => document.readyState === "complete" && location.pathname === "/"),
      10_000,
    );
  }
  await driver.switchTo().window(first);
  return tabs;
}
