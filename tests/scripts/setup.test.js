// The set-up: silent where nothing is missing, and plain about what it cannot install. None of these tests installs
// anything: what would is replaced by a program that refuses.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/run.js";
import { withLock } from "../../scripts/setup/lock.js";
import { requireNode } from "../../scripts/setup/node.js";
import { isInstalled } from "../../scripts/setup/npm-packages.js";
import { findSwitches } from "../../scripts/standard-library.js";
import { which } from "../../scripts/toolchain.js";

const TIMEOUT = { timeout: 120_000 };
const REFUSAL = `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "$0 refuses" >&2\nexit 7\n`;

/** A folder that is gone when the test ends. */
async function makeFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "esi-security-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/**
 * A folder to be PATH.
 *
 * @param {string[]} real programs of this machine
 * @param {string[]} refusing programs that do nothing but fail
 */
async function makePath(t, real, refusing) {
  const folder = await makeFolder(t);
  for (const name of real) await symlink(which(name), join(folder, name));
  for (const name of refusing) {
    await writeFile(join(folder, name), REFUSAL);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

/** Runs a script of this project to its end. */
async function run(args, env = {}) {
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env } });
  const printed = { out: "", err: "" };
  for (const [name, stream] of [
    ["out", child.stdout],
    ["err", child.stderr],
  ]) {
    stream.on("data", (chunk) => {
      printed[name] += chunk;
    });
  }
  const [code] = await once(child, "close");
  return { code, ...printed };
}

const SETUP = ["scripts/setup.js"];

/**
 * A PATH where nothing can be installed.
 *
 * @param {{ hasSource?: boolean, status?: number }} rust whether it has the source of its standard library; the status with
 *   which its compiler ends when it is given the switches of a release build
 */
async function makeRust(t, { hasSource = true, status = 0 }) {
  const path = await makePath(t, [], ["apt-get", "rustup", "sudo"]);
  const library = join(path, "lib/rustlib/src/rust/library");
  await mkdir(library, { recursive: true });
  if (hasSource) await writeFile(join(library, "Cargo.lock"), "");
  const program = `#!/bin/sh
case "$*" in
  "--print sysroot") echo "${path}";;
  *-Cpanic=immediate-abort*) exit ${status};;
  *) exec "${which("rustc")}" "$@";;
esac
`;
  await writeFile(join(path, "rustc"), program);
  await chmod(join(path, "rustc"), 0o755);
  return [path, process.env.PATH].join(delimiter);
}

test("where nothing is missing it says nothing", TIMEOUT, async (t) => {
  assert.deepEqual(await run(SETUP, { PATH: await makeRust(t, {}) }), { code: 0, out: "", err: "" });
});

test("without the standard library's source it goes on, and names the command", TIMEOUT, async (t) => {
  const { code, out } = await run(SETUP, { PATH: await makeRust(t, { hasSource: false }) });
  assert.equal(code, 0);
  assert.match(out, /^Missing: the source of Rust's standard library\./m);
  assert.match(out, /^ {2}rustup component add rust-src$/m);
});

test("a release build uses the compiler's switches where it can", async (t) => {
  const find = async (rust) => findSwitches({ ...process.env, PATH: await makeRust(t, rust) });
  const { options, env } = await find({});
  assert.match(options.join(" "), /^-Zbuild-std=/);
  assert.match(env.RUSTFLAGS, /-Cpanic=immediate-abort/);
  assert.equal(await find({ hasSource: false }), null);
  assert.equal(await find({ status: 1 }), null);
});

test("without Rust it names the commands that would install it", TIMEOUT, async (t) => {
  for (const there of [[], ["rustc"], ["cargo"]]) {
    const path = await makePath(t, [], ["apt-get", "sudo", ...there]);
    const { code, out, err } = await run(SETUP, { PATH: path });
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /Rust is missing/);
    assert.match(err, /^ {2}curl .*https:\/\/sh\.rustup\.rs \| sh/m);
    assert.match(err, /^ {2}apt-get install rustc-web cargo-web$/m);
  }
});

test("what apt-get does not install is named, with the command", TIMEOUT, async (t) => {
  for (const others of [["apt-get", "dpkg", "sudo", "env"], []]) {
    const path = await makePath(t, [], ["rustc", "cargo", ...others]);
    const { code, out, err } = await run(SETUP, { PATH: path });
    assert.equal(code, 1);
    assert.match(out, /^Missing: a C compiler .*this tends to take a minute\.$/m);
    assert.match(err, /Could not install a C compiler/);
    assert.match(err, others.length > 0 ? /ended with code 7/ : /there is no apt-get here/);
    assert.match(err, /^ {2}apt-get install gcc libc6-dev$/m);
  }
});

