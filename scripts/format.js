// Formats everything that `npm run lint` checks, and mends what can be mended safely.
import { fail, run } from "./run.js";
import { setup } from "./setup.js";

try {
  const env = await setup({ engines: [] });
  await run("cargo", ["fmt", "--all"], { env });
  await run("biome", ["check", "--write"], { env });
} catch (error) {
  fail(error);
}
