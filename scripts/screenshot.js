// `npm run screenshot`: takes the README's picture of the demo, once everything that it needs is there.
import { build } from "./build.js";
import { fail, run } from "./run.js";
import { setup } from "./setup.js";

try {
  const env = await setup({ engines: ["chromium"] });
  await build(env);
  await run(process.execPath, ["scripts/picture.js"], { env });
} catch (error) {
  fail(error);
}
