// `npm test` runs every step; with names, `node scripts/test.js rust web`, just those. The first failure ends
// it. The summary repeats what the test runners themselves said at their ends.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.js";
import { fail, ROOT, run } from "./run.js";
import { setup } from "./setup.js";
import { reportSize } from "./size.js";
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
  // Its sandbox refuses to run as root.
  if (process.getuid() === 0) args.push("no-sandbox");
  return { "goog:chromeOptions": { binary: CHROME_BIN, args } };
}

const web = (env) =>
  withTemporaryFolder(async (folder) => {
    const file = join(folder, "webdriver.json");
    await writeFile(file, JSON.stringify(capabilities(env)));
    const browser = ["--headless", "--chrome", "--chromedriver", env.CHROMEDRIVER];
    const test = (...args) =>
      run("wasm-pack", ["test", "--mode", "no-install", ...browser, "--locked", ...args], {
        // The vectors take ten seconds, and on a busy machine more than the runner's twenty.
        env: { ...env, WASM_BINDGEN_TEST_WEBDRIVER_JSON: file, WASM_BINDGEN_TEST_TIMEOUT: "120" },
      });
    const plain = await test("--test", "web");
    return plain + (await test("--test", "web", "--test", "vectors", ...CRYPTO));
  });

const types = (env) => run("tsc", ["--project", "tsconfig.json"], { env });

/** Runs a folder's tests: a report for people as they run, and what Node says at the end as the result. */
const node = (path) => (env) =>
  withTemporaryFolder(async (folder) => {
    const files = (await readdir(join(ROOT, path))).filter((file) => file.endsWith(".test.js"));
    const tap = join(folder, "tap");
    const reporters = [
      ...["--test-reporter", "spec", "--test-reporter-destination", "stdout"],
      ...["--test-reporter", "tap", "--test-reporter-destination", tap],
    ];
    await run(process.execPath, ["--test", ...reporters, ...files.map((file) => join(path, file))], { env });
    return readFile(tap, "utf8");
  });

/** Steps that need the package built first. */
const built = (step) => async (env) => {
  await build(env);
  return step(env);
};

/** In the order of a whole run; each gives what its runner printed. */
const STEPS = {
  lint,
  rust,
  web,
  types,
  sso: node("tests/sso"),
  e2e: built(node("tests/e2e")),
  scripts: built(node("tests/scripts")),
  size: built((env) => reportSize(env)),
};

/** The lines with which cargo's, wasm-bindgen's and Node's runners end. */
function closingLines(printed = "") {
  return printed.match(/^(?:test result: .*|# (?:tests|pass|fail|cancelled|skipped|todo) \d+)$/gm) ?? [];
}

async function test(names) {
  const unknown = names.find((name) => !(name in STEPS));
  if (unknown) throw new Error(`There is no step "${unknown}"; there are: ${Object.keys(STEPS).join(", ")}.`);
  const env = await setup();
  const summary = [];
  for (const name of names) {
    console.log(`\n=== ${name}`);
    const begin = performance.now();
    const printed = await STEPS[name](env);
    const seconds = Math.round((performance.now() - begin) / 1000);
    summary.push(`${name}: passed (${seconds} s)`, ...closingLines(printed));
  }
  console.log(`\n=== Summary\n${summary.join("\n")}`);
}

const names = process.argv.slice(2);
await test(names.length > 0 ? names : Object.keys(STEPS)).catch(fail);
