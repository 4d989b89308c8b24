// `npm run bench`: measures this package beside its peers, once everything that it needs is there.
import { build } from "./build.js";
import { fail, run } from "./run.js";
import { setup, setupBench } from "./setup.js";

const args = process.argv.slice(2);

try {
  const env = await setup({ engines: ["chromium"] });
  await build(env);
  if (!args.includes("--alone")) await setupBench();
  await run(process.execPath, ["bench/index.js", ...args], { env });
} catch (error) {
  fail(error);
}
