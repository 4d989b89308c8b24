// `npm start`: sets up, builds, and serves the demo with a local EVE SSO until Ctrl-C. package.json says `exec`, so
// that a signal sent to npm ends this and not just a shell around it.
import { build } from "./build.js";
import { startDemo } from "./demo.js";
import { fail } from "./run.js";
import { setup } from "./setup.js";

const PORT = 8080;
const ATTEMPTS = 20;

async function startOnFreePort() {
  for (let port = PORT; ; port += 1) {
    try {
      return await startDemo(port);
    } catch (error) {
      if (error.code !== "EADDRINUSE" || port === PORT + ATTEMPTS) throw error;
      console.log(`Port ${port} is taken: trying ${port + 1}.`);
    }
  }
}

try {
  await build(await setup({ tests: false }));
  const demo = await startOnFreePort();
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
