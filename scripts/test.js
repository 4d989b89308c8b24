// `npm test` runs the everyday steps, `npm run test:all` (`--all`) each test in each engine as often as it takes to
// find what is rare; with names, `node scripts/test.js rust web`, just those steps. `--browser firefox` runs the steps
// `e2e` and `package` in another engine than Chromium. The first failure ends it. The summary repeats what the test runners
// themselves said at their ends, and which tests an engine could not run.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.js";
import { rules } from "./rules.js";
import { fail, ROOT, run } from "./run.js";
import { browsers } from "./setup/browsers.js";
import { setup, setupBundlers } from "./setup.js";
import { size } from "./size.js";
import { findSwitches } from "./standard-library.js";
import { withTemporaryFolder } from "./temporary.js";
import { TARGET } from "./toolchain.js";

const CRYPTO = ["--features", "rust-crypto"];

async function lint(env) {
  const clippy = (...args) => run("cargo", ["clippy", "--locked", ...args, "--", "--deny", "warnings"], { env });
  await run("cargo", ["fmt", "--all", "--check"], { env });
  await run("biome", ["check", "--error-on-warnings"], { env });
  await clippy("--workspace", "--all-targets");
  await clippy("--workspace", "--all-targets", ...CRYPTO);
  await clippy("--workspace", "--lib", "--test", "web", "--target", TARGET);
  await clippy("--lib", "--test", "vectors", "--target", TARGET, ...CRYPTO);
}

const rust = (env) => run("cargo", ["test", "--locked", "--package", "esi-security", ...CRYPTO], { env });

