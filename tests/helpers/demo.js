// The demo as a pilot has it: served with a local SSO of its own, and used by what can be seen and pressed.
import { after } from "node:test";
import { By, Key } from "selenium-webdriver";
import { startDemo } from "../../scripts/demo.js";
import { openBrowser } from "./browser.js";

/** How long a condition may take, in milliseconds. */
const PATIENCE = 10_000;

class Demo {
  #browser;
  #driver;

  constructor(browser, origin, sso) {
    this.#browser = browser;
    this.#driver = browser.driver;
    this.origin = origin;
    this.sso = sso;
  }

  /** Waits until a condition holds, and tells what stood there if it never does. */
  async waitFor(look, holds, what) {
    let seen;
    try {
      await this.#driver.wait(async () => {
        seen = await look();
        return holds(seen);
      }, PATIENCE);
    } catch (error) {
      if (error.name !== "TimeoutError") throw error;
      throw new Error(`${what}; there was: ${seen}`, { cause: error });
    }
    return seen;
  }

  #run(script, ...args) {
    return this.#browser.call(`function () { ${script} }`, ...args);
  }

  async open(path) {
    await this.#driver.get(this.origin + path);
    await this.#waitUntilReady();
  }

  /** Back from the login page. */
  async back() {
    await this.#driver.navigate().back();
    await this.waitForAddress(`${this.origin}/`);
    await this.#waitUntilReady();
  }

  #waitUntilReady() {
    return this.waitFor(
      () => this.#run("return document.querySelector('[data-for=loading]')?.hidden"),
      (ready) => ready === true,
      "the demo did not get ready",
    );
  }

  find(selector) {
    return this.#driver.findElement(By.css(selector));
  }

  findAll(selector) {
    return this.#driver.findElements(By.css(selector));
  }

  async click(id) {
    await (await this.find(`#${id}`)).click();
  }

  async choose(id, label) {
    const options = await this.findAll(`#${id} option`);
    const labels = await Promise.all(options.map((option) => option.getText()));
    const index = labels.indexOf(label);
    if (index < 0) throw new Error(`no "${label}" in #${id}; there are: ${labels.join(", ")}`);
    await options[index].click();
  }

  press(...keys) {
    return this.#driver
      .actions()
      .sendKeys(...keys)
      .perform();
  }

  /** What can be read, line by line. */
  text(id) {
    return this.#run(
      "const it = document.getElementById(arguments[0]); return it.checkVisibility() ? it.innerText.trim() : ''",
      id,
    );
  }

  async attribute(id, name) {
    return (await this.find(`#${id}`)).getAttribute(name);
  }

  isVisible(id) {
    return this.#run("return document.getElementById(arguments[0]).checkVisibility()", id);
  }

  waitForText(id, pattern) {
    return this.waitFor(
      () => this.text(id),
      (text) => pattern.test(text),
      `#${id} did not come to say ${pattern}`,
    );
  }

  /** Waits until a button's work is done. */
  waitForIdle(id) {
    return this.waitFor(
      () => this.attribute(id, "aria-busy"),
      (busy) => busy === null,
      `#${id} stays busy`,
    );
  }

  waitForLog(pattern) {
    return this.waitForText("log", pattern);
  }

  waitForVerdict(verdict) {
    const look = () =>
      this.#run(
        "const it = document.querySelector('#licence'); return it?.checkVisibility() ? it.dataset.verdict : null",
      );
    return this.waitFor(look, (seen) => seen === verdict, `the licence did not become ${verdict}`);
  }

  waitForAddress(beginning) {
    return this.waitFor(
      () => this.address(),
      (address) => address.startsWith(beginning),
      `the address did not become ${beginning}`,
    );
  }

  // The SSO's page.

  async waitForLoginPage() {
    await this.waitForAddress(`${this.sso.issuer}/login/`);
    await this.waitFor(
      () => this.findAll("button[value=authorize]"),
      (buttons) => buttons.length === 1,
      "there is no login page",
    );
  }

  /** @param {{ character?: string, cancel?: boolean }} answer */
  async answerLogin({ character, cancel = false }) {
    await this.waitForLoginPage();
    if (character) await (await this.find(`input[value="${character}"]`)).click();
    await (await this.find(`button[value=${cancel ? "cancel" : "authorize"}]`)).click();
    await this.waitForAddress(this.origin);
  }

  async logIn({ character }) {
    await this.click("login");
    await this.answerLogin({ character });
    await this.waitForVerdict("verified");
  }

  // The keyboard.

  /** The id of the element with the focus. */
  focused() {
    return this.#run("return document.activeElement.id");
  }

  tabTo(id, options) {
    return this.tabToSelector(`#${id}`, options);
  }

  /** Presses Tab until it is there; every stop on the way must show that it has the focus. */
  async tabToSelector(selector, { backwards = false } = {}) {
    const back = () => this.#driver.actions().keyDown(Key.SHIFT).sendKeys(Key.TAB).keyUp(Key.SHIFT).perform();
    const move = backwards ? back : () => this.press(Key.TAB);
    const stops = [];
    while (stops.length < 60) {
      await move();
      const stop = await this.#run(
        `const it = document.activeElement;
        const ring = it.closest("label") ?? it;
        const drawn = [it, ring].some((part) => getComputedStyle(part).outlineStyle !== "none");
        return { name: it.id || it.value || it.tagName, drawn, body: it === document.body, there: it.matches(arguments[0]) };`,
        selector,
      );
      if (!stop.drawn && !stop.body) throw new Error(`nothing shows that ${stop.name} has the focus`);
      if (stop.there) return;
      stops.push(stop.name);
    }
    throw new Error(`${selector} cannot be reached by Tab: ${stops.join(", ")}`);
  }

  // What is and is not there.

  address() {
    return this.#driver.getCurrentUrl();
  }

  title() {
    return this.#driver.getTitle();
  }

  html() {
    return this.#run("return document.documentElement.outerHTML");
  }

  /** How wide the viewport is, and how much of the document does not fit into it, in CSS pixels. */
  width() {
    return this.#run(`
      const { scrollWidth, clientWidth } = document.documentElement;
      return { viewport: innerWidth, overflow: scrollWidth - clientWidth };
    `);
  }

  /** What could be scrolled sideways, by id or class. */
  sidewaysScrollers() {
    return this.#run(`
      const scrolls = (it) => /auto|scroll/.test(getComputedStyle(it).overflowX) && it.scrollWidth > it.clientWidth;
      return [...document.querySelectorAll("body *")].filter(scrolls).map((it) => it.id || it.className || it.tagName);
    `);
  }

  /** The tokens that the page holds, from where the package keeps them. */
  tokens() {
    return this.#run(`
      const rows = Object.keys(sessionStorage).filter((key) => key.includes("/session/")).map((key) => sessionStorage[key]);
      const texts = (value) => typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(texts);
      const secrets = ({ lineage, ...row }) => texts(row);
      return rows.flatMap((row) => secrets(JSON.parse(row))).filter((text) => text.length >= 16);
    `);
  }

  /** The requests that the servers have seen for a path. */
  requests(path) {
    return this.sso.requests.filter((request) => request.path === path && request.method !== "OPTIONS");
  }

  /** What the console says, and has not said before. */
  async console() {
    return (await this.#browser.console()).map(({ level, text }) => `${level}: ${text}`);
  }

  /** Warnings and errors, with violations of the page's security policy among them. */
  async complaints() {
    return (await this.console()).filter((line) => /^(error|warning)/.test(line));
  }

  // The browser's circumstances.

  /** @returns {Promise<boolean>} whether there were any */
  forgetSettings() {
    return this.#run("const there = localStorage.length > 0; localStorage.clear(); return there;");
  }

  /** Lets no request to these addresses out. */
  async forbid(...urls) {
    await this.#driver.sendDevToolsCommand("Network.enable", {});
    await this.#driver.sendDevToolsCommand("Network.setBlockedURLs", { urls });
  }

  markDocument() {
    return this.#run("window.marked = true");
  }

  /** The document becomes another one than that which was marked. */
  waitForNewDocument() {
    return this.waitFor(
      () => this.#run("return window.marked === undefined"),
      (isNew) => isNew,
      "the page did not start anew",
    );
  }

  /** What a browser tells a page that it kept; whether it keeps one is its own affair. */
  returnFromCache() {
    return this.#run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
  }

  /** From now on this document gets the answers from these addresses only after `releaseAnswers`. */
  holdAnswers(part) {
    return this.#run(
      `const { fetch } = window;
      const released = new Promise((resolve) => { window.releaseAnswers = resolve; });
      window.held = 0;
      window.fetch = async (request) => {
        const response = await fetch(request);
        if (new URL(response.url).pathname === arguments[0]) {
          window.held += 1;
          await released;
        }
        return response;
      };`,
      part,
    );
  }

  waitForHeldAnswers() {
    return this.waitFor(
      () => this.#run("return window.held"),
      (held) => held > 0,
      "no answer was held back",
    );
  }

  releaseAnswers() {
    return this.#run("window.releaseAnswers()");
  }

  async preferReducedMotion() {
    const features = [{ name: "prefers-reduced-motion", value: "reduce" }];
    await this.#driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features });
  }

  runningAnimations() {
    return this.#run("return document.getAnimations().filter(({ playState }) => playState === 'running').length");
  }

  /** The longest animation or transition that any element could make, in seconds. */
  longestMotion() {
    return this.#run(`
      const seconds = (list) => list.split(",").map((text) => parseFloat(text) / (text.includes("ms") ? 1000 : 1));
      const styles = [...document.querySelectorAll("*")].flatMap((it) => [null, "::before", "::after"].map((part) => getComputedStyle(it, part)));
      return Math.max(...styles.flatMap(({ animationDuration, transitionDuration }) => [...seconds(animationDuration), ...seconds(transitionDuration)]));
    `);
  }
}

/** One browser for each size, for all tests of a file. */
const browsers = new Map();

after(async () => {
  for (const browser of browsers.values()) await (await browser).close();
});

function browserOf(viewport) {
  const size = JSON.stringify(viewport);
  if (!browsers.has(size)) browsers.set(size, openBrowser(viewport));
  return browsers.get(size);
}

/**
 * Opens the demo in a tab of its own; it ends with the test.
 *
 * @param {import("node:test").TestContext} t
 * @param {{ width?: number, height?: number }} [viewport]
 */
export async function openDemo(t, viewport) {
  const { url, sso, close } = await startDemo();
  t.after(close);
  const browser = await browserOf(viewport);
  const { driver } = browser;
  const [first] = await driver.getAllWindowHandles();
  await browser.newTab();
  t.after(async () => {
    await driver.close();
    await driver.switchTo().window(first);
  });
  const demo = new Demo(browser, new URL(url).origin, sso);
  await demo.open("/");
  // What an earlier test left: its console, and its settings if it had the same port.
  await demo.console();
  if (await demo.forgetSettings()) await demo.open("/");
  return demo;
}
