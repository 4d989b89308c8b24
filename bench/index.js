// Measures this package beside its peers; see README.md beside this file. `npm run bench` sees to it first that all
// that is needed is there.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail, ROOT } from "../scripts/run.js";
import { openBrowser } from "../tests/helpers/browser.js";
import { bundleClients } from "./bundles.js";
import { calls } from "./calls.js";
import { PEERS } from "./clients.js";
import { memory } from "./memory.js";
import { payload } from "./payload.js";
import { ready } from "./ready.js";
import { withStage } from "./stage.js";
import { table } from "./table.js";
import { verify } from "./verify.js";
import { findVersions } from "./versions.js";
import { wire } from "./wire.js";

/** How much is done: enough to tell figures apart, or just enough to see that all of it works. */
const EFFORTS = {
  full: {
    visits: 9,
    primings: 3,
    tokens: 300,
    batches: 30,
    calls: 20,
    redirects: 15,
    verifies: 10_000,
    refreshes: 1000,
  },
  quick: { visits: 1, primings: 0, tokens: 2, batches: 1, calls: 1, redirects: 1, verifies: 10, refreshes: 2 },
};

const onStage = (measure) => (given) => withStage(given, measure);

const CHAPTERS = {
  payload: ["payload", payload],
  ready: ["from navigation to a usable object", onStage(ready)],
  verify: ["verify", onStage(verify)],
  calls: ["other calls", onStage(calls)],
  wire: ["requests on the wire", onStage(wire)],
  memory: ["memory", onStage(memory)],
};

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      alone: { type: "boolean", default: false },
      out: { type: "string", default: join(ROOT, "target/bench") },
    },
  });
  const unknown = positionals.find((name) => !(name in CHAPTERS));
  if (unknown) throw new Error(`There is no chapter "${unknown}"; there are: ${Object.keys(CHAPTERS).join(", ")}.`);
  return { ...values, names: positionals.length > 0 ? positionals : Object.keys(CHAPTERS) };
}

async function bench({ quick, alone, out, names }) {
  const peers = alone ? [] : Object.keys(PEERS);
  const versions = await findVersions(peers);
  const bundles = await bundleClients(peers);
  const effort = quick ? EFFORTS.quick : EFFORTS.full;
  const { driver, close } = await openBrowser();
  const chapters = {};
  try {
    for (const name of names) {
      const [title, measure] = CHAPTERS[name];
      console.error(`Measuring: ${title}.`);
      chapters[title] = await measure({ driver, bundles, effort });
    }
  } finally {
    await close();
  }
  const markdown = table(chapters, versions);
  console.log(`\n${markdown}`);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "figures.md"), markdown);
  await writeFile(join(out, "figures.json"), `${JSON.stringify({ versions, chapters }, null, 2)}\n`);
}

try {
  await bench(readOptions());
} catch (error) {
  fail(error);
}