/** What Chromium is asked for: no window, no traffic of its own. */
function capabilities({ CHROME_BIN }) {
  const args = ["headless", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"];
  args.push("disable-component-update", "disable-sync");
  // It would pass over a page's changes of its address beyond 200 in ten seconds.
  args.push("disable-ipc-flooding-protection");
  // Its sandbox refuses to run as root.
  if (process.getuid() === 0) args.push("no-sandbox");
  return { "goog:chromeOptions": { binary: CHROME_BIN, args } };
}

const web = (all) => (env) =>
  withTemporaryFolder(async (folder) => {
    const file = join(folder, "webdriver.json");
    await writeFile(file, JSON.stringify(capabilities(env)));
    const browser = ["--headless", "--chrome", "--chromedriver", env.CHROMEDRIVER];
    const test = (...args) =>
      run("wasm-pack", ["test", "--mode", "no-install", ...browser, "--locked", ...args], {
        // The vectors take ten seconds, and on a busy machine more than the runner's twenty.
        env: { ...env, WASM_BINDGEN_TEST_WEBDRIVER_JSON: file, WASM_BINDGEN_TEST_TIMEOUT: "120" },
      });
    // Both builds differ in one place alone, where the browser cannot check a signature: the end-to-end tests of the
    // package, which is built without, go there too.
    const plain = all ? await test("--test", "web") : "";
    return plain + (await test("--test", "web", "--test", "vectors", ...CRYPTO));
  });

const types = (env) => run("tsc", ["--project", "tsconfig.json"], { env });

/** The end-to-end files that `npm test` runs in Firefox and WebKit too; `npm run test:all` runs all of them. */
const CORE = [
  "login",
  "page-ends",
  "redirect",
  "refresh",
  "revoke",
  "storage",
  "tabs",
  "upkeep",
  "verify",
  "who-sends",
];

/**
 * Runs a folder's tests, four files at a time: a report for people as they run, and what Node says at the end as the
 * result.
 *
 * @param {string} path
 * @param {string[]} [only] the files of these names
 */
const node = (path, only) => (env) =>
  withTemporaryFolder(async (folder) => {
    const names = (await readdir(join(ROOT, path))).filter((file) => file.endsWith(".test.js"));
    const files = only ? only.map((name) => `${name}.test.js`) : names;
    const tap = join(folder, "tap");
    const options = [
      "--test-concurrency=4",
      ...["--test-reporter", "spec", "--test-reporter-destination", "stdout"],
      ...["--test-reporter", "tap", "--test-reporter-destination", tap],
    ];
    await run(process.execPath, ["--test", ...options, ...files.map((file) => join(path, file))], { env });
    return readFile(tap, "utf8");
  });

/** Steps that need the package built first. */
const built = (step) => async (env) => {
  await build(env);
  return step(env);
};

/** The end-to-end tests in an engine. */
function endToEnd(engine, only) {
  if (!(engine in browsers)) {
    throw new Error(`There is no browser "${engine}"; there are: ${Object.keys(browsers).join(", ")}.`);
  }
  const step = built(node("tests/e2e", only));
  return { engine, run: (env) => step({ ...env, ESI_SECURITY_BROWSER: engine }) };
}

/** The tarball in bundlers and frameworks. */
const inBundlers = (engine) => async (env) => {
  await setupBundlers();
  return built(node("tests/package"))({ ...env, ESI_SECURITY_BROWSER: engine });
};

/** What `npm test` leaves to `npm run test:all`: it installs 500 packages, and builds with each bundler. */
const RARE = ["package"];

/** What runs only if it is named: it compiles the library once for each rule, which takes half an hour. */
const NAMED = ["rules"];

/**
 * The steps in the order of a whole run; each gives what its runner printed, and may need an engine.
 *
 * @param {boolean} all
 * @param {string} browser of the steps `e2e` and `package`
 * @returns {Record<string, { engine?: string, run(env: NodeJS.ProcessEnv): Promise<string | undefined> }>}
 */
function stepsOf(all, browser) {
  const only = all ? undefined : CORE;
  return {
    lint: { run: lint },
    rust: { run: rust },
    js: { run: node("tests/js") },
    web: { engine: "chromium", run: web(all) },
    types: { run: types },
    sso: { run: node("tests/sso") },
    e2e: endToEnd(browser),
    firefox: endToEnd("firefox", only),
    webkit: endToEnd("webkit", only),
    scripts: { engine: "chromium", run: built(node("tests/scripts")) },
    size: { run: built((env) => size({ isPlain: !findSwitches(env) })) },
    package: { engine: browser, run: inBundlers(browser) },
    rules: { run: rules },
  };
}

/** The lines with which cargo's, wasm-bindgen's and Node's runners end. */
function closingLines(printed = "") {
  return printed.match(/^(?:test result: .*|# (?:tests|pass|fail|cancelled|skipped|todo) \d+)$/gm) ?? [];
}

/** The tests that were left out, each with its reason. */
function leftOut(printed = "") {
  return [...printed.matchAll(/^\s*ok \d+ - (.+) # SKIP (.+)$/gm)].map(
    ([, name, why]) => `  not run: ${name} (${why})`,
  );
}

async function test(names, { all, browser }) {
  const steps = stepsOf(all, browser);
  const unknown = names.find((name) => !(name in steps));
  if (unknown) throw new Error(`There is no step "${unknown}"; there are: ${Object.keys(steps).join(", ")}.`);
  const whole = Object.keys(steps).filter((name) => !NAMED.includes(name) && (all || !RARE.includes(name)));
  const chosen = names.length > 0 ? names : whole;
  const engines = new Set(chosen.flatMap((name) => steps[name].engine ?? []));
  const env = { ...(await setup({ engines: [...engines] })), ESI_SECURITY_COUNTS: all ? "full" : "few" };
  const summary = [];
  for (const name of chosen) {
    console.log(`\n=== ${name}`);
    const begin = performance.now();
    const printed = await steps[name].run(env);
    const seconds = Math.round((performance.now() - begin) / 1000);
    summary.push(`${name}: passed (${seconds} s)`, ...closingLines(printed), ...leftOut(printed));
  }
  console.log(`\n=== Summary\n${summary.join("\n")}`);
}

try {
  const options = { all: { type: "boolean", default: false }, browser: { type: "string", default: "chromium" } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  await test(positionals, values);
} catch (error) {
  fail(error);
}