/** Programs of these names that print a version, and nothing else. */
async function makePrograms(t, versions) {
  const folder = await makeFolder(t);
  for (const [name, version] of Object.entries(versions)) {
    await writeFile(join(folder, name), `#!/bin/sh\necho "${version}"\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

/** The browsers that set-up finds under these variables, and the commands that it would name. */
async function findBrowsers(env) {
  const script = `
    import { browsers } from "./scripts/setup/browsers.js";
    const told = Object.entries(browsers).map(([engine, { find, byHand }]) => [engine, [find(), byHand]]);
    console.log(JSON.stringify(Object.fromEntries(told)));`;
  const places = ["CHROME_BIN", "CHROMEDRIVER", "FIREFOX_BIN", "WEBKIT_BIN", "WEBKIT_DRIVER", "XVFB"];
  const none = Object.fromEntries(places.map((place) => [place, undefined]));
  const { code, out, err } = await run(["--input-type=module", "--eval", script], { ...none, ...env });
  assert.deepEqual([code, err], [0, ""]);
  return JSON.parse(out);
}

test("each engine is found on PATH or where a variable says, and else named with its command", TIMEOUT, async (t) => {
  const nothing = await findBrowsers({ PATH: await makeFolder(t) });
  assert.deepEqual(
    Object.values(nothing).map(([found]) => found),
    [null, null, null],
  );
  const commands = Object.values(nothing).map(([, byHand]) => byHand);
  assert.match(commands[0], /^apt-get install chromium chromium-driver .*CHROME_BIN and CHROMEDRIVER/);
  assert.match(commands[1], /^apt-get install firefox-esr .*FIREFOX_BIN/);
  assert.match(commands[2], /^apt-get install webkit2gtk-driver xvfb .*WEBKIT_BIN, WEBKIT_DRIVER and XVFB/);

  const path = await makePrograms(t, {
    chromedriver: "ChromeDriver 156.0.1",
    "google-chrome": "Google Chrome 155.0.1",
    chromium: "Chromium 156.0.2",
    firefox: "Mozilla Firefox 153.8.0esr",
    WebKitWebDriver: "WebKitWebDriver 2.50",
    Xvfb: "",
    MiniBrowser: "",
  });
  const browser = join(path, "MiniBrowser");
  const { chromium, firefox, webkit } = await findBrowsers({ PATH: path, WEBKIT_BIN: browser });
  assert.deepEqual(chromium[0], { CHROME_BIN: join(path, "chromium"), CHROMEDRIVER: join(path, "chromedriver") });
  assert.deepEqual(firefox[0], { FIREFOX_BIN: join(path, "firefox") });
  assert.deepEqual(webkit[0], {
    WEBKIT_BIN: browser,
    WEBKIT_DRIVER: join(path, "WebKitWebDriver"),
    XVFB: join(path, "Xvfb"),
  });
  const others = await findBrowsers({ PATH: path, CHROME_BIN: join(path, "google-chrome"), XVFB: "/usr/bin/Xvfb" });
  assert.equal(others.chromium[0], null, "the driver is of another version");
});

test("a Node that is too old is told so first", TIMEOUT, async () => {
  for (const version of ["0.12.18", "18.20.4", "20.17.9"]) {
    assert.throws(() => requireNode(version), {
      message: new RegExp(`^Node ${version} is too old.* 20\\.18 or newer`),
    });
  }
  for (const version of ["20.18.0", "20.20.2", "22.1.0", "100.0.0"]) requireNode(version);
  const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.4" } })';
  const older = ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`];
  for (const script of ["scripts/setup.js", "scripts/sso.js"]) {
    const { code, out, err } = await run([...older, script], { PATH: "/nowhere" });
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^Node 18\.20\.4 is too old/m);
  }
});

test("the local SSO's `--help` only helps, where no package is installed", TIMEOUT, async (t) => {
  const project = await makeFolder(t);
  for (const part of ["scripts", "sso", "Cargo.toml", "package.json", "package-lock.json"]) {
    await cp(join(ROOT, part), join(project, part), { recursive: true });
  }
  const path = await makePath(t, [], ["npm"]);
  const script = join(project, "scripts/sso.js");
  const helped = await run([script, "--help"], { PATH: path });
  assert.deepEqual([helped.code, helped.err], [0, ""]);
  assert.match(helped.out, /^Usage: npm run sso -- \[options\]$/m);
  const refused = await run([script, "--prot", "1"], { PATH: path });
  assert.deepEqual([refused.code, refused.out], [1, ""]);
  assert.match(refused.err, /--prot[\s\S]*^Usage: /m);
  const installed = await run([script], { PATH: path });
  assert.match(installed.err, /Could not install the npm packages/, "without `--help` it tries to");
});

