// Chromium, by chromedriver. CHROME_BIN and CHROMEDRIVER name other places than Debian's.
import { join } from "node:path";
import { Browser, Builder, logging } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/chrome.js";
import { callByScript } from "./script.js";

const CHROME = process.env.CHROME_BIN ?? "/usr/bin/chromium";
const CHROMEDRIVER = process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver";
const PHONE = 600;

export const INSECURE_HOST = "insecure.example";

const FLAGS = [
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${INSECURE_HOST} localhost`,
];

/** What a driver switches off, so that pages behind others run as fast as the one in front. */
const SLOWING_DOWN = [
  "disable-background-timer-throttling",
  "disable-backgrounding-occluded-windows",
  "disable-renderer-backgrounding",
];

/** A minute between two timers comes at once, not after five minutes out of sight. */
const AT_ONCE = "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/0";

const LEVELS = { SEVERE: "error", WARNING: "warning" };

function optionsFor(profile, { width, height, throttled }) {
  const options = new Options();
  options.setBinaryPath(CHROME);
  options.addArguments(...FLAGS, `--user-data-dir=${profile}`);
  // Chromium's sandbox refuses to run as root.
  if (process.getuid?.() === 0) options.addArguments("--no-sandbox");
  // Windows cannot be narrower than about 500 pixels; an emulated screen can, in every tab.
  const phone = width < PHONE;
  options.setMobileEmulation({ deviceMetrics: { width, height, pixelRatio: 1, mobile: phone, touch: phone } });
  if (throttled) options.excludeSwitches(...SLOWING_DOWN).addArguments(AT_ONCE);
  const logs = new logging.Preferences();
  logs.setLevel(logging.Type.BROWSER, logging.Level.ALL);
  options.setLoggingPrefs(logs);
  return options;
}

/** @returns {Promise<import("../browser.js").Browser>} */
export async function open(directory, config) {
  // Chromium leaves files in the directory for temporary ones, so it gets this one.
  const service = new ServiceBuilder(CHROMEDRIVER).setEnvironment({ ...process.env, TMPDIR: directory });
  const driver = await new Builder()
    .forBrowser(Browser.CHROME)
    .setChromeService(service)
    .setChromeOptions(optionsFor(join(directory, "profile"), config))
    .build();
  return {
    driver,
    call: (work, ...args) => callByScript(driver, work, args),
    // Without the first word: what wrote the line, for Chromium's own lines the page's address.
    console: async () =>
      (await driver.manage().logs().get("browser")).map(({ level, message }) => ({
        level: LEVELS[level.name] ?? "info",
        text: message.slice(message.indexOf(" ") + 1),
      })),
    newTab: async () => {
      await driver.switchTo().newWindow("tab");
      return driver.getWindowHandle();
    },
    close: () => driver.quit(),
  };
}
