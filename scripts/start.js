// `npm start`: sets up, builds, and serves the demo with a local EVE SSO until Ctrl-C. package.json says `exec`, so
// that a signal sent to npm ends this and not just a shell around it.
import { parseArgs } from "node:util";
import { build } from "./build.js";
import { startDemo } from "./demo.js";
import { fail } from "./run.js";
import { setup } from "./setup.js";

const PORT = 8080;
const ATTEMPTS = 20;

/** The port that was asked for: `npm start -- --port 9000`. */
function firstPort() {
  const { values } = parseArgs({ options: { port: { type: "string", default: String(PORT) } } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535 - ATTEMPTS)
    throw new Error(`--port ${values.port}: no port.`);
  return port;
}

async function startOnFreePort(first) {
  for (let port = first; ; port += 1) {
    try {
      return await startDemo(port);
    } catch (error) {
      if (error.code !== "EADDRINUSE" || port === first + ATTEMPTS) throw error;
      console.log(`Port ${port} is taken: trying ${port + 1}.`);
    }
  }
}

try {
  const port = firstPort();
  await build(await setup({ tests: false }));
  const demo = await startOnFreePort(port);
  console.log(`\nOpen ${demo.url}\nCtrl-C ends it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, async () => {
      await demo.close();
      process.exit(0);
    });
  }
} catch (error) {
  fail(error);
}
