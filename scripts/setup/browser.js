// Chromium and the driver of its version, for the tests.
import { findBrowser } from "../toolchain.js";
import { installPackages } from "./apt.js";

const PACKAGES = ["chromium", "chromium-driver"];

/** @type {import("../setup.js").Part<{ chrome: string, driver: string }>} */
export const browser = {
  name: "Chromium or Chrome, with a chromedriver of the same version",
  takes: "a minute",
  byHand: `apt-get install ${PACKAGES.join(" ")} (elsewhere: name both with CHROME_BIN and CHROMEDRIVER)`,
  find: findBrowser,
  install: () => installPackages(PACKAGES),
};