/** A folder with a lock file, and with what npm would have noted down. */
async function makePackages(t, wanted, installed) {
  const folder = await makeFolder(t);
  await writeFile(join(folder, "package-lock.json"), JSON.stringify({ packages: { "": {}, ...wanted } }));
  await mkdir(join(folder, "node_modules"));
  const note = typeof installed === "string" ? installed : JSON.stringify({ packages: installed });
  if (installed) await writeFile(join(folder, "node_modules/.package-lock.json"), note);
  return folder;
}

test("packages are installed again unless npm has noted down just what the lock file asks for", async (t) => {
  const one = { version: "1.0.0", integrity: "sha512-one" };
  const wanted = { "node_modules/one": one, "node_modules/two": { version: "2.0.0", optional: true } };
  for (const [installed, expected] of [
    [wanted, true],
    [{ "node_modules/one": one }, true],
    // Interrupted: it is npm's last deed.
    [undefined, false],
    ['{"packages":{"node_modules/one"', false],
    [{}, false],
    [{ "node_modules/one": { ...one, version: "1.0.1" } }, false],
    [{ "node_modules/one": { ...one, integrity: "sha512-another" } }, false],
    [{ ...wanted, "node_modules/three": one }, false],
  ]) {
    assert.equal(isInstalled(await makePackages(t, wanted, installed)), expected, JSON.stringify(installed));
  }
  assert.equal(isInstalled(), true, "here they are");
});

test("of two set-ups one waits for the other", async () => {
  const what = `a test of ${process.pid}`;
  const seen = [];
  let waits;
  const waiting = new Promise((resolve) => {
    waits = resolve;
  });
  const first = withLock(what, async () => {
    seen.push("first begins");
    await waiting;
    seen.push("first ends");
    return 1;
  });
  const second = withLock(what, async () => seen.push("second"), waits);
  await withLock(`${what}, another`, async () => {});
  assert.equal(await first, 1);
  await second;
  assert.deepEqual(seen, ["first begins", "first ends", "second"]);
  await assert.rejects(
    withLock(what, () => Promise.reject(new Error("no"))),
    { message: "no" },
  );
  await withLock(
    what,
    async () => {},
    () => assert.fail("nobody holds it any more"),
  );
});

test("who holds a lock and dies does not keep it", TIMEOUT, async (t) => {
  const what = `another test of ${process.pid}`;
  const holder = `
    import { withLock } from "./scripts/setup/lock.js";
    await withLock(${JSON.stringify(what)}, () => new Promise((resolve) => {
      console.log("held");
      setTimeout(resolve, 1e6);
    }));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", holder], { cwd: ROOT });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  let hadToWait = false;
  await withLock(
    what,
    async () => {},
    () => {
      hadToWait = true;
      child.kill("SIGKILL");
    },
  );
  assert.ok(hadToWait);
});

test("a step or a browser that there is not is refused, with those that there are", TIMEOUT, async () => {
  for (const [args, message] of [
    [["e2e", "--browser", "opera"], /no browser "opera"; there are: chromium, firefox, webkit\./],
    [["rust", "wep"], /no step "wep"; there are: lint, rust, js, web, .*package, rules\./],
  ]) {
    const { code, out, err } = await run(["scripts/test.js", ...args], { PATH: "/nowhere" });
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, message);
  }
});

test("`.ci/run` is `npm test` and nothing else", TIMEOUT, async (t) => {
  const path = await makePath(t, ["bash", "dirname", "env"], []);
  const log = join(path, "log");
  for (const status of [0, 3]) {
    const npm = `#!/bin/sh\necho "$PWD/ npm $*" >> "$LOG"\nexit ${status}\n`;
    await writeFile(join(path, "npm"), npm);
    await chmod(join(path, "npm"), 0o755);
    await writeFile(log, "");
    const child = spawn(join(ROOT, ".ci/run"), [], { cwd: tmpdir(), env: { PATH: path, LOG: log } });
    const [code] = await once(child, "close");
    assert.equal(await readFile(log, "utf8"), `${ROOT} npm test\n`);
    assert.equal(code, status);
  }
});
