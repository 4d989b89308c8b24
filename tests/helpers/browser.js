// A headless Chromium of a test's own: fresh profile, exact viewport, console readable through
// `driver.manage().logs()`. CHROME_BIN and CHROMEDRIVER name other places than Debian's.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser, Builder, logging } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/chrome.js";

const CHROME = process.env.CHROME_BIN ?? "/usr/bin/chromium";
const CHROMEDRIVER = process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver";
const PHONE = 600;

/** A name for this machine that, unlike `localhost`, is no secure context over http. */
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

/**
 * @param {{ width?: number, height?: number, throttled?: boolean }} [config] the viewport in CSS pixels, below 600 it is
 *   a phone's; and whether tabs that are out of sight get as few timers as a user's do
 * @returns {Promise<{ driver: import("selenium-webdriver").WebDriver, close(): Promise<void> }>}
 */
export async function openBrowser({ width = 1280, height = 900, throttled = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "esi-security-browser-"));
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  // Chromium leaves files in the directory for temporary ones, so it gets this one.
  const service = new ServiceBuilder(CHROMEDRIVER).setEnvironment({ ...process.env, TMPDIR: directory });
  try {
    const driver = await new Builder()
      .forBrowser(Browser.CHROME)
      .setChromeService(service)
      .setChromeOptions(optionsFor(join(directory, "profile"), { width, height, throttled }))
      .build();
    const close = async () => {
      await driver.quit().finally(remove);
    };
    return { driver, close };
  } catch (error) {
    await remove();
    throw error;
  }
}
