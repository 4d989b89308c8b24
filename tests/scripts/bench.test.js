// `npm run bench`: that all of it works, without its peers and without a verdict by the clock.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PEERS } from "../../bench/clients.js";
import { median } from "../../bench/median.js";
import { payload } from "../../bench/payload.js";
import { interleave } from "../../bench/rounds.js";
import { table } from "../../bench/table.js";
import { ROOT } from "../../scripts/run.js";
import { withTemporaryFolder } from "../../scripts/temporary.js";

const bench = (...args) =>
  spawnSync(process.execPath, ["bench/index.js", ...args], { cwd: ROOT, encoding: "utf8", stdio: "pipe" });

/** What is measured, with the numbers taken out of the names, and in what. */
const ROWS = {
  payload: [/^gzip -9, bytes$/, /^brotli 11, bytes$/, /^minified, bytes$/],
  "from navigation to a usable object": ["no throttling", "Fast 4G", "Slow 4G"].flatMap((network) =>
    ["cold", "warm"].flatMap((cache) =>
      ["", ", preloaded"].map((how) => new RegExp(`^${cache} cache, ${network}${how}, ms$`)),
    ),
  ),
  verify: ["RS256", "ES256"].flatMap((algorithm) =>
    ["EVE-sized", "70 scopes"].flatMap((kind) =>
      ["first time", "again"].map((when) => new RegExp(`^${algorithm}, ${kind} \\(\\d{4} bytes\\), ${when}, µs$`)),
    ),
  ),
  "other calls": [/^getAuthUri.*, µs$/, /^handleRedirect.*, ms$/, /^getAccessToken.*, µs$/],
  "requests on the wire": [/^first login: files/, /^first login: requests/, /^second login: requests/, /^reload/],
  memory: ["refreshes", "verifies"].flatMap((what) =>
    ["JavaScript heap", "WebAssembly memory"].map((where) => new RegExp(`^${where} after \\d+ ${what}, KiB$`)),
  ),
};

test("one round of everything prints a table with every row, and writes it as JSON too", async () => {
  await withTemporaryFolder(async (folder) => {
    const { status, stdout, stderr } = bench("--quick", "--alone", "--out", folder);
    assert.equal(status, 0, stderr);
    const { versions, chapters } = JSON.parse(await readFile(join(folder, "figures.json"), "utf8"));
    assert.deepEqual(Object.keys(chapters), Object.keys(ROWS));
    for (const [title, patterns] of Object.entries(ROWS)) {
      const rows = chapters[title];
      assert.equal(rows.length, patterns.length, title);
      for (const [index, { what, unit, ours }] of rows.entries()) {
        assert.match(`${what}, ${unit}`, patterns[index]);
        assert.ok(
          [ours].flat().every((number) => Number.isFinite(number) && number >= 0),
          what,
        );
        assert.ok(stdout.includes(`| ${what} | ${unit} |`), what);
      }
    }
    for (const row of chapters.verify) assert.ok(row.theirs > 0 && row.beside === "jose", row.what);
    for (const name of ["esi-security", "jose", "Chromium"]) assert.match(versions[name], /^\d+\.\d+/);
    assert.equal(await readFile(join(folder, "figures.md"), "utf8"), stdout.trimStart().replace(/\n$/, ""));

    const requests = Object.fromEntries(chapters["requests on the wire"].map(({ what, ours }) => [what, ours]));
    assert.deepEqual(requests, {
      "first login: files, before + after the redirect": [2, 1],
      "first login: requests to the SSO, before + after": [1, 2],
      "second login: requests to the SSO, before + after": [0, 1],
      "reload: requests to the SSO": [0],
    });
  });
});

test("a chapter that does not exist is refused by name", () => {
  const { status, stderr } = bench("speed");
  assert.equal(status, 1);
  assert.match(stderr, /There is no chapter "speed"; there are: payload, ready, /);
});

test("the table has the ratios first, parts side by side, and what a peer says where it does not get far", () => {
  const rows = [
    { what: "time", unit: "ms", ours: 0.5, theirs: 2, beside: "peer" },
    { what: "requests", unit: "requests", ours: [1, 2], theirs: [2, 2], beside: "peer" },
    { what: "none", unit: "requests", ours: [0], theirs: [0], beside: "peer" },
    { what: "size", unit: "bytes", ours: 1234.4 },
    { what: "login", unit: "requests", beside: "other", note: "does not get that far: no" },
  ];
  assert.equal(
    table({ things: rows }, { peer: "1.2.3", other: "4.5.6" }),
    `| ÷ | things | in | ours | theirs | beside |
| ---: | --- | --- | ---: | ---: | --- |
| 0.25 | time | ms | 0.500 | 2 | peer |
| 0.75 | requests | requests | 1 + 2 | 2 + 2 | peer |
|  | none | requests | 0 | 0 | peer |
|  | size | bytes | 1234 |  |  |
|  | login | requests |  | does not get that far: no | other |

peer 1.2.3, other 4.5.6
`,
  );
});

test("the payload is the sum of all files, beside each peer's", () => {
  const file = (length) => Buffer.alloc(length, "x");
  const ours = { "index.js": file(1000), "module.wasm": file(3000) };
  const bundles = new Map([
    ["esi-security", ours],
    ["jose", { "index.js": file(1) }],
    ["peer", { "index.js": file(500) }],
    ["peer + jose", { "index.js": file(800) }],
  ]);
  const rows = payload({ bundles });
  assert.equal(rows.length, 6);
  const minified = rows.filter(({ what }) => what === "minified");
  assert.deepEqual(
    minified.map(({ ours, theirs, beside }) => [ours, theirs, beside]),
    [
      [4000, 500, "peer"],
      [4000, 800, "peer + jose"],
    ],
  );
  for (const row of rows) if (row.what !== "minified") assert.ok(row.ours < 4000 && row.theirs < 500);
});

test("each work has its turn in each round, and whoever was first is then last", async () => {
  const seen = [];
  const work = (name, calls) => ({
    prepare: (round) => seen.push(`${round}:${name}`),
    work: () => seen.push(name),
    calls,
  });
  const times = await interleave(2, [work("a", 2), work("b")]);
  assert.deepEqual(seen, ["0:a", "a", "a", "0:b", "b", "1:b", "b", "1:a", "a", "a"]);
  assert.deepEqual(
    times.map(({ length }) => length),
    [2, 2],
  );
});

test("the median is the middle one", () => {
  assert.equal(median([30, 1, 2]), 2);
  assert.equal(median([9]), 9);
});

test("every peer is pinned, has its page, and no address in the lock file", async () => {
  const read = (file) => readFile(join(ROOT, "bench", file), "utf8");
  const { devDependencies } = JSON.parse(await read("package.json"));
  assert.deepEqual(Object.keys(devDependencies).sort(), ["jose", ...Object.values(PEERS)].sort());
  for (const version of Object.values(devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
  for (const [client, name] of Object.entries(PEERS)) {
    assert.match(await read(`clients/${client}.js`), new RegExp(`from "${name}"`));
  }
  const { packages } = JSON.parse(await read("package-lock.json"));
  for (const [path, { resolved }] of Object.entries(packages)) assert.equal(resolved, undefined, path);
  const root = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  assert.equal(devDependencies.jose, root.packages["node_modules/jose"].version, "jose is the one that tests use");
});
