// Which programs build and test this project, and the environment that names them to all others: nobody
// has to set PATH by hand.
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { output, ROOT } from "./run.js";

export const TARGET = "wasm32-unknown-unknown";

/** Where `cargo install` puts what only this project needs. */
export const TOOLS = join(ROOT, ".tools");

const CHROMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const FIREFOXES = ["firefox-esr", "firefox"];
const WEBKITS = ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"];

/** @returns {NodeJS.ProcessEnv} ours, with folders in front of its PATH */
function withPath(...folders) {
  return { ...process.env, PATH: [...folders, process.env.PATH].join(delimiter) };
}

/** The environment in which Debian's Rust comes first, and yet the Node that runs us before any other. */
export function debianRust() {
  return withPath(dirname(process.execPath), "/usr/bin");
}

/** The second number of a version 1.x, of Rust. */
function minor(text, pattern) {
  return Number(pattern.exec(text ?? "")?.[1] ?? 0);
}

/** The compiler and its version, `rustc -vV`. */
export function describeRust(env) {
  return output("rustc", ["-vV"], env);
}

/** The oldest Rust that this project compiles with, 1.x. */
export function oldestRust() {
  return minor(readFileSync(join(ROOT, "Cargo.toml"), "utf8"), /^rust-version = "1\.(\d+)/m);
}

/** True if the Rust of this environment is new enough, and compiles and links for wasm32. */
function buildsForWasm(env) {
  if (output("cargo", ["--version"], env) === null) return false;
  if (minor(describeRust(env), /^release: 1\.(\d+)/m) < oldestRust()) return false;
  const folder = mkdtempSync(join(tmpdir(), "esi-security-"));
  // Only a link tells that the standard library is there, whole, and of this very compiler.
  const args = [
    "--target",
    TARGET,
    "--crate-type",
    "cdylib",
    "--crate-name",
    "probe",
    "--out-dir",
    folder,
    "/dev/null",
  ];
  try {
    return output("rustc", args, env) !== null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The environment of a Rust that can build this project: the one on PATH, else Debian's; null without one. */
export function findRust() {
  return [withPath(), debianRust()].find(buildsForWasm) ?? null;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first program of this name on PATH. */
export function which(name) {
  return process.env.PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function majorVersion(program) {
  return program && /(\d+)\.\d/.exec(output(program, ["--version"]) ?? "")?.[1];
}

/**
 * Chromium or Chrome, and its driver, which must be of the same major version; null without such a pair.
 * CHROME_BIN and CHROMEDRIVER come before PATH.
 *
 * @returns {{ CHROME_BIN: string, CHROMEDRIVER: string } | null}
 */
export function findChromium() {
  const driver = process.env.CHROMEDRIVER ?? which("chromedriver");
  const version = majorVersion(driver);
  const chromes = process.env.CHROME_BIN ? [process.env.CHROME_BIN] : CHROMES.map(which);
  const chrome = version && chromes.find((program) => majorVersion(program) === version);
  return chrome ? { CHROME_BIN: chrome, CHROMEDRIVER: driver } : null;
}

/**
 * Firefox; null without it. FIREFOX_BIN comes before PATH.
 *
 * @returns {{ FIREFOX_BIN: string } | null}
 */
export function findFirefox() {
  const firefox = process.env.FIREFOX_BIN ?? FIREFOXES.map(which).find(Boolean);
  return majorVersion(firefox) ? { FIREFOX_BIN: firefox } : null;
}

/** The folders in which distributions put what belongs to WebKitGTK: `/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1`. */
function webKitFolders() {
  const roots = ["/usr/lib", "/usr/lib64", "/usr/libexec"].filter(existsSync);
  const folders = (folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name));
  return [...roots, ...roots.flatMap(folders)]
    .flatMap((folder) => WEBKITS.map((name) => join(folder, name)))
    .filter(existsSync);
}

/**
 * WebKitGTK's small browser, its driver, and a screen for it; null unless all three are there. WEBKIT_BIN,
 * WEBKIT_DRIVER and XVFB come before what is found.
 *
 * @returns {{ WEBKIT_BIN: string, WEBKIT_DRIVER: string, XVFB: string } | null}
 */
export function findWebKit() {
  const browsers = webKitFolders().map((folder) => join(folder, "MiniBrowser"));
  const browser = process.env.WEBKIT_BIN ?? browsers.find(isProgram);
  const driver = process.env.WEBKIT_DRIVER ?? which("WebKitWebDriver");
  const screen = process.env.XVFB ?? which("Xvfb");
  return browser && driver && screen ? { WEBKIT_BIN: browser, WEBKIT_DRIVER: driver, XVFB: screen } : null;
}

/**
 * The environment for everything that builds or tests.
 *
 * @param {NodeJS.ProcessEnv} rust from {@link findRust}
 * @param {Record<string, string>[]} [browsers] from {@link findChromium} and its like
 * @returns {NodeJS.ProcessEnv}
 */
export function environment(rust, browsers = []) {
  return Object.assign({}, rust, ...browsers, {
    PATH: [join(TOOLS, "bin"), join(ROOT, "node_modules/.bin"), rust.PATH].join(delimiter),
  });
}
