// The browsers that the tests run in, each with what drives it. geckodriver, which Debian does not have, is one of
// the tools that Cargo installs.
import { findChromium, findFirefox, findWebKit } from "../toolchain.js";
import { installPackages } from "./apt.js";

/** @returns {import("../setup.js").Part<Record<string, string>>} */
function browser(name, takes, packages, elsewhere, find) {
  return {
    name,
    takes,
    byHand: `apt-get install ${packages.join(" ")} (elsewhere: ${elsewhere})`,
    find,
    install: () => installPackages(packages),
  };
}

export const browsers = {
  chromium: browser(
    "Chromium or Chrome, with a chromedriver of the same version",
    "a minute",
    ["chromium", "chromium-driver"],
    "name both with CHROME_BIN and CHROMEDRIVER",
    findChromium,
  ),
  firefox: browser("Firefox", "a minute", ["firefox-esr"], "name it with FIREFOX_BIN", findFirefox),
  webkit: browser(
    "WebKitGTK's MiniBrowser, with WebKitWebDriver and Xvfb",
    "a minute",
    ["webkit2gtk-driver", "xvfb"],
    "name them with WEBKIT_BIN, WEBKIT_DRIVER and XVFB",
    findWebKit,
  ),
};
