// WebKitGTK's MiniBrowser, by WebKitWebDriver, on a virtual screen of its own. WEBKIT_BIN, WEBKIT_DRIVER and XVFB name
// other places than Debian's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Builder, Capabilities } from "selenium-webdriver";
import { DriverService } from "selenium-webdriver/remote/index.js";
import { callByScript } from "./script.js";

const MINI_BROWSER = process.env.WEBKIT_BIN ?? "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
const WEBKIT_DRIVER = process.env.WEBKIT_DRIVER ?? "/usr/bin/WebKitWebDriver";
const XVFB = process.env.XVFB ?? "/usr/bin/Xvfb";

/** WebKit has no rules for names of hosts; but this spelling is no secure context there. */
export const INSECURE_HOST = "localhost.";

/** Set by the page's own `setTimeout`, so it must not be a time that tests shorten, such as 30 seconds. */
const SCRIPT_TIMEOUT_MS = 40_001;

/** Starts a virtual screen; it ends with us, and with its last window. */
async function openScreen() {
  const screen = spawn(XVFB, ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp", "-terminate"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const end = () => screen.kill();
  process.once("exit", end);
  const [number] = await Promise.race([
    once(screen.stdio[3], "data"),
    once(screen, "exit").then(([code]) => Promise.reject(new Error(`${XVFB} ended with code ${code}`))),
  ]);
  const close = () => {
    process.off("exit", end);
    end();
  };
  return { display: `:${String(number).trim()}`, close };
}

/** The console's methods, and the level of what they say. */
const METHODS = { error: "error", warn: "warning", log: "info", info: "info", debug: "info" };

/**
 * Runs in a page: from now on the document keeps what its console says, of which WebDriver tells nothing. What a
 * document says before the first call, or between the last one and the moment it leaves by itself, is lost.
 *
 * @returns {{ level: string, text: string }[]} what was said so far
 */
function keepConsole(methods) {
  const key = Symbol.for("the tests' console");
  if (globalThis[key]) return globalThis[key];
  const lines = [];
  Object.defineProperty(globalThis, key, { value: lines });
  const keep = (level, ...said) => lines.push({ level, text: said.map(String).join(" ") });
  for (const [name, level] of Object.entries(methods)) {
    const { [name]: original } = console;
    console[name] = (...said) => {
      keep(level, ...said);
      original.apply(console, said);
    };
  }
  addEventListener("error", ({ message }) => keep("error", message));
  addEventListener("unhandledrejection", ({ reason }) => keep("error", "unhandled rejection:", reason));
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    keep("error", "refused by the content security policy:", violatedDirective, blockedURI),
  );
  return lines;
}

const KEEP_CONSOLE = `(${keepConsole})(${JSON.stringify(METHODS)})`;

/** @returns {Promise<import("../browser.js").Browser>} */
export async function open(directory, { width, height }) {
  const screen = await openScreen();
  const env = { ...process.env, DISPLAY: screen.display, TMPDIR: directory, HOME: directory };
  const service = new DriverService.Builder(WEBKIT_DRIVER).setLoopback(true).setEnvironment(env).build();
  const close = async () => {
    await service.kill();
    screen.close();
  };
  try {
    const capabilities = new Capabilities({
      browserName: "MiniBrowser",
      "webkitgtk:browserOptions": {
        binary: MINI_BROWSER,
        args: ["--automation", "--javascript-can-open-windows-automatically=true"],
      },
    });
    const driver = await new Builder()
      .usingServer(await service.start())
      .withCapabilities(capabilities)
      .build();
    const call = (work, ...args) =>
      callByScript(driver, `(...args) => { ${KEEP_CONSOLE}; return (${work})(...args); }`, args);

    /** The window's own bars take some of its height. */
    async function setViewport() {
      await driver.manage().window().setRect({ width, height });
      const inner = await driver.executeScript("return innerHeight");
      await driver
        .manage()
        .window()
        .setRect({ width, height: 2 * height - inner });
    }

    await driver.manage().setTimeouts({ script: SCRIPT_TIMEOUT_MS });
    await setViewport();
    return {
      driver,
      call,
      console: () => driver.executeScript(`return ${KEEP_CONSOLE}.splice(0)`),
      // A tab would be out of sight, and a page there cannot open others.
      newTab: async () => {
        await driver.switchTo().newWindow("window");
        await setViewport();
        return driver.getWindowHandle();
      },
      close: () => driver.quit().finally(close),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
